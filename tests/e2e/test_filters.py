"""What is found out about a message after its 250, and what becomes of it then; whatever is down, or breaks."""

import base64
import datetime
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

import dns
import gateway
import served
import wire
from gateway import GatewayTest, eventually

RECIPIENT = b"foi@example.test"
AUTHORITY = "mairie.example"
ATTACHMENT = bytes(range(256)) * 40

LETTER = (b"From: Clerk <clerk@mairie.example>\r\nTo: foi@example.test\r\nSubject: =?utf-8?Q?R=C3=A9ponse?=\r\n"
          b"Message-ID: <1@mairie.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
          b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBonjour.\r\n"
          b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
          b"Content-Disposition: attachment; filename*=utf-8''d%C3%A9cision.pdf\r\n\r\n"
          + base64.encodebytes(ATTACHMENT).replace(b"\n", b"\r\n") + b"--b--\r\n")

ZONE = {("mairie.example", "TXT"): ["v=spf1 ip4:127.0.0.1 -all"],
        ("_dmarc.mairie.example", "TXT"): ["v=DMARC1; p=reject"],
        ("1.0.0.127.in-addr.arpa", "PTR"): ["mx.mairie.example"],
        ("mx.mairie.example", "A"): ["127.0.0.1"]}


class FilterTest(GatewayTest):
    def filtering(self, settings=None, zone=None, rules="", **more):
        self.dns = dns.Server(ZONE if zone is None else zone)
        self.addCleanup(self.dns.close)
        shutil.copy(gateway.ROOT / "conf/development-password", self.folder)
        config = self.folder / "guichet.toml"
        config.write_text((gateway.ROOT / "conf/guichet.toml").read_text() + rules)
        return self.gateway({"resolver.servers": [self.dns.address], "popd.session_messages_max": 0,
                             "filters.authentication": True, "filters.parts": True, **(settings or {})},
                            config=config, **more)

    def send(self, g, octets=LETTER, sender=b"clerk@mairie.example", helo=b"mx.mairie.example"):
        with wire.Smtp(g.smtp, helo=helo) as smtp:
            smtp.deliver([RECIPIENT], octets, sender)

    def judged(self, g, count=1):
        """The `count` newest messages, once all of them are delivered."""
        def done():
            messages = g.list()[:count]
            return len(messages) == count and all(m["deliveries"] for m in messages) and messages
        return eventually(done, "all are delivered", within_s=120)

    def findings(self, g):
        return self.judged(g)[0]["verdicts"][-1]["findings"]

    def served(self, g):
        return list(wire.everything(g.pop3).values())


