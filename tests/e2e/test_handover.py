"""Messages that are pushed: into a Maildir, to Rails' relay ingress, to a program, to another mail server; and black
holes. The other sides are servers and programs of this test, which check what they are sent."""

import base64
import hashlib
import http.server
import json
import mailbox
import os
import shutil
import subprocess
import threading
import unittest

import gateway
import served
import wire
from gateway import GatewayTest, eventually
from next_hop import NextHop

PEOPLE = "postmaster@example.test"
CYCLES = int(os.environ.get("GUICHET_CYCLES", 4 if gateway.SANITIZED else 12))   # of kill -9, for each driver
AWKWARD = [
    b"Subject: plain\r\n\r\nHello.\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n",
    b"Subject: 8 bit \xe9\r\n\r\n\xff\xfe\x00NUL\r\n",
    b"Subject: bare\r\n\r\na\nb\rc\r\n",
    b"no header at all\r\n",
    b"",
    b"Subject: long\r\n\r\n" + b"x" * 1_000_000 + b"\r\n",
]


class Handover(GatewayTest):
    """A maildrop `people` with the driver under test, and the site's own one, which is collected."""

    def with_driver(self, *lines, **settings):
        config = self.folder / f"guichet{len(list(self.folder.iterdir()))}.toml"
        password = self.folder / "password"
        password.write_text("secret\n")
        config.write_text("\n".join([
            "[smtpd]", 'hostname = "mx.example.test"',
            "[[site]]", 'domain = "example.test"', 'prefix = "foi+"', 'maildrop = "foi"',
            "[[route]]", f'recipients = ["{PEOPLE}", "abuse@*"]', 'maildrop = "people"',
            "[[route]]", 'recipients = ["do-not-reply@example.test"]', 'maildrop = ""',
            "[[maildrop]]", 'name = "foi"', f'password_file = "{password}"',
            "[[maildrop]]", 'name = "people"', *lines, ""]))
        return self.gateway(settings, config=config)

    def send(self, g, octets, recipient=PEOPLE, sender=b"authority@town.example"):
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(recipient, octets, sender=sender)
            smtp.quit()

    def states(self, g):
        return [d["state"] for message in g.list() for d in message["deliveries"]]

    def all_handed_over(self, g):
        return eventually(lambda: set(self.states(g)) <= {"handed_over"}, "all handed over")

    def killed_in_a_loop(self, g):
        """Five messages, kill -9, and again: how many were sent, once all are handed over."""
        for cycle in range(CYCLES):
            for number in range(5):
                self.send(g, b"Subject: number %d\r\n\r\nx\r\n" % (5 * cycle + number))
            g.kill9()
            g.start()
        self.all_handed_over(g)
        return 5 * CYCLES

    def original_is_in(self, form, original):
        served.split(form, original)   # raises when it is anything else


class BlackHole(Handover):
    def test_accepted_kept_and_handed_to_nobody(self):
        g = self.with_driver('password_file = "password"')
        self.send(g, AWKWARD[0], "do-not-reply@example.test")
        (message,) = g.list()
        (delivery,) = message["deliveries"]
        self.assertEqual((delivery["state"], delivery["how"]), ("handed_over", "discarded"))
        self.assertEqual(g.raw(message["id"]), AWKWARD[0])
        for user in ("foi", "people"):
            with wire.Pop(g.pop3, user=user) as pop:
                self.assertEqual(pop.stat(), (0, 0))
        self.assertIn(b"1 black-holed", g.command("verify"))

    def test_the_sample_keeps_peoples_mail_from_the_site(self):
        g = self.gateway()
        self.send(g, AWKWARD[0])
        with wire.Pop(g.pop3) as pop:
            self.assertEqual(pop.stat()[0], 0)
        with wire.Pop(g.pop3, user="people") as pop:
            self.assertEqual(pop.stat()[0], 1)


