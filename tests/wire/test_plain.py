"""Plain text: telnet's negotiation, and what a terminal must not be sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.wire import plain
from trio_chat.wire.errors import Problem, ProtocolError

TELNET = [
    (b"hello\r\n", b"hello\r\n"),
    (b"\xff\xfb\x01hello", b"hello"),
    (b"he\xff\xfd\nllo", b"hello"),
    (b"\xff\xf1hello\xff\xf9", b"hello"),
    (b"a\xff\xfa\x18\x00xterm\xff\xf0b", b"ab"),
    (b"a\xff\xfa\x18\xff\xff\n\xff\xf0b", b"ab"),
    (b"a\xff\xffb", b"ab"),
]


@pytest.mark.parametrize(("data", "text"), TELNET)
def test_telnet_whole_byte_by_byte_and_with_a_tail(data: bytes, text: bytes) -> None:
    assert plain.TelnetFilter().feed(data) == text
    assert plain.TelnetFilter().feed(data + b"tail\n") == text + b"tail\n"
    by_bytes = plain.TelnetFilter()
    assert b"".join(by_bytes.feed(data[i : i + 1]) for i in range(len(data))) == text


def test_a_negotiation_without_an_end_swallows_what_follows_and_keeps_nothing() -> None:
    telnet = plain.TelnetFilter()
    for _ in range(100):
        # Looked at again with every byte, this would take minutes.
        assert telnet.feed(b"\xff\xfa" * 8000) == b""
    assert telnet.feed(b"\xff\xf0text\n") == b"text\n"


def test_telnet_is_answered_once_and_gets_binary_only() -> None:
    telnet = plain.TelnetFilter()
    for _ in range(3):
        for verb in range(251, 255):
            for option in (0, 1, 31):
                telnet.feed(bytes((255, verb, option)))
    will, wont, do, dont = range(251, 255)
    assert telnet.take_replies() == bytes(
        (255, do, 0, 255, dont, 1, 255, dont, 31, 255, will, 0, 255, wont, 1, 255, wont, 31)
    )
    assert telnet.take_replies() == b""


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_text_passes_the_telnet_filter(text: str) -> None:
    data = text.encode()
    assert plain.TelnetFilter().feed(data) == data


def test_decode_keeps_the_text_and_drops_what_only_terminals_send() -> None:
    assert plain.decode("  grüße\t🎉 ".encode()) == "grüße 🎉"
    assert plain.decode(b"a\x00b\x1b[Ac\x7f") == "ab[Ac"
    with pytest.raises(ProtocolError) as not_utf8:
        plain.decode(b"\xff")
    assert not_utf8.value.problem is Problem.NOT_UTF8
    with pytest.raises(ProtocolError) as too_long:
        plain.decode(b"x" * (plain.LINE_LIMIT + 1))
    assert too_long.value.problem is Problem.TOO_LONG
    assert len(plain.decode(b"x" * plain.LINE_LIMIT)) == plain.LINE_LIMIT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x02bold\x02 \x0304,01red\x03 \x1funder\x0f", "bold red under"),
        ("\x04FF0000hex\x04", "hex"),
        ("\x1b[31mred", "�[31mred"),
        ("bell\x07 \x9b2J", "bell� �2J"),
        ("over\u202eride", "over�ride"),
        ("tab\there", "tab here"),
        ("🎉 é", "🎉 é"),
    ],
)
def test_displayable(text: str, shown: str) -> None:
    assert plain.displayable(text) == shown


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_nothing_that_a_terminal_obeys_gets_out(text: str) -> None:
    line = plain.encode(text).decode()
    assert line.endswith("\r\n")
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in line[:-2])
