"""Certificates for tests, from an authority of their own."""

from __future__ import annotations

import functools
from pathlib import Path

import trustme


@functools.cache
def authority() -> trustme.CA:
    """The authority, made when the first test needs it."""
    return trustme.CA()


def write_certificate(directory: Path, certificate: str = "cert.pem", key: str = "key.pem") -> None:
    """Write a new certificate with its chain, and its key."""
    issued = authority().issue_cert("irc.test", "127.0.0.1")
    issued.private_key_pem.write_to_path(directory / key)
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(directory / certificate, append=bool(number))
