"""The shim, and the call sites it sees: where in the store a call to libc comes from, and what may go wrong there."""

import bisect
import collections
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent

ERASES = {"erase", "finish_erasures", "blank_out", "blank_out_in", "carry_out"}
SYNCS = {"fsync", "fdatasync", "pwritev2-dsync"}
FULL = ["ENOSPC", "EDQUOT"]
# What each call can answer by its manual page, of the errors that a disk, a quota or a table of descriptors makes.
# "+": carried out, and then reported as failed, as a write is whose sync half failed.
CAN = {
    "open": ["EIO", "EMFILE", "EINTR"],
    "create": ["EIO", *FULL, "EMFILE", "EINTR"],
    "opendir": ["EIO", "EMFILE"],
    "readdir": ["EIO"],
    "read": ["EIO", "EINTR", "short"],
    "pread": ["EIO", "EINTR", "short"],
    "write": ["EIO", *FULL, "EINTR", "short"],
    "pwrite": ["EIO", *FULL, "EINTR", "short"],
    "pwritev": ["EIO", *FULL, "EINTR", "short"],
    "pwritev2": ["EIO", *FULL, "EINTR", "short"],
    "pwritev2-dsync": ["EIO", "EIO+", *FULL, "EINTR", "short"],
    "fsync": ["EIO", "EIO+", *FULL, "EINTR"],
    "fdatasync": ["EIO", "EIO+", *FULL, "EINTR"],
    "ftruncate": ["EIO", *FULL, "EINTR"],
    "fallocate": ["EIO", *FULL, "EINTR"],
    "fstat": ["EIO"],
    "stat": ["EIO"],
    "access": ["EIO"],
    "statvfs": ["EIO", "EINTR"],
    "fchmod": ["EIO", *FULL],
    "chmod": ["EIO", *FULL],
    "fchown": ["EIO", *FULL],
    "flock": ["EIO", "EINTR"],
    "fcntl-lock": ["EIO", "EINTR"],
    "rename": ["EIO", *FULL],
    "unlink": ["EIO"],
    "mkdir": ["EIO", *FULL],
}


class Site(NamedTuple):
    """Where calls come from. `ours`: the store called libc itself, not SQLite or the C++ library for it."""
    hash: str
    call: str
    kind: str
    ours: bool
    caller: str
    frames: tuple
    erases: bool   # on behalf of an erasure
    refusals: bool   # of the volumes of refusals, on which no acknowledgement relies


class Shim:
    """Built once for a binary; environments for its processes."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.library = folder / "shim.so"
        self.text = folder / "store.text"
        subprocess.run(["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        "-o", self.library, HERE / "shim.c", "-ldl"], check=True)
        self.functions = functions_of_store(binary)
        self.begins = [begin for begin, _, _ in self.functions]
        self.text.write_text("".join(f"{begin:x} {end:x}\n" for begin, end, _ in self.functions))

    def environment(self, store, log, fault=None, as_long_as=None):
        given = {**os.environ, "LD_PRELOAD": str(self.library), "SHIM_BELOW": str(store), "SHIM_TEXT": str(self.text),
                 "SHIM_LOG": str(log)}
        if fault:
            given["SHIM_FAULT"] = " ".join(map(str, fault))
        if as_long_as:
            given["SHIM_WHILE"] = str(as_long_as)
        return given

    def function(self, address):
        at = bisect.bisect_right(self.begins, address - 1) - 1
        return self.functions[at][2] if at >= 0 else hex(address)

    def read_log(self, path):
        """{site: calls} of a process that ran without a fault."""
        seen = collections.Counter()
        for line in path.read_text().splitlines():
            call_site, call, kind, _, whose, caller, *frames = line.split()
            names = {self.function(int(frame, 16)) for frame in frames}
            seen[Site(call_site, call, kind, whose == "ours", caller, tuple(frames), bool(names & ERASES)
                      or any(name.startswith("ErasureJournal") for name in names),
                      any(name.startswith("RefusalWriter") for name in names))] += 1
        return seen

    def path(self, site):
        """The functions of the store from the outside in, without repetitions, then the call."""
        names = []
        for frame in reversed(site.frames):
            name = self.function(int(frame, 16))
            if not names or names[-1] != name:
                names.append(name)
        inside = "" if site.ours else " › library"
        return f"{' › '.join(names) or 'cli'}{inside} › {site.call}({site.kind})"


def functions_of_store(binary):
    """[(begin, end, short name)] of guichet::store, sorted; from the symbols that the build leaves in."""
    out = subprocess.run(["nm", "--defined-only", "-S", "-n", binary], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in out.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tTwW" and re.match(r"_ZNK?7guichet5store", words[3]):
            begin = int(words[0], 16)
            found[begin] = (begin, begin + int(words[1], 16), words[3])
    names = subprocess.run(["c++filt"], input="\n".join(entry[2] for entry in found.values()), check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return sorted((begin, end, short(name)) for (begin, end, _), name in zip(found.values(), names))


def short(name):
    """Without arguments, template parameters and the namespaces that all have."""
    name = name.replace("(anonymous namespace)::", "").replace("guichet::store::", "")
    while True:
        stripped = re.sub(r"\([^()]*\)|<[^<>]*>|\[(?:clone|abi)[^]]*\]", "", name)
        if stripped == name:
            break
        name = stripped
    return re.sub(r"\s*(const|&+)\s*", " ", name).split("{lambda")[0].strip(" :").split()[-1] if name.split() else "?"
