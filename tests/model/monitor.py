"""A brand's monitor of a few lines: fires from three mentions a minute, resolves after two quiet minutes.

It stands in for `BrandMonitor`, which needs two days of talk before it says anything, and asks all that it asks of the
engine: closed minutes in order and once, time that passes, a wake-up, early verdicts on figures that only grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from detectors.early import SoFar
from schemas.events import Alert, Window
from schemas.ids import alert_id, fingerprint
from schemas.times import MINUTE, from_ms, to_ms

FIRES = 3
CALM = 2


class SmallMonitor:
    """See the module."""

    def __init__(self, brand: str) -> None:
        self.brand = brand
        self.wake_at: int | None = None
        self._next = 0
        self._starts = 0
        self._sequence = 0
        self._last = 0  # end of the last minute that fired
        self.warm = True
        self._mass = 0  # of all minutes: any lost or doubled row shows in every later alert

    def close(
        self,
        window: Window,
        at: int,
        evidence: Callable[[], list[str]],
        authors: Iterable[int],
        said: Iterable[tuple[int, int]],
        speaker: int,
    ) -> list[Alert]:
        start = to_ms(window.start)
        assert start >= self._next, "a minute closed twice or out of order"
        out = self._pass(start, at)
        self._next = start + MINUTE
        self._mass += window.negative + len(list(authors)) + 7 * len(list(said)) + speaker % 5
        if window.count >= FIRES:
            self._last = start + MINUTE
            out.append(self._alert(start, at, window.count, evidence()))
        self._set_wake()
        return out

    def pass_time(self, closed: int, at: int) -> list[Alert]:
        out = self._pass(closed, at)
        self._set_wake()
        return out

    def let_go(self, _closed: int, at: int) -> list[Alert]:
        return [self._alert(self._starts, at, 0, [], "resolved")] if self._starts else []

    def unheard(self, since: int, until: int, told: Iterable[Alert]) -> None:
        """Nothing here is learnt from whether people heard of it."""

    def _pass(self, now: int, at: int) -> list[Alert]:
        if not self._starts or now < self._last + CALM * MINUTE:
            return []
        ended = self._alert(self._starts, at, 0, [], "resolved")
        ended.ends_at = from_ms(self._last + CALM * MINUTE)
        self._starts = 0
        return [ended]

    def early_bound(self) -> tuple[int, int]:
        return FIRES + 1, 1 << 40

    def early(
        self,
        start: int,
        at: int,
        so_far: SoFar,
        evidence: Callable[[], list[str]],
        said: Iterable[tuple[int, int]],
    ) -> list[Alert]:
        if so_far.mentions < FIRES + 1 or self._starts:
            return []
        self._last = max(self._last, start + MINUTE)
        out = [self._alert(start, at, 0, [])]
        self._set_wake()
        return out

    def _alert(self, start: int, at: int, count: int, evidence: list[str], status: str = "firing") -> Alert:
        if not self._starts:
            self._starts, self._sequence = start, 0
        self._sequence += 1
        return Alert(
            alert_id=alert_id(fingerprint(self.brand, "volume_spike"), self._starts),
            fingerprint=fingerprint(self.brand, "volume_spike"), sequence=self._sequence, status=status,  # type: ignore[arg-type]
            signal="volume_spike", severity="L2", brand=self.brand, starts_at=from_ms(self._starts),
            detected_at=from_ms(at), observed=float(count), score=float(self._mass), evidence=evidence,
        )  # fmt: skip

    def _set_wake(self) -> None:
        self.wake_at = self._last + CALM * MINUTE if self._starts else None

    def dump(self) -> bytes:
        return msgspec.msgpack.encode([self._next, self._starts, self._sequence, self._last, self._mass, self.wake_at])

    @classmethod
    def new(cls, brand: str, _at: int) -> SmallMonitor:
        return cls(brand)

    @classmethod
    def load(cls, brand: str, data: bytes, _at: int) -> SmallMonitor:
        made = cls(brand)
        (made._next, made._starts, made._sequence, made._last, made._mass, made.wake_at) = msgspec.msgpack.decode(data)
        return made
