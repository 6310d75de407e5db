"""The core itself: inputs in, effects out.

Owns the one rule of how the state changes: inputs are taken one after another, each wholly, in the
order in which they came. Calls the handlers through the table of commands.

Must not know sockets, clocks or files. `step` raises only for our own mistakes.
"""

from __future__ import annotations

import collections
import heapq
import math
from collections.abc import Iterable, Mapping

from trio_chat.core import commands, events, modes, rooms
from trio_chat.core.context import BUDGET, CHORE, PAGE, Context
from trio_chat.core.entries import Marked, Redacted
from trio_chat.core.handlers import (
    administering,
    amending,
    bans,
    multiline,
    plain,
    registration,
    reloading,
    unreadable,
)
from trio_chat.core.inputs import (
    Administer,
    Completed,
    Connected,
    Disconnected,
    Elapsed,
    Input,
    Received,
    Reconfigured,
    ShutDown,
    UserId,
)
from trio_chat.core.output import Effects
from trio_chat.core.settings import Settings
from trio_chat.core.state import State, User
from trio_chat.core.withholding import concerned, withhold
from trio_chat.wire import irc
from trio_chat.wire.errors import ProtocolError

DECISION = 6
"""What it costs to carry out a line, in units of about a microsecond (`Output.cost`)."""
LONG = 100
"""Bytes of a line that is worth a look how much is in it."""
FEW = 64
"""Users to whom something can be shown in any step."""
TURN = 256
"""Lines of one user in one step."""


