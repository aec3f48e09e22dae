"""What an operator does to messages: requeue, hold, erase. With a gateway running, and without one."""

import json

import gateway
import wire
from gateway import RECIPIENT, GatewayTest

SECRET = b"From: Jeanne Citoyenne <jeanne@private.example>\r\nSubject: my case\r\n\r\nThe number is 0612345678.\r\n"
SENDER = b"jeanne@private.example"


def everything_on_disk(store):
    """All octets in the folder, whatever file they are in."""
    return b"".join(path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file())


class Acts(GatewayTest):
    def filled(self, bodies=(SECRET,)):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            for body in bodies:
                smtp.deliver(RECIPIENT, body, sender=SENDER if body == SECRET else b"town@example.org")
        return g

    def ids(self, g):
        """Oldest first."""
        return [message["id"] for message in reversed(g.list())]

    def collect(self, g):
        """As the poller does: retrieves and deletes all; their UIDs."""
        with wire.Pop(g.pop3) as pop:
            uids = pop.uids()
            for number in range(1, len(uids) + 1):
                pop.retr(number)
                pop.expect(b"DELE %d" % number)
            pop.quit()
        return uids

    # --- List ---

    def listed(self, g, *words):
        """The IDs that a narrowed list names, oldest first."""
        return [message["id"] for message in reversed(json.loads(g.command("list", "--json", *words)))]

    def test_a_list_is_narrowed_by_whom_and_when_and_what_became_of_it(self):
        g = self.filled([SECRET])
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(b"foi+request-77@example.test", b"Subject: 2\r\n\r\n\r\n", sender=b"Clerk@Town.example")
        first, second = self.ids(g)
        for words, wanted in ((["--sender", "town.EXAMPLE"], [second]), (["--sender", "jeanne@"], [first]),
                              (["--sender", "nobody"], []), (["--recipient", "request-77@"], [second]),
                              (["--limit", "1"], [second]), (["--limit", "1", "--sender", "jeanne"], [first]),
                              (["--state", "waiting"], [first, second]), (["--state", "handed_over"], []),
                              (["--state", "none"], [])):
            self.assertEqual(self.listed(g, *words), wanted, words)
        received = {message["id"]: message["received"] for message in g.list()}
        self.assertEqual(self.listed(g, "--since", received[second]), [second])
        self.assertEqual(self.listed(g, "--until", received[second]), [first], "its own moment is left out")
        self.assertEqual(g.command("list", "--sender", "nobody").count(b"\n"), 1, "the head alone")
        self.collect(g)
        self.assertEqual(self.listed(g, "--state", "handed_over", "--sender", "town"), [second])
        g.command("erase", first, "--reason", "article 17", "--yes")
        self.assertEqual(self.listed(g, "--state", "erased"), [first])
        self.assertEqual(self.listed(g, "--sender", "jeanne"), [])

    def test_a_list_from_a_time_that_is_none_is_a_mistake(self):
        g = self.filled()
        for words in (["--since", "yesterday"], ["--state", "lost"]):
            done = g.command("list", *words, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, b""), done.stderr)

    # --- Requeue ---

    def test_a_requeued_message_is_offered_again_under_a_new_uid(self):
        g = self.filled([SECRET, b"Subject: 2\r\n\r\n\r\n"])
        uids = self.collect(g)
        self.assertEqual(self.collect(g), [])
        out = g.command("requeue", self.ids(g)[0], "--reason", "lost", "--yes").decode()
        self.assertIn("1 wait to be collected", out)
        again = self.collect(g)
        self.assertEqual(len(again), 1)
        self.assertNotIn(again[0], uids)
        self.assertEqual(self.collect(g), [], "it is handed over for good")
        g.restart()
        self.assertEqual(self.collect(g), [])
        g.verify()
        g.stop()
        g.command("index", "rebuild")
        g.start()
        self.assertEqual(self.collect(g), [], "the same after a rebuild")

    def test_requeue_since_a_time_without_a_gateway(self):
        g = self.filled([SECRET, b"Subject: 2\r\n\r\n\r\n"])
        uids = self.collect(g)
        when = g.list()[0]["deliveries"][0]["handed_over_at"]
        g.stop()
        out = g.command("requeue", "--handed-over-since", when, "--maildrop", "nobody", "--reason", "x", "--yes")
        self.assertIn(b"0 deliveries", out)
        g.command("requeue", "--handed-over-since", when[:10], "--reason", "rolled back", "--yes")
        g.start()
        again = self.collect(g)
        self.assertEqual(len(again), len(uids))
        self.assertFalse(set(again) & set(uids))
        g.verify()

    def test_nothing_is_done_without_a_yes(self):
        g = self.filled()
        self.collect(g)
        done = g.command("requeue", self.ids(g)[0], "--reason", "x", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--yes", done.stderr)
        self.assertEqual(self.collect(g), [])

    # --- Erase ---

    def assert_gone(self, g, *texts):
        octets = everything_on_disk(g.store)
        for text in texts:
            self.assertFalse(text in octets, f"{text} is still there")

    def test_an_erased_message_leaves_no_trace_of_anybody(self):
        g = self.filled([SECRET, b"Subject: other\r\n\r\nstays\r\n"])
        secret, other = self.ids(g)
        self.collect(g)
        g.command("erase", secret, "--reason", "article 17", "--yes")
        self.assert_gone(g, b"0612345678", b"private.example", b"my case")
        g.verify()
        shown = json.loads(g.command("show", "--json", secret))
        self.assertEqual(shown["erased"]["reason"], "article 17")
        self.assertEqual(shown["deliveries"][0]["state"], "erased")
        self.assertIn(b"(erased)", g.command("list"))
        self.assertEqual(g.command("raw", secret, check=False).returncode, 1)
        self.assertEqual(g.raw(other), b"Subject: other\r\n\r\nstays\r\n")

    def test_it_stays_erased_through_restart_and_rebuild(self):
        g = self.filled([SECRET, b"Subject: other\r\n\r\nstays\r\n"])
        secret, other = self.ids(g)
        g.command("erase", secret, "--reason", "article 17", "--yes")
        before = g.list()
        g.restart()
        self.assertEqual(g.list(), before)
        g.stop()
        g.command("index", "rebuild")
        self.assertEqual(g.list(), before)
        g.verify()
        g.start()
        self.assertEqual([form for form in wire.everything(g.pop3).values() if b"0612345678" in form], [])
        self.assertEqual(len(wire.everything(g.pop3)), 1)
        self.assert_gone(g, b"0612345678", b"private.example")

    def test_a_sealed_volume_without_a_gateway(self):
        g = self.filled()
        secret = self.ids(g)[0]
        g.stop()
        g.command("erase", secret, "--reason", "x", "--yes")
        self.assert_gone(g, b"0612345678", b"private.example")
        for volume in (g.store / "volumes").glob("*.warc"):
            self.assertEqual(volume.stat().st_mode & 0o222, 0, f"{volume} is read-only again")
        g.verify()
        g.start()

    def test_octets_that_another_message_has_stay_until_both_go(self):
        g = self.filled([SECRET, SECRET])
        first, second = self.ids(g)
        out = g.command("erase", first, "--reason", "x", "--yes").decode()
        self.assertIn(second, out)
        self.assertEqual(g.raw(second), SECRET)
        g.verify()
        digest = g.list()[0]["digest"]
        g.command("erase", "--digest", digest, "--reason", "x", "--yes")
        self.assert_gone(g, b"0612345678", b"private.example")
        g.verify()

    def test_the_same_octets_may_come_again(self):
        g = self.filled()
        g.command("erase", self.ids(g)[0], "--reason", "x", "--yes")
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, SECRET)
        self.assertEqual(g.raw(self.ids(g)[1]), SECRET)
        g.verify()
        g.restart()
        self.assertEqual(g.raw(self.ids(g)[1]), SECRET)
        g.verify()

    def test_a_held_message_is_not_erased(self):
        g = self.filled()
        secret = self.ids(g)[0]
        g.command("hold", secret, "--reason", "appeal")
        done = g.command("erase", secret, "--reason", "x", "--yes", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"held", done.stderr)
        self.assertEqual(g.raw(secret), SECRET)
        g.restart()
        self.assertEqual(g.command("erase", secret, "--reason", "x", "--yes", check=False).returncode, 1)
        g.command("release", secret, "--reason", "closed")
        g.command("erase", secret, "--reason", "x", "--yes")
        self.assert_gone(g, b"0612345678")

    def test_a_dry_run_changes_nothing(self):
        g = self.filled()
        secret = self.ids(g)[0]
        report = json.loads(g.command("erase", secret, "--reason", "x", "--dry-run", "--json"))
        self.assertEqual(report["erased"], [secret])
        self.assertEqual(g.raw(secret), SECRET)
        self.assertFalse((g.store / "erasures.jsonl").exists())

    def test_blank_octets_that_nobody_erased_are_damage(self):
        g = self.filled()
        g.stop()
        volume = next((g.store / "volumes").glob("*.warc"))
        octets = volume.read_bytes()
        at = octets.index(SECRET)
        volume.chmod(0o640)
        volume.write_bytes(octets[:at] + b" " * len(SECRET) + octets[at + len(SECRET):])
        volume.chmod(0o440)
        done = g.command("verify", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no erasure says so", done.stdout)

    def test_an_erasure_of_the_journal_is_done_again_in_volumes_from_before_it(self):
        g = self.filled([SECRET, b"Subject: other\r\n\r\nstays\r\n"])
        g.stop()
        before = {path.name: path.read_bytes() for path in (g.store / "volumes").glob("*.warc")}
        g.command("erase", self.ids(g)[0], "--reason", "article 17", "--yes")
        # As a restore would: volumes of then, the journal of now, no mark of what was done.
        for path in (g.store / "volumes").iterdir():
            path.unlink()
        for name, octets in before.items():
            (g.store / "volumes" / name).write_bytes(octets)
            (g.store / "volumes" / name).chmod(0o440)
        (g.store / "erasures.done").unlink()
        g.start()
        self.assert_gone(g, b"0612345678", b"private.example")
        self.assertEqual(len(wire.everything(g.pop3)), 1)
        g.verify()


if __name__ == "__main__":
    gateway.main()
