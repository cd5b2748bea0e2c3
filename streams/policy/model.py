"""The policy: what the YAML file says, field by field.

Every field is defined once, here; `streams.policy.load` reads and checks against these structs and
docs/policy.md explains them. No secret is ever resolved in here: an `url` keeps its `${NAME}` or `file:/path`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from schemas.events import Severity, Trigger
from streams.policy.units import Clock, Day, Days, Duration, Instant

Language = Literal["en", "fr"]
ChannelType = Literal["smtp", "webhook", "apprise", "pagerduty", "alertmanager", "console"]
Occasion = Literal["opened", "acknowledged", "worsened", "stable", "resolved"]
Match = dict[str, list[str]]
"""Label → values, any of which fits: `L3+`, `!acme`, `air*`."""


class Hours(Struct, frozen=True, rename={"from_": "from"}):
    """A stretch of the week in local time; one that ends before it begins goes over midnight."""

    from_: Clock
    to: Clock
    days: Days = field(default_factory=lambda: list(range(7)))
    timezone: str = ""
    """Of its owner where empty."""


class Channel(Struct, frozen=True):
    """A way to reach somebody."""

    type: ChannelType
    url: str = ""
    options: dict[str, str] = {}


class Contact(Struct, frozen=True, rename={"from_": "from"}):
    """One of a person's ways to be reached, the preferred first; the next one is the fallback."""

    type: ChannelType | None = None
    url: str = ""
    channel: str = ""
    """A channel of the section `channels`, in place of `type` and `url`."""
    name: str = ""
    """What steps call it; the channel's or the type's name where empty."""
    from_: Severity = "L1"
    """Used from this severity on."""
    when: Literal["always", "working", "off"] = "always"
    """Only in the person's working hours, or only outside them."""
    options: dict[str, str] = {}

    def called(self) -> str:
        """Return the name that notifications carry."""
        return self.name or self.channel or self.type or ""


class Person(Struct, frozen=True):
    """Somebody who can be told."""

    channels: list[Contact]
    name: str = ""
    language: Language | None = None
    roles: list[str] = []
    timezone: str = ""
    hours: list[Hours] = []
    """Working hours."""
    quiet: str = ""
    """Quiet hours, by name; `defaults.quiet` where empty, `none` for none."""
    pages_per_week: int | None = None
    pages_per_hour: int | None = None


class Rotation(Struct, frozen=True):
    """People who take turns."""

    people: list[str]
    start: Day
    """The first turn of the first person begins on this day."""
    handoff: Clock = 9 * 60
    every: Duration = 7 * 86_400_000
    """Length of a turn in whole days, or 12h: local clock hours, so that a hand-over stays at its time of day."""
    hours: list[Hours] = []
    """Only then; always where empty."""


class Override(Struct, frozen=True, rename={"from_": "from"}):
    """Somebody is on duty in place of the rotation; with `instead_of`, two people swap."""

    person: str
    from_: Instant
    to: Instant
    instead_of: str = ""
    """Swap: whenever this person would be on duty it is `person`, and the other way round."""
    reason: str = ""


class HolidayDuty(Struct, frozen=True):
    """On the days of a calendar these people are on duty."""

    calendar: str
    people: list[str]


class Schedule(Struct, frozen=True):
    """Who is on duty when. Of several rotations the last that has somebody at the time counts."""

    rotations: list[Rotation]
    timezone: str = ""
    overrides: list[Override] = []
    holidays: list[HolidayDuty] = []


class Calendar(Struct, frozen=True):
    """Holidays: an .ics file beside the policy, or days."""

    file: str = ""
    days: list[Day] = []


class Step(Struct, frozen=True):
    """Whom to page and how long to wait for somebody to take charge."""

    notify: list[str]
    """People; `role:…`, `schedule:…`, `channel:…`."""
    wait: Duration = 300_000
    channels: list[str] = []
    """Only over these (all of them); over the first that suits where empty."""


class Chain(Struct, frozen=True):
    """Ordered steps, gone through `repeat` times more while nobody has taken charge."""

    steps: list[Step]
    repeat: int = 1
    last_resort: list[str] = []
    """Told over every channel when nobody could be reached; `defaults.last_resort` where empty."""


class Route(Struct, frozen=True, rename={"continue_": "continue"}):
    """A node of the tree: where `match` fits, its first child that fits decides, else it does itself."""

    chain: str = ""
    match: Match = {}
    routes: list[Route] = []
    continue_: bool = False
    """Look at the next routes as well: several chains run side by side."""
    group_wait: Duration | None = None
    name: str = ""


