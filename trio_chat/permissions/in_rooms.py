"""Who may enter, speak, rule and read in a room."""

from __future__ import annotations

from trio_chat.permissions.table import Actor, Row, Table

_BAN, _EXEMPT = "MODE #a +b who!*@*", "MODE #a +e who!*@*"

ENTERING = Table(
    title="Entering",
    text="JOIN of a room that is registered; in one that is not, nobody has access. With several "
    "in the way, the answer is about the first of +i, +k, +R, +l and the ban.",
    actors=(
        Actor(name="no account"),
        Actor(name="account", account=True),
        Actor(name="banned", account=True, ruled=(_BAN,)),
        Actor(name="banned, exempted", account=True, ruled=(_BAN, _EXEMPT)),
        Actor(name="on +I", ruled=("MODE #a +I who!*@*",)),
        Actor(name="invited", ruled=(_BAN, "INVITE who #a")),
        Actor(name="access +v", account=True, access="v", ruled=(_BAN,)),
        Actor(name="access +h", account=True, access="h", ruled=(_BAN,)),
        Actor(name="access +o", account=True, access="o", ruled=(_BAN,)),
        Actor(name="founder", account=True, access="founder", ruled=(_BAN,)),
        Actor(name="server operator", operator=True, ruled=(_BAN,)),
    ),
    rows=(
        Row(
            name="nothing is set",
            does="JOIN #a",
            shows=" JOIN #a",
            cells="yes yes 474 yes yes yes 474 yes yes yes 474",
        ),
        Row(
            name="+i",
            set=("MODE #a +i",),
            does="JOIN #a",
            shows=" JOIN #a",
            cells="473 473 473 473 yes yes 473 yes yes yes 473",
        ),
        Row(
            name="+k, without the key",
            set=("MODE #a +k key",),
            does="JOIN #a",
            shows=" JOIN #a",
            cells="475 475 475 475 475 yes 475 yes yes yes 475",
        ),
        Row(
            name="+k, with the key",
            set=("MODE #a +k key",),
            does="JOIN #a key",
            shows=" JOIN #a",
            cells="yes yes 474 yes yes yes 474 yes yes yes 474",
        ),
        Row(
            name="+R",
            set=("MODE #a +R",),
            does="JOIN #a",
            shows=" JOIN #a",
            cells="477 yes 474 yes 477 yes 474 yes yes yes 477",
        ),
        Row(
            name="+l, and it is full",
            set=("MODE #a +l 1",),
            does="JOIN #a",
            shows=" JOIN #a",
            cells="471 471 471 471 471 yes 471 yes yes yes 471",
        ),
        Row(
            name="+s, +m, +M, +u",
            set=("MODE #a +smMu",),
            does="JOIN #a",
            shows=" JOIN #a",
            cells="yes yes 474 yes yes yes 474 yes yes yes 474",
        ),
        Row(
            name="it is suspended",
            set=("SUSPEND",),
            does="JOIN #a",
            shows=" JOIN #a",
            cells="437 437 437 437 437 437 437 437 437 437 437",
        ),
    ),
)

SPEAKING = Table(
    title="Speaking",
    text="PRIVMSG to the room; NOTICE is the same, but never answered with an error.",
    actors=(
        Actor(name="outside", account=True),
        Actor(name="outside, access +o", account=True, access="o"),
        Actor(name="member", inside=True),
        Actor(name="member with an account", inside=True, account=True),
        Actor(name="banned", inside=True, ruled=(_BAN,)),
        Actor(name="muted (`~m:`)", inside=True, ruled=("MODE #a +b ~m:who!*@*",)),
        Actor(name="banned, exempted", inside=True, ruled=(_BAN, _EXEMPT)),
        Actor(name="voice", inside=True, standing="v", ruled=(_BAN,)),
        Actor(name="half-operator", inside=True, standing="h", ruled=(_BAN,)),
        Actor(name="operator", inside=True, standing="o", ruled=(_BAN,)),
        Actor(name="server operator", operator=True),
    ),
    rows=(
        Row(
            name="nothing but +n",
            does="PRIVMSG #a :hello",
            shows=" PRIVMSG #a :hello",
            cells="404 404 yes yes 404 404 yes yes yes yes 404",
        ),
        Row(
            name="-n",
            set=("MODE #a -n",),
            does="PRIVMSG #a :hello",
            shows=" PRIVMSG #a :hello",
            cells="yes yes yes yes 404 404 yes yes yes yes yes",
        ),
        Row(
            name="+m",
            set=("MODE #a +m",),
            does="PRIVMSG #a :hello",
            shows=" PRIVMSG #a :hello",
            cells="404 404 404 404 404 404 404 yes yes yes 404",
        ),
        Row(
            name="-n, +M",
            set=("MODE #a +M-n",),
            does="PRIVMSG #a :hello",
            shows=" PRIVMSG #a :hello",
            cells="yes yes 404 yes 404 404 404 yes yes yes 404",
        ),
        Row(
            name="CTCP with +C",
            set=("MODE #a +C",),
            does="PRIVMSG #a :\x01VERSION\x01",
            shows=" PRIVMSG #a :",
            cells="404 404 404 404 404 404 404 404 404 404 404",
        ),
        Row(
            name="to operators alone (`@#a`)",
            does="PRIVMSG @#a :hello",
            shows=" PRIVMSG @#a :hello",
            cells="404 404 yes yes 404 404 yes yes yes yes 404",
        ),
    ),
)

_INSIDE = (
    Actor(name="outside"),
    Actor(name="member", inside=True),
    Actor(name="voice", inside=True, standing="v"),
    Actor(name="half-operator", inside=True, standing="h"),
    Actor(name="operator", inside=True, standing="o"),
    Actor(name="protected", inside=True, standing="a"),
    Actor(name="owner", inside=True, standing="q"),
    Actor(name="server operator", operator=True),
)


