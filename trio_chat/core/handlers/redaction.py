"""REDACT: taking back what was said (draft/message-redaction).

Who said it can do so for a time, wherever they are by then, and whoever is an operator of the
channel at any time, with what was said since that was made. Who said it is known by the account,
and else by the nickname: nobody else had it at that place in the log.
"""

from __future__ import annotations

import msgspec

from trio_chat.core import events, ids, modes, names, numerics
from trio_chat.core.capabilities import MESSAGE_REDACTION
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.entries import Entry, Redacted, name_of, of_channel, of_nickname, parties
from trio_chat.core.events import Said
from trio_chat.core.handlers import access
from trio_chat.core.handlers.common import remember, word
from trio_chat.core.ids import Position
from trio_chat.core.inputs import Completed
from trio_chat.core.questions import EVERYBODYS, MESSAGES, TAGS, Page, Place, Wanted
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

_FORMER = 8
"""Nicknames of somebody's that are remembered: what they said under others, they can not take
back."""
_AT_HAND = 16_384
"""Messages of which it is remembered that they were taken back."""
_NOBODY = -1
"""The standing of who is not in a channel: they have to do with what they have said there."""
_UNKNOWN = "This message does not exist or is too old"


@command(
    "REDACT",
    params=2,
    usage="REDACT <channel or nickname> <message id> [<reason>]",
    help="take back what you said; operators of a channel can take back what others said "
    "(draft/message-redaction)",
)
def redact(ctx: Context, user: User, message: Message) -> None:
    if not user.caps & MESSAGE_REDACTION:
        ctx.reply(user, numerics.ERR_UNKNOWNCOMMAND, "REDACT")
        return
    _Redacting(ctx, user, message).begin()


def note_name(user: User, position: Position) -> None:
    """Note up to where in the log somebody has had the nickname that they give up now."""
    former = user.take_notes().former
    former.append((user.named_at, position, user.nickname))
    del former[:-_FORMER]
    user.named_at = position


