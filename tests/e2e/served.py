"""The served form, written a second time from its rule: what a message must look like when POP3 hands it out.

Rule 1. The original is read as lines that end at an LF with up to 64 CRs before it, or at a CR alone; each end is
written as CRLF, and a last line without an end gets one. In the header, which ends at the first empty line, a field that the gateway owns
gets X-Inbound- before its name.
"""

import re

OWNED = {b"return-path", b"envelope-to", b"x-original-to"}
FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.S)


def lines_of(octets):
    """The lines without their ends."""
    lines = re.split(rb"\r{0,64}\n|\r", octets)
    return lines[:-1] if lines[-1] == b"" else lines


def header_fields(octets):
    """([(name, value with its folding)], the lines from the first empty one on) of octets with CRLF line ends."""
    fields, lines = [], lines_of(octets)
    for index, line in enumerate(lines):
        if line == b"":
            return fields, lines[index:]
        if line[:1] in b" \t" and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b"\r\n" + line)
            continue
        field = FIELD.fullmatch(line)
        if not field:
            return fields, lines[index:]
        fields.append((field[1], field[2]))
    return fields, []


def transformed(original):
    """The original as it is served, after the prefix."""
    lines, out, index = lines_of(original), [], 0
    names = set()
    while index < len(lines) and re.match(rb">{0,993}From ", lines[index]):
        out.append(b"X-Mailbox-Line: " + lines[index])
        index += 1
    if index < len(lines) and lines[index][:1] in (b" ", b"\t"):
        out.append(b"")
        return b"".join(line + b"\r\n" for line in out + lines[index:])
    while index < len(lines) and lines[index] != b"":
        line = lines[index]
        if line[:1] in (b" ", b"\t"):
            out.append(line)
            index += 1
            continue
        field = FIELD.fullmatch(line)
        if not field:
            out.append(b"")
            break
        folded = index + 1
        while folded < len(lines) and lines[folded][:1] in (b" ", b"\t"):
            folded += 1
        name = field[1].lower()
        value = field[2] + b"".join(lines[index + 1:folded])
        owned = (name in OWNED or name.startswith(b"x-guichet-")
                 or (name == b"message-id" and not value.strip())
                 or (name == b"auto-submitted" and name in names))
        names.add(name)
        out.append(b"X-Inbound-" + line if owned else line)
        index += 1
    return b"".join(line + b"\r\n" for line in out + lines[index:])


def split(served, original):
    """The prefix of a served form; fails when what follows is not the original as the rule has it."""
    tail = transformed(original)
    endings = [tail] if tail else [b"", b"\r\n"]
    for ending in endings:
        if served.endswith(ending):
            prefix = served[:len(served) - len(ending)]
            fields, rest = header_fields(prefix)
            if fields and not rest:
                return prefix
    at = next((i for i, (a, b) in enumerate(zip(reversed(served), reversed(tail))) if a != b), 0)
    raise AssertionError(f"not prefix + original: {len(served)} octets served, {len(tail)} expected after the prefix, "
                         f"first difference {at} octets before the end: "
                         f"{served[max(0, len(served) - at - 60):len(served) - at + 60]!r} "
                         f"for {tail[max(0, len(tail) - at - 60):len(tail) - at + 60]!r}\n{served[:1500]!r}")


def values(octets, name):
    """The unfolded values of a header field."""
    fields, _ = header_fields(octets)
    return [b" ".join(value.split()).decode("utf-8", "replace")
            for field, value in fields if field.lower() == name.lower().encode()]


def value(octets, name):
    found = values(octets, name)
    assert len(found) == 1, f"{len(found)} {name} fields: {found}"
    return found[0]
