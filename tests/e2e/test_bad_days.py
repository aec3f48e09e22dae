"""Mistakes in the configuration, what is missing at start, and stopping with sessions open."""

import fcntl
import os
import socket
import threading
import time
import unittest

import gateway
import wire
from gateway import GRACE_S, RECIPIENT, ROOT, Gateway, GatewayTest, eventually, run_once

BODY = b"Subject: x\r\n\r\nbody\r\n"
GOOD = """[store]
path = "store"
[smtpd]
listen = ["127.0.0.1:0"]
hostname = "mx.example.test"
[popd]
listen = ["127.0.0.1:0"]
[[site]]
domain = "example.test"
prefix = "foi+"
maildrop = "foi"
[[maildrop]]
name = "foi"
password_file = "foi.password"
"""


class Control(GatewayTest):
    def test_nonsense_on_the_control_socket_is_refused(self):
        g = self.gateway()
        for line in (b"\n", b"{", b"[]\n", b"{}\n", b'{"command":5}\n', b'{"command":"\xff"}\n', b"x" * 4000 + b"\n"):
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(gateway.PATIENCE_S)
                control.connect(str(g.store / "control.sock"))
                control.sendall(line)
                control.shutdown(socket.SHUT_WR)
                self.assertIn(b'"ok":false', control.recv(4096), line)
        self.assertEqual(g.list(), [])


class Configuration(GatewayTest):
    def refused(self, text, line, *words):
        """Exit 2, and a line FILE:LINE: … with each of the words; nothing is started or made."""
        (self.folder / "foi.password").write_text("secret\n")
        path = self.folder / "guichet.toml"
        path.write_text(text)
        code, out, err = run_once("run", "-c", path)
        self.assertEqual(code, 2, err)
        self.assertNotIn("ready", out)
        complaint = next((said for said in err.splitlines() if f"guichet.toml:{line}:" in said), None)
        self.assertIsNotNone(complaint, f"no complaint about line {line} in:\n{err}")
        for word in words:
            self.assertIn(word, complaint)
        self.assertFalse((self.folder / "store").exists(), "a store was made")

    def test_mistakes(self):
        def changed(old, new):
            self.assertIn(old, GOOD)
            return GOOD.replace(old, new, 1)

        cases = {
            "unknown key": (changed('hostname =', 'hostnam ='), 5, "smtpd.hostnam", "hostname"),
            "unknown section": (GOOD + "[smtp]\nthreads = 1\n", 15, "smtp"),
            "wrong type": (changed('["127.0.0.1:0"]\nhostname', '"127.0.0.1:0"\nhostname'), 4, "smtpd.listen", "array"),
            "wrong type of a number": (changed('hostname =', 'threads = "many"\nhostname ='), 5, "smtpd.threads"),
            "out of range, below": (changed('hostname =', 'threads = 0\nhostname ='), 5, "smtpd.threads", "1"),
            "out of range, above": (changed('hostname =', 'threads = 100000\nhostname ='), 5, "smtpd.threads"),
            "negative": (changed('hostname =', 'sessions_max = -1\nhostname ='), 5, "smtpd.sessions_max"),
            "not one of the allowed words": (changed('prefix = "foi+"', 'recipients = "all"\nprefix = "foi+"'), 10,
                                             "recipients", "strict"),
            "not TOML": (changed('hostname = "mx', 'hostname = mx'), 5),
            "a maildrop that is not there": (changed('maildrop = "foi"', 'maildrop = "fio"'), 11, "maildrop", "fio"),
            "an address without a port": (changed('"127.0.0.1:0"', '"127.0.0.1"'), 4, "smtpd.listen"),
        }
        for name, (text, line, *words) in cases.items():
            with self.subTest(name):
                self.refused(text, line, *words)

    def test_every_mistake_is_named(self):
        self.refused(GOOD.replace('hostname =', 'threads = 0\nnonsense = 1\nhostname ='), 5)
        self.refused(GOOD.replace('hostname =', 'threads = 0\nnonsense = 1\nhostname ='), 6, "nonsense")

    def test_a_mistake_in_set_and_in_the_command_line(self):
        config = ["-c", ROOT / "conf/guichet.toml"]
        for argument, word in (("smtpd.threads=0", "smtpd.threads"), ("smtpd.nonsense=1", "smtpd.nonsense"),
                               ("smtpd.threads=", "smtpd.threads"), ("junk", "junk")):
            with self.subTest(argument):
                code, _, err = run_once("run", *config, "--set", argument)
                self.assertEqual(code, 2, err)
                self.assertIn(word, err)
        code, _, err = run_once("run", "-c", self.folder / "absent.toml")
        self.assertEqual(code, 2, err)
        self.assertIn("absent.toml", err)
        self.assertNotEqual(run_once("no-such-command")[0], 0)
        code, out, err = run_once("config", "explain", "smtpd.lisen")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("the nearest known one is smtpd.listen", err)
        code, out, _ = run_once("config", "explain", "smtpd.listen", "-c", self.folder / "absent.toml")
        self.assertEqual(code, 0, "it needs no configuration")
        self.assertIn("listen in [smtpd]", out)
        code, out, _ = run_once("--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\d+\.\d+\.\d+")

    def test_set_stands_before_or_after_the_subcommand(self):
        settings = ["--set", f"store.path={gateway.toml(self.folder / 'store')}"]
        config = ["-c", ROOT / "conf/guichet.toml"]
        self.gateway().stop()
        for words in (["list", *config, *settings], [*config, *settings, "list"], [*config, "list", *settings]):
            self.assertEqual(run_once(*words)[0], 0, words)

    def test_relative_paths_are_relative_to_the_file(self):
        (self.folder / "foi.password").write_text("secret\n")
        (self.folder / "guichet.toml").write_text(GOOD)
        g = Gateway(self.folder, config=self.folder / "guichet.toml")
        g.settings = {}
        with g:
            with wire.Smtp(g.smtp) as smtp:
                smtp.deliver(RECIPIENT, BODY)
            self.assertEqual(len(wire.everything(g.pop3)), 1)
        self.assertTrue((self.folder / "store").is_dir())


