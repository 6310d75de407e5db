"""What names can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.core import names


@pytest.mark.parametrize("name", ["al", "Al-1", "_x_", "[a]{b}|", "José", "Ольга", "नमस्ते", "李"])
def test_nicknames(name: str) -> None:
    assert names.nickname(name, 32) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1a",
        "-a",
        "a b",
        "a.b",
        "a!b",
        "a@b",
        "#a",
        ":a",
        "a\x00",
        "a\u200bb",
        "\u0301",
        "q\u0301\u0302\u0303",
        "a\ufe0f",
        "\u3164",
        "🎉",
        "x" * 33,
    ],
)
def test_what_nobody_can_be_called(name: str) -> None:
    assert names.nickname(name, 32) is None


def test_a_nickname_has_one_form() -> None:
    assert names.nickname("Jose\u0301", 32) == "José"
    assert names.nickname("ａｌ", 32) == "al"


@pytest.mark.parametrize("name", ["#a", "##", "#über", "#a-b.c!", "#🎉"])
def test_channels(name: str) -> None:
    assert names.is_channel_name(name, 64)


@pytest.mark.parametrize(
    "name",
    [
        "#",
        "a",
        "",
        "#a b",
        "#a,b",
        "#a:b",
        "#a\x07",
        "#e\u0301",
        "#a\u3164",
        "#a\ufe0f",
        "#a\u200b",
        "#" + "x" * 64,
    ],
)
def test_what_no_channel_can_be_called(name: str) -> None:
    assert not names.is_channel_name(name, 64)


@given(st.text())
def test_folding_is_for_ascii_only_and_once_is_enough(name: str) -> None:
    folded = names.fold(name)
    assert names.fold(folded) == folded
    assert len(folded) == len(name)
    assert all(
        a == b or (a.isascii() and a.lower() == b) for a, b in zip(name, folded, strict=True)
    )


@given(st.text())
def test_a_nickname_that_is_taken_is_in_its_form(name: str) -> None:
    found = names.nickname(name, 32)
    if found is not None:
        assert names.nickname(found, 32) == found


def test_usernames() -> None:
    assert names.username("al", 20) == "~al"
    assert names.username("~a l!@:", 20) == "~al"
    assert names.username(" ", 20) == "~user"
    assert names.username("x" * 50, 20) == "~" + "x" * 19
