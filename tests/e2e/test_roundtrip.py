"""What goes in by SMTP comes out by POP3: prefix and original, to the octet; and `raw` is what was received."""

import email.policy
import hashlib
import json
import poplib
import re
import smtplib
import unittest
from email.message import EmailMessage

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest

HEADER = b"From: a@town.example\r\nSubject: test\r\nMessage-ID: <1@town.example>\r\n\r\n"

AWKWARD = {
    "plain": HEADER + b"Hello.\r\n",
    "dots": HEADER + b".\r\n..\r\n...x\r\n.x\r\n. \r\n x.\r\n",
    "dot first": b".\r\n",
    "dots in the header": b".Subject: x\r\n.\r\n\r\n.\r\n",
    "one octet": b"x\r\n",
    "empty": b"",
    "one empty line": b"\r\n",
    "empty lines": b"\r\n" * 50,
    "header alone": b"Subject: no body, no blank line\r\n",
    "bare LF": HEADER + b"a\nb\n\nc\n\r\n",
    "bare CR": HEADER + b"a\rb\r\rc\r\r\n",
    "bare CR and LF": HEADER + b"a\n\rb\r\r\nc\r\n\n\r\n",
    "bare LF in the header": b"From: a@town.example\nSubject: x\nMessage-ID: <2@x>\n\nbody\n\r\n",
    "NUL": HEADER + b"a\0b\0\r\n\0\r\n",
    "8-bit": HEADER + bytes(range(128, 256)) * 20 + b"\r\n" + "é, €, 公開\r\n".encode(),
    "8-bit in the header": b"From: \xe9t\xe9 <a@x>\r\nSubject: \xff\xfe\r\nMessage-ID: <3@x>\r\n\r\nx\r\n",
    "every octet": HEADER + bytes(octet for octet in range(256) if octet not in (10, 13, 46)) * 3 + b"\r\n",
    "control octets for newlines": HEADER + b"\x0b.\x0b\x0c.\x0c\x85.\x85\x1a.\x1a\xe2\x80\xa8.\xe2\x80\xa8\r\n",
    "trailing white space": HEADER + b"x \t \r\n \t\r\n",
    "body before a header": b"not a header\r\nSubject: x\r\n\r\nbody\r\n",
    "continuation first": b" folded into nothing\r\nSubject: x\r\n\r\nbody\r\n",
    "mbox line": b"From someone Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nbody\r\n",
    "quoted mbox line": b">From someone\r\nSubject: x\r\n\r\nbody\r\n",
    "line of 998": HEADER + b"x" * 998 + b"\r\n",
    "line of 1 MB": HEADER + b"x" * 1_000_000 + b"\r\n",
    "header line of 300 KB": b"Subject: " + b"y" * 300_000 + b"\r\n\r\nx\r\n",
    "20,000 header lines": b"X-Line: y\r\n" * 20_000 + b"\r\nx\r\n",
    "body of 5 MB": HEADER + (b"0123456789abcdef" * 4 + b"\r\n") * 80_000,
    "a dot at every line of 3 MB": HEADER + b".\r\n" * 1_000_000,
    "at the spool threshold": HEADER + b"z" * ((2 << 20) - len(HEADER) - 2) + b"\r\n",
    "past the spool threshold": HEADER + b"z" * ((2 << 20) - len(HEADER) - 1) + b"\r\n",
}


