"""POP3 clients that are not on this machine: no password in clear, and a lock for whoever guesses.

In a network of its own (unshare), whose loopback device has addresses that are no loopback addresses.
"""

import base64
import ctypes
import os
import subprocess
import unittest
from pathlib import Path

import gateway
import wire
from gateway import GatewayTest, eventually
from test_tls import certificate

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
SIX, SAME_64, OTHER_64 = "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"
PLAIN = base64.b64encode(b"\0foi\0secret")


def setUpModule():
    """As root, or as root of a user namespace."""
    user, group = os.getuid(), os.getgid()
    new_user, new_network = 0x10000000, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(new_network if user == 0 else new_user | new_network) != 0:
        raise unittest.SkipTest(f"no network of one's own here: {os.strerror(ctypes.get_errno())}")
    try:
        if user != 0:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True, capture_output=True)
        for address in (HERE, ELSEWHERE):
            subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True, capture_output=True)
        for address in (SIX, SAME_64, OTHER_64):
            subprocess.run(["ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad"], check=True,
                           capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise unittest.SkipTest(f"no network of one's own here: {error}") from None


class Strangers(GatewayTest):
    def setUp(self):
        super().setUp()
        self.cert, self.key = certificate(self.folder)

    def served(self, **settings):
        """Ports on all addresses; TLS from the start on the second one."""
        return self.gateway({"popd.listen": [f"{HERE}:0", "127.0.0.1:0"], "smtpd.tls_cert": self.cert,
                             "smtpd.tls_key": self.key,
                             "popd.listen_tls": [f"{HERE}:0", f"[{SIX}]:0", "127.0.0.1:0"], **settings})

    def answer(self, g, source, password):
        """To a login by TLS, from this address."""
        listening = {HERE: 0, ELSEWHERE: 0, SIX: 1, SAME_64: 1, OTHER_64: 1, "127.0.0.1": 2}[source]
        with wire.Pop(g.addresses["pop3s"][listening], user=None, tls=wire.lax_tls(), source=source) as pop:
            return pop.login("foi", password)

    def guess(self, g, source, times):
        for _ in range(times):
            self.assertTrue(self.answer(g, source, "wrong").startswith(b"-ERR [AUTH]"))

    def test_no_password_in_clear(self):
        """RFC 2595 section 2.2: from another machine only inside TLS; neither is it invited."""
        g = self.served()
        with wire.Pop(g.pop3, user=None) as pop:
            pop.expect(b"CAPA")
            capabilities = pop.multiline()
            self.assertNotRegex(capabilities, rb"(?m)^(USER|SASL)")
            for line in (b"USER foi", b"PASS secret", b"AUTH PLAIN", b"AUTH PLAIN " + PLAIN):
                self.assertRegex(pop.command(line), rb"^-ERR STLS first", line)
            self.assertTrue(pop.command(b"STAT").startswith(b"-ERR"))
            pop.expect(b"STLS")
            pop.start_tls(wire.lax_tls())
            pop.expect(b"AUTH PLAIN " + PLAIN)
            pop.expect(b"STAT")
            pop.quit()
        with wire.Pop(g.addresses["pop3"][1]) as pop:   # on loopback
            pop.quit()
        self.assertTrue(self.answer(g, HERE, "secret").startswith(b"+OK"))

    def test_who_guesses_is_locked_and_nobody_else(self):
        g = self.served(**{"popd.login_failures_max": 4})
        self.guess(g, HERE, 4)
        self.assertTrue(self.answer(g, HERE, "secret").startswith(b"-ERR [LOGIN-DELAY]"))
        self.assertIn(f"pop3.locked place={HERE}", g.log().replace('"', ""))
        self.assertTrue(self.answer(g, ELSEWHERE, "secret").startswith(b"+OK"))
        self.assertTrue(self.answer(g, "127.0.0.1", "secret").startswith(b"+OK"))
        g.restart()
        self.assertTrue(self.answer(g, HERE, "secret").startswith(b"+OK"))

    def test_a_lock_ends(self):
        g = self.served(**{"popd.login_failures_max": 2, "popd.login_lock_s": 2})
        self.guess(g, HERE, 1)
        self.answer(g, HERE, "wrong")
        eventually(lambda: self.answer(g, HERE, "secret").startswith(b"+OK"), "unlocked")

    def test_of_ipv6_the_64_is_locked(self):
        g = self.served(**{"popd.login_failures_max": 2})
        self.guess(g, SIX, 1)
        self.guess(g, SAME_64, 1)
        for address in (SIX, SAME_64):
            self.assertTrue(self.answer(g, address, "secret").startswith(b"-ERR [LOGIN-DELAY]"))
        self.assertTrue(self.answer(g, OTHER_64, "secret").startswith(b"+OK"))

    def test_loopback_and_trusted_networks_are_never_locked(self):
        g = self.served(**{"popd.login_failures_max": 2, "smtpd.trusted_networks": [f"{ELSEWHERE}/32"]})
        for address in ("127.0.0.1", ELSEWHERE):
            self.guess(g, address, 5)
            self.assertTrue(self.answer(g, address, "secret").startswith(b"+OK"), address)

    def test_the_last_tenth_of_the_sessions_is_for_the_poller(self):
        g = self.served(**{"popd.sessions_max": 10})
        held = [wire.Pop(g.pop3, user=None, source=source) for source in [HERE, ELSEWHERE] * 4 + [HERE]]
        with wire.Wire(g.pop3, source=ELSEWHERE) as one_more:
            self.assertTrue(one_more.line().startswith(b"-ERR [SYS/TEMP]"))
        eventually(lambda: self.answer(g, "127.0.0.1", "secret").startswith(b"+OK"), "the poller is let in")
        for session in held:
            session.close()


if __name__ == "__main__":
    gateway.main()
