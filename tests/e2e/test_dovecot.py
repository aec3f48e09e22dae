"""A Maildir that is fed by the gateway and read by a real Dovecot, as during a migration.

Dovecot takes the size in a name (S=) for the size: when it is wrong it calls its cache corrupted and gives nothing
out. It is run as one process that speaks POP3 on its standard input, without a port or a password.
"""

import os
import pwd
import shutil
import subprocess
import unittest
from pathlib import Path

import gateway
import test_handover
from gateway import PATIENCE_S
from test_handover import AWKWARD

PROGRAM = Path("/usr/lib/dovecot/pop3")
READER = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())   # Dovecot does not read as root


class Pop3:
    """One session. Run so, it does not greet."""

    def __init__(self, config, home):
        drop = {"user": READER.pw_uid, "group": READER.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        self.errors = open(home / "errors", "ab")
        self.process = subprocess.Popen(
            ["doveadm", "-c", config, "exec", "pop3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, env={"USER": "people", "HOME": str(home), "PATH": "/usr/bin:/bin"}, **drop)

    def answer(self):
        line = self.process.stdout.readline()
        assert line.startswith(b"+OK"), line
        return line

    def ask(self, command):
        self.process.stdin.write(command + b"\r\n")
        self.process.stdin.flush()
        return self.answer()

    def many(self, command):
        """The lines, or the message, without the stuffing."""
        self.ask(command)
        octets = b""
        for line in iter(self.process.stdout.readline, b".\r\n"):
            assert line, "the end of the session"
            octets += line[1:] if line.startswith(b".") and (not octets or octets.endswith(b"\r\n")) else line
        return octets

    def column(self, command):
        return [line.split()[1] for line in self.many(command).splitlines()]

    def quit(self):
        self.ask(b"QUIT")
        self.process.communicate(timeout=PATIENCE_S)
        self.errors.close()


class Dovecot(test_handover.Handover):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("doveadm") or not PROGRAM.exists():
            raise unittest.SkipTest("dovecot-pop3d is not installed")

    def setUp(self):
        super().setUp()
        self.maildir = self.folder / "Maildir"
        self.home = self.folder / "dovecot"
        self.home.mkdir()
        self.config = self.home / "dovecot.conf"
        self.config.write_text(
            f"protocols = pop3\nssl = no\nlog_path = /dev/stderr\nbase_dir = {self.home}/run\n"
            f"state_dir = {self.home}/run\nmail_location = maildir:{self.maildir}\n"
            f"mail_uid = {READER.pw_uid}\nmail_gid = {READER.pw_gid}\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n")

    def start(self):
        return self.with_driver('driver = "maildir"', f'path = "{self.maildir}"')

    def pop3(self):
        self.folder.chmod(0o755)
        if os.getuid() == 0:
            for path in (self.home, self.maildir, *self.home.rglob("*"), *self.maildir.rglob("*")):
                shutil.chown(path, READER.pw_uid, READER.pw_gid)
        return Pop3(self.config, self.home)

    def fed(self, *messages):
        g = self.start()
        for octets in messages:
            self.send(g, octets)
        self.all_handed_over(g)
        return g

    def test_sizes_are_right_and_every_octet_is_there(self):
        g = self.fed(*AWKWARD)
        served = {d["size_octets"] for message in g.list() for d in message["deliveries"]}
        session = self.pop3()
        sizes = [int(size) for size in session.column(b"LIST")]
        self.assertEqual(len(sizes), len(AWKWARD))
        self.assertEqual(set(sizes), served)
        self.assertEqual(session.ask(b"STAT").split()[1:], [b"%d" % len(sizes), b"%d" % sum(sizes)])
        forms = [session.many(b"RETR %d" % number) for number in range(1, len(sizes) + 1)]
        session.quit()
        self.assertEqual([len(form) for form in forms], sizes)
        # Dovecot may make 0x80 of a NUL that it reads.
        forms = [form.replace(b"\0", b"\x80") for form in forms]
        files = [file.read_bytes().replace(b"\0", b"\x80") for file in self.maildir.glob("cur/*")]
        self.assertEqual(sorted(forms), sorted(files))
        self.assertNotRegex((self.home / "errors").read_text(), "Error|Warning|corrupt")

    def test_uids_stay_the_same(self):
        g = self.fed(*AWKWARD[:3])
        session = self.pop3()
        uids = session.column(b"UIDL")
        self.assertEqual(len(set(uids)), 3)
        session.many(b"RETR 1")   # now it has been seen: the name changes
        session.quit()
        g.stop()
        g.start()
        self.send(g, AWKWARD[3])
        self.all_handed_over(g)
        session = self.pop3()
        self.assertEqual(session.column(b"UIDL")[:3], uids)
        self.assertEqual(session.ask(b"STAT").split()[1], b"4")
        session.ask(b"DELE 2")
        session.quit()
        session = self.pop3()
        self.assertEqual(session.column(b"UIDL")[:2], [uids[0], uids[2]])
        session.quit()

    def test_what_dovecot_has_moved_is_not_delivered_again(self):
        """The record of a hand-over is lost with a torn tail; the message is in cur/ by then, with flags."""
        g = self.fed(AWKWARD[0])
        self.pop3().quit()
        (moved,) = self.maildir.glob("cur/*")
        self.assertRegex(moved.name, r",S=\d+:2,$")
        g.stop()
        (volume,) = g.store.glob("volumes/*.warc")
        octets = volume.read_bytes()
        record = octets.rindex(b"WARC/1.1\r\n", 0, octets.index(b'{"fact":"handed_over"'))
        volume.chmod(0o640)   # as before a clean stop: not sealed yet
        volume.write_bytes(octets[:record])
        shutil.rmtree(g.store / "index")
        g.start()
        self.all_handed_over(g)
        self.assertEqual(len([*self.maildir.glob("cur/*"), *self.maildir.glob("new/*")]), 1)
        g.verify()


if __name__ == "__main__":
    gateway.main()
