"""However inputs are grouped into steps, everybody is sent the same, and all of it is true.

The same inputs, made at random from a seed, are taken one a step, in groups, and all at once: line
by line, each client is to see no difference. What a client that believes it all believes in the end
is so; each label has one answer; and when all have left, nothing is left of them.

`TRIO_CHAT_SEED=something python -m pytest tests/core/test_differential.py` tries other seeds.
"""

from __future__ import annotations

import os
import random
import re
from typing import TypeAlias

import msgspec
import pytest

from tests.core.believer import LETTERS, Believer
from trio_chat.core import ids, modes, rooms
from trio_chat.core.core import Core
from trio_chat.core.feed import write
from trio_chat.core.inputs import Completed, Connected, Disconnected, Input, Received
from trio_chat.core.names import fold
from trio_chat.core.requests import AwaitSent
from trio_chat.core.settings import Limits, Settings
from trio_chat.core.state import User

SEED = os.environ.get("TRIO_CHAT_SEED", "")
NOW = 1_700_000_000.0
PAGE = 2
LONG = "x" * 40
"""Names are long, so that not many are in a line."""
ROOMS = ("#a", "#b", "#c", "#u", "#lobby")
CAPS = (
    "account-tag",
    "away-notify",
    "batch",
    "chghost",
    "draft/channel-rename",
    "draft/metadata-2",
    "draft/metadata-3",
    "draft/multiline",
    "echo-message",
    "extended-join",
    "extended-monitor",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "no-implicit-names",
    "server-time",
    "setname",
    "standard-replies",
    "userhost-in-names",
)
SAID = (
    "PRIVMSG {room} :{text}",
    "PRIVMSG {room} :{text}",
    "PRIVMSG {room},{other},{room2} :{text}",
    "PRIVMSG {other} :{text}",
    "PRIVMSG @{room} :{text}",
    "NOTICE {room} :{text}",
    "NOTICE +{room} :{text}",
    "@+typing=active TAGMSG {room}",
    "@+x=y PRIVMSG {room} :{text}",
    "BATCH +y draft/multiline {room}\n@batch=y PRIVMSG {room} :{text}\nBATCH -y",
    "BATCH +y draft/multiline {room}\n@batch=y PRIVMSG {room} :{text}\n{label}BATCH -y",
    "BATCH +y draft/multiline {room}\n@batch=y PRIVMSG {room} :{text}\nBATCH -z",
    "BATCH +y draft/multiline {other}",
    "BATCH +!! x",
)
DONE = (
    "JOIN {room}",
    "JOIN {room},{room2}",
    "JOIN #a,#b,#c,#u,#lobby",
    "JOIN nonsense,{room}",
    "PART {room}",
    "PART {room},{room2} :bye",
    "JOIN 0",
    "KICK {room} {other}",
    "KICK {room} {other},{other2} :out",
    "NICK {other}x",
    "NICK {other}",
    "NICK {nick}",
    "NICK al",
    "NICK ål",
    "NICK 1bad",
    "MODE {room} +m",
    "MODE {room} -m+i",
    "MODE {room} -i",
    "MODE {room} +k key",
    "MODE {room} -k *",
    "MODE {room} +l 4",
    "MODE {room} -l",
    "MODE {room} +f {room2}",
    "MODE {room} -f",
    "MODE {room} -n",
    "MODE {room} +s",
    "MODE {room} -s",
    "MODE {room}",
    "MODE {room} b",
    "MODE {room} +b {other}!*@*",
    "MODE {room} -b {other}!*@*",
    "MODE {room} +v {other}",
    "MODE {room} -v {other}",
    "MODE {room} +o {other}",
    "MODE {room} +hv {other} {other2}",
    "MODE {room} -o {other}",
    "MODE {room} -hv {other} {other2}",
    "MODE {nick} +i",
    "MODE {nick} -i",
    "MODE {nick} +B",
    "TOPIC {room} :{text}",
    "TOPIC {room}",
    "INVITE {other} {room}",
    "INVITE",
    "RENAME {room} {room2}",
    "RENAME #a #A",
    "RENAME {room} #d :moved",
    "AWAY :gone",
    "AWAY",
    "SETNAME :{text}",
    "MONITOR + {other},nobody,al",
    "MONITOR - {other}",
    "MONITOR S",
    "METADATA * SET avatar {text}",
    "METADATA * SET status :{text}",
    "METADATA * SET avatar",
    "METADATA {room} SET avatar {text}",
    "METADATA * CLEAR",
    "METADATA * SUB avatar status",
    "METADATA * UNSUB status",
    "METADATA {room} SYNC",
    "METADATA *ALL SYNC",
    "METADATA {other} LIST",
    "PING x",
    "QUIT :bye",
    "CAP REQ :-echo-message",
    "CAP LIST",
)
IN_AUDITORIUM = (
    "JOIN #u",
    "PART #u",
    "MODE #u +u",
    "MODE #u -u",
    "MODE #u +u-u",
    *("MODE #u +v {other}", "MODE #u -v {other}", "MODE #u +o {other}", "MODE #u -o {other}") * 2,
    "MODE #u -o+v {other} {other}",
    "MODE #u -o+h {other} {other}",
    "MODE #u +o-o {other} {other}",
    "MODE #u +h-h {other} {other}",
    "MODE #u +v-u {other}",
    "MODE #u -u+uo {other}",
    "MODE #u -v+o-o {other} {other2} {other}",
    "PRIVMSG #u :{text}",
    "NAMES #u",
)
ASKED = (
    "NAMES {room}",
    "NAMES {room},{room2}",
    "WHO {room}",
    "WHO {room} %tcnuhf,7",
    "WHO *",
    "WHO {other}*",
    "WHOIS {other}",
    "LIST",
    "LIST >1",
    "LIST *a*",
    "WHOWAS {other}",
    "USERHOST {other} {other2}",
    "LUSERS",
    "MOTD",
    "HELP",
)
OPERATORS = (
    "SAJOIN {other} {room}",
    "SAJOIN {room}",
    "SAMODE {room} +o {other}",
    "SAMODE {room} -o {other}",
    "SAMODE {room} +u",
    "SAMODE {room} -mnu",
    "KILL {other} :enough",
    "KLINE 1m {other}",
    "UNKLINE {other}",
    "CHGHOST {other} shown.example",
    "CHGHOST {other} other.example",
    "WALLOPS :{text}",
)
TYPED = (
    "{text}",
    "{text}",
    "/join {room}",
    "/part",
    "/me {text}",
    "/nick {other}x",
    "/msg {other} {text}",
    "/ignore {other}",
    "/unignore {other}",
    "/who",
    "/rooms",
    "/topic {text}",
)


