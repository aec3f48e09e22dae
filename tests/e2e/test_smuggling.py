"""SMTP smuggling: however a dot line is disguised, one end of data is seen, and what follows a false one is body.

The twelve published variants by number (hannob/smtpsmug, The-Login's scanner, CVE-2023-51764 and its kin), and the
closure over every pair of line ends and over all that some program takes for a line end. Each at five places of a
message, and in three framings: one segment, octet by octet, and inside TLS, one octet a record.
tests/smtpd/smuggling_test.cc has the same closure in every split of the octets.
"""

import hashlib
import re
import unittest
from pathlib import Path

import gateway
import wire
from gateway import RECIPIENT, GatewayTest
from test_tls import certificate

REFUSED = None   # 550 5.5.2 at the true end, nothing stored, closed
SMUGGLER = b"smuggled@evil.test"
SMUGGLED = (b"MAIL FROM:<" + SMUGGLER + b">\r\nRCPT TO:<foi+smuggled@example.test>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nB\r\n.\r\n")
SIZE_MAX = 65_536

# What the variant is, and what of it is stored.
PUBLISHED = {
    1: (b"\n.\n", REFUSED), 2: (b"\n.\r", REFUSED), 3: (b"\n.\r\n", REFUSED), 4: (b"\r.\n", REFUSED),
    5: (b"\r.\r", REFUSED), 6: (b"\r.\r\n", REFUSED), 7: (b"\r\n.\n", REFUSED), 8: (b"\r\n.\r", REFUSED),
    9: (b"\r\n.\r\r\n", REFUSED), 10: (b"\r\r\n.\r\r\n", REFUSED),
    11: (b"\r\n\0.\r\n", b"\r\n\0.\r\n"), 12: (b"\r\n.\0\r\n", b"\r\n\0\r\n"),
}

