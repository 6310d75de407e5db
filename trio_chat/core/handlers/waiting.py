"""Who has written to an account while it was away, for those who do not ask with CHATHISTORY.

Whoever logs in as the first client of their account is told once. Since when it was away is kept as
a read marker is (`Context.note_absences`). What a server that was killed had not noted counts from
the time before.
"""

from __future__ import annotations

from trio_chat.core import ids, modes, names
from trio_chat.core.capabilities import CHATHISTORY
from trio_chat.core.context import Context
from trio_chat.core.entries import ABSENCE
from trio_chat.core.handlers import access
from trio_chat.core.inputs import Completed
from trio_chat.core.questions import MarkerOf, Target, Targets
from trio_chat.core.state import User

_COUNTED = 100
NAMED = 10
"""People whose names are said."""


def tell(ctx: Context, user: User) -> None:
    """Tell somebody who is logged in now who has written while their account was away."""
    if user.caps & CHATHISTORY or user.modes & modes.BOT or not _is_alone(ctx, user):
        return
    reader = ctx.party(user)

    def find(done: Completed) -> None:
        left = done.answer if done.result and isinstance(done.answer, int) else 0
        if left and user.account and ctx.party(user) == reader:
            question = Targets(
                channels=(),
                parties=(reader,),
                after=left,
                before=ids.milliseconds(ctx.now) + 1,
                limit=_COUNTED,
                latest=True,
            )
            ctx.look_up(user, question, say, apart=True)

    def say(done: Completed) -> None:
        if not done.result or not isinstance(done.answer, list):
            return
        ignored = ctx.state.ignores.keys(user)
        found = [
            access.name_of_target(ctx, user, one)
            for one in done.answer
            if isinstance(one, Target)
            and one.with_
            and names.key(one.latest.event.who) not in ignored | {names.key(user.nickname)}
        ]
        if found and user.account and ctx.party(user) == reader:
            _say(ctx, user, found)

    ctx.look_up(user, MarkerOf(reader=reader, conversation=ABSENCE), find, apart=True)


def _is_alone(ctx: Context, user: User) -> bool:
    """Whether somebody is the only client of their account, where what is said is kept."""
    kept = ctx.settings.history and user.registration is None
    return bool(kept and user.account) and ctx.clients(user.account) == [user]


def _say(ctx: Context, user: User, found: list[str]) -> None:
    people = "1 person" if len(found) == 1 else f"{len(found)} people"
    at_least = "At least " if len(found) == _COUNTED else ""
    more = len(found) - NAMED
    named = ", ".join(found[:NAMED]) + (f" and {more} more" if more > 0 else "")
    head = f"{at_least}{people} wrote to you while you were away: {named}"
    if user.plain:
        ctx.tell(user, f"{head}. /history {found[0]} shows it.")
    else:
        ctx.notice(user, f"{head}. HISTORY {found[0]} shows it.")
