"""No module imports another that imports it, by whatever way, nor for the sake of an annotation."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

import trio_chat

ROOT = Path(trio_chat.__file__).parents[1]


def modules(package: str) -> dict[str, Path]:
    """Return the modules of a package, by their names."""
    found = {}
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: Mapping[str, Path]) -> set[str]:
    """Return the modules, of those that are known, that a module imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in known else node.module)
    return {one for one in found if one in known and one != name}


def in_circles(graph: Mapping[str, set[str]]) -> list[str]:
    """Return who can be reached from themselves."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(graph[start])
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += graph[one]
        return seen

    return sorted(name for name in graph if name in reached(name))


@pytest.mark.parametrize("package", ["trio_chat", "loadtest"])
def test_nothing_goes_in_circles(package: str) -> None:
    known = modules(package)
    assert len(known) > 20
    assert in_circles({name: imports(name, path, known) for name, path in known.items()}) == []


def test_a_circle_would_be_found() -> None:
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c"]


def test_an_import_for_annotations_counts(tmp_path: Path) -> None:
    module = tmp_path / "one.py"
    module.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from two import Three\n"
    )
    assert imports("one", module, {"one": module, "two": module}) == {"two"}
