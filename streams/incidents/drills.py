"""Exercises: an alert of the kind `exercise`, and who answered it after how long. Pure; the command is the shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from schemas.events import Alert, AlertStatus, Incident, Notification, Severity, SignalName, Trigger
from schemas.ids import alert_id, fingerprint
from schemas.times import MINUTE, from_ms, to_ms
from streams.policy.model import Band, Language
from streams.policy.units import show_duration

_LOUD = frozenset({"page", "nobody_reached"})
_USUAL: Final = 6.0
_SEEN: Final[dict[Severity, float]] = {"L1": 20.0, "L2": 60.0, "L3": 200.0, "L4": 900.0}
"""Mentions in five minutes that an exercise of each severity claims: invented, and said to be."""
_SHARE: Final[dict[Severity, float]] = {"L1": 0.4, "L2": 0.5, "L3": 0.6, "L4": 0.8}
_USUAL_SHARE: Final = 0.2
_FOLLOWERS: Final = 1_000.0
"""For each of the mentions above, where it is about one large account."""


def _figures(signal: SignalName, severity: Severity) -> tuple[float, float]:
    """Return what an exercise has seen and what would have been usual, in the unit of `signal`."""
    if signal == "negativity_shift":
        return _SHARE[severity], _USUAL_SHARE
    if signal == "reach":
        return _FOLLOWERS * _SEEN[severity], 0.0
    if signal == "silence":
        return 0.0, _SEEN[severity]
    return _SEEN[severity], _USUAL


def exercise(brand: str, severity: Severity, signal: SignalName, trigger: Trigger, scenario: str, now: int) -> Alert:
    """Return the alert that begins an exercise at `now` (epoch ms): it can be told from a real one by kind and id."""
    key = fingerprint(brand, f"exercise {signal}")
    seen, usual = _figures(signal, severity)
    share = 0.0 if signal == "silence" else _SHARE[severity]
    return Alert(
        alert_id=alert_id(key, now), fingerprint=key, sequence=1, status="firing", signal=signal, severity=severity,
        brand=brand, starts_at=from_ms(now), detected_at=from_ms(now), emitted_at=from_ms(now), kind="exercise",
        window_seconds=5 * MINUTE // 1_000, observed=seen, expected=usual, negative_share=share, trigger=trigger,
        trigger_confidence=1.0 if trigger != "other" else 0.0, reason=scenario,
    )  # fmt: skip


def following(alert: Alert, status: AlertStatus, severity: Severity, now: int) -> Alert:
    """Return the next event of an exercise's alert: `updated` when it gets worse, `resolved` at its end."""
    over = from_ms(now) if status == "resolved" else None
    return msgspec.structs.replace(
        alert, sequence=alert.sequence + 1, status=status, severity=severity, detected_at=from_ms(now),
        emitted_at=from_ms(now), ends_at=over, observed=_figures(alert.signal, severity)[0],
    )  # fmt: skip


class Answer(Struct, frozen=True):
    """One person in an exercise; times in seconds."""

    person: str
    channels: tuple[str, ...]
    """Over which a page arrived."""
    reached_seconds: float | None
    """From the beginning of the exercise; None: not reached."""
    answered_seconds: float | None
    """From this person's first page to the first answer of any kind."""
    answer: str
    failures: tuple[str, ...]
    """Why a page did not arrive."""


class DrillReport(Struct, frozen=True):
    """How an exercise went; times in seconds from its beginning."""

    incident_id: str
    brand: str
    severity: Severity
    state: str
    scenario: str
    started_at: str
    first_page_seconds: float | None
    in_charge_seconds: float | None
    ack_deadline_seconds: float | None
    statement_seconds: float | None
    response_deadline_seconds: float | None
    ended_seconds: float | None
    lasted_seconds: float
    """Until its end, or until now."""
    level: int
    nobody_reached: bool
    answers: tuple[Answer, ...]
    unanswered: tuple[str, ...]


_ANSWERS: Final = ("acknowledged", "note", "escalated by hand", "stable", "resolved", "dismissed", "merged")


def report(
    incident: Incident, notifications: Iterable[Notification], now: int, band: Band | None = None
) -> DrillReport:
    """Return who was reached and who answered after how long by `now` (epoch ms); `band`: what its severity asks for."""
    start = to_ms(incident.opened_at)
    mine = [one for one in notifications if one.incident_id == incident.incident_id and one.purpose in _LOUD]
    answers = tuple(_answer(incident, person, mine, start) for person in dict.fromkeys(one.person for one in mine))
    sent = [to_ms(one.at) for one in mine if one.outcome == "sent"]
    since = {
        name: None if at is None else (to_ms(at) - start) / 1_000
        for name, at in (
            ("charge", incident.acknowledged_at),
            ("statement", incident.statement_sent_at),
            ("end", incident.resolved_at),
        )
    }
    return DrillReport(
        incident_id=incident.incident_id,
        brand=incident.brand,
        severity=incident.severity,
        state=incident.state,
        scenario=next((one.reason for one in incident.alerts), ""),
        started_at=incident.opened_at.isoformat().replace("+00:00", "Z"),
        first_page_seconds=(min(sent) - start) / 1_000 if sent else None,
        in_charge_seconds=since["charge"],
        ack_deadline_seconds=band.ack / 1_000 if band and band.ack is not None else None,
        statement_seconds=since["statement"],
        response_deadline_seconds=band.first_response / 1_000 if band and band.first_response is not None else None,
        ended_seconds=since["end"],
        lasted_seconds=((to_ms(incident.resolved_at) if incident.resolved_at else now) - start) / 1_000,
        level=incident.level,
        nobody_reached=any(one.purpose == "nobody_reached" for one in mine),
        answers=answers,
        unanswered=tuple(one.person for one in answers if one.reached_seconds is not None and not one.answer),
    )


