"""Exercises are told from the real thing everywhere; silences stand for as long as they were said."""

from __future__ import annotations

from typing import get_args

from schemas.events import SEVERITIES, Command, Notification, SignalName
from schemas.ids import alert_id, fingerprint, incident_id
from schemas.times import MINUTE, from_ms, to_ms
from streams.incidents.drills import exercise, following, report, text_of
from streams.incidents.effects import MessageContext
from streams.incidents.silences import standing
from streams.messages import Options, render
from tests.streams.incidents.language import MINUTE as STEP
from tests.streams.incidents.language import Story, at, between, held, page, policy_of
from tests.streams.incidents.policies import policy

NOW = 1_772_000_000_000


def test_exercises_use_up_nobodys_pages_and_are_not_held_back_by_caps():
    capped = policy(defaults="{chain: day, pages_per_week: 1}")
    with Story(capped, until=60) as story:
        story.at(0).alert("acme", "L3", kind="exercise")
        story.at(2).command("resolve", "alice")
        story.at(10).alert("zenith", "L3")
        story.at(20).alert("acme", "L3", kind="exercise", onset=20)
        story.expect(at(0), page("alice", brand="acme"))
        story.expect(at(10), page("alice", brand="zenith"))
        story.expect(at(20), page("alice", brand="acme"))


def test_a_real_crisis_during_an_exercise_is_an_incident_of_its_own():
    with Story(policy(), until=30) as story:
        story.at(0).alert("acme", "L3", kind="exercise")
        story.at(1).command("ack", "alice")  # the exercise is all there is
        story.at(2).alert("acme", "L3")
        story.expect(at(0), page("alice"))
        story.expect(at(2), page("alice"))
    kinds = sorted((case.incident.kind, case.incident.state) for case in story.state.cases.values())
    assert kinds == [("actual", "open"), ("exercise", "acknowledged")]


def test_an_exercise_has_figures_that_its_signal_can_have():
    for signal in get_args(SignalName):
        for severity in SEVERITIES:
            alert = exercise("acme", severity, signal, "product", "a test", NOW)
            worse = following(alert, "updated", "L4", NOW + MINUTE)
            if signal == "negativity_shift":
                assert 0.2 == alert.expected < alert.observed <= worse.observed <= 1.0
            elif signal == "silence":
                assert (alert.observed, worse.observed) == (0, 0) and alert.expected > 0
            else:
                assert alert.expected < alert.observed <= worse.observed
                assert (alert.observed >= 20_000) == (signal == "reach")


def test_an_exercise_soon_after_another_is_one_of_its_own():
    """A real alert so soon after the end opens the incident again; an exercise is asked for by its own id."""
    with Story(policy(), until=60) as story:
        story.at(0).alert("acme", "L3", kind="exercise")
        story.at(1).command("ack", "alice")
        story.at(2).resolved("acme", kind="exercise")
        story.at(5).alert("acme", "L2", kind="exercise", onset=5)
    assert [(case.incident.severity, case.incident.state) for case in story.state.cases.values()] == [
        ("L3", "resolved"),
        ("L2", "open"),
    ]


def test_every_form_of_every_message_of_an_exercise_says_so():
    with Story(policy(), until=200) as story:
        story.at(0).alert("acme", "L3", kind="exercise")
        story.at(90).command("ack", "bob")
        story.at(95).resolved("acme", kind="exercise")
    seen = [one for one in story.seen if one.what == "deliver"]
    assert {one.notification.purpose for one in seen} >= {"page", "nobody_reached", "update", "all_clear"}
    for one in seen:
        for language, mark in (("en", "EXERCISE"), ("fr", "EXERCICE")):
            assert isinstance(one.context, MessageContext)
            one.context.language = language  # type: ignore[assignment]
            message = render(one.notification, one.context, Options())
            assert message.subject.startswith(mark)
            assert mark in message.text
            assert mark in message.html
            assert message.short.startswith(mark)


