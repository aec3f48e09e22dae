"""guichet reconcile: what was handed over against what Alaveteli's database says it holds."""

import base64
import hashlib

import gateway
import served
import wire
from gateway import RECIPIENT, GatewayTest

BODIES = [b"Subject: 1\r\nMessage-ID: <1@a.example>\r\n\r\n\r\n", b"Subject: 2\r\n\r\nno id\r\n",
          b"Subject: 3\r\nMessage-ID: <3@a.example>\r\n\r\n\r\n"]


class Reconcile(GatewayTest):
    settings = {"popd.session_messages_max": 0}

    def collected(self):
        g = self.gateway()
        with wire.Smtp(g.smtp) as smtp:
            for body in BODIES:
                smtp.deliver(RECIPIENT, body)
        return g, self.collect(g)

    def collect(self, g):
        with wire.Pop(g.pop3) as pop:
            octets = []
            for number in range(1, len(pop.uids()) + 1):
                octets.append(pop.retr(number))
                pop.expect(b"DELE %d" % number)
            pop.quit()
        return octets

    def reconcile(self, g, lines, *words, code=0):
        path = self.folder / "list"
        path.write_text("".join(line + "\n" for line in lines))
        done = g.command("reconcile", str(path), *words, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.decode()

    def test_each_kind_of_list_finds_all_and_the_missing_one(self):
        g, octets = self.collected()
        kinds = ([served.value(one, "Message-ID") for one in octets],
                 [hashlib.sha1(one).hexdigest() for one in octets],
                 [base64.b64encode(hashlib.md5(one).digest()).decode() for one in octets])
        for lines in kinds:
            self.assertIn("3 handed over and there, 0 handed over and missing, 0 there", self.reconcile(g, lines))
            out = self.reconcile(g, lines[1:], code=1)
            self.assertIn("2 handed over and there, 1 handed over and missing, 0 there", out)
            self.assertIn(g.list()[-1]["id"], out)
        self.assertIn("3 handed over and there, 0 handed over and missing, 1 there",
                      self.reconcile(g, kinds[0] + ["<9@x.example>"]))
        self.assertIn("0 handed over and there, 0 handed over and missing",
                      self.reconcile(g, kinds[0], "--until", "2001-01-01"))

    def test_the_missing_are_offered_again_and_the_others_confirmed(self):
        g, octets = self.collected()
        ids = [served.value(one, "Message-ID") for one in octets]
        self.reconcile(g, ids[1:], "--requeue", code=2)
        out = self.reconcile(g, ids[1:], "--requeue", "--reason", "lost", "--confirm", code=1)
        self.assertIn("2 confirmed\n1 offered again\n", out)
        self.assertEqual(self.collect(g), octets[:1])
        g.verify()
        g.stop()
        g.command("index", "rebuild")
        self.assertIn("0 handed over and missing", self.reconcile(g, ids))
        g.verify()

    def test_it_says_what_it_compared_and_names_what_is_unknown(self):
        g, octets = self.collected()
        ids = [served.value(one, "Message-ID") for one in octets]
        out = self.reconcile(g, ids + ["<9@x.example>", "<\x1b[31m@x.example>"], "--unknown")
        self.assertIn("3 handed over in the period, of 3 looked at, compared with 5 entries by Message-ID; "
                      "0 could not be read\n", out)
        self.assertIn("unknown  9@x.example\n", out)
        self.assertNotIn("\x1b", out)
        self.assertIn("2 there that this store does not know", out)
        self.assertNotIn("unknown  ", self.reconcile(g, ids + ["<9@x.example>"]))

    def test_checksums_tell_what_is_there_and_not_the_same(self):
        g, octets = self.collected()
        pairs = [served.value(one, "Message-ID") + "|" + hashlib.sha1(one).hexdigest() for one in octets]
        out = self.reconcile(g, pairs, "--checksums")
        self.assertIn("and 3 checksums: 0 differ; 0 could not be read\n3 handed over and there", out)
        md5 = base64.b64encode(hashlib.md5(octets[0]).digest()).decode()
        pairs[0] = served.value(octets[0], "Message-ID") + "," + md5
        self.assertIn("3 handed over and there", self.reconcile(g, pairs, "--checksums"))
        pairs[1] = served.value(octets[1], "Message-ID") + "|" + hashlib.sha1(octets[1] + b" ").hexdigest()
        out = self.reconcile(g, pairs, "--checksums", code=1)
        self.assertIn("and 3 checksums: 1 differ", out)
        self.assertIn("differs  " + g.list()[1]["id"], out)
        self.assertIn("2 handed over and there, 0 handed over and missing", out)
        out = self.reconcile(g, pairs[1:], "--checksums", "--requeue", "--reason", "lost", code=1)
        self.assertIn("1 offered again\n", out, "what differs is for somebody to look at")

    def test_an_empty_list_says_nothing(self):
        g, _ = self.collected()
        self.reconcile(g, [], "--requeue", "--reason", "x", code=1)
        self.assertEqual(self.collect(g), [])


if __name__ == "__main__":
    gateway.main()
