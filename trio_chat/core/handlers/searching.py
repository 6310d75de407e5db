"""SEARCH: finding what was said (soju.im/search).

Who searches finds what history would show them, and nothing else (`access.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain

from trio_chat.core import events, msgrefs, names, numerics
from trio_chat.core.capabilities import SEARCH
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.encoding import clock
from trio_chat.core.events import Event, Said
from trio_chat.core.handlers import access, pages
from trio_chat.core.handlers.common import word
from trio_chat.core.handlers.plain_commands import needs, row, run
from trio_chat.core.inputs import Completed
from trio_chat.core.questions import Place, Refusal, Search, Shown, Unfinished
from trio_chat.core.state import User
from trio_chat.wire import irc
from trio_chat.wire.irc import Message

LIMIT = 100
"""Messages that are found where nothing else is said."""
_FOR_PEOPLE = 20
"""Messages that people on the plain side are shown."""
_LINES = 4
"""Lines more than one that a search counts as in flood control: it can take a second."""
_ATTRIBUTES = frozenset(("in", "from", "after", "before", "text", "limit"))
_FAILED = "The search could not be done"
_OLDER = "There was no time to look through what is older"
_NARROWER = "say in which channel (in), by whom (from) or since when (after)"


@command(
    "SEARCH",
    usage="SEARCH <name>=<value>{;<name>=<value>}",
    help="find what was said where you are, by in, from, after, before, text and limit, written "
    "like tags (soju.im/search)",
)
def search(ctx: Context, user: User, message: Message) -> None:
    if not (ctx.settings.history and (user.plain or user.caps & SEARCH)):
        ctx.reply(user, numerics.ERR_UNKNOWNCOMMAND, "SEARCH")
        return
    attributes = irc.parse_tags(message.params[0]) if len(message.params) == 1 else {}
    if not attributes:
        _refuse(ctx, user, text="Invalid parameters")
        return
    _Searching(ctx, user, attributes).begin()


@row("/search WORDS", "find what was said in your rooms, and to you and by you")
def _search(ctx: Context, user: User, rest: str) -> None:
    if not ctx.settings.history:
        ctx.tell(user, "This server keeps no history.")
    elif rest:
        run(ctx, user, "SEARCH", f"limit={_FOR_PEOPLE};text={irc.escape_tag(rest)}")
    else:
        needs(ctx, user, "/search")


class _RefusedError(Exception):
    """Which attribute is wrong, and why."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name
        self.text = text


