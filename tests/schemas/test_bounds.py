"""What is beyond all measure is said to be so, field by field."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from schemas.bounds import bounded, readable
from schemas.events import Alert, Command

GOOD = {
    "alert_id": "a", "fingerprint": "f", "sequence": 0, "status": "firing", "signal": "reach", "severity": "L2",
    "brand": "acme", "starts_at": "2026-03-03T10:00:00Z", "detected_at": "2026-03-03T10:00:00Z",
}  # fmt: skip


def alert(**change: object) -> Alert:
    return msgspec.json.decode(json.dumps(GOOD | change), type=Alert)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"sequence": 2**64}, "sequence"),
        ({"reach": -(2**63) - 1}, "reach"),
        ({"reach": -1}, "reach"),
        ({"expected": -1.0}, "expected"),
        ({"expected": 1e308}, "expected"),
        ({"severity_terms": {"size": -1e300}}, "severity_terms.size"),
        ({"drivers": [{"kind": "term", "value": "x", "count": 10**400, "weight": 1.0}]}, "drivers[0].count"),
        ({"grave_terms": {"fire": 2**63}}, "grave_terms.fire"),
        ({"ends_at": "0001-01-01T00:00:00+14:00"}, "ends_at"),
        ({"starts_at": "9999-12-31T23:59:59-14:00"}, "starts_at"),
        ({"detected_at": "2100-01-01T00:00:00Z"}, "detected_at"),
        ({"blind": {"since": "1969-12-31T23:59:59Z", "until": "2026-03-03T10:00:00Z"}}, "blind.since"),
        (
            {
                "blind": {
                    "since": "2026-03-03T10:00:00Z", "until": "2026-03-03T10:00:00Z",
                    "missed": [{"signal": "reach", "severity": "L1", "starts_at": "9999-12-31T23:30:00Z"}],
                }
            },
            "blind.missed[0].starts_at",
        ),
    ],
)  # fmt: skip
def test_it_names_the_field(change: dict[str, object], where: str):
    made = alert(**change)
    with pytest.raises(ValueError) as refused:
        bounded(made)
    assert str(refused.value).startswith(f"{where}: ")
    assert readable(json.dumps(GOOD | change).encode(), Alert) is None


def test_what_is_possible_stays_as_it_is_and_times_become_utc():
    made = bounded(
        alert(
            starts_at="2026-03-03T11:00:00+01:00",
            replied_at="2026-03-03T10:05:00",
            severity_terms={"negativity": -0.3},
            score=-1.5,
            interval={"low": -1.0, "high": 2.0},
        )
    )
    assert made.starts_at == datetime(2026, 3, 3, 10, tzinfo=UTC) and made.starts_at.tzinfo is UTC
    assert made.replied_at == datetime(2026, 3, 3, 10, 5, tzinfo=UTC)
    assert made.severity_terms == {"negativity": -0.3} and made.score == -1.5
    with pytest.raises(ValueError, match=r"^issued_at: "):
        bounded(Command("c", "note", "a", issued_at=datetime(1, 1, 1)))


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b"\xff", b"[" * 10_000])
def test_what_is_no_event_is_not_readable(value: bytes | None):
    assert readable(value, Alert) is None
    assert readable(msgspec.json.encode(alert()), Alert) == bounded(alert())
