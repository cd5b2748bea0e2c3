"""`make chaos`: a replay with faults in it, workers that are killed, frozen and joined, a broker that stumbles.

Real Apache Kafka, real worker processes, seeded, bounded in time. The oracle is the same cores, run once over the
topic `mentions` as the broker has it. The last line is a JSON object; exit status 1 on any mismatch.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from deploy.broker import KafkaBroker
from schemas import scored, topics
from schemas.events import Alert, AlertTick, Notification
from schemas.mention import Tick
from schemas.times import MINUTE, SECOND
from streams import backtest, wiring
from streams.demo.story import BRANDS, CRISIS, START, story
from streams.policy.load import load_policy
from streams.replay_plan import Item, Record, plan, records_of
from streams.watch.state import Tally
from tests.system.harness import System, Worker, onsets

DUPLICATES, OUT_OF_ORDER, LATE, MALFORMED = 0.05, 0.10, 0.01, 0.02
_GOOD = {"platform": "x", "id": "b", "created_at": "2026-03-02T00:00:00Z", "text": "a"}


def _but(**changes: Any) -> bytes:
    return json.dumps({name: value for name, value in (_GOOD | changes).items() if value is not None}).encode()


BAD = (
    b"", b"{", b"null", b"[]", b"{}", b'"text"', b"\xff\xfe",
    _but(id=None), _but(created_at=None), _but(text=None), _but(id=1), _but(id=""), _but(platform="X X"),
    _but(created_at="yesterday"), _but(created_at="1970-01-01T00:00:00Z"), _but(created_at="2100-01-01T00:00:00Z"),
    _but(created_at=float("nan")), _but(schema=9), _but(brand="Nobody"), _but(rev=-1), _but(author={"id": "a", "followers": -5}),
)  # fmt: skip
"""Kinds of rubbish: each must become a dead letter with its reason."""


def faulty(seed: int) -> list[Item]:
    """Return the demo's story with faults: repeats, disorder, lateness, rubbish; sorted by when it is sent."""
    chance = random.Random(seed)
    records = records_of(m for m in story(seed) if m.time >= START + CRISIS - 44 * 60 * MINUTE)
    sent: list[tuple[int, int, Record]] = []
    for number, record in enumerate(records):
        at = record.time
        draw = chance.random()
        if draw < LATE:
            at += chance.randrange(4 * MINUTE, 20 * MINUTE)
        elif draw < LATE + OUT_OF_ORDER:
            at += chance.randrange(SECOND, 100 * SECOND)
        sent.append((at, number, record))
        if chance.random() < DUPLICATES:
            sent.append((at + chance.randrange(0, 90 * SECOND), number, record))
        if chance.random() < MALFORMED:
            sent.append((at, number, Record(b"x:b", chance.choice(BAD), at)))
    heapq.heapify(sent)
    ordered = [heapq.heappop(sent) for _ in range(len(sent))]
    return list(plan(record._replace(time=at) for at, _, record in ordered))


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


class Faults:
    """What goes wrong, drawn from a seed."""

    def __init__(self, system: System, broker: KafkaBroker, chance: random.Random, *, broker_too: bool) -> None:
        self.system, self.broker, self.chance = system, broker, chance
        self.broker_too = broker_too
        self.count: Counter[str] = Counter()
        self.frozen: list[tuple[float, Worker]] = []

    def alive(self) -> list[Worker]:
        frozen = {id(worker) for _, worker in self.frozen}
        return [w for w in self.system.workers if w.running and id(w) not in frozen]

    def step(self) -> None:
        """Do one thing; there is always at least one worker soon after."""
        for at, worker in list(self.frozen):
            if time.monotonic() > at:
                worker.thaw()
                self.frozen.remove((at, worker))
        alive = self.alive()
        if not alive:
            self.system.worker()
            return
        what = self.chance.choices(
            ("kill", "term", "join", "freeze", "broker"), (8, 3, 4, 1, 1 if self.broker_too else 0)
        )[0]
        worker = self.chance.choice(alive)
        if what == "kill":
            worker.kill()
            self.system.worker()
        elif what == "term":
            status = worker.term(20)
            assert status in (0, -15), f"SIGTERM: exit status {status}; {self.system.logs()}"
        elif what == "join" and len(alive) < 3:
            self.system.worker()
        elif what == "freeze" and not self.frozen:
            worker.freeze()
            self.frozen.append((time.monotonic() + 9, worker))
        elif what == "broker":
            self.broker.freeze()
            time.sleep(self.chance.uniform(1, 8))
            self.broker.thaw()
        else:
            return
        self.count[what] += 1

    def end(self) -> None:
        """Thaw what is frozen, and leave one worker that is fresh."""
        for _, worker in self.frozen:
            worker.thaw()
        self.frozen.clear()
        if not self.alive():
            self.system.worker()


def run(seed: int, seconds: float, *, broker_too: bool = True) -> dict[str, Any]:
    """Do one run; return the account."""
    chance = random.Random(seed)
    items = faulty(seed)
    with tempfile.TemporaryDirectory(prefix="tocsin-chaos-") as folder, KafkaBroker() as broker:
        system = System(broker.bootstrap, Path(folder), name="chaos", partitions=3, wait="10m",
                        extra={"brands": [{"name": n, "words": list(w)} for n, w in BRANDS.items()]})  # fmt: skip
        faults = Faults(system, broker, chance, broker_too=broker_too)
        try:
            system.worker()
            span = items[-1].at - items[0].at if isinstance(items[0], Tick) and isinstance(items[-1], Tick) else 1
            with system.publishing(items, speed=span / 1_000 / seconds):
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    time.sleep(chance.uniform(0.2, 2.5))
                    faults.step()
            faults.end()
            system.wait_done(items, 180)
            return account(system, faults, seed)
        finally:
            system.close()


def account(system: System, faults: Faults, seed: int) -> dict[str, Any]:
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
        "seed": seed, "kills": faults.count["kill"], "faults": dict(faults.count), "in": inputs,
        "scored": tally.scored, "unmatched": tally.unmatched, "dead_letter": tally.dead_letter, "control": tally.control,
        "rows": rows, "applied": tally.applied, "late": tally.late, "duplicate": tally.duplicate,
        "lost": max(0, inputs - counted) + max(0, of_rows - rows), "doubled": max(0, counted - inputs) + max(0, rows - of_rows),
        "wrong": wrong, "alerts": len(found), "pages": len(keys), "repeated_deliveries": sum(n - 1 for n in repeats.values()),
    }  # fmt: skip


def main() -> int:
    """Run it for each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, action="append", help="a seed (may be given several times; default: 1)")
    parser.add_argument("--seconds", type=float, default=60, help="how long faults happen (default: 60)")
    args = parser.parse_args()
    bad = 0
    for seed in args.seed or [1]:
        began = time.monotonic()
        result = run(seed, args.seconds)
        bad += bool(result["lost"] or result["doubled"] or result["wrong"])
        print(f"seed {seed}: {time.monotonic() - began:.0f} s, {result['faults']}", flush=True)
        print(json.dumps(result), flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
