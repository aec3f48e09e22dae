"""A refusal has one reply, one line in the log and one counter; whoever asks later is told what was answered."""

import json
import re
import unittest

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest, eventually

BODY = b"Subject: x\r\n\r\nbody\r\n"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


def status(g):
    return json.loads(g.command("status", "--json", check=False).stdout)


def refused(g):
    """{reason: how often} of what counted."""
    return {name.removeprefix("smtp.refused."): value for name, value in status(g)["counters"].items()
            if name.startswith("smtp.refused.") and value}


def lines(g, event):
    """The events of the log so far, as objects (log.format = json)."""
    text = (g.folder / "stderr").read_text(errors="replace")
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


class OneEach(GatewayTest):
    settings = {"log.format": "json", "smtpd.message_octets_max": 65536, "smtpd.errors_max": 100}

    # What the client sends, the code that it reads, the reason; each in a session of its own.
    CASES = [
        ([b"WHAT"], 500, "unknown_command"),
        ([b"NOOP \x01"], 500, "control_octets"),
        ([b"NOOP " + b"x" * 5000], 500, "line_too_long"),
        ([b"NOOP " + b"x" * 70000], 500, "line_flood"),
        ([b"EHLO"], 501, "bad_syntax"),
        ([b"MAIL FROM:a@b.example"], 250, None),
        ([b"MAIL FROM:<a@[b>"], 501, "bad_sender"),
        ([b"MAIL FROM:<a@b.example> SIZE=x"], 501, "bad_size"),
        ([b"MAIL FROM:<a@b.example> SIZE=70000"], 552, "too_large"),
        ([b"MAIL FROM:<a@b.example> X=y"], 555, "bad_parameter"),
        ([b"MAIL FROM:<a@b.example>", b"RCPT TO:<>"], 501, "bad_recipient"),
        ([b"MAIL FROM:<a@b.example>", b"RCPT TO:<who@example.test>"], 550, "unknown_recipient"),
        ([b"MAIL FROM:<a@b.example>", b"DATA"], 554, "no_recipients"),
        ([b"RCPT TO:<foi@example.test>"], 503, "out_of_order"),
        ([b"AUTH PLAIN AGEAYg=="], 502, "not_implemented"),
        ([b"GET / HTTP/1.1"], 502, "not_smtp"),
    ]

    def test_one_reply_one_line_one_counter(self):
        g = self.gateway()
        for commands, code, reason in self.CASES:
            with self.subTest(commands=commands[-1][:40]):
                before, said = refused(g), len(lines(g, "smtp.refused"))
                with wire.Smtp(g.smtp) as smtp:
                    for command in commands:
                        answer = smtp.command(command)
                after = refused(g)
                counted = {name: after[name] - before.get(name, 0) for name in after
                           if after[name] != before.get(name, 0)}
                self.assertEqual(counted, {reason: 1} if reason else {})
                self.assertEqual(answer[0], code)
                if reason is None:
                    continue
                (line,) = lines(g, "smtp.refused")[said:]
                self.assertEqual(line["reason"], reason)
                self.assertTrue(line["reply"].startswith(f"{code} "), line)
                self.assertIn(answer[1].split("\n")[-1][:100], line["reply"])
                self.assertRegex(line["session"], f"^{UUID}$")
                self.assertNotIn("AGEAYg", line["said"], "what follows AUTH may be a password")

    def test_at_the_greeting_and_in_the_body(self):
        g = self.gateway({"smtpd.sessions_max": 1, "smtpd.idle_timeout_s": 3600})
        with wire.Smtp(g.smtp) as smtp:
            with wire.Smtp(g.smtp, helo=None) as second:
                self.assertEqual(second.greeting[0], 421)
            smtp.envelope(RECIPIENT)
            smtp.expect(354, b"DATA")
            smtp.send(b"x" * 70000 + b"\r\n.\r\n")
            self.assertEqual(smtp.reply()[0], 552)
            smtp.envelope(RECIPIENT)
            smtp.expect(354, b"DATA")
            smtp.send(b"x\n.\r\ny\r\n.\r\n")
            self.assertEqual(smtp.reply()[0], 550)
        self.assertEqual(refused(g), {"too_many_sessions": 1, "too_large": 1, "bare_line_end": 1})
        at = {line["reason"]: line for line in lines(g, "smtp.refused")}
        self.assertEqual(at["too_many_sessions"]["at"], "connect")
        self.assertEqual(at["too_large"]["at"], "end_of_data")
        self.assertEqual(at["too_large"]["to"], RECIPIENT)
        self.assertEqual(at["too_large"]["from"], "authority@town.example")

    def test_what_was_taken_counts_too_and_status_shows_it(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        eventually(lambda: status(g)["counters"]["smtp.filed"] == 1, "one was filed")
        self.assertEqual(status(g)["counters"]["smtp.refused.unknown_recipient"], 0, "there before it counts")
        shown = g.command("status", check=False).stdout.decode()
        self.assertRegex(shown, r"(?m)^since the gateway started\n(  \S+ +\d+\n)*  smtp\.filed +1$")
        self.assertNotIn("unknown_recipient", shown)
        g.stop()
        self.assertNotIn("counters", status(g), "nobody counts")


class SessionIds(GatewayTest):
    settings = {"log.format": "json"}

    def test_one_id_in_the_reply_the_log_the_header_and_show(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            self.assertEqual(smtp.command(b"RCPT TO:<foi@example.test>")[0], 503)
            code, text = smtp.message(RECIPIENT, BODY)
            smtp.quit()
        self.assertEqual(code, 250)
        message, session = re.fullmatch(rf"2\.0\.0 filed as ({UUID}) in session ({UUID})", text).groups()
        (form,) = wire.everything(g.pop3).values()
        received = served.value(served.split(form, BODY), "Received")
        self.assertIn(f"(Guichet, session {session})", received)
        self.assertRegex(received, rf" id {message}\s")
        self.assertEqual(g.list()[0]["envelope"]["session"], session)
        self.assertIn(session, g.command("show", message).decode())
        (filed,) = eventually(lambda: lines(g, "smtp.filed"), "the line of the message")
        self.assertEqual((filed["session"], filed["id"]), (session, message))
        (line,) = lines(g, "smtp.refused")
        self.assertEqual(line["session"], session)

    def test_each_session_has_its_own(self):
        g = self.gateway()
        for _ in range(3):
            with wire.Smtp(g.smtp) as smtp:
                smtp.command(b"DATA")
        found = [line["session"] for line in lines(g, "smtp.refused")]
        self.assertEqual(len(set(found)), 3)
        self.assertEqual(sorted(found), found, "in the order in which they began")


if __name__ == "__main__":
    gateway.main()
