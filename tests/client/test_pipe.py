"""Lines in and lines out, through real descriptors."""

from __future__ import annotations

import os
import threading
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest
import trio

from tests.client.archive import HISTORY, UNLABELLED, archived
from tests.client.peer import ECHOES, LABELS, conversation
from trio_chat.client import ChatError, ConnectionLost, Event, Message, Refused, reconnecting
from trio_chat.client.pipe import LINE_LIMIT, Pipe, lines_of


async def read_lines(data: bytes) -> list[str]:
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as pipe:
            pipe.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        async with aclosing(lines_of(reading)) as lines:
            return [line async for line in lines]
    finally:
        writer.join()
        os.close(reading)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"one\ntwo\r\n\nthree", ["one", "two", "", "three"]),
        (b"\n", [""]),
        (b"caf\xe9\xff\n\xc3", ["caf��", "�"]),
        ("ü".encode() * 70_000, ["ü" * LINE_LIMIT, "ü" * (70_000 - LINE_LIMIT)]),
        (b"x" * LINE_LIMIT * 3 + b"\n", ["x" * LINE_LIMIT] * 2 + ["x" * LINE_LIMIT]),
    ],
)
async def test_lines(data: bytes, lines: list[str]) -> None:
    found = await read_lines(data)
    assert "".join(found) == "".join(lines)
    assert max(map(len, found), default=0) <= LINE_LIMIT
    if len(data) < LINE_LIMIT:
        assert found == lines


async def test_a_descriptor_that_is_closed() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    async with aclosing(lines_of(reading)) as lines:
        assert [line async for line in lines] == []


