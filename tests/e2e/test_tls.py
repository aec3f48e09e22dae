"""STARTTLS, STLS and implicit TLS, with a certificate made on the spot; and what strangers try around them."""

import poplib
import smtplib
import ssl
import subprocess
import tempfile
import unittest
import warnings
from pathlib import Path

import gateway
import served
import wire
from gateway import PATIENCE_S, RECIPIENT, GatewayTest

BODY = b"Subject: x\r\n\r\nbody\r\n"


def certificate(folder, *names):
    """A self-signed pair for these names, else for localhost; it takes the place of an earlier one."""
    cert, key = Path(folder) / "cert.pem", Path(folder) / "key.pem"
    alternatives = ",".join(f"DNS:{name}" for name in names or ["localhost"])
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=localhost", "-addext", f"subjectAltName={alternatives}", "-days", "2",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


class Tls(GatewayTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = tempfile.TemporaryDirectory(prefix="guichet-tls-")
        cls.addClassCleanup(cls.made.cleanup)
        cls.cert, cls.key = certificate(cls.made.name)

    def secured(self, **settings):
        return self.gateway({"smtpd.tls_cert": self.cert, "smtpd.tls_key": self.key,
                             "smtpd.listen_tls": ["127.0.0.1:0"], "popd.listen_tls": ["127.0.0.1:0"], **settings})

    def test_python_s_own_clients(self):
        g = self.secured()
        context = wire.lax_tls()
        with smtplib.SMTP(*g.smtp, timeout=PATIENCE_S) as smtp:
            smtp.starttls(context=context)
            smtp.ehlo()
            self.assertFalse(smtp.has_extn("starttls"), "offered twice")
            smtp.sendmail("a@town.example", [RECIPIENT], BODY)
        big = BODY + (b"z" * 78 + b"\r\n") * 40_000
        with smtplib.SMTP(*g.smtp, timeout=PATIENCE_S) as smtp:
            smtp.starttls(context=context)
            smtp.sendmail("a@town.example", [RECIPIENT], big)
        pops = [poplib.POP3_SSL(*g.addresses["pop3s"][0], context=context, timeout=PATIENCE_S),
                poplib.POP3(*g.pop3, timeout=PATIENCE_S)]
        pops[1].stls(context=context)
        for pop in pops:
            self.assertNotIn("STLS", pop.capa())
            pop.user("foi")
            pop.pass_("secret")
            forms = [b"".join(line + b"\r\n" for line in pop.retr(number)[1]) for number in (1, 2)]
            pop.quit()
            prefix = served.split(forms[0], BODY)
            self.assertRegex(served.value(prefix, "Received"), r"with ESMTPS\b")
            served.split(forms[1], big)

    def test_smtp_with_tls_from_the_first_octet(self):
        g = self.secured()
        address = g.addresses["smtps"][0]
        with smtplib.SMTP_SSL(*address, timeout=PATIENCE_S, context=wire.lax_tls()) as smtp:
            smtp.ehlo()
            self.assertFalse(smtp.has_extn("starttls"), "offered inside TLS")
            smtp.sendmail("a@town.example", [RECIPIENT], BODY)
        with wire.Smtp(address, tls=wire.lax_tls()) as smtp:
            self.assertEqual(smtp.command(b"STARTTLS")[0], 503)
            smtp.quit()
        (form,) = wire.everything(g.pop3).values()
        self.assertRegex(served.value(served.split(form, BODY), "Received"), r"with ESMTPS\b")

    def test_smtp_in_clear_where_tls_is_spoken(self):
        g = self.secured()
        with wire.Wire(g.addresses["smtps"][0]) as clear:
            clear.send(b"EHLO x\r\n")
            try:
                clear._fill()
            except wire.Closed:
                pass
            self.assertFalse(clear.input.startswith(b"220"), "greeted in clear")
        with wire.Smtp(g.addresses["smtps"][0], tls=wire.lax_tls()) as smtp:
            smtp.quit()

    def test_one_session_too_many_costs_no_handshake(self):
        g = self.secured(**{"smtpd.sessions_max": 1})
        with wire.Smtp(g.smtp):
            with self.assertRaises((OSError, wire.Closed)):
                wire.Smtp(g.addresses["smtps"][0], tls=wire.lax_tls())

    def test_a_handshake_that_does_not_end(self):
        """T11: the deadline ends it, however slowly octets come."""
        g = self.secured(**{"tls.handshake_timeout_s": 1})
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"   # the beginning of a ClientHello
        smtp, pop = wire.Smtp(g.smtp), wire.Pop(g.pop3, user=None)
        smtp.expect(220, b"STARTTLS")
        pop.expect(b"STLS")
        others = [wire.Wire(g.addresses[name][0]) for name in ("smtps", "pop3s")]
        for connection in (smtp, pop, *others):
            connection.send(hello)
        for connection in (smtp, pop, *others):
            self.assertTrue(connection.at_end(), connection.input)
            connection.close()

    def test_verified_by_its_name(self):
        """A client that checks the certificate is content with it."""
        g = self.secured()
        context = ssl.create_default_context(cafile=str(self.cert))
        with wire.Smtp(g.smtp) as smtp:
            smtp.expect(220, b"STARTTLS")
            smtp.start_tls(context)
            self.assertIn(smtp.socket.version(), ("TLSv1.2", "TLSv1.3"))
            smtp.expect(250, b"EHLO x")
            smtp.quit()

    def test_old_protocols_are_refused(self):
        g = self.secured()
        context = wire.lax_tls()
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            wire.Pop(g.addresses["pop3s"][0], tls=context)

    def test_starttls_forgets_all_that_was_said(self):
        g = self.secured()
        with wire.Smtp(g.smtp, helo=b"evil.example") as smtp:
            smtp.envelope(RECIPIENT, sender=b"evil@evil.example")
            smtp.expect(220, b"STARTTLS")
            smtp.start_tls(wire.lax_tls())
            self.assertEqual(smtp.command(b"DATA")[0], 503)
            self.assertEqual(smtp.command(b"RCPT TO:<foi@example.test>")[0], 503)
            self.assertEqual(smtp.command(b"STARTTLS")[0], 503)
            smtp.expect(250, b"EHLO good.example")
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        (form,) = wire.everything(g.pop3).values()
        self.assertNotIn(b"evil", form)

    def injected(self, connection, line, extra):
        """Sends both in one segment. The extra command may get no answer, clear or encrypted."""
        connection.send(line + b"\r\n" + extra + b"\r\n")
        first = connection.line()
        if first[:3] not in (b"220", b"+OK"):
            self.assertTrue(first.startswith((b"5", b"4", b"-ERR")), first)
            self.assertTrue(connection.at_end(), "another answer after the refusal")
            return
        try:
            connection.start_tls(wire.lax_tls())
        except (OSError, AssertionError):
            return
        connection.send(b"NOOP\r\n")
        answer = connection.line()
        self.assertTrue(answer.startswith((b"250", b"-ERR")), answer)
        connection.socket.settimeout(0.3)
        with self.assertRaises((TimeoutError, wire.Closed), msg="an answer too many"):
            connection.line()

    def test_commands_after_starttls_in_the_same_segment(self):
        g = self.secured()
        with wire.Smtp(g.smtp) as smtp:
            self.injected(smtp, b"STARTTLS", b"RSET")
        with wire.Smtp(g.smtp) as smtp:
            self.injected(smtp, b"STARTTLS", b"MAIL FROM:<evil@evil.example>\r\nRCPT TO:<foi@example.test>")
        with wire.Pop(g.pop3, user=None) as pop:
            self.injected(pop, b"STLS", b"CAPA")
        with wire.Pop(g.pop3, user=None) as pop:
            self.injected(pop, b"STLS", b"USER foi\r\nPASS secret")
        wire.Pop(g.pop3).quit()   # nobody is logged in

    def test_clear_text_where_the_handshake_should_be(self):
        g = self.secured()
        with wire.Smtp(g.smtp) as smtp:
            smtp.expect(220, b"STARTTLS")
            smtp.send(b"NOOP\r\n")
            try:
                smtp._fill()
            except wire.Closed:
                pass
            self.assertNotIn(b"250", smtp.input)
        with wire.Pop(g.pop3, user=None) as pop:
            pop.expect(b"STLS")
            pop.send(b"CAPA\r\n")
            try:
                pop._fill()
            except wire.Closed:
                pass
            self.assertNotIn(b"+OK", pop.input)

    def test_misplaced(self):
        g = self.secured()
        with wire.Smtp(g.smtp) as smtp:
            self.assertEqual(smtp.command(b"STARTTLS foo")[0], 501)
            smtp.deliver(RECIPIENT, b"Subject: x\r\n\r\nSTARTTLS\r\nx\r\n")
            smtp.quit()
        with wire.Pop(g.pop3) as pop:
            self.assertTrue(pop.command(b"STLS").startswith(b"-ERR"))
            pop.quit()
        with wire.Pop(g.addresses["pop3s"][0], tls=wire.lax_tls()) as pop:
            self.assertTrue(pop.command(b"STLS").startswith(b"-ERR"))
            pop.quit()

    def test_cut_off_in_data(self):
        """close_notify, or the end of the connection, after CRLF dot: nothing is stored, nothing is said."""
        g = self.secured()
        for polite in (True, False):
            smtp = wire.Smtp(g.smtp)
            smtp.expect(220, b"STARTTLS")
            smtp.start_tls(wire.lax_tls())
            smtp.expect(250, b"EHLO x")
            smtp.envelope(RECIPIENT)
            smtp.expect(354, b"DATA")
            smtp.send(BODY + b"\r\n.")
            if polite:
                try:
                    smtp.socket.unwrap()
                except OSError:
                    pass
            smtp.close()
        wire.Smtp(g.smtp).quit()
        self.assertEqual(g.list(), [])

    def test_records_of_pop3_end_at_line_ends(self):
        """SSL_read gives out one record at most: what ends inside a line is seen here."""
        g = self.secured()
        body = BODY + b"".join(b"." * (n % 3) + b"z" * (n % 251) + b"\r\n" for n in range(9000))
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, body)
            smtp.quit()
        with wire.Pop(g.addresses["pop3s"][0], tls=wire.lax_tls()) as pop:
            pop.send(b"RETR 1\r\n")
            got = []
            while not got or not got[-1].endswith(b"\r\n.\r\n"):
                got.append(pop.socket.recv(1 << 16))
                self.assertTrue(got[-1].endswith(b"\r\n"), f"record {len(got)} ends in {got[-1][-20:]!r}")
            self.assertGreater(sum(map(len, got)), 3 * 256 * 1024)
            pop.quit()
        served.split(next(iter(wire.everything(g.pop3).values())), body)

    def test_without_a_certificate_nothing_is_offered(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            self.assertNotIn("STARTTLS", smtp.ehlo[1].splitlines())
            self.assertIn(smtp.command(b"STARTTLS")[0], (454, 500, 502, 503))
            smtp.quit()
        with wire.Pop(g.pop3, user=None) as pop:
            self.assertTrue(pop.command(b"STLS").startswith(b"-ERR"))


if __name__ == "__main__":
    gateway.main()
