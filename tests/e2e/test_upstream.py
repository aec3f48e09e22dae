"""Behind somebody: a proxy, or another mail server. Who is believed, and what becomes of what they say."""

import pwd
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

import dns
import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest, eventually
from postfix import Postfix

BODY = b"Subject: x\r\n\r\nbody\r\n"
NEIGHBOUR, STRANGER = "127.0.0.2", "127.0.0.3"


class From(wire.Smtp):
    """An SMTP client with an address of its own, which may say something before the greeting."""

    def __init__(self, address, source=NEIGHBOUR, before=b"", helo=b"client.example"):
        super().__init__(address, helo, source=source, before=before)


def proxy_text(source, port=40248, family=b"TCP4"):
    return b"PROXY %b %b %b %d 25\r\n" % (family, source, source, port)


def proxy_binary(source, port=40248, command=0x21, more=b""):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    octets = socket.inet_pton(family, source)
    body = octets + octets + struct.pack(">HH", port, 25) + more
    return (b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, 0x21 if family == socket.AF_INET6 else 0x11])
            + struct.pack(">H", len(body)) + body)


class Case(GatewayTest):
    def envelopes(self, g):
        return [message["envelope"] for message in g.list()]

    def newest(self, g):
        return max(g.list(), key=lambda message: message["received"])["envelope"]