class _Redacting:
    """One REDACT."""

    def __init__(self, ctx: Context, user: User, message: Message) -> None:
        self._ctx = ctx
        self._user = user
        self._target, self._id = message.params[:2]
        reason = message.params[2] if len(message.params) > 2 else ""
        self._reason = cut(reason, ctx.settings.limits.kick)
        self._channel = ctx.state.channel_named(self._target)

    def begin(self) -> None:
        """Look the message up, or say that it can not be."""
        place = self._place()
        position = ids.decode(self._id)
        if place is None:
            self._refuse_target()
        elif position is None:
            self._fail("UNKNOWN_MSGID", text=_UNKNOWN)
        else:
            found = position
            question = Wanted(
                # Whether it may be known of is looked at here.
                place=msgspec.structs.replace(place, standing=EVERYBODYS, standing_since=ids.START),
                after=Position(found.number, found.place - 1),
                before=Position(found.number, found.place + 1),
                limit=1,
                kinds=MESSAGES | TAGS,
            )
            self._ctx.look_up(self._user, question, lambda done: self._found(done, found, place))

    def _place(self) -> Place | None:
        """Return where the message may be; None: nowhere that this user has to do with."""
        found = access.readable(self._ctx, self._user, self._target)
        limit = self._ctx.settings.limits.channel
        if found is None and names.is_channel_name(self._target, limit):
            # They may have said it there, and have left since.
            return Place(of_channel(self._target), standing=_NOBODY)
        return found

    def _found(self, done: Completed, position: Position, asked: Place) -> None:
        """Take the message back, if it is there, and this user may."""
        ctx, user = self._ctx, self._user
        place = self._place()
        is_same = self._channel is ctx.state.channel_named(self._target)
        if place is None or not is_same or place.conversation != asked.conversation:
            # They were removed meanwhile, or somebody else is called that now.
            self._refuse_target()
            return
        if not done.result or not isinstance(done.answer, Page):
            self._fail("INTERNAL_ERROR", text="The message could not be looked up")
            return
        entries = done.answer.entries
        event = entries[0].event if entries and position not in ctx.state.redacted else None
        conversation = entries[0].conversation if entries else ""
        if not isinstance(event, Said) and place.standing == _NOBODY:
            self._refuse_target()
            return
        if not isinstance(event, Said):
            self._fail("UNKNOWN_MSGID", text=_UNKNOWN)
            return
        needed = _needed(event.target)
        own = _has_said(ctx, user, event, position)
        within = ctx.settings.redact_within
        if place.standing == _NOBODY and not own:
            self._refuse_target()
        elif not own and needed and not place.shows(position, needed):
            self._fail("UNKNOWN_MSGID", text=_UNKNOWN)
        elif place.standing >= modes.HALFOP and position >= place.standing_since:
            self._take_back(position, conversation, needed)
        elif not own or not within:
            text = "You are not authorised to delete this message"
            self._fail("REDACT_FORBIDDEN", text=text)
        elif ctx.now - event.time > within:
            text = "You can no longer delete this message"
            self._fail("REDACT_WINDOW_EXPIRED", f"{within:g}", text=text)
        else:
            self._take_back(position, conversation, needed)

    def _take_back(self, position: Position, conversation: str, needed: int) -> None:
        ctx, user = self._ctx, self._user
        channel = self._channel
        if channel is not None:
            others, target = _readers(ctx, channel, needed), channel.name
        elif parties(conversation):
            others, target = self._partners(conversation, position)
        else:
            others, target = [], self._target
        event = events.Redaction(
            time=ctx.now,
            source=user.source,
            id=ctx.new_id(),
            target=target,
            msgid=self._id,
            reason=self._reason,
        )
        remember(ctx.state.redacted, position, None, _AT_HAND)
        ctx.output.records.append(Redacted(conversation, position))
        ctx.output.store(user, event.id, Entry(event, (conversation,), needed))
        ctx.output.broadcast([one for one in others if one is not user], event)
        ctx.send(user, event)

    def _partners(self, conversation: str, position: Position) -> tuple[list[User], str]:
        """Return whose clients know of a message between two, and whom it is said to be to."""
        ctx = self._ctx
        mine = (*access.own_parties(ctx, self._user), of_nickname(self._user.nickname))
        them = ctx.state.user_named(self._target)
        name = word(self._user, self._target)
        found = {self._user: None}
        for party in parties(conversation):
            if party[0] == "~":
                # Others may have that nickname by now, and they another one.
                near = (them, ctx.state.user_named(name_of(party)))
                clients = [one for one in near if one and _had(one, name_of(party), position)]
            else:
                clients = ctx.whose(party)
            if party not in mine and them is None and clients:
                # They have another nickname now.
                name = clients[0].nickname
            found |= dict.fromkeys(clients)
        target = name if them is None else them.nickname
        return [one for one in found if one.caps & MESSAGE_REDACTION], target

    def _refuse_target(self) -> None:
        shown = word(self._user, self._target)
        text = f"You cannot delete messages from {shown}"
        self._ctx.fail(self._user, "REDACT", "INVALID_TARGET", shown, text=text)

    def _fail(self, code: str, *context: str, text: str) -> None:
        user = self._user
        shown = word(user, self._target), word(user, self._id)
        self._ctx.fail(user, "REDACT", code, *shown, *context, text=text)


def _needed(target: str) -> int:
    """Return the standing of those to whom a message was: 0, if it was to all (STATUSMSG)."""
    is_to_some = target[:1] in modes.SYMBOLS and "#" in target
    return modes.lowest(target).bit if is_to_some else 0


def _readers(ctx: Context, channel: Channel, needed: int) -> list[User]:
    """Return the members who know of a message, and of what REDACT is."""
    ctx.output.cost += len(channel.members) >> 3
    return [
        one
        for one, standing in channel.members.items()
        if one.caps & MESSAGE_REDACTION and modes.rank(standing) >= needed
    ]


def _has_said(ctx: Context, user: User, event: Said, position: Position) -> bool:
    """Whether it was this user who said something that stands there in the log."""
    if _had(user, names.fold(event.who), position):
        return True
    account = ctx.accounts.get(user.account) if user.account else None
    if account is None or names.fold(event.source.account) != account.key:
        return False
    # There may have been another account of that name.
    return ids.milliseconds(event.time) >= ids.milliseconds(account.registered_at)


def _had(user: User, who: str, position: Position) -> bool:
    """Whether somebody had a nickname, which is folded, at that place in the log."""
    if position > user.named_at:
        return who == names.fold(user.nickname)
    former = user.notes.former if user.notes is not None else ()
    return any(
        since < position < until and names.fold(nickname) == who
        for since, until, nickname in former
    )
