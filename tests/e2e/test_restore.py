"""Restore: to a minute, into an empty folder, beside a store that is receiving, and only to look."""

import json
import os
import shutil
import subprocess
import threading
import time
import unittest

import gateway
import snapshots
import warc
import wire
from gateway import BINARY
from restoring import RestoreTest, mail, next_moment, rfc3339, without_offers, without_reading


class IntoAFolder(RestoreTest):
    def test_the_same_maildrops_uids_and_states(self):
        g = self.filled()
        waiting, listed = wire.everything(g.pop3), g.list()
        said = self.restore("--from", self.copy(g), self.folder / "there")
        self.assertIn("12 messages", said)
        self.assertIn("21 waiting, 3 handed over", said)
        self.assertIn("verified", said)
        self.same_as(g, self.folder / "there", listed, waiting)

    def test_as_of_several_moments(self):
        """Between messages, between a hand-over and the next message, before everything, after everything."""
        g = self.gateway()
        moments = [(next_moment(), [], {})]
        for step in range(4):
            self.send(g, [f"s{step}-{n}" for n in range(3)], b"x" * 9000 + b"\r\n")
            moments.append((next_moment(), g.list(), wire.everything(g.pop3)))
            self.hand_over(g, 2)
            moments.append((next_moment(), g.list(), wire.everything(g.pop3)))
            if step == 1:
                g.restart()   # seals a volume, and begins another
        copy = self.copy(g)
        self.assertGreater(len(list((copy / "volumes").iterdir())), 1)
        for number, (moment, listed, waiting) in enumerate(moments):
            with self.subTest(number):
                folder = self.folder / f"at{number}"
                self.restore("--from", copy, "--at", rfc3339(moment), folder)
                self.same_as(g, folder, listed, waiting)

    def test_goes_on_from_there(self):
        g = self.filled()
        before = set(wire.everything(g.pop3))
        copy = self.copy(g)
        g.stop()
        self.restore("--from", copy, self.folder / "there")
        h = self.other("goes-on", store=self.folder / "there").start()
        self.send(h, ["new"])
        after = set(wire.everything(h.pop3))
        self.assertTrue(before < after)
        self.assertEqual(len(after), len(before) + 2)
        h.stop()
        h.verify()
        warc.read_store(h.store)

    def test_a_plain_copy_of_a_store_that_was_killed(self):
        g = self.filled()
        waiting, listed = wire.everything(g.pop3), g.list()
        g.kill9()
        self.restore("--from", g.store, self.folder / "there")
        self.same_as(g, self.folder / "there", listed, waiting)

    def test_refuses_a_folder_that_is_not_empty(self):
        g = self.filled()
        copy = self.copy(g)
        there = self.folder / "there"
        there.mkdir()
        (there / "letter").write_text("mine")
        self.assertIn("not empty", self.restore("--from", copy, there, code=1))
        self.assertEqual([path.name for path in there.iterdir()], ["letter"])

    def test_an_interrupted_one_is_closed_and_begins_anew(self):
        g = self.filled(count=40)
        waiting, listed = wire.everything(g.pop3), g.list()
        copy = self.copy(g)
        there = self.folder / "there"
        for delay in (0.0, 0.002, 0.005, 0.01, 0.02):
            process = subprocess.Popen([BINARY, "restore", "--from", copy, there], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(delay)   # anywhere in it
            process.kill()
            process.wait()
            if (there / "restoring").exists():
                h = self.other("closed", store=there)
                done = h.command("run", check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"has not come to its end", done.stderr)
                self.assertNotEqual(h.command("list", check=False).returncode, 0)
            elif (there / "format").exists():
                break
        else:
            self.restore("--from", copy, there)
        self.same_as(g, there, listed, waiting)

    def test_what_was_erased_since_stays_erased(self):
        g = self.gateway()
        self.send(g, ["stays", "goes"])
        moment = next_moment()
        goes = next(entry["id"] for entry in g.list() if g.raw(entry["id"]) == mail("goes"))
        g.command("erase", goes, "--reason", "asked for", "--yes")
        copy = self.copy(g)
        for number, words in enumerate(([], ["--at", rfc3339(moment)])):
            there = self.folder / f"there{number}"
            self.restore("--from", copy, *words, there)
            h = self.other(f"erased{number}", store=there)
            self.assertNotEqual(h.command("raw", goes, check=False).returncode, 0)
            for path in warc.volumes(there):
                self.assertNotIn(b"body of goes", path.read_bytes())
            h.verify()
            h.start()
            self.assertEqual(len(wire.everything(h.pop3)), 2)
            h.stop()

    def test_half_a_store_is_closed(self):
        g = self.filled()
        waiting, listed = wire.everything(g.pop3), g.list()
        copy, there = self.copy(g), self.folder / "there"
        (there / "volumes").mkdir(parents=True)
        (there / "format").write_text("guichet-store 1\n")
        (there / "restoring").write_text("")
        (there / "volumes/00000001.warc").write_bytes(warc.volumes(g.store)[0].read_bytes()[:5000])
        h = self.other("closed", store=there)
        for words in (["run"], ["list"], ["verify"], ["index", "rebuild"], ["restore", "--merge", "--from", copy]):
            done = h.command(*words, check=False)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(b"has not come to its end", done.stderr, words)
        self.restore("--from", copy, there)
        self.same_as(g, there, listed, waiting)

    def test_damage_is_named_and_the_folder_stays_closed(self):
        g = self.filled(count=20)
        self.send(g, ["large"], b"x" * 70000 + b"\r\n")
        self.send(g, ["after"])
        copy = self.copy(g)
        volume = sorted((copy / "volumes").iterdir())[0]
        octets = bytearray(volume.read_bytes())
        at = octets.index(b"body of m3")
        octets[at] ^= 1
        volume.chmod(0o640)
        volume.write_bytes(octets)
        there = self.folder / "there"
        said = self.restore("--from", copy, there, code=1)
        self.assertIn("damage: 00000001.warc at ", said)
        self.assertIn("DAMAGE", said)
        h = self.other("damaged", store=there)
        self.assertEqual(h.command("run", check=False).returncode, 1)
        self.restore("--from", copy, "--with-damage", there, code=1)
        self.assertEqual(len(h.list()), 22)

    def test_a_staged_part_with_a_gap_is_damage(self):
        g = self.gateway()
        stage = snapshots.Stage(g.store, self.folder / "copy")
        for name in ("a", "b", "c"):
            self.send(g, [name])
            stage.take()
        segments = sorted((stage.folder / "backup/active/00000001").iterdir())
        self.assertEqual(len(segments), 3)
        segments[1].unlink()
        said = self.restore("--from", stage.folder, self.folder / "there", code=1)
        self.assertIn("the staged part ends at", said)

    def test_joined_segments_beside_their_parts(self):
        g = self.gateway()
        stage = snapshots.Stage(g.store, self.folder / "copy")
        for name in ("a", "b", "c"):
            self.send(g, [name])
            stage.take()
        folder = stage.folder / "backup/active/00000001"
        first, second, third = sorted(folder.iterdir())
        (folder / f"{0:012}-{second.name[13:]}").write_bytes(first.read_bytes() + second.read_bytes())
        self.restore("--from", stage.folder, self.folder / "there")
        self.same_as(g, self.folder / "there", g.list(), wire.everything(g.pop3))

    def test_words_that_make_no_sense(self):
        there = self.folder / "there"
        for words in (["--from", "x"], ["--from", "x", "--merge", "--detached"], ["--from", "x", "--at", "noon", there],
                      [there], ["--from", "x", "--merge", there]):
            self.restore(*words, code=2)
        self.assertFalse(there.exists())


class Detached(RestoreTest):
    def test_hands_nothing_over_until_it_is_adopted(self):
        g = self.filled()
        waiting = wire.everything(g.pop3)
        copy = self.copy(g)
        self.restore("--from", copy, "--detached", self.folder / "there")
        h = self.other("detached", store=self.folder / "there").start()
        with wire.Pop(h.pop3, user=None) as pop:
            answer = pop.login("foi", "secret")
            self.assertTrue(answer.startswith(b"-ERR [SYS/PERM]"), answer)
        with wire.Pop(h.pop3, user=None) as pop:
            self.assertTrue(pop.login("foi", "wrong").startswith(b"-ERR [AUTH]"))
        h.verify()
        self.assertEqual(len(h.list()), 12)
        self.assertEqual(h.raw(h.list()[0]["id"]), mail("m11"))
        self.send(h, ["while detached"])
        refused = subprocess.run([BINARY, "adopt", *h.arguments()], input=b"no\n", capture_output=True)
        self.assertEqual(refused.returncode, 1)
        self.assertTrue((h.store / "detached").exists())
        said = h.command("adopt", "--yes").decode()
        self.assertIn("23 waiting", said)
        adopted = wire.everything(h.pop3)
        self.assertTrue(set(waiting) < set(adopted))
        self.assertIn("not detached", h.command("adopt").decode())
        h.stop()


class Merge(RestoreTest):
    def history(self, count=30):
        g = self.filled("old", count)
        found = wire.everything(g.pop3), g.list(), self.copy(g)
        g.stop()
        return found

    def test_into_a_gateway_that_receives(self):
        old, listed, copy = self.history(count=150)
        h = self.other("new").start()
        sent, going = [], threading.Event()

        def load():
            while not going.is_set():
                self.send(h, [f"new{len(sent)}"])
                sent.append(1)

        thread = threading.Thread(target=load)
        thread.start()
        try:
            gateway.eventually(lambda: len(sent) > 3, "mail before the merge")
            said = self.merged(h, copy)
            count = len(sent)
            gateway.eventually(lambda: len(sent) > count + 3, "mail after the merge")
        finally:
            going.set()
            thread.join()
        self.assertIn("150 messages", said)
        now = wire.everything(h.pop3)
        self.assertEqual({uid: now[uid] for uid in old}, old)
        self.assertEqual(len(now), len(old) + 2 * len(sent))
        self.assertEqual(len(h.list()), 150 + len(sent))
        self.assertLessEqual(set(without_offers(listed)), set(without_offers(h.list())))
        h.verify()
        self.go_on(h, old)

    def go_on(self, h, old):
        """Hand-overs of history, a kill, a rebuild of the index, another start: all of it stays as it is."""
        gone = set(self.hand_over(h, 400))
        self.assertTrue(gone & set(old))
        left = wire.everything(h.pop3)
        h.kill9()
        h.verify()
        h.start()
        self.assertEqual(wire.everything(h.pop3), left)
        h.command("index", "rebuild")
        self.assertEqual(wire.everything(h.pop3), left)
        h.verify()
        h.stop()
        shutil.rmtree(h.store / "index")
        h.start()
        self.assertEqual(wire.everything(h.pop3), left)
        names = [path.name for path in warc.volumes(h.store)]
        own = [name for name in names if name < "01"]
        self.assertGreater(len(names), len(own))
        self.assertEqual(len(set(own)), len(own))

    def test_without_a_gateway(self):
        old, listed, copy = self.history()
        h = self.other("new")
        self.merged(h, copy)
        self.assertEqual(without_reading(h.list()), without_reading(listed))
        h.verify()
        h.start()
        self.assertEqual(wire.everything(h.pop3), old)
        self.send(h, ["new"])
        h.stop()
        self.assertIn("00000001.warc", [path.name for path in warc.volumes(h.store)])
        h.verify()

    def test_the_same_octets_in_both(self):
        """A message that history holds too; the copy written here is found again, whatever comes of the other."""
        old, _, copy = self.history(4)
        h = self.other("new").start()
        self.send(h, ["old1"])
        self.merged(h, copy)
        self.send(h, ["old1", "old2"])
        self.assertEqual(len(wire.everything(h.pop3)), len(old) + 6)
        h.verify()
        h.restart()
        self.send(h, ["old2"])
        h.verify()
        h.command("index", "rebuild")
        h.verify()
        self.assertEqual(len(wire.everything(h.pop3)), len(old) + 8)

    def test_twice_is_once(self):
        old, _, copy = self.history()
        h = self.other("new").start()
        self.merged(h, copy)
        volumes = [path.name for path in warc.volumes(h.store)]
        said = self.merged(h, copy)
        self.assertIn("brought in 0 volumes", said)
        self.assertEqual([path.name for path in warc.volumes(h.store)], volumes)
        self.assertEqual(wire.everything(h.pop3), old)
        h.verify()

    def test_two_histories(self):
        old, _, copy = self.history(8)
        h = self.other("new").start()
        self.send(h, ["new"])
        self.merged(h, copy)
        first = self.other("other").start()
        self.send(first, ["third"])
        third = wire.everything(first.pop3)
        first.stop()
        self.merged(h, first.store)
        self.assertLessEqual({**old, **third}.items(), wire.everything(h.pop3).items())
        h.stop()
        h.verify()
        everything = set(wire_after(h))
        # And all of it again, from a copy of that store.
        last = self.other("last").start()
        self.merged(last, h.store)
        self.assertEqual(set(wire.everything(last.pop3)), everything)
        last.verify()

    def test_its_own_copy_and_a_longer_one_are_refused(self):
        g = self.filled()
        early = self.copy(g)
        self.assertIn("copy of the store itself", self.merged(g, early, code=1))
        self.send(g, ["later"])
        late = self.copy(g, "late")
        h = self.other("new")
        self.merged(h, early)
        self.assertIn("cannot be added", self.merged(h, late, code=1))
        h.verify()
        self.merged(h, early)

    def test_killed_in_the_middle_then_again(self):
        old, _, copy = self.history(120)
        h = self.other("new").start()
        self.send(h, ["new"])
        words = [BINARY, "restore", "--merge", "--from", copy, *h.arguments()]
        began = time.monotonic()
        subprocess.run([BINARY, "restore", "--from", copy, self.folder / "for-the-time"], capture_output=True, check=True)
        took = time.monotonic() - began
        middles = 0
        for part in range(12):
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(took * part / 10)   # anywhere in it
            middles += process.poll() is None
            process.kill()
            process.wait()
            self.send(h, [f"new{part}"])
            if part % 4 == 3:
                h.kill9()
                h.start()
            h.verify()
        self.assertGreater(middles, 0)
        self.merged(h, copy)
        found = wire.everything(h.pop3)
        self.assertEqual({uid: found[uid] for uid in old}, old)
        self.assertEqual(len(found), len(old) + 2 * 13)
        self.assertFalse((h.store / "merging").exists())
        h.verify()

    def test_damage_is_not_brought_in(self):
        _, _, copy = self.history()
        volume = sorted((copy / "volumes").iterdir())[0]
        volume.chmod(0o640)
        octets = bytearray(volume.read_bytes())
        octets[octets.index(b"body of old3")] ^= 1
        volume.write_bytes(octets)
        h = self.other("new").start()
        self.assertIn("nothing was brought in", self.merged(h, copy, code=1))
        self.assertEqual(wire.everything(h.pop3), {})
        self.assertEqual([path.name for path in warc.volumes(h.store)], [])


def wire_after(h):
    h.start()
    found = wire.everything(h.pop3)
    h.stop()
    return found


@unittest.skipUnless(snapshots.has_restic(), "restic is not installed")
class FromRestic(RestoreTest):
    def repository(self, **more):
        return snapshots.Repository(self.folder / "restic", **more)

    def snapshots_of(self, g):
        self.made = getattr(self, "made", None) or snapshots.Stage(g.store, self.folder / "stage")
        return self.made

    def test_each_snapshot_and_moments_between(self):
        g, repository = self.gateway(), self.repository()
        moments = []
        for step in range(3):
            self.send(g, [f"s{step}"], b"x" * 30000 + b"\r\n")
            self.hand_over(g, 1)
            moments.append((next_moment(), g.list(), wire.everything(g.pop3)))
            repository.snapshot(self.snapshots_of(g))
        for number, (moment, listed, waiting) in enumerate(moments):
            folder = self.folder / f"at{number}"
            said = self.restore(*repository.words, "--at", rfc3339(moment), folder)
            self.assertIn("restored snapshot ", said)
            self.same_as(g, folder, listed, waiting)
            self.assertFalse((folder / "restored").exists())
        said = self.restore(*repository.words, "--at", "2096-01-01 00:00", self.folder / "future")
        self.assertIn("older than the time asked for", said)

    def test_merge_from_a_repository(self):
        g, repository = self.filled(), self.repository()
        old = wire.everything(g.pop3)
        repository.snapshot(self.snapshots_of(g))
        g.stop()
        h = self.other("new").start()
        h.command("restore", "--merge", *repository.words)
        self.assertEqual(wire.everything(h.pop3), old)
        h.verify()

    def test_what_goes_wrong_is_one_line(self):
        repository = self.repository()
        there = self.folder / "there"
        said = self.restore(*repository.words, there, code=1)
        self.assertIn("no snapshot", said)
        (repository.envdir / "RESTIC_PASSWORD").write_text("another\n")
        said = self.restore(*repository.words, there, code=1)
        self.assertIn("wrong password", said)
        self.assertEqual(said.count("\n"), 1, said)
        said = self.restore("--from", self.folder / "nothing", "--envdir", repository.envdir, there, code=1)
        self.assertIn("restic snapshots failed", said)
        (self.folder / "bin").mkdir()
        environment = {**os.environ, "PATH": str(self.folder / "bin")}
        done = subprocess.run([BINARY, "restore", *repository.words, there], env=environment, capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"restic is not installed", done.stderr)

    def test_the_drill_proves_and_finds(self):
        scratch = self.folder / "scratch"
        scratch.mkdir()
        repository = self.repository()
        g = self.filled(settings={"backup.repository": repository.name, "backup.envdir": repository.envdir,
                                  "backup.drill_path": scratch})
        repository.snapshot(self.snapshots_of(g))
        self.send(g, ["after the snapshot"])
        self.assertIn("proven", g.command("backup", "drill").decode())
        self.assertEqual(list(scratch.iterdir()), [])
        records = self.records(g)
        self.assertEqual([(r["result"], r["messages"]) for r in records], [("proven", 12)])
        # A store of the same shape that tells of other messages is another.
        h = self.other("another", settings=g.settings | {"store.path": self.folder / "another/store"})
        h.store = self.folder / "another/store"
        h.start()
        self.send(h, ["other"])
        done = h.command("backup", "drill", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"tell of different records", done.stderr)
        self.assertNotEqual(self.records(h)[-1]["result"], "proven")
        (repository.envdir / "RESTIC_PASSWORD").write_text("another\n")
        self.assertEqual(g.command("backup", "drill", check=False).returncode, 1)
        self.assertIn("wrong password", self.records(g)[-1]["result"])
        self.assertEqual(list(scratch.iterdir()), [])

    def records(self, g):
        return [json.loads(line) for line in (g.store / "backup/drills.jsonl").read_text().splitlines()]


if __name__ == "__main__":
    gateway.main()
