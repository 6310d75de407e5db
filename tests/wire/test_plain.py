"""Plain text: telnet's negotiation, and what a terminal must not be sent."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.wire import plain
from trio_chat.wire.errors import Problem, ProtocolError

WILL, WONT, DO, DONT = range(251, 255)

TELNET = [
    (b"hello\n", b"hello\n"),
    (b"hello\r\n", b"hello\n"),
    # RFC 854, "NVT": CR NUL; and what a keyboard without telnet sends.
    (b"bea\r\0hi\r\0", b"bea\nhi\n"),
    (b"bea\rhi\r", b"bea\nhi\n"),
    (b"a\r\n\r\n\r\0\r\r\n\n\r", b"a\n\n\n\n\n\n\n"),
    (b"\r\0\0", b"\n\0"),
    (b"a\r\xff\xf1\0b\r\xff\xf1\nc", b"a\nb\nc"),
    (b"\xff\xfb\x01hello", b"hello"),
    (b"\xff\xf1hello\xff\xf9", b"hello"),
    (b"a\xff\xfa\x18\x00xterm\xff\xf0b", b"ab"),
    (b"a\xff\xfa\x18\xff\xff\xff\xf0b", b"ab"),
    # EC and EL are typed; a byte that is doubled is meant (RFC 854).
    (b"hex\xff\xf7llo", b"hex\bllo"),
    (b"hex\xff\xf8llo", b"hex\x15llo"),
    (b"a\xff\xffb", b"a\xffb"),
    # A line's end is one, whatever an IAC before it may have meant.
    (b"he\xff\nllo", b"he\nllo"),
    (b"he\xff\r\nllo", b"he\nllo"),
    (b"he\xffllo\n", b"hello\n"),
    (b"he\xff\xfd\nllo", b"he\nllo"),
    (b"he\xff\xfb\r\0llo", b"he\nllo"),
    (b"he\xff\xfa\x18lost\nllo", b"he\nllo"),
    (b"he\xff\xfa\x18lost\xff\r\nllo", b"he\nllo"),
]


@pytest.mark.parametrize(("data", "text"), TELNET)
def test_telnet_whole_byte_by_byte_and_with_a_tail(data: bytes, text: bytes) -> None:
    assert plain.TelnetFilter().feed(data) == text
    assert plain.TelnetFilter().feed(data + b"tail\n") == text + b"tail\n"
    by_bytes = plain.TelnetFilter()
    assert b"".join(by_bytes.feed(data[i : i + 1]) for i in range(len(data))) == text


def test_a_negotiation_without_an_end_keeps_nothing() -> None:
    telnet = plain.TelnetFilter()
    for _ in range(1000):
        # Looked at again with every byte, this would take minutes.
        assert telnet.feed(b"\xff\xfa" * 80) == b""
    assert telnet.feed(b"\xff\xf0text\n") == b"text\n"


def answers(telnet: plain.TelnetFilter, *bytes_: int) -> bytes:
    assert telnet.feed(bytes(bytes_)) == b""
    return telnet.take_replies()


def test_telnet_is_agreed_on_what_is_typed_and_on_nothing_else() -> None:
    telnet = plain.TelnetFilter()
    for option in (1, 3, 24, 31, 34, 255):
        # Each request is refused, or a peer that asks again waits (RFC 854).
        for _ in range(2):
            assert answers(telnet, 255, WILL, option) == bytes((255, DONT, option))
            assert answers(telnet, 255, DO, option) == bytes((255, WONT, option))
        # What is not in force can not be taken back (RFC 1143, section 7).
        assert answers(telnet, 255, WONT, option, 255, DONT, option) == b""


def test_an_option_has_a_state_for_each_side() -> None:
    telnet = plain.TelnetFilter()
    for _ in range(2):
        assert answers(telnet, 255, WONT, 0, 255, DONT, 0) == b""
        assert answers(telnet, 255, WILL, 0) == bytes((255, DO, 0))
        assert answers(telnet, 255, WILL, 0) == b""
        assert answers(telnet, 255, DO, 0) == bytes((255, WILL, 0))
        assert answers(telnet, 255, DO, 0, 255, WILL, 0) == b""
        assert answers(telnet, 255, DONT, 0) == bytes((255, WONT, 0))
        assert answers(telnet, 255, WONT, 0) == bytes((255, DONT, 0))


def test_every_timing_mark_is_answered() -> None:
    telnet = plain.TelnetFilter()
    for _ in range(3):
        assert answers(telnet, 255, 244, 255, DO, 6) == bytes((255, WILL, 6))
    assert answers(telnet, *(255, DO, 6) * 2) == bytes((255, WILL, 6)) * 2
    # Whoever offers one that we have not asked for is told so; it is no state for them either.
    assert answers(telnet, 255, WILL, 6, 255, DONT, 6, 255, WONT, 6) == bytes((255, DONT, 6))


def test_who_asks_whether_we_are_there_sees_something() -> None:
    telnet = plain.TelnetFilter()
    assert answers(telnet, 255, 246) == b"[Yes]\r\n"
    assert answers(telnet, 255, 246, 255, 246) == b"[Yes]\r\n" * 2


@given(st.lists(st.sampled_from([b"a", b"\n", b"\xff", b"\xfa", b"\xfd", b"\xf0", b"\xf4"])))
def test_no_iac_swallows_a_line(data: list[bytes]) -> None:
    telnet = plain.TelnetFilter()
    kept = b"".join(map(telnet.feed, data))
    assert kept.count(b"\n") == data.count(b"\n")


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_text_passes_the_telnet_filter(text: str) -> None:
    data = text.replace("\r", "\n").encode()
    assert plain.TelnetFilter().feed(data) == data


def test_decode_keeps_the_text_and_drops_what_only_terminals_send() -> None:
    assert plain.decode("  grüße\t🎉 ".encode()) == "grüße 🎉"
    assert plain.decode(b"a\x00b\x1b[Ac\x07") == "ab[Ac"
    with pytest.raises(ProtocolError) as not_utf8:
        plain.decode(b"\xff")
    assert not_utf8.value.problem is Problem.NOT_UTF8
    with pytest.raises(ProtocolError) as too_long:
        plain.decode(b"x" * (plain.LINE_LIMIT + 1))
    assert too_long.value.problem is Problem.TOO_LONG
    assert len(plain.decode(b"x" * plain.LINE_LIMIT)) == plain.LINE_LIMIT


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("helx\blo", "hello"),
        ("helx\x7flo", "hello"),
        ("hexy\b\x7fllo", "hello"),
        ("\b\b\x7fhello\b\b", "hel"),
        ("x\b", ""),
        ("wrong\x15right", "right"),
        ("one two  \x17three", "one three"),
        ("one\x17\x17two", "two"),
        ("grü\bü🎉\x7f!", "grü!"),
        ("e\u0301\bx", "x"),
        ("a\U0001f44d\U0001f3fd\bb", "ab"),
        ("a\U0001f468\u200d\U0001f469\u200d\U0001f467\bb", "ab"),
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7\b!", "\U0001f1e9\U0001f1ea!"),
        ("ex\b\u0301", "e\u0301"),
    ],
)
def test_what_was_taken_back_is_gone(typed: str, text: str) -> None:
    assert plain.decode(typed.encode()) == text


def test_taking_back_what_is_piled_up_takes_no_time() -> None:
    # Looked at from the beginning with each, this would take seconds.
    assert plain.decode(("a" + "\u0301" * 1300 + "\b" * 1400).encode()) == ""
    flags = "\U0001f1e9\U0001f1ea" * 450
    assert plain.decode((flags + "\b" * 449).encode()) == flags[:2]


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


BIDI_CONTROLS = [
    chr(code)
    for code in range(0x110000)
    if unicodedata.bidirectional(chr(code))
    in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
] + ["\u061c", "\u200e", "\u200f"]
"""UAX 9, section 2: the explicit ones, and the marks (ALM, LRM, RLM)."""


@pytest.mark.parametrize("control", BIDI_CONTROLS, ids=ascii)
def test_no_control_of_direction_reaches_a_terminal(control: str) -> None:
    assert plain.displayable(f"a{control}b") == "a�b"
    assert plain.decode(f"a{control}b".encode()) == "ab"


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_nothing_that_a_terminal_obeys_gets_out(text: str) -> None:
    line = plain.encode(text).decode()
    assert line.endswith("\r\n")
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in line[:-2])


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("no code: 04needle", "no code: 04needle"),
        ("\x0304needle\x03 \x034,12" + "3", "needle 3"),
        ("\x04ff0000needle\x04 \x04FF0000,00ff00x", "needle x"),
        ("\x02\x1d\x1f\x1e\x11\x16need\x0fle", "needle"),
        ("\x01ACTION waves\x01", "\x01ACTION waves\x01"),
    ],
)
def test_without_formatting(text: str, bare: str) -> None:
    """Modern IRC, "Formatting"."""
    assert plain.without_formatting(text) == bare
