"""STARTTLS, STLS and implicit TLS, with a certificate made on the spot. What strangers try: test_injection.py."""

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
from gateway import PATIENCE_S, RECIPIENT, GatewayTest, eventually

BODY = b"Subject: x\r\n\r\nbody\r\n"


def certificate(folder, *names):
    """A self-signed pair for these names, else for localhost; it takes the place of an earlier one."""
    cert, key = Path(folder) / "cert.pem", Path(folder) / "key.pem"
    alternatives = ",".join(f"DNS:{name}" for name in names or ["localhost"])
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=localhost", "-addext", f"subjectAltName={alternatives}", "-days", "2",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def outdated_tls():
    """TLS 1.0 and 1.1 only."""
    context = wire.lax_tls()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


class Secured(GatewayTest):
    """With a certificate for all of its tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = tempfile.TemporaryDirectory(prefix="guichet-tls-")
        cls.addClassCleanup(cls.made.cleanup)
        cls.cert, cls.key = certificate(cls.made.name)

    def secured(self, **settings):
        return self.gateway({"smtpd.tls_cert": self.cert, "smtpd.tls_key": self.key,
                             "smtpd.listen_tls": ["127.0.0.1:0"], "popd.listen_tls": ["127.0.0.1:0"], **settings})


class Tls(Secured):
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
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            wire.Pop(g.addresses["pop3s"][0], tls=outdated_tls())

    # --- Who fails at the handshake is not offered it again ---

    def offered(self, g, source=None):
        with wire.Smtp(g.smtp, source=source) as smtp:
            return "STARTTLS" in smtp.ehlo[1].splitlines()

    def fail(self, g, source=None):
        """The handshake of a server that knows nothing newer than TLS 1.1."""
        with wire.Smtp(g.smtp, source=source) as smtp:
            smtp.expect(220, b"STARTTLS")
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                smtp.start_tls(outdated_tls())

    def test_a_server_that_cannot_sends_in_clear(self):
        g = self.secured(**{"smtpd.trusted_networks": []})
        self.assertTrue(self.offered(g))
        self.fail(g)
        eventually(lambda: not self.offered(g), "no STARTTLS for who failed at it")
        with wire.Smtp(g.smtp) as smtp:
            self.assertEqual(smtp.command(b"STARTTLS")[0], 502)
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        self.assertTrue(self.offered(g, source="127.0.0.2"), "another address")
        self.assertRegex(g.stderr(), r"smtp\.tls_failed .*unsupported protocol")
        (form,) = wire.everything(g.pop3).values()
        served.split(form, BODY)

    def test_what_is_no_failure_of_its_tls(self):
        g = self.secured(**{"smtpd.trusted_networks": []})
        with wire.Smtp(g.smtp) as smtp:      # changed its mind, or was cut off
            smtp.expect(220, b"STARTTLS")
        with self.assertRaises((ssl.SSLError, ConnectionError)):   # nobody is offered anything on this port
            wire.Smtp(g.addresses["smtps"][0], tls=outdated_tls())
        eventually(lambda: g.stderr().count("smtp.tls_failed") == 2, "both were noticed")
        self.assertTrue(self.offered(g))
        self.fail(g)
        eventually(lambda: not self.offered(g), "no STARTTLS for who failed at it")
        with wire.Smtp(g.addresses["smtps"][0], tls=wire.lax_tls()) as smtp:   # it can after all
            smtp.quit()
        self.assertTrue(self.offered(g))

    def test_a_trusted_network_is_always_offered_it(self):
        g = self.secured()
        self.fail(g)
        eventually(lambda: "smtp.tls_failed" in g.stderr(), "the failure")
        self.assertTrue(self.offered(g))

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
