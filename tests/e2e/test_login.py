"""Passwords: made, kept and checked; what a wrong one costs, and whom."""

import os
import pty
import re
import select
import signal
import shutil
import subprocess
import tempfile
import termios
import unittest
from pathlib import Path

import gateway
import wire
from gateway import BINARY, PATIENCE_S, ROOT, GatewayTest, run_once

SCRYPT = r"\$7\$C[./0-9A-Za-z]{10}[./0-9A-Za-z]*\$[./0-9A-Za-z]{43}"


def passwd(*words, given=None):
    done = subprocess.run([BINARY, "passwd", *map(str, words)], input=given, capture_output=True, timeout=PATIENCE_S)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def answer(g, user, password):
    with wire.Pop(g.pop3, user=None) as pop:
        return pop.login(user, password)


class Logins(GatewayTest):
    def with_secret(self, secret, settings=None):
        """A gateway with one maildrop, its password_file holding this line."""
        path = self.folder / "secret"
        path.write_text(secret + "\n")
        config = self.folder / "guichet.toml"
        config.write_text((ROOT / "conf/guichet.toml").read_text().replace(
            'password_file = "development-password"', f'password_file = "{path}"'))
        return self.gateway(settings, config=config)

    def ways(self, g):
        """How the passwords that were right were checked, from the log."""
        return re.findall(r"pop3\.login .*password=(\w+) refused=no", g.log())

    def test_a_hash_is_computed_once_and_then_remembered(self):
        code, hashed, _ = passwd(given=b"s\xc3\xa9same ouvre toi\n")
        self.assertEqual(code, 0)
        hashed = re.search(SCRYPT, hashed)[0]
        g = self.with_secret(hashed)
        for _ in range(3):
            wire.Pop(g.pop3, password="sésame ouvre toi").quit()
        self.assertEqual(self.ways(g), ["checked", "remembered", "remembered"])
        self.assertEqual({answer(g, user, password) for user, password in
                          (("foi", "secret"), ("foi", hashed), ("nobody", "sésame ouvre toi"), ("nobody", "x"))},
                         {b"-ERR [AUTH] name or password is wrong"})
        wire.Pop(g.pop3, password="sésame ouvre toi").quit()
        g.restart()
        wire.Pop(g.pop3, password="sésame ouvre toi").quit()
        self.assertEqual(self.ways(g)[3:], ["remembered", "checked"], "in memory alone")

    def test_a_password_that_was_changed(self):
        g = self.with_secret("first")
        wire.Pop(g.pop3, password="first").quit()
        self.assertEqual(passwd("--file", self.folder / "secret", given=b"second\n")[0], 0)
        g.restart()
        self.assertTrue(answer(g, "foi", "first").startswith(b"-ERR [AUTH]"))
        wire.Pop(g.pop3, password="second").quit()

    def test_a_clear_password_that_looks_a_little_like_a_hash(self):
        g = self.with_secret("$6$salt$notahash")
        wire.Pop(g.pop3, password="$6$salt$notahash").quit()

    def test_a_hash_that_cannot_be_computed_here(self):
        config = self.folder / "guichet.toml"
        config.write_text((ROOT / "conf/guichet.toml").read_text().replace(
            'password_file = "development-password"', 'password_hash = "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA"'))
        code, _, errors = run_once("run", "-c", config, "--set", f'store.path="{self.folder}/store"')
        self.assertEqual(code, 1)
        self.assertIn("guichet passwd makes another", errors)

    def test_the_answer_to_a_guess_is_held_back_and_no_other(self):
        """Another logs in, and is done, before the guesser hears. Tried with 2, 4 and 8 seconds: machines are slow."""
        g = self.gateway({"popd.login_delay_max_s": 15})
        with wire.Pop(g.pop3, user=None) as guesser:
            for _ in range(3):
                guesser.expect(b"USER foi")
                guesser.send(b"PASS wrong\r\n")
                wire.Pop(g.pop3).quit()
                heard = bool(guesser.input) or bool(select.select([guesser.socket], [], [], 0)[0])
                self.assertTrue(guesser.line().startswith(b"-ERR [AUTH]"))
                if not heard:
                    return
        self.fail("every time the guesser was answered first")

    def test_many_guesses_do_not_keep_the_poller_out(self):
        hashed = re.search(SCRYPT, passwd(given=b"secret\n")[1])[0]
        g = self.with_secret(hashed, {"popd.login_delay_max_s": 15, "popd.login_failures_max": 3})
        wire.Pop(g.pop3).quit()
        guessers = [wire.Pop(g.pop3, user=None) for _ in range(15)]
        for guesser in guessers:
            guesser.send(b"USER foi\r\nPASS wrong\r\n")
        for _ in range(5):
            wire.Pop(g.pop3).quit()
        self.assertEqual(self.ways(g), ["checked"] + ["remembered"] * 5)
        for guesser in guessers:
            guesser.close()

    def test_a_stop_does_not_wait_for_what_is_held_back(self):
        g = self.gateway({"popd.login_delay_max_s": 50, "gateway.shutdown_grace_s": 0})
        with wire.Pop(g.pop3, user=None) as guesser:
            guesser.expect(b"USER foi")
            guesser.send(b"PASS wrong\r\n")
            wire.Pop(g.pop3).quit()
            g.stop()   # exit 0, and not because the process gave up waiting
        self.assertNotIn("stop", g.log().rsplit("pop3.", 1)[-1])


