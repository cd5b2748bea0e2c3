"""What goes wrong, drawn from a seed and noted in a timeline."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from deploy.broker import KafkaBroker
from schemas import topics
from tests.system.harness import System, Worker
from tests.system.proxy import Proxy

FREEZE: Final = 9.0
"""Seconds a worker is frozen: past its session of six."""
BROKER_FREEZE: Final = 20.0
SKEWS: Final = ("+10m", "-6m", "+3h")
"""By how much a skewed worker's clock is off (libfaketime's notation)."""


class Faults:
    """See the module. After any step there is at least one worker soon."""

    def __init__(self, system: System, broker: KafkaBroker, proxy: Proxy, chance: random.Random) -> None:
        self.system, self.broker, self.proxy, self.chance = system, broker, proxy, chance
        self.count: Counter[str] = Counter()
        self.timeline: list[str] = []
        self._began = time.monotonic()
        self._frozen: list[tuple[float, Worker]] = []
        self._kinds: dict[str, tuple[int, Callable[[Worker], bool]]] = {
            "kill": (12, self._kill),
            "kill_in_recovery": (4, self._kill_in_recovery),
            "kill_in_rebalance": (3, self._kill_in_rebalance),
            "kill_in_checkpoint": (3, self._kill_in_checkpoint),
            "term": (3, self._term),
            "join": (3, self._join),
            "freeze": (2, self._freeze),
            "cut": (3, self._cut),
            "slow_link": (1, self._slow_link),
            "skewed_clock": (2 if shutil.which("faketime") else 0, self._skewed_clock),
        }
        # Each happens once a run, at its time: they cost many seconds.
        self._once: list[tuple[float, str, Callable[[], None]]] = [
            (chance.uniform(0.15, 0.35), "broker_restart", self._broker_restart),
            (chance.uniform(0.4, 0.6), "broker_kill", self._broker_kill),
            (chance.uniform(0.65, 0.8), "broker_freeze", self._broker_freeze),
        ]

    def run(self, seconds: float) -> None:
        """Let things go wrong for `seconds`."""
        end = self._began + seconds
        while time.monotonic() < end:
            time.sleep(self.chance.uniform(0.1, 1.5))
            self._thaw_due()
            part = (time.monotonic() - self._began) / seconds
            if self._once and part >= self._once[0][0]:
                _, name, act = self._once.pop(0)
                self._note(name)
                act()
                continue
            alive = self._alive()
            if not alive:
                self.system.worker()
                continue
            name = self.chance.choices(list(self._kinds), [weight for weight, _ in self._kinds.values()])[0]
            if self._kinds[name][1](self.chance.choice(alive)):
                self._note(name)

    def end(self) -> None:
        """Undo what is undone by itself in time, and leave a worker that is fresh."""
        self.proxy.delay, self.proxy.refuse = 0.0, False
        for _, worker in self._frozen:
            worker.thaw()
        self._frozen.clear()
        if not self._alive():
            self.system.worker()

    def _note(self, name: str) -> None:
        self.count[name] += 1
        self.timeline.append(f"{time.monotonic() - self._began:.1f} {name}")

    def _alive(self) -> list[Worker]:
        frozen = {id(worker) for _, worker in self._frozen}
        return [w for w in self.system.workers if w.running and id(w) not in frozen]

    def _thaw_due(self) -> None:
        for at, worker in list(self._frozen):
            if time.monotonic() > at:
                worker.thaw()
                self._frozen.remove((at, worker))

    # ------------------------------------------------------------------------------------------------------ workers

    def _kill(self, worker: Worker) -> bool:
        worker.kill()
        self.system.worker()
        return True

    def _kill_in_recovery(self, worker: Worker) -> bool:
        """Kill one, and its successor as soon as that has partitions."""
        worker.kill()
        heir = self.system.worker()
        if not self._seen(heir, "Setting newly assigned partitions", 12):
            return False
        time.sleep(self.chance.uniform(0.0, 0.15))
        heir.kill()
        self.system.worker()
        self.count["kill"] += 1  # two were killed
        return True

    def _kill_in_rebalance(self, worker: Worker) -> bool:
        """Have one join, and kill another while they part the partitions anew."""
        if len(self._alive()) > 2:
            return False
        joins = self.system.worker()
        if not self._seen(joins, "Joining group", 12) and not self._seen(joins, "(Re-)joining group", 1):
            return False
        time.sleep(self.chance.uniform(0.0, 0.8))
        worker.kill()
        return True

    def _kill_in_checkpoint(self, worker: Worker) -> bool:
        """Kill one right after a record of a checkpoint has come: others of the same checkpoint have not."""
        if not self._checkpoint_begins(4):
            return False
        worker.kill()
        self.system.worker()
        return True

    def _checkpoint_begins(self, seconds: float) -> bool:
        with contextlib.suppress(KafkaError):
            consumer = KafkaConsumer(bootstrap_servers=self.broker.bootstrap, group_id=None, request_timeout_ms=3_000)
            try:
                name = self.system.settings.topic_prefix + topics.CHECKPOINTS.name
                tps = [TopicPartition(name, p) for p in range(self.system.settings.partitions.scored)]
                consumer.assign(tps)
                consumer.seek_to_end(*tps)
                deadline = time.monotonic() + seconds
                while time.monotonic() < deadline:
                    for records in consumer.poll(timeout_ms=50).values():
                        if any(not record.key.startswith(b"|") for record in records):
                            return True
            finally:
                consumer.close()
        return False

    def _term(self, worker: Worker) -> bool:
        status = worker.term(20)
        assert status in (0, -15), f"SIGTERM: exit status {status}; {self.system.logs()}"
        return True

    def _join(self, _worker: Worker) -> bool:
        if len(self._alive()) > 2:
            return False
        self.system.worker()
        return True

    def _skewed_clock(self, worker: Worker) -> bool:
        worker.kill()
        self.count["kill"] += 1
        self.system.worker(clock=self.chance.choice(SKEWS))
        return True

    def _freeze(self, worker: Worker) -> bool:
        if self._frozen:
            return False
        worker.freeze()
        self._frozen.append((time.monotonic() + FREEZE, worker))
        return True

    @staticmethod
    def _seen(worker: Worker, text: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and worker.running:
            if text in worker.log.read_text(errors="replace"):
                return True
            time.sleep(0.02)
        return False

    # ------------------------------------------------------------------------------------------- broker and network

    def _cut(self, _worker: Worker) -> bool:
        return self.proxy.cut() > 0

    def _slow_link(self, _worker: Worker) -> bool:
        self.proxy.delay = self.chance.uniform(0.02, 0.1)
        time.sleep(self.chance.uniform(1, 3))
        self.proxy.delay = 0.0
        return True

    def _broker_restart(self) -> None:
        self.broker.restart()

    def _broker_kill(self) -> None:
        self.broker.kill()
        time.sleep(self.chance.uniform(0, 3))
        self.broker.start()

    def _broker_freeze(self) -> None:
        self.broker.freeze()
        time.sleep(BROKER_FREEZE)
        self.broker.thaw()
