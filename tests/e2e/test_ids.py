"""What a person pastes when a command asks for a message: ids, digests, header lines, whole or shortened."""

import json

import gateway
import wire
from gateway import RECIPIENT, GatewayTest

COPIES = 12
REPEATED = b"Subject: the same again\r\n\r\nx\r\n"
ONCE = b"Subject: only once\r\n\r\ny\r\n"


def shortened(text, others):
    """The shortest beginning, of six digits or more, that no other one has."""
    return next(text[:n] for n in range(6, len(text) + 1) if not any(other.startswith(text[:n]) for other in others))


class Ids(GatewayTest):
    def setUp(self):
        super().setUp()
        self.g = self.gateway()
        with wire.Smtp(self.g.smtp) as smtp:
            for octets in [*[REPEATED] * COPIES, ONCE]:
                smtp.deliver(RECIPIENT, octets, sender=b"town@example.org")
        self.once, *self.copies = self.g.list()

    def found(self, *words):
        return json.loads(self.g.command("show", "--json", *words))["id"]

    def failure(self, *words):
        done = self.g.command(*words, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        return done.stderr.decode().splitlines()

    def test_one_message_in_all_the_ways_to_say_it(self):
        wanted, digest = self.once["id"], self.once["digest"]
        short = shortened(wanted, [copy["id"] for copy in self.copies])
        bare = wanted.replace("-", "")
        short_bare = shortened(bare, [copy["id"].replace("-", "") for copy in self.copies])
        digits = digest.removeprefix("sha256:")
        for text in (wanted, bare, bare.upper(), short, short_bare, digest, digits, digits[:12], f" <{wanted}> \r\n",
                     f"X-Guichet-Id: {wanted}", f"x-guichet-id:{short}", f"X-Guichet-Digest: {digest}\r\n"):
            with self.subTest(text):
                self.assertEqual(self.found(text), wanted)
                self.assertEqual(self.g.raw(text), ONCE)

    def test_each_field_that_was_collected_names_its_message(self):
        forms = wire.everything(self.g.pop3).values()
        lines = [line.decode() for form in forms for line in form.split(b"\r\n") if line.startswith(b"X-Guichet-Id:")]
        self.assertEqual([self.found(line) for line in lines], [m["id"] for m in [*self.copies[::-1], self.once]])

    def test_an_ambiguous_one_lists_the_candidates(self):
        for words in (["show"], ["raw"], ["erase", "--reason", "x", "--yes"]):
            with self.subTest(words):
                *candidates, last = self.failure(*words, self.copies[0]["digest"])
                self.assertEqual(len(candidates), 10, "twelve would be a page")
                known = {copy["id"]: copy for copy in self.copies}
                for line in candidates:
                    name, at, sender = line.split("  ")
                    self.assertEqual(at, known.pop(name)["received"][:19] + "Z")
                    self.assertEqual(sender, "<town@example.org>")
                self.assertIn("begins more than one message: these and more", last)
        self.assertEqual(len(self.g.list()), COPIES + 1)
        self.assertEqual(self.g.raw(self.copies[0]["id"]), REPEATED, "nothing was erased")

    def test_the_same_message_said_twice_is_one(self):
        out = self.g.command("hold", self.once["id"], "X-Guichet-Digest: " + self.once["digest"], "--reason", "appeal")
        self.assertEqual(out.decode().count("is held"), 1)

    def test_erase_takes_the_line_of_a_digest(self):
        line = "X-Guichet-Digest: " + self.copies[0]["digest"]
        self.g.command("erase", "--digest", line, "--reason", "article 17", "--yes")
        self.assertEqual([m["id"] for m in self.g.list() if "erased" not in m], [self.once["id"]])
        self.assertIn("64 hexadecimal digits",
                      self.failure("erase", "--digest", self.once["digest"][:20], "--reason", "x", "--yes")[0])

    def test_what_is_none(self):
        self.assertIn("is too short", self.failure("show", self.once["id"][:5])[0])
        self.assertIn("neither a message id nor a digest", self.failure("show", "Message-ID: <1@town.example>")[0])
        self.assertIn("no message has", self.failure("show", "00000000")[0])


if __name__ == "__main__":
    gateway.main()
