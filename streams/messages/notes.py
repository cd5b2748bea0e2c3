"""The fold's own notes (plain English, they are in the log) in the reader's language; what people wrote stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Final

from streams.messages.phrases import Phrases, clean

When = Callable[[datetime], object]
"""How a time is shown to this reader."""
_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
_STEP: Final = r"(?P<chain>\S.*)\[(?P<index>\d+)\]"
_SUBJECT: Final = "product|employee|campaign|service|safety|legal|other"
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LENGTH: Final = re.compile(r"([\d.,]+) ?(s|min|minutes?|h|hours?|d)\b")
_REASONS: Final = frozenset({"false_alarm", "expected", "inauthentic"})
_PLAIN: Final = {
    "all alerts are over": "over",
    "nobody could be reached": "nobody",
    "the alert that opened it goes on": "goes_on_alert",
    "opened": "opened",
    "acknowledged": "acknowledged",
    "worsened": "worsened",
    "stable": "stable",
    "resolved": "ended",
    "goes on": "goes_on",
    "statement sent": "statement_sent",
    "has acknowledged already": "already",
    "has no way to be reached": "no_way",
    "everybody in the chain has reached the page cap": "all_capped",
}
_PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (key, re.compile(pattern))
    for key, pattern in (
        ("charge", r"(?P<who>.+) has taken charge"),
        ("resolved", r"resolved by (?P<who>[^:]+)"),
        ("resolved_why", r"resolved by (?P<who>[^:]+): (?P<why>.+)"),
        ("dismissed", r"dismissed by (?P<who>[^:]+)"),
        ("dismissed_why", r"dismissed by (?P<who>[^:]+): (?P<why>.+)"),
        ("merged", r"goes on as the incident of (?P<brand>.+)"),
        ("no_reply", r"no public reply after (?P<time>.+)"),
        ("no_reply_at", rf"after (?P<time>.+), at (?P<at>{_TIME})"),
        ("no_role", r"nobody with the role (?P<roles>.+) has acknowledged"),
        ("again", r"(?P<signal>[a-z_]+) again, (?P<severity>L[1-4])"),
        ("no_worse", r"(?P<signal>[a-z_]+) is no worse than (?P<severity>L[1-4])"),
        (
            "silenced",
            rf"silenced by (?P<who>.+?) until (?P<at>{_TIME}): (?P<why>.*?)(?: \(silence(?:s\[\d+\]| \S+)\))?",
        ),
        ("inhibited", r"inhibited by the incident of (?P<brand>.+) \((?P<severity>L[1-4])\)"),
        ("maintenance", rf"maintenance (?P<name>.+) until (?P<at>{_TIME})"),
        ("digest", rf"kept for the digest of (?P<at>{_TIME})"),
        ("no_longer", r"no longer (?P<held>.+)"),
        ("quiet", rf"quiet hours until (?P<at>{_TIME})"),
        ("all_quiet", rf"all of {_STEP} are in quiet hours until (?P<at>{_TIME})"),
        ("cap_hour", r"page cap: (?P<n>\d+) pages in the last hour, (?P<most>\d+) allowed"),
        ("cap_week", r"page cap: (?P<n>\d+) pages in the last week, (?P<most>\d+) allowed"),
        ("step_next", rf"{_STEP}, next after (?P<time>.+)"),
        ("step_failed", rf"every channel failed at {_STEP}"),
        ("step_lap", r"step (?P<n>\d+) of (?P<chain>.+), lap (?P<lap>\d+)"),
        ("step", r"step (?P<n>\d+) of (?P<chain>.+)"),
        ("step", _STEP),
        ("lap", r"(?P<chain>\S+), lap (?P<n>\d+)"),
        ("chain_gone", r"(?P<chain>.+) is not in the policy any more"),
        ("role", r"role (?P<roles>\S+)"),
        ("role_acknowledges", r"acknowledgement of (?P<roles>.+?)(?: is needed)?"),
        ("needs", r"needs (?P<n>\d+) min"),
        ("needs_note", r"needs (?P<n>\d+) min; (?P<note>.+)"),
        ("statement_note", r"statement sent: (?P<note>.+)"),
        ("merged_with", r"with the incident of (?P<brand>.+)"),
        ("merged_into", r"into the incident of (?P<brand>.+)"),
        ("own_account", r"its own account, at (?P<at>\d\d:\d\d UTC)"),
        ("goes_to", r"(?P<severity>L[1-4]) goes to (?P<people>.+)"),
        ("withdrawn", rf"about: (?P<before>{_SUBJECT}) withdrawn → (?P<after>{_SUBJECT})"),
        ("changed_note", rf"about: (?P<before>{_SUBJECT}) → (?P<after>{_SUBJECT})\. (?P<note>.+)"),
        ("changed", rf"about: (?P<before>{_SUBJECT}) → (?P<after>{_SUBJECT})"),
        ("subject_note", rf"about: (?P<after>{_SUBJECT})\. (?P<note>.+)"),
        ("subject", rf"about: (?P<after>{_SUBJECT})"),
        ("fallback", r"fallback: (?P<channel>.+) failed"),
        ("no_such_role", r"role:(?P<roles>.+): nobody has this role"),
        ("no_such", r"(?P<name>.+): no such (?:schedule|channel|person)"),
        ("stakeholder", r"stakeholder (?P<name>.+)"),
        ("calm", r"Calm for (?P<time>.+), (?P<lasted>.+) after it began\."),
        ("new_normal", r"The level has held for (?P<time>.+) and is taken as the new normal of (?P<brand>.+)\."),
        ("fires_at", r"fires at (?P<score>\d+\.\d+)"),
        ("incidents", r"digest of (?P<incidents>\d+) incidents"),
    )
)


def told(say: Phrases, note: str, zone: tzinfo = UTC) -> str:
    """Return `note` in the language of `say`, where it is one of the fold's own; times are those of `zone`."""
    found = phrase_of(say, note, lambda at: say.moment(at, zone))
    return clean(note, 500) if found is None else found


