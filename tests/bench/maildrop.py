"""The figures of a maildrop that is full: how long a login takes to STAT and what its session holds in memory; and
that no UID is given twice, and none changed by a restart, by an index made anew, or by a re-queue.

usage: maildrop.py [--dir FOLDER] [WAITING [UIDS]]      (100000 and 1000000)

Needs build/release/guichet and build/release/tests/bench/store_fill. Prints JSON; exits 1 when a UID is not as it was.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

import gateway  # noqa: E402
import wire     # noqa: E402

FILL = ROOT / "build/release/tests/bench/store_fill"
ROUNDS = 9


def filled(folder, messages):
    folder.mkdir()
    subprocess.run([FILL, folder / "store", str(messages), "200"], check=True, stdout=subprocess.DEVNULL)
    return gateway.Gateway(folder).start()   # with popd.session_messages_max = 0, as in the tests


def pss_octets(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no Pss")


def login_to_stat(address):
    with wire.Pop(address, user=None) as pop:
        begin = time.monotonic()
        pop.login("foi", "secret")
        pop.stat()
        return time.monotonic() - begin


def full_maildrop(folder, messages):
    g = filled(folder, messages)
    try:
        before = pss_octets(g.process.pid)   # before the first session: what it leaves in the heap counts
        with wire.Pop(g.pop3) as pop:
            pop.stat()
            held = pss_octets(g.process.pid) - before
        times = [login_to_stat(g.pop3) for _ in range(ROUNDS)]
        with wire.Pop(g.pop3) as pop:
            count, _ = pop.stat()
            begin = time.monotonic()
            for number in range(1, min(10_000, count) + 1, 1000):
                pop.send(b"".join(b"DELE %d\r\n" % n for n in range(number, number + 1000)))
                for _ in range(1000):
                    assert pop.line().startswith(b"+OK")
            marked = time.monotonic() - begin
            begin = time.monotonic()
            pop.quit()
            quit_s = time.monotonic() - begin
    finally:
        g.stop()
    return {"waiting": count, "login_to_stat_ms": round(1000 * statistics.median(times)),
            "worst_ms": round(1000 * max(times)), "session_MB": round(held / 1e6, 1),
            "dele_10000_s": round(marked, 2), "quit_of_10000_deletions_s": round(quit_s, 2)}


def uids(g):
    with wire.Pop(g.pop3) as pop:
        found = pop.uids()
        pop.quit()
    return found


def uids_stay(folder, messages):
    g = filled(folder, messages)
    try:
        first = uids(g)
        result = {"uids": len(first), "twice": len(first) - len(set(first))}
        g.restart()
        result["changed_by_restart"] = len(set(first) ^ set(uids(g)))
        subprocess.run([gateway.BINARY, "index", "rebuild", *g.arguments()], check=True, stdout=subprocess.DEVNULL)
        result["changed_by_rebuild"] = len(set(first) ^ set(uids(g)))
        g.command("requeue", json.loads(g.command("list", "--json", "--limit", "1"))[0]["id"], "--reason", "figures",
                  "--yes")
        after = uids(g)
        result["new_by_requeue"] = len(set(after) - set(first))
        result["changed_by_requeue"] = len(set(first) - set(after)) - 1
    finally:
        g.stop()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, default=Path("/tmp"))
    parser.add_argument("waiting", nargs="?", type=int, default=100_000)
    parser.add_argument("uids", nargs="?", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="guichet-maildrop-", dir=options.dir) as folder:
        found = {"maildrop": full_maildrop(Path(folder) / "full", options.waiting),
                 "uids": uids_stay(Path(folder) / "uids", options.uids)}
    print(json.dumps(found, indent=2))
    wrong = found["uids"]
    return 1 if any(wrong[key] for key in wrong if key == "twice" or key.startswith("changed")) else 0


if __name__ == "__main__":
    sys.exit(main())
