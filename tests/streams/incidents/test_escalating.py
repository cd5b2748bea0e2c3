"""Up the chain: who is paged when nobody answers."""

from __future__ import annotations

from tests.streams.incidents.language import Story, at, between, held, loudest, page, update
from tests.streams.incidents.policies import BASE, policy

DEADLINES = "{L3: {ack: 3m, first_response: 20m}, L1: {needs_ack: false}}"


def test_the_last_resort_is_told_again_at_growing_distances():
    with Story(BASE, until=300) as story:
        story.at(0).alert("acme", "L3")
    # Every 15 minutes, then after twice, four times and always eight times as long.
    assert [line for line in story.pages("nobody_reached") if line.endswith("dora")][::2] == [
        "30 dora", "45 dora", "75 dora", "135 dora", "255 dora",
    ]  # fmt: skip


def test_an_answer_to_the_last_resort_ends_it():
    with Story(BASE, until=300) as story:
        story.at(0).alert("acme", "L3")
        story.at(32).ack("dora")
        story.never(between(32, 300), loudest())
    assert not story.incident().nobody_reached


def test_without_a_last_resort_the_chain_itself_is_told_over_every_channel():
    with Story(policy(chains="{day: {repeat: 0, steps: [{notify: [alice], wait: 5m}]}}")) as story:
        story.at(0).alert("acme", "L3")
        story.expect(at(5), loudest("alice", "mail"))
        story.expect(at(5), loudest("alice", "sms"))


def test_escalate_now_does_not_wait():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).command("escalate", "alice", note="I am on a plane")
        story.expect(at(1), page("bob"))
        story.never(between(1.1, 10.9), page())
        story.expect(at(11), page("alice"))


def test_escalate_now_after_an_acknowledgement_pages_one_step_and_no_more():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).ack("alice")
        story.at(2).command("escalate", "alice", note="need bob")
        story.expect(at(2), page("bob"), times=1)
        story.never(between(2.1, 60), page())
    assert [note.outcome for note in story.outcomes() if note.person == "bob"] == ["sent"]


def test_a_missed_acknowledgement_deadline_pages_the_next_step_at_once():
    with Story(policy(severities=DEADLINES)) as story:
        story.at(0).alert("acme", "L3")
        story.expect(at(3), page("bob"))


def test_without_a_public_reply_in_time_all_who_were_paged_are_told():
    with Story(policy(severities=DEADLINES)) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).ack("alice")
        story.expect(at(20), update("alice", "no public reply after 20 min"))
        story.never(between(0, 60), update("carol"))


def test_the_official_reply_stops_the_response_clock():
    with Story(policy(severities=DEADLINES)) as story:
        story.at(0).alert("acme", "L3")
        story.at(12).command("statement_sent", "alice")
        story.never(between(0, 60), update("alice", "no public reply"))
    assert story.incident().state == "responding"
    assert story.incident().statement_sent_at is not None


def test_what_needs_no_answer_is_paged_once():
    with Story(policy(severities=DEADLINES)) as story:
        story.at(0).alert("acme", "L1")
    assert story.pages() == ["0 alice"]
    assert story.pages("nobody_reached") == []


def test_a_role_stands_for_everybody_who_has_it():
    with Story(policy(chains='{day: {steps: [{notify: ["role:legal", "role:communication"]}]}}')) as story:
        story.at(0).alert("acme", "L3")
        story.expect(at(0), page("bob"))
        story.expect(at(0), page("carol"))


def test_a_person_named_twice_in_a_step_is_paged_once():
    with Story(policy(chains='{day: {steps: [{notify: [bob, "role:communication"]}]}}')) as story:
        story.at(0).alert("acme", "L3")
        story.expect(at(0), page("bob"), times=1)


def test_a_shared_channel_is_told_like_a_person():
    with Story(policy(chains='{day: {steps: [{notify: ["channel:room"]}]}}')) as story:
        story.at(0).alert("acme", "L3")
        story.expect(at(0), page("channel:room", "room"))


def test_a_step_may_ask_for_its_channels():
    with Story(policy(chains="{day: {steps: [{notify: [alice, dora], channels: [sms]}]}}")) as story:
        story.at(0).alert("acme", "L3")
        story.expect(at(0), page("alice", "sms"))
        story.never(between(0, 1), page("alice", "mail"))


def test_the_loudest_severity_pages_over_every_channel_at_once():
    with Story(policy(severities="{L4: {all_channels: true}}")) as story:
        story.at(0).alert("acme", "L4")
        story.expect(at(0), page("bob", "mail"))
        story.expect(at(0), page("bob", "sms"))


def test_a_page_says_who_has_not_answered_and_who_is_next():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
    contexts = [one.context for one in story.seen if one.what == "deliver"]
    first, second = contexts[0], contexts[1]
    assert first and second
    assert (first.language, first.next_people, first.next_at) == ("fr", ["bob"], story.ms(5))
    assert (second.language, second.unanswered, second.unanswered_ms) == ("en", ["alice"], 5 * 60_000)
    assert second.known_by == ["alice"]
    assert second.incident.paged == ["alice", "bob"]


def test_two_chains_run_side_by_side_where_a_route_says_continue():
    routes = "[{match: {trigger: legal}, chain: legal, continue: true}, {match: {severity: L2+}, chain: day}]"
    with Story(policy(routes=routes, chains="{legal: {steps: [{notify: [carol], wait: 20m}]}}")) as story:
        story.at(0).alert("acme", "L3", trigger="legal")
        story.expect(at(0), page("carol"))
        story.expect(at(0), page("alice"))
        story.expect(at(5), page("bob"))
        story.expect(at(20), page("carol"))
    assert story.incident().chain == "legal, day"


def test_what_is_not_sent_is_recorded_with_its_reason():
    schedules = '{duty: {rotations: [{people: [alice], start: "2030-01-01"}]}}'
    chains = '{day: {repeat: 0, steps: [{notify: ["schedule:duty"]}, {notify: [bob]}]}}'
    with Story(policy(schedules=schedules, chains=chains)) as story:
        story.at(0).alert("acme", "L3")
        story.expect(at(0), held("schedule:duty", "no rotation covers this time"))
        story.expect(at(0), page("bob"))
