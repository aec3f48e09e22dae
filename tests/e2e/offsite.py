"""Repositories of restic for tests: in a folder, behind rclone, in a real S3 store. And what a snapshot holds."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

from gateway import PATIENCE_S, ROOT, eventually

# restic 0.14 opens a repository in half a second; under load several times that.
PASSWORD = "correct horse"


class Repository:
    """The environment that opens it, as a folder of files and for our own calls of restic."""

    def __init__(self, home, address, **environment):
        self.address = str(address)
        self.envdir = Path(home) / "env"
        self.envdir.mkdir()
        self.cacert = environment.pop("RESTIC_CACERT", None)
        self.environment = {"RESTIC_PASSWORD": PASSWORD, **environment}
        for name, value in self.environment.items():
            (self.envdir / name).write_text(value + "\n")
        self.cache = Path(home) / "our-cache"

    def settings(self, **more):
        settings = {"backup.repository": self.address, "backup.envdir": self.envdir, "backup.interval_s": 1}
        if self.cacert:
            settings["backup.cacert_file"] = self.cacert
        return {**settings, **more}

    def restic(self, *words, check=True, **more):
        given = {"PATH": os.environ["PATH"], "HOME": "/", "TZ": "UTC", "RESTIC_CACHE_DIR": str(self.cache),
                 "RESTIC_REPOSITORY": self.address, **self.environment}
        command = ["restic", *(["--cacert", str(self.cacert)] if self.cacert else []), *map(str, words)]
        done = subprocess.run(command, env=given, capture_output=True, timeout=10 * PATIENCE_S, **more)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
        return done

    def snapshots(self):
        """Oldest first."""
        listed = json.loads(self.restic("snapshots", "--json", "--no-lock").stdout) or []
        return sorted(listed, key=lambda one: one["time"])

    @contextlib.contextmanager
    def restored(self, snapshot):
        with tempfile.TemporaryDirectory(prefix="guichet-restored-") as folder:
            self.restic("restore", "--no-lock", snapshot["id"], "--target", folder)
            yield Path(folder)


def end_of(snapshot):
    """(volume, offset) that its tag names."""
    found = [re.fullmatch(r"end=(\d+):(\d+)", tag) for tag in snapshot["tags"]]
    volume, offset = next(match for match in found if match).groups()
    return int(volume), int(offset)


def volumes_in(folder):
    """{number: octets}: the sealed ones as they are, the active one joined of its segments."""
    found = {int(path.stem): path.read_bytes() for path in (folder / "volumes").iterdir()}
    for active in (folder / "backup/active").iterdir():
        octets = b""
        for segment in sorted(active.iterdir()):
            begin, end = map(int, re.fullmatch(r"(\d{12})-(\d{12})", segment.name).groups())
            assert begin == len(octets), f"{segment} does not follow what is before it"
            octets += segment.read_bytes()
            assert end == len(octets), f"{segment} has another size than it says"
        assert int(active.name) not in found, f"volume {active.name} is there twice"
        found[int(active.name)] = octets
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def rclone_server(folder, *options):
    """rclone serve restic on loopback; its address."""
    port = free_port()
    with open(folder.with_suffix(".log"), "wb") as log:
        process = subprocess.Popen(["rclone", "serve", "restic", "--addr", f"127.0.0.1:{port}", *options, str(folder)],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        def answers():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        eventually(answers, "rclone listens")
        yield f"rest:http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()


def object_store_program():
    """The program that starts a real S3 store; None: there is none here. It is no part of the project."""
    named = os.environ.get("GUICHET_OBJECT_STORE")
    candidates = [Path(named)] if named else [folder / "shared/s3/object-store" for folder in ROOT.parents]
    found = next((path for path in candidates if os.access(path, os.X_OK)), None)
    return found if found and shutil.which("swift-proxy-server") and shutil.which("memcached") else None


@contextlib.contextmanager
def object_store(program):
    """Its settings. One that runs already is used; one test at a time has it."""
    with open(Path(tempfile.gettempdir()) / "guichet-object-store.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings = dict(re.findall(r"export (\w+)=(\S+)", subprocess.check_output([program, "env"]).decode()))
        runs = healthy(settings)
        if not runs:
            subprocess.run([program, "up"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           stdin=subprocess.DEVNULL, timeout=120)
        try:
            # A path of its own in the bucket: others may use the same store.
            yield {**settings, "RESTIC_REPOSITORY": f"{settings['RESTIC_REPOSITORY']}/{uuid.uuid4()}"}
        finally:
            if not runs:
                subprocess.run([program, "down"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def healthy(settings):
    address = re.match(r"s3:(https://[^/]+)", settings["RESTIC_REPOSITORY"])[1]
    return subprocess.run(["curl", "-sk", f"{address}/healthcheck"], capture_output=True).returncode == 0
