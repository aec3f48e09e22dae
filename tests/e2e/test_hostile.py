"""What has been sent to mail servers, by the numbers of the list that it comes from, and the right answer.

P is order, lengths and characters of the protocol, A addresses, H what goes into a header. Each case is sent in three
framings: in one segment, octet by octet, and inside TLS with an octet a record. After each case the store holds what was
acknowledged and nothing else, and the next honest session works. Other numbers are elsewhere: tests/HOSTILE.md.
"""

import hashlib
import unittest

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest
from test_tls import certificate

MEGABYTE = 1 << 20
TO = RECIPIENT.encode()
SINGLY_MAX = 6000   # octets of one case that are sent one by one; more would be minutes


class Talk:
    """A session whose octets go out in one of the framings."""

    def __init__(self, g, framing):
        self.framing = framing
        self.smtp = wire.Smtp(g.smtp, helo=None)
        if framing == "tls":
            self.smtp.expect(250, b"EHLO client.example")
            self.smtp.expect(220, b"STARTTLS")
            self.smtp.start_tls(wire.lax_tls())

    def send(self, octets):
        singly = octets[:SINGLY_MAX] if self.framing != "segment" else b""
        try:
            for at in range(len(singly)):
                self.smtp.send(singly[at:at + 1])
            self.smtp.send(octets[len(singly):])
        except (ConnectionError, OSError):
            pass   # refused and closed: the answer is there to be read

    def ask(self, line):
        self.send(line + b"\r\n")
        return self.smtp.reply()

    def closed(self):
        return self.smtp.at_end()


class Hostile(GatewayTest):
    framings = ("segment", "octets", "tls")

    def setUp(self):
        super().setUp()
        cert, key = certificate(self.folder)
        self.g = self.gateway({"smtpd.tls_cert": cert, "smtpd.tls_key": key, "smtpd.errors_max": 1000,
                               "popd.session_messages_max": 0, **self.settings})
        self.expected = []   # digests of what was acknowledged

    def each(self):
        """A session in each framing; what was acknowledged is looked for afterwards."""
        for framing in self.framings:
            with self.subTest(framing=framing):
                talk = Talk(self.g, framing)
                try:
                    yield talk
                finally:
                    talk.smtp.close()
                with wire.Smtp(self.g.smtp) as honest:
                    octets = b"Subject: honest\r\n\r\n%d\r\n" % len(self.expected)
                    honest.deliver(RECIPIENT, octets)
                    self.took(octets)
        found = sorted(message["digest"].removeprefix("sha256:") for message in self.g.list())
        self.assertEqual(found, sorted(self.expected), "what was acknowledged, and nothing else")

    def took(self, octets):
        self.expected.append(hashlib.sha256(octets).hexdigest())

    def expect(self, talk, *dialog):
        """Lines and the codes, with the enhanced ones, that answer them."""
        for line, code in dialog:
            answer = talk.ask(line)
            self.assertEqual(f"{answer[0]} {answer[1]}"[:len(code)], code, (line[:60], answer))

    def deliver(self, talk, octets, code="250"):
        self.expect(talk, (b"MAIL FROM:<a@town.example>", "250"), (b"RCPT TO:<" + TO + b">", "250"), (b"DATA", "354"))
        talk.send(wire.stuffed(octets))
        answer = talk.smtp.reply()
        self.assertEqual(f"{answer[0]} {answer[1]}"[:len(code)], code)
        if answer[0] == 250:
            self.took(octets)


