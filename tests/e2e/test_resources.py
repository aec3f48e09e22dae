"""Attacks on what a mail server has little of: sessions, time, descriptors, memory. R1 to R9, by number.

GUICHET_CLIENTS multiplies how many there are (./dev soak); the limits stay.
"""

import hashlib
import os
import resource
import select
import socket
import subprocess
import threading
import unittest

import gateway
import wire
from gateway import RECIPIENT, GatewayTest, eventually
from test_limits import greeting, open_sockets, resident_octets

MANY = int(os.environ.get("GUICHET_CLIENTS", "1"))
BODY = b"Subject: x\r\n\r\nbody\r\n"
STRANGERS = {"smtpd.trusted_networks": []}


def source(number):
    """One of 60,000 addresses of this machine."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


def silent(address, number, octets=b""):
    """A connection from an address of its own that has read nothing and sent this."""
    connection = socket.create_connection(address, timeout=gateway.PATIENCE_S, source_address=(source(number), 0))
    if octets:
        connection.sendall(octets)
    return connection


def drip(connection, octet, every_s=0.1):
    """Sends an octet at a time until something comes back, and returns it: b"" is the end."""
    while True:
        try:
            connection.send(octet)
        except (ConnectionError, BrokenPipeError):
            pass
        if select.select([connection], [], [], every_s)[0]:
            return received(connection)


def received(connection):
    """Everything until the other side closes."""
    octets = b""
    try:
        while more := connection.recv(65_536):
            octets += more
    except ConnectionResetError:
        pass
    return octets


def certificate(folder):
    made = {"smtpd.tls_cert": folder / "cert.pem", "smtpd.tls_key": folder / "key.pem"}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-keyout", made["smtpd.tls_key"],
                    "-out", made["smtpd.tls_cert"]], check=True, capture_output=True)
    return made


class Resources(GatewayTest):
    settings = STRANGERS

    def honest(self, g, number=0):
        """Whatever happens, somebody else's message is filed."""
        with wire.Smtp(g.smtp, source=source(60_000 + number)) as smtp:
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()

    def log(self):
        return (self.folder / "stderr").read_text(errors="replace")


