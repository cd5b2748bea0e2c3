"""Words, numbers, times and durations in French and English.

The phrases are data (`phrases.en.yaml`, `phrases.fr.yaml`). A phrase may hold `{name}` and nothing more: there is no
template language, so a phrase cannot run code, and what is filled in is never read as a phrase again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from schemas.times import from_ms

_HERE: Final = Path(__file__).parent
_FIELD: Final = re.compile(r"\{([a-z_]+)\}")
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
"""Control characters, and those that turn the direction of writing or hide: a term from outside must not bring them."""
THIN: Final = "\u202f"
"""Narrow space that does not break: French puts it between thousands and before %, ; ! and ?."""


class Phrases:
    """The catalogue of one language; raises KeyError for a phrase that it does not have."""

    def __init__(self, language: str, data: Mapping[str, Any]) -> None:
        self.language = language
        self._data = data

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the phrase at `key` (`section.what`) with `values` filled in."""
        found = self._find(key)
        if not isinstance(found, str):
            raise KeyError(key)
        return _FIELD.sub(lambda name: str(values[name[1]]), found)

    def word(self, group: str, name: str) -> str:
        """Return the word for `name` in `group`, or `name` itself where the catalogue has none."""
        found = self._data[group].get(name)
        return found if isinstance(found, str) else name.replace("_", " ")

    def lines(self, key: str) -> list[str]:
        """Return the list of phrases at `key`."""
        found = self._find(key)
        if not isinstance(found, list):
            raise KeyError(key)
        return [str(line) for line in found]

    def count(self, n: int, noun: str) -> str:
        """Return `3 mentions`: French counts nought and one as singular, English only one."""
        single = n == 1 or (n == 0 and self.language == "fr")
        return self(f"nouns.{noun}.{'one' if single else 'many'}", n=self.number(n))

    def number(self, value: float, digits: int = 0) -> str:
        """Return `1,234.5` or `1 234,5`; a fraction of nought is left out."""
        text = f"{value:,.{digits}f}"
        if digits:
            text = text.rstrip("0").rstrip(".")
        return text.translate({ord(","): THIN, ord("."): ","}) if self.language == "fr" else text

    def percent(self, share: float) -> str:
        """Return `72%` or `72 %`; what is there but rounds to nought is `<1%`."""
        text = "<1" if 0 < share < 0.005 else f"{share * 100:.0f}"
        return f"{text}{THIN}%" if self.language == "fr" else f"{text}%"

    def duration(self, seconds: float) -> str:
        """Return `40 s`, `5 min`, `2 h 10 min` or `14 d`."""
        if seconds < 60:
            return f"{seconds:.0f} s"
        minutes = round(seconds / 60)
        if minutes < 60:
            return f"{minutes} min"
        if minutes < 48 * 60:
            hours, rest = divmod(minutes, 60)
            return f"{hours} h {rest} min" if rest else f"{hours} h"
        return f"{round(minutes / 1440)} {self('day')}"

    def clock(self, time: datetime | int, zone: tzinfo) -> str:
        """Return `22:10` in `zone`."""
        local = _aware(time).astimezone(zone)
        return f"{local:%H:%M}"

    def moment(self, time: datetime | int, zone: tzinfo) -> str:
        """Return `22:10 UTC, 10 April 2017`."""
        local = _aware(time).astimezone(zone)
        month = self.lines("months")[local.month - 1]
        # French says "1er mars" and "2 mars".
        day = f"1{self('first')}" if local.day == 1 else str(local.day)
        return f"{local:%H:%M} {local.tzname() or 'UTC'}, {day} {month} {local.year}"

    def since(self, time: datetime | int, start: datetime | int, zone: tzinfo) -> str:
        """Return the clock of `time`, with its day where that is not the day of `start`, which stands beside it."""
        same = _aware(time).astimezone(zone).date() == _aware(start).astimezone(zone).date()
        return self.clock(time, zone) if same else self.moment(time, zone)

    def series(self, items: list[str]) -> str:
        """Return `a, b and c`."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self('and')} {items[-1]}"

    def _find(self, key: str) -> Any:
        found: Any = self._data
        for part in key.split("."):
            found = found[part]
        return found


@cache
def phrases(language: str) -> Phrases:
    """Return the catalogue of `language`; English where there is none."""
    language = language if language in {"en", "fr"} else "en"
    return Phrases(language, yaml.safe_load((_HERE / f"phrases.{language}.yaml").read_text(encoding="utf-8")))


@cache
def zone_of(name: str) -> tzinfo:
    """Return the time zone called `name`; UTC where it is not known, since a page must not fail for it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def clean(text: str, length: int = 120) -> str:
    """Return `text` from outside on one line: no control or direction characters, at most `length` characters."""
    text = " ".join(_UNSEEN.sub(" ", text).split())
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _aware(time: datetime | int) -> datetime:
    if isinstance(time, int):
        return from_ms(time)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
