"""Moving mail: import of a Maildir and an mbox, export, and what comes back is what went in."""

import contextlib
import mailbox
import os
import subprocess
import unittest

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest

OTHER = "foi+request-9-0badcafe@example.test"
LF = (f"Return-Path: <town@example.org>\nX-Original-To: {RECIPIENT}\nDelivered-To: popfoi@host.example\n"
      f"To: {RECIPIENT}\nSubject: by LF\nMessage-ID: <1@example.org>\n\nFrom me\n.\n>From you\n").encode()
CRLF = (f"To: Someone <{OTHER}>\r\nReceived: by x; 3 Oct 2012 16:39:38 +0200\r\nSubject: by CRLF\r\n\r\n"
        "\0\x80 no final end").encode("latin-1")
NOBODY = b"Subject: for whom?\n\n\x1b[31mred\n"


class Moving(GatewayTest):
    settings = {"popd.session_messages_max": 0}

    def maildir(self):
        box = self.folder / "popfoi"
        for part in ("new", "cur", "tmp"):
            (box / part).mkdir(parents=True)
        (box / "cur/1349275000.M1P2.host:2,S").write_bytes(LF)
        (box / "new/letter").write_bytes(CRLF)
        os.utime(box / "new/letter", (1, 1))
        return box

    def run_import(self, g, *words, code=0):
        done = g.command("import", *map(str, words), "--maildrop", "foi", check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def waiting(self, g):
        with wire.Pop(g.pop3) as pop:
            octets = [pop.retr(number) for number in range(1, len(pop.uids()) + 1)]
            pop.quit()
        return octets

    def raws(self, g):
        return sorted(g.raw(message["id"]) for message in g.list())

    def check_twice(self, g, running):
        """The whole of it, with a gateway and without one."""
        box = self.maildir()
        (box / "new/nobody\x1b[2J").write_bytes(NOBODY)
        out, _ = self.run_import(g, "maildir", box, "--dry-run", code=1)
        self.assertIn("2 would be imported", out)
        self.assertEqual(g.list(), [])
        out, err = self.run_import(g, "maildir", box, code=1)
        self.assertIn("2 imported, 0 were there already, 1 left out", out)
        self.assertIn(r"new/nobody\x1b[2J: left out", err)
        os.rename(box / "new/letter", box / "cur/letter:2,RS")  # somebody read it meanwhile
        out, _ = self.run_import(g, "maildir", box, code=1)
        self.assertIn("0 imported, 2 were there already, 1 left out", out)
        out, _ = self.run_import(g, "maildir", box, "--recipient", OTHER)
        self.assertIn("1 imported, 2 were there already, 0 left out", out)
        self.assertEqual(self.raws(g), sorted([LF, CRLF, NOBODY]))
        g.verify()
        if not running:
            g.start()
        self.check_facts(g)

    def check_facts(self, g):
        messages = {message["size_octets"]: message for message in g.list()}
        letter, by_lf = messages[len(CRLF)], messages[len(LF)]
        self.assertEqual(letter["received"], "2012-10-03T14:39:38.000000Z", "its Received field, not the file's time")
        self.assertEqual(by_lf["received"], "2012-10-03T14:36:40.000000Z", "its name")
        self.assertEqual(letter["envelope"]["recipients"], [OTHER])
        self.assertEqual(by_lf["envelope"]["recipients"], [RECIPIENT])
        self.assertEqual(by_lf["envelope"]["mail_from"], "town@example.org")
        imported = letter["envelope"]["imported"]
        self.assertEqual((imported["from"], imported["file"], imported["key"], imported["dated_by"]),
                         ("maildir", "letter", "letter", "its Received field"))
        self.assertIn("at the command line", imported["by"])
        self.assertTrue(imported["at"] > "2020")
        octets = self.waiting(g)
        self.assertEqual(len(octets), 3)
        for one in octets:
            original = next(body for body in (LF, CRLF, NOBODY) if one.endswith(served.transformed(body)))
            prefix, _ = served.split(one, original), None
            self.assertEqual(served.value(prefix, "Envelope-To"), RECIPIENT if original == LF else OTHER)
            self.assertRegex(served.value(prefix, "Received"), r"^by \S+ \(Guichet, imported\) id \S+ for <")

    def test_a_maildir_while_the_gateway_runs(self):
        self.check_twice(self.gateway(), running=True)

    def test_a_maildir_without_a_gateway(self):
        g = self.gateway()
        g.stop()
        self.check_twice(g, running=False)

    def test_history_is_never_offered_and_says_so(self):
        g = self.gateway()
        out, _ = self.run_import(g, "maildir", self.maildir(), "--handed-over")
        self.assertIn("2 imported as handed over", out)
        self.assertEqual(self.waiting(g), [])
        self.assertEqual([m["deliveries"][0]["state"] for m in g.list()], ["handed_over"] * 2)
        g.verify()
        g.restart()
        self.assertEqual(self.waiting(g), [])
        g.stop()
        g.command("index", "rebuild")
        g.start()
        self.assertEqual(self.waiting(g), [])
        self.assertIn("0 imported, 2 were", self.run_import(g, "maildir", self.folder / "popfoi")[0])

    def test_an_mbox_that_grew_and_lost_its_beginning(self):
        one = f"From a@b.example Wed Oct  3 16:39:35 2012\nTo: {RECIPIENT}\n\n>From one\n\n".encode()
        two = f"From c@d.example Wed Oct  3 16:39:36 2012\nTo: {RECIPIENT}\n\n>>From two\n\n".encode()
        box = self.folder / "backupfoi"
        box.write_bytes(one + one + two)
        g = self.gateway()
        out, err = self.run_import(g, "mbox", box, code=1)
        self.assertIn("2 imported, 0 were there already, 1 left out", out)
        self.assertIn("--from-quoting", err)
        box.write_bytes(one + two + two)
        out, _ = self.run_import(g, "mbox", box, "--from-quoting", "mboxo")
        self.assertIn("2 imported, 1 were there already, 0 left out", out)
        out, _ = self.run_import(g, "mbox", box, "--from-quoting", "mboxo")
        self.assertIn("0 imported, 3 were there already", out)
        head = f"To: {RECIPIENT}\n\n".encode()
        self.assertEqual(self.raws(g), sorted([head + b"From one\n"] * 2 + [head + b">>From two\n"] * 2))
        self.assertEqual({m["received"] for m in g.list()},
                         {"2012-10-03T16:39:35.000000Z", "2012-10-03T16:39:36.000000Z"})
        self.assertEqual({m["envelope"]["mail_from"] for m in g.list()}, {"a@b.example", "c@d.example"})
        g.verify()

    def test_an_import_that_was_interrupted_goes_on(self):
        box = self.folder / "many"
        for part in ("new", "cur", "tmp"):
            (box / part).mkdir(parents=True)
        count = 400
        for number in range(count):
            (box / f"new/{1349275000 + number}.x").write_bytes(LF + b"%d\n" % number)
        g = self.gateway()
        run = subprocess.Popen([gateway.BINARY, "import", "maildir", box, "--maildrop", "foi", *g.arguments()],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        gateway.eventually(lambda: g.list(), "a first message")
        g.kill9()
        out, err = run.communicate(timeout=gateway.PATIENCE_S)
        g.start()
        had = len(g.list())
        self.assertGreater(had, 0)
        if had < count:  # else it was faster than the kill
            self.assertEqual(run.returncode, 1, out + err)
            self.assertIn(b"goes on from here", err)
        out, _ = self.run_import(g, "maildir", box)
        self.assertIn(f"{count - had} imported, {had} were there already", out)
        self.assertEqual(self.raws_of_digests(g), count)
        g.verify()

    def raws_of_digests(self, g):
        return len({message["digest"] for message in g.list()})

    @unittest.skipIf(os.geteuid() != 0, "only root reads what the owner of the store may not")
    def test_root_imports_for_another_user(self):
        g = self.gateway()
        g.stop()
        self.folder.chmod(0o711)
        for path in [g.store, *g.store.rglob("*")]:
            os.chown(path, 65534, 65534)
        # A process that changes its user cannot be traced, which is how leaks are looked for.
        g.environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
        box = self.maildir()
        for path in [box, *box.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        self.assertIn("2 imported", self.run_import(g, "maildir", box)[0])
        self.assertEqual({path.stat().st_uid for path in g.store.rglob("*")}, {65534})
        self.export(g, self.folder / "out", "eml", "--all")
        self.assertEqual({path.stat().st_uid for path in (self.folder / "out").iterdir()}, {0})
        for path in [g.store, *g.store.rglob("*")]:
            os.chown(path, 0, 0)

    def test_what_was_erased_does_not_come_back(self):
        g = self.gateway()
        box = self.maildir()
        self.run_import(g, "maildir", box)
        g.command("erase", g.list()[0]["id"], "--reason", "asked", "--yes")
        out, err = self.run_import(g, "maildir", box, code=1)
        self.assertIn("0 imported, 1 were there already, 1 left out", out)
        self.assertIn("erased", err)

    def test_wrong_words_and_places(self):
        g = self.gateway()
        for words, code in ((["import", "maildir", "/nowhere", "--maildrop", "foi"], 1),
                            (["import", "mbox", "/nowhere", "--maildrop", "foi"], 1),
                            (["import", "maildir", str(self.maildir()), "--maildrop", "nobody"], 2),
                            (["import", "mbox", "x", "--maildrop", "foi", "--from-quoting", "x"], 2),
                            (["export", "--to", "x", "--format", "eml"], 2),
                            (["export", "--all", "--to", str(self.folder / "x"), "--format", "zip"], 2),
                            (["export", "--all", "--since", "x", "--to", "x", "--format", "eml"], 2)):
            self.assertEqual(g.command(*words, check=False).returncode, code, words)
        self.assertEqual(g.list(), [])

    def test_a_large_message_does_not_go_through_json(self):
        box = self.folder / "big"
        for part in ("new", "cur", "tmp"):
            (box / part).mkdir(parents=True)
        large = LF + b"0123456789abcdef\n" * (1 << 20)
        (box / "new/1349275000.large").write_bytes(large)
        (box / "new/1349275001.small").write_bytes(CRLF)
        g = self.gateway()
        self.assertIn("2 imported", self.run_import(g, "maildir", box)[0])
        self.assertEqual(self.raws(g), sorted([large, CRLF]))

    # --- Export ---

    def export(self, g, to, form, *words, code=0):
        done = g.command("export", *words, "--to", str(to), "--format", form, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def test_what_is_exported_and_imported_is_the_same(self):
        bodies = [LF, CRLF + b"\r\n", NOBODY, b"", b"\n", b"From x\r\n>From y\r\n"]
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            for body in bodies:
                smtp.deliver(RECIPIENT, wire_form(body))
        before = {m["digest"]: m for m in g.list()}
        for form in ("maildir", "mbox"):
            box = self.folder / form
            out, _ = self.export(g, box, form, "--all")
            self.assertIn(f"{len(bodies)} exported", out)
            words = ["--from-quoting", "mboxrd"] if form == "mbox" else []
            other = self.folder / f"other-{form}"
            other.mkdir()
            h = type(g)(other, g.settings | {"store.path": other / "store"}).start()
            self.addCleanup(h.kill9)
            out, _ = self.run_import(h, form, box, "--recipient", RECIPIENT, *words)
            self.assertIn(f"{len(bodies)} imported", out)
            self.assertEqual(self.raws(h), self.raws(g))
            for message in h.list():
                self.assertEqual(message["received"][:19], before[message["digest"]]["received"][:19])
            h.verify()
            h.stop()
        self.assertEqual(len(list(mailbox.Maildir(self.folder / "maildir", create=False))), len(bodies))
        with contextlib.closing(mailbox.mbox(self.folder / "mbox", create=False)) as box:
            self.assertEqual(len(list(box)), len(bodies))

    def test_single_files_as_received_and_as_served(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, b"Subject: 1\r\n\r\n.one\r\n")
            smtp.deliver(RECIPIENT, b"Subject: 2\r\n\r\ntwo\r\n")
        ids = [m["id"] for m in reversed(g.list())]
        self.export(g, self.folder / "one.eml", "eml", ids[0])
        self.assertEqual((self.folder / "one.eml").read_bytes(), b"Subject: 1\r\n\r\n.one\r\n")
        self.export(g, self.folder / "one.eml", "eml", ids[0], code=1)
        self.export(g, self.folder / "out", "eml", "--all", "--served")
        by_pop = sorted(self.waiting(g))
        self.assertEqual(sorted(p.read_bytes() for p in (self.folder / "out").iterdir()), by_pop)
        when = g.list()[0]["received"]
        self.export(g, self.folder / "since", "eml", "--since", when)
        self.assertEqual([p.name for p in (self.folder / "since").iterdir()], [ids[1] + ".eml"])
        self.export(g, self.folder / "until", "eml", "--until", when)
        self.assertEqual([p.name for p in (self.folder / "until").iterdir()], [ids[0] + ".eml"])
        self.assertIn("0 exported", self.export(g, self.folder / "no", "eml", "--maildrop", "nobody")[0])

    def test_a_damaged_message_is_named_and_left_out(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, b"Subject: 1\r\n\r\nsound\r\n")
            smtp.deliver(RECIPIENT, b"Subject: 2\r\n\r\ndamaged\r\n")
        damaged = g.list()[0]["id"]
        g.stop()
        for volume in (g.store / "volumes").iterdir():
            volume.chmod(0o644)
            volume.write_bytes(volume.read_bytes().replace(b"\ndamaged\r\n", b"\ndemaged\r\n"))
            volume.chmod(0o444)
        for form, name in (("eml", "eml"), ("mbox", "mbox"), ("maildir", "maildir")):
            out, err = self.export(g, self.folder / name, form, "--all", code=1)
            self.assertIn("1 exported, 0 erased before, 1 damaged", out)
            self.assertIn(damaged, err)
        self.assertEqual([p.read_bytes() for p in (self.folder / "eml").iterdir()], [b"Subject: 1\r\n\r\nsound\r\n"])
        self.assertIn(b"sound", (self.folder / "mbox").read_bytes())
        self.assertNotIn(b"maged", (self.folder / "mbox").read_bytes())


def wire_form(body):
    """SMTP ends messages with a line end and refuses bare ones: what can be sent of a body."""
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    return b"\r\n".join(lines) + (b"" if body.endswith(b"\n") or not body else b"\r\n")


if __name__ == "__main__":
    gateway.main()
