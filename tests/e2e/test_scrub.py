"""Damage is noticed while the gateway serves, remembered, and repaired from another copy of the store."""

import json
import os
import shutil
import unittest

import gateway
import warc
import wire
from gateway import RECIPIENT, GatewayTest, eventually

MESSAGE = b"Subject: %d\r\n\r\n%s\r\n"


class Scrub(GatewayTest):
    def filled(self, runs=3, **settings):
        """A sealed volume for each run, and the gateway stopped."""
        g = self.gateway({"store.scrub_days": 0, **settings})
        self.number = 0
        for run in range(runs):
            if run:
                g.restart()
            self.send(g, 5)
        g.stop()
        return g

    def send(self, g, count):
        with wire.Smtp(g.smtp) as smtp:
            for _ in range(count):
                self.number += 1
                smtp.deliver(RECIPIENT, MESSAGE % (self.number, os.urandom(600).hex().encode()))

    def flip(self, path, record):
        octets = path.read_bytes()
        at = octets.index(b"\r\n\r\n", record.offset) + 8
        path.chmod(0o600)
        path.write_bytes(octets[:at] + bytes([octets[at] ^ 4]) + octets[at + 1:])
        path.chmod(0o440)

    def body(self, g, volume):
        return next(r for r in warc.read_store(g.store) if r.type == "resource" and r.path == warc.volumes(g.store)[volume])

    def json(self, g, *words):
        done = g.command("verify", "--json", *words, check=False)
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1 if report["damaged"] else 0, done.stderr)
        return report


class Verify(Scrub):
    def test_only_what_is_new_is_read(self):
        g = self.filled()
        whole = self.json(g)
        self.assertEqual((whole["volumes"], whole["findings"]), (3, []))
        again = self.json(g, "--incremental")
        self.assertEqual((again["octets"], again["volumes"], again["volumes_left_out"]), (0, 0, 3))
        g.start()
        self.send(g, 2)
        g.stop()
        newer = self.json(g, "--incremental")
        self.assertEqual((newer["volumes"], newer["messages"], newer["findings"]), (1, 2, []))

    def test_beside_a_gateway_the_volume_that_grows_is_read(self):
        g = self.filled()
        g.start()
        self.send(g, 3)
        for _ in range(2):
            report = self.json(g, "--incremental")
            self.assertEqual([f for f in report["findings"] if f["kind"] == "damage"], [])
        self.assertEqual(report["messages"], 3)

    def test_what_was_found_is_remembered(self):
        g = self.filled()
        self.assertIn("0 of 3 volumes", g.command("verify", "--last").decode())
        body = self.body(g, 1)
        self.flip(body.path, body)
        self.assertTrue(self.json(g)["damaged"])
        known = self.json(g, "--last")
        self.assertEqual([d["where"] for d in known["damage"]], [f"00000002.warc at {body.offset}"])
        self.assertTrue(self.json(g, "--incremental")["damaged"])
        self.flip(body.path, body)
        self.assertFalse(self.json(g, "--incremental")["damaged"])
        self.assertFalse(self.json(g, "--last")["damaged"])

    def test_options_that_exclude_one_another(self):
        g = self.filled(runs=1)
        self.assertEqual(g.command("verify", "--incremental", "--resume", check=False).returncode, 2)

    def test_slowly(self):
        g = self.filled(runs=1)
        self.assertIn(b"no damage", g.command("verify", "--rate-mib-per-s", "1", "--resume"))


class InTheGateway(Scrub):
    def test_the_scrub_reads_each_volume_and_raises_the_alarm(self):
        g = self.filled(**{"store.scrub_days": 7})
        body = self.body(g, 0)
        self.flip(body.path, body)
        g.start()
        self.send(g, 1)   # into a volume of its own
        eventually(lambda: g.log().count("scrub.volume") >= 4, "three sealed volumes and the active one are read", 60)
        self.assertIn("scrub.damage", g.log())
        self.assertIn(f"00000001.warc at {body.offset}", g.log())
        known = self.json(g, "--last")
        self.assertEqual([d["where"] for d in known["damage"]], [f"00000001.warc at {body.offset}"])
        self.send(g, 1)   # it serves
        g.stop()


class Repair(Scrub):
    def damaged(self):
        g = self.filled()
        copy = self.folder / "copy"
        shutil.copytree(g.store, copy, ignore=shutil.ignore_patterns("control.sock"))
        body = self.body(g, 1)
        self.flip(body.path, body)
        return g, copy, body

    def test_alone_it_changes_nothing_and_says_what_there_is(self):
        g, _, body = self.damaged()
        before = {path: path.read_bytes() for path in g.store.rglob("*") if path.is_file()}
        done = g.command("repair", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"00000002.warc at {body.offset}", done.stdout.decode())
        self.assertIn("--restore-from", done.stdout.decode())
        self.assertEqual({path: path.read_bytes() for path in g.store.rglob("*") if path.is_file()
                          and not path.name.endswith(("-shm", "-wal"))},
                         {path: octets for path, octets in before.items() if not path.name.endswith(("-shm", "-wal"))})

    def test_from_a_copy(self):
        g, copy, body = self.damaged()
        message = next(f["id"] for f in g.list() if f["id"] in body.fields["warc-record-id"])
        self.assertNotEqual(g.command("raw", message, check=False).returncode, 0)
        said = g.command("repair", "--restore-from", str(copy)).decode()
        self.assertIn("repaired: 00000002.warc", said)
        self.assertEqual(body.path.read_bytes(), (copy / "volumes/00000002.warc").read_bytes())
        self.assertTrue((g.store / "volumes/00000002.warc.damaged").exists())
        self.assertEqual(g.raw(message), body.block)
        self.assertFalse(self.json(g)["damaged"])
        g.start()
        self.send(g, 1)
        self.assertEqual(len(wire.everything(g.pop3)), 16)
        g.stop()

    def test_not_while_a_gateway_runs(self):
        g, copy, body = self.damaged()
        g.start()
        done = g.command("repair", "--restore-from", str(copy), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"stop the gateway first: systemctl stop guichet", done.stderr)

    def test_nothing_to_do(self):
        g = self.filled(runs=1)
        self.assertIn(b"nothing to repair", g.command("repair"))
        done = g.command("repair", "--restore-from", str(self.folder / "nowhere"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"there is no folder", done.stderr)


if __name__ == "__main__":
    gateway.main()
