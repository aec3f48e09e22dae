"""The two ways to cut the power, and what is asked of the store afterwards.

shut_down_under_load   the file system goes away under the running gateway (FS_IOC_SHUTDOWN, its log not flushed)
record, replay         one loaded run on a disk that remembers its writes, then the disk as a cut may have left it
"""

import contextlib
import json
import multiprocessing
import os
import random
import subprocess
import time
from pathlib import Path

import blocks
import oracle as promises
from load import SETTINGS, Load
from oracle import EVER, Broken, Oracle, Survey
from recorder import Recorder
from writelog import Subset, WriteLog, keep

import gateway   # after oracle, which puts tests/e2e on the path
import wire

AFTERWARDS = b"Subject: after the cut\r\n\r\ntaken again\r\n"
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
WORKERS = min(2, os.cpu_count() or 1)
PHASES = ("stopped", "killed", "killed")   # how the gateway ends, one run after the other


class Sound:
    """No bug: the binary as it is. Bugs look the same from here (bugs.py)."""

    name, binary, mount_options = "", None, ""

    def environment(self, phase):
        """For the gateway in this phase of a run; None: after a cut."""
        return {}


class LabGateway(gateway.Gateway):
    """A gateway that may have a bug; its commands, such as verify, never have."""

    def __init__(self, folder, disk, bug):
        super().__init__(folder, {"store.path": Path(disk) / "store", **SETTINGS})
        self.store = Path(disk) / "store"
        self.bug = bug

    def start_in(self, phase):
        before, binary = dict(os.environ), gateway.BINARY
        os.environ.update(self.bug.environment(phase))
        gateway.BINARY = self.bug.binary or binary
        try:
            return self.start()
        finally:
            gateway.BINARY = binary
            os.environ.clear()
            os.environ.update(before)


# --- After a cut -------------------------------------------------------------------------------------------------

def examine(g, oracle, when, chance):
    """Starts on what the cut left, and raises Broken when a promise was not kept."""
    g.output = ""
    with contextlib.suppress(FileNotFoundError):
        (g.folder / "stderr").unlink()
    try:
        if chance.random() < 0.25 and oracle.filed_by(when) and not g.bug.name:
            list_first(g, oracle, when)   # a command has no bug: it would mend what the start is to get wrong
        forms = visit(g, oracle, chance)
    finally:
        g.kill9()
    if "damage in the archive" in g.log():
        raise Broken("damage", g.log())
    verified = g.command("verify", check=False)
    if verified.returncode != 0:
        raise Broken("verify finds damage", verified.stdout.decode()[:500] + verified.stderr.decode()[:500])
    promises.judge(oracle, Survey(g, forms), when)


def list_first(g, oracle, when):
    """A command before the next start does what that start would do."""
    done = g.command("list", "--json", check=False)
    if done.returncode != 0:
        raise Broken("list fails", done.stderr.decode()[:500])
    missing = set(oracle.filed_by(when)) - {facts["id"] for facts in json.loads(done.stdout)}
    if missing:
        raise Broken("an acknowledged message is not in the list", sorted(missing)[0])


def visit(g, oracle, chance):
    """What POP3 shows; now and then after one more message, which must be taken."""
    try:
        g.start_in(None)
    except AssertionError as problem:
        raise Broken("does not start", str(problem)[:1500]) from None
    one_more = chance.random() < 0.25
    if one_more:
        oracle.sending(AFTERWARDS)
        try:
            with wire.Smtp(g.smtp) as smtp:
                smtp.deliver(gateway.RECIPIENT, AFTERWARDS)
        except (AssertionError, wire.Closed, OSError) as problem:
            raise Broken("takes no mail", str(problem)) from None
    forms = promises.collect(g)
    if one_more and not any(form.endswith(AFTERWARDS) for form in forms.values()):
        raise Broken("takes no mail", "250 after the cut, and not listed")
    try:
        g.stop()
    except AssertionError as problem:
        raise Broken("does not stop", str(problem)[:1500]) from None
    return forms


# --- FS_IOC_SHUTDOWN ---------------------------------------------------------------------------------------------

