"""Who is on the other side: certificates of Rails' ingress and of the next mail server."""

import http.server
import ssl
import threading
import unittest

import certificates
import gateway
import test_handover
from gateway import eventually
from next_hop import NextHop
from test_handover import AWKWARD

HERE = "127.0.0.1"


class Certified(test_handover.Handover):
    def setUp(self):
        super().setUp()
        self.good = certificates.Authority(self.folder, "good")

    def waits(self, g, reason):
        """One message waits, and the alarm says why."""
        eventually(lambda: "handover.unreachable" in g.log(), "the alarm")
        self.assertRegex(g.log(), reason)
        self.assertEqual(self.states(g), ["waiting"])


class Https(Certified):
    def serve(self, cert, key):
        server = http.server.ThreadingHTTPServer((HERE, 0), test_handover.Ingress)
        server.status, server.attempts, server.stored, server.poison = [], [], [], None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()

        def end():
            server.shutdown()
            server.server_close()
            thread.join()
        self.addCleanup(end)
        return server

    def start(self, server, *lines):
        url = f"https://{HERE}:{server.server_address[1]}/rails/action_mailbox/relay/inbound_emails"
        return self.with_driver('driver = "action_mailbox"', f'url = "{url}"',
                                f'password_file = "{self.folder / "password"}"', *lines)

    def test_the_right_one_is_given_the_messages(self):
        server = self.serve(*self.good.issue(HERE))
        g = self.start(server, f'ca_file = "{self.good.cert}"')
        for octets in AWKWARD:
            self.send(g, octets)
        self.all_handed_over(g)
        for form, octets in zip(server.stored, AWKWARD, strict=True):
            self.original_is_in(form, octets)

    def is_given_nothing(self, pair, reason):
        """Not even the password."""
        server = self.serve(*pair)
        g = self.start(server, f'ca_file = "{self.good.cert}"')
        self.send(g, AWKWARD[0])
        self.waits(g, reason)
        self.assertEqual(server.attempts, [])

    def test_one_of_another_authority(self):
        self.is_given_nothing(certificates.Authority(self.folder, "other").issue(HERE), "certificate")

    def test_one_that_has_expired(self):
        self.is_given_nothing(self.good.issue(HERE, expired=True), "expired")

    def test_one_of_another_name(self):
        self.is_given_nothing(self.good.issue("other.example"), f"name.*{HERE}")

    def test_without_a_ca_file_the_systems_authorities_are_asked(self):
        server = self.serve(*self.good.issue(HERE))
        g = self.start(server)
        self.send(g, AWKWARD[0])
        self.waits(g, "certificate")
        self.assertEqual(server.attempts, [])


class SmtpTls(Certified):
    def setUp(self):
        super().setUp()
        self.server = NextHop()
        self.addCleanup(self.server.end)

    def start(self, starttls):
        host, port = self.server.server_address
        return self.with_driver('driver = "smtp"', f'relay = "{host}:{port}"', f'starttls = "{starttls}"',
                                f'ca_file = "{self.good.cert}"')

    def taken(self, g):
        self.send(g, AWKWARD[1])
        self.all_handed_over(g)
        (got,) = self.server.stored
        self.original_is_in(b"Return-Path: <authority@town.example>\r\n" + got["octets"], AWKWARD[1])
        return got

    def test_required_and_it_is_the_right_one(self):
        self.server.offer_tls(*self.good.issue(HERE))
        got = self.taken(self.start("required"))
        self.assertTrue(got["tls"])
        self.assertEqual(len(self.server.hello), 2, "what was said in clear is said again")

    def is_given_nothing(self, pair, reason):
        self.server.offer_tls(*pair)
        g = self.start("required")
        self.send(g, AWKWARD[0])
        self.waits(g, reason)
        self.assertEqual(self.server.stored, [])

    def test_required_and_of_another_authority(self):
        self.is_given_nothing(certificates.Authority(self.folder, "other").issue(HERE), "certificate")

    def test_required_and_expired(self):
        self.is_given_nothing(self.good.issue(HERE, expired=True), "expired")

    def test_required_and_of_another_name(self):
        self.is_given_nothing(self.good.issue("other.example"), f"name.*{HERE}")

    def test_required_and_not_offered(self):
        g = self.start("required")
        self.send(g, AWKWARD[0])
        self.waits(g, "STARTTLS")
        self.assertEqual(self.server.stored, [])
        self.server.offer_tls(*self.good.issue(HERE))
        self.all_handed_over(g)

    def test_when_offered_anybody_is_better_than_in_clear(self):
        self.server.offer_tls(*certificates.Authority(self.folder, "other").issue("other.example"))
        self.assertTrue(self.taken(self.start("when_offered"))["tls"])

    def test_when_offered_and_it_is_not(self):
        self.assertFalse(self.taken(self.start("when_offered"))["tls"])

    def test_never(self):
        self.server.offer_tls(*self.good.issue(HERE))
        self.assertFalse(self.taken(self.start("never"))["tls"])

    def test_what_was_announced_in_clear_does_not_count(self):
        self.server.offer_tls(*self.good.issue(HERE))
        self.server.extensions, self.server.only_in_clear = ["SIZE 100000000"], ["8BITMIME", "SMTPUTF8"]
        got = self.taken(self.start("required"))
        self.assertNotIn(b"8BITMIME", got["mail"])


if __name__ == "__main__":
    gateway.main()
