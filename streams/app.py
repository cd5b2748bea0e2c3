"""The whole system on one screen: three agents, what each reads, what each calls.

    mentions ──► score ──► scored ──► watch ──► alerts ──► notify ──► people

Each agent is a Faust app of its own (a consumer group of its own), so that any mix of workers adds up:
`--agents score` scales the costly part apart from the rest.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from faust.types import TP

from detectors.text.model import TextModel
from detectors.text.onnx_model import OnnxModel
from schemas import topics
from streams import metrics, wiring
from streams.agents import AGENTS
from streams.agents.context import Context
from streams.agents.feedback import FeedbackAgent
from streams.agents.notify import NotifyAgent
from streams.agents.opinion import OpinionAgent
from streams.agents.score import ScoreAgent
from streams.agents.watch import WatchAgent
from streams.brands.follow import BrandsFollower
from streams.engine.closing import asked_to_end
from streams.engine.faust_app import create_app
from streams.engine.guard import Ends, Guard, StalledError
from streams.engine.hooks import Hooks
from streams.engine.producer import Producer
from streams.engine.transport import SliceApp, SliceConsumer
from streams.engine.watchdog import Sight
from streams.policy import load as policy_file
from streams.policy.references import missing_secrets
from streams.settings import Settings

log = logging.getLogger(__name__)

Run = Callable[[Any], Coroutine[Any, Any, None]]


async def assemble(
    settings: Settings, agents: Sequence[str] = AGENTS, *, accept_gap: bool = False, judge: OnnxModel | None = None
) -> Assembly:
    """Return the wanted agents, ready to start; raises UserError for what is wrong with the settings or the policy."""
    context = Context(settings, Producer(settings))
    model = wiring.load_model(settings)
    brands = wiring.registry(settings)
    follower = BrandsFollower(settings, brands)
    await follower.read()
    metrics.MODEL.labels(model.version).set(1)
    assembly = Assembly(context)

    def watched(brand: str) -> bool:
        return not settings.brands or brands.settings_at(brand, int(time.time() * 1_000)) is not None

    if "score" in agents:
        core = wiring.score_core(settings, model, brands=brands)
        score = ScoreAgent(context, core, accept_gap=accept_gap, brands_known=follower.fresh)
        feedback = FeedbackAgent(context, model, watched, lambda: score.owns_first)
        tasks = [score.follow_others, score.watch_topic] + ([] if settings.replay else [score.tick])
        assembly.add("score", topics.MENTIONS, score.hooks, score.run, tasks=tasks)
    else:  # nothing is scored here; the page shows what was learnt all the same
        feedback = FeedbackAgent(context, model, watched)
    assembly.learn(feedback, model)
    if judge is not None:
        assembly.beside(OpinionAgent(context, model, judge).follow)
    if "watch" in agents:
        watch = WatchAgent(
            context,
            lambda p: wiring.watch_core(settings, p, model.version, brands=brands),
            accept_gap=accept_gap,
            brands_known=follower.fresh,
        )
        assembly.add("watch", topics.SCORED, watch.hooks, watch.run, tasks=[watch.checkpoint_forever], stop=watch.stop)
    if {"score", "watch"} & set(agents):
        assembly.before(follower.follow)
    if "notify" in agents:
        policy = policy_file.load_policy(Path(settings.policy))
        for problem in missing_secrets(policy, os.environ):
            log.warning("%s; nothing can be delivered there", problem.line(settings.policy))
        notify = NotifyAgent(context, policy, feedback.about)
        assembly.add("notify", topics.ALERTS, notify.hooks, notify.run, more=[topics.COMMANDS],
                     tasks=notify.tasks, stop=notify.stop)  # fmt: skip
        assembly.notify = notify
    return assembly


class Assembly:
    """The Faust apps of one process, and what runs beside them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.names: list[str] = []
        self.apps: list[SliceApp] = []
        self.notify: NotifyAgent | None = None
        self.feedback: FeedbackAgent | None = None
        self.model: TextModel | None = None
        self.guard = Guard(
            context.settings, self._sights, self._partitions, lambda: context.producer.refused, context.fail
        )
        self._first: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._tasks: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._running: list[asyncio.Task[None]] = []
        self._stops: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def add(
        self,
        name: str,
        topic: topics.Topic,
        hooks: Hooks,
        run: Run,
        *,
        more: Sequence[topics.Topic] = (),
        tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        stop: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Make the Faust app of one agent: it reads `topic` (and `more`) in slices and hands them to `run`."""
        prefix = self.context.settings.topic_prefix
        app = create_app(self.context.settings, name, hooks, together=bool(more))
        names = [prefix + one.name for one in (topic, *more)]
        source = app.topic(*names, value_type=bytes, value_serializer="raw", key_serializer="raw")
        app.agent(source, name=name, concurrency=1)(run)
        self.names.append(name)
        self.apps.append(app)
        self._tasks += tasks
        if stop is not None:
            self._stops.append(stop)

    def learn(self, agent: FeedbackAgent, model: TextModel) -> None:
        """Have `agent` learn from people's labels: all there are before anything is scored, then as they come."""
        self.feedback, self.model = agent, model
        self._tasks.append(agent.follow)

    def beside(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `task` beside the agents."""
        self._tasks.append(task)

    def before(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `task` beside the agents, from before they take their first record."""
        self._first.append(task)

    async def start(self) -> None:
        """Start everything; returns when the apps run (partitions come a moment later)."""
        await self.context.producer.start()
        for app in self.apps:
            app.finalize()
        # A Faust app has started when it has its partitions: a recovery that hangs hangs here.
        self._begin(self.guard.watch, *self._first)
        if self.feedback is not None:
            await self.feedback.recover()
        await asyncio.gather(*(app.maybe_start() for app in self.apps))
        self._begin(*self._tasks, self._watch_apps)

    def _begin(self, *tasks: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._running += [asyncio.create_task(self._guard(task)) for task in tasks]

    def _sights(self, ends: Ends) -> Iterator[Sight]:
        for name, app in zip(self.names, self.apps, strict=True):
            if isinstance(app.consumer, SliceConsumer):
                yield from app.consumer.sights(name, {TP(tp.topic, tp.partition): end for tp, end in ends.items()})
        yield from self.context.doings.sights()
        yield from self.context.producer.doings.sights()

    def _partitions(self) -> list[TopicPartition]:
        return [TopicPartition(tp.topic, tp.partition) for app in self.apps for tp in app.consumer.assignment()]

    async def _watch_apps(self) -> None:
        """A Faust app that crashed or stopped by itself ends the worker: it would look alive and take nothing."""
        while True:
            await asyncio.sleep(0.5)
            for name, app in zip(self.names, self.apps, strict=True):
                if app.crashed or app.should_stop:
                    raise app.crash_reason or StalledError(f"watchdog: the agent {name} has stopped by itself")

    async def _guard(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await task()
        except asyncio.CancelledError:
            if asked_to_end():
                raise
            # A client let out a CancelledError that nobody asked for: what ran here would be missing without a word.
            self.context.fail(StalledError(f"watchdog: {task.__qualname__} has ended by itself"))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the worker stops for it
            self.context.fail(error)

    async def stop(self) -> None:
        """Stop taking records, write the last checkpoints, close."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for app in self.apps:
            app.consumer.stop_flow()
            if isinstance(app.consumer, SliceConsumer):
                app.consumer.abandon()
            app.flow_control.suspend()
        if not self.context.failed.done():
            for stop in self._stops:
                await stop()
        await asyncio.gather(*(app.stop() for app in self.apps), return_exceptions=True)
        await self.context.producer.stop()
