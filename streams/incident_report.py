"""The report of an incident: what happened, who did what when, and what there is to learn. Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from schemas.bounds import readable
from schemas.events import Alert, Incident, Notification
from streams.messages.advice import measures
from streams.messages.worst import at_its_worst


def markdown(incident: Incident, notifications: Sequence[bytes], events: Iterable[Alert] = ()) -> str:
    """Return the report.

    Args:
        incident: as it now is; its alerts have the figures of their end.
        notifications: the raw records of the topic of that name for this incident.
        events: what the topic `alerts` has of its alerts: the severest of each is shown.
    """
    rung: dict[str, list[Alert]] = {alert.alert_id: [alert] for alert in incident.alerts}
    for event in events:
        if event.alert_id in rung:
            rung[event.alert_id].append(event)
    sent = [one for raw in notifications if (one := readable(raw, Notification)) is not None]
    last = {n.notification_id: n for n in sent}  # the last word on each attempt
    lines = [
        f"# Incident report: {incident.brand}, {incident.opened_at:%Y-%m-%d}",
        "",
        *([f"**This was an {incident.kind}.**", ""] if incident.kind != "actual" else []),
        f"- Severity: {incident.severity} (highest); state: {incident.state}",
        f"- Open from {incident.opened_at:%Y-%m-%d %H:%M} UTC{_until(incident)}",
        f"- In charge: {', '.join(incident.acknowledged_by) or 'nobody acknowledged'}{_after(incident)}",
        *(
            [f"- Questions put: {incident.questions}; replies by the brand's own accounts: {incident.replies}"]
            if incident.questions
            else []
        ),
        f"- Likely trigger: {incident.trigger}",
        f"- Identifier: `{incident.incident_id}`",
        "",
        "## What was seen",
        "",
        "| since (UTC) | signal | severity | observed | expected | negative share | reason |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {a.starts_at:%H:%M} | {a.signal} | {a.severity} | {a.observed:.0f} | {a.expected:.1f} | {a.negative_share:.0%} | {a.reason} |"
        for a in map(at_its_worst, rung.values())
    ]
    lines += [
        "",
        "## Who was told",
        "",
        "| when (UTC) | person | channel | purpose | outcome | reason |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {n.at:%H:%M:%S} | {n.person} | {n.channel} | {n.purpose} | {n.outcome} | {n.reason} |"
        for n in sorted(last.values(), key=lambda n: (n.at, n.notification_id))
    ]
    lines += ["", "## The story", ""]
    lines += [
        f"- {e.at:%m-%d %H:%M:%S} {e.what}{' · ' + e.who if e.who else ''}{': ' + e.detail if e.detail else ''}"
        for e in incident.timeline
    ]
    taken = measures(incident)
    if taken:
        lines += ["", "## Measures", "", *(f"- {measure}" for measure in taken)]
    lines += ["", "## To learn", "", *_lessons(incident, list(last.values()))]
    return "\n".join(lines)


def _until(incident: Incident) -> str:
    if incident.resolved_at is None:
        return ""
    return f" to {incident.resolved_at:%Y-%m-%d %H:%M} UTC ({_span(incident.resolved_at - incident.opened_at)})"


def _after(incident: Incident) -> str:
    if incident.acknowledged_at is None:
        return ""
    return f", {_span(incident.acknowledged_at - incident.opened_at)} after it opened"


def _span(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _lessons(incident: Incident, sent: list[Notification]) -> list[str]:
    """Return what the figures alone say; the rest is for people to fill in."""
    found = []
    failed = [n for n in sent if n.outcome == "failed"]
    if failed:
        found.append(
            f"- {len(failed)} deliveries failed ({', '.join(sorted({n.channel for n in failed}))}): mend or replace these channels."
        )
    if incident.nobody_reached:
        found.append("- Nobody could be reached over the whole chain: it needs more people or other channels.")
    if incident.level > 1:
        found.append(f"- It took {incident.level} steps of the chain until somebody had taken charge.")
    if incident.statement_sent_at is None:
        found.append("- No statement was recorded as sent.")
    return [*found, "- What went well? What would we do again?", "- Which measures are taken, by whom, until when?"]
