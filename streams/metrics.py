"""What Prometheus reads: prefix `tocsin_`, base units, never a mention, author or incident in a label."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from schemas import topics

SCORED_INPUTS: Final = Counter(
    "tocsin_mentions", "Records taken from the topic mentions, by what became of them.", ["outcome"]
)
LATE: Final = Counter("tocsin_late_rows", "Mentions that came too late for their minute.")
ROWS: Final = Gauge("tocsin_rows", "Rows by what became of them; exact over restarts.", ["partition", "outcome"])
INPUTS: Final = Gauge(
    "tocsin_source_offsets", "Input offsets by what became of them; exact over restarts.", ["partition", "outcome"]
)
DEAD: Final = Counter("tocsin_dead_letters", "Records that went to dead-letters.", ["reason"])
LANGUAGES: Final = Counter("tocsin_languages", "Mentions by language.", ["language"])
SCORE_SECONDS: Final = Histogram(
    "tocsin_score_slice_seconds", "Time to score one slice.", buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
)
LAG: Final = Gauge("tocsin_lag_records", "Records appended but not yet taken.", ["topic", "partition"])
WAITS: Final = Gauge(
    "tocsin_partition_waits", "1 while a partition waits for one that is far behind it.", ["topic", "partition"]
)
GAP: Final = Counter(
    "tocsin_gap_records", "Offsets that were gone before they were read, and that --accept-gap passed over.", ["log"]
)
CLOCK: Final = Gauge(
    "tocsin_clock_timestamp_seconds", "Event time up to which a partition knows everything.", ["partition"]
)
BRANDS: Final = Gauge("tocsin_brands", "Brands with a state here.", ["partition"])
ALERTS: Final = Counter("tocsin_alerts", "Alert events emitted.", ["signal", "severity", "status"])
DETECTION_DELAY: Final = Histogram(
    "tocsin_detection_delay_seconds", "From the onset of an alert to its first event, in event time.",
    buckets=(5, 15, 30, 60, 120, 180, 300, 600, 1800, 3600),
)  # fmt: skip
EMIT_DELAY: Final = Histogram(
    "tocsin_emit_delay_seconds", "From the append of the record that decided it to the append of an alert.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60),
)  # fmt: skip
CHECKPOINTS: Final = Counter("tocsin_checkpoints", "Checkpoints written.", ["partition"])
CHECKPOINT_BYTES: Final = Counter("tocsin_checkpoint_bytes", "Bytes of checkpoints written.")
CHECKPOINT_OVERSIZE: Final = Counter("tocsin_checkpoint_oversize", "Brands' records above 64 kB: a fault to report.")
CHECKPOINT_SECONDS: Final = Histogram("tocsin_checkpoint_seconds", "Time to write a checkpoint.")
RECOVERY_SECONDS: Final = Gauge("tocsin_recovery_seconds", "Time the last recovery of a partition took.", ["partition"])
NOTIFICATIONS: Final = Counter(
    "tocsin_notifications", "Attempts to reach somebody; exercises apart.", ["outcome", "purpose", "channel"]
)
INCIDENTS: Final = Gauge("tocsin_incidents", "Incidents by state; exercises apart.", ["state"])
EXERCISES: Final = Counter(
    "tocsin_exercise_notifications", "Attempts to reach somebody in an exercise or a test.", ["outcome"]
)
LEADER: Final = Gauge("tocsin_notifier_leader", "1 where this process is the notifier.")
SNAPSHOT: Final = Gauge(
    "tocsin_notifier_snapshot_offset",
    "Offset of the journal that the last snapshot goes up to; what is behind it is read.",
)
FEEDBACK: Final = Counter("tocsin_feedback_labels", "Labels read from feedback, by what became of them.", ["outcome"])
FEEDBACK_DIGEST: Final = Gauge(
    "tocsin_feedback_digest",
    "Digest of all that was learnt from labels: equal on all workers that have read as far.",
)
FEEDBACK_OFFSET: Final = Gauge(
    "tocsin_feedback_offset", "How far this worker has read feedback: the digest is of there."
)
FEEDBACK_SNAPSHOTS: Final = Counter(
    "tocsin_feedback_snapshots", "Snapshots of what was learnt, written by this worker."
)
FEEDBACK_JUDGED: Final = Gauge(
    "tocsin_feedback_judged", "Labels that were foretold before they were learnt; exact over restarts.",
    ["brand", "language"],
)  # fmt: skip
FEEDBACK_RIGHT: Final = Gauge(
    "tocsin_feedback_right", "Of these, how many the shared model, or the brand's correction, foretold rightly.",
    ["brand", "language", "model"],
)  # fmt: skip
FEEDBACK_ROLLED_BACK: Final = Gauge(
    "tocsin_feedback_rolled_back", "How often a brand's correction failed a check and began afresh.", ["brand"]
)
TRIGGER_JUDGED: Final = Gauge(
    "tocsin_trigger_judged",
    "Labels of what incidents are about, each foretold before it was learnt; exact over restarts.",
)
TRIGGER_RIGHT: Final = Gauge(
    "tocsin_trigger_right", "Of these, how many were foretold rightly by the words alone, or with what was learnt.",
    ["model"],
)  # fmt: skip
TRIGGER_ROLLED_BACK: Final = Gauge(
    "tocsin_trigger_rolled_back", "How often what was learnt of triggers failed its check and began afresh."
)
BRAND_ENTRIES: Final = Counter(
    "tocsin_brand_entries", "Entries read from the topic brands, by what they said.", ["what"]
)
FOREIGN: Final = Counter(
    "tocsin_foreign_records", "Records of our own topics that we did not write: passed over.", ["topic"]
)
for _topic in (topics.SCORED, topics.JOURNAL):
    FOREIGN.labels(_topic.name)  # from the start on, or Prometheus would not see the first one as an increase
OPINIONS: Final = Counter(
    "tocsin_second_opinions", "Second opinions on incidents, by what became of them.", ["outcome"]
)
STALLED: Final = Gauge("tocsin_watchdog_stalled_seconds", "How long what has work has made no progress.")
BROKER_AWAY: Final = Gauge("tocsin_watchdog_broker_away", "1 while the watchdog waits for a broker that is away.")
MODEL: Final = Gauge("tocsin_model_info", "The sentiment model in use.", ["version"])