class Authentication(FilterTest):
    def test_a_letter_that_nobody_signed_and_spf_vouches_for(self):
        g = self.filtering()
        self.send(g)
        findings = self.findings(g)
        self.assertEqual((findings["spf"]["result"], findings["spf"]["domain"]), ("pass", AUTHORITY))
        self.assertEqual((findings["dmarc"]["result"], findings["dmarc"]["spf_aligned"]), ("pass", True))
        self.assertEqual((findings["reverse"]["result"], findings["reverse"]["name"]), ("pass", "mx.mairie.example"))
        self.assertTrue(findings["dkim_done"])
        self.assertIn({"name": AUTHORITY, "type": "TXT", "outcome": "found", "records": ["v=spf1 ip4:127.0.0.1 -all"]},
                      findings["dns"])
        form = self.served(g)[0]
        results = served.value(form, "Authentication-Results")
        self.assertIn("mx.example.test;", results)
        for result in ("spf=pass smtp.mailfrom=clerk@mairie.example", "dkim=none", "dmarc=pass header.from=mairie.example",
                       "iprev=pass policy.iprev=127.0.0.1"):
            self.assertIn(result, " ".join(results.split()))
        page = g.command("show", g.list()[0]["id"]).decode()
        self.assertRegex(page, r"spf +pass")
        self.assertIn("mairie.example", findings["words"])
        g.verify()

    @unittest.skipUnless(shutil.which("dkimsign") and os.access("/usr/bin/python3", os.X_OK), "dkimsign is not there")
    def test_a_signature(self):
        key, public = self.folder / "key.pem", self.folder / "public.der"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER", "-out", public], check=True,
                       capture_output=True)
        record = "v=DKIM1; k=rsa; p=" + base64.b64encode(public.read_bytes()).decode()
        signed = subprocess.run([shutil.which("dkimsign"), "s1", AUTHORITY, key], input=LETTER, check=True,
                                capture_output=True).stdout
        g = self.filtering(zone={**ZONE, ("s1._domainkey.mairie.example", "TXT"): [record],
                                 (AUTHORITY, "TXT"): ["v=spf1 -all"]})
        self.send(g, signed)
        finding = self.findings(g)
        self.assertEqual([(s["result"], s["domain"], s["selector"], s["key_bits"]) for s in finding["dkim"]],
                         [("pass", AUTHORITY, "s1", 2048)])
        self.assertEqual((finding["spf"]["result"], finding["dmarc"]["result"]), ("fail", "pass"))
        self.assertIn("signed by mairie.example, matches the From address", finding["words"])
        self.send(g, signed.replace(b"Bonjour", b"Bonsoir"))
        altered = self.findings(g)
        self.assertEqual((altered["dkim"][0]["result"], altered["dmarc"]["result"]), ("fail", "fail"))

    def test_what_a_stranger_writes_is_renamed_and_never_read_as_ours(self):
        g = self.filtering(zone={})
        forged = b"Authentication-Results: mx.example.test; dmarc=pass header.from=mairie.example\r\n"
        self.send(g, forged + LETTER, helo=b"x;dkim=pass")
        self.judged(g)
        form = self.served(g)[0]
        self.assertEqual(form.count(b"\nAuthentication-Results:"), 1)
        self.assertIn(b"X-Inbound-Authentication-Results: mx.example.test; dmarc=pass", form)
        self.assertNotIn("pass", served.value(form, "Authentication-Results"))

    def test_the_client_that_a_server_in_front_names_is_the_one_of_spf(self):
        zone = {(AUTHORITY, "TXT"): ["v=spf1 ip4:192.0.2.7 -all"]}
        g = self.filtering({"smtpd.trusted_upstream": ["127.0.0.0/8"]}, zone=zone)
        with wire.Smtp(g.smtp) as smtp:
            smtp.expect(250, b"XFORWARD ADDR=192.0.2.7 HELO=mx.mairie.example PROTO=ESMTP")
            smtp.deliver([RECIPIENT], b"Authentication-Results: front.example; spf=pass\r\n" + LETTER,
                         b"clerk@mairie.example")
        self.assertEqual(self.findings(g)["spf"]["result"], "pass")
        form = self.served(g)[0]
        self.assertIn(b"\nAuthentication-Results: front.example; spf=pass", form)
        self.send(g)
        self.assertEqual(self.findings(g)["spf"]["result"], "none", "a server in front that names nobody is no sender")

    def test_a_result_under_our_name_that_a_server_in_front_let_through_is_renamed(self):
        g = self.filtering({"smtpd.trusted_upstream": ["127.0.0.0/8"]})
        self.send(g, b"Authentication-Results: MX.example.test; dmarc=pass header.from=mairie.example\r\n" + LETTER)
        self.judged(g)
        self.assertIn(b"X-Inbound-Authentication-Results: MX.example.test; dmarc=pass", self.served(g)[0])

    def test_two_authors_are_an_error_and_not_the_absence_of_a_policy(self):
        g = self.filtering()
        self.send(g, b"From: other@elsewhere.example\r\n" + LETTER)
        self.assertEqual(self.findings(g)["dmarc"]["result"], "permerror")

    def test_the_same_message_is_the_same_at_every_collection(self):
        g = self.filtering()
        self.send(g)
        self.judged(g)
        first = self.served(g)
        g.stop()
        g.start()
        self.assertEqual(self.served(g), first)


