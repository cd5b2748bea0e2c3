"""Somebody takes charge – or seems to."""

from __future__ import annotations

from schemas.events import Notification
from tests.streams.incidents.language import Story, at, between, held, loudest, page, update
from tests.streams.incidents.policies import BASE, policy

EXPIRY = "{L3: {ack_expiry: 30m}}"
ROLES = "{L4: {ack_roles: [communication, legal]}}"


def test_an_acknowledgement_after_which_nothing_happens_expires():
    with Story(policy(severities=EXPIRY)) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).ack("alice")
        story.never(between(2, 31.9), page())
        story.expect(at(32), page("alice"))
        story.expect(at(37), page("bob"))


def test_i_need_n_minutes_is_granted():
    with Story(policy(severities=EXPIRY)) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).ack("alice", minutes=60)
        story.never(between(2, 61.9), page())
        story.expect(at(62), page("alice"))


def test_acknowledging_again_extends_it():
    with Story(policy(severities=EXPIRY)) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).ack("alice")
        story.at(30).ack("alice")
        story.never(between(2, 59.9), page())
        story.expect(at(60), page("alice"))


def test_who_works_on_it_is_left_alone():
    with Story(policy(severities=EXPIRY)) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).ack("alice")
        story.at(10).command("take_over", "bob")
        story.never(between(2, 200), page())
    assert (story.incident().state, story.incident().owner) == ("responding", "bob")


def test_two_roles_have_to_acknowledge():
    with Story(policy(severities=ROLES)) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).ack("bob")
        story.expect(at(5), page("dora"))
        story.at(6).ack("carol")
        story.never(between(6, 60), page())
    assert story.incident().acknowledged_by == ["bob", "carol"]
    assert story.incident().ack_missing == []


def test_the_missing_role_is_asked_at_once_when_the_chain_has_not_paged_it():
    chains = "{crisis: {steps: [{notify: [bob], wait: 5m}, {notify: [dora], wait: 5m}]}}"
    with Story(policy(severities=ROLES, chains=chains)) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).ack("bob")
        story.expect(at(1), page("carol"))
        story.at(2).ack("carol")
        story.never(between(2, 60), page())


def test_the_missing_role_is_asked_again_when_the_acknowledgement_has_expired():
    severities = "{L4: {ack_roles: [communication, legal], ack_expiry: 20m}}"
    chains = "{crisis: {steps: [{notify: [bob], wait: 5m}, {notify: [dora], wait: 5m}]}}"
    with Story(policy(severities=severities, chains=chains)) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).ack("bob").ack("carol")
        story.expect(at(1), page("carol"), times=1)
        story.expect(at(21), page("bob"))
        story.at(22).ack("bob")
        story.expect(at(22), page("carol"), times=1)


def test_two_acknowledgements_without_the_role_are_not_enough():
    with Story(policy(severities=ROLES)) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).ack("bob")
        story.at(2).ack("emil")
        story.expect(at(5), page("dora"))
        story.expect(at(10), loudest("dora", "phone"))
    assert story.incident().ack_missing == ["legal"]
    assert {one.reason for one in reasons(story)} == {"nobody with the role legal has acknowledged"}


def reasons(story: Story) -> list[Notification]:
    return [one.notification for one in story.seen if one.notification.purpose == "nobody_reached"]


def test_who_has_acknowledged_is_not_paged_again_while_the_other_role_is_waited_for():
    chains = "{crisis: {repeat: 1, steps: [{notify: [bob, carol], wait: 5m}]}}"
    with Story(policy(severities=ROLES, chains=chains)) as story:
        story.at(0).alert("acme", "L4")
        story.at(1).ack("bob")
        story.expect(at(5), held("bob", "has acknowledged already"))
        story.expect(at(5), page("carol"))


def test_an_acknowledgement_before_the_first_page_is_enough():
    with Story(policy(defaults="{group_wait: 2m}")) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).ack("alice")
        story.never(between(0, 60), page())


def test_somebody_outside_the_policy_may_acknowledge_where_no_role_is_asked_for():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).ack("zoe")
        story.never(between(1, 60), page())
    assert story.incident().acknowledged_by == ["zoe"]


def test_the_others_are_told_who_has_taken_charge():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(6).ack("bob")
        story.expect(at(6), update("alice", "bob has taken charge"), times=1)
        story.never(between(0, 60), update("bob"))


def test_a_page_that_is_still_waiting_is_not_sent_after_an_acknowledgement():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).ack("bob")
    key = next(one.notification for one in story.seen if one.what == "deliver")
    case = story.state.cases[key.incident_id]
    case.planned[key.notification_id].outcome = None
    assert story.state.why_not(key) == "acknowledged by bob"


def test_notes_reach_the_story_and_change_nothing():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).command("note", "emil", note="seen on the forum")
        story.expect(at(5), page("bob"))
    assert any(line.what == "note" and line.who == "emil" for line in story.incident().timeline)


def test_stable_is_calm_but_live():
    with Story(policy(severities=EXPIRY)) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).command("stable", "alice")
        story.never(between(2, 200), page())
        story.at(10).alert("acme", "L2", signal="reach")
    assert story.incident().state == "stable"
    assert story.incident().alerts_total == 2


def test_a_command_for_no_incident_is_refused_with_a_reason():
    with Story(BASE) as story:
        story.at(0).ack("alice", brand="nobody")
    assert story.refused[0].reason == "no live incident nobody"


def test_the_same_command_twice_counts_once():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).command("escalate", "alice", command_id="c-1")
        story.at(2).command("escalate", "alice", command_id="c-1")
    assert story.pages()[:3] == ["0 alice", "1 bob", "11 alice"]