def shut_down_under_load(folder, file_system, bug, cycles, seed):
    """Returns (cuts made, the oracle, the first Broken or None)."""
    chance, oracle = random.Random(seed), Oracle()
    image = Path(folder) / "shutdown.img"
    file_system.format(image)
    g = LabGateway(folder, Path(folder) / "disk", bug)
    for cycle in range(cycles):
        try:
            cut_under_load(g, image, file_system, oracle, chance, f"{seed} {cycle}")
            with mounted(image, file_system, g):
                examine(g, oracle, EVER - 1, chance)
        except Broken as broken:
            return cycle + 1, oracle, broken
    return cycles, oracle, None


@contextlib.contextmanager
def mounted(image, file_system, g):
    """The disk of this gateway. A loop device of its own each time: one that stays has octets from before the cut."""
    loop = blocks.Loop(image)
    try:
        mount = blocks.Mount(loop, file_system, g.store.parent, g.bug.mount_options)
    except OSError as problem:
        raise Broken("the file system is lost", str(problem)) from None
    finally:
        loop.close()   # the mount holds it now
    try:
        yield mount
    finally:
        g.kill9()
        mount.close()


def cut_under_load(g, image, file_system, oracle, chance, seed):
    with mounted(image, file_system, g) as mount:
        g.start_in(0)
        load = Load(g, oracle, seed, messages=40)
        await_acknowledgements(g, load, chance.randrange(5, 60))
        mount.shut_down()
        g.kill9()
        load.join()


def await_acknowledgements(g, load, count):
    """Returns earlier when the gateway has ended, or the senders have."""
    for _ in range(count):
        while not load.counted.acquire(timeout=0.2):
            if g.process.poll() is not None or load.left <= 0:
                return


# --- A recorded run ----------------------------------------------------------------------------------------------

def record(folder, file_system, bug, seed, messages):
    """Leaves base.img, writes.log and oracle.json in the folder."""
    with Recorder(folder, file_system, bug.mount_options) as recorder:
        oracle = Oracle(recorder.position)
        g = LabGateway(folder, recorder.mount.folder, bug)
        try:
            for phase, ending in enumerate(PHASES):
                g.start_in(phase)
                load = Load(g, oracle, f"{seed} {phase}", messages=messages)
                if ending == "killed":
                    await_acknowledgements(g, load, messages * 2)
                    g.kill9()
                load.join()
                finish(g, ending)
        finally:
            g.kill9()
        oracle.save(Path(folder) / "oracle.json")
    check_recording(Path(folder), recorder)


def check_recording(folder, recorder):
    """What the log is believed to say rests on this."""
    replayed = folder / "replayed.img"
    blocks.copy_image(recorder.base, replayed)
    with open(replayed, "r+b") as base, open(recorder.disk, "rb") as disk:
        WriteLog(recorder.log).check(base, disk)
    replayed.unlink()


def finish(g, ending):
    """A gateway that gave up, as it must after a failed sync, has ended or is about to."""
    try:
        if ending == "stopped":
            g.terminate()
            g.wait()
    finally:
        g.kill9()


class Cut:
    def __init__(self, log, index, subset=None):
        self.index, self.subset, self.durable = index, subset, log.last_flush(index)

    def __str__(self):
        kept = "nothing unflushed kept"
        if self.subset:
            kept = f"{self.subset.share:.0%} of the unflushed {'sectors' if self.subset.by_sector else 'writes'} kept"
        return f"cut before entry {self.index}, durable up to {self.durable}, {kept}"

    def name(self):
        """What Cut.named() makes the same cut of."""
        if not self.subset:
            return str(self.index)
        return f"{self.index}/{self.subset.share}/{'sectors' if self.subset.by_sector else 'writes'}/{self.subset.seed}"

    @staticmethod
    def named(log, name):
        index, *subset = name.split("/")
        share, unit, seed = subset or (None, None, None)
        return Cut(log, int(index), Subset(float(share), unit == "sectors", seed) if subset else None)


def boundary_cuts(log):
    return [Cut(log, index) for index in log.boundaries()]


