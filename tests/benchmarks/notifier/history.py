"""Four hundred days of a notifier's life, as its journal and its notifications would hold them."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator

import msgspec

from schemas.events import Alert, Command, Notification, Vote
from schemas.ids import alert_id, fingerprint
from schemas.journal import Delivered, JournalEntry, Leader, PolicyRead, TimerDue, Took
from schemas.times import DAY, MINUTE, from_ms
from streams.incidents.effects import Deliver, Record
from streams.incidents.fold import fold
from streams.incidents.state import NotifyState
from streams.policy.load import digest, without_addresses
from streams.policy.model import Policy

EVENTS = 12
"""Alert events of an ordinary incident: it fires, worsens, goes on, ends."""


def history(
    policy: Policy, *, brands: int, incidents: int, days: int, end: int, seed: int = 1
) -> Iterator[tuple[int, JournalEntry | Notification]]:
    """Yield (epoch ms, record) in order: entries of `journal`, and the records of `notifications` between them.

    Each incident fires, is paged, most are acknowledged after the first or second page, and ends within two hours.
    """
    chance = random.Random(seed)
    state = NotifyState()
    begin = end - days * DAY
    todo: list[tuple[int, int, str, object]] = []
    for number in range(incidents):
        _plan(todo, chance, number, f"Brand {chance.randrange(brands)}", begin + chance.randrange(days * DAY - DAY))
    heapq.heapify(todo)
    offsets, noted, counter = {"alerts": 0, "commands": 0}, 0, len(todo) * 100

    def take(at: int, entry: JournalEntry) -> Iterator[tuple[int, JournalEntry | Notification]]:
        nonlocal noted, counter
        yield at, entry
        for effect in fold(state, entry, at, policy):
            if isinstance(effect, Record):
                noted += 1
                yield at, effect.notification
            elif isinstance(effect, Deliver):
                for delay, outcome in ((20, "pending"), (400, "sent")):
                    counter += 1
                    note = msgspec.structs.replace(effect.notification, outcome=outcome, attempt=1)
                    heapq.heappush(todo, (at + delay, counter, "outcome", note))

    for entry in (Leader("w"), PolicyRead("w", digest(policy), without_addresses(policy))):
        yield from take(begin, entry)
    while todo or state.timers:
        due = state.next_due()
        if due is not None and (not todo or due[0] <= todo[0][0]):
            if due[0] > end:
                return
            yield from take(due[0], TimerDue("w", *due[1], due[0]))
            continue
        at, _, what, record = heapq.heappop(todo)
        if at > end:
            return
        if what == "outcome":
            assert isinstance(record, Notification)
            yield at, record
            yield from take(at, Delivered("w", record, noted))
            noted += 1
        else:
            offset = offsets[what]
            offsets[what] += 1
            yield from take(at, Took("w", what, offset, **{what.removesuffix("s"): record}))  # type: ignore[arg-type]


def _plan(todo: list[tuple[int, int, str, object]], chance: random.Random, number: int, brand: str, at: int) -> None:
    name = fingerprint(brand, "negative_spike")
    severity = chance.choices(["L1", "L2", "L3", "L4"], [20, 50, 25, 5])[0]
    alert = Alert(
        alert_id(name, at), name, 0, "firing", "negative_spike", severity, brand, from_ms(at), from_ms(at),  # type: ignore[arg-type]
        observed=412.0, expected=6.2, score=9.1, sample_size=498, reason="412 angry mentions in five minutes, 6 are usual",
        evidence=[f"x:18970000000000{n:05d}" for n in range(10)],
        votes=[Vote("poisson", 9.1, fired=True), Vote("drift", 3.0, fired=True), Vote("share", 1.0, fired=False)],
    )  # fmt: skip
    span = chance.randrange(10 * MINUTE, 120 * MINUTE)
    for step in range(EVENTS):
        status = "firing" if step == 0 else "resolved" if step == EVENTS - 1 else "updated"
        when = at + span * step // (EVENTS - 1)
        event = msgspec.structs.replace(alert, sequence=step, status=status, detected_at=from_ms(when))
        todo.append((when, number * 100 + step, "alerts", event))
    if chance.random() < 0.8:
        command = Command(f"c{number}", "ack", chance.choice(["alice", "bob"]), brand=brand)
        todo.append((at + chance.randrange(MINUTE, 15 * MINUTE), number * 100 + 90, "commands", command))
