"""Certificates made on the spot: an authority, and what it vouches for."""

import subprocess
from pathlib import Path

SETTINGS = """
[ca]
default_ca = here
[here]
database = {folder}/issued
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


class Authority:
    def __init__(self, folder, name):
        self.folder = Path(folder) / name
        self.folder.mkdir()
        self.cert, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        self.settings = self.folder / "settings"
        self.settings.write_text(SETTINGS.format(folder=self.folder))
        (self.folder / "issued").write_text("")
        (self.folder / "serial").write_text("01\n")
        self.openssl("req", "-x509", *self.new_key(self.key), "-subj", f"/CN={name}", "-days", "2", "-out", self.cert)

    def issue(self, name, expired=False):
        """(certificate, key) for a DNS name or an address."""
        number = len(list(self.folder.glob("*.csr")))
        cert, key, wish, more = (self.folder / f"{number}.{ending}" for ending in ("pem", "key", "csr", "more"))
        kind = "IP" if name.replace(".", "").isdigit() else "DNS"
        more.write_text(f"subjectAltName={kind}:{name}\n")
        self.openssl("req", *self.new_key(key), "-subj", f"/CN={name}", "-out", wish)
        when = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"] if expired else ["-days", "2"]
        self.openssl("ca", "-batch", "-notext", "-config", self.settings, "-cert", self.cert, "-keyfile", self.key,
                     "-extfile", more, "-in", wish, "-out", cert, *when)
        return cert, key

    @staticmethod
    def new_key(file):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file]

    @staticmethod
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
