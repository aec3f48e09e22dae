"""Several certificates, chosen by name; and new ones taken up while sessions go on."""

import os
import re
import signal
import ssl
import unittest
from pathlib import Path

import gateway
import wire
from gateway import RECIPIENT, GatewayTest, eventually
from test_tls import BODY, certificate


def names_of(connection):
    """The DNS names of the certificate that a connection was given."""
    pem = ssl.DER_cert_to_PEM_cert(connection.socket.getpeercert(binary_form=True))
    text = gateway.output_of("openssl", "x509", "-noout", "-ext", "subjectAltName", stdin=pem)
    return re.findall(r"DNS:([^,\s]+)", text)


class Certificates(GatewayTest):
    def setUp(self):
        super().setUp()
        self.cert, self.key = certificate(self.folder, "first.test")

    def secured(self, **settings):
        return self.gateway({"smtpd.tls_cert": self.cert, "smtpd.tls_key": self.key, "smtpd.hostname": "first.test",
                             "smtpd.listen_tls": ["127.0.0.1:0"], "popd.listen_tls": ["127.0.0.1:0"], **settings})

    def served(self, g, port="smtps", name=None):
        with wire.Wire(g.addresses[port][0]) as connection:
            connection.start_tls(wire.lax_tls(), name or "localhost")
            return names_of(connection)

    def reload(self, g):
        """SIGHUP, and what was logged until it was done."""
        before = len(g.stderr())
        g.process.send_signal(signal.SIGHUP)
        eventually(lambda: re.search(r" reload ", g.stderr()[before:]), "the certificates were read again")
        return g.stderr()[before:]

    def test_the_name_that_is_asked_for(self):
        other = Path(self.folder) / "other"
        other.mkdir()
        cert, key = certificate(other, "other.test", "*.wild.test")
        g = self.secured(certificate=[{"cert": cert, "key": key}])
        for port in ("smtps", "pop3s"):
            self.assertEqual(self.served(g, port, "first.test"), ["first.test"])
            self.assertEqual(self.served(g, port, "other.test"), ["other.test", "*.wild.test"])
            self.assertEqual(self.served(g, port, "a.wild.test"), ["other.test", "*.wild.test"])
            self.assertEqual(self.served(g, port, "unknown.test"), ["first.test"])
        with wire.Smtp(g.smtp) as smtp:
            smtp.expect(220, b"STARTTLS")
            smtp.start_tls(wire.lax_tls(), "other.test")
            self.assertEqual(names_of(smtp), ["other.test", "*.wild.test"])
        with wire.Wire(g.addresses["smtps"][0]) as no_name:
            no_name.start_tls(wire.lax_tls(), None)
            self.assertEqual(names_of(no_name), ["first.test"])

    def test_a_new_certificate_while_sessions_go_on(self):
        g = self.secured()
        smtp, pop = wire.Smtp(g.smtp), wire.Pop(g.addresses["pop3s"][0], tls=wire.lax_tls())
        smtp.expect(220, b"STARTTLS")
        smtp.start_tls(wire.lax_tls())
        smtp.expect(250, b"EHLO x")
        smtp.envelope(RECIPIENT)
        smtp.expect(354, b"DATA")
        smtp.send(BODY[:10])
        begun = wire.Smtp(g.smtp)          # asked for TLS, not yet given any
        begun.expect(220, b"STARTTLS")

        certificate(self.folder, "second.test")
        said = self.reload(g)
        self.assertIn("tls.renewed", said)
        self.assertIn("does not name smtpd.hostname", said)
        for port in ("smtps", "pop3s"):
            self.assertEqual(self.served(g, port), ["second.test"])
        begun.start_tls(wire.lax_tls())
        self.assertEqual(names_of(begun), ["first.test"], "what was there when it asked")
        begun.quit()
        smtp.send(wire.stuffed(BODY)[10:])
        self.assertEqual(smtp.reply()[0], 250)
        smtp.quit()
        self.assertEqual(pop.command(b"NOOP")[:3], b"+OK")
        pop.quit()
        self.assertEqual(len(g.list()), 1)

    def test_what_is_broken_is_not_taken_up(self):
        g = self.secured()
        whole = self.cert.read_bytes()
        certificate(self.folder, "second.test")
        new_cert, new_key = self.cert.read_bytes(), self.key.read_bytes()
        for what, octets in (("half", new_cert[:len(new_cert) // 2]), ("empty", b""), ("another key's", whole),
                             ("no certificate", new_key)):
            with self.subTest(what):
                self.cert.write_bytes(octets)
                said = self.reload(g)
                self.assertRegex(said, r"error tls\.alarm .*(cert|key)\.pem")
                self.assertIn("from before is still served", said)
                self.assertEqual(self.served(g), ["first.test"])
        self.cert.unlink()
        self.assertRegex(self.reload(g), r"error tls\.alarm .*cert\.pem")
        self.assertEqual(self.served(g, "pop3s"), ["first.test"])
        self.cert.write_bytes(new_cert)
        self.assertNotIn("still served", self.reload(g))
        self.assertEqual(self.served(g), ["second.test"])

    def test_as_certbot_renews(self):
        """live/… are links into archive/…, exchanged one by one."""
        archive = Path(self.folder) / "archive"
        made = {}
        for number, name in ((1, "first.test"), (2, "second.test")):
            folder = archive / str(number)
            folder.mkdir(parents=True)
            made[number] = certificate(folder, name)
        self.cert, self.key = Path(self.folder) / "fullchain.pem", Path(self.folder) / "privkey.pem"

        def point(link, target):
            new = link.with_suffix(".new")
            new.symlink_to(target)
            os.replace(new, link)

        point(self.cert, made[1][0])
        point(self.key, made[1][1])
        g = self.secured()
        point(self.cert, made[2][0])
        self.assertIn("privkey.pem", self.reload(g))
        self.assertEqual(self.served(g), ["first.test"])
        point(self.key, made[2][1])
        self.assertIn("tls.renewed", self.reload(g))
        self.assertEqual(self.served(g), ["second.test"])

    def test_what_will_expire_is_said_at_the_start(self):
        g = self.secured()   # made for two days
        eventually(lambda: re.search(r"tls\.alarm .*expires on \d{4}-\d\d-\d\d, in [12] days", g.stderr()), "the alarm")

    def test_what_expires_later_than_that_is_not(self):
        g = self.secured(**{"tls.expiry_alarm_days": 1})
        self.reload(g)
        self.assertNotIn("tls.alarm", g.stderr())


if __name__ == "__main__":
    gateway.main()
