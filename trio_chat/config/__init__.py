"""The configuration: what can be set, and how it gets from a file, the environment and flags here.

A `Config` that `load` returns has passed every check. It is never changed: a reload makes another.
Must not know what the server does with any of it. From the ground up, each imports only from those
before it:

- `listening`: where to listen, as an administrator writes it; stands on `trio_chat.addresses`.
- `origins`: of web pages.
- `conversion`: from text and TOML to typed values, and how a fault is said. Knows no key by name.
- `files`: reading what the configuration names.
- `keys`: the keys with their types and defaults.
- `checks`: what one value alone does not show.
- `certificates`: when a certificate is valid.
- `loading`: all of it, in order.
- `default_file`: a file to begin with.
"""

from __future__ import annotations

from trio_chat.addresses import TcpAddress
from trio_chat.config.conversion import ConfigError, Override
from trio_chat.config.keys import Config, Listener, Tls
from trio_chat.config.listening import EVERYWHERE, Address, UnixAddress
from trio_chat.config.loading import load

__all__ = [
    "EVERYWHERE",
    "Address",
    "Config",
    "ConfigError",
    "Listener",
    "Override",
    "TcpAddress",
    "Tls",
    "UnixAddress",
    "load",
]
