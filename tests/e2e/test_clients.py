"""POP3 clients that nobody here wrote, each given the same awkward messages.

What they hold afterwards is what was served, octet for octet (those that store for Unix write LF for CRLF). Where a
client makes something of its own of a message, OF_THE_CLIENT says so, and it makes the very same of the same octets
from a reference server, which sends what it is given and nothing else.

Clients × messages: everything is identical but

| client | message | what it does |
| --- | --- | --- |
| fetchmail | empty; lines of a megabyte | adds an end to a header without a body; cuts lines at its buffer |
| mutt | empty; NUL | the same; ends the line there |
| getmail | all | reads each message with Python's email and folds long header lines anew |
"""

import os
import poplib
import pty
import re
import select
import shutil
import signal
import socketserver
import subprocess
import threading

import gateway
import wire
from gateway import PATIENCE_S, RECIPIENT, GatewayTest
from test_foreign import tool

LARGE = 2 << 20 if gateway.SANITIZED else 50_000_000
AWKWARD = {
    "plain": b"From: a@town.example\r\nSubject: plain\r\n\r\nHello.\r\n",
    "dot lines": b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n",
    "bare CR and LF": b"Subject: bare\r\n\r\na\nb\rc\r\n",
    "one octet": b"x\r\n",
    "8 bit": b"Subject: caf\xe9 \xc3\xa9\r\n\r\n\xff\xfe\r\n",
    "empty": b"",
    "header only": b"Subject: no body\r\n\r\n",
    "no header": b"\r\nonly a body\r\n",
    "NUL": b"Subject: nul\r\n\r\na\0b\r\n",
    "lines of a megabyte": b"Subject: long\r\n\r\n" + b"y" * 1_000_000 + b"\r\n" + b"z" * 1_000_000 + b"\r\n",
    "50 MB": b"Subject: large\r\n\r\n" + (b"." + b"l" * 75 + b"\r\n") * (LARGE // 78),
}
OF_THE_CLIENT = {"fetchmail": {"empty", "lines of a megabyte"}, "getmail": set(AWKWARD),
                 "mutt": {"empty", "NUL"}}
STORE = '#!/bin/sh\nset -e\nn=$(mktemp "$1/part.XXXXXX")\ncat > "$n"\nmv "$n" "$1/got.${n##*.}"\n'


class Reference(socketserver.StreamRequestHandler):
    """POP3 as little as clients need: the octets that it was given, stuffed."""

    def handle(self):
        forms = self.server.forms
        self.say("+OK reference")
        for line in iter(self.rfile.readline, b""):
            words = line.decode("latin-1").split()
            verb = words[0].upper() if words else ""
            number = int(words[1]) if verb in ("RETR", "LIST", "UIDL", "TOP", "DELE") and len(words) > 1 else 0
            if verb == "QUIT":
                return self.say("+OK")
            if verb == "STAT":
                self.say(f"+OK {len(forms)} {sum(map(len, forms))}")
            elif verb in ("LIST", "UIDL"):
                rows = [f"{n} {len(form) if verb == 'LIST' else f'uid{n}'}" for n, form in enumerate(forms, 1)]
                self.say(f"+OK {rows[number - 1]}" if number else "\r\n".join(["+OK", *rows, "."]))
            elif verb == "RETR":
                self.say(f"+OK {len(forms[number - 1])} octets")
                self.wfile.write(wire.stuffed(forms[number - 1]))
            elif verb == "TOP":
                head, blank, body = forms[number - 1].partition(b"\r\n\r\n")
                self.say("+OK")
                self.wfile.write(wire.stuffed((head + b"\r\n" if blank else head) +
                                              b"\r\n" + b"".join(body.splitlines(True)[:int(words[2])])))
            elif verb == "CAPA":
                self.say("+OK\r\nUSER\r\nUIDL\r\nTOP\r\n.")
            else:
                self.say("+OK" if verb in ("USER", "PASS", "DELE", "NOOP", "RSET") else "-ERR")

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


class Clients(GatewayTest):
    def setUp(self):
        super().setUp()
        self.g = self.gateway()
        for octets in AWKWARD.values():
            with wire.Smtp(self.g.smtp) as smtp:
                smtp.deliver(RECIPIENT, octets)
                smtp.quit()
        forms = wire.everything(self.g.pop3)
        self.served = dict(zip(AWKWARD, forms.values()))
        self.got = self.folder / "got"
        self.got.mkdir()
        self.script = self.folder / "store.sh"
        self.script.write_text(STORE)
        self.script.chmod(0o755)

    def run_client(self, *words, codes=(0,), **options):
        done = subprocess.run(list(map(str, words)), capture_output=True, timeout=6 * PATIENCE_S,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}, **options)
        self.assertIn(done.returncode, codes, (done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def settings_file(self, name, text):
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o600)
        return file

    def compare(self, client, found, unix=True):
        """`found`: what the client holds, in any order."""
        found = list(found)
        expected = {name: form.replace(b"\r\n", b"\n") if unix else form for name, form in self.served.items()}
        self.assertEqual(len(found), len(expected), "each once")
        self.assertEqual({name for name, form in expected.items() if form not in found},
                         OF_THE_CLIENT.get(client, set()), f"of the client {client}")

    def files(self):
        return [file.read_bytes() for file in self.got.rglob("*") if file.is_file()]

    def both(self, client, fetch):
        """`fetch(address)`: leaves files. From us, and from the reference server."""
        fetch(self.g.pop3)
        ours = self.files()
        shutil.rmtree(self.got)
        self.got.mkdir()
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Reference) as server:
            server.daemon_threads = True
            server.forms = list(self.served.values())
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                fetch(server.server_address)
            finally:
                server.shutdown()
                thread.join()
        self.assertEqual(sorted(ours), sorted(self.files()), f"{client} makes the same of the same octets")
        self.compare(client, ours)

    # --- Exactly what was sent ---

    def test_curl(self):
        host, port = self.g.pop3
        found = [self.run_client(tool("curl"), "-sS", "-u", "foi:secret", f"pop3://{host}:{port}/{number}")
                 for number in range(1, len(AWKWARD) + 1)]
        self.compare("curl", found, unix=False)

    def test_poplib(self):
        limit, poplib._MAXLINE = poplib._MAXLINE, 4 << 20   # 2,048 is its own bound on a line
        try:
            pop = poplib.POP3(*self.g.pop3, timeout=PATIENCE_S)
            pop.user("foi")
            pop.pass_("secret")
            found = [b"".join(line + b"\r\n" for line in pop.retr(number)[1])
                     for number in range(1, len(AWKWARD) + 1)]
            pop.quit()
        finally:
            poplib._MAXLINE = limit
        self.compare("poplib", found, unix=False)

    def test_net_pop(self):
        script = ('require "net/pop"; Net::POP3.start(ARGV[0], ARGV[1].to_i, "foi", "secret") { |pop| '
                  'pop.mails.each_with_index { |mail, i| File.binwrite("#{ARGV[2]}/#{i}", mail.pop) } }')
        self.run_client(tool("ruby"), "-e", script, *self.g.pop3, self.got)
        self.compare("net/pop", self.files(), unix=False)

    # --- As stored for Unix ---

    def test_fetchmail(self):
        self.both("fetchmail", self.fetchmail)

    def fetchmail(self, address):
        host, port = address
        rc = self.settings_file("fetchmailrc", f"""
poll {host} protocol pop3 port {port} auth password no dns uidl
  user "foi" password "secret" is "nobody" here
  keep fetchall no rewrite pass8bits dropstatus no mimedecode sslproto ""
  mda "{self.script} {self.got}"
""")
        self.run_client(tool("fetchmail"), "-f", rc, "--nosyslog", "--invisible", "--bad-header", "accept", "-i",
                        self.folder / "ids", "--pidfile", self.folder / "pid")

    def test_getmail(self):
        self.both("getmail", self.getmail)

    def getmail(self, address):
        host, port = address
        rc = self.settings_file("getmailrc", f"""
[retriever]
type = SimplePOP3Retriever
server = {host}
port = {port}
username = foi
password = secret
timeout = {PATIENCE_S}
[destination]
type = MDA_external
path = {self.script}
arguments = ("{self.got}",)
unixfrom = false
allow_root_commands = true
[options]
read_all = true
delete = false
delivered_to = false
received = false
max_messages_per_session = 0
""")
        self.run_client(tool("getmail"), "--getmaildir", self.folder, "--rcfile", rc)

    def test_mpop(self):
        self.both("mpop", self.mpop)

    def mpop(self, address):
        host, port = address
        for part in ("tmp", "new", "cur"):
            (self.got / part).mkdir()
        rc = self.settings_file("mpoprc", f"""
account a
host {host}
port {port}
tls off
auth user
user foi
password secret
keep on
only_new off
received_header off
delivery maildir {self.got}
uidls_file {self.folder / "uidls"}
""")
        self.run_client(tool("mpop"), "-C", rc, "-a")

    def test_mutt(self):
        self.both("mutt", self.mutt)

    def mutt(self, address):
        """It wants a terminal and a person: a pseudo-terminal, and keys that its settings push. It adds two fields of
        its own to each message that it copies."""
        host, port = address
        program, box = tool("mutt"), self.got / "box"
        (self.folder / "Mail").mkdir(exist_ok=True)   # or it asks whether to make it
        rc = self.settings_file("muttrc", f"""
set pop_authenticators="user" pop_delete=no mbox_type=Maildir confirmcreate=no confirmappend=no wait_key=no quit=yes delete=no move=no
set copy=no ssl_starttls=no ssl_force_tls=no sleep_time=0 auto_tag=yes
push "<tag-pattern>~A<enter><copy-message>{box}<enter><quit>"
""")
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(TERM="xterm", HOME=str(self.folder), LC_ALL="C.UTF-8")
            os.execv(program, ["mutt", "-n", "-F", str(rc), "-f", f"pop://foi:secret@{host}:{port}/"])
        said = b""
        try:
            while select.select([terminal], [], [], PATIENCE_S)[0]:
                said += os.read(terminal, 1 << 16)
            os.kill(child, signal.SIGKILL)   # it asks something that nobody answers
        except OSError:
            pass   # the terminal ends with it
        os.close(terminal)
        os.waitpid(child, 0)
        self.assertTrue(box.exists(), said[-2000:])
        for file in [file for file in box.rglob("*") if file.is_file()]:
            head, blank, body = file.read_bytes().partition(b"\n\n")
            file.write_bytes(re.sub(rb"\nContent-Length: \d+\nLines: \d+$", b"", head) + blank + body)


if __name__ == "__main__":
    gateway.main()
