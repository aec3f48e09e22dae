"""What it costs to read each new body back before it can be listed (store/read_back.h), which is done when a session
lists all messages (popd.session_messages_max = 0): processor time and answers under a steady intake, in turns with
and without.

usage: read_back.py [--dir FOLDER] [--rate N] [--seconds S] [--rounds N]

Needs build/release/guichet, or the one that GUICHET names. Prints JSON.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

import gateway  # noqa: E402
import wire     # noqa: E402

SENDERS = 8
BODY_OCTETS = 10_240


def processor_s(pid):
    """{thread: seconds} and the whole under ''."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        spent = int((task / "schedstat").read_text().split()[0]) / 1e9   # `stat` counts in hundredths of a second
        for key in ((task / "comm").read_text().strip(), ""):
            found[key] = found.get(key, 0) + spent
    return found


def sender(address, number, options, begin, times):
    head = b"From: clerk@town.example\r\nSubject: reply\r\n\r\n"
    step = SENDERS / options.rate
    with wire.Smtp(address) as smtp:
        for turn in range(int(options.rate * options.seconds / SENDERS)):
            due = begin + (turn + number / SENDERS) * step
            time.sleep(max(0, due - time.monotonic()))
            line = os.urandom(39).hex().encode() + b"\r\n"   # no body twice
            smtp.envelope(gateway.RECIPIENT, b"authority@town.example")
            smtp.expect(354, b"DATA")
            smtp.send(head + line * (BODY_OCTETS // len(line)) + b".\r\n")
            sent = time.monotonic()
            assert smtp.reply()[0] == 250
            times.append(time.monotonic() - sent)
        smtp.quit()


def measured(folder, cap, options):
    folder.mkdir()
    g = gateway.Gateway(folder, {"popd.session_messages_max": cap}).start()
    try:
        times, begin = [], time.monotonic() + 0.5
        before = processor_s(g.process.pid)
        threads = [threading.Thread(target=sender, args=(g.smtp, number, options, begin, times))
                   for number in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begin
        after = processor_s(g.process.pid)
        with wire.Pop(g.pop3) as pop:   # waits for the index
            pop.quit()
    finally:
        g.stop()
    times.sort()
    messages = len(times)
    return {"messages_per_s": messages / took,
            "index_thread_us": 1e6 * (after["store-index"] - before["store-index"]) / messages,
            "process_us": 1e6 * (after[""] - before[""]) / messages,
            "answer_ms_p50": 1000 * times[messages // 2], "answer_ms_p99": 1000 * times[messages * 99 // 100]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, default=Path("/tmp"))
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds = {"read back (0)": [], "not (1)": []}
    with tempfile.TemporaryDirectory(prefix="guichet-read-back-", dir=options.dir) as folder:
        for turn in range(options.rounds):
            for cap, name in enumerate(rounds):
                rounds[name].append(measured(Path(folder) / f"{turn}.{cap}", cap, options))
    print(json.dumps({name: {figure: round(statistics.median(one[figure] for one in found), 3)
                             for figure in found[0]} for name, found in rounds.items()}, indent=2))


if __name__ == "__main__":
    main()
