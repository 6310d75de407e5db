"""Lines in, lines out: the client in a pipeline, where there is no person to look at it.

Standard input is said line by line, word for word: there are no commands in it. What arrives is
printed as a line each. The end of the input is the end of the program, once the server has
acknowledged every line. A reader of the output that has gone (`| head -1`) is an end as well, and
no error.

Files, pipes, sockets, `/dev/null`: all are read and written in threads (`descriptors`).
"""

from __future__ import annotations

import codecs
import errno
import os
import stat
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import trio

from trio_chat.client import descriptors
from trio_chat.client.chat import Chat
from trio_chat.client.errors import ChatError, NotSaid
from trio_chat.client.events import Event
from trio_chat.client.requests import WINDOW, Receipt

_READ = 65536
LINE_LIMIT = 65536
"""Characters of a line; a longer one is said in pieces of this."""


async def lines_of(source: int) -> AsyncGenerator[str, None]:
    """Yield the lines of a descriptor, without their ends; what is no UTF-8 is replaced.

    Raises `ChatError` for what can not be read, such as a directory.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    while True:
        try:
            data = await descriptors.read(source, _READ)
        except OSError as error:
            # It was closed before we began (`<&-`), or its terminal has gone.
            if error.errno not in (errno.EBADF, errno.EIO):
                raise ChatError(f"the input can not be read: {error.strerror}") from error
            data = b""
        *lines, rest = (rest + decoder.decode(data, final=not data)).split("\n")
        for line in lines:
            yield line.removesuffix("\r")
        while len(rest) > LINE_LIMIT:
            yield rest[:LINE_LIMIT]
            rest = rest[LINE_LIMIT:]
        if not data:
            if rest:
                yield rest
            return


class Pipe:
    """One run of the client between two descriptors; either may be None, for not used."""

    def __init__(
        self,
        chat: Chat,
        *,
        room: str,
        source: int | None,
        sink: int | None,
        print_as: Callable[[Event], bytes],
        patient: bool = False,
    ) -> None:
        self._chat = chat
        self._room = room
        self._source = source
        self._sink = sink
        self._print_as = print_as
        # Whether the loss of a connection is not the end, so that lines may have to be said again.
        self._patient = patient
        self._failure: ChatError | None = None

    async def run(self) -> None:
        """Enter the room and serve both directions until either of them has ended.

        Raises `ChatError` when the server refuses something, or the connection is lost.
        """
        await self._chat.join(self._room)
        async with trio.open_nursery() as nursery:
            if self._sink is not None:
                nursery.start_soon(self._print, self._sink, nursery.cancel_scope)
                nursery.start_soon(_wait_closed, self._sink, nursery.cancel_scope)
            if self._source is not None:
                sender, receiver = trio.open_memory_channel[Receipt](WINDOW)
                nursery.start_soon(self._say, self._source, sender, nursery.cancel_scope)
                nursery.start_soon(self._acknowledge, receiver, nursery.cancel_scope)
        if self._failure is not None:
            raise self._failure

    async def _say(
        self, source: int, receipts: trio.MemorySendChannel[Receipt], scope: trio.CancelScope
    ) -> None:
        try:
            async with receipts, aclosing(lines_of(source)) as lines:
                async for line in lines:
                    said = await self._chat.post(self._room, line)
                    if self._patient:
                        await self._see_to_it(said)
                        continue
                    for receipt in said:
                        await receipts.send(receipt)
        except ChatError as error:
            self._fail(error, scope)

    async def _see_to_it(self, receipts: list[Receipt]) -> None:
        """Wait until a line is said, and say again what is known to have gone with a connection.

        The next line waits for that: they are to be said in order.
        """
        while receipts:
            lost: list[str] = []
            for receipt in receipts:
                try:
                    await receipt.wait()
                except NotSaid as error:
                    lost.append(error.text)
            receipts = [r for text in lost for r in await self._chat.post(self._room, text)]

    async def _acknowledge(
        self, receipts: trio.MemoryReceiveChannel[Receipt], scope: trio.CancelScope
    ) -> None:
        """Wait for each answer while the next lines are read: so no line waits for a round trip."""
        try:
            async for receipt in receipts:
                await receipt.wait()
        except ChatError as error:
            self._fail(error, scope)
            return
        await self._chat.quit()
        if self._sink is None:
            scope.cancel()

    async def _print(self, sink: int, scope: trio.CancelScope) -> None:
        try:
            async for event in self._chat:
                line = self._print_as(event)
                if line:
                    await descriptors.write(sink, line + b"\n")
        except BrokenPipeError:
            # Nobody reads any more.
            pass
        except OSError as error:
            self._fail(ChatError(f"the output can not be written: {error.strerror}"), scope)
        except ChatError as error:
            self._fail(error, scope)
        scope.cancel()

    def _fail(self, error: ChatError, scope: trio.CancelScope) -> None:
        # The first one tells the story.
        self._failure = self._failure or error
        scope.cancel()


async def _wait_closed(sink: int, scope: trio.CancelScope) -> None:
    """Cancel when the reader of a pipe goes, even though there is nothing to write just then."""
    try:
        if stat.S_ISFIFO(os.fstat(sink).st_mode):
            # A pipe's writing end never becomes readable, but epoll wakes us for its error.
            await trio.lowlevel.wait_readable(sink)
            scope.cancel()
    except OSError:
        return
