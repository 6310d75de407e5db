"""However inputs are grouped into steps, everybody is sent the same.

The same inputs are taken one a step, in groups and all at once; line by line, each client is to see
no difference. What is shared within a step must not show.
"""

from __future__ import annotations

import hypothesis
from hypothesis import strategies as st

from tests.core.test_state_machine import ACTIONS, CAPS
from tests.core.world import World
from trio_chat.core import modes, rooms
from trio_chat.core.inputs import Disconnected, Input

TYPED = st.sampled_from(
    ["hello", "/join #a", "/join #b", "/part", "/me waves", "/nick {other}x", "/msg {other} hi"]
)


@hypothesis.settings(max_examples=150)
@hypothesis.given(
    caps=st.lists(CAPS, min_size=5, max_size=5),
    acts=st.lists(
        st.tuples(st.integers(0, 6), st.one_of(ACTIONS, TYPED, st.just(""))),
        min_size=1,
        max_size=60,
    ),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=8),
)
def test_grouping_does_not_show(
    caps: list[set[str]], acts: list[tuple[int, str]], sizes: list[int]
) -> None:
    assert _play(caps, acts, [1]) == _play(caps, acts, sizes) == _play(caps, acts, [len(acts)])


def _play(
    caps: list[set[str]], acts: list[tuple[int, str]], sizes: list[int]
) -> dict[str, list[str]]:
    """Return what each is sent when inputs are taken in groups of these sizes, over and over."""
    world = World()
    names = []
    for number, each in enumerate(caps):
        names.append(f"user{number}")
        world.irc(names[-1], caps=" ".join(sorted(each)), rooms="#a,#b" if number % 2 else "#a")
    for name in ("tom", "ann"):
        names.append(name)
        world.person(name)
        world.send(name, "/join #a")
    for user in list(world.core.state.users.values())[:2]:
        rooms.set_user_modes(world.core.state, user, user.modes | modes.OPERATOR)
    found: dict[str, list[str]] = {name: [] for name in names}
    place = turn = 0
    while place < len(acts):
        size = sizes[turn % len(sizes)]
        inputs: list[Input] = []
        for number, act in acts[place : place + size]:
            name = names[number]
            plain = number >= len(caps)
            if not act:
                inputs.append(Disconnected(user=world.ids[name], reason="gone"))
            elif plain or not act.startswith(("/", "hello")):
                line = act.format(text=f"text {number}", other=names[-1 - number])
                inputs.append(world.lines(name, *line.split("\n")))
        for name, lines in world.step(*inputs).items():
            found[name] += lines
        place += size
        turn += 1
    return found
