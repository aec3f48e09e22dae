"""Spam and viruses, with a real rspamd and a real clamd."""

import base64
import json
import socket
import unittest

import gateway
import scanners
import served
import test_filters
import wire
from gateway import eventually
from test_filters import RECIPIENT, FilterTest


def letter(subject, attachment=b"nothing"):
    return (b"From: a@mairie.example\r\nSubject: " + subject + b"\r\nMessage-ID: <" + subject.replace(b" ", b".") +
            b"@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
            b"Content-Type: application/octet-stream; name=file.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
            base64.encodebytes(attachment).replace(b"\n", b"\r\n") + b"--b--\r\n")


class Spam(FilterTest):
    def asking(self, settings=None, **more):
        self.rspamd = scanners.rspamd(self, self.folder / "rspamd")
        return self.filtering({"filters.rspamd": "http://" + self.rspamd.address, **(settings or {})}, **more)

    def test_the_score_is_one_field_that_begins_with_the_number(self):
        g = self.asking()
        self.send(g, b"X-Spam-Score: -99\r\n" + letter(b"score 7.25"))
        self.assertEqual(self.findings(g)["spam"]["score"], 7.25)
        form = self.served(g)[0]
        self.assertRegex(served.value(form, "X-Spam-Score"), r"^7\.[23]$")
        self.assertIn(b"X-Inbound-X-Spam-Score: -99", form)
        self.send(g, letter(b"score -3"))
        self.assertEqual(self.findings(g)["spam"]["score"], -3)

    def test_the_field_has_the_name_that_alaveteli_looks_for_and_nobody_forges_it_while_rspamd_is_down(self):
        g = self.asking({"filters.spam_header": "X-Junk"})
        self.send(g, letter(b"score 2"))
        self.judged(g)
        self.assertEqual(served.value(self.served(g)[0], "X-Junk"), "2.0")
        self.rspamd.stop()
        self.send(g, b"X-Junk: -99\r\n" + letter(b"score 3"))
        self.judged(g)
        form = [form for form in self.served(g) if b"Subject: score 3" in form][0]
        self.assertEqual(served.values(form, "X-Junk"), [])

    def test_a_rule_on_the_score(self):
        g = self.asking(rules='[[rule]]\nname = "junk"\naction = "quarantine"\nspam_score_min = 15\n')
        self.send(g, letter(b"score 15"))
        self.send(g, letter(b"score 14.9"))
        self.judged(g, 2)
        self.assertEqual(len(self.served(g)), 1)
        self.assertEqual(len(json.loads(g.command("quarantine", "list", "--json"))), 1)

    def test_asked_before_the_answer(self):
        g = self.asking({"filters.ask_before_answer": True})
        with wire.Smtp(g.smtp) as smtp:
            code, answer = smtp.message([RECIPIENT], letter(b"reject"))
            self.assertEqual(code, 550, answer)
            self.assertIn("5.7.1 not wanted here", answer)
            self.assertEqual(smtp.message([RECIPIENT], letter(b"soft reject"))[0], 451)
            smtp.deliver([RECIPIENT], letter(b"score 1"))
        self.judged(g)
        self.assertEqual(len(self.served(g)), 1)
        refused = {row["last"]["detail"]: row["message"]
                   for row in json.loads(g.command("quarantine", "list", "--json"))}
        self.assertEqual(set(refused), {"refused with 550 by rspamd",
                                        "refused with 451 by rspamd"})
        message = refused["refused with 550 by rspamd"]
        self.assertIn(message, answer)
        kept = json.loads(g.command("refusals", "--json"))
        self.assertEqual(sorted(row["reason"] for row in kept), ["spam", "spam"])
        g.command("quarantine", "release", message, "--reason", "it is an answer", "--yes")
        self.assertTrue(any(b"Subject: reject" in form for form in self.served(g)))

    def test_no_answer_in_time_is_a_250_and_then_it_is_no_refusal(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        g = self.filtering({"filters.rspamd": "http://127.0.0.1:%d" % silent.getsockname()[1],
                            "filters.rspamd_timeout_s": 15, "filters.ask_before_answer": True})
        self.send(g, letter(b"reject"))
        self.judged(g)
        self.assertEqual(len(self.served(g)), 1)

    def test_a_server_in_front_is_never_refused(self):
        g = self.asking({"filters.ask_before_answer": True, "smtpd.trusted_upstream": ["127.0.0.0/8"]})
        self.send(g, letter(b"reject"))
        self.judged(g)
        self.assertEqual(len(self.served(g)), 1)


    def test_the_score_of_a_server_in_front_stands_while_rspamd_says_nothing(self):
        g = self.asking({"smtpd.trusted_upstream": ["127.0.0.0/8"]})
        self.send(g, b"X-Spam-Score: 7.5\r\n" + letter(b"score 2"))
        self.judged(g)
        self.assertEqual(served.value(self.served(g)[0], "X-Spam-Score"), "2.0", "ours instead of theirs: one, not two")
        self.rspamd.stop()
        self.send(g, b"X-Spam-Score: 7.5\r\n" + letter(b"score 3"))
        self.judged(g)
        form = [form for form in self.served(g) if b"Subject: score 3" in form][0]
        self.assertEqual(served.value(form, "X-Spam-Score"), "7.5")

    def test_mail_to_an_address_that_was_given_out_is_not_refused_for_what_is_in_it(self):
        g = self.asking({"filters.ask_before_answer": True})
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver([b"postmaster@example.test"], letter(b"reject"))
        self.judged(g)


class Viruses(FilterTest):
    def test_without_a_rule_it_is_delivered_with_a_mark(self):
        clamd = scanners.clamd(self, self.folder / "clamd")
        g = self.filtering({"filters.clamd": clamd.address})
        self.send(g, letter(b"infected", scanners.MARKER))
        self.judged(g)
        self.assertIn("Guichet.Test.Marker", served.value(self.served(g)[0], "X-Guichet-Virus"))

    def test_what_is_found_what_is_clean_and_what_was_not_looked_into(self):
        clamd = scanners.clamd(self, self.folder / "clamd")
        rules = '[[rule]]\nname = "virus"\naction = "quarantine"\nvirus = ["found"]\n'
        g = self.filtering({"filters.clamd": clamd.address, "filters.scan_octets_max": 1_000_000}, rules=rules)
        self.send(g, letter(b"clean"))
        self.assertEqual(self.findings(g)["virus"], {"result": "clean"})
        self.send(g, letter(b"infected", b"before " + scanners.MARKER + b" after"))
        found = self.findings(g)["virus"]
        self.assertEqual(found["result"], "found")
        self.assertIn("Guichet.Test.Marker", found["name"])
        self.send(g, letter(b"large", bytes(1_000_000)))
        self.assertEqual(self.findings(g)["virus"]["result"], "unscanned")
        self.assertEqual(len(self.served(g)), 2, "the infected one is in quarantine")
        clamd.stop()
        self.send(g, letter(b"while it is down", scanners.MARKER))
        self.assertEqual(self.findings(g)["virus"]["result"], "unscanned")
        self.assertTrue(any(b"X-Guichet-Unjudged: viruses: " in form for form in self.served(g)))


if __name__ == "__main__":
    gateway.main()
