from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from trio_chat.client import Message, NickChanged, ServerReply

NOW = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)


def test_as_json() -> None:
    event = NickChanged(time=NOW, nick="bob", new="al")
    data = msgspec.json.encode(event)
    assert data == b'{"event":"nick_changed","time":"2024-05-06T07:08:09Z","nick":"bob","new":"al"}'
    assert msgspec.json.decode(data, type=NickChanged | Message) == event


@pytest.mark.parametrize(
    ("message", "where"),
    [
        (Message(time=NOW, nick="bob", target="#a", room="#a", text=""), "#a"),
        (Message(time=NOW, nick="bob", target="me", text=""), "bob"),
        (Message(time=NOW, nick="me", target="bob", text="", own=True), "bob"),
    ],
)
def test_where_an_answer_belongs(message: Message, where: str) -> None:
    assert message.reply_to == where


def test_replies() -> None:
    reply = ServerReply(time=NOW, code="404", params=("#a", "No"))
    assert reply.text == "No"
    assert reply.is_error
    assert ServerReply(time=NOW, code="FAIL").is_error
    assert ServerReply(time=NOW, code="001").text == ""
    assert not ServerReply(time=NOW, code="001").is_error
