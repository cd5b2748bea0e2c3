"""Why nothing fired, or nobody was paged, around a time: what was there, and which of the known reasons hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from detectors.authenticity import crowd
from detectors.hindsight import PAGE, Hindsight, tell
from detectors.look import Look, settled
from detectors.reach import counted_of
from detectors.settings import MonitorSettings
from detectors.severity import LEVELS, MILD
from schemas.events import Alert, Blind, Signal, Window
from schemas.times import HOUR, MINUTE, iso, to_ms
from streams import wiring
from streams.errors import UserError
from streams.explain.bins import Bin, gather, width_of
from streams.explain.log import Log, span_of

BEFORE: Final = 4 * HOUR
AFTER: Final = 2 * HOUR
"""Shown in the plot around the time asked for (ms)."""
COLUMNS: Final = 60
NEGATIVE_POST: Final = 5_000
"""P(negative) in 1/10,000 from which one post is called negative."""
LITTLE: Final = 0.3
LEAST_LOST: Final = 5.0
"""Part of a minute's mentions, and how many, that must count for nothing before that is told."""
FIRED: Final = frozenset({"firing", "updated"})


class Loudest(Struct, frozen=True):
    """The largest account with a negative post."""

    followers: int
    """What they count for."""
    limit: int


class Counted(Struct, frozen=True):
    """How many mentions a minute had, and how many they count for."""

    minute: int
    """Its start, epoch ms."""
    mentions: int
    crowd: float


class Missed(Struct, frozen=True):
    """The answer: figures, and the reasons as codes (`streams.explain.words` says them)."""

    brand: str
    at: int
    """Epoch ms."""
    since: int
    until: int
    """What was looked at."""
    reasons: list[str]
    look: Look | None
    """The strongest moment; None where nobody spoke."""
    paged: list[Alert]
    """Alerts that did fire meanwhile."""
    held: list[Alert]
    """Alerts that were held back meanwhile."""
    told: list[Alert]
    """The onsets of alerts that were going on already."""
    blind: list[Alert]
    """What was told at the end of an outage that covers the time."""
    silent: list[Alert]
    """Notices of silence that cover the time."""
    signals: list[Signal]
    """Verdicts that fired or came close."""
    before: int | None
    after: int | None
    """Last and next minute with mentions, where nobody spoke (epoch ms)."""
    loudest: Loudest | None
    counted: Counted | None
    """Told where copies and repeats make much of it."""
    bins: list[Bin]
    settings: MonitorSettings


def missed(log: Log, at: int, within: int) -> Missed:
    """Return why nothing fired from `at` - `within` to `at` + `within` (epoch ms); raises UserError.

    The log says what happened; the brand's minutes are told to a monitor once more to say why.
    """
    if not log.windows:
        raise UserError(f"--missed: {log.brand}: no minute of it has closed so far; is a worker running, or is it new?")
    first, last = span_of(log.windows)
    if not first - within <= at <= last + within + HOUR:
        nearest = first if at < first else last
        raise UserError(
            f"--at: {iso(at)} lies outside what is known of {log.brand}, {iso(first)} to {iso(last)}; the nearest is {iso(nearest)}"
        )
    since, until = (at - within) // MINUTE * MINUTE, (at + within) // MINUTE * MINUTE + MINUTE
    settings = monitor_settings(log)
    eye = Hindsight(log.brand, settings, since, until)
    lateness = log.settings.lateness_ms
    for _ in tell(eye, log.windows, max(until, at + AFTER), lateness):
        pass
    look = max(eye.looks, key=lambda one: (round(one.strength, 6), one.minute), default=None)
    # An alert may be known a few minutes after the time that it is about.
    late = until + lateness + MINUTE
    inside = [alert for alert in log.alerts if since <= to_ms(alert.detected_at) < late]
    spoken = [window for window in log.windows if since <= to_ms(window.start) < until]
    found = Missed(
        brand=log.brand,
        at=at,
        since=since,
        until=until,
        reasons=[],
        look=settled(look) if look else None,
        paged=_worst(a for a in inside if a.status in FIRED),
        held=_worst(a for a in inside if a.status == "suppressed"),
        told=_going_on(log.alerts, since),
        blind=[a for a in log.alerts if a.blind and a.status != "resolved" and _in(a.blind, since, until)],
        silent=[a for a in _going_on(log.alerts, at, quiet=True) if a.signal == "silence"],
        signals=[s for s in log.signals if since <= to_ms(s.detected_at) < late],
        before=max((to_ms(w.start) for w in log.windows if to_ms(w.start) < since), default=None),
        after=min((to_ms(w.start) for w in log.windows if to_ms(w.start) >= until), default=None),
        loudest=_loudest(spoken, settings),
        counted=_counted(spoken),
        bins=_bins(log, eye, at),
        settings=settings,
    )
    found.reasons.extend(_reasons(found, spoken=bool(spoken)))
    return found


