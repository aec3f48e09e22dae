"""Clients that nobody here wrote: Ruby's net/pop in the poller's order, swaks, curl, smtp-source."""

import hashlib
import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import gateway
import served
import wire
from gateway import PATIENCE_S, RECIPIENT, SANITIZED, GatewayTest
from test_tls import certificate

MESSAGE = b"From: a@town.example\r\nSubject: x\r\nMessage-ID: <1@x>\r\n\r\n.\r\n..\r\nbody %d\r\n"


def tool(name):
    """Its path. Postfix puts its programs where only root looks."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def run(*words, **options):
    done = subprocess.run(list(map(str, words)), capture_output=True, timeout=2 * PATIENCE_S, **options)
    if done.returncode != 0:
        raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


class Poller(GatewayTest):
    def poll(self, address, *options):
        out = run(tool("ruby"), Path(__file__).with_name("poller.rb"), *address, "foi", "secret", *options)
        return [json.loads(line) for line in out.splitlines()]

    def filled(self, count, settings=None):
        g = self.gateway(settings)
        with wire.Smtp(g.smtp) as smtp:
            for number in range(count):
                smtp.deliver(RECIPIENT, MESSAGE % number)
        return g

    def test_it_collects_everything_once(self):
        g = self.filled(30)
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, b"")
            smtp.deliver(RECIPIENT, b"a\rb\nc\0\r\n")
            smtp.deliver(RECIPIENT, b"Subject: big\r\n\r\n" + (b"." * 70 + b"\r\n") * 50_000)
        expected = [{"uid": uid, "sha256": hashlib.sha256(form).hexdigest(), "size": len(form), "octets": len(form)}
                    for uid, form in wire.everything(g.pop3).items()]
        first, second, third = self.poll(g.pop3, "--polls", 3)
        self.assertEqual(first, expected)
        self.assertEqual((second, third), ([], []))
        self.assertEqual(len(g.list()), 33)

    def test_what_it_skips_stays(self):
        """A message in its half hour of waiting is listed, and neither retrieved nor deleted."""
        g = self.filled(5)
        waiting = list(wire.everything(g.pop3))[2]
        (collected,) = self.poll(g.pop3, "--skip", waiting)
        self.assertEqual(len(collected), 4)
        self.assertEqual(list(wire.everything(g.pop3)), [waiting])
        self.assertEqual([mail["uid"] for mail in self.poll(g.pop3)[0]], [waiting])

    def test_it_dies_between_retr_and_dele(self):
        g = self.filled(5)
        before = list(wire.everything(g.pop3))
        (seen,) = self.poll(g.pop3, "--crash-after", 3)
        self.assertEqual([mail["uid"] for mail in seen], before[:3])
        gateway.eventually(lambda: list(wire.everything(g.pop3)) == before, "all are there again, same UIDs")
        self.assertEqual([mail["uid"] for mail in self.poll(g.pop3)[0]], before)

    def test_implicit_tls_without_a_check(self):
        cert, key = certificate(self.folder)
        g = self.filled(3, {"smtpd.tls_cert": cert, "smtpd.tls_key": key, "popd.listen_tls": ["127.0.0.1:0"]})
        (collected,) = self.poll(g.addresses["pop3s"][0], "--tls")
        self.assertEqual(len(collected), 3)
        self.assertEqual(wire.everything(g.pop3), {})


class Tools(GatewayTest):
    def test_swaks(self):
        g = self.gateway()
        (self.folder / "message").write_bytes(b"Subject: swaks\n\n.\nbody\n")
        out = run(tool("swaks"), "--server", f"{g.smtp[0]}:{g.smtp[1]}", "--helo", "town.example",
                  "--from", "a@town.example", "--to", f"{RECIPIENT},foi@example.test", "--data", f"@{self.folder}/message")
        self.assertIn(b"250 2.", out)
        forms = list(wire.everything(g.pop3).values())
        self.assertEqual(len(forms), 2)
        for form in forms:
            self.assertIn(b"\r\nSubject: swaks\r\n\r\n.\r\nbody\r\n", form)
        done = subprocess.run([tool("swaks"), "--server", f"{g.smtp[0]}:{g.smtp[1]}", "--from", "a@town.example",
                               "--to", "someone@elsewhere.test"], capture_output=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 24, "swaks: no recipient was accepted")

    def test_curl(self):
        g = self.gateway()
        octets = MESSAGE % 1
        (self.folder / "message").write_bytes(octets)
        run(tool("curl"), "-sS", f"smtp://{g.smtp[0]}:{g.smtp[1]}/town.example", "--mail-from", "a@town.example",
            "--mail-rcpt", RECIPIENT, "--upload-file", self.folder / "message")
        url = f"pop3://foi:secret@{g.pop3[0]}:{g.pop3[1]}"
        self.assertRegex(run(tool("curl"), "-sS", url + "/"), rb"^1 \d+\r\n$")
        form = run(tool("curl"), "-sS", url + "/1")
        served.split(form, octets)
        self.assertEqual([form], list(wire.everything(g.pop3).values()))

    def test_the_two_commands_that_are_printed(self):
        """Pasted into a shell, the first sends a message and the second reads it back."""
        tool("curl")
        g = self.gateway()
        gateway.eventually(lambda: "pop3://" in g.output, "the second command")
        send, read = [line.strip() for line in g.output.splitlines() if "smtp://" in line or "pop3://" in line]
        run("bash", "-c", send)
        self.assertIn(b"\r\n\r\nIt works.\r\n", run("bash", "-c", read))

    def test_curl_with_tls(self):
        cert, key = certificate(self.folder)
        g = self.gateway({"smtpd.tls_cert": cert, "smtpd.tls_key": key, "popd.listen_tls": ["127.0.0.1:0"]})
        octets = MESSAGE % 1
        (self.folder / "message").write_bytes(octets)
        common = ["-sS", "--ssl-reqd", "--cacert", cert, "--resolve", f"localhost:{g.smtp[1]}:127.0.0.1",
                  "--resolve", f"localhost:{g.pop3[1]}:127.0.0.1"]
        run(tool("curl"), *common, f"smtp://localhost:{g.smtp[1]}/town.example", "--mail-from", "a@town.example",
            "--mail-rcpt", RECIPIENT, "--upload-file", self.folder / "message")
        form = run(tool("curl"), *common, f"pop3://foi:secret@localhost:{g.pop3[1]}/1")
        served.split(form, octets)
        secure = g.addresses["pop3s"][0][1]
        again = run(tool("curl"), "-sS", "--cacert", cert, "--resolve", f"localhost:{secure}:127.0.0.1",
                    f"pop3s://foi:secret@localhost:{secure}/1")
        self.assertEqual(again, form)

    def test_smtp_source(self):
        g = self.gateway()
        count = 200 if SANITIZED else 1000
        for sessions, length, messages, options in ((1, 10_240, 50, []), (16, 10_240, count, []),
                                                    (16, 10_240, count, ["-d"]), (4, 1_048_576, 20, [])):
            run(tool("smtp-source"), "-s", sessions, "-m", messages, "-l", length, "-f", "a@town.example",
                "-t", RECIPIENT, "-M", "town.example", *options, f"inet:{g.smtp[0]}:{g.smtp[1]}")
        forms = wire.everything(g.pop3)
        self.assertEqual(len(forms), 70 + 2 * count)
        self.assertEqual(sum(len(form) > 1_048_576 for form in forms.values()), 20)
        g.verify()


if __name__ == "__main__":
    gateway.main()
