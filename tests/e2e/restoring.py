"""What the tests of restore have in common: filled stores, copies of them, and what two stores have to agree in."""

import datetime
import json
from pathlib import Path

import gateway
import snapshots
import wire
from gateway import RECIPIENT, Gateway, GatewayTest, run_once

MESSAGE = b"Subject: %s\r\n\r\nbody of %s\r\n"


def mail(name):
    return MESSAGE % (name.encode(), name.encode())


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def next_moment():
    """A time after everything that was answered before, and before everything that is sent later."""
    moment = now()
    while now() <= moment + datetime.timedelta(milliseconds=2):
        pass
    return moment + datetime.timedelta(milliseconds=1)


def without_reading(listed):
    """What `list --json` says, apart from what depends on where the store is."""
    return sorted(json.dumps(entry, sort_keys=True) for entry in listed)


def without_offers(listed):
    """The same without what a look into the maildrop adds."""
    for entry in listed:
        for delivery in entry["deliveries"]:
            delivery["moves"] = [move for move in delivery["moves"] if move["what"] != "offered"]
            delivery["state"] = delivery["state"].replace("offered", "waiting")
    return without_reading(listed)


class RestoreTest(GatewayTest):
    settings = {"store.volume_octets_max": 64 << 10}   # several volumes

    def filled(self, prefix="m", count=12, **more):
        g = self.gateway(**more)
        self.send(g, [f"{prefix}{n}" for n in range(count)])
        self.hand_over(g, 3)
        return g

    def send(self, g, names, padding=b""):
        with wire.Smtp(g.smtp) as smtp:
            for name in names:
                smtp.deliver([RECIPIENT, "foi@example.test"], mail(name) + padding)

    def hand_over(self, g, count):
        """The first so many waiting deliveries; their UIDs."""
        with wire.Pop(g.pop3) as pop:
            uids = pop.uids()[:count]
            for number in range(1, len(uids) + 1):
                pop.expect(b"DELE %d" % number)
            pop.quit()
        return uids

    def other(self, name, store=None, settings=None):
        """A gateway of another store, not started."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        made = Gateway(folder, {**self.settings, **(settings or {})})
        if store:
            made.settings["store.path"] = made.store = Path(store)
        self.addCleanup(made.kill9)
        return made

    def copy(self, g, name="copy"):
        """What a snapshot of the store holds now, as a folder."""
        stage = snapshots.Stage(g.store, self.folder / name)
        stage.take()
        return stage.folder

    def restore(self, *words, code=0):
        got, out, err = run_once("restore", *words, within_s=gateway.PATIENCE_S * 4)
        self.assertEqual(got, code, out + err)
        return out + err

    def merged(self, h, source, *words, code=0):
        done = h.command("restore", "--merge", "--from", source, *words, check=False)
        said = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, code, said)
        return said

    def same_as(self, g, folder, listed, waiting):
        """The restored store, served: the same messages, UIDs, octets and states."""
        h = self.other("restored-" + Path(folder).name, store=folder)
        self.assertEqual(without_reading(h.list()), without_reading(listed))
        h.verify()
        h.start()
        self.assertEqual(wire.everything(h.pop3), waiting)
        h.stop()
        return h
