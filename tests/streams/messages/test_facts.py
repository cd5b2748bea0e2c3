"""What a message says of how sure it is, and of what held an alert back."""

from __future__ import annotations

import pytest

from schemas.events import Authenticity
from streams.messages.facts import how_sure
from streams.messages.phrases import phrases
from tests.streams.delivery.world import an_alert

DOUBT = {"en": "Much of it is not a crowd", "fr": "Une bonne part n’est pas une foule"}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("crowd", "doubted"),
    [
        (Authenticity(0.1, 300, 0.01, 0.03), False),
        (Authenticity(0.1, 300, 0.01, 0.9), True),
        (Authenticity(0.6, 300, 0.01, None), True),
        (Authenticity(0.1, 300, 0.4, None), True),
    ],
)
def test_a_reader_is_warned_of_copies_of_one_loud_author_and_of_new_accounts(
    language: str, crowd: Authenticity, doubted: bool
) -> None:
    said = " ".join(line.text for line in how_sure(phrases(language), an_alert(authenticity=crowd)))
    assert (DOUBT[language] in said) == doubted


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("why", ["warm_up", "campaign", "budget", "repeat"])
def test_what_held_an_alert_back_is_said_in_words(language: str, why: str) -> None:
    assert phrases(language).word("held_by", why) != why.replace("_", " ")
