"""What is asked of a client before its mail is taken, and that none of it touches a GENUINE request address."""

import hashlib
import json
import shutil
import unittest

import dns
import gateway
import served
import wire
from gateway import GatewayTest

BODY = b"Subject: x\r\n\r\nbody\r\n"
SECRET = "not a secret"
PLAIN = b"foi@example.test"


def genuine(number):
    return f"foi+request-{number}-{hashlib.sha1(f'{number}{SECRET}'.encode()).hexdigest()[:8]}@example.test".encode()


class FrontDoorTest(GatewayTest):
    """Every client is a stranger here, on a site whose secret is known."""

    def door(self, settings, lists="", zone=None, **more):
        if zone is not None:
            self.dns = dns.Server(zone)
            self.addCleanup(self.dns.close)
            settings = {"resolver.servers": [self.dns.address], **settings}
        (self.folder / "secret").write_text(SECRET + "\n")
        shutil.copy(gateway.ROOT / "conf/development-password", self.folder)
        sample = (gateway.ROOT / "conf/guichet.toml").read_text()
        config = self.folder / "guichet.toml"
        config.write_text(sample.replace('# secret_file = ""', 'secret_file = "secret"') + lists)
        return self.gateway({"smtpd.trusted_networks": [], **settings}, config=config, **more)

    def rcpt(self, g, recipient=PLAIN, sender=b"a@b.example"):
        with wire.Smtp(g.smtp) as smtp:
            smtp.expect(250, b"MAIL FROM:<" + sender + b">")
            return smtp.command(b"RCPT TO:<" + recipient + b">")

    def deliver(self, g, recipient=PLAIN, sender=b"a@b.example", helo=b"client.example"):
        """The envelope of the message, as recorded."""
        with wire.Smtp(g.smtp, helo=helo) as smtp:
            smtp.deliver([recipient], BODY, sender)
        return g.list()[0]["envelope"]

    def client(self, g, *more):
        return json.loads(g.command("client", "127.0.0.1", "--json", *more))


class Off(FrontDoorTest):
    def test_nothing_is_asked_and_nothing_recorded(self):
        g = self.door({}, zone={})
        envelope = self.deliver(g)
        self.assertFalse({"reverse_name", "reverse_name_state", "front_door"} & set(envelope), envelope)
        self.assertEqual(self.dns.asked, [])
        self.assertFalse((g.store / "greylist.sqlite").exists())


class Reverse(FrontDoorTest):
    ZONE = {("1.0.0.127.in-addr.arpa", "PTR"): ["other.example.org", "mail.example.org"],
            ("other.example.org", "A"): ["192.0.2.1"],
            ("mail.example.org", "A"): ["192.0.2.1", "127.0.0.1"]}

    def test_a_name_that_leads_back_is_verified(self):
        g = self.door({"front_door.reverse_name": True}, zone=self.ZONE)
        envelope = self.deliver(g)
        self.assertEqual((envelope["reverse_name"], envelope["reverse_name_state"]),
                         ("mail.example.org", "verified"))
        form = next(iter(wire.everything(g.pop3).values()))
        self.assertIn("from client.example (mail.example.org [127.0.0.1])", served.value(form, "Received"))
        page = g.command("show", g.list()[0]["id"]).decode()
        self.assertRegex(page, r"reverse_name +mail\.example\.org")
        self.assertEqual(self.client(g)["reverse_name_state"], "verified")

    def test_one_that_does_not_is_recorded_and_not_vouched_for(self):
        zone = {**self.ZONE, ("mail.example.org", "A"): ["192.0.2.1"]}
        g = self.door({"front_door.reverse_name": True}, zone=zone)
        envelope = self.deliver(g)
        self.assertEqual(envelope["reverse_name_state"], "unverified")
        form = next(iter(wire.everything(g.pop3).values()))
        self.assertIn("from client.example ([127.0.0.1])", served.value(form, "Received"))

    def test_none_and_not_known_are_told_apart(self):
        g = self.door({"front_door.reverse_name": True}, zone={})
        self.assertEqual(self.deliver(g)["reverse_name_state"], "none")
        self.dns.zone[("1.0.0.127.in-addr.arpa", "PTR")] = dns.FAIL
        g.restart()   # with an empty cache
        self.assertEqual(self.deliver(g)["reverse_name_state"], "unknown")

    def test_a_resolver_that_is_dead_costs_its_deadline(self):
        silent = {("1.0.0.127.in-addr.arpa", "PTR"): dns.SILENT}
        g = self.door({"front_door.reverse_name": True, "resolver.deadline_ms": 100}, zone=silent)
        self.assertEqual(self.deliver(g)["reverse_name_state"], "unknown")
        g.stop()
        self.dns.zone = {}
        g.settings["resolver.servers"] = ["127.0.0.1:1"]   # nobody is there
        g.start()
        self.assertEqual(self.deliver(g)["reverse_name_state"], "unknown")

    def test_a_stop_does_not_wait_for_dns(self):
        silent = {("1.0.0.127.in-addr.arpa", "PTR"): dns.SILENT}
        g = self.door({"front_door.reverse_name": True, "resolver.deadline_ms": 30000}, zone=silent)
        with wire.Smtp(g.smtp) as smtp:
            smtp.send(b"MAIL FROM:<a@b.example>\r\n")
            gateway.eventually(lambda: self.dns.asked, "the resolver asks")
            g.stop()   # exit 0 within the grace, which is shorter than the deadline
            self.assertIn(smtp.reply()[0], (250, 421))


