"""Incidents that were merged, and merged again: one of them is live, and it has all the alerts."""

from __future__ import annotations

import random

import pytest

from streams.incidents.state import LIVE
from tests.streams.incidents.language import Story, all_clear, between, page
from tests.streams.incidents.policies import policy

POLICY = policy()


def one_live_case_per_alert(story: Story) -> None:
    live = [case for case in story.state.cases.values() if case.incident.state in LIVE]
    assert not [case.incident.brand for case in live if case.incident.merged_into]
    firing = [alert for case in live for alert in case.firing]
    assert len(firing) == len(set(firing))


def identifiers(*brands: str) -> list[str]:
    with Story(POLICY, until=2) as story:
        for brand in brands:
            story.at(1).alert(brand, "L3")
    return [story.incident(brand).incident_id for brand in brands]


def test_what_was_merged_twice_goes_on_in_the_last():
    """Given A merged into B and B into C, when A's alert gets worse and all are over, then nobody is paged anew and C ends."""
    a, b, c = identifiers("a", "b", "c")
    with Story(POLICY, until=90) as story:
        for brand in ("a", "b", "c"):
            story.at(1).alert(brand, "L3")
        story.at(2).command("merge", "bob", brand=None, incident_id=a, into=b)
        story.at(3).command("merge", "bob", brand=None, incident_id=b, into=c)
        story.at(4).command("ack", "alice", brand=None, incident_id=a)
        for minute in (10, 20, 30):
            story.at(minute).alert("a", "L3", status="updated")
        for brand in ("a", "b", "c"):
            story.at(40).resolved(brand)
        story.never(between(5, 90), page())
        story.expect(between(40, 41), all_clear("alice"))
    one_live_case_per_alert(story)
    assert story.incident("a").state == story.incident("b").state == "closed"
    assert story.incident("c").state in {"resolved", "closed"}
    assert story.incident("c").acknowledged_by == ["alice"]


def test_one_that_was_merged_and_comes_back_on_its_own_can_be_acknowledged():
    a, b = identifiers("a", "b")
    with Story(POLICY, until=200) as story:
        story.at(1).alert("a", "L3").alert("b", "L3")
        story.at(2).command("merge", "bob", brand=None, incident_id=a, into=b)
        story.at(3).resolved("a").resolved("b")
        story.at(120).alert("a", "L3", onset=1)
        story.at(121).command("ack", "alice", brand=None, incident_id=a)
        story.at(130).alert("a", "L3", status="updated", onset=1)
        story.expect(between(120, 120.5), page("alice", brand="a"))
        story.never(between(121, 200), page())
    one_live_case_per_alert(story)
    assert story.incident("a").state == "acknowledged"
    assert story.incident("a").merged_into is None


@pytest.mark.parametrize("seed", range(40))
def test_however_they_are_merged_an_alert_fires_in_one_live_incident(seed: int):
    chance = random.Random(seed)
    brands = "abcd"
    names = identifiers(*brands)
    with Story(POLICY, until=120) as story:
        for minute in range(1, 60):
            brand = chance.choice(brands)
            what = chance.randrange(6)
            if what == 0:
                story.at(minute).command(
                    "merge", "bob", brand=None, incident_id=chance.choice(names), into=chance.choice(names)
                )
            elif what == 1:
                story.at(minute).command("resolve", "bob", brand=None, incident_id=chance.choice(names))
            else:
                status = chance.choice(["firing", "updated", "resolved"])
                story.at(minute).alert(brand, chance.choice(["L2", "L3", "L4"]), status=status, onset=1)
    one_live_case_per_alert(story)
