"""Real mentions, scored once by the shipped model, played to the worker's monitor as often as one likes.

What the worker does (minutes close after two minutes, open minutes of arrival are looked at every ten seconds) without
Kafka, scoring and drivers, so that a run over 80,000 mentions takes seconds: for questions that need many runs.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors.early import PLAINLY, SoFar
from detectors.grave import people
from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from detectors.text.model import TextModel
from detectors.text.terms import wording
from schemas.events import Alert, Signal, Window
from schemas.times import MINUTE, from_ms, parse_iso

LATENESS = 2
LOOK = 10_000
"""Milliseconds between two looks at an open minute."""
UNITED = "United Airlines"
CRISIS_FILES = (
    ("airline_2015_dev.csv",),
    ("united_2017_a_apr06_11_1.csv", "united_2017_a_apr06_11_2.csv"),
    ("united_2017_c_apr18_24_1.csv", "united_2017_c_apr18_24_2.csv"),
    ("united_2017_e_may16_30_1.csv",),
)


@dataclass(frozen=True)
class Talk:
    """The mentions of one brand in order of time, a column each."""

    brand: str
    time: NDArray[np.int64]
    """Epoch ms."""
    negative: NDArray[np.int64]
    """P(negative) in 1/10,000."""
    author: NDArray[np.uint64]
    signature: NDArray[np.uint64]
    repost: NDArray[np.bool_]
    grave: NDArray[np.bool_]
    """Whether it speaks of a grave matter."""
    wording: NDArray[np.int64]

    def take(self, where: NDArray[np.int64] | NDArray[np.bool_]) -> Talk:
        """Return the mentions `where`, in that order."""
        time, negative, author, signature = (
            self.time[where], self.negative[where], self.author[where], self.signature[where],
        )  # fmt: skip
        return Talk(
            self.brand, time, negative, author, signature, self.repost[where], self.grave[where], self.wording[where]
        )

    def without(self, part: float, rng: np.random.Generator) -> Talk:
        """Drop each mention with probability `part`."""
        return self.take(rng.random(len(self.time)) >= part)

    def shaken(self, seconds: float, rng: np.random.Generator) -> Talk:
        """Move each mention by a normal number of seconds."""
        time = self.time + rng.normal(0.0, 1_000 * seconds, len(self.time)).astype(np.int64)
        moved = replace(self, time=time)
        return moved.take(np.argsort(time, kind="stable"))

    def leaning(self, factor: float) -> Talk:
        """Multiply P(negative) by `factor`: another model, or another mood of this one."""
        negative = np.minimum(10_000, np.rint(self.negative * factor)).astype(np.int64)
        return replace(self, negative=negative)


def read(paths: Iterable[Path], model: TextModel, brand: str = UNITED) -> list[Talk]:
    """Return the talk about each brand of some files; `brand` where no column names it."""
    rows: dict[str, dict[str, str]] = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows |= {row["tweet_id"]: row for row in csv.DictReader(file)}
    ordered = sorted(rows.values(), key=lambda row: row["created_utc"])
    texts = [row["text"] for row in ordered]
    scored = model.score(texts, [None] * len(texts))
    names = np.array([row.get("brand", brand) for row in ordered])
    every = Talk(
        "",
        np.array([parse_iso(row["created_utc"]) for row in ordered], np.int64),
        np.asarray(scored.negative, np.int64),
        np.array([_hash(row.get("user") or row["tweet_id"]) for row in ordered], np.uint64),
        np.asarray(scored.signature, np.uint64),
        np.array([text.startswith("RT ") for text in texts], np.bool_),
        np.asarray(scored.grave, np.bool_),
        np.array([wording(words) for words in scored.terms], np.int64),
    )
    return [replace(every.take(names == name), brand=name) for name in sorted(set(names.tolist()))]


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def play(talk: Talk, settings: MonitorSettings | None = None, monitor: BrandMonitor | None = None) -> list[Alert]:
    """Return what the monitor says of `talk`."""
    monitor = monitor or BrandMonitor(talk.brand, settings or MonitorSettings())
    minutes = talk.time // MINUTE
    starts = np.flatnonzero(np.r_[True, np.diff(minutes) > 0]) if len(minutes) else np.empty(0, np.int64)
    spans = dict(zip(minutes[starts].tolist(), zip(starts, [*starts[1:], len(minutes)], strict=True), strict=True))
    events = []
    for minute in sorted({m for first in spans for m in (first, first + 1 + LATENESS)}):
        closed = minute - 1 - LATENESS
        if closed in spans:
            mine = talk.take(np.arange(*spans[closed]))
            window = _window(mine, closed)
            events += monitor.close(window, minute * MINUTE, list, np.unique(mine.author).tolist(), said(mine))
        if monitor.wake_at is not None:
            events += monitor.pass_time((minute - LATENESS) * MINUTE, minute * MINUTE)
        if minute in spans:
            events += _early(monitor, talk.take(np.arange(*spans[minute])), minute)
    return [e for e in events if isinstance(e, Alert)]


def _early(monitor: BrandMonitor, mine: Talk, minute: int) -> list[Alert | Signal]:
    if len(mine.time) < monitor.early_bound()[0] and not mine.grave.any():
        return []
    events: list[Alert | Signal] = []
    for at in range(minute * MINUTE + LOOK, (minute + 1) * MINUTE + 1, LOOK):
        n = int(np.searchsorted(mine.time, at))
        if n:
            authors, texts = len(np.unique(mine.author[:n])), len(np.unique(mine.signature[:n]))
            negative = int(mine.negative[:n][mine.negative[:n] >= PLAINLY].sum())
            so_far = SoFar(n, negative, authors, texts)
            events += monitor.early(minute * MINUTE, at, so_far, list, said(mine.take(np.arange(n))))
    return events


def _window(mine: Talk, minute: int) -> Window:
    _, place, posts = np.unique(mine.author, return_inverse=True, return_counts=True)
    own = np.bincount(place, weights=mine.negative)
    loudest = int(np.lexsort((own, posts))[-1])
    return Window(
        brand=mine.brand,
        start=from_ms(minute * MINUTE),
        count=len(mine.time),
        negative=int(mine.negative.sum()),
        authors=len(posts),
        loudest=int(posts[loudest]),
        loudest_negative=int(own[loudest]) if posts[loudest] > 1 else 0,
        copied_negative=_copied(mine.negative[~mine.repost], mine.signature[~mine.repost]),
        duplicates=len(mine.time) - len(np.unique(mine.signature)),
        reposts=int(mine.repost.sum()),
        grave=people(said(mine)),
    )


def said(mine: Talk) -> list[tuple[int, int]]:
    """Return (author, wording) of the posts that speak of a grave matter."""
    return list(zip(mine.author[mine.grave].tolist(), mine.wording[mine.grave].tolist(), strict=True))


def _copied(negative: NDArray[np.int64], signature: NDArray[np.uint64]) -> int:
    _, place, counts = np.unique(signature, return_inverse=True, return_counts=True)
    return int((np.bincount(place, weights=negative) * (counts - 1) // counts).sum())


def pages(alerts: Iterable[Alert]) -> list[Alert]:
    """Return what people were told: each alert where it begins, and where it became worse than it ever was."""
    highest: dict[str, str] = {}
    found = []
    for alert in sorted(alerts, key=lambda a: (a.detected_at, a.sequence)):
        if alert.status in {"firing", "updated"} and alert.severity > highest.get(alert.alert_id, "L0"):
            highest[alert.alert_id] = alert.severity
            found.append(alert)
    return found


def minutes_between(start: datetime, end: datetime) -> float:
    """Return the minutes from `start` to `end`."""
    return (end - start).total_seconds() / 60.0
