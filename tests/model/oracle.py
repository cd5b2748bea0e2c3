"""What a history must come to: the project's own cores, run once over the logs, without a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from schemas import scored, topics
from schemas.events import Alert, Window
from schemas.times import to_ms
from streams.watch.state import Tally
from tests.model.memory import Stored

if TYPE_CHECKING:
    from tests.model.world import World


def faults(world: World, tally: Tally) -> list[str]:
    """Return what differs between what `world` has come to and what it must."""
    windows, alerts, expected = _expected(world)
    found_windows, found_alerts = _found(world)
    out = [f"tally: expected {expected}, found {tally}"] if tally != expected else []
    for name, one, other in (("window", windows, found_windows), ("alert", alerts, found_alerts)):
        out += [
            f"{name} {key}: expected {one.get(key)}, found {other.get(key)}"
            for key in sorted(one.keys() | other.keys(), key=str)
            if one.get(key) != other.get(key)
        ]
    return out


def add(total: Tally, part: Tally) -> None:
    """Add `part` to `total`."""
    for name in Tally.__struct_fields__:
        setattr(total, name, getattr(total, name) + getattr(part, name))


def _found(world: World) -> tuple[dict[Any, Any], dict[str, Any]]:
    windows: dict[Any, Any] = {}
    for partition in range(world.partitions):
        for record in world.memory.read(topics.WINDOWS.name, partition):
            window = msgspec.json.decode(record.value or b"", type=Window)
            before = windows.setdefault((window.brand, to_ms(window.start)), window)
            if before != window:
                windows[window.brand, to_ms(window.start), "twice"] = window
    alerts = [
        msgspec.json.decode(record.value or b"", type=Alert)
        for record in world.memory.read(topics.ALERTS.name, 0)
        if record.key is not None and not record.key.startswith(b"#tick")
    ]
    return windows, _onsets(alerts)


def _expected(world: World) -> tuple[dict[Any, Any], dict[str, Any], Tally]:
    brands = world.registry()
    watches = [world.watch_core(q, brands) for q in range(world.partitions)]
    windows: dict[Any, Any] = {}
    alerts: list[Alert] = []
    for q, value in _as_scored(world) if world.changed else _in_order_of_time(world):
        for effect in watches[q].apply(watches[q].applied + 1, scored.decode(value)):
            if isinstance(effect, Window):
                windows[effect.brand, to_ms(effect.start)] = effect
            elif isinstance(effect, Alert):
                alerts.append(effect)
    tally = Tally()
    for watch in watches:
        add(tally, watch.tally())
    return windows, _onsets(alerts), tally


def _in_order_of_time(world: World) -> Iterator[tuple[int, bytes]]:
    """Score `mentions` once, partition by partition, and put it together by time: one of the ways it may come together."""
    core = world.score_core(world.registry())
    batches: list[tuple[int, int, int, bytes]] = []
    for partition in range(world.partitions):
        progress = 0
        for records in _from_tick_to_tick(world.memory.read(topics.MENTIONS.name, partition)):
            result = core.slice("oracle", partition, progress, records)
            progress = result.progress
            batches += ((progress, len(batches), w.partition or 0, w.value or b"") for w in result.writes)
    return ((q, value) for _, _, q, value in sorted(batches))


def _from_tick_to_tick(records: list[Stored]) -> Iterator[list[Stored]]:
    part: list[Stored] = []
    for record in records:
        if part and record.key is not None and record.key.startswith(b"#tick"):
            yield part
            part = []
        part.append(record)
    if part:
        yield part


def _as_scored(world: World) -> Iterator[tuple[int, bytes]]:
    """Take `scored` as it is: which configuration a mention met is a matter of which worker came to it first."""
    for q in range(world.partitions):
        for record in world.memory.read(topics.SCORED.name, q):
            yield q, record.value or b""


def _onsets(alerts: list[Alert]) -> dict[str, Any]:
    """Return what must agree: onset, what each closed minute said, end. Early alerts may come sooner or later."""
    out: dict[str, Any] = {}
    for alert in alerts:
        known = out.setdefault(alert.alert_id, [alert.brand, to_ms(alert.starts_at), None, set()])
        if alert.status == "resolved":
            known[2] = to_ms(alert.ends_at) if alert.ends_at else None
        if alert.observed or alert.status == "resolved":
            known[3].add((alert.sequence, to_ms(alert.detected_at), alert.observed, alert.score))
    return out
