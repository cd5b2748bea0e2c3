"""What people say of our verdicts: every worker reads the whole topic `feedback` and learns the same from it.

The model's corrections follow from the topic's prefix; the digest in the metrics shows whether two workers agree. A start
takes up the latest snapshot and reads the rest of the topic.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from detectors.text import feedback as learning
from detectors.text.model import TextModel
from detectors.text.trigger_learning import TriggerLearner
from detectors.text.triggers import Verdict
from schemas import topics
from schemas.events import Alert
from schemas.mention import Rejection
from streams import metrics
from streams.agents.context import Context
from streams.engine.dead_letter import dead_letter
from streams.engine.reader import read_to_end, reading
from streams.engine.records import Write
from streams.feedback import snapshots
from streams.feedback.about import terms_of
from streams.feedback.labels import NoLessonError, lesson
from streams.topics_admin import source_id

log = logging.getLogger(__name__)

DIGEST_BITS: Final = 48
"""Bits of the digest that a metric shows exactly (a float has 53)."""
PAUSE: Final = 2.0
"""Seconds before a broker that did not answer is asked again."""


class FeedbackAgent:
    """Follows `feedback` and hands the model what it teaches.

    Args:
        context: what the worker's agents share.
        model: whose corrections it keeps.
        watched: whether a brand is on the watch list now. What is learnt does not depend on it: the list changes while
            workers run, and what a label teaches a brand waits for it.
        writes: whether this worker writes the snapshots; asked each time one is due. That two do is harmless: they
            write the same.
    """

    def __init__(
        self,
        context: Context,
        model: TextModel,
        watched: Callable[[str], bool] = lambda _: True,
        writes: Callable[[], bool] = lambda: False,
    ) -> None:
        self._context = context
        self._model = model
        self._writes = writes
        self._watched = watched
        self._source = ""
        self.state = learning.FeedbackState(base=model.warm)
        self.offset = 0
        """The next record of `feedback` to read."""
        self.version = 0
        """Grows with every batch of labels."""
        self.learner = TriggerLearner()
        """What was learnt of what incidents are about."""
        self._learnt: tuple[int, list[learning.TriggerLesson]] = (0, [])
        self._written = 0
        """Labels in the last snapshot that this worker knows of."""

    async def recover(self) -> None:
        """Take up the latest snapshot and read the rest of the topic, before anything is scored."""
        while True:
            try:
                await self._take_up()
                return
            except (KafkaError, OSError) as error:
                log.warning("feedback cannot be read (%r); trying again in %.1f s", error, PAUSE)
            await asyncio.sleep(PAUSE)

    async def _take_up(self) -> None:
        settings = self._context.settings
        self._source = await source_id(settings, topics.FEEDBACK)
        latest: dict[bytes, bytes] = {}
        async for records in read_to_end(settings, topics.FEEDBACK_SNAPSHOTS.name, 0):
            latest |= {record.key: record.value for record in records if record.key and record.value}
        async with reading(settings) as reader:
            tp = TopicPartition(settings.topic_prefix + topics.FEEDBACK.name, 0)
            reader.assign([tp])
            first = (await reader.beginning_offsets([tp]))[tp]
            end = (await reader.end_offsets([tp]))[tp]
        # The embedded broker tells wrong ends; it keeps topics only as long as it lives, so that none is made anew.
        found = snapshots.choose(
            latest, self._source, self.state.base, end if not settings.broker.embedded else 1 << 62
        )
        if found is not None:
            self.offset, self.state = found.offset, found.state
            self._written = self.state.read
        if first > self.offset:
            log.error(
                "feedback: labels %d to %d are gone; workers that read them know more (see TocsinFeedbackDiffers)",
                self.offset, first - 1,
            )  # fmt: skip
            self.offset = first
        began = self.offset
        for outcome, count in self.state.outcomes.items():
            metrics.FEEDBACK.labels(_name(outcome)).inc(count)
        async for records in read_to_end(settings, topics.FEEDBACK.name, 0, self.offset):
            with self._context.doings.doing("the reading of feedback"):
                await self._learn(records)
        self._publish()
        log.info("feedback: snapshot up to offset %d, then %d record(s)", began, self.offset - began)

    async def follow(self) -> None:
        """Learn for ever from where `recover` ended."""
        topic = self._context.settings.topic_prefix + topics.FEEDBACK.name
        while True:
            try:
                async with reading(self._context.settings) as reader:
                    tp = TopicPartition(topic, 0)
                    reader.assign([tp])
                    reader.seek(tp, self.offset)
                    while True:
                        records = (await reader.getmany(tp, timeout_ms=500, max_records=500)).get(tp, [])
                        await self._learn(records)
                        if records:
                            self._publish()
            except (KafkaError, OSError) as error:
                log.warning("feedback cannot be read (%r); trying again in %.1f s", error, PAUSE)
            await asyncio.sleep(PAUSE)

    async def _learn(self, records: Sequence[Any]) -> None:
        for record in records:
            if record.offset < self.offset:
                continue
            letter = self._take(record)
            if letter is not None:
                # Every worker meets it; the letter's origin tells that they are one. Sent before the place in the topic
                # moves on: a snapshot must not be ahead of it.
                await self._context.producer.send([letter])
            self.offset = record.offset + 1
            if snapshots.due(self.state) and self._writes():
                await self._write_down()
            await asyncio.sleep(0)
        if self.state.read - self._written >= snapshots.EVERY and self._writes():
            await self._write_down()  # nobody wrote while the duty went from one worker to another

    def _take(self, record: Any) -> Write | None:
        """Learn from one record; return the dead letter that it becomes, if it does."""
        before = dict(self.state.outcomes)
        letter = None
        try:
            taught = lesson(record.value)
        except NoLessonError as refused:
            self.state = learning.refuse(self.state, refused.taken)
            letter = _letter(record, "invalid_feedback", str(refused))
        else:
            if taught is None:
                self.state = learning.refuse(self.state, learning.Taken.OTHER_FIELD)
            else:
                if isinstance(taught, learning.TriggerLesson):
                    self.state, what = learning.fold_trigger(self.state, taught), "terms"
                else:
                    self.state, what = learning.fold(self.state, taught, self._model), "features"
                if self.state.last in {learning.Taken.INVALID, learning.Taken.OTHER_MODEL}:
                    letter = _letter(record, "invalid_feedback", f"{what}: {self.state.last}")
                elif not self._watched(taught.brand):
                    detail = f"brand: {taught.brand[:200]!r} is not on the watch list; the label is kept until it is"
                    letter = _letter(record, "unknown_brand", detail)
        for outcome, count in self.state.outcomes.items():
            if gained := count - before.get(outcome, 0):
                metrics.FEEDBACK.labels(_name(outcome)).inc(gained)
        return letter

    async def _write_down(self) -> None:
        records = snapshots.encode(self.state, self.offset, self._source)
        await self._context.producer.send(
            [Write(topics.FEEDBACK_SNAPSHOTS.name, key, value, 0) for key, value in records]
        )
        self._written = self.state.read
        metrics.FEEDBACK_SNAPSHOTS.inc()

    def about(self, alert: Alert) -> Alert:
        """Return `alert` with what people's labels say of its trigger; one of an exercise keeps the exercise's."""
        if alert.kind != "actual" or not alert.drivers:
            return alert
        found = Verdict(alert.trigger, alert.trigger_confidence, tuple(alert.trigger_terms))
        told = self.learner.verdict(found, terms_of([alert]), alert.brand, grave=alert.grave_people > 0)
        if told == found:
            return alert
        return replace(alert, trigger=told.trigger, trigger_confidence=told.confidence,
                       trigger_terms=list(told.terms), trigger_labels=told.labels)  # fmt: skip

    def _publish(self) -> None:
        """Use what was learnt, and show it; offset and digest change together, so that a scrape sees a pair."""
        self.version += 1
        self._model.use_corrections(self.state.corrections())
        triggers = self.state.triggers
        if (triggers.judged, triggers.lessons[-1:]) != self._learnt:
            self._learnt = triggers.judged, triggers.lessons[-1:]
            self.learner = TriggerLearner(triggers.lessons)
            metrics.TRIGGER_JUDGED.set(triggers.judged)
            metrics.TRIGGER_RIGHT.labels("words").set(triggers.words_right)
            metrics.TRIGGER_RIGHT.labels("corrected").set(triggers.learnt_right)
            metrics.TRIGGER_ROLLED_BACK.set(triggers.rolled_back)
        digest = self.state.digest
        metrics.FEEDBACK_DIGEST.set(int(digest, 16) >> max(0, len(digest) * 4 - DIGEST_BITS))
        metrics.FEEDBACK_OFFSET.set(self.offset)
        for brand, state in self.state.brands.items():
            metrics.FEEDBACK_ROLLED_BACK.labels(brand).set(state.rolled_back)
            for language, score in state.languages.items():
                metrics.FEEDBACK_JUDGED.labels(brand, language).set(score.n)
                metrics.FEEDBACK_RIGHT.labels(brand, language, "shared").set(score.shared_right)
                metrics.FEEDBACK_RIGHT.labels(brand, language, "corrected").set(score.right)


def _letter(record: Any, reason: str, detail: str) -> Write:
    return dead_letter(record, topics.FEEDBACK.name, 0, Rejection(reason, detail))


def _name(outcome: str) -> str:
    return outcome.replace(" ", "_")
