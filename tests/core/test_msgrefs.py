"""Message references."""

from __future__ import annotations

import pytest

from trio_chat.core import ids, msgrefs
from trio_chat.core.msgrefs import BadReferenceError, UnknownTypeError, milliseconds_at, parse

MS = 1_700_000_000_000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2023-11-14T22:13:20.000Z", MS),
        ("2023-11-14T22:13:20.123Z", MS + 123),
        ("2023-11-14T22:13:20Z", MS),
        ("2023-11-14T22:13:20.5Z", MS + 500),
        ("2023-11-14T22:13:20.123999Z", MS + 123),
        ("2023-11-14T22:13:60.000Z", MS + 40_000),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_times(text: str, milliseconds: int) -> None:
    assert milliseconds_at(text) == milliseconds
    assert parse(f"timestamp={text}") == milliseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "1700000000",
        "2023-11-14",
        "2023-11-14T22:13:20.000",
        "2023-11-14 22:13:20.000Z",
        "2023-13-14T22:13:20.000Z",
        "2023-02-30T22:13:20.000Z",
        "0000-01-01T00:00:00.000Z",
        "2023-11-14T24:13:20.000Z",
        "2023-11-14T22:13:61.000Z",
        "2023-11-14T22:13:20.000+01:00",
        "٢٠٢٣-11-14T22:13:20.000Z",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert milliseconds_at(text) is None
    with pytest.raises(BadReferenceError):
        parse(f"timestamp={text}")


def test_ids() -> None:
    assert parse(f"msgid={ids.encode(77, 3)}") == ids.Position(77, 3)
    assert parse("msgid=nothing has this") is None
    assert parse("msgid=") is None


def test_what_is_no_reference() -> None:
    with pytest.raises(UnknownTypeError):
        parse("seq=4")
    for text in ("", "*", "msgid", "2023-11-14T22:13:20.000Z"):
        with pytest.raises(BadReferenceError) as caught:
            parse(text)
        assert not isinstance(caught.value, UnknownTypeError)


def test_both_types_are_read() -> None:
    assert msgrefs.TYPES == ("msgid", "timestamp")
