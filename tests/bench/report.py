"""BENCHMARKS.md from the figures: each with its peer, the ratio, what it should reach, and whether it does."""

import os
import platform
import subprocess
from pathlib import Path


class Row:
    """One line of the table. `better` says which way is good; target and ambition are in the unit of `judged`."""

    def __init__(self, figure, ours, peer, judged, target, ambition, better="more", unit="×"):
        self.figure, self.ours, self.peer = figure, ours, peer
        self.judged, self.target, self.ambition = judged, target, ambition
        self.better, self.unit = better, unit

    def reaches(self, goal):
        if not isinstance(goal, (int, float)):
            return False
        return self.judged >= goal if self.better == "more" else self.judged <= goal

    def goal(self, goal):
        return goal if isinstance(goal, str) else f"{goal:g} {self.unit}"

    def text(self):
        met = "yes" if self.reaches(self.target) else "**no**"
        if self.reaches(self.ambition):
            met = "yes, and the ambition"
        judged = f"{self.judged:.2f} ×" if self.unit == "×" else ""
        return f"| {self.figure} | {self.ours} | {self.peer} | {judged} | {self.goal(self.target)} | " \
               f"{self.goal(self.ambition)} | {met} |"


def rate(value):
    return f"{value:,.0f}/s"


def ms(value):
    return f"{value * 1000:.2f} ms"


def intake_rows(found):
    goals = {"10 KB, 1 session": ((2.2, 3), (0.7, 0.95)), "10 KB, 16 sessions": ((8, 12), (0.7, 1.0)),
             "10 KB, 64 sessions": ((10, 16), (0.95, 1.4)), "1 MB, 16 sessions": ((2, 4), (1.3, 2.5))}
    for load, rates in found.items():
        for peer, goal in zip(("Postfix + Dovecot", "smtp-sink"), goals[load]):
            name = "Postfix" if peer.startswith("Postfix") else peer
            yield Row(f"durable intake, {load}, against {name}", rate(rates["Guichet"]), rate(rates[peer]),
                      rates["Guichet"] / rates[peer], *goal)


def drain_rows(found):
    for how, target in (("one by one", 2), ("16 pipelined", 1.2)):
        rates = found[how]
        yield Row(f"POP3 RETR, DELE, QUIT of 3,000 × 10 KB, {how}, against Dovecot", rate(rates["Guichet"]),
                  rate(rates["Postfix + Dovecot"]), rates["Guichet"] / rates["Postfix + Dovecot"], target,
                  "as fast as the client reads")


def idle_rows(found):
    for kind, peer, target, ambition in (("SMTP", "Postfix SMTP", 12, 4), ("POP3", "Dovecot POP3", 12, 4),
                                         ("SMTP, TLS", None, 40, 16), ("POP3, TLS", None, 40, 16)):
        ours = found[f"Guichet {kind}"] / 1024
        theirs = f"{found[peer] / 1024:,.0f} KB" if peer else ""
        yield Row(f"memory per idle connection, {kind}", f"{ours:.1f} KB", theirs, ours, target, ambition, "less", "KB")


def push_rows(found):
    peak = found["peak"] / (1 << 20)
    yield Row(f"resident memory while {found['senders']} senders each push {found['octets'] // 1_000_000} MB "
              f"(took {found['seconds']:.0f} s)", f"{peak:.0f} MB", "", peak, 400, 150, "less", "MB")


def latency_rows(found):
    listed, said = found["250 to listed"], found["end of data to 250"]
    pair, ours, barrier = "Postfix + Dovecot", "Guichet", found["barrier"]

    def both(values):
        return f"{ms(values[0])} / {ms(values[1])}"

    yield Row("250 said to listed by a new POP3 login, p50 / p99", both(listed[ours]), both(listed[pair]),
              listed[ours][1] * 1000, 10, 3, "less", "ms")
    for name, at in (("p50", 0), ("p99", 1)):
        yield Row(f"end of data to 250, 10 KB, one session, {name} (the disk's own sync: {ms(barrier[at])})",
                  ms(said[ours][at]), ms(said[pair][at]), said[pair][at] / said[ours][at], 1, "the sync itself")


def judge_rows(found):
    ours, peer = found["Guichet"], found["Postfix + Dovecot"]
    what = "received, judged (SPF, DKIM, DMARC, parts) and delivered, signed messages of 10 KB"
    yield Row(f"{what}, against Postfix with opendkim, opendmarc and policyd-spf", rate(ours), rate(peer), ours / peer, 3,
              "as many as are received")
    yield Row(f"{what}, each second", rate(ours), "", ours, 800, "as many as are received", unit="/s")


