"""What a poller does not take: it goes behind what is new, comes back, and holds up nothing."""

import json
import subprocess

import gateway
import wire
from gateway import GatewayTest, eventually

RECIPIENT = "foi+request-1@example.test"


def poll(address, skip=(), fail=(), die_at=()):
    """One session as Alaveteli's: its UIDs, those it took. It skips some, stumbles over others, dies of some."""
    pop = wire.Pop(address)
    uids = pop.uids()
    taken = []
    for number, uid in enumerate(uids, 1):
        if uid in skip:
            continue
        pop.retr(number)
        if uid in die_at:
            pop.close()
            return uids, taken
        if uid not in fail:
            pop.expect(b"DELE %d" % number)
            taken.append(uid)
    pop.quit()
    pop.close()
    return uids, taken


class OffersTest(GatewayTest):
    def filled(self, count, **settings):
        g = self.gateway({"popd.session_messages_max": 1, **settings})
        for number in range(count):
            self.send(g, number)
        return g

    def send(self, g, number):
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, b"Subject: %d\r\n\r\nx\r\n" % number)
            smtp.quit()


class Offers(OffersTest):
    def test_one_message_a_session_is_the_default(self):
        g = self.gateway()
        del g.settings["popd.session_messages_max"]
        g.restart()
        for number in range(3):
            self.send(g, number)
        seen = []
        for _ in range(3):
            uids, taken = poll(g.pop3)
            self.assertEqual(len(uids), 1)
            seen += taken
        self.assertEqual(len(set(seen)), 3)
        self.assertEqual(poll(g.pop3), ([], []))

    def test_a_dropped_session_offers_it_again_at_once_but_last(self):
        g = self.filled(3)
        with wire.Pop(g.pop3) as pop:
            first = pop.uids()[0]
        # Not even retrieved: that was no offer.
        uids, _ = poll(g.pop3, die_at=(first,))
        self.assertEqual(uids, [first])
        order = [poll(g.pop3)[0][0] for _ in range(3)]
        self.assertEqual(order[2], first)
        g.verify()

    def test_what_was_retrieved_and_kept_is_set_back(self):
        g = self.filled(1)
        (uid,), taken = poll(g.pop3, fail=poll_uids(g))
        self.assertEqual(taken, [])
        self.assertEqual(poll(g.pop3), ([], []), "for 31 minutes")
        g.restart()
        self.assertEqual(poll(g.pop3), ([], []), "a restart forgets nothing")
        state = g.list()[0]["deliveries"][0]
        self.assertEqual((state["uid"], state["state"]), (uid, "offered"))
        self.assertEqual([(m["what"], m["outcome"]) for m in state["moves"]], [("offered", "retrieved")])
        (row,) = json.loads(g.command("queue", "--json"))
        self.assertEqual((row["uid"], row["state"], row["offers"]), (uid, "offered", 1))
        self.assertIn(b"retrieved and not deleted", g.command("queue"))
        self.assertIn(b"retrieved and not deleted", g.command("show", g.list()[0]["id"]))
        self.assertEqual(g.command("queue", "--maildrop", "people"), b"nothing waits\n")
        self.send(g, 2)
        self.assertEqual(len(poll(g.pop3)[1]), 1, "and it holds up nothing")
        g.command("requeue", g.list()[-1]["id"], "--reason", "mended", "--yes")
        self.assertNotIn(uid, poll(g.pop3)[1])
        g.verify()

    def test_what_is_skipped_is_set_back_too(self):
        g = self.filled(2)
        (bad,) = poll_uids(g)
        poll(g.pop3, skip={bad})
        uids, taken = poll(g.pop3, skip={bad})
        self.assertNotEqual(uids, [bad])
        self.assertEqual(taken, uids)

    def test_twenty_bad_ones_never_delay_a_new_one_by_more_than_a_poll(self):
        g = self.filled(20)
        bad = {delivery["uid"] for message in g.list() for delivery in message["deliveries"]}
        for _ in range(25):   # each was offered, and some again: they come back at once
            self.assertTrue(set(poll(g.pop3, die_at=bad)[0]) <= bad)
        for number in range(3):
            self.send(g, 100 + number)
            _, taken = poll(g.pop3, die_at=bad)
            self.assertEqual(len(taken), 1, "the new one comes next")
            self.assertTrue(set(poll(g.pop3, die_at=bad)[0]) <= bad)
        g.verify()

    def test_stuck_after_too_many_offers_while_others_are_taken(self):
        g = self.filled(1, **{"popd.offers_max": 3})
        (bad,) = poll_uids(g)
        for _ in range(4):
            poll(g.pop3, die_at={bad})
        self.assertEqual(poll_uids(g), [bad], "nothing else was taken: the poller may be the one that is ill")
        self.send(g, 2)
        self.assertEqual(len(poll(g.pop3)[1]), 1)
        poll(g.pop3, die_at={bad})
        eventually(lambda: "delivery.stuck" in g.log(), "the alarm")
        self.assertEqual(poll(g.pop3), ([], []))
        states = {d["uid"]: d["state"] for message in g.list() for d in message["deliveries"]}
        self.assertEqual(states[bad], "stuck")
        self.assertIn(b"1 stuck", g.command("status", check=False).stdout)
        g.command("requeue", g.list()[-1]["id"], "--reason", "looked at", "--yes")
        (again,), taken = poll(g.pop3)
        self.assertNotEqual(again, bad)
        self.assertEqual(taken, [again])
        self.assertIn(b"2 accepted = 0 waiting + 0 stuck + 0 quarantined + 2 handed over", g.command("verify"))