class Roundtrip(GatewayTest):
    def test_awkward_messages(self):
        """Each message alone, then all of them in one maildrop; LIST sizes, RETR, raw, list, show, verify."""
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            for name, octets in AWKWARD.items():
                with self.subTest(name):
                    smtp.deliver(RECIPIENT, octets)
        forms = wire.everything(g.pop3)
        self.assertEqual(len(forms), len(AWKWARD))
        ids = {}
        for (name, octets), form in zip(AWKWARD.items(), forms.values()):   # in order of arrival
            with self.subTest(name):
                prefix = served.split(form, octets)
                message_id = ids[name] = served.value(prefix, "X-Guichet-Id")
                self.assertIn(hashlib.sha256(octets).hexdigest(), served.value(prefix, "X-Guichet-Digest"))
                self.assertEqual(g.raw(message_id), octets)
        facts = {fact["id"]: fact for fact in g.list()}
        self.assertEqual(set(facts), set(ids.values()))
        for name, octets in AWKWARD.items():
            with self.subTest(name):
                self.assertEqual(facts[ids[name]]["size_octets"], len(octets))
                self.assertIn(hashlib.sha256(octets).hexdigest(), facts[ids[name]]["digest"])
        g.verify()
        self.assertEqual(wire.everything(g.pop3), forms, "a second RETR sent other octets")
        g.restart()
        self.assertEqual(wire.everything(g.pop3), forms, "other octets after a restart")

    def test_in_one_segment_and_in_single_octets(self):
        """How the octets are cut on their way makes no difference."""
        g = self.gateway()
        octets = AWKWARD["dots"] + b"a\rb\nc\r\n"
        dialog = (b"EHLO x\r\nMAIL FROM:<a@town.example>\r\nRCPT TO:<" + RECIPIENT.encode() + b">\r\nDATA\r\n")
        with wire.Smtp(g.smtp, helo=None) as smtp:
            for octet in dialog:
                smtp.send(bytes([octet]))
            self.assertEqual([smtp.reply()[0] for _ in range(4)], [250, 250, 250, 354])
            for octet in wire.stuffed(octets):
                smtp.send(bytes([octet]))
            self.assertEqual(smtp.reply()[0], 250)
        with wire.Smtp(g.smtp, helo=None) as smtp:   # RFC 2920: all up to DATA in one
            smtp.send(dialog)
            self.assertEqual([smtp.reply()[0] for _ in range(4)], [250, 250, 250, 354])
            smtp.send(wire.stuffed(octets) + b"QUIT\r\n")
            self.assertEqual([smtp.reply()[0] for _ in range(2)], [250, 221])
        for form in wire.everything(g.pop3).values():
            served.split(form, octets)

    def test_smtplib_and_poplib(self):
        """The two libraries of Python, with a message that they make themselves."""
        g = self.gateway()
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@town.example", RECIPIENT, "Réponse à votre demande"
        message.set_content("Bonjour,\n.\n..\nvoici.\n")
        message.add_attachment(bytes(range(256)) * 400, maintype="application", subtype="pdf", filename="é.pdf")
        octets = message.as_bytes(policy=email.policy.SMTP)
        with smtplib.SMTP(*g.smtp, timeout=gateway.PATIENCE_S) as smtp:
            smtp.ehlo()
            for extension in ("size", "pipelining", "8bitmime", "smtputf8", "enhancedstatuscodes"):
                self.assertTrue(smtp.has_extn(extension), extension)
            for _ in range(2):
                self.assertEqual(smtp.sendmail("a@town.example", [RECIPIENT], octets), {})
        pop = poplib.POP3(*g.pop3, timeout=gateway.PATIENCE_S)
        pop.user("foi")
        pop.pass_("secret")
        self.assertEqual(pop.stat()[0], 2)
        self.assertEqual(len(pop.list()[1]), 2)
        uids = [line.split()[1] for line in pop.uidl()[1]]
        self.assertEqual(len(set(uids)), 2, "two deliveries of the same octets have the same UID")
        forms = [b"".join(line + b"\r\n" for line in pop.retr(number)[1]) for number in (1, 2)]
        self.assertEqual(pop.stat()[1], sum(map(len, forms)))
        header, _, body = forms[0].partition(b"\r\n\r\n")
        top = b"".join(line + b"\r\n" for line in pop.top(1, 3)[1])
        self.assertEqual(top, header + b"\r\n\r\n" + b"".join(body.splitlines(True)[:3]))
        self.assertIn("UIDL", pop.capa())
        pop.dele(1)
        pop.rset()
        pop.noop()
        pop.dele(2)
        pop.quit()
        self.assertEqual([g.raw(fact["id"]) for fact in g.list()], [octets, octets])
        for form in forms:
            served.split(form, octets)

    def test_one_delivery_for_each_recipient(self):
        g = self.gateway()
        recipients = [f"foi+request-{n}-0123456{n}@example.test" for n in range(4)] + [
            "foi@example.test", "FOI+Request-7-ABCDEF01@EXAMPLE.test"]
        octets = AWKWARD["plain"]
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(recipients, octets)
        forms = wire.everything(g.pop3)
        self.assertEqual(len(forms), 6)
        prefixes = [served.split(form, octets) for form in forms.values()]
        self.assertEqual([served.value(prefix, "Envelope-To").lower() for prefix in prefixes],
                         [recipient.lower() for recipient in recipients])
        self.assertEqual(len({served.value(prefix, "X-Guichet-Id") for prefix in prefixes}), 1, "one message")
        facts = g.list()
        self.assertEqual(len(facts), 1)
        self.assertEqual(len(facts[0]["deliveries"]), 6)
        self.assertEqual({delivery["uid"] for delivery in facts[0]["deliveries"]}, set(forms))

    def test_two_sites(self):
        """A configuration of one's own: two sites, two maildrops; each gets its own."""
        for name in ("foi", "wdtk"):
            (self.folder / f"{name}.password").write_text(f"{name} password\n")
        config = self.folder / "two.toml"
        config.write_text("""
[[site]]
domain = "example.test"
prefix = "foi+"
maildrop = "foi"
[[site]]
domain = "request.example.org"
prefix = "request-"
maildrop = "wdtk"
[[maildrop]]
name = "foi"
password_file = "foi.password"
[[maildrop]]
name = "wdtk"
password_file = "wdtk.password"
""")
        g = self.gateway({"smtpd.hostname": "mx.example.test"}, config=config)
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(["foi+1@example.test", "request-5-12345678@request.example.org"], AWKWARD["plain"])
            smtp.envelope([])
            smtp.expect(550, b"RCPT TO:<foi+1@request.example.org>")
        for name, recipient in (("foi", "foi+1@example.test"), ("wdtk", "request-5-12345678@request.example.org")):
            forms = wire.everything(g.pop3, user=name, password=f"{name} password")
            self.assertEqual([served.value(form, "Envelope-To") for form in forms.values()], [recipient])


