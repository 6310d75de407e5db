"""How what is kept is laid out: a number that stands in front of each value."""

from __future__ import annotations


def check(found: int, known: int) -> None:
    """Raise `ValueError` for a value that is laid out otherwise than this program knows."""
    if found != known:
        raise ValueError(f"it is laid out in a way ({found}) that this program does not know")
