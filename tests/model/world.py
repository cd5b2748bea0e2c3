"""Workers, groups and people who write mentions, step by step.

The agents are the project's own (`ScoreAgent`, `WatchAgent`), as they are; what stands in is Kafka (`memory`), Faust's
flow (`Worker.poll`) and the monitor (`monitor`). Nothing here waits for anything but its own other tasks.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from types import SimpleNamespace
from typing import Any, Final

from faust.types import TP

from schemas import topics
from schemas.events import BrandEntry
from schemas.mention import tick_record
from schemas.times import MINUTE, SECOND, from_ms, iso
from streams import wiring
from streams.agents.score import ScoreAgent
from streams.agents.watch import WatchAgent
from streams.brands.registry import Registry
from streams.engine.places import Place
from streams.engine.records import Write
from streams.score.core import ScoreCore
from streams.settings import Settings
from streams.watch.core import WatchCore, WatchSettings
from streams.watch.state import Tally
from tests.model import oracle
from tests.model.memory import Crashed, Memory, Producer, Stored
from tests.model.monitor import SmallMonitor
from tests.streams import cores

P: Final = 2
"""Partitions of `mentions` and of `scored`."""
BRANDS: Final = ("Acme", "Nimbrook", "Vaudrelle")
LATER: Final = "Dorian"
"""A brand that comes with a change of the configuration."""
LATENESS: Final = 2 * MINUTE
TEXTS: Final = ("I hate this", "lovely", "it exploded", "what a day", "toujours en panne", "two people injured")

_LOOP = asyncio.new_event_loop()


def run(*work: Any) -> None:
    """Run coroutines side by side, each to its end; where one dies, the others die with it."""
    _LOOP.run_until_complete(_together(work))


async def _together(work: tuple[Coroutine[Any, Any, Any], ...]) -> None:
    tasks = [asyncio.ensure_future(one) for one in work]
    _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in left:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


async def _cancelled(work: Coroutine[Any, Any, Any], turns: int) -> None:
    task = asyncio.ensure_future(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class ModelScoreAgent(ScoreAgent):
    """`ScoreAgent`, asking the world where it stands."""

    world: World

    async def _look(self, partitions: Iterable[int]) -> tuple[str, dict[int, Place]]:
        return "source", self.world.places(topics.MENTIONS.name, partitions)


class ModelWatchAgent(WatchAgent):
    """`WatchAgent`, asking the world where it stands."""

    world: World

    async def _look(self, partitions: Iterable[int]) -> tuple[str, dict[int, Place]]:
        return "scored", self.world.places(topics.SCORED.name, partitions)

    def _new_id(self) -> str:
        return f"{self.world.ids.getrandbits(128):032x}"  # a history is the same each time it is run

    async def _read(
        self, topic: str, partition: int, start: int | None = None, end: int | None = None
    ) -> AsyncIterator[Sequence[Stored]]:
        records = [r for r in self.world.memory.read(topic, partition, start or 0) if end is None or r.offset < end]
        if records:
            yield records


class Worker:
    """A process: both agents, a producer, and where Faust would stand in each partition."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.producer = Producer(world.memory)
        self.brands = world.registry()
        context: Any = SimpleNamespace(
            settings=world.settings, producer=self.producer, doings=_Doings(), fail=_fail, give_up=_fail
        )
        self.score = ModelScoreAgent(context, world.score_core(self.brands))
        self.watch = ModelWatchAgent(context, lambda q: world.watch_core(q, self.brands))
        self.score.world = self.watch.world = world
        self.positions: dict[TP, int] = {}

    async def assign(self, mentions: set[TP], scored: set[TP]) -> None:
        """Take partitions over, as after a rebalance."""
        self.positions = {}
        for agent, tps in ((self.score, mentions), (self.watch, scored)):
            assert agent.hooks.assigned is not None
            self.positions |= dict(await agent.hooks.assigned(tps))

    async def revoke(self) -> None:
        """Let go of everything, as before a rebalance."""
        self.commit()
        for agent in (self.score, self.watch):
            assert agent.hooks.revoked is not None
            await agent.hooks.revoked(set())
        self.positions = {}

    async def poll(self, tp: TP, most: int) -> bool:
        """Take one slice of at most `most` records; return whether there was one."""
        records = self.world.memory.read(tp.topic, tp.partition, self.positions[tp])[:most]
        if not records:
            return False
        if tp.topic == topics.MENTIONS.name:
            await self.score._slice(tp, records)
        else:
            await self.watch._take(tp.partition, records)
        self.positions[tp] = records[-1].offset + 1
        return True

    def commit(self) -> None:
        """Commit what the application says may be committed."""
        assert self.score.hooks.committable is not None
        for tp in self.positions:
            offset = self.score.hooks.committable(tp) if tp.topic == topics.MENTIONS.name else None
            if offset is not None:
                self.world.committed[tp] = offset

    async def checkpoint(self) -> None:
        """Write a checkpoint of every partition."""
        for owned in list(self.watch._owned.values()):
            await self.watch._save(owned)


