from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.client.editor import HISTORY, TEXT_LIMIT, LineEditor, Signal, Submitted, width
from trio_chat.client.keys import Key, Typed


def typed(*keys: Key | str, completions: tuple[str, ...] = ()) -> LineEditor:
    editor = LineEditor(lambda: completions)
    press(editor, *keys)
    return editor


def press(editor: LineEditor, *keys: Key | str) -> list[object]:
    return [editor.press(Typed(key) if isinstance(key, str) else key) for key in keys]


def shown(editor: LineEditor) -> str:
    """The text with `|` where the cursor is."""
    return f"{editor.text[: editor.cursor]}|{editor.text[editor.cursor :]}"


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (("abc",), "abc|"),
        (("abc", Key.BACKSPACE), "ab|"),
        ((Key.BACKSPACE,), "|"),
        (("abc", Key.LEFT, Key.LEFT, "x"), "ax|bc"),
        (("abc", Key.HOME, Key.DELETE), "|bc"),
        (("abc", Key.HOME, Key.END_OF_INPUT), "|bc"),
        (("abc", Key.DELETE), "abc|"),
        (("abc", Key.HOME, Key.LEFT, Key.RIGHT), "a|bc"),
        (("abc", Key.RIGHT, Key.HOME, Key.END), "abc|"),
        (("one two  three", Key.WORD_LEFT, Key.WORD_LEFT), "one |two  three"),
        (("one two  three", Key.HOME, Key.WORD_RIGHT, Key.WORD_RIGHT), "one two|  three"),
        (("one two  ", Key.KILL_WORD), "one |"),
        (("one two", Key.WORD_LEFT, Key.KILL_REST), "one |"),
        (("one two", Key.WORD_LEFT, Key.KILL_LINE), "|two"),
        (("one two", Key.HOME, Key.KILL_NEXT_WORD), "| two"),
        (("one two", Key.KILL_WORD, Key.HOME, Key.YANK), "two|one "),
        (("one", Key.KILL_LINE, Key.KILL_LINE, Key.YANK), "one|"),
        (("abe\u0301", Key.BACKSPACE), "ab|"),
        (("abe\u0301", Key.LEFT), "ab|e\u0301"),
        (("e\u0301a", Key.HOME, Key.RIGHT), "e\u0301|a"),
        (("👩\u200d💻x", Key.HOME, Key.DELETE), "|x"),
        (("👩\u200d💻", Key.BACKSPACE), "|"),
    ],
)
def test_editing(keys: tuple[Key | str, ...], result: str) -> None:
    assert shown(typed(*keys)) == result


def test_enter_submits() -> None:
    editor = LineEditor()
    assert press(editor, "hi", Key.ENTER, Key.ENTER) == [None, Submitted("hi"), Submitted("")]
    assert editor.text == ""


def test_what_is_not_the_lines_business() -> None:
    keys = (Key.INTERRUPT, Key.END_OF_INPUT, Key.SUSPEND, Key.CLEAR)
    assert press(LineEditor(), *keys) == [
        Signal.INTERRUPT,
        Signal.END_OF_INPUT,
        Signal.SUSPEND,
        Signal.CLEAR,
    ]


def test_history() -> None:
    editor = typed("one", Key.ENTER, "two", Key.ENTER, "two", Key.ENTER, " ", Key.ENTER, "draft")
    for key, text in (
        (Key.UP, "two"),
        (Key.UP, "one"),
        (Key.UP, "one"),
        (Key.DOWN, "two"),
        (Key.DOWN, "draft"),
        (Key.DOWN, "draft"),
    ):
        press(editor, key)
        assert shown(editor) == f"{text}|"


def test_history_is_bounded() -> None:
    editor = LineEditor()
    for number in range(2 * HISTORY):
        press(editor, str(number), Key.ENTER)
    press(editor, *[Key.UP] * 2 * HISTORY)
    assert editor.text == str(HISTORY)


def test_the_text_is_bounded() -> None:
    editor = typed("x" * (TEXT_LIMIT - 1), "abc")
    assert len(editor.text) == TEXT_LIMIT
    assert editor.text.endswith("xa")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("al", "al|"),
        ("ALI", "alice: |"),
        ("hi alb", "hi albert |"),
        ("/j", "/join |"),
        ("zz", "zz|"),
        ("", "|"),
        ("al ", "al |"),
    ],
)
def test_completion(text: str, result: str) -> None:
    editor = typed(text, Key.COMPLETE, completions=("alice", "albert", "/join"))
    assert shown(editor) == result


def test_completion_in_the_middle() -> None:
    editor = typed("ali!", Key.LEFT, Key.COMPLETE, completions=("alice",))
    assert shown(editor) == "alice: |!"


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("漢字", 4), ("e\u0301", 1), ("👋", 2), ("\u200bx", 1), ("ﾊ", 1), ("", 0)],
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


def test_a_row_that_fits() -> None:
    row = typed("hello", Key.LEFT).row("#a> ", 20)
    assert row.text == "#a> hello"
    assert row.cursor == 8


def test_a_long_line_scrolls() -> None:
    editor = typed("0123456789" * 3)
    row = editor.row("> ", 12)
    assert (row.text, row.cursor) == ("> 123456789", 11)
    press(editor, Key.HOME)
    row = editor.row("> ", 12)
    assert (row.text, row.cursor) == ("> 012345678", 2)
    press(editor, *[Key.RIGHT] * 15)
    row = editor.row("> ", 12)
    assert (row.text, row.cursor) == ("> 901234567", 8)


def test_wide_characters_scroll_whole() -> None:
    row = typed("漢" * 20).row("> ", 12)
    assert (row.text, row.cursor) == ("> 漢漢漢漢", 10)


def test_a_pasted_line_end_is_shown() -> None:
    editor = LineEditor()
    editor.press(Typed("one\ntwo"))
    assert editor.row("> ", 80).text == "> one↵two"
    assert editor.press(Key.ENTER) == Submitted("one\ntwo")


def test_a_prompt_that_leaves_no_room() -> None:
    assert typed("hello").row("#a-long-room> ", 20).text == "hello"


any_key = st.one_of(st.sampled_from(Key), st.text(st.characters(exclude_categories=["Cs"])))


@given(st.lists(any_key), st.integers(2, 40))
def test_whatever_is_pressed_the_row_fits(keys: list[Key | str], columns: int) -> None:
    editor = typed(*keys, completions=("alice", "albert"))
    assert 0 <= editor.cursor <= len(editor.text)
    row = editor.row("> ", columns)
    assert width(row.text) < columns
    assert 0 <= row.cursor < columns
