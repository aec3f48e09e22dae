"""Snapshots as the gateway's backup makes them, made here by hand: the layout is all that is shared.

A store is staged: its sealed volumes, and the whole batches of the active one in segments under backup/active/. Then
restic takes them, or the stage itself is used as a plain copy.
"""

import os
import shutil
import subprocess
from pathlib import Path

import warc

PASSWORD = "drill"


def has_restic():
    return shutil.which("restic") is not None


def prefix_end(path):
    """Where the last whole batch ends; the batch being written is none."""
    records = warc.read_volume(path, torn_tail=True)[0]
    octets = path.read_bytes()
    end = 0
    for record in records:
        number, index, count = map(int, record.fields["guichet-batch"].split("/"))
        if index + 1 == count:
            end = octets.index(b"\r\n\r\n", record.offset) + 4 + int(record.fields["content-length"]) + 4
    return end


class Stage:
    """A folder that always holds what a snapshot would."""

    def __init__(self, store, folder):
        self.store, self.folder = Path(store), Path(folder)
        (self.folder / "volumes").mkdir(parents=True)
        (self.folder / "backup/active").mkdir(parents=True)

    def take(self):
        """Brings it up to the present; returns (volume, offset) of the end."""
        shutil.copy2(self.store / "format", self.folder / "format")
        if (self.store / "erasures.jsonl").exists():
            shutil.copy2(self.store / "erasures.jsonl", self.folder / "erasures.jsonl")
        end = (0, 0)
        for path in sorted((self.store / "volumes").glob("*.warc")):
            sealed = not path.stat().st_mode & 0o222
            active = self.folder / "backup/active" / path.stem
            if sealed and not (self.folder / "volumes" / path.name).exists():
                shutil.copy2(path, self.folder / "volumes" / path.name)
                shutil.rmtree(active, ignore_errors=True)
            elif not sealed:
                self.append(path, active)
            size = path.stat().st_size if sealed else prefix_end(path)
            end = max(end, (int(path.stem), size)) if int(path.stem) < 1_000_000 else end
        return end

    @staticmethod
    def append(path, active):
        active.mkdir(exist_ok=True)
        done = max([int(segment.name[13:]) for segment in active.iterdir()], default=0)
        end = prefix_end(path)
        if end > done:
            with open(path, "rb") as volume:
                volume.seek(done)
                (active / f"{done:012}-{end:012}").write_bytes(volume.read(end - done))


class Repository:
    """A restic repository, on a local folder unless told otherwise, with an envdir for it."""

    def __init__(self, folder, name=None, variables=None):
        self.folder = Path(folder)
        self.name = name or str(self.folder / "repository")
        self.envdir = self.folder / "env"
        self.envdir.mkdir(parents=True)
        for variable, value in {"RESTIC_PASSWORD": PASSWORD, "RESTIC_CACHE_DIR": str(self.folder / "cache"),
                                **(variables or {})}.items():
            (self.envdir / variable).write_text(value + "\n")
        self.restic("init")

    def restic(self, *words, cwd=None):
        environment = {**os.environ, **{path.name: path.read_text().strip() for path in self.envdir.iterdir()}}
        own = ["--cacert", environment["RESTIC_CACERT"]] if "RESTIC_CACERT" in environment else []
        done = subprocess.run(["restic", "-r", self.name, "-q", *own, *words], cwd=cwd, env=environment,
                              capture_output=True, timeout=600)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def snapshot(self, stage):
        """As the gateway does it: the store is the working folder, the paths are relative to it."""
        volume, offset = stage.take()
        names = [name for name in ("format", "volumes", "backup/active", "erasures.jsonl")
                 if (stage.folder / name).exists()]
        self.restic("backup", "--host", "guichet", "--tag", "guichet", "--tag", f"end={volume}:{offset}", *names,
                    cwd=stage.folder)

    @property
    def words(self):
        return ["--from", self.name, "--envdir", str(self.envdir)]
