"""It is over – by itself, by hand, wrongly, or not yet."""

from __future__ import annotations

from schemas.ids import alert_id, fingerprint, incident_id
from schemas.times import parse_iso
from tests.streams.incidents.language import Story, all_clear, anything, at, between, page, update
from tests.streams.incidents.policies import BASE, policy


def test_an_incident_that_ends_within_its_group_wait_pages_nobody():
    with Story(policy(defaults="{group_wait: 2m}")) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).resolved("acme")
        story.never(between(0, 60), anything)
    assert story.incident().state == "resolved"


def test_it_is_over_when_all_its_alerts_are():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3").alert("acme", "L3", signal="reach")
        story.at(2).resolved("acme")
        story.never(between(0, 2.9), all_clear())
        story.at(3).resolved("acme", signal="reach")
        story.expect(at(3), all_clear("alice"), times=1)


def test_resolve_while_a_page_is_in_flight_still_gives_the_all_clear():
    with Story(BASE) as story:
        story.takes("alice", "mail", 3)
        story.at(0).alert("acme", "L3")
        story.at(1).resolved("acme")
        story.never(between(0, 2.9), all_clear())
        story.expect(at(3), all_clear("alice", "mail"), times=1)


def test_a_page_that_may_have_gone_out_before_a_crash_gets_its_all_clear():
    with Story(BASE) as story:
        story.takes("alice", "mail", 3)
        story.at(0).alert("acme", "L3")
        story.begins(0.1)  # "pending" is on record
        story.at(1).resolved("acme")
        story.at(2).restart()  # the next worker does not know whether it was handed over, and may not send it now
        story.expect(at(2), all_clear("alice", "mail"), times=1)


def test_a_page_not_yet_sent_is_cancelled_by_the_end():
    with Story(BASE) as story:
        story.takes("alice", "mail", 3)
        story.at(0).alert("acme", "L3")
        story.at(1).resolved("acme")
    page_ = story.seen[0].notification
    story.state.cases[page_.incident_id].planned[page_.notification_id].outcome = None
    assert story.state.why_not(page_) == "the incident is resolved"


def test_resolved_by_hand():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).command("resolve", "alice", reason="settled")
        story.expect(at(2), all_clear("alice"))
        story.never(between(2, 60), page())
    assert "resolved by alice: settled" in story.incident().timeline[-1].detail


def test_dismissed_as_false_alarm_stays_dismissed():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2")
        story.at(2).command("dismiss", "alice", reason="a joke")
        story.at(5).worse("acme", "L2")
        story.at(9).resolved("acme", severity="L2")
        story.at(15).alert("acme", "L2")
        story.never(between(2.1, 100), page())
        story.expect(at(2), all_clear("alice"))
    assert story.incident().state == "dismissed"


def test_a_dismissed_incident_that_worsens_is_back():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2")
        story.at(2).command("dismiss", "alice", reason="a joke")
        story.at(5).worse("acme", "L4")
        story.expect(at(5), page("carol"))
    assert story.incident().reopened == 1


def test_another_signal_after_a_dismissal_is_another_incident():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2", signal="volume_spike")
        story.at(2).command("dismiss", "alice", reason="a joke")
        story.at(5).alert("acme", "L3", signal="negative_spike")
        story.expect(at(5), page("alice"))
    assert len({incident.incident_id for _, incident in story.incidents}) == 2


def test_back_soon_after_the_end_is_the_same_incident_and_pages_anew():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).resolved("acme")
        story.at(12).alert("acme", "L3")
        story.expect(at(12), page("alice"))
    assert len({incident.incident_id for _, incident in story.incidents}) == 1
    assert story.incident().reopened == 1


def test_flapping_after_an_acknowledgement_tells_but_does_not_page():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(1).ack("alice")
        for turn in range(5):
            story.at(10 + 10 * turn).resolved("acme")
            story.at(15 + 10 * turn).alert("acme", "L3")
        story.never(between(1, 100), page())
        story.expect(at(15), update("alice"))
        story.expect(between(10, 60), all_clear("alice"), times=5)
    assert story.incident().reopened == 5


def test_long_after_the_end_it_is_another_incident():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).resolved("acme")
        story.at(40).alert("acme", "L3")
        story.expect(at(40), page("alice"))
    assert len({incident.incident_id for _, incident in story.incidents}) == 2


def test_a_day_after_the_end_it_is_closed():
    with Story(BASE, until=1_500) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).resolved("acme")
    assert story.incident().state == "closed"
    assert story.state.timers == {}


def test_an_alert_that_outlives_the_end_by_hand_returns_only_when_worse():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(2).command("resolve", "alice")
        story.at(5).worse("acme", "L3")
        story.never(between(2.1, 8.9), page())
        story.at(9).worse("acme", "L4")
        story.expect(at(9), page("carol"))


def test_a_resolved_notice_for_an_unknown_alert_is_no_incident():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3", status="resolved")
        story.never(between(0, 60), anything)
    assert story.incidents == []


def test_what_watch_held_back_opens_nothing():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L2", status="suppressed", suppressed_by="budget")
        story.never(between(0, 60), anything)


def test_merged_incidents_go_on_as_one_and_everybody_gets_the_all_clear():
    acme, zenith = (incident_id(brand, onset_of(brand)) for brand in ("acme", "zenith"))
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3").alert("zenith", "L4")
        story.at(2).command("merge", "bob", brand=None, incident_id=acme, into=zenith)
        story.never(between(2.1, 60), page("alice"))
        story.at(8).alert("acme", "L3", signal="reach")  # joins the one that goes on
        story.at(10).resolved("acme", onset=0).resolved("acme", signal="reach", onset=8)
        story.never(between(0, 10.9), all_clear())
        story.at(11).resolved("zenith", severity="L4")
        story.expect(at(11), all_clear("alice"), times=1)
        story.expect(at(11), all_clear("carol"), times=1)
    assert story.incident("acme").merged_into == zenith
    assert story.incident("zenith").alerts_total == 3


def onset_of(brand: str) -> str:
    return alert_id(fingerprint(brand, "negative_spike" + "actual"), parse_iso("2026-03-03T10:00:00Z"))


def test_what_people_say_at_the_end_does_not_change_what_it_was_about():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3", trigger="safety", trigger_confidence=0.6)
        story.at(1).worse("acme", trigger="safety", trigger_confidence=0.8)
        story.at(2).worse("acme", trigger="service", trigger_confidence=0.5)
        story.at(3).alert("acme", "L3", signal="reach", trigger="service", trigger_confidence=0.7)
    assert story.incident().trigger == "safety"
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3", trigger="product", trigger_confidence=0.4)
        story.at(1).worse("acme", trigger="safety", trigger_confidence=0.5)
        story.at(2).resolved("acme").resolved("acme")
    assert story.incident().trigger == "safety", "what is surer counts"


def test_what_a_person_withdraws_leaves_the_surest_word_of_the_alerts():
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3", trigger="safety", trigger_confidence=0.6)
        story.at(1).command("note", "alice", about="campaign")
        story.at(2).worse("acme", trigger="service", trigger_confidence=0.9)
    assert story.incident().trigger == "campaign", "what a person has said stands"
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3", trigger="safety", trigger_confidence=0.6)
        story.at(1).command("note", "alice", about="campaign")
        story.at(2).worse("acme", trigger="service", trigger_confidence=0.5)
        story.at(3).command("note", "alice", about="withdrawn")
    assert story.incident().trigger == "safety"
