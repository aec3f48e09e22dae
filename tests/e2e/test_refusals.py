"""A refusal has one reply, one line in the log and one counter; whoever asks later is told what was answered."""

import json
import re
import unicodedata
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
        kept = {record["reason"]: record for record in json.loads(g.command("refusals", "--json"))}
        for reason in ("too_large", "bare_line_end"):
            self.assertEqual(kept[reason]["recipient_class"], "PREFIX")

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


def kept(g, *words):
    return json.loads(g.command("refusals", "--json", *words))


def refuse(g, recipient, sender=b"clerk@town.example", helo=b"town.example"):
    """What the client reads."""
    with wire.Smtp(g.smtp, helo=helo) as smtp:
        smtp.expect(250, b"MAIL FROM:<" + sender + b">")
        return smtp.command(b"RCPT TO:<" + recipient + b">")


class Evidence(GatewayTest):
    """"We answered you": what exactly, when, to whom."""

    def test_the_exact_answer_while_it_runs_after_a_kill_and_when_it_is_down(self):
        g = self.gateway({"smtpd.hostname": "mx.example.test"})
        code, text = refuse(g, b"who@example.test")
        self.assertEqual(code, 550)
        (record,) = kept(g)
        self.assertEqual(record["reply"], f"550 {text}")
        self.assertEqual(record["host"], "mx.example.test")
        self.assertEqual((record["client"], record["helo"], record["stage"]), ("127.0.0.1", "town.example", "rcpt"))
        self.assertEqual((record["mail_from"], record["recipients"]), ("clerk@town.example", ["who@example.test"]))
        self.assertEqual((record["reason"], record["recipient_class"]), ("unknown_recipient", "UNKNOWN"))
        self.assertRegex(record["at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        g.kill9()
        self.assertEqual(kept(g), [record])
        g.start()
        refuse(g, b"else@example.test")
        self.assertEqual([one["recipients"] for one in kept(g)], [["else@example.test"], ["who@example.test"]])
        g.stop()
        self.assertEqual(len(kept(g)), 2)
        shown = g.command("refusals").decode()
        self.assertIn(f"mx.example.test answered: 550 {text}\n", shown)
        self.assertEqual(shown.index("else@example.test") < shown.index("who@example.test"), True)
        g.verify()

    def test_what_is_looked_for_is_found(self):
        g = self.gateway()
        refuse(g, b"one@example.test", b"clerk@town.example")
        refuse(g, b"two@example.test", b"mayor@City.example")
        refuse(g, b"three@example.test", b"")
        with wire.Smtp(g.smtp) as smtp:
            smtp.expect(250, b"MAIL FROM:<a@town.example>")
            smtp.expect(501, b"RCPT TO:<four@[broken>")
        found = lambda *words: [(one["recipients"] or [one["said"]])[0] for one in kept(g, *words)]
        self.assertEqual(found("--sender", "city.EXAMPLE"), ["two@example.test"])
        self.assertEqual(found("--recipient", "one@"), ["one@example.test"])
        self.assertEqual(found("--recipient", "four@"), ["RCPT TO:<four@[broken>"])
        self.assertEqual(len(found("--client", "127.0.0.1")), 4)
        self.assertEqual(found("--client", "127.0.0.2"), [])
        self.assertEqual(found("--limit", "1"), ["RCPT TO:<four@[broken>"])
        self.assertEqual(len(found("--since", "2020-01-01")), 4)
        self.assertEqual(found("--since", "2100-01-01"), [])
        self.assertEqual(g.command("refusals", "--since", "whenever", check=False).returncode, 2)
        self.assertEqual(g.command("refusals", "--since", "2100-01-01"), b"nothing was refused\n")

    def test_strangers_move_no_cursor(self):
        g = self.gateway()
        with wire.Smtp(g.smtp, helo=b"\xe2\x80\xaexample \xff") as smtp:
            smtp.expect(250, b"MAIL FROM:<a@town.example>")
            smtp.command(b"RCPT TO:<\xff\x9b2Jwho@example.test>")
            smtp.command(b"NOOP \x1b[2J")
            smtp.command(b"X" * 70000)
        octets = g.command("refusals")
        self.assertFalse([one for one in octets.decode() if unicodedata.category(one) in ("Cc", "Cf") and one != "\n"])
        self.assertLess(len(octets), 5000)
        self.assertEqual(len(kept(g)), 3)

    def test_a_flood_is_counted_and_not_kept(self):
        g = self.gateway({"refusals.per_client_per_minute_max": 5, "smtpd.errors_max": 1000})
        for _ in range(5):   # some of it in the next minute perhaps
            with wire.Smtp(g.smtp) as smtp:
                smtp.send(b"WHAT\r\n" * 100)
                for _ in range(100):
                    self.assertEqual(smtp.reply()[0], 500)
        counts = status(g)["counters"]
        self.assertEqual(counts["smtp.refused.unknown_command"], 500)
        self.assertEqual(counts["refusals.kept"] + counts["refusals.left_out"], 500)
        self.assertLessEqual(counts["refusals.kept"], 50)
        g.stop()
        records = kept(g)
        left_out = [one for one in records if "left_out" in one]
        self.assertEqual(sum(one["left_out"] for one in left_out), counts["refusals.left_out"])
        self.assertEqual(len(records) - len(left_out), counts["refusals.kept"])
        self.assertRegex(g.command("refusals").decode(), r"(?m)^\S+  \d+ more were refused since \S+, and not kept$")

    def test_they_are_deleted_whole_by_age(self):
        g = self.gateway({"refusals.keep_days": 1})
        refuse(g, b"who@example.test")
        self.assertEqual(len(kept(g)), 1)
        g.stop()
        (today,) = (g.store / "refusals").iterdir()
        old = today.with_name("00000001-20200101.refusals")
        today.rename(old)
        g.start()
        eventually(lambda: not old.exists(), "the old day is gone")
        self.assertEqual(kept(g), [])

    def test_none_are_kept_where_none_are_to_be(self):
        g = self.gateway({"refusals.keep_days": 0})
        refuse(g, b"who@example.test")
        self.assertEqual(kept(g), [])
        self.assertFalse((g.store / "refusals").exists())

    def test_what_was_altered_is_said(self):
        g = self.gateway()
        refuse(g, b"who@example.test")
        refuse(g, b"more@example.test")
        self.assertEqual(len(kept(g)), 2)
        g.stop()
        (volume,) = (g.store / "refusals").iterdir()
        octets = volume.read_bytes()
        volume.write_bytes(octets.replace(b"550 5.1.1", b"250 5.1.1", 1))
        done = g.command("refusals", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"damage: " + volume.name.encode(), done.stderr)
        g.verify()   # they are no part of the archive

    def test_mail_is_taken_where_refusals_cannot_be_kept(self):
        g = self.gateway()
        (g.store / "refusals").write_text("in the way")
        code, _ = refuse(g, b"who@example.test")
        self.assertEqual(code, 550)
        self.assertEqual(g.command("refusals", check=False).returncode, 1)
        self.assertIn("refusals are not kept, mail is", (self.folder / "stderr").read_text())
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, BODY)
        self.assertEqual(len(g.list()), 1)


class PostfixLog(GatewayTest):
    """The second log, read as Alaveteli's documentation says that it reads: a request's address in any line of a
    queue id ties all lines of that id to the request. Written anew from that description."""

    ADDRESS = "foi+request-123-abcdef12@example.test"

    def tied(self, folder):
        addresses, by_id = {}, {}
        for path in sorted(folder.glob("mail.log-*"))[-3:]:
            self.assertRegex(path.name, r"^mail\.log-20\d{6}$")
            for line in path.read_bytes().splitlines():
                line = line.decode("ascii")
                self.assertRegex(line, r"^[A-Z][a-z][a-z] [ 123]\d \d\d:\d\d:\d\d \S+ postfix/[a-z]+\[\d+\]: "
                                       r"[0-9A-F]{12}: ")
                queue_id = line.split()[5]
                by_id.setdefault(queue_id, []).append(line)
                for found in re.findall(r"foi\+request-\S+@example\.test", line):
                    addresses.setdefault(found, set()).add(queue_id)
        return {address: [line for one in ids for line in by_id[one]] for address, ids in addresses.items()}

    def test_what_was_taken_and_what_was_refused(self):
        logs = self.folder / "logs"
        logs.mkdir()
        g = self.gateway({"log.postfix_path": logs / "mail.log-", "smtpd.message_octets_max": 65536})
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver([self.ADDRESS, "foi+request-9-99999999@example.test"], BODY, b"dsn=2.0.0@town.example")
            smtp.envelope(self.ADDRESS, b"status=bounced@town.example")
            smtp.expect(354, b"DATA")
            smtp.send(b"x" * 70000 + b"\r\n.\r\n")
            self.assertEqual(smtp.reply()[0], 552)
            smtp.quit()
        g.stop()
        found = self.tied(logs)
        lines = found[self.ADDRESS]
        self.assertEqual(len(lines), 4 + 1, lines)
        self.assertEqual(len(found["foi+request-9-99999999@example.test"]), 4)
        (filed,) = [line for line in lines if f"to=<{self.ADDRESS}>, relay=guichet" in line]
        self.assertIn(g.list()[0]["id"], filed)
        self.assertEqual(filed.split()[5], g.list()[0]["id"][-12:].upper() + ":")
        (reject,) = [line for line in lines if "reject: DATA from unknown[127.0.0.1]: 552 5.3.4 " in line]
        self.assertIn(f"to=<{self.ADDRESS}>", reject)
        self.assertFalse([line for line in lines if re.search("dsn=|status=", line)], "no request was sent by this")

    def test_where_it_cannot_be_written_mail_is_taken(self):
        g = self.gateway({"log.postfix_path": self.folder / "nowhere" / "mail.log-"})
        for _ in range(3):
            with wire.Smtp(g.smtp) as smtp:
                smtp.deliver(RECIPIENT, BODY)
        eventually(lambda: status(g)["counters"]["log.postfix_lost"] == 3, "lost, and counted")
        self.assertEqual(len(g.list()), 3)
        g.stop()
        said = (self.folder / "stderr").read_text()
        self.assertEqual(said.count("lines of log.postfix_path are lost, mail is not"), 1)

if __name__ == "__main__":
    gateway.main()
