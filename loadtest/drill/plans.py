"""What a keeper of accounts and rooms does next, and how each change is asked for and answered.

Pure but for chance, which it is given. What can be done follows from what is there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from loadtest.drill.changes import Change, Thing

ACCOUNTS = 3
"""As many as a keeper has at most, at a time."""
ROOMS = 3
"""As many as an account has at most, at a time."""
BANS = 8
"""As many as a room has at most, at a time."""
LETTERS = "ohv"
"""What somebody can be by access, a founder aside."""

State = Mapping[Thing, str]


def accounts(state: State) -> list[str]:
    """Return the accounts that there are."""
    return [thing.name for thing, value in state.items() if thing.kind == "account" and value]


def rooms(state: State, account: str) -> list[str]:
    """Return the rooms of an account."""
    return [
        thing.name for thing, value in state.items() if (thing.kind, value) == ("room", account)
    ]


def notice(service: str, text: str) -> tuple[str, ...]:
    """Return what a service says."""
    return ("NOTICE", service, text)


class Planner:
    """Thinks of changes. Nothing that it names was ever there before, so that what is found can be
    told from anything else."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self._name = name
        self._chance = chance
        self._made = 0

    def account(self) -> str:
        """Return the name of another account."""
        return f"{self._name}a{self._next()}"

    def registration(self, account: str) -> Change:
        """Return what makes an account of the nickname."""
        password = self._password()
        if self._chance.random() < 0.5:
            line = f"REGISTER * * {password}"
            success: tuple[str, ...] = ("REGISTER", "SUCCESS", account, "Account created")
        else:
            line = f"NS REGISTER {password}"
            text = f"{account} is registered, and nobody else can be called that."
            success = notice("NickServ", text)
        return Change("account", line, success, {Thing("account", account): password})

    def change(self, state: State, account: str) -> Change:
        """Return something that its owner does to an account or one of its rooms."""
        own = rooms(state, account)
        kinds: dict[Callable[[State, str, str], Change], int] = {}
        if len(own) < ROOMS:
            kinds[self._register] = 16 if own else 200
        if own:
            kinds |= {self._topic: 60, self._access: 40, self._drop: 4}
        room = self._chance.choice(own) if own else ""
        bans = self._bans(state, room)
        if len(bans) < BANS:
            kinds[self._ban] = 48 if own else 0
        if bans:
            kinds |= {self._unban: 30, self._clear: 6}
        # What takes a hash is dear.
        kinds[self._passwd] = 1
        if len(accounts(state)) > 1 and all(len(self._heirs(state, one)) < 2 for one in own):
            # Where there are two it is not known who has had it for longer.
            kinds[self._drop_account] = 1
        [act] = self._chance.choices([*kinds], [*kinds.values()])
        return act(state, account, room)

    # --- Accounts

    def _passwd(self, state: State, account: str, room: str) -> Change:
        thing, password = Thing("account", account), self._password()
        success = notice("NickServ", f"{account} has another password now.")
        return Change(
            "password", f"NS PASSWD {state[thing]} {password}", success, {thing: password}
        )

    def _drop_account(self, state: State, account: str, room: str) -> Change:
        thing, own = Thing("account", account), rooms(state, account)
        values = dict.fromkeys([one for one in state if one == thing or one.detail == account], "")
        for name in own:
            heirs = self._heirs(state, name)
            if heirs:
                values |= {Thing("room", name): heirs[0], Thing("access", name, heirs[0]): ""}
            else:
                values |= dict.fromkeys([one for one in state if one.name == name], "")
        success = notice("NickServ", f"{account} is nobody's any more.")
        return Change("account dropped", f"NS DROP {state[thing]}", success, values)

    @staticmethod
    def _heirs(state: State, room: str) -> list[str]:
        """Return who may have a room when its founder is dropped: operators by access."""
        return [
            thing.detail
            for thing, value in state.items()
            if thing.kind == "access" and thing.name == room and value == "+o"
        ]

    # --- Rooms

    def _register(self, state: State, account: str, room: str) -> Change:
        room = f"#{self._name}r{self._next()}"
        text = f"{room} is registered now, and yours. HELP says what you can do with it."
        line = f"CS REGISTER {room} made by {account}"
        return Change("room", line, notice("ChanServ", text), {Thing("room", room): account})

    def _drop(self, state: State, account: str, room: str) -> Change:
        gone = [one for one in state if one.name == room]
        success = notice("ChanServ", f"{room} is not registered now.")
        return Change("room dropped", f"CS DROP {room} {room}", success, dict.fromkeys(gone, ""))

    def _topic(self, state: State, account: str, room: str) -> Change:
        text = f"topic {self._next()}"
        success = ("TOPIC", room, text)
        return Change("topic", f"TOPIC {room} :{text}", success, {Thing("topic", room): text})

    def _access(self, state: State, account: str, room: str) -> Change:
        others = [one for one in accounts(state) if one != account]
        if not others:
            return self._topic(state, account, room)
        other = self._chance.choice(others)
        thing = Thing("access", room, other)
        before = state.get(thing, "")
        letter = self._chance.choice([one for one in f"-{LETTERS}" if one not in (before or "-")])
        if letter == "-":
            changes, after = f"-{LETTERS}", ""
        else:
            changes, after = f"+{letter}-{LETTERS.replace(letter, '')}", f"+{letter}"
        success = notice("ChanServ", f"{other} has {after or 'no access'} in {room} now.")
        return Change("access", f"CS AMODE {room} {other} {changes}", success, {thing: after})

    def _ban(self, state: State, account: str, room: str) -> Change:
        mask = f"nobody{self._next()}!*@*"
        thing = Thing("ban", room, mask)
        if self._chance.random() < 0.5:
            return Change(
                "ban", f"MODE {room} +b {mask}", ("MODE", room, "+b", mask), {thing: "+b"}
            )
        success = notice("ChanServ", f"{mask} is banned from {room} now.")
        return Change("ban", f"CS BAN {room} {mask}", success, {thing: "+b"})

    def _unban(self, state: State, account: str, room: str) -> Change:
        thing = self._chance.choice(self._bans(state, room))
        mask = thing.detail
        if self._chance.random() < 0.5:
            return Change(
                "ban lifted", f"MODE {room} -b {mask}", ("MODE", room, "-b", mask), {thing: ""}
            )
        success = notice("ChanServ", f"Bans lifted: {mask}")
        return Change("ban lifted", f"CS UNBAN {room} {mask}", success, {thing: ""})

    def _clear(self, state: State, account: str, room: str) -> Change:
        success = notice("ChanServ", f"{room} is cleared of bans.")
        gone = dict.fromkeys(self._bans(state, room), "")
        return Change("bans cleared", f"CS CLEAR {room} BANS", success, gone)

    @staticmethod
    def _bans(state: State, room: str) -> list[Thing]:
        return [
            thing
            for thing, value in state.items()
            if thing.kind == "ban" and thing.name == room and value
        ]

    def _password(self) -> str:
        return f"pass-word-{self._name}-{self._next()}"

    def _next(self) -> int:
        self._made += 1
        return self._made
