"""What handlers are given: the state, the settings, and the ways to answer and to show.

Owns whose command is at hand, how much it has been answered, and the requests that are under way.
Handlers change the state by way of `rooms.py`, and say what is to be sent by the methods here.

Must not know the table of commands, nor inputs: what calls the handlers is `core.py`, above.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from trio_chat.core import events, ids, metadata, modes, names, numerics, rooms
from trio_chat.core.accounts import ACCOUNT, METADATA, Accounts
from trio_chat.core.answers import Answers
from trio_chat.core.attempts import DAY, Attempts
from trio_chat.core.capabilities import STANDARD_REPLIES
from trio_chat.core.encoding import BODY_LIMIT, reply_head
from trio_chat.core.entries import (
    ABSENCE,
    Entry,
    Marked,
    is_account,
    name_of,
    of_channel,
    of_connection,
)
from trio_chat.core.ids import Position
from trio_chat.core.inputs import Completed
from trio_chat.core.keeping import Keeping
from trio_chat.core.letters import Letters
from trio_chat.core.metadata import Metadata
from trio_chat.core.numerics import Numeric
from trio_chat.core.output import Effects, Output
from trio_chat.core.questions import Question
from trio_chat.core.registered import ROOM, RegisteredRooms
from trio_chat.core.requesting import Requesting
from trio_chat.core.settings import Settings
from trio_chat.core.state import Channel, State, User

PAGE = 200
"""The replies of a page."""
BUDGET = 20_000
"""What a step costs at most (`Output.cost`) before it leaves what many would be shown for the next
one. What few are shown goes on to twice that."""
SEARCH = 2_000
"""What a search costs before others have their turn: an answer can look at much and say little."""
CHORE = 10
"""What a part of something that nobody waits for costs, besides what it counts itself."""


class Asked:
    """Something that is to be looked up in the history before an answer goes on.

    `resume` is called with what was found, and says what there is to say of it.
    """

    __slots__ = ("question", "resume")

    def __init__(self, question: Question, resume: Callable[[Completed], None]) -> None:
        self.question = question
        self.resume = resume


Replies: TypeAlias = Iterator[tuple[Numeric, tuple[str, ...]] | Asked | None]
"""Numeric replies with their parameters; None: something was looked at of which nothing is said."""

Part: TypeAlias = Callable[[], None]
"""A part of something that may be much."""


class Context(Requesting):
    """What is so, and what can be done about it.

    `last` is the number of the last step that was stored, by any run, and `kept` what outlives a
    restart (`keeping.py`), by table and key; `version` is what VERSION
    says; `started` is the time of the start, in seconds since the epoch, and `monotonic` the same
    on the clock that does not jump; `page` is the replies after which a user has to have taken them
    before there are more.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        last: int = 0,
        kept: Mapping[str, Mapping[str, bytes]] | None = None,
        version: str,
        started: float,
        monotonic: float,
        page: int = PAGE,
    ) -> None:
        self.settings = settings
        self.version = version
        self.started = started
        self.started_monotonic = monotonic
        self.page_size = page
        self.state = State()
        self.registered = RegisteredRooms((kept or {}).get(ROOM, {}))
        self.keeping = Keeping(kept or {}, self.registered)
        self.keeping.start(self.state.bans, now=started, monotonic=monotonic)
        self.state.bans.on_end = self.keeping.unban
        self.accounts = Accounts((kept or {}).get(ACCOUNT, {}))
        self.metadata = Metadata((kept or {}).get(METADATA, {}))
        limit = settings.metadata_value_limit
        metadata.take_over_descriptions(self.metadata, self.registered, self.keeping, limit)
        self.attempts = Attempts()
        self.registrations = Attempts(DAY)
        """How many accounts have been made from an address."""
        self.waiting: dict[str, collections.deque[int]] = {}
        """Requests of those whose attempt waits for others of the same origin."""
        self.letters = Letters()
        output = Output()
        super().__init__(output, Answers(output, line=self.line, new_id=self.new_id))
        self.server = events.Source(prefix=settings.name)
        self.now = started
        """The time of this step, in seconds since the epoch: to be shown, for it can jump."""
        self.monotonic = monotonic
        """The time of this step, in seconds since any beginning: for measuring how long it is."""
        self.at_hand: User | None = None
        """Whose lines are carried out."""
        self.searches: collections.deque[int] = collections.deque()
        """Requests of searches that go on when a step has time for them."""
        self.chores: collections.deque[Part] = collections.deque()
        """What is to be done when a step has time for it, and that nobody waits for."""
        self.number = ids.following(last, started)
        """The step's, greater than that of every step before it."""
        self._places = -1
        """The place in the step of what has got an id last."""
        self._run = ids.head(self.number)
        """What no other run has."""

    def begin(self, now: float, monotonic: float, utc_offset: int) -> None:
        """Begin a step at this time."""
        self.now = now
        self.monotonic = monotonic
        self.number = ids.following(self.number, now)
        self._places = -1
        self.at_hand = None
        self.output.recording = self.settings.history
        self.output.begin(self.number, now, monotonic, utc_offset)

    def end(self) -> Effects:
        """End the step: return what follows from it, with all that has to be stored."""
        self.lay_to_rest()
        self.keeping.collect(
            self.output.records,
            number=self.number,
            monotonic=self.monotonic,
            new_id=self.new_id,
        )
        return self.output.take()

    def channel(self, name: str) -> Channel:
        """Return the channel with this name; if there is none it is made, with the topic that it
        had when the last of its members left; a registered room with all that it had."""
        found = self.state.channel_named(name)
        if found is None:
            self.lay_to_rest()
            found = rooms.find_or_create(self.state, name, now=self.now)
            found.made_at = self.position
            days = self.settings.retention_days
            self.output.cost += self.keeping.made(found, now=self.now, days=days)
        return found

    def lay_to_rest(self) -> None:
        """See to what is kept of channels that everybody has left. What happens under their names
        after this is of others."""
        days = self.settings.retention_days
        for channel in self.state.left:
            moved = self.keeping.left(channel, now=self.now, days=days, new_id=self.new_id)
            self.output.records += moved
        self.state.left.clear()

    def on_the_wall(self, monotonic: float) -> float:
        """Return what the other clock shows then, in seconds since the epoch."""
        return self.now + (monotonic - self.monotonic)

    def is_here(self, user: User) -> bool:
        """Whether a user is still connected."""
        return user.id in self.state.users

    def new_id(self) -> str:
        """Return an id that nothing else has (IRCv3 message-ids): it says where that is in the log
        of all that happens."""
        self._places += 1
        return ids.encode(self.number, self._places)

    @property
    def position(self) -> Position:
        """Where in the log we are: behind this comes what is given an id next."""
        return Position(self.number, self._places)

    def party(self, user: User) -> str:
        """Return what a user is called where history is kept of what two write to each other: what
        they are logged in to, or else this one connection (`entries.py`)."""
        if not user.account:
            return self.connection(user)
        if not user.party:
            account = self.accounts.get(user.account)
            user.party = account.party if account is not None else f"{names.fold(user.account)}/"
        return user.party

    def connection(self, user: User) -> str:
        """Return what a user's connection is called there, whatever they are logged in to."""
        return of_connection(self._run, user.id)

    def clients(self, account: str) -> list[User]:
        """Return who is here and logged in to the account of this name."""
        clients = self.state.accounts.get(names.fold(account), ())
        return [one for one in clients if one.registration is None]

    def whose(self, party: str) -> list[User]:
        """Return who is called that (`party`, `connection`), of those who are here."""
        if is_account(party):
            return [one for one in self.clients(name_of(party)) if self.party(one) == party]
        head = f"+{self._run}"
        found = self.state.users.get(int(party[len(head) :])) if party.startswith(head) else None
        return [found] if found is not None else []

    def send(self, user: User, event: events.Event) -> None:
        """Send an event to a user; to who gave the command, as part of the answer to it."""
        if user is self.at_hand:
            self.replies += 1
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
        if user is self.at_hand:
            self.replies += len(tails)
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

    def warn(self, user: User, command: str, code: str, *, text: str) -> None:
        """Send WARN to who understands it (IRCv3 standard-replies), a notice to everybody else."""
        if user.caps & STANDARD_REPLIES:
            event = events.Standard(
                time=self.now,
                source=self.server,
                kind="WARN",
                command=command,
                code=code,
                context=(),
                text=text,
            )
            self.send(user, event)
        else:
            self.notice(user, f"{command}: {text}")

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
        self.send(user, self.line(command, *params))

    def labelled(self, user: User) -> bool:
        """Whether the command at hand is this user's and has a label."""
        return self.answers.labelled(user)

    def record(self, event: events.Event, witnesses: rooms.Witnesses) -> None:
        """Have an event stored, for the history of the channels in which it was seen, if there is
        any.

        Where only moderators saw it, only they are shown it again.
        """
        if not self.output.recording:
            return
        seen = [of_channel(channel.name) for channel, audience in witnesses if audience is None]
        if seen:
            self.output.record(Entry(event, tuple(seen)))
        elif witnesses:
            hidden = tuple(of_channel(channel.name) for channel, _ in witnesses)
            self.output.record(Entry(event, hidden, modes.HALFOP))

    def notify(self, witnesses: rooms.Witnesses, event: events.Event, actor: User) -> None:
        """Show an event to whoever sees it, in the way of their own to who did it, and have it
        stored."""
        self.record(event, witnesses)
        self.output.show(event, witnesses, without=(actor,))
        self.send(actor, event)

    def page(self, user: User, replies: Replies, *, look: int = 0, sent: int = 0) -> None:
        """Send replies, however many: a page at a time, each when the last has been taken.

        Where it takes long, it goes on in a later step. `look` is what it costs to look at what one
        of them may be about: such a search waits for a step that has time for it. `sent` have been
        sent since the last page. The state may change between any two: the iterator looks at what
        it says when it is asked for it, so that whoever has been shown a change is not told
        otherwise later.
        """
        if user is not self.at_hand:
            # Somebody is made to join: the page is theirs.
            at_hand, replied = self.at_hand, self.replies
            self.at_hand, self.replies = user, 0
            self.page(user, replies, look=look, sent=sent)
            self.at_hand, self.replies = at_hand, replied
            return
        output = self.output
        # What was answered to earlier lines is no reason to cut this answer.
        before = self.replies
        self.replies += sent
        end = output.cost + SEARCH
        if look:
            # Those that have begun before have as much of a step.
            end = min(end, BUDGET // 2)
        if not look or output.cost < end:
            for found in replies:
                output.cost += look
                if isinstance(found, Asked):
                    self._ask_first(user, found, replies, look=look, sent=self.replies - before)
                    return
                if found is not None:
                    self.reply(user, found[0], *found[1])
                if self.replies - before >= self.page_size:
                    self.await_sent(user, lambda _: self.page(user, replies, look=look))
                    return
                if output.cost >= end:
                    break
            else:
                return
        sent = self.replies - before
        self._search_later(user, lambda _: self.page(user, replies, look=look, sent=sent))

    def without_waiting(self, parts: Iterable[Part]) -> None:
        """Do the parts of something that nobody's line waits for; where they take long, go on in
        later steps."""
        left = collections.deque(parts)
        output = self.output
        end = min(output.cost + SEARCH, BUDGET)
        while left and output.cost < end:
            output.cost += CHORE
            left.popleft()()
        self.chores.extend(left)

    def _ask_first(
        self, user: User, asked: Asked, replies: Replies, *, look: int, sent: int
    ) -> None:
        """Go on with an answer once something has been looked up."""

        def resume(done: Completed) -> None:
            asked.resume(done)
            self.page(user, replies, look=look, sent=sent)

        self.look_up(user, asked.question, resume)

    def _search_later(self, user: User, resume: Callable[[Completed], None]) -> None:
        """Call `resume` in a step that has time for it, behind who waits for that already.

        Each turn costs the user as much as another line does.
        """
        self.output.charge(user)
        self.searches.append(self.begin_request(user, resume))

    def parties(self, users: Iterable[User]) -> dict[str, str]:
        """Return the accounts that some users are logged in to, each with its party."""
        return {
            user.account: self.party(user)
            for user in users
            if user.account and user.registration is None
        }

    def note_absences(self, left: Mapping[str, str]) -> None:
        """Keep since when nobody is here of those accounts that are left by all."""
        for account, party in left.items():
            if self.settings.history and not self.clients(account):
                self.output.records.append(Marked(party, ABSENCE, ids.milliseconds(self.now)))

    def close(self, user: User, reason: str) -> None:
        """End a user's connection; who shares a room with them is shown the reason too."""
        self.close_all([user], reason)

    def close_all(self, users: Sequence[User], reason: str) -> None:
        """End the connections of several users, who are not shown each other's end."""
        for user in users:
            event = events.Closing(time=self.now, source=self.server, reason=reason)
            self.answers.send(user, event)
            self.output.close(user, reason)
        self.depart(users, reason)

    def depart(self, users: Sequence[User], reason: str) -> None:
        """Forget users who are gone, and tell whoever shared a room with one of them."""
        # As they were, and to whom: once they are forgotten nobody shares a room with them.
        seen = [(user, user.source, rooms.witnesses(user)) for user in users]
        left = self.parties(users)
        for user in users:
            rooms.forget(self.state, user)
        self.note_absences(left)
        for user, source, witnesses in seen:
            if user.registration is not None:
                continue
            event = events.Quit(time=self.now, source=source, id=self.new_id(), reason=reason)
            self.record(event, witnesses)
            self.output.show(event, witnesses)
            self.remember(user)
            self.tell_offline(user.nickname)

    def tell_online(self, user: User) -> None:
        """Tell who watches for a nickname that somebody has it now (IRCv3 monitor)."""
        self._tell_watchers(user.nickname, numerics.RPL_MONONLINE, user.prefix)

    def tell_offline(self, nickname: str) -> None:
        """Tell who watches for a nickname that nobody has it any more (IRCv3 monitor)."""
        self._tell_watchers(nickname, numerics.RPL_MONOFFLINE, nickname)

    def _tell_watchers(self, nickname: str, numeric: Numeric, text: str) -> None:
        watchers = self.state.monitors.watchers(nickname)
        if watchers:
            # "*" for the client's name makes it the same line for all of them.
            event = events.Reply(
                time=self.now, source=self.server, numeric=numeric, nickname="*", params=(text,)
            )
            self.output.broadcast(watchers, event)

    def remember(self, user: User) -> None:
        """Note for WHOWAS that a nickname is given up."""
        rooms.remember(self.state, user, now=self.now, limit=self.settings.limits.whowas)

    def line(self, command: str, *params: str) -> events.Protocol:
        """Return a line that only IRC has."""
        return events.Protocol(time=self.now, source=self.server, command=command, params=params)
