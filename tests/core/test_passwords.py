"""Passwords are the same however they are written: OpaqueString (RFC 8265), SASLprep (RFC 4013)."""

from __future__ import annotations

import pytest

from trio_chat.core.passwords import for_scram, prepared


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


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        # Examples of RFC 4013, section 3.
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        # What it has no answer to is taken as it is.
        ("é\u0007", "é\u0007"),
        ("\u0627\u0031", "\u0627\u0031"),
        ("\U0001f600", "\U0001f600"),
        ("\u0627a\u0627", "\u0627a\u0627"),
        ("é\u00a0é", "é é"),
        ("\u00ad", "\u00ad"),
    ],
)
def test_as_clients_have_it_for_scram(typed: str, taken: str) -> None:
    assert for_scram(typed) == taken
