"""What is measured, each started for the measurement and stopped after it: Guichet, the pair, smtp-sink."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GUICHET = Path(os.environ.get("GUICHET") or ROOT / "build/release/guichet")
RECIPIENT = "foi@example.test"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def tool(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        sys.exit(f"{name} is not installed: ./dev bench installs it")
    return path


def wait_for(condition, what, within_s=120):
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


def listens(address):
    try:
        socket.create_connection(address, timeout=1).close()
        return True
    except OSError:
        return False


def tree(pid):
    """The process and all below it."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def pss_octets(pids):
    """Proportional set size: what is shared is counted once, split between those who share it."""
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue   # it ended meanwhile
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) * 1024
    return total


def processor_s(pids):
    """Processor time that these have used so far, all their threads, but for what only uses time that nobody else
    wants (SCHED_IDLE: the scrub)."""
    used = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[38]) != os.SCHED_IDLE:
                used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


class Guichet:
    name = "Guichet"

    def __init__(self, folder, settings=None, config=None):
        self.folder = folder / "guichet"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        # a session that may take all of a maildrop, as Dovecot's does
        self.settings = {"store.path": str(self.folder / "store"), "smtpd.listen": ["127.0.0.1:0"],
                         "popd.listen": ["127.0.0.1:0"], "popd.session_messages_max": 0, **(settings or {})}
        self.config = config or ROOT / "conf/guichet.toml"

    def __enter__(self):
        words = [str(GUICHET), "run", "-c", str(self.config)]
        for key, value in self.settings.items():
            words += ["--set", f"{key}={json.dumps(value)}"]
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        ready = b""
        while not ready.startswith(b"ready"):
            ready = self.process.stdout.readline()
            if not ready:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
        for word in ready.decode().split()[1:]:
            name, _, listed = word.partition("=")
            host, _, port = listed.split(",")[0].rpartition(":")
            setattr(self, name, (host.strip("[]"), int(port)))
        self.pid = self.process.pid
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def settle(self):
        """Nothing is left to do: a login waits until the index has caught up."""
        from clients import Pop
        pop = Pop(self.pop3)
        pop.login()
        pop.quit()

    def wipe(self):
        from clients import Pop, drain
        pop = Pop(self.pop3)
        pop.login()
        drain(pop, pop.count(), 64, retrieve=False)
        pop.quit()

    def stored_octets(self):
        """What the volumes hold, without what is zero-filled ahead."""
        return sum(path.stat().st_size for path in (self.folder / "store").rglob("*.warc"))

    def pids(self):
        return tree(self.pid)

    smtp_pids = pop3_pids = pids


class Pair:
    """Postfix and Dovecot, by the shared recipe when it is there."""
    name = "Postfix + Dovecot"

    def __init__(self, folder):
        shared = ROOT.parent / "shared/peers/pair"
        # that one writes Postfix's log below /tmp, and Postfix refuses it anywhere else
        usable = shared.exists() and folder.resolve().is_relative_to("/tmp")
        self.recipe = shared if usable else Path(__file__).resolve().parent / "pair"
        self.folder = folder / "pair"
        self.smtp, self.pop3 = ("127.0.0.1", free_port()), ("127.0.0.1", free_port())
        self.environment = {**os.environ, "PAIR_DIR": str(self.folder), "PAIR_SMTP": str(self.smtp[1]),
                            "PAIR_POP3": str(self.pop3[1])}

    def say(self, word):
        # no pipe: the daemons would hold it open
        subprocess.run([self.recipe, word], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        self.say("up")
        wait_for(lambda: listens(self.smtp) and listens(self.pop3), "the pair does not listen")
        return self

    def __exit__(self, *_):
        self.say("down")
        shutil.rmtree(self.folder, ignore_errors=True)

    def settle(self):
        """Postfix goes on after its 250: the queue must be empty before anything else is measured."""
        queue = next(path for path in (self.folder / "spool", self.folder / "queue") if path.exists())
        wait_for(lambda: not any(files for name in ("maildrop", "incoming", "active", "deferred")
                                 for _, _, files in os.walk(queue / name)), "Postfix's queue does not empty", 300)

    def wipe(self):
        self.settle()
        self.say("wipe")

    def _master(self, *names):
        for name in names:
            path = self.folder / name
            if path.exists():
                return tree(int(path.read_text().split()[0]))
        raise RuntimeError(f"no pid file: {names}")

    def smtp_pids(self):
        return self._master("spool/pid/master.pid", "queue/pid/master.pid")

    def pop3_pids(self):
        return self._master("dovecot/run/master.pid")


class Sink:
    """smtp-sink reads a message, stores nothing, and says 250."""
    name = "smtp-sink"

    def __init__(self, _folder):
        self.smtp = ("127.0.0.1", free_port())

    def __enter__(self):
        who = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([tool("smtp-sink"), *who, f"{self.smtp[0]}:{self.smtp[1]}", "1024"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: listens(self.smtp), "smtp-sink does not listen")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def pids(self):
        return tree(self.process.pid)

    def settle(self):
        pass

    wipe = settle
