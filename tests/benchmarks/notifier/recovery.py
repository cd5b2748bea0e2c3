"""How long until a new notifier leads: with all of the journal to read, and with a snapshot."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faust.types import TP
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from schemas import topics
from schemas.events import Notification
from schemas.times import DAY
from streams import topics_admin
from streams.agents.context import Context
from streams.agents.notify import NotifyAgent
from streams.agents.notify_records import journal_record, notification_record
from streams.engine.producer import Producer
from streams.engine.reader import read_to_end
from streams.policy.load import load_policy
from streams.settings import Settings
from tests.benchmarks.notifier.history import history
from tests.system.harness import System

Say = Callable[[str], None]


def measure(bootstrap: str, incidents: int, brands: int, days: int, say: Say) -> dict[str, Any]:
    """Fill the topics, then recover without and with a snapshot; seconds of wall clock and of CPU."""
    with tempfile.TemporaryDirectory() as folder:
        made = System(bootstrap, Path(folder), name=f"recovery{incidents}", clock="live")
        try:
            # What is written now has to lie in the past: the bench writes the times itself.
            with topics_admin.admin(made.settings) as client:
                name = made.settings.topic_prefix + topics.JOURNAL.name
                times = {"message.timestamp.type": "CreateTime"}
                client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, topics.JOURNAL.config() | times)])
            filled = fill(made.settings, incidents, brands, days)
            say(f"{filled['journal']} records on journal, {filled['notifications']} on notifications")
            found: dict[str, Any] = {"incidents": incidents, "brands": brands, "days": days} | filled
            found["without"] = asyncio.run(recover(made.settings, everything=True))
            say(f"without: {found['without']}")
            found["with"] = asyncio.run(recover(made.settings))
            say(f"with: {found['with']}")
            return found
        finally:
            made.close()


def fill(settings: Settings, incidents: int, brands: int, days: int) -> dict[str, int]:
    """Write `days` of history; return how many records of each topic."""
    policy = load_policy(Path(settings.policy))
    producer = KafkaProducer(bootstrap_servers=settings.broker.bootstrap, linger_ms=20, batch_size=500_000)
    counts = {"journal": 0, "notifications": 0}
    end = int(time.time() * 1_000) - DAY // 24
    for at, one in history(policy, brands=brands, incidents=incidents, days=days, end=end):
        write = notification_record(one) if isinstance(one, Notification) else journal_record(one)
        producer.send(settings.topic_prefix + write.topic, write.value, write.key, timestamp_ms=at)
        counts[write.topic] += 1
    producer.flush()
    producer.close()
    return counts


async def recover(settings: Settings, *, everything: bool = False) -> dict[str, Any]:
    """Lead once, as a worker does that is given the partitions, and stop; with `everything` also read what was read
    before there were snapshots: all of `notifications`."""
    producer = Producer(settings)
    await producer.start()
    context = Context(settings, producer)
    agent = NotifyAgent(context, load_policy(Path(settings.policy)))
    cpu, wall = time.process_time(), time.perf_counter()
    if everything:
        async for _ in read_to_end(settings, topics.NOTIFICATIONS.name, 0):
            pass
    prefix = settings.topic_prefix
    assert agent.hooks.assigned is not None
    await agent.hooks.assigned({TP(prefix + topics.ALERTS.name, 0), TP(prefix + topics.COMMANDS.name, 0)})
    found = {"seconds": round(time.perf_counter() - wall, 2), "cpu_seconds": round(time.process_time() - cpu, 2)}
    found["incidents_in_memory"] = len(agent.state.cases)
    began = time.perf_counter()
    await agent.stop()
    found["stop_seconds"] = round(time.perf_counter() - began, 2)
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    await producer.stop()
    return found