class Parts(FilterTest):
    def test_parts_are_listed_and_taken_out(self):
        g = self.filtering()
        self.send(g)
        found = self.findings(g)["mime"]
        self.assertEqual(found["subject"], "Réponse")
        part = found["parts"][1]
        self.assertEqual((part["number"], part["type"], part["name"], part["size_octets"]),
                         ("2", "application/pdf", "décision.pdf", len(ATTACHMENT)))
        self.assertEqual(part["digest"], "sha256:" + hashlib.sha256(ATTACHMENT).hexdigest())
        message = g.list()[0]["id"]
        self.assertIn("décision.pdf", g.command("parts", message).decode())
        self.assertEqual(g.command("parts", message, "--extract", "2"), ATTACHMENT)
        g.command("parts", message, "--extract", "9", check=False)

    def test_every_message_that_breaks_parsers_is_stored_delivered_and_listed(self):
        g = self.filtering()
        deep = 50_000 if not gateway.SANITIZED else 2_000
        head = b"From: a@mairie.example\r\nMessage-ID: <%d@x>\r\nMIME-Version: 1.0\r\nContent-Type: "
        hostile = [
            b"multipart/mixed; boundary=a\r\n\r\n--a\n\n\r\n--a--",
            b"multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n\r--a--",
            b"".join(b"multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\nContent-Type: " % (n, n) for n in range(deep)),
            b"message/rfc822\r\n\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * deep,
            b"multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\n" * (10 * deep),
            b"text/plain; " + b"; ".join(b"p%d=v" % n for n in range(deep)) + b"\r\n\r\nx\r\n",
            b"multipart/mixed; boundary=" + b"a" * 1_000_000 + b"\r\n\r\n--" + b"a" * 1_000_000 + b"\r\n",
            b"text/plain\r\nTo: " + b"a@b.example, " * deep + b"\r\n\r\nx\r\n",
            b"text/plain\r\nX: " + b"y" * 4_000_000 + b"\r\n\r\nx\r\n",
        ]
        for number, rest in enumerate(hostile):
            self.send(g, head % number + rest + b"\r\n")
        messages = self.judged(g, len(hostile))
        self.assertEqual([m["verdicts"][-1]["findings"].get("errors") for m in messages], [None] * len(hostile))
        self.assertEqual(len(self.served(g)), len(hostile))
        complex_ones = [m for m in messages if m["verdicts"][-1]["findings"]["mime"].get("too_complex")]
        self.assertGreaterEqual(len(complex_ones), 5)


