"""A store's life in stages, each one process of the gateway, and an oracle of what was said to its clients.

A stage begins from a folder that was made once without faults, so that a fault in its Nth call costs that stage and
a look afterwards, not the whole life.
"""

import copy
import hashlib
import re
import shutil
import time

import gateway
import served
import sites
import wire
from gateway import RECIPIENT

SETTINGS = {
    "store.volume_octets_max": 65_536,   # so that volumes are sealed in every stage
    "store.prepare_octets": 131_072,
    "store.spool_octets_min": 4096,
    "store.reserve_percent": 0,
    "smtpd.busy_poll_us": 0,
}
LOST = (wire.Closed, OSError)
GOES_ON_WITHIN_S = 10
ENDS_WITHIN_S = 15


def small(name):
    return b"Subject: %s\r\n\r\nHello.\r\n" % name.encode()


def large(name):
    """Spilled once, and its last part stays in memory."""
    return b"Subject: %s\r\n\r\n" % name.encode() + b"x" * 330_000 + b"\r\n"


def digest_of(octets):
    return hashlib.sha256(octets).hexdigest()


class Oracle:
    """What the clients have been told."""

    def __init__(self):
        self.sent = {}        # digest: octets
        self.filed = {}       # message id: (digest, recipients); 250 was said
        self.open = set()     # digests of messages that were answered otherwise, or not at all
        self.forms = {}       # UID: digest of its served octets
        self.messages = {}    # UID: digest of its original
        self.ids = {}         # UID: message id
        self.removed = set()  # UIDs; QUIT said +OK
        self.removing = set()  # UIDs; QUIT was sent and did not say so
        self.requeued = set()  # messages
        self.erased = set()   # message ids; the command ended with 0
        self.erasing = set()  # message ids; it ended with 1


