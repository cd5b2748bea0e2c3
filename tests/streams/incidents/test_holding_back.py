"""What is held back, for whom, until when – and that it is said."""

from __future__ import annotations

from typing import Any

import pytest

from streams.incidents import turn
from streams.policy.labels import Labels, labels_of
from tests.streams.incidents.language import Story, all_clear, anything, at, between, held, in_digest, loudest, page
from tests.streams.incidents.policies import BASE, policy

NIGHT = '{night: {up_to: L2, hours: [{from: "21:00", to: "07:00"}]}}'
PARIS = "{timezone: Europe/Paris, quiet: night}"


def test_a_silence_holds_back_and_its_end_pages():
    with Story(BASE) as story:
        story.at(0).command("silence", "bob", matchers={"severity": "L1,L2"}, minutes=30, reason="campaign")
        story.at(5).alert("acme", "L2")
        story.expect(at(5), held("alice", "silenced by bob until 2026-03-03T10:30:00Z: campaign"))
        story.never(between(0, 29.9), page())
        story.expect(at(30), page("alice"))


def test_a_silence_does_not_hold_what_it_does_not_name():
    with Story(BASE) as story:
        story.at(0).command("silence", "bob", brand="acme", matchers={"severity": "L1,L2"}, minutes=30)
        story.at(1).alert("acme", "L3").alert("zenith", "L2")
        story.expect(at(1), page("alice", brand="acme"))
        story.expect(at(1), page("alice", brand="zenith"))


def test_worse_than_the_silence_pages_at_once():
    with Story(BASE) as story:
        story.at(0).command("silence", "bob", matchers={"severity": "L1,L2"}, minutes=30)
        story.at(1).alert("acme", "L2")
        story.at(4).worse("acme", "L3")
        story.expect(at(4), page("alice"))


def test_a_silence_in_mid_chain_stops_it_and_its_end_goes_on_with_the_next():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).command("silence", "bob", minutes=20)
        story.never(between(2, 21.9), page())
        story.expect(at(22), page("bob"))


def test_a_silence_quietens_the_last_resort_and_its_end_rouses_it_again():
    with Story(BASE, until=300) as story:
        story.at(0).alert("acme", "L3")
        story.at(31).command("silence", "bob", minutes=60)
        story.never(between(31, 90.9), loudest())
        story.expect(at(91), loudest("dora"))


def test_a_silence_of_the_policy_that_begins_in_mid_chain():
    silence = "[{match: {brand: acme}, author: bob, reason: move, from: 2026-03-03T10:03Z, to: 2026-03-03T10:30Z}]"
    with Story(policy(silences=silence.replace("Z", "+00:00"))) as story:
        story.at(0).alert("acme", "L3")
        story.never(between(1, 29.9), page())
        story.expect(at(30), page("bob"))


def test_escalate_now_is_stronger_than_a_silence():
    with Story(BASE) as story:
        story.at(0).command("silence", "bob", minutes=60)
        story.at(1).alert("acme", "L3")
        story.at(2).command("escalate", "alice", note="this one is real")
        story.expect(at(2), page("alice"))


def test_a_deadline_does_not_break_quiet_hours():
    text = policy(quiet_hours=NIGHT, defaults=PARIS, severities="{L2: {ack: 10m}}")
    with Story(text, start="2026-03-03T22:00:00+00:00", until=500) as story:
        story.at(0).alert("acme", "L2")
        story.never(between(0, 479), page())
        story.expect(at(480), page("alice"))


def test_unsilence_pages_at_once():
    with Story(BASE) as story:
        story.at(0).command("silence", "bob", minutes=60, command_id="s1")
        story.at(1).alert("acme", "L3")
        story.at(7).command("unsilence", "alice", into="s1", brand=None)
        story.expect(at(7), page("alice"))


def test_over_before_the_silence_is():
    with Story(BASE) as story:
        story.at(0).command("silence", "bob", minutes=60)
        story.at(1).alert("acme", "L3")
        story.at(20).resolved("acme")
        story.never(between(0, 200), page())
        story.never(between(0, 200), all_clear())


def test_a_silence_of_everything_is_refused():
    with Story(BASE) as story:
        story.at(0).command("silence", "bob", brand=None)
    assert "has to name something" in story.refused[0].reason


def test_a_silence_in_the_policy():
    silence = (
        "[{match: {brand: acme}, author: bob, reason: move, from: 2026-03-03T09:00+00:00, to: 2026-03-03T10:30+00:00}]"
    )
    with Story(policy(silences=silence)) as story:
        story.at(0).alert("acme", "L4")
        story.never(between(0, 29.9), page())
        story.expect(at(30), page("bob"))


