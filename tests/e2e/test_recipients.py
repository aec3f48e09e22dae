"""Who is written to: the classes of recipients, what a site's policy makes of them, and where they go."""

import json
import shutil
import subprocess
import unittest

import gateway
import wire
from gateway import GatewayTest, eventually

SECRET = "xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx"   # Alaveteli's specs publish it, and these two hashes
GENUINE = "foi+request-14-e0e09f97@example.test"
OTHER_GENUINE = "foi+request-101-50929748@example.test"
REPAIRABLE = "foi+request-14-e0e09f9@example.test"
PREFIX = "foi@example.test"
POSTMAP = "/usr/sbin/postmap"
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

    def ask(self, g, address):
        return json.loads(g.command("recipient", address, "--json"))

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

    @unittest.skipUnless(shutil.which(POSTMAP), "Postfix is not installed")
    def test_prefix_takes_all_that_postfix_takes_by_its_regexp(self):
        """As Alaveteli's documentation sets local_recipient_maps; asked of Postfix itself."""
        (self.folder / "main.cf").touch()
        (self.folder / "recipients").write_text("/^foi.*/\tthis\n/^postmaster@/\tthis\n")
        starts = ["foi", "FOI", "Foi+", "foi+request-", "foi-", "foibles", "fo", "xfoi", "foi+request-14-e0e09f9", "postmaster",
                  "request-14", "f.oi", "foi.request-", "foi_", "foi=", "foi+request-14-e0e09f97", "foi+a+b", "someone"]
        addresses = [f"{start}{end}@{domain}" for start in starts for end in ("", "x", "14", "-")
                     for domain in ("example.test", "EXAMPLE.test")]
        asked = subprocess.run([POSTMAP, "-c", self.folder, "-q", "-", f"regexp:{self.folder}/recipients"],
                               input="\n".join(addresses), capture_output=True, text=True, check=False)
        taken = [line.split("\t")[0] for line in asked.stdout.splitlines()]
        self.assertGreater(len(taken), 50, asked.stderr)
        self.assertLess(len(taken), len(addresses) - 20)
        g = self.with_site(**{"smtpd.recipients_max": 1000})
        self.assertEqual(self.codes(g, *taken), [250] * len(taken))

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

    def test_closed_requests_are_refused_and_the_list_is_read_again_when_it_changes(self):
        rejected = self.folder / "recipient-reject"
        rejected.write_text(GENUINE + " REJECT\n")                         # as for Postfix
        g = self.with_site(f'reject_list = "{rejected}"')
        (code, text), (other, _) = self.answers(g, GENUINE.upper(), OTHER_GENUINE)
        self.assertEqual((code, other), (550, 250))
        self.assertIn("this request takes no more messages", text)
        self.assertIn("postmaster@example.test", text)
        rejected.write_text(OTHER_GENUINE + "\n")                          # as for Exim, in place
        eventually(lambda: self.codes(g, GENUINE, OTHER_GENUINE) == [250, 550], "the other list")
        replaced = self.folder / "new"
        replaced.write_text(GENUINE + " REJECT\n")
        replaced.rename(rejected)
        eventually(lambda: self.codes(g, GENUINE, OTHER_GENUINE) == [550, 250], "the file that took its place")
        rejected.unlink()
        eventually(lambda: "cannot be read" in g.log(), "an alarm")
        self.assertEqual(self.codes(g, GENUINE, OTHER_GENUINE), [550, 250], "the last good one stays")
        rejected.write_text("")
        eventually(lambda: self.codes(g, GENUINE, OTHER_GENUINE) == [250, 250], "nobody is listed any more")

    def test_without_its_reject_list_a_gateway_starts_and_takes_mail(self):
        g = self.with_site('reject_list = "/nowhere/recipient-reject"')
        self.assertIn("the reject list /nowhere/recipient-reject cannot be read", g.log())
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(GENUINE, BODY)
        self.assertIn("! the reject list /nowhere/recipient-reject", g.command("status", check=False).stdout.decode())

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


