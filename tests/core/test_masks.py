"""Masks: against a plain definition of what a glob matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.core import masks


def reference(mask: str, name: str) -> bool:
    """The definition, in exponential time."""
    if not mask:
        return not name
    if mask[0] == "*":
        return any(reference(mask[1:], name[start:]) for start in range(len(name) + 1))
    return bool(name) and mask[0] in ("?", name[0]) and reference(mask[1:], name[1:])


@given(mask=st.text("ab*?", max_size=8), name=st.text("ab", max_size=8))
def test_matches_as_defined(mask: str, name: str) -> None:
    assert masks.matches(mask, name) is reference(mask, name)


def test_case_is_folded_for_letters_of_ascii_only() -> None:
    assert masks.matches("AL!*@*", "al!~a@host")
    assert not masks.matches("É*", "é")
    # What other tables take for a capital K, and for an s.
    assert not masks.matches("k?", "\u212ax")
    assert not masks.matches("S*", "\u017fx")
    assert masks.matches("[a]^*", "[A]^\u212a")


def test_a_hostile_mask_comes_to_an_end() -> None:
    # With backtracking these would take longer than there is time.
    assert not masks.matches("*a?" * 85 + "b", "a" * 250)
    assert not masks.matches("*" + "a*" * 120 + "b", "a" * 250)


@pytest.mark.parametrize(
    ("typed", "mask"),
    [
        ("al", "al!*@*"),
        ("al!", "al!*@*"),
        ("u@h", "*!u@h"),
        ("@h", "*!*@h"),
        ("al!u", "al!u@*"),
        ("al!u@h", "al!u@h"),
        ("***", "*!*@*"),
        ("a**b", "a*b!*@*"),
    ],
)
def test_what_is_typed_is_completed(typed: str, mask: str) -> None:
    assert masks.normalise(typed) == mask
