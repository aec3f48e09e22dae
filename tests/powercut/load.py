"""Senders and a poller that go on until they have done enough, or the gateway is gone."""

import random
import threading

import oracle   # noqa: F401  (puts tests/e2e on the path)
import gateway
import wire

GONE = (wire.Closed, OSError)
SPOOLED_OCTETS = 300_000   # past store.spool_octets_min and what is worth a file

SETTINGS = {
    "store.volume_octets_max": 512 << 10,     # volumes are sealed under way
    "store.prepare_octets": 128 << 10,
    "store.spool_octets_min": 64 << 10,
    "smtpd.busy_poll_us": 0,
    "gateway.shutdown_grace_s": 2,
}


class Load:
    """One run of clients against a running gateway; what they are told goes to the oracle."""

    def __init__(self, g, oracle, seed, senders=3, messages=8):
        self.g, self.oracle, self.seed, self.messages = g, oracle, seed, messages
        self.problems = []
        self.left = senders
        self.together = threading.Barrier(senders)
        self.counted = threading.Semaphore(0)   # released once for each acknowledgement
        works = [lambda n=n: self.send(random.Random(f"{seed} {n}"), n) for n in range(senders)]
        works.append(lambda: self.poll(random.Random(f"{seed} poller")))
        self.threads = [threading.Thread(target=self.guarded, args=(work,), daemon=True) for work in works]
        for thread in self.threads:
            thread.start()

    def guarded(self, work):
        try:
            work()
        except GONE:
            pass
        except Exception as problem:   # a promise that was broken already, or a fault of the laboratory
            self.problems.append(problem)

    def join(self):
        for thread in self.threads:
            thread.join()
        for problem in self.problems:
            raise problem

    def send(self, chance, number):
        try:
            with wire.Smtp(self.g.smtp) as smtp:
                for count in range(self.messages):
                    if not self.send_one(smtp, chance, number, count):
                        return
        finally:
            with self.oracle.lock:
                self.left -= 1
            self.together.abort()

    def send_one(self, smtp, chance, number, count):
        """False: the gateway takes no more."""
        octets = self.octets(chance, number, count)
        recipients = [f"foi+{n}@example.test" for n in range(chance.choice([1, 1, 1, 3]))]
        self.oracle.sending(octets)
        if count == 1:
            self.meet()
        try:
            code, text = smtp.message(recipients, octets)
        except AssertionError:   # refused before the data
            return False
        if code != 250:
            return False
        self.oracle.acknowledged(octets, recipients, text)
        self.counted.release()
        return True

    def meet(self):
        """So that the same octets come from all of them at once."""
        try:
            self.together.wait(5)
        except threading.BrokenBarrierError:
            pass

    def octets(self, chance, number, count):
        if count == 1:
            return b"Subject: the same for all, %s\r\n\r\nat once\r\n" % str(self.seed).encode()
        if count == 3 and number == 0:
            return b"Subject: %s\r\n\r\n" % str(self.seed).encode() + chance.randbytes(SPOOLED_OCTETS // 2).hex().encode() + b"\r\n"
        with self.oracle.lock:
            known = sorted(self.oracle.sent) if chance.random() < 0.2 else []
            if known:
                return self.oracle.sent[chance.choice(known)]
        length = chance.choice([0, 100, 3_000, 10_000, 10_000, 30_000])
        return b"Subject: %d\r\n\r\n" % chance.getrandbits(64) + chance.randbytes(length // 2).hex().encode() + b"\r\n"

    def poll(self, chance):
        last = False
        while not last:
            last = self.left <= 0   # once more after the last sender
            with wire.Pop(self.g.pop3, user=None) as pop:
                if not pop.login(gateway.USER, gateway.PASSWORD).startswith(b"+OK"):
                    return   # the disk is gone, and the index with it
                uids = pop.uids()
                for number, uid in enumerate(uids, 1):
                    if uid not in self.oracle.seen:
                        self.oracle.listed(uid, pop.retr(number))
                chosen = chance.sample(range(len(uids)), len(uids) // 4)
                for index in chosen:
                    pop.expect(b"DELE %d" % (index + 1))
                removal = self.oracle.quitting(uids[index] for index in chosen)
                if self.quit(pop):
                    self.oracle.removed(removal)
                else:
                    return

    def quit(self, pop):
        try:
            pop.quit()
            return True
        except AssertionError:   # -ERR: it could not be recorded
            return False