class _Searching:
    """One search."""

    def __init__(self, ctx: Context, user: User, attributes: dict[str, str]) -> None:
        self._ctx = ctx
        self._user = user
        self._attributes = attributes
        self._in = attributes.get("in")

    def begin(self) -> None:
        """Ask the history, or say why that can not be asked."""
        ctx, user = self._ctx, self._user
        try:
            question = self._question()
        except _RefusedError as refused:
            _refuse(ctx, user, refused.name, text=refused.text)
            return
        for _ in range(_LINES):
            ctx.output.charge(user)
        ctx.look_up(user, question, lambda done: self._found(done, question))

    def _question(self) -> Search:
        """Return what is looked for. Raises `_RefusedError`."""
        attributes = self._attributes
        for name in attributes:
            if name not in _ATTRIBUTES:
                raise _RefusedError(name, "Unknown attribute")
        places = self._places()
        if places is None:
            raise _RefusedError("in", "There is nothing that you can search")
        if attributes.get("from") == "":
            raise _RefusedError("from", "Invalid nickname")
        limit = attributes.get("limit", str(LIMIT))
        if not (limit.isascii() and limit.isdigit() and int(limit[:9])):
            raise _RefusedError("limit", "Invalid limit")
        return Search(
            text=attributes.get("text", ""),
            places=places,
            parties=() if self._in is not None else access.own_parties(self._ctx, self._user),
            sender=attributes.get("from", ""),
            after=self._time("after"),
            before=self._time("before"),
            limit=min(int(limit[:9]), self._ctx.settings.history_page),
        )

    def _time(self, name: str) -> int | None:
        value = self._attributes.get(name)
        time = None if value is None else msgrefs.milliseconds_at(value)
        if value is not None and time is None:
            raise _RefusedError(name, "Invalid timestamp")
        return time

    def _places(self) -> tuple[Place, ...] | None:
        """Return where this user may search, besides what they have exchanged with somebody; None:
        not where they want to."""
        ctx, user = self._ctx, self._user
        if self._in is not None:
            place = access.readable(ctx, user, self._in) if self._in else None
            return None if place is None else (place,)
        found = (access.readable(ctx, user, channel.name) for channel in user.channels)
        others = (place for _, place in access.talks(user))
        return (*(place for place in found if place is not None), *others)

    def _found(self, done: Completed, question: Search) -> None:
        ctx, user = self._ctx, self._user
        if self._places() != question.places:
            # They may read something else by now: they were removed from a channel, say.
            self.begin()
        elif isinstance(done.answer, Refusal):
            reason = done.answer.reason
            _refuse(ctx, user, "text", text=f"{reason[:1].upper()}{reason[1:]}")
        elif isinstance(done.answer, Unfinished):
            self._unfinished(done.answer)
        elif not done.result or not isinstance(done.answer, list):
            _fail(ctx, user, _FAILED)
        else:
            self._show([one for one in done.answer if isinstance(one, Shown)])

    def _unfinished(self, answer: Unfinished) -> None:
        """Show what was found in the time that there was."""
        ctx, user = self._ctx, self._user
        if not answer.begun:
            _fail(ctx, user, "Others are searching: try again in a moment")
        elif answer.found:
            if not user.plain:
                ctx.warn(user, "SEARCH", "INCOMPLETE", text=f"{_OLDER}: {_NARROWER}")
            self._show(answer.found, _OLDER)
        else:
            how = "use rarer words" if user.plain else _NARROWER
            _fail(ctx, user, f"To look for that takes too long: {how}")

    def _show(self, found: list[Shown], note: str = "") -> None:
        """Show what was found, and behind it to people a note, if there is one."""
        if self._user.plain:
            self._tell(found, note)
        else:
            pages.send(self._ctx, self._user, pages.events_of(self._ctx, found), "soju.im/search")

    def _tell(self, found: list[Shown], note: str) -> None:
        """Show somebody on the plain side what was found."""
        ctx, user = self._ctx, self._user
        ignored = ctx.state.ignores.keys(user)
        # What is for programs (CTCP) reads as nothing.
        readable = [one for one in found if one.event.plain(user.nickname)]
        shown = [one for one in readable if names.key(one.event.who) not in ignored]
        lines: Iterator[Event] = (
            events.Told(time=ctx.now, source=ctx.server, text=text)
            for event in pages.events_of(ctx, shown)
            for text in _for_people(ctx, user, event)
        )
        if note:
            told = events.Told(time=ctx.now, source=ctx.server, text=f"{note}.")
            pages.send(ctx, user, chain(lines, [told]), "")
        elif shown:
            pages.send(ctx, user, lines, "")
        else:
            but = " but what people say whom you ignore" if readable else ""
            ctx.tell(user, f"Nothing was found{but}.")


def _for_people(ctx: Context, user: User, event: Event) -> Iterator[str]:
    """Make of a message the lines that people read: day, time, room, who and what."""
    offset = ctx.output.utc_offset
    if not isinstance(event, Said):
        return
    day = datetime.fromtimestamp(event.time + offset, UTC).date().isoformat()
    room = f"{event.room} " if event.room else ""
    for part in event.parts():
        text = part.plain(user.nickname)
        if text:
            yield f"{day} {clock(event.time, offset)} {room}{text}"


def _refuse(ctx: Context, user: User, *params: str, text: str) -> None:
    if user.plain:
        ctx.tell(user, f"{text}.")
    else:
        shown = [word(user, param) for param in params]
        ctx.fail(user, "SEARCH", "INVALID_PARAMS", *shown, text=text)


def _fail(ctx: Context, user: User, text: str) -> None:
    if user.plain:
        ctx.tell(user, f"{text}.")
    else:
        ctx.fail(user, "SEARCH", "INTERNAL_ERROR", text=text)
