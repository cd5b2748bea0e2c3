"""The topics, in Kafka's words."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.topics import MEGABYTE, TOPICS, Topic

DAY_MS = 86_400_000

PLANNED = {
    "mentions": ("mentions", "compact,delete", 7 * DAY_MS),
    "scored": ("scored", "delete", 20 * DAY_MS // 24),
    "windows": ("scored", "delete", 400 * DAY_MS),
    "signals": ("scored", "delete", 30 * DAY_MS),
    "alerts": ("one", "delete", 400 * DAY_MS),
    "commands": ("one", "delete", 400 * DAY_MS),
    "journal": ("one", "delete", 400 * DAY_MS),
    "incidents": ("one", "compact", None),
    "notifications": ("one", "delete", 400 * DAY_MS),
    "feedback": ("one", "delete", -1),
    "brands": ("one", "compact", None),
    "dead-letters": ("mentions", "compact,delete", 14 * DAY_MS),
    "feedback-snapshots": ("one", "compact", None),
    "watch-checkpoints": ("scored", "compact", None),
    "journal-snapshots": ("one", "compact", None),
}


def test_every_planned_topic_is_there_and_no_other():
    assert {t.name: (t.partitions, t.config()["cleanup.policy"], t.retention_ms) for t in TOPICS} == PLANNED


@pytest.mark.parametrize("topic", TOPICS, ids=lambda t: t.name)
def test_time_is_the_brokers(topic: Topic):
    """A posting time as the record's would be deleted by retention, or refused for lying ahead."""
    config = topic.config()
    assert config["message.timestamp.type"] == "LogAppendTime"
    assert all(isinstance(value, str) for value in config.values())
    assert config.get("retention.ms") == (None if topic.retention_ms is None else str(topic.retention_ms))


def test_a_dead_letter_may_be_larger_than_what_it_was():
    assert topics.DEAD_LETTERS.max_message_bytes >= 2 * topics.MENTIONS.max_message_bytes


def test_a_compacted_checkpoint_outlives_any_recovery():
    config = topics.CHECKPOINTS.config()
    assert int(config["min.compaction.lag.ms"]) >= 3_600_000
    assert int(config["delete.retention.ms"]) >= DAY_MS


def test_a_deletion_in_mentions_is_honoured_within_a_day():
    config = topics.MENTIONS.config()
    assert int(config["min.compaction.lag.ms"]) == 12 * 3_600_000
    assert int(config["max.compaction.lag.ms"]) == 20 * 3_600_000 < DAY_MS


def test_a_topic_is_found_by_its_name():
    assert topics.by_name("alerts") is topics.ALERTS
    assert topics.SCORED.max_message_bytes == 8 * MEGABYTE
    with pytest.raises(KeyError):
        topics.by_name("rumours")
