"""Who may read what of the history. The one place that says so, for whatever reads it.

- A channel's is read by its members, each as far as their standing lets them: what was for
  operators is for operators. Nobody else reads it, whatever the channel's modes are, be they
  invited or server operators. Who has left is not a member, and a member who is banned still is.
  When all have left, whoever makes the channel anew is its operator, but not of what was said
  before: what was for operators is not for them, and they can not take it back.
- A registered room's is read from outside, too, by those whose account makes them half-operators or
  more there: they can come in at any time, and nobody need be in it.
- What two have written to each other is read by those two. They are known by their accounts, on
  all clients of these, and without one by their connection: whoever has their nickname later is
  somebody else, and so is an account of the same name that is made later.

An account finds what it has exchanged with somebody by that one's name, whoever that was: their
account, or the nickname that they had when they had none. It was there each time. Who has no
account reads of that what was written while they had the nickname, for nobody else had it then.
"""

from __future__ import annotations

from trio_chat.core import modes, names
from trio_chat.core.context import Context
from trio_chat.core.entries import (
    all_with,
    between,
    is_account,
    name_of,
    of_channel,
    of_nickname,
)
from trio_chat.core.events import Said
from trio_chat.core.handlers.common import remember
from trio_chat.core.ids import END
from trio_chat.core.questions import Place, Target
from trio_chat.core.state import User

PARTNERS = 100
"""People whom a user has written with, and who are found again by nickname when they are gone."""


def conversation(ctx: Context, user: User, other: str, nickname: str) -> str:
    """Return the key of what a user and somebody else write to each other now; the other one is
    that party (`Context.party`), and has this nickname."""
    mine = ctx.party(user)
    if is_account(mine) and not is_account(other):
        other = of_nickname(nickname)
    elif is_account(other) and not is_account(mine):
        mine = of_nickname(user.nickname)
    return between(mine, other)


def note_partner(ctx: Context, user: User, party: str, nickname: str) -> None:
    """Note that a user has to do with somebody, by the party and the nickname that these have, so
    that they find what was written again when the other has gone."""
    notes = user.take_notes()
    if notes.partners.get(party) != nickname:
        remember(notes.partners, party, nickname, PARTNERS)
    if not user.account and is_account(party) and party not in notes.met:
        remember(notes.met, party, None, PARTNERS)


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
    account, connection = _parties_called(ctx, user, target)
    places = []
    if user.account:
        name = name_of(account) or _folded(ctx, target)
        if name:
            places.append(Place(all_with(ctx.party(user), name)))
    if connection:
        places.append(Place(between(ctx.connection(user), connection)))
    if account and not (user.account and account not in _met(user)):
        places += _while_a_stranger(user, account)
    return _together(places)


def own_parties(ctx: Context, user: User) -> tuple[str, ...]:
    """Return the parties whose conversations are all a user's, whoever they are with."""
    connection = ctx.connection(user)
    return (ctx.party(user), connection) if user.account else (connection,)


def talks(user: User) -> tuple[tuple[str, Place], ...]:
    """Return what else a user has exchanged with somebody: with accounts, while they had none; each
    with the name of the other one."""
    by_name: dict[str, list[Place]] = {}
    for party in _met(user):
        by_name.setdefault(name_of(party), []).extend(_while_a_stranger(user, party))
    found = ((name, _together(places)) for name, places in by_name.items())
    return tuple((name, place) for name, place in found if place is not None)


def called(ctx: Context, target: str) -> str:
    """Return what somebody is found by who is called `target`, folded: the name of their account,
    if they have one; empty: nobody can be called that."""
    found = ctx.state.user_named(target)
    return names.fold(found.account if found and found.account else _folded(ctx, target))


def name_of_target(ctx: Context, user: User, target: Target) -> str:
    """Return what a user calls a conversation of theirs: a channel by its name, an account by its
    name, and whoever has none by the nickname that they have, or had last."""
    event, other = target.latest.event, target.with_
    if not other:
        if target.conversation[:1] == "@":
            return user.account or user.nickname
        channel = ctx.state.channel_named(target.conversation)
        return channel.name if channel is not None else event.room
    if other[:1] != "+":
        return _as_written(ctx, other, target)
    for one in ctx.whose(other):
        return one.account or one.nickname
    partners = user.notes.partners if user.notes is not None else {}
    if other in partners:
        return partners[other]
    theirs = names.fold(event.who) != names.fold(user.nickname)
    return event.who if theirs or not isinstance(event, Said) else event.target


def _parties_called(ctx: Context, user: User, nickname: str) -> tuple[str, str]:
    """Return the account and the connection that are meant by a nickname, each empty if there is
    none: of whoever has it, else of whom the user wrote with when they had it, else the account of
    that name."""
    found = ctx.state.user_named(nickname)
    if found is not None:
        return ctx.party(found) if found.account else "", ctx.connection(found)
    wanted = names.key(nickname)
    known = ctx.accounts.get(nickname)
    account, connection = known.party if known is not None else "", ""
    partners = user.notes.partners if user.notes is not None else {}
    for party in reversed(partners):
        if names.key(partners[party]) == wanted:
            if is_account(party):
                account = account or party
            else:
                connection = connection or party
    return account, connection


def _while_a_stranger(user: User, account: str) -> list[Place]:
    """Return what a user and an account have exchanged while the user had no account: under each
    nickname that they had, as long as it was theirs."""
    former = user.notes.former if user.notes is not None else []
    spans = [*former, (user.named_at, END, user.nickname)]
    return [
        Place(between(account, of_nickname(nickname)), after=since, before=until)
        for since, until, nickname in spans
    ]


def _met(user: User) -> dict[str, None]:
    return user.notes.met if user.notes is not None else {}


def _together(places: list[Place]) -> Place | None:
    if not places:
        return None
    first, *others = places
    return Place(first.conversation, first.after, first.before, also=tuple(others))


def _folded(ctx: Context, nickname: str) -> str:
    valid = names.nickname(nickname, ctx.settings.limits.nickname)
    return "" if valid is None else names.fold(valid)


def _as_written(ctx: Context, name: str, target: Target) -> str:
    """Return a name that is folded as it is written by whose it is, or was."""
    account = ctx.accounts.get(name)
    if account is not None:
        return account.name
    holder = ctx.state.user_named(name)
    if holder is not None:
        return holder.nickname
    event = target.latest.event
    named = [event.who, event.source.account]
    if isinstance(event, Said):
        named.append(event.target)
    return next((one for one in named if names.fold(one) == name), name)