ROWS = {"intake": intake_rows, "drain": drain_rows, "idle": idle_rows, "push": push_rows, "latency": latency_rows, "judge": judge_rows}


def table(figures):
    """Markdown for the groups that have been measured, in order."""
    lines = ["| figure | Guichet | peer | ratio | at least | ambition | reached |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for group, rows in ROWS.items():
        if group in figures:
            lines += [row.text() for row in rows(figures[group]["found"])]
    return "\n".join(lines)


def ceilings(found):
    """What these processors can do at most, if none of them is ever idle: their number by the processor time that a
    message takes, the client's share with the server's."""
    lines = ["| load | processor time of a message: client + Guichet / client + smtp-sink | so at most | reached |"
             " what the figure against Postfix asks |", "| --- | --- | --- | --- | --- |"]
    for load, rates in found.items():
        client, server = rates["client_s"], rates["server_s"]
        asked = {"10 KB, 1 session": 2.2, "10 KB, 16 sessions": 8, "10 KB, 64 sessions": 10,
                 "1 MB, 16 sessions": 2}[load] * rates["Postfix + Dovecot"]
        shares = [f"{client[name] * 1e6:,.0f} + {server[name] * 1e6:,.0f}" for name in ("Guichet", "smtp-sink")]
        most = [os.cpu_count() / (client[name] + server[name]) for name in ("Guichet", "smtp-sink")]
        lines.append(f"| {load} | {' / '.join(shares)} µs | {rate(most[0])} / {rate(most[1])} | "
                     f"{rate(rates['Guichet'])} / {rate(rates['smtp-sink'])} | {rate(asked)} |")
    return "\n".join(lines)


def file_system(folder):
    """(device, kind) below a folder"""
    mounted = subprocess.run(["findmnt", "-n", "-o", "SOURCE,FSTYPE", "-T", folder], capture_output=True, text=True)
    return (mounted.stdout.split() + ["?", "?"])[:2]


def machine(folder):
    """Processor, cores, kernel, file system."""
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    source, kind = file_system(folder)
    if kind == "ext4":
        features = subprocess.run(["dumpe2fs", "-h", source], capture_output=True, text=True,
                                  env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}).stdout
        if features:
            kind += " with a journal" if "has_journal" in features else " without a journal"
    return f"{cpu}, {os.cpu_count()} cores; Linux {platform.release()}; {kind}"


def versions():
    found = []
    for package in ("postfix", "dovecot-pop3d"):
        done = subprocess.run(["dpkg-query", "-W", "-f=${Package} ${Version}", package], capture_output=True, text=True)
        found.append(done.stdout or f"{package}, unknown")
    return ", ".join(found)


def client_section(figures):
    if "intake" not in figures:
        return ""
    return f"""
## What the machine can do at most

{ceilings(figures["intake"]["found"])}

The client runs on the same processors. What is asked and above "at most" is beyond this machine with this client; what
is above it for smtp-sink is beyond a server that stores nothing.
"""


def document(figures):
    """BENCHMARKS.md"""
    notes = [f"- {group}: {facts['date']}, `{facts['command']}`, {facts['machine']}" for group, facts in figures.items()]
    return f"""# Benchmarks

Written by `./dev bench`. Guichet, Postfix with Dovecot, and `smtp-sink` (which stores nothing) take turns in one run on
one machine, with the same client and the same loads; a figure is the median of its rounds. Durability is on for all:
every 250 of Guichet and of Postfix stands for octets that have been synced. Absolute figures drift from machine to
machine and from hour to hour: the ratio is what counts.

{table(figures)}

Peers: {versions()}. Memory is the proportional set size of all processes of a server, with the idle connections less
without, by their number (Guichet 500, the peers 50); the kernel's own share is not in it. SMTP connections have said
EHLO, POP3 connections are logged in.
{client_section(figures)}
Measured:

{chr(10).join(notes)}
"""


STORE = "## The store"


def store_section(path):
    """What BENCHMARKS.md says of the store: written by hand from other commands, and kept as it stands."""
    at = path.read_text().find(f"\n{STORE}\n") if path.exists() else -1
    return path.read_text()[at:] if at >= 0 else ""
