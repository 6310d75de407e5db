"""From a file, the environment and flags to the values of a tree of structures.

Owns how a value is looked up (flags win over the environment, the environment over the file), how
it is checked against the type of the field it is for, and how a fault is said. It must not know
any key by name: the tree it is given is `section.key`, where a section is a structure of keys or a
list of tables, and everything else follows from the annotations.

A value that is wrong is never replaced by a default: it is a fault, and all faults are found before
any is reported.
"""

from __future__ import annotations

import difflib
import json
import stat
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import inspect
from msgspec.structs import fields

ENVIRONMENT_PREFIX = "TRIO_CHAT_"

_LONGEST_QUOTE = 60
_INVALID = object()


class ConfigError(Exception):
    """The configuration can not be used. The text is a readable sentence a fault, one a line."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What a flag says: `value`, in the types of TOML, for the dotted `key`."""

    flag: str
    key: str
    value: object


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A value as somebody gave it, not checked yet."""

    value: object
    source: str
    """The file, environment variable or flag, as a fault names it."""
    base: Path
    """Where relative paths begin."""
    is_text: bool = False
    """It is the text of an environment variable, whatever it is to become."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How a type that TOML does not have is written as text there."""

    expected: str
    """What to write, for people."""
    parse: Callable[[str, Path], object]
    """From the text and the directory where relative paths begin; raises `ValueError`."""


Forms = Mapping[object, Form]
"""By the annotation of the field."""

Kinds = Mapping[str, Any]
"""The annotation of every key: `section.key`, or the section alone where it is a list."""


def kinds_of(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Return the annotation of every key in `sections`, which are structures or lists of them."""
    kinds: dict[str, Any] = {}
    for section, kind in sections.items():
        if _is_structure(kind):
            kinds |= {f"{section}.{field.name}": field.type for field in fields(kind)}
        else:
            kinds[section] = kind
    return kinds


def variable_of(key: str) -> str:
    """Return the environment variable for the dotted `key`."""
    return ENVIRONMENT_PREFIX + key.replace(".", "_").upper()


def key_of(where: str) -> str:
    """Return the key that a place within its value (`listeners[1].tls.key`) belongs to."""
    return where.partition("[")[0]


def check_regular(path: Path) -> None:
    """Raise `ValueError` for a pipe or a device, which can keep whoever reads it waiting, and says
    what it says only once. Raises `OSError` too."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ValueError("it is not a regular file")


def read_toml(path: Path, *, again: bool = False) -> dict[str, object]:
    """Return the tables of a TOML file in UTF-8. Raises `ConfigError`.

    The first time it may be a pipe; not `again`.
    """
    try:
        if again:
            check_regular(path)
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigError([f"{path}: can not be read: {reason(error)}"]) from None
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}: line {line} is not UTF-8"]) from None
    except RecursionError:
        raise ConfigError([f"{path}: its values are nested too deeply"]) from None
    except ValueError as error:
        what, at, where = str(error).partition(" (at ")
        place = where.rstrip(")") if at else "somewhere"
        raise ConfigError([f"{path}: {place} is not TOML: {what}"]) from None


def from_tables(
    tables: Mapping[str, object], kinds: Kinds, *, source: str, base: Path
) -> tuple[dict[str, Given], list[str]]:
    """Take the `tables` of a file apart into what they give for each key, and their faults."""
    given: dict[str, Given] = {}
    faults: list[str] = []
    sections = {key.partition(".")[0] for key in kinds}
    for section, value in tables.items():
        if section not in sections:
            faults.append(f"{source}: {_unknown(section, sections)}")
        elif section in kinds:
            given[section] = Given(value=value, source=source, base=base)
        elif isinstance(value, dict):
            known = [key for key in kinds if key.startswith(f"{section}.")]
            for name, item in value.items():
                key = f"{section}.{name}"
                if key in kinds:
                    given[key] = Given(value=item, source=source, base=base)
                else:
                    faults.append(f"{source}: {_unknown(key, known)}")
        else:
            faults.append(
                f"{source}: {section} is {found(value, section)}; expected a table, [{section}]"
            )
    return given, faults


def from_environment(
    environ: Mapping[str, str], kinds: Kinds, *, base: Path
) -> tuple[dict[str, Given], list[str]]:
    """Find what the environment gives for each key, and its faults."""
    keys = {variable_of(key): key for key in kinds}
    given: dict[str, Given] = {}
    faults: list[str] = []
    for variable, text in environ.items():
        if variable in keys:
            given[keys[variable]] = Given(value=text, source=variable, base=base, is_text=True)
        elif variable.startswith(ENVIRONMENT_PREFIX):
            faults.append(f"environment variable {_unknown(variable, keys)}")
    return given, faults


def from_overrides(overrides: Sequence[Override], *, base: Path) -> dict[str, Given]:
    """Return what flags give for each key."""
    return {
        override.key: Given(value=override.value, source=override.flag, base=base)
        for override in overrides
    }


def convert(
    given: Mapping[str, Given], kinds: Kinds, forms: Forms
) -> tuple[dict[str, object], list[str]]:
    """Turn what was given for each key into what its annotation asks for, and name the faults."""
    values: dict[str, object] = {}
    faults: list[str] = []
    for key, item in given.items():
        conversion = _Conversion(item, forms)
        value = conversion.begin(key, kinds[key])
        if value is not _INVALID:
            values[key] = value
        faults += conversion.faults
    return values, faults