class Protocol(Hostile):
    settings = {"smtpd.message_octets_max": 70 * MEGABYTE}

    def test_P1_early_talker(self):
        """As shipped nobody waits for a greeting: what came early is answered behind it. test_front_door has the delay."""
        for talk in self.each():
            if talk.framing == "tls":
                continue   # the greeting was said in clear
            early = wire.Wire(self.g.smtp)
            with early:
                early.send(b"EHLO x\r\n")
                self.assertEqual([early.line()[:4], early.line()[:4]], [b"220 ", b"250-"])

    def test_P2_data_before_it_was_asked_for(self):
        """Only what comes in one piece was sent too early; octet by octet the 354 may have been on its way."""
        for talk in self.each():
            self.expect(talk, (b"MAIL FROM:<a@town.example>", "250"), (b"RCPT TO:<" + TO + b">", "250"))
            octets = b"DATA\r\nSubject: a\r\n\r\nx\r\n.\r\n"
            talk.smtp.send(octets)   # in one segment, or one record
            self.assertEqual(talk.smtp.reply()[0], 554)
            self.assertTrue(talk.closed())

    def test_P3_order(self):
        for talk in self.each():
            self.expect(talk, (b"RCPT TO:<" + TO + b">", "503 5.5.1"), (b"DATA", "503 5.5.1"),
                        (b"MAIL FROM:<a@b.example>", "250"),   # no HELO: Postfix as shipped takes it
                        (b"MAIL FROM:<a@b.example>", "503 5.5.1"), (b"DATA", "554 5.5.1"),
                        (b"RCPT TO:<who@example.test>", "550 5.1.1"), (b"DATA", "554 5.5.1"))

    def test_P4_command_lines(self):
        for talk in self.each():
            for length, code in ((512, "250"), (513, "250"), (2048, "250"), (4096, "250"), (4097, "500 5.5.2"),
                                 (60_000, "500 5.5.2")):
                self.expect(talk, (b"NOOP " + b"A" * (length - 7), code))
            talk.send(b"NOOP " + b"A" * MEGABYTE)
            self.assertEqual(talk.smtp.reply()[0], 500, "once")
            self.assertTrue(talk.closed())

    def test_P5_lines_of_a_body(self):
        for talk in self.each():
            for length in (998, 999, 1_000_000):
                self.deliver(talk, b"Subject: x\r\n\r\n" + b"A" * length + b"\r\n")

    def test_P6_headers(self):
        framings = self.framings
        for size, line in ((100 << 10, b"Subject: %s\r\n"), (MEGABYTE, b"X: %s\r\n"), (64 * MEGABYTE, b"X: %s\r\n")):
            self.framings = framings if size <= MEGABYTE else ("segment",)
            for talk in self.each():
                self.deliver(talk, line % (b"A" * size) + b"\r\nbody\r\n")
        self.framings = ("segment",)
        for talk in self.each():
            self.deliver(talk, b"".join(b"X-%d: y\r\n" % number for number in range(1_000_000)) + b"\r\nbody\r\n")
        forms = wire.everything(self.g.pop3)
        self.assertEqual(len(forms), len(self.expected), "all of them are served")

    def test_P7_sizes(self):
        for talk in self.each():
            self.expect(talk, (b"MAIL FROM:<a@b.example> SIZE=99999999999999999999", "552 5.3.4"),
                        (b"MAIL FROM:<a@b.example> SIZE=-1", "501 5.5.4"),
                        (b"MAIL FROM:<a@b.example> SIZE=1x", "501 5.5.4"),
                        (b"MAIL FROM:<a@b.example> SIZE=1", "250"), (b"RSET", "250"))
            self.deliver(talk, b"Subject: x\r\n\r\nmore than one octet\r\n")

    def test_P8_nul(self):
        for talk in self.each():
            self.expect(talk, (b"NO\0OP", "500 5.5.2"), (b"MAIL FROM:<a\0@b.example>", "500 5.5.2"))
            self.deliver(talk, b"Subject: \0\r\n\r\na\0b\0\r\n\0\r\n")

    def test_P9_eight_bit_without_smtputf8(self):
        for talk in self.each():
            for octets in ("ü".encode(), b"\xfc"):
                self.expect(talk, (b"VRFY " + octets, "252"), (b"MAIL FROM:<" + octets + b"@b.example>", "250"),
                            (b"RCPT TO:<" + octets + b"@example.test>", "550 5.1.1"),
                            (b"RCPT TO:<foi+" + octets + b"@example.test>", "250"), (b"DATA", "354"))
                body = b"Subject: x\r\n\r\n" + octets + b"\r\n"
                talk.send(wire.stuffed(body))
                self.assertEqual(talk.smtp.reply()[0], 250)
                self.took(body)

    def test_P10_parameters(self):
        """A decoded octet that could end a line reaches no file and no header: nothing is decoded that is not used."""
        for talk in self.each():
            self.expect(talk, (b"MAIL FROM:<a@b.example> AUTH=x+0Ay", "250"),
                        (b"RCPT TO:<" + TO + b"> ORCPT=rfc822;x+0Ainjected", "250"),
                        (b"RCPT TO:<" + TO + b"> NOTIFY=" + b"NEVER," * 600, "250"),
                        (b"RCPT TO:<" + TO + b"> NOTIFY=" + b"NEVER," * 10_000, "500"))
            talk.smtp.close()
        self.assertNotIn("injected", self.g.command("list", "--json").decode())

    def test_P11_recipients(self):
        self.framings = ("segment", "tls")   # a thousand commands, octet by octet, say nothing new
        for talk in self.each():
            self.expect(talk, (b"MAIL FROM:<a@b.example>", "250"))
            answers = [talk.ask(b"RCPT TO:<foi+%d@example.test>" % number)[0] for number in range(1001)]
            self.assertEqual(answers, [250] * 100 + [452] * 901, "a hundred (RFC 5321 4.5.3.1.8), and 452 for the others")

    def test_P13_vrfy_and_expn_tell_nothing(self):
        for talk in self.each():
            for address in (TO, b"who@example.test", b"root", b"a@elsewhere.example"):
                self.expect(talk, (b"VRFY " + address, "252 2.0.0 Send some mail"), (b"EXPN " + address, "502 5.5.1"))

    def test_P14_dangling(self):
        for talk in self.each():
            for octets in (b" continued\r\n\r\nbody\r\n", b"\r\n", b"", b":\r\n\r\n", b"no header at all\r\n"):
                self.deliver(talk, octets)
        self.assertEqual(len(wire.everything(self.g.pop3)), len(self.expected))

    def test_P15_hello(self):
        for talk in self.each():
            self.expect(talk, (b"EHLO " + b"A" * 10_000, "500 5.5.2"), (b"EHLO \x1b]0;x\x07", "500 5.5.2"),
                        (b"EHLO a b", "250"), (b"HELO " + b"\xff" * 300, "250"))
            self.deliver(talk, b"Subject: x\r\n\r\n")
        log = (self.g.folder / "stderr").read_bytes()
        self.assertEqual([octet for octet in log if octet < 32 and octet != 10], [])


