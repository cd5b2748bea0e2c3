"""The answers in plain words, French or English; numbers and times are those of the messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Final, Literal

import yaml

from detectors.look import Look, Needed
from detectors.severity import LEVELS
from schemas.events import Alert
from schemas.times import MINUTE
from streams.explain.missed import Missed
from streams.messages.facts import test_name, topic
from streams.messages.phrases import Phrases, clean, phrases

Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
_HERE: Final = Path(__file__).parent


@cache
def own_words(language: Language) -> Phrases:
    """Return the catalogue of `language`."""
    return Phrases(language, yaml.safe_load((_HERE / f"words.{language}.yaml").read_text(encoding="utf-8")))


class Words:
    """What an answer calls for words, in one language."""

    def __init__(self, language: Language) -> None:
        self.own = own_words(language)
        self.said = phrases(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the phrase at `key`."""
        return self.own(key, **values)

    def number(self, value: float) -> str:
        """Return a number with as many digits as help: `1,234`, `12.5`, `0.14`."""
        size = abs(value)
        return self.said.number(value, 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2)

    def points(self, value: float) -> str:
        """Return points with two digits."""
        return self.said.number(value, 2)

    def moment(self, ms: int) -> str:
        """Return `22:10 UTC, 10 April 2017`."""
        return self.said.moment(ms, UTC)

    def minutes(self, count: float) -> str:
        """Return a length of time."""
        return self.said.duration(count * 60)

    def signal(self, alert: Alert) -> str:
        """Return what an alert is about."""
        return self.said.word("signal", topic(alert))

    def held_by(self, why: str) -> str:
        """Return what held an alert back."""
        return self.own.word("held_by", why)

    def test(self, detector: str) -> str:
        """Return what the test called `detector` asks, with its horizon."""
        return test_name(self.said, detector)

    def terms(self, points: dict[str, float]) -> str:
        """Return the terms of a severity, the weightiest first."""
        ordered = sorted(
            ((n, v) for n, v in points.items() if abs(v) >= 0.005), key=lambda item: (-abs(item[1]), item[0])
        )
        return ", ".join(f"{self.said.word('term', clean(name, 40))} {self.points(value)}" for name, value in ordered)


def reasons(found: Missed, words: Words) -> list[tuple[str, str]]:
    """Return the reasons as (code, text)."""
    return [(code, text) for code in found.reasons for text in _SAY[code](found, words)]


def _alerts(code: str) -> Callable[[Missed, Words], list[str]]:
    def say(found: Missed, words: Words) -> list[str]:
        out = []
        for alert in getattr(found, code):
            values = {
                "severity": alert.severity, "signal": words.signal(alert), "id": alert.alert_id[:8],
                "time": words.said.moment(alert.detected_at, UTC), "since": words.said.moment(alert.starts_at, UTC),
                "why": words.held_by(alert.suppressed_by or ""), "brand": clean(found.brand, 60),
            }  # fmt: skip
            out.append(words(f"missed.{code}", **values))
        return out

    return say


def _blind(found: Missed, words: Words) -> list[str]:
    out = []
    for alert in found.blind:
        if alert.blind is not None:
            start, end = (words.said.moment(time, UTC) for time in (alert.blind.since, alert.blind.until))
            out.append(words("missed.blind", start=start, end=end, id=alert.alert_id[:8]))
    return out


def _nothing_said(found: Missed, words: Words) -> list[str]:
    before, after = (words.moment(at) if at is not None else "–" for at in (found.before, found.after))
    values = {"brand": clean(found.brand, 60), "start": words.moment(found.since), "end": words.moment(found.until)}
    return [words("missed.nothing_said", before=before, after=after, **values)]


def _of_look(say: Callable[[Look, Words, Missed], str]) -> Callable[[Missed, Words], list[str]]:
    return lambda found, words: [say(found.look, words, found)] if found.look is not None else []


def _seen(look: Look, words: Words, _: Missed) -> str:
    return words(
        "missed.seen", time=words.moment(look.minute), mentions=words.said.count(look.mentions, "mention"),
        people=words.said.count(look.people, "author"), window=_window(look, words), expected=words.number(look.expected),
        high=words.number(look.no_surprise), share=words.said.percent(look.negative / look.crowd if look.crowd else 0),
        mass=words.number(look.negative), usual=words.said.percent(look.usual_share),
    )  # fmt: skip


