"""A group chat server, its client, and the library for bots.

The floors, from the ground up; each imports only from those below it:

- `trio_chat.addresses`: hosts and ports as people write them. Pure.
- `trio_chat.wire`: bytes to messages and back. Pure.
- `trio_chat.core`: decisions: users, channels, commands. Pure and deterministic.
- `trio_chat.journal`: the durable log that messages pass through before they are shown.
- `trio_chat.server` and `trio_chat.client`: sockets and terminals, on trio.
- `trio_chat.config` and `trio_chat.cli`: the configuration and the command line.

Importing this package imports none of them, and not trio: the load test uses `trio_chat.wire` under
gevent, where trio can not work.
"""

__version__ = "0.1.0"