class Proxy(Case):
    settings = {"smtpd.proxy_protocol_from": [NEIGHBOUR + "/32"]}

    def test_the_client_is_who_the_proxy_says(self):
        g = self.gateway()
        headers = {
            proxy_text(b"192.0.2.1"): "192.0.2.1",
            proxy_text(b"2001:db8::1", family=b"TCP6"): "2001:db8::1",
            proxy_binary("192.0.2.2"): "192.0.2.2",
            proxy_binary("2001:db8::2", more=b"\x02\0\x03mx." + b"\x04\x01\0" + b"\r\n" * 128): "2001:db8::2",
            proxy_binary("::ffff:192.0.2.3"): "192.0.2.3",
        }
        for header, address in headers.items():
            with self.subTest(address), From(g.smtp, before=header) as smtp:
                smtp.deliver(RECIPIENT, BODY)
                smtp.quit()
                envelope = self.newest(g)
                self.assertEqual((envelope["client"], envelope["client_port"], envelope["told_by"]),
                                 (address, 40248, "proxy"))
                self.assertEqual(envelope["via"], NEIGHBOUR)
        received = [served.value(form, "Received") for form in wire.everything(g.pop3).values()]
        for address in headers.values():
            literal = "[IPv6:" + address + "]" if ":" in address else "[" + address + "]"
            self.assertEqual(sum(literal in line for line in received), 1, literal)
        self.assertIn("client=192.0.2.1:40248", g.log())

    def test_whatever_the_pieces(self):
        g = self.gateway()
        for header in (proxy_text(b"192.0.2.1"), proxy_binary("192.0.2.1", more=b"\x20\0\x02ab")):
            dialog = header + b"EHLO a\r\nMAIL FROM:<a@town.example>\r\nRCPT TO:<" + RECIPIENT.encode() + b">\r\nDATA\r\n"
            for pieces in ([dialog], [bytes([octet]) for octet in dialog], [header, dialog[len(header):]]):
                with wire.Wire(g.smtp, source=NEIGHBOUR) as client:
                    for piece in pieces:
                        client.send(piece)
                    while not client.line().startswith(b"354"):
                        pass
                    client.send(wire.stuffed(BODY))
                    self.assertTrue(client.line().startswith(b"250"))
        self.assertEqual({e["client"] for e in self.envelopes(g)}, {"192.0.2.1"})
        self.assertEqual(len(g.list()), 6)

    def test_the_proxy_speaks_for_itself(self):
        g = self.gateway()
        for header in (b"PROXY UNKNOWN\r\n", proxy_binary("192.0.2.1", command=0x20)):
            with From(g.smtp, before=header) as smtp:
                smtp.deliver(RECIPIENT, BODY)
            envelope = self.newest(g)
            self.assertEqual(envelope["client"], NEIGHBOUR)
            self.assertNotIn("told_by", envelope)

    def test_without_a_header_there_is_no_answer(self):
        g = self.gateway()
        for octets in (b"EHLO client.example.org\r\n", b"PROXY TCP4 192.0.2.300 192.0.2.1 1 25\r\n",
                       b"PROXY TCP4 192.0.2.1 192.0.2.1 1 25" + b" " * 200, proxy_binary("192.0.2.1", command=0x31),
                       b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"x" * 300):
            with self.subTest(octets), wire.Wire(g.smtp, source=NEIGHBOUR) as client:
                client.send(octets)
                self.assertTrue(client.at_end())
        for beginning in (b"", b"PROXY TCP4 192.0", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"):
            with self.subTest(beginning), wire.Wire(g.smtp, source=NEIGHBOUR) as client:
                client.send(beginning)
                client.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(client.at_end())
        with wire.Wire(g.smtp, source=NEIGHBOUR) as client:   # the deadline: it says nothing, and stays
            self.assertTrue(client.at_end())
        self.assertIn("smtp.proxy_failed", g.log())

    def test_of_anybody_else_it_is_not_read(self):
        g = self.gateway()
        with From(g.smtp, source=STRANGER, helo=None) as smtp:
            self.assertEqual(smtp.command(proxy_text(b"192.0.2.1").strip())[0], 500)
            smtp.deliver(RECIPIENT, BODY)
        self.assertEqual(self.newest(g)["client"], STRANGER)

    def test_limits_are_the_client_s(self):
        g = self.gateway({"smtpd.sessions_per_address_max": 2, "smtpd.trusted_networks": []})
        held = [From(g.smtp, before=proxy_text(b"192.0.2.1")) for _ in range(2)]
        self.assertEqual(From(g.smtp, before=proxy_text(b"192.0.2.1")).greeting[0], 421)
        others = [From(g.smtp, before=proxy_text(b"192.0.2.%d" % n)) for n in range(2, 12)]
        self.assertEqual({smtp.greeting[0] for smtp in others}, {220})
        held.pop().quit()

        def welcome():
            with From(g.smtp, before=proxy_text(b"192.0.2.1")) as smtp:
                return smtp.greeting[0] == 220
        eventually(welcome, "a place that was left is free again")
        for smtp in held + others:
            smtp.close()

    def test_in_front_of_tls(self):
        with tempfile.TemporaryDirectory(prefix="guichet-upstream-") as folder:
            cert, key = Path(folder) / "cert.pem", Path(folder) / "key.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-subj", "/CN=localhost", "-days", "2", "-keyout", key, "-out", cert],
                           check=True, capture_output=True)
            g = self.gateway({"smtpd.tls_cert": cert, "smtpd.tls_key": key})
            with From(g.smtp, before=proxy_binary("192.0.2.9")) as smtp:
                smtp.expect(220, b"STARTTLS")
                smtp.start_tls(wire.lax_tls())
                smtp.expect(250, b"EHLO client.example")
                smtp.deliver(RECIPIENT, BODY)
            envelope = self.newest(g)
            self.assertEqual((envelope["client"], envelope["protocol"]), ("192.0.2.9", "ESMTPS"))


def queue_id(answer):
    """Postfix's, from its reply to the end of data."""
    return answer[1].rsplit(" ", 1)[1]


