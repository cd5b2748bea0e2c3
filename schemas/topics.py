"""The topics: the one place that knows their names, keys, partitions and retention."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from schemas.times import DAY, HOUR

FOREVER: Final = -1
MEGABYTE: Final = 1_048_576

Partitions = Literal["mentions", "scored", "one"]


class Topic(Struct, frozen=True):
    """One topic. `partitions` names the setting that counts them."""

    name: str
    partitions: Partitions
    key: str
    value: str
    retention_ms: int | None
    compact: bool = False
    max_message_bytes: int = MEGABYTE
    min_compaction_lag_ms: int | None = None
    max_compaction_lag_ms: int | None = None
    delete_retention_ms: int | None = None
    internal: bool = False

    def config(self) -> dict[str, str]:
        """Return the topic's settings in Kafka's words."""
        cleanup = ["compact"] if self.compact else []
        if self.retention_ms is not None:
            cleanup.append("delete")
        config = {
            "cleanup.policy": ",".join(cleanup),
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_message_bytes),
        }
        optional = {
            "retention.ms": self.retention_ms,
            "min.compaction.lag.ms": self.min_compaction_lag_ms,
            "max.compaction.lag.ms": self.max_compaction_lag_ms,
            "delete.retention.ms": self.delete_retention_ms,
        }
        return config | {name: str(value) for name, value in optional.items() if value is not None}


MENTIONS: Final = Topic(
    "mentions", "mentions", "platform:id, or #tick|time", "a mention, a tick or a tombstone (JSON)",
    7 * DAY, compact=True, min_compaction_lag_ms=12 * HOUR, max_compaction_lag_ms=20 * HOUR,
)  # fmt: skip
SCORED: Final = Topic(
    "scored", "scored", "none", "a columnar batch (MessagePack)", 20 * HOUR, max_message_bytes=8 * MEGABYTE
)
WINDOWS: Final = Topic("windows", "scored", "brand", "a closed minute (JSON)", 400 * DAY)
SIGNALS: Final = Topic("signals", "scored", "brand", "a verdict that fired or came close (JSON)", 30 * DAY)
ALERTS: Final = Topic("alerts", "one", "fingerprint", "an alert, CloudEvents 1.0 headers (JSON)", 400 * DAY)
COMMANDS: Final = Topic("commands", "one", "incident id", "a person's decision (JSON)", 400 * DAY)
JOURNAL: Final = Topic("journal", "one", "incident id", "what the notifier took and decided (JSON)", 400 * DAY)
INCIDENTS: Final = Topic("incidents", "one", "incident id", "the incident as it now is (JSON)", None, compact=True)
NOTIFICATIONS: Final = Topic("notifications", "one", "incident id", "an attempt to reach somebody (JSON)", 400 * DAY)
FEEDBACK: Final = Topic("feedback", "one", "mention id", "an analyst's label (JSON)", FOREVER)
FEEDBACK_SNAPSHOTS: Final = Topic(
    "feedback-snapshots", "one", "slot|part", "what labels have taught up to an offset (MessagePack, compressed, in parts)",
    None, compact=True, min_compaction_lag_ms=HOUR, internal=True,
)  # fmt: skip
BRANDS: Final = Topic(
    "brands", "one", "brand", "a brand that joined, changed or left (JSON)", None, compact=True,
    min_compaction_lag_ms=7 * DAY,
)  # fmt: skip
DEAD_LETTERS: Final = Topic(
    "dead-letters", "mentions", "the original key", "the original bytes; the reason is in the headers",
    14 * DAY, compact=True, max_message_bytes=2 * MEGABYTE,
)  # fmt: skip
CHECKPOINTS: Final = Topic(
    "watch-checkpoints", "scored", "brand|id", "what a brand's or a partition's state was (MessagePack)",
    None, compact=True, max_message_bytes=8 * MEGABYTE,
    min_compaction_lag_ms=HOUR, delete_retention_ms=DAY, internal=True,
)  # fmt: skip
SNAPSHOTS: Final = Topic(
    "journal-snapshots", "one", "leader|number|part", "what the journal had come to, in parts (MessagePack)",
    None, compact=True, min_compaction_lag_ms=HOUR, max_compaction_lag_ms=DAY, delete_retention_ms=DAY, internal=True,
)  # fmt: skip

TOPICS: Final = (
    MENTIONS, SCORED, WINDOWS, SIGNALS, ALERTS, COMMANDS, JOURNAL, INCIDENTS, NOTIFICATIONS, FEEDBACK, BRANDS, DEAD_LETTERS,
    CHECKPOINTS, SNAPSHOTS, FEEDBACK_SNAPSHOTS,
)  # fmt: skip


def by_name(name: str) -> Topic:
    """Return the topic called `name`; raises KeyError."""
    return {topic.name: topic for topic in TOPICS}[name]
