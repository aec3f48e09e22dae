"""Several certificates, chosen by name; and new ones taken up while sessions go on."""

import json
import os
import re
import signal
import ssl
import subprocess
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

    # --- guichet tls show ---

    def shown(self, g, *options, code=0):
        done = g.command("tls", "show", "--json", *options, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def issued(self, name):
        """A certificate for `name` by an authority of our own, good for 60 days; (cert with chain, key, authority)."""
        folder = Path(self.folder) / f"issued for {name}"
        folder.mkdir()
        authority, authority_key = folder / "ca.pem", folder / "ca.key"
        cert, key, request = folder / "cert.pem", folder / "key.pem", folder / "request"
        new_key = ["-newkey", "rsa:2048", "-nodes"]
        gateway.output_of("openssl", "req", "-x509", *new_key, "-subj", "/CN=Test Authority", "-days", "90",
                          "-keyout", authority_key, "-out", authority)
        gateway.output_of("openssl", "req", *new_key, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        names = folder / "names"
        names.write_text(f"subjectAltName=DNS:{name}\n")
        leaf = gateway.output_of("openssl", "x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key,
                                 "-CAcreateserial", "-days", "60", "-extfile", names)
        cert.write_text(leaf + authority.read_text())
        return cert, key, authority

    def key_digest(self, pem):
        """SHA-256 of the SubjectPublicKeyInfo, as openssl computes it."""
        public = gateway.output_of("openssl", "x509", "-in", pem, "-noout", "-pubkey")
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public.encode(), check=True,
                             capture_output=True).stdout
        text = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, check=True, capture_output=True).stdout
        return text.split()[0].decode()

    def test_records_for_dns(self):
        self.cert, self.key, authority = self.issued("mx.first.test")
        g = self.secured(**{"smtpd.hostname": "mx.first.test"})
        page = self.shown(g)
        (one,) = page["certificates"]
        self.assertEqual(one["tlsa"], [
            {"name": "_25._tcp.mx.first.test.", "type": "TLSA", "data": f"3 1 1 {self.key_digest(self.cert)}"},
            {"name": "_25._tcp.mx.first.test.", "type": "TLSA", "data": f"2 1 1 {self.key_digest(authority)}"}])
        self.assertEqual((one["names"], one["self_signed"]), (["mx.first.test"], False))
        self.assertIn(one["days_left"], (59, 60))
        (domain,) = page["domains"]
        self.assertEqual(domain["domain"], "example.test")
        self.assertEqual(domain["policy"], "version: STSv1\r\nmode: testing\r\nmx: mx.first.test\r\nmax_age: 604800\r\n")
        self.assertRegex(domain["mta_sts"]["data"], r"^v=STSv1; id=[0-9a-f]{32};$")
        self.assertEqual(domain["tlsrpt"]["data"], "v=TLSRPTv1; rua=mailto:postmaster@example.test")
        enforce = self.shown(g, "--enforce", "--reports-to", "tls@example.test")["domains"][0]
        self.assertIn("mode: enforce\r\n", enforce["policy"])
        self.assertNotEqual(enforce["mta_sts"]["data"], domain["mta_sts"]["data"])
        self.assertIn("mailto:tls@example.test", enforce["tlsrpt"]["data"])
        text = g.command("tls", "show").decode()
        for record in one["tlsa"] + [domain["mta_sts"], domain["tlsrpt"]]:
            self.assertIn(record["name"] + " IN " + record["type"], text)
            self.assertIn(record["data"], text)

    def test_each_mail_server_has_its_own_record(self):
        other, other_key, _ = self.issued("mx.other.test")
        self.cert, self.key, _ = self.issued("mx.first.test")
        g = self.secured(certificate=[{"cert": other, "key": other_key}], **{"smtpd.hostname": "mx.first.test"})
        first, second = self.shown(g)["certificates"]
        self.assertEqual({record["name"] for record in first["tlsa"]}, {"_25._tcp.mx.first.test."})
        self.assertEqual({record["name"] for record in second["tlsa"]}, {"_25._tcp.mx.other.test."})

    def test_what_needs_doing(self):
        self.cert, self.key = certificate(self.folder, "elsewhere.test")   # for two days
        g = self.secured()
        problems = " ".join(self.shown(g, code=1)["problems"])
        self.assertRegex(problems, r"expires on \d{4}-\d\d-\d\d")
        self.assertIn("does not name smtpd.hostname, first.test", problems)
        status = json.loads(g.command("status", "--json", check=False).stdout)
        self.assertIn("does not name smtpd.hostname", " ".join(status["problems"]))
        self.assertIn(status["certificate_days_left"], (1, 2))
        self.cert.write_text("nothing")
        self.assertIn(str(self.cert), " ".join(self.shown(g, code=1)["problems"]))
        bare = gateway.Gateway(self.folder)
        self.assertIn("smtpd.tls_cert", " ".join(self.shown(bare, code=1)["problems"]))


if __name__ == "__main__":
    gateway.main()
