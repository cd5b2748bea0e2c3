"""What a backtest prints: each alert a line, save what the warm-up held back, which is one line a brand."""

from __future__ import annotations

from schemas.events import Alert
from schemas.times import MINUTE, from_ms, parse_iso
from streams.backtest_files import told_once

T0 = parse_iso("2026-03-02T00:00:00Z")


def alert(minute: int, brand: str, held: str | None, severity: str = "L1") -> Alert:
    at = from_ms(T0 + minute * MINUTE)
    status = "suppressed" if held else "firing"
    return Alert(f"{brand}{minute}", brand, 1, status, "volume_spike", severity, brand, at, at, suppressed_by=held)  # type: ignore[arg-type]


def test_what_the_warm_up_held_back_is_one_line_a_brand():
    alerts = [
        alert(1, "kettle", "warm_up"),
        alert(2, "tart", "warm_up"),
        alert(3, "kettle", "warm_up", "L2"),
        alert(4, "kettle", "budget"),
        alert(5, "kettle", "warm_up"),
        alert(6, "kettle", None),
    ]
    told = list(told_once(alerts))
    assert [one.alert_id for one, _ in told] == ["kettle1", "tart2", "kettle4", "kettle6"]
    assert [[one.alert_id for one in more] for _, more in told] == [["kettle3", "kettle5"], [], [], []]
