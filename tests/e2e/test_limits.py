"""Sessions, time and memory have limits; each has an answer, and the next honest client is served."""

import hashlib
import os
import signal
import socket
import threading
import unittest

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest, eventually

BODY = b"Subject: x\r\n\r\nbody\r\n"


class Sessions(GatewayTest):
    def test_sessions_of_one_address(self):
        g = self.gateway({"smtpd.trusted_networks": [], "smtpd.sessions_per_address_max": 2,
                          "popd.sessions_per_address_max": 2})
        with wire.Smtp(g.smtp) as first, wire.Smtp(g.smtp):
            with wire.Smtp(g.smtp, helo=None) as third:
                self.assertEqual(third.greeting[0], 421)
                self.assertTrue(third.at_end())
            first.quit()
            eventually(lambda: greeting(g.smtp).startswith(b"220"), "one left, so one may come")
        with wire.Pop(g.pop3, user=None), wire.Pop(g.pop3, user=None):
            self.assertTrue(greeting(g.pop3).startswith(b"-ERR"))

    def test_trusted_networks_are_exempt(self):
        g = self.gateway({"smtpd.sessions_per_address_max": 2, "popd.sessions_per_address_max": 2})
        with wire.Smtp(g.smtp), wire.Smtp(g.smtp), wire.Smtp(g.smtp) as third:
            third.deliver(RECIPIENT, BODY)

    def test_sessions_in_all(self):
        g = self.gateway({"smtpd.sessions_max": 3, "popd.sessions_max": 3})
        held = [wire.Smtp(g.smtp) for _ in range(3)]
        with wire.Smtp(g.smtp, helo=None) as one_more:
            self.assertEqual(one_more.greeting[0], 421)
        self.assertEqual(len(wire.everything(g.pop3)), 0, "POP3 has its own")
        for session in held:
            session.close()
        eventually(lambda: greeting(g.smtp).startswith(b"220"), "room again")

    def test_many_that_come_and_go(self):
        """Half of them by RST; none is forgotten open, and the next one is served."""
        g = self.gateway()
        for number in range(300):
            session = socket.create_connection(g.smtp)
            if number % 2:
                session.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            session.close()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
        eventually(lambda: open_sockets(g) <= 4, f"{open_sockets(g)} sockets are still open")


