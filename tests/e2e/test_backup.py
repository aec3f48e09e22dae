"""The copies off-site: a snapshot when there is something new, whatever is wrong intake goes on, nothing is lost.

Against a repository in a folder for speed; against rclone for keys that cannot delete; against a real S3 store where
there is one.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import gateway
import offsite
import wire
from gateway import RECIPIENT, SANITIZED, GatewayTest, eventually
from offsite import Repository

PATIENCE_S = gateway.PATIENCE_S * 4   # restic takes a second where nothing else happens


class Backup(GatewayTest):
    count = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("restic"):
            raise unittest.SkipTest("restic is not installed")

    def repository(self, init=True):
        made = Repository(self.folder, self.folder / "repository")
        if init:
            made.restic("init")
        return made

    def deliver(self, g, octets=None):
        self.count += 1
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver([RECIPIENT], octets or b"Subject: %d\r\n\r\n" % self.count + os.urandom(500).hex().encode() + b"\r\n")

    def status(self, g):
        return json.loads(g.command("backup", "status", "--json"))

    def wait_for(self, g, condition, what):
        def asked():
            status = self.status(g)
            return status if condition(status) else None
        return eventually(asked, f"{what}; last: {self.status(g)}", PATIENCE_S)

    def wait_until_off_site(self, g):
        return self.wait_for(g, lambda s: s["snapshot"] and s["behind_octets"] == 0, "all is off-site")

    def check_snapshot(self, g, repository, snapshot):
        """It holds the volumes up to the end that it names, and nothing else."""
        last, offset = offsite.end_of(snapshot)
        with repository.restored(snapshot) as folder:
            self.assertLessEqual({path.name for path in folder.iterdir()}, {"format", "volumes", "backup", "erasures.jsonl", "refusals"})
            found = offsite.volumes_in(folder)
        self.assertEqual(sorted(found), list(range(1, last + 1)))
        for number, octets in found.items():
            whole = (g.store / f"volumes/{number:08}.warc").read_bytes()
            expected = whole[:offset] if number == last else whole
            self.assertEqual(octets == expected, True, f"volume {number} of snapshot {snapshot['id']}")


class Snapshots(Backup):
    def test_one_when_there_is_something_new(self):
        repository = self.repository()
        g = self.gateway(repository.settings())
        g.command("backup", "now")
        self.assertEqual(repository.snapshots(), [], "nothing was received")
        for number in (1, 2):
            self.deliver(g)
            self.wait_until_off_site(g)
            for _ in range(2):
                g.command("backup", "now")
            self.assertEqual(len(repository.snapshots()), number)
        for snapshot in repository.snapshots():
            self.assertEqual(snapshot["hostname"], "guichet")
            self.assertIn("guichet", snapshot["tags"])
            self.check_snapshot(g, repository, snapshot)
        lines = [json.loads(line) for line in (g.store / "backup/snapshots.jsonl").read_text().splitlines()]
        self.assertEqual([(line["end"]["volume"], line["end"]["offset"]) for line in lines],
                         [offsite.end_of(snapshot) for snapshot in repository.snapshots()])
        for line, snapshot in zip(lines, repository.snapshots()):
            self.assertTrue(snapshot["id"].startswith(line["snapshot"]))
        self.assertGreater(lines[1]["octets_new"], 500)

    def test_contents_are_what_is_durable(self):
        """Over several volumes, with mail coming in all the time."""
        repository = self.repository()
        g = self.gateway(repository.settings(**{"store.volume_octets_max": 65_536}))
        for _ in range(6):
            for _ in range(8):
                self.deliver(g)
            g.command("backup", "now")
        snapshots = repository.snapshots()
        self.assertGreaterEqual(len(snapshots), 6)
        self.assertGreater(offsite.end_of(snapshots[-1])[0], 1, "there were volumes to seal")
        for snapshot in snapshots:
            self.check_snapshot(g, repository, snapshot)
        self.wait_until_off_site(g)
        left = [path.name for path in (g.store / "backup/active").iterdir()]
        self.assertLessEqual(left, [f"{offsite.end_of(repository.snapshots()[-1])[0]:08}"],
                             "a sealed volume takes the place of its folder")
        g.stop()
        g.command("backup", "now")   # alone, under the lock: all is sealed
        self.assertEqual(list((g.store / "backup/active").iterdir()), [])
        self.check_snapshot(g, repository, repository.snapshots()[-1])

    def test_many_segments_are_joined(self):
        """restic is quick here: it is not called, but for the last one."""
        repository = self.repository()
        fake = self.folder / "restic"
        fake.write_text('#!/bin/sh\necho \'{"message_type":"summary","snapshot_id":"fake"}\'\n')
        fake.chmod(0o755)
        g = self.gateway(repository.settings(**{"backup.restic": fake}))
        most = 0
        for _ in range(63):
            self.deliver(g)
            g.command("backup", "now")
            segments = list((g.store / "backup/active/00000001").iterdir())
            most = max(most, len(segments))
        self.assertEqual(most, 60)
        self.assertLess(len(segments), 10)
        fake.write_text(f'#!/bin/sh\nexec {shutil.which("restic")} "$@"\n')
        self.deliver(g)
        g.command("backup", "now")
        self.check_snapshot(g, repository, repository.snapshots()[-1])

    def test_a_detached_copy_sends_nothing(self):
        repository = self.repository()
        g = self.gateway()
        self.deliver(g)
        (g.store / "detached").touch()
        g.stop()
        g.settings.update(repository.settings())
        done = g.command("backup", "now", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"detached", done.stderr)
        self.assertEqual(repository.snapshots(), [])

    def test_an_erasure_is_copied_at_once(self):
        """When the journal of erasures moves, octets that were staged before may have changed."""
        repository = self.repository()
        g = self.gateway(repository.settings(**{"backup.interval_s": 3600, "backup.alarm_after_s": 3600}))
        self.deliver(g)
        g.command("backup", "now")
        self.deliver(g)
        g.command("backup", "now")
        volume = g.store / "volumes/00000001.warc"
        octets = volume.read_bytes()
        at = octets.index(b"Subject: 1\r\n\r\n")
        with open(volume, "r+b") as file:
            file.seek(at)
            file.write(b" " * 14)
        (g.store / "erasures.jsonl").write_text("{}\n")
        g.command("backup", "now")
        self.assertEqual(len(repository.snapshots()), 3)
        with repository.restored(repository.snapshots()[-1]) as folder:
            self.assertEqual((folder / "erasures.jsonl").read_text(), "{}\n")
            self.assertNotIn(b"Subject: 1\r\n", offsite.volumes_in(folder)[1])
        g.kill9()   # what was written by hand is no longer what its digest says

    def test_thinned_by_other_keys(self):
        repository = self.repository()
        g = self.gateway(repository.settings(**{"backup.interval_s": 3600, "backup.alarm_after_s": 3600}))
        refused = g.command("backup", "prune", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn(b"prune_envdir", refused.stderr)
        (g.store / "backup/active").mkdir(parents=True)
        for day in range(1, 131):   # one a day for longer than the retention, and two this hour
            if day % 26 == 0 or day in (91, 89):
                when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - day * 86_400))
                repository.restic("backup", "--host", "guichet", "--tag", f"guichet,end=0:{day}", "--time", when,
                                  "format", cwd=g.store)
        for _ in range(2):
            self.deliver(g)
            g.command("backup", "now")
        before = len(repository.snapshots())
        g.settings["backup.prune_envdir"] = repository.envdir
        g.command("backup", "prune")
        kept = repository.snapshots()
        days = [offsite.end_of(snapshot)[1] for snapshot in kept[:-2]]
        self.assertEqual(days, [89, 78, 52, 26])
        self.assertEqual(before, len(kept) + 3)
        g.command("backup", "check", "--read-data-subset", "100%")
        self.check_snapshot(g, repository, kept[-1])


@unittest.skipIf(SANITIZED, "it is restic's time that it takes: release only")
class Trouble(Backup):
    """Whatever is wrong: intake and POP3 go on, one line says what and what to do, and once mended it goes on."""

    def broken(self, repository, cause, **settings):
        g = self.gateway(repository.settings(**{"backup.alarm_after_s": 1, **settings}))
        self.deliver(g)
        status = self.wait_for(g, lambda s: s["last_error"], cause)
        self.assertRegex(status["last_error"], cause)
        self.assertGreater(status["behind_octets"], 500)
        self.assertIsNotNone(status["next_try_at"])
        self.deliver(g)
        self.assertEqual(len(wire.everything(g.pop3)), 2)
        eventually(lambda: "is not off-site came" in g.log(), "an alarm for the age", PATIENCE_S)
        self.assertGreaterEqual(self.status(g)["oldest_not_offsite_s"], 1)
        eventually(lambda: "backup: " in g.log(), "an alarm for the cause")
        return g

    def mended(self, g, repository):
        done = g.command("backup", "now", check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        status = self.wait_until_off_site(g)
        self.assertIsNone(status["last_error"])
        eventually(lambda: "the backup works again" in g.log(), "good news")
        self.check_snapshot(g, repository, repository.snapshots()[-1])

    def alarms(self, g, word):
        return sum(1 for line in g.log().splitlines() if "alarm" in line and word in line)

    def test_restic_missing(self):
        repository, program = self.repository(), self.folder / "restic"
        g = self.broken(repository, "there is no program .*apt-get install", **{"backup.restic": program})
        status = self.status(g)["next_try_at"]
        self.wait_for(g, lambda s: s["next_try_at"] != status, "it is tried again")
        named = self.alarms(g, "no program")   # the alarm for the age names the cause too, when it is known by then
        self.assertIn(named, (1, 1 + self.alarms(g, "is not off-site came")), "once for each change")
        program.symlink_to(shutil.which("restic"))
        self.mended(g, repository)

    def test_wrong_password(self):
        repository = self.repository()
        (repository.envdir / "RESTIC_PASSWORD").write_text("wrong\n")
        g = self.broken(repository, "the password is not that of .*RESTIC_PASSWORD")
        (repository.envdir / "RESTIC_PASSWORD").write_text(offsite.PASSWORD + "\n")
        self.mended(g, repository)

    def test_no_password(self):
        repository = self.repository()
        (repository.envdir / "RESTIC_PASSWORD").write_bytes(b"")
        g = self.broken(repository, "there is no RESTIC_PASSWORD in ")
        (repository.envdir / "RESTIC_PASSWORD").write_text(offsite.PASSWORD + "  \nsecond line\n")
        self.mended(g, repository)

    def test_no_repository(self):
        repository = self.repository(init=False)
        g = self.broken(repository, "there is no repository at .*guichet backup init")
        g.command("backup", "init")
        self.mended(g, repository)

    def test_unreachable(self):
        repository = Repository(self.folder, f"rest:http://127.0.0.1:{offsite.free_port()}/")
        began = time.monotonic()
        self.broken(repository, "cannot be reached.*connection refused")
        self.assertLess(time.monotonic() - began, PATIENCE_S)

    def test_full(self):
        """A file system of a few megabytes; a bucket with a quota says it in other words (tests/cli)."""
        place = self.folder / "small"
        place.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "guichet-test", place],
                                               capture_output=True).returncode != 0:
            self.skipTest("needs root, to mount a small file system")
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        repository = Repository(self.folder, place / "repository")
        repository.restic("init")
        with open(place / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(os.urandom(4096)):
                pass
        g = self.broken(repository, "is full.*no space left.*backup prune")
        (place / "filler").unlink()
        self.mended(g, repository)

    def test_certificate(self):
        """Signed by nobody we know; expired. rclone speaks TLS with each."""
        if not shutil.which("rclone"):
            self.skipTest("rclone is not installed")
        for name, days, cause in (("unknown", 30, "unknown authority|not trusted"), ("expired", -1, "expired")):
            with self.subTest(name):
                home = self.folder / name
                home.mkdir()
                self.certify(home, days)
                with offsite.rclone_server(home / "served", "--cert", home / "cert.pem", "--key", home / "key.pem") as address:
                    repository = Repository(home, address.replace("http:", "https:").replace("127.0.0.1", "localhost"),
                                            **({"RESTIC_CACERT": home / "cert.pem"} if name == "expired" else {}))
                    g = gateway.Gateway(home, repository.settings())
                    with g:
                        self.deliver(g)
                        status = self.wait_for(g, lambda s: s["last_error"], cause)
                        self.assertRegex(status["last_error"], f"the certificate of .*({cause}).*cacert_file")
                        self.deliver(g)
                        if name == "unknown":
                            repository.cacert = home / "cert.pem"
                            repository.restic("init")
                            g.stop()
                            g.settings.update(repository.settings())
                            g.start()
                            self.wait_until_off_site(g)

    def certify(self, home, days):
        """A certificate for localhost; x509 -days may be negative where req's may not."""
        extension = home / "extension"
        extension.write_text("subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:true\n")
        run = {"check": True, "capture_output": True}
        subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                        "-keyout", home / "key.pem", "-out", home / "request.pem"], **run)
        subprocess.run(["openssl", "x509", "-req", "-in", home / "request.pem", "-signkey", home / "key.pem", "-days",
                        str(days), "-extfile", extension, "-out", home / "cert.pem"], **run)


