"""kill -9 under load, again and again, with an oracle that remembers what was acknowledged.

Acknowledged: present, byte-identical, listed. Not acknowledged: present whole or absent. A removal acknowledged by
QUIT's +OK: gone from the maildrop. Every UID once seen keeps its octets. The page cache survives kill -9, so this says
nothing about fsync: the tests with the forgetting disk do.

As a program: test_kill.py --cycles N
"""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import unittest

import gateway
import served
import warc
import wire
from gateway import RECIPIENT, SANITIZED, GatewayTest

CYCLES = 4 if SANITIZED else 40   # and four times as many kills in the first moments: 200 in all
SENDERS = 6
LOST = (wire.Closed, OSError)


class Oracle:
    """What the clients have been told. A message is known by the digest of its octets; each is sent once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = {}           # digest: octets; from before the first of them leaves
        self.acknowledged = {}   # digest: recipients; from after the whole 250 line has been read
        self.forms = {}          # UID: digest of its served octets
        self.bodies = {}         # UID: digest of its original
        self.removed = set()     # UIDs; QUIT said +OK
        self.removing = set()    # UIDs; QUIT was sent, and no answer came


class Load:
    """Clients that go on until the gateway is killed."""

    def __init__(self, g, oracle, seed):
        self.g, self.oracle, self.wrong = g, oracle, []
        self.acknowledged = threading.Semaphore(0)
        works = [lambda n=n: self.send(random.Random(f"{seed} {n}")) for n in range(SENDERS)]
        works.append(lambda: self.collect(random.Random(f"{seed} collector")))
        self.threads = [threading.Thread(target=self.guarded, args=(work,)) for work in works]
        for thread in self.threads:
            thread.start()

    def guarded(self, work):
        try:
            work()
        except LOST:
            pass
        except Exception as problem:   # anything else is a finding; the main thread reports it
            self.wrong.append(problem)

    def join(self):
        for thread in self.threads:
            thread.join()
        if self.wrong:
            raise self.wrong[0]

    def message(self, chance):
        length = chance.choice([0, 1, 100, 5_000, 10_000, 10_000, 60_000, 300_000, 3_000_000 if chance.random() < 0.1 else 50])
        octets = b"Subject: %d\r\n\r\n" % chance.getrandbits(64) + chance.randbytes(length // 2).hex().encode() + b"\r\n"
        return octets

    def send(self, chance):
        with wire.Smtp(self.g.smtp) as smtp:
            while True:
                octets = self.message(chance)
                recipients = [f"foi+{n}@example.test" for n in range(chance.choice([1, 1, 1, 3]))]
                digest = hashlib.sha256(octets).hexdigest()
                with self.oracle.lock:
                    self.oracle.sent[digest] = octets
                smtp.deliver(recipients, octets)
                with self.oracle.lock:
                    self.oracle.acknowledged[digest] = recipients
                self.acknowledged.release()

    def collect(self, chance):
        while True:
            with wire.Pop(self.g.pop3) as pop:
                uids = pop.uids()
                chosen = chance.sample(range(len(uids)), min(len(uids) // 2, 10))
                for index in chosen:
                    see(self.oracle, uids[index], pop.retr(index + 1))
                    pop.expect(b"DELE %d" % (index + 1))
                leaving = {uids[index] for index in chosen}
                with self.oracle.lock:
                    self.oracle.removing |= leaving
                pop.quit()
                with self.oracle.lock:
                    self.oracle.removing -= leaving
                    self.oracle.removed |= leaving


def see(oracle, uid, form):
    """Remembers a served form, or holds it against what the UID was seen with before."""
    digest = hashlib.sha256(form).hexdigest()
    with oracle.lock:
        known = oracle.forms.setdefault(uid, digest)
        assert known == digest, f"UID {uid} has other octets than before"
        if uid not in oracle.bodies:
            original = re.search("[0-9a-f]{64}", served.value(form, "X-Guichet-Digest"))[0]
            assert original in oracle.sent, f"UID {uid} is a message that nobody sent"
            served.split(form, oracle.sent[original])
            oracle.bodies[uid] = original


def check(g, oracle, sample):
    """The gateway runs again: everything that was acknowledged is there."""
    with wire.Pop(g.pop3) as pop:
        listed = pop.uids()
        for number, uid in enumerate(listed, 1):
            if uid not in oracle.bodies:
                see(oracle, uid, pop.retr(number))
        for number in random.sample(range(1, len(listed) + 1), min(len(listed), sample)):
            see(oracle, listed[number - 1], pop.retr(number))
        pop.quit()
    present = set(listed)
    assert len(present) == len(listed), "a UID twice"
    back = present & oracle.removed
    assert not back, f"removed, and QUIT said +OK, but listed again: {back}"
    oracle.removed |= oracle.removing - present   # the commit was durable; its answer was lost
    oracle.removing.clear()
    lost = set(oracle.forms) - present - oracle.removed
    assert not lost, f"seen before, never removed, and not listed: {lost}"
    deliveries = {}
    for uid, digest in oracle.bodies.items():
        deliveries[digest] = deliveries.get(digest, 0) + 1
    for digest, recipients in oracle.acknowledged.items():
        assert deliveries.get(digest, 0) == len(recipients), (
            f"acknowledged for {len(recipients)} recipients, delivered to {deliveries.get(digest, 0)}: {digest}")
    facts = {re.search("[0-9a-f]{64}", fact["digest"])[0]: fact["id"] for fact in g.list()}
    missing = set(oracle.acknowledged) - set(facts)
    assert not missing, f"acknowledged, and not in the archive: {missing}"
    for digest in random.sample(sorted(oracle.acknowledged), min(len(oracle.acknowledged), sample)):
        assert g.raw(facts[digest]) == oracle.sent[digest], f"raw gives other octets for {digest}"
    g.verify()


def check_volumes(g, oracle):
    """The archive, read by a program that is not the gateway: every acknowledged message, to the octet."""
    found = set(warc.originals(warc.read_store(g.store, torn_tail=True)).values())
    for digest in oracle.acknowledged:
        assert oracle.sent[digest] in found, f"acknowledged, and not in the volumes: {digest}"
    assert found <= set(oracle.sent.values()), "a message in the volumes that nobody sent"


def check_list(g, oracle):
    """Listing before the next start does what that start would do, and calls nothing damaged."""
    done = g.command("list", "--json", check=False)
    assert done.returncode == 0 and b"damage" not in done.stderr, done.stderr
    listed = {re.search("[0-9a-f]{64}", fact["digest"])[0] for fact in json.loads(done.stdout)}
    missing = set(oracle.acknowledged) - listed
    assert not missing, f"acknowledged, and not listed: {missing}"


class Kill(GatewayTest):
    def test_what_was_acknowledged_survives(self):
        seed = os.environ.get("GUICHET_SEED") or str(random.SystemRandom().getrandbits(32))
        print(f"seed {seed}", file=sys.stderr)
        chance, oracle = random.Random(seed), Oracle()
        g = self.gateway({"store.volume_octets_max": 32 << 20})
        for cycle in range(CYCLES):
            load = Load(g, oracle, f"{seed} {cycle}")
            for _ in range(chance.randrange(1, 40 if SANITIZED else 120)):
                if not load.acknowledged.acquire(timeout=gateway.PATIENCE_S):
                    break
            time.sleep(chance.random() / 100)   # anywhere between two answers
            self.assertIsNone(g.process.poll(), "the gateway ended by itself")
            g.kill9()
            load.join()
            check_volumes(g, oracle)
            g.verify()
            if chance.random() < 0.5:
                check_list(g, oracle)
            g.start()
            check(g, oracle, sample=10)
            if cycle % 20 == 19 or cycle == CYCLES - 1:
                print(f"cycle {cycle + 1}: {len(oracle.acknowledged)} acknowledged, {len(oracle.sent)} sent, "
                      f"{len(oracle.removed)} removed", file=sys.stderr)
                self.collect_the_rest(g, oracle)

    def collect_the_rest(self, g, oracle):
        """Empties the maildrop, so that a long run does not list everything every time."""
        with wire.Pop(g.pop3) as pop:
            uids = pop.uids()
            for number in range(1, len(uids) + 1):
                pop.expect(b"DELE %d" % number)
            pop.quit()
        oracle.removed |= set(uids)
        self.assertEqual(wire.everything(g.pop3), {})

    def test_in_the_first_moments(self):
        """Killed while it starts, while it catches up, while it makes its first volume."""
        oracle = Oracle()
        g = self.gateway()
        for cycle in range(CYCLES):
            octets = b"Subject: %d\r\n\r\nx\r\n" % cycle
            with wire.Smtp(g.smtp) as smtp:
                smtp.deliver(RECIPIENT, octets)
            digest = hashlib.sha256(octets).hexdigest()
            oracle.sent[digest], oracle.acknowledged[digest] = octets, [RECIPIENT]
            g.kill9()
            for _ in range(3):
                self.killed_at_start(g, random.random() * (1.0 if SANITIZED else 0.05))
            g.start()
        check(g, oracle, sample=CYCLES)

    def killed_at_start(self, g, after_s):
        process = subprocess.Popen([gateway.BINARY, "run", *g.arguments()], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(after_s)
        process.kill()
        process.wait()


if __name__ == "__main__":
    if "--cycles" in sys.argv:
        at = sys.argv.index("--cycles")
        CYCLES = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    gateway.main()
