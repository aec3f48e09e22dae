"""The mail server to which messages go on: RFC 5321, as little as is needed, and STARTTLS when it has a certificate."""

import socketserver
import ssl
import threading


class NextHop(socketserver.ThreadingTCPServer):
    """Runs at once. What it says may be changed at any time; `stored` is what it was given."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session)
        self.greeting = "220 next.example ESMTP"
        self.extensions = ["SIZE 100000000", "8BITMIME"]
        self.only_in_clear = []        # extensions that are gone after STARTTLS
        self.context = None            # of TLS: STARTTLS is announced
        self.rcpt, self.data = [], []  # the next replies, where they are not yes
        self.hangs_up_in_data = 0      # so often
        self.hello, self.stored = [], []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def offer_tls(self, cert, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)

    def end(self):
        self.shutdown()
        self.server_close()
        self.thread.join()

    def handle_error(self, request, client_address):
        pass   # a gateway that was killed, or did not like the certificate


class Session(socketserver.StreamRequestHandler):
    def setup(self):
        super().setup()
        self.tls = False

    def handle(self):
        self.say(self.server.greeting)
        envelope = {}
        for line in iter(lambda: self.rfile.readline(), b""):   # another one after STARTTLS
            verb = line.split(b":")[0].split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                self.server.hello.append(line)
                self.say(self.announced())
            elif verb == b"STARTTLS" and self.server.context and not self.tls:
                self.say("220 2.0.0 go ahead")
                self.start_tls()
            elif verb == b"MAIL":
                envelope = {"mail": line, "from": line.split(b":", 1)[1].split()[0], "tls": self.tls}
                self.say("250 2.1.0 ok")
            elif verb == b"RCPT":
                envelope["to"] = line.split(b":", 1)[1].strip()
                self.say(self.server.rcpt.pop(0) if self.server.rcpt else "250 2.1.5 ok")
            elif verb == b"DATA":
                if not self.take(envelope):
                    return
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 what")

    def announced(self):
        lines = ["next.example", *self.server.extensions]
        if self.server.context and not self.tls:
            lines += ["STARTTLS", *self.server.only_in_clear]
        return "\r\n".join(["250-" + line for line in lines[:-1]] + ["250 " + lines[-1]])

    def start_tls(self):
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.tls = True

    def finish(self):
        super().finish()
        self.connection.close()

    def take(self, envelope):
        self.say("354 go")
        if self.server.hangs_up_in_data:
            self.server.hangs_up_in_data -= 1
            return False
        octets = self.octets()
        if octets is None:
            return False   # the gateway was killed in the middle
        reply = self.server.data.pop(0) if self.server.data else "250 2.0.0 taken"
        if reply.startswith("250"):
            self.server.stored.append({**envelope, "octets": octets})
        self.say(reply)
        return True

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def octets(self):
        got = b""
        for line in iter(self.rfile.readline, b""):
            if line == b".\r\n" and (not got or got.endswith(b"\r\n")):
                return got
            got += line[1:] if line.startswith(b".") and (not got or got.endswith(b"\r\n")) else line
        return None
