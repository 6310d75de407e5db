"""The core under any sequence of what users do, in steps of any size.

A model follows who ought to be where. After every step the core's own state is compared with it;
and what every member was sent of a room is compared with what the others were sent of it.
"""

from __future__ import annotations

import itertools

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.core.world import World
from trio_chat.core import modes, rooms
from trio_chat.core.inputs import Disconnected, Input
from trio_chat.core.names import fold, skeleton
from trio_chat.wire import irc
from trio_chat.wire.irc import Message

SAY = ("PRIVMSG #a :{text}", "PRIVMSG #a :{text}", "PRIVMSG #b :{text}", "PRIVMSG #lobby :{text}")
LINES = "BATCH +y draft/multiline #a\n@batch=y PRIVMSG #a :{text}\n@batch=y PRIVMSG #a :\nBATCH -y"
ACTIONS = st.sampled_from(
    [
        *SAY * 6,
        *["JOIN #a,#b", "PART #a", "PART #b", "NICK {other}x", "PING x"] * 2,
        *(f"@label=x {line}" for line in SAY[1:]),
        "PRIVMSG {other} :{text}",
        "PRIVMSG @#a :{text}",
        "PRIVMSG +#b :{text}",
        LINES,
        f"@label=x {LINES}",
        "BATCH +z draft/multiline #a\nPRIVMSG #a :{text}",
        "BATCH -z",
        "RENAME #a #b",
        "RENAME #b #c :moved",
        "RENAME #c #b",
        "RENAME #a #A",
        "JOIN #c",
        "JOIN #u",
        "PART #u",
        "MODE #u +u",
        "MODE #u -u",
        "MODE #u +v {other}",
        "KICK #u {other}",
        "MODE #b +f #a",
        "MODE #b +l 2",
        "MODE #b -lf",
        "MODE #a +b ~m:{other}",
        "MODE #a -b ~m:{other}",
        "MODE {other} +B",
        "MODE {other} -B",
        "MONITOR + {other},nobody,al",
        "MONITOR - {other}",
        "MONITOR C",
        "@label=x MONITOR S",
        "SETNAME :{text}",
        "NICK ål",
        "NICK аl",
        "WHO #u %tcnf,7",
        "LIST >0,*",
        "INVITE {other} #b",
        "KILL {other} :enough",
        "KLINE 1m {other}",
        "UNKLINE {other}",
        "SAJOIN {other} #b",
        "SAMODE #a +o {other}",
        "SAMODE #b -m",
        "WALLOPS :{text}",
        "MODE {other} +w",
        "MODE {other} -o",
        "STATS k",
        "NOTICE $* :{text}",
        "JOIN #a",
        "JOIN #b",
        "@label=x JOIN #a",
        "JOIN #lobby",
        "JOIN 0",
        "JOIN nonsense",
        "PART #a :bye",
        "PART #b",
        "KICK #a {other}",
        "KICK #b {other} :out",
        "NICK {other}x",
        "NICK {other}",
        "NICK al",
        "NICK AL",
        "NICK 1bad",
        "MODE #a +m",
        "MODE #a -mi",
        "MODE #a +i",
        "MODE #a +v {other}",
        "MODE #a +o {other}",
        "MODE #b -n",
        "MODE al +i",
        "TOPIC #a :{text}",
        "@label=x TOPIC #b :{text}",
        "AWAY :gone",
        "AWAY",
        "PING x",
        "@label=x PING x",
        "WHO #a",
        "QUIT :bye",
    ]
)
CAPS = st.sets(
    st.sampled_from(
        [
            "echo-message",
            "server-time",
            "message-tags",
            "labeled-response",
            "batch",
            "away-notify",
            "draft/multiline",
            "draft/channel-rename",
            "extended-monitor",
            "setname",
            "account-tag",
            "no-implicit-names",
        ]
    )
)


class Seen:
    """What one user has been sent, as a client keeps it."""

    def __init__(self, *, echo: bool) -> None:
        self.echo = echo
        self.nickname = ""
        self.rooms: dict[str, list[tuple[str, ...]]] = {}
        """What happened in each room that the user is in now, since they joined it."""
        self.last: dict[str, int] = {}
        """The number of the last message that was seen of each author."""
        self.here: dict[str, bool] = {}
        """Whether somebody has a nickname, as MONITOR tells it."""


