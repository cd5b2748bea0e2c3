"""An alert in a person's words: what was seen, how bad it is and how sure that is."""

from __future__ import annotations

from datetime import datetime, tzinfo

from schemas.events import Alert, Incident
from streams.messages.page import Line
from streams.messages.phrases import Phrases, clean
from streams.messages.posts import address_of, shown

DOUBT_COPIES = 0.5
DOUBT_LOUDEST = 0.3
DOUBT_YOUNG = 0.5
"""From these shares on a reader is warned: half of it copies, nearly a third of it one author, half of it new accounts."""


def what(say: Phrases, alert: Alert, zone: tzinfo, ended: datetime | None = None) -> list[Line]:
    """Return what was seen, what was expected and since when; `ended`: when it was over, if it is."""
    # The last event of an alert that is over has the figures of its end: calm ones, which would belittle it.
    calm = ended is not None and alert.status == "resolved"
    lines = missed(say, alert, zone)
    lines += [] if calm else [*_grave(say, alert), _seen(say, alert)]
    told = alert.signal in {"negativity_shift", "source_down", "silence"} or is_tone_alone(alert)
    if not (calm or told) and alert.sample_size:
        lines.append(say("what.negative_share", share=say.percent(alert.negative_share)))
    start = say.moment(alert.starts_at, zone)
    delay = (alert.detected_at - alert.starts_at).total_seconds()
    if ended is not None:
        lines.append(say("what.ended", start=start, end=say.since(ended, alert.starts_at, zone)))
    elif delay < 60:
        lines.append(say("what.since_at_once", start=start))
    else:
        lines.append(
            say(
                "what.since",
                start=start,
                detected=say.since(alert.detected_at, alert.starts_at, zone),
                delay=say.duration(delay),
            )
        )
    if alert.doubling_seconds and ended is None:
        lines.append(say("what.doubling", time=say.duration(alert.doubling_seconds)))
    if alert.reach and alert.signal != "reach" and not calm:
        lines.append(say("what.reach_sum", followers=say.count(alert.reach, "follower")))
    if alert.platforms:
        lines.append(say("what.platforms", platforms=say.series([clean(name, 40) for name in alert.platforms])))
    if alert.trigger != "other":
        lines.append(say("what.trigger", trigger=say.word("trigger", alert.trigger)))
    return [Line(line) for line in lines]


def topic(alert: Alert) -> str:
    """Return the word's name for what `alert` is about: its signal, or that many speak of a grave matter."""
    return "grave" if alert.grave_people and alert.signal == "volume_spike" else alert.signal


def test_name(say: Phrases, detector: str) -> str:
    """Return what the test called `detector` (`negative_spike 60 min`) asks, with its horizon."""
    name, _, rest = detector.partition(" ")
    if detector == "slow burn":
        return say("tests.slow")
    span = rest.removesuffix(" min")
    window = say.duration(int(span) * 60) if span.isdecimal() else rest
    return say("test_in", test=say.word("tests", name), window=window) if rest else say.word("tests", name)


def course(alert: Alert, before: Alert | None) -> str:
    """Return the name of an event's status: an update is `worse` only where its severity is above that of the event before."""
    risen = alert.status == "updated" and before is not None and alert.severity > before.severity
    return "worse" if risen else alert.status


def _grave(say: Phrases, alert: Alert) -> list[str]:
    if not alert.grave_people:
        return []
    expected = say.number(alert.grave_expected, 1 if alert.grave_expected < 10 else 0)
    lines = [say("what.grave", speakers=say.count(alert.grave_people, "speaker"), expected=expected)]
    if alert.grave_terms:
        named = [say("driver", value=clean(word, 40), n=say.number(n)) for word, n in alert.grave_terms.items()]
        lines.append(say("what.grave_terms", words=", ".join(named)))
    return lines


def missed(say: Phrases, alert: Alert, zone: tzinfo) -> list[str]:
    """Return that nobody watched for a time, and what happened meanwhile beside this alert."""
    blind = alert.blind
    if blind is None:
        return []
    lines = [say("what.blind", start=say.moment(blind.since, zone), end=say.moment(blind.until, zone))]
    for one in blind.missed[:5]:
        values = {
            "signal": say.word("signal", one.signal),
            "severity": one.severity,
            "start": say.since(one.starts_at, blind.since, zone),
        }
        if one.ended_at is None:
            lines.append(say("what.missed_on", **values))
        else:
            lines.append(say("what.missed", **values, end=say.since(one.ended_at, one.starts_at, zone)))
    return lines


def is_tone_alone(alert: Alert) -> bool:
    """Return whether there is more anger than usual only in that less else is said: the share tells it, the number does not."""
    return alert.signal == "negative_spike" and alert.status != "resolved" and alert.observed <= alert.expected


