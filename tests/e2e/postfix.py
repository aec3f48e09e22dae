"""A Postfix of one's own, on a free loopback port, with everything in a temporary folder: the machine's own mail
system is neither read nor changed. Needs root, since Postfix's master does."""

import os
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

from gateway import eventually

DAEMONS = Path("/usr/lib/postfix/sbin")
DISTRIBUTED = Path("/usr/share/postfix/master.cf.dist")

# What is there whatever is tested. Any client may say XCLIENT, so that a test can come from anywhere.
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/state
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = upstream.test
mydestination =
mynetworks = 127.0.0.9/32
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postfix:
    """with Postfix(folder, main_cf_lines) as postfix: postfix.address ..."""

    def __init__(self, folder, main):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root: Postfix's master does")
        if not DAEMONS.is_dir() or not DISTRIBUTED.exists() or not shutil.which("postfix"):
            raise unittest.SkipTest("needs Postfix")
        self.folder = Path(folder) / "postfix"
        self.main = main
        self.address = ("127.0.0.1", free_port())

    def _configure(self):
        config = self.folder / "config"
        for made in (self.folder, config, self.folder / "queue", self.folder / "state"):
            made.mkdir(mode=0o755, exist_ok=True)
        shutil.chown(self.folder / "state", "postfix")
        for name in ("dynamicmaps.cf", "postfix-files"):
            if Path("/etc/postfix", name).exists():
                shutil.copy(Path("/etc/postfix", name), config)
        for name in ("dynamicmaps.cf.d", "postfix-files.d"):
            if Path("/etc/postfix", name).is_dir():
                shutil.copytree(Path("/etc/postfix", name), config / name)
        (config / "main.cf").write_text(MAIN.format(folder=self.folder) + self.main)
        lines = []
        for line in DISTRIBUTED.read_text().splitlines():
            columns = line.split()
            if line[:1] not in ("#", " ", "\t", "") and len(columns) >= 8:
                columns[4] = "n"   # no chroot: nothing is copied into the queue folder
                if columns[:2] == ["smtp", "inet"]:
                    columns[0] = "%s:%d" % self.address
                line = "\t".join(columns)
            lines.append(line)
        (config / "master.cf").write_text("\n".join(lines) + "\n")
        return config

    def _postfix(self, word):
        return subprocess.run(["postfix", "-c", self.folder / "config", word], capture_output=True, timeout=60)

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def queued(self):
        """What is still in the queue, as text; empty when nothing is."""
        done = subprocess.run(["postqueue", "-c", self.folder / "config", "-j"], capture_output=True, timeout=60)
        return done.stdout.decode()

    def wait_for(self, text):
        """A line of the log with this in it."""
        return eventually(lambda: next((line for line in self.log().splitlines() if text in line), None),
                          f"{text!r} in the log of Postfix")

    def __enter__(self):
        for above in self.folder.parents:   # the folder of a test is its owner's alone
            if above.stat().st_uid == os.geteuid() and above.name.startswith("guichet-"):
                above.chmod(0o755)
        self._configure()
        done = self._postfix("start")
        if done.returncode != 0:
            raise AssertionError(f"postfix start: {done.stderr.decode()}\n{self.log()}")
        return self

    def __exit__(self, *failure):
        if failure[0] is not None:
            print(self.log()[-6000:])
        self._postfix("stop")