class Comes(msgspec.Struct, frozen=True):
    """Somebody connects."""

    name: str
    plain: bool
    caps: list[str]


class Sends(msgspec.Struct, frozen=True):
    """Somebody sends lines."""

    name: str
    lines: list[str]


class Goes(msgspec.Struct, frozen=True):
    """Somebody's connection ends."""

    name: str
    orderly: bool


class Reads(msgspec.Struct, frozen=True):
    """Somebody takes the page that they were sent."""

    name: str


Act: TypeAlias = Comes | Sends | Goes | Reads


def make(seed: str) -> list[Act]:
    """Make what happens, from a seed."""
    return _Maker(random.Random(seed)).acts


class _Maker:
    """Makes up what everybody does."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.rooms = rng.sample(ROOMS, rng.randrange(2, len(ROOMS)))
        self.acts: list[Act] = []
        self.names: list[str] = []
        self.plain: set[str] = set()
        self.texts = self.labels = 0
        for _ in range(8):
            self.somebody_comes()
        if "#u" in self.rooms:
            # Sooner than most have come.
            self.acts.insert(14, Sends(self.names[0], ["JOIN #u", "MODE #u +u"]))
        for _ in range(rng.randrange(20, 120)):
            kind = rng.random()
            if kind < 0.05 and len(self.names) < 14:
                self.somebody_comes()
            elif kind < 0.08:
                self.acts.append(Goes(rng.choice(self.names), rng.random() < 0.5))
            elif kind < 0.25:
                self.acts.append(Reads(rng.choice(self.names)))
            else:
                # Whoever may do something does more.
                name = rng.choice([*self.names, *[self.names[0]] * 4])
                count = rng.choice((1, 1, 1, 2, 6))
                lines = [line for _ in range(count) for line in self.said_by(name)]
                self.acts.append(Sends(name, lines))

    def somebody_comes(self) -> None:
        rng, name = self.rng, f"user{len(self.names)}{LONG}"
        self.names.append(name)
        plain = len(self.names) > 1 and rng.random() < 0.2
        caps = rng.sample(CAPS, rng.randrange(len(CAPS)))
        self.acts.append(Comes(name, plain, caps))
        if plain:
            self.plain.add(name)
            lines = [name, "/join #a"]
        else:
            lines = [f"CAP REQ :{' '.join(caps)}", f"NICK {name}", f"USER {name[:6]} 0 * :{name}"]
            entered = self.rooms if rng.random() < 0.7 or len(self.names) == 1 else self.rooms[:1]
            lines += ["CAP END", f"JOIN {','.join(entered)}"]
        if len(self.names) > 1 and rng.random() < 0.1:
            # Half of a registration.
            lines = lines[:-2]
        self.acts.append(Sends(name, lines))
        if rng.random() < 0.8:
            # What a client is welcomed with is several pages.
            self.acts += [Reads(name)] * 12

    def said_by(self, name: str) -> list[str]:
        rng = self.rng
        if name in self.plain:
            line = rng.choice(TYPED)
        else:
            kinds = (SAID, SAID, DONE, DONE, DONE, IN_AUDITORIUM, ASKED, OPERATORS)
            line = rng.choice(rng.choice(kinds))
            if rng.random() < 0.3 and line[0] != "@":
                line = "{label}" + line
        while "{label}" in line:
            self.labels += 1
            line = line.replace("{label}", f"@label={name}-{self.labels} ", 1)
        other, other2 = rng.sample(self.names, 2)
        room, room2 = rng.sample(self.rooms, 2)
        self.texts += 1
        text = f"{name} {self.texts}"
        return line.format(
            room=room, room2=room2, nick=name, other=other, other2=other2, text=text
        ).split("\n")


class Run:
    """What comes of acts that are taken in groups of these sizes, over and over.

    `reads` are the requests that each act of reading answers, by its place: found out in a run in
    which every act is a step, and the same in all others.
    """

    def __init__(
        self, acts: list[Act], sizes: list[int], reads: dict[int, list[int]] | None = None
    ) -> None:
        settings = Settings(name="irc.test", limits=Limits(nickname=64))
        self.core = Core(settings, version="1", started=NOW, page=PAGE)
        self.ids: dict[str, int] = {}
        self.lines: dict[str, list[str]] = {}
        self.waiting: list[AwaitSent] = []
        self.found: dict[int, list[int]] = {}
        place = turn = 0
        while place < len(acts):
            # The first comes alone, and is made an operator of the server.
            size = sizes[turn % len(sizes)] if place else 2
            inputs: list[Input] = []
            for number in range(place, min(place + size, len(acts))):
                inputs += self.inputs(number, acts[number], reads)
            self.step(inputs)
            if not place:
                self.promote()
            place += size
            turn += 1

    def inputs(self, number: int, act: Act, reads: dict[int, list[int]] | None) -> list[Input]:
        if isinstance(act, Comes):
            self.ids[act.name] = len(self.ids) + 1
            self.lines[act.name] = []
            host = f"{act.name}.example"
            return [Connected(user=self.ids[act.name], plain=act.plain, host=host, since=NOW)]
        id = self.ids[act.name]
        if isinstance(act, Sends):
            return [Received(user=id, lines=[line.encode() for line in act.lines])]
        if isinstance(act, Goes):
            return [Disconnected(user=id, reason="gone", orderly=act.orderly)]
        if reads is None:
            self.found[number] = [item.id for item in self.waiting if item.user == id][:1]
        done = (self.found if reads is None else reads)[number]
        self.waiting = [item for item in self.waiting if item.id not in done]
        return [Completed(request=request, result=True) for request in done]

    def promote(self) -> None:
        """Make the first of them all an operator of the server."""
        user = self.core.state.users[1]
        rooms.set_user_modes(self.core.state, user, modes.OPERATOR)

    def step(self, inputs: list[Input]) -> None:
        names = {id: name for name, id in self.ids.items()}
        effects = self.core.step(inputs, NOW)
        assert effects.failures == []
        done = {item.request for item in inputs if isinstance(item, Completed)}
        for request in effects.requests:
            assert isinstance(request, AwaitSent)
            if request.id not in done:
                self.waiting.append(request)
        for id, chunks in effects.outputs:
            self.lines[names[id]] += write(chunks, id).decode().split("\r\n")[:-1]
        assert not self.core.busy

    def read_all(self) -> None:
        """Have everybody take all that there is for them."""
        while self.waiting:
            self.step([Completed(request=self.waiting.pop(0).id, result=True)])

    def close_batches(self) -> None:
        for name, id in self.ids.items():
            user = self.core.state.users.get(id)
            if user is not None and not user.plain:
                self.step([Received(user=id, lines=[b"BATCH -y", b"BATCH -z"])])
                self.lines[name].append("")
        self.read_all()

    def shown(self) -> dict[str, list[str]]:
        """Return what everybody was sent, with ids as they are told apart, whatever they are."""
        return {name: _tell_apart(lines) for name, lines in self.lines.items()}


_ID = re.compile(rf"\b{ids.head(ids.following(0, NOW))[:5]}[0-9A-Za-z]+\b")


def _tell_apart(lines: list[str]) -> list[str]:
    """Give ids numbers, in the order in which they first appear."""
    told: dict[str, str] = {}
    text = _ID.sub(lambda found: told.setdefault(found[0], f"id{len(told)}"), "\n".join(lines))
    return text.split("\n")


@pytest.mark.parametrize(
    "tens", [*range(6), *(pytest.param(tens, marks=pytest.mark.soak) for tens in range(6, 20))]
)
def test_grouping_does_not_show_and_all_is_true(tens: int) -> None:
    for ones in range(10):
        seed = f"{SEED}{tens}{ones}"
        try:
            _compare(seed)
        except AssertionError as failure:
            failure.add_note(f"The seed is {seed!r}")
            raise


def _compare(seed: str) -> None:
    acts = make(seed)
    rng = random.Random(seed)
    sizes = [rng.randrange(1, 13) for _ in range(8)]
    first = Run(acts, [1])
    runs = [first, Run(acts, sizes, first.found), Run(acts, [len(acts)], first.found)]
    shown = []
    for run in runs:
        run.read_all()
        run.close_batches()
        shown.append(run.shown())
    for other in shown[1:]:
        for name, lines in shown[0].items():
            assert other[name] == lines, f"{name} is shown something else"
    _believe(first, acts)
    _leave(first)


def _believe(run: Run, acts: list[Act]) -> None:
    """Compare what clients believe with what is so."""
    users = run.core.state.users
    for act in acts:
        if not isinstance(act, Comes) or act.plain:
            continue
        client = Believer(act.name, set(act.caps))
        for line in run.lines[act.name]:
            if line:
                client.take(line)
        user = users.get(run.ids[act.name])
        if user is None or not user.registered:
            continue
        assert client.batches == {}
        assert client.nickname == user.nickname
        assert set(client.rooms) == {fold(channel.name) for channel in user.channels}
        if {"labeled-response", "batch"} <= client.caps:
            assert client.labels == dict.fromkeys(_labels(act.name, acts), 1)
        for channel in user.channels:
            room = client.rooms[fold(channel.name)]
            assert room.topic == channel.topic
            if room.modes is not None:
                assert room.modes == {
                    row.letter
                    for row in modes.CHANNEL_MODES.values()
                    if row.bit & channel.modes and row.letter not in modes.LISTS
                }
            if not room.named:
                assert "no-implicit-names" in client.caps
                continue
            followed = {
                fold(one.nickname): standing
                for one, standing in channel.members.items()
                if rooms.shows(channel, user, one)
            }
            assert set(room.members) == set(followed), f"{act.name} in {channel.name}"
            if "multi-prefix" in client.caps:
                assert room.members == {
                    nickname: {LETTERS[symbol] for symbol in modes.symbols(standing, every=True)}
                    for nickname, standing in followed.items()
                }


def _labels(name: str, acts: list[Act]) -> list[str]:
    lines = [
        line for act in acts if isinstance(act, Sends) and act.name == name for line in act.lines
    ]
    return [line[7:].partition(" ")[0] for line in lines if line.startswith("@label=")]


def _leave(run: Run) -> None:
    """Have everybody leave; nothing is to be left."""
    for id in list(run.core.state.users):
        run.step([Disconnected(user=id, reason="gone")])
    run.read_all()
    state, ctx = run.core.state, run.core.context
    assert not state.users
    assert state.nicknames == state.lookalikes == {}
    assert state.registered == state.invisible == state.operators == 0
    assert list(state.channels) == [fold("#lobby")]
    (lobby,) = state.channels.values()
    assert lobby.members == lobby.silenced == {}
    assert lobby.known == {}
    assert lobby.feed is None
    assert not state.monitors.lists
    assert not state.ignores
    assert ctx.pending == {}
    assert not ctx.searches
    assert ctx.at_hand is None or isinstance(ctx.at_hand, User)
    assert ctx.answers.current is None


def test_the_cause_is_shown_before_the_effect() -> None:
    """A nickname that is free again is taken after its bearer has been seen to leave."""
    acts: list[Act] = [
        Comes("op", plain=False, caps=[]),
        Sends("op", ["NICK op", "USER op 0 * :op", "JOIN #r"]),
        *[Reads("op")] * 12,
        Comes("x", plain=False, caps=[]),
        Sends("x", ["NICK x", "USER x 0 * :x", "JOIN #r"]),
        *[Reads("x")] * 12,
        Sends("op", ["PRIVMSG #r :op 1"]),
        Goes("x", orderly=False),
        Comes("y", plain=False, caps=[]),
        Sends("y", ["NICK x", "USER y 0 * :y", "JOIN #r", "PRIVMSG #r :y 2"]),
    ]
    reads = Run(acts, [1]).found
    for sizes in ([1], [8], [len(acts)]):
        run = Run(acts, sizes, reads)
        run.read_all()
        words = [line.split()[:2] for line in run.lines["op"] if line.startswith(":x!")]
        assert [(source.partition("@")[0], verb) for source, verb in words] == [
            (":x!~x", "JOIN"),
            (":x!~x", "QUIT"),
            (":x!~y", "JOIN"),
            (":x!~y", "PRIVMSG"),
        ]
