"""A crowd on one epoll: thousands of slow connections and of senders of large bodies, from many addresses.

One process and no thread: what it costs itself must be little beside the server. It tells what it has reached in lines
of JSON on its standard output, once a second, and ends when its standard input does.

usage: crowd.py HOST:PORT --slow N --senders N --octets N
"""

import argparse
import collections
import json
import resource
import select
import socket
import sys
import time

ADDRESS_SHARE = 20                  # connections from one address
PAUSE_S = 10                        # between two octets of a slow one
OPENED_PER_TICK, TICK_S = 100, 0.05   # 2,000 a second
IP_BIND_ADDRESS_NO_PORT = 24
ENVELOPE = [(220, b"EHLO crowd.example\r\n"), (250, b"MAIL FROM:<a@town.example>\r\n"),
            (250, b"RCPT TO:<foi@example.test>\r\n"), (250, b"DATA\r\n"), (354, b"")]
LINE = b"Z" * 78 + b"\r\n"
BODY = memoryview(LINE * 6_400)     # half a megabyte


class Connection:
    """What they have in common: a dialog that is said line by line."""
    events = 0

    def __init__(self, crowd, number):
        self.crowd, self.number = crowd, number
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        place = number // ADDRESS_SHARE
        self.socket.bind((f"127.3.{place // 250}.{place % 250 + 1}", 0))
        self.socket.connect_ex(crowd.address)
        self.greeted = False
        self.input = b""
        self.dialog = collections.deque(self.script())

    def wanted(self):
        return select.EPOLLIN

    def readable(self):
        octets = self.socket.recv(65_536)
        if not octets:
            raise ConnectionError
        *lines, self.input = (self.input + octets).split(b"\r\n")
        for line in lines:
            if line[3:4] != b"-":
                self.reply(int(line[:3]))

    def reply(self, code):
        if not self.greeted:
            if code != 220:
                self.crowd.count["refused"] += 1
                raise ConnectionError
            self.greeted = True
            self.crowd.count["greeted"] += 1
        if not self.dialog:
            return
        expected, line = self.dialog.popleft()
        if code != expected:
            self.crowd.count[f"said {code}"] += 1
            raise ConnectionError
        if line:
            self.socket.send(line)
        if not self.dialog:
            self.arrived()

    def arrived(self):
        pass

    def gone(self):
        if self.greeted:
            self.crowd.count["greeted"] -= 1
        self.socket.close()


class SlowCommand(Connection):
    """An octet of a command every ten seconds."""

    def script(self):
        return []

    def drip(self):
        self.socket.send(b"N")


class SlowBody(Connection):
    """An octet of a body every ten seconds."""

    def script(self):
        return ENVELOPE

    def drip(self):
        if not self.dialog:
            self.socket.send(b"x")


class Sender(Connection):
    """One large message after the other, as fast as they are taken."""

    def script(self):
        self.left = None
        return ENVELOPE

    def wanted(self):
        return select.EPOLLOUT if self.left else select.EPOLLIN

    def arrived(self):
        if self.left is None:   # the 354
            self.left = self.crowd.octets
            self.socket.send(b"Subject: large\r\n\r\n")
        else:                   # the 250
            self.crowd.count["filed"] += 1
            self.left = None
            self.dialog.extend(ENVELOPE[2:])
            self.socket.send(ENVELOPE[1][1])

    def writable(self):
        if self.left:
            # whole lines, wherever the last piece was cut
            begin = (self.crowd.octets - self.left) % len(LINE)
            sent = self.socket.send(BODY[begin:begin + min(self.left, len(BODY) - begin)])
            self.left -= sent
            self.crowd.count["octets"] += sent
        if not self.left:
            self.dialog.append((250, b""))
            self.socket.send(b"\r\n.\r\n")


class Crowd:
    def __init__(self, options):
        host, _, port = options.address.rpartition(":")
        self.address, self.octets = (host, int(port)), options.octets - options.octets % len(LINE)
        self.poll = select.epoll()
        self.count = collections.Counter(greeted=0, lost=0)
        self.by_descriptor = {}
        kinds = [SlowCommand, SlowBody] * (options.slow // 2) + [Sender] * options.senders
        self.missing = collections.deque(enumerate(kinds))
        self.slow = collections.deque()

    def run(self):
        self.poll.register(sys.stdin.fileno(), select.EPOLLIN)
        ticked = told = time.monotonic()
        while True:
            for descriptor, _ in self.poll.poll(TICK_S, 2000):
                if descriptor == sys.stdin.fileno():
                    return
                self.serve(self.by_descriptor.get(descriptor))
            now = time.monotonic()
            if now - ticked >= TICK_S:
                self.drip((now - ticked) / PAUSE_S)
                self.open_missing()
                ticked = now
            if now - told >= 1:
                print(json.dumps({**self.count, "open": len(self.by_descriptor)}), flush=True)
                told = now

    def open_missing(self):
        for _ in range(min(OPENED_PER_TICK, len(self.missing))):
            number, kind = self.missing.popleft()
            connection = kind(self, number)
            connection.kind = kind
            self.by_descriptor[connection.socket.fileno()] = connection
            self.poll.register(connection.socket, connection.wanted())
            connection.registered = connection.wanted()
            if kind is not Sender:
                self.slow.append(connection)

    def serve(self, connection):
        if connection is None:
            return
        try:
            if connection.registered == select.EPOLLOUT:
                connection.writable()
            else:
                connection.readable()
        except BlockingIOError:
            return
        except OSError:
            return self.lose(connection)
        if connection.wanted() != connection.registered:
            connection.registered = connection.wanted()
            self.poll.modify(connection.socket, connection.registered)

    def lose(self, connection):
        """Another one takes its place."""
        self.count["lost"] += 1
        del self.by_descriptor[connection.socket.fileno()]
        connection.gone()
        self.missing.append((connection.number, connection.kind))

    def drip(self, share):
        """A part of the slow ones says its octet."""
        for _ in range(min(len(self.slow), int(len(self.slow) * share) + 1)):
            connection = self.slow.popleft()
            if connection.socket.fileno() < 0:
                continue
            self.slow.append(connection)
            try:
                connection.drip()
            except BlockingIOError:
                pass
            except OSError:
                self.lose(connection)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("address")
    parser.add_argument("--slow", type=int, required=True)
    parser.add_argument("--senders", type=int, required=True)
    parser.add_argument("--octets", type=int, required=True)
    options = parser.parse_args()
    wanted = options.slow + options.senders + 100
    hard = max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    Crowd(options).run()


if __name__ == "__main__":
    main()
