"""CHATHISTORY: what was said before, page by page (draft/chathistory, draft/event-playback)."""

from __future__ import annotations

from collections.abc import Mapping

from trio_chat.core import ids, msgrefs, names, numerics
from trio_chat.core.capabilities import CHATHISTORY
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.encoding import timestamp
from trio_chat.core.entries import of_channel
from trio_chat.core.handlers import access, pages
from trio_chat.core.handlers.common import word
from trio_chat.core.ids import END, START, Position
from trio_chat.core.inputs import Completed
from trio_chat.core.questions import Around, Bound, Place, Target, Targets, Wanted
from trio_chat.core.state import User
from trio_chat.wire.irc import Message

_REFERENCES: Mapping[str, int] = {
    "LATEST": 1,
    "BEFORE": 1,
    "AFTER": 1,
    "AROUND": 1,
    "BETWEEN": 2,
    "TARGETS": 2,
}
"""The subcommands, each with how many message references it takes."""
_TARGETS = "TARGETS"
_NO_MESSAGES = "Messages could not be retrieved"


class _RefusedError(Exception):
    """Why a command can not be carried out: the code of FAIL, its context and its text."""

    def __init__(self, code: str, *context: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.context = context
        self.text = text


@command(
    "CHATHISTORY",
    params=1,
    usage="CHATHISTORY LATEST|BEFORE|AFTER|AROUND|BETWEEN <target> <reference> [<reference>] "
    "<limit>, CHATHISTORY TARGETS <timestamp> <timestamp> <limit>",
    help="get what was said before; a reference is msgid=… or timestamp=…, or * with LATEST "
    "(draft/chathistory)",
)
def chathistory(ctx: Context, user: User, message: Message) -> None:
    if not (ctx.settings.history and user.caps & CHATHISTORY):
        ctx.reply(user, numerics.ERR_UNKNOWNCOMMAND, "CHATHISTORY")
        return
    try:
        _carry_out(ctx, user, message.params)
    except _RefusedError as refused:
        _fail(ctx, user, refused)


def _fail(ctx: Context, user: User, refused: _RefusedError) -> None:
    context = [word(user, one) for one in refused.context]
    ctx.fail(user, "CHATHISTORY", refused.code, *context, text=refused.text)


def _carry_out(ctx: Context, user: User, params: tuple[str, ...]) -> None:
    given = params[0]
    subcommand = given.upper()
    count = _REFERENCES.get(subcommand)
    if count is None:
        raise _RefusedError("INVALID_PARAMS", given, text="Unknown command")
    named = 0 if subcommand == _TARGETS else 1
    if len(params) != 1 + named + count + 1:
        few = len(params) < 1 + named + count + 1
        text = "Insufficient parameters" if few else "Too many parameters"
        raise _RefusedError("INVALID_PARAMS", given, text=text)
    limit = _limit(ctx, given, params[-1])
    references = params[1 + named : -1]
    if subcommand == _TARGETS:
        _targets(ctx, user, _times(given, references), limit)
        return
    target = params[1]
    star = subcommand == "LATEST" and references[0] == "*"
    bounds = [] if star else [_bound(given, target, one) for one in references]

    def refuse(place: Place | None) -> None:
        code = "INVALID_TARGET" if place is None else "MESSAGE_ERROR"
        _fail(ctx, user, _RefusedError(code, given, target, text=_NO_MESSAGES))

    def then(found: pages.Found) -> None:
        pages.send(ctx, user, pages.events_of(ctx, found), "chathistory", word(user, target))

    there = [one for one in bounds if one is not None]
    if len(there) < len(bounds):
        # There can be nothing of that id: it is as any other that is not known.
        place = access.readable(ctx, user, target)
        refuse(None) if place is None else then([])
        return
    pages.read(
        ctx,
        user,
        target,
        lambda place: _question(place, subcommand, there, limit, pages.kinds_for(user)),
        then,
        refuse,
        suits=lambda event: pages.shows(user, event),
    )


def _question(
    place: Place, subcommand: str, bounds: list[Bound], limit: int, kinds: int
) -> Wanted | Around:
    """Return what the journal is asked."""
    after: Bound = START
    before: Bound = END
    latest = subcommand in ("LATEST", "BEFORE")
    if subcommand == "BETWEEN":
        # It is counted from the first on, which may be the later one.
        first, second = bounds
        latest = _instant(first) > _instant(second)
        after, before = (second, first) if latest else (first, second)
    elif subcommand == "BEFORE":
        before = bounds[0]
    elif subcommand != "AROUND" and bounds:
        after = bounds[0]
    wanted = Wanted(
        place=place,
        after=after,
        before=before,
        limit=limit,
        latest=latest,
        kinds=kinds,
        known=tuple(one for one in bounds if isinstance(one, Position)),
    )
    return Around(wanted=wanted, at=bounds[0]) if subcommand == "AROUND" else wanted


def _instant(bound: Bound) -> Position:
    """Return a bound as something that bounds of both types are compared by."""
    return bound if isinstance(bound, Position) else ids.first_of(bound)


def _limit(ctx: Context, given: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise _RefusedError("INVALID_PARAMS", given, text, text="Invalid limit")
    return min(int(text), ctx.settings.history_page)


def _bound(given: str, target: str, text: str) -> Bound | None:
    try:
        return msgrefs.parse(text)
    except msgrefs.UnknownTypeError:
        types = " and ".join(msgrefs.TYPES)
        raise _RefusedError(
            "INVALID_MSGREFTYPE", given, target, text, text=f"Only {types} are supported"
        ) from None
    except msgrefs.BadReferenceError:
        kind = "timestamp" if text.startswith("timestamp=") else "message reference"
        raise _RefusedError("INVALID_PARAMS", given, text, text=f"Invalid {kind}") from None


def _times(given: str, references: tuple[str, ...]) -> list[int]:
    times = []
    for text in references:
        if text.startswith("msgid="):
            problem = "Conversations are listed by timestamp"
            raise _RefusedError("INVALID_MSGREFTYPE", given, "*", text, text=problem)
        bound = _bound(given, "*", text)
        assert isinstance(bound, int)
        times.append(bound)
    return times


def _targets(ctx: Context, user: User, times: list[int], limit: int) -> None:
    """Send which channels and people something new is from."""
    question = Targets(
        channels=tuple(of_channel(channel.name) for channel in user.channels),
        parties=access.own_parties(ctx, user),
        talks=access.talks(user),
        after=min(times),
        before=max(times),
        limit=limit,
        latest=times[0] > times[1],
    )

    def resume(done: Completed) -> None:
        if not done.result or not isinstance(done.answer, list):
            _fail(ctx, user, _RefusedError("MESSAGE_ERROR", _TARGETS, "*", text=_NO_MESSAGES))
            return
        found = [
            target
            for target in done.answer
            # They may have been removed from a channel meanwhile.
            if isinstance(target, Target)
            and (target.conversation[0] == "@" or access.readable(ctx, user, target.conversation))
        ]
        latest: dict[str, tuple[str, float]] = {}
        for target in found:
            name = access.name_of_target(ctx, user, target)
            # What somebody has said before they logged in, and after it, is one conversation.
            latest.pop(names.fold(name), None)
            latest[names.fold(name)] = name, target.latest.event.time
        lines = [
            ctx.line("CHATHISTORY", _TARGETS, name, timestamp(time))
            for name, time in latest.values()
        ]
        pages.send(ctx, user, lines, "draft/chathistory-targets")

    ctx.look_up(user, question, resume)
