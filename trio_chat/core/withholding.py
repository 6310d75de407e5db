"""What could not be stored is not shown: it is taken out of a step's effects before they are sent.

What else the step did (who is where now) stands, and so do answers: they are in force whether or
not the journal could be written. Whoever said what is lost is told, where its answer would have
been, and even if they have left since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import msgspec

from trio_chat.core import answers
from trio_chat.core.entries import Kept, Record, event_of
from trio_chat.core.events import Event, Protocol, Redaction, Said, Source, Standard
from trio_chat.core.feed import Chunk, Feed, Line, Part, View
from trio_chat.core.inputs import UserId
from trio_chat.core.output import Answered, Effects
from trio_chat.core.requests import AwaitStored

_LOST = Said | Redaction
"""What has not happened where it can not be stored."""


def withhold(
    effects: Effects,
    *,
    server: Source,
    now: float,
    line: Callable[..., Protocol],
    new_id: Callable[[], str],
) -> None:
    """Take the messages out of `effects`, and tell their senders (FAIL, IRCv3 standard-replies).

    `now` is in seconds since the epoch. `line` makes a line that only IRC has, `new_id` a reference
    that nothing else has.
    """
    effects.requests = [
        msgspec.structs.replace(one, stored=False) if isinstance(one, AwaitStored) else one
        for one in effects.requests
    ]
    recorded = map(event_of, effects.records)
    lost = {event.id: event for event in recorded if isinstance(event, _LOST)}
    if not lost:
        return
    outputs = dict(effects.outputs)
    _take_out(outputs, lost)
    failures = {id: _failure(event, server, now) for id, event in lost.items()}
    for answered in effects.answered:
        told = [one for one in answered.events if one[0].id not in lost]
        told += [(failures.pop(id), "") for id in answered.ids]
        anew = answers.lines(answered.label, told, line=line, new_id=new_id)
        _answer_anew(outputs.setdefault(answered.user, []), answered, anew)
    for speaker in effects.speakers:
        failure = failures.pop(speaker.id, None)
        if failure is None:
            continue
        chunk = Line(speaker.place, failure, speaker.encoding, viewer=speaker.nickname)
        _insert(outputs.setdefault(speaker.user, []), chunk)
    effects.outputs = list(outputs.items())


def is_in_force(record: Record) -> bool:
    """Whether something that could not be stored has happened all the same, and is shown: it is to
    be stored later. (What changes with it, the core sees to.)"""
    event = event_of(record)
    return event is not None and not isinstance(event, _LOST)


def concerned(effects: Effects) -> set[UserId]:
    """Return who is shown what the step has to be stored, or has said it, or waits for what becomes
    of it. All others can be shown what is theirs before it is stored."""
    users = {answered.user for answered in effects.answered}
    users.update(one.user for one in effects.requests if isinstance(one, AwaitStored))
    recorded: set[str] = set()
    for record in effects.records:
        if isinstance(record, Kept):
            # A ban or a topic is in force whether or not it is stored. Who has asked for it waits
            # (`Keeping.askers`).
            continue
        event = event_of(record)
        if event is None:
            # Whom a change concerns is not said anywhere.
            users.update(user for user, _ in effects.outputs)
        else:
            recorded.add(event.id)
            users.add(event.source.user)
    feeds: dict[Feed, bool] = {}
    for user, chunks in effects.outputs:
        if any(_shows(chunk, recorded, feeds) for chunk in chunks):
            users.add(user)
    return users


def _shows(chunk: Chunk, recorded: Collection[str], feeds: dict[Feed, bool]) -> bool:
    """Whether some of these events are in a chunk, or in the feed that it is of."""
    if isinstance(chunk, View | Part):
        feed = chunk.span()[0].feed
        found = feeds.get(feed)
        if found is None:
            found = feeds[feed] = any(
                event is not None and event.id in recorded for event in feed.events
            )
        return found
    return isinstance(chunk, Line) and chunk.event.id in recorded


def _failure(event: Said | Redaction, server: Source, now: float) -> Standard:
    return Standard(
        time=now,
        source=server,
        kind="FAIL",
        command=event.kind if isinstance(event, Said) else "REDACT",
        code="COULD_NOT_BE_STORED",
        context=(event.target,),
        text="Could not be stored",
    )


def _take_out(outputs: Mapping[UserId, list[Chunk]], lost: Collection[str]) -> None:
    """Take messages out of what everybody is shown."""
    feeds: dict[Feed, None] = {}
    for chunks in outputs.values():
        for chunk in chunks:
            if isinstance(chunk, View | Part):
                feeds[chunk.span()[0].feed] = None
        chunks[:] = [
            chunk for chunk in chunks if not (isinstance(chunk, Line) and chunk.event.id in lost)
        ]
    for feed in feeds:
        feed.forget(lost)


def _answer_anew(chunks: list[Chunk], answered: Answered, lines: list[tuple[Event, str]]) -> None:
    """Put other lines where the answer was."""
    chunks[:] = [
        chunk
        for chunk in chunks
        if not (isinstance(chunk, Line) and answered.first <= chunk.place <= answered.last)
    ]
    for event, tags in lines:
        line = Line(answered.first, event, answered.encoding, viewer=answered.nickname, tags=tags)
        _insert(chunks, line)


def _insert(chunks: list[Chunk], line: Line) -> None:
    """Put a line behind all that is at its place, or before: a user's own lines are in order."""
    at = len(chunks)
    for index, chunk in enumerate(chunks):
        if not isinstance(chunk, View | Part) and chunk.place > line.place:
            at = index
            break
    chunks.insert(at, line)
