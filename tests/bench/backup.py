"""The figure of the backup: many messages stored, a hundred new, one snapshot: how long, and how much is sent.

usage: backup.py [--object-store] [MESSAGES [OCTETS]]      (1000000 and 1000)

Needs build/release/guichet, build/release/tests/bench/store_fill and restic. The repository is a folder; or, with
--object-store, in a real S3 store (tests/e2e/offsite.py says how it is found). What is sent is what it grows by.
Prints JSON.
"""

import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

import gateway  # noqa: E402
import offsite  # noqa: E402
import wire     # noqa: E402

FILL = ROOT / "build/release/tests/bench/store_fill"
ROUNDS, NEW = 5, 100


def size(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def deliver(g, octets, seed):
    """NEW messages with a body like an attachment's; how many octets they are."""
    sent = 0
    with wire.Smtp(g.smtp) as smtp:
        for number in range(NEW):
            body = b"Subject: %d/%d\r\n\r\n" % (seed, number)
            body += base64.encodebytes(os.urandom(octets * 3 // 4)).replace(b"\n", b"\r\n")
            smtp.deliver([gateway.RECIPIENT], body)
            sent += len(body)
    return sent


def measure(g, octets, stored):
    rounds = []
    for seed in range(ROUNDS):
        sent = deliver(g, octets, seed)
        before = size(stored)
        begin = time.monotonic()
        g.command("backup", "now")
        took = time.monotonic() - begin
        line = json.loads((g.store / "backup/snapshots.jsonl").read_text().splitlines()[-1])
        rounds.append({"seconds": round(took, 2), "new_octets_of_messages": sent,
                       "new_octets_of_volumes": line["octets_new"], "sent_octets": size(stored) - before})
    return rounds


@contextlib.contextmanager
def repository(folder, in_object_store):
    """The repository, and the folder in which its octets end up."""
    if not in_object_store:
        yield offsite.Repository(folder, folder / "repository"), folder / "repository"
        return
    program = offsite.object_store_program()
    if not program:
        sys.exit("no S3 store: GUICHET_OBJECT_STORE names no program, or swift and memcached are not installed")
    with offsite.object_store(program) as settings:
        address, stored = settings.pop("RESTIC_REPOSITORY"), Path(settings["RESTIC_CACERT"]).parent / "srv"
        yield offsite.Repository(folder, address, **settings), stored


def main():
    words = [word for word in sys.argv[1:] if word != "--object-store"]
    messages, octets = (int(word) for word in (words + ["1000000", "1000"][len(words):]))
    gateway.PATIENCE_S = 3600
    with tempfile.TemporaryDirectory(prefix="guichet-backup-bench-") as home, \
            repository(Path(home), "--object-store" in sys.argv) as (made, stored):
        g = gateway.Gateway(home, made.settings(**{"backup.interval_s": 86_400, "backup.alarm_after_s": 86_400}))
        filled = json.loads(subprocess.run([FILL, g.store, str(messages), str(octets)], check=True,
                                           capture_output=True).stdout)
        g.command("backup", "init")
        begin = time.monotonic()
        g.command("backup", "now")
        result = {"messages": messages, "fill_seconds": filled["seconds"], "store_octets": size(g.store / "volumes"),
                  "first_snapshot_seconds": round(time.monotonic() - begin, 1)}
        with g:
            result["rounds"] = measure(g, octets, stored)
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