def _answer(incident: Incident, person: str, notes: list[Notification], start: int) -> Answer:
    mine = [one for one in notes if one.person == person]
    sent = [one for one in mine if one.outcome == "sent"]
    first = min((to_ms(one.at) for one in sent), default=None)
    said = next(
        (
            (to_ms(entry.at), entry.what)
            for entry in incident.timeline
            if entry.who == person and entry.what in _ANSWERS and (first is None or to_ms(entry.at) >= first)
        ),
        None,
    )
    return Answer(
        person=person,
        channels=tuple(dict.fromkeys(one.channel for one in sent)),
        reached_seconds=None if first is None else (first - start) / 1_000,
        answered_seconds=None if said is None or first is None else (said[0] - first) / 1_000,
        answer=said[1] if said else "",
        failures=tuple(dict.fromkeys(f"{one.channel}: {one.reason}".lstrip(": ") for one in mine
                                     if one.outcome in {"failed", "held_back"})),
    )  # fmt: skip


_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "title": "EXERCISE {severity} {brand}, {at} UTC – {state}",
        "scenario": "Scenario: {scenario}",
        "first": "First page: {time}",
        "charge": "Somebody in charge: {time}{limit}",
        "statement": "Statement sent: {time}{limit}",
        "within": " (asked for within {time}: {verdict})",
        "kept": "kept",
        "missed": "missed",
        "open": "not over by then",
        "never": "not so far",
        "after": "after {time}",
        "reached": "{person}: reached after {time} by {channels}, answered {answer}",
        "silent": "{person}: reached after {time} by {channels}, NO ANSWER",
        "unreached": "{person}: NOT REACHED ({why})",
        "answer": "{time} later ({what})",
        "nobody": "Nobody took charge: the last resort was told.",
        "steps": "Steps of the chain: {level}",
    },
    "fr": {
        "title": "EXERCICE {severity} {brand}, {at} UTC – {state}",
        "scenario": "Scénario : {scenario}",
        "first": "Première alerte : {time}",
        "charge": "Prise en charge : {time}{limit}",
        "statement": "Prise de parole : {time}{limit}",
        "within": " (demandé sous {time} : {verdict})",
        "kept": "tenu",
        "missed": "dépassé",
        "open": "délai non écoulé",
        "never": "pas encore",
        "after": "après {time}",
        "reached": "{person} : joint après {time} par {channels}, réponse {answer}",
        "silent": "{person} : joint après {time} par {channels}, SANS RÉPONSE",
        "unreached": "{person} : PAS JOINT ({why})",
        "answer": "{time} plus tard ({what})",
        "nobody": "Personne n'a pris en charge : le dernier recours a été prévenu.",
        "steps": "Étapes de la chaîne : {level}",
        "did acknowledged": "pris en charge",
        "did note": "note",
        "did escalated by hand": "étape suivante appelée à la main",
        "did stable": "stabilisé",
        "did resolved": "terminé",
        "did dismissed": "écarté",
        "did merged": "réuni avec un autre incident",
    },
}


def text_of(found: DrillReport, language: Language) -> str:
    """Return the report in words, for those who took part."""
    from streams.messages.phrases import phrases

    say, said = _WORDS[language], phrases(language)
    at = found.started_at[:16].replace("T", " ")
    lines = [
        say["title"].format(severity=found.severity, brand=found.brand, at=at, state=said.word("state", found.state))
    ]
    if found.scenario:
        lines.append(say["scenario"].format(scenario=found.scenario))
    lines += ["", say["first"].format(time=_after(found.first_page_seconds, say))]
    for key, seconds, deadline in (
        ("charge", found.in_charge_seconds, found.ack_deadline_seconds),
        ("statement", found.statement_seconds, found.response_deadline_seconds),
    ):
        limit = ""
        if deadline is not None:
            taken = found.lasted_seconds if seconds is None else seconds
            verdict = "missed" if taken > deadline else "kept" if seconds is not None else "open"
            limit = say["within"].format(time=_time(deadline), verdict=say[verdict])
        lines.append(say[key].format(time=_after(seconds, say), limit=limit))
    lines += [say["steps"].format(level=found.level), ""]
    for one in found.answers:
        channels = " + ".join(one.channels)
        if one.reached_seconds is None:
            lines.append(say["unreached"].format(person=one.person, why="; ".join(one.failures) or "–"))
        elif one.answered_seconds is None:
            lines.append(say["silent"].format(person=one.person, time=_time(one.reached_seconds), channels=channels))
        else:
            answer = say["answer"].format(
                time=_time(one.answered_seconds), what=say.get(f"did {one.answer}", one.answer)
            )
            lines.append(
                say["reached"].format(
                    person=one.person, time=_time(one.reached_seconds), channels=channels, answer=answer
                )
            )
    if found.nobody_reached:
        lines += ["", say["nobody"]]
    return "\n".join(lines)


def _time(seconds: float) -> str:
    return show_duration(round(max(0.0, seconds)) * 1_000)


def _after(seconds: float | None, say: dict[str, str]) -> str:
    return say["never"] if seconds is None else say["after"].format(time=_time(seconds))
