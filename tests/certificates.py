"""Certificates for tests: from an authority of their own, and such as clients make themselves."""

from __future__ import annotations

import datetime
import functools
import hashlib
import ssl
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@functools.cache
def authority() -> trustme.CA:
    """The authority, made when the first test needs it."""
    return trustme.CA()


def write_certificate(
    directory: Path,
    certificate: str = "cert.pem",
    key: str = "key.pem",
    *,
    begin: datetime.datetime | None = None,
    end: datetime.datetime | None = None,
) -> None:
    """Write a new certificate with its chain, and its key."""
    issued = authority().issue_cert("irc.test", "127.0.0.1", not_before=begin, not_after=end)
    issued.private_key_pem.write_to_path(directory / key)
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(directory / certificate, append=bool(number))


def write_self_signed(path: Path, *, expired: bool = False) -> str:
    """Write a client's certificate that nobody else has signed, and its key, into one file.

    Return its SHA-256 fingerprint in hexadecimal.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a client")])
    begin = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    end = datetime.datetime(2002 if expired else 2102, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def client_context(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """What a client trusts, and with which version of TLS it comes if not the newest."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context
