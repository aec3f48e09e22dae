"""Alaveteli's poller (alaveteli.rb), and all that may happen to it: each scenario by its name. Alaveteli has taken a
message when it is in received.json; what must never be is a message that is neither there nor in the maildrop."""

import json
import subprocess
import unittest
from pathlib import Path

import gateway
import wire
from gateway import RECIPIENT, GatewayTest
from test_foreign import tool

HALF_AN_HOUR = 30 * 60


class Alaveteli(GatewayTest):
    def setUp(self):
        super().setUp()
        self.database = self.folder / "alaveteli"
        self.database.mkdir()
        self.now = 1_000_000

    def site(self, *subjects, **settings):
        g = self.gateway({"popd.session_messages_max": 1, **settings})
        for subject in subjects:
            self.send(g, subject)
        return g

    def send(self, g, subject, message_id=True):
        head = f"Message-ID: <{subject}@town.example>\r\n" if message_id else ""
        with wire.Smtp(g.smtp) as smtp:
            smtp.deliver(RECIPIENT, f"{head}Subject: {subject}\r\n\r\nA reply.\r\n".encode())
            smtp.quit()

    def start(self, g, *deeds, password="secret"):
        words = [tool("ruby"), Path(__file__).with_name("alaveteli.rb"), *g.pop3, password, self.database, self.now, *deeds]
        return subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def poll(self, g, *deeds, code=0, **more):
        """A process of the poller, to its end: its sessions."""
        process = self.start(g, *deeds, **more)
        out, _ = process.communicate(timeout=2 * gateway.PATIENCE_S)
        self.assertEqual(process.returncode, code, out)
        return [json.loads(line) for line in out.splitlines()]

    def received(self):
        file = self.database / "received.json"
        return [kept["subject"] for kept in json.loads(file.read_text())] if file.exists() else []

    def errors(self):
        return json.loads((self.database / "errors.json").read_text())

    def states(self, g):
        return sorted(d["state"] for message in g.list() for d in message["deliveries"])

    def nothing_is_lost(self, g, *subjects):
        waiting = sum(state not in ("handed_over", "requeued") for state in self.states(g))
        self.assertGreaterEqual(len(set(self.received())) + waiting, len(subjects))
        g.verify()

    # --- All is well ---

    def test_a_burst_is_drained_without_a_pause(self):
        subjects = [str(number) for number in range(30)]
        g = self.site(*subjects)
        sessions = self.poll(g)
        self.assertEqual(self.received(), subjects, "in order")
        self.assertEqual([len(session["listed"]) for session in sessions], [1] * 30 + [0])
        self.assertEqual([session["errors"] for session in sessions], [[]] * 31)
        self.assertEqual(set(self.states(g)), {"handed_over"})

    def test_slow_work_between_retr_and_dele(self):
        g = self.site("slow", "quick")
        self.poll(g, "slow=slow")
        self.assertEqual(self.received(), ["slow", "quick"])

    # --- It stumbles over a message ---

    def test_an_error_in_receive_spoils_no_other(self):
        g = self.site("one", "bad", "three")
        sessions = self.poll(g, "bad=raise")
        self.assertEqual(self.received(), ["one"], "a session that brings nothing is the last of its loop")
        self.assertEqual(sessions[-1]["errors"], ["RuntimeError"])
        self.poll(g, "bad=raise")
        self.assertEqual(self.received(), ["one", "three"])
        self.assertEqual(list(self.errors().values()), [self.now + HALF_AN_HOUR])
        self.assertEqual(self.poll(g)[-1]["listed"], [], "it is not offered while Alaveteli would skip it")
        self.nothing_is_lost(g, "one", "bad", "three")

    def test_an_error_after_the_commit_is_known_again(self):
        g = self.site("bad")
        self.poll(g, "bad=raise-after")
        self.assertEqual(self.received(), ["bad"])
        g.command("requeue", g.list()[0]["id"], "--reason", "half an hour later", "--yes")
        self.poll(g)
        self.assertEqual(self.received(), ["bad"], "by its Message-ID")
        self.assertEqual(self.states(g), ["handed_over", "requeued"])

    def test_an_error_with_all_in_one_session(self):
        g = self.site("one", "bad", "three", **{"popd.session_messages_max": 0})
        (session, rest) = self.poll(g, "bad=raise")
        self.assertEqual((len(session["received"]), session["errors"]), (2, ["RuntimeError"]))
        self.assertEqual(self.received(), ["one", "three"])
        self.assertEqual((len(rest["listed"]), rest["received"]), (1, []), "listed, and skipped")
        self.assertEqual(self.states(g), ["handed_over", "handed_over", "offered"])

    def test_what_it_has_given_up_under_an_old_uid_is_taken_under_a_new_one(self):
        g = self.site("given up")
        with wire.Pop(g.pop3) as pop:
            (uid,) = pop.uids()
        (self.database / "errors.json").write_text(json.dumps({uid: None}))
        self.assertEqual(self.poll(g)[0]["received"], [])
        self.send(g, "new")
        self.poll(g)
        self.assertEqual(self.received(), ["new"], "it holds up nothing")
        g.command("requeue", g.list()[-1]["id"], "--reason", "Alaveteli has given it up", "--yes")
        self.poll(g)
        self.assertEqual(self.received(), ["new", "given up"])

    # --- It dies ---

    def dies(self, deed, stored, **more):
        g = self.site()
        self.send(g, "fatal", **more)
        self.poll(g, f"fatal={deed}", code=9)
        self.assertEqual(self.received(), ["fatal"] if stored else [])
        self.send(g, "new")
        self.poll(g)
        self.assertEqual(sorted(self.received()), ["fatal", "new"], "each once")
        self.assertEqual(set(self.states(g)), {"handed_over"})
        g.verify()

    def test_it_dies_before_receive(self):
        self.dies("die-before", stored=False)

    def test_it_dies_between_receive_and_dele(self):
        self.dies("die-after", stored=True)

    def test_it_dies_so_with_a_message_without_a_message_id(self):
        self.dies("die-after", stored=True, message_id=False)

    def test_it_dies_before_quit(self):
        self.dies("die-before-quit", stored=True)

    def test_it_dies_in_quit(self):
        self.dies("die-in-quit", stored=True)

    def test_it_dies_of_the_same_message_each_time(self):
        g = self.site("fatal", **{"popd.offers_max": 3})
        self.poll(g, "fatal=die-before", code=9)
        for number in range(2):
            self.send(g, f"new {number}")
            self.poll(g, "fatal=die-before", code=9)
        self.send(g, "new 2")
        self.poll(g, "fatal=die-before")
        self.assertEqual(self.received(), ["new 0", "new 1", "new 2"], "none waits for more than a poll")
        self.assertIn("stuck", self.states(g))
        self.assertIn("delivery.stuck", g.log())

    # --- We die, or stop ---

    def test_the_gateway_is_killed_between_retr_and_dele(self):
        g = self.site("one")
        poller = self.start(g, "one=wait")
        self.assertEqual(poller.stdout.readline(), "in receive\n")
        g.kill9()
        poller.communicate("go on\n", timeout=2 * gateway.PATIENCE_S)
        self.assertEqual(self.received(), ["one"])
        self.assertEqual(list(self.errors().values()), [None], "Alaveteli will never ask for that uid again")
        g.start()
        self.send(g, "two")
        self.poll(g)
        self.poll(g)
        self.assertEqual(self.received(), ["one", "two"], "what is new is taken all the same")
        self.nothing_is_lost(g, "one", "two")

    def test_a_stop_lets_a_session_reach_its_quit(self):
        g = self.site("one")
        poller = self.start(g, "one=wait")
        self.assertEqual(poller.stdout.readline(), "in receive\n")
        g.terminate()
        gateway.eventually(lambda: "stopping" in g.log(), "the stop has begun")
        out, _ = poller.communicate("go on\n", timeout=2 * gateway.PATIENCE_S)
        self.assertEqual(json.loads(out.splitlines()[0])["errors"], [])
        g.wait()
        g.start()
        self.assertEqual(self.states(g), ["handed_over"])

    def test_a_restart_between_two_polls(self):
        g = self.site("one", "two")
        g.restart()
        self.poll(g)
        g.restart()
        self.assertEqual(self.poll(g)[0]["listed"], [])
        self.assertEqual(self.received(), ["one", "two"])

    # --- It is not let in ---

    def test_a_wrong_password_is_reported_and_survived(self):
        g = self.site("one")
        (session,) = self.poll(g, password="wrong")
        self.assertEqual(session["errors"], ["Net::POPAuthenticationError"])
        self.poll(g)
        self.assertEqual(self.received(), ["one"])

    def test_a_restarted_poller_waits_for_the_lock_of_the_dead_one(self):
        g = self.site("one")
        with wire.Pop(g.pop3) as dead:
            dead.uids()
            poller = self.start(g)
            gateway.eventually(lambda: g.log().count("pop3.login") >= 1, "the first one is in")
            dead.close()
            out, _ = poller.communicate(timeout=2 * gateway.PATIENCE_S)
        self.assertEqual(json.loads(out.splitlines()[0])["errors"], [])
        self.assertEqual(self.received(), ["one"])


if __name__ == "__main__":
    gateway.main()
