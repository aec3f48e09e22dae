"""The whole circle, as an operator meets it: copied off-site, damaged, noticed, mended from off-site; lost, restored."""

import json
import shutil
import unittest

import gateway
import warc
import wire
from gateway import RECIPIENT, Gateway, GatewayTest
from offsite import Repository

MESSAGE = b"From: clerk@town.example\r\nSubject: %d\r\n\r\nThe answer.\r\n"


class Circle(GatewayTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("restic"):
            raise unittest.SkipTest("restic is not installed")

    def setUp(self):
        super().setUp()
        self.repository = Repository(self.folder, self.folder / "repository")
        self.repository.restic("init")

    def filled(self):
        g = self.gateway(self.repository.settings(**{"backup.interval_s": 900}))
        with wire.Smtp(g.smtp) as smtp:
            for number in range(6):
                smtp.deliver(RECIPIENT, MESSAGE % number)
        return g

    def status(self, g):
        done = g.command("status", "--json", check=False)
        status = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1 if status["problems"] else 0)
        return status

    def flip(self, g):
        """One bit of a message in a sealed volume; its id."""
        record = next(r for r in warc.read_store(g.store) if r.type == "resource")
        octets = bytearray(record.path.read_bytes())
        octets[octets.index(b"The answer", record.offset)] ^= 1
        record.path.chmod(0o640)
        record.path.write_bytes(octets)
        record.path.chmod(0o440)
        return record.fields["warc-target-uri"].removeprefix("urn:uuid:")

    def test_all_is_well_when_it_is(self):
        g = self.filled()
        g.command("backup", "now")
        g.command("backup", "drill")
        g.command("verify")
        status = self.status(g)
        self.assertEqual(status["problems"], [])
        self.assertEqual((status["messages"], status["waiting"], status["damage"]), (6, 6, 0))
        self.assertTrue(status["gateway"] and status["last_proven_restore_at"] and status["verified_since"])
        self.assertIn(b"proven at", g.command("status"))

    def test_no_copy_and_no_gateway_are_problems(self):
        g = self.gateway()
        self.assertIn("nowhere else", " ".join(self.status(g)["problems"]))
        g.stop()
        self.assertIn("systemctl start", " ".join(self.status(g)["problems"]))

    def test_damage_is_noticed_and_mended_from_off_site(self):
        g = self.filled()
        g.command("backup", "now")
        before = {message["id"]: g.raw(message["id"]) for message in g.list()}
        g.stop()
        message = self.flip(g)
        self.assertEqual(g.command("verify", check=False).returncode, 1)
        self.assertIn("DAMAGE", " ".join(self.status(g)["problems"]))
        self.assertEqual(g.command("raw", message, check=False).returncode, 1)
        out = g.command("repair", "--restore-from", self.repository.address).decode()
        self.assertIn("no damage", out)
        self.assertEqual({id: g.raw(id) for id in before}, before)
        self.assertEqual(self.status(g)["damage"], 0)
        g.start()
        self.assertEqual(len(wire.everything(g.pop3)), 6)

    def test_what_was_handed_over_is_offered_again_when_asked(self):
        g = self.filled()
        with wire.Pop(g.pop3) as pop:
            uids = pop.uids()
            for number in range(1, 5):
                pop.expect(b"DELE %d" % number)
            pop.quit()
        g.command("backup", "now")
        for words, again in (([], 0), (["--offer-again"], 4)):
            home = self.folder / f"new{len(words)}"
            code, out, err = gateway.run_once("restore", "--from", self.repository.address, "--envdir",
                                              self.repository.envdir, *words, home / "store", within_s=120)
            self.assertEqual(code, 0, out + err)
            with Gateway(home) as restored:
                with wire.Pop(restored.pop3) as pop:
                    listed = pop.uids()
                    self.assertEqual(set(listed) & set(uids), set(uids[4:]))
                    self.assertEqual(len(listed), len(uids[4:]) + again, "each of those under a new uid")
                    pop.quit()
                restored.verify()

    def test_an_erasure_says_until_when_snapshots_hold_it(self):
        g = self.filled()
        g.command("backup", "now")
        out = g.command("erase", g.list()[0]["id"], "--reason", "x", "--yes").decode()
        self.assertIn("backup.retention_days", out)


if __name__ == "__main__":
    gateway.main()
