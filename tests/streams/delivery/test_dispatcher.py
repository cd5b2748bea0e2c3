"""The delivery loop: recorded before it is sent, sent once, tried again, held back, given up, stopped in time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from schemas.events import Notification
from streams.delivery import Permanent, Transient
from streams.delivery.breaker import Breaker
from streams.delivery.retry import Retry
from tests.streams.delivery.world import Clock, Records, Scripted, a_dispatcher, a_message, a_page, deliver, to


def test_a_page_is_recorded_as_pending_then_sent_then_recorded_as_sent_with_its_receipt() -> None:
    story: list[str] = []

    class Telling(Scripted):
        async def send(self, delivery: Any) -> str:
            story.append("send")
            return await super().send(delivery)

    class Written(Records):
        async def __call__(self, notification: Notification) -> None:
            await super().__call__(notification)
            story.append(notification.outcome)

    records, channel = Written(), Telling("HTTP 200")

    async def run() -> None:
        dispatcher = a_dispatcher(channel, records, Clock())
        dispatcher.submit(a_page(), a_message(), to())
        await dispatcher.start()
        await dispatcher.idle()
        await dispatcher.stop()

    asyncio.run(run())
    assert story == ["pending", "send", "sent"]
    assert records.all[-1].receipt == "HTTP 200"
    assert channel.sent[0].key == a_page().notification_id
    assert channel.closed


def test_what_fails_for_the_moment_is_tried_again_and_each_try_is_recorded_with_the_reason_of_the_last() -> None:
    channel = Scripted(Transient("answered 503"), Transient("connection refused"), "HTTP 200")
    records, clock = deliver(channel, a_page())
    assert records.outcomes() == ["pending", "pending", "pending", "sent"]
    assert [(one.attempt, one.reason) for one in records.all] == [
        (1, ""),
        (2, "answered 503"),
        (3, "connection refused"),
        (3, ""),
    ]
    assert clock.slept == [1.0, 2.0], "the wait doubles"
    assert {delivery.key for delivery in channel.sent} == {a_page().notification_id}, "one key for all tries"


def test_after_the_last_try_it_has_failed_with_reason_and_count() -> None:
    records, clock = deliver(Scripted(Transient("answered 503")), a_page(), retry=Retry(attempts=3))
    assert records.outcomes() == ["pending", "pending", "pending", "failed"]
    assert records.all[-1].reason == "answered 503 (3 attempts)"
    assert len(clock.slept) == 2


def test_what_would_fail_again_has_failed_at_once() -> None:
    channel = Scripted(Permanent("answered 404"))
    records, clock = deliver(channel, a_page())
    assert records.outcomes() == ["pending", "failed"]
    assert records.all[-1].reason == "answered 404"
    assert len(channel.sent) == 1
    assert not clock.slept


def test_the_wait_that_the_other_side_asked_for_is_kept_and_none_ends_after_the_deadline() -> None:
    records, clock = deliver(Scripted(Transient("answered 429", 7.0), "ok"), a_page())
    assert clock.slept == [7.0]
    records, clock = deliver(Scripted(Transient("answered 429", 90.0)), a_page(), retry=Retry(within=60.0))
    assert records.outcomes() == ["pending", "failed"]
    assert not clock.slept


def test_an_adapter_that_breaks_costs_one_delivery_and_its_text_is_not_told() -> None:
    records, _ = deliver(Scripted(RuntimeError("https://hooks.example.org/T0KEN"), "ok"), a_page("ann"), a_page("bob"))
    assert sorted(one.outcome for one in records.all) == ["failed", "pending", "pending", "sent"]
    assert "T0KEN" not in repr(records.all)
    assert "RuntimeError" in repr(records.all)


def test_a_type_without_adapter_fails_with_its_name() -> None:
    records, clock = Records(), Clock()

    async def run() -> None:
        dispatcher = a_dispatcher(Scripted(), records, clock)
        target = to()
        object.__setattr__(target, "type", "pigeon")
        dispatcher.submit(a_page(), a_message(), target)
        await dispatcher.start()
        await dispatcher.idle()
        await dispatcher.stop()

    asyncio.run(run())
    assert records.outcomes() == ["failed"]
    assert "pigeon" in records.all[0].reason


def test_a_key_submitted_twice_is_sent_once() -> None:
    channel = Scripted("ok")
    records, _ = deliver(channel, a_page(), a_page())
    assert len(channel.sent) == 1
    assert records.outcomes() == ["pending", "sent"]


def test_what_another_is_in_charge_of_is_neither_sent_nor_recorded() -> None:
    channel = Scripted("ok")
    records, _ = deliver(channel, a_page(), allowed=lambda _: False)
    assert not channel.sent
    assert not records.all


def test_leadership_lost_while_pending_was_written_sends_nothing() -> None:
    answers = iter([True, False])
    channel = Scripted("ok")
    records, _ = deliver(channel, a_page(), allowed=lambda _: next(answers))
    assert not channel.sent
    assert records.outcomes() == ["pending"], "the next leader plans it again"


def test_an_incident_resolved_while_a_page_waits_for_its_next_try_holds_the_page_back() -> None:
    over: list[str] = []

    class Failing(Scripted):
        async def send(self, delivery: Any) -> str:
            over.append("the incident is resolved")
            return await super().send(delivery)

    channel = Failing(Transient("answered 503"))
    records, _ = deliver(channel, a_page(), why_not=lambda _: over[0] if over else None)
    assert records.outcomes() == ["pending", "held_back"]
    assert records.all[-1].reason == "the incident is resolved"
    assert len(channel.sent) == 1


def test_pages_go_before_all_clears_and_the_worst_first() -> None:
    pages = [
        a_page("digest", purpose="digest"),
        a_page("clear", purpose="all_clear"),
        a_page("two", severity="L2"),
        a_page("four", severity="L4"),
        a_page("nobody", purpose="nobody_reached"),
    ]
    channel = Scripted("ok")
    deliver(channel, *pages, parallel=1)
    assert [delivery.target.person for delivery in channel.sent] == ["nobody", "four", "two", "clear", "digest"]


def test_a_channel_that_hangs_holds_up_no_other_channel() -> None:
    class Half(Scripted):
        async def send(self, delivery: Any) -> str:
            if delivery.target.channel == "slow":
                await asyncio.sleep(60)
            return await super().send(delivery)

    records = Records()

    async def run() -> float:
        dispatcher = a_dispatcher(Half("ok"), records, Clock())
        await dispatcher.start()
        for number in range(20):
            dispatcher.submit(a_page(f"s{number}", "slow"), a_message(), to(f"s{number}", "slow"))
        dispatcher.submit(a_page("quick", "fast"), a_message(), to("quick", "fast"))
        async with asyncio.timeout(2):
            while "sent" not in records.outcomes("quick"):
                await asyncio.sleep(0.005)
        started = time.monotonic()
        await dispatcher.stop(grace=0.1)
        return time.monotonic() - started

    assert asyncio.run(run()) < 1.0, "it stops in bounded time"
    left = {one.person: one.outcome for one in records.all}
    assert left.pop("quick") == "sent"
    assert set(left.values()) == {"pending"}, "what was cut off stays pending"


def test_what_cannot_be_recorded_is_not_sent_and_ends_the_loop() -> None:
    channel = Scripted("ok")

    async def lost(_: Notification) -> None:
        raise ConnectionError("broker away")

    async def run() -> None:
        dispatcher = a_dispatcher(channel, lost, Clock())  # type: ignore[arg-type]
        await dispatcher.start()
        dispatcher.submit(a_page(), a_message(), to())
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(dispatcher.failed(), 2)
        await dispatcher.stop()

    asyncio.run(run())
    assert not channel.sent


def test_a_dead_channel_fails_fast_and_comes_back_after_one_good_trial() -> None:
    channel = Scripted(*[Transient("connection refused")] * 3, "ok")
    records, clock = Records(), Clock()

    async def run() -> None:
        dispatcher = a_dispatcher(
            channel,
            records,
            clock,
            retry=Retry(attempts=1),
            breaker=lambda: Breaker(failures_to_open=3, cool_down=30_000),
        )
        await dispatcher.start()

        async def page(person: str) -> None:
            dispatcher.submit(a_page(person), a_message(), to(person))
            await dispatcher.idle()

        for person in ("a", "b", "c"):
            await page(person)
        assert dispatcher.closed_channels() == ["hook"]
        await page("d")
        assert len(channel.sent) == 3, "nothing was tried"
        clock.now += 30_000
        await page("e")
        await page("f")
        assert not dispatcher.closed_channels()
        await dispatcher.stop()

    asyncio.run(run())
    assert records.outcomes("d") == ["failed"]
    assert "keeps failing" in records.all[6].reason
    assert records.outcomes("e") == ["pending", "sent"]
    assert records.outcomes("f") == ["pending", "sent"]


def test_an_address_that_is_wrong_does_not_close_the_channel_for_others() -> None:
    channel = Scripted(*[Permanent("answered 404")] * 10, "ok")
    records, _ = deliver(channel, *(a_page(f"p{number}") for number in range(11)), parallel=1)
    assert records.outcomes("p10") == ["pending", "sent"]


def test_a_hundred_a_second_are_handed_over_within_a_second_each() -> None:
    handed: dict[str, float] = {}

    class Timed(Scripted):
        async def send(self, delivery: Any) -> str:
            await asyncio.sleep(0.02)
            handed[delivery.target.person] = time.monotonic()
            return "ok"

    async def run() -> list[float]:
        dispatcher = a_dispatcher(Timed(), Records(), Clock())
        await dispatcher.start()
        begun: dict[str, float] = {}
        for number in range(200):
            person = f"p{number}"
            begun[person] = time.monotonic()
            dispatcher.submit(a_page(person), a_message(), to(person))
            await asyncio.sleep(0.01)
        await dispatcher.idle()
        await dispatcher.stop()
        return sorted(handed[person] - begun[person] for person in begun)

    delays = asyncio.run(run())
    print(f"p99 {delays[197] * 1e3:.0f} ms over {len(delays)} deliveries")
    assert delays[197] < 1.0