class Life:
    """One process, started with a fault or without, and clients that take what comes."""

    def __init__(self, folder, oracle, environment=None, log=None):
        self.oracle = oracle
        self.g = gateway.Gateway(folder, SETTINGS)
        self.g.environment = environment
        self.log = log
        self.problems = []   # what must never be
        self.refused = []    # what may be, when something failed
        self.code = None     # the exit code, once it has ended
        self.ready = False
        self.give_up_expected = False

    # --- The fault ---

    def struck(self):
        """The shim writes a line when it makes a call fail, and none for the others then."""
        return self.log is not None and self.log.exists() and self.log.stat().st_size > 0

    def wrong(self, text):
        self.problems.append(text)

    # --- Process ---

    def start(self):
        try:
            self.g.start()
            self.ready = True
        except AssertionError as problem:
            ended = re.search(r"ended with (-?\d+) before", str(problem))
            if not ended:
                return self.wrong(str(problem))
            self.code = int(ended[1])
            self.refused.append("start")
        if self.ready:
            self.is_refused()
        return None

    def is_refused(self):
        """So that each life writes a refusal, not only one whose stop comes between a client's message and its QUIT."""
        try:
            with wire.Smtp(self.g.smtp) as smtp:
                smtp.command(b"MAIL FROM:<clerk@town.example>")
                smtp.command(b"RCPT TO:<nobody@example.test>")
                smtp.command(b"QUIT")
        except LOST:
            pass   # it is ending by itself, as the next message will find

    @property
    def alive(self):
        return self.ready and self.code is None

    def gone(self, what):
        """A client lost its connection: then the process is ending by itself, with 1."""
        self.refused.append(what)
        if not self.wait():
            self.wrong(f"{what}: connection lost, and the gateway goes on")

    def wait(self):
        if self.code is None:
            try:
                self.code = self.g.wait(ENDS_WITHIN_S)
            except AssertionError:
                self.code = -9
                return False
        return True

    def stop(self):
        if self.alive:
            self.g.terminate()
            if not self.wait():
                self.wrong("did not end after SIGTERM")

    def kill(self):
        self.g.kill9()
        self.code = 0

    # --- Clients ---

    def send(self, octets, recipients=(RECIPIENT,)):
        """True when it was filed."""
        if not self.alive:
            return False
        struck = self.struck()
        digest = digest_of(octets)
        self.oracle.sent[digest] = octets
        try:
            code, text = self.attempt(octets, recipients)
        except LOST:
            self.oracle.open.add(digest)
            self.gone("a message")
            return False
        if code == 250:
            self.oracle.filed[re.search(r"filed as (\S+)", text)[1]] = (digest, len(recipients))
            if struck and self.give_up_expected:
                self.wrong(f"FALSE 250 after a failed sync: {text}")
            return True
        self.oracle.open.add(digest)
        self.refused.append(f"{code} {text}")
        if code // 100 != 4:
            self.wrong(f"a message that could not be filed was answered {code} {text}")
        return False

    def attempt(self, octets, recipients):
        """The reply that decided."""
        with wire.Smtp(self.g.smtp) as smtp:
            if smtp.greeting[0] != 220:
                return smtp.greeting
            lines = [b"MAIL FROM:<clerk@town.example>"]
            lines += [b"RCPT TO:<" + recipient.encode() + b">" for recipient in recipients] + [b"DATA"]
            for line in lines:
                code, text = smtp.command(line)
                if code not in (250, 354):
                    return code, text
            smtp.send(wire.stuffed(octets))
            return smtp.reply()

    def collect(self, remove=0):
        """Reads the whole maildrop, removes the oldest `remove` messages. {uid: form} of what could be read."""
        forms = {}
        if not self.alive:
            return forms
        try:
            with wire.Pop(self.g.pop3, user=None) as pop:
                if not pop.login("foi", "secret").startswith(b"+OK"):
                    self.refused.append("login")
                    return forms
                uids = pop.uids()
                for number, uid in enumerate(uids, 1):
                    self.retrieve(pop, number, uid, forms)
                self.leave(pop, [uid for uid in uids if uid in forms][:remove], uids)
        except LOST:
            self.refused.append("a maildrop")   # closed for what cannot be read: see popd/driver.cc, damaged()
        return forms

    def retrieve(self, pop, number, uid, forms):
        if not pop.command(b"RETR %d" % number).startswith(b"+OK"):
            self.refused.append("RETR")
            return
        form = pop.multiline()
        if self.oracle.forms.setdefault(uid, digest_of(form)) != digest_of(form):
            self.wrong(f"UID {uid} has other octets than before")
        forms[uid] = form
        original = re.search("[0-9a-f]{64}", served.value(form, "X-Guichet-Digest"))[0]
        self.oracle.messages[uid] = original
        self.oracle.ids[uid] = served.value(form, "X-Guichet-Id")
        if original not in self.oracle.sent:
            return self.wrong(f"UID {uid} is a message that nobody sent")
        return served.split(form, self.oracle.sent[original])

    def leave(self, pop, leaving, uids):
        for uid in leaving:
            pop.expect(b"DELE %d" % (uids.index(uid) + 1))
        self.oracle.removing |= set(leaving)
        struck = self.struck()
        if not pop.command(b"QUIT").startswith(b"+OK"):
            self.refused.append("QUIT")
            return
        if struck and leaving and self.give_up_expected:
            self.wrong("FALSE +OK after a failed sync")
        self.oracle.removing -= set(leaving)
        self.oracle.removed |= set(leaving)

    def rebuild_index(self):
        if self.alive:
            done = self.outside("index", "rebuild")
            if done.returncode != 0:
                self.refused.append("index rebuild")
            if done.returncode not in (0, 1):
                self.wrong(f"index rebuild ended with {done.returncode}")

    def act(self, what, message):
        """requeue, hold, release or erase; True when it was done."""
        if not self.alive:
            return False
        done = self.outside(what, message, "--reason", "a test", *([] if what in ("hold", "release") else ["--yes"]))
        if done.returncode != 0:
            self.refused.append(f"{what}: {done.stderr.decode().strip()}")
        if done.returncode not in (0, 1):
            self.wrong(f"{what} ended with {done.returncode}")
        return done.returncode == 0

    def requeue(self, message):
        """It is offered again, under a uid that nobody has seen."""
        if self.act("requeue", message):
            self.oracle.requeued.add(message)

    def erase(self, message):
        if self.alive:
            self.oracle.erasing.add(message)
            if self.act("erase", message):
                self.oracle.erasing.discard(message)
                self.oracle.erased.add(message)

    def outside(self, *words):
        """A command without faults of its own."""
        kept, self.g.environment = self.g.environment, None
        try:
            return self.g.command(*words, check=False)
        finally:
            self.g.environment = kept

    # --- After a fault ---

    def goes_on(self, name):
        """A fault is over: mail is taken again, soon and by itself."""
        deadline = time.monotonic() + GOES_ON_WITHIN_S
        attempts = 0
        while self.alive and time.monotonic() < deadline:
            attempts += 1
            if self.send(small(f"{name} {attempts}")):
                return
            time.sleep(0.02)
        if self.alive:
            self.wrong("the fault is over, and mail is still refused: " + "; ".join(self.refused[-3:]))

    def gives_up(self):
        """A sync failed: nothing is acknowledged, and the process ends by itself and says why."""
        if self.alive:
            self.send(small("after a failed sync"))
        if not self.wait():
            return self.wrong("goes on after a failed sync")
        return None