class Greeting(FrontDoorTest):
    DELAY = {"front_door.greet_delay_ms": 30000}   # nobody waits for it to pass: who speaks ends it

    def early(self, g, recipient):
        with wire.Wire(g.smtp) as line:
            smtp = wire.Smtp.__new__(wire.Smtp)
            smtp.socket, smtp.input = line.socket, b""
            smtp.send(b"EHLO early.example\r\n")
            self.assertEqual(smtp.reply()[0], 220)
            self.assertEqual(smtp.reply()[0], 250)
            smtp.expect(250, b"MAIL FROM:<a@b.example>")
            answer = smtp.command(b"RCPT TO:<" + recipient + b">")
            if answer[0] == 250:
                smtp.expect(354, b"DATA")
                smtp.send(wire.stuffed(BODY))
                self.assertEqual(smtp.reply()[0], 250)
            return answer

    def test_early_talkers_are_tagged_and_a_good_client_waits_no_more(self):
        g = self.door(self.DELAY)
        self.assertEqual(self.early(g, PLAIN)[0], 250)
        self.assertEqual(g.list()[0]["envelope"]["front_door"], ["early-talker"])
        # The filing is remembered by a thread that nobody waits for.
        gateway.eventually(lambda: self.greeted_at_once(g), "a client that delivered is greeted at once")

    def greeted_at_once(self, g):
        with wire.Wire(g.smtp) as line:
            line.socket.settimeout(1)
            try:
                return line.line().startswith(b"220")
            except TimeoutError:
                return False

    def test_refused_at_rcpt_and_never_for_a_genuine_address(self):
        g = self.door({**self.DELAY, "front_door.early_talkers": "refuse"})
        code, text = self.early(g, PLAIN)
        self.assertEqual((code, text[:5]), (554, "5.5.0"))
        self.assertEqual(self.early(g, genuine(7))[0], 250)

    def test_a_neighbour_waits_for_nothing(self):
        """Neither a mail server of ours nor a proxy that looks whether we are there: they never "deliver"."""
        for settings, first in (({"smtpd.trusted_upstream": ["127.0.0.1/32"]}, b""),
                                ({"smtpd.xclient_from": ["127.0.0.1/32"]}, b""),
                                ({"smtpd.proxy_protocol_from": ["127.0.0.1/32"]}, b"PROXY UNKNOWN\r\n")):
            with self.subTest(settings):
                g = self.door({**self.DELAY, **settings})
                with wire.Wire(g.smtp) as line:
                    line.send(first)
                    self.assertTrue(line.line().startswith(b"220"))
                g.stop()

    def test_who_waits_is_no_early_talker(self):
        g = self.door({"front_door.greet_delay_ms": 50})
        self.assertNotIn("front_door", self.deliver(g))

    def test_trusted_networks_do_not_wait(self):
        g = self.door({**self.DELAY, "smtpd.trusted_networks": ["127.0.0.0/8"]})
        self.deliver(g)

    def test_a_stop_does_not_wait_for_the_greeting(self):
        g = self.door(self.DELAY)
        with wire.Wire(g.smtp):
            g.stop()


