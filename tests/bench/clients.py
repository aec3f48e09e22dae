"""Clients that cost little themselves: raw sockets, payloads made beforehand."""

import socket
import ssl
import threading
import time

from contenders import RECIPIENT

END = b"\r\n.\r\n"


class Line:
    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def line(self):
        while b"\r\n" not in self.rest:
            octets = self.socket.recv(65_536)
            if not octets:
                raise ConnectionError("closed")
            self.rest += octets
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def close(self):
        self.socket.close()


class Smtp(Line):
    def __init__(self, address, tls=False):
        super().__init__(address)
        self.reply(220)
        self.command(b"EHLO client.example\r\n", 250)
        if tls:
            self.command(b"STARTTLS\r\n", 220)
            self.start_tls()
            self.command(b"EHLO client.example\r\n", 250)

    def reply(self, code):
        line = self.line()
        while line[3:4] == b"-":
            line = self.line()
        if int(line[:3]) != code:
            raise RuntimeError(f"expected {code}: {line!r}")

    def command(self, octets, code):
        self.socket.sendall(octets)
        self.reply(code)

    def begin(self):
        """Up to 354."""
        self.command(b"MAIL FROM:<authority@town.example>\r\n", 250)
        self.command(b"RCPT TO:<%s>\r\n" % RECIPIENT.encode(), 250)
        self.command(b"DATA\r\n", 354)


class Pop(Line):
    def __init__(self, address, tls=False):
        super().__init__(address)
        if tls:
            self.start_tls()
        self.ok()

    def ok(self):
        line = self.line()
        if not line.startswith(b"+OK"):
            raise RuntimeError(line)
        return line

    def command(self, octets):
        self.socket.sendall(octets)
        return self.ok()

    def login(self, user=b"foi"):
        self.command(b"USER %s\r\n" % user)
        self.command(b"PASS secret\r\n")

    def count(self):
        return int(self.command(b"STAT\r\n").split()[1])

    def quit(self):
        self.command(b"QUIT\r\n")
        self.close()


def message(number, octets):
    """A message of about so many octets, without its end of data; no two are the same."""
    head = (b"From: authority@town.example\r\nTo: foi@example.test\r\nSubject: reply %d\r\n"
            b"Message-ID: <%d.%d@town.example>\r\n\r\n" % (number, number, time.time_ns()))
    line = b"X" * 78 + b"\r\n"
    return head + line * (octets // len(line))


# --- Drain -------------------------------------------------------------------------------------------------

def drain(pop, count, window, retrieve=True):
    """RETR and DELE of messages 1 to count, `window` of them on their way at a time. Their last line must not be a
    dot, and no line of them either: then CRLF.CRLF is where one ends."""
    # One after the other means that each command waits for the answer to the one before.
    if window == 1:
        return drain_one_by_one(pop, count)
    commands = [(b"RETR %d\r\n" % n if retrieve else b"") + b"DELE %d\r\n" % n for n in range(1, count + 1)]
    buffer = memoryview(bytearray(1 << 20))
    octets = 0
    for first in range(0, count, window):
        chunk = commands[first:first + window]
        pop.socket.sendall(b"".join(chunk))
        ends, tail = 0, b""
        lines = 0 if retrieve else len(chunk)
        while True:
            got = pop.socket.recv_into(buffer)
            if not got:
                raise ConnectionError("closed")
            octets += got
            seen = tail + bytes(buffer[:got])
            if retrieve:
                ends += seen.count(END)
                tail = seen[-4:]   # one octet short of an end: it can complete one, and not repeat one
                # behind the last message stands one line more, the answer to its DELE
                if ends == len(chunk) and seen.endswith(b"\r\n") and not seen.endswith(END):
                    break
            else:
                lines -= seen.count(b"\n")
                if lines == 0:
                    break
    return octets


def drain_one_by_one(pop, count):
    connection, octets = pop.socket, 0
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    for number in range(1, count + 1):
        connection.sendall(b"RETR %d\r\n" % number)
        filled = 0
        while True:
            got = connection.recv_into(view[filled:])
            if not got:
                raise ConnectionError("closed")
            filled += got
            if buffer.endswith(END, 0, filled):
                break
        octets += filled
        connection.sendall(b"DELE %d\r\n" % number)
        if connection.recv_into(view) < 5 or buffer[:3] != b"+OK":
            raise RuntimeError(bytes(buffer[:80]))
    return octets


# --- Many at once ------------------------------------------------------------------------------------------

def open_many(count, make):
    """So many connections, each brought to where it idles; made by 16 threads."""
    made, lock, left = [], threading.Lock(), iter(range(count))

    def work():
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            connection = make(number)
            with lock:
                made.append(connection)

    run_threads([work] * min(16, count))
    return made


def run_threads(works):
    """Runs all; raises the first problem of any."""
    problems = []

    def guarded(work):
        try:
            work()
        except Exception as problem:
            problems.append(problem)

    threading.stack_size(256 << 10)
    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    threading.stack_size(0)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def push(address, senders, octets):
    """So many senders, each with one message of so many octets, all at the same time."""
    body = (b"Z" * 78 + b"\r\n") * 6_400   # 512 KB
    gate = threading.Barrier(senders)

    def work(number):
        smtp = Smtp(address)
        smtp.begin()
        gate.wait(timeout=120)
        smtp.socket.settimeout(600)
        smtp.socket.sendall(b"Subject: push %d\r\nMessage-ID: <%d.%d@x>\r\n\r\n" % (number, number, time.time_ns()))
        for _ in range(max(1, octets // len(body))):
            smtp.socket.sendall(body)
        smtp.command(b".\r\n", 250)
        smtp.close()

    run_threads([lambda n=n: work(n) for n in range(senders)])


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
