"""A client that believes what it is told: who is in its rooms, as what, and what is set there.

It knows nothing of the server but the lines that it is sent, in their order, and complains of any
that a client can not make sense of.
"""

from __future__ import annotations

from collections import Counter

from trio_chat.core import modes
from trio_chat.core.names import fold
from trio_chat.wire import irc
from trio_chat.wire.irc import Message

LETTERS = {row.symbol: row.letter for row in modes.PREFIXES}
_WITH_PARAMETER = set("ovhaqbeIkfl")
_ENDED_WITHOUT = set("fl")
"""Modes that have a parameter when they are set, and none when they are not any more."""


class Room:
    """What a client believes of a room that it is in."""

    def __init__(self) -> None:
        self.members: dict[str, set[str]] = {}
        """By folded nickname: the letters of what each is."""
        self.named = False
        """Whether it has been told who was there before it came."""
        self.in_doubt = False
        """Whether it may hear of some who are there, and whom it has not been told of yet."""
        self.modes: set[str] | None = None
        """The letters that are set, once it has asked."""
        self.topic = ""


class Believer:
    """One client, and what it believes. `caps` are the capabilities that it has."""

    def __init__(self, name: str, caps: set[str]) -> None:
        self.name = name
        self.caps = caps
        self.nickname = ""
        self.rooms: dict[str, Room] = {}
        self.batches: dict[str, str] = {}
        """Open batches: the type of each, by reference."""
        self.labels: Counter[str] = Counter()
        """How many answers there were to each label."""
        self.said: Counter[str] = Counter()
        """How often each text was shown."""
        self.last: dict[str, int] = {}
        """The number of what each author said last, as far as this client was shown it."""

    def take(self, line: str) -> None:
        """Take one line, and change what is believed."""
        message = irc.parse(line.encode())
        if "label" in message.tags:
            self.labels[message.tags["label"]] += 1
        batch = message.tags.get("batch")
        assert batch is None or batch in self.batches, f"no such batch is open: {line}"
        handler = getattr(self, f"on_{message.command.lower()}", None)
        if handler is not None:
            handler(message)

    def on_001(self, message: Message) -> None:
        self.nickname = message.params[0]

    def on_batch(self, message: Message) -> None:
        assert "batch" in self.caps, "a batch for who knows none"
        sign, reference = message.params[0][0], message.params[0][1:]
        if sign == "+":
            assert reference not in self.batches
            self.batches[reference] = message.params[1]
        else:
            del self.batches[reference]

    # --- Rooms

    def on_join(self, message: Message) -> None:
        nickname, room = _nickname(message), fold(message.params[0])
        if nickname == fold(self.nickname):
            assert room not in self.rooms, f"{self.name} has joined {room} twice"
            self.rooms[room] = Room()
        else:
            assert room in self.rooms, f"{self.name} is not in {room}: {message}"
        self.rooms[room].members.setdefault(nickname, set())

    def on_part(self, message: Message) -> None:
        self._gone(_nickname(message), fold(message.params[0]))

    def on_kick(self, message: Message) -> None:
        self._gone(fold(message.params[1]), fold(message.params[0]))

    def _gone(self, nickname: str, room: str) -> None:
        assert room in self.rooms, f"{self.name} is not in {room}"
        if nickname == fold(self.nickname):
            del self.rooms[room]
        else:
            # Those whom nobody has named yet are not known.
            assert self.rooms[room].members.pop(nickname, None) is not None or not (
                self.rooms[room].named and not self.rooms[room].in_doubt
            ), f"{self.name} has not seen {nickname} in {room}"

    def on_quit(self, message: Message) -> None:
        for room in self.rooms.values():
            room.members.pop(_nickname(message), None)

    def on_nick(self, message: Message) -> None:
        before, after = _nickname(message), message.params[0]
        if before == fold(self.nickname):
            self.nickname = after
        for room in self.rooms.values():
            letters = room.members.pop(before, None)
            if letters is not None:
                assert fold(after) not in room.members, f"{after} is there twice"
                room.members[fold(after)] = letters

    def on_rename(self, message: Message) -> None:
        before, after = map(fold, message.params[:2])
        self.rooms[after] = self.rooms.pop(before)

    def on_353(self, message: Message) -> None:
        room = self.rooms.get(fold(message.params[2]))
        for name in message.params[3].split() if room is not None else ():
            nickname = name.lstrip("".join(LETTERS))
            letters = {LETTERS[symbol] for symbol in name[: len(name) - len(nickname)]}
            assert room is not None
            room.members[fold(nickname.partition("!")[0])] = letters

    def on_366(self, message: Message) -> None:
        room = self.rooms.get(fold(message.params[1]))
        if room is not None:
            room.named = True
            room.in_doubt = False

    # --- What is set in a room

    def on_332(self, message: Message) -> None:
        if fold(message.params[1]) in self.rooms:
            self.rooms[fold(message.params[1])].topic = message.params[2]

    def on_topic(self, message: Message) -> None:
        if fold(message.params[0]) in self.rooms:
            self.rooms[fold(message.params[0])].topic = message.params[1]

    def on_324(self, message: Message) -> None:
        if fold(message.params[1]) in self.rooms:
            self.rooms[fold(message.params[1])].modes = set(message.params[2][1:])

    def on_mode(self, message: Message) -> None:
        room = self.rooms.get(fold(message.params[0]))
        if room is None:
            return
        adding, params = True, list(message.params[2:])
        for letter in message.params[1]:
            if letter in "+-":
                adding = letter == "+"
                continue
            takes_one = letter in _WITH_PARAMETER and (adding or letter not in _ENDED_WITHOUT)
            param = params.pop(0) if takes_one else ""
            if letter in LETTERS.values():
                _set(room.members.get(fold(param)), letter, adding=adding)
            elif letter not in "beI":
                _set(room.modes, letter, adding=adding)
            if letter == "u" and not adding:
                # Who comes into view is named, in pages, and may leave before that.
                room.in_doubt = True

    # --- What is said

    def on_privmsg(self, message: Message) -> None:
        target, text = message.params
        if target[0] == "#" and _nickname(message) != fold(self.nickname):
            assert fold(target) in self.rooms, f"{self.name} is not in {target}: {message}"
        # Texts are the author's name and a number that grows.
        if "!" not in message.source:
            return
        author, number = text.strip("\x01").removeprefix("ACTION ").split()[:2]
        assert int(number) >= self.last.get(author, 0), (
            f"{self.name} was shown {text} after {self.last[author]}"
        )
        self.last[author] = int(number)
        key = f"{message.command} {target} {text}"
        self.said[key] += 1
        # What one says to oneself is sent, and echoed.
        assert self.said[key] == 1 or author == self.name, f"{self.name} was shown twice: {key}"

    on_notice = on_privmsg


def _nickname(message: Message) -> str:
    return fold(message.source.partition("!")[0])


def _set(letters: set[str] | None, letter: str, *, adding: bool) -> None:
    if letters is not None:
        (letters.add if adding else letters.discard)(letter)
