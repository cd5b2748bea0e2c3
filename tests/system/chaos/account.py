"""What came out, held against the oracle: the same cores, run once over the topic `mentions` as the broker has it."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from schemas import scored, topics
from schemas.events import Alert, AlertTick, Notification
from streams import backtest, wiring
from streams.policy.load import load_policy
from streams.watch.state import Tally
from tests.system.harness import System, onsets


def oracle(system: System) -> tuple[dict[str, tuple[Any, ...]], Tally, set[str]]:
    """Run the cores once over `mentions`; return onsets, account, and the keys of all pages."""
    settings = system.settings
    model = wiring.load_model(settings)
    core = wiring.score_core(settings, model)
    watches = [wiring.watch_core(settings, q, model.version) for q in range(settings.partitions.scored)]
    by_partition: dict[int, list[Any]] = {}
    for record in system.read(topics.MENTIONS, 60):
        by_partition.setdefault(record.partition, []).append(record)
    source = "oracle"
    batches: list[tuple[int, int, bytes]] = []
    for partition, records in sorted(by_partition.items()):
        progress = 0
        records.sort(key=lambda r: r.offset)
        for begin in range(0, len(records), 500):
            result = core.slice(source, partition, progress, records[begin : begin + 500])
            progress = result.progress
            batches += ((progress, write.partition or 0, write.value or b"") for write in result.writes)
    feed: list[Alert | AlertTick] = []
    for _, target, value in sorted(batches, key=lambda b: b[0]):
        watch = watches[target]
        feed += (e for e in watch.apply(watch.applied + 1, scored.decode(value)) if isinstance(e, Alert | AlertTick))
    total = Tally()
    for watch in watches:
        part = watch.tally()
        for name in Tally.__struct_fields__:
            setattr(total, name, getattr(total, name) + getattr(part, name))
    outcome = backtest.Outcome()
    backtest.notify(feed, load_policy(system.folder / "policy.yaml"), outcome, settings.partitions.scored)
    return onsets(e for e in feed if isinstance(e, Alert)), total, paged(outcome.notifications)


def paged(notifications: list[Notification]) -> set[str]:
    """Return the keys of what was to wake somebody.

    However it ended: a replay is so fast that an incident may be over before its page is sent, which then is held back.
    """
    return {n.notification_id for n in notifications if n.purpose in ("page", "nobody_reached")}


def account(system: System, faults: Counter[str], seed: int) -> dict[str, Any]:
    """Hold what came out against the oracle."""
    expected, total, pages = oracle(system)
    deadline = time.monotonic() + 60
    while True:
        tally = system.checkpoint()[1]
        found = onsets(system.alerts())
        keys = paged(system.notifications())
        if (tally == total and found == expected and keys == pages) or time.monotonic() > deadline:
            break
        time.sleep(1)
    inputs = total.scored + total.unmatched + total.dead_letter + total.control
    counted = tally.scored + tally.unmatched + tally.dead_letter + tally.control
    rows, of_rows = (t.applied + t.late + t.duplicate for t in (tally, total))
    wrong = len(expected.items() ^ found.items()) + len(keys ^ pages)
    wrong += sum(getattr(tally, n) != getattr(total, n) for n in Tally.__struct_fields__)
    for name, one, other in (("alert", expected, found), ("page", dict.fromkeys(pages, 1), dict.fromkeys(keys, 1))):
        for key in one.keys() | other.keys():
            if one.get(key) != other.get(key):
                print(f"  {name} {key}: expected {one.get(key)}, found {other.get(key)}", flush=True)
    repeats = Counter(key for _, _, key, _ in system.hook.got)
    return {
        "seed": seed, "kills": sum(n for name, n in faults.items() if name.startswith("kill")), "faults": dict(faults), "in": inputs,
        "scored": tally.scored, "unmatched": tally.unmatched, "dead_letter": tally.dead_letter, "control": tally.control,
        "rows": rows, "applied": tally.applied, "late": tally.late, "duplicate": tally.duplicate,
        "lost": max(0, inputs - counted) + max(0, of_rows - rows), "doubled": max(0, counted - inputs) + max(0, rows - of_rows),
        "wrong": wrong, "alerts": len(found), "pages": len(keys), "repeated_deliveries": sum(n - 1 for n in repeats.values()),
    }  # fmt: skip