def monitor_settings(log: Log) -> MonitorSettings:
    """Return what the brand's monitor was told."""
    known = {brand.name: brand for brand in log.settings.brands}
    return wiring.monitor_settings(log.settings, known.get(log.brand))


def _going_on(alerts: Sequence[Alert], at: int, *, quiet: bool = False) -> list[Alert]:
    """Return, for each alert that was live at `at`, its last event before; silences only when asked for."""
    last: dict[str, Alert] = {}
    for alert in alerts:
        if to_ms(alert.detected_at) < at:
            last[alert.alert_id] = alert
    live = (one for one in last.values() if one.status != "resolved")
    return [one for one in live if quiet or (one.signal != "silence" and one.status in FIRED)]


def _in(blind: Blind, since: int, until: int) -> bool:
    return to_ms(blind.since) < until and since < to_ms(blind.until)


def _worst(alerts: Iterable[Alert]) -> list[Alert]:
    """Return one event of each alert: the first of its highest severity."""
    found: dict[str, Alert] = {}
    for alert in alerts:
        if alert.alert_id not in found or alert.severity > found[alert.alert_id].severity:
            found[alert.alert_id] = alert
    return list(found.values())


def _counted(windows: Sequence[Window]) -> Counted | None:
    """Return the minute that lost most to copies and repeats, where that is worth telling."""
    lost = max(windows, key=lambda w: (w.count - crowd(w) / 100, w.start), default=None)
    if lost is None or lost.count - crowd(lost) / 100 < max(LEAST_LOST, LITTLE * lost.count):
        return None
    return Counted(to_ms(lost.start), lost.count, round(crowd(lost) / 100, 1))


def _loudest(windows: Sequence[Window], settings: MonitorSettings) -> Loudest | None:
    negative = [counted_of(window) for window in windows if window.top_negative >= NEGATIVE_POST]
    limit = round(settings.reach_followers / settings.sensitivity)
    return Loudest(max(negative), limit) if negative and max(negative) >= limit // 5 else None


def _bins(log: Log, eye: Hindsight, at: int) -> list[Bin]:
    first, last = span_of(log.windows)
    start, end = max(at - BEFORE, first - HOUR), min(at + AFTER, max(last + HOUR, at + HOUR))
    return gather(log.windows, eye.usual, start, end, width_of(end - start, COLUMNS))


def _reasons(found: Missed, *, spoken: bool) -> list[str]:
    """Return the codes of the reasons that hold, the weightiest first."""
    codes = [name for name in ("blind", "paged", "held", "told", "silent") if getattr(found, name)]
    if not spoken:
        return [*codes, "nothing_said"]
    look = found.look
    if look is None:  # pragma: no cover - a minute with mentions is always looked at
        return codes
    codes.append("seen")
    if any(alert.severity >= "L2" for alert in found.paged):
        return codes  # it did page: why is another question
    if not look.warmth.warm:
        codes.append("warm_up")
    if look.campaign is not None:
        codes.append("campaign")
    if look.pages >= look.budget:
        codes.append("budget")
    codes.append("test_fired" if look.strength >= 1.0 else "below")
    if look.strength < 1.0:
        codes.append("to_fire")
    if found.counted is not None:
        codes.append("counted")
    if look.level < PAGE:
        codes += _why_no_page(look)
    if look.level < PAGE or look.strength < 1.0:
        codes.append("to_page")
    if found.loudest is not None:
        codes.append("loudest")
    if any(signal.held_back_by for signal in found.signals):
        codes.append("signal_held")
    return codes


def _why_no_page(look: Look) -> list[str]:
    codes = ["points"] if sum(look.points.values()) < LEVELS[1] else []
    if look.tellers_needed:  # calm talk of a grave matter may page, if enough people tell it
        if look.tellers < look.tellers_needed:
            codes.append("tellers")
    elif look.people < look.people_needed:
        codes.append("people")
    if look.points["negativity"] < MILD and not look.tellers_needed:
        codes.append("milder")
    if look.points["novelty"] < 0:
        codes.append("known")
    if look.points["authenticity"] < 0:
        codes.append("copies")
    return codes
