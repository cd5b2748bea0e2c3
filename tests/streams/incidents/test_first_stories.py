"""The main job: page, wait, escalate, acknowledge, all-clear."""

from __future__ import annotations

from tests.streams.incidents.language import Story, all_clear, anything, at, between, loudest, page, update
from tests.streams.incidents.policies import BASE

POLICY = BASE


def test_an_alert_pages_the_first_step_at_once():
    with Story(POLICY) as story:
        story.at(1).alert("acme", "L3")
        story.expect(at(1), page("alice", "mail"), times=1)
        story.never(between(1, 5.9), page("bob"))
        story.never(between(0, 60), page("alice", "sms"))


def test_unacknowledged_up_the_chain_and_round_again_until_the_loudest():
    with Story(POLICY) as story:
        story.at(0).alert("acme", "L3")
        story.expect(at(30), loudest("dora", "sms"), times=1)
        story.expect(at(30), loudest("dora", "phone"), times=1)
    assert story.pages() == ["0 alice", "5 bob", "15 alice", "20 bob"]
    assert story.incident().nobody_reached


def test_an_acknowledgement_stops_the_chain():
    with Story(POLICY) as story:
        story.at(0).alert("acme", "L3")
        story.at(6).ack("bob")
        story.expect(at(6), update("alice", "bob has taken charge"))
        story.never(between(6, 120), page())
    assert story.pages() == ["0 alice", "5 bob"]
    assert (story.incident().state, story.incident().acknowledged_by) == ("acknowledged", ["bob"])


def test_the_all_clear_reaches_everybody_who_was_paged_and_nobody_else():
    with Story(POLICY) as story:
        story.at(0).alert("acme", "L3")
        story.at(7).resolved("acme")
        story.expect(at(7), all_clear("alice", "mail"), times=1)
        story.expect(at(7), all_clear("bob", "mail"), times=1)
        story.never(between(0, 60), all_clear("carol"))
        story.never(between(7.1, 60), anything)
    assert story.incident().state == "resolved"


def test_worse_pages_the_higher_chain_although_acknowledged():
    with Story(POLICY) as story:
        story.at(0).alert("acme", "L2")
        story.at(2).ack("alice")
        story.at(3).worse("acme", "L4")
        story.expect(at(3), page("bob"))
        story.expect(at(3), page("carol"))
        story.expect(at(3), update("alice", "L2 → L4"))
        story.expect(at(8), page("dora"))


def test_a_failed_channel_falls_back_and_an_unreachable_person_is_skipped_at_once():
    with Story(POLICY) as story:
        story.down("alice", "mail", between(0, 60))
        story.at(0).alert("acme", "L3")
        story.expect(at(0), page("alice", "sms"))
        story.never(between(0, 4.9), page("bob"))
    with Story(POLICY) as story:
        story.down("alice", "*", between(0, 60))
        story.at(0).alert("acme", "L3")
        story.expect(at(0), page("bob"))


def test_all_alerts_of_a_brand_join_one_incident():
    with Story(POLICY) as story:
        for number in range(200):
            story.at(number / 100).alert("acme", "L3", signal="reach" if number % 2 else "volume_spike", onset=number)
        story.expect(between(0, 4), page("alice"), times=1)
    assert len({incident.incident_id for _, incident in story.incidents}) == 1
    assert story.incident().alerts_total == 200


def test_a_restart_anywhere_changes_nothing():
    plain, restarted = Story(POLICY), Story(POLICY, restart_always=True)
    for story in (plain, restarted):
        with story:
            story.at(0).alert("acme", "L2")
            story.at(6).worse("acme", "L4")
            story.at(9).ack("carol")
            story.at(40).resolved("acme", severity="L4")
    assert plain.pages() == restarted.pages()
    assert plain.pages("all_clear") == restarted.pages("all_clear")


def test_replay_takes_its_time_from_ticks():
    with Story(POLICY, replay=True) as story:
        story.at(0.5).alert("acme", "L3")
        story.at(16.2).resolved("acme")
    assert story.pages() == ["0.5 alice", "5.5 bob", "15.5 alice"]
    assert story.pages("all_clear") == ["16.2 alice", "16.2 bob"]
