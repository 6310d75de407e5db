"""What was said before, for those who do not ask with CHATHISTORY: on joining, and HISTORY.

People on the plain side read it with a mark, the time of each line and a line for each day. An IRC
client is sent the messages themselves. Who was in the channel before, and has left, is shown what
was said since then, and what they have seen is not shown again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from trio_chat.core import events, ids, modes, names
from trio_chat.core.capabilities import CHATHISTORY, SERVER_TIME
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.encoding import clock
from trio_chat.core.entries import of_channel
from trio_chat.core.events import Event, Said
from trio_chat.core.handlers import pages
from trio_chat.core.handlers.common import remember, word
from trio_chat.core.ids import START, Position
from trio_chat.core.questions import Place, Wanted
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message

MARK = "·"
"""What a line begins with that people are shown again."""
_DAY = 86_400
_LAST = 20
"""Messages that HISTORY shows where nothing is shown on joining."""
_LEFT = 100
"""Channels that somebody has left, and is known to have been in."""


def note_left(user: User, channel: Channel, id: str) -> None:
    """Note that somebody leaves a channel, with the id of that: what is said from there on they
    have not seen."""
    position = ids.decode(id)
    if position is not None:
        remember(user.take_notes().left, of_channel(channel.name), position, _LEFT)


def on_join(ctx: Context, user: User, channel: Channel, id: str) -> None:
    """Show somebody who has joined the last that was said, if they do not ask for it themselves.

    `id` is that of their joining: what is said from there on they are shown as it happens.
    """
    settings, notes = ctx.settings, user.notes
    left = notes.left.pop(of_channel(channel.name), START) if notes is not None else START
    joined = ids.decode(id)
    if not settings.history or not settings.history_on_join or joined is None:
        return
    if (notes is not None and notes.off) or user.caps & CHATHISTORY or user.modes & modes.BOT:
        return
    _show(ctx, user, channel.name, settings.history_on_join, after=left, before=joined, quiet=True)


def _show(
    ctx: Context,
    user: User,
    target: str,
    limit: int,
    *,
    after: Position = START,
    before: Position = ids.END,
    quiet: bool = False,
) -> None:
    """Show somebody the last messages between two positions; `quiet`: or nothing, where there are
    none, or they can not be read."""

    def ask(place: Place) -> Wanted:
        return Wanted(
            place=place,
            after=after,
            before=before,
            limit=limit,
        )

    def then(found: pages.Found) -> None:
        if quiet and not found:
            return
        if user.plain:
            pages.send(ctx, user, _for_people(ctx, user, pages.events_of(ctx, found)), "")
            if not found:
                but = " but by whom you ignore" if passed_over else ""
                ctx.tell(user, f"Nothing was said{but} in {target}.")
            return
        if quiet and not user.caps & SERVER_TIME:
            _announce(ctx, user, target, found[0].event)
        pages.send(ctx, user, pages.events_of(ctx, found), "chathistory", word(user, target))

    def refuse(place: Place | None) -> None:
        if quiet:
            return
        if place is None:
            code, text = "INVALID_TARGET", "You can read what was said where you are, and to you"
        else:
            code, text = "MESSAGE_ERROR", "That can not be read now"
        if user.plain:
            ctx.tell(user, f"{text}.")
        else:
            ctx.refuse(user, "HISTORY", code, word(user, target), text=text)

    ignored = ctx.state.ignores.keys(user)
    passed_over = False

    def suits(event: Event) -> bool:
        nonlocal passed_over
        # What is for programs (CTCP) nobody waits for an answer to any more.
        if not event.plain(user.nickname):
            return False
        if names.key(event.who) not in ignored:
            return True
        passed_over = True
        return False

    pages.read(ctx, user, target, ask, then, refuse, suits=suits, apart=quiet)


def _announce(ctx: Context, user: User, target: str, first: Event) -> None:
    """Say that what follows is not new, to a client that is shown no times."""
    since = datetime.fromtimestamp(first.time, UTC).strftime("%Y-%m-%d %H:%M")
    text = f"Said before, from {since} UTC on. HISTORY OFF: not to be shown that."
    ctx.send(
        user,
        Said(time=ctx.now, source=ctx.server, kind="NOTICE", target=target, text=text),
    )


def _for_people(ctx: Context, user: User, shown: Iterable[Event]) -> Iterator[Event]:
    """Make of messages the lines that people read."""
    offset = ctx.output.utc_offset
    today = _day(ctx.now, offset)
    for event in shown:
        day = _day(event.time, offset)
        if day != today:
            today = day
            yield _line(ctx, _date(day))
        for part in event.parts():
            yield _line(ctx, f"{clock(event.time, offset)} {part.plain(user.nickname)}")


def _line(ctx: Context, text: str) -> events.Told:
    return events.Told(time=ctx.now, source=ctx.server, text=f"{MARK} {text}")


def _date(day: int) -> str:
    """Return a day as people read it: `Tuesday, 14 November 2023`."""
    date = datetime.fromtimestamp(day * _DAY, UTC)
    return f"{date:%A}, {date.day} {date:%B %Y}"


def _day(time: float, utc_offset: int) -> int:
    """Return the day where the server is, in days since the epoch."""
    return int(time + utc_offset) // _DAY


@command(
    "HISTORY",
    params=1,
    usage="HISTORY <channel or nickname> [<count>], HISTORY ON|OFF",
    help="see what was said last; OFF: not to be shown that on joining",
)
def history(ctx: Context, user: User, message: Message) -> None:
    target = message.params[0]
    wanted = message.params[1] if len(message.params) > 1 else ""
    if not ctx.settings.history:
        _say(ctx, user, "This server keeps no history")
    elif target.upper() in ("ON", "OFF"):
        user.take_notes().off = target.upper() == "OFF"
        shown = "no longer shown" if user.take_notes().off else "shown"
        _say(ctx, user, f"You are {shown} what was said before when you join a channel")
    else:
        show_last(ctx, user, target, wanted)


def show_last(ctx: Context, user: User, target: str, wanted: str) -> None:
    """Show somebody the last messages of a channel, or with somebody: as many as they want."""
    settings = ctx.settings
    limit = settings.history_on_join or _LAST
    if wanted.isascii() and wanted.isdigit():
        limit = min(int(wanted[:9]), settings.history_page)
    _show(ctx, user, target, max(1, limit))


def _say(ctx: Context, user: User, text: str) -> None:
    if user.plain:
        ctx.tell(user, f"{text}.")
    else:
        ctx.notice(user, text)
