"""What strangers try around STARTTLS and STLS, by number: T1 to T11 of tests/HOSTILE.md."""

import os
import socket
import ssl
import struct
import unittest

import gateway
import wire
from gateway import RECIPIENT
from test_tls import Secured

BODY = b"Subject: x\r\n\r\nbody\r\n"
HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"   # the beginning of a ClientHello of 512 octets


# --- How a connection ends: each takes it in whatever state it is ------------------------------------------------

def close_notify(connection):
    """The polite end of TLS, and the connection stays open."""
    try:
        connection.socket.unwrap()
    except (OSError, ValueError):
        pass   # what was under way comes instead of the answer


def fin(connection):
    connection.socket.shutdown(socket.SHUT_WR)


def rst(connection):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()


def in_clear(octets):
    """Octets of no TLS record."""
    def end(connection):
        try:
            os.write(connection.socket.fileno(), octets)
            fin(connection)
        except OSError:
            pass   # closed before we could
    end.__name__ = f"{len(octets)}_octets_in_clear"
    return end


def notify_then_octet(connection):
    """T9: CVE-2026-45185."""
    plain = socket.socket(fileno=os.dup(connection.socket.fileno()))
    close_notify(connection)
    with plain:
        try:
            plain.send(b"x")
            plain.shutdown(socket.SHUT_WR)
        except OSError:
            pass


ENDS = (close_notify, fin, rst, in_clear(b"x"), in_clear(b"QUIT\r\n"), notify_then_octet)
ENDS_WITHOUT_TLS = (fin, rst, in_clear(b"x"), in_clear(b"QUIT\r\n"))