class Maildir(Handover):
    def setUp(self):
        super().setUp()
        self.maildir = self.folder / "Maildir"

    def start(self):
        return self.with_driver('driver = "maildir"', f'path = "{self.maildir}"')

    def files(self):
        return sorted(self.maildir.glob("new/*")) if self.maildir.exists() else []

    def test_each_message_is_a_file_with_its_octets(self):
        g = self.start()
        for octets in AWKWARD:
            self.send(g, octets)
        self.all_handed_over(g)
        self.assertEqual(len(self.files()), len(AWKWARD))
        uids = {d["uid"]: d for message in g.list() for d in message["deliveries"]}
        for file in self.files():
            uid = file.name.split(".")[1]
            self.assertEqual(file.stat().st_size, uids[uid]["size_octets"])
            self.assertTrue(file.name.endswith(f",S={file.stat().st_size}"))
            self.assertEqual(uids[uid]["how"], "maildir")
        self.assertEqual(list(self.maildir.glob("tmp/*")), [])
        forms = [file.read_bytes() for file in self.files()]
        for octets in AWKWARD:
            self.assertTrue(any(self.holds(form, octets) for form in forms), octets[:40])
        self.assertEqual(len(mailbox.Maildir(self.maildir, create=False)), len(AWKWARD), "another reader's view")
        g.verify()

    def holds(self, form, octets):
        try:
            self.original_is_in(form, octets)
            return True
        except AssertionError:
            return False

    def test_what_a_crash_left_is_not_delivered_twice(self):
        g = self.start()
        self.send(g, AWKWARD[0])
        self.all_handed_over(g)
        (file,) = self.files()
        g.stop()
        # As if the record had been lost: the message is made anew, under the name that is there already.
        leftover = self.maildir / "tmp" / file.name
        shutil.copy(file, leftover)
        g.start()
        self.send(g, AWKWARD[1])
        self.all_handed_over(g)
        self.assertEqual(len(self.files()), 2)
        self.assertFalse(leftover.exists(), "what was not finished is swept")

    def test_killed_at_any_time_each_is_there_once(self):
        g = self.start()
        sent = self.killed_in_a_loop(g)
        uids = [file.name.split(".")[1] for file in self.files()]
        self.assertEqual(len(uids), sent)
        self.assertEqual(len(set(uids)), sent)
        g.verify()

    def test_a_folder_that_cannot_be_made_is_an_alarm_and_no_loss(self):
        (self.folder / "Maildir").write_text("a file")
        g = self.start()
        self.send(g, AWKWARD[0])
        eventually(lambda: "handover.unreachable" in g.log(), "the alarm")
        self.assertEqual(self.states(g), ["waiting"])
        (self.folder / "Maildir").unlink()
        self.all_handed_over(g)
        self.assertEqual(len(self.files()), 1)


