"""A keeper: a client that owns accounts and rooms, changes them, and looks whether they are so.

After each kill it looks at what it has changed since it did last, and in the end at all of it
(`thorough`): it logs in with the passwords that it believes in (SASL PLAIN), and asks services and
the rooms. What it sends has labels (IRCv3 labeled-response), so each answer is that to one line.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Generator, Sequence
from typing import TypeAlias, TypeVar

from loadtest.drill import plans
from loadtest.drill.changes import Book, Change, Changes, Thing
from loadtest.drill.plans import Planner
from loadtest.drill.session import Session, UnexpectedError
from trio_chat.wire import irc

NEEDED = ("batch", "labeled-response", "message-tags", "sasl", "draft/account-registration")
AT_ONCE = 3
"""Changes that are asked for in one go, at most."""
ANOTHER = 0.02
"""Share of the turns in which it makes another account, or goes to another of its own."""
_UNKNOWN = "?"
"""What a password is that is none of those that it may be."""
_SERVICES = {"NickServ", "ChanServ"}

_T = TypeVar("_T")
_Course: TypeAlias = Generator[None, "irc.Message | None", _T]
"""What goes on with a connection: it is sent each message that comes, and None when it is its turn
to ask for something."""


class Keeper(Session):
    """A keeper. `act` is called when it may ask for something."""

    def __init__(self, name: str, changes: Changes, chance: random.Random) -> None:
        self.book = Book(changes)
        self.thorough = False
        """Whether it looks at everything when it comes back."""
        self._chance = chance
        self._plan = Planner(name, chance)
        super().__init__(name, needed=NEEDED)

    @property
    def is_ready(self) -> bool:
        """Whether everything has been looked at."""
        return self._is_ready

    def begin(self) -> None:
        super().begin()
        self._is_ready = False
        self._account = ""
        """That it is logged in to."""
        self._label = 0
        self._course = self._come()
        next(self._course)

    def act(self) -> None:
        """Ask for some changes."""
        assert self._is_ready
        assert not self.under_way
        self.under_way = 1
        self._course.send(None)

    def _heard(self, message: irc.Message) -> None:
        self._course.send(message)

    # --- The course of a connection

    def _come(self) -> _Course[None]:
        while True:
            message = yield
            if message is not None and message.command == "001":
                break
        yield from self._look()
        self._is_ready = True
        while True:
            while (yield) is not None:
                pass
            yield from self._turn()
            self.under_way = 0

    def _turn(self) -> _Course[None]:
        state = self.book.state
        there = [one for one in plans.accounts(state) if state[Thing("account", one)] != _UNKNOWN]
        others = [account for account in there if account != self._account]
        if others and (not self._account or self._chance.random() < ANOTHER):
            if not (yield from self._enter(self._chance.choice(others))):
                raise UnexpectedError(f"{self.name} can not log in any more")
        elif not there or (len(there) < plans.ACCOUNTS and self._chance.random() < ANOTHER):
            yield from self._register()
        else:
            yield from self._change(self._chance.randint(1, AT_ONCE))

    def _register(self) -> _Course[None]:
        account = self._plan.account()
        before = ["NS LOGOUT"] if self._account else []
        labels = self._ask(*before, f"NICK {account}")
        self._account = account
        change = self._plan.registration(account)
        labels += self._order(change)
        for label in labels[:-1]:
            yield from self._answer(label)
        yield from self._answer(labels[-1], change)

    def _change(self, most: int) -> _Course[None]:
        """Ask for changes in one go: the server may be killed between any two of them."""
        asked: list[tuple[str, Change | None]] = []
        for _ in range(most):
            state = self.book.planned()
            change = self._plan.change(state, self._account)
            rooms = {one: value for one, value in change.values.items() if one.kind == "room"}
            new = [one.name for one in rooms if one not in state]
            gone = [one.name for one, value in rooms.items() if not value]
            asked += [(label, None) for label in self._ask(*(f"JOIN {room}" for room in new))]
            asked += [(label, change) for label in self._order(change)]
            asked += [(label, None) for label in self._ask(*(f"PART {room}" for room in gone))]
            if not change.values.get(Thing("account", self._account), _UNKNOWN):
                self._account = ""
                break
        for label, wanted in asked:
            yield from self._answer(label, wanted)

    # --- Looking

    def _look(self) -> _Course[None]:
        book = self.book
        found: dict[Thing, str] = {}
        known = book.names("account")
        owners = yield from self._owners(book.names("room"))
        registered = yield from self._registered(known)
        touched = {thing.name for thing in book.touched if thing.kind == "account"}
        touched |= {owners.get(thing.name, "") for thing in book.touched}
        touched |= {book.state.get(Thing("room", thing.name), "") for thing in book.touched}
        for account in registered:
            looks = self.thorough or account in touched
            if looks:
                found[Thing("account", account)] = (yield from self._enter(account)) or _UNKNOWN
            else:
                thing = Thing("account", account)
                found[thing] = book.state.get(thing, "") or _UNKNOWN
            for room in (room for room, owner in owners.items() if owner == account):
                found[Thing("room", room)] = account
                if looks:
                    yield from self._look_at(room, account, found)
                else:
                    found |= {one: value for one, value in book.state.items() if one.name == room}
        book.compare(found)
        if not self._account and registered:
            yield from self._enter(registered[0])

    def _registered(self, known: Sequence[str]) -> _Course[list[str]]:
        """Return which of these accounts there are."""
        found = []
        labels = self._ask(*(f"NS INFO {account}" for account in known))
        for account, label in zip(known, labels, strict=True):
            answer = yield from self._answer(label)
            if _said(answer[0]) != plans.notice("NickServ", f"Nobody has registered {account}."):
                found.append(account)
        return found

    def _owners(self, known: Sequence[str]) -> _Course[dict[str, str]]:
        """Return whose rooms these are, of those that are registered."""
        found = {}
        labels = self._ask(*(f"CS INFO {room}" for room in known))
        for room, label in zip(known, labels, strict=True):
            answer = yield from self._answer(label)
            text = answer[0].params[-1]
            if text != f"{room} is not registered.":
                found[room] = text.removeprefix(f"{room} is ").partition("'s, since ")[0]
        return found

    def _look_at(self, room: str, owner: str, found: dict[Thing, str]) -> _Course[None]:
        """Look at what is set in a room, as whoever is in it sees it."""
        lines = f"JOIN {room}", f"CS AMODE {room}", f"TOPIC {room}", f"MODE {room} b"
        joined, access, topic, bans = self._ask(*lines)
        yield from self._answer(joined)
        for message in (yield from self._answer(access)):
            letters, _, name = message.params[-1].partition(" ")
            if letters[:1] == "+" and name != f"{owner} (founder)":
                found[Thing("access", room, name)] = letters
        for message in (yield from self._answer(topic)):
            if message.command == "332":
                found[Thing("topic", room)] = message.params[-1]
        for message in (yield from self._answer(bans)):
            if message.command == "367":
                found[Thing("ban", room, message.params[2])] = "+b"

    def _enter(self, account: str) -> _Course[str]:
        """Log in to an account and go into its rooms; return its password, or "": it is none of
        those that it may be."""
        for password in filter(None, self.book.possible(Thing("account", account))):
            token = base64.b64encode(f"\0{account}\0{password}".encode()).decode()
            first, second = self._ask("AUTHENTICATE PLAIN", f"AUTHENTICATE {token}")
            yield from self._answer(first)
            answer = yield from self._answer(second)
            if any(message.command == "903" for message in answer):
                self._account = account
                rooms = plans.rooms(self.book.state, account)
                for label in self._ask(*(f"JOIN {room}" for room in rooms)):
                    yield from self._answer(label)
                return password
        return ""

    # --- Questions and answers

    def _ask(self, *lines: str) -> list[str]:
        """Send lines; return their labels."""
        labels = []
        for line in lines:
            self._label += 1
            labels.append(str(self._label))
            self._send(f"@label={self._label} {line}")
        return labels

    def _order(self, change: Change) -> list[str]:
        self.book.ask(change)
        return self._ask(change.line)

    def _answer(self, label: str, change: Change | None = None) -> _Course[list[irc.Message]]:
        """Return the whole answer to a line; note as soon as it says that a change is made. Raises
        `UnexpectedError` when it does not."""
        found: list[irc.Message] = []
        reference = ""
        is_made = False
        while True:
            message = yield
            if message is None:
                continue
            ends = False
            if message.command == "BATCH" and message.params[0] == f"-{reference}":
                ends = True
            elif message.tags.get("label") == label:
                if message.command == "BATCH":
                    reference = message.params[0][1:]
                    continue
                found.append(message)
                ends = True
            elif reference and message.tags.get("batch") == reference:
                found.append(message)
            if change is not None and not is_made and found and _said(found[-1]) == change.success:
                is_made = True
                self.book.succeed()
            if ends:
                break
        if change is not None and not is_made:
            told = "; ".join(" ".join(_said(one)) for one in found)
            raise UnexpectedError(f"{self.name} asked for {change.line} and was told: {told}")
        return found


def _said(message: irc.Message) -> tuple[str, ...]:
    """Return what a message says, without to whom."""
    sender = message.source.partition("!")[0]
    if message.command == "NOTICE" and sender in _SERVICES:
        return plans.notice(sender, message.params[-1])
    return (message.command, *message.params)