LINE_ENDS = (b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r")
TRUE_END = b"\r\n.\r\n"
PAIRS = [a + b"." + b for a in LINE_ENDS for b in LINE_ENDS if a + b"." + b != TRUE_END]
# Vertical tab, form feed, next line (Latin-1, UTF-8), line and paragraph separator, Ctrl-Z, NUL.
SEPARATORS = (b"\x0b", b"\x0c", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\x1a", b"\0")
ODD = [variant for s in SEPARATORS for variant in (
    s + b"." + s, b"\r\n." + s, s + b".\r\n", b"\n." + s, s + b".\n", b"\r\n" + s + b".\r\n", b"\r\n." + s + b"\r\n",
    b"\r" + s + b"\n.\r\n", b"\r\n.\r" + s + b"\n")]
CLOSURE = sorted({*PAIRS, *ODD})

# What stands before the variant: text, a header, nothing, a line that no buffer holds, more than the size limit.
PLACES = {
    "text": b"Subject: x\r\n\r\nAAA",
    "header": b"Subject: x",
    "start": b"",
    "long line": b"Subject: x\r\n\r\n" + b"A" * 20_000,
    "too large": b"Subject: x\r\n\r\n" + (b"A" * 78 + b"\r\n") * 900,
}


def read_by_the_rfc(octets):
    """(what is stored or REFUSED, what comes after the end): RFC 5321 sections 4.1.1.4 and 4.5.2, once more."""
    whole = b"\r\n" + octets   # the line of DATA ended so
    end = whole.index(TRUE_END)
    body = whole[:end + 2]
    stored = REFUSED if re.search(rb"[\r\n]\.[\r\n]", body) else body.replace(b"\r\n.", b"\r\n")[2:]
    return stored, whole[end + len(TRUE_END):]


# --- Framings ---------------------------------------------------------------------------------------------------

def one_segment(smtp, head, tail):
    smtp.send(head + tail)


def octet_by_octet(smtp, head, tail):
    """The tail; in TLS each octet is a record. What is before it need not be."""
    if head:
        smtp.send(head)
    for at in range(len(tail)):
        smtp.send(tail[at:at + 1])


def has_read(smtp):
    """Waits until the gateway has taken all that it was sent: nothing is on the way, nothing in its socket."""
    here, there = (f"0100007F:{address[1]:04X}" for address in (smtp.socket.getsockname(), smtp.socket.getpeername()))

    def empty():
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        queues = {(row[1], row[2]): row[4].split(":") for row in rows}   # to be sent, to be read
        return int(queues[here, there][0], 16) == 0 == int(queues[there, here][1], 16)

    gateway.eventually(empty, "the gateway has read")


class Smuggling(GatewayTest):
    settings = {"smtpd.message_octets_max": SIZE_MAX}

    def setUp(self):
        super().setUp()
        cert, key = certificate(self.folder)
        self.g = self.gateway({"smtpd.tls_cert": cert, "smtpd.tls_key": key})
        self.expected = []   # digests of what is stored
        self.session = None
        self.addCleanup(lambda: self.session and self.session.close())

    def ready(self, tls):
        """A session at 354; the last one when it is still open."""
        if self.session is None:
            self.session = wire.Smtp(self.g.smtp)
            if tls:
                self.session.expect(220, b"STARTTLS")
                self.session.start_tls(wire.lax_tls())
                self.session.command(b"EHLO client.example")
        self.session.envelope(RECIPIENT)
        self.session.expect(354, b"DATA")
        return self.session

    def ends(self):
        session, self.session = self.session, None
        with session:
            self.assertTrue(session.at_end(), "closed, and nothing was said to what was smuggled")

    def stored(self, answer, octets):
        self.assertEqual(answer[0], 250, answer)
        self.expected.append(hashlib.sha256(octets).hexdigest())

    def honest(self, tls):
        """The next session works; a session that goes on shows it by its next message."""
        octets = b"Subject: honest\r\n\r\n%d\r\n" % len(self.expected)
        smtp = self.ready(tls)
        smtp.send(wire.stuffed(octets))
        self.stored(smtp.reply(), octets)

    def try_one(self, head, variant, send, tls):
        smtp = self.ready(tls)
        octets = head + variant + SMUGGLED
        stored, rest = read_by_the_rfc(octets)
        send(smtp, head, variant + SMUGGLED)
        answer = smtp.reply()
        self.assertEqual(rest, b"", "the only true end is the last")
        if stored is REFUSED:
            self.assertEqual((answer[0], answer[1][:6]), (550, "5.5.2 "))
            return self.ends()
        if len(stored) > SIZE_MAX:
            self.assertEqual((answer[0], answer[1][:6]), (552, "5.3.4 "))
        else:
            self.stored(answer, stored)

    def run_all(self, send, tls=False):
        refused = 0
        for place, head in PLACES.items():
            for variant in CLOSURE:
                if (head + variant).startswith(b".\r\n") or TRUE_END in head + variant:
                    continue   # test_true_ends has these
                with self.subTest(place=place, variant=variant):
                    self.try_one(head, variant, send, tls)
                    refused += self.session is None
                    self.honest(tls)
        self.assertGreater(refused, len(PLACES) * 23, "each pair of line ends, and some with NUL")
        self.settle()

    def settle(self):
        """What is in the archive is what was acknowledged, octet for octet, and none came from the smuggler."""
        if self.session:
            self.session.quit()
            self.session = None
        found = self.g.list()
        self.assertEqual(sorted(message["digest"].removeprefix("sha256:") for message in found), sorted(self.expected))
        self.assertEqual([m for m in found if "smuggled" in str(m["envelope"]) + str(m["deliveries"])], [])

    # --- The tests --------------------------------------------------------------------------------------------------

    def test_published_variants(self):
        for tls in (False, True):
            for send in (one_segment, octet_by_octet):
                for number, (variant, kept) in PUBLISHED.items():
                    with self.subTest(number=number, send=send.__name__, tls=tls):
                        whole = b"Subject: x\r\n\r\nAAA%b" % variant + SMUGGLED
                        by_hand = kept and b"Subject: x\r\n\r\nAAA" + kept + SMUGGLED[:-3]
                        self.assertEqual(read_by_the_rfc(whole), (by_hand, b""))
                        self.try_one(PLACES["text"], variant, send, tls)
                        self.assertEqual(self.session is None, kept is REFUSED)
                        self.honest(tls)
                self.settle()

    def test_closure_in_one_segment(self):
        self.run_all(one_segment)

    def test_closure_octet_by_octet(self):
        self.run_all(octet_by_octet)

    def test_closure_inside_tls(self):
        self.run_all(octet_by_octet, tls=True)

    def test_segment_that_ends_in_a_dot(self):
        """The gateway has read CRLF and the dot, and must wait for what the dot means."""
        for rest, kept in ((b"\n", REFUSED), (b"\r", REFUSED), (b"\r\r\n", REFUSED), (b"\0\r\n", b"\0\r\n"),
                           (b"x\r\n", b"x\r\n"), (b".\r\n", b".\r\n"), (b"..\r\n", b"..\r\n")):
            for cut in (3, 4):
                with self.subTest(rest=rest, cut=cut):
                    smtp = self.ready(tls=False)
                    start, tail = b"Subject: x\r\n\r\nAAA", b"\r\n." + rest + SMUGGLED
                    smtp.send(start + tail[:cut])
                    has_read(smtp)
                    smtp.send(tail[cut:])
                    answer = smtp.reply()
                    if kept is REFUSED:
                        self.assertEqual((answer[0], answer[1][:6]), (550, "5.5.2 "))
                        self.ends()
                    else:
                        self.stored(answer, start + b"\r\n" + kept + SMUGGLED[:-3])
                    self.honest(tls=False)
        self.settle()

    def test_true_ends(self):
        """CRLF.CRLF with a CR before it, and as the very first octets: an end, and what follows are commands."""
        for octets, kept in ((b".\r\n", b""), (b"Subject: x\r\n.\r\n", b"Subject: x\r\n"),
                             (b"Subject: x\r\r\n.\r\n", b"Subject: x\r\r\n")):
            for send in (one_segment, octet_by_octet):
                with self.subTest(octets=octets, send=send.__name__):
                    smtp = self.ready(tls=False)
                    send(smtp, b"", octets + b"NOOP\r\n")
                    self.stored(smtp.reply(), kept)
                    self.assertEqual(smtp.reply()[0], 250)
        self.settle()


if __name__ == "__main__":
    gateway.main()
