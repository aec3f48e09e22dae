"""What real senders get wrong, said to Postfix 3.7 as shipped and to Guichet side by side: what it takes, Guichet takes.

The exceptions are named: smuggling, and data sent before it was asked for. smtpd/SENDERS.md is the table of all of it,
as `python3 tests/e2e/test_senders.py --table` prints it.
"""

import contextlib
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import gateway
import wire
from gateway import ROOT, Gateway, GatewayTest
from incumbent import Postfix
from test_smuggling import PUBLISHED

TABLE = ROOT / "smtpd/SENDERS.md"

HELLO = b"EHLO mail.town.example\r\n"
MAIL = b"MAIL FROM:<clerk@town.example>\r\n"
RCPT = b"RCPT TO:<foi+1@example.test>\r\n"
DATA = b"DATA\r\n"
BODY = b"Subject: x\r\n\r\nbody\r\n.\r\n"


class Sender:
    """What is sent at each step. A hello that is refused, or what comes `before`, stops nobody; the rest does."""

    def __init__(self, what, before=(), hello=HELLO, mail=MAIL, rcpt=RCPT, data=DATA, body=BODY, source=None):
        self.what, self.source = what, source
        self.steps = [*[("", octets) for octets in before], ("", hello), ("MAIL", mail), ("RCPT", rcpt), ("DATA", data),
                      ("end of data", body)]

    def play(self, address):
        """"taken", or where it was refused and with what."""
        with wire.Wire(address, source=self.source) as connection:
            read_reply(connection)
            for name, octets in self.steps:
                if not octets:
                    continue
                connection.send(octets)
                try:
                    code = read_reply(connection)
                except wire.Closed:
                    return f"closed at {name or 'hello'}"
                if name and code >= 400:
                    return f"{code} to {name}"
            return "taken"


class Group(Sender):
    """Commands that arrive together: the replies come together too."""

    def __init__(self, what, octets, replies, body=BODY):
        super().__init__(what)
        self.octets, self.replies, self.body = octets, replies, body

    def play(self, address):
        with wire.Wire(address) as connection:
            read_reply(connection)
            connection.send(self.octets)
            codes = []
            try:
                while len(codes) < self.replies:
                    codes.append(read_reply(connection))
                if self.body and codes[-1] == 354:
                    connection.send(self.body)
                    codes.append(read_reply(connection))
            except wire.Closed:
                return f"{codes[-1]}, closed"
            return "taken" if codes[-1] == 250 else str(codes[-1])


def read_reply(connection):
    while True:
        line = connection.line()
        if line[3:4] != b"-":
            return int(line[:3])


def mail(argument):
    return b"MAIL FROM:" + argument + b"\r\n"


def rcpt(argument):
    return b"RCPT TO:" + argument + b"\r\n"


def body(octets):
    return octets + b"\r\n.\r\n"


