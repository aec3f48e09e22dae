"""A full disk: 452 for the one who sends, POP3 as ever, and intake by itself again when there is room.

The store stands on a small tmpfs of its own; mounting one needs root.
"""

import os
import shutil
import subprocess
import unittest

import gateway
import wire
from gateway import RECIPIENT, GatewayTest, eventually

SIZE = "24m"
MEGABYTE = b"Subject: x\r\n\r\n" + b"z" * (1 << 20) + b"\r\n"


class DiskFull(GatewayTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or not shutil.which("mount"):
            self.skipTest("needs root, to mount a small file system")
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "guichet-test", self.disk], capture_output=True)
        if done.returncode != 0:
            self.skipTest(f"cannot mount a tmpfs here: {done.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)

    def attempt(self, g, octets):
        """The code that decided: 250 at the end, or the first 4xx wherever it came; self.refused_at says where."""
        self.refused_at = None
        with wire.Smtp(g.smtp) as smtp:
            for line in (b"MAIL FROM:<a@town.example>", b"RCPT TO:<" + RECIPIENT.encode() + b">", b"DATA"):
                code, text = smtp.command(line)
                if code // 100 == 4:
                    self.refused_at = line[:4]
                    return code, text
                self.assertIn(code, (250, 354), text)
            smtp.send(wire.stuffed(octets))
            return smtp.reply()

    def fill_by_mail(self, g, first=0):
        """Sends bodies of numbers from `first` on until 452; how many were taken. The same again would take no room."""
        for taken in range(60):
            code, text = self.attempt(g, MEGABYTE.replace(b"x", b"%d" % (first + taken), 1))
            if code != 250:
                self.assertEqual(code, 452, text)
                return taken
        self.fail("the disk never filled")

    def room_again(self, g):
        eventually(lambda: self.attempt(g, b"Subject: room\r\n\r\nx\r\n")[0] == 250, "intake resumes")

    def test_filled_by_mail(self):
        """The reserve lets POP3 remove what it handed over, even then."""
        g = self.gateway({"store.path": self.disk / "store"})
        taken = self.fill_by_mail(g)
        self.assertGreater(taken, 5)
        forms = wire.everything(g.pop3)
        self.assertEqual(len(forms), taken)
        with wire.Pop(g.pop3) as pop:
            pop.retr(1)
            pop.expect(b"DELE 1")
            pop.quit()
        self.assertEqual(len(wire.everything(g.pop3)), taken - 1)
        self.assertEqual(self.attempt(g, MEGABYTE)[0], 452)
        subprocess.run(["mount", "-o", "remount,size=64m", self.disk], check=True)
        self.room_again(g)
        self.assertEqual(len(wire.everything(g.pop3)), taken)
        g.verify()
        g.restart()
        self.assertEqual(len(wire.everything(g.pop3)), taken)

    def test_filled_by_somebody_else(self):
        g = self.gateway({"store.path": self.disk / "store"})
        for _ in range(3):
            self.assertEqual(self.attempt(g, b"Subject: before\r\n\r\nx\r\n")[0], 250)
        before = wire.everything(g.pop3)
        g.list()   # the index holds what that session was offered: it cannot grow on a disk without any room
        filler = self.disk / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 65_536):
                    pass
            except OSError:
                pass
        taken = self.fill_by_mail(g)
        while self.attempt(g, b"Subject: small\r\n\r\nx\r\n")[0] == 250:
            taken += 1   # what had been zero-filled ahead may be used up
            self.assertLess(taken, 100_000)
        self.assertEqual(self.attempt(g, b"Subject: small\r\n\r\nx\r\n")[0], 452)
        self.assertEqual(self.refused_at, b"MAIL", "before a body is sent")
        self.assertEqual(len(wire.everything(g.pop3)), 3 + taken, "POP3 goes on")
        filler.unlink()
        self.room_again(g)
        after = wire.everything(g.pop3)
        self.assertEqual(len(after), 4 + taken)
        self.assertEqual({uid: after[uid] for uid in before}, before)
        g.verify()

    def test_bodies_on_their_way_leave_the_reserve(self):
        """Several large ones were each let in while there was room; together they are more than there is."""
        g = self.gateway({"store.path": self.disk / "store", "store.spool_octets_min": 65_536})
        sessions = [wire.Smtp(g.smtp) for _ in range(6)]
        for smtp in sessions:
            smtp.envelope(RECIPIENT)
            smtp.expect(354, b"DATA")
        for smtp in sessions:
            smtp.send(MEGABYTE * 12)   # six of these are more than the disk
        for smtp in sessions:
            smtp.send(b".\r\n")
        codes = [smtp.reply()[0] for smtp in sessions]
        self.assertIn(452, codes)
        self.assertLessEqual(set(codes), {250, 452}, codes)
        free = os.statvfs(self.disk)
        self.assertGreater(free.f_bavail * free.f_frsize, len(MEGABYTE), "room for what must be written")
        self.assertEqual(len(wire.everything(g.pop3)), codes.count(250))
        for smtp in sessions:
            smtp.quit()
        self.room_again(g)
        g.verify()

    def test_no_more_files(self):
        """Room enough for octets, none for another file: told before a body is taken."""
        subprocess.run(["mount", "-o", "remount,nr_inodes=1000", self.disk], check=True)
        g = self.gateway({"store.path": self.disk / "store"})
        self.assertEqual(self.attempt(g, b"Subject: before\r\n\r\nx\r\n")[0], 250)
        filler = self.disk / "filler"
        filler.mkdir()
        try:
            for number in range(1000):
                (filler / str(number)).touch()
        except OSError:
            pass
        code, text = self.attempt(g, b"Subject: small\r\n\r\nx\r\n")
        self.assertEqual((code, text[:5]), (452, "4.3.1"), text)
        self.assertIn("file", text)
        self.assertEqual(self.refused_at, b"MAIL", "before a body is sent")
        self.assertEqual(len(wire.everything(g.pop3)), 1, "POP3 goes on")
        shutil.rmtree(filler)
        self.room_again(g)
        g.verify()

    def test_started_on_a_full_disk(self):
        """It starts, serves what is there and says 452; or it does not start and says why."""
        g = self.gateway({"store.path": self.disk / "store"})
        taken = self.fill_by_mail(g)
        g.stop()
        code = 0
        try:
            g.start()
        except AssertionError as problem:
            self.assertRegex(str(problem), r"ended with 1 ")
            self.assertRegex(str(problem).lower(), r"space|room|full")
            code = 1
        if code == 0:
            self.assertEqual(len(wire.everything(g.pop3)), taken)
            more = self.fill_by_mail(g, first=taken)   # what was zero-filled ahead was given back at the stop
            self.assertLess(more, 9)
            taken += more
        subprocess.run(["mount", "-o", "remount,size=64m", self.disk], check=True)
        if code != 0:
            g.start()
        self.room_again(g)
        self.assertEqual(len(wire.everything(g.pop3)), taken + 1)
        g.verify()


if __name__ == "__main__":
    gateway.main()