class Start(GatewayTest):
    def refused(self, *words, config=ROOT / "conf/guichet.toml", **settings):
        """Exit 1 and one line that holds each of the words."""
        g = Gateway(self.folder, {key.replace("__", "."): value for key, value in settings.items()}, config=config)
        code, out, err = run_once("run", *g.arguments())
        self.assertEqual(code, 1, out + err)
        self.assertNotIn("ready", out)
        lines = [line for line in err.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, f"not one line:\n{err}")
        for word in words:
            self.assertIn(str(word), lines[0])

    def test_port_taken(self):
        for key in ("smtpd__listen", "popd__listen"):
            with self.subTest(key), socket.create_server(("127.0.0.1", 0)) as taken:
                port = taken.getsockname()[1]
                self.refused(f"127.0.0.1:{port}", **{key: [f"127.0.0.1:{port}"]})

    def test_store_locked_by_another(self):
        self.gateway()
        self.refused(self.folder / "store")

    def test_a_start_waits_for_a_command_that_holds_the_store(self):
        g = self.gateway()
        g.stop()
        with open(g.store / "lock", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            starting = threading.Thread(target=g.start)
            starting.start()
            eventually(lambda: "store.busy" in g.log(), "the start says that it waits")
            self.assertTrue(starting.is_alive())
        starting.join()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)

    def test_store_cannot_be_written(self):
        (self.folder / "file").write_text("not a folder")
        self.refused(self.folder / "file", store__path=self.folder / "file")
        self.refused(self.folder / "file", store__path=self.folder / "file/store")
        if os.geteuid() == 0:
            return   # root may write everywhere
        (self.folder / "closed").mkdir(mode=0o500)
        self.refused(self.folder / "closed", store__path=self.folder / "closed/store")

    def test_certificate_cannot_be_read(self):
        absent = self.folder / "absent.pem"
        self.refused(absent, smtpd__tls_cert=absent, smtpd__tls_key=absent)
        junk = self.folder / "junk.pem"
        junk.write_text("no certificate\n")
        self.refused(junk, smtpd__tls_cert=junk, smtpd__tls_key=junk)

    def test_no_password_file(self):
        config = self.folder / "guichet.toml"
        config.write_text(GOOD)
        self.refused("foi.password", config=config)

    def test_a_store_of_another_version_is_left_alone(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
        g.stop()
        marks = [path for path in g.store.rglob("*") if path.is_file() and path.read_bytes() == b"guichet-store 1\n"]
        self.assertEqual(len(marks), 1, "the file that names the version")
        marks[0].write_bytes(b"guichet-store 9\n")
        before = contents(g.store)
        self.refused("9")
        self.assertEqual(contents(g.store), before)

    def test_a_foreign_file_in_the_store_is_no_obstacle(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
        g.stop()
        (g.store / "notes.txt").write_text("somebody's notes")
        g.start()
        self.assertEqual(len(wire.everything(g.pop3)), 1)
        self.assertEqual((g.store / "notes.txt").read_text(), "somebody's notes")


class Stop(GatewayTest):
    def test_idle_sessions_are_told(self):
        g = self.gateway()
        with wire.Smtp(g.smtp, helo=None) as fresh, wire.Smtp(g.smtp) as smtp, wire.Pop(g.pop3, user=None) as pop:
            smtp.envelope(RECIPIENT)
            begun = time.monotonic()
            g.terminate()
            for session in (fresh, smtp):
                self.assertEqual(session.reply()[0], 421)
                self.assertTrue(session.at_end())
            self.assertTrue(pop.at_end())
            self.assertEqual(g.wait(), 0)
            self.assertLess(time.monotonic() - begun, GRACE_S / 2, "idle sessions are not waited for")

    def test_a_poller_at_work_may_say_quit(self):
        """Its removals would be lost without."""
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
            smtp.deliver(RECIPIENT, BODY)
        with wire.Pop(g.pop3) as pop:
            pop.retr(1)
            g.terminate()
            eventually(lambda: refused(g.pop3), "no new sessions are accepted")
            pop.expect(b"DELE 1")
            pop.quit()
        self.assertEqual(g.wait(), 0)
        g.start()
        self.assertEqual(len(wire.everything(g.pop3)), 1)

    def test_a_message_that_is_being_received_may_finish(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.envelope(RECIPIENT)
            smtp.expect(354, b"DATA")
            smtp.send(BODY)
            g.terminate()
            eventually(lambda: refused(g.smtp), "no new sessions are accepted")
            smtp.send(b"more\r\n.\r\n")
            self.assertEqual(smtp.reply()[0], 250)
        self.assertEqual(g.wait(), 0)
        g.start()
        self.assertEqual(len(wire.everything(g.pop3)), 1)
        self.assertEqual([g.raw(fact["id"]) for fact in g.list()], [BODY + b"more\r\n"])

    def test_one_that_does_not_finish_is_ended_with_421(self):
        g = self.gateway({"gateway.shutdown_grace_s": 1})
        with wire.Smtp(g.smtp) as smtp:
            smtp.envelope(RECIPIENT)
            smtp.expect(354, b"DATA")
            smtp.send(BODY)
            begun = time.monotonic()
            g.terminate()
            self.assertEqual(smtp.reply()[0], 421)
            self.assertTrue(smtp.at_end())
            self.assertEqual(g.wait(), 0)
            self.assertLess(time.monotonic() - begun, GRACE_S / 2)
        g.start()
        self.assertEqual(wire.everything(g.pop3), {})

    def test_nothing_is_removed_by_a_stop(self):
        g = self.gateway({"gateway.shutdown_grace_s": 1})
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
        with wire.Pop(g.pop3) as pop:
            pop.retr(1)
            pop.expect(b"DELE 1")
            g.terminate()
            self.assertEqual(g.wait(), 0)
        g.start()
        self.assertEqual(len(wire.everything(g.pop3)), 1)

    def test_a_client_that_reads_nothing_does_not_hold_the_stop(self):
        g = self.gateway({"gateway.shutdown_grace_s": 1})
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY + (b"z" * 78 + b"\r\n") * 200_000)
        with wire.Pop(g.pop3) as pop:
            pop.send(b"RETR 1\r\n" * 3)
            self.assertTrue(pop.line().startswith(b"+OK"))
            g.terminate()
            self.assertEqual(g.wait(), 0)

    def test_again_and_again(self):
        g = self.gateway()
        for round in range(5):
            with wire.Smtp(g.smtp) as smtp:
                smtp.deliver(RECIPIENT, BODY)
            self.assertEqual(len(wire.everything(g.pop3)), round + 1)
            g.restart()
        g.verify()


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(address):
    try:
        with socket.create_connection(address, timeout=5):
            return False
    except OSError:
        return True


if __name__ == "__main__":
    gateway.main()
