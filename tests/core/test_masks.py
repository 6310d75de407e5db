"""Masks: against a plain definition of what a glob matches."""

from __future__ import annotations

from ipaddress import IPv6Address
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.core import masks
from trio_chat.core.networks import is_slip, shown_host


def reference(mask: str, name: str) -> bool:
    """The definition, in exponential time."""
    if not mask:
        return not name
    if mask[0] == "*":
        return any(reference(mask[1:], name[start:]) for start in range(len(name) + 1))
    return bool(name) and mask[0] in ("?", name[0]) and reference(mask[1:], name[1:])


@given(mask=st.text("ab*?", max_size=8), name=st.text("ab", max_size=8))
def test_matches_as_defined(mask: str, name: str) -> None:
    assert masks.matches(mask, name) is reference(mask, name)


def test_case_is_folded_for_letters_of_ascii_only() -> None:
    assert masks.matches("AL!*@*", "al!~a@host")
    assert not masks.matches("É*", "é")
    # What other tables take for a capital K, and for an s.
    assert not masks.matches("k?", "\u212ax")
    assert not masks.matches("S*", "\u017fx")
    assert masks.matches("[a]^*", "[A]^\u212a")


def test_a_hostile_mask_comes_to_an_end() -> None:
    # With backtracking these would take longer than there is time.
    assert not masks.matches("*a?" * 85 + "b", "a" * 250)
    assert not masks.matches("*" + "a*" * 120 + "b", "a" * 250)


@pytest.mark.parametrize(
    ("typed", "mask"),
    [
        ("al", "al!*@*"),
        ("al!", "al!*@*"),
        ("u@h", "*!u@h"),
        ("@h", "*!*@h"),
        ("al!u", "al!u@*"),
        ("al!u@h", "al!u@h"),
        ("***", "*!*@*"),
        ("a**b", "a*b!*@*"),
        # No nickname has these: it is a host.
        ("host.example", "*!*@host.example"),
        ("192.0.2.*", "*!*@192.0.2.*"),
        ("user/al", "*!*@user/al"),
        ("192.0.2.7", "*!*@192.0.2.7"),
        ("192.0.2.0/24", "*!*@192.0.2.0/24"),
        ("2001:DB8::5", "*!*@2001:db8::5"),
        ("u@192.0.2.7/32", "*!u@192.0.2.7"),
        ("al!u@2001:0db8:0000::5", "al!u@2001:db8::5"),
        ("*!*@[2001:db8:0::5]", "*!*@2001:db8::5"),
        ("*!*@::1", "*!*@0::1"),
        (":1", "*!*@0::1"),
        ("*!*@0:0:0:0:0:0:0:1", "*!*@0::1"),
        ("*!*@0::1/128", "*!*@0::1"),
        ("*!*@::/3", "*!*@0::/3"),
        ("*!*@::ffff:192.0.2.7", "*!*@192.0.2.7"),
        ("*!*@::ffff:192.0.2.0/120", "*!*@192.0.2.0/24"),
        ("*!*@2001:DB8::/32", "*!*@2001:db8::/32"),
        ("*!*@2001:0DB8:*", "*!*@2001:db8::/32"),
        ("*!*@1:2:3:4:5:6:7:*", "*!*@1:2:3:4:5:6:7:0/112"),
        ("~m:*!*@::1", "~m:*!*@0::1"),
        ("~a:192.0.2.7", "~a:192.0.2.7"),
    ],
)
def test_what_is_typed_is_completed(typed: str, mask: str) -> None:
    assert masks.normalise(typed) == mask


