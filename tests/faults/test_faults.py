"""Each call of the store to libc fails, one in a run, in the binary as it is shipped (README.md beside this).

Short form, as a test: every call site once for each kind of error; conditions that last and pass; the syncs that end
it, by name. As a program, `--every`: every call, every errno.
"""

import argparse
import collections
import re
import shutil
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import gateway
import life as lives
import sites
from sites import SYNCS

WORKERS = 2
TRIES = 3   # threads interleave: a call that was there in the dry run may not come in another one
RESUMED = {"pread", "pwritev2", "pwritev2-dsync", "ftruncate", "open", "create", "flock"}
GAVE_UP = "nothing more is acknowledged"
# Where a failed sync must be the end: functions on the way, and the call. Found in the dry run or the test fails.
ENDS = {
    "a batch": ("ActiveVolume::commit", "pwritev2-dsync(volume)"),
    "a batch with a spooled body": ("ActiveVolume::commit", "fdatasync(volume)"),
    "a new volume's first record": ("ActiveVolume::create", "pwritev2-dsync(volume)"),
    "a new volume's name": ("ActiveVolume::create", "fsync(folder)"),
    "a full volume's seal": ("Writer::commit_batch", "ActiveVolume::seal", "fsync(volume)"),
    "the last volume's seal": ("Writer::run › Writer::seal", "ActiveVolume::seal", "fsync(volume)"),
    "zeros": ("Preparer", "fdatasync(volume)"),
    "a torn tail's copy": ("save_tail", "fsync(torn)"),
    "a recovered volume": ("seal_last_volume", "fsync(volume)"),
}
# Conditions that last: what a full disk, a quota, a busy process do; from this call on.
FULL_FROM = [
    ("ActiveVolume::commit", "pwritev2-dsync(volume)"), ("ActiveVolume::create", "create(volume)"),
    ("Body::spill", "create(spool)"), ("Body::spill", "pwritev2(spool)"), ("copy_spool", "pwritev2(volume)"),
    ("pwrite(wal)",)]
NO_FILES_FROM = [
    ("ActiveVolume::create", "create(volume)"), ("ActiveVolume::create", "open(folder)"),
    ("ActiveVolume::prepare", "open(volume)"), ("Body::spill", "create(spool)"), ("Archive::fact", "open(volume)")]
CONDITIONS = [(what, way) for way in FULL_FROM for what in sites.FULL] + [("EMFILE", way) for way in NO_FILES_FROM]


class Case(NamedTuple):
    template: lives.Template
    site: sites.Site
    nth: int
    what: str

    @property
    def gives_up(self):
        """The syncs that an acknowledgement relies on. SQLite's are about a projection, which is made anew when it
        fails; an erasure's are reported to the operator, and what it overwrites was durable before; refusals go on in
        another volume, with an alarm."""
        relied_on = self.site.ours and not self.site.erases and not self.site.refusals
        return relied_on and self.site.call in SYNCS and self.what in ("EIO", "EIO+")

    @property
    def may_give_up(self):
        """A folder that cannot be opened to be synced is as good as not synced."""
        return self.site.ours and (self.site.call in SYNCS or (self.site.call, self.site.kind) == ("open", "folder"))

    @property
    def unnoticed(self):
        """EINTR and short transfers are resumed: nobody hears of them."""
        return self.site.ours and self.site.call in RESUMED and self.what in ("EINTR", "short")


class Outcome(NamedTuple):
    struck: bool
    gave_up: bool    # after it had been ready
    problems: list
    ended: bool = False   # with 1


def run_case(shim, case, folder):
    if isinstance(case.template, lives.Command):
        return run_command(shim, case, folder)
    oracle = case.template.copy_to(folder)
    log = folder / "shim.log"
    life = lives.Life(folder, oracle,
                      shim.environment(folder / "store", log, (case.site.hash, case.nth, case.what)), log)
    life.give_up_expected = case.gives_up
    case.template.stage(life)
    if life.alive and life.struck():
        life.gives_up() if case.gives_up else life.goes_on("after the fault")
    life.stop()
    life.g.kill9()
    return judge(case, life, folder, oracle)


