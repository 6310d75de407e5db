"""What people take for one character (UAX 29)."""

from __future__ import annotations

import pytest

from trio_chat.wire.graphemes import boundary, joined

# As in GraphemeBreakTest.txt of the Unicode Character Database: `|` is a boundary.
CASES = [
    "0020 | 0020",
    "0020 0308 | 0020",
    "0061 0308 | 0061",
    "0061 200D | 0061",
    "000A | 0308",
    "0061 1F3FF | 1F476",
    "0061 1F3FF | 1F476 200D 1F6D1",
    "1F476 1F3FF 0308 200D 1F476 1F3FF",
    "1F6D1 200D 1F6D1",
    "0061 200D | 1F6D1",
    "2701 200D 2701",
    "0061 200D | 2701",
    "1F1E6 1F1E7 | 1F1E8 | 0062",
    "0061 | 1F1E6 1F1E7 | 1F1E8 1F1E9 | 0062",
    "0061 | 1F1E6 1F1E7 200D | 1F1E8 | 0062",
    "1100 1160 11A8 | 1100",
    "AC00 11A8 | 1100",
    "AC01 11A8 | 1100",
    "AC00 1160 | AC00",
    "11A8 11A8 | 1160",
    "0061 0903 | 0062",
    "0E01 0E33 | 0E02",
    "0915 | 0924",
    "0915 094D 0924",
    "0915 094D 094D 0924",
    "0915 094D 200D 0924",
    "0915 093C 200D 094D 0924",
    "0915 094D | 0061",
    "0061 094D | 0924",
    "003F 094D | 0924",
    "0915 094D 0924 094D 092F",
    "1F642 200D 2194 FE0F",
    "1F3F4 E0067 E007F | 1F3F4",
]


@pytest.mark.parametrize("case", CASES)
def test_boundaries(case: str) -> None:
    clusters = ["".join(chr(int(code, 16)) for code in part.split()) for part in case.split(" | ")]
    text = "".join(clusters)
    expected = {len("".join(clusters[:count])) for count in range(1, len(clusters))}
    assert {place for place in range(1, len(text)) if not joined(text, place)} == expected


def test_the_last_boundary() -> None:
    text = "ab\U0001f468\u200d\U0001f469c"
    assert [boundary(text, index) for index in range(8)] == [0, 1, 2, 2, 2, 5, 6, 7]