def test_a_campaign_holds_up_to_its_severity_and_not_beyond():
    window = "[{name: launch, match: {brand: acme}, up_to: L2, from: 2026-03-03T10:00Z, to: 2026-03-03T12:00Z}]"
    with Story(policy(maintenance=window.replace("Z", "+00:00"))) as story:
        story.at(1).alert("acme", "L2")
        story.expect(at(1), held("alice", "maintenance launch"))
        story.at(10).worse("acme", "L3")
        story.expect(at(10), page("alice"))
        story.never(between(0, 9.9), page())


def test_weekly_maintenance():
    window = '[{name: contest, match: {brand: acme}, hours: [{days: tue, from: "10:00", to: "11:00"}]}]'
    with Story(policy(maintenance=window)) as story:  # 3 March 2026 is a Tuesday
        story.at(1).alert("acme", "L2")
        story.never(between(0, 59.9), page())
        story.expect(at(60), page("alice"))


def test_quiet_hours_deliver_in_the_morning():
    with Story(policy(quiet_hours=NIGHT, defaults=PARIS), start="2026-03-03T22:00:00+00:00", until=800) as story:
        story.at(0).alert("acme", "L2")  # 23:00 in Paris
        story.expect(at(0), held("alice", "quiet hours until 2026-03-04T06:00:00Z"))
        story.never(between(0, 479), page())
        story.expect(at(480), page("alice"))
        story.expect(at(485), page("bob"))


def test_quiet_hours_do_not_hold_what_is_worse():
    with Story(policy(quiet_hours=NIGHT, defaults=PARIS), start="2026-03-03T22:00:00+00:00") as story:
        story.at(0).alert("acme", "L2")
        story.at(30).worse("acme", "L3")
        story.expect(at(30), page("alice"))


def test_quiet_hours_on_the_night_to_summer_time():
    # 29 March 2026: the clocks in Paris skip from 02:00 to 03:00, 07:00 comes an hour sooner.
    with Story(policy(quiet_hours=NIGHT, defaults=PARIS), start="2026-03-28T22:00:00+00:00", until=800) as story:
        story.at(0).alert("acme", "L2")
        story.never(between(0, 419), page())
        story.expect(at(420), page("alice"))


def test_quiet_hours_that_end_in_the_skipped_hour_end_at_the_change():
    night = '{night: {up_to: L2, hours: [{from: "21:00", to: "02:30"}]}}'
    with Story(policy(quiet_hours=night, defaults=PARIS), start="2026-03-28T22:00:00+00:00", until=800) as story:
        story.at(0).alert("acme", "L2")
        story.expect(at(180), page("alice"))  # 01:00 UTC, the change


def test_one_sleeps_the_other_is_paged():
    chains = "{day: {steps: [{notify: [alice, bob], wait: 5m}]}}"
    people = "{bob: {quiet: none, roles: [communication], channels: [{type: console}]}}"
    text = policy(quiet_hours=NIGHT, defaults=PARIS, chains=chains, people=people)
    with Story(text, start="2026-03-04T05:58:00+00:00") as story:
        story.at(0).alert("acme", "L2")
        story.expect(at(0), page("bob"))
        story.expect(at(2), page("alice"), times=1)


def test_who_was_over_before_morning_is_not_told_at_all():
    with Story(policy(quiet_hours=NIGHT, defaults=PARIS), start="2026-03-03T22:00:00+00:00", until=800) as story:
        story.at(0).alert("acme", "L2")
        story.at(60).resolved("acme", severity="L2")
        story.never(between(0, 800), page())
        story.never(between(0, 800), all_clear())


def test_inhibition_while_the_sector_is_in_crisis():
    brands = "{acme: {labels: {sector: air}}, zenith: {labels: {sector: air}}, nimbus: {labels: {sector: food}}}"
    inhibit = "[{name: sector, source: {severity: L4}, target: {severity: [L1, L2]}, equal: [sector]}]"
    with Story(policy(brands=brands, inhibit=inhibit)) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).alert("zenith", "L2").alert("nimbus", "L2")
        story.expect(at(1), held("alice", "inhibited by the incident of acme (L4)"))
        story.expect(at(1), page("alice", brand="nimbus"))
        story.never(between(1, 29), page("alice", brand="zenith"))
        story.at(30).resolved("acme", severity="L4")
        story.expect(at(30), page("alice", brand="zenith"))


