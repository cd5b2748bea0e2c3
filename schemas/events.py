"""What Tocsin says to the world: windows, signals, alerts, incidents, notifications; and what people say to it.

All are JSON. Inside a major version (`SCHEMA`) only optional fields are added; unknown fields are ignored.
Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

SCHEMA: Final = 1

Severity = Literal["L1", "L2", "L3", "L4"]
SEVERITIES: Final[tuple[Severity, ...]] = ("L1", "L2", "L3", "L4")
SignalName = Literal["volume_spike", "negative_spike", "negativity_shift", "reach", "silence", "source_down"]
AlertStatus = Literal["firing", "updated", "resolved", "suppressed"]
Kind = Literal["actual", "exercise", "test"]
Trigger = Literal["product", "employee", "campaign", "service", "safety", "legal", "other"]
IncidentState = Literal["open", "acknowledged", "responding", "stable", "resolved", "closed", "dismissed"]
Outcome = Literal["pending", "sent", "failed", "held_back"]

Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class Window(Struct, omit_defaults=True):
    """One closed minute of one brand: counts and sums, no personal data. Masses are sums of probabilities in 1/10,000."""

    brand: str
    start: datetime
    count: int = 0
    negative: int = 0
    positive: int = 0
    authors: int = 0
    """Distinct authors (mentions without an author count as one each)."""
    loudest: int = 0
    """Mentions of the author with the most."""
    loudest_negative: int = 0
    """Their sum of P(negative), in 1/10,000; 0 where it was not told."""
    duplicates: int = 0
    """Mentions whose normalised text another mention of the minute has too, or nearly (one template in other words), less one per text."""
    copied_negative: int = 0
    """Sum of P(negative), in 1/10,000, of those that are no reposts; 0 where it was not told."""
    reposts: int = 0
    reach: int = 0
    """Sum of followers."""
    top_reach: int = 0
    """Followers of the largest account with a plainly negative post; where there is none, of the largest account. 0 where they
    are not known."""
    top_negative: int = 0
    """P(negative) of that account's post, in 1/10,000."""
    top_counted: int = 0
    """What that account's followers count for, by its kind; the largest account is the one that counts most. The brand's own
    are left out."""
    top_kind: str = ""
    """That account's kind."""
    verified: int = 0
    young: int = 0
    """Mentions from accounts younger than thirty days."""
    kinds: dict[str, int] = {}
    """Mentions by author kind."""
    languages: dict[str, int] = {}
    platforms: dict[str, int] = {}
    terms: dict[str, int] = {}
    """Terms with the number of authors who used them, where several did; at most 32."""
    late: int = 0
    schema: int = SCHEMA
    questions: int = 0
    """Posts of customers and others that ask something."""
    replies: int = 0
    """Replies by an account of the brand itself (`official` in the configuration)."""
    grave: int = 0
    """Distinct authors whose posts speak of a grave matter (fire, injury, poisoning …), three at most to one wording."""


class Interval(Struct, frozen=True):
    """What would not have surprised: from `low` to `high`."""

    low: float
    high: float


class Baseline(Struct, omit_defaults=True):
    """What `expected` rests on."""

    span_seconds: int
    """How much time the baseline has seen."""
    n: int
    """Closed windows in it."""
    warm: bool
    """False while there is too little of it to be sure."""


class Vote(Struct, omit_defaults=True):
    """What one detector thought."""

    detector: str
    score: float
    fired: bool
    reason: str = ""


class Authenticity(Struct, omit_defaults=True):
    """How much of it is a crowd."""

    duplicate_share: Share
    distinct_authors: int
    loudest_share: Share
    young_share: Share | None = None


class Driver(Struct, omit_defaults=True):
    """One thing that carries the spike; `weight` is the z-score of its log-odds against the baseline."""

    kind: Literal["term", "hashtag", "link", "language", "author_kind"]
    value: str
    count: int
    weight: float


class Missed(Struct, omit_defaults=True):
    """An alert that nobody heard of at its time."""

    signal: SignalName
    severity: Severity
    """The highest that it had."""
    starts_at: datetime
    ended_at: datetime | None = None
    """None: it goes on."""


