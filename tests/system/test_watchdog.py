"""Workers that stand still end with a status of their own; workers whose broker is away wait."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer

from deploy.broker import QUICK_START, EmbeddedBroker, KafkaBroker
from streams.agents.score import ScoreAgent
from streams.agents.watch import WatchAgent
from streams.app import assemble
from streams.engine import guard
from streams.engine.guard import EXIT_STALLED
from streams.engine.producer import Producer
from streams.engine.reader import consumer
from streams.engine.transport import SliceConsumer
from streams.settings import Settings
from streams.worker import serve
from tests.system.harness import ROOT, System

pytestmark = pytest.mark.timeout(120)

LIMIT = 5.0
ENGINE = {"session_timeout": 6, "checkpoint_interval": 0.5, "watchdog_timeout": LIMIT}


@pytest.fixture
def system(embedded: EmbeddedBroker, tmp_path: Path) -> Iterator[System]:
    name = f"w{random.getrandbits(32):x}"
    made = System(embedded.bootstrap, tmp_path, name=name, brands=["Acme"], clock="live", partitions=1, embedded=True,
                  extra={"engine": {**ENGINE, "group": name}, "web": {"port": 0}})  # fmt: skip
    yield made
    made.close()


Hung = tuple[list[str], str]
"""Agents to run, and what is told of the one that hangs."""


async def for_ever(*_: Any, **__: Any) -> Any:
    await asyncio.Event().wait()


def hang_in_score(patch: pytest.MonkeyPatch) -> Hung:
    patch.setattr(ScoreAgent, "_slice", for_ever)
    return ["score"], "score does not finish a slice for"


def hang_in_a_write(patch: pytest.MonkeyPatch) -> Hung:
    patch.setattr(Producer, "_try", for_ever)
    return ["score"], "a write does not end for"


def hang_in_a_checkpoint(patch: pytest.MonkeyPatch) -> Hung:
    patch.setattr(WatchAgent, "_write_checkpoint", for_ever)
    return ["score", "watch"], "the checkpoint of scored-0 does not end for"


def hang_before_a_partition(patch: pytest.MonkeyPatch) -> Hung:
    patch.setattr(WatchAgent, "_recover", for_ever)
    return ["score", "watch"], "the group of watch does not settle for"


def an_agent_that_ends(patch: pytest.MonkeyPatch) -> Hung:
    """Without an error, as one does that Faust cancelled."""

    async def end(self: ScoreAgent, stream: Any) -> None:
        async for _ in stream.events():
            await self._context.producer.send([])
            await for_ever()

    patch.setattr(ScoreAgent, "run", end)
    return ["score"], "score does not finish a slice for"


def hang_for_longer_than_faust_waits(patch: pytest.MonkeyPatch) -> Hung:
    """It lets the flow resume then, and says that the rebalance is over."""
    patch.setattr(WatchAgent, "_recover", for_ever)
    waits = Consumer.perform_seek

    async def short(self: SliceConsumer) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(waits(self))), LIMIT / 5)

    patch.setattr(SliceConsumer, "perform_seek", short)
    return ["score", "watch"], "the group of watch does not settle for"


def hang_in_a_heartbeat(patch: pytest.MonkeyPatch) -> Hung:
    """The group gives the partitions to others, and this member hears of nothing."""
    patch.setattr(GroupCoordinator, "_do_heartbeat", for_ever)
    return ["score"], "the group of score does not hear from it for"


def hang_with_a_probe_that_is_cancelled(patch: pytest.MonkeyPatch) -> Hung:
    """Given a broker that was away, and whose client then lets out a CancelledError: it is looked at all the same."""
    probes = iter(range(2))

    def troubled(settings: Settings) -> AIOKafkaConsumer:
        client = consumer(settings)
        number = next(probes, None)
        if number == 0:
            patch.setattr(client, "start", refused)
        elif number == 1:
            patch.setattr(client, "start", cancelled)
        return client

    patch.setattr(guard, "consumer", troubled)
    return hang_in_score(patch)


async def refused() -> None:
    raise ConnectionRefusedError


async def cancelled(*_: Any, **__: Any) -> None:
    """End as cancelled though nobody has cancelled the caller's task, as aiokafka does with the broker away."""
    task = asyncio.ensure_future(for_ever())
    asyncio.get_running_loop().call_later(0.1, task.cancel)
    await task


