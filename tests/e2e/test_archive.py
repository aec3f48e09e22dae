"""The volumes: read by a program that shares nothing with the gateway, damaged on purpose, rebuilt."""

import hashlib
import json
import os
import pty
import re
import subprocess
import sys
import threading
import unittest
from pathlib import Path

import gateway
import warc
import wire
from gateway import RECIPIENT, GatewayTest

MESSAGE = b"Subject: %d\r\n\r\nbody\r\n"
PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


class Archive(GatewayTest):
    def filled(self, **settings):
        """Five messages, one of them three times, one large; two handed over."""
        g = self.gateway(**settings)
        self.sent = [MESSAGE % number for number in range(4)] + [b"Subject: big\r\n\r\n" + b"x" * 4_000_000 + b"\r\n"]
        self.sent += [self.sent[1], self.sent[4], self.sent[1], b""]
        with wire.Smtp(g.smtp) as smtp:
            for octets in self.sent:
                smtp.deliver([RECIPIENT, "foi@example.test"], octets)
        with wire.Pop(g.pop3) as pop:
            pop.expect(b"DELE 1")
            pop.expect(b"DELE 4")
            pop.quit()
        return g


class Volumes(Archive):
    def test_a_foreign_reader_finds_everything(self):
        g = self.filled()
        running = warc.read_store(g.store)
        g.stop()
        records = warc.read_store(g.store)
        self.assertEqual([record.block for record in records[:len(running)]], [record.block for record in running])
        for path in warc.volumes(g.store):
            self.assertTrue(path.read_bytes().endswith(b"\r\n\r\n"), "a clean stop seals the volume: no zeros after it")
        found = warc.originals(records)
        self.assertEqual(found, {fact["id"]: g.raw(fact["id"]) for fact in g.list()})
        self.assertEqual(sorted(found.values()), sorted(self.sent))

    def test_each_record_is_as_the_standard_has_it(self):
        g = self.filled()
        g.stop()
        records = warc.read_store(g.store)
        kinds = [record.type for record in records]
        self.assertLessEqual(set(kinds), {"warcinfo", "resource", "revisit", "metadata"})
        self.assertEqual(kinds.count("resource"), len(set(self.sent)), "one body however often it is sent")
        self.assertEqual(kinds.count("revisit"), len(self.sent) - len(set(self.sent)))
        by_id = {record.fields["warc-record-id"]: record for record in records}
        self.assertEqual(len(by_id), len(records), "a record id twice")
        for record in records:
            fields = record.fields
            self.assertRegex(fields["warc-record-id"], r"^<urn:uuid:[0-9a-f-]{36}>$")
            self.assertRegex(fields["warc-date"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")
            self.assertRegex(fields["warc-block-digest"], r"^sha256:[0-9a-f]{64}$")
            header = json.dumps(fields)
            self.assertNotIn("example", header, "personal data in a header")
            if record.type == "resource":
                self.assertEqual(fields["content-type"], "message/rfc822")
                self.assertRegex(fields["warc-target-uri"], r"^<?urn:uuid:[0-9a-f-]{36}>?$")
            elif record.type == "revisit":
                self.assertEqual(record.block, b"")
                self.assertEqual(fields["warc-profile"], PROFILE)
                earlier = by_id[fields["warc-refers-to"]]
                self.assertEqual(earlier.type, "resource")
                self.assertEqual(fields["warc-payload-digest"], earlier.fields["warc-block-digest"])
                self.assertEqual(fields["warc-refers-to-target-uri"], earlier.fields["warc-target-uri"])
                self.assertEqual(fields["warc-refers-to-date"], earlier.fields["warc-date"])
            elif record.type == "metadata":
                json.loads(record.block)
                self.assertIn("warc-refers-to", fields)
            else:
                self.assertIn(b"guichet-previous-chain: ", record.block)

    def test_volumes_follow_each_other(self):
        """A restart begins a new volume, and never touches the earlier one."""
        g = self.filled()
        g.stop()
        (first,) = warc.volumes(g.store)
        octets = first.read_bytes()
        g.start()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, self.sent[0])
        g.stop()
        self.assertEqual(first.read_bytes(), octets)
        self.assertGreaterEqual(len(warc.volumes(g.store)), 2)
        warc.read_store(g.store)

    def test_a_full_volume_is_followed_by_another(self):
        g = self.gateway({"store.volume_octets_max": 1 << 20, "store.spool_octets_min": 1 << 18})
        bodies = [MESSAGE % number + os.urandom(100_000).hex().encode() + b"\r\n" for number in range(30)]
        with wire.Smtp(g.smtp) as smtp:
            for octets in bodies:
                smtp.deliver(RECIPIENT, octets)
        g.verify()
        self.assertEqual(len(wire.everything(g.pop3)), len(bodies))
        g.restart()
        self.assertEqual(len(wire.everything(g.pop3)), len(bodies))
        g.stop()
        self.assertGreater(len(warc.volumes(g.store)), 4)
        self.assertEqual(sorted(warc.originals(warc.read_store(g.store)).values()), sorted(bodies))


class Privacy(GatewayTest):
    def test_no_other_user_can_read_mail_or_who_wrote_it(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, MESSAGE % 1)
        g.list()
        inside = [path for path in g.store.rglob("*") if path.is_file() or path.is_dir()]
        self.assertTrue([path for path in inside if path.suffix == ".sqlite"])
        for path in inside:
            self.assertEqual(path.stat().st_mode & 0o007, 0, path)


class Damage(Archive):
    """verify says what is wrong and where, and exits 1; with a torn tail or a lagging index it exits 0."""

    def sealed(self):
        g = self.filled()
        g.stop()
        g.start()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, MESSAGE % 7)
        g.stop()
        g.verify()
        return g, warc.read_store(g.store), warc.volumes(g.store)

    def damaged(self, g, *words):
        done = g.command("verify", check=False)
        said = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, 1, said)
        for word in words:
            self.assertIn(word, said)
        with self.assertRaises(warc.Damage):
            warc.read_store(g.store)

    def test_an_altered_octet(self):
        g, records, volumes = self.sealed()
        for record in (next(r for r in records if r.type == "resource"), next(r for r in records if r.type == "metadata")):
            with self.subTest(record.type):
                octets = record.path.read_bytes()
                at = octets.index(b"\r\n\r\n", record.offset) + 6
                record.path.write_bytes(octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1:])
                self.damaged(g, record.path.name, str(record.offset))
                record.path.write_bytes(octets)
        g.verify()

    def test_an_altered_header(self):
        g, records, _ = self.sealed()
        record = next(r for r in records if r.type == "resource")
        octets = record.path.read_bytes()
        at = octets.index(b"WARC-Date: ", record.offset) + len("WARC-Date: 20")
        record.path.write_bytes(octets[:at] + b"1" + octets[at + 1:])
        self.damaged(g, record.path.name)

    def test_a_removed_record(self):
        g, records, _ = self.sealed()
        gone, following = records[3], records[4]
        octets = gone.path.read_bytes()
        gone.path.write_bytes(octets[:gone.offset] + octets[following.offset:])
        self.damaged(g, gone.path.name)

    def test_a_shortened_volume(self):
        g, records, volumes = self.sealed()
        last = [record for record in records if record.path == volumes[0]][-1]
        volumes[0].write_bytes(volumes[0].read_bytes()[:last.offset])
        self.damaged(g, volumes[0].name)

    def test_a_missing_volume(self):
        g, _, volumes = self.sealed()
        volumes[0].unlink()
        self.damaged(g, volumes[0].name)

    def test_a_torn_tail_is_no_damage(self):
        g = self.filled()
        g.kill9()
        (path,) = warc.volumes(g.store)
        records, _ = warc.read_volume(path)
        last = records[-1]
        octets = path.read_bytes()
        path.write_bytes(octets[:last.offset + 40])   # in its header
        before = g.list()
        g.verify()
        g.start()
        self.assertEqual([fact["id"] for fact in g.list()], [fact["id"] for fact in before])
        g.stop()
        g.verify()
        warc.read_store(g.store)

    def test_octets_after_the_last_record_are_saved(self):
        g = self.filled()
        g.kill9()
        (path,) = warc.volumes(g.store)
        records, _ = warc.read_volume(path)
        octets = path.read_bytes()
        end = len(octets.rstrip(b"\0"))
        junk = b"WARC/1.1\r\nWARC-Type: resource\r\n" + os.urandom(500)
        path.write_bytes(octets[:end] + junk + octets[end + len(junk):])
        g.verify()
        g.start()
        g.stop()
        g.verify()
        saved = [other for other in g.store.rglob("*") if other.is_file() and not other.name.endswith(".warc")
                 and junk in other.read_bytes()]
        self.assertTrue(saved, "the torn tail was not saved beside its volume")
        self.assertEqual(len(warc.read_volume(path)[0]), len(records))

    def test_a_bar_for_whoever_looks_and_none_for_a_log(self):
        g = self.filled()
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0) as terminal:
            done = subprocess.run([gateway.BINARY, "verify", *g.arguments()], stdout=subprocess.PIPE, stderr=theirs)
            os.close(theirs)
            shown = terminal.read(1 << 16)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(shown, rb"^\rverify: +\d+ % \[#* *\]")
        self.assertRegex(shown, rb"\r +\r$")   # wiped when there is nothing left to wait for
        self.assertNotIn(b"%", g.command("verify", check=False).stderr)

    def test_rebuild_gives_the_same_facts(self):
        g, _, _ = self.sealed()
        before = g.list()
        g.command("index", "rebuild")
        self.assertEqual(g.list(), before)
        g.verify()


