"""The crowd and its load, against the yardstick and against servers that do wrong."""

from __future__ import annotations

import sys
import textwrap

import pytest

from loadtest.bench.crowd import Crowd, CrowdError, need_files
from loadtest.bench.figures import Run, Settings
from loadtest.bench.load import Load
from loadtest.bench.scenarios import SCENARIOS
from loadtest.bench.servers import SERVERS, ServerError, ServerUnderTest

pytestmark = pytest.mark.story

WORD = b"hello\r\n"


def variant(name: str, body: str) -> ServerUnderTest:
    """A yardstick whose connections are changed by the methods in `body`.

    `members` has them in the order of their names, which those of `rooms` have not always: who is
    wronged is to be certain.
    """
    source = textwrap.dedent(
        """
        import asyncio
        from loadtest.bench import yardstick

        class Variant(yardstick.Connection):
            heard = 0

            def members(self, name):
                return sorted(self.rooms.get(name, ()), key=lambda one: one.nickname)

        {body}

        asyncio.run(yardstick.serve(Variant))
        """
    ).format(body=textwrap.indent(textwrap.dedent(body), "    "))
    return ServerUnderTest(
        name=name, command=lambda _directory, _port: [sys.executable, "-c", source]
    )


LOSSY = variant(
    "lossy",
    """
    def tell(self, name, line):
        members = self.members(name)
        if b" PRIVMSG " in line:
            Variant.heard += 1
            if Variant.heard == 7:
                members.pop()
        for member in members:
            member.transport.write(line)
    """,
)
REPEATING = variant(
    "repeating",
    """
    def tell(self, name, line):
        super().tell(name, line)
        if b" PRIVMSG " in line:
            Variant.heard += 1
            if Variant.heard == 7:
                self.members(name)[0].transport.write(line)
    """,
)
SWAPPING = variant(
    "swapping",
    # One lost and another twice, to the member that is audited: the count is right.
    """
    def tell(self, name, line):
        Variant.heard += b" PRIVMSG " in line
        if b" PRIVMSG " not in line or Variant.heard not in (6, 7):
            return super().tell(name, line)
        *members, last = self.members(name)
        for member in members:
            member.transport.write(line)
        if Variant.heard == 7:
            last.transport.write(line * 2)
    """,
)
SILENT_TO_SENDER = variant(
    "no-echo",
    """
    def line_received(self, line):
        if line.startswith(b"CAP REQ"):
            self.transport.write(b":yardstick CAP * NAK :echo-message\\r\\n")
        else:
            super().line_received(line)
    def tell(self, name, line):
        for member in self.rooms.get(name, ()):
            if member is not self or b" PRIVMSG " not in line:
                member.transport.write(line)
    """,
)
REFUSING = variant(
    "refusing",
    """
    def line_received(self, line):
        self.transport.write(b"ERROR :Closing link (no room)\\r\\n")
        self.transport.close()
    """,
)
MUTE = variant("mute", "def line_received(self, line): pass")
HANGING_UP = variant(
    "hanging up",
    """
    def tell(self, name, line):
        super().tell(name, line)
        Variant.heard += b" PRIVMSG " in line
        if Variant.heard == 7 and b" PRIVMSG " in line:
            self.members(name)[0].transport.abort()
    """,
)


def test_what_is_paced_is_delivered_to_everyone_and_counted() -> None:
    with SERVERS["yardstick"].run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=2, size=3)
        load = Load(crowd, meter=server.cpu_seconds)
        outcome = load.pace(seconds=0.1, rate=200)
        assert outcome.faults == []
        assert outcome.deliveries == outcome.owed == 20 * 3
        # The last client is audited, and gets its room's half.
        assert len(outcome.delays) == 10
        assert 0 < outcome.delays[0] <= outcome.delays[-1]
        assert outcome.seconds >= 0.095
        assert outcome.metered >= 0
        assert server.rss_bytes() > 1024 * 1024