class TooManyErrors(Hostile):
    settings = {"smtpd.errors_max": 10}

    def test_P12_junk(self):
        self.framings = ("segment", "tls")
        for talk in self.each():
            for line, most in ((b"WHAT", 10), (b"NOOP", 1000), (b"RSET", 1000), (b"VRFY x", 1000)):
                with self.subTest(line):
                    again = Talk(self.g, talk.framing)
                    codes = []
                    try:
                        while len(codes) <= most and 421 not in codes:
                            codes.append(again.ask(line)[0])
                    except wire.Closed:
                        pass
                    self.assertEqual(codes[-1], 421, "it is over at some time")
                    self.assertTrue(again.closed())
                    again.smtp.close()


# What RCPT is answered. The domain x is nobody's; example.test is ours.
ADDRESSES = [
    (b'<"a b"@x>', "550 5.1.1"), (b'<"a\\"b"@x>', "550 5.1.1"), (b'<"a@evil"@x>', "550 5.1.1"), (b'<""@x>', "550 5.1.1"),
    (b"<a@[127.0.0.1]>", "550 5.1.1"), (b"<a@[IPv6:::1]>", "550 5.1.1"), (b"<a@[>", "501 5.1.3"),
    (b"<@h1,@h2:u@x>", "550 5.1.1"), (b"<a%b@x>", "550 5.1.1"), (b"<a!b@x>", "550 5.1.1"), (b"<a@b@x>", "550 5.1.1"),
    (b"<a@x.>", "550 5.1.1"), (b"<a@-x>", "550 5.1.1"), (b"<a@x..y>", "501 5.1.3"),
    (b"<" + b"l" * 64 + b"@x>", "550 5.1.1"), (b"<" + b"l" * 65 + b"@x>", "550 5.1.1"),
    (b"<a@" + b"d" * 255 + b">", "550 5.1.1"), (b"<a@" + b"d" * 256 + b">", "550 5.1.1"),
    (b"<" + b"p" * 254 + b"@x>", "550 5.1.1"),
    (b"<>", "501 5.1.3"), (b"<postmaster>", "250"), (b"<u+tag@x>", "550 5.1.1"), (b"<../../etc@x>", "550 5.1.1"),
    (b"<a/b@x>", "550 5.1.1"), (b"<|cmd@x>", "550 5.1.1"), (b"<;id;@>", "501 5.1.3"), (b"<a@xn--80ak6aa92e>", "550 5.1.1"),
    ("<а@x>".encode(), "550 5.1.1"),
    # The same at our domain: the local part is never read as a path, a command, a list or another route.
    (b"<../../etc@example.test>", "550 5.1.1"), (b"<|cmd@example.test>", "550 5.1.1"),
    (b"<a%elsewhere.example@example.test>", "550 5.1.1"), (b"<elsewhere.example!a@example.test>", "550 5.1.1"),
    (b"<foi%example.test@elsewhere.example>", "550 5.1.1"), (b'<"foi@example.test"@elsewhere.example>', "550 5.1.1"),
    (b"<@example.test:a@elsewhere.example>", "550 5.1.1"),
    ("<fоi+1@example.test>".encode(), "550 5.1.1"), ("<ＦＯＩ+1@example.test>".encode(), "550 5.1.1"),
    (b"<foi+1@example.test>", "250"), (b"<FOI+1@EXAMPLE.TEST>", "250"), (b"<@h1,@h2:foi+1@example.test>", "250"),
    ("<foi+1@exampleſ.test>".encode(), "550 5.1.1"),
]