class Locks(Backup):
    def test_another_run_is_waited_for(self):
        """An exclusive lock, of a check that is held up; then it goes on."""
        repository = self.repository()
        g = self.gateway(repository.settings())
        self.deliver(g)
        self.wait_until_off_site(g)
        locks = self.folder / "repository/locks"
        other = subprocess.Popen(["restic", "-r", repository.address, "check", "--no-cache"],
                                 env={**os.environ, **repository.environment}, stdout=subprocess.DEVNULL)
        try:
            while not any(len(lock.name) == 64 for lock in locks.iterdir()):   # its own name: it is written
                self.assertIsNone(other.poll(), "the check ended before it was seen")
            other.send_signal(signal.SIGSTOP)
            self.deliver(g)
            begun = self.wait_for(g, lambda s: s["running"] and s["behind_octets"] > 0, "it waits")
            self.deliver(g)
            time.sleep(3)   # longer than it takes to fail: what is tested is that nothing happens
            status = self.status(g)
            self.assertTrue(status["running"])
            self.assertIsNone(status["last_error"], "waiting for a lock is no failure")
            self.assertEqual(status["snapshot"], begun["snapshot"])
        finally:
            other.send_signal(signal.SIGCONT)
            other.wait()
        self.wait_until_off_site(g)
        self.check_snapshot(g, repository, repository.snapshots()[-1])

    def test_keys_that_cannot_delete(self):
        if not shutil.which("rclone"):
            self.skipTest("rclone is not installed")
        with offsite.rclone_server(self.folder / "served", "--append-only") as address:
            repository = Repository(self.folder, address)
            g = self.gateway(repository.settings())
            g.command("backup", "init")
            for _ in range(3):
                self.deliver(g)
                g.command("backup", "now")
            snapshots = repository.snapshots()
            self.assertEqual(len(snapshots), 3)
            self.check_snapshot(g, repository, snapshots[-1])
            g.command("backup", "check", "--read-data-subset", "100%")
            g.settings["backup.prune_envdir"] = repository.envdir
            repository.restic("forget", snapshots[0]["id"], check=False)
            self.assertEqual(len(repository.snapshots()), 3, "nothing can be deleted with these keys")
            g.stop()   # before the repository goes