def test_saturating_keeps_within_the_window_and_loads_follow_each_other() -> None:
    with SERVERS["yardstick"].run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=3, size=2)
        furthest = 0

        def look() -> None:
            nonlocal furthest
            furthest = max(furthest, *(room.behind() for room in crowd.rooms))

        load = Load(crowd, between=look)
        for _ in range(2):
            outcome = load.saturate(seconds=0.1, window=5)
            assert outcome.faults == []
            assert outcome.deliveries == outcome.owed >= 3 * 5 * 2
        assert furthest <= 5


def test_a_server_that_does_not_echo_owes_the_others_only() -> None:
    with SILENT_TO_SENDER.run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=1, size=3)
        outcome = Load(crowd).pace(seconds=0.1, rate=200)
        assert outcome.faults == []
        assert outcome.deliveries == outcome.owed == 20 * 2


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (LOSSY, "client 2 lost 1 messages"),
        (REPEATING, "client 0 got 1 twice"),
        (SWAPPING, "client 2: from client "),
        (HANGING_UP, "1 clients lost their connection; client 0: "),
    ],
    ids=lambda value: value.name if isinstance(value, ServerUnderTest) else "",
)
def test_a_server_that_does_wrong_is_found_out(kind: ServerUnderTest, fault: str) -> None:
    with kind.run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=1, size=3)
        crowd.patience = 1.0
        outcome = Load(crowd).pace(seconds=0.1, rate=200)
        assert any(text.startswith(fault) for text in outcome.faults), outcome.faults


def test_a_fault_of_one_load_is_not_told_again_by_the_next() -> None:
    with REPEATING.run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=1, size=1)
        load = Load(crowd)
        assert load.pace(seconds=0.1, rate=200).faults
        assert [
            text for text in load.pace(seconds=0.05, rate=200).faults if "came after" in text
        ] == []


def test_nothing_is_expected_of_those_that_stopped_reading() -> None:
    with SERVERS["yardstick"].run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=1, size=4, deaf=2)
        crowd.deafen(2)
        outcome = Load(crowd).pace(seconds=0.1, rate=200)
        assert outcome.faults == []
        assert outcome.deliveries == outcome.owed == 20 * 2
        assert len(outcome.delays) == 20


def test_who_is_refused_says_why() -> None:
    with (
        REFUSING.run() as server,
        Crowd(server.address) as crowd,
        pytest.raises(CrowdError, match="no room"),
    ):
        crowd.gather(rooms=1, size=1)


def test_a_server_that_says_nothing_is_not_waited_for_for_ever() -> None:
    with (
        MUTE.run() as server,
        Crowd(server.address, patience=0.2) as crowd,
        pytest.raises(CrowdError, match="waited in vain"),
    ):
        crowd.gather(rooms=1, size=2)


def test_more_clients_than_files_are_refused_before_any_is_connected() -> None:
    with pytest.raises(CrowdError, match="open files"):
        need_files(10**9)


def test_a_server_that_does_not_start_is_reported_with_what_it_said() -> None:
    source = "import sys; sys.exit('out of order')"
    kind = ServerUnderTest(
        name="broken", command=lambda _directory, _port: [sys.executable, "-c", source]
    )
    with pytest.raises(ServerError, match=r"(?s)broken ended with 1.*out of order"), kind.run():
        pass


def test_a_server_that_is_not_installed_is_reported() -> None:
    kind = ServerUnderTest(name="absent", command=lambda _directory, _port: ["/nowhere/absent"])
    with pytest.raises(ServerError, match="absent can not be started"), kind.run():
        pass


def test_a_scenario_turns_what_goes_wrong_into_a_fault_of_its_run() -> None:
    run: Run = SCENARIOS["idle"].run(MUTE, Settings(idle_clients=20, patience=0.2))
    assert run.values == {}
    assert "waited in vain" in run.faults[0]


def test_a_lossy_server_fails_a_whole_scenario() -> None:
    run = SCENARIOS["paced"].run(LOSSY, Settings(seconds=0.1, patience=1.0))
    assert any("lost 1 messages" in fault for fault in run.faults)
