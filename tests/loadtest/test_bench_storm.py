"""Storms, the bystander, TLS and the counting of marks, against the yardstick and our server."""

from __future__ import annotations

import pytest

from loadtest.bench import storm
from loadtest.bench.bystander import Bystander
from loadtest.bench.crowd import Crowd, CrowdError
from loadtest.bench.load import Load
from loadtest.bench.messages import Tally
from loadtest.bench.servers import SERVERS, ServerError
from loadtest.bench.tls import TLSCrowd, handshakes
from tests.loadtest.test_bench_load import MUTE, variant

pytestmark = pytest.mark.story

STREAM = b":a!a@h JOIN #r\r\n:s 366 a #r :End\r\n:b!b@h JOIN :#r\r\n:s PONG s :JOIN\r\n" * 3

FORGETFUL = variant(
    "forgetful",
    """
    def tell(self, name, line):
        if b" JOIN " in line:
            Variant.heard += 1
            if Variant.heard == 3:
                return
        super().tell(name, line)
    """,
)
TWICE_GONE = variant(
    "twice gone",
    """
    def tell(self, name, line):
        super().tell(name, line)
        if b" QUIT " in line:
            super().tell(name, line)
    """,
)
NEVER_GONE = variant("never gone", "def connection_lost(self, exc): pass")
SLOW = variant(
    "slow",
    # One PING of all takes a while.
    """
    def line_received(self, line):
        import time
        if line.startswith(b"PING"):
            Variant.heard += 1
            if Variant.heard == 5:
                time.sleep(0.1)
        super().line_received(line)
    """,
)
UNANSWERING = variant(
    "unanswering",
    """
    def line_received(self, line):
        if line.startswith(b"PING"):
            self.transport.abort()
        super().line_received(line)
    """,
)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 11, 50, len(STREAM)])
def test_whatever_the_pieces_a_tally_is_the_same(size: int) -> None:
    marks = (b" JOIN ", b" 366 ", b" PONG ")
    tally = Tally(marks, 2)
    for at in range(0, len(STREAM), size):
        tally.feed(1, STREAM[at : at + size])
    assert [tally.counts[mark] for mark in marks] == [[0, 6], [0, 3], [0, 3]]
    assert tally.bytes == len(STREAM)


@pytest.mark.parametrize("name", ["yardstick", "ours"])
def test_a_storm_ends_when_all_have_seen_all(name: str) -> None:
    with SERVERS[name].run() as server, Crowd(server.address) as crowd:
        assert crowd.gather(rooms=1, size=12, join=False) > 0
        joining = storm.join(crowd, server.cpu_seconds)
        assert joining.faults == []
        assert joining.metered > 0
        assert joining.seconds > 0
        quitting = storm.hang_up(crowd, crowd.clients[::2], server.cpu_seconds)
        assert quitting.faults == []


def test_a_join_that_is_not_told_is_found_out() -> None:
    with FORGETFUL.run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=1, size=4, join=False)
        faults = storm.join(crowd, server.cpu_seconds).faults
        assert faults == ["the members of the room saw 7 joins and not 10, each their own"]


def test_a_quit_that_is_told_twice_is_found_out() -> None:
    with TWICE_GONE.run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=1, size=4, join=False)
        storm.join(crowd, server.cpu_seconds)
        faults = storm.hang_up(crowd, crowd.clients[:1], server.cpu_seconds).faults
        assert faults == ["3 of those who stayed saw more than 1 quit"]


def test_a_quit_that_is_never_told_is_not_waited_for_for_ever() -> None:
    with NEVER_GONE.run() as server, Crowd(server.address) as crowd:
        crowd.gather(rooms=1, size=3, join=False)
        storm.join(crowd, server.cpu_seconds)
        crowd.patience = 0.2
        with pytest.raises(CrowdError, match="2 clients waited in vain for 1 × QUIT"):
            storm.hang_up(crowd, crowd.clients[:1], server.cpu_seconds)


def test_a_bystander_sees_what_a_ping_takes() -> None:
    with SLOW.run() as server, Bystander(server.address) as bystander:
        bystander.start()
        while (seen := bystander.stop()).pings < 8:
            pass
        assert 80 < seen.longest < 60_000
        assert seen.median < seen.longest
        bystander.start()
        # What was before `start` is forgotten.
        assert bystander.stop().longest < seen.longest


def test_a_bystander_that_loses_its_connection_says_so() -> None:
    with (
        UNANSWERING.run() as server,
        Bystander(server.address) as bystander,
        pytest.raises(CrowdError, match="the bystander: "),
    ):
        _watch(bystander)


def test_a_bystander_that_is_not_let_in_is_an_error() -> None:
    with SERVERS["yardstick"].run() as server:
        address = server.address
    with pytest.raises(CrowdError, match="was not let in: Connection refused"), Bystander(address):
        pass


def test_a_crowd_over_tls_is_delivered_what_it_is_owed() -> None:
    with SERVERS["ours"].run(tls=True) as server, TLSCrowd(server.tls_address) as crowd:
        crowd.gather(rooms=2, size=3)
        outcome = Load(crowd, meter=server.cpu_seconds).pace(seconds=0.1, rate=200)
        assert outcome.faults == []
        assert outcome.deliveries == outcome.owed == 20 * 3
        assert len(outcome.lateness) == 20
        shaken = handshakes(server.tls_address, count=5, at_once=2, patience=60)
        assert (shaken.wanted, shaken.done, shaken.failures) == (5, 5, [])


def test_handshakes_that_fail_are_counted_and_say_why() -> None:
    with MUTE.run() as server:
        shaken = handshakes(server.address, count=2, at_once=2, patience=0.2)
        assert (shaken.done, shaken.failures) == (0, ["no answer within 0.2 s"])
    refused = handshakes(server.address, count=2, at_once=2, patience=0.2)
    assert (refused.done, refused.failures) == (0, ["Connection refused"])


def test_a_server_that_takes_no_tls_says_so() -> None:
    with (
        pytest.raises(ServerError, match="yardstick takes no TLS"),
        SERVERS["yardstick"].run(tls=True),
    ):
        pass


def _watch(bystander: Bystander) -> None:
    """Look until something goes wrong."""
    while bystander.stop():
        pass
