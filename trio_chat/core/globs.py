"""Globs: `*` is any run of characters, `?` any one. Read once, compared with many names.

What is read is small and quickly made, unlike a regular expression: somebody can send a hundred new
ones in a line. Comparing takes time in proportion to the name, whatever the glob: never to both.

Both are compared as they are: whoever calls has folded them (`names.fold`).
"""

from __future__ import annotations


class Glob:
    """A glob, made ready."""

    __slots__ = ("_any", "_first", "_last", "_literals", "_middle", "_steps", "cost")

    def __init__(self, text: str) -> None:
        first, *others = text.split("*")
        self._first = first
        self._last = others.pop() if others else None
        """None: there is no star, so what is first is all."""
        self._middle = [part for part in others if part]
        self._any = "?" in text
        self._literals: list[str] = []
        """What a name has to have somewhere, if that is not all."""
        self._steps: tuple[dict[str, int], int, int, int] | None = None
        self.cost = 1
        """What comparing costs, in rough microseconds."""
        if self._any:
            runs = text.replace("*", "?").split("?")
            self._literals = [run for run in dict.fromkeys(runs) if run]
            self.cost = 16

    def fits(self, name: str) -> bool:
        """Whether it matches all of a name."""
        if self._any:
            return all(run in name for run in self._literals) and self._walk(name)
        first, last = self._first, self._last
        if last is None:
            return name == first
        if not (name.startswith(first) and name.endswith(last)):
            return False
        # What stands between two stars is taken where it is first found: looking further on could
        # never find more.
        at, end = len(first), len(name) - len(last)
        for part in self._middle:
            at = name.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return at <= end

    def _walk(self, name: str) -> bool:
        """Take the characters of a name one after another, in all ways at once.

        Each bit of `reached` is for as many characters of the glob as its place says.
        """
        if self._steps is None:
            self._steps = self._read()
        ways, whatever, stays, end = self._steps
        reached = 1
        for character in name:
            reached = (reached & ways.get(character, whatever)) << 1 | reached & stays
            if not reached:
                return False
        return bool(reached & end)

    def _read(self) -> tuple[dict[str, int], int, int, int]:
        """Return where each character leads on, where every other one does, where a star lets one
        stay, and where the end is."""
        ways: dict[str, int] = {}
        whatever = stays = 0
        bit = 1
        parts = [self._first, *self._middle]
        if self._last is not None:
            parts.append(self._last)
        for place, part in enumerate(parts):
            if place:
                stays |= bit
            for character in part:
                if character == "?":
                    whatever |= bit
                else:
                    ways[character] = ways.get(character, 0) | bit
                bit <<= 1
        return (
            {character: found | whatever for character, found in ways.items()},
            whatever,
            stays,
            bit,
        )
