"""Severity follows the worst alert, and pages whom the worse one concerns."""

from __future__ import annotations

from tests.streams.incidents.language import Story, at, between, page, update
from tests.streams.incidents.policies import BASE, policy


def test_l2_to_l4_in_mid_chain_leaves_the_lower_chain():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2")
        story.at(3).worse("acme", "L4")
        story.expect(at(3), page("bob"))
        story.expect(at(3), page("carol"))
        story.expect(at(8), page("dora"))
        story.never(between(3.1, 60), page("alice"))
    assert story.incident().chain == "crisis"


def test_a_second_worse_alert_worsens_the_one_incident():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2")
        story.at(2).alert("acme", "L4", signal="reach")
        story.expect(at(2), page("carol"))
    assert story.incident().severity == "L4"
    assert len({incident.incident_id for _, incident in story.incidents}) == 1


def test_severity_stays_at_its_highest_while_the_incident_lives():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).alert("acme", "L2", signal="reach")
        story.at(2).resolved("acme", severity="L4")
    assert (story.incident().severity, story.incident().state) == ("L4", "open")


def test_worse_within_the_same_chain_tells_those_who_know():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2")
        story.at(1).ack("alice")
        story.at(2).worse("acme", "L3")
        story.expect(at(2), update("alice", "L2 → L3"))
        story.never(between(1, 60), page())
    assert story.incident().state == "acknowledged"


def test_worse_asks_for_the_roles_it_needs():
    severities = "{L3: {ack_roles: [legal]}}"
    chains = '{day: {steps: [{notify: [alice], wait: 5m}, {notify: ["role:legal"], wait: 5m}]}}'
    with Story(policy(severities=severities, chains=chains)) as story:
        story.at(0).alert("acme", "L2")
        story.at(1).ack("alice")
        story.at(2).worse("acme", "L3")
        story.expect(between(2, 7), page("carol"))
        story.at(10).ack("carol")
        story.never(between(10, 60), page())


def test_l4_does_not_wait_for_the_group():
    with Story(policy(defaults="{group_wait: 10m}")) as story:
        story.at(0).alert("acme", "L2")
        story.at(3).worse("acme", "L4")
        story.never(between(0, 2.9), page())
        story.expect(at(3), page("bob"))


def test_better_news_page_nobody():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).ack("bob")
        story.at(2).worse("acme", "L2")
        story.never(between(1, 60), page())
    assert story.incident().severity == "L4"


def test_who_acknowledged_the_lesser_is_paged_by_the_higher_chain_too():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2")
        story.at(6).ack("bob")
        story.at(7).worse("acme", "L4")
        story.expect(at(7), page("bob"), times=1)
    assert story.incident().acknowledged_by == []