def _give(letter: str, cells: str) -> Row:
    return Row(
        name=f"give or take +{letter}",
        does=f"MODE #a +{letter} other",
        shows=f" MODE #a +{letter} other",
        cells=cells,
    )


RULING = Table(
    title="In a room",
    text="What decides is what one is in the room, however one has come to be that. An operator of "
    "the server has no rights there: SAJOIN and SAMODE are for that.",
    actors=_INSIDE,
    rows=(
        Row(
            name="see who is there",
            does="NAMES #a",
            shows=" 353 ",
            cells="yes yes yes yes yes yes yes yes",
        ),
        Row(
            name="see who is there, with +s",
            set=("MODE #a +s",),
            does="NAMES #a",
            shows=" 353 ",
            cells="366 yes yes yes yes yes yes yes",
        ),
        Row(
            name="see the topic",
            set=("TOPIC #a :of a",),
            does="TOPIC #a",
            shows=" 332 ",
            cells="yes yes yes yes yes yes yes yes",
        ),
        Row(
            name="see the topic, with +s",
            set=("TOPIC #a :of a", "MODE #a +s"),
            does="TOPIC #a",
            shows=" 332 ",
            cells="442 yes yes yes yes yes yes yes",
        ),
        Row(
            name="set the topic, with +t",
            does="TOPIC #a :x",
            shows=" TOPIC #a :x",
            cells="442 482 482 yes yes yes yes 442",
        ),
        Row(
            name="set the topic, with -t",
            set=("MODE #a -t",),
            does="TOPIC #a :x",
            shows=" TOPIC #a :x",
            cells="442 yes yes yes yes yes yes 442",
        ),
        Row(
            name="set modes",
            does="MODE #a +m",
            shows=" MODE #a +m",
            cells="482 482 482 yes yes yes yes 482",
        ),
        Row(
            name="ban",
            does="MODE #a +b x!*@*",
            shows=" MODE #a +b",
            cells="482 482 482 yes yes yes yes 482",
        ),
        _give("v", "482 482 482 yes yes yes yes 482"),
        _give("h", "482 482 482 482 yes yes yes 482"),
        _give("o", "482 482 482 482 yes yes yes 482"),
        _give("a", "482 482 482 482 482 482 yes 482"),
        _give("q", "482 482 482 482 482 482 yes 482"),
        Row(
            name="remove a member",
            does="KICK #a other",
            shows=" KICK #a other",
            cells="442 482 482 yes yes yes yes 442",
        ),
        Row(
            name="remove a half-operator",
            set=("MODE #a +h other",),
            does="KICK #a other",
            shows=" KICK #a other",
            cells="442 482 482 482 yes yes yes 442",
        ),
        Row(
            name="remove an operator",
            set=("MODE #a +o other",),
            does="KICK #a other",
            shows=" KICK #a other",
            cells="442 482 482 482 yes yes yes 442",
        ),
        Row(
            name="remove an owner",
            set=("MODE #a +q other",),
            does="KICK #a other",
            shows=" KICK #a other",
            cells="442 482 482 482 482 482 yes 442",
        ),
        Row(
            name="invite",
            does="INVITE stranger #a",
            shows=" 341 ",
            cells="442 yes yes yes yes yes yes 442",
        ),
        Row(
            name="invite, with +i",
            set=("MODE #a +i",),
            does="INVITE stranger #a",
            shows=" 341 ",
            cells="442 482 482 yes yes yes yes 442",
        ),
        Row(
            name="give it another name",
            does="RENAME #a #b",
            shows=" RENAME #a #b",
            cells="442 482 482 482 yes yes yes 442",
            registered=False,
        ),
        Row(
            name="give a registered room another name",
            does="RENAME #a #b",
            shows=" RENAME #a #b",
            cells="442 482 482 482 FAIL FAIL FAIL 442",
        ),
    ),
)

READING = Table(
    title="Reading what was said",
    text="CHATHISTORY and SEARCH. What is set in the room changes nothing about it, nor does a ban "
    "on somebody who is in it.",
    actors=(
        Actor(name="outside", account=True),
        Actor(name="server operator", operator=True),
        Actor(name="outside, access +v", account=True, access="v"),
        Actor(name="outside, access +h", account=True, access="h"),
        Actor(name="outside, access +o", account=True, access="o"),
        Actor(name="outside, founder", account=True, access="founder"),
        Actor(name="member", inside=True, ruled=(_BAN,)),
        Actor(name="voice", inside=True, standing="v"),
        Actor(name="half-operator", inside=True, standing="h"),
        Actor(name="operator", inside=True, standing="o"),
    ),
    rows=(
        Row(
            name="what was said to all",
            set=("PRIVMSG #a :said",),
            does="CHATHISTORY LATEST #a * 10",
            shows=" PRIVMSG #a :said",
            cells="FAIL FAIL FAIL yes yes yes yes yes yes yes",
        ),
        Row(
            name="what was said to operators (`@#a`)",
            set=("PRIVMSG @#a :said",),
            does="CHATHISTORY LATEST #a * 10",
            shows=" PRIVMSG @#a :said",
            cells="FAIL FAIL FAIL - yes yes - - - yes",
        ),
        Row(
            name="the same of a room that nobody is in",
            set=("PRIVMSG @#a :said", "MODE #a +s", "EMPTY"),
            does="CHATHISTORY LATEST #a * 10",
            shows=" PRIVMSG @#a :said",
            cells="FAIL FAIL FAIL - yes yes FAIL FAIL FAIL FAIL",
        ),
    ),
)
