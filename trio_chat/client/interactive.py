"""A person at a terminal: what arrives grows above, what is typed stands below.

Four tasks in one nursery, each doing one thing in a loop: *keys* edits the line, *lines* does
what the finished ones say, one after the other, *events* shows what happens, and *signals*
follows the terminal's size. So typing goes on while a line waits for a slow server, and a line's
answer does not hold up what others say. The first task for which there is nothing left to do ends
the others.
"""

from __future__ import annotations

import signal
from collections import deque

import trio

from trio_chat.client.chat import Chat
from trio_chat.client.editor import LineEditor, Signal, Submitted
from trio_chat.client.errors import ChatError
from trio_chat.client.events import Event, Joined, Message, NickChanged, RejoinFailed
from trio_chat.client.formatting import line_of
from trio_chat.client.keys import KeyDecoder
from trio_chat.client.slash import COMMANDS, Session
from trio_chat.client.terminal import Screen, Terminal
from trio_chat.wire.plain import displayable

_WAITING_LINES = 100
"""Lines that can be typed ahead of a slow server."""
_REMEMBERED_NICKS = 100


class Conversation:
    """One person's time with a server, from the first prompt to the last."""

    def __init__(self, chat: Chat, terminal: Terminal) -> None:
        self._chat = chat
        self._terminal = terminal
        self._nicks: deque[str] = deque(maxlen=_REMEMBERED_NICKS)
        self._editor = LineEditor(self._words)
        self._screen = Screen(terminal, self._editor, self._prompt)
        self._session = Session(chat, self._screen.show)
        self._to_lines, self._lines = trio.open_memory_channel[str](_WAITING_LINES)
        self._failure: ChatError | None = None

    async def run(self, room: str) -> None:
        """Enter a room and stay until the person leaves.

        The terminal is in raw mode meanwhile. Raises `ConnectionLost` when the connection ends.
        """
        with self._terminal.raw():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._follow_signals)
                nursery.start_soon(self._show_events, nursery.cancel_scope)
                nursery.start_soon(self._take_lines, room, nursery.cancel_scope)
                await self._read_keys(nursery.cancel_scope)
        if self._failure is not None:
            raise self._failure

    def _prompt(self) -> str:
        return f"{displayable(self._session.room)}> "

    def _words(self) -> list[str]:
        words = [f"/{name}" for name in COMMANDS]
        # Those who spoke last come first.
        return [*dict.fromkeys(self._nicks), *words, *self._chat.rooms]

    async def _read_keys(self, conversation: trio.CancelScope) -> None:
        decoder = KeyDecoder()
        while data := await self._terminal.read():
            for key in decoder.feed(data):
                asked = self._editor.press(key)
                if isinstance(asked, Submitted):
                    if self._is_goodbye(asked.line):
                        conversation.cancel()
                        return
                    await self._submit(asked.line)
                elif asked is Signal.CLEAR:
                    await self._screen.clear()
                elif asked is Signal.SUSPEND:
                    self._terminal.suspend()
                elif asked is Signal.END_OF_INPUT:
                    # What was typed before is still said. Ctrl-C does not wait for that.
                    self._to_lines.close()
                elif asked is Signal.INTERRUPT:
                    conversation.cancel()
                    return
            await self._screen.refresh()
        conversation.cancel()

    def _is_goodbye(self, line: str) -> bool:
        """Whether somebody wants to leave who has been left alone: other lines have to wait."""
        return not self._chat.connected and line.split(maxsplit=1)[:1] == ["/quit"]

    async def _submit(self, line: str) -> None:
        try:
            self._to_lines.send_nowait(line)
        except trio.ClosedResourceError:
            # Typed behind Ctrl-D.
            return
        except trio.WouldBlock:
            # To wait here would be to read no more keys, Ctrl-C among them.
            await self._screen.show("! the server is slow, this was not said:", displayable(line))

    async def _take_lines(self, room: str, conversation: trio.CancelScope) -> None:
        try:
            await self._screen.show(f"you are {displayable(self._chat.nick)}; /help helps")
            await self._session.enter(room)
        except (ChatError, ValueError) as error:
            await self._screen.show(displayable(f"! {error}"))
        await self._screen.refresh()
        async for line in self._lines:
            await self._session.take(line)
            await self._screen.refresh()
            if self._session.left:
                break
        conversation.cancel()

    async def _show_events(self, conversation: trio.CancelScope) -> None:
        try:
            async for event in self._chat:
                if isinstance(event, Message | NickChanged):
                    nick = event.new if isinstance(event, NickChanged) else event.nick
                    if not self._chat.is_me(nick):
                        self._nicks.appendleft(nick)
                line = self._line_of(event)
                if line:
                    await self._screen.show(line)
        except ChatError as error:
            self._failure = error
            conversation.cancel()

    def _line_of(self, event: Event) -> str:
        if isinstance(event, Joined) and self._chat.is_me(event.nick):
            self._session.came_into(event.room)
            return displayable(f"you are in {event.room}")
        line = line_of(event, nick=self._chat.nick, room=self._session.room)
        if isinstance(event, RejoinFailed):
            self._session.lost(event.room)
        return line

    async def _follow_signals(self) -> None:
        with trio.open_signal_receiver(signal.SIGWINCH, signal.SIGCONT) as signals:
            async for number in signals:
                if number == signal.SIGCONT:
                    self._terminal.enter_raw()
                await self._screen.refresh()
