"""Crashes at any moment: nobody is left out, and each crash repeats at most what was under way, with the same key."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Notification
from streams.delivery import Delivery, Transient
from tests.streams.delivery.world import Clock, a_dispatcher, a_message, a_page, to

PEOPLE = ("ann", "bob", "cy", "dee")
FINAL = {"sent", "failed", "held_back"}


class Life:
    """One life of the process: it ends after `steps` sends and records."""

    def __init__(self, log: list[Notification], received: list[tuple[str, str]], steps: int, fails: int) -> None:
        self.log = log
        self.received = received
        self.steps = steps
        self.fails = fails
        self.dead = asyncio.Event()

    async def step(self) -> None:
        await asyncio.sleep(0)
        if self.dead.is_set() or self.steps == 0:
            self.dead.set()
            await asyncio.Event().wait()  # as a killed process does: it never gets any further
        self.steps -= 1

    async def record(self, notification: Notification) -> None:
        await self.step()
        self.log.append(notification)

    async def send(self, delivery: Delivery) -> str:
        await self.step()
        if self.fails:
            self.fails -= 1
            raise Transient("answered 503")
        self.received.append((delivery.key, delivery.message.text))
        return "ok"

    async def close(self) -> None:
        pass


async def live(life: Life) -> None:
    done = {one.notification_id for one in life.log if one.outcome in FINAL}
    dispatcher = a_dispatcher(life, life.record, Clock(), parallel=2)  # type: ignore[arg-type]
    for person in PEOPLE:
        page = a_page(person)
        if page.notification_id not in done:
            dispatcher.submit(page, a_message(page), to(person))
    await dispatcher.start()
    idle = asyncio.create_task(dispatcher.idle())
    dead = asyncio.create_task(life.dead.wait())
    await asyncio.wait({idle, dead}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    for task in (idle, dead):
        task.cancel()
    await dispatcher.stop(grace=0.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 2)), max_size=6))
def test_after_any_crashes_everybody_is_told_and_repeats_are_no_more_than_the_crashes_explain(lives: Any) -> None:
    log: list[Notification] = []
    received: list[tuple[str, str]] = []

    async def run() -> None:
        for steps, fails in lives:
            await live(Life(log, received, steps, fails))
        await live(Life(log, received, 10_000, 0))

    asyncio.run(run())
    keys = {a_page(person).notification_id for person in PEOPLE}
    assert {key for key, _ in received} == keys, "nobody is left out, and no key is made up"
    repeats = Counter(key for key, _ in received)
    assert max(repeats.values()) <= 1 + len(lives)
    assert sum(repeats.values()) - len(keys) <= 2 * len(lives), "no more than was under way: two at once"
    assert len(set(received)) == len(keys), "a repeat has the same words"
    for key in keys:
        outcomes = [one.outcome for one in log if one.notification_id == key]
        assert outcomes[-1] == "sent"
        assert outcomes.count("sent") == 1
        assert outcomes[0] == "pending", "it is written down before it is done"
