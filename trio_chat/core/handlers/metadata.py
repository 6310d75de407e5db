"""METADATA (draft/metadata-2, draft/metadata-3).

Everybody sees what users say of themselves; of a channel members do, and operators of the server.
Users set what is said of themselves, operators of a channel what is said of that, and operators of
the server everything.

The two versions differ in how a refusal is called, in what is no error any more, and in how one is
told (`syncing.py`); where a client has both, version 3 counts. Who has neither is answered as
version 2 has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from trio_chat.core import events, metadata, modes, numerics
from trio_chat.core.capabilities import METADATA
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.events import Event
from trio_chat.core.handlers import holding, syncing
from trio_chat.core.handlers.common import visible, word
from trio_chat.core.handlers.holding import Outcome
from trio_chat.core.numerics import Numeric
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import pack

AGAIN = 1
"""Seconds after which what could not be done now may be tried again."""
_LOOK = 1
"""What it costs to look at a member, besides what they have (`Output.cost`)."""
_KEYS = 12
"""Keys in one line: more parameters some clients do not read (draft/metadata-3)."""
_DENIED = "You do not have permission to do that"


@command(
    "METADATA",
    personal=True,
    early_with=METADATA,
    usage="METADATA <target> GET <key>... | LIST | SET <key> [<value>] | CLEAR | SYNC, "
    "METADATA * SUB <key>... | UNSUB <key>... | SUBS",
    help="see or set what users say of themselves, and operators of their channels, and be told "
    "of changes; * is yourself (draft/metadata-2, draft/metadata-3)",
)
def metadata_(ctx: Context, user: User, message: Message) -> None:
    new = syncing.is_new(user)
    params = message.params
    wanted = params[1] if len(params) > 1 else ""
    found = _SUBCOMMANDS.get(wanted.upper())
    asking = _Asking(ctx, user, message)
    count = len(params) - 2
    if wanted and found is None:
        asking.fail_params(wanted, "There is no such subcommand")
    elif found is None or count < found[1]:
        if new:
            asking.fail_params(wanted, "Not enough parameters")
        else:
            ctx.reply(user, numerics.ERR_NEEDMOREPARAMS, "METADATA")
    elif new and count > found[2]:
        asking.fail_params(wanted, "Too many parameters")
    else:
        found[0](asking)


class _Asking:
    """One METADATA command."""

    def __init__(self, ctx: Context, user: User, message: Message) -> None:
        self._ctx = ctx
        self._user = user
        self._target = message.params[0] if message.params else ""
        self._params = message.params[2:]
        self._new = syncing.is_new(user)

    # --- Subcommands

    def get(self) -> None:
        """METADATA GET: each key in its place."""
        target = self._find()
        if target is not None:
            self._send_batch(target, self._keys_of(target))

    def _keys_of(self, target: User | Channel) -> Iterator[Event]:
        ctx, user, name = self._ctx, self._user, syncing.name_of(target)
        kind = "WARN" if self._new else "FAIL"
        may, values = self._may_see(target), ctx.metadata.of(target)
        for key in self._params:
            if not metadata.is_key(key):
                yield self._bad_key(kind, key)
            elif not may:
                yield self._no_permission(kind, name, key)
            else:
                yield syncing.reply(ctx, user, name, key, values.get(key))

    def list(self) -> None:
        """METADATA LIST"""
        target = self._find()
        if target is not None:
            self._send_batch(target, self._all_of(target))

    def _all_of(self, target: User | Channel) -> Iterator[Event]:
        ctx, user, name = self._ctx, self._user, syncing.name_of(target)
        if not self._may_see(target):
            yield self._no_permission("WARN" if self._new else "FAIL", name, "*")
            return
        for key, value in sorted(ctx.metadata.of(target).items()):
            yield syncing.reply(ctx, user, name, key, value)

    def set(self) -> None:
        """METADATA SET: with no value, and in version 3 with an empty one, the key is removed."""
        target = self._find()
        if target is None:
            return
        ctx, user = self._ctx, self._user
        key = self._params[0]
        value: str | None = self._params[1] if len(self._params) > 1 else None
        if self._new:
            value = value or None
        name = syncing.name_of(target)
        if not metadata.is_key(key):
            self._send(self._bad_key("FAIL", key))
        elif not self._may_set(target):
            self._send(self._no_permission("FAIL", name, key))
        elif value is not None and not metadata.is_value(value, ctx.settings.metadata_value_limit):
            code, context = ("INVALID_VALUE", (key,)) if self._new else ("VALUE_INVALID", ())
            limit = ctx.settings.metadata_value_limit
            text = f"A value has at most {limit} bytes, and no control characters"
            self._send(self._standard("FAIL", code, *context, text=text))
        elif holding.is_free(ctx, user, target, self.set):
            self._set(target, name, key, value)

    def _set(self, target: User | Channel, name: str, key: str, value: str | None) -> None:
        ctx, user = self._ctx, self._user
        values = ctx.metadata.of(target)
        if value is None and key not in values:
            if self._new:
                self._send(syncing.reply(ctx, user, name, key, None))
            else:
                text = "That key is not set"
                self._send(self._standard("FAIL", "KEY_NOT_SET", name, key, text=text))
            return
        limit = ctx.settings.limits.metadata_keys
        if value is not None and key not in values and len(values) >= limit:
            context = (name, str(limit)) if self._new else (name,)
            text = f"There can be {limit} keys, and no more"
            self._send(self._standard("FAIL", "LIMIT_REACHED", *context, text=text))
            return

        def then(outcome: Outcome) -> None:
            if outcome is Outcome.DONE:
                self._send(syncing.reply(ctx, user, name, key, value))
            else:
                self._send(self._not_now(outcome, name, key))

        holding.change(ctx, user, target, {key: value}, then)

    def clear(self) -> None:
        """METADATA CLEAR"""
        target = self._find()
        if target is None:
            return
        ctx, user, name = self._ctx, self._user, syncing.name_of(target)
        if not self._may_set(target):
            self._send(self._no_permission("FAIL", name, "*"))
            return
        if not holding.is_free(ctx, user, target, self.clear):
            return
        keys = sorted(ctx.metadata.of(target))
        # Version 2 has it that the answer says what is set; and what is not is empty by now.
        value = None if self._new else ""

        def then(outcome: Outcome) -> None:
            if outcome is Outcome.DONE:
                found = (syncing.reply(ctx, user, name, key, value) for key in keys)
                self._send_batch(target, found)
            else:
                self._send(self._not_now(outcome, name, "*"))

        holding.change(ctx, user, target, dict.fromkeys(keys), then)

    def sub(self) -> None:
        """METADATA SUB: in order, as far as there is room."""
        if not self._is_own():
            return
        ctx, user = self._ctx, self._user
        subscriptions, limit = ctx.state.subscriptions, ctx.settings.limits.metadata_subs
        taken: dict[str, None] = {}
        new: list[str] = []
        refused: list[Event] = []
        for key in self._params:
            if not metadata.is_key(key):
                refused.append(self._bad_key("WARN" if self._new else "FAIL", key))
                continue
            if not subscriptions.has(user, key):
                if len(subscriptions.listed(user)) >= limit:
                    refused.append(self._too_many(key, limit))
                    break
                subscriptions.add(user, key)
                new.append(key)
            taken[key] = None
        self._send_keys(numerics.RPL_METADATASUBOK, [*taken])
        for event in refused:
            self._send(event)
        if new and user.registration is None and syncing.wants(user):
            ctx.page(user, syncing.of_new(ctx, user, new), look=_LOOK)

    def unsub(self) -> None:
        """METADATA UNSUB"""
        if not self._is_own():
            return
        taken: dict[str, None] = {}
        for key in self._params:
            if metadata.is_key(key):
                self._ctx.state.subscriptions.remove(self._user, key)
                taken[key] = None
        self._send_keys(numerics.RPL_METADATAUNSUBOK, [*taken])
        for key in self._params:
            if not metadata.is_key(key):
                self._send(self._bad_key("WARN" if self._new else "FAIL", key))

    def subs(self) -> None:
        """METADATA SUBS"""
        if self._is_own():
            keys = self._ctx.state.subscriptions.listed(self._user)
            with self._ctx.answers.batch(self._user, "metadata-subs"):
                self._send_keys(numerics.RPL_METADATASUBS, keys)

    def sync(self) -> None:
        """METADATA SYNC: however much it is, as fast as the client takes it."""
        ctx, user = self._ctx, self._user
        keys = ctx.state.subscriptions.listed(user)
        if self._new and self._target == syncing.ALL and user.registration is None:
            found = syncing.of_all(ctx, user, keys)
            ctx.page(user, syncing.in_batch(ctx, user, syncing.ALL, found), look=_LOOK)
            return
        target = self._find()
        if target is None:
            return
        name = syncing.name_of(target)
        if not isinstance(target, Channel):
            self._send_batch(target, syncing.of_target(ctx, user, target, keys))
        elif user in target.members:
            found = syncing.of_channel(ctx, user, target, keys)
            ctx.page(user, syncing.in_batch(ctx, user, name, found), look=_LOOK)
        elif self._may_see(target):
            # An operator of the server, who is told of the channel and not of who is in it.
            self._send_batch(target, syncing.of_target(ctx, user, target, keys))
        else:
            kind = "WARN" if self._new else "FAIL"
            self._send_batch(target, [self._no_permission(kind, name, "*")])

    # --- What is asked first

    def _find(self) -> User | Channel | None:
        """Return what the command is about, or say that there is no such thing."""
        ctx, user, text = self._ctx, self._user, self._target
        found: User | Channel | None = None
        if text == "*":
            found = user
        elif user.registration is None:
            found = ctx.state.user_named(text) or ctx.state.channel_named(text)
            if isinstance(found, Channel) and not visible(user, found):
                found = None
        if found is None:
            self._send(self._bad_target())
        return found

    def _is_own(self) -> bool:
        """Whether the command is about the user; or say that it can be about nobody else."""
        if self._target == "*" or self._ctx.state.user_named(self._target) is self._user:
            return True
        self._send(self._bad_target())
        return False

    def _may_see(self, target: User | Channel) -> bool:
        user = self._user
        return (
            not isinstance(target, Channel)
            or user in target.members
            or bool(user.modes & modes.OPERATOR)
        )

    def _may_set(self, target: User | Channel) -> bool:
        user = self._user
        if user is target or user.modes & modes.OPERATOR:
            return True
        return isinstance(target, Channel) and modes.rank(target.members.get(user, 0)) >= modes.OP

    # --- What is answered

    def fail_params(self, subcommand: str, text: str) -> None:
        """Say that the command can not be read."""
        # "*" for what can not be repeated in the middle of a line.
        repeated = " " not in subcommand and subcommand[:1] not in ("", ":")
        shown = word(self._user, subcommand) if repeated else "*"
        code = "INVALID_PARAMS" if self._new else "SUBCOMMAND_INVALID"
        self._send(self._standard("FAIL", code, shown, text=text))

    def _bad_target(self) -> Event:
        shown = word(self._user, self._target)
        text = "There is no such user or channel"
        return self._standard("FAIL", "INVALID_TARGET", shown, text=text)

    def _bad_key(self, kind: str, key: str) -> Event:
        code = "INVALID_KEY" if self._new else "KEY_INVALID"
        text = "A key has a-z, 0-9 and _ . / - only"
        return self._standard(kind, code, word(self._user, key), text=text)

    def _no_permission(self, kind: str, name: str, key: str) -> Event:
        return self._standard(kind, "KEY_NO_PERMISSION", name, key, text=_DENIED)

    def _too_many(self, key: str, limit: int) -> Event:
        text = f"There can be {limit} subscriptions, and no more"
        if self._new:
            return self._standard("FAIL", "LIMIT_REACHED", key, str(limit), text=text)
        return self._standard("FAIL", "TOO_MANY_SUBS", key, text=text)

    def _not_now(self, outcome: Outcome, name: str, key: str) -> Event:
        if outcome is Outcome.BUSY:
            text = "The account is being changed: try again"
            return self._standard("FAIL", "RATE_LIMITED", name, key, str(AGAIN), text=text)
        text = "Could not be stored"
        return self._standard("FAIL", "COULD_NOT_BE_STORED", name, key, text=text)

    def _standard(self, kind: str, code: str, *context: str, text: str) -> Event:
        ctx = self._ctx
        return events.Standard(
            time=ctx.now,
            source=ctx.server,
            kind=kind,
            command="METADATA",
            code=code,
            context=context,
            text=text,
        )

    def _send(self, event: Event) -> None:
        self._ctx.send(self._user, event)

    def _send_batch(self, target: User | Channel, found: Iterable[Event | None]) -> None:
        ctx, user = self._ctx, self._user
        ctx.page(user, syncing.in_batch(ctx, user, syncing.name_of(target), found))

    def _send_keys(self, numeric: Numeric, keys: Sequence[str]) -> None:
        ctx, user = self._ctx, self._user
        for text in pack(keys, ctx.room(user, numeric.code)):
            words = text.split(" ")
            for first in range(0, len(words), _KEYS):
                ctx.reply(user, numeric, *words[first : first + _KEYS])


_Subcommand: TypeAlias = tuple[Callable[[_Asking], None], int, int]
_ANY = 512

_SUBCOMMANDS: Mapping[str, _Subcommand] = {
    "GET": (_Asking.get, 1, _ANY),
    "LIST": (_Asking.list, 0, 0),
    "SET": (_Asking.set, 1, 2),
    "CLEAR": (_Asking.clear, 0, 0),
    "SUB": (_Asking.sub, 1, _ANY),
    "UNSUB": (_Asking.unsub, 1, _ANY),
    "SUBS": (_Asking.subs, 0, 0),
    "SYNC": (_Asking.sync, 0, 0),
}
"""What each is carried out by, and the fewest and the most parameters that it takes."""
