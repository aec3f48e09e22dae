"""What a service manager does with a gateway: passes it sockets, restarts it, and is told how it fares."""

import grp
import os
import shutil
import smtplib
import socket
import subprocess
import sys
import threading
import unittest

from gateway import DOMAIN, GatewayTest, PATIENCE_S, ROOT, SANITIZED, eventually, main, run_once

# What systemd does between fork and exec: the sockets from 3 on, and for whom they are.
LAUNCHER = """
import os, sys
count = int(sys.argv[1])
passed = [os.dup(int(number)) for number in sys.argv[2:2 + count]]
high = [os.dup2(descriptor, 100 + i) for i, descriptor in enumerate(passed)]
for i, descriptor in enumerate(high):
    os.dup2(descriptor, 3 + i)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count), LISTEN_FDNAMES=":".join("s%d" % i for i in range(count)))
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


def listening():
    made = socket.create_server(("127.0.0.1", 0), backlog=512)
    return made, "127.0.0.1:%d" % made.getsockname()[1]


def launcher(sockets):
    return [sys.executable, "-c", LAUNCHER, str(len(sockets)), *(str(each.fileno()) for each in sockets)]


class Clients:
    """Threads that send one message after another until they are stopped, each with a connection of its own."""

    def __init__(self, port, count):
        self.port, self.acknowledged, self.refused, self.put_off = port, set(), [], 0
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._send_all, args=(i,), daemon=True) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def _send_all(self, client):
        number = 0
        while not self.ending.is_set():
            number += 1
            self._send(f"message {client}-{number}")

    def _send(self, subject):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
                smtp = smtplib.SMTP(timeout=PATIENCE_S)
                smtp.sock = connection
                if self._speak(smtp, subject):
                    self.acknowledged.add(subject)
        except ConnectionRefusedError as error:
            self.refused.append(error)
        except (OSError, smtplib.SMTPException):
            self.put_off += 1   # 421, or the end of a session that the stop caught: a sender comes back

    def _speak(self, smtp, subject):
        if smtp.getreply()[0] != 220:
            return False
        smtp.ehlo("client.example")
        smtp.mail("clerk@town.example")
        if smtp.rcpt(f"foi+request-1@{DOMAIN}")[0] != 250:
            return False
        text = f"From: clerk@town.example\r\nSubject: {subject}\r\n\r\nx\r\n"
        return smtp.data(text)[0] == 250

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)


class SocketsTest(GatewayTest):
    def passed(self, count=2):
        made = [listening() for _ in range(count)]
        for each, _ in made:
            self.addCleanup(each.close)
        return [each for each, _ in made], [address for _, address in made]

    def served_by(self, sockets, addresses, **settings):
        return self.gateway({"smtpd.listen": [addresses[0]], "popd.listen": [addresses[1]],
                             "smtpd.sessions_per_address_max": 1000, "smtpd.messages_per_minute_max": 0, **settings},
                            launcher=launcher(sockets), descriptors=[each.fileno() for each in sockets])

    def test_a_restart_refuses_nobody_and_loses_nothing(self):
        sockets, addresses = self.passed()
        gateway = self.served_by(sockets, addresses)
        clients = Clients(gateway.smtp[1], 8)
        for restart in range(1 if SANITIZED else 4):
            before = len(clients.acknowledged)
            eventually(lambda: len(clients.acknowledged) > before + 20, "mail is taken between restarts")
            gateway.restart()
        before = len(clients.acknowledged)
        eventually(lambda: len(clients.acknowledged) > before + 20, "mail is taken after the last")
        clients.stop()
        self.assertEqual(clients.refused, [])
        subjects = self.subjects(gateway)
        self.assertEqual(clients.acknowledged - subjects, set())
        gateway.verify()
        print(f"{len(clients.acknowledged)} acknowledged, {clients.put_off} put off, none refused", file=sys.stderr)

    def subjects(self, gateway):
        """Of all messages, as received."""
        gateway.command("export", "--all", "--to", str(self.folder / "out"), "--format", "eml")
        found = set()
        for path in (self.folder / "out").rglob("*.eml"):
            found |= {line[9:].decode().strip() for line in path.read_bytes().splitlines() if line.startswith(b"Subject: ")}
        return found

    def test_a_client_that_comes_while_none_runs_is_served_by_the_next(self):
        sockets, addresses = self.passed()
        gateway = self.served_by(sockets, addresses)
        gateway.stop()
        with socket.create_connection(sockets[0].getsockname(), timeout=PATIENCE_S) as client:
            gateway.start()
            self.assertEqual(client.recv(3), b"220")

    def test_an_address_of_its_own_is_bound_beside_them(self):
        sockets, addresses = self.passed()
        gateway = self.served_by(sockets, addresses, **{"smtpd.listen": [addresses[0], "127.0.0.1:0"]})
        self.assertEqual(len(gateway.addresses["smtp"]), 2)
        for address in gateway.addresses["smtp"]:
            with socket.create_connection(address, timeout=PATIENCE_S) as client:
                self.assertEqual(client.recv(3), b"220")

    def test_one_that_is_in_no_setting_is_named(self):
        sockets, addresses = self.passed(3)
        with self.assertRaises(AssertionError) as raised:
            self.served_by(sockets, addresses)
        self.assertIn("ended with 1", str(raised.exception))
        self.assertIn(f"socket 5 (s2), passed by the service manager, listens on {addresses[2]}, and no listen or "
                      "listen_tls of the configuration names that address", str(raised.exception))


class NotifyTest(GatewayTest):
    def test_it_is_told_of_each_state_and_that_all_threads_turn(self):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.settimeout(PATIENCE_S)
        manager.bind(str(self.folder / "notify"))
        gateway = self.gateway(environment={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify"),
                                            "WATCHDOG_USEC": "400000"})
        self.assertEqual([manager.recv(100) for _ in range(4)], [b"READY=1"] + [b"WATCHDOG=1"] * 3)
        self.assertEqual(list((gateway.store / "volumes").glob("*")), [])   # to ask the writer begins no volume
        gateway.stop()
        states = set()
        while b"STOPPING=1" not in states:
            states.add(manager.recv(100))
        self.assertLessEqual(states, {b"WATCHDOG=1", b"STOPPING=1"})


class UnitTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_its_exposure_is_under_1_5(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=14",
                               str(ROOT / "conf/systemd/guichet.service")], capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)
        self.assertNotIn("ignoring", done.stderr)

    def test_the_installed_settings_are_right_and_on_loopback(self):
        code, out, errors = run_once("config", "check", "-c", ROOT / "conf/debian/guichet.toml")
        self.assertEqual(code, 0, out + errors)

    def test_the_socket_unit_has_the_addresses_of_the_installed_settings(self):
        unit = (ROOT / "conf/systemd/guichet.socket").read_text()
        settings = (ROOT / "conf/debian/guichet.toml").read_text()
        addresses = [line.split("=", 1)[1] for line in unit.splitlines() if line.startswith("ListenStream=")]
        self.assertEqual(len(addresses), 2)
        for address in addresses:
            self.assertIn(f'listen = ["{address}"]', settings)


class CertbotTest(GatewayTest):
    def renew(self, text):
        lineage = self.folder / "live/mx.example.test"
        lineage.mkdir(parents=True, exist_ok=True)
        for name in ("fullchain.pem", "privkey.pem"):
            (lineage / name).write_text(f"{name} {text}")
        group = grp.getgrgid(os.getgid()).gr_name
        subprocess.run([ROOT / "conf/certbot/guichet-deploy-hook"], check=True, timeout=PATIENCE_S,
                       env={"PATH": "/usr/bin:/bin", "RENEWED_LINEAGE": str(lineage), "GUICHET_GROUP": group,
                            "GUICHET_TLS": str(self.folder / "tls")})

    def test_the_hook_copies_what_was_renewed_for_the_group_alone(self):
        self.renew("first")
        self.renew("second")
        into = self.folder / "tls/mx.example.test"
        self.assertEqual(sorted(path.name for path in into.iterdir()), ["fullchain.pem", "privkey.pem"])
        for path in into.iterdir():
            self.assertEqual(path.read_text(), f"{path.name} second")
            self.assertEqual(path.stat().st_mode & 0o777, 0o640)
            self.assertEqual(path.stat().st_gid, os.getgid())
        self.assertEqual(into.stat().st_mode & 0o777, 0o750)


if __name__ == "__main__":
    main()
