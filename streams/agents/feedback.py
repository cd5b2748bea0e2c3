"""What people say of our verdicts: every scoring worker reads the whole topic `feedback` and learns the same from it.

The model's corrections follow from the topic's prefix; the digest in the metrics shows whether two workers agree.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from detectors.text import feedback as learning
from detectors.text.model import TextModel
from schemas import topics
from schemas.events import Feedback
from schemas.mention import Rejection
from streams import metrics
from streams.agents.context import Context
from streams.engine.dead_letter import dead_letter
from streams.engine.reader import consumer

log = logging.getLogger(__name__)

_decode = msgspec.json.Decoder(Feedback).decode
DIGEST_BITS: Final = 48
"""Bits of the digest that a metric shows exactly (a float has 53)."""


class FeedbackAgent:
    """Follows `feedback` from its beginning and hands the model what it teaches."""

    def __init__(self, context: Context, model: TextModel) -> None:
        self._context = context
        self._model = model
        self.state = learning.FeedbackState()

    async def follow(self) -> None:
        """Learn for ever; the first labels are those of the topic's whole past."""
        topic = self._context.settings.topic_prefix + topics.FEEDBACK.name
        async with consumer(self._context.settings) as reader:
            tp = TopicPartition(topic, 0)
            reader.assign([tp])
            await reader.seek_to_beginning(tp)
            while True:
                records = (await reader.getmany(tp, timeout_ms=500, max_records=500)).get(tp, [])
                for record in records:
                    await self._take(record)
                    await asyncio.sleep(0)
                if records:
                    self._model.use_corrections(self.state.corrections())
                    metrics.FEEDBACK_DIGEST.set(
                        int(self.state.digest, 16) >> max(0, len(self.state.digest) * 4 - DIGEST_BITS)
                    )

    async def _take(self, record: Any) -> None:
        try:
            label = as_label(_decode(record.value or b""))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            metrics.FEEDBACK.labels("unreadable").inc()
            # Every worker meets it; the letter's origin tells that they are one.
            letter = dead_letter(record, topics.FEEDBACK.name, 0, Rejection("invalid_feedback", str(error)))
            await self._context.producer.send([letter])
            return
        if label is None:
            metrics.FEEDBACK.labels("other_field").inc()
            return
        before = dict(self.state.outcomes)
        self.state = learning.fold(self.state, label, self._model)
        for outcome, count in self.state.outcomes.items():
            if gained := count - before.get(outcome, 0):
                metrics.FEEDBACK.labels(str(outcome).replace(" ", "_")).inc(gained)


def as_label(event: Feedback) -> learning.Feedback | None:
    """Return the event as a label of sentiment; None where it is about something else. Raises ValueError."""
    if event.field != "sentiment":
        return None
    if event.brand is None:
        raise ValueError("brand: missing; a label of sentiment teaches a brand's own correction")
    features = {int(place): value for place, value in event.features.items()}
    return learning.Feedback(event.mention_id, event.brand, event.value, event.author, features, event.lang or "und")