def found(value: object, where: str) -> str:
    """Say what stands at `where`, but never a password: faults end up in logs."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if where.endswith("password"):
        return "a text" if isinstance(value, str) else "not a text"
    if isinstance(value, str):
        if len(value) > _LONGEST_QUOTE:
            value = f"{value[:_LONGEST_QUOTE]}…"
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def reason(error: Exception) -> str:
    """Say why a file could not be read, without the path and the number of the error."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


class _Conversion:
    """Converts one given value, which may be a list or a table with more values in it."""

    def __init__(self, given: Given, forms: Forms) -> None:
        self.faults: list[str] = []
        self._given = given
        self._forms = forms

    def begin(self, key: str, kind: Any) -> object:
        """Convert the value of `key`; return `_INVALID` when there was a fault."""
        value = self._given.value
        if not self._given.is_text or get_origin(kind) is not tuple:
            return self._any(key, value, kind)
        text = str(value)
        (item, _) = get_args(kind)
        pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
        if not _is_structure(item):
            return self._any(key, pieces, kind)
        tables = _parse_inline(text)
        if tables is None and text.strip():
            required = [field.name for field in fields(item) if field.required]
            if len(required) != 1:
                return self._wrong(key, text, "a list of tables, as JSON or as TOML")
            # A table that needs no more than one key may be written as that key's value.
            tables = [{required[0]: piece} for piece in pieces]
        return self._any(key, tables or [], kind)

    def _any(self, where: str, value: object, kind: Any) -> object:
        if get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind):
            if value == "":
                return None
            (kind,) = (choice for choice in get_args(kind) if choice is not NoneType)
        if kind in self._forms:
            return self._formed(where, value, self._forms[kind])
        if get_origin(kind) is tuple:
            return self._list(where, value, get_args(kind)[0])
        if _is_structure(kind):
            return self._table(where, value, kind)
        return self._plain(where, value, kind)

    def _list(self, where: str, value: object, kind: Any) -> object:
        if not isinstance(value, list):
            return self._wrong(
                where, value, "a list of tables" if _is_structure(kind) else "a list"
            )
        items = [self._any(f"{where}[{index}]", item, kind) for index, item in enumerate(value)]
        return _INVALID if _INVALID in items else tuple(items)

    def _table(self, where: str, value: object, kind: type[msgspec.Struct]) -> object:
        if not isinstance(value, dict):
            return self._wrong(where, value, "a table")
        known = {f"{where}.{field.name}": field for field in fields(kind)}
        values: dict[str, object] = {}
        for name, item in value.items():
            field = known.get(f"{where}.{name}")
            if field is None:
                self._fault(_unknown(f"{where}.{name}", known))
            else:
                values[name] = self._any(f"{where}.{name}", item, field.type)
        missing = [
            key for key, field in known.items() if field.required and field.name not in value
        ]
        for key in missing:
            self._fault(f"{key} is missing; expected {self._expected(known[key].type)}")
        if missing or len(values) < len(value) or _INVALID in values.values():
            return _INVALID
        return kind(**values)

    def _formed(self, where: str, value: object, form: Form) -> object:
        if not isinstance(value, str):
            return self._wrong(where, value, form.expected)
        try:
            return form.parse(value, self._given.base)
        except ValueError:
            return self._wrong(where, value, form.expected)

    def _plain(self, where: str, value: object, kind: Any) -> object:
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                return self._wrong(where, value, "UTF-8")
        try:
            return msgspec.convert(value, kind, strict=not self._given.is_text)
        except msgspec.ValidationError:
            return self._wrong(where, value, self._expected(kind))

    def _expected(self, kind: Any) -> str:
        if get_origin(kind) is tuple:
            return "a list"
        return self._forms[kind].expected if kind in self._forms else _describe(kind)

    def _wrong(self, where: str, value: object, expected: str) -> object:
        self._fault(f"{where} is {found(value, where)}; expected {expected}")
        return _INVALID

    def _fault(self, text: str) -> None:
        self.faults.append(f"{self._given.source}: {text}")


def _is_structure(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _parse_inline(text: str) -> list[object] | None:
    """Read a list that is written as JSON or as TOML; None when `text` is neither."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, list) else None


def _unknown(name: str, known: Iterable[str]) -> str:
    (nearest,) = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"{name} is not a known key; the nearest known one is {nearest}"


def _describe(kind: Any) -> str:
    """Say in words what `kind` takes."""
    match inspect.type_info(kind):
        case inspect.Metadata(extra_json_schema={"description": str(description)}):
            return description
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return " or ".join(json.dumps(value) for value in values)
        case inspect.IntType() as number:
            return "a whole number" + _bounds(number)
        case inspect.FloatType() as number:
            return "a number" + _bounds(number)
        case inspect.StrType(pattern=str(pattern)):
            return f"a text that matches {pattern}"
        case _:
            return "a text"


def _bounds(number: inspect.IntType | inspect.FloatType) -> str:
    words = {
        "at least {:.15g}": number.ge,
        "at most {:.15g}": number.le,
    }
    return "".join(f", {word.format(end)}" for word, end in words.items() if end is not None)