class Blind(Struct, omit_defaults=True):
    """A time in which nobody watched, and what happened meanwhile beside the alert that says so."""

    since: datetime
    until: datetime
    missed: list[Missed] = []


class Alert(Struct, omit_defaults=True):
    """One onset, its worsening or its end; what each field means stands in docs/integrators.md."""

    alert_id: str
    fingerprint: str
    sequence: int
    status: AlertStatus
    signal: SignalName
    severity: Severity
    brand: str
    starts_at: datetime
    detected_at: datetime
    """Event time at which it could be known."""
    emitted_at: datetime | None = None
    ends_at: datetime | None = None
    kind: Kind = "actual"
    platforms: list[str] = []
    window_seconds: int = 60
    observed: float = 0.0
    expected: float = 0.0
    interval: Interval | None = None
    score: float = 0.0
    sample_size: int = 0
    """Mentions that the verdict rests on."""
    baseline: Baseline | None = None
    votes: list[Vote] = []
    severity_terms: dict[str, float] = {}
    authenticity: Authenticity | None = None
    drivers: list[Driver] = []
    evidence: list[str] = []
    """`platform:id` of at most ten mentions."""
    negative_share: Share = 0.0
    reach: int = 0
    doubling_seconds: float | None = None
    trigger: Trigger = "other"
    trigger_confidence: Share = 0.0
    reason: str = ""
    """One plain English sentence with the numbers."""
    suppressed_by: str | None = None
    runbook_url: str | None = None
    model_version: str = ""
    config_version: str = ""
    schema: int = SCHEMA
    blind: Blind | None = None
    """Set where it tells, after an outage, what was missed: one such alert for each brand."""
    replied_at: datetime | None = None
    """Minute of the first reply by an account of the brand itself since it rang; only where such accounts are configured."""
    questions: int = 0
    """Questions put since it rang; only where the brand's own accounts are configured."""
    replies: int = 0
    """Replies by the brand's own accounts since it rang; counted, not matched to questions."""
    trigger_terms: list[str] = []
    """Terms that `trigger` rests on, at most three."""
    trigger_labels: int = 0
    """Similar incidents of which people said that they were about `trigger`; 0 where it rests on the words alone."""
    grave_people: int = 0
    """Different people who speak of a grave matter (fire, injury, poisoning …) within `window_seconds`, where that is why."""
    grave_expected: float = 0.0
    """How many of so many mentions usually do."""
    grave_terms: dict[str, int] = {}
    """The words in which they do, with how many different people used each; at most five."""
    author_kind: str = ""
    """Kind of the author of the one post that it is about (signal `reach`); `observed` has the followers as they are, 0 where
    they are not known."""
    author_counted: int = 0
    """What those followers count for, by kind."""


class AlertTick(Struct, tag_field="type", tag="tick"):
    """Replay time for the notifier: partition `partition` of `scored` has closed everything up to `at` (ms)."""

    partition: int
    at: int


class Signal(Struct, omit_defaults=True):
    """A verdict that fired or came close."""

    brand: str
    signal: SignalName
    start: datetime
    detected_at: datetime
    score: float
    threshold: float
    fired: bool
    observed: float
    expected: float
    votes: list[Vote] = []
    held_back_by: str | None = None
    schema: int = SCHEMA


Action = Literal[
    "ack",
    "take_over",
    "escalate",
    "note",
    "statement_sent",
    "stable",
    "resolve",
    "dismiss",
    "merge",
    "silence",
    "unsilence",
    "receipt",
]


About = Literal[Trigger, "withdrawn"]


class Command(Struct, omit_defaults=True):
    """What a person decided, from the page, the command line, a chat link or Kafka."""

    command_id: str
    action: Action
    author: str
    incident_id: str | None = None
    brand: str | None = None
    note: str | None = None
    minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60)] | None = None
    reason: str | None = None
    into: str | None = None
    matchers: dict[str, str] = {}
    issued_at: datetime | None = None
    via: Literal["web", "cli", "chat", "kafka", "mail"] = "kafka"
    schema: int = SCHEMA
    card: str | None = None
    """With `receipt`: the role whose card was read."""
    version: str | None = None
    """With `receipt`: which version of the card."""
    about: About | None = None
    """With `note`: what the incident is about, as a person sees it; `withdrawn` takes back what the author said of it."""


