"""Two clocks: what lasts is measured on the one that does not jump, the other is only shown."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core.handlers.multiline import BATCH_TIMEOUT
from trio_chat.core.handlers.renaming import PAUSE
from trio_chat.core.inputs import Disconnected, Elapsed
from trio_chat.core.networks import parse_network
from trio_chat.core.settings import Gateway, Operator, Settings

DAY = 86_400.0


@pytest.fixture(params=[-DAY, DAY], ids=["back", "forward"])
def jump(request: pytest.FixtureRequest) -> float:
    seconds: float = request.param
    return seconds


def later(world: World, seconds: float) -> dict[str, list[str]]:
    world.now += seconds
    return world.step(Elapsed())


def operator(*gateways: Gateway) -> World:
    """Return a world with an operator in it, `op`."""
    operators = (Operator(name="root", password="hash"),)
    world = World(Settings(name=SERVER, operators=operators, gateways=gateways))
    world.irc("op", caps="standard-replies")
    world.send("op", "OPER root secret")
    world.complete(True)
    return world


def test_pings_and_their_timeouts_take_no_notice_of_a_jump(jump: float) -> None:
    world = World()
    world.irc("al")
    world.jumped = jump
    assert later(world, 89) == {}
    assert later(world, 1) == {"al": [f":{SERVER} PING {SERVER}"]}
    world.jumped = 0.0
    assert later(world, 59) == {}
    world.jumped = -jump
    assert later(world, 1)["al"] == ["ERROR :Closing link (Ping timeout: 150 seconds)"]


def test_the_time_to_register_takes_no_notice_of_a_jump(jump: float) -> None:
    world = World()
    world.step(world.add("al"), world.lines("al", "NICK al"))
    world.jumped = jump
    assert later(world, 59) == {}
    assert world.core.next_deadline == START + 60
    assert later(world, 1)["al"] == ["ERROR :Closing link (Not registered within 60 seconds)"]


def test_bans_last_as_long_as_they_should(jump: float) -> None:
    world = operator()
    world.send("op", "KLINE 1h *!~bo@* :spam", "DLINE 1h 192.0.2.0/24 :spam")
    world.jumped = jump
    later(world, 3599)
    assert codes(world.irc("bo")) == ["465", "ERROR"]
    assert world.core.refusal("192.0.2.7", world.now) == "You are banned (spam)"
    # The end is shown on the clock as it is set now.
    end = {-DAY: "2023-11-13 23:13:20 UTC", DAY: "2023-11-15 23:13:20 UTC"}[jump]
    assert world.ask("op", "STATS k", "STATS d") == [
        f":{SERVER} 216 op K * * ~bo :spam ({prefix('op')[1:]}, until {end})",
        f":{SERVER} 219 op k :End of STATS report",
        f":{SERVER} 225 op D 192.0.2.0/24 :spam ({prefix('op')[1:]}, until {end})",
        f":{SERVER} 219 op d :End of STATS report",
    ]
    later(world, 1)
    assert world.core.refusal("192.0.2.7", world.now) == ""
    assert codes(world.irc("bo"))[0] == "001"


def test_a_gateway_does_not_lead_around_a_ban_that_lasts(jump: float) -> None:
    gateway = Gateway(host=(parse_network("192.0.2.7"),), password="hash")
    world = operator(gateway)
    world.send("op", "DLINE 1h 198.51.100.0/24 :spam")
    world.jumped = jump
    world.now += 3599
    for ended in (False, True):
        world.now += ended
        connected = msgspec.structs.replace(world.add("bo"), address="192.0.2.7")
        world.step(connected, world.lines("bo", "WEBIRC secret gw 198.51.100.1 198.51.100.1"))
        found = world.complete(True)
        assert ("bo" in found) is not ended


def test_idle_and_running_since(jump: float) -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    world.jumped = jump
    world.now += 90
    assert world.ask("bo", "STATS u")[0] == f":{SERVER} 242 bo :Server Up 0 days 0:01:30"
    assert world.ask("bo", "WHO al %nl")[0] == f":{SERVER} 354 bo al :90"
    idle = [line for line in world.ask("bo", "WHOIS al") if " 317 " in line]
    assert idle == [f":{SERVER} 317 bo al 90 {int(START)} :seconds idle, signon time"]
    world.ask("al", "PRIVMSG #a :x")
    assert world.ask("bo", "WHO al %nl")[0] == f":{SERVER} 354 bo al :0"


def test_who_connects_after_a_jump_signs_on_by_the_clock_as_it_is(jump: float) -> None:
    world = World()
    world.jumped = jump
    connected = world.add("al")
    # The handshake took a while.
    world.now += 5
    world.step(connected, world.lines("al", "NICK al", "USER al 0 * :Al"))
    (line,) = [line for line in world.ask("al", "WHOIS al") if " 317 " in line]
    assert line == f":{SERVER} 317 al al 0 {int(START + jump)} :seconds idle, signon time"


def test_a_channel_keeps_its_name_for_as_long_as_it_should(jump: float) -> None:
    world = World()
    world.irc("al", caps="draft/channel-rename", rooms="#a")
    assert codes(world.ask("al", "RENAME #a #b")) == ["RENAME"]
    world.jumped = jump
    world.now += PAUSE - 1
    assert codes(world.ask("al", "RENAME #b #c")) == ["FAIL"]
    world.now += 1
    assert codes(world.ask("al", "RENAME #b #c")) == ["RENAME"]


def test_a_batch_is_given_up_after_as_long_as_it_should(jump: float) -> None:
    world = World()
    caps = "message-tags batch draft/multiline echo-message standard-replies"
    world.irc("al", caps=caps, rooms="#a")
    line = "@batch=1 PRIVMSG #a :x"
    world.ask("al", "BATCH +1 draft/multiline #a", line)
    world.jumped = jump
    world.now += BATCH_TIMEOUT
    assert world.ask("al", line) == []
    world.now += BATCH_TIMEOUT + 1
    assert "FAIL BATCH TIMEOUT 1 :" in world.ask("al", line)[0]


def test_what_is_shown_follows_the_clock_on_the_wall() -> None:
    world = World()
    world.irc("bo", rooms="#a")
    world.irc("al", caps="server-time", rooms="#a")
    world.jumped = -DAY
    found = world.send("bo", "TOPIC #a :tea", "TIME")
    assert found["al"] == [f"@time=2023-11-13T22:13:20.000Z {prefix('bo')} TOPIC #a :tea"]
    assert found["bo"][-1] == f":{SERVER} 391 bo {SERVER} :2023-11-13 22:13:20 UTC"
    assert world.ask("bo", "TOPIC #a")[1].endswith(f" {int(START - DAY)}")
    world.send("bo", "QUIT")
    assert "2023-11-13 22:13:20 UTC" in world.ask("al", "WHOWAS bo")[1]


def test_one_clock_is_enough_where_it_does_not_jump() -> None:
    world = World()
    world.irc("al")
    effects = world.core.step([Elapsed()], START + 90)
    assert world.read(effects)["al"] == [f":{SERVER} PING {SERVER}"]
    assert world.core.next_deadline == START + 150


def test_who_comes_and_goes_leaves_no_deadline_behind() -> None:
    world = World()
    world.irc("al")
    gone = world.add("gone")
    for number in range(1000, 11_000):
        one = msgspec.structs.replace(gone, user=number)
        world.core.step([one, Disconnected(user=number, reason="x")], world.now)
    assert len(world.core._deadlines) < 100
    assert later(world, 90) == {"al": [f":{SERVER} PING {SERVER}"]}