def judge(case, life, folder, oracle):
    struck, wrong = life.struck(), list(life.problems)
    if not struck:
        return Outcome(False, False, wrong)
    if life.code not in (0, 1):
        wrong.append(f"ended with {life.code}")
    if life.ready and life.code == 1 and not case.may_give_up:
        wrong.append("ended by itself, and nothing asked for that")
    if case.gives_up and life.code != 1:
        wrong.append(f"a sync failed, and it ended with {life.code}")
    said = life.g.log()
    if life.ready and life.code == 1 and GAVE_UP not in life.g.stderr():
        wrong.append("ended by itself and did not say why")
    if not life.ready and "\nguichet: " not in "\n" + said:
        wrong.append("did not start and did not say why")
    if case.unnoticed and (life.refused or life.code != 0):
        wrong.append(f"should have been resumed: {life.refused[:5]}")
    wrong += lives.look(folder, oracle)
    if wrong:
        wrong.append(said[-1200:])
    return Outcome(struck, life.ready and life.code == 1, wrong, life.code == 1)


def run_command(shim, case, folder):
    """A command on a store at rest: it does its work or says why not."""
    oracle, log = case.template.copy_to(folder), folder / "shim.log"
    done, right = case.template.run(folder, shim.environment(folder / "store", log, (case.site.hash, case.nth, case.what)))
    if not log.stat().st_size:
        return Outcome(False, False, [])
    wrong = []
    if done.returncode not in (0, 1):
        wrong.append(f"ended with {done.returncode}")
    if done.returncode == 0 and not right:
        wrong.append("ended with 0, and its output is another")
    if done.returncode == 1 and not (done.stdout + done.stderr).strip():
        wrong.append("ended with 1 and did not say why")
    if case.unnoticed and done.returncode != 0:
        wrong.append("should have been resumed")
    if case.template.writes:
        wrong += lives.look(folder, oracle)
    if wrong:
        wrong.append((done.stdout + done.stderr)[-600:].decode(errors="replace"))
    return Outcome(True, False, wrong)


def run_condition(shim, case, folder):
    """From the first failure on every call like it fails, until the condition is over: then all is as before."""
    oracle, log, lasting = case.template.copy_to(folder), folder / "shim.log", folder / "condition"
    lasting.touch()
    fault = (case.site.hash, case.nth, case.what)
    life = lives.Life(folder, oracle, shim.environment(folder / "store", log, fault, lasting), log)
    life.start()
    life.collect(remove=1)
    for name in ("during one", "during two", "during three"):
        life.send(lives.small(name))
        life.send(lives.large(name))
        life.collect(remove=1)
    if not life.struck():
        life.stop()
        return Outcome(False, False, life.problems)
    lasting.unlink()
    life.goes_on("after the condition")
    life.refused.clear()
    life.send(lives.large("after"))
    life.rebuild_index()
    forms = life.collect(remove=1)
    wrong = life.problems + lives.compare_maildrop(oracle, set(forms) - oracle.removed)
    wrong += [f"still refused: {text}" for text in life.refused[:3]]
    life.stop()
    if life.code != 0:
        wrong.append(f"ended with {life.code}")
    wrong += lives.look(folder, oracle)
    if wrong:
        wrong.append(life.g.log()[-1200:])
    return Outcome(True, False, wrong)


# --- Which cases -------------------------------------------------------------------------------------------

def dry_run(shim, made, home):
    """[(template, site, calls)]: every call of every stage when nothing fails; of two runs, the more."""
    found = []
    for template in made:
        most = collections.Counter()
        for _ in range(2):
            folder = home / "dry"
            oracle = template.copy_to(folder)
            log = folder / "shim.log"
            template.rehearse(folder, oracle, shim.environment(folder / "store", log))
            most |= by_hash(shim.read_log(log))
        found += [(template, site, calls) for site, calls in most.items()]
    return found


def by_hash(seen):
    """A call of SQLite's counts as one site whatever led there; one of its paths stands for all."""
    one, count = {}, collections.Counter()
    for site, calls in seen.items():
        count[one.setdefault(site.hash, site)] += calls
    return count


