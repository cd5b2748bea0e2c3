"""What a message says of how sure it is, and of what held an alert back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.events import Authenticity, Driver, Vote
from streams.messages.facts import drivers, figures, how_sure, what
from streams.messages.facts import test_name as name_of_test
from streams.messages.phrases import phrases, zone_of
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


def test_tests_are_called_what_they_ask() -> None:
    fired = [Vote("negative_spike 60 min", 5, True), Vote("slow burn", 4, True), Vote("share", 1, False)]
    said = " ".join(line.text for line in how_sure(phrases("fr"), an_alert(votes=fired)))
    assert "plus de colère que d’habitude, sur 1 h ; une colère qui s’accumule sur des heures (feu lent)" in said
    assert name_of_test(phrases("en"), "something_new") == "something new"


def test_a_language_among_the_drivers_is_called_one() -> None:
    alert = an_alert(drivers=[Driver("language", "fr", 132, 3.0), Driver("term", "verre", 9, 2.0)])
    assert drivers(phrases("fr"), alert)[0].text == "langue : fr (132), verre (9)"
    assert drivers(phrases("en"), alert)[0].text == "language: fr (132), verre (9)"


def test_an_sms_says_what_it_counts() -> None:
    alert = an_alert(observed=1.0, expected=0.2, signal="negative_spike")
    assert figures(phrases("fr"), alert).startswith("1 mention négative en ")
    assert figures(phrases("en"), an_alert(observed=30.0, signal="volume_spike")).startswith("30 mentions in ")


def test_an_end_on_another_day_of_the_reader_has_its_date() -> None:
    start, zone = datetime(2026, 3, 5, 21, 10, tzinfo=UTC), zone_of("Europe/Paris")
    assert phrases("fr").since(start + timedelta(hours=1), start, zone) == "23:10"
    assert phrases("fr").since(start + timedelta(hours=2), start, zone) == "00:10 CET, 6 mars 2026"
    assert phrases("fr").since(start + timedelta(hours=2), start, UTC) == "23:10"


def test_more_anger_among_no_more_mentions_is_told_by_its_share() -> None:
    alert = an_alert(observed=9.0, expected=13.0, negative_share=0.48, signal="negative_spike")
    assert figures(phrases("en"), alert) == "48% negative."
    assert "no more than usual, but 48% of what is said is negative" in what(phrases("en"), alert, UTC)[0].text
