"""A reader of volumes that shares nothing with the gateway: WARC 1.1 (ISO 28500:2017), written from the standard.

Checks the framing, the digest of every block and the chain, and says where the first of them fails. As a program:
warc.py [FILE|FOLDER]... prints one line for each record.
"""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Damage(Exception):
    pass


class Record(NamedTuple):
    path: Path
    offset: int
    fields: dict   # names in lower case
    block: bytes

    @property
    def type(self):
        return self.fields["warc-type"]


def read_volume(path, previous_chain=None, torn_tail=False):
    """(records, last chain value). Without previous_chain the warcinfo is believed. After the last record only
    zeros may stand; with torn_tail, anything may."""
    octets = Path(path).read_bytes()
    records, offset, chain = [], 0, None
    end_of_data = len(octets.rstrip(b"\0"))
    while offset < end_of_data:
        try:
            record, end, link = read_record(Path(path), octets, offset)
            if chain is None:
                if record.type != "warcinfo":
                    raise Damage("the first record is no warcinfo")
                named = re.search(rb"^guichet-previous-chain: ([0-9a-f]{64})\r$", record.block, re.M)
                if not named:
                    raise Damage("the warcinfo names no previous chain value")
                chain = bytes.fromhex(named[1].decode())
                if previous_chain is not None and chain != previous_chain:
                    raise Damage("the warcinfo names another chain value than the previous volume ends with")
            chain = hashlib.sha256(chain + link).digest()
            if record.fields["guichet-chain"] != chain.hex():
                raise Damage(f"Guichet-Chain is {record.fields['guichet-chain']}, computed {chain.hex()}")
        except (Damage, KeyError, ValueError) as problem:
            if torn_tail and records:
                break
            raise Damage(f"{path}: record at octet {offset}: {problem}") from None
        records.append(record)
        offset = end
    return records, previous_chain if chain is None else chain


def read_record(path, octets, offset):
    """(record, offset after it, the header without its Guichet-Chain line)"""
    if not octets.startswith(b"WARC/1.1\r\n", offset):
        raise Damage(f"no WARC/1.1 here but {octets[offset:offset + 40]!r}")
    blank = octets.find(b"\r\n\r\n", offset)
    if blank < 0:
        raise Damage("the header does not end")
    header = octets[offset:blank + 4]
    fields = {}
    for line in header[:-4].split(b"\r\n")[1:]:
        name, colon, value = line.decode("utf-8").partition(":")
        if not colon or name.lower() in fields:
            raise Damage(f"header line {line!r}")
        fields[name.lower()] = value.strip()
    for name in ("warc-type", "warc-record-id", "warc-date", "content-length", "warc-block-digest"):
        if name not in fields:
            raise Damage(f"no {name}")
    start, length = blank + 4, int(fields["content-length"])
    block = octets[start:start + length]
    if octets[start + length:start + length + 4] != b"\r\n\r\n":
        raise Damage(f"no CRLF CRLF after {length} octets of block")
    digest = "sha256:" + hashlib.sha256(block).hexdigest()
    if fields["warc-block-digest"] != digest:
        raise Damage(f"WARC-Block-Digest is {fields['warc-block-digest']}, computed {digest}")
    link = re.sub(rb"(?<=\r\n)Guichet-Chain: [^\r]*\r\n", b"", header)
    return Record(path, offset, fields, block), start + length + 4, link


def volumes(store):
    return sorted(Path(store).glob("**/*.warc"))


def read_store(store, torn_tail=False):
    """Every record of every volume in order; torn_tail allows one at the end of the last volume."""
    paths, records, chain = volumes(store), [], bytes(32)
    for path in paths:
        found, chain = read_volume(path, chain, torn_tail and path == paths[-1])
        records += found
    return records


def originals(records):
    """{message uuid: exact octets}; a revisit is looked up by its digest."""
    by_digest = {record.fields["warc-block-digest"]: record.block for record in records if record.type == "resource"}
    found = {}
    for record in records:
        if record.type in ("resource", "revisit"):
            name = "warc-block-digest" if record.type == "resource" else "warc-payload-digest"
            uuid = record.fields["warc-target-uri"].strip("<>").removeprefix("urn:uuid:")
            assert uuid not in found, f"message {uuid} twice"
            found[uuid] = by_digest[record.fields[name]]
    return found


def assert_warcio_agrees(program, path):
    """Every record of ours is a record of theirs: same place, same type. How many there are."""
    out = subprocess.run([program, "index", path, "-f", "offset,warc-type,warc-record-id"],
                         check=True, capture_output=True).stdout
    theirs = [json.loads(line) for line in out.splitlines()]
    theirs = [(int(line["offset"]), line["warc-type"], line["warc-record-id"]) for line in theirs]
    ours = [(record.offset, record.type, record.fields["warc-record-id"]) for record in read_volume(path)[0]]
    assert theirs == ours, f"{path}: warcio finds {len(theirs)} records, ours are {len(ours)}"
    return len(ours)


if __name__ == "__main__":
    for given in map(Path, sys.argv[1:]):
        for path in volumes(given) if given.is_dir() else [given]:
            for record in read_volume(path)[0]:
                print(path.name, record.offset, record.type, record.fields["content-length"])