class Lists(FrontDoorTest):
    LISTS = """
[[front_door.list]]
zone = "bad.example"
weight = 2
[[front_door.list]]
zone = "good.example"
allows = true
answer = "127.0.1.*"
"""
    BAD = {("1.0.0.127.bad.example", "A"): ["127.0.0.2"]}
    GOOD = {("1.0.0.127.good.example", "A"): ["127.0.1.3"]}

    def test_listed_is_put_off_and_a_genuine_address_is_not(self):
        g = self.door({"front_door.threshold": 2}, self.LISTS, self.BAD)
        code, text = self.rcpt(g)
        self.assertEqual((code, text), (450, "4.7.1 client [127.0.0.1] is listed in bad.example"))
        self.assertEqual(self.rcpt(g, genuine(1))[0], 250)
        self.deliver(g, genuine(2))
        said = self.client(g)
        self.assertFalse(said["taken"])
        self.assertEqual(said["listings"], [{"zone": "bad.example", "answer": "127.0.0.2", "weight": 2}])
        self.assertIn(b"450 4.7.1", g.command("client", "127.0.0.1"))

    def test_refused_for_good_when_so_configured_but_softly_when_asked(self):
        g = self.door({"front_door.listed": "refuse"}, self.LISTS, self.BAD)
        self.assertEqual(self.rcpt(g)[0], 550)
        g.stop()
        g.settings["smtpd.soft_refuse"] = True
        g.start()
        self.assertEqual(self.rcpt(g)[0], 450)
        self.assertEqual(self.client(g)["reply"][:9], "450 4.7.1")

    def test_a_list_that_allows_is_subtracted(self):
        g = self.door({"front_door.threshold": 2}, self.LISTS, {**self.BAD, **self.GOOD})
        self.assertEqual(self.deliver(g)["front_door"],
                         ["listed bad.example 127.0.0.2", "allowed good.example 127.0.1.3"])

    def test_lists_only_record_when_so_configured(self):
        g = self.door({"front_door.listed": "tag"}, self.LISTS, self.BAD)
        self.assertEqual(self.deliver(g)["front_door"], ["listed bad.example 127.0.0.2"])

    def test_lists_that_do_not_answer_count_for_nothing(self):
        silent = {("1.0.0.127.bad.example", "A"): dns.SILENT, ("1.0.0.127.good.example", "A"): dns.FAIL}
        g = self.door({"resolver.deadline_ms": 100}, self.LISTS, silent)
        self.assertEqual(self.rcpt(g)[0], 250)
        said = self.client(g)
        self.assertTrue(said["taken"])
        self.assertEqual(said["silent"], ["bad.example", "good.example"])


class Greylisting(FrontDoorTest):
    GREY = {"front_door.greylist": True}

    def test_put_off_once_then_never_again(self):
        g = self.door({**self.GREY, "front_door.greylist_delay_s": 1})
        self.assertTrue(self.client(g)["reply"].startswith("450"), "nobody was there yet")
        code, text = self.rcpt(g)
        self.assertEqual((code, text[:5]), (450, "4.7.1"))
        (refused,) = json.loads(g.command("refusals", "--json"))
        self.assertEqual((refused["reason"], refused["recipient_class"]), ("greylisted", "PREFIX"))
        gateway.eventually(lambda: self.rcpt(g)[0] == 250, "it comes back and is let in")
        self.deliver(g)
        gateway.eventually(lambda: self.rcpt(g, b"foi+other@example.test", b"new@c.example")[0] == 250,
                           "the client delivered: it is known with every sender")
        self.assertIn("greylisting: has delivered here before", self.client(g)["reasons"])

    def test_who_wrote_before_it_was_turned_on_is_known_from_the_archive(self):
        g = self.door({})
        self.deliver(g, sender=b"clerk@town.example")
        g.stop()
        g.settings["front_door.greylist"] = True
        g.start()
        self.assertEqual(self.rcpt(g, sender=b"clerk@town.example")[0], 250)

    def test_who_wrote_while_it_was_off_is_known_when_it_is_on_again(self):
        g = self.door(self.GREY)
        self.assertEqual(self.rcpt(g)[0], 450)
        for on, sender in ((False, b"clerk@town.example"), (True, None)):
            g.stop()
            g.settings["front_door.greylist"] = on
            g.start()
            if sender:
                self.deliver(g, sender=sender)
        self.assertEqual(self.rcpt(g, sender=b"clerk@town.example")[0], 250)
        self.assertEqual(self.rcpt(g, sender=b"new@city.example")[0], 250, "the client is known as well")

    def test_a_damaged_database_puts_off_nobody_who_delivered(self):
        g = self.door(self.GREY)
        self.deliver(g, genuine(5), sender=b"clerk@town.example")
        g.stop()
        for file in g.store.glob("greylist.sqlite*"):
            file.unlink()
        (g.store / "greylist.sqlite").write_bytes(b"no database" * 1000)
        g.start()
        self.assertEqual(self.rcpt(g, sender=b"clerk@town.example")[0], 250)

    def test_a_genuine_address_is_never_put_off(self):
        g = self.door(self.GREY)
        self.deliver(g, genuine(3))

    def test_without_its_database_everybody_is_let_in(self):
        (self.folder / "store/greylist.sqlite/in-the-way").mkdir(parents=True)
        g = self.door(self.GREY)
        self.assertEqual(self.rcpt(g)[0], 250)
        self.assertIn("greylist.sqlite", g.log())