class Band(Struct, frozen=True):
    """What one severity asks for: how soon, how loudly, from whom."""

    needs_ack: bool = True
    """Without, the first step that reaches somebody is paged and nothing is escalated."""
    ack_roles: list[str] = []
    """Somebody of each of these roles has to acknowledge."""
    ack: Duration | None = None
    """Deadline for the acknowledgement; missed, the next step is paged at once."""
    ack_expiry: Duration | None = None
    """An acknowledgement after which nothing happened is void after this."""
    first_response: Duration | None = None
    """Deadline for the first public reply; missed, all who were paged are told."""
    all_channels: bool = False
    """Page over every channel of a person at once."""


class Silence(Struct, frozen=True, rename={"from_": "from"}):
    """Hold back what matches; author, reason and expiry are asked for."""

    match: Match
    author: str
    reason: str
    to: Instant
    from_: Instant = 0


class Maintenance(Struct, frozen=True, rename={"from_": "from"}):
    """Planned noise: a campaign, a product day, a weekly service stop. Never holds back more than `up_to`."""

    name: str
    match: Match
    from_: Instant | None = None
    to: Instant | None = None
    hours: list[Hours] = []
    up_to: Severity = "L2"


class QuietHours(Struct, frozen=True):
    """Delivery waits until they end; evaluation does not."""

    hours: list[Hours]
    up_to: Severity = "L2"
    """What is worse is delivered all the same."""


class Inhibit(Struct, frozen=True):
    """While an incident fits `source`, others that fit `target` and agree in the labels `equal` are held back."""

    source: Match
    target: Match
    equal: list[str] = []
    name: str = ""


class Stakeholder(Struct, frozen=True):
    """Who is told (not asked to act): customers' care, employees, management, press office."""

    name: str
    notify: list[str]
    match: Match = {}
    on: list[Occasion] = field(default_factory=lambda: ["opened", "resolved"])
    after: Duration = 0
    """Only if the incident is still live after this."""
    every: Duration | None = None
    """And again, as long as it lives."""
    channels: list[str] = []
    say: dict[Language, str] = {}
    """What this means for them, by language: `fr: "Ne commentez pas ; renvoyez au service de presse."`"""


class Statement(Struct, frozen=True):
    """A statement, prepared and approved in good time."""

    trigger: str
    """One of the triggers; text, since policies in older journals may say anything here."""
    language: Language
    text: str
    approver: str
    valid_until: Day
    brand: str = ""
    responsibility: Literal["victim", "accidental", "preventable"] = "accidental"
    phase: Literal["holding", "closing"] = "holding"
    """`holding`: before the facts are known; `closing`: it is over, and these measures were taken."""


class Runbook(Struct, frozen=True):
    """Where the house's own instructions stand, by what it is about."""

    trigger: Trigger
    url: str
    brand: str = ""


class Voice(Struct, frozen=True):
    """How a brand speaks: its values, words it likes and words it never uses."""

    values: list[str] = []
    use: list[str] = []
    never: list[str] = []


class Brand(Struct, frozen=True):
    """What routes and inhibition may ask about a brand beyond its name."""

    labels: dict[str, str] = {}
    """market, sector, language …"""
    voice: Voice = Voice()


class Digest(Struct, frozen=True):
    """Incidents up to `up_to` are not paged but told together at these times."""

    notify: list[str]
    at: list[Clock]
    match: Match = {}
    up_to: Severity = "L1"
    timezone: str = ""
    days: Days = field(default_factory=lambda: list(range(7)))


class Defaults(Struct, frozen=True):
    """What holds where nothing else is said."""

    chain: str
    language: Language = "en"
    timezone: str = "UTC"
    group_wait: Duration = 0
    """How long an incident may gather alerts before the first page; L4 never waits."""
    quiet: str = ""
    last_resort: list[str] = []
    last_resort_every: Duration = 900_000
    """When "nobody could be reached" is said again; then after twice, four and every eight times as long."""
    reopen: Duration = 1_800_000
    """A new onset within this time after the end belongs to the same incident."""
    close_after: Duration = 86_400_000
    pages_per_week: int | None = None
    pages_per_hour: int | None = None


class Policy(Struct, frozen=True):
    """The whole file."""

    people: dict[str, Person]
    chains: dict[str, Chain]
    defaults: Defaults
    version: int = 1
    routes: list[Route] = []
    channels: dict[str, Channel] = {}
    severities: dict[Severity, Band] = {}
    schedules: dict[str, Schedule] = {}
    calendars: dict[str, Calendar] = {}
    quiet_hours: dict[str, QuietHours] = {}
    silences: list[Silence] = []
    maintenance: list[Maintenance] = []
    inhibit: list[Inhibit] = []
    stakeholders: list[Stakeholder] = []
    digests: list[Digest] = []
    statements: list[Statement] = []
    runbooks: list[Runbook] = []
    brands: dict[str, Brand] = {}

    def band(self, severity: Severity) -> Band:
        """Return what `severity` asks for."""
        return self.severities.get(severity, _PLAIN)


_PLAIN = Band()
