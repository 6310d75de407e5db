"""Passwords are the same however they are written: OpaqueString (RFC 8265)."""

from __future__ import annotations

import pytest

from trio_chat.core.passwords import prepared


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("correct horse battery staple", "correct horse battery staple"),
        ("Correct Horse Battery Staple", "Correct Horse Battery Staple"),
        # Examples of RFC 8265, section 4.3.
        ("πßå", "πßå"),
        ("Jack of ♦s", "Jack of ♦s"),
        ("foo\u1680bar", "foo bar"),
        ("", None),
        ("my cat is a \u0009by", None),
        ("Ze\u0308bra", "Zëbra"),
        ("with\0nothing", None),
        ("é\u200b", None),
    ],
)
def test_as_precis_has_it(typed: str, taken: str | None) -> None:
    assert prepared(typed) == taken