class Local(FrontDoorTest):
    def test_denied_by_sender_network_and_file_but_not_a_genuine_address(self):
        (self.folder / "deny").write_text("# spam\n@spam.example\n")
        g = self.door({"front_door.deny": ["x@y.example"], "front_door.deny_file": self.folder / "deny"})
        for sender in (b"x@y.example", b"any@SPAM.example"):
            self.assertEqual(self.rcpt(g, sender=sender)[0], 550)
            self.assertEqual(self.rcpt(g, genuine(4), sender)[0], 250)
        self.assertEqual(self.rcpt(g)[0], 250)
        self.assertEqual(self.client(g, "--sender", "x@y.example")["reasons"], ["denied here: x@y.example"])

    def test_allowed_wins(self):
        g = self.door({"front_door.deny": ["127.0.0.0/8"], "front_door.allow": ["@town.example"]})
        self.assertEqual(self.rcpt(g)[0], 550)
        self.assertEqual(self.rcpt(g, sender=b"clerk@town.example")[0], 250)

    def test_a_file_that_is_not_there_is_said_at_the_start(self):
        with self.assertRaisesRegex(AssertionError, "cannot read .*none"):
            self.door({"front_door.deny_file": self.folder / "none"})

    def test_an_entry_that_is_none_is_named_with_its_line(self):
        (self.folder / "allow").write_text("@town.example\nwhat is this\n")
        with self.assertRaisesRegex(AssertionError, "allow:2: what is this is not an entry"):
            self.door({"front_door.allow_file": self.folder / "allow"})


class Helo(FrontDoorTest):
    def test_what_is_wrong_with_it_is_recorded(self):
        g = self.door({"front_door.helo_checks": True})
        for helo, tags in ((b"mail.example.org", None), (b"two words", ["helo-no-name"]),
                           (b"mx.example.test", ["helo-is-ours"]), (b"[192.0.2.1]", ["helo-other-address"])):
            self.assertEqual(self.deliver(g, helo=helo).get("front_door"), tags)


class Command(FrontDoorTest):
    def test_what_is_no_address_is_refused(self):
        g = self.door({})
        self.assertEqual(g.command("client", "mail.example", check=False).returncode, 2)
        self.assertTrue(self.client(g)["taken"])

    def test_a_server_in_front_does_not_come_by_the_front_door(self):
        g = self.door({"front_door.deny": ["127.0.0.0/8"], "smtpd.trusted_upstream": ["127.0.0.0/8"]})
        self.assertEqual(self.rcpt(g)[0], 250)
        said = self.client(g)
        self.assertEqual((said["taken"], said["limits"]), (True, "none: smtpd.trusted_upstream"))

    def test_it_says_what_limits_there_are(self):
        g = self.door({})
        self.assertIn("1000 messages and 5000 recipients a minute", self.client(g)["limits"])


if __name__ == "__main__":
    unittest.main()