def note(person: str, at: int, outcome: str = "sent", **fields: object) -> Notification:
    return Notification(
        f"{person}{at}", "i", "acme", "L3", "day[0]", 0, person, "mail", outcome, from_ms(at), kind="exercise", **fields  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_report_says_who_answered_after_how_long():
    text = policy(severities="{L3: {ack: 4m, first_response: 30m}}")
    with Story(text, until=9) as story:
        story.at(0).alert("acme", "L3", kind="exercise")
        story.at(6).ack("bob")
    (case,) = story.state.cases.values()
    notes = [one.notification for one in story.seen if one.what == "deliver"]
    for one in notes:
        one.outcome = "sent"
    found = report(case.incident, notes, story.ms(9), policy_of(text).band("L3"))
    alice, bob = found.answers
    assert (alice.person, alice.reached_seconds, alice.answered_seconds) == ("alice", 0.0, None)
    assert (bob.person, bob.reached_seconds, bob.answered_seconds) == ("bob", 240.0, 120.0)
    assert found.unanswered == ("alice",)
    assert found.in_charge_seconds == 6 * STEP / 1_000
    english, french = text_of(found, "en"), text_of(found, "fr")
    assert "EXERCISE L3 acme" in english
    assert "Somebody in charge: after 6 min (asked for within 4 min: missed)" in english
    assert "Statement sent: not so far (asked for within 30 min: not over by then)" in english
    assert "alice: reached after 0 s by mail, NO ANSWER" in english
    assert "bob : joint après 4 min par mail, réponse 2 min plus tard (pris en charge)" in french


def test_the_alert_of_an_exercise_cannot_be_taken_for_a_real_one():
    alert = exercise("acme", "L3", "negative_spike", "product", "glass in a jar", NOW)
    assert alert.kind == "exercise"
    worse = following(alert, "updated", "L4", NOW + MINUTE)
    over = following(worse, "resolved", "L4", NOW + 2 * MINUTE)
    assert [one.sequence for one in (alert, worse, over)] == [1, 2, 3]
    assert len({one.alert_id for one in (alert, worse, over)}) == 1
    with Story(policy(), until=10) as story:
        for minute, one in ((0, alert), (1, worse), (2, over)):
            story.later(minute, "took", ("alerts", one))
        story.expect(at(0), page("alice"))
        story.expect(at(1), page("bob"))
    (case,) = story.state.cases.values()
    assert (case.incident.kind, case.incident.severity, case.incident.state) == ("exercise", "L4", "resolved")


def said(number: int, action: str, minute: int, **fields: object) -> Command:
    return Command(f"{number:08d}-x", action, "bob", issued_at=from_ms(NOW + minute * MINUTE), **fields)  # type: ignore[arg-type]


def test_silences_stand_until_their_end_or_until_they_are_ended():
    commands = [
        said(1, "silence", 0, brand="acme", minutes=30, reason="campaign", matchers={"severity": "L1, L2"}),
        said(2, "silence", 1, brand="zenith", minutes=90, reason="fair"),
        said(3, "ack", 2, brand="acme"),
        said(4, "silence", 3, minutes=90, reason="names nothing"),
        said(5, "unsilence", 40, into="00000002-x"),
    ]
    file = policy_of(
        policy(silences='[{match: {brand: other}, author: dora, reason: fair, to: "2030-01-01T00:00+00:00"}]')
    )
    first = standing(commands[:4], file, NOW + 10 * MINUTE)
    assert [one.silence_id for one in first] == ["00000001-x", "00000002-x", "silences[0] of the policy"]
    assert first[0].match == {"severity": ["L1", "L2"], "brand": ["acme"]}
    assert next(one.silence_id for one in standing(commands[:4], file, NOW + 30 * MINUTE)) == "00000002-x"
    assert [one.author for one in standing(commands, file, NOW + 41 * MINUTE)] == ["dora"]


def test_what_is_held_back_says_which_silence():
    with Story(policy(), until=30) as story:
        story.at(0).command("silence", "bob", brand="acme", minutes=20, reason="campaign", command_id="3f2a91bc-rest")
        story.at(1).alert("acme", "L3")
        story.expect(at(1), held("alice", "campaign (silence 3f2a91bc)"))
        story.never(between(0, 19), page())
        story.expect(at(20), page("alice"))
    assert to_ms(next(iter(story.state.cases.values())).incident.opened_at) == story.ms(1)


def test_an_exercise_is_never_told_in_a_digest_of_real_incidents():
    text = policy(digests='[{notify: [alice], up_to: L1, at: ["11:00"]}]')
    with Story(text, until=90) as story:
        story.at(0).alert("acme", "L1")
        story.at(1).alert("acme", "L1", kind="exercise", onset=1)
        story.at(2).alert("zenith", "L1")
    digests = [one for one in story.seen if one.notification.purpose == "digest"]
    told = {
        one.notification.kind: [one.context.incident.brand, *(other.brand for other in one.context.others)]
        for one in digests
        if one.context is not None
    }
    assert told == {"actual": ["acme", "zenith"], "exercise": ["acme"]}


def test_what_could_not_be_done_stands_in_the_story():
    with Story(policy(), until=20) as story:
        story.at(0).alert("acme", "L3")
        key = incident_id("acme", alert_id(fingerprint("acme", "negative_spikeactual"), story.ms(0)))
        story.at(1).command("merge", "bob", into="nowhere")
        story.at(2).command("resolve", "alice")
        story.at(3).command("escalate", "bob", incident_id=key)
    (case,) = story.state.cases.values()
    said = [(entry.who, entry.detail) for entry in case.incident.timeline if entry.what == "not done"]
    assert said == [
        ("bob", "merge: no other live incident nowhere"),
        ("bob", "escalate: the incident is resolved already"),
    ]
    assert len(story.refused) == 2


def test_stakeholders_are_told_what_it_means_for_them_in_their_language():
    say = '{fr: "Ne commentez pas.", en: "Do not comment."}'
    text = policy(stakeholders=f"[{{name: employees, notify: [alice, emil], on: [opened], say: {say}}}]")
    with Story(text, until=5) as story:
        story.at(0).alert("acme", "L3")
    told = {one.notification.person: one for one in story.seen if one.notification.purpose == "stakeholder"}
    for person, title, words in (("alice", "CE QUE CELA VEUT DIRE POUR VOUS", "Ne commentez pas."),
                                 ("emil", "WHAT THIS MEANS FOR YOU", "Do not comment.")):  # fmt: skip
        context = told[person].context
        assert context is not None
        message = render(
            told[person].notification, context, Options(statement="We know.\nWe are sorry.", approver="leo")
        )
        assert title in message.text and words in message.text
        assert "We are sorry." in message.text, "the approved statement is what they may say"
    plain = render(told["emil"].notification, told["emil"].context, Options())  # type: ignore[arg-type]
    assert "not approved" not in plain.text, "a template is nothing to say to customers"


def test_a_silence_said_in_an_exercise_holds_back_no_real_page():
    with Story(policy(), until=30) as story:
        story.at(0).alert("acme", "L3", kind="exercise")
        key = incident_id("acme", alert_id(fingerprint("acme", "negative_spikeexercise"), story.ms(0)))
        story.at(1).command("silence", "bob", incident_id=key, brand=None, minutes=60, reason="enough")
        story.at(2).alert("acme", "L3")
        story.expect(at(2), page("alice"))
    kinds = {case.incident.kind: case.held for case in story.state.cases.values()}
    assert kinds["actual"] == ""
    assert "enough" in kinds["exercise"]