def every_case(found):
    """Those of the store itself first: a run that is cut short has had them."""
    cases = [Case(template, site, nth, what)
             for template, site, calls in found for nth in range(calls) for what in sites.CAN[site.call]]
    return sorted(cases, key=lambda case: not case.site.ours)


def short_cases(found):
    """Each site of the store with each kind of error, once; SQLite's places with an error of each kind in turn."""
    cases, done, turn = [], set(), 0
    for template, site, calls in found:
        key = site.hash if site.ours else (site.call, site.kind, site.caller)
        if key in done:
            continue
        done.add(key)
        turn += 1
        kinds = kinds_of(site.call, turn)
        if not site.ours:
            kinds = [kinds[turn % len(kinds)]]
        cases += [Case(template, site, calls // 2, what) for what in kinds]
    return cases


def kinds_of(call, turn):
    """ENOSPC and EDQUOT are one kind: they take turns."""
    can = sites.CAN[call]
    return [what for what in can if what not in sites.FULL or what == sites.FULL[turn % 2]]


# --- Running -----------------------------------------------------------------------------------------------

class Campaign:
    def __init__(self, home, progress=False):
        self.home, self.progress = home, progress
        self.shim = sites.Shim(gateway.BINARY, home)
        self.templates = lives.templates(home) + lives.commands(home)
        self.found = dry_run(self.shim, self.templates, home)
        self.local = threading.local()
        self.lock = threading.Lock()
        self.folders = 0
        self.begin()

    def begin(self):
        self.runs = self.gave_up = 0
        self.failures = []
        self.covered = collections.defaultdict(set)   # site: what struck it
        self.missed = []      # cases that never came about
        self.not_ended = []   # cases whose gateway neither ended by itself nor failed to start

    def folder(self):
        if not hasattr(self.local, "folder"):
            with self.lock:
                self.folders += 1
                self.local.folder = self.home / f"worker {self.folders}"
        return self.local.folder

    def work(self, case, run=run_case):
        for _ in range(TRIES):
            try:
                outcome = run(self.shim, case, self.folder())
            except Exception as problem:   # the test's own trouble is a finding too
                outcome = Outcome(True, False, [f"{type(problem).__name__}: {problem}"])
            if outcome.struck:
                break
        with self.lock:
            self.note(case, outcome)

    def on_the_way(self, way):
        """The sites with these functions on their path, and this call at its end: [(template, site, calls)]."""
        *functions, call = way
        paths = [(self.shim.path(entry[1]), entry) for entry in self.found]
        return [entry for path, entry in paths
                if path.endswith(" " + call) and all(function in path for function in functions)]

    def note(self, case, outcome):
        self.runs += 1
        self.gave_up += outcome.gave_up
        if outcome.struck and not outcome.ended:
            self.not_ended.append(self.name(case))
        if outcome.struck:
            self.covered[case.site.hash].add(case.what)
        else:
            self.missed.append(case)
        if outcome.problems:
            self.failures.append((case, outcome.problems))
            print(f"{self.name(case)}\n    " + "\n    ".join(outcome.problems), file=sys.stderr, flush=True)
        if self.progress and self.runs % 100 == 0:
            print(f"{self.runs} runs, {len(self.failures)} failures", file=sys.stderr, flush=True)

    def name(self, case):
        return f"{case.template.name}: {self.shim.path(case.site)} no. {case.nth} {case.what}"

    def run(self, cases, run=run_case, within_s=None):
        """The cases that were begun in time."""
        end = time.monotonic() + within_s if within_s else None
        begun = []

        def work(case):
            if end is None or time.monotonic() < end:
                begun.append(case)
                self.work(case, run)

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(work, cases))
        return begun

    def uncovered(self, cases):
        wanted = collections.defaultdict(set)
        for case in cases:
            wanted[case.site.hash].add(case.what)
        return {site: whats - self.covered[site] for site, whats in wanted.items() if whats - self.covered[site]}

    def report(self, cases):
        known = {case.site.hash for case in cases}
        words = [text for _, problems in self.failures for text in problems]
        return (f"sites covered {len(known & set(self.covered))} of {len(known)}, "
                f"{self.runs} runs, {len(self.missed)} calls that did not come again, "
                f"{self.gave_up} ended by themselves; "
                f"false 250: {sum('FALSE' in text for text in words)}, lost: {sum('LOST' in text for text in words)}, "
                f"failures: {len(self.failures)}")


def home_folder():
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="guichet-faults-", dir=memory if memory.is_dir() else None))