class Rules(FilterTest):
    QUARANTINE = '[[rule]]\nname = "unvouched"\naction = "quarantine"\ndmarc = ["fail"]\n'

    def forged(self, g):
        self.send(g, sender=b"crook@elsewhere.example")
        return self.judged(g)[0]["id"]

    def test_quarantine_release_and_discard(self):
        g = self.filtering(rules=self.QUARANTINE)
        first, second = self.forged(g), self.forged(g)
        self.send(g)
        self.judged(g)
        self.assertEqual(len(self.served(g)), 1, "only what is not in quarantine")
        listed = json.loads(g.command("quarantine", "list", "--json"))
        self.assertEqual({row["message"] for row in listed}, {first, second})
        self.assertIn("rule unvouched", listed[0]["last"]["detail"])
        self.assertEqual(len(json.loads(g.command("queue", "--json"))), 1)
        g.command("quarantine", "release", first, "--reason", "it is genuine", "--yes")
        g.command("quarantine", "discard", second, "--reason", "junk", "--yes")
        forms = self.served(g)
        self.assertEqual(len(forms), 2)
        self.assertTrue(any(b"X-Guichet-Rule: unvouched" in form for form in forms))
        self.assertIn(b"nothing is in quarantine", g.command("quarantine", "list"))
        self.assertIn(b"1 black-holed", g.command("verify"))
        self.assertEqual(g.raw(second), LETTER, "the archive keeps it")

    def test_each_morning_somebody_is_sent_a_list_of_what_is_in_quarantine(self):
        noon = f"X{time.gmtime().tm_hour - 12:+d}"   # a time zone in which it is
        g = self.filtering({"filters.quarantine_digest_to": "postmaster@example.test"}, rules=self.QUARANTINE,
                           environment={**os.environ, "TZ": noon})
        message = self.forged(g)
        g.stop()
        g.start()   # the first look is soon after a start
        digests = eventually(lambda: list(wire.everything(g.pop3, user="people").values()), "a list", within_s=60)
        self.assertIn(message.encode(), digests[0])
        self.assertIn(b"Subject: 1 in quarantine", digests[0])
        self.assertEqual(len(digests), 1)

    def test_a_tag_and_an_earlier_rule_that_delivers(self):
        rules = ('[[rule]]\nname = "trusted"\nsender_domains = ["elsewhere.example"]\n'
                 '[[rule]]\nname = "large"\naction = "tag"\nsize_octets_min = 100\n')
        g = self.filtering(rules=rules)
        self.forged(g)
        self.send(g)
        self.judged(g, 2)
        tagged = [b"X-Guichet-Rule: large" in form for form in self.served(g)]
        self.assertEqual(sorted(tagged), [False, True])

    def test_what_waits_is_judged_once_more(self):
        zone = {**ZONE, ("_dmarc.mairie.example", "TXT"): dns.FAIL}
        g = self.filtering(zone=zone, rules='[[rule]]\nname = "later"\naction = "wait"\nwait_s = 1\ndmarc = ["temperror"]\n')
        self.send(g)
        self.assertEqual(self.findings(g)["dmarc"]["result"], "temperror")

    def test_a_dry_run_says_what_would_become_of_it(self):
        g = self.filtering(rules=self.QUARANTINE)
        file = self.folder / "letter.eml"
        file.write_bytes(LETTER)
        words = ("judge", file, "--client", "192.0.2.1", "--helo", "x.example", "--mail-from", "clerk@mairie.example")
        page = g.command(*words, "--rules").decode()
        self.assertIn("rule unvouched: quarantined", page)
        self.assertRegex(page, r"unvouched +holds")
        told = json.loads(g.command(*words, "--json"))
        self.assertEqual((told["spf"]["result"], told["rule"]["name"]), ("fail", "unvouched"))
        self.assertEqual(g.list(), [], "nothing has happened")

    def test_judged_again_beside_the_first_time(self):
        g = self.filtering(zone={})
        self.send(g)
        self.assertEqual(self.findings(g)["spf"]["result"], "none")
        before = self.served(g)
        self.dns.zone = dict(ZONE)
        g.stop()
        g.start()
        message = g.list()[0]["id"]
        g.command("judge", "--again", message, "--yes")
        verdicts = g.list()[0]["verdicts"]
        self.assertEqual([v["findings"]["spf"]["result"] for v in verdicts], ["none", "pass"])
        self.assertEqual(self.served(g), before, "what was delivered stays as it is")
        g.command("judge", "--again", "--since", "2020-01-01", "--yes")
        self.assertEqual(len(g.list()[0]["verdicts"]), 3)
        g.verify()

    def test_what_was_received_at_another_time_is_not_judged_again(self):
        g = self.filtering()
        self.send(g)
        sent = self.judged(g)[0]["id"]
        box = self.folder / "maildir"
        for part in ("new", "cur", "tmp"):
            (box / part).mkdir(parents=True)
        (box / "cur/1349275000.M1P2.host:2,S").write_bytes(LETTER.replace(b"Bonjour", b"Bonsoir"))
        g.command("import", "maildir", str(box), "--maildrop", "foi", "--recipient", RECIPIENT.decode())
        first, imported = g.list()
        self.assertEqual((first["id"], imported["received"][:4]), (sent, "2012"))
        out = g.command("judge", "--again", "--since", "2020-01-01", "--yes").decode()
        self.assertIn("1 judged", out)
        self.assertEqual([len(message["verdicts"]) for message in g.list()], [2, 0])
        g.command("judge", "--again", "--until", "2020-01-01", "--yes")
        self.assertEqual([len(message["verdicts"]) for message in g.list()], [2, 1])
        wrong = g.command("judge", "--again", "--since", "yesterday", "--yes", check=False)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn(b"no time: yesterday", wrong.stderr)

    def test_an_erasure_takes_what_was_found_out_with_it(self):
        g = self.filtering()
        self.send(g)
        message = self.judged(g)[0]["id"]
        g.command("erase", message, "--reason", "asked for", "--yes")
        self.assertEqual(g.list()[0]["verdicts"], [])
        for volume in (g.store / "volumes").rglob("*.warc"):
            self.assertNotIn(b"cision.pdf", volume.read_bytes())
        g.verify()


