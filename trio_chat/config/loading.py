"""From a file, the environment and flags to a `Config` that has passed every check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trio_chat.config.checks import check, check_files
from trio_chat.config.conversion import (
    ConfigError,
    Form,
    Forms,
    Override,
    convert,
    from_environment,
    from_overrides,
    from_tables,
    key_of,
    read_toml,
    reason,
)
from trio_chat.config.keys import KINDS, SECTIONS, Config, data_directory
from trio_chat.config.listening import (
    ADDRESS_FORM,
    MODE_FORM,
    Address,
    FileMode,
    parse_address,
    parse_mode,
    parse_path,
)
from trio_chat.config.origins import ORIGIN_FORM, Origin, parse_origin
from trio_chat.core.networks import NETWORK_FORM, Network, parse_network

_FORMS: Forms = {
    Path: Form(expected="a path", parse=parse_path),
    FileMode: Form(expected=MODE_FORM, parse=lambda text, _: parse_mode(text)),
    Address: Form(expected=ADDRESS_FORM, parse=parse_address),
    Origin: Form(expected=ORIGIN_FORM, parse=lambda text, _: parse_origin(text)),
    Network: Form(expected=NETWORK_FORM, parse=lambda text, _: parse_network(text)),
}


def load(
    path: Path | None,
    environ: Mapping[str, str],
    overrides: Sequence[Override] = (),
    *,
    again: bool = False,
) -> Config:
    """Read the file, if there is one, the environment and the flags; check all of it.

    Raises `ConfigError` with every fault found. `again` is whether it has been read before, which
    only a regular file can be.
    """
    try:
        here = Path.cwd()
    except OSError as error:
        raise ConfigError([f"the current directory can not be found: {reason(error)}"]) from None
    tables = read_toml(path, again=again) if path else {}
    base = path.absolute().parent if path else here
    from_file, faults = from_tables(tables, KINDS, source=str(path), base=base)
    from_variables, more = from_environment(environ, KINDS, base=here)
    faults += more
    given = from_file | from_variables | from_overrides(overrides, base=here)
    values, more = convert(given, KINDS, _FORMS)
    faults += more
    if "server.data" not in given:
        try:
            values["server.data"] = data_directory(environ)
        except RuntimeError:
            faults.append("server.data is not set; expected a directory, as the user has no home")
    if faults:
        raise ConfigError(faults)

    config = _assemble(values)
    for where, text in [*check(config), *check_files(config)]:
        source = given.get(key_of(where))
        faults.append(f"{source.source}: {text}" if source else text)
    if faults:
        raise ConfigError(faults)
    return config


def _assemble(values: Mapping[str, object]) -> Config:
    sections: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        if name:
            sections.setdefault(section, {})[name] = value
        else:
            sections[section] = value
    for section, value in sections.items():
        if isinstance(value, dict):
            sections[section] = SECTIONS[section](**value)
    return Config(**sections)