class Asked(Recipients):
    """`guichet recipient` says what RCPT would say, whether a gateway runs or not."""

    def test_each_class_and_why(self):
        rejected = self.folder / "recipient-reject"
        rejected.write_text(OTHER_GENUINE + " REJECT\n")
        g = self.with_site('recipients = "strict"', f'reject_list = "{rejected}"')
        for address, name, maildrop, words in [
                (GENUINE, "GENUINE", "foi", "the hash is that of request 14"),
                (REPAIRABLE, "REPAIRABLE", None, f"that of request 14 is {GENUINE}"),
                (PREFIX, "PREFIX", None, "it begins with foi, and that is all"),
                (OTHER_GENUINE, "LISTED", None, "a reject list"),
                ("team@example.test", "LOCAL", "people", "a [[route]] names it: team@example.test"),
                ("do-not-reply@example.test", "LOCAL", None, "a [[route]] names it"),
                ("postmaster", "LOCAL", "foi", "postmaster is always taken"),
                ("someone@example.test", "UNKNOWN", None, "has a prefix"),
                ("foi@elsewhere.test", "UNKNOWN", None, "no [[site]] has this domain"),
                ("a b", "UNKNOWN", None, "cannot be read")]:
            said = self.ask(g, address)
            self.assertEqual((said["address"], said["class"], said["maildrop"]), (address, name, maildrop))
            self.assertIn(words, said["why"])
            if address == "a b":
                continue
            code, text = self.answers(g, address)[0]
            self.assertEqual((said["code"], f"{said['enhanced']} {said['text']}"), (code, text))
            self.assertEqual(said["accepted"], code == 250)
        self.assertTrue(self.ask(g, "do-not-reply@example.test")["black_hole"])
        g.stop()
        said = self.ask(g, GENUINE)
        self.assertEqual((said["class"], said["request"], said["site"], said["policy"], said["code"]),
                         ("GENUINE", 14, "foi+@example.test", "strict", 250))

    def test_as_text(self):
        g = self.with_site()
        said = g.command("recipient", REPAIRABLE).decode()
        self.assertIn(f"address     {REPAIRABLE}\nclass       REPAIRABLE\n", said)
        self.assertIn("\nmaildrop    foi\nanswer      250 2.1.5 Ok\n", said)
        said = g.command("recipient", "\x1b[31m@example.test").decode()
        self.assertNotIn("\x1b", said)
        self.assertIn("class       UNKNOWN\n", said)

    def test_soft_refuse_is_told_too(self):
        g = self.with_site('recipients = "strict"', **{"smtpd.soft_refuse": True})
        self.assertEqual((self.ask(g, PREFIX)["code"], self.codes(g, PREFIX)), (450, [450]))

    def test_without_a_secret_it_says_so(self):
        g = self.gateway()
        said = self.ask(g, GENUINE)
        self.assertEqual((said["class"], said["accepted"], said["request"]), ("PREFIX", True, None))
        self.assertIn("without secret_file", said["why"])


class Guesses(Recipients):
    settings = {"smtpd.trusted_networks": [], "smtpd.guesses_max": 5}

    def test_guesses_are_put_off_and_genuine_addresses_are_not(self):
        g = self.with_site(**self.settings)
        tried = [REPAIRABLE, "someone@example.test", "foi@elsewhere.test", REPAIRABLE, REPAIRABLE]
        self.assertEqual(self.codes(g, *tried), [250, 550, 550, 250, 250])
        for code, text in self.answers(g, REPAIRABLE, "someone@example.test"):
            self.assertEqual(code, 450)
            self.assertIn("4.7.1", text)
        self.assertEqual(self.codes(g, GENUINE, PREFIX, "team@example.test", "postmaster"), [250] * 4)
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(GENUINE, BODY)
        counters = json.loads(g.command("status", "--json", check=False).stdout)["counters"]
        self.assertEqual(counters["smtp.refused.too_many_guesses"], 2)

    def test_each_client_for_itself(self):
        g = self.with_site(**self.settings)
        self.assertEqual(self.codes(g, *[REPAIRABLE] * 6), [250] * 5 + [450])
        self.assertEqual(self.codes(g, REPAIRABLE, source="127.0.0.2"), [250])

    def test_trusted_networks_are_exempt(self):
        g = self.with_site(**{**self.settings, "smtpd.trusted_networks": ["127.0.0.2/32"]})
        self.assertEqual(self.codes(g, *[REPAIRABLE] * 9, source="127.0.0.2"), [250] * 9)
        self.assertEqual(self.codes(g, *[REPAIRABLE] * 6), [250] * 5 + [450])


if __name__ == "__main__":
    gateway.main()