class ServedForm(GatewayTest):
    def served(self, octets, recipient=RECIPIENT, sender=b"authority@town.example"):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(recipient, octets, sender)
        (form,) = wire.everything(g.pop3).values()
        return form, served.split(form, octets)

    def test_the_prefix(self):
        form, prefix = self.served(AWKWARD["plain"])
        self.assertEqual(served.value(prefix, "Return-Path"), "<authority@town.example>")
        self.assertEqual(served.value(prefix, "Envelope-To"), RECIPIENT)
        self.assertEqual(served.value(prefix, "X-Original-To"), RECIPIENT)
        received = served.value(prefix, "Received")
        self.assertRegex(received, r"^from client\.example ")
        self.assertIn("127.0.0.1", received)
        self.assertRegex(received, rf"by \S+ .*for <{re.escape(RECIPIENT)}>; \w\w\w, \d+ \w\w\w \d\d\d\d ")
        self.assertRegex(received, r"with ESMTP\b")
        self.assertEqual(served.values(prefix, "Message-ID"), [], "one was there")
        self.assertEqual(served.values(form, "Message-ID"), ["<1@town.example>"])

    def test_null_sender(self):
        form, _ = self.served(AWKWARD["plain"], sender=b"")
        self.assertEqual(served.value(form, "Return-Path"), "<>")

    def test_message_id_is_added_where_none_is(self):
        ids = set()
        for octets in (b"Subject: x\r\n\r\none\r\n", b"Subject: x\r\nMessage-ID:\r\n\r\ntwo\r\n",
                       b"Message-Id: \t\r\n \r\n\r\nthree\r\n", b"\r\nMessage-ID: <in@the.body>\r\n",
                       b"Message-ID :\nSubject: x\n\nfour\n\r\n", b""):
            with self.subTest(octets):
                self.folder = self.folder / "next"
                self.folder.mkdir()
                form, prefix = self.served(octets)
                self.assertRegex(served.value(form, "Message-ID"), r"^<[^\s@<>]+@[^\s@<>]+>$")
                self.assertEqual(served.value(prefix, "Message-ID"), served.value(form, "Message-ID"))
                ids.add(served.value(form, "Message-ID"))
        self.assertEqual(len(ids), 6)

    def test_an_existing_message_id_is_not_touched(self):
        for octets in (b"message-ID:<a>\r\n\r\n", b"Message-ID:\r\n <folded@x>\r\n\r\nx\r\n", b"MESSAGE-ID: junk, no brackets\r\n\r\n"):
            with self.subTest(octets):
                self.folder = self.folder / "next"
                self.folder.mkdir()
                form, prefix = self.served(octets)
                self.assertEqual(served.values(prefix, "Message-ID"), [])
                self.assertTrue(form.endswith(octets))

    def test_inbound_copies_of_owned_fields_are_renamed(self):
        """One of each remains, ours; two Envelope-To would make a message that Alaveteli never gets past."""
        names = ["Return-Path", "Envelope-To", "X-Original-To", "X-Guichet-Id", "X-Guichet-Digest"]
        octets = b"".join(
            f"{name}: theirs\r\n{name.lower()}: again\r\n{name.upper()} : and so on,\r\n\tfolded\r\n".encode()
            for name in names) + b"X-Guichet-Spam: 1\r\nSubject: x\nReturn-Path: after a bare LF\r\n\r\n" \
            b"Return-Path: in the body\r\n"
        form, prefix = self.served(octets)
        for name in names:
            self.assertEqual(len(served.values(form, name)), 1, name)
            self.assertEqual(served.values(form, name), served.values(prefix, name))
            self.assertGreaterEqual(len(served.values(form, f"X-Inbound-{name}")), 3)
        self.assertEqual(served.values(form, "X-Guichet-Spam"), [])
        self.assertTrue(form.endswith(b"\r\n\r\nReturn-Path: in the body\r\n"))

    def test_hostile_envelope_stays_inside_its_field(self):
        """What HELO and MAIL say cannot add a line or a field."""
        g = self.gateway()
        with wire.Smtp(g.smtp, helo=None) as smtp:
            smtp.command(b"EHLO x)\x0bfor <evil@x>; y")
            code, _ = smtp.command(b"MAIL FROM:<\"a b\\\\\"@town.example>")
            if code != 250:
                smtp.expect(250, b"MAIL FROM:<a@town.example>")
            smtp.expect(250, b"RCPT TO:<" + RECIPIENT.encode() + b">")
            smtp.expect(354, b"DATA")
            smtp.send(wire.stuffed(AWKWARD["plain"]))
            self.assertEqual(smtp.reply()[0], 250)
        (form,) = wire.everything(g.pop3).values()
        prefix = served.split(form, AWKWARD["plain"])
        self.assertRegex(served.value(prefix, "Received"), rf"for <{re.escape(RECIPIENT)}>;")
        self.assertNotIn(b"\x0b", prefix)


