"""What outlives a restart, and what nobody gets to read who comes later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import RECORDING, SERVER, START, World, codes, prefix
from tests.journal.rig import File, memory, texts
from trio_chat.core import keeping, modes, values
from trio_chat.core.bans import Bans
from trio_chat.core.entries import Kept, Moved
from trio_chat.core.inputs import Reconfigured, ShutDown
from trio_chat.core.keeping import Keeping
from trio_chat.core.output import Effects
from trio_chat.core.questions import Search
from trio_chat.core.registered import RegisteredRooms
from trio_chat.core.settings import Settings
from trio_chat.journal.readers import Deadline
from trio_chat.journal.search import search

DAY = 86_400.0
CAPS = "standard-replies draft/channel-rename"


class Durable(World):
    """A core whose records go into a file: `full` is whether they can not."""

    def __init__(self, file: File, *, now: float = START, settings: Settings | None = None) -> None:
        rows = file.connection.execute("SELECT kind, key, value FROM kept").fetchall()
        kept: dict[str, dict[str, bytes]] = {}
        for table, key, value in rows:
            kept.setdefault(table, {})[key] = value
        last = file.one("SELECT value FROM meta WHERE name = 'last'")
        assert isinstance(last, int)
        super().__init__(settings or RECORDING, journal=file, now=now, last=last, kept=kept)
        self.file = file

    def store(self, journal: File, effects: Effects) -> None:
        super().store(journal, effects)
        journal.file()

    def restarted(self, *, after: float = 60.0, settings: Settings | None = None) -> Durable:
        """Return what follows when it is killed, and started again some seconds later."""
        return Durable(self.file, now=self.now + after, settings=settings)

    def operator(self, name: str = "op", caps: str = CAPS) -> None:
        self.irc(name, caps=caps)
        self.core.state.users[self.ids[name]].modes |= modes.OPERATOR

    def heard(self, channel: str = "#a") -> list[str]:
        """Return what somebody would find who may read what there is of a channel."""
        return texts(self.file.page(channel))

    def kept(self, table: str) -> set[str]:
        rows = self.file.connection.execute("SELECT key FROM kept WHERE kind = ?", (table,))
        return {key for (key,) in rows}


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path / "journal.db")
    yield file
    file.close()


@pytest.fixture
def world(file: File) -> Durable:
    return Durable(file)


# --- Bans


def test_bans_outlive_a_restart(world: Durable) -> None:
    world.operator()
    world.ask("op", "KLINE *!~bo@* :spam", "KLINE 1h Cy!*@* :for now", "DLINE ::ffff:192.0.2.0/120")
    before = world.ask("op", "STATS k", "STATS d")
    world = world.restarted()
    world.operator()
    assert world.ask("op", "STATS k", "STATS d") == before
    assert "until 2023-11-14 23:13:20 UTC" in before[1]
    assert codes(world.irc("bo")) == ["465", "ERROR"]
    assert codes(world.irc("cy")) == ["465", "ERROR"]
    assert world.core.refusal("192.0.2.7", world.now) == "You are banned (No reason given)"
    # They end when they would have ended.
    world.now = START + 3599
    assert codes(world.irc("cy")) == ["465", "ERROR"]
    world.now = START + 3600
    assert codes(world.irc("cy"))[0] == "001"


def test_bans_that_are_lifted_or_over_are_not_kept(world: Durable) -> None:
    world.operator()
    world.ask("op", "KLINE 1h *!~bo@*", "KLINE cy!*@*", "DLINE 2h 192.0.2.7", "DLINE 192.0.2.8")
    assert len(world.kept("kline")) == len(world.kept("dline")) == 2
    world.ask("op", "UNKLINE CY!*@*", "UNDLINE 192.0.2.8")
    assert world.kept("kline") == {"*!~bo@*"}
    # One is over while the server runs, the other meanwhile.
    world.now += 3600
    world.irc("bo")
    assert world.kept("kline") == set()
    world = world.restarted(after=7200)
    assert world.core.refusal("192.0.2.7", world.now) == ""
    assert world.core.next_deadline is not None
    world.step()
    assert world.kept("dline") == set()
    assert world.core.next_deadline is None


@pytest.mark.parametrize("deed", ["KLINE *!~bo@*", "DLINE 192.0.2.7", "UNKLINE cy!*@*"])
def test_whoever_changes_bans_is_answered_when_that_is_stored(world: Durable, deed: str) -> None:
    world.operator()
    world.irc("al")
    world.ask("op", "KLINE cy!*@*")
    step = [world.lines("op", deed), world.lines("al", "PING x")]
    effects = world.core.step(step, world.now)
    assert effects.records
    assert world.core.concerned(effects) == {world.ids["op"]}
    world.core.stored(effects)
    assert world.core.concerned(effects) == set()


def test_a_ban_that_could_not_be_stored(world: Durable) -> None:
    """It is in force, whoever gave it is told, and it is stored as soon as that works."""
    world.operator()
    world.operator("plain", caps="")
    world.full = True
    found = world.send("op", "KLINE *!~bo@*")
    assert found["op"][0] == f":{SERVER} NOTICE op :*!~bo@* is banned for good"
    text = "It is in force, but could not be stored: a restart would undo it. It is tried again."
    assert found["op"][1:] == [f":{SERVER} WARN KLINE COULD_NOT_BE_STORED :{text}"]
    assert world.ask("plain", "DLINE 192.0.2.7", "PING x")[-1].endswith("PONG irc.test x")
    world.now += 0.5
    assert world.step() == {}
    world.now += 0.5
    assert world.core.next_deadline == world.now
    # It is told when it is tried.
    assert world.step()["plain"] == [f":{SERVER} NOTICE plain :DLINE: {text}"]
    # Once.
    world.now += 1
    assert world.step() == {}
    assert codes(world.irc("bo")) == ["465", "ERROR"]
    assert world.kept("kline") == world.kept("dline") == set()
    world.full = False
    world.now += 1
    assert world.step() == {}
    assert world.kept("kline") == {"*!~bo@*"}
    assert world.kept("dline") == {"192.0.2.7"}
    assert world.core.next_deadline is not None
    assert world.core.next_deadline > world.now
    world.full = True
    lifted = world.ask("op", "UNKLINE *!~bo@*")
    assert lifted[1].endswith(
        "WARN UNKLINE COULD_NOT_BE_STORED :It is lifted, but could not be stored: a restart would"
        " undo it. It is tried again."
    )
    world.ask("op", "QUIT")
    world.now += 1
    world.step()
    assert world.restarted().core.state.bans.masks.keys() == {"*!~bo@*"}


def test_what_can_not_be_read_is_said_and_left() -> None:
    good = msgspec.msgpack.encode([values.LAYOUT, "bo!*@*", "no", "op", START, None])
    kept = {
        "kline": {"bo!*@*": good, "cy!*@*": b"\xc1", "di!*@*": good.replace(b"\x01", b"\x02", 1)},
        "dline": {"x": msgspec.msgpack.encode([values.LAYOUT, "x", "no", "op", START, None])},
        "topic": {"#a": b"nonsense"},
    }
    world = World(kept=kept)
    assert world.core.state.bans.masks.keys() == {"bo!*@*"}
    assert [said.split(":")[0] for said in world.core.unreadable] == [
        "kline cy!*@*",
        "kline di!*@*",
        "dline x",
        "topic #a",
    ]
    world.irc("al", rooms="#a")
    assert world.core.context.keeping.due is None


def test_an_end_is_kept_on_the_clock_that_people_set() -> None:
    value = msgspec.msgpack.encode([values.LAYOUT, "bo!*@*", "no", "op", START, START + 3600])
    bans = Bans()
    kept = Keeping({"kline": {"bo!*@*": value}}, RegisteredRooms({}))
    kept.start(bans, now=START + 600, monotonic=17.0)
    assert bans.masks["bo!*@*"].until == 17.0 + 3000


# --- Topics


def test_topics_outlive_a_restart_and_their_channel(world: Durable) -> None:
    world.irc("al", rooms="#A,#lobby")
    world.ask("al", "TOPIC #a :of a", "TOPIC #lobby :of all")
    topic = [f":{SERVER} 332 al #A :of a", f":{SERVER} 333 al #A {prefix('al')[1:]} {int(START)}"]
    world.now += 10
    world.ask("al", "PART #a")
    assert world.ask("al", "JOIN #A")[1:3] == topic
    # Killed with somebody there, and with nobody there.
    for lines in ("PING x", "PART #a"):
        world.ask("al", lines)
        world = world.restarted()
        assert f":{SERVER} 332 al #lobby :of all" in world.irc("al", rooms="#lobby")
        assert world.ask("al", "JOIN #A")[1:3] == topic
    world.ask("al", "TOPIC #a :")
    world = world.restarted()
    assert codes(world.irc("al", rooms="#a"))[-3:] == ["JOIN", "353", "366"]
    assert world.kept("topic") == {"#lobby"}


def test_a_topic_goes_along_when_its_channel_is_renamed(world: Durable) -> None:
    world.irc("al", rooms="#a,#b", caps=CAPS)
    world.ask("al", "TOPIC #a :of a", "TOPIC #b :of b", "PART #b", "RENAME #a #b")
    assert world.kept("topic") == {"#b"}
    world = world.restarted()
    assert f":{SERVER} 332 al #b :of a" in world.irc("al", rooms="#b")
    world.ask("al", "PART #b", "JOIN #c,#d", "TOPIC #d :of d", "PART #d", "RENAME #c #d")
    assert world.kept("topic") == {"#b"}
    assert "332" not in codes(world.restarted().irc("al", rooms="#d"))


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(("days", "there"), [(30, False), (31, True), (0, True)])
def test_a_topic_is_kept_as_long_as_what_was_said(
    world: Durable, days: int, there: bool, restart: bool
) -> None:
    settings = msgspec.structs.replace(RECORDING, retention_days=days)
    world.step(Reconfigured(settings=settings))
    world.irc("al", rooms="#a")
    world.ask("al", "TOPIC #a :of a")
    # It counts from when the last has left.
    world.now += 100 * DAY
    world.ask("al", "PART #a")
    if restart:
        world = world.restarted(settings=settings)
        world.irc("al")
    world.now = START + 130 * DAY
    answer = world.ask("al", "JOIN #a")
    assert ("332" in codes(answer)) == there
    assert world.kept("topic") == ({"#a"} if there else set())


def test_where_somebody_was_when_it_ended_counts_from_the_next_start(world: Durable) -> None:
    settings = msgspec.structs.replace(RECORDING, retention_days=30)
    world.irc("al", rooms="#a")
    world.ask("al", "TOPIC #a :of a")
    for _ in range(3):
        world = world.restarted(after=10 * DAY, settings=settings)
        world.step()
    world = world.restarted(after=9 * DAY, settings=settings)
    assert "332" in codes(world.irc("al", rooms="#a"))
    world.ask("al", "PART #a")
    world = world.restarted(after=30 * DAY, settings=settings)
    assert "332" not in codes(world.irc("al", rooms="#a"))


def test_so_many_topics_are_kept(world: Durable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "TOPICS", 2)
    world.irc("al", rooms="#a,#b,#c,#d")
    for name in "abcd":
        world.ask("al", f"TOPIC #{name} :x")
    for name in "cbad":
        world.now += 1
        world.ask("al", f"PART #{name}")
    assert world.kept("topic") == {"#a", "#d"}
    world.ask("al", "JOIN #b", "TOPIC #b :x", "JOIN #a", "PART #b")
    assert world.kept("topic") == {"#a", "#b", "#d"}
    world = world.restarted()
    world.step()
    # Of those that count from the start alike, one goes.
    assert len(world.kept("topic")) == 2


# --- Sealing


PRIVATE = ["+i", "+k key", "+s", "+R"]


@pytest.mark.parametrize("mode", PRIVATE)
@pytest.mark.parametrize("end", ["PART #a", "JOIN 0", "QUIT", "KICK #a al", "killed", "stopped"])
def test_what_was_said_in_private_is_nobody_elses(world: Durable, mode: str, end: str) -> None:
    world.irc("al", rooms="#a")
    world.ask("al", f"MODE #a {mode}", "TOPIC #a :secret", "PRIVMSG #a :secret")
    assert world.heard() == ["secret"]
    if end == "stopped":
        world.step(ShutDown(reason="over"))
        assert world.kept("private") == set()
    elif end != "killed":
        world.ask("al", end)
        assert world.kept("private") == set()
    if end in ("killed", "stopped"):
        world = world.restarted()
    answer = world.irc("bo", rooms="#a")
    assert "332" not in codes(answer)
    world.ask("bo", "PRIVMSG #a :new")
    assert world.heard() == ["new"]
    assert world.kept("topic") == world.kept("private") == set()
    # It is kept, and exported, under a key that is no channel's.
    keys = [key for (key,) in world.file.connection.execute("SELECT key FROM conversations")]
    (sealed,) = [key for key in keys if key.startswith("!#a ")]
    assert texts(world.file.read(sealed)) == ["secret"]


@pytest.mark.parametrize("mode", ["+m", "+l 5", "+b x!*@*", "+u", "-n"])
def test_what_was_said_in_public_is_read_by_who_comes_later(world: Durable, mode: str) -> None:
    world.irc("al", rooms="#a")
    world.ask("al", f"MODE #a {mode}", "PRIVMSG #a :1", "PART #a", "JOIN #a", "PRIVMSG #a :2")
    assert world.heard() == ["1", "2"]
    assert world.restarted().heard() == ["1", "2"]


def test_what_was_private_and_is_not_any_more(world: Durable) -> None:
    world.irc("al", rooms="#a")
    world.ask("al", "MODE #a +sk key", "PRIVMSG #a :1", "MODE #a -s")
    assert world.kept("private") == {"#a"}
    world.ask("al", "MODE #a -k key")
    assert world.kept("private") == set()
    world.ask("al", "PART #a")
    assert world.restarted().heard() == ["1"]


def test_all_of_it_in_one_step(world: Durable) -> None:
    world.irc("al", caps=CAPS)
    world.ask(
        "al",
        *("JOIN #a", "MODE #a +s", "PRIVMSG #a :1", "PART #a"),
        *("JOIN #a", "PRIVMSG #a :2", "PART #a"),
        *("JOIN #b", "MODE #b +i", "PRIVMSG #b :3", "PART #b"),
        *("JOIN #a", "RENAME #a #b", "PRIVMSG #b :4"),
    )
    assert (world.heard("#a"), world.heard("#b")) == ([], ["2", "4"])


def test_only_what_was_said_in_private_is_sealed(world: Durable) -> None:
    """Nobody takes away what others have said by making a channel private that they have left."""
    world.irc("al", rooms="#a", caps=CAPS)
    world.ask("al", *(f"PRIVMSG #a :{number}" for number in range(80)), "PART #a")
    world.irc("bo", rooms="#a", caps=CAPS)
    world.ask("bo", "MODE #a +k x", "PRIVMSG #a :mine", "MODE #a -k x", "PART #a")
    assert world.heard()[-2:] == ["79", "mine"]
    world.ask("bo", "JOIN #a", "MODE #a +i", "PRIVMSG #a :secret", "MODE #a +k x", "PART #a")
    world.file.settle()
    assert world.heard() == [*map(str, range(80)), "mine"]
    keys = [key for (key,) in world.file.connection.execute("SELECT key FROM conversations")]
    (sealed,) = [key for key in keys if key.startswith("!#a ")]
    assert texts(world.file.read(sealed)) == ["secret"]
    for word in ("secret", "mine"):
        question = Search(text=word, places=None)
        found = search(world.file.connection, Deadline(60), question)
        assert isinstance(found, list)
        (hit,) = found
        assert (hit.conversation == sealed) == (word == "secret")
    # Killed while it is private: the same.
    world.ask("al", "JOIN #a", "MODE #a +i", "PRIVMSG #a :hidden")
    world = world.restarted()
    world.irc("cy", rooms="#a")
    assert world.heard() == [*map(str, range(80)), "mine"]
    counts = world.file.connection.execute("SELECT key, messages FROM conversations").fetchall()
    assert sorted(count for key, count in counts if "#a" in key) == [1, 1, 81]


def test_a_mark_of_before_it_was_noted_since_when(world: Durable) -> None:
    world.irc("al", rooms="#a", caps=CAPS)
    world.ask("al", "PRIVMSG #a :1", "MODE #a +s", "PRIVMSG #a :2")
    world.file.connection.execute("UPDATE kept SET value = ? WHERE kind = 'private'", (b"\1",))
    world = world.restarted()
    world.irc("bo", rooms="#a")
    assert world.heard() == []


def test_who_all_leave_at_once(world: Durable) -> None:
    """What is told of it belongs to the channel that they have left."""
    world.operator()
    for name in ("al", "bo"):
        world.irc(name, rooms="#a")
    world.ask("al", "MODE #a +s", "PRIVMSG #a :secret")
    found = world.send("op", "KLINE *!*@10.0.0.1", "JOIN #a")
    assert codes(found["al"]) == ["465", "ERROR"]
    assert world.heard() == []
    shown = world.file.page("#a", kinds=-1).entries
    # Those of who came before it was private, and the one who came when all had left.
    assert [codes([one.event.irc(0)]) for one in shown] == [["JOIN"]] * 3


def test_a_private_channel_is_renamed(world: Durable) -> None:
    world.irc("al", rooms="#a", caps=CAPS)
    world.ask("al", "MODE #a +s", "PRIVMSG #a :secret", "RENAME #a #b")
    assert world.kept("private") == {"#b"}
    world = world.restarted()
    world.irc("bo", rooms="#a,#b")
    assert (world.heard("#a"), world.heard("#b")) == ([], [])


def test_a_lobby_that_was_private(world: Durable) -> None:
    world.operator()
    world.irc("al", rooms="#lobby")
    world.ask("op", "SAMODE #lobby +i")
    world.ask("al", "PRIVMSG #lobby :secret", "PART #lobby")
    assert world.heard("#lobby") == ["secret"]
    # It becomes everybody's again.
    world.step(Reconfigured(settings=world.core.settings))
    assert codes(world.ask("al", "JOIN #lobby"))[0] == "JOIN"
    assert world.heard("#lobby") == []
    world.ask("op", "SAMODE #lobby +i")
    world.ask("al", "PRIVMSG #lobby :secret")
    world = world.restarted()
    assert codes(world.irc("al", rooms="#lobby"))[0] == "001"
    assert world.heard("#lobby") == []


def test_a_lobby_that_another_takes_the_place_of(world: Durable) -> None:
    world.irc("al", rooms="#lobby")
    world.ask("al", "TOPIC #lobby :of all", "PRIVMSG #lobby :1", "PART #lobby")
    world.step(Reconfigured(settings=msgspec.structs.replace(RECORDING, lobby="#hall")))
    assert f":{SERVER} 332 al #lobby :of all" in world.ask("al", "JOIN #lobby")
    assert world.heard("#lobby") == ["1"]


@pytest.mark.parametrize("end", ["PART #a", "killed"])
def test_nothing_can_be_read_while_it_can_not_be_sealed(world: Durable, end: str) -> None:
    world.irc("al", rooms="#a")
    world.ask("al", "MODE #a +s", "PRIVMSG #a :secret")
    if end == "killed":
        world = world.restarted()
    world.full = True
    if end != "killed":
        world.ask("al", end)
    world.irc("bo", rooms="#a")
    before = world.core.unsealed
    world.full = False
    world.now += 1
    world.step()
    assert (before, world.core.unsealed) == (True, False)
    assert world.heard() == []


def test_a_new_name_that_could_not_be_stored(world: Durable) -> None:
    world.irc("al", rooms="#a", caps=CAPS)
    world.ask("al", "PRIVMSG #a :1")
    world.full = True
    assert codes(world.ask("al", "RENAME #a #b")) == ["RENAME"]
    world.full = False
    # What happens in the step that stores it happens under the new name, and what a stranger says
    # under the old one is not taken along.
    world.ask("al", "PRIVMSG #b :2", "JOIN #a", "PRIVMSG #a :new")
    assert (world.heard("#a"), world.heard("#b")) == (["new"], ["1", "2"])


def test_a_private_channel_is_renamed_and_left_before_anything_could_be_stored(
    world: Durable,
) -> None:
    world.irc("al", rooms="#a", caps=CAPS)
    world.ask("al", "MODE #a +s", "PRIVMSG #a :secret")
    world.full = True
    world.ask("al", "RENAME #a #b", "PART #b")
    # Whatever else becomes of these names meanwhile.
    world.ask("al", "JOIN #a,#b", "MODE #a +s", "MODE #b +s", "PART #a,#b")
    moved = world.core.context.keeping._moved
    assert [(one.before, one.after[:4]) for one in moved] == [("#a", "#b"), ("#b", "!#b ")]
    world.full = False
    world.ask("al", "JOIN #a,#b", "PRIVMSG #a,#b :new")
    assert (world.heard("#a"), world.heard("#b")) == (["new"], ["new"])


def step(world: Durable, *lines: str) -> Effects:
    """Decide, and leave it open what becomes of that."""
    return world.core.step([world.lines("al", *lines)], world.now, monotonic=world.now)


def store(world: Durable, effects: Effects) -> None:
    world.file.store(*effects.records, number=effects.number)
    world.file.file()
    world.core.stored(effects)


@pytest.mark.parametrize("second", ["stored", "lost"])
def test_what_is_decided_before_it_is_known_that_the_last_is_lost(
    world: Durable, second: str
) -> None:
    """A commit takes long, and the next steps wait for it: what is lost goes before them."""
    world.operator("al")
    world.ask("al", "JOIN #a", "MODE #a +s", "PRIVMSG #a :secret", "KLINE bo!*@*")
    first = step(world, "PART #a", "UNKLINE bo!*@*", "KLINE cy!*@*", "KLINE di!*@*")
    late = step(world, "JOIN #a", "PRIVMSG #a :new", "UNKLINE di!*@*")
    before = world.core.unsealed
    world.core.withhold(first)
    assert (before, world.core.unsealed) == (False, True)
    if second == "lost":
        world.core.withhold(late)
    else:
        store(world, late)
        assert world.heard() == ["new"]
        # This was in the first only.
        assert world.kept("kline") == {"bo!*@*"}
    world.now += 1
    found = world.step()
    assert not world.core.unsealed
    assert world.heard() == (["new"] if second == "stored" else [])
    assert world.kept("kline") == {"cy!*@*"}
    assert world.kept("private") == set()
    warned = [line.split(" ")[2] for line in found["al"]]
    assert warned == ["UNKLINE", "KLINE"]
    assert world.core.context.keeping.due is None
    assert not world.core.context.keeping._flights


def test_what_was_never_stored_does_not_pile_up(world: Durable) -> None:
    """Whoever makes channels while the disk is full makes the server remember nothing of them."""
    world.irc("al")
    world.full = True
    for number in range(10):
        world.ask("al", f"JOIN #{number}", f"MODE #{number} +s", f"TOPIC #{number} :x", "JOIN 0")
    kept = world.core.context.keeping
    assert not world.core.unsealed
    assert kept.due is None


OPS = st.lists(
    st.tuples(
        st.sampled_from(["al", "bo"]),
        st.sampled_from(
            ["JOIN", "PART", "+s", "-s", "say", "RENAME", "full", "good", "kill", "wait"]
        ),
        st.sampled_from(["#a", "#b"]),
    ),
    max_size=30,
)


class Room:
    """A channel that somebody has made, until all have left it: what was said there, and whether
    that was in private."""

    def __init__(self) -> None:
        self.private = False
        self.said: dict[str, bool] = {}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("memory") / "journal.db"


@given(ops=OPS)
def test_no_private_word_is_ever_found_by_others(
    path: Path, ops: list[tuple[str, str, str]]
) -> None:
    """Whatever can be stored when, and whenever it is killed."""
    file = File(path, connect=memory)
    world = Durable(file)
    rooms: dict[str, Room] = {}
    secret: set[str] = set()

    def look() -> None:
        for name in list(rooms):
            if world.core.state.channel_named(name) is None:
                end(rooms.pop(name))
        if not world.core.unsealed:
            for name in ("#a", "#b"):
                assert secret.isdisjoint(world.heard(name))

    def end(room: Room) -> None:
        if room.private:
            secret.update(text for text, private in room.said.items() if private)

    def come() -> None:
        for name in ("al", "bo"):
            world.irc(name, caps=CAPS)

    come()
    for count, (who, op, where) in enumerate(ops):
        other = "#b" if where == "#a" else "#a"
        world.now += 0.01
        room = rooms.get(where)
        here = room is not None and any(
            one.nickname == who
            for one in getattr(world.core.state.channel_named(where), "members", ())
        )
        if op in ("full", "good"):
            world.full = op == "full"
        elif op == "wait":
            world.now += 61
            world.step()
        elif op == "kill":
            for one in rooms.values():
                end(one)
            rooms.clear()
            world = world.restarted()
            come()
        elif op == "JOIN":
            world.ask(who, f"JOIN {where}")
            if world.core.state.channel_named(where) is not None:
                rooms.setdefault(where, Room())
        elif not here or room is None:
            continue
        elif op == "PART":
            world.ask(who, f"PART {where}")
        elif op == "say":
            world.ask(who, f"PRIVMSG {where} :{count}")
            room.said[str(count)] = room.private
        elif op == "RENAME":
            if codes(world.ask(who, f"RENAME {where} {other}"))[0] == "RENAME":
                rooms[other] = rooms.pop(where)
        else:
            world.ask(who, f"MODE {where} {op}")
            channel = world.core.state.channel_named(where)
            assert channel is not None
            room.private = bool(channel.modes & modes.SECRET)
            if not room.private:
                room.said = dict.fromkeys(room.said, False)
        look()
    world.full = False
    world.now += 2
    world.step()
    assert not world.core.unsealed
    look()
    file.close()


# --- Without history

WITHOUT = Settings(name=SERVER, durable=True)
EVERYTHING = (
    *("JOIN #a,#b", "PRIVMSG #a :1", "NOTICE @#a :2", "PRIVMSG bo :3", "@+x=y TAGMSG #a"),
    *(
        "BATCH +1 draft/multiline #a",
        "@batch=1 PRIVMSG #a :4",
        "@batch=1 PRIVMSG #a :5",
        "BATCH -1",
    ),
    *("SAJOIN bo #a", "TOPIC #a :x", "MODE #a +iv bo", "KICK #a bo", "RENAME #a #c", "PART #b"),
    *("AWAY :x", "SETNAME x", "SAMODE #c +s", "KLINE x!*@*", "NICK al2", "JOIN 0", "QUIT"),
)


def test_without_history_nothing_is_recorded_but_what_has_to_last(file: File) -> None:
    world = Durable(file, settings=WITHOUT)
    world.operator("al", caps=f"{CAPS} message-tags batch draft/multiline setname")
    world.irc("bo")
    found: list[object] = []
    shown: set[str] = set()
    for line in EVERYTHING:
        effects = world.turn([world.lines("al", line)])
        assert effects.speakers == []
        found += effects.records
        shown |= {word for lines in world.read(effects).values() for word in codes(lines)}
    assert shown >= {"JOIN", "PRIVMSG", "TOPIC", "MODE", "KICK", "RENAME", "PART", "NICK", "ERROR"}
    assert {type(record) for record in found} == {Kept, Moved}
    tables = {record.table for record in found if isinstance(record, Kept)}
    assert tables == {"topic", "private", "kline"}
    assert world.restarted(settings=WITHOUT).core.state.bans.masks.keys() == {"x!*@*"}


def test_what_was_said_before_history_was_switched_off_stays_with_whom_it_belongs_to(
    world: Durable,
) -> None:
    for name in ("#a", "#b", "#c"):
        world.irc(f"in-{name[1]}", rooms=name)
        mode = "+s" if name == "#b" else "+n"
        world.ask(f"in-{name[1]}", f"MODE {name} {mode}", f"PRIVMSG {name} :of {name}")
    world = world.restarted(settings=WITHOUT)
    world.irc("al", rooms="#a,#b,#c", caps=CAPS)
    world.ask("al", "PRIVMSG #a,#b,#c :lost", "MODE #c +s", "PART #b,#c", "RENAME #a #d")
    world = world.restarted()
    found = {name: world.heard(name) for name in ("#a", "#b", "#c", "#d")}
    # What was said in #c was said to everybody.
    assert found == {"#a": [], "#b": [], "#c": ["of #c"], "#d": ["of #a"]}


def test_records_are_only_what_has_changed(world: Durable) -> None:
    world.irc("al", rooms="#a")
    world.ask("al", "TOPIC #a :x", "MODE #a +i")
    effects = world.turn([world.lines("al", "TOPIC #a :x", "MODE #a +s", "PRIVMSG #a :1")])
    assert not any(isinstance(record, Kept | Moved) for record in effects.records)