class Faults(unittest.TestCase):
    """One dry run for all of them: it finds the sites."""

    @classmethod
    def setUpClass(cls):
        if not gateway.BINARY.exists():
            raise unittest.SkipTest(f"{gateway.BINARY} is not built")
        if gateway.SANITIZED:
            raise unittest.SkipTest("a sanitizer wants to be preloaded itself")
        for tool in ("cc", "nm", "c++filt"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"needs {tool}")
        home = home_folder()
        cls.addClassCleanup(shutil.rmtree, home, ignore_errors=True)
        cls.campaign = Campaign(home)

    def setUp(self):
        self.campaign.begin()

    def finish(self, cases):
        print(self.campaign.report(cases), file=sys.stderr)
        self.assertEqual(self.campaign.failures, [])
        self.assertEqual(self.campaign.uncovered(cases), {})

    def test_every_site(self):
        cases = short_cases(self.campaign.found)
        self.campaign.run(cases)
        self.finish(cases)

    def test_every_function_of_the_disk_is_met(self):
        """A libc call in store/disk_real.cc that no stage makes would be a site that nobody looks at."""
        met = {site.call for _, site, _ in self.campaign.found if site.ours}
        text = (HERE.parent.parent / "store/disk_real.cc").read_text()
        called = set(re.findall(r"::(\w+)\(", text)) & (set(sites.CAN) | {"pwritev2"})
        self.assertEqual(called - met - {"close"}, set())
        self.assertGreaterEqual(len(called), 13)

    def test_a_failed_sync_is_the_end(self):
        """No 250 and no +OK any more, exit 1, and a line that says so; by name, so that none is missed."""
        cases = []
        for name, way in ENDS.items():
            found = self.campaign.on_the_way(way)
            self.assertTrue(found, f"no call site for {name}: {way}")
            cases += [Case(template, site, calls - 1, "EIO") for template, site, calls in found]
        self.campaign.run(cases)
        self.finish(cases)
        self.assertEqual(self.campaign.not_ended, [])

    def test_a_condition_that_passes(self):
        """A full disk, a quota, no descriptors: refused while it lasts, and then mail is taken again by itself."""
        cases = []
        for what, way in CONDITIONS:
            found = [entry for entry in self.campaign.on_the_way(way) if entry[0].name == "second day"]
            self.assertTrue(found, f"no call site {way}")
            template, site, calls = found[0]
            # The log is written to at the start too, and a start that fails is another matter.
            cases.append(Case(template, site, calls // 2 if site.kind == "wal" else 0, what))
        self.campaign.run(cases, run_condition)
        self.finish(cases)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--every", action="store_true", help="every call and every errno, not each site once")
    parser.add_argument("--short", action="store_true", help="each site once for each kind of error (the default)")
    parser.add_argument("--list", action="store_true", help="the call sites, and run nothing")
    parser.add_argument("--minutes", type=float, help="begin no case after so long")
    parser.add_argument("--only", default="", help="cases whose name this regular expression is found in")
    options = parser.parse_args()
    home = home_folder()
    try:
        campaign = Campaign(home, progress=True)
        if options.list:
            for template, site, calls in campaign.found:
                print(f"{template.name}: {calls} × {campaign.shim.path(site)}")
            return 0
        cases = every_case(campaign.found) if options.every else short_cases(campaign.found)
        cases = [case for case in cases if re.search(options.only, campaign.name(case))]
        print(f"{len(cases)} runs", file=sys.stderr)
        begin = time.monotonic()
        begun = campaign.run(cases, within_s=options.minutes and options.minutes * 60)
        print(f"{campaign.report(begun)} ({time.monotonic() - begin:.0f} s; {len(cases) - len(begun)} cases left out)")
        for case in campaign.missed:
            print(f"did not come again: {campaign.name(case)}")
        return 1 if campaign.failures or campaign.uncovered(begun) else 0
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--"):
        sys.exit(main())
    gateway.main()