SENDERS = [
    Sender("nothing wrong"),
    Sender("no name leads back to its address", source="127.0.0.9"),
    Sender("HELO", hello=b"HELO mail.town.example\r\n"),
    # --- the greeting
    Sender("no HELO", hello=b""),
    Sender("HELO without a name", hello=b"HELO\r\n"),
    Sender("HELO of two words", hello=b"HELO town hall\r\n"),
    Sender("EHLO of two words", hello=b"EHLO town hall\r\n"),
    Sender("EHLO of a bare address", hello=b"EHLO 192.0.2.1\r\n"),
    Sender("EHLO of an address literal", hello=b"EHLO [192.0.2.1]\r\n"),
    Sender("EHLO with an underscore, no dot", hello=b"EHLO TOWN_HALL\r\n"),
    Sender("EHLO in UTF-8", hello="EHLO bürgeramt\r\n".encode()),
    Sender("EHLO in Latin-1", hello=b"EHLO b\xfcrgeramt\r\n"),
    Sender("EHLO of a dot", hello=b"EHLO .\r\n"),
    Sender("EHLO of 1,000 octets", hello=b"EHLO " + b"a" * 1000 + b"\r\n"),
    Sender("EHLO with blanks around the name", hello=b"EHLO   mail.town.example  \r\n"),
    Sender("EHLO twice", before=[HELLO]),
    Sender("HELO after EHLO", before=[HELLO], hello=b"HELO mail.town.example\r\n"),
    Sender("small letters", hello=b"ehlo mail.town.example\r\n", mail=b"mail from:<clerk@town.example>\r\n",
           rcpt=b"rcpt to:<foi+1@example.test>\r\n", data=b"data\r\n"),
    # --- the sender
    Sender("null sender", mail=mail(b"<>")),
    Sender("sender without brackets", mail=mail(b"clerk@town.example")),
    Sender("sender without brackets, blank before it", mail=mail(b" clerk@town.example")),
    Sender("blank before the sender", mail=mail(b" <clerk@town.example>")),
    Sender("blanks inside the brackets", mail=mail(b"< clerk@town.example >")),
    Sender("blank before the colon", mail=b"MAIL FROM :<clerk@town.example>\r\n"),
    Sender("no colon", mail=b"MAIL FROM <clerk@town.example>\r\n"),
    Sender("two blanks in MAIL  FROM", mail=b"MAIL  FROM:<clerk@town.example>\r\n"),
    Sender("blanks behind the command", mail=mail(b"<clerk@town.example>  ")),
    Sender("blank before the command", mail=b" MAIL FROM:<clerk@town.example>\r\n"),
    Sender("sender with a name", mail=mail(b"Town Hall <clerk@town.example>")),
    Sender("sender with a quoted name", mail=mail(b'"Town Hall" <clerk@town.example>')),
    Sender("sender in two pairs of brackets", mail=mail(b"<<clerk@town.example>>")),
    Sender("sender with no closing bracket", mail=mail(b"<clerk@town.example")),
    Sender("sender without a domain", mail=mail(b"<clerk>")),
    Sender("sender in UTF-8", mail=mail("<büro@town.example>".encode())),
    Sender("sender in UTF-8, SMTPUTF8 asked for", mail=mail("<büro@town.example> SMTPUTF8".encode())),
    Sender("sender in Latin-1", mail=mail(b"<b\xfcro@town.example>")),
    Sender("sender with two dots", mail=mail(b"<town..hall@town.example>")),
    Sender("sender with a dot at its end", mail=mail(b"<clerk.@town.example>")),
    Sender("sender's domain with a dot at its end", mail=mail(b"<clerk@town.example.>")),
    Sender("sender's domain with an underscore", mail=mail(b"<clerk@town_hall.example>")),
    Sender("sender at an address literal", mail=mail(b"<clerk@[192.0.2.1]>")),
    Sender("sender of a domain that is nowhere (SPF fail)", mail=mail(b"<clerk@nowhere.invalid>")),
    Sender("sender of 300 octets", mail=mail(b"<" + b"a" * 250 + b"@" + b"b" * 40 + b".example>")),
    Sender("sender of quoted words", mail=mail(b'<"town hall"@town.example>')),
    Sender("sender with a source route", mail=mail(b"<@relay.example:clerk@town.example>")),
    Sender("sender with an apostrophe, slash and equals sign", mail=mail(b"<o'brien/x=y@town.example>")),
    Sender("bounce tag of an old server", mail=mail(b"<prvs=123=clerk@town.example>")),
    Sender("8BITMIME", mail=mail(b"<clerk@town.example> BODY=8BITMIME")),
    Sender("8BITMIME after HELO", hello=b"HELO mail.town.example\r\n", mail=mail(b"<clerk@town.example> body=8bitmime")),
    Sender("SIZE that is wrong", mail=mail(b"<clerk@town.example> SIZE=5")),
    Sender("no brackets, and SIZE", mail=mail(b"clerk@town.example SIZE=500")),
    Sender("RET and ENVID", mail=mail(b"<clerk@town.example> RET=HDRS ENVID=x")),
    Sender("MAIL with a parameter that nobody knows", mail=mail(b"<clerk@town.example> X-TOWN=1")),
    Sender("MAIL twice", before=[HELLO, MAIL], hello=MAIL, mail=b""),
    Sender("MAIL without an address", mail=mail(b"")),
    # --- the recipient
    Sender("recipient without brackets", rcpt=rcpt(b"foi+1@example.test")),
    Sender("recipient without brackets, blank before it", rcpt=rcpt(b" foi+1@example.test")),
    Sender("blank before the recipient", rcpt=rcpt(b" <foi+1@example.test>")),
    Sender("recipient in capitals", rcpt=rcpt(b"<FOI+1@EXAMPLE.TEST>")),
    Sender("recipient with a name", rcpt=rcpt(b"FOI Desk <foi+1@example.test>")),
    Sender("recipient in quotes", rcpt=rcpt(b'<"foi+1"@example.test>')),
    Sender("recipient with no closing bracket", rcpt=rcpt(b"<foi+1@example.test")),
    Sender("recipient's domain with a dot at its end", rcpt=rcpt(b"<foi+1@example.test.>")),
    Sender("recipient with a source route", rcpt=rcpt(b"<@relay.example:foi+1@example.test>")),
    Sender("NOTIFY and ORCPT", rcpt=rcpt(b"<foi+1@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x@y")),
    Sender("the same recipient twice", before=[HELLO, MAIL, RCPT], hello=RCPT, mail=b""),
    Sender("an unknown recipient beside a known one", before=[HELLO, MAIL, rcpt(b"<nobody@example.test>")], hello=RCPT,
           mail=b"", rcpt=b""),
    Sender("an unknown recipient", rcpt=rcpt(b"<nobody@example.test>")),
    Sender("100 recipients", before=[HELLO, MAIL, *[rcpt(b"<foi+%d@example.test>" % n) for n in range(99)]], hello=RCPT,
           mail=b"", rcpt=b""),
    # --- lines
    Sender("commands that end in a bare LF", hello=HELLO.replace(b"\r", b""), mail=MAIL.replace(b"\r", b""),
           rcpt=RCPT.replace(b"\r", b""), data=b"DATA\n"),
    Sender("commands that end in CR CR LF", hello=HELLO.replace(b"\r", b"\r\r"), mail=MAIL.replace(b"\r", b"\r\r"),
           rcpt=RCPT.replace(b"\r", b"\r\r"), data=b"DATA\r\r\n"),
    Sender("an empty line between commands", before=[HELLO, b"\r\n"]),
    Sender("a command that nobody knows", before=[HELLO, b"XTOWN\r\n"]),
    Sender("VRFY first", before=[HELLO, b"VRFY foi@example.test\r\n"]),
    Sender("RSET, NOOP and HELP with words", before=[HELLO, b"RSET\r\n", b"NOOP hello\r\n", b"HELP me\r\n"]),
    Sender("a command of 2,000 octets", before=[HELLO, b"NOOP " + b"x" * 1993 + b"\r\n"]),
    Sender("tab instead of a blank", mail=b"MAIL\tFROM:<clerk@town.example>\r\n"),
    Sender("DATA with a blank behind it", data=b"DATA \r\n"),
    Sender("DATA with a word behind it", data=b"DATA now\r\n"),
    Group("all commands in one group", HELLO + MAIL + RCPT + DATA, 4),
    Group("all commands in one group, after HELO", b"HELO mail.town.example\r\n" + MAIL + RCPT + DATA, 4),
    Group("a message, and the next MAIL behind its end", HELLO + MAIL + RCPT + DATA, 4, BODY + MAIL),
    # --- the message
    Sender("body with bare LF", body=body(b"Subject: x\n\nfrom an old\nscanner")),
    Sender("body with bare CR", body=body(b"Subject: x\r\n\r\na\rb")),
    Sender("body with CR CR LF", body=body(b"Subject: x\r\r\n\r\r\na\r")),
    Sender("body with NUL", body=body(b"Subject: x\r\n\r\na\0b")),
    Sender("8-bit body, nothing said of it", body=body("Subject: Bürgeramt\r\n\r\nGrüße".encode())),
    Sender("line of 100,000 octets", body=body(b"Subject: x\r\n\r\n" + b"x" * 100_000)),
    Sender("header of 50,000 octets in one line", body=body(b"Subject: " + b"x" * 50_000 + b"\r\n\r\nbody")),
    Sender("no header", body=body(b"just text")),
    Sender("an empty message", body=b".\r\n"),
    Sender("an empty line and no more", body=body(b"")),
    Sender("a dot that was not doubled", body=body(b"Subject: x\r\n\r\n.hidden")),
    Sender("a line of two dots", body=body(b"Subject: x\r\n\r\n..")),
    Sender("From_ line of a mailbox before the header", body=body(b"From clerk Mon Jan  1 00:00:00 2024\r\nSubject: x")),
    Sender("folded first line", body=body(b" folded\r\nSubject: x\r\n\r\nbody")),
    Sender("49 Received fields", body=body(b"Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n" * 49
                                          + b"Subject: x\r\n\r\nbody")),
]

