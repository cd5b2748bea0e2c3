"""The demo's story: two brands that do not exist, four ordinary days, a joke that goes viral, a crisis, recovery.

Generated from one seed, nothing in it was written by anybody about anything. It is the same on every machine, so what
Tocsin makes of it can be told beforehand: `cast` says what happens when, and what should come of it.

>>> mentions = story()
>>> mentions == sorted(mentions, key=lambda mention: (mention.time, mention.key))
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from schemas.mention import Mention
from schemas.times import DAY, HOUR, MINUTE, SECOND, from_ms, parse_iso
from streams.demo import nimbrook, vaudrelle
from streams.demo.voices import Person, known, person, say, typed

START: Final = parse_iso("2026-03-02T00:00:00Z")
"""A Monday. In Paris it is an hour later than here, in London it is the same."""
END: Final = 4 * DAY + 23 * HOUR
JOKE: Final = 3 * DAY + 19 * HOUR
"""Thursday evening."""
CRISIS: Final = 4 * DAY + 17 * HOUR + 30 * MINUTE
"""Friday, half past six in Paris: the offices are empty."""
RISE: Final = 28 * MINUTE
POST: Final = 9 * MINUTE
PRESS: Final = 17 * MINUTE
REPORT: Final = 26 * MINUTE
HOLDING: Final = 34 * MINUTE
AGAIN: Final = 41 * MINUTE
RECALL: Final = 66 * MINUTE
"""After the beginning of the crisis: how long it grows, and who speaks when."""
BRANDS: Final[Mapping[str, tuple[str, ...]]] = {
    nimbrook.NAME: nimbrook.WATCH,
    vaudrelle.NAME: vaudrelle.WATCH,
}
"""The brands, with the words by which their mentions are known (no mention names its brand otherwise)."""

RHYTHM: Final = (
    0.10, 0.06, 0.05, 0.05, 0.06, 0.12, 0.30, 0.55, 0.65, 0.60, 0.62, 0.70,
    0.95, 0.90, 0.65, 0.62, 0.68, 0.80, 0.92, 1.00, 0.98, 0.80, 0.50, 0.25,
)  # fmt: skip
"""Share of the busiest hour's mentions, by hour of the day where the brand lives."""
BUSIEST: Final = {nimbrook.NAME: 58.0, vaudrelle.NAME: 48.0}
"""Mentions in the busiest hour of an ordinary day."""
HOURS_AHEAD: Final = {nimbrook.NAME: 0, vaudrelle.NAME: 1}
MOOD: Final = (0.33, 0.46, 0.21)
"""An ordinary day's shares of positive, neutral and negative."""

_X_EPOCH: Final = 1_288_834_974_657
"""Epoch ms from which X counts the time in its ids (the top 41 bits; the lower 22 are a counter here)."""


class Scene(Struct, frozen=True):
    """Something that happens in the story, for the terminal."""

    at: int
    """Epoch ms."""
    until: int
    brand: str
    title: str
    detail: str
    expect: str
    """What Tocsin should make of it."""


def cast(start: int = START) -> list[Scene]:
    """Return what happens when, in order."""
    told = (
        (0, JOKE, nimbrook, "Ordinary days", "a few mentions an hour at night, fifty in the evening", "no page"),
        (0, CRISIS, vaudrelle, "Ordinary days", "praise, questions, a late parcel now and then", "no page"),
        (JOKE, JOKE + 3 * HOUR, nimbrook, "A joke goes viral",
         "the talking kettle: six times the volume, and nobody is angry", "L2 at most"),
        (CRISIS, CRISIS + RISE, vaudrelle, "Glass in the jam",
         "first a few parents, half an hour later a crowd: forty times the volume", "L3 or L4, paged"),
        (CRISIS + POST, CRISIS + POST, vaudrelle, "An influencer posts the photo", "612,000 followers", "it grows"),
        (CRISIS + PRESS, CRISIS + PRESS, vaudrelle, "The press asks", "a journalist collects testimonies", "it grows"),
        (CRISIS + HOLDING, CRISIS + HOLDING, vaudrelle, "A holding statement",
         "the company tells people not to eat it", "no change yet"),
        (CRISIS + RECALL, END, vaudrelle, "The recall",
         "lot 2608 is recalled, refunds in the shops: an ordinary evening within two hours", "all clear"),
    )  # fmt: skip
    return [
        Scene(start + at, start + until, theme.NAME, title, detail, expect)
        for at, until, theme, title, detail, expect in told
    ]


