"""Signs a thousand messages with dkimpy, alters some, and says what dkimpy thinks of each.

Prints one JSON object a line: {"message": base64, "pass": bool, "records": {name: text}, "what": text}.
Exits 77 where dkimpy, PyNaCl or openssl is missing.
"""

import base64
import json
import random
import re
import subprocess
import sys

try:
    import dkim
    import nacl.encoding
    import nacl.signing
except ImportError:
    sys.exit(77)

DOMAIN = b"signer.example"
random.seed(6376)


def openssl(*arguments, stdin=b""):
    try:
        return subprocess.run(("openssl",) + arguments, input=stdin, capture_output=True, check=True).stdout
    except OSError:
        sys.exit(77)


def rsa(bits):
    private = openssl("genrsa", "-traditional", str(bits))
    public = openssl("rsa", "-pubout", "-outform", "DER", stdin=private)
    return private, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


def ed25519():
    key = nacl.signing.SigningKey.generate()
    public = key.verify_key.encode(nacl.encoding.Base64Encoder).decode()
    return key.encode(nacl.encoding.Base64Encoder), "v=DKIM1; k=ed25519; p=" + public


# selector: algorithm, private key, record, how many in a hundred
KEYS = {
    b"small": (b"rsa-sha256", *rsa(1024), 40),
    b"usual": (b"rsa-sha256", *rsa(2048), 8),
    b"edwards": (b"ed25519-sha256", *ed25519(), 48),
    b"tiny": (b"rsa-sha256", *rsa(768), 4),
}
RECORDS = {f"{selector.decode()}._domainkey.{DOMAIN.decode()}": key[2] for selector, key in KEYS.items()}

WORDS = [b"loi", b"cada", b"dossier", b" ", b"  ", b"\t", b" \t ", b".", b"\xc3\xa9", b"=20", b":", b"a;b"]


def words(most):
    return b"".join(random.choice(WORDS) for _ in range(random.randrange(most)))


def body():
    lines = [words(12) for _ in range(random.randrange(9))]
    ending = random.choice([b"\r\n", b"\r\n\r\n\r\n", b" \r\n\t\r\n"])
    # Whole lines: of one without an end dkimpy does not make one (RFC 6376 3.4.4), and SMTP carries none.
    return b"\r\n".join(lines) + ending if lines else b""


def folded(text):
    return re.sub(rb" +", lambda blank: random.choice([blank[0], b"\r\n" + blank[0]]), text)


def value():
    return b"x" + folded(words(10)) + b"y"  # no line of a field is blank


def message():
    fields = [
        b"From: A. Dupont <a@signer.example>",
        b"To:" + random.choice([b"", b" ", b"\t"]) + b"b@asso.example",
        b"Subject: " + value(),
        b"X-Odd:" + value(),
        b"X-Hop: " + value(),
        b"X-Hop: " + value(),
    ]
    random.shuffle(fields)
    return b"\r\n".join(fields) + b"\r\n\r\n" + body()


def signed(original):
    selector = random.choices(list(KEYS), [key[3] for key in KEYS.values()])[0]
    algorithm, private = KEYS[selector][:2]
    forms = tuple(random.choice((b"simple", b"relaxed")) for _ in range(2))
    include = [b"from"] + random.sample([b"to", b"subject", b"x-hop", b"x-hop", b"x-hop", b"from", b"absent",
                                         b"x-odd"], random.randrange(6))
    signer = dkim.DKIM(original, minkey=512, signature_algorithm=algorithm)
    field = signer.sign(selector, DOMAIN, private, canonicalize=forms, include_headers=include,
                        length=random.random() < 0.2)
    return field + original, f"{selector.decode()} {b'/'.join(forms).decode()} {include}"


def flipped(text):
    places = [at for at, octet in enumerate(text) if chr(octet).isalnum() and at > len("DKIM-Signature: ")]
    at = random.choice(places)
    return text[:at] + bytes([text[at] ^ 1]) + text[at + 1:]


def in_body(change):
    def altered(text):
        header, _, rest = text.partition(b"\r\n\r\n")
        return header + b"\r\n\r\n" + change(rest)
    return altered


ALTERATIONS = {
    "as it was": lambda text: text,
    "an octet of the body": in_body(lambda rest: flipped(rest) if re.search(rb"[a-z0-9]", rest[17:]) else rest),
    "an octet of the header": lambda text: (lambda at: flipped(text[:at]) + text[at:])(text.index(b"\r\n\r\n")),
    "a field above": lambda text: b"X-Hop: by somebody else\r\n" + text,
    "another From above": lambda text: b"From: c@signer.example\r\n" + text,
    "a field below": lambda text: text.replace(b"\r\n\r\n", b"\r\nSubject: another\r\n\r\n", 1),
    "the case of a name": lambda text: text.replace(b"\r\nSubject:", b"\r\nSUBJECT:", 1),
    "a blank in a value": lambda text: text.replace(b"\r\nSubject: ", b"\r\nSubject:   ", 1),
    "blanks at the ends of lines": in_body(lambda rest: rest.replace(b"\r\n", b" \t\r\n")),
    "blanks within lines": in_body(lambda rest: rest.replace(b" ", b"   ")),
    "empty lines at the end": in_body(lambda rest: rest + b"\r\n\r\n"),
    "text at the end": in_body(lambda rest: rest + b"and more\r\n"),
}


def opinion(text):
    try:
        return dkim.verify(text, dnsfunc=lambda name, timeout=5: RECORDS.get(name.decode().rstrip(".")))
    except Exception as error:  # of dkimpy itself: no opinion
        return repr(error)


for _ in range(1000):
    text, what = signed(message())
    name = random.choice(list(ALTERATIONS))
    text = ALTERATIONS[name](text)
    print(json.dumps({"message": base64.b64encode(text).decode(), "pass": opinion(text), "records": RECORDS,
                      "what": f"{what}: {name}"}))
