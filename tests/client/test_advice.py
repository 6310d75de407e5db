from __future__ import annotations

import pytest

from trio_chat.client import ChatError, NoAnswer, Refused
from trio_chat.client.advice import NICKNAME_RULE, at_the_start, inside
from trio_chat.client.destination import nickname_for
from trio_chat.client.login import INSECURE


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Refused("a: In use", "433"), "a: In use: ask for another with --nick NAME"),
        (Refused("a: Collision", "436"), "a: Collision: ask for another with --nick NAME"),
        (Refused("1: Erroneous", "432"), f"1: Erroneous: a nickname has {NICKNAME_RULE}"),
        (Refused("You are banned", "465"), "You are banned"),
        (NoAnswer("no answer"), "no answer"),
    ],
)
def test_at_the_start(error: ChatError, sentence: str) -> None:
    assert at_the_start(error, password_given=False) == sentence
    assert at_the_start(error, password_given=True) == sentence


def test_passwords() -> None:
    error = Refused("Password incorrect", "464")
    assert "--ask-password" in at_the_start(error, password_given=False)
    assert at_the_start(error, password_given=True) == "That is not the server's password."


def test_options_are_no_use_inside() -> None:
    assert inside(Refused("a: In use", "433")) == "a: In use"
    assert inside(ValueError("write /me TEXT")) == "write /me TEXT"


def test_the_rule_is_that_of_the_nicknames_we_make() -> None:
    punctuation = NICKNAME_RULE.partition("and ")[2].partition(",")[0]
    assert nickname_for(f"a{punctuation}") == f"a{punctuation}"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Refused("SASL failed", "904"), "You can not be logged in to al: SASL failed"),
        (Refused("Account is suspended", "902"), "You can not be logged in to al: Account is sus"),
        (Refused("the server has no SASL", "sasl"), "You can not be logged in to al: the server"),
        (Refused("not encrypted", INSECURE), "The server wants your password unencrypted: use --"),
    ],
)
def test_an_account(error: ChatError, sentence: str) -> None:
    assert at_the_start(error, password_given=False, account="al").startswith(sentence)


def test_an_account_is_asked_for() -> None:
    error = Refused("You need an account here", "ACCOUNT_REQUIRED")
    expected = "You need an account here: --account NAME"
    assert at_the_start(error, password_given=False) == expected
