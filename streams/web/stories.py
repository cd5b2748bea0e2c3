"""What a page says about an incident, made from the records: who has it, what comes next, the figures, the plot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markupsafe import Markup
from msgspec.structs import replace

from schemas.events import Alert, Incident
from schemas.times import HOUR, MINUTE, from_ms, to_ms
from streams.messages.facts import course, is_tone_alone, topic
from streams.messages.phrases import clean
from streams.messages.worst import at_its_worst
from streams.policy.units import duration
from streams.web import plot
from streams.web.board import LIVE, Board
from streams.web.evidence import Post, post_of
from streams.web.words import Words

BEFORE: Final = HOUR
"""Shown of the time before an onset (ms), so that one sees what it stands out from."""
AFTER: Final = 30 * MINUTE
"""Shown of the time after the end (ms)."""
CLOSING: Final = 4 * MINUTE
"""After this (ms) a minute without a window was a minute without mentions: its length, the usual lateness, a spare one."""
_NEXT: Final = re.compile(r"^(.*)\[\d+\], next after (.+)$")
"""How the notifier writes a step into the story: `night[0], next after 5 min`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list of incidents."""

    incident: Incident
    live: bool
    signal: str
    reason: str
    since: datetime
    lasted: float
    """Seconds, up to now or to the end."""
    next_at: datetime | None
    spark: Markup


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a severity and how long its bar is."""

    name: str
    points: float
    width: int
    """Of a hundred."""


def row_of(board: Board, incident: Incident, words: Words, now: int) -> Row:
    """Return what the list shows of an incident; `now` is epoch milliseconds."""
    alert = heaviest(incident.alerts)
    end = ended_at(incident) or now
    drawn = ended_at(incident) or known_until(board, now)
    points = board.history.bins(incident.brand, drawn - 3 * HOUR, drawn, 3 * MINUTE)
    return Row(
        incident=incident,
        live=incident.state in LIVE,
        signal=words.word("signal", topic(alert)) if alert else "",
        reason=reason_of(alert, words) if alert else "",
        since=began(incident),
        lasted=(end - to_ms(began(incident))) / 1_000,
        next_at=next_step(incident),
        spark=plot.spark(points, words("plot.label", brand=incident.brand)),
    )


def reason_of(alert: Alert, words: Words) -> str:
    """Return why there is an alert: the detectors' English sentence, or its figures; an exercise's scenario as it was typed."""
    if words.language == "en" or alert.kind == "exercise":
        return clean(alert.reason, 300)
    return figures_of(alert, words)


def heaviest(alerts: Sequence[Alert]) -> Alert | None:
    """Return the alert that weighs most: one that still rings before one that is over, then the severest."""
    return max(alerts, key=lambda one: (one.status != "resolved", one.severity, one.detected_at), default=None)


@dataclass(frozen=True, slots=True)
class Ringing:
    """One alert of an incident, as a page tells it."""

    last: Alert
    """Its last event: whether it still rings, and since when."""
    worst: Alert
    """Its severest event: a resolved one has the figures of the calm and neither votes nor proof."""
    events: list[Alert]


def ringing_of(board: Board, incident: Incident) -> list[Ringing]:
    """Return the alerts of an incident: those that still ring first, then the severest."""
    found = []
    for last in incident.alerts:
        events = board.events(last.alert_id)
        others = [known for known in events if known.sequence != last.sequence]
        events = sorted([*others, last], key=lambda one: one.sequence)  # the incident's: it knows what people taught
        worst = at_its_worst(events)
        if last.trigger_labels and worst is not last:
            worst = replace(worst, trigger=last.trigger, trigger_confidence=last.trigger_confidence,
                            trigger_terms=last.trigger_terms, trigger_labels=last.trigger_labels)  # fmt: skip
        found.append(Ringing(last, worst, events))
    found.sort(key=lambda one: one.last.starts_at)
    return sorted(found, key=lambda one: (one.last.status == "resolved", -int(one.worst.severity[1:])))


def began(incident: Incident) -> datetime:
    """Return when it began: the earliest onset of its alerts."""
    return min((alert.starts_at for alert in incident.alerts), default=incident.opened_at)


def ended_at(incident: Incident) -> int | None:
    """Return when it was over (epoch ms); None while it goes on."""
    if incident.state in LIVE:
        return None
    return to_ms(incident.resolved_at or incident.updated_at)


def known_until(board: Board, now: int) -> int:
    """Return up to when minutes are closed (epoch ms): what has not closed yet must not look like a fall to nought."""
    return max(board.history.newest, now - CLOSING)


def next_step(incident: Incident) -> datetime | None:
    """Return when the next step of a chain is paged if nobody takes charge; None where none is due.

    The incident itself does not say it, its story does: the last step of each chain with its wait.
    """
    if incident.state != "open" or incident.nobody_reached or incident.suppressed_by:
        return None
    due: dict[str, int] = {}
    for entry in incident.timeline:
        found = _NEXT.match(entry.detail) if entry.what == "paged" else None
        if found is None:
            continue
        try:
            due[found[1]] = to_ms(entry.at) + duration(found[2].replace(" min", "m").replace(" ", ""))
        except ValueError:
            continue
    return from_ms(min(due.values())) if due else None


def status_of(events: Sequence[Alert], index: int) -> str:
    """Return the name of the status of one of an alert's events: an update that is no worse is not called so."""
    return course(events[index], events[index - 1] if index else None)