SMUGGLING = [Sender("smuggling %d: %r" % (number, variant.decode("latin-1")),
                    body=b"Subject: x\r\n\r\nAAA" + variant + b"\r\nNOOP\r\n.\r\n")
             for number, (variant, kept) in PUBLISHED.items() if kept is None]
INJECTED = [Group("data before 354", HELLO + MAIL + RCPT + DATA + BODY, 5, b"")]

EXCEPTIONS = {sender.what for sender in SMUGGLING + INJECTED}


def both(folder):
    """Postfix and Guichet, as strangers see them."""
    for name in ("postfix", "guichet"):
        (Path(folder) / name).mkdir()
    Path(folder).chmod(0o755)   # Postfix's processes are other users
    with contextlib.ExitStack() as stack:
        postfix = stack.enter_context(Postfix(Path(folder) / "postfix"))
        guichet = stack.enter_context(Gateway(Path(folder) / "guichet", {"smtpd.trusted_networks": []}))
        return stack.pop_all(), postfix, guichet


def compared(postfix, guichet):
    """[(what, Postfix's answer, Guichet's)]"""
    return [(sender.what, sender.play(postfix.smtp), sender.play(guichet.smtp))
            for sender in SENDERS + SMUGGLING + INJECTED]


def table(version, rows):
    lines = ["# What real senders get wrong", "",
             f"Said to Postfix {version} as Debian ships it and to Guichet with the defaults of the sample, side by side.",
             "What Postfix takes, Guichet takes, but for smuggling and for data sent before 354. This page is what",
             "`python3 tests/e2e/test_senders.py --table` prints; the test fails when it is no longer true.", "",
             "| what the sender does | Postfix | Guichet |", "| --- | --- | --- |"]
    return "\n".join(lines + [f"| {what} | {one} | {other} |" for what, one, other in rows]) + "\n"