# --- The stages --------------------------------------------------------------------------------------------

def first_day(life):
    """An empty folder becomes a store."""
    life.start()
    life.send(small("one"))
    life.send(small("two"), (RECIPIENT, "foi+two@example.test"))
    life.send(large("one"))
    life.send(small("one"))
    life.collect(remove=2)
    life.send(large("one"))
    life.rebuild_index()
    life.send(small("three"))


def second_day(life):
    """A store that was closed; duplicates of what earlier volumes hold."""
    life.start()
    life.collect(remove=1)
    life.send(small("two"))
    life.send(large("one"))
    life.send(large("two"))
    life.send(small("four"))
    life.collect(remove=1)


def after_a_crash(life):
    """The active volume has a torn tail, the index lags, the spool has a file."""
    life.start()
    life.collect(remove=1)
    life.send(small("five"))
    life.send(large("three"))


def without_an_index(life):
    life.start()
    life.send(small("six"))
    life.collect(remove=1)


def acts_of_an_operator(life):
    """Offered again, held, erased: a message of a sealed volume and one of the active one."""
    life.start()
    life.collect()
    life.send(small("secret seven"))
    filed = {life.oracle.sent[digest]: message for message, (digest, _) in life.oracle.filed.items()}
    uid = next(iter(sorted(life.oracle.removed)))
    life.requeue(life.oracle.ids[uid])
    life.act("hold", filed[small("three")])
    life.erase(filed[small("four")])
    if small("secret seven") in filed:
        life.erase(filed[small("secret seven")])
    life.send(small("eight"))
    life.act("release", filed[small("three")])
    life.collect()


def tear(folder, life):
    """What a crash leaves: killed with a volume open, then the begin of a batch behind the last record."""
    life.start()
    life.send(small("before the crash"))
    life.kill()
    store = folder / "store"
    volume = max((store / "volumes").glob("*.warc"))
    with open(volume, "r+b") as file:
        octets = file.read()
        end = len(octets.rstrip(b"\0"))
        end += 2 if octets[end:end + 2] == b"\r\n" else 0
        file.seek(end)
        file.write(octets[octets.index(b"WARC/1.1", 1):][:700].replace(b"Guichet-Batch: 1/", b"Guichet-Batch: 9/"))
    (store / "spool/left.part").write_bytes(b"half a body")


def with_erasures_to_finish(life):
    life.start()
    life.send(small("nine"))
    life.collect()


def forget_erasures(folder, _):
    """As after a restore: the journal says what was erased, and not that it was done here."""
    (folder / "store/erasures.done").unlink()


def drop_index(folder, _):
    shutil.rmtree(folder / "store/index")


def spoil_index(folder, _):
    """No database any more, and the old log beside it."""
    for path in (folder / "store/index").iterdir():
        path.write_bytes(b"\xff" * path.stat().st_size if path.stat().st_size else b"\xff" * 4096)


# name, what is done to the folder before, the stage
STAGES = [
    ("first day", None, first_day),
    ("second day", None, second_day),
    ("after a crash", tear, after_a_crash),
    ("no index", drop_index, without_an_index),
    ("damaged index", spoil_index, without_an_index),
    ("acts", None, acts_of_an_operator),
    ("erasures to finish", forget_erasures, with_erasures_to_finish),
]


# --- The look afterwards -----------------------------------------------------------------------------------

def look(folder, oracle):
    """Started without a fault on what is left: [what is wrong]."""
    life = Life(folder, oracle)
    life.start()
    if not life.ready:
        return [f"does not start again: {life.g.log()[-1500:]}"]
    life.goes_on("look")
    forms = life.collect()
    life.stop()
    wrong = list(life.problems)
    wrong += [f"after the restart: {text}" for text in life.refused]
    if life.code != 0:
        wrong.append(f"ended with {life.code} after the restart")
    wrong += compare_maildrop(oracle, set(forms))
    listed = {row["id"]: row for row in life.g.list()}
    wrong += compare_list(oracle, listed, set(forms))
    wrong += compare_erased(oracle, folder / "store")
    for message, (digest, _) in oracle.filed.items():
        if message in oracle.erased | oracle.erasing:
            continue
        raw = life.g.command("raw", message, check=False)
        if raw.returncode != 0 or raw.stdout != oracle.sent[digest]:
            wrong.append(f"LOST: raw {message} gives other octets or none: {raw.stderr.decode()}")
    verified = life.g.command("verify", check=False)
    if verified.returncode != 0:
        wrong.append(f"verify: {verified.stdout.decode()}{verified.stderr.decode()}")
    return wrong


