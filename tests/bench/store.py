"""The figures of the store when it is large, against an empty one: a start after kill -9, the listing, the rate of
intake, an index made anew.

usage: store.py [--dir FOLDER] [--filled FOLDER] [MESSAGES [OCTETS]]      (1000000 and 600)

Needs build/release/guichet and build/release/tests/bench/store_fill. The large store is made below --dir (/tmp), or is
what --filled holds as `store` (store_fill FOLDER/store MESSAGES OCTETS), which is changed. Prints JSON.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

import gateway  # noqa: E402
import wire     # noqa: E402

FILL = ROOT / "build/release/tests/bench/store_fill"
ROUNDS, SESSIONS, EACH = 7, 8, 250


def size(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def first_messages(g):
    """Seconds from exec to the 220 having come, and to the listing of a new login having come whole."""
    begin = time.monotonic()
    g.start()
    with wire.Smtp(g.smtp):
        greeted = time.monotonic() - begin
    with wire.Pop(g.pop3) as pop:
        count = len(pop.uids())
        listed = time.monotonic() - begin
        pop.quit()
    return {"greeted_s": round(greeted, 2), "listed_s": round(listed, 2), "listed": count}


def after_kill9(g, large):
    """What was being received when the kill came is torn, so there is something to recover."""
    g.start()
    sender = threading.Thread(target=deliver_until_closed, args=(g.smtp,))
    sender.start()
    gateway.eventually(lambda: size(g.store / "volumes") != large, "the large store takes mail")
    g.kill9()
    sender.join()
    return first_messages(g)


def deliver_until_closed(address):
    try:
        while True:
            intake(address, "killed", 1, 50)
    except (wire.Closed, OSError):
        return


def intake(address, round_name, sessions=SESSIONS, each=EACH):
    """Messages per second, in so many sessions; each message is another one."""
    failed = []

    def send(number):
        try:
            with wire.Smtp(address) as smtp:
                for count in range(each):
                    head = f"Subject: {round_name}/{number}/{count}/{time.monotonic_ns()}\r\n\r\n"
                    smtp.deliver([gateway.RECIPIENT], head.encode() + b"x" * 72 + b"\r\n")
        except (wire.Closed, OSError, AssertionError) as error:
            failed.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(sessions)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return sessions * each / (time.monotonic() - begin)


def rates(large, empty):
    """Both in turn, the one that begins changing each round: what drifts drifts for both."""
    found = {"large": [], "empty": []}
    pairs = [("large", large), ("empty", empty)]
    for name, g in pairs:
        intake(g.smtp, "warm", each=20)
    for number in range(ROUNDS):
        for name, g in pairs[::-1] if number % 2 else pairs:
            found[name].append(intake(g.smtp, number))
    result = {name: round(statistics.median(values)) for name, values in found.items()}
    return result | {"ratio": round(result["large"] / result["empty"], 3), "rounds": ROUNDS}


def rebuild(g):
    begin = time.monotonic()
    said = g.command("index", "rebuild").decode()
    took = time.monotonic() - begin
    count = sum(int(number.replace(",", "")) for number in re.findall(r"([\d,]+) messages", said)[:1])
    return {"seconds": round(took, 1), "messages": count, "messages_per_s": round(count / took),
            "octets_per_s": round(size(g.store / "volumes") / took), "said": said.strip()}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, default=Path("/tmp"))
    parser.add_argument("--filled", type=Path)
    parser.add_argument("messages", nargs="?", type=int, default=1_000_000)
    parser.add_argument("octets", nargs="?", type=int, default=600)
    return parser.parse_args()


def main():
    options = arguments()
    gateway.PATIENCE_S = 3600
    with tempfile.TemporaryDirectory(prefix="guichet-store-bench-", dir=options.dir) as home:
        small, folder = Path(home) / "empty", options.filled or Path(home) / "large"
        for made in (small, folder):
            made.mkdir(exist_ok=True)
        large = gateway.Gateway(folder)
        if not options.filled:
            subprocess.run([FILL, large.store, str(options.messages), str(options.octets)], check=True,
                           stdout=subprocess.DEVNULL)
        result = {"store_octets": size(large.store / "volumes")}
        result["after_kill9"] = after_kill9(large, result["store_octets"])
        with gateway.Gateway(small) as empty:
            result["intake_per_s"] = rates(large, empty)
        large.terminate()
        large.wait(60)
        result["index_rebuild"] = rebuild(large)
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
