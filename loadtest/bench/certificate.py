"""A throwaway certificate, for servers under test that are to take TLS.

Owns how it is made: signed by itself, with a key on the curve P-256, as most certificates have one
today. Nobody verifies it, and it goes with the directory it is written to.
"""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

LIFE = datetime.timedelta(days=2)


def write(certificate: Path, key: Path) -> None:
    """Write a new certificate for 127.0.0.1, and its key, as PEM that every user may read.

    Servers read it after they have become somebody else, hence the permissions.
    """
    # Only who asks for TLS waits for this to be imported.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench.example")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("bench.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    issued = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFE)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(issued.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.chmod(0o644)
    key.chmod(0o644)
