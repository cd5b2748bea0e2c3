"""Channels fail, people cannot be reached, schedules have holes."""

from __future__ import annotations

from tests.streams.incidents.language import Story, all_clear, at, between, loudest, page, told
from tests.streams.incidents.policies import BASE, policy


def test_a_channel_down_for_an_hour_uses_the_fallback_until_it_is_back():
    with Story(BASE) as story:
        story.down("*", "mail", between(0, 60))
        story.at(0).alert("acme", "L3")
        story.at(1).ack("alice")
        story.expect(at(0), page("alice", "sms"))
        story.at(70).alert("zenith", "L3")
        story.expect(at(70), page("alice", "mail", "zenith"))
        story.never(between(70, 71), page("alice", "sms", "zenith"))


def test_the_all_clear_comes_over_the_channel_that_worked():
    with Story(BASE) as story:
        story.down("alice", "mail", between(0, 0.5))
        story.at(0).alert("acme", "L3")
        story.at(3).resolved("acme")
        story.expect(at(3), all_clear("alice", "sms"))
        story.never(between(0, 60), all_clear("alice", "mail"))


def test_who_was_never_reached_gets_no_all_clear():
    with Story(BASE) as story:
        story.down("alice", "*", between(0, 1))
        story.at(0).alert("acme", "L3")
        story.at(3).resolved("acme")
        story.expect(at(3), all_clear("bob"))
        story.never(between(0, 60), all_clear("alice"))


def test_nobody_can_be_reached_at_all():
    with Story(BASE) as story:
        for person in ("alice", "bob"):
            story.down(person, "*", between(0, 60))
        story.at(0).alert("acme", "L3")
        story.expect(at(0), loudest("dora", "sms"))
        story.expect(at(0), loudest("dora", "phone"))


def test_one_of_two_unreachable_does_not_hurry_the_chain():
    with Story(policy(chains="{day: {steps: [{notify: [alice, bob], wait: 5m}, {notify: [carol]}]}}")) as story:
        story.down("alice", "*", between(0, 60))
        story.at(0).alert("acme", "L3")
        story.never(between(0, 4.9), page("carol"))
        story.expect(at(5), page("carol"))


def test_a_slow_failure_pages_the_next_when_it_is_known():
    with Story(BASE) as story:
        story.takes("alice", "mail", 2)
        story.takes("alice", "sms", 1)
        story.down("alice", "*", between(0, 60))
        story.at(0).alert("acme", "L3")
        story.expect(at(2), page("alice", "sms"))
        story.expect(at(3), page("bob"))


def test_a_failure_after_the_acknowledgement_calls_nobody():
    with Story(BASE) as story:
        story.takes("alice", "mail", 2)
        story.down("alice", "mail", between(0, 60))
        story.at(0).alert("acme", "L3")
        story.at(1).ack("alice")
        story.never(between(0.1, 60), page())


def test_working_hours_choose_the_channel():
    people = (
        '{alice: {timezone: Europe/Paris, hours: [{days: mon-fri, from: "09:00", to: "18:00"}], channels: '
        "[{type: console, name: mail, when: working}, {type: console, name: sms, when: off}]}}"
    )
    with Story(policy(people=people), start="2026-03-03T16:58:00+00:00") as story:
        story.at(0).alert("acme", "L3")
        story.at(3).alert("zenith", "L3")
        story.expect(at(0), page("alice", "mail", "acme"))
        story.expect(at(3), page("alice", "sms", "zenith"))


def test_a_channel_may_be_kept_for_the_worst():
    people = "{alice: {channels: [{type: console, name: phone, from: L4}, {type: console, name: mail}]}}"
    chains = "{crisis: {steps: [{notify: [alice]}]}}"
    with Story(policy(people=people, chains=chains)) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).alert("zenith", "L4")
        story.expect(at(0), page("alice", "mail"))
        story.expect(at(1), page("alice", "phone"))


ROTA = """
duty:
  timezone: Europe/Paris
  rotations: [{people: [alice, bob], start: "2026-03-02", handoff: "09:00", every: 7d}]
  holidays: [{calendar: public, people: [carol]}]
  overrides:
    - {person: dora, from: 2026-03-04T00:00+01:00, to: 2026-03-04T08:00+01:00}
    - {person: bob, instead_of: alice, from: 2026-03-05T00:00+01:00, to: 2026-03-06T00:00+01:00}
"""
ON_DUTY = policy(
    schedules=ROTA, calendars="{public: {days: [2026-03-06]}}", chains='{day: {steps: [{notify: ["schedule:duty"]}]}}'
)


def test_who_is_on_duty_is_asked_when_the_page_goes_out():
    for start, person in {
        "2026-03-03T10:00:00+00:00": "alice",
        "2026-03-04T05:00:00+00:00": "dora",  # an override
        "2026-03-05T12:00:00+00:00": "bob",  # a swap
        "2026-03-06T12:00:00+00:00": "carol",  # a holiday
        "2026-03-09T07:59:00+00:00": "alice",
        "2026-03-09T08:00:00+00:00": "bob",  # hand-over at 09:00 in Paris
        "2026-03-30T06:59:00+00:00": "bob",  # after the change to summer time 09:00 is 07:00 UTC
        "2026-03-30T07:00:00+00:00": "alice",
    }.items():
        with Story(ON_DUTY, start=start) as story:
            story.at(0).alert("acme", "L3")
            story.expect(at(0), page(person), times=1)


STAKEHOLDERS = """
- {name: care, notify: ["role:care"], match: {severity: L3+}, after: 10m, on: [opened, worsened, resolved]}
- {name: management, notify: [dora], match: {severity: L4}, every: 1h}
"""


def test_stakeholders_are_told_when_it_lasts():
    with Story(policy(stakeholders=STAKEHOLDERS)) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).ack("alice")
        story.never(between(0, 9.9), told())
        story.expect(at(10), told("emil"), times=1)
        story.at(20).resolved("acme")
        story.expect(at(20), told("emil", "resolved"))


def test_stakeholders_hear_nothing_of_what_passes_at_once():
    with Story(policy(stakeholders=STAKEHOLDERS)) as story:
        story.at(0).alert("acme", "L3")
        story.at(5).resolved("acme")
        story.never(between(0, 60), told())


def test_management_is_kept_up_to_date_while_it_lives():
    with Story(policy(stakeholders=STAKEHOLDERS), until=300) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).ack("bob")
        story.at(130).resolved("acme", severity="L4")
        story.expect(between(0, 129), told("dora"), times=3)
        story.expect(at(130), told("dora", "resolved"))
        story.never(between(131, 300), told())
