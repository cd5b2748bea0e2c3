"""When it is over: calm, accepted as the new normal, or a silence that somebody broke; and where a silence begins."""

from __future__ import annotations

from typing import Final

from detectors import wording
from detectors.book import AlertBook, Live
from detectors.onset import Gate
from detectors.picture import Picture
from detectors.silence import Silence
from schemas.events import Alert
from schemas.times import MINUTE

CALM: Final = 0.6
"""An alert is calm while every test is below this part of its threshold."""
HOUR: Final = 3
"""Number of the horizon of an hour."""


def ends(picture: Picture, book: AlertBook, tests: list[Gate], minute: int, delay: int) -> list[Alert]:
    """Return the ends of what has been calm for long enough or has become usual, seen when `minute` closes, `delay` ms
    after its end.
    """
    out: list[Alert] = []
    for live in [live for live in book.live.values() if live.signal != "silence"]:
        if live.signal == "reach":
            live.calm += 1
        else:
            strength = max((g.strength for g in tests if g.k <= max(live.k, HOUR)), default=0.0)
            live.calm = live.calm + 1 if strength < CALM else 0
        lasted = minute - live.opened
        if live.signal != "reach" and live.level >= 2 and lasted >= picture.settings.accept_hours * 60:
            picture.pace.accept(minute)
            hours = f"{picture.settings.accept_hours:g} hours"
            why = f"The level has held for {hours} and is taken as the new normal of {picture.brand}."
        elif live.calm >= picture.settings.calm_minutes:
            lasted = minute + 1 - live.starts_at // MINUTE
            why = f"Calm for {wording.length(live.calm)}, {wording.length(lasted)} after it began."
        else:
            continue
        out.append(resolve(picture, book, live, minute, delay, why))
    return out


def resolve(picture: Picture, book: AlertBook, live: Live, minute: int, delay: int, why: str) -> Alert:
    """End `live` with `minute` and return how that is told."""
    book.end(live, minute)
    return wording.end_alert(picture, live, minute, delay, why)


def silence_begins(picture: Picture, book: AlertBook, silence: Silence, delay: int) -> list[Alert]:
    """Tell that nobody has spoken up to the minute in which that is due."""
    last, due = silence.last, silence.due
    silence.due = 0
    said = book.raise_("silence", 1, HOUR, (last + 1) * MINUTE, due - 1, None)
    if said is None:
        return []
    return [wording.silence_alert(picture, *said, due - 1, delay, last)]


def silence_ends(picture: Picture, book: AlertBook, minute: int, delay: int) -> list[Alert]:
    """Tell that somebody has spoken in `minute`, where a silence had been told."""
    live = book.live.get("silence")
    if live is None:
        return []
    return [resolve(picture, book, live, minute, delay, f"{picture.brand} is talked about again.")]