class Addresses(Hostile):
    def test_A_recipients(self):
        for talk in self.each():
            self.expect(talk, (b"MAIL FROM:<a@b.example>", "250"))
            for written, code in ADDRESSES:
                with self.subTest(written):
                    self.expect(talk, (b"RCPT TO:" + written, code))

    def test_A_senders(self):
        """What Postfix as shipped takes; whatever it is, it is in no field but its own."""
        for talk in self.each():
            for written, code in ((b'<"a b"@x>', "250"), (b"<a@[IPv6:::1]>", "250"), (b"<@h1,@h2:u@x>", "250"),
                                  (b"<a@[>", "501 5.1.7"), (b"<;id;@>", "501 5.1.7"), (b"<>", "250"), (b"<|cmd@x>", "250"),
                                  (b"<../../etc@x>", "250"), (b"<a@x>" + b"y", "501 5.1.7")):
                with self.subTest(written):
                    self.expect(talk, (b"MAIL FROM:" + written, code), (b"RSET", "250"))


class Headers(Hostile):
    # espoofer's server_a1 to a19, and what was decoded into files elsewhere: as they would stand in HELO and MAIL FROM.
    HOSTILE = [b"legitimate.com'a.attack.com", b"legitimate.com(a.attack.com", b"_domainkey.attack.com.x00.any",
               b"x) by forged.example (y", b"x;spf=pass", b"x\tspf=pass smtp.mailfrom=ministry.example",
               b"[192.0.2.1]) (forged", b"\xe2\x80\xaeelpmaxe", b"\xff\xfe", b"a" * 1000, b"%n%s{}", b"<script>alert(1)</script>"]

    def test_H_what_the_client_says_stays_in_its_field(self):
        for talk in self.each():
            for words in self.HOSTILE:
                with self.subTest(words):
                    self.expect(talk, (b"EHLO " + words, "250"))
                    body = b"Authentication-Results: mx.example.test; spf=pass\r\nSubject: x\r\n\r\n%d\r\n" % len(self.expected)
                    quoted = words.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
                    self.expect(talk, (b'MAIL FROM:<"' + quoted + b'"@town.example>', "250"),
                                (b"RCPT TO:<" + TO + b">", "250"), (b"DATA", "354"))
                    talk.send(wire.stuffed(body))
                    self.assertEqual(talk.smtp.reply()[0], 250)
                    self.took(body)
        for form in wire.everything(self.g.pop3).values():
            names = [name.lower() for name, _ in served.header_fields(form)[0]]
            self.assertEqual(names.count(b"received"), 1)
            results = served.values(form, "Authentication-Results")
            self.assertEqual(results, ["mx.example.test; none"], "ours alone; what came with it has another name")
            received = served.value(form, "Received")
            self.assertEqual(received.count(" by "), 1, received)
            self.assertNotRegex(received.split(" by ")[0], r"[;<>'{}%]")


if __name__ == "__main__":
    gateway.main()
