"""SMTP and POP3 as octets on a socket, so that a test decides what is sent and sees what came back."""

import re
import socket
import ssl

from gateway import PATIENCE_S


class Closed(Exception):
    """The other side ended the connection."""


class Wire:
    """A connection. When its first exchange fails it is closed again."""

    def __init__(self, address, tls=None, source=None):
        self.socket = socket.create_connection(address, timeout=PATIENCE_S, source_address=source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""
        if tls:
            try:
                self.start_tls(tls)
            except BaseException:
                self.close()
                raise

    def start_tls(self, context, name="localhost"):
        """`name` is the server's that is asked for (SNI); None: none is."""
        assert not self.input, f"octets before the handshake: {self.input!r}"
        self.socket = context.wrap_socket(self.socket, server_hostname=name)

    def send(self, octets):
        self.socket.sendall(octets)

    def _fill(self):
        try:
            octets = self.socket.recv(1 << 18)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            octets = b""
        if not octets:
            raise Closed(f"connection closed; unread: {self.input[-200:]!r}")
        self.input += octets

    def line(self):
        """One line without its CRLF."""
        while b"\r\n" not in self.input:
            self._fill()
        line, self.input = self.input.split(b"\r\n", 1)
        return line

    def at_end(self):
        """True when the other side closes and says nothing more."""
        try:
            while True:
                self._fill()
        except Closed:
            return not self.input

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def lax_tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def stuffed(octets):
    """RFC 5321 4.5.2, and the end of data. What is sent by DATA ends in CRLF, or is empty."""
    assert not octets or octets.endswith(b"\r\n"), "DATA cannot carry a last line without its end"
    if octets.startswith(b"."):
        octets = b"." + octets
    return octets.replace(b"\r\n.", b"\r\n..") + b".\r\n"


class Smtp(Wire):
    def __init__(self, address, helo=b"client.example", tls=None, source=None, before=b""):
        """`before`: octets that are sent before the greeting."""
        super().__init__(address, tls, source)
        try:
            self.send(before)
            self.greeting = self.reply()
            if helo and self.greeting[0] == 220:
                self.ehlo = self.command(b"EHLO " + helo)
        except BaseException:
            self.close()
            raise

    def reply(self):
        """(code, text of all its lines)"""
        lines = []
        while True:
            line = self.line()
            assert re.match(rb"[2-5][0-9][0-9]([ -]|$)", line), f"not an SMTP reply: {line!r}"
            lines.append(line[4:].decode("utf-8", "replace"))
            if line[3:4] != b"-":
                return int(line[:3]), "\n".join(lines)

    def command(self, line):
        self.send(line + b"\r\n")
        return self.reply()

    def expect(self, code, line):
        answer = self.command(line)
        assert answer[0] == code, f"{line!r}: expected {code}, got {answer}"
        return answer

    def envelope(self, recipients, sender=b"authority@town.example"):
        self.expect(250, b"MAIL FROM:<" + sender + b">")
        for recipient in [recipients] if isinstance(recipients, (str, bytes)) else recipients:
            text = recipient.encode() if isinstance(recipient, str) else recipient
            self.expect(250, b"RCPT TO:<" + text + b">")

    def message(self, recipients, octets, sender=b"authority@town.example"):
        """Sends it and returns the reply to the end of data."""
        self.envelope(recipients, sender)
        self.expect(354, b"DATA")
        self.send(stuffed(octets))
        return self.reply()

    def deliver(self, recipients, octets, sender=b"authority@town.example"):
        answer = self.message(recipients, octets, sender)
        assert answer[0] == 250, f"end of data: {answer}"

    def quit(self):
        self.expect(221, b"QUIT")
        self.close()


class Pop(Wire):
    def __init__(self, address, user="foi", password="secret", tls=None, source=None):
        super().__init__(address, tls, source)
        try:
            self.greeting = self.line()
            assert self.greeting.startswith(b"+OK"), self.greeting
            if user is not None:
                answer = self.login(user, password)
                assert answer.startswith(b"+OK"), f"login: {answer!r}"
        except BaseException:
            self.close()
            raise

    def command(self, line):
        self.send(line + b"\r\n")
        return self.line()

    def login(self, user, password):
        """The answer to PASS."""
        first = self.command(b"USER " + user.encode())
        assert first.startswith(b"+OK"), first
        return self.command(b"PASS " + password.encode())

    def expect(self, line):
        answer = self.command(line)
        assert answer.startswith(b"+OK"), f"{line!r}: {answer!r}"
        return answer

    def multiline(self):
        """What follows +OK, the stuffing and the final dot taken away, line ends as sent."""
        mark = 0
        while not (self.input.startswith(b".\r\n") or b"\r\n.\r\n" in self.input[max(0, mark - 4):]):
            mark = len(self.input)
            self._fill()
        if self.input.startswith(b".\r\n"):
            self.input = self.input[3:]
            return b""
        end = self.input.index(b"\r\n.\r\n") + 2
        octets, self.input = self.input[:end], self.input[end + 3:]
        if octets.startswith(b"."):
            octets = octets[1:]
        return octets.replace(b"\r\n.", b"\r\n")

    def stat(self):
        count, octets = self.expect(b"STAT").split()[1:3]
        return int(count), int(octets)

    def listing(self):
        """[(number, size)]"""
        self.expect(b"LIST")
        return [tuple(map(int, line.split())) for line in self.multiline().splitlines()]

    def uids(self):
        """[uid] in the order of the numbers"""
        self.expect(b"UIDL")
        lines = [line.split() for line in self.multiline().splitlines()]
        assert [int(number) for number, _ in lines] == list(range(1, len(lines) + 1))
        return [uid.decode("ascii") for _, uid in lines]

    def retr(self, number):
        self.expect(b"RETR %d" % number)
        return self.multiline()

    def quit(self):
        answer = self.command(b"QUIT")
        self.close()
        assert answer.startswith(b"+OK"), answer


def everything(address, **login):
    """{uid: served octets} of a maildrop, and nothing removed."""
    with Pop(address, **login) as pop:
        uids = pop.uids()
        sizes = dict(pop.listing())
        found = {}
        for number, uid in enumerate(uids, 1):
            found[uid] = pop.retr(number)
            assert len(found[uid]) == sizes[number], f"LIST says {sizes[number]}, RETR sent {len(found[uid])}"
        assert len(found) == len(uids), "a UID twice"
        pop.quit()
    return found