@pytest.mark.parametrize("capabilities", [LABELS, ECHOES, ""])
async def test_a_file_is_said(capabilities: str, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("".join(f"line{number}\n" for number in range(200)))
    source = os.open(text, os.O_RDONLY)
    async with conversation(capabilities) as (chat, peer):
        pipe = Pipe(chat, room="#lobby", source=source, sink=None, print_as=msgspec.json.encode)
        await pipe.run()
        assert not chat.connected
    os.close(source)
    said = [line for line in peer._heard if line.startswith("PRIVMSG")]
    assert said == [f"PRIVMSG #lobby line{number}" for number in range(200)]


async def test_what_arrives_is_printed(tmp_path: Path) -> None:
    output = tmp_path / "output"
    sink = os.open(output, os.O_WRONLY | os.O_CREAT)
    source = os.open(os.devnull, os.O_RDONLY)
    async with conversation(LABELS) as (chat, peer):
        await peer.say("bob", "hi")
        pipe = Pipe(
            chat,
            room="#lobby",
            source=source,
            sink=sink,
            print_as=lambda event: type(event).__name__.encode() if "nick" in dir(event) else b"",
        )
        await pipe.run()
    os.close(source)
    os.close(sink)
    assert output.read_text() == "Message\nJoined\n"


async def test_a_line_that_is_refused_ends_it() -> None:
    source = os.open(os.devnull, os.O_RDONLY)
    reading, writing = os.pipe()
    os.write(writing, b"one\n")
    async with conversation(LABELS) as (chat, peer):
        peer.refuse["PRIVMSG"] = ":s 404 me #lobby :No"
        pipe = Pipe(chat, room="#lobby", source=reading, sink=None, print_as=msgspec.json.encode)
        # The input has not ended: nobody has to say more for the refusal to be noticed.
        with pytest.raises(Refused, match="#lobby: No"):
            await pipe.run()
    for descriptor in (source, reading, writing):
        os.close(descriptor)


async def test_a_lost_connection_ends_it() -> None:
    reading, writing = os.pipe()
    sink = os.open(os.devnull, os.O_WRONLY)
    async with conversation(LABELS) as (chat, peer), trio.open_nursery() as nursery:

        async def cut() -> None:
            await peer.heard("JOIN #lobby")
            await peer.send("ERROR :Going down")
            await trio.aclose_forcefully(peer.stream)

        nursery.start_soon(cut)
        pipe = Pipe(chat, room="#lobby", source=None, sink=sink, print_as=msgspec.json.encode)
        with pytest.raises(ConnectionLost, match="Going down"):
            await pipe.run()
    async with conversation(LABELS) as (chat, peer):
        await trio.aclose_forcefully(peer.stream)
        pipe = Pipe(chat, room="#lobby", source=reading, sink=None, print_as=msgspec.json.encode)
        with pytest.raises(ConnectionLost):
            await pipe.run()
    for descriptor in (reading, writing, sink):
        os.close(descriptor)


async def test_the_connection_goes_while_lines_are_said() -> None:
    reading, writing = os.pipe()
    async with conversation(LABELS) as (chat, peer), trio.open_nursery() as nursery:

        async def cut() -> None:
            await peer.heard("JOIN #lobby")
            await trio.aclose_forcefully(peer.stream)
            while chat.connected:
                await trio.lowlevel.checkpoint()
            os.write(writing, b"one\n")

        nursery.start_soon(cut)
        pipe = Pipe(chat, room="#lobby", source=reading, sink=None, print_as=msgspec.json.encode)
        with pytest.raises(ConnectionLost):
            await pipe.run()
    for descriptor in (reading, writing):
        os.close(descriptor)


async def test_nobody_reads_the_output_any_more() -> None:
    reading, writing = os.pipe()
    async with conversation(LABELS) as (chat, peer), trio.open_nursery() as nursery:

        async def leave() -> None:
            await peer.heard("JOIN #lobby")
            os.close(reading)

        nursery.start_soon(leave)
        # Nothing is written any more: the end of the pipe is what is noticed.
        pipe = Pipe(chat, room="#lobby", source=None, sink=writing, print_as=lambda event: b"")
        await pipe.run()
        pipe = Pipe(chat, room="#lobby", source=None, sink=writing, print_as=msgspec.json.encode)
        await pipe.run()
    os.close(writing)


async def test_an_input_that_is_none(tmp_path: Path) -> None:
    source = os.open(tmp_path, os.O_RDONLY)
    async with conversation(LABELS) as (chat, _):
        pipe = Pipe(chat, room="#lobby", source=source, sink=None, print_as=msgspec.json.encode)
        with pytest.raises(ChatError, match="the input can not be read: Is a directory"):
            await pipe.run()
    os.close(source)


async def test_an_output_that_is_full() -> None:
    sink = os.open("/dev/full", os.O_WRONLY)
    async with conversation(LABELS) as (chat, _):
        pipe = Pipe(chat, room="#lobby", source=None, sink=sink, print_as=msgspec.json.encode)
        with pytest.raises(ChatError, match="the output can not be written: No space left"):
            await pipe.run()
    os.close(sink)


@pytest.mark.parametrize("capabilities", [HISTORY, UNLABELLED])
async def test_a_patient_pipe_says_every_line_once(
    capabilities: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnecting, "LONGEST", 0.01)
    lines = [f"line{number}" for number in range(20)]
    text, output = tmp_path / "text", tmp_path / "output"
    text.write_text("".join(f"{line}\n" for line in lines))
    source = os.open(text, os.O_RDONLY)
    sink = os.open(output, os.O_WRONLY | os.O_CREAT)

    def print_as(event: Event) -> bytes:
        return event.text.encode() if isinstance(event, Message) else b""

    async with archived(capabilities, room="", own_messages=True) as (chat, server):
        server.drops |= {"line3", "line4", "line12"}
        await Pipe(
            chat, room="#lobby", source=source, sink=sink, print_as=print_as, patient=True
        ).run()
        assert server.connections == 4
    os.close(source)
    os.close(sink)
    assert [line.text for line in server.log] == lines
    assert output.read_text().split() == lines


async def test_a_patient_pipe_does_not_say_twice_what_may_have_been_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnecting, "LONGEST", 0.01)
    text = tmp_path / "text"
    text.write_text("line0\nline1\nline2\n")
    source = os.open(text, os.O_RDONLY)
    async with archived(LABELS, room="") as (chat, server):
        server.drops.add("line1")
        pipe = Pipe(
            chat,
            room="#lobby",
            source=source,
            sink=None,
            print_as=msgspec.json.encode,
            patient=True,
        )
        with pytest.raises(ConnectionLost, match="can not be known whether this was said: line1"):
            await pipe.run()
    os.close(source)
    assert [line.text for line in server.log] == ["line0"]
