"""The notifier on real Kafka: taken away and given back, two of them, snapshots, and a lead that nobody would have."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from faust.types import TP
from kafka import KafkaProducer

from deploy.broker import KafkaBroker
from schemas import topics
from schemas.events import Alert, Command, encode
from schemas.ids import alert_id, fingerprint
from schemas.journal import Delivered, JournalEntry, Leader, Took
from schemas.times import from_ms
from streams.agents.context import Context
from streams.agents.notify import NotifyAgent
from streams.agents.notify_records import journal_record
from streams.engine.guard import StalledError
from streams.engine.producer import Producer
from streams.incidents import snapshots
from streams.policy.load import load_policy
from tests.benchmarks.notifier import kills, latency
from tests.system.harness import System

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


@pytest.fixture
def live(kafka: KafkaBroker, tmp_path: Path) -> Iterator[System]:
    made = System(kafka.bootstrap, tmp_path, name=f"n{random.getrandbits(32):x}", clock="live", wait="10m")
    yield made
    made.close()


def event(
    brand: str, sequence: int, status: str = "firing", severity: str = "L3", *, began: int = 1_790_000_000_000
) -> Alert:
    name = fingerprint(brand, "negative_spike")
    at = from_ms(int(time.time() * 1_000))
    return Alert(alert_id(name, began), name, sequence, status, "negative_spike", severity, brand, from_ms(began), at)  # type: ignore[arg-type]


def send(system: System, *alerts: Alert) -> None:
    producer = KafkaProducer(bootstrap_servers=system.settings.broker.bootstrap, linger_ms=5)
    for alert in alerts:
        producer.send(system.settings.topic_prefix + topics.ALERTS.name, encode(alert), alert.fingerprint.encode())
    producer.flush()
    producer.close()


def purposes(system: System) -> list[str]:
    return [str(body["notification"].get("purpose", "page")) for *_, body in system.hook.got]


def leads(system: System, index: int) -> int:
    return system.workers[index].log.read_text(errors="replace").count("notify: leads")


def journal(system: System) -> list[JournalEntry]:
    return [msgspec.json.decode(record.value, type=JournalEntry) for record in system.read(topics.JOURNAL)]


def test_a_notifier_whose_partitions_are_taken_and_given_back_still_knows_everything(live: System):
    """Given a page without an answer, when a second notifier joins and goes, then nobody is paged anew and the end is told."""
    live.worker("--agents", "notify").wait_ready()
    send(live, event("Acme", 0))
    live.wait(lambda: live.hook.people() == ["alice"])
    live.worker("--agents", "notify").wait_ready()
    live.wait(lambda: leads(live, 0) + leads(live, 1) >= 2, timeout=40)
    time.sleep(1)
    send(live, event("Zenith", 0))
    live.wait(lambda: live.hook.people() == ["alice", "alice"])
    assert live.workers[1].term() == 0
    live.wait(lambda: leads(live, 0) >= 2, timeout=40)
    send(live, event("Acme", 1, "resolved"))
    live.wait(lambda: len(live.hook.got) == 3)
    time.sleep(2)
    assert purposes(live) == ["page", "page", "all_clear"]
    assert sorted(one.state for one in live.incidents().values()) == ["open", "resolved"]
    assert {one.version for one in live.incidents().values()} == {1, 2}


@asynccontextmanager
async def notifier(system: System) -> AsyncIterator[NotifyAgent]:
    """A notifier in this process, given its partitions as the group would."""
    producer = Producer(system.settings)
    await producer.start()
    context = Context(system.settings, producer)
    agent = NotifyAgent(context, load_policy(Path(system.settings.policy)))
    await give(agent, system)
    try:
        yield agent
    finally:
        await agent.stop()
        await producer.stop()


async def give(agent: NotifyAgent, system: System) -> dict[TP, int]:
    assert agent.hooks.assigned is not None
    prefix = system.settings.topic_prefix
    return dict(await agent.hooks.assigned({TP(prefix + topics.ALERTS.name, 0), TP(prefix + topics.COMMANDS.name, 0)}))


async def took(agent: NotifyAgent, *alerts: Alert) -> None:
    """Append what the notifier took of `alerts`, and wait until it has folded it."""
    start = agent.state.offsets.get("alerts", -1) + 1
    entries = [Took(agent.state.leader or "", "alerts", start + n, alert=alert) for n, alert in enumerate(alerts)]
    await agent.context.producer.send([journal_record(entry) for entry in entries])
    await until(lambda: agent.state.offsets.get("alerts", -1) == start + len(alerts) - 1)


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def test_a_snapshot_spares_the_next_notifier_the_journal_and_a_torn_one_costs_nothing_but_time(
    live: System, caplog: pytest.LogCaptureFixture
):
    async def first() -> None:
        async with notifier(live) as agent:
            await took(agent, event("Acme", 0), event("Zenith", 0))
            await took(agent, *(event("Acme", number, "updated") for number in range(1, 600)))
            await until(lambda: len(live.hook.got) == 2)
            await until(lambda: not agent.state.undelivered())

    async def second() -> None:
        async with notifier(live) as agent:
            await took(agent, event("Acme", 800, "resolved"))
            await until(lambda: len(live.hook.got) == 3)
            await until(lambda: not agent.state.undelivered())

    async def third() -> None:
        async with notifier(live) as agent:
            assert {case.incident.state for case in agent.state.cases.values()} == {"resolved", "open"}
            await took(agent, event("Zenith", 1, "resolved"))
            await until(lambda: len(live.hook.got) == 4)

    caplog.set_level(logging.INFO, "streams")
    asyncio.run(first())
    ((key, value),) = {record.key: record.value for record in live.read(topics.SNAPSHOTS)}.items()
    position = snapshots.read_part(value).position
    assert position > 600
    caplog.clear()
    asyncio.run(second())
    assert f"journal read from {position} to" in caplog.text
    live.produce(topics.SNAPSHOTS, key, value[:-3])
    caplog.clear()
    asyncio.run(third())
    assert "passed over" in caplog.text
    assert "journal read from 0 to" in caplog.text
    assert purposes(live) == ["page", "page", "all_clear", "all_clear"]
    told = [entry for entry in journal(live) if isinstance(entry, Delivered) and entry.notification.outcome == "sent"]
    assert all(entry.recorded is not None for entry in told)


def test_what_was_folded_and_not_done_is_done_by_the_next(live: System):
    """Given an end that the journal knows and `incidents` does not, and word of a silence that was not written."""

    async def first() -> None:
        async with notifier(live) as agent:
            await took(agent, event("Acme", 0))
            await until(lambda: not agent.state.undelivered())

    async def dies() -> None:
        # What a notifier leaves that dies right after its entries were taken: nobody has folded them.
        producer = Producer(live.settings)
        await producer.start()
        last = [entry for entry in journal(live) if isinstance(entry, Leader)][-1].leader
        silence = Command("s", "silence", "alice", brand="Zenith", minutes=60)
        entries: list[JournalEntry] = [
            Took(last, "alerts", 1, alert=event("Acme", 1, "resolved")),
            Took(last, "commands", 0, command=silence),
            Took(last, "alerts", 2, alert=event("Zenith", 0)),
        ]
        await producer.send([journal_record(entry) for entry in entries])
        await producer.stop()

    async def second() -> None:
        async with notifier(live):
            await until(lambda: len(live.hook.got) == 2)

    asyncio.run(first())
    asyncio.run(dies())
    asyncio.run(second())
    asyncio.run(second())
    assert sorted(one.state for one in live.incidents().values()) == ["open", "resolved"]
    assert purposes(live) == ["page", "all_clear"]
    held = [one for one in live.notifications() if one.outcome == "held_back"]
    assert [(one.person, one.brand) for one in held] == [("alice", "Zenith")], "once, also after two more notifiers"


def test_a_notifier_that_another_deposed_but_did_not_replace_ends(live: System):
    """Given the leader record of one that froze while taking over and is gone, then it ends rather than stand by."""

    async def run() -> None:
        async with notifier(live) as agent:
            live.settings.engine.session_timeout = 0.5
            await agent.context.producer.send([journal_record(Leader("frozen"))])
            with pytest.raises(StalledError, match="another notifier took the lead"):
                await asyncio.wait_for(asyncio.shield(agent.context.failed), 10)

    async def again() -> None:
        async with notifier(live) as agent:
            await took(agent, event("Acme", 0))
            await until(lambda: live.hook.people() == ["alice"])

    asyncio.run(run())
    asyncio.run(again())


def test_kill_9_between_send_and_record_repeats_one_delivery_with_its_key_and_loses_none(kafka: KafkaBroker):
    """Five of the fifty kills of `python -m tests.benchmarks.notifier kills`, over webhook and mail."""
    found = kills.measure(kafka.bootstrap, 5, seed=random.getrandbits(16))
    print(found)
    assert found["deliveries"] == found["kills"] == 5
    assert found["repeats"] <= 5
    assert found["most_for_one"] <= 2
    wrong = ("missing", "under_another_key", "with_another_text", "recorded_twice", "not_recorded")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)


def test_a_storm_of_two_hundred_brands_in_two_seconds_pages_each_once(live: System):
    """The short form of `python -m tests.benchmarks.notifier latency`, without its clock."""
    live.worker("--agents", "notify").wait_for("notify: leads")
    taken, got = latency.pages(live, 100, 2.0, "Brand")
    assert set(taken) == set(got)
    live.wait(lambda: [one.outcome for one in live.notifications()].count("sent") == 200)
    late = sorted(got[name] - at for name, at in taken.items())
    print(f"from the alert to the page: half within {late[100]:.3f} s, 99 % within {late[198]:.3f} s")


def test_what_is_said_at_length_keeps_nobody_from_being_paged(live: System):
    """Given notes of 600 kB, one that unpacks to 2 MB and a time without a zone, when another brand is in trouble, it is paged."""
    live.worker("--agents", "notify").wait_ready()
    send(live, event("Acme", 0))
    live.wait(lambda: live.hook.people() == ["alice"])
    for n, (length, codec) in enumerate([(600_000, None), (600_000, None), (2_000_000, "gzip")]):
        said = Command(f"c{n}", "note", "alice", brand="Acme", note="word " * (length // 5))
        producer = KafkaProducer(
            bootstrap_servers=live.settings.broker.bootstrap, max_request_size=4_000_000, compression_type=codec
        )
        producer.send(live.settings.topic_prefix + topics.COMMANDS.name, encode(said), b"k").get(20)
        producer.close()
    naive = event("Acme", 1, "updated")
    naive.replied_at = naive.starts_at.replace(tzinfo=None)
    for _ in range(2):
        send(live, naive, event("Zenith", 0))
        live.wait(lambda: {body["notification"]["brand"] for *_, body in live.hook.got} == {"Acme", "Zenith"})
        live.workers[-1].kill()
        live.worker("--agents", "notify").wait_ready()
    took = [entry for entry in journal(live) if isinstance(entry, Took) and entry.topic == topics.COMMANDS.name]
    assert [bool(entry.reason) for entry in took] == [True] * 3, "more than a command may have: dead letters"
