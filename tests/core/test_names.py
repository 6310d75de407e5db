"""What names can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.core import confusables, names

ANY = st.text(st.characters(codec=None, exclude_categories=()))
"""Lone surrogates too."""

LETTERS = st.text(st.characters(categories=["L", "M", "Nd"]), min_size=1)


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


@pytest.mark.parametrize(
    "name",
    [
        "Ольга_1",
        "日本語の名",
        "カタカナとひらがな",
        "漢한자",
        "ㄅ漢",
        "q\u0303a",
        "नम१२",
        "علي٣",
        "Oʻzbek",
        "ラーメン",
    ],
)
def test_a_nickname_is_of_one_script(name: str) -> None:
    assert names.nickname(name, 32) == name


@pytest.mark.parametrize(
    "name",
    [
        "аlice",  # a Cyrillic а
        "Οlga",  # a Greek Ο
        "Олъga",
        "ОλьгаА",
        "al李",
        "ひ한",
        "カㄅ",
        "漢あ한",  # Han goes with both, but they do not go together
        "al१",
        "al٣",
        "नम٣",
        "Ꭰlice",
    ],
)
def test_a_nickname_is_not_of_two_scripts(name: str) -> None:
    assert names.nickname(name, 32) is None


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("аӏісе", "Alice"),  # all Cyrillic, with a palochka
        ("аӀісе", "alice"),
        ("СОСА", "coca"),
        ("ΑΝΝΑ", "anna"),  # Greek
        ("ΙΝΑ", "ina"),  # the table has it like lNA
        ("Вов", "BOB"),
        ("вов", "bob"),  # by its capitals
        ("ꓐꓳꓐ", "bob"),  # Lisu
        ("ꭰꭰ", "dd"),  # Cherokee, whose small letters fold to capitals
        ("ıan", "ian"),
        ("i\u0307an", "ian"),
        ("İan", "ian"),
        ("Straße", "STRASSE"),
        ("oʼb", "o`b"),
        ("ⅿ", "m"),
        ("Ärger", "ärger"),
        ("ΆΝΝΑ", "Ánna"),
        ("Łódź", "łódź"),
        ("Ørn", "ørn"),
        ("Ðór", "ðór"),
        ("ΠΑΛ", "ПАЛ"),  # Greek, Cyrillic, like no ASCII
        ("кот", "ĸoᴛ"),  # small capitals
        ("Ðór", "Đór"),  # an eth, a d with a stroke
        ("Ольга", "ОЛЬГА"),
        ("ΝΊΚΟΣ", "Νίκος"),
        ("ロ", "口"),  # Katakana, Han
        ("٥", "ه"),  # Arabic, whose letters the file wraps in U+200E
        ("\u05e1", "o"),
    ],
)
def test_look_alikes(name: str, like: str) -> None:
    assert names.skeleton(name) == names.skeleton(like)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tom", "torn"),
        ("bob", "b0b"),
        ("ian", "lan"),
        ("al", "a1"),
        ("Jósé", "J0sé"),
        ("jose", "josé"),
        ("ärger", "arger"),
        ("Ольга", "Олег"),
        ("李", "季"),
        ("ąc", "aic"),  # a Greek mark like the ogonek has an iota for a capital
    ],
)
def test_what_is_not_alike(one: str, other: str) -> None:
    assert names.skeleton(one) != names.skeleton(other)


@given(st.text(st.characters(codec="ascii")))
def test_ascii_is_like_itself_only(name: str) -> None:
    assert names.skeleton(name) == names.fold(name)


def test_ascii_names_need_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confusables, "_ranges", None)
    monkeypatch.setattr(confusables, "_prototypes", None)
    assert names.nickname("al", 32) == names.skeleton("Al") == "al"


def test_whatever_is_in_the_table_is_like_its_prototype() -> None:
    table = confusables._prototypes()
    assert len(table) > 2000
    for character, prototype in table.items():
        assert character not in prototype
        for context in ("{}", "{}ж", "Ж{}"):
            found = names.skeleton(context.format(character))
            assert names.skeleton(found) == found
    # Some cannot be: those whose capital and small letter look like two different ones.
    apart = [c for c, p in table.items() if names.skeleton(f"{c}木") != names.skeleton(f"{p}木")]
    assert len(apart) < 40


def test_what_is_in_no_script_goes_with_none() -> None:
    assert not confusables.are_one_script("한\ue000")
    assert not confusables.are_one_script("a\ud800")
    assert confusables.are_one_script("")


@given(ANY | LETTERS)
def test_a_skeleton_has_no_other_skeleton(name: str) -> None:
    found = names.skeleton(name)
    assert names.skeleton(found) == found
    assert names.fold(found) == found


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x17F, categories=["L"])))
def test_case_counts_for_nothing_in_latin(name: str) -> None:
    assert names.skeleton(name.lower()) == names.skeleton(name.upper()) == names.skeleton(name)


@given(st.text(st.characters(min_codepoint=0x400, max_codepoint=0x52F, categories=["L"])))
def test_case_counts_for_nothing_in_cyrillic(name: str) -> None:
    assert names.skeleton(name.lower()) == names.skeleton(name.upper()) == names.skeleton(name)


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


@given(ANY | LETTERS)
def test_a_nickname_that_is_taken_is_in_its_form(name: str) -> None:
    found = names.nickname(name, 32)
    if found is not None:
        assert names.nickname(found, 32) == found
        assert names.nickname(f"{found}aж", 64) is None


def test_usernames() -> None:
    assert names.username("al", 20) == "~al"
    assert names.username("~a l!@:", 20) == "~al"
    assert names.username(" ", 20) == "~user"
    assert names.username("x" * 50, 20) == "~" + "x" * 19
