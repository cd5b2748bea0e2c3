"""The notifier's records: the journal's entries and notifications, made and read."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas import topics
from schemas.bounds import bounded
from schemas.events import Alert, AlertTick, Command, Notification, encode
from schemas.journal import Delivered, JournalEntry, TimerDue, Took
from schemas.mention import LAST_TICK, MALFORMED, Rejection
from streams import metrics
from streams.engine.dead_letter import dead_letter
from streams.engine.hooks import Hooks
from streams.engine.reader import ends, read_to_end
from streams.engine.records import Write
from streams.errors import UserError
from streams.settings import Settings

LARGEST: Final = 131_072
"""Bytes of a command or an alert; one of the product's own has a tenth of it at most. Compressed it may come larger than
the journal could hold."""
log = logging.getLogger(__name__)


class _Beginning(Struct):
    """What every entry has, of whatever version."""

    leader: str


FINAL: Final = ("sent", "failed", "held_back")

_entry: Final[msgspec.json.Decoder[JournalEntry]] = msgspec.json.Decoder(JournalEntry)
_beginning = msgspec.json.Decoder(_Beginning)
_alert = msgspec.json.Decoder(Alert)
_command = msgspec.json.Decoder(Command)
_tick = msgspec.json.Decoder(AlertTick)
_notification = msgspec.json.Decoder(Notification)


def take(leader: str, topic: str, record: Any) -> tuple[Took, Write | None]:
    """Return the journal's entry for a record of an input topic, and its dead letter where it cannot be read."""
    took, value = Took(leader, topic, record.offset), record.value or b""
    try:
        if len(value) > LARGEST:
            raise ValueError(f"value: {len(value)} bytes, at most {LARGEST} are read")
        if topic == topics.COMMANDS.name:
            took.command = bounded(_command.decode(value))
        elif (record.key or b"").startswith(b"#tick"):
            tick = _tick.decode(value)
            if not 0 <= tick.at <= LAST_TICK:
                raise ValueError(f"at: {tick.at} is not between 1970 and 2100 in epoch milliseconds")
            took.tick = tick
        else:
            took.alert = bounded(_alert.decode(value))
    except (*MALFORMED, ValueError) as error:
        took.reason = f"invalid_{'command' if topic == topics.COMMANDS.name else 'alert'}: {error}"
        return took, dead_letter(record, topic, 0, Rejection(took.reason.partition(":")[0], str(error)))
    return took, None


def read_entry(leader: str | None, record: Any) -> JournalEntry | None:
    """Return the entry in a record of `journal`; None for what is none. `leader` is whose entries count there.

    Raises:
        UserError: It is the leader's and cannot be read: another version wrote it, and its decisions must not be missed.
    """
    value, where = record.value or b"", f"{topics.JOURNAL.name}: offset {record.offset}"
    try:
        return _entry.decode(value)
    except MALFORMED as error:
        why = str(error)
    try:
        ours = _beginning.decode(value).leader == leader
    except MALFORMED:
        ours = False
    if ours:
        raise UserError(f"{where} cannot be read ({why}): run the version that wrote it, or a later one")
    metrics.FOREIGN.labels(topics.JOURNAL.name).inc()
    log.error("%s is no entry and is passed over: %s", where, why)
    return None


def journal_record(entry: JournalEntry) -> Write:
    """Return the record of an entry of the journal."""
    key = b""
    if isinstance(entry, Took) and entry.command is not None:
        key = (entry.command.incident_id or "").encode()
    elif isinstance(entry, TimerDue):
        key = entry.incident_id.encode()
    elif isinstance(entry, Delivered):
        key = entry.notification.incident_id.encode()
    return Write(topics.JOURNAL.name, key, encode(entry), 0)


def notification_record(notification: Notification) -> Write:
    """Return the record of an attempt to reach somebody."""
    return Write(topics.NOTIFICATIONS.name, notification.incident_id.encode(), encode(notification), 0)


async def recorded(
    settings: Settings, hooks: Hooks, floors: Iterable[int]
) -> tuple[dict[str, tuple[Notification, int]], set[tuple[str, str]]]:
    """Return the outcomes on `notifications` with their offsets, and what was held back there and why.

    Only what is behind the least of `floors` is read; nothing where there are none.
    """
    outcomes: dict[str, tuple[Notification, int]] = {}
    held_back: set[tuple[str, str]] = set()
    floor = min(floors, default=None)
    if floor is None:
        return outcomes, held_back
    first, end = await ends(settings, topics.NOTIFICATIONS.name, 0)
    start = floor + 1 if first <= floor < end else first
    async for records in read_to_end(settings, topics.NOTIFICATIONS.name, 0, start):
        hooks.steps += 1
        for record in records:
            try:
                notification = _notification.decode(record.value or b"")
            except MALFORMED as error:
                log.warning(
                    "notifications: offset %d is none of this version's and is passed over: %s", record.offset, error
                )
                continue
            if notification.outcome in FINAL:
                outcomes[notification.notification_id] = notification, record.offset
            if notification.outcome == "held_back":
                held_back.add((notification.notification_id, notification.reason))
    return outcomes, held_back