def terms_of(alert: Alert) -> list[Term]:
    """Return the terms of the severity, the weightiest first; what rounds to nought is left out."""
    top = max((abs(points) for points in alert.severity_terms.values()), default=0.0) or 1.0
    shown = [item for item in alert.severity_terms.items() if abs(item[1]) >= 0.05]
    ordered = sorted(shown, key=lambda item: -item[1])
    return [Term(name, points, round(100 * abs(points) / top)) for name, points in ordered]


def figures_of(alert: Alert, words: Words) -> str:
    """Return what was seen against what was expected, in the visitor's language."""
    if alert.signal == "reach":
        who = words.own_word("account", alert.author_kind or "unknown")
        if alert.observed < 1:
            return words("alert.observed_reach_unknown", who=who, counted=words.number(alert.author_counted))
        return words("alert.observed_reach", who=who, observed=words.number(alert.observed))
    high = words("alert.high", high=words.number(alert.interval.high)) if alert.interval else ""
    if alert.signal == "negativity_shift":
        return (
            words(
                "alert.observed_share", observed=words.percent(alert.observed), expected=words.percent(alert.expected)
            )
            + high
        )
    many = round(alert.observed)
    observed = words.count(many, "mention")
    if alert.signal == "negative_spike":
        observed = words("alert.mass" if many > 1 else "alert.mass_one", n=words.number(many))
    window = words.duration(alert.window_seconds)
    if is_tone_alone(alert):
        return words(
            "alert.observed_anger", observed=observed, window=window, share=words.percent(alert.negative_share)
        )
    return words("alert.observed", observed=observed, window=window, expected=words.number(alert.expected)) + high


def facts_of(alert: Alert, words: Words) -> list[str]:
    """Return how sure that is and how it spreads: short facts, in order of weight."""
    facts = []
    if alert.grave_people:
        facts.append(words("alert.grave", n=alert.grave_people, expected=words.number(alert.grave_expected)))
    if alert.grave_terms:
        named = ", ".join(f"{clean(word, 40)} ({n})" for word, n in alert.grave_terms.items())
        facts.append(words("alert.grave_terms", words=named))
    if alert.sample_size:
        facts.append(words("alert.sample", mentions=words.count(alert.sample_size, "mention")))
    crowd = alert.authenticity
    if crowd is not None:
        facts.append(words("alert.authors", authors=words.count(crowd.distinct_authors, "author")))
    if alert.negative_share:
        facts.append(words("alert.negative", share=words.percent(alert.negative_share)))
    if alert.doubling_seconds:
        facts.append(words("alert.doubling", time=words.duration(alert.doubling_seconds)))
    if alert.reach:
        facts.append(words("alert.reach", followers=words.count(alert.reach, "follower")))
    if crowd is not None:
        shares = {
            "duplicates": crowd.duplicate_share,
            "loudest": crowd.loudest_share,
            "young": crowd.young_share or 0.0,
        }
        facts += [words(f"alert.{name}", share=words.percent(share)) for name, share in shares.items() if share >= 0.05]
    if alert.baseline is not None:
        key = "alert.baseline" if alert.baseline.warm else "alert.warm_up"
        facts.append(words(key, span=words.duration(alert.baseline.span_seconds)))
    if alert.trigger != "other":
        subject = words("alert.trigger", trigger=words.word("trigger", alert.trigger))
        why = [words.series(alert.trigger_terms)] if alert.trigger_terms else []
        if alert.trigger_labels:
            why.insert(0, words("alert.trigger_labels", n=alert.trigger_labels))
        facts.append(f"{subject} ({words('colon').join(why)})" if why else subject)
    return facts


def posts_of(ringing: Sequence[Ringing]) -> list[Post]:
    """Return the example posts of an incident, each once, those of the alert that weighs most first."""
    names = dict.fromkeys(name for one in ringing for name in (*one.worst.evidence, *one.last.evidence))
    return [post_of(name) for name in names][:20]


def drawing_of(board: Board, incident: Incident, words: Words, now: int) -> plot.Drawing | None:
    """Return the incident's minutes drawn; None where they are no longer kept."""
    start = to_ms(began(incident)) - BEFORE
    end = ended_at(incident)
    end = known_until(board, now) if end is None else end + AFTER
    width = plot.bin_width(end - start)
    start -= start % width
    points = board.history.bins(incident.brand, start, end, width)
    if not any(point.mentions for point in points):
        return None
    marks = [
        plot.Mark(
            to_ms(alert.starts_at),
            f"{words('plot.onset')}: {words.word('signal', topic(alert))} {alert.severity}",
            alert.severity,
        )
        for alert in incident.alerts
        if alert.status != "suppressed"
    ]
    label = words("plot.label", brand=incident.brand)
    return plot.story(points, width, _bands(board, incident, end), marks, label)


def _bands(board: Board, incident: Incident, end: int) -> list[plot.Band]:
    """Return what was expected per minute, by the volume alert's first word (the baseline stands still then)."""
    chosen = [alert for alert in incident.alerts if alert.signal == "volume_spike"]
    chosen = chosen or [alert for alert in incident.alerts if alert.signal == "negative_spike"]
    bands = []
    for alert in chosen[:1]:
        events = [event for event in board.events(alert.alert_id) if event.status in {"firing", "updated"}]
        said = events[0] if events else alert
        if said.interval is None:
            continue
        minutes = max(said.window_seconds, 60) / 60
        start = to_ms(said.starts_at) - BEFORE
        bands.append(plot.Band(start, end, said.expected / minutes, said.interval.high / minutes))
    return bands