class Chat(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.seen: dict[str, Seen] = {}
        self.waiting: list[Input] = []
        self.said = 0
        self.count = 0
        self.authors: dict[str, str] = {}
        """Who said what: every message is a number of its own."""

    @initialize(caps=st.lists(CAPS, min_size=4, max_size=4))
    def begin(self, caps: list[set[str]]) -> None:
        for each in caps:
            self.connect(each, "#a,#b")
        self.step()
        state = self.world.core.state
        for user in list(state.users.values())[:2]:
            rooms.set_user_modes(state, user, user.modes | modes.OPERATOR)

    # --- What users do

    def connect(self, caps: set[str], rooms: str) -> None:
        self.count += 1
        name = f"user{self.count}"
        self.seen[name] = Seen(echo="echo-message" in caps)
        self.waiting.append(self.world.add(name))
        lines = [f"CAP REQ :{' '.join(sorted(caps))}"] if caps else []
        lines += [f"NICK {name}", f"USER {name} 0 * :x", "CAP END", f"JOIN {rooms}"]
        self.waiting.append(self.world.lines(name, *lines))

    @rule(caps=CAPS, rooms=st.sampled_from(["#a", "#a,#b", "#lobby"]))
    def somebody_comes(self, caps: set[str], rooms: str) -> None:
        self.connect(caps, rooms)

    @rule(actions=st.lists(st.tuples(st.integers(0, 9), ACTIONS), min_size=5, max_size=30))
    def several_act_at_once(self, actions: list[tuple[int, str]]) -> None:
        here = [name for name, id in self.world.ids.items() if id in self.world.core.state.users]
        for index, action in actions:
            if not here:
                return
            name = here[index % len(here)]
            if "{text}" in action:
                self.said += 1
                self.authors[str(self.said)] = name
            line = action.format(text=self.said, other=here[-1 - index % len(here)])
            self.waiting.append(self.world.lines(name, *line.split("\n")))
        self.step()

    @rule(index=st.integers(0, 9))
    def somebody_is_gone(self, index: int) -> None:
        ids = list(self.world.core.state.users)
        if ids:
            self.waiting.append(Disconnected(user=ids[index % len(ids)], reason="gone"))

    # --- The step, and what everybody makes of it

    def step(self) -> None:
        inputs, self.waiting = self.waiting, []
        for name, lines in self.world.step(*inputs).items():
            for line in lines:
                self.take(name, irc.parse(line.encode()))
        self.compare()

    def take(self, name: str, message: Message) -> None:
        seen = self.seen[name]
        # Nicknames change hands; the user name in the source stays.
        who = message.source.partition("!~")[2].partition("@")[0]
        mine, params = who == name, message.params
        command = message.command
        if command == "001":
            seen.nickname = params[0]
        elif command == "JOIN":
            if mine:
                assert fold(params[0]) not in seen.rooms, "joined twice"
                seen.rooms[fold(params[0])] = []
            else:
                self.note(seen, params[0], "JOIN", who)
        elif command == "MODE" and mine and fold(params[0]) not in seen.rooms:
            # An operator who does it from outside (SAMODE) is shown it all the same.
            assert fold(params[0]) == fold(seen.nickname) or params[0].startswith("#")
        elif command in ("PART", "TOPIC", "MODE") and params[0].startswith("#"):
            self.note(seen, params[0], command, who, *params[1:])
            if command == "PART" and mine:
                del seen.rooms[fold(params[0])]
        elif command == "KICK":
            self.note(seen, params[0], "KICK", who, params[1])
            if fold(params[1]) == fold(seen.nickname):
                del seen.rooms[fold(params[0])]
        elif command == "RENAME":
            if fold(params[0]) != fold(params[1]):
                # Who does not know it is told that they left and came: so all begin anew.
                del seen.rooms[fold(params[0])]
                seen.rooms[fold(params[1])] = []
        elif command in ("730", "731"):
            for target in params[-1].split(","):
                seen.here[fold(target.partition("!")[0])] = command == "730"
        elif command == "PRIVMSG" and params[1]:
            # What one user said, in whichever rooms, is seen in that order; one's own whisper to
            # oneself twice.
            author = self.authors[params[1]]
            assert int(params[1]) + mine > seen.last.get(author, 0)
            seen.last[author] = int(params[1])
            if params[0].startswith(("@", "+")):
                room = fold(params[0][1:])
                assert room in seen.rooms or mine
            elif params[0].startswith("#"):
                # Only members are sent what is said, but for the sender's own echo.
                assert fold(params[0]) in seen.rooms or mine
                if fold(params[0]) in seen.rooms:
                    self.note(seen, params[0], "PRIVMSG", who, params[1])
            else:
                assert mine or fold(params[0]) == fold(seen.nickname)
        elif command == "NICK":
            if mine:
                seen.nickname = params[0]
            for events in seen.rooms.values():
                events.append(("NICK", who, params[0]))
        elif command == "QUIT":
            for events in seen.rooms.values():
                events.append(("QUIT", who))

    def note(self, seen: Seen, room: str, *event: str) -> None:
        assert fold(room) in seen.rooms, f"{seen.nickname} is not in {room}: {event}"
        seen.rooms[fold(room)].append(event)

    def compare(self) -> None:
        """Whoever is in a room saw all that those saw who were there before, since joining.

        NICK and QUIT concern all rooms at once and name none: they are left out. So is what was
        said by somebody who gets no echo of it.
        """
        names = {id: name for name, id in self.world.ids.items()}
        for channel in self.world.core.state.channels.values():
            if channel.name == "#u":
                # An auditorium, now and then: they do not see the same.
                continue
            members = [names[user.id] for user in channel.members]
            logs = [self.seen[name].rooms[fold(channel.name)] for name in members]
            for (_, earlier), (name, later) in itertools.pairwise(zip(members, logs, strict=True)):
                joins = [i for i, event in enumerate(earlier) if event[:2] == ("JOIN", name)]
                # Nobody saw it of those who were in the room when it was renamed.
                start = joins[-1] if joins else -1
                assert self.comparable(earlier[start + 1 :]) == self.comparable(later)

    def comparable(self, log: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        return [
            event
            for event in log
            if event[0] not in ("NICK", "QUIT")
            and (event[0] != "PRIVMSG" or self.seen[self.authors[event[2]]].echo)
        ]

    # --- What is always so

    @invariant()
    def memberships_mirror_each_other(self) -> None:
        state = self.world.core.state
        for folded, channel in state.channels.items():
            assert folded == fold(channel.name)
            assert channel.members or channel.permanent
            for user in channel.members:
                assert state.users[user.id] is user
                assert channel in user.channels
            assert channel.silenced.keys() <= channel.members.keys()
        for user in state.users.values():
            assert len(set(map(id, user.channels))) == len(user.channels)
            for channel in user.channels:
                assert user in channel.members
                assert state.channels[fold(channel.name)] is channel

    @invariant()
    def no_nickname_is_there_twice(self) -> None:
        state = self.world.core.state
        holders = [user for user in state.users.values() if user.nickname]
        assert len({fold(user.nickname) for user in holders}) == len(holders)
        assert {fold(user.nickname): user for user in holders} == state.nicknames

    @invariant()
    def counts_are_right(self) -> None:
        state = self.world.core.state
        registered = [user for user in state.users.values() if user.registered]
        assert state.registered == len(registered)
        assert state.invisible == sum(bool(user.modes & modes.INVISIBLE) for user in registered)
        assert state.operators == sum(bool(user.modes & modes.OPERATOR) for user in registered)
        assert state.peak >= state.registered
        assert all(user.registered for user in state.users.values() if user.channels)

    @invariant()
    def nobody_looks_like_another(self) -> None:
        state = self.world.core.state
        looks = [skeleton(user.nickname) for user in state.users.values() if user.nickname]
        assert len(set(looks)) == len(looks)
        assert all(user.id in state.users for user in state.lookalikes.values())

    @invariant()
    def who_is_watched_for_is_known_to_be_here_or_not(self) -> None:
        if self.waiting:
            return
        state = self.world.core.state
        names = {id: name for name, id in self.world.ids.items()}
        for user in state.users.values():
            for nickname in state.monitors.listed(user):
                known = self.seen[names[user.id]].here[fold(nickname)]
                assert known == (state.user_named(nickname) is not None)

    @invariant()
    def what_a_client_believes_is_so(self) -> None:
        if self.waiting:
            return
        for name, id in self.world.ids.items():
            user = self.world.core.state.users.get(id)
            if user is not None and user.registered:
                assert self.seen[name].nickname == user.nickname
                assert set(self.seen[name].rooms) == {fold(c.name) for c in user.channels}


class LongChat(Chat):
    """The same for longer."""


TestChat = Chat.TestCase
TestChat.settings = hypothesis.settings(max_examples=30, stateful_step_count=40, derandomize=False)

TestLongChat = pytest.mark.soak(LongChat.TestCase)
TestLongChat.settings = hypothesis.settings(max_examples=150, stateful_step_count=50)