class Facts(GatewayTest):
    def test_list_show_and_verify_as_json(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            for number in range(3):
                smtp.deliver(RECIPIENT, HEADER + b"number %d\r\n" % number)
        self.assertEqual(len(wire.everything(g.pop3)), 3)
        facts = g.list()
        self.assertEqual([g.raw(fact["id"])[-10:] for fact in facts],
                         [b"number 2\r\n", b"number 1\r\n", b"number 0\r\n"], "newest first")
        for fact in facts:
            self.assertLessEqual({"id", "digest", "received", "size_octets", "envelope", "deliveries"}, set(fact))
            self.assertRegex(fact["received"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
            self.assertIn(RECIPIENT, json.dumps(fact["envelope"]))
            self.assertIn("authority@town.example", json.dumps(fact["envelope"]))
            self.assertIn(fact["id"], g.command("show", fact["id"]).decode())
            self.assertEqual(json.loads(g.command("show", fact["id"], "--json"))["id"], fact["id"])
        self.assertIn(facts[0]["id"], g.command("list").decode())
        json.loads(g.command("verify", "--json"))
        done = g.command("raw", "no-such-id", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, b"")
        stopped = [g.stop(), g.list()][1]
        self.assertEqual(stopped, facts, "the same facts from a gateway that does not run")


if __name__ == "__main__":
    gateway.main()
