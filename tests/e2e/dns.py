"""A DNS server of one's own on loopback: what it says is a dictionary, and so is what it was asked.

    with Server({("1.0.0.127.in-addr.arpa", "PTR"): ["mail.example.org"]}) as dns: ... dns.address
A name that is not in it does not exist. SILENT instead of answers: it never answers; FAIL: SERVFAIL; NONSENSE: octets that are no answer.
"""

import socket
import struct
import threading

TYPES = {1: "A", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA"}
SILENT, FAIL, NONSENSE = "silent", "fail", "nonsense"


def encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "TXT":
        octets = value.encode()
        pieces = [octets[at:at + 255] for at in range(0, len(octets), 255)] or [b""]
        return b"".join(bytes([len(piece)]) + piece for piece in pieces)
    if kind == "MX":
        preference, host = value.split()
        return struct.pack(">H", int(preference)) + encoded(host)
    return encoded(value)


class Server:
    def __init__(self, zone):
        self.zone = zone
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        # A datagram to oneself ends the wait; closing the socket would not.
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            if not query:
                return
            answer = self._answer(query)
            if answer:
                self.socket.sendto(answer, client)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        kind = TYPES.get(struct.unpack(">H", query[at + 1:at + 3])[0], "?")
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        said = self.zone.get((name, kind))
        if said == SILENT:
            return None
        if said == NONSENSE:
            return query[:2] + b"\x81\x80" + bytes(range(256))
        records = said if isinstance(said, list) else []
        exists = any(known == name for known, _ in self.zone)
        code = 2 if said == FAIL else 0 if exists else 3
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0) + query[12:at + 5]
        number = next(number for number, text in TYPES.items() if text == kind) if records else 0
        return head + b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", number, 1, 300, len(octets)) + octets
            for octets in (rdata(kind, value) for value in records))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
