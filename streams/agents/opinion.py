"""A second opinion on the example posts of an open incident, by a heavier model; a note in the incident, nothing more.

It runs beside the agents and delays none of them: texts are looked up in `mentions`, the model runs in a thread of its own,
and what goes wrong is a line in the log. The note is a command with an id made from incident and severity, so that any
number of workers and restarts leave one note for each.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from detectors.text.model import TextModel
from detectors.text.onnx_model import OnnxError, OnnxModel
from schemas import topics
from schemas.events import Command, Incident, encode
from schemas.mention import Mention
from schemas.times import HOUR, to_ms
from streams import metrics
from streams.agents.context import Context
from streams.engine.reader import read_to_end, reading
from streams.engine.records import Write
from streams.feedback import lookup

log = logging.getLogger(__name__)

AUTHOR: Final = "second opinion"
"""Who the note is by."""
POSTS: Final = 20
BEFORE: Final = 2 * HOUR
"""How long before an alert its example posts may have come in (append time, ms)."""
PAUSE: Final = 2.0
LIVE: Final = frozenset({"open", "acknowledged", "responding", "stable"})
_ID: Final = uuid.UUID("6f1a4a51-52a1-5f0e-9c36-2f1d8a1c7e10")
"""Namespace of the notes' ids."""
_decode = msgspec.json.Decoder(Incident).decode


class OpinionAgent:
    """Follows `incidents` and says what `judge` thinks of the posts that each one rests on."""

    def __init__(self, context: Context, model: TextModel, judge: OnnxModel) -> None:
        self._context = context
        self._model = model
        self._judge = judge
        self._done: set[str] = set()

    async def follow(self) -> None:
        """Judge the live incidents there are, then each new one and each that gets worse, for ever."""
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as error:
                log.warning("second opinion: the broker does not answer (%r); trying again in %.1f s", error, PAUSE)
            await asyncio.sleep(PAUSE)

    async def _follow(self) -> None:
        settings = self._context.settings
        latest: dict[bytes, Incident] = {}
        position = 0
        async for records in read_to_end(settings, topics.INCIDENTS.name, 0):
            for record in records:
                latest.pop(record.key or b"", None)
                latest |= {incident.incident_id.encode(): incident for incident in _incident(record.value)}
                position = record.offset + 1
        for incident in latest.values():
            await self._judge_once(incident)
        async with reading(settings) as reader:
            tp = TopicPartition(settings.topic_prefix + topics.INCIDENTS.name, 0)
            reader.assign([tp])
            reader.seek(tp, position)
            while True:
                for record in (await reader.getmany(tp, timeout_ms=500, max_records=100)).get(tp, []):
                    for incident in _incident(record.value):
                        await self._judge_once(incident)

    async def _judge_once(self, incident: Incident) -> None:
        """Write the note for an incident's present severity, unless it is over, was judged, or has no posts yet."""
        names = evidence(incident)
        key = f"{incident.incident_id}|{incident.severity}"
        if incident.state not in LIVE or key in self._done or not names:
            return
        settings = self._context.settings
        since = None if settings.replay else min(to_ms(alert.starts_at) for alert in incident.alerts) - BEFORE
        found = await lookup.posts(settings, names, since=since)
        self._done.add(key)
        posts = [found[name] for name in names if name in found]
        if not posts:
            metrics.OPINIONS.labels("no_posts").inc()
            log.info("second opinion: no example post of %s is in mentions any more", incident.incident_id)
            return
        try:
            note = await self._note(posts)
        except OnnxError as error:
            metrics.OPINIONS.labels("failed").inc()
            log.warning("second opinion on %s: %s", incident.incident_id, error)
            return
        command = Command(
            str(uuid.uuid5(_ID, key)), "note", AUTHOR, incident.incident_id, incident.brand, note, issued_at=datetime.now(UTC)
        )  # fmt: skip
        write = Write(topics.COMMANDS.name, incident.incident_id.encode(), encode(command), 0)
        await self._context.producer.send([write])
        metrics.OPINIONS.labels("given").inc()

    async def _note(self, posts: list[Mention]) -> str:
        texts = [post.text or "" for post in posts]
        usual = self._model.score(texts, [post.lang for post in posts])
        found = await asyncio.to_thread(self._judge.probabilities, texts)
        labels = [("negative", "neutral", "positive")[max(range(3), key=three.__getitem__)] for three in found]
        return note(self._judge.name, labels, [usual.label(i) for i in range(len(posts))])


def evidence(incident: Incident) -> list[str]:
    """Return the names of the incident's example posts, each once."""
    return list(dict.fromkeys(name for alert in incident.alerts for name in alert.evidence))[:POSTS]


def note(name: str, second: list[str], usual: list[str]) -> str:
    """Return what the note says, in English and French."""
    n, negative, positive = len(second), second.count("negative"), second.count("positive")
    before = usual.count("negative")
    return (
        f"Second opinion ({name}): {negative} of {n} example posts negative, {positive} positive "
        f"(the usual model: {before} negative). — Deuxième avis ({name}) : {negative} des {n} exemples négatifs, "
        f"{positive} positifs (le modèle habituel : {before} négatifs)."
    )


def _incident(value: bytes | None) -> Iterator[Incident]:
    if value is None:
        return
    try:
        yield _decode(value)
    except msgspec.MsgspecError as error:
        log.warning("second opinion: an incident cannot be read: %s", error)