def _window(look: Look, words: Words) -> str:
    return words.minutes(look.horizon)


def _warm_up(look: Look, words: Words, found: Missed) -> str:
    warmth = look.warmth
    return words(
        "missed.warm_up", brand=clean(found.brand, 60), hours=words.number(round(warmth.hours, 1)),
        hours_needed=words.number(warmth.hours_needed), mentions=words.number(warmth.mentions),
        mentions_needed=words.number(warmth.mentions_needed), heard=warmth.hours_heard, heard_needed=warmth.hours_heard_needed,
    )  # fmt: skip


def _campaign(look: Look, words: Words, _: Missed) -> str:
    return words("missed.campaign", name=clean(look.campaign or "", 60), factor=words.number(look.campaign_factor))


def _test(key: str) -> Callable[[Look, Words, Missed], str]:
    def say(look: Look, words: Words, _: Missed) -> str:
        best = look.tests[0]
        return words(
            key, test=words.test(best.name), score=words.points(best.score), threshold=words.points(best.threshold),
            severity=f"L{look.level}",
        )  # fmt: skip

    return say


def _needed(kind: str) -> Callable[[Look, Words, Missed], str]:
    def say(look: Look, words: Words, _: Missed) -> str:
        needed: Needed = getattr(look, f"to_{kind}")
        mass = {"mass": words.number(needed.negative or 0.0), "had": words.number(look.negative)}
        if needed.mentions is None:
            return words(
                f"missed.nothing_{kind}" if needed.negative is None else f"missed.only_negative_{kind}", **mass
            )
        more = words("missed.or_negative", **mass) if needed.negative is not None else ""
        mentions = words.said.count(round(needed.mentions), "mention")
        text = words(f"missed.to_{kind}", mentions=mentions, window=_window(look, words), had=words.number(look.crowd))
        return f"{text}{more}."

    return say


def _points(look: Look, words: Words, _: Missed) -> str:
    total = words.points(sum(look.points.values()))
    return words("missed.points", points=total, terms=words.terms(look.points), needed=words.number(LEVELS[1]))


def _people(look: Look, words: Words, _: Missed) -> str:
    return words("missed.people", needed=look.people_needed, window=_window(look, words), had=look.people)


def _tellers(look: Look, words: Words, _: Missed) -> str:
    return words("missed.tellers", needed=look.tellers_needed, window=_window(look, words), had=look.tellers)


def _loudest(found: Missed, words: Words) -> list[str]:
    if found.loudest is None:
        return []
    followers, limit = (words.said.count(n, "follower") for n in (found.loudest.followers, found.loudest.limit))
    return [words("missed.loudest", followers=followers, limit=limit)]


def _counted(found: Missed, words: Words) -> list[str]:
    if found.counted is None:
        return []
    mentions, counted = words.said.count(found.counted.mentions, "mention"), words.number(found.counted.crowd)
    time = words.moment(found.counted.minute)
    return [words("missed.counted", mentions=mentions, crowd=counted, time=time)]


_SAY: Final[dict[str, Callable[[Missed, Words], list[str]]]] = {
    **{code: _alerts(code) for code in ("paged", "held", "told", "silent")},
    "blind": _blind,
    "nothing_said": _nothing_said,
    "seen": _of_look(_seen),
    "warm_up": _of_look(_warm_up),
    "campaign": _of_look(_campaign),
    "budget": _of_look(lambda look, words, _: words("missed.budget", pages=look.pages, budget=look.budget)),
    "below": _of_look(_test("missed.below")),
    "test_fired": _of_look(_test("missed.test_fired")),
    "to_fire": _of_look(_needed("fire")),
    "to_page": _of_look(_needed("page")),
    "points": _of_look(_points),
    "people": _of_look(_people),
    "tellers": _of_look(_tellers),
    "milder": lambda _, words: [words("missed.milder")],
    "known": _of_look(lambda look, words, _: words("missed.known", points=words.points(-look.points["novelty"]))),
    "copies": _of_look(
        lambda look, words, _: words("missed.copies", points=words.points(-look.points["authenticity"]))
    ),
    "counted": _counted,
    "loudest": _loudest,
    "signal_held": lambda _, words: [words("missed.signal_held")],
}
"""What each code says."""


def width_in_words(bins_width: int, words: Words) -> str:
    """Return the width of a bar (ms) in words."""
    return words.minutes(bins_width / MINUTE)