def _fail(error: BaseException) -> None:
    raise error


class _Doings:
    """The watchdog's book, which nobody reads here."""

    def doing(self, _what: str) -> Any:
        return contextlib.nullcontext()


class World:
    """See the module. All chance comes from the arguments of its steps."""

    def __init__(self) -> None:
        self.settings: Settings = cores.settings(*BRANDS, partitions=P)
        self.memory = Memory(cores.T0)
        self.now = cores.T0
        self.committed: dict[TP, int] = {}
        self.model = cores.model()
        self.workers: list[Worker] = []
        self.frozen: list[Worker] = []
        self.number = 0
        self.crashes = 0
        self.changed = False
        """Whether the configuration has changed."""
        self.entries: list[tuple[BrandEntry, int]] = []
        """The topic `brands`: entries, and when they were stored."""
        self.lists: list[Registry] = []
        """The watch lists of all workers."""
        self.partitions = P
        self.ids = random.Random(0)
        self.join()

    # ---------------------------------------------------------------------------------------------------- the cores

    def registry(self) -> Registry:
        """Return a watch list that is kept up to date from now on."""
        made = Registry(self.settings.brands)
        for entry, stored in self.entries:
            made.take(entry, stored)
        self.lists.append(made)
        return made

    def score_core(self, brands: Registry) -> ScoreCore:
        return wiring.score_core(self.settings, self.model, brands=brands)

    def watch_core(self, partition: int, brands: Registry) -> WatchCore:
        settings = WatchSettings(partition, P, LATENESS, replay=True)
        return WatchCore(settings, SmallMonitor.new, SmallMonitor.load, brands)  # type: ignore[arg-type]

    def places(self, topic: str, partitions: Iterable[int]) -> dict[int, Place]:
        """Return where the groups stand."""
        return {p: Place(0, self.memory.end(topic, p), self.committed.get(TP(topic, p))) for p in partitions}

    # -------------------------------------------------------------------------------------------------------- steps

    def say(self, chance: random.Random, count: int) -> None:
        """Have `count` things said: new, repeated, late, early, updated, deleted or rubbish."""
        brands = (*BRANDS, LATER) if self.changed else BRANDS
        for _ in range(count):
            known = self.number and chance.random() < 0.35
            number = chance.randrange(self.number) if known else self.number
            self.number += not known
            at = self.now + chance.choice((0, 0, 0, -30, 20, 50, -100, -200, 400)) * SECOND
            said: dict[str, Any] = {
                "platform": "x", "id": str(number), "created_at": iso(at), "text": chance.choice(TEXTS),
                "brand": chance.choice(brands), "author": {"id": f"a{number % 7}"},
            }  # fmt: skip
            what = chance.random()
            if known and what < 0.3:
                said |= {"op": "update", "rev": chance.randrange(1, 4)}
            elif known and what < 0.4:
                said |= {"op": "delete"}
            value: bytes | None = json.dumps(said).encode()
            if known and 0.4 <= what < 0.45:
                value = None
            elif what > 0.97:
                value = b"{"
            key = f"x:{number}".encode()
            self.memory.append(Write(topics.MENTIONS.name, key, value, zlib.crc32(key) % P))

    def tick(self, seconds: int, only: int | None = None) -> None:
        """Let time pass; `only` one partition is told of it."""
        self.now += seconds * SECOND
        self.memory.now = self.now
        for partition in range(P):
            if only is None or only == partition:
                self.memory.append(Write(topics.MENTIONS.name, *tick_record(self.now), partition))

    def poll(self, chance: random.Random) -> None:
        """Have some worker take a slice."""
        worker = self._some(chance)
        if worker is not None and worker.positions:
            tp = chance.choice(sorted(worker.positions))
            self._may_crash(worker, worker.poll(tp, chance.choice((1, 2, 5, 50))))

    def checkpoint(self, chance: random.Random) -> None:
        """Have some worker write its checkpoint."""
        worker = self._some(chance)
        if worker is not None:
            self._may_crash(worker, worker.checkpoint())

    def checkpoint_meanwhile(self, chance: random.Random) -> None:
        """Have some worker write its checkpoint while it takes a slice."""
        worker = self._some(chance)
        if worker is not None and worker.positions:
            tp = chance.choice(sorted(worker.positions))
            if chance.random() < 0.4:
                worker.producer.left = chance.randrange(1, 6)
            work = [worker.poll(tp, chance.choice((1, 5, 50))), worker.checkpoint()]
            self._may_crash(worker, *(work if chance.random() < 0.5 else reversed(work)))

    def give_up(self, chance: random.Random) -> None:
        """Have Faust cancel a slice half way; the worker ends, but not before it has tried to write its checkpoint."""
        worker = self._some(chance)
        if worker is not None and worker.positions:
            tp = chance.choice(sorted(worker.positions))
            if not self._may_crash(worker, _cancelled(worker.poll(tp, 50), chance.randrange(1, 8)), rebalance=False):
                with contextlib.suppress(Crashed):
                    run(worker.checkpoint())
                self.workers.remove(worker)
            self.rebalance()

    def commit(self, chance: random.Random) -> None:
        """Have some worker commit."""
        worker = self._some(chance)
        if worker is not None:
            worker.commit()

    def doom(self, chance: random.Random) -> None:
        """Let some worker die after a few more records."""
        worker = self._some(chance)
        if worker is not None:
            worker.producer.left = chance.randrange(0, 7)
            worker.producer.backwards = chance.random() < 0.5

    def crash(self, chance: random.Random) -> None:
        """Kill some worker between two steps."""
        worker = self._some(chance)
        if worker is not None:
            self._gone(worker)

    def join(self) -> None:
        """Have a worker join, with a rebalance."""
        if len(self.workers) < 3:
            self.workers.append(Worker(self))
            self.rebalance()

    def freeze(self, chance: random.Random) -> None:
        """Freeze some worker past its session: the others take over, and it does not know."""
        worker = self._some(chance)
        if worker is not None:
            self.workers.remove(worker)
            self.frozen.append(worker)
            self.rebalance()

    def zombie(self, chance: random.Random) -> None:
        """Thaw a frozen worker: it goes on for a step or two before it learns what happened, and joins anew."""
        if not self.frozen:
            return
        worker = self.frozen.pop(chance.randrange(len(self.frozen)))
        try:
            for _ in range(chance.randrange(1, 4)):
                if chance.random() < 0.4:
                    run(worker.checkpoint())
                elif worker.positions:
                    run(worker.poll(chance.choice(sorted(worker.positions)), chance.choice((1, 3, 50))))
        except Crashed:
            return
        if len(self.workers) < 3:
            fresh = Worker(self)  # the agents of a member that rejoins start from an assignment: nothing is kept
            self.workers.append(fresh)
            self.rebalance()

    def compact(self) -> None:
        """Compact the checkpoints."""
        for partition in range(P):
            self.memory.compact(topics.CHECKPOINTS.name, partition)

    def change_configuration(self) -> None:
        """Add a brand: workers that start from now on know it, those that run do not."""
        if not self.changed:
            self.changed = True
            self.settings = cores.settings(*BRANDS, LATER, partitions=P)

    def enter(self, chance: random.Random) -> None:
        """Take a brand off the watch list, or put it there; twice within a minute or after some."""
        name = chance.choice(BRANDS[1:])
        last = next((entry for entry, _ in reversed(self.entries) if entry.brand == name), None)
        removed = not (last is not None and last.removed) if chance.random() < 0.9 else chance.random() < 0.5
        entry = BrandEntry(name, "alice", from_ms(self.now), removed=removed)
        self.entries.append((entry, self.now))
        for known in self.lists:
            known.take(entry, self.now)

    def stop_in_checkpoint(self, chance: random.Random) -> None:
        """Have some worker end, as SIGTERM does, in the middle of a checkpoint: that one is cancelled, and a last one written."""
        worker = self._some(chance)
        if worker is not None:
            cancelled = _cancelled(worker.checkpoint(), chance.randrange(1, 8))
            if not self._may_crash(worker, cancelled, rebalance=False) and not self._may_crash(
                worker, worker.watch.stop(), rebalance=False
            ):
                worker.commit()
                self.workers.remove(worker)
            self.rebalance()

    def rebalance(self) -> None:
        """Part the partitions among the living; who dies in it is left out, and it begins again."""
        while True:
            if not self.workers:
                self.workers.append(Worker(self))
            for worker in list(self.workers):
                self._may_crash(worker, worker.revoke(), rebalance=False)
            shares: list[tuple[set[TP], set[TP]]] = [(set(), set()) for _ in self.workers]
            if not shares:
                continue
            for partition in range(P):
                mine = shares[partition % len(shares)]
                mine[0].add(TP(topics.MENTIONS.name, partition))
                shares[(partition + 1) % len(shares)][1].add(TP(topics.SCORED.name, partition))
            pairs = list(zip(self.workers, shares, strict=True))
            died = [w for w, share in pairs if self._may_crash(w, w.assign(*share), rebalance=False)]
            if not died:
                return

    def _some(self, chance: random.Random) -> Worker | None:
        return chance.choice(self.workers) if self.workers else None

    def _may_crash(self, worker: Worker, *steps: Coroutine[Any, Any, Any], rebalance: bool = True) -> bool:
        try:
            run(*steps)
        except Crashed:
            self.crashes += 1
            self._gone(worker, rebalance=rebalance)
            return True
        return False

    def _gone(self, worker: Worker, *, rebalance: bool = True) -> None:
        self.workers.remove(worker)
        if rebalance:
            self.rebalance()

    # --------------------------------------------------------------------------------------------------------- the end

    def finish(self) -> list[str]:
        """Let all that was said be worked off by one fresh worker, and time pass until all is closed; return the faults."""
        for _ in range(12):
            self.tick(60)
        self.workers.clear()
        self.frozen.clear()
        last = Worker(self)
        self.workers.append(last)
        self.rebalance()
        while self._work_off(last):
            pass
        tally = Tally()
        for owned in last.watch._owned.values():
            oracle.add(tally, owned.core.tally())
        return oracle.faults(self, tally)

    def _work_off(self, worker: Worker) -> bool:
        before = dict(worker.positions)
        for tp in sorted(before):
            run(worker.poll(tp, 40))
        return worker.positions != before


