"""Messages of several lines: BATCH from clients (draft/multiline, client-batch).

The lines are collected until the batch is closed; then they are one message, with one id. What is
wrong is answered with FAIL at once, and the rest of the batch is swallowed.
"""

from __future__ import annotations

import re

from trio_chat.core.capabilities import MULTILINE
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers import messaging, speech
from trio_chat.core.handlers.common import word
from trio_chat.core.names import fold
from trio_chat.core.state import OpenBatch, User
from trio_chat.wire.errors import Problem, ProtocolError
from trio_chat.wire.irc import Message

BATCH_TIMEOUT = 60.0
"""Seconds without a line after which an open batch is given up."""

_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
"""batch, "Reference tag"."""
_OPEN_ALREADY = "A batch was open: it is not sent"
_ALLOWED = frozenset(("BATCH", "PING", "PONG", "QUIT"))
"""What may be sent while a batch is open, besides its lines."""


@command(
    "BATCH",
    params=1,
    usage="BATCH +<reference> draft/multiline <target>, then its lines, then BATCH -<reference>",
    help="send a message of several lines (draft/multiline)",
)
def batch(ctx: Context, user: User, message: Message) -> None:
    sign, reference = message.params[0][:1], message.params[0][1:]
    found = user.batch
    if sign == "-" and found is not None and found.reference == reference:
        _close(ctx, user, found)
        return
    can_open = sign == "+" and _REFERENCE.fullmatch(reference) and "batch" not in message.tags
    if found is not None and found.lines is not None:
        if can_open or found.label:
            _give_up(ctx, user, found, "MULTILINE_INVALID", text=_OPEN_ALREADY)
        # Else what is wrong now says enough.
        found.lines = None
    if can_open:
        _open(ctx, user, reference, message)
    elif sign == "-":
        _fail(ctx, user, "MULTILINE_INVALID", text="No such batch is open")
    elif sign != "+" or not _REFERENCE.fullmatch(reference):
        text = "That can not be a reference"
        _fail(ctx, user, "INVALID_REFTAG", word(user, reference), text=text)
        user.batch = _refused(ctx, reference) if sign == "+" else None
    else:
        _fail(ctx, user, "MULTILINE_INVALID", text="A batch can not stand in another")
        user.batch = _refused(ctx, reference)


def _open(ctx: Context, user: User, reference: str, message: Message) -> None:
    kind = message.params[1] if len(message.params) > 1 else ""
    target = message.params[2] if len(message.params) > 2 else ""
    tags = messaging.client_tags(ctx, user, message)
    # Whatever is wrong: the lines that follow are still part of it.
    user.batch = _refused(ctx, reference)
    if kind != "draft/multiline" or not user.caps & MULTILINE:
        text = "Clients can not send batches of this type"
        _fail(ctx, user, "UNKNOWN_TYPE", reference, word(user, kind), text=text)
    elif not target:
        _fail(ctx, user, "MULTILINE_INVALID", text="A batch needs a target")
    elif tags is None:
        _fail(ctx, user, "MULTILINE_INVALID", text="Its tags are too long")
    else:
        label = ctx.answers.withhold(user)
        user.batch = OpenBatch(
            reference, target, client_tags=tags, label=label, monotonic=ctx.monotonic
        )


def _refused(ctx: Context, reference: str) -> OpenBatch:
    """Return a batch whose lines are only swallowed."""
    found = OpenBatch(reference, "", client_tags="", label="", monotonic=ctx.monotonic)
    found.lines = None
    return found


def takes(ctx: Context, user: User, message: Message) -> bool:
    """Take a line that a user sends while a batch is open; return whether that was all of it."""
    found = user.batch
    if found is None or message.command in _ALLOWED:
        return False
    belongs = message.tags.get("batch") == found.reference
    if found.lines is not None and ctx.monotonic - found.seen > BATCH_TIMEOUT:
        text = "The batch was left open for too long"
        _give_up(ctx, user, found, "TIMEOUT", found.reference, text=text)
    found.seen = ctx.monotonic
    if found.lines is None:
        return belongs
    if belongs:
        _add(ctx, user, found, found.lines, message)
        return True
    _give_up(ctx, user, found, "MULTILINE_INVALID", text=_OPEN_ALREADY)
    return False


def miss(ctx: Context, user: User, error: ProtocolError) -> None:
    """Note that a line can not be read: if a batch is open it may be one of its lines, and nobody
    is sent a message that lacks one."""
    found = user.batch
    if found is None or found.lines is None or error.problem is Problem.NO_COMMAND:
        return
    if error.tags.get("batch") == found.reference or error.command not in _ALLOWED:
        text = "A line can not be read: it is not sent"
        _give_up(ctx, user, found, "MULTILINE_INVALID", text=text)


def _add(
    ctx: Context, user: User, found: OpenBatch, lines: list[tuple[str, bool]], message: Message
) -> None:
    limits = ctx.settings.limits
    if message.command not in ("PRIVMSG", "NOTICE") or len(message.params) < 2:
        _give_up(ctx, user, found, "MULTILINE_INVALID", text="Only messages can be in a batch")
        return
    target, text = message.params[:2]
    concat = "draft/multiline-concat" in message.tags
    size = len(text.encode()) + (1 if lines and not concat else 0)
    if found.kind not in ("", message.command):
        problem = "A batch is of PRIVMSG or of NOTICE, not of both"
        _give_up(ctx, user, found, "MULTILINE_INVALID", text=problem)
    elif fold(target) != fold(found.target):
        _give_up(
            ctx,
            user,
            found,
            "MULTILINE_INVALID_TARGET",
            word(user, found.target),
            word(user, target),
            text="All lines of a batch go to its target",
        )
    elif concat and not text:
        _give_up(ctx, user, found, "MULTILINE_INVALID", text="An empty line goes on with nothing")
    elif len(lines) >= limits.multiline_lines:
        limit = limits.multiline_lines
        _give_up(
            ctx,
            user,
            found,
            "MULTILINE_MAX_LINES",
            str(limit),
            text=f"A message has at most {limit} lines",
        )
    elif found.size + size > limits.multiline_bytes:
        limit = limits.multiline_bytes
        _give_up(
            ctx,
            user,
            found,
            "MULTILINE_MAX_BYTES",
            str(limit),
            text=f"A message has at most {limit} bytes",
        )
    else:
        found.kind = message.command
        found.size += size
        lines.append((text, concat))


def _close(ctx: Context, user: User, found: OpenBatch) -> None:
    """Send a message whose lines are all there, under the label of its beginning."""
    user.batch = None
    if found.lines is None:
        return
    with ctx.answers.under(user, found.label):
        if not any(text for text, _ in found.lines):
            _fail(ctx, user, "MULTILINE_INVALID", text="A message can not be empty")
            return
        text = ""
        for place, (line, concat) in enumerate(found.lines):
            text += line if concat or not place else f"\n{line}"
        draft = speech.Draft(
            kind=found.kind, text=text, lines=tuple(found.lines), client_tags=found.client_tags
        )
        messaging.say(ctx, user, found.target, draft)


def _give_up(
    ctx: Context, user: User, found: OpenBatch, code: str, *context: str, text: str
) -> None:
    """Refuse a batch, under the label of its beginning; what still comes of it is swallowed."""
    found.lines = None
    with ctx.answers.under(user, found.label):
        _fail(ctx, user, code, *context, text=text)


def _fail(ctx: Context, user: User, code: str, *context: str, text: str) -> None:
    ctx.fail(user, "BATCH", code, *context, text=text)