def test_two_crises_do_not_silence_each_other():
    brands = "{acme: {labels: {sector: air}}, zenith: {labels: {sector: air}}}"
    inhibit = "[{source: {severity: L3+}, target: {severity: L3+}, equal: [sector]}]"
    with Story(policy(brands=brands, inhibit=inhibit)) as story:
        story.at(0).alert("acme", "L4").alert("zenith", "L4")
        story.expect(at(0), page("bob", brand="acme"))
        story.expect(at(0), page("bob", brand="zenith"))


def test_a_page_cap_goes_to_the_next_and_says_so():
    with Story(policy(defaults="{pages_per_hour: 2}")) as story:
        for number, brand in enumerate(("acme", "zenith", "nimbus")):
            story.at(number).alert(brand, "L2")
            story.at(number + 0.5).ack("alice", brand=brand)
        story.expect(at(2), held("alice", "page cap: 2 pages in the last hour, 2 allowed"))
        story.expect(at(2), page("bob", brand="nimbus"))


def test_l4_is_never_held_back_by_a_cap():
    with Story(policy(defaults="{pages_per_hour: 1}")) as story:
        for brand in ("acme", "zenith", "nimbus"):
            story.at(1).alert(brand, "L4")
            story.expect(at(1), page("bob", brand=brand))


def test_caps_alone_are_no_reason_for_the_loudest():
    with Story(policy(defaults="{pages_per_week: 0}")) as story:
        story.at(0).alert("acme", "L2")
        story.never(between(0, 60), loudest())
        story.expect(at(0), held("bob", "page cap"))
    assert story.incident().suppressed_by == "page caps"


def test_a_cap_is_lifted_by_time():
    with Story(policy(defaults="{pages_per_hour: 1}", chains="{day: {steps: [{notify: [alice]}]}}")) as story:
        story.at(0).alert("acme", "L2")
        story.at(1).ack("alice")
        story.at(60).alert("zenith", "L2")
        story.expect(at(60), page("alice", brand="zenith"))


def test_little_things_are_told_together():
    digests = '[{notify: [alice, bob], up_to: L1, at: ["10:30"]}]'
    with Story(policy(digests=digests)) as story:
        story.at(0).alert("acme", "L1").alert("zenith", "L1")
        story.never(between(0, 60), page())
        story.expect(at(30), in_digest("alice"), times=1)
        story.expect(at(30), in_digest("bob"), times=1)
    (context,) = [one.context for one in story.seen if one.notification.person == "bob" and one.what == "deliver"]
    assert context
    assert [context.incident.brand, *(other.brand for other in context.others)] == ["acme", "zenith"]


def test_what_worsens_leaves_the_digest():
    with Story(policy(digests='[{notify: [alice], up_to: L1, at: ["10:30"]}]')) as story:
        story.at(0).alert("acme", "L1")
        story.at(5).worse("acme", "L3")
        story.expect(at(5), page("alice"))
        story.never(between(5.1, 9.9), anything)
        story.at(6).ack("alice")
        story.never(between(6, 60), in_digest())


def test_an_exercise_does_not_disturb_the_real_thing():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2")
        story.at(1).alert("acme", "L4", kind="exercise")
        story.expect(at(1), page("carol"))
        story.expect(at(5), page("bob"))
    kinds = {(incident.kind, incident.severity) for _, incident in story.incidents}
    assert kinds == {("actual", "L2"), ("exercise", "L4")}
    assert all(one.notification.kind == "exercise" for one in story.seen if one.notification.person == "carol")


def test_a_storm_under_a_rule_of_inhibition_asks_for_few_labels(monkeypatch: pytest.MonkeyPatch):
    """Given 200 live incidents and a rule, an alert more asks for the labels of those that have changed."""
    asked = 0

    def counted(*arguments: Any) -> Labels:
        nonlocal asked
        asked += 1
        return labels_of(*arguments)

    monkeypatch.setattr(turn, "labels_of", counted)
    text = policy(inhibit="[{source: {severity: L4}, target: {severity: L2}}]")
    with Story(text, until=20) as story:
        for n in range(200):
            story.at(1 + n / 100).alert(f"brand {n}", "L2")
        story.at(10).alert("brand 300", "L4")
        story.at(11).alert("brand 301", "L2")
    held = [case for case in story.state.cases.values() if case.held.startswith("inhibited")]
    assert len(held) == 201
    assert asked < 202 * 6
