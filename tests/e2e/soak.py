"""The long forms: many kills under load, and volumes read by warcio, the reader that web archives use.

usage: soak.py [--cycles N]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gateway
import warc
import wire

HERE = Path(__file__).resolve().parent
WARCIO = "warcio@2"


def kills(cycles):
    print(f"== {cycles} kills under load ==", flush=True)
    return subprocess.call([sys.executable, "-B", HERE / "test_kill.py", "--cycles", str(cycles), "-v",
                            "Kill.test_what_was_acknowledged_survives"])


def fetch_warcio():
    """The package from npm, beside the build; fetched once."""
    folder = gateway.ROOT / "build/soak"
    program = folder / "node_modules/.bin/warcio"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, WARCIO], check=True)
    return program


def warcio_agrees():
    """Every record of ours is a record of theirs: same place, same type."""
    print("== volumes read by warcio ==", flush=True)
    program = fetch_warcio()
    folder = Path(tempfile.mkdtemp(prefix="guichet-soak-"))
    try:
        with gateway.Gateway(folder, {"store.volume_octets_max": 4 << 20}) as g:
            with wire.Smtp(g.smtp) as smtp:
                for number in range(200):
                    octets = b"Subject: %d\r\n\r\n" % (number % 150) + b"x" * (number % 150 * 1000) + b"\r\n"
                    smtp.deliver([gateway.RECIPIENT, "foi@example.test"], octets)
            with wire.Pop(g.pop3) as pop:
                for number in range(1, 100):
                    pop.expect(b"DELE %d" % number)
                pop.quit()
        for path in warc.volumes(g.store):
            print(f"{path.name}: {warc.assert_warcio_agrees(program, path)} records, the same ones")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cycles", type=int, default=2000)
    options = parser.parse_args()
    os.environ.setdefault("GUICHET", str(gateway.BINARY))
    return max(warcio_agrees(), kills(options.cycles))


if __name__ == "__main__":
    sys.exit(main())
