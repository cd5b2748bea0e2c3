"""The two catalogues say the same things, and numbers are written as each language writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml

import streams.messages.phrases as module
from schemas.events import SEVERITIES, IncidentState, Notification, SignalName, Trigger
from streams.messages.phrases import clean, phrases, zone_of

EN, FR = phrases("en"), phrases("fr")
SEE = datetime(2026, 3, 1, 21, 5, tzinfo=UTC)


def leaves(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield from leaves(value, f"{path}.{name}")
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from leaves(value, f"{path}[{number}]")
    else:
        yield path, str(data)


def catalogue(language: str) -> dict[str, str]:
    path = Path(module.__file__).with_name(f"phrases.{language}.yaml")
    return dict(leaves(yaml.safe_load(path.read_text(encoding="utf-8"))))


def test_both_languages_have_the_same_phrases_with_the_same_gaps() -> None:
    en, fr = catalogue("en"), catalogue("fr")
    assert set(en) == set(fr)
    gaps = {path: (set(re.findall(r"\{(\w+)\}", en[path])), set(re.findall(r"\{(\w+)\}", fr[path]))) for path in en}
    assert not {path: pair for path, pair in gaps.items() if pair[0] != pair[1]}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_gap_is_a_plain_name_so_that_no_phrase_reaches_into_anything(language: str) -> None:
    for path, text in catalogue(language).items():
        assert "{" not in re.sub(r"\{[a-z_]+\}", "", text), path


def test_what_is_filled_in_is_never_read_as_a_phrase_again() -> None:
    assert EN("lead.page", why="{people} {0.__class__}") == "You are paged: {people} {0.__class__}"


def test_every_word_of_the_events_has_its_word() -> None:
    for say in (EN, FR):
        for signal in get_args(SignalName):
            assert say(f"signal.{signal}")
            assert say.lines("months")
        for state in get_args(IncidentState):
            assert say(f"state.{state}")
        for trigger in get_args(Trigger):
            assert say(f"trigger.{trigger}")
        for severity in SEVERITIES:
            assert len(say.lines(f"todo.{severity}")) == 3
        for purpose in get_args(get_type_hints(Notification)["purpose"]):
            assert say(f"subject.{purpose}", **dict.fromkeys(GAPS, "x"))
            assert say(f"lead.{purpose}", **dict.fromkeys(GAPS, "x"))


GAPS = ("mark", "severity", "brand", "signal", "state", "incidents", "why", "at", "lasted", "waited", "before")


def test_numbers() -> None:
    assert EN.number(1_234_567.5, 1) == "1,234,567.5"
    assert FR.number(1_234_567.5, 1) == "1\u202f234\u202f567,5"
    assert EN.number(2.0, 2) == "2"
    assert (EN.percent(0.72), FR.percent(0.72)) == ("72%", "72\u202f%")
    assert EN.percent(0.001) == "<1%"


def test_nought_is_singular_in_french_and_plural_in_english() -> None:
    assert (EN.count(0, "mention"), FR.count(0, "mention")) == ("0 mentions", "0 mention")
    assert (EN.count(1, "mention"), FR.count(2, "mention")) == ("1 mention", "2 mentions")


@pytest.mark.parametrize(
    ("seconds", "en", "fr"),
    [
        (40, "40 s", "40 s"),
        (300, "5 min", "5 min"),
        (7_800, "2 h 10 min", "2 h 10 min"),
        (7_200, "2 h", "2 h"),
        (1_209_600, "14 d", "14 j"),
    ],
)
def test_durations(seconds: float, en: str, fr: str) -> None:
    assert (EN.duration(seconds), FR.duration(seconds)) == (en, fr)


def test_times_are_the_readers_own_and_the_first_of_the_month_is_premier() -> None:
    assert EN.moment(SEE, zone_of("UTC")) == "21:05 UTC, 1 March 2026"
    assert FR.moment(SEE, zone_of("Europe/Paris")) == "22:05 CET, 1er mars 2026"
    assert EN.moment(SEE, zone_of("Mars/Olympus")) == "21:05 UTC, 1 March 2026", "a page does not fail for a wrong zone"


def test_a_language_that_is_not_there_is_english() -> None:
    assert phrases("de").language == "en"


def test_a_term_from_outside_cannot_break_lines_turn_the_writing_or_hide() -> None:
    assert clean("a\r\nBcc: b\u202egnp.exe\u200b\x00 c") == "a Bcc: b gnp.exe c"
    assert clean("x" * 200, 10) == "x" * 9 + "…"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_phrase_is_there_twice(language: str) -> None:
    text = Path(module.__file__).with_name(f"phrases.{language}.yaml").read_text(encoding="utf-8")
    keys = re.findall(r"^(\w+):", text, flags=re.MULTILINE)
    assert len(keys) == len(set(keys))
    assert phrases(language)("test").strip() == "TEST"