class Xclient(Case):
    settings = {"smtpd.xclient_from": [NEIGHBOUR + "/32"]}

    def test_the_session_begins_anew(self):
        g = self.gateway()
        with From(g.smtp) as smtp:
            self.assertIn("XCLIENT NAME ADDR PORT PROTO HELO", smtp.ehlo[1].splitlines())
            smtp.expect(220, b"XCLIENT NAME=mail.town.example ADDR=192.0.2.1 PORT=40248")
            self.assertEqual(smtp.command(b"XCLIENT ADDR=192.0.2.2")[0], 550, "that client is nobody special")
            self.assertNotIn("XCLIENT", smtp.expect(250, b"EHLO mail.town.example")[1])
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        envelope = self.newest(g)
        self.assertEqual({key: envelope.get(key) for key in ("client", "client_port", "client_name", "helo", "via",
                                                             "told_by")},
                         {"client": "192.0.2.1", "client_port": 40248, "client_name": "mail.town.example",
                          "helo": "mail.town.example", "via": NEIGHBOUR, "told_by": "xclient"})
        form, = wire.everything(g.pop3).values()
        self.assertIn("from mail.town.example (mail.town.example [192.0.2.1])", served.value(form, "Received"))

    def test_told_in_parts_and_not_known(self):
        g = self.gateway()
        with From(g.smtp) as smtp:   # while it says no address it may go on
            smtp.expect(220, b"XCLIENT HELO=two+20words PROTO=SMTP")
            smtp.expect(220, b"XCLIENT NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]")
            smtp.deliver(RECIPIENT, BODY)
        envelope = self.newest(g)
        self.assertEqual((envelope["client"], envelope["helo"], envelope["protocol"]), ("", "two words", "SMTP"))
        form, = wire.everything(g.pop3).values()
        self.assertIn("from two?words ([unknown])", served.value(form, "Received"))

    def test_of_anybody_else_it_is_refused(self):
        g = self.gateway()
        with From(g.smtp, source=STRANGER) as smtp:
            self.assertNotIn("XCLIENT", smtp.ehlo[1])
            self.assertEqual(smtp.command(b"XCLIENT ADDR=192.0.2.1")[0], 550)
            smtp.deliver(RECIPIENT, BODY)
        self.assertEqual(self.newest(g)["client"], STRANGER)

    def test_limits_are_the_client_s(self):
        g = self.gateway({"smtpd.sessions_per_address_max": 1, "smtpd.trusted_networks": []})
        with From(g.smtp, before=b"XCLIENT ADDR=192.0.2.1\r\n", helo=None) as first:
            self.assertEqual(first.reply()[0], 220)
            with From(g.smtp, helo=None) as second:
                self.assertEqual(second.command(b"XCLIENT ADDR=192.0.2.1")[0], 421)
            with From(g.smtp, helo=None) as third:
                self.assertEqual(third.command(b"XCLIENT ADDR=192.0.2.2")[0], 220)


