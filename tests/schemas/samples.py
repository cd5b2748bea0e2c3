"""Whole events, every optional field set, and strategies for mentions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from schemas import events, journal, mention

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

ALERT = events.Alert(
    alert_id="a", fingerprint="f", sequence=2, status="updated", signal="negative_spike", severity="L3", brand="Acme",
    starts_at=AT, detected_at=AT, emitted_at=AT, ends_at=AT, kind="exercise", platforms=["x"], observed=30.0, expected=2.5,
    interval=events.Interval(0.0, 9.0), score=8.0, sample_size=30,
    baseline=events.Baseline(14 * 86_400, 20_160, True), votes=[events.Vote("mass", 8.0, True, "30 against 2.5")],
    severity_terms={"share": 0.4}, authenticity=events.Authenticity(0.1, 25, 0.05, 0.2),
    drivers=[events.Driver("hashtag", "#acme", 12, 6.5)], evidence=["x:1"], negative_share=0.8, reach=10_000,
    doubling_seconds=240.0, trigger="product", trigger_confidence=0.7, reason="30 negative mentions in a minute",
    suppressed_by="campaign", runbook_url="https://example.org/r", model_version="1", config_version="2",
    blind=events.Blind(AT, AT, [events.Missed("reach", "L2", AT, AT)]),
)  # fmt: skip
COMMAND = events.Command(
    "c", "silence", "alice", "i", "Acme", "known", 60, "planned", "other", {"brand": "Acme"}, AT, "web"
)
NOTIFICATION = events.Notification(
    "n", "i", "Acme", "L3", "night/1", 1, "alice", "mail", "sent", AT, "page", 1, "", "receipt", "a", "test"
)
INCIDENT = events.Incident(
    "i", "Acme", "acknowledged", "L3", 4, AT, AT, alerts=[ALERT], level=1, round=1, chain="night", acknowledged_by=["alice"],
    acknowledged_at=AT, resolved_at=AT, paged=["alice"], timeline=[events.TimelineEntry(AT, "opened", "tocsin", "L3")],
    statement_sent_at=AT, owner="alice", ack_missing=["legal"], merged_into="j",
)  # fmt: skip

SAMPLES: dict[str, list[Any]] = {
    "alert": [ALERT],
    "alert-tick": [events.AlertTick(3, 1_772_443_800_000)],
    "brand-entry": [
        events.BrandEntry("Acme", "alice", AT, ["acme"], ["acme font"], 1.5, baseline=b"state", learnt="two days"),
        events.BrandEntry("Acme", "alice", AT, removed=True),
    ],
    "command": [COMMAND, events.Command("c", "ack", "alice")],
    "feedback": [events.Feedback("f", "x:1", "sentiment", "negative", "alice", AT, "Acme", "en", {"7": 1.0})],
    "incident": [INCIDENT],
    "journal-entry": [
        journal.Leader("me"),
        journal.Took("me", "alerts", 1, alert=ALERT),
        journal.Took("me", "commands", 2, command=COMMAND),
        journal.Took("me", "alerts", 3, tick=events.AlertTick(0, 1)),
        journal.TimerDue("me", "i", "night/1", 1, 5),
        journal.Delivered("me", NOTIFICATION),
        journal.PolicyRead("me", "d", {"people": {}}),
    ],
    "mention": [
        mention.Mention(
            "x", "1", AT, "bad", rev=1, op="update", ingested_at=AT, lang="en",
            author=mention.Author("a", 10, True, AT, "customer", "Ann"), brands=["Acme"], url="https://example.org",
            repost_of="2", reply_to="3", engagement=mention.Engagement(1, 2, 3, 4, 5),
        ),
        mention.Mention("x", "1", AT, op="delete"),
        mention.Mention("x", "1", AT, "", brand="Acme"),
    ],
    "notification": [NOTIFICATION],
    "signal": [events.Signal("Acme", "reach", AT, AT, 2.0, 3.0, False, 1.0, 0.5, [events.Vote("reach", 2.0, False)])],
    "tick": [mention.Tick(1_772_443_800_000)],
    "window": [events.Window("Acme", AT, 3, 1, 1, authors=3, kinds={"media": 1}, terms={"broken": 2})],
}  # fmt: skip

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
COUNTS = st.none() | st.integers(0, 2**53)
TIMES = st.datetimes(datetime(2006, 3, 22), datetime(2099, 1, 1), timezones=st.just(UTC))

AUTHORS = st.builds(
    mention.Author, IDS, COUNTS, st.none() | st.booleans(), st.none() | TIMES,
    st.sampled_from([None, "customer", "employee", "influencer", "media", "official", "bot", "unknown"]),
)  # fmt: skip
MENTIONS = st.builds(
    mention.Mention,
    platform=st.from_regex(r"[a-z0-9_.-]{1,32}", fullmatch=True),
    id=IDS,
    created_at=TIMES,
    text=TEXTS,
    op=st.sampled_from(["create", "update", "delete"]),
    rev=st.integers(0, 2**31 - 1),
    author=st.none() | AUTHORS,
    brand=st.none() | IDS,
    url=st.none() | TEXTS,
)
