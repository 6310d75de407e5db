"""What of the configuration concerns a connection, and the last words that it is sent."""

from __future__ import annotations

import msgspec

from trio_chat.core.encoding import PLAIN, encode
from trio_chat.core.events import Closing, Source
from trio_chat.core.networks import Network


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What of the configuration concerns a connection; all durations are in seconds."""

    name: str
    network: str
    lobby: str
    prompt_delay: float
    registration_timeout: float
    handshake_timeout: float
    drain_timeout: float
    write_timeout: float
    sendq: int
    burst: int
    rate: float
    proxies: tuple[Network, ...] = ()
    """Who is believed when it begins with a PROXY header."""

    def closing_line(self, reason: str, *, plain: bool) -> bytes:
        """Return the line that says why a connection ends."""
        event = Closing(time=0.0, source=Source(prefix=self.name), reason=reason)
        return encode(event, PLAIN if plain else 0)