class BadDays(FilterTest):
    def hanging_server(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return "127.0.0.1:%d" % listener.getsockname()[1]

    def test_with_everything_silent_a_message_is_delivered_and_marked(self):
        silent = {key: dns.SILENT for key in ZONE} | {("_dmarc.mairie.example", "TXT"): dns.SILENT}
        g = self.filtering({"filters.rspamd": "http://" + self.hanging_server(), "filters.rspamd_timeout_s": 2,
                            "filters.clamd": self.hanging_server(), "filters.clamd_timeout_s": 2}, zone=silent)
        self.send(g)
        findings = self.findings(g)
        self.assertEqual(findings["spf"]["result"], "temperror")
        message = g.list()[0]
        received, delivered = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
                               for text in (message["received"], message["deliveries"][0]["at"]))
        self.assertLess((delivered - received).total_seconds(), 60, "filters.deadline_s")
        self.assertIn("unscanned", findings["spam"])
        self.assertEqual(findings["virus"]["result"], "unscanned")
        form = self.served(g)[0]
        self.assertIn(b"X-Guichet-Unjudged: ", form)
        self.assertNotIn(b"X-Spam-Score", form)

    def test_a_resolver_that_talks_nonsense_is_none(self):
        g = self.filtering(zone={key: dns.NONSENSE for key in ZONE})
        self.send(g)
        self.assertEqual(self.findings(g)["spf"]["result"], "temperror")
        self.assertIn(b"X-Guichet-Unjudged: DNS did not answer for SPF", self.served(g)[0])

    def test_with_nobody_there_and_with_nonsense(self):
        nobody = socket.create_server(("127.0.0.1", 0))
        gone = "127.0.0.1:%d" % nobody.getsockname()[1]
        nobody.close()
        liar = socket.create_server(("127.0.0.1", 0))

        def lie():
            while True:
                try:
                    client, _ = liar.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n[1,2,3]\0")

        threading.Thread(target=lie, daemon=True).start()
        self.addCleanup(liar.close)
        g = self.filtering({"filters.rspamd": "http://127.0.0.1:%d" % liar.getsockname()[1], "filters.clamd": gone})
        for _ in range(3):
            self.send(g)
        for message in self.judged(g, 3):
            findings = message["verdicts"][-1]["findings"]
            self.assertIn("unscanned", findings["spam"])
            self.assertEqual(findings["virus"]["result"], "unscanned")
            self.assertEqual(findings["spf"]["result"], "pass")

    def test_what_was_not_judged_when_the_power_went_is_judged_after_the_start(self):
        g = self.filtering(zone={key: dns.SILENT for key in ZONE})
        for _ in range(3):
            self.send(g)
        g.kill9()
        self.dns.zone = dict(ZONE)
        g.start()
        for message in self.judged(g, 3):
            self.assertEqual(len(message["verdicts"]), 1)
            self.assertEqual(message["verdicts"][0]["findings"]["spf"]["result"], "pass")
        self.assertEqual(len(self.served(g)), 3)

    def test_filters_turned_off_deliver_what_they_had_left(self):
        g = self.filtering(zone={key: dns.SILENT for key in ZONE})
        self.send(g)
        g.kill9()
        g.settings["filters.authentication"] = g.settings["filters.parts"] = False
        g.start()
        self.assertEqual(len(self.served(g)), 1)
        self.assertEqual(g.list()[0]["verdicts"], [])

    def test_past_its_deadline_nobody_waits_for_dns_and_the_rules_hold(self):
        rules = '[[rule]]\nname = "program"\naction = "quarantine"\nfiles = ["*.exe"]\n'
        g = self.filtering({"filters.deadline_s": 3, "filters.workers": 1}, rules=rules,
                           zone={key: dns.SILENT for key in ZONE})
        for _ in range(3):
            self.send(g)
        self.send(g, LETTER.replace(b"d%C3%A9cision.pdf", b"setup.exe"))
        messages = self.judged(g, 4)
        self.assertEqual(len(self.served(g)), 3)
        self.assertEqual(messages[0]["deliveries"][0]["state"], "quarantined")
        self.assertEqual(messages[0]["verdicts"][-1]["findings"]["spf"]["result"], "temperror")
        self.assertTrue(all(b"X-Guichet-Unjudged: " in form for form in self.served(g)))
        self.assertGreater(json.loads(g.command("status", "--json", check=False).stdout)["counters"]["filters.late"], 0)

    def test_a_stop_does_not_judge_by_a_resolver_that_is_gone(self):
        g = self.filtering(zone={key: dns.SILENT for key in ZONE})
        self.send(g)
        g.stop()
        self.dns.zone = dict(ZONE)
        g.start()
        verdicts = self.judged(g)[0]["verdicts"]
        self.assertEqual([v["findings"]["spf"]["result"] for v in verdicts], ["pass"])

    def test_names_that_fail_keep_nobody_elses_from_being_asked(self):
        bad = {("crook.example", "TXT"): dns.FAIL, ("_dmarc.crook.example", "TXT"): dns.FAIL}
        g = self.filtering(zone={**ZONE, **bad})
        for _ in range(8):
            self.send(g, LETTER.replace(b"mairie.example>", b"crook.example>"), b"x@crook.example")
        self.judged(g, 8)
        self.send(g)
        self.assertEqual(self.findings(g)["spf"]["result"], "pass")

    def test_an_erased_message_is_not_waited_for(self):
        g = self.filtering(rules='[[rule]]\nname = "w"\naction = "wait"\nwait_s = 2\ndmarc = ["pass"]\n')
        self.send(g)
        message = eventually(g.list, "it is filed")[0]["id"]
        g.command("erase", message, "--reason", "asked for", "--yes")
        self.send(g, sender=b"x@elsewhere.example")
        self.send(g)
        eventually(lambda: all(m["deliveries"] for m in g.list() if "erased" not in m), "the others are delivered")
        self.assertNotIn("cannot be delivered", g.stderr())

    def test_workers_killed_at_random_lose_nothing(self):
        count = int(os.environ.get("GUICHET_MESSAGES") or (40 if gateway.SANITIZED else 400))
        g = self.filtering()
        stop = threading.Event()

        def kill():
            while not stop.wait(0.02):
                out = subprocess.run(["pgrep", "-P", str(g.process.pid), "-f", "filter-worker"], capture_output=True)
                for pid in out.stdout.split()[:1]:
                    try:
                        os.kill(int(pid), signal.SIGKILL)
                    except ProcessLookupError:
                        pass

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            with wire.Smtp(g.smtp) as smtp:
                for n in range(count):
                    smtp.deliver([RECIPIENT], LETTER.replace(b"<1@", b"<%d@" % n), b"clerk@mairie.example")
            messages = self.judged(g, count)
        finally:
            stop.set()
            killer.join()
        self.assertEqual([len(m["verdicts"]) for m in messages], [1] * count)
        broken = [m for m in messages if "errors" in m["verdicts"][0]["findings"]]
        samples = list((g.store / "samples").glob("*")) if broken else []
        self.assertLessEqual(len(samples), min(len(broken), 20))   # a worker killed at its start has seen none
        if samples:
            self.assertIn(b"Bonjour", samples[0].read_bytes())
            g.command("erase", messages[0]["id"], "--reason", "asked for", "--yes")
            self.assertEqual(list((g.store / "samples").glob("*")), [])
        self.assertGreaterEqual(len(self.served(g)), count - 1)
        for message in messages:
            findings = message["verdicts"][0]["findings"]
            self.assertTrue("errors" in findings or findings["spf"]["result"] == "pass", findings)
        g.verify()


if __name__ == "__main__":
    gateway.main()
