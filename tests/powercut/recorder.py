"""A disk that remembers every write and every flush: qemu-storage-daemon with blklogwrites, exported over FUSE."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import blocks

PROGRAM = "qemu-storage-daemon"
PATIENCE_S = 20


class Recorder:
    """with Recorder(folder, file system) as r: ... r.mount.folder is the disk; r.position() the size of the log."""

    def __init__(self, folder, file_system, mount_options=""):
        self.folder, self.file_system, self.mount_options = Path(folder), file_system, mount_options
        self.base, self.disk, self.log = self.folder / "base.img", self.folder / "disk.img", self.folder / "writes.log"
        self.process = self.loop = self.mount = self.log_fd = None

    def __enter__(self):
        try:
            self.file_system.format(self.base)
            blocks.copy_image(self.base, self.disk)
            self.log.write_bytes(b"")   # it grows as it is written
            self._export()
            self.log_fd = os.open(self.log, os.O_RDONLY)
            self.loop = blocks.Loop(self.export)
            self.mount = blocks.Mount(self.loop, self.file_system, self.folder / "recorded", self.mount_options)
        except BaseException:
            self.close()
            raise
        return self

    def _export(self):
        self.export = self.folder / "export"
        self.export.touch()
        pidfile = self.folder / "qemu.pid"
        self.process = subprocess.Popen(
            [PROGRAM, "--pidfile", pidfile,
             "--blockdev", f"driver=file,node-name=disk,filename={self.disk}",
             "--blockdev", f"driver=file,node-name=log,filename={self.log}",
             "--blockdev", "driver=blklogwrites,node-name=recorded,file=disk,log=log,log-sector-size=512",
             "--export", f"type=fuse,id=export,node-name=recorded,mountpoint={self.export},writable=on"],
            stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not (pidfile.exists() and self.export.stat().st_size == self.file_system.size_octets):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise OSError("qemu-storage-daemon does not export a disk")
            time.sleep(0.01)

    def position(self):
        """What the kernel has been told was written is in the log before this size."""
        return os.fstat(self.log_fd).st_size

    def close(self):
        for part in (self.mount, self.loop):
            if part:
                part.close()
        if self.process:
            self.process.terminate()
            self.process.wait()
            subprocess.run(["umount", "-l", self.export], capture_output=True)   # only if it is still there
        if self.log_fd is not None:
            os.close(self.log_fd)
        self.mount = self.loop = self.process = self.log_fd = None

    def __exit__(self, *_):
        self.close()


def missing():
    """What this machine lacks for it, in words; None: nothing."""
    if not shutil.which(PROGRAM):
        return f"{PROGRAM} (Debian: qemu-system-common)"
    return None if os.path.exists("/dev/fuse") else "/dev/fuse"
