"""Who may have which nickname, and what happens when somebody takes one.

The nickname of an account is its owner's: nobody else can take it. Whoever is connecting can hold
it until they are registered, for most clients say NICK before they log in.
"""

from __future__ import annotations

from functools import partial

from trio_chat.core import events, names, numerics, rooms
from trio_chat.core.context import Context
from trio_chat.core.handlers import redaction, syncing
from trio_chat.core.numerics import Numeric
from trio_chat.core.services import table
from trio_chat.core.state import User

RESERVED = (numerics.ERR_NICKNAMERESERVED, numerics.ERR_NICKNAMELOOKSRESERVED)
"""The refusals that end with a login to the right account (`reservation`)."""


def refusal(ctx: Context, user: User, nickname: str) -> Numeric | None:
    """Return why a user can not have a nickname now; None: they can."""
    if table.is_reserved(nickname):
        return numerics.ERR_NICKNAMEOFSERVICE
    found = reservation(ctx, user, nickname)
    if found is not None:
        # Whoever has it: that is what can be done something about.
        return found
    holders = [one for one in rooms.holders(ctx.state, nickname) if one is not user]
    if not holders:
        return None
    if user.account and any(one.account == user.account for one in holders):
        return numerics.ERR_NICKNAMEOFOTHERCLIENT
    return numerics.ERR_NICKNAMEINUSE


def reservation(ctx: Context, user: User, nickname: str) -> Numeric | None:
    """Return what a user is told of a nickname that is that of an account, or looks like it, if
    the account is not theirs. Which one it looks like is not said: its owner knows."""
    owner = ctx.accounts.owner(nickname)
    if owner is None or owner.key == names.fold(user.account):
        return None
    if owner.key == names.key(nickname):
        return numerics.ERR_NICKNAMERESERVED
    return numerics.ERR_NICKNAMELOOKSRESERVED


def is_reserved(ctx: Context, user: User, nickname: str) -> bool:
    """Whether a nickname is that of an account, or looks like it, and the account is not theirs."""
    return reservation(ctx, user, nickname) is not None


def refuse(ctx: Context, user: User, why: Numeric, nickname: str) -> None:
    """Say why somebody can not have a nickname; people who have none yet are asked for another."""
    if not user.plain or user.registration is None or why.plain is None:
        ctx.reply(user, why, nickname)
        return
    ask = "Otherwise type" if why in RESERVED else "Type"
    ctx.tell(user, f"{why.plain.format(nickname)} {ask} another nickname:")


def change(ctx: Context, user: User, nickname: str) -> None:
    """Give somebody who is registered another nickname, one that they can have, and tell everybody
    who sees it."""
    if nickname == user.nickname:
        return
    event = events.NickChanged(time=ctx.now, source=user.source, id=ctx.new_id(), nickname=nickname)
    ctx.notify(rooms.witnesses(user), event, user)
    ctx.remember(user)
    before = user.nickname
    redaction.note_name(user, ctx.position)
    rooms.rename(ctx.state, user, nickname)
    if names.fold(before) != names.fold(nickname):
        ctx.tell_offline(before)
        ctx.tell_online(user)
        syncing.on_online(ctx, user)


def claim(ctx: Context, user: User, *, firmly: bool = False) -> None:
    """Give somebody who is logged in the nickname of their account, unless another client of the
    same account has it; `firmly`: even then. Whoever else sits on it, or on one that looks the
    same, is renamed."""
    nickname = user.account
    if not nickname:
        return
    has_it = names.fold(user.nickname) == names.fold(nickname)
    # There may be many of these, and none of them is in the way.
    ctx.without_waiting(
        partial(_evict_lookalike, ctx, holder)
        for holder in rooms.lookalikes(ctx.state, nickname)
        if holder is not user
    )
    for holder in rooms.holders(ctx.state, nickname):
        if has_it or holder is user:
            continue
        if names.fold(holder.account) != names.fold(nickname):
            evict(ctx, holder)
        elif firmly:
            evict(ctx, holder, "Another client of yours has your nickname now")
        else:
            return
    if has_it:
        return
    if user.registration is None:
        change(ctx, user, nickname)
    elif user.nickname:
        rooms.rename(ctx.state, user, nickname)


def _evict_lookalike(ctx: Context, holder: User) -> None:
    if ctx.is_here(holder) and holder.nickname and is_reserved(ctx, holder, holder.nickname):
        evict(ctx, holder)


def take_away(ctx: Context, holder: User) -> None:
    """Take the nickname from somebody who is not registered yet. They are told at once, as if they
    had asked for it only now: without one they do not get in, and would not know why."""
    nickname = holder.nickname
    why = reservation(ctx, holder, nickname) or numerics.ERR_NICKNAMEOFOTHERCLIENT
    rooms.lose_name(ctx.state, holder)
    refuse(ctx, holder, why, nickname)


def evict(
    ctx: Context,
    holder: User,
    why: str = "Your nickname belongs to an account, and its owner has come",
) -> None:
    """Take a nickname from somebody whose it is not, and say why."""
    if holder.registration is not None:
        take_away(ctx, holder)
        return
    free = f"Guest{holder.id}"
    while refusal(ctx, holder, free):
        free += "_"
    change(ctx, holder, free)
    if holder.plain:
        ctx.tell(holder, f"{why}: you are {free} now.")
    else:
        ctx.notice(holder, why)