class Time(GatewayTest):
    def test_idle_sessions_are_ended(self):
        g = self.gateway({"smtpd.idle_timeout_s": 1, "popd.idle_timeout_s": 1})
        with wire.Smtp(g.smtp) as smtp, wire.Smtp(g.smtp) as in_data, wire.Pop(g.pop3) as pop:
            in_data.envelope(RECIPIENT)
            in_data.expect(354, b"DATA")
            in_data.send(BODY)
            for session in (smtp, in_data):
                self.assertEqual(session.reply()[0], 421)
                self.assertTrue(session.at_end())
            pop.at_end()
        wire.Pop(g.pop3).quit()
        self.assertEqual(g.list(), [])

    def test_whoever_is_done_sending_still_gets_the_answers(self):
        """The end of the client's octets is not the end of the session."""
        g = self.gateway()
        with wire.Smtp(g.smtp, helo=None) as smtp:
            smtp.send(b"EHLO x\r\nMAIL FROM:<a@town.example>\r\nRCPT TO:<" + RECIPIENT.encode() + b">\r\nDATA\r\n")
            self.assertEqual([smtp.reply()[0] for _ in range(4)], [250, 250, 250, 354])
            smtp.send(wire.stuffed(BODY))
            smtp.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(smtp.reply()[0], 250)
            self.assertTrue(smtp.at_end())
        self.assertEqual(len(wire.everything(g.pop3)), 1)

    def test_hangup_is_survived(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            g.process.send_signal(signal.SIGHUP)
            smtp.deliver(RECIPIENT, BODY)
        self.assertEqual(len(wire.everything(g.pop3)), 1)


class Memory(GatewayTest):
    def test_bodies_past_the_bound_wait_or_are_put_off(self):
        """Twenty at once where memory is for two: each is taken whole or told 452."""
        g = self.gateway({"store.bodies_octets_max": 1 << 20, "store.spool_octets_min": 1 << 20})
        answers, lock = [], threading.Lock()

        def send(number):
            octets = b"Subject: %d\r\n\r\n" % number + b"y" * 500_000 + b"\r\n"
            with wire.Smtp(g.smtp) as smtp:   # 452 may come before the body is asked for
                code, _ = smtp.command(b"MAIL FROM:<authority@town.example>")
                if code == 250:
                    smtp.expect(250, b"RCPT TO:<" + RECIPIENT.encode() + b">")
                    code, _ = smtp.command(b"DATA")
                if code == 354:
                    smtp.send(wire.stuffed(octets))
                    code, _ = smtp.reply()
            with lock:
                answers.append((code, hashlib.sha256(octets).hexdigest()))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 20)
        self.assertLessEqual({code for code, _ in answers}, {250, 452})
        taken = {digest for code, digest in answers if code == 250}
        self.assertTrue(taken)
        self.assertEqual({hashlib.sha256(g.raw(fact["id"])).hexdigest() for fact in g.list()}, taken)
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, b"z" * 600_000 + b"\r\n")

    def test_a_client_that_reads_no_replies(self):
        """A hundred thousand commands, not one answer read: it waits, the others do not."""
        g = self.gateway()
        greedy = socket.create_connection(g.smtp)
        greedy.setblocking(False)
        sent = 0
        try:
            while sent < 20_000_000:
                sent += greedy.send(b"NOOP\r\n" * 1000)
        except BlockingIOError:
            pass
        except ConnectionError:
            pass   # or is sent away
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
        self.assertLess(resident_octets(g), 300_000_000 if gateway.SANITIZED else 60_000_000)
        greedy.close()


class Log(GatewayTest):
    def test_strangers_write_no_lines_and_no_colours(self):
        g = self.gateway()
        with wire.Smtp(g.smtp, helo=None) as smtp:
            smtp.command(b"EHLO \x1b[2Jx")
            smtp.command(b"HELO forged\x0b2026-01-01T00:00:00Z info smtp.filed")
            code, _ = smtp.command(b"MAIL FROM:<\"\x1b]0;x\x07%n%s{}\"@town.example>")
            if code != 250:
                smtp.expect(250, b"MAIL FROM:<a@town.example>")
            smtp.expect(250, b"RCPT TO:<foi+%s{}%n@example.test>")
            smtp.expect(354, b"DATA")
            smtp.send(wire.stuffed(BODY))
            self.assertEqual(smtp.reply()[0], 250)
        with wire.Pop(g.pop3, user=None) as pop:
            pop.command(b"USER \x1b[31mfoi")
            pop.command(b"PASS \x1b[31m")
        (form,) = wire.everything(g.pop3).values()
        self.assertEqual(served.value(form, "Envelope-To"), "foi+%s{}%n@example.test")
        shown = g.command("list") + g.command("show", g.list()[0]["id"])
        g.stop()
        said = (self.folder / "stderr").read_bytes() + shown
        self.assertFalse([octet for octet in said if octet < 32 and octet != 10], "control octets in log or listing")
        self.assertFalse([line for line in said.splitlines() if line.startswith(b"2026-01-01T00:00:00Z")])


def greeting(address):
    """The first line of a new connection."""
    with socket.create_connection(address, timeout=gateway.PATIENCE_S) as session:
        octets = b""
        while not octets.endswith(b"\r\n"):
            more = session.recv(1000)
            if not more:
                break
            octets += more
        return octets


def open_sockets(g):
    folder = f"/proc/{g.process.pid}/fd"
    found = 0
    for name in os.listdir(folder):
        try:
            found += os.readlink(f"{folder}/{name}").startswith("socket:")
        except FileNotFoundError:
            pass
    return found


def resident_octets(g):
    with open(f"/proc/{g.process.pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))


if __name__ == "__main__":
    gateway.main()
