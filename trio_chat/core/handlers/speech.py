"""A message on its way: what somebody wants to say, and what becomes of it.

For whatever says something to a channel, or to somebody.
"""

from __future__ import annotations

import re

import msgspec

from trio_chat.core import events
from trio_chat.core.context import Context
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.entries import Entry
from trio_chat.core.numerics import Numeric
from trio_chat.core.state import User
from trio_chat.wire.text import cut

_TYPING = re.compile(r"\+typing=[^;]*")
"""Tags that say nothing to who reads them later (typing)."""


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message that is to be sent: its text, or its lines (draft/multiline)."""

    kind: str
    text: str = ""
    lines: tuple[tuple[str, bool], ...] = ()
    """Each with whether it goes on with the one before it."""
    client_tags: str = ""


def text_limit(user: User, kind: str, target: str) -> int:
    """Return the bytes of text that reach everybody in a line of this user to this target."""
    return BODY_LIMIT - len(f":{user.prefix} {kind} {target} :".encode())


def refuse(ctx: Context, user: User, draft: Draft, numeric: Numeric, *params: str) -> None:
    """Say why a message goes nowhere, but of a NOTICE (Modern IRC, "NOTICE message")."""
    if draft.kind != "NOTICE":
        ctx.reply(user, numeric, *params)


def said(
    ctx: Context,
    user: User,
    target: str,
    draft: Draft,
    conversations: tuple[str, ...] = (),
    standing: int = 0,
) -> events.Said:
    """Make the event of a message, and have it stored.

    It belongs to these conversations, or to the channel's that is its target; it is for who has
    this standing there.
    """
    event = worded(ctx, user, target, draft)
    if draft.kind != "TAGMSG" or not _TYPING.fullmatch(draft.client_tags):
        record = Entry(event, conversations, standing) if conversations else event
        ctx.output.store(user, event.id, record)
    return event


def worded(ctx: Context, user: User, target: str, draft: Draft) -> events.Said:
    """Make the event of a message: what does not fit into a line for everybody is cut."""
    user.last_said = ctx.monotonic
    text, kind = draft.text, draft.kind
    event: events.Said
    if draft.lines:
        limit = text_limit(user, kind, target)
        event = events.SaidInLines(
            time=ctx.now,
            source=user.source,
            id=ctx.new_id(),
            kind=kind,
            target=target,
            text=text,
            client_tags=draft.client_tags,
            lines=tuple((cut(line, limit), concat) for line, concat in draft.lines),
        )
    else:
        # 4 bytes for each character, and 20 for what stands between the parts: then it fits anyway.
        if 4 * (len(text) + len(user.source.prefix) + len(target)) + 20 > BODY_LIMIT:
            text = cut(text, text_limit(user, kind, target))
        event = events.Said(
            time=ctx.now,
            source=user.source,
            id=ctx.new_id(),
            kind=kind,
            target=target,
            text=text,
            client_tags=draft.client_tags,
        )
    if kind != "TAGMSG":
        ctx.output.said += 1
    return event
