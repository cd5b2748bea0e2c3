"""Who would have been paged last month: figures from alerts of the past under a policy."""

from __future__ import annotations

from schemas.events import Alert, Command
from schemas.ids import alert_id, fingerprint
from schemas.times import DAY, HOUR, MINUTE, from_ms, parse_iso
from streams.incidents.replayed import at_their_time, compare, night_of, replay
from tests.streams.incidents.language import policy_of
from tests.streams.incidents.policies import policy

MONDAY = parse_iso("2026-03-02T00:00:00Z")
POLICY = policy_of(policy(defaults="{chain: day, timezone: Europe/Paris}"))


def alert(at: int, status: str = "firing", *, brand: str = "acme", severity: str = "L3", onset: int | None = None,
          kind: str = "actual", sequence: int = 1) -> Alert:  # fmt: skip
    key = fingerprint(brand, "negative_spike")
    start = at if onset is None else onset
    return Alert(
        alert_id(key, start), key, sequence, status, "negative_spike", severity, brand, from_ms(start), from_ms(at),  # type: ignore[arg-type]
        kind=kind,  # type: ignore[arg-type]
    )  # fmt: skip


NIGHT = MONDAY + 2 * HOUR  # 3 in the morning in Paris
NOON = MONDAY + 36 * HOUR
PAST = [
    alert(NIGHT),
    alert(NIGHT + 2 * HOUR, "resolved", onset=NIGHT, sequence=2),
    alert(NOON, brand="zenith", severity="L2"),
    alert(NOON + HOUR, "resolved", brand="zenith", onset=NOON, sequence=2),
    alert(NOON, kind="exercise", brand="drilled"),
]
ACK = Command("c1", "ack", "alice", brand="acme", issued_at=from_ms(NIGHT + 3 * MINUTE))


def test_recorded_answers_stop_the_chain_and_are_timed():
    found = replay(POLICY, PAST, [ACK], MONDAY, MONDAY + 3 * DAY)
    first, second = found.incidents
    assert (first.brand, first.paged, first.pages, first.acknowledged_by) == ("acme", ("alice",), 1, "alice")
    assert (first.first_page_seconds, first.ack_seconds) == (0.0, 180.0)
    assert (second.brand, second.acknowledged_by, second.nobody_reached) == ("zenith", "", True)
    assert set(second.paged) == {"alice", "bob", "dora"}
    people = {one.person: one for one in found.people}
    assert people["alice"].nights_woken == 1
    assert people["alice"].answered == 1
    assert people["alice"].ack_seconds == 180.0
    assert people["bob"].nights_woken == 0
    assert people["carol"].pages == 0
    assert found.refused == 0


def test_without_answers_everybody_is_woken():
    found = replay(POLICY, PAST, [ACK], MONDAY, MONDAY + 3 * DAY, "never")
    first = found.incidents[0]
    assert first.nobody_reached
    assert first.ack_seconds is None
    nights = {one.person: one.nights_woken for one in found.people}
    assert (nights["alice"], nights["bob"], nights["dora"]) == (1, 1, 1)
    assert found.commands == 0


def test_an_incident_under_way_at_the_beginning_is_told_and_one_over_by_then_is_not():
    found = replay(POLICY, PAST, [], NIGHT + HOUR, MONDAY + 3 * DAY)
    assert [one.brand for one in found.incidents] == ["acme", "zenith"]
    assert (found.incidents[0].first_page_seconds or 0) > 3_000, "only what lies in the time asked for counts"
    found = replay(POLICY, PAST, [], MONDAY + DAY + 3 * HOUR, MONDAY + 3 * DAY)
    assert [one.brand for one in found.incidents] == ["zenith"]


def test_an_exercise_is_no_past():
    found = replay(POLICY, PAST, [], MONDAY, MONDAY + 3 * DAY)
    assert "drilled" not in {one.brand for one in found.incidents}


def test_an_answer_to_an_incident_of_another_name_finds_it_by_its_brand():
    named = Command("c1", "ack", "alice", incident_id="another", issued_at=None)
    (said,) = at_their_time([(NIGHT + 3 * MINUTE, named)], {"another": "acme"})
    found = replay(POLICY, PAST, [said], MONDAY, MONDAY + 3 * DAY)
    assert found.incidents[0].acknowledged_by == "alice"


def test_two_policies_differ_in_people_nights_and_incidents():
    quiet = policy_of(
        policy(
            defaults="{chain: day, timezone: Europe/Paris, quiet: night}",
            quiet_hours='{night: {up_to: L3, hours: [{from: "22:00", to: "07:00"}]}}',
        )
    )
    past = ([ACK], MONDAY, MONDAY + 3 * DAY, "never")
    found = compare(replay(POLICY, PAST, *past), replay(quiet, PAST, *past))
    rows = {row[0]: row[1:] for row in found.people}
    assert rows["alice"][2:] == (1, 0), "nights woken before and after"
    assert [row[0] for row in found.incidents] == ["acme"]
    same = compare(replay(POLICY, PAST, *past), replay(POLICY, PAST, *past))
    assert (same.people, same.incidents) == ((), ())


def test_a_night_is_named_by_its_evening():
    assert str(night_of(POLICY, "alice", NIGHT)) == "2026-03-01"
    assert str(night_of(POLICY, "alice", MONDAY + 21 * HOUR + 30 * MINUTE)) == "2026-03-02"
    assert night_of(POLICY, "alice", NOON) is None
    assert night_of(POLICY, "channel:room", NIGHT) is None