class Ingress(http.server.BaseHTTPRequestHandler):
    """The relay ingress of Action Mailbox: its contract, as Rails has it."""

    def do_POST(self):
        server = self.server
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return   # the gateway was killed in the middle
        expected = "Basic " + base64.b64encode(b"actionmailbox:secret").decode()
        status = server.status.pop(0) if server.status else 204
        if server.poison and server.poison in body:
            status = 403   # as something in front of Rails may answer
        if self.headers["Authorization"] != expected:
            status = 401
        elif self.path != "/rails/action_mailbox/relay/inbound_emails":
            status = 404
        elif self.headers["Content-Type"] != "message/rfc822":
            status = 415
        server.attempts.append((status, hashlib.sha256(body).hexdigest()))
        if status == 204:
            server.stored.append(body)
        if status == 0:   # stored, and the answer never comes
            server.stored.append(body)
            self.connection.close()
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class ActionMailbox(Handover):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ingress)
        self.server.status, self.server.attempts, self.server.stored = [], [], []
        self.server.poison = None
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.addCleanup(self.shut)

    def shut(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def start(self, path="/rails/action_mailbox/relay/inbound_emails"):
        host, port = self.server.server_address
        return self.with_driver('driver = "action_mailbox"', f'url = "http://{host}:{port}{path}"',
                                f'password_file = "{self.folder / "password"}"')

    def test_each_message_is_posted_with_its_octets(self):
        g = self.start()
        for octets in AWKWARD:
            self.send(g, octets)
        self.all_handed_over(g)
        self.assertEqual(len(self.server.stored), len(AWKWARD))
        for form, octets in zip(self.server.stored, AWKWARD):
            self.original_is_in(form, octets)
        self.assertEqual({d["how"] for m in g.list() for d in m["deliveries"]}, {"action_mailbox"})
        g.verify()

    def test_the_same_octets_at_each_attempt(self):
        self.server.status = [503, 0, 204]
        g = self.start()
        self.send(g, AWKWARD[0])
        self.all_handed_over(g)
        self.assertEqual([status for status, _ in self.server.attempts], [503, 0, 204])
        self.assertEqual(len({digest for _, digest in self.server.attempts}), 1)
        self.assertIn("handover.unreachable", g.log())

    def test_a_message_that_is_refused_holds_up_no_other(self):
        self.server.status = [500]
        g = self.start()
        self.send(g, AWKWARD[0])
        eventually(lambda: self.server.attempts, "an attempt")
        self.send(g, AWKWARD[1])
        eventually(lambda: len(self.server.stored) == 1, "the other one")
        self.original_is_in(self.server.stored[0], AWKWARD[1])
        eventually(lambda: sorted(self.states(g)) == ["handed_over", "offered"], "states")

    def test_one_that_ends_every_connection_holds_up_no_other(self):
        self.server.poison = b"Subject: plain"
        g = self.start()
        for octets in AWKWARD[:3]:
            self.send(g, octets)
        eventually(lambda: sorted(self.states(g)) == ["handed_over", "handed_over", "waiting"], "the others pass")

    def test_a_wrong_path_is_everybodys_trouble_and_nothing_is_lost(self):
        g = self.start("/wrong")
        for octets in AWKWARD[:3]:
            self.send(g, octets)
        eventually(lambda: len(self.server.attempts) >= 2, "attempts")
        self.assertEqual(set(self.states(g)), {"waiting"})
        self.assertIn("HTTP status 404", g.log())


    def test_killed_at_any_time_each_is_stored_with_the_same_octets(self):
        g = self.start()
        sent = self.killed_in_a_loop(g)
        self.assertEqual(len(set(self.server.stored)), sent, "each, and never in two forms")
        self.assertLessEqual(len(self.server.stored), sent + CYCLES, "at most one more for each crash")
        g.verify()


class RealActionMailbox(Handover):
    """Rails' own ingress, of Debian's ruby-actionmailbox (action_mailbox.rb)."""

    def setUp(self):
        super().setUp()
        ruby = shutil.which("ruby", path="/usr/bin:/bin") or "ruby"
        found = subprocess.run([ruby, "-e", 'require "action_mailbox/engine"; require "sqlite3"; require "puma"'],
                               capture_output=True)
        if found.returncode != 0:
            self.skipTest("apt-get install ruby-actionmailbox ruby-sqlite3 puma")
        self.rails = self.folder / "rails"
        self.rails.mkdir()
        script = gateway.ROOT / "tests/e2e/action_mailbox.rb"
        with open(self.folder / "rails.out", "w") as log:
            self.process = subprocess.Popen([ruby, script, self.rails], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log, text=True)
        self.addCleanup(self.end)
        first = self.process.stdout.readline()
        self.assertTrue(first.startswith("port "), (self.folder / "rails.out").read_text())
        self.port = int(first.split()[1])

    def end(self):
        self.process.stdin.close()
        self.process.wait(gateway.PATIENCE_S)
        self.process.stdout.close()

    def kept(self):
        return [file.read_bytes() for file in sorted((self.rails / "kept").iterdir(), key=lambda f: int(f.name))]

    def test_rails_stores_the_served_octets(self):
        url = f"http://127.0.0.1:{self.port}/rails/action_mailbox/relay/inbound_emails"
        g = self.with_driver('driver = "action_mailbox"', f'url = "{url}"',
                             f'password_file = "{self.folder / "password"}"')
        readable = [octets for octets in AWKWARD if octets]   # an empty message has a header all the same
        for octets in readable:
            self.send(g, octets)
        self.all_handed_over(g)
        kept = self.kept()
        self.assertEqual(len(kept), len(readable))
        for form, octets in zip(kept, readable):
            self.original_is_in(form, octets)
        self.assertEqual({d["how"] for m in g.list() for d in m["deliveries"]}, {"action_mailbox"})

    def test_a_wrong_password_is_everybodys_trouble(self):
        (self.folder / "wrong").write_text("not it\n")
        g = self.with_driver('driver = "action_mailbox"',
                             f'url = "http://127.0.0.1:{self.port}/rails/action_mailbox/relay/inbound_emails"',
                             f'password_file = "{self.folder / "wrong"}"')
        self.send(g, AWKWARD[0])
        eventually(lambda: "HTTP status 401" in g.log(), "the alarm")
        self.assertEqual(self.states(g), ["waiting"])
        self.assertEqual(self.kept(), [])


class Pipe(Handover):
    def start(self, script, *more):
        program = self.folder / "program"
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        return self.with_driver('driver = "pipe"',
                                f'command = ["{program}", "one word", "$HOME", "{self.folder}"]',
                                'environment = ["PATH=/usr/bin:/bin", "RAILS_ENV=production"]', *more)

    def test_octets_arguments_and_environment(self):
        g = self.start('cd "$3" || exit 1\nn=$(ls -d got.* 2>/dev/null | wc -l)\ncat > part && mv part got.$n\n'
                       'env | sort > env\nprintf "%s\\n" "$1" "$2" > words\nls /proc/self/fd > fds\n')
        for octets in AWKWARD:
            self.send(g, octets)
        self.all_handed_over(g)
        for number, octets in enumerate(AWKWARD):
            self.original_is_in((self.folder / f"got.{number}").read_bytes(), octets)
        self.assertEqual((self.folder / "words").read_text(), "one word\n$HOME\n")
        names = {line.split("=")[0] for line in (self.folder / "env").read_text().splitlines()}
        self.assertLessEqual(names, {"PATH", "RAILS_ENV", "PWD", "OLDPWD", "_", "SHLVL"})
        self.assertLessEqual(len((self.folder / "fds").read_text().split()), 4, "no descriptor of the gateway's")

    def test_exit_75_means_later(self):
        g = self.start('echo "try later" >&2\nexit 75\n')
        self.send(g, AWKWARD[0])
        eventually(lambda: self.states(g) == ["offered"], "offered in vain")
        self.assertIn("try later", g.log())

    def test_a_configured_exit_means_never(self):
        g = self.start("exit 65\n", 'refusing_exits = ["65"]')
        self.send(g, AWKWARD[0])
        eventually(lambda: self.states(g) == ["stuck"], "stuck")
        self.assertIn("delivery.stuck", g.log())

    def test_one_that_hangs_is_ended_with_its_children(self):
        g = self.start("sleep 1000 & echo $! > $3/child\nwait\n", "time_limit_s = 1")
        self.send(g, AWKWARD[0])
        eventually(lambda: self.states(g) == ["offered"], "given up")
        child = (self.folder / "child").read_text().strip()
        eventually(lambda: not self.runs(child), "the child is gone")

    @staticmethod
    def runs(pid):
        return subprocess.run(["kill", "-0", pid], capture_output=True).returncode == 0

    def test_one_that_talks_without_end_is_ended_too(self):
        g = self.start("exec cat /dev/zero\n", "time_limit_s = 1")
        self.send(g, AWKWARD[0])
        eventually(lambda: self.states(g) == ["offered"], "given up")

    def test_one_that_hangs_does_not_keep_the_gateway(self):
        g = self.start("exec sleep 1000\n")
        self.send(g, AWKWARD[0])
        g.stop()
        g.start()


class SmtpRoute(Handover):
    def setUp(self):
        super().setUp()
        self.server = NextHop()
        self.addCleanup(self.server.end)

    def start(self):
        host, port = self.server.server_address
        return self.with_driver('driver = "smtp"', f'relay = "{host}:{port}"')

    def test_each_message_goes_on_with_envelope_and_octets(self):
        g = self.start()
        for octets in AWKWARD:
            self.send(g, octets)
        self.send(g, b"Subject: a bounce\r\n\r\n", sender=b"")
        self.all_handed_over(g)
        self.assertEqual(len(self.server.stored), len(AWKWARD) + 1)
        for got, octets in zip(self.server.stored, AWKWARD):
            self.assertEqual(got["from"], b"<authority@town.example>")
            self.assertEqual(got["to"], b"<" + PEOPLE.encode() + b">")
            self.assertFalse(got["octets"].lower().startswith(b"return-path"))
            self.original_is_in(b"Return-Path: <authority@town.example>\r\n" + got["octets"], octets)
        self.assertEqual(self.server.stored[-1]["from"], b"<>")
        self.assertIn(b"EHLO mx.example.test", self.server.hello[0])
        self.assertIn(f"{len(AWKWARD) + 1} routed".encode(), g.command("verify"))

    def test_only_what_was_announced_is_said(self):
        self.server.extensions = ["SIZE 100000000"]
        g = self.start()
        eight_bit = b"Subject: 8 bit\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe9\r\n"
        self.send(g, eight_bit)
        self.all_handed_over(g)
        self.assertRegex(self.server.stored[0]["mail"], rb"^MAIL FROM:<authority@town.example> SIZE=\d+\r\n$")
        self.server.extensions = ["8BITMIME"]
        self.send(g, eight_bit)
        self.all_handed_over(g)
        self.assertEqual(self.server.stored[1]["mail"], b"MAIL FROM:<authority@town.example> BODY=8BITMIME\r\n")
        for got in self.server.stored:
            self.original_is_in(b"Return-Path: <authority@town.example>\r\n" + got["octets"], eight_bit)

    def test_a_sender_in_utf8_goes_to_a_server_that_takes_it(self):
        self.server.extensions = ["8BITMIME", "SMTPUTF8"]
        g = self.start()
        self.send(g, AWKWARD[0], sender="jé@town.example".encode())
        self.all_handed_over(g)
        self.assertEqual(self.server.stored[0]["mail"],
                         "MAIL FROM:<jé@town.example> BODY=8BITMIME SMTPUTF8\r\n".encode())

    def test_a_sender_in_utf8_that_the_next_server_cannot_take_is_stuck(self):
        g = self.start()
        self.send(g, AWKWARD[0], sender="jé@town.example".encode())
        self.send(g, AWKWARD[1])
        eventually(lambda: sorted(self.states(g)) == ["handed_over", "stuck"], "stuck, and the other goes on")
        self.assertIn("does not announce SMTPUTF8", g.log())
        self.assertIn(b"does not announce SMTPUTF8", g.command("queue"))
        # The day it does, somebody asks for it again.
        self.server.extensions = ["SMTPUTF8"]
        stuck = [m["id"] for m in g.list() if m["deliveries"][0]["state"] == "stuck"]
        g.command("requeue", *stuck, "--reason", "the server was renewed", "--yes")
        eventually(lambda: sorted(self.states(g)) == ["handed_over", "handed_over", "requeued"], "handed over")

    def test_one_that_ends_the_connection_in_the_middle_is_tried_again(self):
        self.server.hangs_up_in_data = 1
        g = self.start()
        self.send(g, AWKWARD[-1])
        eventually(lambda: "handover.unreachable" in g.log(), "the alarm")
        self.all_handed_over(g)
        self.assertEqual(len(self.server.stored), 1)

    def test_a_refusal_for_good_is_stuck_and_never_a_bounce(self):
        self.server.rcpt = ["550 5.1.1 nobody of that name"]
        g = self.start()
        self.send(g, AWKWARD[0])
        eventually(lambda: self.states(g) == ["stuck"], "stuck")
        self.assertIn("nobody of that name", g.log())
        self.assertEqual(len(g.list()), 1, "no bounce came")
        message = g.list()[0]["id"]
        g.command("requeue", message, "--reason", "the mailbox is there now", "--yes")
        eventually(lambda: sorted(self.states(g)) == ["handed_over", "requeued"], "handed over")

    def test_a_refusal_for_now_is_tried_again(self):
        self.server.data = ["452 4.3.1 later"]
        g = self.start()
        self.send(g, AWKWARD[0])
        eventually(lambda: self.states(g) == ["offered"], "offered in vain")
        self.send(g, AWKWARD[1])
        eventually(lambda: sorted(self.states(g)) == ["handed_over", "offered"], "the other one goes on")

    def test_a_server_out_of_order_costs_no_message_anything(self):
        self.server.greeting = "554 no service"
        g = self.start()
        self.send(g, AWKWARD[0])
        eventually(lambda: "handover.unreachable" in g.log(), "the alarm")
        self.assertEqual(self.states(g), ["waiting"])
        self.server.greeting = "220 next.example ESMTP"
        self.all_handed_over(g)

    def test_a_circle_is_broken(self):
        g = self.start()
        came_by = b"Received: from a by mx.example.test; Mon\r\n"
        self.send(g, came_by * 2 + b"Subject: again\r\n\r\n")
        eventually(lambda: self.states(g) == ["stuck"], "stuck")
        self.assertIn("circles", g.log())
        self.assertEqual(self.server.stored, [])

    def test_killed_at_any_time_each_goes_on_at_least_once(self):
        g = self.start()
        sent = self.killed_in_a_loop(g)
        subjects = [json.dumps(got["octets"].decode().split("Subject: ")[1].split("\r\n")[0])
                    for got in self.server.stored]
        self.assertEqual(len(set(subjects)), sent)
        self.assertLessEqual(len(subjects), sent + CYCLES, "at most one more for each crash")
        g.verify()


if __name__ == "__main__":
    gateway.main()
