"""Who is on duty, and when nobody is."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from schemas.times import DAY, iso, parse_iso
from streams.errors import UserError
from streams.policy.calendars import days_of
from streams.policy.load import read_policy
from streams.policy.model import Policy
from streams.policy.schedules import changes, holes, on_duty

HEAD = """
people:
  alice: {channels: [{type: console}]}
  bob: {channels: [{type: console}]}
  carol: {channels: [{type: console}]}
chains: {day: {steps: [{notify: ["schedule:duty"]}]}}
defaults: {chain: day, timezone: Europe/Paris}
schedules:
  duty:
"""
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:1
SUMMARY:New Year
DTSTART;VALUE=DATE:20200101
DTEND;VALUE=DATE:20200102
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Works outing
DTSTART;VALUE=DATE:20260706
DTEND;VALUE=DATE:20260708
END:VEVENT
END:VCALENDAR
"""


def rota(text: str, folder: Path | None = None, more: str = "") -> Policy:
    policy, problems = read_policy(HEAD + text + more, folder)
    assert policy, problems
    assert not [problem for problem in problems if problem.level == "error"], problems
    return policy


def duty(policy: Policy, at: str) -> str:
    return ", ".join(on_duty(policy, "duty", parse_iso(at)).people)


WEEKLY = "    rotations: [{people: [alice, bob, carol], start: 2026-01-05, handoff: '09:00', every: 7d}]\n"


def test_weeks_in_turn():
    policy = rota(WEEKLY)
    assert [duty(policy, f"2026-01-{day:02d}T12:00:00Z") for day in (5, 12, 19, 26)] == [
        "alice",
        "bob",
        "carol",
        "alice",
    ]


def test_the_hand_over_keeps_its_time_of_day_in_summer():
    policy = rota(WEEKLY)
    assert (duty(policy, "2026-01-12T07:59:59Z"), duty(policy, "2026-01-12T08:00:00Z")) == ("alice", "bob")
    assert (duty(policy, "2026-07-13T06:59:59Z"), duty(policy, "2026-07-13T07:00:00Z")) == ("carol", "alice")


def test_before_the_first_turn_nobody():
    assert duty(rota(WEEKLY), "2026-01-05T07:59:59Z") == ""


def test_half_days():
    policy = rota("    rotations: [{people: [alice, bob], start: 2026-01-05, handoff: '08:00', every: 12h}]\n")
    assert [duty(policy, f"2026-01-06T{hour:02d}:00:00+01:00") for hour in (7, 8, 19, 20)] == [
        "bob",
        "alice",
        "alice",
        "bob",
    ]


def test_the_last_rotation_that_has_somebody_counts():
    policy = rota(
        "    rotations:\n"
        "      - {people: [alice], start: 2026-01-05, every: 7d}\n"
        "      - {people: [bob], start: 2026-01-05, hours: [{days: 'sat, sun', from: '00:00', to: '24:00'}]}\n"
    )
    assert (duty(policy, "2026-01-09T12:00:00Z"), duty(policy, "2026-01-10T12:00:00Z")) == ("alice", "bob")


def test_a_swap_goes_both_ways():
    policy = rota(
        WEEKLY + "    overrides:\n"
        "      - {person: alice, instead_of: bob, from: 2026-01-01T00:00+01:00, to: 2026-02-01T00:00+01:00}\n"
    )
    assert [duty(policy, f"2026-01-{day:02d}T12:00:00Z") for day in (5, 12, 19)] == ["bob", "alice", "carol"]


def test_an_override_wins_over_a_holiday(tmp_path: Path):
    (tmp_path / "public.ics").write_text(ICS)
    policy = rota(
        WEEKLY
        + "    holidays: [{calendar: public, people: [carol]}]\n"
        + "    overrides: [{person: bob, from: 2027-01-01T12:00+01:00, to: 2027-01-02T00:00+01:00}]\n",
        tmp_path,
        "calendars: {public: {file: public.ics}}\n",
    )
    assert (duty(policy, "2027-01-01T10:00:00+01:00"), duty(policy, "2027-01-01T13:00:00+01:00")) == ("carol", "bob")
    assert duty(policy, "2026-07-07T23:30:00+02:00") == "carol"  # the second day of two
    assert on_duty(policy, "duty", parse_iso("2026-07-08T00:30:00+02:00")).reason == "rotation 1, turn 27"
    assert on_duty(policy, "duty", parse_iso("2027-01-01T10:00:00+01:00")).reason == "holiday (public)"


def test_holidays_repeat_every_year(tmp_path: Path):
    (tmp_path / "public.ics").write_text(ICS)
    found = days_of(tmp_path / "public.ics")
    assert {"2020-01-01", "2026-01-01", "2045-01-01", "2026-07-06", "2026-07-07"} <= set(found)
    assert "2026-07-08" not in found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello", "is no iCalendar file that can be read"),
        (ICS.replace("DTSTART;VALUE=DATE:20200101\n", ""), "DTSTART"),
        (ICS.replace("FREQ=YEARLY", "FREQ=SOMETIMES"), "is no iCalendar file that can be read"),
        ("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n", "has no event between 2006 and 2046"),
    ],
)
def test_a_calendar_that_cannot_be_read(tmp_path: Path, text: str, why: str):
    (tmp_path / "x.ics").write_text(text)
    with pytest.raises(UserError, match=why):
        days_of(tmp_path / "x.ics")


def test_a_hole_is_named_to_the_minute():
    policy = rota(
        "    rotations: [{people: [alice], start: 2026-01-05, hours: [{days: mon-fri, from: '08:00', to: '20:30'}]}]\n"
        "    overrides: [{person: bob, from: 2026-03-06T20:30+01:00, to: 2026-03-09T08:00+01:00}]\n"
    )
    first = parse_iso("2026-03-05T12:00:00Z")
    found = holes(policy, "duty", first, first + 5 * DAY)
    assert [(iso(hole.start), iso(hole.end)) for hole in found] == [
        ("2026-03-05T19:30:00Z", "2026-03-06T07:00:00Z"),
        ("2026-03-09T19:30:00Z", "2026-03-10T07:00:00Z"),
    ]


def test_between_two_changes_the_answer_stays():
    policy = rota(WEEKLY + "    overrides: [{person: bob, from: 2026-01-07T20:13+01:00, to: 2026-01-08T00:00+01:00}]\n")
    first = parse_iso("2026-01-05T10:00:00Z")
    times = changes(policy, "duty", first, first + 20 * DAY)
    for begin, end in pairwise(times):
        answers = {on_duty(policy, "duty", at).people for at in range(begin, end, 1_800_000)}
        assert len(answers) == 1
