"""A gateway of one's own: started on free loopback ports with a store in a temporary folder.

GUICHET names the binary (default: build/release/guichet). GUICHET_SANITIZED=1 says that it is slow.
No test sleeps until something has probably happened: each waits for an answer of the protocol.
"""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("GUICHET") or ROOT / "build/release/guichet")
SANITIZED = os.environ.get("GUICHET_SANITIZED") == "1"
PATIENCE_S = 120 if SANITIZED else 30
GRACE_S = 10

DOMAIN = "example.test"
RECIPIENT = "foi+request-123-abcdef12@example.test"
USER, PASSWORD = "foi", "secret"


def toml(value):
    """A value as --set wants it. JSON's strings, numbers, booleans and arrays are TOML's; its objects are not."""
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(str(value) if isinstance(value, Path) else value)


class Gateway:
    """with Gateway() as g: ...   The folder outlives the process, so that it can be started again."""

    def __init__(self, folder, settings=None, config=None):
        self.folder = Path(folder)
        self.store = self.folder / "store"
        self.config = config or ROOT / "conf/guichet.toml"
        self.settings = {
            "store.path": self.store,
            "smtpd.listen": ["127.0.0.1:0"],
            "popd.listen": ["127.0.0.1:0"],
            "popd.login_delay_max_s": 0,      # wrong passwords are answered at once
            "popd.session_messages_max": 0,   # a test that looks into a maildrop wants to see all of it
        }
        self.settings.update(settings or {})
        self.environment = None   # of every process started here; None: our own
        self.prlimit = []         # of the gateway: ["--nofile=64:64"], arguments of prlimit(1)
        self.launcher = []        # words in front of the binary, of a program that becomes it
        self.descriptors = ()     # that it inherits
        self.process = None
        self.addresses = {}
        self.output = ""

    # --- Commands ---

    def arguments(self):
        given = ["-c", str(self.config)]
        for key, value in self.settings.items():
            given += ["--set", f"{key}={toml(value)}"]
        return given

    def command(self, *words, check=True):
        """Runs a subcommand that ends by itself; its standard output as octets."""
        done = subprocess.run([BINARY, *words, *self.arguments()], capture_output=True, timeout=PATIENCE_S,
                              env=self.environment)
        if check and done.returncode != 0:
            raise AssertionError(f"guichet {' '.join(words)}: exit {done.returncode}\n"
                                 f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
        return done.stdout if check else done

    def raw(self, message_id):
        return self.command("raw", message_id)

    def list(self):
        return json.loads(self.command("list", "--json"))

    def verify(self):
        """Exit 0, or the test fails with what verify said."""
        return self.command("verify").decode()

    # --- Life ---

    def start(self):
        assert self.process is None, "already running"
        self.errors = open(self.folder / "stderr", "ab")
        within = ["prlimit", *self.prlimit] if self.prlimit else []
        self.process = subprocess.Popen([*within, *self.launcher, BINARY, "run", *self.arguments()],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=self.environment, pass_fds=self.descriptors)
        lines = queue.Queue()
        self.reader = threading.Thread(target=self._read_output, args=(self.process.stdout, lines), daemon=True)
        self.reader.start()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                self.kill9()
                raise AssertionError(f"no `ready` line within {PATIENCE_S} s\n{self.log()}") from None
            if line is None:
                code = self.process.wait()
                self._ended()
                raise AssertionError(f"the gateway ended with {code} before it was ready\n{self.log()}")
            if line.startswith("ready"):
                break
        self.addresses = {}
        for name, listed in re.findall(r"(\w+)=(\S+)", line):
            self.addresses[name] = [split_address(text) for text in listed.split(",")]
        return self

    def _read_output(self, stream, lines):
        for line in stream:
            text = line.decode(errors="replace").rstrip("\n")
            self.output += text + "\n"
            lines.put(text)
        lines.put(None)
        stream.close()

    @property
    def smtp(self):
        return self.addresses["smtp"][0]

    @property
    def pop3(self):
        return self.addresses["pop3"][0]

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, within_s=GRACE_S + (20 if SANITIZED else 2)):
        """The exit code; a gateway that does not end in time is killed and fails the test."""
        try:
            return self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"did not end within {within_s} s of SIGTERM\n{self.log()}") from None
        finally:
            self._ended()

    def stop(self):
        """SIGTERM; must exit 0 within the grace."""
        if self.process is None:
            return
        self.terminate()
        code = self.wait()
        if code != 0:
            raise AssertionError(f"exit {code} after SIGTERM\n{self.log()}")
        self.check_reports()

    def kill9(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self._ended()

    def _ended(self):
        if self.process is not None and self.process.returncode is not None:
            self.reader.join(PATIENCE_S)
            self.errors.close()
            self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def stderr(self):
        path = self.folder / "stderr"
        return path.read_text(errors="replace") if path.exists() else ""

    def log(self):
        text = self.stderr()
        return f"--- stdout\n{self.output[-4000:]}--- stderr\n{text[-12000:]}"

    def check_reports(self):
        text = self.stderr()
        if re.search(r"Sanitizer|runtime error:|broken invariant", text):
            raise AssertionError(f"the gateway reported a fault of its own\n{self.log()}")

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            sys.stderr.write(f"\n{self.log()}\n")
            self.kill9()


def split_address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def run_once(*words, within_s=PATIENCE_S):
    """The binary with these arguments, expected to end by itself: (exit code, stdout, stderr)."""
    process = subprocess.Popen([str(BINARY), *map(str, words)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"guichet {' '.join(map(str, words))} did not end\n{out!r}\n{err!r}") from None
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def output_of(*words, stdin=""):
    """What another program prints; it must exit 0."""
    return subprocess.run(words, input=stdin, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout


def eventually(condition, what, within_s=None):
    """Asks again until the answer is true, and returns it."""
    deadline = time.monotonic() + (within_s or PATIENCE_S)
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"never: {what}")
        time.sleep(0.01)


class GatewayTest(unittest.TestCase):
    """A test with a temporary folder; self.gateway() starts a gateway there that is stopped at the end."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        if not BINARY.exists():
            raise unittest.SkipTest(f"{BINARY} is not built")

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="guichet-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def gateway(self, settings=None, prlimit=(), environment=None, launcher=(), descriptors=(), **more):
        made = Gateway(self.folder, {**self.settings, **(settings or {})}, **more)
        made.prlimit = list(prlimit)
        made.environment = environment
        made.launcher, made.descriptors = list(launcher), tuple(descriptors)
        self.addCleanup(self._finish, made)
        return made.start()

    def _finish(self, made):
        if self._outcome_failed():
            sys.stderr.write(f"\n{made.log()}\n")
            made.kill9()
        else:
            made.stop()

    def _outcome_failed(self):
        result = self._outcome.result
        return any(test is self for test, _ in result.failures + result.errors)


def main():
    """unittest's main, with exit 77 (ctest: skipped) when nothing ran at all."""
    program = unittest.main(module="__main__", exit=False)
    result = program.result
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}", file=sys.stderr)
    if not result.wasSuccessful():
        sys.exit(1)
    if result.skipped and result.testsRun - len(result.skipped) <= 0:
        sys.exit(77)
    sys.exit(0)
