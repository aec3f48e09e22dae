"""Postfix as Debian ships it, on loopback: every smtpd parameter at its default, so that Guichet can be held to what it
takes. It knows the recipients that Alaveteli's documentation has it know (^foi.*), and throws away what it accepts.
"""

import os
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

from gateway import eventually

MASTER = Path("/usr/share/postfix/master.cf.dist")


def sbin(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Postfix:
    """with Postfix(folder) as postfix: ... postfix.smtp   All it writes is in the folder."""

    def __init__(self, folder):
        if os.getuid() != 0 or not sbin("postfix") or not MASTER.exists():
            raise unittest.SkipTest("no Postfix to compare with: it is not installed, or we are not root")
        self.folder = Path(folder)
        self.folder.chmod(0o755)   # its processes are other users
        self.smtp = ("127.0.0.1", free_port())
        self.configuration = self.folder / "postfix"

    def version(self):
        return subprocess.run([sbin("postconf"), "-c", self.configuration, "-h", "mail_version"], check=True,
                              capture_output=True, text=True).stdout.strip()

    def __enter__(self):
        self.configuration.mkdir()
        for name in ("queue", "state"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "state", "postfix")
        for file in Path("/etc/postfix").iterdir():
            if file.is_file():
                shutil.copy(file, self.configuration)
        (self.configuration / "master.cf").write_text("".join(map(self._service, MASTER.read_text().splitlines(True))))
        (self.configuration / "recipients").write_text("/^foi.*@example\\.test$/ OK\n")
        (self.configuration / "main.cf").write_text("\n".join(f"{key} = {value}" for key, value in {
            "compatibility_level": "3.6",
            "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "state",
            "maillog_file": self.folder / "postfix.log",
            "maillog_file_prefixes": self.folder,
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "mx.example.test",
            "mydestination": "",
            "mynetworks": "192.0.2.0/24",   # we are a stranger
            "virtual_mailbox_domains": "example.test",
            "virtual_mailbox_maps": f"regexp:{self.configuration}/recipients",
            "virtual_transport": "discard",
            "message_size_limit": 52_428_800,
        }.items()) + "\n")
        self._run("postfix", "start")
        eventually(self._listens, "Postfix listens")
        return self

    def __exit__(self, *_):
        self._run("postfix", "stop")

    def _service(self, line):
        """Of master.cf, whose columns are: service type private unprivileged chroot wakeup processes command."""
        columns = line.split()
        if line[:1] in "#" or line[:1].isspace() or len(columns) < 8:
            return line
        columns[4] = "n"   # no chroot: it would have to be filled first
        if columns[:2] == ["smtp", "inet"]:
            columns[0] = f"127.0.0.1:{self.smtp[1]}"
        return " ".join(columns) + "\n"

    def _run(self, program, *arguments):
        """Its standard output is nobody's: the daemons that it starts would hold a pipe open."""
        command = [sbin(program), "-c", self.configuration, *arguments]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def _listens(self):
        try:
            socket.create_connection(self.smtp, timeout=1).close()
            return True
        except OSError:
            return False
