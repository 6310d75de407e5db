"""What is served as it is: read once, when it is first asked for. Must not know requests."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from trio_chat.server.web.messages import etag

_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
}
"""What is served, by how its name ends. Nothing else in the directory is."""


class File(msgspec.Struct, frozen=True):
    """A content with its media type, and its tag."""

    body: bytes
    kind: str
    tag: str


def file(name: str, body: bytes) -> File | None:
    """Return a content as it is served; None where nothing of such a name is."""
    kind = _KINDS.get(name.rpartition(".")[2].lower())
    return File(body, kind, etag(body)) if kind is not None else None


@cache
def static() -> dict[str, File]:
    """Return what is in the package, by name."""
    found = {}
    for entry in (files(__package__) / "static").iterdir():
        served = file(entry.name, entry.read_bytes()) if entry.is_file() else None
        if served is not None:
            found[entry.name] = served
    return found