class Crash(Backup):
    def test_killed_at_any_moment(self):
        """While it stages, while restic runs: it goes on, and no snapshot holds less than it says."""
        seed = os.environ.get("GUICHET_SEED") or str(random.SystemRandom().getrandbits(32))
        print(f"seed {seed}")
        chance = random.Random(seed)
        repository = self.repository()
        g = self.gateway(repository.settings(**{"store.volume_octets_max": 4 << 20}))
        for cycle in range(3 if SANITIZED else 8):
            for _ in range(3):
                self.deliver(g, b"Subject: %d/%d\r\n\r\n" % (cycle, chance.getrandbits(60)) + os.urandom(300_000).hex().encode() + b"\r\n")
            asked = subprocess.Popen([gateway.BINARY, "backup", "now", *g.arguments()], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            time.sleep(chance.random() * 1.5)   # anywhere in it
            g.kill9()
            asked.wait(PATIENCE_S)
            g.start()
            self.wait_until_off_site(g)
        g.command("backup", "now")
        self.assertEqual([path for path in (g.store / "backup/active").rglob("*.part")], [])
        for snapshot in repository.snapshots():
            self.check_snapshot(g, repository, snapshot)
        g.verify()

    def test_a_stop_does_not_wait_for_restic(self):
        repository = self.repository()
        slow = self.folder / "restic"
        slow.write_text("#!/bin/sh\nsleep 600\n")
        slow.chmod(0o755)
        g = self.gateway(repository.settings(**{"backup.restic": slow}))
        self.deliver(g)
        self.wait_for(g, lambda s: s["running"] and s["behind_octets"] > 0, "it runs")
        began = time.monotonic()
        g.stop()
        self.assertLess(time.monotonic() - began, gateway.GRACE_S)


@unittest.skipIf(SANITIZED, "it is restic's time that it takes: release only")
class ObjectStore(Backup):
    """A real S3 store over TLS."""

    def test_there_and_back(self):
        program = offsite.object_store_program()
        if not program:
            self.skipTest("no S3 store: GUICHET_OBJECT_STORE names no program, or swift and memcached are not installed")
        with offsite.object_store(program) as settings:
            address = settings.pop("RESTIC_REPOSITORY")
            repository = Repository(self.folder, address, **settings)
            g = self.gateway(repository.settings(**{"store.volume_octets_max": 65_536}))
            g.command("backup", "init")
            for _ in range(3):
                for _ in range(20):
                    self.deliver(g)
                self.assertEqual(g.command("backup", "now", check=False).returncode, 0)
            for snapshot in repository.snapshots():
                self.check_snapshot(g, repository, snapshot)
            g.command("backup", "check")
            g.stop()   # before the store goes
            g.settings["backup.cacert_file"] = ""
            self.deliver(g.start())
            status = self.wait_for(g, lambda s: s["last_error"], "the certificate is not accepted")
            self.assertRegex(status["last_error"], "the certificate of ")
            g.stop()


if __name__ == "__main__":
    gateway.main()
