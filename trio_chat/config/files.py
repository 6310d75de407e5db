"""The files that the configuration names: reading them, and saying why they can not be read."""

from __future__ import annotations

from pathlib import Path

from trio_chat.config.conversion import check_regular, reason
from trio_chat.wire.text import split

TEXT_LIMIT = 390
"""Bytes: a longer line (of the motd, of ADMIN) does not fit into a reply for every nickname."""
ICON_LIMIT = 262_144
"""Bytes."""


def read_motd(path: Path) -> tuple[str, ...]:
    """Return the lines of a message of the day, the long ones cut into several.

    Raises `OSError`, or `ValueError` when it is not text in UTF-8.
    """
    check_regular(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if "\0" in text:
        raise ValueError("it has a NUL in it")
    return tuple(piece for line in text.splitlines() for piece in split(line.rstrip(), TEXT_LIMIT))


def read_icon(path: Path) -> bytes:
    """Return the icon of the page. Raises `OSError`, or `ValueError` when it can be none."""
    check_regular(path)
    if path.suffix.lower() not in (".svg", ".png"):
        raise ValueError("its name does not end in .svg or .png")
    size = path.stat().st_size
    if size > ICON_LIMIT:
        raise ValueError(f"it has {size} bytes, and at most {ICON_LIMIT} are served")
    return path.read_bytes()


def unreadable(where: str, path: Path | None, error: Exception) -> str:
    """Say that a file can not be read, and why."""
    return f"{where} is {path}, which can not be read: {reason(error)}"