def subset_cuts(log, oracle, count, seed):
    """Random ones; half of them between an observation and the next flush, where a promise is youngest."""
    chance, cuts = random.Random(f"{seed} subsets"), []
    times = [at for _, _, at in oracle.filed.values()] + [t for _, *both in oracle.removals for t in both if t < EVER]
    while len(cuts) < count:
        first = log.index_after(chance.choice(times)) if times and chance.random() < 0.5 else \
            chance.randrange(len(log.entries) + 1)
        last = next((index for index in log.flushes if index >= first), len(log.entries))
        index = chance.randint(first, last)
        if any(entry.length for entry in log.entries[log.last_flush(index):index]) or chance.random() < 0.02:
            cuts.append(Cut(log, index, Subset(chance.choice(SHARES), chance.random() < 0.5, f"{seed}-{len(cuts)}")))
    return cuts


def replay(folder, file_system, bug, cuts, stop_at_first=False):
    """[(cut, Broken)] of the cuts after which a promise was not kept, and the number of cuts made."""
    cuts = sorted(cuts, key=lambda cut: cut.durable)
    share = (len(cuts) + WORKERS - 1) // WORKERS
    queue, found = multiprocessing.Queue(), multiprocessing.Event()
    workers = []
    for number in range(WORKERS):
        part = cuts[number::WORKERS] if stop_at_first else cuts[number * share:(number + 1) * share]
        workers.append(multiprocessing.Process(
            target=work, args=(folder, file_system, bug, part, number, queue, found if stop_at_first else None)))
        workers[-1].start()
    try:
        results = [queue.get() for _ in workers]
    except BaseException:   # told to end
        for worker in workers:
            worker.terminate()
        raise
    finally:
        for worker in workers:
            worker.join()
    for _, _, fault in results:
        if fault:
            raise RuntimeError(f"the laboratory failed: {fault}")
    failures = [failure for some, _, _ in results for failure in some]
    return sorted(failures, key=lambda failure: failure[0].durable), sum(made for _, made, _ in results)


def work(folder, file_system, bug, cuts, number, queue, found):
    failures, made = [], 0
    try:
        bench = Bench(Path(folder), file_system, bug, number)
        for cut in cuts:
            if found is not None and found.is_set():
                break
            made += 1
            if broken := bench.try_cut(cut):
                failures.append((cut, broken))
                if found is not None:
                    found.set()
        queue.put((failures, made, None))
    except BaseException as problem:
        queue.put(([], 0, repr(problem)))
        raise
    finally:
        queue.close()
        queue.join_thread()


class Bench:
    """One worker's disk: an image that grows with what was flushed, and a copy of it for each cut."""

    def __init__(self, folder, file_system, bug, number):
        self.file_system, self.bug = file_system, bug
        self.log, self.oracle = WriteLog(folder / "writes.log"), Oracle.load(folder / "oracle.json")
        self.folder = folder / f"worker{number}"
        self.folder.mkdir(exist_ok=True)
        self.flushed, self.image, self.applied = self.folder / "flushed.img", self.folder / "cut.img", 0
        blocks.copy_image(folder / "base.img", self.flushed)
        blocks.copy_image(folder / "base.img", self.image)
        self.g = LabGateway(self.folder, self.folder / "disk", bug)

    def try_cut(self, cut):
        self.make_image(cut)
        chance = random.Random(f"{cut.index} {cut.subset}")
        try:
            if chance.random() < 0.2:
                self.cut_again(chance)
            with mounted(self.image, self.file_system, self.g):
                examine(self.g, self.oracle, self.log.time_of(cut.index), chance)
        except Broken as broken:
            return broken
        return None

    def cut_again(self, chance):
        """The power comes, and goes again while the gateway starts."""
        with mounted(self.image, self.file_system, self.g) as mount:
            process = subprocess.Popen([self.bug.binary or gateway.BINARY, "run", *self.g.arguments()],
                                       env={**os.environ, **self.bug.environment(None)}, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                time.sleep(chance.random() * 0.04)   # anywhere in a start
                mount.shut_down()
            finally:
                process.kill()
                process.wait()

    def make_image(self, cut):
        with open(self.flushed, "r+b", buffering=0) as file:
            for entry in self.log.entries[self.applied:cut.durable]:
                self.log.apply(file.fileno(), entry)
        self.applied = max(self.applied, cut.durable)
        blocks.copy_image(self.flushed, self.image)
        subset = cut.subset or Subset(0.0, False, "")
        with open(self.image, "r+b", buffering=0) as file:
            keep(self.log, file.fileno(), cut.index, subset, self.file_system.whole_octets)
