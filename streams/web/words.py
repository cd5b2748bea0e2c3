"""The page's words in French and English, and which of the two a visitor wants."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal

import yaml
from markupsafe import Markup, escape

from schemas.times import from_ms
from streams.messages.facts import test_name
from streams.messages.notes import phrase_of
from streams.messages.phrases import Phrases, clean, phrases

Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
_DAYS: Final = {"jusqu’à": "jusqu’au", "à": "le", "depuis": "depuis le", "de": "du", "entre": "entre le", "et": "et le"}
_BEFORE_DAY: Final = re.compile(rf"\b({'|'.join(_DAYS)}) (<time [^>]*>\d{{1,2}} [a-zéû])")
_HERE: Final = Path(__file__).parent


@cache
def page_words(language: Language) -> Phrases:
    """Return the page's own catalogue of `language`."""
    return Phrases(language, yaml.safe_load((_HERE / f"words.{language}.yaml").read_text(encoding="utf-8")))


def choose(asked: str | None, kept: str | None, accept: str) -> Language:
    """Return the language of the address, else the cookie's, else the browser's first of ours, else English."""
    for wanted in (asked, kept):
        for language in LANGUAGES:
            if wanted == language:
                return language
    ranked: list[tuple[float, int, Language]] = []
    for place, part in enumerate(accept.split(",")[:20]):
        tag, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=")
        try:
            q = float(weight) if weight else 1.0
        except ValueError:
            continue
        ranked += [(-q, place, language) for language in LANGUAGES if tag.lower().split("-")[0] == language and q > 0]
    return min(ranked)[2] if ranked else "en"


class Words:
    """What a template calls for words, numbers and times in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.own = page_words(language)
        self.said = phrases(language)
        """The words of the messages, so that a page and a mail say the same."""

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the page's phrase at `key`."""
        return self.own(key, **values)

    def own_word(self, group: str, name: str) -> str:
        """Return the page's word for `name`, or `name` itself."""
        return self.own.word(group, name)

    def happened(self, what: str) -> str:
        """Return the word for a line of an incident's story; `worse: L2 → L3` keeps its severities."""
        head, colon, tail = what.partition(": ")
        return self.own.word("happened", head) + (self.own("colon") if colon else "") + tail

    def word(self, group: str, name: str) -> str:
        """Return the messages' word for `name` (a signal, a state, a trigger …), or `name` itself."""
        return self.said.word(group, name)

    def count(self, n: int, noun: str) -> str:
        """Return `3 mentions`."""
        return self.said.count(n, noun)

    def number(self, value: float) -> str:
        """Return a number with as many digits as help: `1,234`, `12.5`, `0.14`."""
        size = abs(value)
        return self.said.number(value, 0 if size >= 100 or value == int(value) else 1 if size >= 1 else 2)

    def signed(self, value: float) -> str:
        """Return `+3.2`, with one digit."""
        return f"{'−' if value < 0 else '+'}{self.said.number(abs(value), 1)}"

    def test(self, detector: str) -> str:
        """Return what the test called `detector` asks."""
        return test_name(self.said, clean(detector, 60))

    def percent(self, share: float) -> str:
        """Return `72%`."""
        return self.said.percent(share)

    def duration(self, seconds: float) -> str:
        """Return `5 min`."""
        return self.said.duration(max(0.0, seconds))

    def series(self, items: list[str]) -> str:
        """Return `a, b and c`."""
        return self.said.series([clean(item) for item in items])

    def roles(self, names: list[str]) -> str:
        """Return roles in the visitor's words: `communication and legal`."""
        return self.said.series([self.word("role", clean(name, 40)) for name in names])

    def rich(self, key: str, /, **values: object) -> Markup:
        """Return the page's phrase at `key` with markup (a time) among its values; everything else is escaped."""
        return self._dated(self.own(key, **{name: escape(value) for name, value in values.items()}))

    def time(self, time: datetime | int, now: int) -> Markup:
        """Return a time that the page's script brings to the reader's own zone."""
        moment = (from_ms(time) if isinstance(time, int) else time).astimezone(UTC)
        return Markup('<time datetime="{}">{}</time>').format(f"{moment:%Y-%m-%dT%H:%M:%SZ}", self.clock(moment, now))

    def told(self, note: str, now: int) -> Markup | None:
        """Return one of the notifier's own notes in the visitor's words; None where it is none of them."""
        found = phrase_of(self.said, note, lambda at: self.time(at, now), escape)
        return None if found is None else self._dated(found)

    def held_by(self, why: str, now: int) -> str:
        """Return why something is held back, in the visitor's words where they are known."""
        found = self.told(why, now)
        return self.word("held_by", why) if found is None else found

    def _dated(self, text: str) -> Markup:
        """Return a filled phrase as markup; French says `à 12:28` but `le 7 mars`."""
        if self.language == "fr":
            text = _BEFORE_DAY.sub(lambda found: f"{_DAYS[found[1]]} {found[2]}", text)
        return Markup(text)  # noqa: S704

    def clock(self, time: datetime | int, now: int) -> str:
        """Return `22:10 UTC`, with the day where it is not that of `now` (epoch ms)."""
        moment = (from_ms(time) if isinstance(time, int) else time).astimezone(UTC)
        if moment.date() == from_ms(now).date():
            return f"{moment:%H:%M} UTC"
        month = self.said.lines("months")[moment.month - 1]
        year = "" if moment.year == from_ms(now).year else f" {moment.year}"
        return f"{moment.day} {month}{year}, {moment:%H:%M} UTC"