class Upstream(Case):
    """What a trusted upstream may say and do, spoken by hand."""

    settings = {"smtpd.trusted_upstream": [NEIGHBOUR + "/32"], "smtpd.message_octets_max": 65536}

    def test_the_client_of_each_message(self):
        g = self.gateway()
        with From(g.smtp) as smtp:
            smtp.expect(250, b"XFORWARD NAME=mail.town.example ADDR=IPV6:2001:db8::7 PORT=40248")
            smtp.expect(250, b"XFORWARD PROTO=ESMTP HELO=mail.town.example IDENT=4Rb0Xz1 SOURCE=REMOTE")
            smtp.deliver(RECIPIENT, BODY)
            envelope = self.newest(g)
            self.assertEqual({key: envelope.get(key) for key in ("client", "client_port", "client_name", "helo",
                                                                 "via", "told_by", "upstream_id")},
                             {"client": "2001:db8::7", "client_port": 40248, "client_name": "mail.town.example",
                              "helo": "mail.town.example", "via": NEIGHBOUR, "told_by": "xforward",
                              "upstream_id": "4Rb0Xz1"})
            self.assertIs(envelope["trusted_upstream"], True)
            smtp.deliver(RECIPIENT, BODY)   # the facts went with the first message
            envelope = self.newest(g)
            self.assertEqual((envelope["client"], envelope["helo"]), (NEIGHBOUR, "client.example"))
            self.assertNotIn("told_by", envelope)
        self.assertIn("client=[2001:db8::7]:40248", g.log())

    def test_what_others_are_refused_for_is_filed(self):
        g = self.gateway()
        large = BODY + b"x" * 200_000 + b"\r\n"
        strange = b"Subject: x\r\n\r\nA\n.\nMAIL FROM:<b@town.example>\r\n"
        for message in (large, strange):
            with From(g.smtp) as smtp:
                self.assertIn("SIZE 0", smtp.ehlo[1].splitlines())
                smtp.deliver(RECIPIENT, message)
                smtp.quit()
            with From(g.smtp, source=STRANGER) as smtp:
                self.assertIn(smtp.message(RECIPIENT, message)[0], (550, 552))
        self.assertEqual({g.raw(message["id"]) for message in g.list()}, {large, strange})

    def test_its_results_are_kept(self):
        g = self.gateway()
        judged = (b"Authentication-Results: upstream.test; spf=pass smtp.mailfrom=town.example\r\n"
                  b"X-Spam-Score: 1.2\r\nReturn-Path: <forged@town.example>\r\n" + BODY)
        for source in (NEIGHBOUR, STRANGER):
            with From(g.smtp, source=source) as smtp:
                smtp.deliver(RECIPIENT, judged)
        forms = wire.everything(g.pop3)
        by_source = {form.count(b"\r\nAuthentication-Results: upstream.test; spf=pass"): form for form in forms.values()}
        kept, renamed = by_source[1], by_source[0]
        self.assertNotIn(b"; none\r\n", kept)
        self.assertIn(b"X-Inbound-Return-Path: <forged@town.example>", kept, "what is ours stays ours")
        self.assertIn(b"\r\nX-Inbound-Authentication-Results: upstream.test", renamed)
        self.assertEqual(renamed.count(b"\r\nAuthentication-Results:"), 1)
        self.assertIn(b"\r\nX-Spam-Score: 1.2\r\n", kept)
        self.assertIn(b"\r\nX-Inbound-X-Spam-Score: 1.2\r\n", renamed)
        self.assertNotIn(b"\r\nX-Spam-Score:", renamed)
        g.kill9()
        g.start()
        self.assertEqual(wire.everything(g.pop3), forms, "as it was")
        g.verify()

    def test_limits_are_the_client_s(self):
        g = self.gateway({"smtpd.sessions_per_address_max": 1, "smtpd.trusted_networks": []})
        sessions = [From(g.smtp) for _ in range(3)]   # an upstream has as many as it likes
        for smtp in sessions:
            smtp.expect(250, b"XFORWARD ADDR=192.0.2.1")
        first, second, third = sessions
        first.expect(250, b"MAIL FROM:<a@town.example>")
        self.assertEqual(second.command(b"MAIL FROM:<a@town.example>")[0], 450)
        second.expect(250, b"RSET")
        second.expect(250, b"XFORWARD ADDR=192.0.2.2")
        second.expect(250, b"MAIL FROM:<a@town.example>")
        first.quit()
        third.expect(250, b"RSET")
        third.expect(250, b"XFORWARD ADDR=192.0.2.3")
        third.expect(250, b"MAIL FROM:<a@town.example>")
        for smtp in (second, third):
            smtp.quit()

    def test_verifying_addresses_is_no_guessing(self):
        g = self.gateway({"smtpd.errors_max": 1, "smtpd.guesses_max": 5, "smtpd.trusted_networks": []})

        def probe(smtp, number):
            smtp.expect(250, b"MAIL FROM:<>")
            answer = smtp.command(b"RCPT TO:<foi+request-%d-abcdef12@example.test>" % number)
            other = smtp.command(b"RCPT TO:<nobody-%d@example.test>" % number)
            smtp.expect(250, b"RSET")
            return answer[0], other[0]

        with From(g.smtp) as smtp:
            for number in range(150):
                self.assertEqual(probe(smtp, number), (250, 550))
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        with From(g.smtp, source=STRANGER) as smtp:
            answers = [probe(smtp, number)[1] for number in range(8)]
            self.assertEqual(answers[-1], 450, "a stranger who does so is guessing")

    def test_of_anybody_else_nothing_is_believed(self):
        g = self.gateway()
        with From(g.smtp, source=STRANGER) as smtp:
            self.assertNotIn("XFORWARD", smtp.ehlo[1])
            self.assertEqual(smtp.command(b"XFORWARD ADDR=192.0.2.1")[0], 550)
            smtp.deliver(RECIPIENT, BODY)
        envelope = self.newest(g)
        self.assertEqual(envelope["client"], STRANGER)
        self.assertNotIn("trusted_upstream", envelope)


