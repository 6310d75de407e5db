"""How long a certificate is valid: clients find out, and whoever runs the server should before."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509

_SOON = dt.timedelta(days=7)


def complaint(path: Path, now: dt.datetime) -> str:
    """Say what is wrong with when the first certificate of a file in PEM is valid; nothing: all is
    well, or there is none to be read, which is said elsewhere."""
    try:
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (OSError, ValueError):
        return ""
    if now > end:
        return f"the certificate {path} has expired: it was valid until {_date(end)}"
    if now < begin:
        return f"the certificate {path} is not valid yet, but from {_date(begin)}"
    if now > end - _SOON:
        return f"the certificate {path} is about to expire: it is valid until {_date(end)}"
    return ""


def _date(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
