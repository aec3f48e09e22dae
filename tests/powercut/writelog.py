"""The log that blklogwrites keeps (the format of the kernel's dm-log-writes), and images as a power cut may leave them.

The disk that is imitated: a flush makes durable every write that was logged before it. Of the writes after the last
flush any subset may be there, each sector of 512 octets by itself; a sector that was written twice has either or
neither, in order. So a cut is a time (before entry N of the log) and a subset of what was not flushed then.
"""

import mmap
import os
import random
import struct
from bisect import bisect_left
from typing import NamedTuple

MAGIC, VERSION = 0x6A736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512


class BrokenLog(Exception):
    pass


class Entry(NamedTuple):
    begin: int        # in the log, octets; the size the log had when this entry was not yet in it
    end: int
    flags: int
    offset: int       # on the disk, octets
    length: int
    data: int         # in the log, octets; 0: zeros


class WriteLog:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self.fd).st_size
        self.octets = mmap.mmap(self.fd, self.size, prot=mmap.PROT_READ)
        magic, version, self.counted, sector = struct.unpack_from("<QQQI", self.octets)
        if (magic, version, sector) != (MAGIC, VERSION, SECTOR):
            raise BrokenLog(f"not a log of writes with sectors of {SECTOR}")
        self.entries = list(self._read())
        if len(self.entries) < self.counted:
            raise BrokenLog(f"{len(self.entries)} entries, its head counts {self.counted}")
        self.flushes = [index for index, entry in enumerate(self.entries) if entry.flags & FLUSH]

    def _read(self):
        at = SECTOR
        while at + SECTOR <= self.size:
            sector, sectors, flags, _ = struct.unpack_from("<QQQQ", self.octets, at)
            if flags & ~(FLUSH | FUA | DISCARD | MARK) or (flags & FLUSH and sectors):
                raise BrokenLog(f"entry at {at} has flags {flags:#x}")
            data = at + SECTOR
            end = data if flags & DISCARD else data + sectors * SECTOR
            if end > self.size:
                raise BrokenLog(f"the entry at {at} is cut short")
            yield Entry(at, end, flags, sector * SECTOR, sectors * SECTOR, 0 if flags & DISCARD else data)
            at = end

    def index_after(self, position):
        """The first cut that has everything the log had when its size was `position`."""
        return bisect_left(self.entries, position, key=lambda entry: entry.begin)

    def time_of(self, cut):
        """The size of the log at this cut: whatever was observed at up to this size came before the cut."""
        return self.entries[cut].begin if cut < len(self.entries) else self.size

    def last_flush(self, cut):
        """Number of entries that are durable at this cut whatever happens."""
        at = bisect_left(self.flushes, cut)
        return self.flushes[at - 1] + 1 if at else 0

    def apply(self, fd, entry, begin=0, end=None):
        """Writes the entry, or a part of it, to an image."""
        end = entry.length if end is None else end
        if entry.length == 0:
            return
        piece = self.octets[entry.data + begin:entry.data + end] if entry.data else bytes(end - begin)
        os.pwrite(fd, piece, entry.offset + begin)

    def check(self, base, disk):
        """All of it, applied to what the disk was, is what the disk is: nothing is missing, nothing misread."""
        for entry in self.entries:
            self.apply(base.fileno(), entry)
        while piece := base.read(1 << 20):
            if piece != disk.read(1 << 20):
                raise BrokenLog(f"the log does not lead to the disk as it is, before octet {base.tell()}")

    def boundaries(self):
        """One cut for each distinct durable state: the latest time before the next flush that changes anything.

        With nothing kept of what was not flushed, it is the worst cut for all acknowledgements up to then.
        """
        cuts, changed, dirty = [], True, False
        for index, entry in enumerate(self.entries + [None]):
            if entry is not None and not entry.flags & FLUSH:
                dirty = dirty or entry.length > 0
                continue
            if changed:
                cuts.append(index)
            else:
                cuts[-1] = index   # the same image, later: it must hold all that was said until now
            changed, dirty = dirty, False
        return cuts


class Subset(NamedTuple):
    """Which unflushed sectors are kept: all of them with probability `share`, drawn by write or by sector."""
    share: float
    by_sector: bool
    seed: str


def keep(log, fd, cut, subset, whole_octets):
    """Applies a random subset of the unflushed writes before `cut` to an image that has the flushed ones. What begins
    in the first `whole_octets` of the disk is not torn."""
    chance = random.Random(subset.seed)
    for entry in log.entries[log.last_flush(cut):cut]:
        if entry.flags & FUA:
            log.apply(fd, entry)
            continue
        unit = SECTOR if subset.by_sector and entry.offset >= whole_octets else max(entry.length, 1)
        for at in range(0, entry.length, unit):
            if chance.random() < subset.share:
                log.apply(fd, entry, at, at + unit)
