"""The measurements. Contenders take turns, round by round, so that what drifts drifts for all of them; each figure is
the median of its rounds. All of them keep what they acknowledge, except smtp-sink, which keeps nothing."""

import os
import statistics
import subprocess
import time

import clients
from clients import Pop, Smtp, message, percentile
from contenders import RECIPIENT, Guichet, Pair, Sink, processor_s, pss_octets, tool
from judging import judge


def medians(rounds):
    """{what: [value each round]} -> {what: median}"""
    return {what: statistics.median(values) for what, values in rounds.items()}


def smtp_source(address, sessions, count, octets):
    """Messages per second, and the processor time that the client itself spends on each. A connection for each
    message, as smtp-source does it without -d."""
    begun, before = time.perf_counter(), os.times()
    subprocess.run([tool("smtp-source"), "-s", str(sessions), "-m", str(count), "-l", str(octets),
                    "-f", "authority@town.example", "-t", RECIPIENT, "-M", "town.example",
                    f"inet:{address[0]}:{address[1]}"], check=True, capture_output=True)
    taken, after = time.perf_counter() - begun, os.times()
    client = after.children_user + after.children_system - before.children_user - before.children_system
    return count / taken, client / count


def intake(folder, quick):
    """{load: {contender: messages per second, "client_s" and "server_s": {contender: processor time for each}}}"""
    loads = [("10 KB, 1 session", 1, 1500, 10_240), ("10 KB, 16 sessions", 16, 5000, 10_240),
             ("10 KB, 64 sessions", 64, 5000, 10_240), ("1 MB, 16 sessions", 16, 320, 1 << 20)]
    count = 2 if quick else 9
    found = {}
    with Guichet(folder) as guichet, Pair(folder) as pair, Sink(folder) as sink:
        contenders = [pair, guichet, sink]
        for contender in contenders:   # processes forked, caches warm
            smtp_source(contender.smtp, 16, 100, 10_240)
            contender.settle()
        for label, sessions, messages, octets in loads:
            if quick:
                messages = max(messages // 8, sessions * 4)
            rounds = {contender.name: [] for contender in contenders}
            client = {contender.name: [] for contender in contenders}
            server = {contender.name: [] for contender in (guichet, sink)}   # Postfix's processes come and go
            stored = guichet.stored_octets()
            for turn in range(count):
                for contender in contenders[turn % 3:] + contenders[:turn % 3]:
                    os.sync()   # nobody pays for what the one before has left to be written
                    before = processor_s(contender.pids()) if contender.name in server else 0
                    rate, own = smtp_source(contender.smtp, sessions, messages, octets)
                    if contender.name in server:
                        server[contender.name].append((processor_s(contender.pids()) - before) / messages)
                    rounds[contender.name].append(rate)
                    client[contender.name].append(own)
                    contender.settle()
            if guichet.stored_octets() - stored < count * messages * octets * 0.9 - (8 << 20):
                raise RuntimeError("Guichet stored less than it was sent: are the messages all the same?")
            found[label] = medians(rounds) | {"client_s": medians(client), "server_s": medians(server)}
            pair.wipe()
            guichet.wipe()
    return found


def drain(folder, quick):
    """{how: {contender: messages per second}}; 3,000 messages of 10 KB, RETR and DELE of each, and QUIT."""
    count, turns = (500, 1) if quick else (3000, 3)
    found = {}
    with Guichet(folder) as guichet, Pair(folder) as pair:
        for how, window in (("one by one", 1), ("16 pipelined", 16)):
            rounds = {pair.name: [], guichet.name: []}
            for _ in range(turns):
                for contender in (pair, guichet):
                    smtp_source(contender.smtp, 16, count, 10_240)
                    contender.settle()
                    pop = Pop(contender.pop3)
                    pop.login()
                    if pop.count() != count:
                        raise RuntimeError(f"{contender.name} lists {pop.count()} of {count} messages")
                    begun = time.perf_counter()
                    clients.drain(pop, count, window)
                    pop.quit()
                    rounds[contender.name].append(count / (time.perf_counter() - begun))
            found[how] = medians(rounds)
    return found


def idle(folder, quick):
    """{kind: octets per connection}; proportional set size of all processes, before and with the connections."""
    many, few = (100, 20) if quick else (500, 50)
    found = {}

    def measure(kind, pids, count, make):
        first = clients.open_many(4, make)   # what is made once is made before
        before = pss_octets(pids())
        held = clients.open_many(count, lambda number: make(number + 4))
        time.sleep(0.5)   # a server that gives back memory a little later may do so
        found[kind] = (pss_octets(pids()) - before) / count
        for connection in first + held:
            connection.close()

    def logged_in(address, user=None, tls=False):
        pop = Pop(address, tls)
        pop.login(user or b"foi")
        return pop

    def users(number):
        return b"user%d" % number

    config = maildrops(folder, many + 4)
    settings = {"popd.sessions_max": 2000, "popd.sessions_per_address_max": 2000, "popd.listen_tls": ["127.0.0.1:0"]}
    for kind, make in (
            ("SMTP", lambda g: lambda _: Smtp(g.smtp)),
            ("SMTP, TLS", lambda g: lambda _: Smtp(g.smtp, tls=True)),
            ("POP3", lambda g: lambda n: logged_in(g.pop3, users(n))),
            ("POP3, TLS", lambda g: lambda n: logged_in(g.pop3s, users(n), tls=True))):
        with Guichet(folder, {**settings, **config["tls"]}, config["file"]) as guichet:
            measure(f"Guichet {kind}", guichet.pids, many, make(guichet))
    with Pair(folder) as pair:
        measure("Postfix SMTP", pair.smtp_pids, few, lambda _: Smtp(pair.smtp))
        measure("Dovecot POP3", pair.pop3_pids, few, lambda n: logged_in(pair.pop3, users(n)))
    return found


def maildrops(folder, count):
    """A configuration with so many maildrops, since each takes one session, and a certificate."""
    (folder / "password").write_text("secret\n")
    text = '[smtpd]\nhostname = "mx.example.test"\n[[site]]\ndomain = "example.test"\nprefix = "foi+"\nmaildrop = "user0"\n'
    text += "".join(f'[[maildrop]]\nname = "user{n}"\npassword_file = "password"\n' for n in range(count))
    (folder / "maildrops.toml").write_text(text)
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run([tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-subj", "/CN=localhost", "-days", "2", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return {"file": folder / "maildrops.toml", "tls": {"smtpd.tls_cert": str(cert), "smtpd.tls_key": str(key)}}


def push(folder, quick):
    """Peak of resident memory while many senders push a large message each, all at once."""
    senders, octets = (50, 4_000_000) if quick else (200, 20_000_000)
    with Guichet(folder) as guichet:
        Smtp(guichet.smtp).close()
        with open(f"/proc/{guichet.pid}/clear_refs", "w") as file:
            file.write("5")   # proc(5): resets the peak
        begun = time.perf_counter()
        clients.push(guichet.smtp, senders, octets)
        took = time.perf_counter() - begun
        with open(f"/proc/{guichet.pid}/status") as file:
            peak = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
        guichet.settle()
    return {"senders": senders, "octets": octets, "peak": peak, "seconds": took}


def latency(folder, quick):
    """Seconds: end of data to 250, and 250 to being listed by a new login; p50 and p99."""
    rounds, block, listings = (2, 100, 50) if quick else (5, 400, 300)
    found = {}
    with Guichet(folder) as guichet, Pair(folder) as pair:
        acknowledged = {guichet.name: [], pair.name: []}
        for _ in range(rounds):
            for contender in (pair, guichet):
                acknowledged[contender.name] += end_of_data(contender.smtp, block)
                contender.settle()
        for contender in (pair, guichet):
            contender.wipe()
            listed = [until_listed(contender, number) for number in range(1, listings + 1)]
            for what, values in (("end of data to 250", acknowledged[contender.name]), ("250 to listed", listed)):
                found.setdefault(what, {})[contender.name] = [percentile(values, 0.5), percentile(values, 0.99)]
    found["barrier"] = barrier(folder, 200 if quick else 2000)
    return found


def end_of_data(address, count):
    """One session; from the last octets of the message leaving to the 250 having come, of each message."""
    times = []
    smtp = Smtp(address)
    for number in range(count):
        octets = message(number, 10_240)
        smtp.begin()
        smtp.socket.sendall(octets)
        begun = time.perf_counter()
        smtp.command(b".\r\n", 250)
        times.append(time.perf_counter() - begun)
    smtp.close()
    return times


def until_listed(contender, expected):
    smtp = Smtp(contender.smtp)
    smtp.begin()
    smtp.command(message(expected, 10_240) + b".\r\n", 250)
    begun = time.perf_counter()
    while True:
        pop = Pop(contender.pop3)
        pop.login()
        count = pop.count()
        took = time.perf_counter() - begun
        pop.quit()
        if count >= expected:
            smtp.close()
            return took
        if took > 30:
            raise TimeoutError(f"{contender.name}: not listed")


def barrier(folder, count):
    """The disk's own sync: 11 KB into zero-filled space and fdatasync; p50 and p99."""
    path = folder / "barrier"
    octets, times = b"x" * 11_264, []
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.write(file, bytes(len(octets) * count))
    os.fsync(file)
    for number in range(count):
        begun = time.perf_counter()
        os.pwrite(file, octets, number * len(octets))
        os.fdatasync(file)
        times.append(time.perf_counter() - begun)
    os.close(file)
    path.unlink()
    return [percentile(times, 0.5), percentile(times, 0.99)]


GROUPS = {"intake": intake, "drain": drain, "idle": idle, "push": push, "latency": latency, "judge": judge}
