"""The grammar of IRC lines: vectors from the specifications, and what must never get through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.wire import irc
from trio_chat.wire.errors import Problem, ProtocolError
from trio_chat.wire.irc import Message
from trio_chat.wire.lines import LineBuffer

VECTORS: list[tuple[bytes, Message]] = [
    (b"PING", Message(command="PING")),
    (b"ping", Message(command="PING")),
    (b"PING x", Message(command="PING", params=("x",))),
    (b"PING :x y", Message(command="PING", params=("x y",))),
    (b"PING :", Message(command="PING", params=("",))),
    (b"PING ::", Message(command="PING", params=(":",))),
    (b"USER a 0 * :Real Name", Message(command="USER", params=("a", "0", "*", "Real Name"))),
    (
        b"USER  a   0 *  :Real  Name ",
        Message(command="USER", params=("a", "0", "*", "Real  Name ")),
    ),
    (b"JOIN #a ", Message(command="JOIN", params=("#a",))),
    (b"MODE #a +k a:b", Message(command="MODE", params=("#a", "+k", "a:b"))),
    (b":irc.test 001 al :Hi", Message(command="001", params=("al", "Hi"), source="irc.test")),
    (b":a!b@c  PRIVMSG #x :y", Message(command="PRIVMSG", params=("#x", "y"), source="a!b@c")),
    (
        b"@a=1;b;c= PING x",
        Message(command="PING", params=("x",), tags={"a": "1", "b": "", "c": ""}),
    ),
    (b"@a=\\:\\s\\\\\\r\\n PING", Message(command="PING", tags={"a": "; \\\r\n"})),
    (b"@a=x\\ PING", Message(command="PING", tags={"a": "x"})),
    (b"@a=\\b PING", Message(command="PING", tags={"a": "b"})),
    (b"@a=1;a=2  :s PING", Message(command="PING", source="s", tags={"a": "2"})),
    (
        b"@+example.com/x=1 TAGMSG #a",
        Message(command="TAGMSG", params=("#a",), tags={"+example.com/x": "1"}),
    ),
    ("PRIVMSG #é :grüße 🎉".encode(), Message(command="PRIVMSG", params=("#é", "grüße 🎉"))),
]


def read_all(data: bytes, *, step: int) -> list[Message]:
    buffer = LineBuffer(irc.INPUT_LIMIT)
    lines = []
    for start in range(0, len(data), step):
        lines += buffer.feed(data[start : start + step])
    return [irc.parse(line) for line in lines]


@pytest.mark.parametrize(("line", "message"), VECTORS)
def test_vector_whole_byte_by_byte_and_with_a_tail(line: bytes, message: Message) -> None:
    assert irc.parse(line) == message
    for end in (b"\r\n", b"\n"):
        assert read_all(line + end, step=1) == [message]
        assert read_all(line + end + b"PING tail" + end, step=7) == [
            message,
            Message(command="PING", params=("tail",)),
        ]


@pytest.mark.parametrize(("line", "message"), VECTORS)
def test_what_is_read_can_be_written_and_read_again(line: bytes, message: Message) -> None:
    assert irc.parse(irc.serialize(message).removesuffix(b"\r\n")) == message


@pytest.mark.parametrize(
    ("line", "problem", "command"),
    [
        (b"", Problem.NO_COMMAND, ""),
        (b"   ", Problem.NO_COMMAND, ""),
        (b":source", Problem.NO_COMMAND, ""),
        (b"@tag", Problem.NO_COMMAND, ""),
        (b":a :b", Problem.BAD_COMMAND, ""),
        (b"12 x", Problem.BAD_COMMAND, "12"),
        (b"priv1 x", Problem.BAD_COMMAND, "PRIV1"),
        ("ÉTÉ x".encode(), Problem.BAD_COMMAND, ""),
        (b"PRIVMSG #a :\xff", Problem.NOT_UTF8, "PRIVMSG"),
        (b"@a=\xff :s notice #a :x", Problem.NOT_UTF8, "NOTICE"),
        (b"\xff\xfe", Problem.NOT_UTF8, ""),
        (b"PRIVMSG #a :\0", Problem.FORBIDDEN_BYTE, "PRIVMSG"),
        (b"PRIVMSG #a :x\ry", Problem.FORBIDDEN_BYTE, "PRIVMSG"),
        (b"@a=\0 PRIVMSG #a", Problem.FORBIDDEN_BYTE, "PRIVMSG"),
        (b"PRIV\rMSG #a", Problem.FORBIDDEN_BYTE, ""),
        (b"PRIVMSG #a :" + b"x" * 500, Problem.TOO_LONG, "PRIVMSG"),
        (b"@a=" + b"x" * 4093 + b" PING", Problem.TOO_LONG, "PING"),
        (b"@a=b PING " + b"x" * 506, Problem.TOO_LONG, "PING"),
    ],
)
def test_garbage_raises_the_one_error(line: bytes, problem: Problem, command: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        irc.parse(line)
    assert (caught.value.problem, caught.value.command) == (problem, command)


def test_tags_of_a_line_that_can_not_be_read_are_told() -> None:
    for line in (b"@label=1;b=\\s PRIVMSG x :\xff", b"@label=1;b=\\s X :" + b"x" * 600):
        with pytest.raises(ProtocolError) as caught:
            irc.parse(line)
        assert caught.value.tags == {"label": "1", "b": " "}


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        (b"@label=a\0b PING x", {}),
        (b"@label=a\rb PING x", {}),
        (b"@label=a\nb PING x", {}),
        (b"@label=a\xffb PING x", {}),
        (b"@la\0bel=a;label=b PING x", {"label": "b"}),
        (b"@label=a;b=\0;\xff;c PING x", {"label": "a", "c": ""}),
        (b"@label=a\tb PING \0", {"label": "a\tb"}),
        (b"@label=a\\r\\n\\:\\sb PING \0", {"label": "a\r\n; b"}),
        (b"@label=\0", {}),
    ],
)
def test_tags_that_no_line_can_have_are_not_told(line: bytes, tags: dict[str, str]) -> None:
    with pytest.raises(ProtocolError) as caught:
        irc.parse(line)
    assert caught.value.tags == tags


@given(st.binary(max_size=200))
def test_what_is_told_of_a_line_that_can_not_be_read_fits_into_one(data: bytes) -> None:
    try:
        irc.parse(b"@label=" + data)
    except ProtocolError as error:
        irc.frame(irc.format_tags(error.tags) + error.command)


def test_limits_are_exact() -> None:
    assert irc.parse(b"PING " + b"x" * 505).params == ("x" * 505,)
    with pytest.raises(ProtocolError):
        irc.parse(b"PING " + b"x" * 506)
    tags = b"@a=" + b"x" * 4092 + b" "
    assert len(tags) == irc.TAGS_LIMIT
    assert irc.parse(tags + b"PING " + b"x" * 505).command == "PING"


@given(st.binary(max_size=5000))
def test_any_bytes_are_a_message_or_the_one_error(data: bytes) -> None:
    try:
        message = irc.parse(data)
    except ProtocolError:
        return
    assert message.command == message.command.upper()
    assert all("\r" not in param and "\n" not in param for param in message.params)


_WORD = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\0 "), min_size=1
).filter(lambda word: word[0] != ":")
_TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\0"))
_KEY = st.text("abcdefghijklmnopqrstuvwxyz-/+.", min_size=1)
_VALUE = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))


@given(
    command=st.sampled_from(["PRIVMSG", "JOIN", "001"]),
    middle=st.lists(_WORD, max_size=5),
    last=_TEXT,
    source=st.one_of(st.just(""), _WORD),
    tags=st.dictionaries(_KEY, _VALUE, max_size=3),
)
def test_round_trip(
    command: str, middle: list[str], last: str, source: str, tags: dict[str, str]
) -> None:
    message = Message(command=command, params=(*middle, last), source=source, tags=tags)
    line = irc.serialize(message)
    assert line.count(b"\n") == 1
    if len(line) <= irc.LINE_LIMIT:
        assert irc.parse(line[:-2]) == message


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "\r\n"])
def test_no_line_can_hold_another(text: str) -> None:
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        irc.frame(text)
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        irc.serialize(Message(command="PRIVMSG", params=("#a", text)))


@pytest.mark.parametrize(
    "message",
    [
        Message(command=""),
        Message(command="A B"),
        Message(command=":A"),
        Message(command="PING", source="a b"),
        Message(command="PING", params=("", "x")),
        Message(command="PING", params=("a b", "x")),
        Message(command="PING", params=(":a", "x")),
    ],
)
def test_what_no_line_can_say_is_the_callers_mistake(message: Message) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        irc.serialize(message)


def test_nickname_of() -> None:
    assert irc.nickname_of("al!~a@host") == "al"
    assert irc.nickname_of("irc.test") == "irc.test"
