"""Restore, and restore --merge, of a store with a quarantine: what was decided stays so, the rest can be decided on."""

import json
import shutil
import socket

import gateway
import wire
from gateway import RECIPIENT
from restoring import RestoreTest, mail, next_moment, rfc3339, without_offers


class OfAQuarantine(RestoreTest):
    """Four letters that a rule put in quarantine, of which one stays there; two ordinary ones."""

    RULE = '\n[[rule]]\nname = "crook"\naction = "quarantine"\nsender_domains = ["crook.example"]\n'
    FORGED = ("held", "released", "collected", "discarded")

    def judging(self, settings=None):
        shutil.copy(gateway.ROOT / "conf/development-password", self.folder)
        config = self.folder / "guichet.toml"
        config.write_text((gateway.ROOT / "conf/guichet.toml").read_text() + self.RULE)
        return self.gateway({"filters.parts": True, **(settings or {})}, config=config)

    def other(self, name, store=None, settings=None):
        made = super().other(name, store, {"filters.parts": True, **(settings or {})})
        made.config = self.folder / "guichet.toml"   # the same rule
        return made

    def receive(self, g, name, sender):
        """One recipient's letter, judged; its message ID."""
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver([RECIPIENT], mail(name), sender)

        def judged():
            delivered = [entry["id"] for entry in g.list() if entry["deliveries"]]
            return next((message for message in delivered if g.raw(message) == mail(name)), None)

        return gateway.eventually(judged, f"{name} is judged")

    def forged(self, g, name):
        return self.receive(g, name, b"clerk@crook.example")

    def decide(self, g, what, message):
        return g.command("quarantine", what, message, "--reason", "looked at", "--yes")

    def quarantine(self):
        """A gateway that has all of them, and {name: message ID}."""
        g = self.judging()
        ids = {name: self.forged(g, name) for name in self.FORGED}
        ids["ordinary"] = self.receive(g, "ordinary", b"clerk@mairie.example")
        self.decide(g, "release", ids["collected"])
        self.assertEqual(len(self.hand_over(g, 9)), 2)
        self.decide(g, "release", ids["released"])
        self.decide(g, "discard", ids["discarded"])
        ids["waits"] = self.receive(g, "waits", b"clerk@mairie.example")
        self.assertEqual(self.held(g), {ids["held"]})
        self.assertEqual(self.named(wire.everything(g.pop3)), ["released", "waits"])
        return g, ids

    def rows(self, g):
        return json.loads(g.command("quarantine", "list", "--json"))

    def held(self, g):
        return {row["message"] for row in self.rows(g)}

    @staticmethod
    def named(waiting):
        """The names of the letters in a maildrop."""
        return sorted(form.rpartition(b"body of ")[2].strip().decode() for form in waiting.values())

    def history(self, h, ids):
        """What the list says of those letters, but for who looked into the maildrop."""
        return without_offers([entry for entry in h.list() if entry["id"] in ids.values()])

    def decide_the_rest(self, h, ids, waiting):
        """What is still held is released, and comes; what was discarded does not, nor is anything held once more."""
        for decision in ("release", "discard"):
            refused = h.command("quarantine", decision, ids["discarded"], "--reason", "late", "--yes", check=False)
            self.assertIn(b"is not in quarantine", refused.stderr)
        self.decide(h, "release", ids["held"])
        left = wire.everything(h.pop3)
        self.assertEqual({uid: left[uid] for uid in waiting}, waiting)
        self.assertEqual(self.named(left), sorted([*self.named(waiting), "held"]))
        self.stays_decided(h, ids, left)
        for again in (h.restart, lambda: (h.kill9(), h.start()), lambda: h.command("index", "rebuild")):
            again()
            self.stays_decided(h, ids, left)
        self.hand_over(h, len(left))
        h.restart()
        self.stays_decided(h, ids, {})
        h.stop()

    def stays_decided(self, h, ids, waiting):
        self.assertEqual(wire.everything(h.pop3), waiting)
        self.assertFalse(self.held(h) & set(ids.values()))
        self.assertEqual(h.raw(ids["discarded"]), mail("discarded"), "the archive keeps it")
        self.assertIn("1 black-holed", h.verify())

    def test_into_a_folder(self):
        g, ids = self.quarantine()
        rows, waiting, listed = self.rows(g), wire.everything(g.pop3), g.list()
        g.stop()
        said = self.restore("--from", g.store, self.folder / "there")
        self.assertIn("6 messages", said)
        h = self.same_as(g, self.folder / "there", listed, waiting)
        self.assertEqual(self.rows(h), rows)
        h.start()
        self.decide_the_rest(h, ids, waiting)

    def test_as_of_a_moment_before_the_decisions(self):
        g = self.judging()
        ids = {name: self.forged(g, name) for name in self.FORGED}
        moment, rows, listed = next_moment(), self.rows(g), g.list()
        for name in ("held", "released"):
            self.decide(g, "release", ids[name])
        self.decide(g, "discard", ids["collected"])
        self.hand_over(g, 1)
        self.restore("--from", self.copy(g), "--at", rfc3339(moment), self.folder / "there")
        h = self.same_as(g, self.folder / "there", listed, {})
        self.assertEqual(self.rows(h), rows)
        self.assertEqual(self.held(h), set(ids.values()))
        h.start()
        for name in ("collected", "released"):
            self.decide(h, "release", ids[name])
        self.decide(h, "discard", ids["discarded"])
        self.decide_the_rest(h, ids, wire.everything(h.pop3))

    def test_merged_into_a_store_that_has_received_since(self):
        g, ids = self.quarantine()
        rows, waiting, before = self.rows(g), wire.everything(g.pop3), self.history(g, ids)
        g.stop()
        h = self.other("new").start()
        self.receive(h, "since", b"clerk@mairie.example")
        own = self.forged(h, "held since")
        beside, own_rows = wire.everything(h.pop3), self.rows(h)
        self.assertIn("6 messages", self.merged(h, g.store))
        self.assertEqual(by_message(self.rows(h)), by_message(rows + own_rows))
        self.assertEqual(self.history(h, ids), before)
        self.assertEqual(wire.everything(h.pop3), waiting | beside)
        h.verify()
        self.decide_the_rest(h, ids, waiting | beside)
        h.start()
        self.assertIn("brought in 0 volumes", self.merged(h, g.store))
        self.assertEqual(self.held(h), {own}, "what was decided here is not undone by the same history")
        self.stays_decided(h, ids, {})

    def unjudged(self):
        """A gateway that ended before it had judged two letters, as DNS said nothing; the ID of the bad one."""
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        resolver = "127.0.0.1:%d" % silent.getsockname()[1]
        g = self.judging({"filters.authentication": True, "resolver.servers": [resolver]})
        with wire.Smtp(g.smtp) as smtp:
            for name, sender in (("bad", b"clerk@crook.example"), ("good", b"clerk@mairie.example")):
                smtp.deliver([RECIPIENT], mail(name), sender)
        g.kill9()
        self.assertEqual([entry["deliveries"] for entry in g.list()], [[], []])
        return g, next(entry["id"] for entry in g.list() if g.raw(entry["id"]) == mail("bad"))

    def all_are_judged(self, h, bad, names, within_s=None):
        gateway.eventually(lambda: all(entry["deliveries"] for entry in h.list()), "all are judged", within_s)
        self.assertEqual(self.held(h), {bad})
        self.assertEqual(self.named(wire.everything(h.pop3)), names)
        self.assertTrue(all(len(entry["verdicts"]) == 1 for entry in h.list()))
        h.verify()

    def test_what_was_not_judged_is_judged_where_it_is_restored(self):
        g, bad = self.unjudged()
        self.restore("--from", g.store, self.folder / "there")
        self.all_are_judged(self.other("restored", store=self.folder / "there").start(), bad, ["good"])

    def test_what_was_not_judged_is_judged_where_it_is_merged(self):
        g, bad = self.unjudged()
        h = self.other("new").start()
        self.receive(h, "since", b"clerk@mairie.example")
        self.merged(h, g.store)
        self.all_are_judged(h, bad, ["good", "since"], within_s=60 + gateway.PATIENCE_S)   # it looks each minute


def by_message(rows):
    return sorted(rows, key=lambda row: row["message"])


if __name__ == "__main__":
    gateway.main()