def story(seed: int = 7, start: int = START) -> list[Mention]:
    """Return the story's mentions, sorted by time; the same `seed` gives the same mentions.

    `start` (epoch ms) is its first midnight. About eight thousand mentions in five days, two thousand of them in the
    crisis.
    """
    book = _Book(Random(seed), start)
    for name in BRANDS:
        _ordinary(book, name)
    _joke(book)
    _crisis(book)
    return book.bound()


class _Book:
    """The mentions so far."""

    def __init__(self, rng: Random, start: int) -> None:
        self.rng = rng
        self.start = start
        self._mentions: list[Mention] = []
        self._said: dict[str, tuple[str, str]] = {}  # by mention id: whose, in which language

    def add(self, offset: int, who: Person, text: str, lang: str, repost_of: Mention | None = None) -> Mention:
        """Put down that `who` said `text`, `offset` ms into the story."""
        at = self.start + offset // SECOND * SECOND  # platforms tell whole seconds
        number = (at - _X_EPOCH << 22) + len(self._mentions)
        mention = Mention(
            who.platform,
            str(number),
            from_ms(at),
            text=text,
            lang=lang if self.rng.random() < 0.7 else None,  # a platform does not always say
            author=who.author,
            repost_of=None if repost_of is None else repost_of.id,
        )
        self._said[mention.id] = who.handle, lang
        self._mentions.append(mention)
        return mention

    def repost(self, offset: int, who: Person, of: Mention) -> None:
        """Put down that `who` passed on what somebody else had said."""
        there = Person(who.handle, of.platform, who.author)
        handle, lang = self._said[of.id]
        self.add(offset, there, f"RT @{handle}: {of.text}", lang, of)

    def bound(self) -> list[Mention]:
        """Return all of it in order."""
        return sorted(self._mentions, key=lambda mention: (mention.time, mention.key))


def _moments(rng: Random, begin: int, end: int, rate: Callable[[int], float]) -> list[int]:
    """Return the moments (ms) of a Poisson process with `rate` an hour, a function of time; rates gust by the minute.

    The gusts are gamma with mean 1 and variance 1/6: counts come out over-dispersed, as real ones are.
    """
    moments = []
    for minute in range(begin, end, MINUTE):
        per_ms = rate(minute) * rng.gammavariate(6, 1 / 6) / HOUR
        at = minute + rng.expovariate(per_ms)
        while at < min(minute + MINUTE, end):
            moments.append(int(at))
            at += rng.expovariate(per_ms)
    return moments


def _usual(brand: str) -> Callable[[int], float]:
    """Return the ordinary rate of `brand`, mentions an hour, as a function of time in the story."""

    def rate(offset: int) -> float:
        hours = offset / HOUR + HOURS_AHEAD[brand] - 0.5  # the table holds the middles of hours
        before, part = math.floor(hours), hours - math.floor(hours)
        return BUSIEST[brand] * ((1 - part) * RHYTHM[before % 24] + part * RHYTHM[(before + 1) % 24])

    return rate


def _crowd(book: _Book, people: int, newcomer: float = 0.02) -> list[Person]:
    return [person(book.rng, book.start, newcomer=newcomer) for _ in range(people)]


def _one_of(rng: Random, crowd: Sequence[Person]) -> Person:
    return crowd[int(len(crowd) * rng.random() ** 1.5)]  # some post more often than others


def _language(text: str, brand: str) -> str:
    """Return the language of a text of the story: Vaudrelle's English speakers all say `the` or `my`."""
    if brand == nimbrook.NAME:
        return "en"
    return "en" if {"the", "my"} & set(text.lower().split()) else "fr"


def _ordinary(book: _Book, brand: str) -> None:
    theme = nimbrook if brand == nimbrook.NAME else vaudrelle
    rng, crowd = book.rng, _crowd(book, 1_300)
    house = known("MaisonVaudrelle", "Maison Vaudrelle", 38_400, book.start, years=9)
    for at in _moments(rng, 0, END, _usual(brand)):
        if brand == vaudrelle.NAME and at < CRISIS and rng.random() < 0.02:
            book.add(at, house, rng.choice(vaudrelle.REPLIES), "fr")
            continue
        mood = rng.choices((theme.POSITIVE, theme.NEUTRAL, theme.NEGATIVE), MOOD)[0]
        text = say(rng, mood, theme.SLOTS)
        book.add(at, _one_of(rng, crowd), typed(rng, text, theme.WATCH), _language(text, brand))


