"""Who may read what of the history. The one place that says so, for whatever reads it.

- A channel's is read by its members, each as far as their standing lets them: what was for
  operators is for operators. Nobody else reads it, whatever the channel's modes are, be they
  invited or server operators. Who has left is not a member, and a member who is banned still is.
  When all have left, whoever makes the channel anew is its operator, but not of what was said
  before: what was for operators is not for them, and they can not take it back.
- A registered room's is read from outside, too, by those whose account makes them half-operators or
  more there: they can come in at any time, and nobody need be in it.
- What two have written to each other is read by those two. They are known by their accounts, and
  without one by their connection: whoever has their nickname later is somebody else.
"""

from __future__ import annotations

from trio_chat.core import modes, names
from trio_chat.core.context import Context
from trio_chat.core.entries import between, of_channel
from trio_chat.core.events import Said
from trio_chat.core.handlers.common import remember
from trio_chat.core.questions import Place, Target
from trio_chat.core.state import User

PARTNERS = 100
"""People whom a user has written with, and who are found again by nickname when they are gone."""


def readable(ctx: Context, user: User, target: str) -> Place | None:
    """Return what a user may read of the history of a channel, or with somebody, who is called
    `target`; None: nothing."""
    if target[:1] in names.CHANNEL_TYPES:
        channel = ctx.state.channel_named(target)
        if channel is not None and user in channel.members:
            return Place(
                of_channel(channel.name),
                standing=modes.rank(channel.members[user]),
                standing_since=channel.made_at,
            )
        room = ctx.registered.get(target)
        standing = room.standing_of(user.account) if room is not None else 0
        if room is None or standing < modes.HALFOP or room.suspended is not None:
            return None
        return Place(
            of_channel(room.name),
            standing=modes.rank(standing),
            standing_since=channel.made_at if channel else ctx.keeping.made_at(room.name),
        )
    party = _party_called(ctx, user, target)
    return None if party is None else Place(between(ctx.party(user), party))


def note_partner(user: User, partner: User, party: str) -> None:
    """Note that a user has to do with a partner, whose `party` this is (`Context.party`), so that
    they find what was written again when the other has gone."""
    partners = user.take_notes().partners
    if partners.get(party) != partner.nickname:
        remember(partners, party, partner.nickname, PARTNERS)


def _party_called(ctx: Context, user: User, nickname: str) -> str | None:
    """Return who is meant by a nickname: whoever has it, else whom the user wrote with when they
    had it, else the account of that name."""
    found = ctx.state.user_named(nickname)
    if found is not None:
        return ctx.party(found)
    wanted = names.key(nickname)
    partners = user.notes.partners if user.notes is not None else {}
    for party in reversed(partners):
        if names.key(partners[party]) == wanted:
            return party
    valid = names.nickname(nickname, ctx.settings.limits.nickname)
    return names.fold(valid) if user.account and valid is not None else None


def name_of(ctx: Context, user: User, target: Target) -> str:
    """Return what a user calls a conversation of theirs: a channel by its name, and whoever they
    wrote with by the nickname that they have, or had last."""
    event, party = target.latest.event, target.with_
    if not party:
        if target.conversation[:1] == "@":
            return user.nickname
        channel = ctx.state.channel_named(target.conversation)
        return channel.name if channel is not None else event.room
    found = ctx.whose(party)
    if found is not None:
        return found.nickname
    partners = user.notes.partners if user.notes is not None else {}
    if party in partners:
        return partners[party]
    theirs = names.fold(event.source.account) != names.fold(user.account)
    return event.who if theirs or not isinstance(event, Said) else event.target