class Senders(GatewayTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(prefix="guichet-senders-")
        cls.addClassCleanup(folder.cleanup)
        stack, cls.postfix, cls.guichet = both(folder.name)
        cls.addClassCleanup(stack.close)

    def test_what_postfix_takes_is_taken(self):
        rows = compared(self.postfix, self.guichet)
        for what, postfix, guichet in rows:
            with self.subTest(what):
                if what in EXCEPTIONS:
                    self.assertNotEqual(guichet, "taken")
                elif postfix == "taken":
                    self.assertEqual(guichet, "taken")
        self.assertGreater(sum(postfix == "taken" for _, postfix, _ in rows), 60, "Postfix was there")
        if self.postfix.version().startswith("3.7."):
            self.assertEqual(TABLE.read_text(), table(self.postfix.version(), rows), f"{TABLE.name} is not what is so")

    def test_burst_of_500_in_one_session(self):
        for server in (self.postfix, self.guichet):
            with self.subTest(type(server).__name__), wire.Smtp(server.smtp) as smtp:
                for _ in range(500):
                    smtp.deliver(b"foi+1@example.test", b"Subject: burst\r\n\r\nbody\r\n")
                smtp.quit()

    def test_burst_of_50_connections(self):
        """All open at once, one message on each."""
        for server in (self.postfix, self.guichet):
            with self.subTest(type(server).__name__), contextlib.ExitStack() as stack:
                sessions = []
                opening = [threading.Thread(target=lambda: sessions.append(wire.Smtp(server.smtp))) for _ in range(50)]
                for thread in opening:
                    thread.start()
                for thread in opening:
                    thread.join()
                for smtp in sessions:
                    stack.enter_context(smtp)
                self.assertEqual([smtp.greeting[0] for smtp in sessions], [220] * 50)
                for smtp in sessions:
                    smtp.deliver(b"foi+1@example.test", b"Subject: burst\r\n\r\nbody\r\n")


def print_table():
    with tempfile.TemporaryDirectory(prefix="guichet-senders-") as folder:
        stack, postfix, guichet = both(folder)
        with stack:
            sys.stdout.write(table(postfix.version(), compared(postfix, guichet)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print_table()
    else:
        gateway.main()