Step = Callable[[World, random.Random], None]
STEPS: Final[dict[str, tuple[int, Step]]] = {
    "say": (10, lambda world, chance: world.say(chance, chance.choice((1, 2, 5)))),
    "tick": (8, lambda world, chance: world.tick(chance.choice((5, 20, 45, 70)))),
    "skewed tick": (2, lambda world, chance: world.tick(chance.choice((30, 200)), only=chance.randrange(P))),
    "poll": (22, World.poll),
    "checkpoint": (4, World.checkpoint),
    "checkpoint meanwhile": (3, World.checkpoint_meanwhile),
    "commit": (4, World.commit),
    "doom": (3, World.doom),
    "crash": (2, World.crash),
    "give up": (1, World.give_up),
    "stop in a checkpoint": (1, World.stop_in_checkpoint),
    "watch list": (1, World.enter),
    "join": (2, lambda world, _: world.join()),
    "freeze": (1, World.freeze),
    "thaw": (2, World.zombie),
    "compact": (1, lambda world, _: world.compact()),
    "new configuration": (0, lambda world, _: world.change_configuration()),
}
"""Each step with its weight in a random history."""


MOODS: Final[tuple[dict[str, int], ...]] = (
    {},
    {"freeze": 6, "thaw": 4, "checkpoint": 3, "crash": 2, "join": 3},
    {"checkpoint meanwhile": 6, "crash": 2, "give up": 4, "stop in a checkpoint": 4},
    {"watch list": 6, "checkpoint": 2, "checkpoint meanwhile": 2, "crash": 2, "doom": 2},
)
"""What happens more often than usual, turn by turn."""


def history(seed: int, steps: int = 60) -> tuple[list[str], dict[str, int]]:
    """Run one random history; return the faults found and how often each step happened."""
    chance = random.Random(seed)
    world = World()
    mood = MOODS[seed % len(MOODS)]
    weights = [weight * mood.get(name, 1) for name, (weight, _) in STEPS.items()]
    names = chance.choices(list(STEPS), weights, k=steps)
    if seed % 8 == 0:  # an oracle that follows `scored` sees less: most histories keep their configuration
        names.insert(chance.randrange(len(names)), "new configuration")
    for name in names:
        STEPS[name][1](world, chance)
    found = world.finish()
    return found, {name: names.count(name) for name in STEPS} | {"died in mid-send": world.crashes}
