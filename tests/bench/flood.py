#!/usr/bin/env python3
"""What an honest client sees beside 10,000 slow connections and 1,000 senders of large bodies, and what memory they
take: Guichet with its limits raised, then Postfix under the same load. Prints a table for BENCHMARKS.md.

The crowd is one process (crowd.py) from many addresses of 127.0.0.0/8; half of the slow ones send an octet of a command
every ten seconds, half an octet of a body. The honest ones are four, each a message of 10 KB after the other, every one
on a connection of its own: what counts is the time from connect() to the 250 behind the end of data.
"""

import argparse
import collections
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import clients
import contenders
import report

GIVEN_UP_S = 30   # an honest client that has no 250 until then counts as that long
RAISED = {"smtpd.sessions_max": 20_000, "smtpd.trusted_networks": []}


class Honest(clients.Smtp):
    """From an address of its own, and not for ever."""

    def __init__(self, address, number):
        self.socket = clients.socket.create_connection(address, timeout=GIVEN_UP_S,
                                                       source_address=(f"127.9.0.{number % 250 + 1}", 0))
        self.rest = b""
        self.reply(220)
        self.command(b"EHLO client.example\r\n", 250)


class Watch:
    """Memory of the server and the messages of the honest ones, while it lasts."""

    def __init__(self, contender):
        self.contender, self.numbers = contender, itertools.count()
        self.times, self.failures, self.peak, self.over = [], [], 0, False

    def memory(self):
        self.peak = max(self.peak, contenders.pss_octets(self.contender.smtp_pids()))

    def deliver(self):
        while not self.over:
            number, begun = next(self.numbers), time.perf_counter()
            try:
                smtp = Honest(self.contender.smtp, number)
                smtp.begin()
                smtp.command(clients.message(number, 10_240) + b".\r\n", 250)
                self.times.append(time.perf_counter() - begun)
                smtp.close()
            except (OSError, RuntimeError) as problem:
                self.failures.append(str(problem))
                self.times.append(GIVEN_UP_S)
                time.sleep(1)

    def run(self, seconds):
        threads = [threading.Thread(target=self.deliver, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(1)
            self.memory()
        self.over = True
        for thread in threads:
            thread.join(2 * GIVEN_UP_S)


class Crowd:
    def __init__(self, contender, options):
        host, port = contender.smtp
        self.process = subprocess.Popen(
            [sys.executable, "-B", Path(__file__).with_name("crowd.py"), f"{host}:{port}", f"--slow={options.slow}",
             f"--senders={options.senders}", f"--octets={options.octets}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.count, self.most = {}, 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.count = json.loads(line)
            self.most = max(self.most, self.count["greeted"])

    def gather(self, wanted, within_s):
        """Until as many are greeted, or it becomes no more."""
        deadline = time.monotonic() + within_s
        while self.count.get("greeted", 0) < wanted and time.monotonic() < deadline:
            time.sleep(0.2)

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.reader.join()


def measure(contender, options):
    with contender:
        quiet = Watch(contender)
        quiet.run(5)
        crowd, watch = Crowd(contender, options), Watch(contender)
        try:
            crowd.gather(options.slow + options.senders, 30)
            watch.run(options.seconds)
        finally:
            crowd.end()
    print(f"{contender.name}: {crowd.count}; {dict(collections.Counter(watch.failures))}", file=sys.stderr, flush=True)
    return {"quiet": quiet.times, "times": watch.times, "failures": watch.failures, "peak": watch.peak,
            "crowd": crowd.count, "most": crowd.most}


def seconds(value):
    return f"more than {GIVEN_UP_S} s" if value >= GIVEN_UP_S else f"{value:.2f} s"


def row(name, found):
    p50, p99 = (clients.percentile(found["times"], share) for share in (0.5, 0.99))
    rate = found["crowd"].get("octets", 0) / 1e6
    return (f"| {name} | {found['most']:,} | {rate:,.0f} MB, {found['crowd'].get('filed', 0):,} filed | "
            f"{seconds(clients.percentile(found['quiet'], 0.99))} | {seconds(p50)} / {seconds(p99)} | "
            f"{len(found['failures'])} of {len(found['times'])} | {found['peak'] / (1 << 20):,.0f} MB |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slow", type=int, default=10_000)
    parser.add_argument("--senders", type=int, default=1_000)
    parser.add_argument("--octets", type=int, default=10_000_000, help="of one large body (%(default)s)")
    parser.add_argument("--seconds", type=int, default=50, help="with the whole crowd there (%(default)s)")
    parser.add_argument("--only", choices=["guichet", "postfix"])
    parser.add_argument("--dir", type=Path, default=Path("/tmp"))
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("it takes root: for the limit of descriptors, and for Postfix")
    wanted = options.slow + options.senders + 1000   # of each process
    hard = max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = Path(tempfile.mkdtemp(prefix="guichet-flood-", dir=options.dir))
    folder.chmod(0o755)
    print(f"{options.slow:,} slow connections, {options.senders:,} senders of {options.octets / 1e6:g} MB; "
          f"{report.machine(folder)}\n")
    print("| server | greeted at once, most | taken of large bodies | honest p99 without the crowd |"
          " honest p50 / p99 to 250 | without a 250 | memory, peak |\n" + "| --- " * 7 + "|", flush=True)
    try:
        if options.only != "postfix":
            print(row("Guichet", measure(contenders.Guichet(folder, RAISED), options)), flush=True)
        if options.only != "guichet":
            print(row("Postfix", measure(contenders.Pair(folder), options)), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
