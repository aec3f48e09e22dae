"""A large store over S3 and TLS: off-site, restored, drilled; equal octets, uids and states."""

import contextlib
import sqlite3
import subprocess
import sys
import time
import unittest

import gateway
import offsite
import snapshots
import warc
from gateway import BINARY, Gateway, GatewayTest, run_once

FILL = BINARY.parent / "tests/bench/store_fill"
MESSAGES = 1000   # in the object store


@unittest.skipUnless(snapshots.has_restic() and offsite.object_store_program(),
                     "no S3 store: GUICHET_OBJECT_STORE names no program, or restic, swift or memcached is missing")
@unittest.skipUnless(FILL.exists(), f"{FILL} is not built")
class FromAnObjectStore(GatewayTest):
    """A large store over S3 and TLS; --messages N for more of them."""

    def test_equal_octets_uids_and_states(self):
        g = Gateway(self.folder)
        subprocess.run([FILL, g.store, str(MESSAGES), "3000", "7", str(64 << 20), "40"], check=True, stdout=sys.stderr)
        with offsite.object_store(offsite.object_store_program()) as settings:
            repository = snapshots.Repository(self.folder / "restic", settings.pop("RESTIC_REPOSITORY"), settings)
            self.timed("backup", repository.snapshot, snapshots.Stage(g.store, self.folder / "stage"))
            there = self.folder / "there"
            code, out, err = self.timed("restore", run_once, "restore", *repository.words, there, within_s=1800)
            self.assertEqual(code, 0, err)
            self.assertIn(f"{MESSAGES} messages", out)
            g.settings |= {"backup.repository": repository.name, "backup.envdir": repository.envdir}
            code, out, err = self.timed("drill", run_once, "backup", "drill", *g.arguments(), within_s=1800)
            self.assertEqual(code, 0, err)
        volumes = [path.name for path in warc.volumes(g.store)]
        self.assertEqual([path.name for path in warc.volumes(there)], volumes)
        for name in volumes:
            self.assertEqual((there / "volumes" / name).read_bytes(), (g.store / "volumes" / name).read_bytes(), name)
        for table in ("messages", "bodies", "deliveries"):
            restored = self.rows(there, table)
            self.assertEqual(len(restored), MESSAGES)
            self.assertTrue(restored == self.rows(g.store, table), f"{table} differ")

    def rows(self, store, table):
        with contextlib.closing(sqlite3.connect(f"file:{store}/index/index.sqlite?mode=ro", uri=True)) as index:
            return set(index.execute(f"SELECT * FROM {table}"))

    def timed(self, what, work, *arguments, **more):
        begin = time.monotonic()
        result = work(*arguments, **more)
        print(f"{what} of {MESSAGES} messages: {time.monotonic() - begin:.1f} s", file=sys.stderr)
        return result


if __name__ == "__main__":
    if "--messages" in sys.argv:
        at = sys.argv.index("--messages")
        MESSAGES = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    gateway.main()
