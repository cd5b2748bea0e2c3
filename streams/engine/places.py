"""Where an agent left off in a log, and whether that place is still there.

Three things can have happened to a topic behind a worker's back. Retention overtook the place: what lies between is
gone. The topic was deleted and made anew, or restored: its offsets begin anew, so what it was is told by its id. It was
cut off (a leader was elected that had not all of it): offsets that were read are given to other records.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams import metrics
from streams.engine.closing import close_within, within
from streams.errors import UserError
from streams.settings import Settings, kafka_options

log = logging.getLogger(__name__)

ANSWERS_WITHIN: Final = 20.0
"""Seconds that one try may take."""
PAUSE: Final = 0.5
"""Seconds before a broker is asked again that did not answer."""


class Place(NamedTuple):
    """One partition's log, and the group's place in it."""

    earliest: int
    end: int
    """Offset after the last record."""
    committed: int | None


FRESH: Final = Place(0, 0, None)
"""Of a log in which nothing stands yet."""


async def places(settings: Settings, topic: str, partitions: Iterable[int], group: str) -> dict[int, Place]:
    """Return where `group` stands in `partitions` of `topic` (without prefix); waits for a broker that is away."""
    tps = [TopicPartition(settings.topic_prefix + topic, partition) for partition in sorted(partitions)]
    if not tps:
        return {}
    while True:
        # It asks as a member would, but joins nothing: partitions are assigned to it by hand.
        asker = AIOKafkaConsumer(**kafka_options(settings.broker), group_id=group, enable_auto_commit=False)
        try:
            return await within(ANSWERS_WITHIN, _ask(asker, tps))
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("where %s stands in %s cannot be asked (%r); trying again", group, topic, error)
            await asyncio.sleep(PAUSE)
        finally:
            await close_within(1, asker.stop(), "places")


async def _ask(asker: AIOKafkaConsumer, tps: list[TopicPartition]) -> dict[int, Place]:
    await asker.start()
    asker.assign(tps)
    earliest, end = await asker.beginning_offsets(tps), await asker.end_offsets(tps)
    return {tp.partition: Place(earliest[tp], end[tp], await asker.committed(tp)) for tp in tps}


def passed_over(where: str, first: int, earliest: int, *, accepted: bool) -> None:
    """Tell that the offsets from `first` to `earliest` - 1 are gone. Raises UserError unless that is `accepted`."""
    count = earliest - first
    told = (
        f"{where}: offsets {first} to {earliest - 1} are gone (retention overtook a stopped worker): "
        f"{count} record{'s' * (count != 1)} cannot be applied"
    )
    if not accepted:
        raise UserError(f"{told}; start once with --accept-gap to go on without them")
    log.error("%s (accepted)", told)
    metrics.GAP.labels(where).inc(count)
