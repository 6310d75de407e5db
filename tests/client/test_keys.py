from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.client.keys import PASTE_LIMIT, Key, KeyDecoder, Typed

VECTORS: list[tuple[bytes, list[Key | Typed]]] = [
    (b"abc", [Typed("abc")]),
    ("zażółć 漢字 👋".encode(), [Typed("zażółć 漢字 👋")]),
    (b"\xff", [Typed("�")]),
    (b"ab\rcd\n", [Typed("ab"), Key.ENTER, Typed("cd"), Key.ENTER]),
    (b"\x7f\x08", [Key.BACKSPACE, Key.BACKSPACE]),
    (
        b"\x01\x05\x15\x0b\x17\x19",
        [Key.HOME, Key.END, Key.KILL_LINE, Key.KILL_REST, Key.KILL_WORD, Key.YANK],
    ),
    (
        b"\x03\x04\x1a\x0c\t",
        [Key.INTERRUPT, Key.END_OF_INPUT, Key.SUSPEND, Key.CLEAR, Key.COMPLETE],
    ),
    (b"\x1b[A\x1b[B\x1b[C\x1b[D", [Key.UP, Key.DOWN, Key.RIGHT, Key.LEFT]),
    (b"\x1bOA\x1bOH\x1bOF", [Key.UP, Key.HOME, Key.END]),
    (b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[3~", [Key.HOME, Key.END, Key.HOME, Key.END, Key.DELETE]),
    (
        b"\x1b[1;5C\x1b[1;5D\x1bb\x1bf",
        [Key.WORD_RIGHT, Key.WORD_LEFT, Key.WORD_LEFT, Key.WORD_RIGHT],
    ),
    (b"\x1bd\x1b\x7f", [Key.KILL_NEXT_WORD, Key.KILL_WORD]),
    (b"\x1b\x1b[A", [Key.UP]),
    (b"a\x1b[15~\x1b[99;99Rb", [Typed("a"), Typed("b")]),
    (b"\x1bxy", [Typed("y")]),
    (b"\x00\x1c\xc2\x9fz", [Typed("z")]),
    (b"\x1b[200~one\r\ntwo\tx\x1b[31m\x07\x1b[201~\r", [Typed("one\ntwo x[31m"), Key.ENTER]),
]


def merged(keys: list[Key | Typed]) -> list[Key | Typed]:
    """Join text that came in pieces."""
    result: list[Key | Typed] = []
    for key in keys:
        if isinstance(key, Typed) and result and isinstance(result[-1], Typed):
            result[-1] = Typed(result[-1].text + key.text)
        else:
            result.append(key)
    return result


@pytest.mark.parametrize(("data", "keys"), VECTORS)
def test_whole(data: bytes, keys: list[Key | Typed]) -> None:
    assert KeyDecoder().feed(data) == keys


@pytest.mark.parametrize(("data", "keys"), VECTORS)
def test_byte_by_byte(data: bytes, keys: list[Key | Typed]) -> None:
    decoder = KeyDecoder()
    pressed = [
        key for number in range(len(data)) for key in decoder.feed(data[number : number + 1])
    ]
    assert merged(pressed) == merged(keys)


@pytest.mark.parametrize(("data", "keys"), VECTORS)
def test_with_a_tail(data: bytes, keys: list[Key | Typed]) -> None:
    assert merged(KeyDecoder().feed(data + b"\x03tail")) == merged(
        [*keys, Key.INTERRUPT, Typed("tail")]
    )


@given(st.lists(st.binary()))
def test_any_bytes_leave_it_usable(pieces: list[bytes]) -> None:
    decoder = KeyDecoder()
    for piece in pieces:
        decoder.feed(piece)
    # Whatever was pending has ended by then.
    keys = decoder.feed(b"\x1b[201~" + b"x" * 64 + b"\x03")
    assert keys[-1] is Key.INTERRUPT


def test_an_endless_paste_is_bounded() -> None:
    decoder = KeyDecoder()
    assert decoder.feed(b"\x1b[200~") == []
    for _ in range(100):
        assert decoder.feed(b"x" * 4096) == []
    (key,) = decoder.feed(b"y\x1b[20") + decoder.feed(b"1~")
    assert key == Typed("x" * PASTE_LIMIT)


def test_an_endless_sequence_is_bounded() -> None:
    decoder = KeyDecoder()
    for _ in range(100):
        decoder.feed(b"\x1b[" + b"1;" * 100)
    assert len(decoder._pending) < 100