class Injection(Secured):
    def secured(self, **settings):
        return super().secured(**{"smtpd.sessions_per_address_max": 500, **settings})

    def smtp(self, g):
        """A session inside TLS, by STARTTLS."""
        smtp = wire.Smtp(g.smtp)
        smtp.expect(220, b"STARTTLS")
        smtp.start_tls(wire.lax_tls())
        return smtp

    def pop(self, g):
        pop = wire.Pop(g.pop3, user=None)
        pop.expect(b"STLS")
        pop.start_tls(wire.lax_tls())
        return pop

    def refused(self, connection, octets):
        """Sent in one segment: one refusal, then the end, and no handshake."""
        connection.send(octets)
        answer = connection.line()
        self.assertRegex(answer, rb"^(554 5\.5\.1|-ERR) ")
        self.assertTrue(connection.at_end(), "another answer after the refusal")
        connection.close()

    def gone(self, connection):
        """Nothing more comes, whatever ended it."""
        try:
            while connection.socket.recv(1 << 16):
                pass
        except (OSError, ValueError):
            pass
        connection.close()

    def test_T1_commands_behind_starttls(self):
        g = self.secured()
        for behind in (b"RSET\r\n", b"R", b"\r\n", b"MAIL FROM:<evil@evil.example>\r\nRCPT TO:<foi@example.test>\r\n",
                       b"EHLO x\r\nSTARTTLS\r\n", HALF_HELLO):
            self.refused(wire.Smtp(g.smtp), b"STARTTLS\r\n" + behind)

    def test_T2_commands_where_the_handshake_should_be(self):
        g = self.secured()
        for octets in (b"NOOP\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<foi@example.test>\r\nDATA\r\n"):
            smtp, pop = wire.Smtp(g.smtp), wire.Pop(g.pop3, user=None)
            smtp.expect(220, b"STARTTLS")
            pop.expect(b"STLS")
            for connection in (smtp, pop):
                connection.send(octets)
                try:
                    while True:
                        connection._fill()
                except wire.Closed:
                    pass
                self.assertFalse(connection.input.startswith((b"2", b"5", b"+OK", b"-ERR")), connection.input)
                connection.close()

    def test_T3_commands_behind_stls(self):
        g = self.secured()
        for behind in (b"CAPA\r\n", b"U", b"\r\n", b"USER foi\r\nPASS secret\r\n", HALF_HELLO):
            self.refused(wire.Pop(g.pop3, user=None), b"STLS\r\n" + behind)
        wire.Pop(g.pop3).quit()   # nobody is logged in

    def test_T4_what_was_said_before_is_forgotten(self):
        g = self.secured()
        with wire.Smtp(g.smtp, helo=b"evil.example") as smtp:
            smtp.envelope(RECIPIENT, sender=b"evil@evil.example")
            smtp.expect(220, b"STARTTLS")
            smtp.start_tls(wire.lax_tls())
            for line in (b"DATA", b"RCPT TO:<foi@example.test>"):
                self.assertEqual(smtp.command(line)[0], 503)
            smtp.expect(250, b"EHLO good.example")
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        (form,) = wire.everything(g.pop3).values()
        self.assertNotIn(b"evil", form)
        with wire.Pop(g.pop3, user=None) as pop:
            pop.expect(b"USER foi")
            pop.expect(b"STLS")
            pop.start_tls(wire.lax_tls())
            self.assertTrue(pop.command(b"PASS secret").startswith(b"-ERR"))

    def test_T5_starttls_out_of_place(self):
        g = self.secured()
        with wire.Smtp(g.smtp) as smtp:
            self.assertEqual(smtp.command(b"STARTTLS foo")[0], 501)
            smtp.deliver(RECIPIENT, b"Subject: x\r\n\r\nSTARTTLS\r\nx\r\n")
            smtp.expect(220, b"STARTTLS")
            smtp.start_tls(wire.lax_tls())
            self.assertEqual(smtp.command(b"STARTTLS")[0], 503)
            smtp.quit()
        (form,) = wire.everything(g.pop3).values()
        self.assertTrue(form.endswith(b"\r\n\r\nSTARTTLS\r\nx\r\n"))
        for pop in (self.pop(g), wire.Pop(g.addresses["pop3s"][0], user=None, tls=wire.lax_tls())):
            self.assertTrue(pop.command(b"STLS").startswith(b"-ERR"))
            pop.close()

    def test_T6_stls_after_login(self):
        g = self.secured()
        with wire.Pop(g.pop3) as pop:
            self.assertTrue(pop.command(b"STLS").startswith(b"-ERR"))
            pop.quit()

    def test_T7_no_octet_between_the_answer_and_the_handshake(self):
        """A client that reads on would take it for an answer inside TLS (CVE-2021-38371)."""
        g = self.secured()
        smtp, pop = wire.Smtp(g.smtp), wire.Pop(g.pop3, user=None)
        smtp.send(b"NOOP\r\nRSET\r\nSTARTTLS\r\n")
        self.assertEqual([smtp.reply()[0] for _ in range(3)], [250, 250, 220])
        pop.send(b"NOOP\r\nSTLS\r\n")
        self.assertTrue(pop.line().startswith(b"-ERR"))   # not logged in
        self.assertTrue(pop.line().startswith(b"+OK"))
        for connection in (smtp, pop):
            self.assertEqual(connection.input, b"")
            bio, out = ssl.MemoryBIO(), ssl.MemoryBIO()
            hello = wire.lax_tls().wrap_bio(bio, out)
            with self.assertRaises(ssl.SSLWantReadError):
                hello.do_handshake()
            connection.send(out.read())
            connection._fill()
            self.assertEqual(connection.input[:2], b"\x16\x03", "the first octet is not of a handshake record")
            connection.close()

    def test_T8_cut_off_in_data(self):
        """After CRLF dot, and one octet before the end of data: nothing is stored, nothing is said."""
        g = self.secured()
        for sent in (BODY + b".", BODY + b".\r", BODY):
            for end in ENDS:
                with self.subTest(f"{sent[-4:]} {end.__name__}"):
                    smtp = self.smtp(g)
                    smtp.expect(250, b"EHLO x")
                    smtp.envelope(RECIPIENT)
                    smtp.expect(354, b"DATA")
                    smtp.send(sent)
                    end(smtp)
                    self.gone(smtp)
        self.assertEqual(g.list(), [])

    def test_T9_each_end_in_each_state_of_smtp(self):
        g = self.secured()

        def shaken(said):
            def make():
                smtp = self.smtp(g)
                for code, line in said:
                    smtp.expect(code, line)
                return smtp
            return make

        def then(make, octets):
            def made():
                smtp = make()
                smtp.send(octets)
                return smtp
            return made

        def asked(octets=b""):
            smtp = wire.Smtp(g.smtp)
            smtp.expect(220, b"STARTTLS")
            smtp.send(octets)
            return smtp

        ehlo = [(250, b"EHLO x")]
        mail = ehlo + [(250, b"MAIL FROM:<a@b>")]
        rcpt = mail + [(250, b"RCPT TO:<" + RECIPIENT.encode() + b">")]
        data = rcpt + [(354, b"DATA")]
        inside = {"at once": lambda: wire.Smtp(g.addresses["smtps"][0], helo=None, tls=wire.lax_tls()),
                  "after the handshake": shaken([]), "EHLO": shaken(ehlo), "MAIL": shaken(mail), "RCPT": shaken(rcpt),
                  "DATA": shaken(data), "half a line": then(shaken(ehlo), b"MAIL FR"),
                  "a long line": then(shaken(ehlo), b"x" * 5000), "in a header": then(shaken(data), b"Subject: x"),
                  "in a large body": then(shaken(data), b"z" * 100_000),
                  "replies not read": then(shaken(ehlo), b"NOOP\r\n" * 500),
                  "after QUIT": then(shaken(ehlo), b"QUIT\r\n")}
        outside = {"asked for": asked, "in a ClientHello": lambda: asked(HALF_HELLO)}
        self.end_each(inside, ENDS)
        self.end_each(outside, ENDS_WITHOUT_TLS)
        self.assertEqual(g.list(), [])
        with self.smtp(g) as smtp:
            smtp.expect(250, b"EHLO x")
            smtp.quit()

    def test_T9_each_end_in_each_state_of_pop3(self):
        g = self.secured(**{"popd.session_messages_max": 0, "popd.sessions_per_address_max": 100})
        big = BODY + (b"z" * 78 + b"\r\n") * 30_000
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, big)
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()

        def logged_in(*lines, send=b""):
            def make():
                pop = wire.Pop(g.addresses["pop3s"][0], tls=wire.lax_tls())
                for line in lines:
                    pop.expect(line)
                pop.send(send)
                return pop
            return make

        def shaken(*lines):
            def make():
                pop = self.pop(g)
                for line in lines:
                    pop.expect(line)
                return pop
            return make

        def asked(octets=b""):
            pop = wire.Pop(g.pop3, user=None)
            pop.expect(b"STLS")
            pop.send(octets)
            return pop

        inside = {"after the handshake": shaken(), "USER": shaken(b"USER foi"), "login": logged_in(),
                  "half a line": logged_in(send=b"RET"), "DELE": logged_in(b"DELE 1", b"DELE 2"),
                  "in RETR": logged_in(send=b"RETR 1\r\n"), "in many RETR": logged_in(send=b"RETR 1\r\n" * 20)}
        self.end_each(inside, ENDS)
        self.end_each({"asked for": asked, "in a ClientHello": lambda: asked(HALF_HELLO)}, ENDS_WITHOUT_TLS)
        self.assertEqual(len(wire.everything(g.pop3)), 2, "nothing is removed without QUIT")

    def end_each(self, states, ends):
        for state, make in states.items():
            for end in ends:
                with self.subTest(f"{state}, {end.__name__}"):
                    connection = make()
                    end(connection)
                    self.gone(connection)

    def test_T10_http(self):
        """A page that makes a browser speak to these ports, in clear and inside TLS."""
        g = self.secured()
        form = (b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nMAIL FROM:<a@b>\r\nRCPT TO:<" + RECIPIENT.encode() +
                b">\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
        for request in (b"GET / HTTP/1.1\r\nHost: mx\r\n\r\n", form):
            for tls in (None, wire.lax_tls()):
                with wire.Smtp(g.addresses["smtps" if tls else "smtp"][0], helo=None, tls=tls) as smtp:
                    smtp.send(request)
                    self.assertEqual(smtp.reply()[0], 502)
                    self.assertTrue(smtp.at_end(), "more than the first verb was answered")
        login = b"POST / HTTP/1.1\r\n\r\nUSER foi\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n"
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        for lines in (b"GET / HTTP/1.1\r\n" + b"Accept: x\r\n" * 30 + b"\r\n" + login, b"x\r\n" * 40 + login):
            with wire.Pop(g.addresses["pop3s"][0], user=None, tls=wire.lax_tls()) as pop:
                pop.send(lines)
                while True:
                    try:
                        self.assertTrue(pop.line().startswith(b"-ERR"))
                    except wire.Closed:
                        break
        self.assertEqual(len(wire.everything(g.pop3)), 1)

    def test_T11_a_handshake_that_does_not_end(self):
        """The deadline is that of the whole handshake: octets that trickle in do not move it."""
        g = self.secured(**{"tls.handshake_timeout_s": 1})
        smtp, pop = wire.Smtp(g.smtp), wire.Pop(g.pop3, user=None)
        smtp.expect(220, b"STARTTLS")
        pop.expect(b"STLS")
        connections = [smtp, pop, *(wire.Wire(g.addresses[name][0]) for name in ("smtps", "pop3s"))]
        for connection in connections:
            connection.send(HALF_HELLO)
        for connection in connections:
            connection.socket.settimeout(0.05)
            for octet in range(600):   # half a minute of trickling, had it no end
                try:
                    connection.send(b"\0")
                    ended = connection.socket.recv(1) == b""
                except TimeoutError:
                    continue
                except OSError:
                    ended = True
                break
            self.assertTrue(ended, "still waiting for a handshake")
            connection.close()

    def test_T11_one_session_too_many_costs_no_handshake(self):
        g = self.secured(**{"smtpd.sessions_max": 1})
        with wire.Smtp(g.smtp):
            with self.assertRaises((OSError, wire.Closed)):
                wire.Smtp(g.addresses["smtps"][0], tls=wire.lax_tls())


if __name__ == "__main__":
    gateway.main()
