#!/usr/bin/env python3
"""How many signed messages a second are received, judged (SPF, DKIM, DMARC, MIME) and delivered.

Guichet with [filters], and Postfix with opendkim, opendmarc and policyd-spf, take turns with the same client, the same
messages and the same DNS server. Those three ask whom resolv.conf names, on port 53, so all of it runs in a network and
mount namespace of its own, where nsd answers there:

  unshare --net --mount -- judging.py FOLDER MESSAGES ROUNDS      prints {contender: [messages per second, ...]}
"""

import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from clients import END, Smtp
from contenders import Guichet, Pair, free_port, listens, tool, wait_for

DOMAIN = "townhall.example"
NAME_SERVER = "10.53.53.53"
SESSIONS = 16
OCTETS = 10_240


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, **more)


class Daemon:
    def __init__(self, words, address=None):
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if address:
            wait_for(lambda: listens(address), f"{words[0]} does not listen", 30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def own_network(folder):
    """Loopback up, and a resolv.conf that names an address on it: opendkim's libunbound asks none of 127.0.0.0/8."""
    run(tool("ip"), "link", "set", "lo", "up")
    run(tool("ip"), "address", "add", NAME_SERVER + "/32", "dev", "lo")
    conf = folder / "resolv.conf"
    conf.write_text(f"nameserver {NAME_SERVER}\n")
    run("mount", "--make-rprivate", "/")
    run("mount", "--bind", conf, os.path.realpath("/etc/resolv.conf"))


def name_server(folder, key):
    """nsd, with what a town hall publishes."""
    folder.mkdir()
    pieces = " ".join(f'"{key[at:at + 250]}"' for at in range(0, len(key), 250))
    head = "$TTL 3600\n@ IN SOA ns.{0}. root.{0}. 1 3600 600 86400 3600\n@ IN NS ns.{0}.\n"
    (folder / "town").write_text(head.format(DOMAIN) + 'ns IN A 127.0.0.1\n@ IN TXT "v=spf1 ip4:127.0.0.1 -all"\n'
                                 f's1._domainkey IN TXT {pieces}\n_dmarc IN TXT "v=DMARC1; p=reject"\nmx IN A 127.0.0.1\n')
    (folder / "reverse").write_text(head.format(DOMAIN) + f"1 IN PTR mx.{DOMAIN}.\n")
    zone = 'zone:\n  name: "{}"\n  zonefile: "{}"\n'
    (folder / "nsd.conf").write_text(
        f'server:\n  ip-address: {NAME_SERVER}\n  port: 53\n  server-count: 1\n  username: ""\n  chroot: ""\n'
        f'  zonesdir: "{folder}"\n  database: ""\n  pidfile: "{folder}/pid"\n  xfrdfile: "{folder}/xfrd"\n'
        f'  zonelistfile: "{folder}/list"\n  logfile: "{folder}/log"\nremote-control:\n  control-enable: no\n'
        + zone.format(DOMAIN, "town") + zone.format("0.0.127.in-addr.arpa", "reverse"))
    return Daemon([tool("nsd"), "-d", "-c", folder / "nsd.conf"], (NAME_SERVER, 53))


def signed_letter(folder):
    """(octets, the key record)"""
    key, public = folder / "key.pem", folder / "public.der"
    run("openssl", "genrsa", "-out", key, "2048")
    run("openssl", "rsa", "-in", key, "-pubout", "-outform", "DER", "-out", public)
    attachment = base64.encodebytes(os.urandom(OCTETS * 5 // 8)).replace(b"\n", b"\r\n")
    letter = (f"From: Clerk <clerk@{DOMAIN}>\r\nTo: foi@example.test\r\nSubject: Your request\r\n"
              f"Date: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@{DOMAIN}>\r\nMIME-Version: 1.0\r\n"
              "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n"
              "--b\r\nContent-Type: application/pdf; name=answer.pdf\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\n").encode() + attachment + b"--b--\r\n"
    signed = run(tool("dkimsign"), "s1", DOMAIN, key, input=letter).stdout
    return signed, "v=DKIM1; k=rsa; p=" + base64.b64encode(public.read_bytes()).decode()


def send(address, letter, count):
    """By several clients at a time; no two messages are alike."""
    def client(first):
        smtp = Smtp(address)
        for number in range(first, count, SESSIONS):
            smtp.command(f"MAIL FROM:<clerk@{DOMAIN}>\r\n".encode(), 250)
            smtp.command(b"RCPT TO:<foi@example.test>\r\n", 250)
            smtp.command(b"DATA\r\n", 354)
            smtp.command(b"X-Number: %d\r\n" % number + letter + END[2:], 250)
        smtp.close()

    threads = [threading.Thread(target=client, args=(first,)) for first in range(SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Judging(Guichet):
    def __init__(self, folder):
        super().__init__(folder, {"filters.authentication": True, "filters.parts": True, "filters.deadline_s": 3600,
                                  "resolver.servers": [NAME_SERVER + ":53"]})

    def command(self, *words):
        from contenders import GUICHET
        return json.loads(subprocess.run([GUICHET, *words, "--json", "--set", f'store.path="{self.settings["store.path"]}"',
                                          "-c", self.config], capture_output=True).stdout)

    def delivered(self):
        return self.command("status")["deliveries"]

    def check(self):
        """That it did what is measured."""
        findings = self.command("list", "--limit", "1")[0]["verdicts"][-1]["findings"]
        results = findings["spf"]["result"], findings["dkim"][0]["result"], findings["dmarc"]["result"]
        if results != ("pass",) * 3 or len(findings["mime"]["parts"]) != 2:
            raise RuntimeError(f"Guichet judged wrongly: {findings}")


class JudgingPair(Pair):
    """Postfix with two milters and a policy server, each as its manual has it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.recipe = Path(__file__).resolve().parent / "pair"
        self.daemons = []

    def __enter__(self):
        super().__enter__()
        try:
            self.configure(self.folder)
        except BaseException:
            self.__exit__()
            raise
        return self

    def configure(self, folder):
        dkim, dmarc = free_port(), free_port()
        (folder / "nobody").write_text("192.0.2.1\n")
        (folder / "opendkim.conf").write_text(
            f"Mode v\nSocket inet:{dkim}@127.0.0.1\nInternalHosts {folder}/nobody\nExternalIgnoreList {folder}/nobody\n"
            "AuthservID mx.example.test\nSyslog no\nBackground no\nAlwaysAddARHeader yes\n"
            f"Nameservers {NAME_SERVER}\n")
        (folder / "opendmarc.conf").write_text(
            f"Socket inet:{dmarc}@127.0.0.1\nIgnoreHosts {folder}/nobody\nAuthservID mx.example.test\n"
            "TrustedAuthservIDs mx.example.test\nSyslog no\nBackground no\nRejectFailures no\n"
            "PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat\n")
        (folder / "policyd-spf.conf").write_text(
            "debugLevel = 0\nHELO_reject = False\nMail_From_reject = False\nskip_addresses = 192.0.2.1/32\n"
            "Header_Type = AR\nAuthserv_Id = mx.example.test\n")
        self.daemons = [Daemon([tool("opendkim"), "-f", "-x", folder / "opendkim.conf"], ("127.0.0.1", dkim)),
                        Daemon([tool("opendmarc"), "-f", "-c", folder / "opendmarc.conf"], ("127.0.0.1", dmarc))]
        with open(folder / "postfix/master.cf", "a") as master:
            master.write("policyd-spf unix - n n - 0 spawn user=nobody "
                         f"argv={tool('policyd-spf')} {folder}/policyd-spf.conf\n")
        run(tool("postconf"), "-c", folder / "postfix", "-e",
            f"smtpd_milters=inet:127.0.0.1:{dkim}, inet:127.0.0.1:{dmarc}", "milter_default_action=tempfail",
            "policyd-spf_time_limit=3600", "smtpd_recipient_restrictions=reject_unauth_destination, "
            "check_policy_service unix:private/policyd-spf")
        run(tool("postfix"), "-c", folder / "postfix", "reload")
        time.sleep(1)   # a reload says nothing when it is done, and ends what serves

    def __exit__(self, *_):
        for daemon in self.daemons:
            daemon.__exit__()
        super().__exit__()

    def delivered(self):
        new = self.folder / "mail/foi/new"
        return len(os.listdir(new)) if new.exists() else 0

    def check(self):
        some = next((self.folder / "mail/foi/new").iterdir()).read_text(errors="replace")
        for result in ("spf=pass", "dkim=pass", "dmarc=pass"):
            if result not in some:
                raise RuntimeError(f"the pair did not judge: no {result} in\n{some[:2000]}")


def rate(contender, letter, count):
    before, begun = contender.delivered(), time.perf_counter()
    send(contender.smtp, letter, count)
    wait_for(lambda: contender.delivered() >= before + count, f"{contender.name} does not deliver all", 300)
    return count / (time.perf_counter() - begun)


def measure(folder, count, rounds):
    own_network(folder)
    letter, key = signed_letter(folder)
    found = {}
    with name_server(folder / "nsd", key), Judging(folder) as guichet, JudgingPair(folder) as pair:
        contenders = [(pair, max(count // 5, 40)), (guichet, count)]
        for contender, _ in contenders:   # processes forked, names cached
            rate(contender, letter, 64)
            contender.check()
        for _ in range(rounds):
            for contender, many in contenders:
                found.setdefault(contender.name, []).append(rate(contender, letter, many))
    return found


def judge(folder, quick):
    """{contender: messages per second}"""
    inner = folder / "judging"
    inner.mkdir()
    inner.chmod(0o755)
    count, rounds = (200, 1) if quick else (3000, 3)
    done = subprocess.run(["unshare", "--net", "--mount", "--", sys.executable, "-B", __file__, inner, str(count),
                           str(rounds)], check=True, stdout=subprocess.PIPE, text=True)
    shutil.rmtree(inner, ignore_errors=True)
    return {name: statistics.median(rates) for name, rates in json.loads(done.stdout).items()}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
