"""What an alert says: its fields, and its reason as one plain sentence with the numbers."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

from msgspec.structs import replace

from detectors import authenticity, severity
from detectors.book import Live
from detectors.early import EarlyVerdict
from detectors.onset import Gate
from detectors.pace import BLOCK
from detectors.picture import Judgement, Picture
from detectors.reach import counted_of
from detectors.sums import HORIZONS
from detectors.tails import upper
from detectors.text.triggers import Verdict
from schemas import ids
from schemas.events import Alert, AlertStatus, Baseline, Interval, Signal, Vote, Window
from schemas.times import MINUTE, from_ms

MOST_VOTES: Final = 6
MOST_EVIDENCE: Final = 10
HOUR: Final = 3
"""Number of the horizon that a notice without a horizon of its own shows."""
_ACCOUNTS: Final = {
    "media": "a media account",
    "influencer": "an influencer",
    "employee": "an employee's account",
    "official": "the account of another organisation",
    "bot": "an account that looks automated",
}
"""What the author of one post is called; of others no more is known than that."""
BAND: Final = 2.0
"""Standard deviations of what is called no surprise."""


def alert(
    picture: Picture,
    live: Live,
    status: AlertStatus,
    judgement: Judgement,
    score: float,
    votes: list[Vote],
    minute: int,
    delay: int,
    evidence: list[str],
) -> Alert:
    """Return the alert event for `live` as things are when `minute` closes, `delay` ms after its end."""
    k = judgement.k
    brand = picture.brand
    crowd, mass = picture.sums.crowd[k] / 100, picture.sums.mass[k] / 10_000
    totals = picture.sums.totals(k)
    observed, expected = picture.observed(live.signal, k)
    doubling = picture.doubling(k, minute)
    band = Interval(0.0, round(upper(expected, picture.pace.dispersion[k], BAND), 2))
    share = min(1.0, mass / crowd) if crowd else 0.0
    base = picture.settings.runbook_base
    about = picture.trigger(judgement.tellers) if status != "resolved" else Verdict("other", 0.0)
    return Alert(
        alert_id=live.alert_id,
        fingerprint=ids.fingerprint(brand, live.signal),
        sequence=live.sequence,
        status=status,
        signal=live.signal,
        severity=severity.name(live.level),
        brand=brand,
        starts_at=from_ms(live.starts_at),
        detected_at=from_ms((minute + 1) * MINUTE + delay),
        platforms=picture.platforms(),
        window_seconds=HORIZONS[k] * 60,
        observed=round(observed, 3),
        expected=round(expected, 3),
        interval=band if live.signal in {"negative_spike", "volume_spike"} and not is_slow(judgement) else None,
        score=round(score, 3),
        sample_size=totals.mentions,
        baseline=Baseline(picture.pace.minutes * 60, picture.pace.minutes, picture.warm),
        votes=votes,
        severity_terms=shown_points(judgement.points, live.level),
        authenticity=authenticity.assess(totals, judgement.people) if totals.mentions else None,
        drivers=picture.drivers.top(picture.names) if status != "resolved" else [],
        evidence=evidence[:MOST_EVIDENCE],
        negative_share=round(share, 4),
        reach=totals.reach,
        doubling_seconds=round(doubling * 60, 1) if doubling else None,
        trigger=about.trigger,
        trigger_confidence=about.confidence,
        reason=reason(picture, judgement, minute, live.signal),
        suppressed_by=live.suppressed_by,
        runbook_url=base + live.signal if base else None,
        model_version=picture.model_version,
        config_version=picture.config_version,
        replied_at=from_ms(live.replied_at * MINUTE) if live.replied_at else None,
        questions=live.questions,
        replies=live.replies,
        trigger_terms=list(about.terms),
        grave_people=judgement.tellers,
        grave_expected=round(judgement.tellers_expected, 3),
    )


def shown_points(points: dict[str, float], level: int) -> dict[str, float]:
    """Return the points as they are printed: they come to at least what `level` begins at.

    A burst may be a page though other days had its like (`severity.level`): the loss for novelty counts no further then.
    """
    lacks = severity.LEVELS[level - 1] - sum(points.values())
    found = dict(points)
    if found and lacks > 0.0:
        found["novelty"] = found.get("novelty", 0.0) + lacks
    return {name: round(value, 3) for name, value in found.items()}


def public_alert(
    picture: Picture,
    live: Live,
    judgement: Judgement,
    votes: list[Vote],
    minute: int,
    delay: int,
    evidence: list[str],
    news: str,
) -> Alert:
    """Return the `news` of what is said in public between brand and customers; the severity stays what it was, so its terms
    are not those of now.
    """
    found = alert(picture, live, "updated", judgement, 0.0, votes, minute, delay, evidence)
    return replace(found, reason=f"{news} {found.reason}", severity_terms={})


def end_alert(picture: Picture, live: Live, minute: int, delay: int, why: str) -> Alert:
    """Return the all-clear of `live`, for the reason `why`."""
    k = min(live.k, HOUR)
    judgement = Judgement(k, live.level, {}, picture.people(k))
    found = alert(picture, live, "resolved", judgement, 0.0, [], minute, delay, [])
    return replace(found, ends_at=from_ms((minute + 1) * MINUTE), reason=why)


def reach_alert(
    picture: Picture,
    live: Live,
    status: AlertStatus,
    window: Window,
    known: int,
    limit: float,
    minute: int,
    delay: int,
    evidence: list[str],
) -> Alert:
    """Return the alert about one post by a large account; `known` is what the largest of the two weeks before counted for.

    The account that makes an L2 has the points at which L2 begins, and each tenfold in what it counts for is one more.
    """
    counted = counted_of(window)
    score = counted / limit
    most = severity.LEVELS[live.level] - 0.001
    points = min(max(severity.LEVELS[live.level - 1], severity.LEVELS[1] + math.log10(score)), most)
    judgement = Judgement(0, live.level, {"reach": points}, window.authors)
    return replace(
        alert(picture, live, status, judgement, score, [], minute, delay, evidence),
        observed=float(window.top_reach),
        expected=float(known),
        reach=window.top_reach,
        reason=f"A negative post about {picture.brand} by {_account(window, counted)}.",
        author_kind=window.top_kind,
        author_counted=counted,
    )


def _account(window: Window, counted: int) -> str:
    """Return whose post it is: the kind, the followers as they are, and what they count for where that is something else."""
    who = _ACCOUNTS.get(window.top_kind, "an account")
    if not window.top_reach:
        return f"{who} whose followers are not known (taken for {counted:,})"
    text = f"{who} with {window.top_reach:,} followers"
    return text if counted == window.top_reach else f"{text} (they count for {counted:,})"


def silence_alert(picture: Picture, live: Live, status: AlertStatus, minute: int, delay: int, last: int) -> Alert:
    """Return the notice that nobody has spoken since the minute `last`."""
    quiet = minute - last
    missing = picture.pace.slow.get() / BLOCK * quiet
    found = alert(picture, live, status, Judgement(HOUR, 1, {"size": 0.0}, 0), 0.0, [], minute, delay, [])
    return replace(
        found,
        observed=0.0,
        expected=round(missing, 1),
        window_seconds=quiet * 60,
        reason=(
            f"Nobody has mentioned {picture.brand} for {length(quiet)}, where about {missing:,.0f} mentions would be "
            "usual: a silence, or the source has died."
        ),
    )


def early_alert(
    picture: Picture, live: Live, status: AlertStatus, verdict: EarlyVerdict, at: int, evidence: list[str]
) -> Alert:
    """Return the alert of an arrival minute that is still open, known at `at` (epoch ms)."""
    people = verdict.judgement.people
    # It is judged as anger (see `detectors.early`), so that is what is printed.
    points = verdict.judgement.points | {"negativity": max(severity.ANGER, verdict.judgement.points["negativity"])}
    judgement = dataclasses.replace(verdict.judgement, points=points)
    k, usual = judgement.k, picture.pace.share.usual
    share = min(1.0, verdict.angry / people)
    expected = verdict.expected * usual
    if judgement.tellers:
        return _early_grave(picture, live, status, verdict, at, evidence)
    return replace(
        alert(picture, live, status, judgement, verdict.score, [], at // MINUTE, 0, evidence),
        detected_at=from_ms(at),
        observed=round(verdict.angry, 2),
        expected=round(expected, 2),
        interval=Interval(0.0, round(upper(expected, picture.pace.dispersion[k], BAND), 2)),
        sample_size=verdict.seen.mentions,
        authenticity=authenticity.assess(verdict.seen, people),
        doubling_seconds=None,
        negative_share=round(share, 4),
        votes=[Vote(f"early {HORIZONS[k]} min", round(verdict.score, 2), True, "beyond what a whole one could be")],
        reason=(
            f"{_count(people, 'author')} on {picture.brand} within {length(HORIZONS[k])} and still counting, where "
            f"{_number(verdict.expected)} mentions would be usual; the negative share is {share:.0%}, "
            f"usually {usual:.0%}."
        ),
    )


def _early_grave(
    picture: Picture, live: Live, status: AlertStatus, verdict: EarlyVerdict, at: int, evidence: list[str]
) -> Alert:
    judgement, k = verdict.judgement, verdict.judgement.k
    usual = "more people than usual who speak of a grave matter, in minutes of arrival that are over"
    vote = Vote(f"early_grave {HORIZONS[k]} min", round(verdict.score, 2), True, usual)
    return replace(
        alert(picture, live, status, judgement, verdict.score, [], at // MINUTE, 0, evidence),
        detected_at=from_ms(at),
        observed=float(verdict.seen.mentions),
        expected=round(verdict.expected, 2),
        interval=Interval(0.0, round(upper(verdict.expected, picture.pace.dispersion[k], BAND), 2)),
        sample_size=verdict.seen.mentions,
        authenticity=authenticity.assess(verdict.seen, judgement.people),
        doubling_seconds=None,
        votes=[vote],
        reason=(
            f"{_told(judgement)} within {length(HORIZONS[k])}, among at least {_count(verdict.seen.mentions, 'mention')} of "
            f"{picture.brand} that have arrived, where {_number(verdict.expected)} would be usual."
        ),
    )


def _told(judgement: Judgement) -> str:
    speak = "speaks" if judgement.tellers == 1 else "speak"
    who = "person" if judgement.tellers == 1 else "people"
    return f"{judgement.tellers:,} {who} {speak} of a grave matter, usually {_number(judgement.tellers_expected)},"


def is_slow(judgement: Judgement) -> bool:
    """Whether it is hours of evidence: what would be no surprise of the sum of a horizon is not its measure."""
    return judgement.points.get("persistence", 0.0) > 0.0


def reason(picture: Picture, judgement: Judgement, minute: int, signal: str) -> str:
    """Return the sentence that says what was seen and what would not have surprised, in the measure of `signal`."""
    k = judgement.k
    crowd, mass = picture.sums.crowd[k] / 100, picture.sums.mass[k] / 10_000
    mentions = picture.sums.totals(k).mentions
    expected = picture.pace.expected(k)
    text = (
        f"{_count(mentions, 'mention')} of {picture.brand} from about {_count(judgement.people, 'author')} in "
        f"{length(HORIZONS[k])}"
    )
    if signal == "negative_spike":
        usual = expected * picture.pace.share.usual
        text += f", {_number(mass)} of them negative, where {_number(usual)} would be usual"
        if is_slow(judgement):
            hours = length(max(1, minute + 1 - picture.slow.since))
            text += f"; in no hour is it much, but the anger has been adding up for {hours} (slow burn)"
        else:
            text += f" and {_number(upper(usual, picture.pace.dispersion[k], BAND))} no surprise"
    elif signal != "negativity_shift":
        high = upper(expected, picture.pace.dispersion[k], BAND)
        text += f", where {_number(expected)} would be usual and {_number(high)} no surprise"
    if mentions - crowd >= 0.3 * mentions:
        text += f" (copies and repeats count little: {_number(crowd)} in effect)"
    if crowd:
        text += f"; the negative share is {mass / crowd:.0%}, usually {picture.pace.share.usual:.0%}"
    doubling = picture.doubling(k, minute)
    if doubling and doubling <= HORIZONS[k]:
        text += f"; it doubles in {length(max(1, round(doubling)))}"
    if judgement.tellers:
        text = f"{_told(judgement)} among {text}"
    return text + "."


def signal(picture: Picture, gate: Gate, tests: list[Gate], minute: int, delay: int, held: str | None) -> Signal:
    """Return the record of a test that fired or came close."""
    observed, expected = picture.observed(gate.signal, gate.k)
    return Signal(
        brand=picture.brand,
        signal=gate.signal,
        start=from_ms((minute + 1 - HORIZONS[gate.k]) * MINUTE),
        detected_at=from_ms((minute + 1) * MINUTE + delay),
        score=round(gate.score, 3),
        threshold=round(gate.threshold, 3),
        fired=gate.strength >= 1.0,
        observed=round(observed, 2),
        expected=round(expected, 2),
        votes=votes(tests),
        held_back_by=held,
    )


def votes(tests: list[Gate]) -> list[Vote]:
    """Return the strongest tests as votes."""
    best = sorted(tests, key=lambda g: (-g.strength, g.name))[:MOST_VOTES]
    return [Vote(g.name, round(g.score, 2), g.strength >= 1.0, f"fires at {g.threshold:.2f}") for g in best]


def length(minutes: int) -> str:
    """Return a length of time in words."""
    if minutes < 120:
        return _count(minutes, "minute")
    return f"{minutes / 60:.0f} hours" if minutes % 60 == 0 else f"{minutes / 60:.1f} hours"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
