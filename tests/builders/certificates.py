"""Certificates for servers of tests, and for their clients, by openssl; each valid for a day."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_NAMES = "subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1"


@dataclass(frozen=True)
class Certificates:
    """Files in PEM, by docker's names: ca.pem, cert.pem, key.pem; for localhost, 127.0.0.1, registry.test."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"


def make_certificates(folder: Path) -> Certificates:
    """An authority, and one certificate of it that servers and clients can show."""
    folder.mkdir(parents=True, exist_ok=True)
    extensions = folder / "extensions"
    extensions.write_text(f"{_NAMES}\nextendedKeyUsage=serverAuth,clientAuth\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(
        folder,
        "req",
        "-x509",
        *curve,
        "-keyout",
        "ca-key.pem",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=tests",
        "-days",
        "1",
    )
    _openssl(folder, "req", *curve, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost")
    signing = (
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca-key.pem",
        "-CAcreateserial",
        "-extfile",
        "extensions",
        "-days",
        "1",
    )
    _openssl(folder, "x509", "-req", "-in", "request.pem", "-out", "cert.pem", *signing)
    return Certificates(folder)


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
