"""The bugs that the laboratory must catch, and two faults that Guichet must bear.

A bug is made from outside where that is possible, by a preloaded library (shim.c) or a mount option, and else in the
source (mutants.py).
"""

import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
FAILING_SYNC = "5"   # which sync of the writer fails: some messages before it, some after


class Bug:
    def __init__(self, name, what, made_by, file_systems=("ext4", "xfs"), mount_options="", fails_sync=False):
        self.name, self.what, self.made_by = name, what, made_by
        self.file_systems, self.mount_options, self.fails_sync = file_systems, mount_options, fails_sync
        self.binary = self.shim = None

    def environment(self, phase):
        """A sync fails in the first run only, not in the start after a cut, which must show what is there."""
        found = {"GUICHET_POWERCUT_BUG": self.name}
        if self.shim:
            found["LD_PRELOAD"] = str(self.shim)
        if self.fails_sync and phase == 0:
            found["GUICHET_POWERCUT_FAIL_AT"] = FAILING_SYNC
        return found


SEEDED = [
    Bug("eatmydata", "every sync does nothing", "shim"),
    Bug("sync-file-range", "pages are written back; the disk is not asked to flush", "shim"),
    Bug("no-barriers", "mounted with barrier=0: flushes never reach the disk", "mount", ("ext4",), "barrier=0"),
    Bug("ack-before-barrier", "250 is said before the batch is durable", "mutant"),
    Bug("trusting-deduplication", "250 at once, as equal octets were seen before", "mutant"),
    Bug("quit-before-durable", "QUIT's +OK is said before the removal is durable", "mutant"),
    Bug("retry-failed-sync", "a sync that failed is tried again until it succeeds", "mutant", fails_sync=True),
    Bug("spool-not-synced", "a body that came by way of a spool file is not synced", "mutant"),
    Bug("no-directory-sync", "a volume is renamed into place, its folder not synced", "mutant"),
    Bug("wrong-descriptor", "after the write it is the folder that is synced", "mutant"),
    Bug("index-as-truth", "the index is not caught up from the volumes at start", "mutant"),
    Bug("good-batch-cut", "recovery cuts the last batch although it is whole", "mutant"),
    Bug("torn-batch-kept", "recovery keeps the records of a torn batch", "mutant"),
]

# Nothing may be lost under these.
BORNE = [
    Bug("sync-fails", "a sync fails once and its octets are dropped", "shim", fails_sync=True),
    Bug("directory-sync-ignored", "the sync of a folder does nothing: ext4 and xfs keep a new file's name with it", "shim"),
]


def prepare(bugs, folder, mutant):
    """Compiles what they need. `mutant` gives the path of the binary that has the bugs of the source."""
    shim = Path(folder) / "shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-o", shim, HERE / "shim.c", "-ldl"], check=True)
    for bug in bugs:
        bug.shim = shim if bug.made_by == "shim" or bug.fails_sync else None
        if bug.made_by == "mutant":
            bug.binary = mutant()
