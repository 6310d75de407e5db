"""The configuration that commands go by that look after what a server keeps.

Apart from what the whole command line shares: to read it takes what the client can do without.
"""

from __future__ import annotations

import os
from pathlib import Path

from trio_chat.cli_common import Misuse
from trio_chat.config import Config, ConfigError, Override, load


def configuration(path: Path | None, data: str | None) -> Config:
    """Return the configuration that `serve` would have with this --config and --data. Raises
    `Misuse`."""
    overrides = [] if data is None else [Override(flag="--data", key="server.data", value=data)]
    try:
        return load(path, os.environ, overrides)
    except ConfigError as error:
        raise Misuse(str(error)) from None
