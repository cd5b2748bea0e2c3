"""Links that act: not forged, not used for something else, not after their time, and counted once."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.links import Claim, LinkError, Links, Refusal

KEY = b"0123456789abcdef0123456789abcdef"
NOW = 1_772_745_240_000
CLAIM = Claim("ack", "incident-1", "alice", NOW + 1_000, "notification-1")
LINKS = Links([KEY], "https://t.example.org/")


def refusal(token: str, purpose: str = "ack", now: int = NOW, links: Links = LINKS) -> Refusal:
    with pytest.raises(LinkError) as refused:
        links.check(token, purpose, now)  # type: ignore[arg-type]
    assert len(token) < 40 or token not in str(refused.value)
    return refused.value.refusal


def test_a_link_says_who_may_do_what_to_which_incident() -> None:
    url = LINKS.url(CLAIM)
    assert url.startswith("https://t.example.org/do/")
    assert LINKS.check(url.rpartition("/")[2], "ack", NOW) == CLAIM
    assert LINKS.peek(url.rpartition("/")[2], NOW) == CLAIM


def test_it_ends_at_its_time_to_the_millisecond() -> None:
    token = LINKS.token(CLAIM)
    assert LINKS.check(token, "ack", NOW + 999) == CLAIM
    assert refusal(token, now=NOW + 1_000) is Refusal.EXPIRED


def test_a_link_to_acknowledge_does_not_dismiss() -> None:
    assert refusal(LINKS.token(CLAIM), "dismiss") is Refusal.WRONG_PURPOSE


def test_each_use_of_a_link_gives_the_same_command_and_each_link_another() -> None:
    token = LINKS.token(CLAIM)
    assert LINKS.check(token, "ack", NOW).command_id == LINKS.check(token, "ack", NOW + 1).command_id
    others = [
        replace(CLAIM, purpose="dismiss"),
        replace(CLAIM, incident_id="incident-2"),
        replace(CLAIM, person="bob"),
        replace(CLAIM, nonce="notification-2"),
    ]
    assert len({claim.command_id for claim in [CLAIM, *others]}) == 5


def test_any_change_of_any_character_is_noticed() -> None:
    token = LINKS.token(CLAIM)
    body, _, _ = token.partition(".")
    for place in range(len(body)):
        other = "A" if token[place] != "A" else "B"
        assert refusal(token[:place] + other + token[place + 1 :]) is Refusal.FORGED


def test_a_claim_written_by_somebody_else_is_forged() -> None:
    fields = ["ack", "incident-1", "mallory", NOW + 10**9, "n"]
    body = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
    signature = LINKS.token(CLAIM).partition(".")[2]
    assert refusal(f"{body}.{signature}") is Refusal.FORGED
    assert refusal(f"{body}.") is Refusal.FORGED
    assert refusal(Links([b"another key of sixteen bytes"], "").token(CLAIM)) is Refusal.FORGED


def test_keys_can_be_changed_without_breaking_links_under_way() -> None:
    old = LINKS.token(CLAIM)
    both = Links([b"the new key of sixteen bytes", KEY], "https://t.example.org")
    assert both.check(old, "ack", NOW) == CLAIM
    assert refusal(both.token(CLAIM)) is Refusal.FORGED, "the first key signs"


@given(st.text(max_size=80))
def test_rubbish_is_refused_and_never_breaks_anything(token: str) -> None:
    assert refusal(token) in {Refusal.MALFORMED, Refusal.FORGED}


def test_something_signed_with_the_same_key_for_another_use_is_no_link() -> None:
    body = LINKS.token(CLAIM).partition(".")[0]
    signature = base64.urlsafe_b64encode(hmac.digest(KEY, body.encode(), "sha256")).decode().rstrip("=")
    assert refusal(f"{body}.{signature}") is Refusal.FORGED


def test_a_token_that_is_far_too_long_is_not_even_looked_at() -> None:
    assert refusal("a." + "b" * 10_000) is Refusal.MALFORMED


def test_a_short_key_is_refused_and_no_key_is_shown() -> None:
    with pytest.raises(UserError, match="at least 16 bytes"):
        Links([b"short"], "https://t.example.org")
    with pytest.raises(UserError, match="at least 16 bytes"):
        Links([], "https://t.example.org")
    assert "0123456789" not in repr(LINKS)