class Notification(Struct, omit_defaults=True):
    """One attempt to reach one person, or the reason why there was none."""

    notification_id: str
    incident_id: str
    brand: str
    severity: Severity
    step: str
    round: int
    person: str
    channel: str
    outcome: Outcome
    at: datetime
    purpose: Literal["page", "update", "all_clear", "nobody_reached", "digest", "stakeholder"] = "page"
    attempt: int = 0
    reason: str = ""
    receipt: str | None = None
    alert_id: str | None = None
    kind: Kind = "actual"
    schema: int = SCHEMA


class TimelineEntry(Struct, omit_defaults=True):
    """One line of an incident's story."""

    at: datetime
    what: str
    who: str = ""
    detail: str = ""


class Incident(Struct, omit_defaults=True):
    """The incident as it now is."""

    incident_id: str
    brand: str
    state: IncidentState
    severity: Severity
    version: int
    opened_at: datetime
    updated_at: datetime
    kind: Kind = "actual"
    alerts: list[Alert] = []
    """The last event of each alert that joined."""
    level: int = 0
    """Escalation level: steps of the chain taken so far."""
    round: int = 0
    chain: str = ""
    acknowledged_by: list[str] = []
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    paged: list[str] = []
    """People paged so far, in order."""
    timeline: list[TimelineEntry] = []
    trigger: Trigger = "other"
    suppressed_by: str | None = None
    statement_sent_at: datetime | None = None
    nobody_reached: bool = False
    alerts_total: int = 0
    """Alerts that joined; `alerts` keeps those that fire and the latest of the others."""
    owner: str | None = None
    """Who has taken over."""
    ack_missing: list[str] = []
    """Roles that still have to acknowledge."""
    reopened: int = 0
    merged_into: str | None = None
    schema: int = SCHEMA
    questions: int = 0
    """Questions put to the brand since it rang; only where its own accounts are configured."""
    replies: int = 0
    """Replies by the brand's own accounts since it rang."""
    trigger_by: str = ""
    """Who said what it is about; then the alerts no longer decide it."""


Label = Literal["negative", "neutral", "positive"]


class Feedback(Struct, omit_defaults=True):
    """An analyst's label, with the hashed features that it is about (no text)."""

    feedback_id: str
    mention_id: str
    """The post; with field `trigger` the incident."""
    field: Literal["sentiment", "trigger", "author_kind"]
    value: str
    """With field `sentiment` negative, neutral or positive, with `trigger` one of the triggers; or `withdrawn`: the author's
    earlier label of the post or incident no longer counts."""
    author: str
    at: datetime
    brand: str | None = None
    lang: str | None = None
    features: dict[str, float] = {}
    """Hashed feature (a decimal number, text as JSON's keys are) -> its value."""
    layout: str | None = None
    """Where features lie in the model that made them; a label of another layout is refused, not misread."""
    schema: int = SCHEMA
    terms: dict[str, float] = {}
    """With field `trigger`: terms and hashtags of the incident's alerts -> how many mentions had them."""


class BrandEntry(Struct, omit_defaults=True):
    """A brand that joins the watch list while workers run, changes, or leaves it; counts ten seconds after it was stored."""

    brand: str
    author: str
    at: datetime
    words: list[str] = []
    """Watch words, whole words without regard to case; the name itself when there are none."""
    exclude: list[str] = []
    """A mention with one of these is of something else."""
    sensitivity: Annotated[float, Meta(ge=0.25, le=4.0)] | None = None
    """None: the configuration's."""
    removed: bool = False
    """It is no longer watched."""
    baseline: bytes | None = None
    """The state of a monitor that has learnt from past mentions (base64): taken where the brand is still warming up."""
    learnt: str = ""
    """What the baseline rests on, in words."""
    schema: int = SCHEMA


encode = msgspec.json.Encoder(order="deterministic").encode


def decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    """Return a JSON decoder that checks what it reads against `type_`."""
    return msgspec.json.Decoder(type_)
