"""A crowd over WebSocket: what is delivered is counted, and what goes wrong is found out."""

from __future__ import annotations

import pytest

from loadtest.bench.crowd import CrowdError
from loadtest.bench.load import Load
from loadtest.bench.servers import ServerUnderTest
from loadtest.bench.webcrowd import Ends, WebSocketCrowd
from loadtest.bench.websocket import KINDS, WEBSOCKET
from tests.loadtest.test_bench_load import variant

pytestmark = pytest.mark.story

FRAMED = """
from wsproto import ConnectionType, WSConnection, events

def connection_made(self, transport):
    super().connection_made(transport)
    self.raw, self.transport = transport, self
    self.web = self.WSConnection(self.ConnectionType.SERVER)

def data_received(self, data):
    self.web.receive_data(data)
    for event in self.web.events():
        if isinstance(event, self.events.Request):
            answer = self.events.AcceptConnection(subprotocol=event.subprotocols[0])
            self.raw.write(self.web.send(answer))
        else:
            self.line_received(event.data.encode())

def write(self, lines):
    for line in lines.split(b"\\r\\n")[:-1]:
        self.raw.write(self.web.send(self.events.TextMessage(data=line.decode())))
"""
FAITHFUL = variant("faithful", FRAMED)
LOSSY = variant(
    "lossy",
    FRAMED
    + """
def tell(self, name, line):
    members = self.members(name)
    Variant.heard += b" PRIVMSG " in line
    if b" PRIVMSG " in line and Variant.heard == 7:
        members.pop()
    for member in members:
        member.transport.write(line)
""",
)
SWAPPING = variant(
    "swapping",
    FRAMED
    + """
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
CLOSING = variant(
    "closing",
    FRAMED
    + """
def tell(self, name, line):
    super().tell(name, line)
    Variant.heard += b" PRIVMSG " in line
    if b" PRIVMSG " in line and Variant.heard == 7:
        self.members(name)[-1].raw.write(b"\\x88\\x08\\x03\\xf0enough")
""",
)
PINGING = variant(
    "pinging",
    # Whoever joins is in only when they have answered.
    FRAMED
    + """
def line_received(self, line):
    if line.startswith(b"JOIN"):
        self.joining = line
        self.raw.write(self.web.send(self.events.Ping(payload=b"there?")))
    else:
        super().line_received(line)

def data_received(self, data):
    self.web.receive_data(data)
    for event in self.web.events():
        if isinstance(event, self.events.Request):
            answer = self.events.AcceptConnection(subprotocol=event.subprotocols[0])
            self.raw.write(self.web.send(answer))
        elif isinstance(event, self.events.Pong):
            assert event.payload == b"there?"
            super().line_received(self.joining)
        else:
            self.line_received(event.data.encode())
""",
)
REFUSING = variant(
    "refusing",
    """
def data_received(self, data):
    self.transport.write(b"HTTP/1.1 403 Forbidden\\r\\nContent-Length: 0\\r\\n\\r\\n")
""",
)


@pytest.mark.parametrize("kind", [FAITHFUL, PINGING, KINDS[WEBSOCKET]], ids=lambda kind: kind.name)
def test_what_is_said_is_delivered_to_everyone_and_counted(kind: ServerUnderTest) -> None:
    with kind.run() as server, WebSocketCrowd(server.address) as crowd:
        crowd.gather(rooms=2, size=3)
        load = Load(crowd, meter=server.cpu_seconds)
        outcome = load.pace(seconds=0.1, rate=200)
        assert outcome.faults == []
        assert outcome.deliveries == outcome.owed == 20 * 3
        assert len(outcome.delays) == 10
        outcome = load.saturate(seconds=0.1, window=50)
        assert outcome.faults == []
        assert outcome.deliveries == outcome.owed >= 2 * 50 * 3


@pytest.mark.parametrize("size", [90, 346])
def test_a_length_that_looks_like_the_mark_is_no_message(size: int) -> None:
    """`:b0!b0@127.0.0.1 PRIVMSG #bench0 :` is 34 bytes: in all 124, which is the mark, and 380,
    whose last byte is."""
    with FAITHFUL.run() as server, WebSocketCrowd(server.address) as crowd:
        crowd.gather(rooms=1, size=3)
        outcome = Load(crowd, size=size).pace(seconds=0.1, rate=200)
        assert outcome.faults == []
        assert outcome.deliveries == outcome.owed == 20 * 3


@pytest.mark.parametrize("size", range(1, 12))
def test_whatever_the_pieces_the_count_is_the_same(size: int) -> None:
    stream = b"\x81\x7c12 xx|\x81\x05x|\x81\x02x\x81\x7cx|"
    ends = Ends()
    found = [0, 0]
    for at in range(0, len(stream), size):
        for client in (0, 1):
            piece = stream[at : at + size]
            # Behind what was read stands what was read before.
            found[client] += ends.count(client, bytearray(piece + b"x|"), len(piece))
    assert found == [3, 3]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (LOSSY, "client 2 lost 1 messages"),
        (SWAPPING, "client 2: from client "),
        (CLOSING, "1 clients lost their connection; client 2: Close 1008 enough"),
    ],
    ids=lambda value: value.name if isinstance(value, ServerUnderTest) else "",
)
def test_a_server_that_does_wrong_is_found_out(kind: ServerUnderTest, fault: str) -> None:
    with kind.run() as server, WebSocketCrowd(server.address) as crowd:
        # The last is audited: the others' frames are not taken apart while there is a load.
        crowd.gather(rooms=1, size=3)
        crowd.patience = 1.0
        outcome = Load(crowd).pace(seconds=0.1, rate=200)
        assert any(text.startswith(fault) for text in outcome.faults), outcome.faults


def test_who_is_not_let_in_says_why() -> None:
    with (
        REFUSING.run() as server,
        WebSocketCrowd(server.address) as crowd,
        pytest.raises(CrowdError, match=r"client 0: HTTP/1\.1 403 "),
    ):
        crowd.gather(rooms=1, size=1)