class Sessions(OffersTest):
    def test_a_damaged_message_is_never_listed(self):
        g = self.filled(0)
        for text in (b"the first one", b"the second one"):
            with wire.Smtp(g.smtp) as smtp:
                smtp.deliver(RECIPIENT, b"Subject: x\r\n\r\n" + text + b"\r\n")
                smtp.quit()
        second, first = (message["deliveries"][0]["uid"] for message in g.list())
        self.damage(g, b"the first one")
        self.assertEqual(poll(g.pop3), ([second], [second]))
        self.assertIn("delivery.damaged", g.log())
        (row,) = json.loads(g.command("queue", "--json"))
        self.assertEqual((row["uid"], row["state"]), (first, "stuck"))
        self.assertEqual(g.command("verify", check=False).returncode, 1)

    def damage(self, g, text):
        for volume in (g.store / "volumes").glob("*.warc"):
            octets = volume.read_bytes()
            if text in octets:
                with open(volume, "r+b") as file:
                    file.seek(octets.index(text))
                    file.write(b"#")

    def test_damage_that_is_found_ahead_of_retr_ends_the_session_without_a_word(self):
        """An -ERR to RETR would spoil all the others of the poller's session."""
        g = self.filled(0, **{"popd.session_messages_max": 0})
        for text in (b"the first one", b"the second one"):
            with wire.Smtp(g.smtp) as smtp:
                smtp.deliver(RECIPIENT, b"Subject: x\r\n\r\n" + text + b"\r\n")
                smtp.quit()
        with wire.Pop(g.pop3) as pop:
            first, second = pop.uids()
            self.damage(g, b"the first one")
            pop.send(b"RETR 1\r\n")
            self.assertTrue(pop.at_end(), "not a word")

        def listed():
            with wire.Pop(g.pop3) as pop:
                return pop.uids()

        eventually(lambda: listed() == [second], "it is unlisted, by a record of its own")
        self.assertEqual(poll(g.pop3), ([second], [second]))
        self.assertIn("delivery.damaged: uid " + first, g.log())

    def test_the_machine_asks_after_a_peer_that_says_nothing(self):
        g = self.filled(1)
        with wire.Pop(g.pop3) as pop:
            ours = pop.socket.getsockname()[1]
            shown = lambda: subprocess.run(["ss", "-tnoH", f"( sport = :{g.pop3[1]} and dport = :{ours} )"],
                                           capture_output=True, text=True, check=True).stdout
            eventually(lambda: "timer:(keepalive" in shown(), "all is acknowledged, and the timer is that of keep-alive")
            pop.quit()

    def test_a_silent_session_gives_way_to_a_new_login(self):
        g = self.filled(1, **{"popd.displace_after_s": 1})
        with wire.Pop(g.pop3) as old:
            uids = old.uids()
            old.expect(b"DELE 1")
            with wire.Pop(g.pop3) as new:   # logs in within its patience, or fails
                self.assertEqual(new.uids(), uids, "what was marked without QUIT is there")
                new.quit()
            self.assertTrue(old.at_end())
        g.verify()

    def test_a_busy_session_does_not(self):
        g = self.filled(1)
        with wire.Pop(g.pop3) as old, wire.Pop(g.pop3, user=None) as new:
            self.assertIn(b"[IN-USE]", new.login("foi", "secret"))
            self.assertEqual(old.stat()[0], 1)


def poll_uids(g):
    """What is listed now, without an offer: the connection just ends."""
    with wire.Pop(g.pop3) as pop:
        return pop.uids()


if __name__ == "__main__":
    gateway.main()
