"""What both sides of a login have in common: chunks, the keys of SCRAM (RFC 7677), SASLprep."""

from __future__ import annotations

import base64

import pytest

from trio_chat.wire.sasl import chunks, keys, masked, prepared, signature


@pytest.mark.parametrize(
    ("size", "lengths"), [(0, [1]), (1, [4]), (297, [396]), (300, [400, 1]), (301, [400, 4])]
)
def test_chunks(size: int, lengths: list[int]) -> None:
    data = b"x" * size
    found = chunks(data)
    assert [len(one) for one in found] == lengths
    whole = "".join(one for one in found if one != "+")
    assert base64.b64decode(whole) == data


def test_the_example_of_scram() -> None:
    """RFC 7677, section 3."""
    found = keys("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = (
        f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        f"c=biws,r={nonce}"
    )
    by = signature(found.stored, message)
    proof = masked(found.client, by)
    assert base64.b64encode(proof) == b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    assert masked(proof, by) == found.client
    said = base64.b64encode(signature(found.server, message))
    assert said == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        # Examples of RFC 4013, section 3.
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        # What it has no answer to is taken as it is.
        ("é\u0007", "é\u0007"),
        ("\u0627\u0031", "\u0627\u0031"),
        ("\U0001f600", "\U0001f600"),
        ("\u0627a\u0627", "\u0627a\u0627"),
        ("é\u00a0é", "é é"),
        ("\u00ad", "\u00ad"),
    ],
)
def test_a_password_as_saslprep_has_it(typed: str, taken: str) -> None:
    assert prepared(typed) == taken