@pytest.mark.parametrize(
    ("mask", "host", "fits"),
    [
        ("*!*@198.51.100.0/24", "198.51.100.9", True),
        ("*!*@198.51.100.0/24", "198.51.101.9", False),
        ("*!*@198.51.100.0/24", "198.51.100.example", False),
        ("*!*@198.51.100.0/24", "2001:db8::5", False),
        ("a?!~a*@198.51.100.0/24", "198.51.100.9", True),
        ("bo!*@198.51.100.0/24", "198.51.100.9", False),
        ("*!*@2001:db8::/32", "2001:db8:ffff::5", True),
        ("*!*@2001:db8::/32", "2001:db9::5", False),
        ("*!*@0::/64", "0::1", True),
        ("*!*@0::1", "0::1", True),
        ("*!*@2001:db8::5", "2001:db8::5", True),
        # A name with a stroke is a name.
        ("*!*@user/*", "user/al", True),
        ("*!*@user/12", "user/12", True),
    ],
)
def test_networks_in_masks(mask: str, host: str, fits: bool) -> None:
    prefix = f"al!~al@{host}"
    assert masks.normalise(mask) == mask
    assert masks.is_mask(mask)
    assert masks.Rule(mask).covers(prefix.lower(), "", speaking=False) is fits
    assert masks.Rule(f"~m:{mask}").covers(prefix.lower(), "", speaking=True) is fits
    assert masks.split_network(mask) == (
        (mask, None) if "/" not in mask or "user/" in mask else (f"{mask.split('@')[0]}@*", ANY)
    )


@pytest.mark.parametrize(
    "host",
    [
        "192.0.2.7/24",
        "192.0.2.0/33",
        "192.0.2.0/",
        "192.0.2",
        "192.0.2.",
        "192.0.2.256",
        "192.0.2.*/24",
        "2001:db8::5/32",
        "2001:db8::/129",
        "2001:db8:::5",
        "2001:db8:5:6",
        "2001:db8:*/32",
        "192.0.2.0/24x",
        "192.0.2.*/24x",
        "2001:db8::/32x",
        # Nobody is shown in these ways.
        "2001:0db8::*",
        "2001:db8:0::*",
        "2001:db8::0:*",
        "2001:db8:*::0",
        "2001:db8:0:0:0:0:0:?",
        "2001:db8:1:2:3:4:5:6:?",
        "1:2:3:4:5:6:7::*",
        "1:*:0:0:0:2:3:4",
        "2001:db8:::*",
        "2001::*::1",
        "::*",
        "::ffff:192.0.2.*",
        "fe80::1%eth0",
        "fe80::%*",
    ],
)
def test_a_mask_that_was_meant_for_an_address_and_is_none(host: str) -> None:
    for typed in (f"*!*@{host}", host, f"u@{host}", f"~m:{host}"):
        mask = masks.normalise(typed)
        assert not masks.is_mask(mask)
        assert masks.hint(mask).endswith("such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32")
    # Else the hint is about what else there is.
    assert masks.hint("~x:y").endswith("or is ~a: or ~m:")


@pytest.mark.parametrize("typed", ["!!", "al!a!b@h", "a@b!c@d", "al!u@h@i", "~m:!!"])
def test_a_mask_that_is_about_nobody(typed: str) -> None:
    mask = masks.normalise(typed)
    assert not masks.is_mask(mask)
    assert masks.hint(mask) == "A mask is nickname!user@host, with one ! and one @"


@pytest.mark.parametrize(
    "host",
    [
        *("a.b", "cafe/12", "1-2.example", "*.7", "10.?.*", "fe:ed", "*:*"),
        *("2001:db8::*", "0::*", "*:*:*", "*::?", "2001:*:0:0:5", "user:db8:0::*", "0::1:0:?"),
    ],
)
def test_a_host_that_is_a_name_or_has_wild_cards(host: str) -> None:
    assert masks.normalise(f"*!*@{host}") == f"*!*@{host}"
    assert masks.is_mask(f"*!*@{host}")


@given(
    address=st.ip_addresses(v=6)
    | st.integers(0, 2**16).map(IPv6Address)
    # Zeros are what is written in many ways.
    | st.lists(st.sampled_from(["0", "1", "beef"]), min_size=8, max_size=8).map(
        lambda groups: IPv6Address(":".join(groups))
    ),
    wild=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=3),
)
def test_whatever_somebody_is_matched_by_is_a_mask(
    address: IPv6Address, wild: list[tuple[int, int]]
) -> None:
    shown = mask = shown_host(str(address))
    for start, length in wild:
        mask = f"{mask[:start]}{'*' if length else '?'}{mask[start + (length or 1) :]}"
    if masks.matches(mask, shown):
        assert not is_slip(mask)