def _joke(book: _Book) -> None:
    """Thirty minutes up to six times the usual, an hour there, ninety minutes down."""
    rng, crowd, usual = book.rng, _crowd(book, 900), _usual(nimbrook.NAME)

    def rate(at: int) -> float:
        minutes = (at - JOKE) / MINUTE
        height = min(1.0, minutes / 30, max(0.0, (180 - minutes) / 90))
        return 5 * usual(at) * height + 1e-6

    first: list[Mention] = []
    for at in _moments(rng, JOKE, JOKE + 3 * HOUR, rate):
        who = _one_of(rng, crowd)
        if len(first) > 5 and rng.random() < 0.3:
            book.repost(at, who, first[int(len(first) * rng.random() ** 2)])
            continue
        mood = rng.choices((nimbrook.JOKE, nimbrook.JOKE_NEUTRAL, nimbrook.JOKE_NEGATIVE), (0.82, 0.11, 0.07))[0]
        text = typed(rng, say(rng, mood, nimbrook.SLOTS), nimbrook.WATCH)
        said = book.add(at, who, text, "en")
        if mood is nimbrook.JOKE:
            first.append(said)


def crisis_height(offset: int) -> float:
    """Return how many times the usual the crisis is, `offset` ms after it began.

    Up to forty times while it grows, there until the recall, then halving every 17 minutes.
    """
    if offset < RISE:
        return math.pow(40, offset / RISE)
    return 40 * math.pow(0.5, max(0, offset - RECALL) / (17 * MINUTE))


def _crisis(book: _Book) -> None:
    rng, usual = book.rng, _usual(vaudrelle.NAME)(CRISIS)
    crowd = _crowd(book, 2_600, newcomer=0.04)
    passed_on = _voices(book)

    def rate(at: int) -> float:
        return usual * crisis_height(at - CRISIS)

    for at in _moments(rng, CRISIS, CRISIS + 170 * MINUTE, rate):
        who = _one_of(rng, crowd)
        loud = [mention for when, mention in passed_on if when < at]
        if loud and rng.random() < (0.28 if at < CRISIS + RECALL else 0.15):
            book.repost(at, who, rng.choice(loud[-40:] if rng.random() < 0.6 else loud[:3]))
            continue
        text, lang = _cry(rng, at - CRISIS)
        said = book.add(at, who, typed(rng, text, vaudrelle.WATCH), lang)
        if at < CRISIS + RECALL and rng.random() < 0.05:
            passed_on.append((at, said))


def _voices(book: _Book) -> list[tuple[int, Mention]]:
    """Put down those who have a name, and return what of it others pass on, with when it was said."""
    lou = known("LouCuisine", "Lou Cuisine · recettes", 612_000, book.start, years=8)
    kerouane = known("HKerouane", "Hélène Kerouane, journaliste au Fil du Soir", 48_200, book.start, years=12)
    tamblyn = known("rorytamblyn", "Rory Tamblyn, consumer reporter, Morning Ledger", 91_500, book.start, years=11)
    house = known("MaisonVaudrelle", "Maison Vaudrelle", 38_400, book.start, years=9)
    lines = (
        (POST, lou, vaudrelle.INFLUENCER, "fr"),
        (PRESS, kerouane, vaudrelle.JOURNALIST, "fr"),
        (REPORT, tamblyn, vaudrelle.REPORTER, "en"),
        (HOLDING, house, vaudrelle.HOLDING, "fr"),
        (AGAIN, lou, vaudrelle.INFLUENCER_AGAIN, "fr"),
        (RECALL, house, vaudrelle.RECALL, "fr"),
    )
    return [(CRISIS + at, book.add(CRISIS + at, who, text, lang)) for at, who, text, lang in lines]


def _cry(rng: Random, offset: int) -> tuple[str, str]:
    """Return what somebody in the crowd says `offset` ms after the beginning, and in which language."""
    recalled = (offset - RECALL) / HOUR
    calm = 0.0 if recalled < 0 else min(0.75, 0.3 + recalled * 2 / 3)  # the recall is news, anger fades
    if offset < 8 * MINUTE:
        kind = vaudrelle.FIRST
    elif rng.random() < calm:
        kind = vaudrelle.AFTER
    elif rng.random() < 0.1:
        kind = vaudrelle.BYSTANDERS
    elif rng.random() < 0.27 and offset > 12 * MINUTE:
        kind = vaudrelle.CRISIS_EN
    else:
        kind = vaudrelle.CRISIS
    text = say(rng, kind, vaudrelle.SLOTS)
    return text, "en" if kind is vaudrelle.CRISIS_EN else _language(text, vaudrelle.NAME)
