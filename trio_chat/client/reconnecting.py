"""When to try again after a connection is lost, and how to let go of the lost one."""

from __future__ import annotations

import random
import socket
import struct

import trio

from trio_chat.client.errors import Refused
from trio_chat.client.registration import NICK_TAKEN

FIRST = 1.0
"""Seconds before the first attempt, at most."""
LONGEST = 60.0
"""Seconds between two attempts, at most."""
STEADY = 60.0
"""Seconds that a connection lasts before its loss begins a new count of attempts."""
_DOUBLINGS = 16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def delay_before(attempt: int) -> float:
    """Return the seconds to wait before an attempt, which are counted from 1.

    Twice as long each time, up to `LONGEST`, and of that at random between half and all: the
    clients of a server that comes back do not come all at once.
    """
    longest: float = min(FIRST * 2 ** min(attempt - 1, _DOUBLINGS), LONGEST)
    return longest * random.uniform(0.5, 1.0)


def is_final(error: Refused) -> bool:
    """Whether to try again would be no use: a wrong password is wrong, a ban is one.

    A nickname that is taken is not: mostly we have it ourselves, on the lost connection.
    """
    return error.code not in NICK_TAKEN


async def abandon(stream: trio.abc.Stream) -> None:
    """Close a stream and drop what it has not sent.

    Otherwise the system goes on sending it, and when the network is back the server reads
    from the lost connection what we have found missing and said again on the next one.
    """
    transport: trio.abc.Stream = stream
    while isinstance(transport, trio.SSLStream):
        transport = transport.transport_stream
    if isinstance(transport, trio.SocketStream) and transport.socket.fileno() >= 0:
        transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    await trio.aclose_forcefully(stream)
