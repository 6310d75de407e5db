"""The core itself: inputs in, effects out.

Owns the state, and the one rule of how it changes: inputs are taken one after another, each wholly,
in the order in which they came. Calls the handlers through the table of commands.

Must not know sockets, clocks or files. `step` raises only for our own mistakes.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from trio_chat.core import commands, events, modes, numerics, rooms
from trio_chat.core.answers import Answer, Answers
from trio_chat.core.capabilities import STANDARD_REPLIES
from trio_chat.core.encoding import BODY_LIMIT, reply_head
from trio_chat.core.handlers import monitor, multiline, plain, registration, reloading
from trio_chat.core.inputs import (
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
from trio_chat.core.names import fold
from trio_chat.core.numerics import Numeric
from trio_chat.core.output import AwaitSent, CheckPassword, Effects, Output, Reload, withhold
from trio_chat.core.settings import Settings
from trio_chat.core.state import State, User
from trio_chat.wire import irc
from trio_chat.wire.errors import Problem, ProtocolError

PAGE = 200
"""Replies after which a user has to have taken them before there are more."""


class _Pending:
    """A request under way: what to do with its result, and whose answer that belongs to."""

    __slots__ = ("answer", "resume", "user")

    def __init__(
        self, user: User, resume: Callable[[Completed], None], answer: Answer | None
    ) -> None:
        self.user = user
        self.resume = resume
        self.answer = answer


class Core:
    """Everything that decides.

    `instance` makes ids of this run differ from those of every other; `version` is what VERSION
    says; `started` is the time of the start, in seconds since the epoch.
    """

    def __init__(
        self, settings: Settings, *, instance: str = "", version: str = "", started: float = 0.0
    ) -> None:
        self.settings = settings
        self.version = version
        self.started = started
        self.state = State()
        self.output = Output()
        self.answers = Answers(self.output, line=self._line, new_id=self.new_id)
        self.server = events.Source(prefix=settings.name)
        self._instance = instance
        self._ids = 0
        self._requests = 0
        self._pending: dict[int, _Pending] = {}
        self._at_hand: User | None = None
        """Whose lines are carried out."""
        self._replies = 0
        """What the user at hand has been sent since the last look at `PAGE`."""
        self._deadlines: list[tuple[float, UserId]] = []
        """A heap with one entry for each user, due no later than anything has to happen."""
        self._open_lobby(started)

    # --- For whoever runs the core

    def step(self, inputs: Iterable[Input], now: float, utc_offset: int = 0) -> Effects:
        """Take what has happened; return what follows from it.

        `now` is in seconds since the epoch, `utc_offset` in seconds east of UTC.
        """
        self.output.begin(now, utc_offset)
        for item in inputs:
            try:
                self._take(item)
            except Exception as error:
                self._failed(item, error)
        return self.output.take()

    @property
    def next_deadline(self) -> float | None:
        """When the core next wants to be told that time has elapsed."""
        return self._deadlines[0][0] if self._deadlines else None

    def _is_here(self, user: User) -> bool:
        return user.id in self.state.users

    def waits(self, user: UserId) -> bool:
        """Whether a user waits for a request's answer: nothing more should be read from them."""
        found = self.state.users.get(user)
        return found is not None and found.deferred is not None

    def refusal(self, address: str, now: float) -> str:
        """Return why nobody is let in from an IP address; empty: they are."""
        ban = self.state.bans.on_address(address, now)
        return f"You are banned ({ban.reason})" if ban else ""

    def withhold(self, effects: Effects) -> None:
        """Take out of `effects` what the journal could not store, and tell who said it."""
        withhold(effects, self.state.users, server=self.server, now=self.output.now)

    # --- For handlers

    @property
    def now(self) -> float:
        """The time of this step, in seconds since the epoch."""
        return self.output.now

    def new_id(self) -> str:
        """Return an id that nothing else has (IRCv3 message-ids)."""
        self._ids += 1
        return f"{self._instance}{self._ids:x}"

    def send(self, user: User, event: events.Event) -> None:
        """Send an event to a user; to who gave the command, as part of the answer to it."""
        if user is self._at_hand:
            self._replies += 1
        self.answers.send(user, event)

    def reply(self, user: User, numeric: Numeric, *params: str) -> None:
        """Send a numeric reply: these parameters, then the text of its row if it has one."""
        if numeric.text:
            params = (*params, numeric.text)
        self.send(
            user,
            events.Reply(
                time=self.now,
                source=self.server,
                numeric=numeric,
                nickname=user.nickname or "*",
                params=params,
            ),
        )

    def is_free(self, user: User) -> bool:
        """Whether what a user is sent now goes out as it is: not to people, nor in a batch."""
        return not user.plain and self.answers.are_free(user)

    def send_block(self, user: User, numeric: Numeric, tails: list[bytes]) -> None:
        """Send numeric replies whose rests, line ends included, are the same for others."""
        if user is self._at_hand:
            self._replies += len(tails)
        head = events.Reply(
            time=self.now,
            source=self.server,
            numeric=numeric,
            nickname=user.nickname,
            params=(),
        )
        self.output.send_block(user, reply_head(head, user.encoding), tails)

    def room(self, user: User, *words: str) -> int:
        """Return the bytes that are left for a text in a line to a user that begins with these."""
        head = f":{self.settings.name} {' '.join(words)} {user.nickname or '*'} :"
        return BODY_LIMIT - len(head.encode())

    def tell(self, user: User, text: str) -> None:
        """Send a sentence to somebody on the plain side; IRC clients get none."""
        self.send(user, events.Told(time=self.now, source=self.server, text=text))

    def fail(self, user: User, command: str, code: str, *context: str, text: str) -> None:
        """Send FAIL (IRCv3 standard-replies)."""
        self.send(
            user,
            events.Standard(
                time=self.now,
                source=self.server,
                kind="FAIL",
                command=command,
                code=code,
                context=context,
                text=text,
            ),
        )

    def refuse(self, user: User, command: str, code: str, *context: str, text: str) -> None:
        """Send FAIL to who understands it (IRCv3 standard-replies), a notice to everybody else.

        For what no specification demands FAIL for.
        """
        if user.caps & STANDARD_REPLIES:
            self.fail(user, command, code, *context, text=text)
        else:
            self.notice(user, text)

    def notice(self, user: User, text: str) -> None:
        """Send a notice of the server's own."""
        self.send(
            user,
            events.Said(
                time=self.now,
                source=self.server,
                kind="NOTICE",
                target=user.nickname or "*",
                text=text,
            ),
        )

    def protocol(self, user: User, command: str, *params: str) -> None:
        """Send a line that only IRC has."""
        self.send(user, self._line(command, *params))

    def labelled(self, user: User) -> bool:
        """Whether the command at hand is this user's and has a label."""
        return self.answers.labelled(user)

    @property
    def page_size(self) -> int:
        """Replies after which a user has to have taken them before there are more."""
        return PAGE

    def notify(self, witnesses: rooms.Witnesses, event: events.Event, actor: User) -> None:
        """Show an event to whoever sees it, in the way of their own to who did it, and have it
        stored."""
        self.output.record(event, actor)
        self.output.show(event, witnesses, without=(actor,))
        self.send(actor, event)

    def page(self, user: User, replies: Iterator[tuple[Numeric, tuple[str, ...]]]) -> None:
        """Send replies, however many: a page at a time, each when the last has been taken.

        Whatever they are about is in the iterator: the state may change in between.
        """
        for numeric, params in replies:
            self.reply(user, numeric, *params)
            if self._replies >= PAGE:
                self.await_sent(user, lambda _: self.page(user, replies))
                return

    def check_password(
        self, user: User, hash: str, password: str, resume: Callable[[Completed], None]
    ) -> None:
        """Have a password checked; `resume` is called with the result."""
        id = self._begin_request(user, resume)
        self.output.request(CheckPassword(id=id, user=user.id, hash=hash, password=password))

    def reload(self, user: User, resume: Callable[[Completed], None]) -> None:
        """Have the configuration read again; `resume` is called when that is done."""
        id = self._begin_request(user, resume)
        self.output.request(Reload(id=id, user=user.id))

    def await_sent(self, user: User, resume: Callable[[Completed], None]) -> None:
        """Call `resume` when the user has taken what was sent so far."""
        self._replies = 0
        id = self._begin_request(user, resume)
        self.output.request(AwaitSent(id=id, user=user.id))

    def _begin_request(self, user: User, resume: Callable[[Completed], None]) -> int:
        """Note a request. Until it is answered the user's lines wait: answers come in order."""
        self._requests += 1
        user.requests += 1
        if user.deferred is None:
            user.deferred = []
        answer = self.answers.current if self.labelled(user) else None
        if answer is not None:
            answer.requests += 1
        self._pending[self._requests] = _Pending(user, resume, answer)
        return self._requests

    def close(self, user: User, reason: str) -> None:
        """End a user's connection; who shares a room with them is shown the reason too."""
        self.close_all([user], reason)

    def close_all(self, users: Sequence[User], reason: str) -> None:
        """End the connections of several users, who are not shown each other's end."""
        for user in users:
            event = events.Closing(time=self.now, source=self.server, reason=reason)
            self.output.send(user, event)
            self.output.close(user, reason)
        self.depart(users, reason)

    def depart(self, users: Sequence[User], reason: str) -> None:
        """Forget users who are gone, and tell whoever shared a room with one of them."""
        seen = [(user, rooms.witnesses(user)) for user in users]
        for user in users:
            rooms.forget(self.state, user)
        for user, witnesses in seen:
            if user.registration is not None:
                continue
            event = events.Quit(time=self.now, source=user.source, id=self.new_id(), reason=reason)
            self.output.record(event, user)
            self.output.show(event, witnesses)
            self.remember(user)
            monitor.tell_offline(self, user.nickname)

    def remember(self, user: User) -> None:
        """Note for WHOWAS that a nickname is given up."""
        rooms.remember(self.state, user, now=self.now, limit=self.settings.limits.whowas)

    # --- Inputs

    def _take(self, item: Input) -> None:
        if type(item) is Received:
            user = self.state.users.get(item.user)
            if user is not None:
                self._received(user, item.lines)
        elif isinstance(item, Connected):
            self._connected(item)
        elif isinstance(item, Disconnected):
            user = self.state.users.get(item.user)
            if user is None:
                return
            if item.orderly and user.deferred is not None:
                user.leaving = item.reason
            else:
                self.depart([user], item.reason)
        elif isinstance(item, Completed):
            self._completed(item)
        elif isinstance(item, Elapsed):
            self._elapsed()
        elif isinstance(item, Reconfigured):
            before, self.settings = self.settings, item.settings
            self.server = events.Source(prefix=item.settings.name)
            self._open_lobby(self.now)
            reloading.tell(self, before, item.settings)
        elif isinstance(item, ShutDown):
            self._shut_down(item.reason)

    def _failed(self, item: Input, error: Exception) -> None:
        """A mistake of ours: it costs whoever met it the connection, and nobody else anything."""
        self.output.fail(error)
        self.answers.forget()
        if isinstance(item, Received | Connected | Disconnected):
            self._give_up(self.state.users.get(item.user))

    def _give_up(self, user: User | None) -> None:
        """Send off a user whom we can not serve, in a state that may be half changed."""
        if user is None:
            return
        try:
            self.close(user, "Internal error")
        except Exception as error:
            self.output.fail(error)
            self.output.close(user, "Internal error")
            rooms.forget(self.state, user)

    def _connected(self, item: Connected) -> None:
        user = User(item, now=self.now)
        self.state.users[user.id] = user
        first = min(self.settings.registration_timeout, self.settings.ping_after)
        heapq.heappush(self._deadlines, (item.since + first, user.id))

    def _received(self, user: User, lines: list[bytes]) -> None:
        user.last_seen = self.now
        user.pinged_at = None
        users = self.state.users
        self._at_hand = user
        self._replies = 0
        for place, line in enumerate(lines):
            if self._replies >= PAGE and user.requests == 0:
                # Who asks much is answered as fast as they listen.
                self.await_sent(user, lambda _: None)
            if user.deferred is not None:
                user.deferred += lines[place:]
                return
            if user.registration is not None:
                user.registration.lines += 1
                if user.registration.lines > self.settings.registration_lines:
                    self.close(user, "Too many lines before registration")
            if user.id not in users:
                return
            if user.plain:
                plain.received(self, user, line)
            else:
                self._irc_line(user, line)

    def _irc_line(self, user: User, line: bytes) -> None:
        try:
            message = irc.parse(line)
        except ProtocolError as error:
            self.answers.begin(user, error.tags)
            self._refuse(user, error)
        else:
            if message.tags:
                self.answers.begin(user, message.tags)
            self.run(user, message)
        if self.answers.current is not None:
            self._finish_answer()

    def run(self, user: User, message: irc.Message) -> None:
        """Check a command against its row and call its handler."""
        row = commands.TABLE.get(message.command)
        if user.batch is not None and multiline.takes(self, user, message):
            return
        if user.registration is not None and not (
            row is not None and (row.early or row.early_with & user.caps)
        ):
            self.reply(user, numerics.ERR_NOTREGISTERED)
        elif row is None:
            self.reply(user, numerics.ERR_UNKNOWNCOMMAND, message.command)
        elif len(message.params) < row.params:
            self.reply(user, numerics.ERR_NEEDMOREPARAMS, row.name)
        elif row.operator and not user.modes & modes.OPERATOR:
            self.reply(user, numerics.ERR_NOPRIVILEGES)
        else:
            row.handler(self, user, message)

    def _refuse(self, user: User, error: ProtocolError) -> None:
        if error.problem is Problem.TOO_LONG:
            self.reply(user, numerics.ERR_INPUTTOOLONG)
        elif error.problem is Problem.NOT_UTF8:
            self.fail(user, error.command, "INVALID_UTF8", text=error.problem.value)
        elif error.problem is not Problem.NO_COMMAND:
            self.reply(user, numerics.ERR_UNKNOWNCOMMAND, error.command or "*")

    def _finish_answer(self) -> None:
        self.answers.finish(page=PAGE, here=self._is_here)

    def _line(self, command: str, *params: str) -> events.Protocol:
        return events.Protocol(time=self.now, source=self.server, command=command, params=params)

    def _completed(self, item: Completed) -> None:
        pending = self._pending.pop(item.request, None)
        if pending is None or not self._is_here(pending.user):
            return
        user, answer = pending.user, pending.answer
        user.requests -= 1
        self._at_hand = user
        self._replies = 0
        try:
            if answer is not None:
                answer.requests -= 1
                self.answers.current = answer
            pending.resume(item)
            self._finish_answer()
            if user.requests == 0 and self._is_here(user):
                lines, user.deferred = user.deferred or [], None
                if lines:
                    self._received(user, lines)
                if user.leaving is not None and user.deferred is None and self._is_here(user):
                    self.output.close(user, user.leaving)
                    self.depart([user], user.leaving)
        except Exception:
            self._give_up(user)
            raise

    def _elapsed(self) -> None:
        deadlines = self._deadlines
        due = []
        while deadlines and deadlines[0][0] <= self.now:
            due.append(heapq.heappop(deadlines)[1])
        for user_id in due:
            user = self.state.users.get(user_id)
            if user is None:
                continue
            try:
                again = registration.look_after(self, user)
            except Exception as error:
                self.output.fail(error)
                self._give_up(user)
                continue
            if again is not None:
                # Rounding must not bring it back at once, for ever.
                heapq.heappush(deadlines, (max(again, math.nextafter(self.now, math.inf)), user_id))

    def _shut_down(self, reason: str) -> None:
        """Send everybody off. Nobody is told who else leaves: they all do."""
        for user in list(self.state.users.values()):
            event = events.Closing(time=self.now, source=self.server, reason=reason)
            self.output.send(user, event)
            self.output.close(user, reason)
            rooms.forget(self.state, user)

    def _open_lobby(self, now: float) -> None:
        """Make the lobby, if it is not there: it is everybody's, so nobody is its operator."""
        for channel in list(self.state.channels.values()):
            channel.permanent = False
            if not channel.members:
                del self.state.channels[fold(channel.name)]
        lobby = rooms.find_or_create(self.state, self.settings.lobby, now=now)
        lobby.permanent = True
        lobby.modes = modes.LOBBY if not lobby.members else lobby.modes
