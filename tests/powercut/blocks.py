"""Loop devices, mounts, images and FS_IOC_SHUTDOWN, by system calls: a laboratory does each of them hundreds of times.

Nothing stays behind, whatever ends the laboratory: mounts live in a name space of its own, a loop device is detached
by the kernel when its last descriptor closes (autoclear).
"""

import ctypes
import fcntl
import os
import struct
import subprocess
import time
from pathlib import Path

LOOP_CTL_GET_FREE, LOOP_CONFIGURE = 0x4C82, 0x4C0A
LO_FLAGS_AUTOCLEAR = 4
FS_IOC_SHUTDOWN = 0x8004587D          # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2                      # FSOP_GOING_FLAGS_NOLOGFLUSH: what is not on disk yet never will be
MS_NOATIME = 1024

libc = ctypes.CDLL(None, use_errno=True)


class FileSystem:
    """What is special about one kind: how it is made, how it is mounted, how much of its begin is never torn."""

    def __init__(self, name, size_octets, make, options="", whole_octets=0):
        self.name, self.size_octets, self.make, self.options = name, size_octets, make, options
        self.whole_octets = whole_octets

    def format(self, image):
        with open(image, "wb") as file:
            file.truncate(self.size_octets)
        subprocess.run([*self.make, image], check=True, capture_output=True)
        subprocess.run(["fallocate", "--dig-holes", image], check=True, capture_output=True)


# The super block of ext4 has its checksum in its second sector and no journal protects it: torn between the two, ext4
# does not mount before e2fsck has been there. That is ext4's affair and not what is tested here.
# nouuid: several workers mount copies of one image at the same time.
EXT4 = FileSystem("ext4", 64 << 20, ["mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
                  whole_octets=4096)
XFS = FileSystem("xfs", 320 << 20, ["mkfs.xfs", "-q", "-f"], "nouuid")
ALL = {"ext4": EXT4, "xfs": XFS}


def check(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


class Loop:
    """A loop device on a file, as long as the object is open."""

    def __init__(self, file):
        self.fd = None
        with open("/dev/loop-control", "rb") as control, open(file, "r+b") as backing:
            for _ in range(50):   # somebody else may take the free one first
                number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
                self.path = f"/dev/loop{number}"
                if not os.path.exists(self.path):
                    os.mknod(self.path, 0o660 | 0o060000, os.makedev(7, number))
                self.fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
                info = struct.pack("=5Q4I64s64s32s2Q", 0, 0, 0, 0, 0, 0, 0, 0, LO_FLAGS_AUTOCLEAR,
                                   os.fsencode(file)[-63:], b"", b"", 0, 0)
                try:
                    fcntl.ioctl(self.fd, LOOP_CONFIGURE, struct.pack("=2I232s64x", backing.fileno(), 512, info))
                    return
                except OSError:
                    os.close(self.fd)
                    self.fd = None
                    time.sleep(0.02)
        raise OSError("no free loop device")

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


class Mount:
    def __init__(self, loop, file_system, folder, extra=""):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        options = ",".join(filter(None, [file_system.options, extra]))
        check(libc.mount(loop.path.encode(), os.fsencode(folder), file_system.name.encode(),
                         ctypes.c_ulong(MS_NOATIME), options.encode() or None),
              f"cannot mount {file_system.name}")
        self.mounted = True

    def shut_down(self):
        """The power goes, as far as this file system can tell."""
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, FS_IOC_SHUTDOWN, struct.pack("=I", NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def close(self):
        if not self.mounted:
            return
        for _ in range(200):   # a process that was killed may still be going away
            if libc.umount2(os.fsencode(self.folder), 0) == 0:
                self.mounted = False
                return
            time.sleep(0.01)
        check(-1, f"cannot unmount {self.folder}")


def extents(fd, size):
    """(begin, end) of what is not a hole."""
    at = 0
    while at < size:
        try:
            begin = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:   # ENXIO: only a hole is left
            return
        at = os.lseek(fd, begin, os.SEEK_HOLE)
        yield begin, at


def copy_image(source, target):
    """Into the same file, so that a loop device on it stays; holes stay holes."""
    with open(source, "rb") as src, open(target, "r+b" if os.path.exists(target) else "w+b") as dst:
        size = os.fstat(src.fileno()).st_size
        os.ftruncate(dst.fileno(), 0)
        os.ftruncate(dst.fileno(), size)
        for begin, end in extents(src.fileno(), size):
            os.lseek(dst.fileno(), begin, os.SEEK_SET)
            while begin < end:
                begin += os.sendfile(dst.fileno(), src.fileno(), begin, end - begin)