def phrase_of(say: Phrases, note: str, when: When, escaped: Callable[[object], object] = str) -> str | None:
    """Return one of the fold's own notes in the language of `say`; None where it is none of them.

    Args:
        say: The catalogue.
        note: What is in the log; of a line that says what it is about, `about: ` and its detail.
        when: How a time is shown.
        escaped: What everything that is filled in passes; for a page that is markup.
    """
    plain = clean(note, 500)
    if plain in _PLAIN:
        return say(f"notes.{_PLAIN[plain]}")
    for key, pattern in _PATTERNS:
        if found := pattern.fullmatch(plain):
            values: dict[str, object] = {
                name: _value(say, name, text, when, escaped) for name, text in found.groupdict().items()
            }
            if "index" in values:
                values["n"] = int(found["index"]) + 1
            return say(f"notes.{key}", **{name: escaped(value) for name, value in values.items()})
    return None


def _value(say: Phrases, name: str, text: str, when: When, escaped: Callable[[object], object]) -> object:
    """Return what a pattern has found, in the reader's words."""
    if name == "why":
        return say.word("reason", text) if text in _REASONS else text
    if name == "signal":
        return say.word("signal", text)
    if name == "roles":
        return say.series([say.word("role", role) for role in re.split(r" or |, ", text)])
    if name in {"before", "after"}:
        return say.word("trigger", text)
    if name in {"time", "lasted"}:
        return length(say, text)
    if name == "score":
        return say.number(float(text), 2)
    if name == "incidents":
        return say.count(int(text), "incident")
    if name == "at" and text[4:5] == "-":
        return when(datetime.fromisoformat(text))
    if name == "held" and (inner := phrase_of(say, text, when, escaped)) is not None:
        return Filled(inner)
    return text


class Filled(str):
    """A phrase that is filled in already: a page must not escape it once more."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return itself: what it holds was escaped when it was filled in."""
        return self


def length(say: Phrases, text: str) -> str:
    """Return `3.9 hours`, `1 h 30 min` or `2 d` as this language says it; anything else as it is."""
    found = _LENGTH.findall(text)
    if not found or _LENGTH.sub("", text).strip():
        return text
    try:
        return say.duration(sum(float(n.replace(",", "")) * _SECONDS[unit[0]] for n, unit in found))
    except ValueError:
        return text
