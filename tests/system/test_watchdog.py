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

from deploy.broker import QUICK_START, EmbeddedBroker, KafkaBroker
from streams.agents.score import ScoreAgent
from streams.agents.watch import WatchAgent
from streams.app import assemble
from streams.engine.guard import EXIT_STALLED
from streams.engine.producer import Producer
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


@pytest.mark.parametrize(
    "hang",
    [hang_in_score, hang_in_a_write, hang_in_a_checkpoint, hang_before_a_partition, an_agent_that_ends],
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


def test_a_task_beside_the_agents_that_a_client_cancels_ends_the_worker(
    system: System, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """As aiokafka does with the broker away: without that task partitions would wait for each other for ever."""

    async def cancelled(_self: ScoreAgent) -> None:
        task = asyncio.ensure_future(for_ever())
        asyncio.get_running_loop().call_later(0.1, task.cancel)
        await task

    monkeypatch.setattr(ScoreAgent, "follow_others", cancelled)

    async def run() -> int:
        assembly = await assemble(system.settings, ["score"])
        try:
            return await serve(assembly, asyncio.Event())
        finally:
            assembly.guard.release()

    assert asyncio.run(run()) == EXIT_STALLED
    assert "cancelled has ended by itself" in caplog.text


def test_an_event_loop_that_is_blocked_ends_the_worker(system: System):
    """Given a real process whose core never returns, then a thread ends it: the loop itself can do nothing."""
    blocked = """
        import sys, time
        from streams import cli
        from streams.score.core import ScoreCore
        ScoreCore.slice = lambda *_: time.sleep(3_600)
        sys.exit(cli.main(sys.argv[1:]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(blocked), "worker", "--config", str(system.config), "--port", "0"],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == EXIT_STALLED
    assert "the worker stops: watchdog: the event loop does not turn for 5 s" in done.stderr
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