def _seen(say: Phrases, alert: Alert) -> str:
    window = say.duration(alert.window_seconds)
    key = f"what.{alert.signal}"
    if alert.signal == "reach":
        who = say.word("account", alert.author_kind or "unknown")
        if alert.observed < 1:
            return say(f"{key}_unknown", who=who, counted=say.count(alert.author_counted, "follower"))
        return say(key, who=who, followers=say.count(round(alert.observed), "follower"))
    if alert.signal == "source_down":
        return say(key, window=window)
    if alert.signal == "negativity_shift":
        observed, expected = say.percent(alert.observed), say.percent(alert.expected)
        return say(key, observed=observed, expected=expected, interval=_interval(say, alert))
    noun = "negative" if alert.signal == "negative_spike" else "mention"
    if is_tone_alone(alert):
        mentions = say.count(round(alert.observed), noun)
        return say(f"{key}_share", mentions=mentions, window=window, share=say.percent(alert.negative_share))
    return say(
        key,
        mentions=say.count(round(alert.observed), noun),
        window=window,
        expected=say.number(alert.expected, 1 if alert.expected < 10 else 0),
        interval=_interval(say, alert),
    )


def _interval(say: Phrases, alert: Alert) -> str:
    if alert.interval is None:
        return ""
    share = alert.signal == "negativity_shift"
    low, high = (say.percent(edge) if share else say.number(edge) for edge in (alert.interval.low, alert.interval.high))
    if alert.signal == "silence":
        return say("what.interval_low", low=low)
    if alert.interval.low <= 0:
        return say("what.interval", high=high)
    return say("what.range", low=low, high=high)


def why_severe(say: Phrases, incident: Incident, alert: Alert) -> list[Line]:
    """Return the severity and its terms, the heaviest first."""
    terms = sorted(
        ((name, value) for name, value in alert.severity_terms.items() if abs(value) >= 0.005),
        key=lambda item: (-abs(item[1]), item[0]),
    )
    named = ", ".join(f"{say.word('term', clean(name, 40))} {say.number(value, 2)}" for name, value in terms)
    label = f"{incident.severity} – {say.word('severity', incident.severity)}"
    return [Line(named, label=label)] if named else [Line(label)]


def how_sure(say: Phrases, alert: Alert) -> list[Line]:
    """Return what the verdict rests on and what speaks against it."""
    lines: list[str] = []
    crowd = alert.authenticity
    if alert.sample_size and crowd:
        authors = say.count(crowd.distinct_authors, "author")
        lines.append(say("sure.sample_authors", mentions=say.count(alert.sample_size, "mention"), authors=authors))
    elif alert.sample_size:
        lines.append(say("sure.sample", mentions=say.count(alert.sample_size, "mention")))
    if alert.baseline:
        span = say.duration(alert.baseline.span_seconds)
        lines.append(say("sure.baseline" if alert.baseline.warm else "sure.warm_up", span=span))
    fired = [test_name(say, clean(vote.detector, 40)) for vote in alert.votes if vote.fired]
    if len(fired) == 1:
        lines.append(say("sure.vote", names=fired[0]))
    elif fired:
        lines.append(say("sure.votes", fired=len(fired), all=len(alert.votes), names=say("semicolon").join(fired)))
    if crowd:
        lines.append(say("sure.duplicates", share=say.percent(crowd.duplicate_share)))
        loud = (
            say("sure.loudest", share=say.percent(crowd.loudest_share))
            if crowd.loudest_share
            else say("sure.none_loud")
        )
        lines.append(loud)
        if crowd.young_share is not None:
            lines.append(say("sure.young", share=say.percent(crowd.young_share)))
        young = crowd.young_share or 0.0
        if crowd.duplicate_share >= DOUBT_COPIES or crowd.loudest_share >= DOUBT_LOUDEST or young >= DOUBT_YOUNG:
            lines.append(say("sure.doubt"))
    return [Line(line) for line in lines]


def drivers(say: Phrases, alert: Alert) -> list[Line]:
    """Return the words, links and kinds of author that carry it, on one line."""
    named = []
    for driver in alert.drivers[:8]:
        value = say.word("author_kind", driver.value) if driver.kind == "author_kind" else clean(driver.value, 60)
        if driver.kind == "language":
            value = say("driver_language", value=value)
        named.append(say("driver", value=value, n=say.number(driver.count)))
    return [Line(", ".join(named))] if named else []


def examples(alert: Alert) -> list[Line]:
    """Return at most ten posts, as addresses where those are known."""
    found = []
    for evidence in alert.evidence[:10]:
        address = address_of(evidence)
        found.append(Line(address or shown(evidence), href=address or ""))
    return found


def figures(say: Phrases, alert: Alert) -> str:
    """Return the figures in one short sentence."""
    share = say.percent(alert.negative_share)
    if alert.signal == "reach":
        who = say.word("account", alert.author_kind or "unknown")
        if alert.observed < 1:
            return say("short.figures_reach_unknown", who=who)
        return say("short.figures_reach", who=who, n=say.number(alert.observed))
    if alert.signal in {"negativity_shift", "source_down"} or is_tone_alone(alert):
        return say("short.figures_share", share=share)
    noun = "negative" if alert.signal == "negative_spike" else "mention"
    return say(
        "short.figures",
        n=say.count(round(alert.observed), noun),
        window=say.duration(alert.window_seconds),
        expected=say.number(alert.expected, 1 if alert.expected < 10 else 0),
        share=share,
    )