class Passwd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not BINARY.exists():
            raise unittest.SkipTest(f"{BINARY} is not built")

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="guichet-passwd-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def test_the_line_for_the_configuration(self):
        code, out, errors = passwd(given=b"secret\r\nmore\n")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(out, rf'\Apassword_hash = "{SCRYPT}"\n\Z')
        self.assertNotEqual(out, passwd(given=b"secret\n")[1], "a salt of its own")

    def test_it_says_what_is_no_password(self):
        for given in (b"", b"\n", b"a\tb\n", b"a\0b\n", b"x" * 256 + b"\n"):
            code, out, errors = passwd(given=given)
            self.assertEqual((code, out), (1, ""), given)
            self.assertRegex(errors, r"\Aguichet: .*password.*\n\Z")

    def test_generate(self):
        code, out, _ = passwd("--generate")
        self.assertEqual(code, 0)
        made = re.fullmatch(rf"# POP_MAILER_PASSWORD: '([a-z0-9]{{32}})'\npassword_hash = \"({SCRYPT})\"\n", out)
        self.assertTrue(made, out)
        self.assertNotIn(made[1], passwd("--generate")[1])

    def test_file(self):
        path = self.folder / "password"
        code, out, _ = passwd("--file", path, given=b"secret\n")
        self.assertEqual((code, out), (0, ""))
        self.assertRegex(path.read_text(), rf"\A{SCRYPT}\n\Z")
        self.assertEqual(path.stat().st_mode & 0o7777, 0o600)
        before = path.read_text()
        path.chmod(0o644)
        code, out, _ = passwd("--generate", "--file", path)
        self.assertRegex(out, r"\APOP_MAILER_PASSWORD: '[a-z0-9]{32}'\n\Z")
        self.assertNotEqual(path.read_text(), before)
        self.assertEqual(path.stat().st_mode & 0o7777, 0o600)
        self.assertEqual([found.name for found in self.folder.iterdir()], ["password"], "nothing is left beside it")

    def test_file_that_cannot_be_written(self):
        for path in (self.folder, self.folder / "absent" / "password"):
            code, out, errors = passwd("--generate", "--file", path)
            self.assertEqual((code, out), (1, ""), "no password is shown that nothing takes")
            self.assertIn(str(path), errors)

    def at_terminal(self, *typed):
        """(exit status, what the terminal showed, whether it echoes afterwards)"""
        child, master = pty.fork()
        if child == 0:
            os.execv(BINARY, [str(BINARY), "passwd"])
        shown = b""
        for text, prompt in zip(typed, (b"Password: ", b"again: ")):
            shown += self.until(master, prompt)
            os.write(master, text)
        shown += self.until(master, None)
        echo = termios.tcgetattr(master)[3] & termios.ECHO
        status = os.waitpid(child, 0)[1]
        os.close(master)
        return status, shown.decode(), bool(echo)

    def until(self, master, prompt):
        """What is shown up to the prompt; with None, to the end."""
        shown = b""
        while prompt is None or not shown.endswith(prompt):
            if not select.select([master], [], [], PATIENCE_S)[0]:
                raise AssertionError(f"no {prompt!r}: {shown!r}")
            try:
                octets = os.read(master, 4096)
            except OSError:   # Linux says EIO when the other side is closed
                octets = b""
            if not octets:
                self.assertIsNone(prompt, shown)
                break
            shown += octets
        return shown

    def test_a_terminal_does_not_show_it(self):
        status, shown, echo = self.at_terminal(b"open sesame\n", b"open sesame\n")
        self.assertEqual(status, 0, shown)
        self.assertNotIn("sesame", shown)
        self.assertRegex(shown, SCRYPT)
        self.assertTrue(echo)

    def test_typed_wrong_the_second_time(self):
        status, shown, _ = self.at_terminal(b"open sesame\n", b"open seasme\n")
        self.assertEqual(os.waitstatus_to_exitcode(status), 1)
        self.assertIn("not the same", shown)
        self.assertNotIn("$7$", shown)

    def test_given_up_with_control_c_the_terminal_echoes_again(self):
        status, shown, echo = self.at_terminal(b"open s\x03")
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGINT)
        self.assertNotIn("$7$", shown)
        self.assertTrue(echo)


if __name__ == "__main__":
    gateway.main()
