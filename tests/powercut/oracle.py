"""What the clients were told, and when; and whether a store that came through a power cut kept to it.

The time of an observation is the size of the log of writes, read after the observation: after the whole 250 line, after
QUIT's +OK. Whatever made it true had been logged by then. For QUIT there is also the size before it was sent: what it
caused was logged later. A cut at time T asks for everything observed at T or before.
"""

import hashlib
import json
import re
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import gateway   # noqa: E402
import served    # noqa: E402
import warc      # noqa: E402
import wire      # noqa: E402

EVER = 1 << 62


class Broken(Exception):
    """A promise that was not kept: `kind` in a few words, and what it was."""

    def __init__(self, kind, text):
        super().__init__(kind, text)
        self.kind = kind

    def __str__(self):
        return ": ".join(self.args)


def digest_of(octets):
    return hashlib.sha256(octets).hexdigest()


class Oracle:
    def __init__(self, position=lambda: 0):
        self.lock = threading.Lock()
        self.position = position
        self.sent = {}        # digest: octets, from before the first of them leaves
        self.filed = {}       # message id of the 250 line: (digest, recipients, time)
        self.seen = {}        # UID: (digest of the served octets, time)
        self.removals = []    # [set of UIDs, time before QUIT, time of +OK or EVER]
        self.served = set()   # (UID, digest of its served octets, digest of its original) that were compared

    # --- What the clients tell ---

    def sending(self, octets):
        with self.lock:
            self.sent[digest_of(octets)] = octets

    def acknowledged(self, octets, recipients, reply):
        at = self.position()
        found = re.search(r"filed as ([0-9a-f-]{36})", reply)
        assert found, f"250 without an id: {reply}"
        with self.lock:
            self.filed[found[1]] = (digest_of(octets), len(recipients), at)

    def listed(self, uid, form):
        at = self.position()
        with self.lock:
            known = self.seen.setdefault(uid, (digest_of(form), at))
        if known[0] != digest_of(form):
            raise Broken("a UID changed its message", uid)

    def quitting(self, uids):
        removal = [set(uids), self.position(), EVER]
        with self.lock:
            self.removals.append(removal)
        return removal

    def removed(self, removal):
        removal[2] = self.position()

    # --- What must be, may be and must not be listed, at a time ---

    def filed_by(self, time):
        return {message: (digest, count) for message, (digest, count, at) in self.filed.items() if at <= time}

    def seen_by(self, time):
        return {uid for uid, (_, at) in self.seen.items() if at <= time}

    def gone_by(self, time):
        return {uid for uids, _, after in self.removals if after <= time for uid in uids}

    def leaving_at(self, time):
        return {uid for uids, before, _ in self.removals if before < time for uid in uids}

    # --- Kept beside a recording, so that a cut can be looked at again ---

    def save(self, path):
        Path(path).write_text(json.dumps({
            "sent": [octets.hex() for octets in self.sent.values()], "filed": self.filed, "seen": self.seen,
            "removals": [[sorted(uids), before, after] for uids, before, after in self.removals]}))

    @staticmethod
    def load(path):
        kept, oracle = json.loads(Path(path).read_text()), Oracle()
        oracle.sent = {digest_of(bytes.fromhex(text)): bytes.fromhex(text) for text in kept["sent"]}
        oracle.filed = {message: tuple(facts) for message, facts in kept["filed"].items()}
        oracle.seen = {uid: tuple(facts) for uid, facts in kept["seen"].items()}
        oracle.removals = [[set(uids), before, after] for uids, before, after in kept["removals"]]
        return oracle


# --- What is there ---------------------------------------------------------------------------------------------

class Survey:
    """The volumes as another program reads them, and the maildrop as POP3 shows it."""

    def __init__(self, g, forms):
        try:
            records = warc.read_store(g.store)
            self.originals = warc.originals(records)
        except (warc.Damage, KeyError, AssertionError) as problem:
            raise Broken("torn", f"the volumes cannot be read: {problem!r}") from None
        facts = [json.loads(record.block) for record in records if record.type == "metadata"]
        self.forms = forms
        self.deliveries = {}   # message: UIDs
        for fact in facts:
            if fact["fact"] == "delivered":
                self.deliveries.setdefault(fact["message"], []).append(fact["uid"])


def collect(g):
    """{uid: served octets}, by a POP3 session of the gateway that runs."""
    try:
        return wire.everything(g.pop3)
    except (AssertionError, wire.Closed, OSError) as problem:
        raise Broken("the maildrop cannot be read", str(problem)) from None


def judge(oracle, survey, time):
    """Raises Broken when what is there is not what was promised by this time."""
    judge_messages(oracle, survey, time)
    judge_maildrop(oracle, survey, time)
    for uid, form in survey.forms.items():
        judge_form(oracle, survey, uid, form)


def judge_messages(oracle, survey, time):
    for message, octets in survey.originals.items():
        if digest_of(octets) not in oracle.sent:
            raise Broken("torn", f"message {message} has octets that nobody sent")
    for message, (digest, count) in oracle.filed_by(time).items():
        found = survey.originals.get(message)
        if found is None:
            raise Broken("an acknowledged message is lost", f"{message} ({digest[:12]})")
        if digest_of(found) != digest:
            raise Broken("torn", f"{message} has other octets than were acknowledged")
        if len(survey.deliveries.get(message, ())) != count:
            raise Broken("an acknowledged delivery is lost", f"{message} is delivered to "
                         f"{len(survey.deliveries.get(message, ()))} of {count}")


def judge_maildrop(oracle, survey, time):
    listed, leaving = set(survey.forms), oracle.leaving_at(time)
    if back := listed & oracle.gone_by(time):
        raise Broken("a removal was forgotten", f"QUIT said +OK, and listed again: {sorted(back)[0]} of {len(back)}")
    if lost := oracle.seen_by(time) - listed - leaving:
        raise Broken("a UID is lost", f"seen, never removed, not listed: {sorted(lost)[0]} of {len(lost)}")
    owed = {uid for message in oracle.filed_by(time) for uid in survey.deliveries.get(message, ())}
    if lost := owed - listed - leaving:
        raise Broken("an acknowledged message is not listed", f"delivery {sorted(lost)[0]} of {len(lost)}")


def judge_form(oracle, survey, uid, form):
    """The original, byte for byte, behind the gateway's own fields; and what this UID had before."""
    shown = digest_of(form)
    if uid in oracle.seen and oracle.seen[uid][0] != shown:
        raise Broken("a UID changed its message", uid)
    messages = [message for message, uids in survey.deliveries.items() if uid in uids]
    if len(messages) != 1:
        raise Broken("a UID without one message", f"{uid} belongs to {messages}")
    original = survey.originals[messages[0]]
    known = (uid, shown, digest_of(original))
    if known in oracle.served:
        return
    try:
        served.split(form, original)
    except AssertionError as problem:
        raise Broken("torn", f"{uid} is served with other octets: {str(problem)[:300]}") from None
    oracle.served.add(known)