@pytest.mark.parametrize(
    "hang",
    [
        hang_in_score,
        hang_in_a_write,
        hang_in_a_checkpoint,
        hang_before_a_partition,
        hang_for_longer_than_faust_waits,
        hang_in_a_heartbeat,
        hang_with_a_probe_that_is_cancelled,
        an_agent_that_ends,
    ],
    ids=lambda hang: hang.__name__,
)
def test_what_stands_still_ends_the_worker(
    system: System,
    hang: Callable[[pytest.MonkeyPatch], Hung],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    agents, told = hang(monkeypatch)

    async def run() -> int:
        assembly = await assemble(system.settings, agents)
        try:
            return await serve(assembly, asyncio.Event())
        finally:
            assembly.guard.release()

    assert asyncio.run(run()) == EXIT_STALLED
    (line,) = [r.getMessage() for r in caplog.records if r.levelname == "CRITICAL" and "worker stops" in r.getMessage()]
    assert line.startswith(f"the worker stops: watchdog: {told} ")
    assert line.endswith(" s though the broker answers")


@pytest.mark.parametrize(
    ("where", "name", "told"),
    [
        (ScoreAgent, "follow_others", "cancelled has ended by itself"),
        (ScoreAgent, "_look", "the search for where to begin was cancelled, and nobody asked for it"),
        (AIOKafkaConsumerThread, "_fetch_records", "was cancelled, and nobody asked for it"),
    ],
)
def test_what_a_client_cancels_ends_the_worker(
    system: System, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: type, name: str, told: str
):
    """As aiokafka does with the broker away: a task would be missing from then on, and partitions wait for ever."""
    monkeypatch.setattr(where, name, cancelled)

    async def run() -> int:
        assembly = await assemble(system.settings, ["score"])
        try:
            return await serve(assembly, asyncio.Event())
        finally:
            assembly.guard.release()

    assert asyncio.run(run()) == EXIT_STALLED
    (line,) = [r.getMessage() for r in caplog.records if r.levelname == "CRITICAL" and "worker stops" in r.getMessage()]
    assert told in line
    assert "does not settle" not in line


BLOCKED_LOOP = """
    import time
    from streams.score.core import ScoreCore
    ScoreCore.slice = lambda *_: time.sleep(3_600)
"""
"""The core never returns: a thread ends the process, the loop itself can do nothing."""
LOST_MEMBER = """
    import asyncio
    from aiokafka.consumer.group_coordinator import GroupCoordinator
    known, beat = GroupCoordinator.ensure_coordinator_known, GroupCoordinator._do_heartbeat
    told = set()
    async def told_to_join(self):
        told.add(self)
        self.coordinator_dead()
        self.request_rejoin()
        return await beat(self)
    async def lost(self):
        await (asyncio.Event().wait() if self in told else known(self))
    GroupCoordinator._do_heartbeat = told_to_join
    GroupCoordinator.ensure_coordinator_known = lost
"""
"""The client is told to join anew and never comes to it: Faust knows of no rebalance, and stopping the client hangs."""


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (BLOCKED_LOOP, "the event loop does not turn for 5 s"),
        (LOST_MEMBER, "the group of score does not settle for 5 s though the broker answers"),
    ],
    ids=["blocked loop", "lost member"],
)
def test_a_process_that_cannot_stop_by_itself_is_ended(system: System, fault: str, told: str):
    main = "import sys\nfrom streams import cli\nsys.exit(cli.main(sys.argv[1:]))\n"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(fault) + main, "worker", "--config", str(system.config), "--port", "0"],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == EXIT_STALLED
    assert f"the worker stops: watchdog: {told}" in done.stderr
    assert "Traceback" not in done.stderr


def shown(url: str, metric: str) -> float | None:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"{metric} "):
                return float(line.split()[1])
    return None


@pytest.mark.kafka
@pytest.mark.parametrize("away", ["frozen", "killed"])
def test_a_broker_that_is_away_is_waited_for(kafka_installed: None, tmp_path: Path, away: str):
    """Given a broker that answers nobody for four times the limit, then the worker stays, says so, and goes on after."""
    with KafkaBroker(tmp_path / "kafka", jvm_options=QUICK_START) as broker:
        system = System(broker.bootstrap, tmp_path, name="away", brands=["Acme"], clock="live",
                        extra={"engine": {**ENGINE, "group": "away"}})  # fmt: skip
        try:
            worker = system.worker()
            worker.wait_ready()
            system.wait(lambda: len(system.checkpoint()[0]) == 2)
            (broker.freeze if away == "frozen" else broker.kill)()
            system.wait(lambda: shown(worker.url(), "tocsin_watchdog_broker_away") == 1)
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(4 * LIMIT)
            assert worker.running
            (broker.thaw if away == "frozen" else broker.start)()
            before = system.checkpoint()[1].control
            system.wait(lambda: system.checkpoint()[1].control > before + 10, timeout=60)
            assert shown(worker.url(), "tocsin_watchdog_broker_away") == 0
            assert worker.term() == 0
            assert "watchdog" not in json.dumps([line for line in system.logs().splitlines() if "stops" in line])
        finally:
            system.close()
