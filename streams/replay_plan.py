"""What a replay publishes, in order: mentions and, between them, the ticks that move time on.

Pure. `tocsin replay` sends the plan to Kafka (a tick to every partition of `mentions`), `tocsin backtest` feeds it to
the cores directly. Since both follow the same plan, a mention has the same label (the largest tick before it) in
both, however many partitions there are, and so both come to the same alerts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from schemas.mention import Mention, Tick, decode
from schemas.times import DAY, HOUR, MINUTE, SECOND, from_ms, to_ms

GRAIN: Final = 10 * SECOND
"""Where there are mentions, time moves in steps of this."""
TAIL: Final = 45 * MINUTE
"""Time goes on for this long after the last mention: windows close, and a calm alert resolves."""
STEPS: Final = ((2 * HOUR, MINUTE), (2 * DAY, 10 * MINUTE), (60 * DAY, HOUR))
"""In a gap: up to so long after the last mention, one tick in so long. Detectors catch up over skipped minutes with
the same result; the coarser steps only keep a gap of years from costing a million records."""
LAST_STEP: Final = DAY

_encode = msgspec.json.Encoder().encode


class Record(NamedTuple):
    """One record of `mentions`."""

    key: bytes | None
    value: bytes
    time: int
    """When it was said, epoch ms; for a record that is no mention, when the one before it was said."""


Item = Record | Tick


def records_of(mentions: Iterable[Mention]) -> list[Record]:
    """Return `mentions` as records, in the order given."""
    return [Record(mention.key, _encode(mention), mention.time) for mention in mentions]


def plan(records: Iterable[Record], tail: int = TAIL) -> Iterator[Item]:
    """Yield `records`, which must be sorted by time, with the ticks between them.

    Before the first record of a time T stand a tick at T's minute and one at T's ten seconds (each cut down to it, each
    once). In gaps there is a tick a minute, after two hours one in ten minutes, after two days one an hour, after
    sixty days one a day. After the last record ticks go on for `tail` ms, up to the next whole minute.

    Raises ValueError where a record is older than the one before it.
    """
    last = now = None
    for record in records:
        if last is None or now is None:
            now = record.time // GRAIN * GRAIN
            yield Tick(now)
        elif record.time < last:
            raise ValueError(f"records must be sorted by time: {record.time} comes after {last}")
        else:
            until = record.time // GRAIN * GRAIN
            for at in _gap(last, now, until):
                yield Tick(at)
            now = max(now, until)
        last = record.time
        yield record
    if last is not None and now is not None:
        until = -(-(last + tail) // MINUTE) * MINUTE
        for at in _gap(last, now, until):
            yield Tick(at)


def _gap(last: int, now: int, until: int) -> Iterator[int]:
    """Yield the ticks after `now` up to and with `until`, where nothing was said since `last`."""
    minute = until // MINUTE * MINUTE  # a minute begins with a tick of its own before anything in it arrives
    while (at := _next(last, now)) < minute:
        yield at
        now = at
    if now < minute:
        yield minute
    if minute < until and now < until:
        yield until


def _next(last: int, now: int) -> int:
    """Return the first aligned time after `now`, in the steps that fit the time since `last`."""
    step = next((step for span, step in STEPS if now - last < span), LAST_STEP)
    return (now // step + 1) * step


def shift(records: Sequence[Record], start: int, speed: float = 1.0) -> list[Record]:
    """Return `records` moved in time so that the first is said at `start` (epoch ms); what lies between shrinks
    `speed` times.

    With `speed` a replay that runs faster than life still says of every mention that it was said when it is sent.
    Authors keep their age. Records that are no mention keep their bytes.

    Raises ValueError where `speed` is not above 0.
    """
    if not speed > 0:
        raise ValueError(f"speed must be above 0, not {speed}")
    if not records:
        return []
    first = records[0].time

    def move(time: int) -> int:
        return start + round((time - first) / speed)

    return [_moved(record, move) for record in records]


def _moved(record: Record, move: Callable[[int], int]) -> Record:
    mention = decode(record.key, record.value)
    if not isinstance(mention, Mention):
        return record._replace(time=move(record.time))

    def moved(time: datetime) -> datetime:
        return from_ms(move(to_ms(time)))

    created_at = moved(mention.created_at)
    author = mention.author
    if author is not None and author.created_at is not None:
        age = timedelta(milliseconds=mention.time - to_ms(author.created_at))
        author = msgspec.structs.replace(author, created_at=created_at - age)
    ingested_at = None if mention.ingested_at is None else moved(mention.ingested_at)
    changed = msgspec.structs.replace(mention, created_at=created_at, ingested_at=ingested_at, author=author)
    return Record(record.key, _encode(changed), move(record.time))