class WhileItRuns(GatewayTest):
    def test_verify_and_list_under_load(self):
        """The commands read beside the gateway, and find nothing wrong with a volume that grows under them."""
        g = self.gateway()
        stop = threading.Event()

        def send():
            number = 0
            with wire.Smtp(g.smtp) as smtp:
                while not stop.is_set() and number < 3000:
                    smtp.deliver(RECIPIENT, MESSAGE % number + b"y" * (number * 37 % 20_000) + b"\r\n")
                    number += 1

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for _ in range(5):
                g.verify()
                for fact in g.list()[:3]:
                    self.assertIn(hashlib.sha256(g.raw(fact["id"])).hexdigest(), fact["digest"])
                warc.read_store(g.store, torn_tail=True)
        finally:
            stop.set()
            sender.join()


class WithoutGuichet(GatewayTest):
    """store/READING.md is right: what it says is run."""

    def volumes(self):
        g = self.gateway({"store.volume_octets_max": 64 << 10})
        with wire.Smtp(g.smtp) as smtp:
            for number in range(40):
                smtp.deliver(RECIPIENT, b"Subject: %d\r\n\r\n" % (number % 30) + b"x" * 5000 + b"\r\n")
        g.stop()   # or the last volume ends in zeros
        return g, warc.volumes(g.store)

    def test_with_the_standard_library_of_python(self):
        page = (gateway.ROOT / "store/READING.md").read_text()
        program = re.search("```python\n(.*?)```", page, re.S)[1]
        self.assertLessEqual(len([line for line in program.splitlines() if line.strip()]), 22)
        g, paths = self.volumes()
        self.assertGreater(len(paths), 2)
        out = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("DAMAGED", out)
        bodies = {line.split()[0].removeprefix("urn:uuid:"): line.split()[2] for line in out.splitlines()
                  if line.startswith("urn:uuid:")}
        self.assertEqual(len(bodies), 30, "ten came again")
        known = {message["id"]: message["digest"] for message in g.list()}
        self.assertEqual(bodies, {uuid: digest for uuid, digest in known.items() if uuid in bodies})
        self.assertEqual(out.count("  received <urn:uuid:"), 40)
        self.assertEqual(out.count("  delivered <urn:uuid:"), 40)

    def test_with_warcio(self):
        program = Path(os.environ.get("WARCIO") or gateway.ROOT / "build/soak/node_modules/.bin/warcio")
        if not program.exists():
            self.skipTest("warcio is not here (npm install warcio; ./dev soak fetches it)")
        for path in self.volumes()[1]:
            warc.assert_warcio_agrees(program, path)


if __name__ == "__main__":
    gateway.main()