def compare_maildrop(oracle, waiting):
    wrong = [f"removed, and listed again: {uid}" for uid in waiting & oracle.removed]
    for uid in set(oracle.forms) - waiting - oracle.removed - oracle.removing:
        if oracle.ids[uid] not in oracle.erased | oracle.erasing:
            wrong.append(f"LOST: a UID that was listed is gone: {uid}")
    return wrong


def compare_list(oracle, listed, waiting):
    wrong = []
    for message, (digest, recipients) in oracle.filed.items():
        row = listed.get(message)
        if not row:
            wrong.append(f"LOST: {message} was answered 250")
            continue
        again = len([delivery for delivery in row["deliveries"] if delivery["state"] == "requeued"])
        if message in oracle.requeued and not again and message not in oracle.erased | oracle.erasing:
            wrong.append(f"LOST: {message} was re-queued")
        if row["digest"] != "sha256:" + digest or len(row["deliveries"]) != recipients + again:
            wrong.append(f"LOST: {message} has {len(row['deliveries'])} deliveries of {row['digest']}")
        if message in oracle.erased | oracle.erasing:
            continue
        for delivery in row["deliveries"]:
            if delivery["uid"] not in waiting | oracle.removed | oracle.removing:
                wrong.append(f"LOST: a delivery of {message} is not listed, and nobody removed it")
    for message in set(listed) - set(oracle.filed):
        if listed[message]["digest"].removeprefix("sha256:") not in oracle.open:
            wrong.append(f"a message that nobody sent: {message}")
    return wrong


def compare_erased(oracle, store):
    """Not an octet of it anywhere, unless another message has the same ones."""
    staying = {digest for message, (digest, _) in oracle.filed.items() if message not in oracle.erased}
    gone = {oracle.filed[message][0] for message in oracle.erased} - staying - oracle.open
    octets = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    return [f"erased, and still on the disk: {oracle.sent[digest][:40]!r}" for digest in gone
            if oracle.sent[digest][:30] in octets]


# --- Templates ---------------------------------------------------------------------------------------------

class Template:
    """The folder and the oracle that a stage begins with."""

    def __init__(self, name, folder, oracle, stage):
        self.name, self.folder, self.oracle, self.stage = name, folder, oracle, stage

    def copy_to(self, folder):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        if (self.folder / "store").exists():
            shutil.copytree(self.folder / "store", folder / "store")
        return copy.deepcopy(self.oracle)

    def rehearse(self, folder, oracle, environment):
        """The stage without a fault: nothing may be refused."""
        life = Life(folder, oracle, environment)
        self.stage(life)
        life.stop()
        assert not life.problems and not life.refused and life.code == 0, (self.name, life.problems, life.refused)


class Command(Template):
    """A command on a store at rest, as `stage`: the words after `guichet`."""

    def __init__(self, name, folder, oracle, words):
        super().__init__(name, folder, oracle, words)
        self.writes = words[0] == "index"
        self.expected = None

    def run(self, folder, environment):
        """(what came of it, whether the output is the one without a fault)"""
        g = gateway.Gateway(folder, SETTINGS)
        g.environment = environment
        done = g.command(*self.stage, check=False)
        # How many octets verify says it has read is a figure, not a finding.
        done.stdout = re.sub(rb"^read \d+ octets", b"read", done.stdout, flags=re.M)
        return done, done.stdout == self.expected

    def rehearse(self, folder, oracle, environment):
        done, same = self.run(folder, environment)
        assert done.returncode == 0 and (same or self.expected is None), done.stderr
        self.expected = done.stdout


def commands(home):
    """On what the stages have left; made after them."""
    folder, oracle = home / "at rest", Oracle()
    life = Life(folder, oracle)
    folder.mkdir()
    first_day(life)
    life.stop()
    message = next(iter(oracle.filed))
    return [Command(" ".join(words[:2]), folder, oracle, words)
            for words in (("list", "--json"), ("show", message), ("raw", message), ("verify",), ("index", "rebuild"))]


def templates(home):
    """One for each stage; each begins where the one before it ended."""
    made, work, oracle = [], home / "work", Oracle()
    work.mkdir()
    for name, before, stage in STAGES:
        if before:
            before(work, Life(work, oracle))
        folder = home / ("template " + name)
        folder.mkdir()
        if (work / "store").exists():
            (work / "store/control.sock").unlink(missing_ok=True)
            shutil.copytree(work / "store", folder / "store")
        made.append(Template(name, folder, copy.deepcopy(oracle), stage))
        made[-1].rehearse(work, oracle, None)
    return made
