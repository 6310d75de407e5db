"""A request, and what it is answered (RFC 9110). Must not know connections."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

import msgspec

Headers = list[tuple[str, str]]

_FOR_ALL: Headers = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
"""Nothing comes from elsewhere, nothing is shown elsewhere, nobody else is told of us."""
JSON = "application/json"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for."""

    method: str
    path: str
    """Without the query."""
    headers: dict[str, str]
    """By name in small letters; what came several times is joined by commas."""
    peer: str
    """The IP address of who is connected; empty for a Unix socket."""
    local: str
    """The IP address at which they are; empty for a Unix socket."""

    def header(self, name: str) -> str:
        """Return what stands in a header, or nothing."""
        return self.headers.get(name, "")


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is answered."""

    status: HTTPStatus
    headers: Headers = msgspec.field(default_factory=list)
    body: bytes = b""
    closes: bool = False
    """Whether nothing more is taken on this connection."""

    def fields(self, now: float) -> Headers:
        """Return all headers, as they are sent at this time."""
        found = [("Date", formatdate(now, usegmt=True)), *_FOR_ALL, *self.headers]
        if self.status is not HTTPStatus.NOT_MODIFIED:
            found.append(("Content-Length", str(len(self.body))))
        if self.closes:
            found.append(("Connection", "close"))
        return found


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name, as `Request` has them."""
    found: dict[str, str] = {}
    for name_bytes, value_bytes in headers:
        name, value = name_bytes.decode("ascii").lower(), value_bytes.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def text(status: HTTPStatus, words: str, *extra: tuple[str, str], closes: bool = False) -> Response:
    """Return an answer in words: `Not Found: there is no /x here`."""
    return Response(
        status=status,
        headers=[
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Cache-Control", "no-store"),
            *extra,
        ],
        body=f"{status.phrase}: {words}\n".encode(),
        closes=closes,
    )


def live(kind: str, body: bytes) -> Response:
    """Return what is so at this moment."""
    headers = [("Content-Type", kind), ("Cache-Control", "no-store")]
    return Response(status=HTTPStatus.OK, headers=headers, body=body)


def json(content: object) -> Response:
    """Return what is so at this moment, in JSON."""
    return live(JSON, msgspec.json.encode(content))


def etag(body: bytes) -> str:
    """Return what tells one content from another (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def cached(request: Request, body: bytes, kind: str, tag: str) -> Response:
    """Return a content that may be kept, and is asked for again with its tag each time."""
    headers = [("Content-Type", kind), ("Cache-Control", "no-cache"), ("ETag", tag)]
    known = [one.strip().removeprefix("W/") for one in request.header("if-none-match").split(",")]
    if tag in known or known == ["*"]:
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers[1:])
    return Response(status=HTTPStatus.OK, headers=headers, body=body)