class R1Slow(Resources):
    def test_a_command_octet_by_octet(self):
        """Never silent for longer than a tenth of a second, and gone after one."""
        g = self.gateway({"smtpd.command_timeout_s": 1})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            said = drip(smtp.socket, b"N")
            self.assertRegex(said, rb"^421 4\.4\.2 .*middle of a command")
            self.honest(g)
        self.assertIn("421 4.4.2", self.log())

    def test_half_a_command_behind_whole_ones(self):
        """What is left of a group is the beginning of the next command, and has that one's time."""
        g = self.gateway({"smtpd.command_timeout_s": 2})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            for _ in range(30):
                smtp.send(b"OP\r\nNO")
                select.select([smtp.socket], [], [], 0.1)
                if b"421" in smtp.input:
                    break
            smtp.input = b""
            self.assertRegex(drip(smtp.socket, b"O"), rb"421 4\.4\.2 .*middle of a command")

    def test_a_body_octet_by_octet(self):
        g = self.gateway({"smtpd.idle_timeout_s": 2})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.envelope(RECIPIENT)
            smtp.expect(354, b"DATA")
            self.assertRegex(drip(smtp.socket, b"x"), rb"^421 4\.4\.2 too slow")
        self.assertEqual(g.list(), [])

    def test_a_handshake_octet_by_octet(self):
        g = self.gateway({"smtpd.command_timeout_s": 1, **certificate(self.folder)})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.expect(220, b"STARTTLS")
            smtp.send(b"\x16\x03\x01\x40\x00")
            self.assertEqual(drip(smtp.socket, b"\0"), b"", "ended, and nothing said in the clear")
            self.honest(g)

    def test_a_session_that_brings_nothing(self):
        """A command every now and then is no reason to stay for ever; a message is."""
        g = self.gateway({"smtpd.session_timeout_s": 2, "smtpd.idle_timeout_s": 300})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            said = drip(smtp.socket, b"NOOP\r\n", every_s=0.5)
            while b"421" not in said:
                self.assertIn(b"250", said)
                said = drip(smtp.socket, b"NOOP\r\n", every_s=0.5)
            self.assertRegex(said, rb"421 4\.4\.2 this session")

    def test_many_of_them(self):
        count = 200 * MANY
        g = self.gateway({"smtpd.sessions_max": 2 * count, "smtpd.sessions_per_address_max": 20})
        slow = [silent(g.smtp, number // 20, b"EHL" if number % 2 else b"") for number in range(count)]
        for number in range(10):
            self.honest(g, number)
        with wire.Smtp(g.smtp, source=source(0)) as smtp:
            self.assertEqual(smtp.greeting[0], 421, "an address that has its twenty gets no more")
        for connection in slow:
            connection.close()
        eventually(lambda: open_sockets(g) <= 4, "all of them are gone")


class Crowd(Resources):
    def test_strangers_are_hurried_and_the_known_have_a_reserve(self):
        """Forty sessions: the last four are for who delivered before; the silent ones go after ten seconds, not 300."""
        g = self.gateway({"smtpd.sessions_max": 40})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.deliver(RECIPIENT, BODY)
            smtp.quit()
        eventually(lambda: open_sockets(g) <= 4, "that one is gone")
        slow = [silent(g.smtp, number) for number in range(2, 38)]
        for connection in slow:
            self.assertTrue(connection.recv(1000).startswith(b"220"))
        with wire.Smtp(g.smtp, helo=None, source=source(100)) as stranger:
            self.assertEqual(stranger.greeting[0], 421)
        with wire.Smtp(g.smtp, source=source(1)) as known:
            known.deliver(RECIPIENT, BODY)
        for connection in slow:
            self.assertRegex(received(connection), rb"^421 4\.4\.2")
            connection.close()
        self.honest(g)
        self.assertIn("smtp.crowded", self.log())
        eventually(lambda: "smtp.room_again" in self.log(), "and that it is over")


class R2ConnectFlood(Resources):
    def test_connections_closed_and_reset_at_once(self):
        g = self.gateway()
        for number in range(1000 * MANY):
            connection = silent(g.smtp, number % 5000)
            if number % 2:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        self.honest(g)
        eventually(lambda: open_sockets(g) <= 4, f"{open_sockets(g)} sockets are still open")


class R3Descriptors(Resources):
    def test_connections_leave_some_for_files(self):
        """ulimit -n 64: 421 when a quarter is left, and that quarter is enough to file what is under way."""
        g = self.gateway({"smtpd.sessions_per_address_max": 64, "store.spool_octets_min": 65_536},
                         prlimit=["--nofile=64:64"])
        held = []
        while True:
            session = wire.Smtp(g.smtp, helo=None, source=source(1))
            held.append(session)
            if session.greeting[0] != 220:
                break
            self.assertLess(len(held), 64)
        self.assertEqual(held[-1].greeting[0], 421, held[-1].greeting)
        self.assertGreater(len(held), 8)
        held[0].deliver(RECIPIENT, b"Subject: large\r\n\r\n" + b"y" * 1_000_000 + b"\r\n")
        for session in held[1:4]:
            session.close()
        eventually(lambda: greeting(g.pop3).startswith(b"+OK"), "POP3's connections are of the same kind")
        self.assertEqual(len(wire.everything(g.pop3)), 1)
        for session in held:
            session.close()
        eventually(lambda: greeting(g.smtp).startswith(b"220"), "recovery")
        self.honest(g)
        g.verify()

    def test_the_store_looks_before_mail_is_taken(self):
        g = self.gateway()
        _, most = resource.prlimit(g.process.pid, resource.RLIMIT_NOFILE)
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.deliver(RECIPIENT, BODY)
            before = resource.prlimit(g.process.pid, resource.RLIMIT_NOFILE, (descriptors(g) + 2, most))
            code, text = smtp.command(b"MAIL FROM:<a@town.example>")
            self.assertEqual((code, text[:5]), (452, "4.3.2"), text)
            resource.prlimit(g.process.pid, resource.RLIMIT_NOFILE, before)
            smtp.deliver(RECIPIENT, BODY)

    def test_none_left_at_all(self):
        """accept() itself fails: whoever comes waits in the backlog, and is served when there is one again."""
        g = self.gateway()
        _, most = resource.prlimit(g.process.pid, resource.RLIMIT_NOFILE)
        before = resource.prlimit(g.process.pid, resource.RLIMIT_NOFILE, (descriptors(g), most))
        waiting = [silent(g.smtp, number) for number in range(5)]
        eventually(lambda: "cannot accept" in self.log(), "it is said")
        resource.prlimit(g.process.pid, resource.RLIMIT_NOFILE, before)
        for connection in waiting:
            self.assertTrue(connection.recv(1000).startswith(b"220"))
            connection.close()
        # (The other port may have had no time for its first look either.)
        self.assertEqual(self.log().count("cannot accept on %s:%d" % g.smtp), 1, "and not ten times a second")
        self.honest(g)


def descriptors(g):
    """One more than the highest number that is open."""
    return max(map(int, os.listdir(f"/proc/{g.process.pid}/fd"))) + 1


class R4NeverReads(Resources):
    def test_replies_that_nobody_reads(self):
        """A message that is filed forgives all, so the replies would never end."""
        g = self.gateway({"smtpd.command_timeout_s": 2, "smtpd.recipients_per_minute_max": 0,
                          "smtpd.messages_per_minute_max": 0, "smtpd.chunking": True})
        greedy = socket.socket()
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.settimeout(gateway.PATIENCE_S)
        greedy.connect(g.smtp)
        greedy.sendall(b"EHLO x\r\n")
        messages = b"EHLO x\r\n" * 90 + (b"MAIL FROM:<a@town.example>\r\nRCPT TO:<foi@example.test>\r\n"
                                        b"BDAT 2 LAST\r\n\r\n")   # replies as long as can be, few to file
        with self.assertRaises((ConnectionError, BrokenPipeError)):
            while True:   # until it is sent away: the time-out of this socket is longer
                greedy.sendall(messages)
        greedy.close()
        self.honest(g)
        self.assertIn("smtp.unread", self.log())
        if not gateway.SANITIZED:
            self.assertLess(resident_octets(g), 60_000_000)


class R5LargeBodies(Resources):
    def test_more_than_memory_holds(self):
        """Each is taken whole or put off; memory does not grow with what is sent."""
        count, size = 24 * min(MANY, 10), 4_000_000
        g = self.gateway({"store.bodies_octets_max": 8 << 20, "store.spool_octets_min": 1 << 20})
        taken, answers, lock = set(), [], threading.Lock()

        def send(number):
            octets = b"Subject: %d\r\n\r\n" % number + b"y" * size + b"\r\n"
            with wire.Smtp(g.smtp, source=source(number)) as smtp:
                said = (smtp.command(line)[0] for line in (
                    b"MAIL FROM:<a@town.example>", b"RCPT TO:<" + RECIPIENT.encode() + b">", b"DATA"))
                code = next((code for code in said if code // 100 == 4), 0)
                if not code:
                    smtp.send(wire.stuffed(octets))
                    code, _ = smtp.reply()
            with lock:
                answers.append(code)
                if code == 250:
                    taken.add(hashlib.sha256(octets).hexdigest())

        together(send, count)
        self.assertEqual(len(answers), count)
        self.assertLessEqual(set(answers), {250, 452})
        self.assertTrue(taken)
        if not gateway.SANITIZED:
            self.assertLess(resident_octets(g), 120_000_000)
        self.assertEqual({hashlib.sha256(g.raw(fact["id"])).hexdigest() for fact in g.list()}, taken)
        self.honest(g)


class R6Tls(Resources):
    def test_a_handshake_that_never_comes(self):
        g = self.gateway({"smtpd.command_timeout_s": 1, **certificate(self.folder)})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.expect(220, b"STARTTLS")
            self.assertTrue(smtp.at_end())
        self.honest(g)

    def test_records_with_nothing_in_them(self):
        """In the clear they are against the protocol, so that they end the session at once."""
        g = self.gateway({"smtpd.command_timeout_s": 1, **certificate(self.folder)})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.expect(220, b"STARTTLS")
            said = drip(smtp.socket, b"\x16\x03\x01\x00\x00")
            self.assertTrue(said == b"" or said[:1] == b"\x15", said)
        self.honest(g)

    def test_silence_inside_tls(self):
        """Half a record holds a session no longer than half a command does."""
        g = self.gateway({"smtpd.idle_timeout_s": 1, **certificate(self.folder)})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.expect(220, b"STARTTLS")
            raw = os.dup(smtp.socket.fileno())
            smtp.start_tls(wire.lax_tls())
            smtp.expect(250, b"EHLO x")
            try:
                os.write(raw, b"\x17\x03\x03\x40\x00" + b"\0" * 100)   # a record of 16 KB that does not go on
                self.assertEqual(smtp.reply()[0], 421)
            finally:
                os.close(raw)
        self.honest(g)


class R7UnfinishedLines(Resources):
    def test_a_megabyte_without_an_end(self):
        g = self.gateway()
        for address in (g.smtp, g.pop3):
            with socket.create_connection(address, timeout=gateway.PATIENCE_S) as connection:
                try:
                    connection.sendall(b"A" * (1 << 20))
                except ConnectionError:
                    pass
                self.assertRegex(received(connection), rb"^(220|\+OK)|^$", "it was closed")
        self.honest(g)

    def test_many_that_are_just_short_of_it(self):
        """Each has sent 60,000 octets of a line; a session keeps 4,096 of them at most."""
        count = 40 * MANY
        g = self.gateway({"smtpd.sessions_max": 4 * count, "popd.sessions_max": 4 * count})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.deliver(RECIPIENT, BODY)
        before = resident_octets(g)
        held = [silent(address, number, b"A" * 60_000) for number in range(count) for address in (g.smtp, g.pop3)]
        eventually(lambda: not unread_octets(g), "all of it was read")
        if not gateway.SANITIZED:
            self.assertLess(resident_octets(g) - before, count * 2 * 20_000 + 2_000_000)
        for connection in held:
            connection.close()
        self.honest(g)


def unread_octets(g):
    """What waits in the receive queues of this gateway's connections."""
    ports = {f"{port:04X}" for _, port in (g.smtp, g.pop3)}
    waiting = 0
    with open("/proc/net/tcp") as lines:
        for line in list(lines)[1:]:
            fields = line.split()
            if fields[1].rsplit(":", 1)[1] in ports and fields[3] == "01":
                waiting += int(fields[4].split(":")[1], 16)
    return waiting


class R8SlowReaders(Resources):
    def test_a_large_message_that_is_hardly_read(self):
        size = 40_000_000
        g = self.gateway()
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.deliver(RECIPIENT, b"Subject: large\r\n\r\n" + (b"y" * 998 + b"\r\n") * (size // 1000))
        before = resident_octets(g)
        with wire.Pop(g.pop3) as pop:
            pop.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            pop.send(b"RETR 1\r\n")
            self.assertTrue(pop.line().startswith(b"+OK"))
            for number in range(20):
                pop.socket.recv(1)
                self.honest(g, number)
            if not gateway.SANITIZED:
                self.assertLess(resident_octets(g) - before, 8_000_000)
            with wire.Pop(g.pop3, user=None) as other:
                self.assertTrue(other.login("foi", "secret").startswith(b"-ERR"), "one at a time has a maildrop")


@unittest.skipIf(gateway.SANITIZED, "a sanitizer needs terabytes of addresses")
class R9NoMemory(Resources):
    def test_nothing_acknowledged_is_lost(self):
        """Allocations fail: 4xx, a closed connection or an end of the process; what got its 250 is there."""
        g = self.gateway({"store.spool_octets_min": 1 << 30, "store.bodies_octets_max": 4 << 30})
        self.honest(g)
        resource.prlimit(g.process.pid, resource.RLIMIT_DATA, (data_octets(g) + (24 << 20),) * 2)
        taken, lock, all_there = set(), threading.Lock(), threading.Barrier(30)

        def send(number):
            octets = b"Subject: %d\r\n\r\n" % number + b"y" * 3_000_000 + b"\r\n"
            smtp, code = None, None
            try:
                smtp = wire.Smtp(g.smtp, source=source(number))
                smtp.envelope(RECIPIENT)
                smtp.expect(354, b"DATA")
                smtp.send(octets)
            except (wire.Closed, ConnectionError, AssertionError):
                pass
            all_there.wait()   # each body is held until the others are there
            try:
                smtp.send(b".\r\n")
                code, _ = smtp.reply()
            except (wire.Closed, ConnectionError, AttributeError):
                pass
            if smtp:
                smtp.close()
            with lock:
                if code == 250:
                    taken.add(hashlib.sha256(octets).hexdigest())

        together(send, 30)
        self.assertLess(len(taken), 30, "there was memory for all of them: the test is none")
        g.kill9()
        g.start()
        there = {hashlib.sha256(g.raw(fact["id"])).hexdigest() for fact in g.list()}
        self.assertLessEqual(taken, there)
        g.verify()
        self.honest(g)


def data_octets(g):
    """What it may write to, and only it: what RLIMIT_DATA counts."""
    with open(f"/proc/{g.process.pid}/status") as file:
        return 1024 * next(int(line.split()[1]) for line in file if line.startswith("VmData"))


def together(work, count):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Rates(Resources):
    def test_messages_of_one_address(self):
        g = self.gateway({"smtpd.messages_per_minute_max": 3})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            for _ in range(3):
                smtp.deliver(RECIPIENT, BODY)
            code, text = smtp.command(b"MAIL FROM:<a@town.example>")
            self.assertEqual((code, text[:5]), (450, "4.7.1"), text)
        self.honest(g)
        self.assertEqual(len(g.list()), 4)

    def test_recipients_of_one_address_the_refused_counted_too(self):
        g = self.gateway({"smtpd.recipients_per_minute_max": 3})
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            smtp.expect(250, b"MAIL FROM:<a@town.example>")
            smtp.expect(550, b"RCPT TO:<nobody@example.test>")
            smtp.expect(550, b"RCPT TO:<nobody@example.test>")
            smtp.expect(250, b"RCPT TO:<foi@example.test>")
            code, text = smtp.command(b"RCPT TO:<foi+x@example.test>")
            self.assertEqual((code, text[:5]), (450, "4.7.1"), text)
            smtp.expect(354, b"DATA")
            smtp.send(wire.stuffed(BODY))
            self.assertEqual(smtp.reply()[0], 250, "the recipient that was accepted gets it")

    def test_a_burst_of_five_hundred_is_let_through_as_shipped(self):
        g = self.gateway()
        with wire.Smtp(g.smtp, source=source(1)) as smtp:
            for _ in range(500):
                smtp.deliver(RECIPIENT, BODY)

    def test_the_trusted_have_no_rate(self):
        g = self.gateway({"smtpd.messages_per_minute_max": 1, "smtpd.trusted_networks": ["127.0.0.0/8"]})
        with wire.Smtp(g.smtp) as smtp:
            for _ in range(3):
                smtp.deliver(RECIPIENT, BODY)


if __name__ == "__main__":
    gateway.main()
