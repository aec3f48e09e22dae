"""Who and what is let in by SMTP, and who and what is not."""

import unittest

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest

BODY = b"Subject: x\r\n\r\nbody\r\n"


class Recipients(GatewayTest):
    def test_never_a_relay(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.envelope([])
            for recipient in (b"someone@elsewhere.test", b"foi+1@example.test.evil.test", b"foi+1@sub.example.test",
                              b"foi+1@[127.0.0.1]", b"someone%elsewhere.test@example.test",
                              b"elsewhere.test!someone@example.test", b"foi+1@example.test@evil.test",
                              b"\"someone@elsewhere.test\"@example.test", b"fo@example.test", b"foo@example.test",
                              b"root@example.test", b"xfoi+1@example.test"):
                with self.subTest(recipient):
                    code, text = smtp.command(b"RCPT TO:<" + recipient + b">")
                    self.assertEqual(code // 100, 5, text)
                    if recipient == b"someone@elsewhere.test":
                        self.assertEqual(code, 550)
                    if recipient in (b"root@example.test", b"foo@example.test"):
                        self.assertEqual((code, text[:6]), (550, "5.1.1 "))
            self.assertEqual(smtp.command(b"DATA")[0] // 100, 5, "DATA without a recipient")
        self.assertEqual(g.list(), [])

    def test_what_postfix_takes_is_taken(self):
        g = self.gateway()
        accepted = [b"<foi+1@example.test>", b"foi+2@example.test", b"<FOI+3@Example.TEST>", b"<foi@example.test>",
                    b"<postmaster@example.test>", b"<Postmaster>", b" <foi+4@example.test>",
                    b"<@relay.test:foi+5@example.test>"]
        with wire.Smtp(g.smtp, helo=None) as smtp:
            smtp.expect(250, b"HELO two words")
            smtp.expect(250, b"MAIL FROM: sender@town.example")
            for recipient in accepted:
                with self.subTest(recipient):
                    smtp.expect(250, b"RCPT TO:" + recipient)
            smtp.expect(354, b"DATA")
            smtp.send(wire.stuffed(BODY))
            self.assertEqual(smtp.reply()[0], 250)
        found = [*wire.everything(g.pop3).values(), *wire.everything(g.pop3, user="people").values()]
        self.assertEqual(sorted(served.value(form, "Envelope-To").lower() for form in found),
                         sorted([f"foi+{n}@example.test" for n in range(1, 6)] + [
                             "foi@example.test", "postmaster@example.test"]), "one for each address")
        with wire.Smtp(g.smtp, helo=None) as smtp:   # no HELO at all, UTF-8 in MAIL FROM
            smtp.expect(250, "MAIL FROM:<é@town.example>".encode())
            smtp.expect(250, b"RCPT TO:<foi+6@example.test>")
            smtp.expect(354, b"DATA")
            smtp.send(wire.stuffed(BODY))
            self.assertEqual(smtp.reply()[0], 250)
        self.assertEqual(len(wire.everything(g.pop3)), 7, "those of the site, and one more")

    def test_hundred_recipients_and_no_more(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.envelope([b"foi+%d@example.test" % number for number in range(100)])
            self.assertEqual(smtp.command(b"RCPT TO:<foi+100@example.test>")[0], 452)
            smtp.expect(354, b"DATA")
            smtp.send(wire.stuffed(BODY))
            self.assertEqual(smtp.reply()[0], 250)
        self.assertEqual(len(wire.everything(g.pop3)), 100)


class Limits(GatewayTest):
    settings = {"smtpd.message_octets_max": 100_000}

    def test_size(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            self.assertIn("SIZE 100000", smtp.ehlo[1].splitlines())
            self.assertEqual(smtp.command(b"MAIL FROM:<a@town.example> SIZE=100001")[0], 552)
            self.assertEqual(smtp.command(b"MAIL FROM:<a@town.example> SIZE=99999999999999999999")[0] // 100, 5)
            self.assertEqual(smtp.command(b"MAIL FROM:<a@town.example> SIZE=-1")[0], 501)
            self.assertEqual(smtp.message(RECIPIENT, b"x" * 99_998 + b"\r\n")[0], 250, "just so")
            self.assertEqual(smtp.message(RECIPIENT, b"x" * 99_999 + b"\r\n")[0], 552, "one too many")
            smtp.expect(250, b"MAIL FROM:<a@town.example> SIZE=1")   # a lie
            smtp.expect(250, b"RCPT TO:<" + RECIPIENT.encode() + b">")
            smtp.expect(354, b"DATA")
            smtp.send(wire.stuffed(b"x" * 3_000_000 + b"\r\n.\r\n" + b"MAIL FROM:<smuggled@evil>\r\n" * 10))
            self.assertEqual(smtp.reply()[0], 552)
            self.assertEqual(smtp.message(RECIPIENT, BODY)[0], 250, "the session goes on")
            smtp.quit()
        self.assertEqual(len(wire.everything(g.pop3)), 2)


class LineEndings(GatewayTest):
    ODD = b"Subject: x\n\nan old\rscanner\r\n"

    def test_kept_as_shipped(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            code, text = smtp.message(RECIPIENT, self.ODD)
            self.assertEqual(code, 250)
            smtp.quit()
        self.assertEqual(g.raw(g.list()[0]["id"]), self.ODD)
        (form,) = wire.everything(g.pop3).values()
        served.split(form, self.ODD)
        self.assertEqual(form.count(b"\r\n"), form.count(b"\n"), "served with CRLF")

    def test_strict(self):
        g = self.gateway({"smtpd.line_endings": "strict"})
        with wire.Smtp(g.smtp) as smtp:
            for octets in (self.ODD, b"a\nb\r\n", b"a\rb\r\n", b"\r\r\n", b"\n\r\n"):
                self.assertEqual(smtp.message(RECIPIENT, octets)[0], 550, octets)
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        self.assertEqual([g.raw(message["id"]) for message in g.list()], [BODY])


class Dialogs(GatewayTest):
    def test_commands_before_their_time(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            for line in (b"RCPT TO:<foi@example.test>", b"DATA"):
                self.assertEqual(smtp.command(line)[0], 503, line)
            smtp.envelope(RECIPIENT)
            self.assertEqual(smtp.command(b"MAIL FROM:<b@town.example>")[0], 503)
            smtp.expect(250, b"RSET")
            self.assertEqual(smtp.command(b"DATA")[0], 503)
            smtp.expect(250, b"NOOP")
            self.assertIn(smtp.command(b"VRFY foi@example.test")[0], (250, 252, 502))
            self.assertIn(smtp.command(b"HELP")[0], (211, 214))
            smtp.quit()

    def test_body_sent_before_354_is_no_message(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.send(b"DATA\r\nSubject: a\r\n\r\nMAIL FROM:<a@b.example>\r\n.\r\n")
            self.assertEqual(smtp.reply()[0] // 100, 5)
        self.assertEqual(g.list(), [])

    def test_too_many_errors_end_the_session(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            codes = []
            try:
                for _ in range(50):
                    codes.append(smtp.command(b"XYZZY")[0])
            except (wire.Closed, BrokenPipeError, ConnectionResetError):
                pass
            self.assertEqual(codes[-1], 421)
            self.assertLessEqual(len(codes), 11)
            self.assertLessEqual(set(codes[:-1]), {500, 502})

    def test_http_is_sent_away(self):
        g = self.gateway()
        with wire.Smtp(g.smtp, helo=None) as smtp:
            smtp.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<foi@example.test>\r\n"
                      b"DATA\r\nx\r\n.\r\n")
            try:
                while True:
                    self.assertNotIn(smtp.reply()[0], (250, 354))
            except (wire.Closed, ConnectionResetError):
                pass
        self.assertEqual(g.list(), [])

    def test_a_client_that_goes_away_in_data_leaves_nothing(self):
        g = self.gateway()
        for end in (b"", b"\r\n", b"\r\n.", b"\r\n.\r"):
            smtp = wire.Smtp(g.smtp)
            smtp.envelope(RECIPIENT)
            smtp.expect(354, b"DATA")
            smtp.send(b"Subject: x\r\n\r\n" + b"y" * 3_000_000 + end)
            smtp.close()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
        self.assertEqual(len(wire.everything(g.pop3)), 1)
        self.assertEqual(len(g.list()), 1)


if __name__ == "__main__":
    gateway.main()
