"""Who is written to: the classes of recipients, what a site's policy makes of them, and where they go."""

import json

import gateway
import wire
from gateway import GatewayTest

SECRET = "xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx"   # Alaveteli's specs publish it, and these two hashes
GENUINE = "foi+request-14-e0e09f97@example.test"
OTHER_GENUINE = "foi+request-101-50929748@example.test"
REPAIRABLE = "foi+request-14-e0e09f9@example.test"
PREFIX = "foi@example.test"
BODY = b"Subject: x\r\n\r\nbody\r\n"


class Recipients(GatewayTest):
    def with_site(self, *lines, more=(), **settings):
        """A site with a secret, people's aliases and a black hole; `lines` are the [[site]]'s, `more` comes behind."""
        (self.folder / "secret").write_text(SECRET + "\n")
        (self.folder / "password").write_text("secret\n")
        config = self.folder / "guichet.toml"
        config.write_text("\n".join([
            "[smtpd]", 'hostname = "mx.example.test"',
            "[[site]]", 'domain = "example.test"', 'prefix = "foi+"', 'maildrop = "foi"',
            f'secret_file = "{self.folder}/secret"', *lines,
            "[[route]]", 'recipients = ["team@example.test"]', 'maildrop = "people"',
            "[[route]]", 'recipients = ["do-not-reply@example.test"]', 'maildrop = ""',
            *more,
            "[[maildrop]]", 'name = "foi"', f'password_file = "{self.folder}/password"',
            "[[maildrop]]", 'name = "people"', f'password_file = "{self.folder}/password"', ""]))
        return self.gateway(settings, config=config)

    def answers(self, g, *recipients, **how):
        with wire.Smtp(g.smtp, **how) as smtp:
            smtp.expect(250, b"MAIL FROM:<a@town.example>")
            return [smtp.command(b"RCPT TO:<" + each.encode() + b">") for each in recipients]

    def codes(self, g, *recipients, **how):
        return [code for code, _ in self.answers(g, *recipients, **how)]


class Classes(Recipients):
    def test_the_class_is_recorded_with_the_message_and_shown(self):
        g = self.with_site()
        recipients = [GENUINE, REPAIRABLE, PREFIX, "team@example.test", "do-not-reply@example.test", "postmaster"]
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(recipients, BODY)
        (message,) = g.list()
        expected = ["GENUINE", "REPAIRABLE", "PREFIX", "LOCAL", "LOCAL", "LOCAL"]
        self.assertEqual(message["envelope"]["recipient_classes"], expected)
        classes = {d["recipient"]: d["class"] for d in message["deliveries"]}
        self.assertEqual(classes, dict(zip(recipients[:-1] + ["postmaster@example.test"], expected)))
        self.assertIn("  class          REPAIRABLE", g.command("show", message["id"]).decode())
        shown = json.loads(g.command("show", message["id"], "--json"))
        self.assertEqual(shown["envelope"]["recipient_classes"], expected)
        g.verify()

    def test_one_session_does_not_lend_its_classes_to_the_next_message(self):
        g = self.with_site()
        with wire.Smtp(g.smtp) as smtp:
            smtp.envelope([REPAIRABLE, PREFIX])
            smtp.expect(250, b"RSET")
            smtp.deliver([PREFIX, GENUINE, PREFIX], BODY)
        (message,) = g.list()
        self.assertEqual(message["envelope"]["recipient_classes"], ["PREFIX", "GENUINE"])

    def test_what_is_imported_has_no_class(self):
        g = self.with_site()
        folder = self.folder / "maildir"
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
        (folder / "new" / "1").write_bytes(b"To: " + GENUINE.encode() + b"\nSubject: x\n\nbody\n")
        g.command("import", "maildir", str(folder), "--maildrop", "foi")
        (message,) = g.list()
        self.assertNotIn("recipient_classes", message["envelope"])
        self.assertNotIn("class", message["deliveries"][0])
        g.command("show", message["id"])


class Policies(Recipients):
    def test_prefix_takes_what_postfix_takes(self):
        g = self.with_site()
        self.assertEqual(self.codes(g, GENUINE, REPAIRABLE, PREFIX, "FOI+anything@EXAMPLE.test", "foibles@example.test"),
                         [250] * 5)
        self.assertEqual(self.codes(g, "someone@example.test", "foi@elsewhere.test"), [550, 550])

    def test_strict_says_what_is_wrong_with_the_address(self):
        g = self.with_site('recipients = "strict"')
        genuine, repairable, prefix, local = self.answers(g, GENUINE, REPAIRABLE, PREFIX, "team@example.test")
        self.assertEqual([genuine[0], local[0]], [250, 250])
        for code, text in (repairable, prefix):
            self.assertEqual(code, 550)
            self.assertIn("please copy the whole address from the page of the request", text)
        self.assertIn("5.1.1 <" + REPAIRABLE + ">: the last part of this address does not match request 14",
                      repairable[1])
        self.assertIn("foi+request-NUMBER-CODE@example.test", prefix[1])

    def test_several_sites_each_with_its_own_policy_and_maildrop(self):
        (self.folder / "other-secret").write_text("dummysecret\n")
        g = self.with_site('recipients = "strict"', more=[
            "[[site]]", 'domain = "example.test"', 'prefix = "foi-staging+"', 'maildrop = "people"',
            f'secret_file = "{self.folder}/other-secret"',
            "[[site]]", 'domain = "other.test"', 'prefix = "dada+"', 'maildrop = "people"'])
        self.assertEqual(self.codes(g, PREFIX, "foi-staging+x@example.test", "dada+x@other.test", "foi+x@other.test"),
                         [550, 250, 250, 550])
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver([GENUINE, "foi-staging+request-14-e77766da@example.test", "dada+x@other.test"], BODY)
        (message,) = g.list()
        self.assertEqual([(d["maildrop"], d["class"]) for d in message["deliveries"]],
                         [("foi", "GENUINE"), ("people", "GENUINE"), ("people", "PREFIX")])
        self.assertEqual(len(wire.everything(g.pop3)), 1)
        self.assertEqual(len(wire.everything(g.pop3, user="people")), 2)


if __name__ == "__main__":
    gateway.main()