class BehindPostfix(Case):
    """A real Postfix is the MX and hands the mail on, as README.md says how."""

    settings = {"smtpd.trusted_upstream": ["127.0.0.1/32"], "smtpd.message_octets_max": 65536}

    def behind(self, g):
        return ("relay_domains = example.test\n"
                "transport_maps = inline:{{example.test=relay:[127.0.0.1]:%d}}\n"
                "smtp_send_xforward_command = yes\n"
                "smtpd_recipient_restrictions = reject_unauth_destination, reject_unverified_recipient\n"
                "unverified_recipient_reject_code = 550\n"
                "address_verify_poll_delay = 1s\naddress_verify_poll_count = 60\n" % g.smtp[1])

    def test_as_its_next_hop(self):
        g = self.gateway()
        with Postfix(self.folder, self.behind(g)) as postfix:
            message = b"Authentication-Results: upstream.test; spf=pass\r\nSubject: x\r\n\r\n" + b"x" * 100_000 + b"\r\n"
            with wire.Smtp(postfix.address, helo=None) as smtp:
                smtp.expect(250, b"EHLO tester.example")
                smtp.expect(220, b"XCLIENT NAME=mail.town.example ADDR=192.0.2.77 PORT=40248")
                smtp.expect(250, b"EHLO out.town.example")
                smtp.expect(250, b"MAIL FROM:<authority@town.example>")
                code, text = smtp.command(b"RCPT TO:<nobody-here@example.test>")
                self.assertEqual(code, 550, text)
                self.assertIn("nobody-here@example.test", text)
                smtp.expect(250, b"RCPT TO:<" + RECIPIENT.encode() + b">")
                smtp.expect(354, b"DATA")
                smtp.send(wire.stuffed(message))
                answer = smtp.reply()
                self.assertEqual(answer[0], 250, answer)
                smtp.quit()
            ident = queue_id(answer)
            postfix.wait_for(f"{ident}: removed")
            filed = [line for line in postfix.log().splitlines() if f"{ident}: to=<{RECIPIENT}>" in line]
            self.assertIn("status=sent (250 2.0.0 filed as", filed[0])
            envelope = self.newest(g)
            self.assertEqual({key: envelope.get(key) for key in (
                "client", "client_port", "client_name", "helo", "via", "told_by", "upstream_id", "mail_from")}, {
                "client": "192.0.2.77", "client_port": 40248, "client_name": "mail.town.example",
                "helo": "out.town.example", "via": "127.0.0.1", "told_by": "xforward", "upstream_id": ident,
                "mail_from": "authority@town.example"})
            form, = wire.everything(g.pop3).values()
            ours, _ = served.values(form, "Received")
            self.assertIn("from out.town.example (mail.town.example [192.0.2.77]) by mx.example.test (Guichet", ours)
            self.assertEqual(form.count(b"\r\nAuthentication-Results: "), 1, "the upstream's")
            self.assertEqual(postfix.queued(), "")

    def test_beside_it_as_a_shadow_copy(self):
        """Postfix delivers as before; a copy goes to a domain that only Guichet serves."""
        config = self.folder / "shadow.toml"
        (self.folder / "password").write_text("secret\n")
        config.write_text('[[site]]\ndomain = "shadow.test"\nprefix = "foi+"\nmaildrop = "foi"\n'
                          '[[maildrop]]\nname = "foi"\npassword_file = "password"\n')
        g = self.gateway(config=config)
        (self.folder / "bcc").write_text("/^(foi[^@]*)@example\\.test$/ ${1}@shadow.test\n")
        (self.folder / "mail").mkdir()
        (self.folder / "mail").chmod(0o777)
        nobody = pwd.getpwnam("nobody")
        with Postfix(self.folder, (
                f"virtual_mailbox_domains = example.test\nvirtual_mailbox_base = {self.folder}/mail\n"
                f"virtual_mailbox_maps = static:foi/\nvirtual_uid_maps = static:{nobody.pw_uid}\n"
                f"virtual_gid_maps = static:{nobody.pw_gid}\n"
                f"virtual_minimum_uid = 100\nrecipient_bcc_maps = regexp:{self.folder}/bcc\n"
                "transport_maps = inline:{{shadow.test=smtp:[127.0.0.1]:%d}}\n"
                "smtp_send_xforward_command = yes\n" % g.smtp[1])) as postfix:
            with wire.Smtp(postfix.address, helo=None) as smtp:
                smtp.expect(250, b"EHLO tester.example")
                smtp.expect(220, b"XCLIENT ADDR=192.0.2.78")
                smtp.expect(250, b"EHLO out.town.example")
                answer = smtp.message(RECIPIENT, BODY)
                self.assertEqual(answer[0], 250, answer)
            postfix.wait_for(f"{queue_id(answer)}: removed")
            delivered, = (self.folder / "mail/foi/new").iterdir()
            self.assertIn(b"body", delivered.read_bytes())
            shadow, = g.list()
            self.assertEqual(shadow["envelope"]["client"], "192.0.2.78")
            self.assertEqual(shadow["envelope"]["mail_from"], "authority@town.example")
            self.assertEqual(shadow["deliveries"][0]["recipient"], RECIPIENT.replace("example.test", "shadow.test"))

    def test_spf_is_of_the_client_that_it_names(self):
        server = self.enterContext(dns.Server({("town.example", "TXT"): ["v=spf1 ip4:192.0.2.77 -all"]}))
        g = self.gateway({"filters.authentication": True, "resolver.servers": [server.address]})
        results = {}
        with Postfix(self.folder, self.behind(g)) as postfix:
            for client in ("192.0.2.77", "192.0.2.78"):
                with wire.Smtp(postfix.address, helo=None) as smtp:
                    smtp.expect(250, b"EHLO tester.example")
                    smtp.expect(220, b"XCLIENT ADDR=%b" % client.encode())
                    smtp.expect(250, b"EHLO out.town.example")
                    answer = smtp.message(RECIPIENT, BODY)
                    self.assertEqual(answer[0], 250, answer)
                postfix.wait_for(f"{queue_id(answer)}: removed")
                eventually(lambda: len(g.list()) > len(results) and all(m["deliveries"] for m in g.list()), "delivered")
                results[client] = g.list()[0]["verdicts"][-1]["findings"]["spf"]["result"]
        self.assertEqual(results, {"192.0.2.77": "pass", "192.0.2.78": "fail"})

    def test_alone(self):
        """A Postfix that nobody configured here is an authority's: a stranger."""
        g = self.gateway({"smtpd.trusted_upstream": []})
        with Postfix(self.folder, "relayhost = [127.0.0.1]:%d\nsmtp_send_xforward_command = yes\n" % g.smtp[1]) as postfix:
            with From(postfix.address, source="127.0.0.9") as smtp:
                answer = smtp.message(RECIPIENT, b"Authentication-Results: mx.example.test; spf=pass\r\n" + BODY)
                self.assertEqual(answer[0], 250, answer)
            postfix.wait_for(f"{queue_id(answer)}: removed")
            envelope = self.newest(g)
            self.assertEqual((envelope["client"], envelope["helo"]), ("127.0.0.1", "upstream.test"))
            self.assertNotIn("told_by", envelope)
            form, = wire.everything(g.pop3).values()
            self.assertIn(b"\r\nX-Inbound-Authentication-Results: mx.example.test; spf=pass", form)


if __name__ == "__main__":
    gateway.main()