class Core:
    """Everything that decides; see `Context` for the arguments."""

    def __init__(
        self,
        settings: Settings,
        *,
        last: int = 0,
        kept: Mapping[str, Mapping[str, bytes]] | None = None,
        version: str = "",
        started: float = 0.0,
        monotonic: float | None = None,
        page: int = PAGE,
    ) -> None:
        self.context = Context(
            settings,
            last=last,
            kept=kept,
            version=version,
            started=started,
            monotonic=started if monotonic is None else monotonic,
            page=page,
        )
        self._deadlines: list[tuple[float, UserId]] = []
        """A heap with one entry for each user, due no later than anything has to happen; and with
        entries of some who are gone."""
        self._backlog: collections.deque[User] = collections.deque()
        """Whose lines, or whose end, many are to be shown, and are left for a later step."""
        self._next: collections.deque[User] = collections.deque()
        """Whose lines are left for the next step only because this one was full: they come first,
        so that nobody's small deed is behind a storm."""
        self._users = self.context.state.users
        self._open_lobby()

    @property
    def state(self) -> State:
        """Everybody and everything."""
        return self.context.state

    @property
    def settings(self) -> Settings:
        """What is configured."""
        return self.context.settings

    # --- For whoever runs the core

    def step(
        self,
        inputs: Iterable[Input],
        now: float,
        utc_offset: int = 0,
        *,
        monotonic: float | None = None,
    ) -> Effects:
        """Take what has happened; return what follows from it.

        `now` is in seconds since the epoch, and may jump, as clocks are set: it is what people are
        shown. `monotonic` is in seconds since any beginning, and never goes back: every duration
        and every deadline is measured by it. Where there is one clock that does not jump, it is
        both. `utc_offset` is in seconds east of UTC.
        """
        self.context.begin(now, now if monotonic is None else monotonic, utc_offset)
        if self.context.keeping.unsaid:
            bans.warn_all(self.context)
        if self.context.searches or self.context.chores:
            self._search_on()
        if self._next or self._backlog:
            self._catch_up()
        users = self._users
        for item in inputs:
            try:
                if type(item) is Received:
                    user = users.get(item.user)
                    if user is not None:
                        self._received(user, item.lines)
                else:
                    self._take(item)
            except Exception as error:
                self._failed(item, error)
        return self.context.end()

    @property
    def busy(self) -> bool:
        """Whether something is left for the next step, which should come soon."""
        ctx = self.context
        waiting = ctx.searches or ctx.chores or ctx.keeping.unsaid
        return bool(self._next or self._backlog or waiting)

    @property
    def next_deadline(self) -> float | None:
        """When the core next wants to be told that time has elapsed, on the clock that does not
        jump."""
        first = self._deadlines[0][0] if self._deadlines else None
        ctx = self.context
        expiry = ctx.accounts.expiry
        if expiry is not None:
            # A day by the clock on the wall: it outlives a restart.
            expiry = ctx.monotonic + max(0.0, expiry - ctx.now)
        found = [due for due in (first, ctx.keeping.due, expiry) if due is not None]
        return min(found, default=None)

    @property
    def unreadable(self) -> list[str]:
        """What was kept by an earlier run, and can not be read."""
        ctx = self.context
        parts = (ctx.keeping, ctx.accounts, ctx.registered, ctx.metadata)
        return [what for part in parts for what in part.unreadable]

    @property
    def unsealed(self) -> bool:
        """Whether history can be asked for by a key under which it must not be read any more: what
        takes it away from there has not been stored yet."""
        return self.context.keeping.unsealed

    def waits(self, user: UserId) -> bool:
        """Whether a user's lines, or their end, wait: for a request's answer, or a later step."""
        found = self.state.users.get(user)
        return found is not None and found.deferred is not None

    def refusal(self, address: str, monotonic: float) -> str:
        """Return why nobody is let in from an IP address; empty: they are."""
        return self.state.bans.refusal(address, monotonic)

    def concerned(self, effects: Effects) -> set[UserId]:
        """Return for whom something in `effects` waits until the journal has stored it."""
        # That a ban is in force is said to who asked for it when a restart does not undo it.
        return concerned(effects) | self.context.keeping.askers(effects.number)

    def stored(self, effects: Effects) -> None:
        """Note that the journal has stored what is in `effects`."""
        self.context.keeping.stored(effects.number)

    def withhold(self, effects: Effects) -> None:
        """Take out of `effects` what the journal could not store, and tell who said it. What has to
        outlive a restart is tried again later."""
        ctx = self.context
        for record in effects.records:
            if isinstance(record, Redacted):
                ctx.state.redacted.pop(record.position, None)
            elif isinstance(record, Marked):
                ctx.state.marked.pop((record.reader, record.conversation), None)
        ctx.keeping.failed(effects.number, ctx.monotonic)
        withhold(
            effects,
            server=ctx.server,
            now=ctx.now,
            line=ctx.line,
            new_id=ctx.new_id,
        )

    # --- Inputs

    def _take(self, item: Input) -> None:
        ctx, output = self.context, self.context.output
        if isinstance(item, Connected):
            self._connected(item)
        elif isinstance(item, Disconnected):
            user = self.state.users.get(item.user)
            if user is None:
                return
            output.cost += DECISION
            if user.deferred is not None and (item.orderly or user.requests == 0):
                # What was said before is still to be carried out; in a later step, if that is all
                # that it waits for, however the connection has ended.
                user.leaving = item.reason
            elif user.deferred is None and output.cost > BUDGET and rooms.reach(user) > FEW:
                user.leaving = item.reason
                self._postpone(user, [])
            elif item.orderly:
                self._see_off(user, item.reason)
            else:
                ctx.depart([user], item.reason)
        elif isinstance(item, Completed):
            self._completed(item)
        elif isinstance(item, Elapsed):
            self._elapsed()
        elif isinstance(item, Reconfigured):
            before, ctx.settings = ctx.settings, item.settings
            ctx.server = events.Source(prefix=item.settings.name)
            self._open_lobby()
            reloading.tell(ctx, before, item.settings)
        elif isinstance(item, Administer):
            administering.carry_out(ctx, item)
        elif isinstance(item, ShutDown):
            self._shut_down(item.reason)

    def _see_off(self, user: User, reason: str) -> None:
        """Let somebody go whose connection has ended, and who may still be listening."""
        ctx = self.context
        if user.plain:
            # Whoever pipes something in gets what it is about, and no more.
            ctx.output.close(user, reason)
            ctx.depart([user], reason)
        else:
            ctx.close(user, reason)

    def _failed(self, item: Input, error: Exception) -> None:
        """A mistake of ours: it costs whoever met it the connection, and nobody else anything."""
        user = None
        if isinstance(item, Received | Connected | Disconnected):
            user = self.state.users.get(item.user)
        self._fault(user, error)

    def _fault(self, user: User | None, error: Exception) -> None:
        """Report a mistake of ours, and send off who has met it."""
        self.context.output.fail(error)
        self.context.answers.forget()
        self._give_up(user)

    def _give_up(self, user: User | None) -> None:
        """Send off a user whom we can not serve, in a state that may be half changed."""
        ctx = self.context
        if user is None:
            return
        try:
            ctx.close(user, "Internal error")
        except Exception as error:
            ctx.output.fail(error)
            ctx.output.close(user, "Internal error")
            rooms.forget(self.state, user)

    def _connected(self, item: Connected) -> None:
        ctx = self.context
        user = User(item, since=ctx.on_the_wall(item.since), monotonic=ctx.monotonic)
        self.state.users[user.id] = user
        first = min(self.settings.registration_timeout, self.settings.ping_after)
        if len(self._deadlines) > 2 * len(self._users) + FEW:
            # Most are of users who have come and gone.
            self._deadlines = [entry for entry in self._deadlines if entry[1] in self._users]
            heapq.heapify(self._deadlines)
        heapq.heappush(self._deadlines, (item.since + first, user.id))

    def _received(self, user: User, lines: list[bytes]) -> None:
        ctx, output = self.context, self.context.output
        user.last_seen = ctx.monotonic
        user.pinged_at = None
        ctx.at_hand = user
        ctx.replies = 0
        for place, line in enumerate(lines):
            if ctx.replies >= ctx.page_size and user.requests == 0:
                # Who asks much is answered as fast as they listen.
                ctx.await_sent(user, lambda _: None)
            if user.deferred is not None:
                self._keep(user, lines[place:])
                return
            if place >= TURN or output.cost > 2 * BUDGET:
                user.deferred = lines[place:]
                self._next.append(user)
                return
            if user.registration is not None:
                user.registration.lines += 1
                if user.registration.lines > self.settings.registration_lines:
                    ctx.close(user, "Too many lines before registration")
            if user.id not in self._users:
                return
            if not (self._plain_line if user.plain else self._irc_line)(user, line):
                self._postpone(user, lines[place:])
                return
            output.cost += DECISION
            if len(line) > LONG:
                # It may name, or tag, a hundred things.
                output.cost += line.count(b" ") + line.count(b",") + line.count(b";")

    def _plain_line(self, user: User, line: bytes) -> bool:
        """Carry out what a person typed; False: it is left for the next step."""
        if self.context.output.cost > BUDGET and rooms.reach(user) > FEW:
            return False
        plain.received(self.context, user, line)
        return True

    def _irc_line(self, user: User, line: bytes) -> bool:
        """Carry out a client's line; False: it is left for the next step.

        Once much has been done in this one, what many would be shown has to wait, and what few are
        shown goes on: a storm in a big room delays that room.
        """
        ctx = self.context
        try:
            message = irc.parse(line)
        except ProtocolError as error:
            ctx.answers.begin(user, error.tags)
            multiline.miss(ctx, user, error)
            unreadable.refuse(ctx, user, error)
        else:
            if ctx.output.cost > BUDGET and commands.reach(ctx, user, message) > FEW:
                return False
            if message.tags:
                ctx.answers.begin(user, message.tags)
            if user.batch is None or not multiline.takes(ctx, user, message):
                commands.run(ctx, user, message)
        if ctx.answers.current is not None:
            ctx.answers.finish()
        return True

    # --- What waits for a later step

    def _postpone(self, user: User, lines: list[bytes]) -> None:
        """Leave lines of a user for the next step, and whatever comes from them behind those."""
        user.deferred = lines
        self._backlog.append(user)

    def _keep(self, user: User, lines: list[bytes]) -> None:
        """Put lines behind those that wait already."""
        if user.deferred is not None:
            user.deferred += lines
            if len(user.deferred) > TURN and not user.held:
                self.context.output.read(user, on=False)

    def _catch_up(self) -> None:
        """Go on where the last step ended.

        Some of what many are shown comes first, so that it does not wait for ever where there is
        always something small.
        """
        first, self._next = self._next, collections.deque()
        backlog, self._backlog = self._backlog, collections.deque()
        self._take_up(backlog, BUDGET // 4)
        self._take_up(first, BUDGET)
        self._take_up(backlog, BUDGET)
        self._next = first + self._next
        self._backlog = backlog + self._backlog

    def _take_up(self, waiting: collections.deque[User], budget: int) -> None:
        """Carry out what users wait for, until the step has cost so much."""
        while waiting and self.context.output.cost <= budget:
            user = waiting.popleft()
            if self.context.is_here(user) and user.requests == 0:
                try:
                    self._go_on(user)
                except Exception as error:
                    self._fault(user, error)

    def _search_on(self) -> None:
        """Go on with chores, and with searches, each for a while, in half of the step: the rest is
        for others."""
        ctx = self.context
        ctx.at_hand = None
        while ctx.chores and ctx.output.cost < BUDGET // 4:
            ctx.output.cost += CHORE
            try:
                ctx.chores.popleft()()
            except Exception as error:
                self._fault(None, error)
        for _ in range(len(ctx.searches)):
            if ctx.output.cost >= BUDGET // 2:
                return
            item = Completed(request=ctx.searches.popleft(), result=True)
            try:
                self._completed(item)
            except Exception as error:
                self._failed(item, error)

    def _go_on(self, user: User) -> None:
        """Carry out the lines of a user that have waited, and the end of the connection if it has
        ended meanwhile."""
        ctx = self.context
        lines, user.deferred = user.deferred or [], None
        if lines:
            self._received(user, lines)
        if user.deferred is None and ctx.is_here(user):
            if user.leaving is not None:
                self._see_off(user, user.leaving)
            elif user.held:
                ctx.output.read(user, on=True)

    def _completed(self, item: Completed) -> None:
        ctx = self.context
        settle = ctx.storing.pop(item.request, None)
        if settle is not None:
            # Whoever has asked for it may be gone.
            settle(item.result)
        pending = ctx.pending.get(item.request)
        if pending is not None and pending.is_page and ctx.output.cost > BUDGET:
            # Many may have taken a page at once.
            ctx.searches.append(item.request)
            return
        ctx.pending.pop(item.request, None)
        if pending is None or not ctx.is_here(pending.user):
            return
        user, answer = pending.user, pending.answer
        user.requests -= 1
        ctx.at_hand = user
        ctx.replies = 0
        try:
            if answer is not None:
                answer.requests -= 1
                answer.recorded = len(ctx.output.records)
                ctx.answers.current = answer
            pending.resume(item)
            ctx.answers.finish()
            if user.requests == 0 and ctx.is_here(user):
                self._go_on(user)
        except Exception:
            self._give_up(user)
            raise

    def _elapsed(self) -> None:
        ctx = self.context
        amending.drop_expired(ctx)
        deadlines = self._deadlines
        # Many may be due at once: who is not looked after in this step stays due.
        while deadlines and deadlines[0][0] <= ctx.monotonic and ctx.output.cost <= BUDGET:
            user_id = heapq.heappop(deadlines)[1]
            user = self.state.users.get(user_id)
            if user is None:
                continue
            ctx.output.cost += DECISION
            try:
                again = registration.look_after(ctx, user)
            except Exception as error:
                ctx.output.fail(error)
                self._give_up(user)
                continue
            if again is not None:
                # Rounding must not bring it back at once, for ever.
                again = max(again, math.nextafter(ctx.monotonic, math.inf))
                heapq.heappush(deadlines, (again, user_id))

    def _shut_down(self, reason: str) -> None:
        """Send everybody off. Nobody is told who else leaves: they all do."""
        ctx = self.context
        left = ctx.parties(self.state.users.values())
        for user in list(self.state.users.values()):
            event = events.Closing(time=ctx.now, source=ctx.server, reason=reason)
            ctx.output.send(user, event)
            ctx.output.close(user, reason)
            rooms.forget(self.state, user)
        ctx.note_absences(left)

    def _open_lobby(self) -> None:
        """Make the lobby, if it is not there: it is everybody's, so nobody is its operator."""
        for channel in list(self.state.channels.values()):
            channel.permanent = False
            if not channel.members:
                rooms.drop(self.state, channel)
        lobby = self.context.channel(self.settings.lobby)
        lobby.permanent = True
        lobby.modes = lobby.modes if lobby.members or lobby.registered else modes.LOBBY
