"""While nobody watched: after an outage what was missed is told in one alert per brand, not in many stale ones.

That nobody watched is a fact of the log: on a live clock every worker that scores puts a tick into each of its
partitions of `mentions` every second, so two ticks of one partition that lie far apart say that no worker was there.
The minutes between are judged as ever, each at its own time; only what is said about them waits for the later tick,
before which no verdict could have been known. It follows from each source partition's own ticks alone, so it does
not depend on how partitions interleave, nor on when a worker reads.

In a replay ticks are the data's own time and far apart where nobody spoke: there nobody is ever blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas.events import Alert, Blind, Missed
from schemas.times import MINUTE, from_ms

MOST_PASSED: Final = 12
"""Missed alerts that are named; the worst ones, when there were more."""

Gap = tuple[int, int]
"""Two ticks of one partition (epoch ms) between which there was none for too long."""


def merged(gaps: Iterable[Gap]) -> list[Gap]:
    """Return the times covered by `gaps`, in order, overlapping ones as one."""
    out: list[Gap] = []
    for since, until in sorted(gaps):
        if out and since <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], until))
        else:
            out.append((since, until))
    return out


def covers(gap: Gap, boundary: int) -> bool:
    """Whether what was decided at the minute boundary `boundary` (epoch ms) could not be known before the gap's end."""
    return gap[0] < boundary < past(gap)


def past(gap: Gap) -> int:
    """Return the first minute boundary after `gap`, epoch ms."""
    return gap[1] - gap[1] % MINUTE + MINUTE


class Kept(Struct, array_like=True):
    """What waits to be told of one brand; part of its checkpoint."""

    running: dict[str, Alert] = {}
    """The last event of each alert that goes on, or is held back."""
    ended: list[Alert] = []
    """All-clears of alerts that people had heard of before."""
    passed: list[Missed] = []
    """Alerts that came and went."""
    worst: list[Alert] = []
    """The severest event, and the all-clear, of the severest of them: what is told when nothing goes on."""
    first: dict[str, int] = {}
    """The sequence of each alert's first missed event."""
    heard: dict[str, str] = {}
    """The highest severity that an alert that nobody has heard of yet was to be told with."""

    def __bool__(self) -> bool:
        return bool(self.running or self.ended or self.passed)

    def keep(self, alert: Alert) -> None:
        """Take in what was decided while nobody watched."""
        name = alert.alert_id
        self.first.setdefault(name, alert.sequence)
        if alert.status != "resolved":
            self._goes_on(name, alert)
            return
        last = self.running.pop(name, None)
        if self.first[name] > 1:
            self.ended.append(alert)
        elif name in self.heard:
            severity = self.heard.pop(name)
            self._passed(Missed(alert.signal, severity, alert.starts_at, alert.ends_at), last, alert)  # type: ignore[arg-type]
        # What was held back all along has been told by nobody, and is over: its windows and signals are there.

    def _goes_on(self, name: str, alert: Alert) -> None:
        before = self.running.get(name)
        if alert.status != "suppressed":
            self.heard[name] = max(self.heard.get(name, ""), alert.severity)
        if before is None or alert.status != "suppressed" or before.status == "suppressed":
            self.running[name] = alert

    def _passed(self, missed: Missed, last: Alert | None, end: Alert) -> None:
        if last is not None and (not self.worst or last.severity > self.worst[0].severity):
            self.worst = [last, end]
        self.passed.append(missed)
        self.passed.sort(key=lambda one: (one.severity, one.starts_at), reverse=True)
        del self.passed[MOST_PASSED:]

    def last_words(self, ended: Iterable[Alert], gap: Gap) -> list[Alert]:
        """Return the all-clears of alerts that people had heard of before `gap`: the brand leaves within it.

        `ended` are those that its leaving brings about. Of what began and went on unheard nobody is told any more.
        """
        for alert in ended:
            self.keep(alert)
        return [_at(alert, gap) for alert in self.ended]

    def tell(self, gap: Gap) -> list[Alert]:
        """Return what is said at the end of `gap`: at most one alert that may page, besides all-clears and what is held back."""
        out = [_at(alert, gap) for alert in self.ended]
        out += [_at(alert, gap) for alert in self.running.values() if alert.status == "suppressed"]
        live = [alert for alert in self.running.values() if alert.status != "suppressed"]
        passed = sorted(self.passed, key=lambda one: (one.starts_at, one.signal))
        if live:
            lead = max(live, key=lambda one: (one.severity, _ORDER.index(one.signal), one.alert_id))
            others = [Missed(a.signal, a.severity, a.starts_at, None) for a in _ordered(live) if a is not lead]
            blind = Blind(from_ms(gap[0]), from_ms(gap[1]), [*others, *passed])
            told = self.first[lead.alert_id] > 1
            status = "updated" if told else "firing"
            out.append(replace(_at(lead, gap), status=status, blind=blind, reason=_reason(lead, blind, over=False)))
        elif self.worst:
            event, end = self.worst
            blind = Blind(from_ms(gap[0]), from_ms(gap[1]), passed)
            reason = _reason(event, blind, over=True)
            # Nothing goes on: nobody is woken for it, but it stands in the next digest.
            out.append(replace(_at(event, gap), status="firing", severity="L1", blind=blind, reason=reason))
            out.append(replace(_at(end, gap), severity="L1", blind=blind))
        return out


_ORDER: Final = ("source_down", "silence", "reach", "volume_spike", "negativity_shift", "negative_spike")
"""Of two alerts that are equally bad the later one here speaks."""


def _ordered(alerts: Sequence[Alert]) -> list[Alert]:
    return sorted(alerts, key=lambda one: (one.starts_at, one.alert_id))


def _at(alert: Alert, gap: Gap) -> Alert:
    """Return `alert` as known at the end of `gap`: no verdict on these minutes could be known before."""
    return replace(alert, detected_at=from_ms(gap[1]))


def _reason(alert: Alert, blind: Blind, *, over: bool) -> str:
    text = f"Nobody watched from {blind.since:%H:%M} to {blind.until:%H:%M} UTC on {blind.until:%-d %B %Y}."
    if over:
        text += " Nothing goes on now, but meanwhile there was:"
    else:
        text += f" Since {alert.starts_at:%H:%M} there has been, and still is, {_named(alert.severity, alert.signal)}"
        text += "; also:" if blind.missed else ". "
    if blind.missed:
        text += f" {'; '.join(_line(one) for one in blind.missed)}. "
    return text + alert.reason


def _line(one: Missed) -> str:
    end = f" to {one.ended_at:%H:%M}" if one.ended_at is not None else ", going on"
    return f"{_named(one.severity, one.signal)}, {one.starts_at:%H:%M}{end}"


def _named(severity: str, signal: str) -> str:
    return f"{severity} {signal.replace('_', ' ')}"


def dump(kept: Kept) -> bytes:
    """Return `kept` as bytes; nothing for nothing."""
    return msgspec.msgpack.encode(kept) if kept else b""


def load(data: bytes) -> Kept:
    """Return what `dump` wrote."""
    return msgspec.msgpack.decode(data, type=Kept) if data else Kept()
