"""Reading pages of history for somebody, and sending what is on them.

A page has as much on it as was asked for, wherever there is so much: what the reader can not be
shown is made up for. Who may read it is looked at when it is asked for, and again when it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from trio_chat.core import events
from trio_chat.core.capabilities import (
    CHANNEL_RENAME,
    EVENT_PLAYBACK,
    MESSAGE_REDACTION,
    MESSAGE_TAGS,
)
from trio_chat.core.context import Context, Replies
from trio_chat.core.events import Event
from trio_chat.core.handlers import access
from trio_chat.core.inputs import Completed
from trio_chat.core.questions import (
    BESIDE,
    MESSAGES,
    OTHERS,
    REDACTIONS,
    TAGS,
    Around,
    Page,
    Place,
    Shown,
    Wanted,
    counted,
    cut,
)
from trio_chat.core.state import User

LINE = 14
"""What it costs to send something of a page and to encode it, as `Output.cost` counts it."""
_LONG = 400
"""Characters after which something counts as one line more."""
_REPEATED = 512
"""Characters of tags that may stand in each line of a message."""
_AGAIN = 8
"""How often more is asked for where much can not be shown."""
_MORE = 100
"""How much is asked for then, at least."""

Found: TypeAlias = list[Shown]
Then: TypeAlias = Callable[[Found], None]
Refuse: TypeAlias = Callable[[Place | None], None]
"""Is called where there is no page: with what the user may read, when it could not be read; with
None, when they may not."""
Ask: TypeAlias = Callable[[Place], Wanted | Around]


def kinds_for(user: User) -> int:
    """Return what a client can be shown again (`questions.Wanted.kinds`)."""
    # For these it takes no event-playback (draft/message-redaction, "Chat history").
    kinds = MESSAGES | (REDACTIONS if user.caps & MESSAGE_REDACTION else 0)
    if user.caps & EVENT_PLAYBACK:
        kinds |= OTHERS | (TAGS if user.caps & MESSAGE_TAGS else 0)
    return kinds


def shows(user: User, event: Event) -> bool:
    """Whether a client is shown something again that is of a kind that it is shown."""
    # Who does not know RENAME was told otherwise (draft/channel-rename, "Fallback").
    return not isinstance(event, events.Renamed) or bool(user.caps & CHANNEL_RENAME)


def read(
    ctx: Context,
    user: User,
    target: str,
    ask: Ask,
    then: Then,
    refuse: Refuse,
    *,
    suits: Callable[[Event], bool],
    apart: bool = False,
) -> None:
    """Read a page for a user: of a channel, or of what they have exchanged with somebody.

    `ask` makes the question of what they may read; `suits` says what they can be shown. `apart`: it
    is no part of the answer to the command at hand.
    """
    place = access.readable(ctx, user, target)
    if place is None:
        refuse(None)
        return
    _Reading(ctx, user, target, ask, then, refuse, suits, apart).ask(place)


class _Reading:
    """A page that is being put together."""

    def __init__(
        self,
        ctx: Context,
        user: User,
        target: str,
        question: Ask,
        then: Then,
        refuse: Refuse,
        suits: Callable[[Event], bool],
        apart: bool,
    ) -> None:
        self._ctx = ctx
        self._user = user
        self._target = target
        self._question = question
        self._then = then
        self._refuse = refuse
        self._suits = suits
        self._apart = apart

    def ask(self, place: Place) -> None:
        question = self._question(place)
        limit = question.limit if isinstance(question, Wanted) else question.wanted.limit
        self._look_up(place, question, limit, [], _AGAIN)

    def _look_up(
        self, place: Place, question: Wanted | Around, limit: int, found: Found, again: int
    ) -> None:
        def resume(done: Completed) -> None:
            now = access.readable(self._ctx, self._user, self._target)
            if now is None:
                # They were removed meanwhile, and this may have been said after that.
                self._refuse(None)
            elif now != place:
                self.ask(now)
            elif not done.result or not isinstance(done.answer, Page):
                self._refuse(now)
            else:
                self._take(place, question, limit, found, again, done.answer)

        self._ctx.look_up(self._user, question, resume, apart=self._apart)

    def _take(
        self,
        place: Place,
        question: Wanted | Around,
        limit: int,
        found: Found,
        again: int,
        page: Page,
    ) -> None:
        entries, gone = page.entries, self._ctx.state.redacted
        suiting = [one for one in entries if one.position not in gone and self._suits(one.event)]
        if isinstance(question, Around):
            self._then(suiting)
            return
        found = suiting + found if question.latest else found + suiting
        full = counted(found) >= limit or len(found) >= limit + BESIDE
        if not full and page.more and entries and again:
            if question.latest:
                rest = msgspec.structs.replace(question, before=entries[0].position)
            else:
                rest = msgspec.structs.replace(question, after=entries[-1].position)
            rest = msgspec.structs.replace(rest, limit=max(_MORE, question.limit))
            self._look_up(place, rest, limit, found, again - 1)
            return
        self._then(cut(found, limit, latest=question.latest))


def events_of(ctx: Context, found: Iterable[Shown]) -> Iterator[Event]:
    """Iterate over what was found, as it is to be shown now: without what has been taken back since
    it was found, and with the name that a channel has now, where it had another."""
    gone, channels = ctx.state.redacted, ctx.state.channels
    for one in found:
        # The reader may be slow, and has heard of what happened since.
        if one.position in gone:
            continue
        channel = channels.get(one.conversation)
        yield one.event if channel is None else one.event.moved_to(channel.name)


def send(ctx: Context, user: User, found: Iterable[Event], kind: str, *params: str) -> None:
    """Send events in a batch of this type with these parameters, if the client knows batches:
    however much it is, as fast as the client takes it."""
    ctx.page(user, _send(ctx, user, found, kind, params), look=LINE)


def _send(
    ctx: Context, user: User, found: Iterable[Event], kind: str, params: tuple[str, ...]
) -> Replies:
    reference = ctx.answers.open_batch(user, kind, *params)
    for event in found:
        ctx.answers.send(user, event, reference)
        ctx.replies += _lines(event)
        yield None
    ctx.answers.close_batch(user, reference)


def _lines(event: Event) -> int:
    """Return how many lines something is, roughly, where a line is one of usual length."""
    if not isinstance(event, events.Said):
        return 1
    tags = len(event.client_tags)
    if isinstance(event, events.SaidInLines):
        return len(event.lines) * (1 + min(tags, _REPEATED) // _LONG) + tags // _LONG
    return 1 + (len(event.text) + tags) // _LONG
