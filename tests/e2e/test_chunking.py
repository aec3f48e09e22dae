"""BDAT (RFC 3030) against the binary: whole, octet by octet and inside TLS; tests/dialogs/chunking-*.smtp has its rules."""

import contextlib
import hashlib
import os

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest
from test_tls import certificate

ENVELOPE = b"MAIL FROM:<authority@town.example>\r\nRCPT TO:<" + RECIPIENT.encode() + b">\r\n"
SIZE_MAX = 8_000_000


def bdat(octets, last=True):
    return b"BDAT %d%b\r\n" % (len(octets), b" LAST" if last else b"") + octets


class Chunking(GatewayTest):
    settings = {"smtpd.chunking": True, "smtpd.message_octets_max": SIZE_MAX}

    def tls_gateway(self):
        cert, key = certificate(self.folder)
        return self.gateway({"smtpd.tls_cert": cert, "smtpd.tls_key": key})

    def secured(self, g):
        smtp = wire.Smtp(g.smtp)
        smtp.expect(220, b"STARTTLS")
        smtp.start_tls(wire.lax_tls())
        smtp.ehlo = smtp.command(b"EHLO client.example")
        return smtp

    def assert_stored(self, g, bodies):
        self.assertEqual(sorted(message["digest"].removeprefix("sha256:") for message in g.list()),
                         sorted(hashlib.sha256(body).hexdigest() for body in bodies))

    def codes(self, smtp, count):
        return [smtp.reply()[0] for _ in range(count)]

    def test_off_as_shipped(self):
        g = self.gateway({"smtpd.chunking": False})
        with wire.Smtp(g.smtp) as smtp:
            self.assertNotIn("CHUNKING", smtp.ehlo[1].splitlines())
            self.assertIn("LIMITS RCPTMAX=100", smtp.ehlo[1].splitlines())
            smtp.send(ENVELOPE + bdat(b"QUIT\r\n"))
            self.assertEqual(self.codes(smtp, 3), [250, 250, 502])
            self.assertTrue(smtp.at_end())
        self.assert_stored(g, [])

    def test_octet_for_octet_in_three_framings(self):
        g = self.tls_gateway()
        body = b"Subject: x\r\n\r\n..\r\n.\r\nMAIL FROM:<smuggled@evil.test>\r\n\n.\n\r.\r\0.\xff no end"
        chunks = bdat(body[:14], last=False) + bdat(b"", last=False) + bdat(body[14:30], last=False) + bdat(body[30:])
        for opened, send in ((wire.Smtp, wire.Smtp.send), (wire.Smtp, self.octet_by_octet),
                             (lambda _: self.secured(g), self.octet_by_octet)):
            with opened(g.smtp) as smtp:
                self.assertIn("CHUNKING", smtp.ehlo[1].splitlines())
                self.assertNotIn("BINARYMIME", smtp.ehlo[1])
                send(smtp, ENVELOPE + chunks + b"NOOP\r\n")
                self.assertEqual(self.codes(smtp, 7), [250] * 7)
                smtp.quit()
        self.assert_stored(g, [body] * 3)
        for form in wire.everything(g.pop3).values():
            served.split(form, body)

    @staticmethod
    def octet_by_octet(smtp, octets):
        for at in range(len(octets)):
            smtp.send(octets[at:at + 1])

    def test_large_and_too_large(self):
        g = self.gateway()
        large = b"Subject: large\r\n\r\n" + b"x" * (SIZE_MAX - 18)
        with wire.Smtp(g.smtp) as smtp:
            smtp.send(ENVELOPE + bdat(large[:5_000_000], last=False) + bdat(large[5_000_000:]))
            self.assertEqual(self.codes(smtp, 4), [250] * 4)
            smtp.send(ENVELOPE + bdat(large + b"x") + b"NOOP\r\n")
            self.assertEqual(self.codes(smtp, 4), [250, 250, 552, 250])
            smtp.send(ENVELOPE + bdat(b"a" * 5_000_000, last=False) + bdat(b"QUIT\r\n" * 600_000, last=False)
                      + bdat(b"QUIT\r\n"))
            self.assertEqual(self.codes(smtp, 5), [250, 250, 250, 552, 503])
            smtp.deliver(RECIPIENT, b"Subject: honest\r\n\r\n")
            smtp.quit()
        self.assert_stored(g, [large, b"Subject: honest\r\n\r\n"])

    def test_lengths_that_cannot_be(self):
        g = self.gateway()
        for argument, code in ((b"-1", 501), (b"", 501), (b"\x7f", 501), (b"1 FIRST", 501), (b"0x1", 501),
                               (b"18446744073709551615 LAST", 552), (b"99999999999999999999", 552)):
            with self.subTest(argument), wire.Smtp(g.smtp) as smtp:
                smtp.send(ENVELOPE + b"BDAT " + argument + b"\r\nRSET\r\nMAIL FROM:<smuggled@evil.test>\r\n")
                self.assertEqual(self.codes(smtp, 3), [250, 250, code])
                self.assertTrue(smtp.at_end())
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, b"Subject: honest\r\n\r\n")
        self.assert_stored(g, [b"Subject: honest\r\n\r\n"])

    def test_a_client_that_goes_away_leaves_nothing(self):
        """In a chunk, between two, and with everything but the last octet; in the clear and inside TLS, where Exim once
        read on after the end (CVE-2026-45185)."""
        g = self.tls_gateway()
        whole = bdat(b"Subject: x\r\n\r\n" + b"y" * 3_000_000)
        for octets in (whole[:1000], bdat(b"half", last=False), whole[:-1], b"BDAT 5 LAST\r\n", b"BDAT 5 LA"):
            for opened in (wire.Smtp, lambda _: self.secured(g)):
                with opened(g.smtp) as smtp:
                    smtp.envelope(RECIPIENT)
                    smtp.send(octets)
        with self.secured(g) as smtp:   # close_notify, then an octet in the clear
            smtp.envelope(RECIPIENT)
            smtp.send(whole[:100])
            descriptor = os.dup(smtp.socket.fileno())
            try:
                smtp.socket.settimeout(0)
                with contextlib.suppress(OSError):
                    smtp.socket.unwrap()   # sends close_notify; does not wait for the other
                with contextlib.suppress(OSError):
                    os.write(descriptor, b"y")
            finally:
                os.close(descriptor)
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, b"Subject: honest\r\n\r\n")
        self.assert_stored(g, [b"Subject: honest\r\n\r\n"])


if __name__ == "__main__":
    gateway.main()
