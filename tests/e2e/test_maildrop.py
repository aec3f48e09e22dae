"""The maildrop as the poller relies on it: UIDs for ever, nothing removed without QUIT, one session at a time."""

import re
import socket
import unittest

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest, eventually

MESSAGE = b"Subject: %d\r\n\r\nbody\r\n"


class Maildrop(GatewayTest):
    def filled(self, count=5, **settings):
        g = self.gateway(**settings)
        with wire.Smtp(g.smtp) as smtp:
            for number in range(count):
                smtp.deliver(RECIPIENT, MESSAGE % number)
        return g

    def index_files(self, g):
        """Whatever SQLite keeps in the store, with its -wal and -shm."""
        main = [path for path in g.store.rglob("*")
                if path.is_file() and path.read_bytes().startswith(b"SQLite format 3")]
        self.assertTrue(main, f"no index in {sorted(g.store.rglob('*'))}")
        return [path for name in main for path in name.parent.glob(name.name + "*")]

    def test_uids_are_fit_for_alaveteli(self):
        g = self.filled()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver([RECIPIENT, "foi@example.test"], MESSAGE % 0)
        forms = wire.everything(g.pop3)
        self.assertEqual(len(forms), 7)
        digests = {re.search("[0-9a-f]{64}", served.value(form, "X-Guichet-Digest"))[0] for form in forms.values()}
        for uid in forms:
            self.assertRegex(uid, r"^[!-~]{1,70}$")
            self.assertNotRegex(uid, r"^[0-9a-fA-F]{16}$", "shaped like Dovecot's")
            self.assertFalse(any(digest.startswith(uid) or digest in uid for digest in digests))

    def test_uids_and_octets_survive_restart_and_the_loss_of_the_index(self):
        g = self.filled()
        with wire.Pop(g.pop3) as pop:
            pop.expect(b"DELE 2")
            pop.quit()
        before = wire.everything(g.pop3)
        self.assertEqual(len(before), 4)
        g.restart()
        self.assertEqual(wire.everything(g.pop3), before, "after a restart")
        g.stop()
        g.command("index", "rebuild")
        g.start()
        self.assertEqual(wire.everything(g.pop3), before, "after index rebuild")
        g.stop()
        for path in self.index_files(g):
            path.unlink(missing_ok=True)
        g.start()
        self.assertEqual(wire.everything(g.pop3), before, "after the index was deleted")
        g.stop()
        for path in self.index_files(g):
            if not path.name.endswith(("-wal", "-shm")):
                path.write_bytes(path.read_bytes()[:1000] + b"no database any more" * 300)
        g.start()
        self.assertEqual(wire.everything(g.pop3), before, "after the index was damaged")
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, MESSAGE % 9)
        after = wire.everything(g.pop3)
        self.assertEqual(len(after), 5)
        self.assertEqual(list(after)[:4], list(before), "the order of arrival")

    def test_an_older_index_is_brought_up_to_date(self):
        g = self.filled(2)
        g.stop()
        older = {path: path.read_bytes() for path in self.index_files(g)}
        g.start()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, MESSAGE % 2)
        with wire.Pop(g.pop3) as pop:
            pop.expect(b"DELE 1")
            pop.quit()
        before = wire.everything(g.pop3)
        g.stop()
        for path in self.index_files(g):
            path.unlink(missing_ok=True)
        for path, octets in older.items():
            path.write_bytes(octets)
        g.verify()
        g.start()
        self.assertEqual(wire.everything(g.pop3), before)

    def test_dele_without_quit_removes_nothing(self):
        g = self.filled(3)
        before = wire.everything(g.pop3)
        with wire.Pop(g.pop3) as pop:
            for number in (1, 2, 3):
                pop.retr(number)
                pop.expect(b"DELE %d" % number)
        eventually(lambda: login_answer(g).startswith(b"+OK"), "the lock is free after EOF")
        self.assertEqual(wire.everything(g.pop3), before)
        g.restart()
        self.assertEqual(wire.everything(g.pop3), before)

    def test_quit_removes_and_the_archive_keeps(self):
        g = self.filled(3)
        before = wire.everything(g.pop3)
        with wire.Pop(g.pop3) as pop:
            pop.expect(b"DELE 1")
            pop.expect(b"DELE 3")
            self.assertEqual(pop.stat(), (1, len(list(before.values())[1])))
            self.assertTrue(pop.command(b"RETR 1").startswith(b"-ERR"))
            self.assertEqual([number for number, _ in pop.listing()], [2], "a number is not used again")
            pop.quit()
        self.assertEqual(list(wire.everything(g.pop3)), [list(before)[1]])
        g.restart()
        self.assertEqual(list(wire.everything(g.pop3)), [list(before)[1]])
        self.assertEqual(sorted(g.raw(fact["id"]) for fact in g.list()), [MESSAGE % number for number in range(3)])
        g.verify()

    def test_rset_takes_dele_back(self):
        g = self.filled(2)
        with wire.Pop(g.pop3) as pop:
            pop.expect(b"DELE 1")
            pop.expect(b"RSET")
            pop.quit()
        self.assertEqual(len(wire.everything(g.pop3)), 2)

    def test_the_snapshot_is_taken_at_login(self):
        g = self.filled(2)
        with wire.Pop(g.pop3) as pop:
            with wire.Smtp(g.smtp) as smtp:
                smtp.deliver(RECIPIENT, MESSAGE % 2)
            self.assertEqual(pop.stat()[0], 2)
            self.assertEqual(len(pop.listing()), 2)
            self.assertTrue(pop.command(b"RETR 3").startswith(b"-ERR"))
            pop.quit()
        self.assertEqual(len(wire.everything(g.pop3)), 3)

    def test_one_session_at_a_time(self):
        g = self.filled(1)
        with wire.Pop(g.pop3) as first:
            with wire.Pop(g.pop3, user=None) as second:
                self.assertTrue(second.login("foi", "secret").startswith(b"-ERR [IN-USE]"))
            first.quit()
        wire.Pop(g.pop3).quit()
        aborted = wire.Pop(g.pop3)
        aborted.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")   # close() sends RST
        aborted.close()
        eventually(lambda: login_answer(g).startswith(b"+OK"), "the lock is free after RST")

    def test_wrong_name_and_wrong_password_answer_the_same(self):
        g = self.filled(0)
        answers = set()
        for user, password in (("foi", "wrong"), ("nobody", "secret"), ("nobody", "wrong")):
            with wire.Pop(g.pop3, user=None) as pop:
                answers.add(pop.login(user, password))
        self.assertEqual(len(answers), 1, answers)
        self.assertTrue(answers.pop().startswith(b"-ERR"))
        with wire.Pop(g.pop3, user=None) as pop:
            for line in (b"STAT", b"LIST", b"RETR 1", b"DELE 1"):
                self.assertTrue(pop.command(line).startswith(b"-ERR"), line)

    def test_auth_plain(self):
        g = self.filled(1)
        with wire.Pop(g.pop3, user=None) as pop:
            pop.expect(b"AUTH PLAIN AGZvaQBzZWNyZXQ=")
            self.assertEqual(pop.stat()[0], 1)
            pop.quit()
        with wire.Pop(g.pop3, user=None) as pop:
            self.assertTrue(pop.command(b"AUTH PLAIN").startswith(b"+ "))
            pop.expect(b"AGZvaQBzZWNyZXQ=")
            pop.quit()

    def test_pipelined_session(self):
        """RFC 2449 6.6: the whole session in one segment."""
        g = self.filled(20)
        forms = list(wire.everything(g.pop3).values())
        with wire.Pop(g.pop3, user=None) as pop:
            pop.send(b"USER foi\r\nPASS secret\r\nSTAT\r\n"
                     + b"".join(b"RETR %d\r\nDELE %d\r\n" % (n, n) for n in range(1, 21)) + b"QUIT\r\n")
            self.assertTrue(all(pop.line().startswith(b"+OK") for _ in range(3)))
            for form in forms:
                self.assertTrue(pop.line().startswith(b"+OK"))
                self.assertEqual(pop.multiline(), form)
                self.assertTrue(pop.line().startswith(b"+OK"))
            self.assertTrue(pop.line().startswith(b"+OK"))
            self.assertTrue(pop.at_end())
        self.assertEqual(wire.everything(g.pop3), {})

    def test_no_more_than_session_messages_max_are_listed(self):
        g = self.filled(5, settings={"popd.session_messages_max": 2})
        seen = []
        while True:
            with wire.Pop(g.pop3) as pop:
                uids = pop.uids()
                if not uids:
                    break
                self.assertLessEqual(len(uids), 2)
                seen += uids
                for number in range(len(uids)):
                    pop.expect(b"DELE %d" % (number + 1))
                pop.quit()
        self.assertEqual(len(set(seen)), 5)

    def test_empty_maildrop(self):
        g = self.filled(0)
        with wire.Pop(g.pop3) as pop:
            self.assertEqual((pop.stat(), pop.listing(), pop.uids()), ((0, 0), [], []))
            self.assertTrue(pop.command(b"RETR 1").startswith(b"-ERR"))
            self.assertTrue(pop.command(b"DELE 0").startswith(b"-ERR"))
            self.assertTrue(pop.command(b"RETR 99999999999999999999").startswith(b"-ERR"))
            pop.quit()


def login_answer(g):
    with wire.Pop(g.pop3, user=None) as pop:
        answer = pop.login("foi", "secret")
        if answer.startswith(b"+OK"):
            pop.quit()
        return answer


if __name__ == "__main__":
    gateway.main()
