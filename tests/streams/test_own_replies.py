"""The brand's own first reply stops the response clock; questions without an answer are counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas import scored
from schemas.events import Window
from schemas.scored import OFFICIAL, QUESTION, REPLY
from schemas.times import HOUR, MINUTE, from_ms, to_ms
from streams import backtest
from streams.messages import Options, render
from streams.replay_plan import Record, plan
from streams.settings import BrandSettings, Settings
from streams.web.history import History
from tests.streams.angry import angry_text
from tests.streams.cores import T0, Log, mention, score, settings
from tests.streams.delivery.world import a_page, an_incident
from tests.streams.incidents.language import Story, at, between, policy_of, update
from tests.streams.incidents.policies import policy
from tests.streams.messages.test_render import context


@pytest.mark.parametrize(
    ("more", "flags"),
    [
        ({"text": "is Acme open on Sunday?"}, QUESTION),
        ({"text": "“why, Acme ?” asks he"}, QUESTION),
        ({"text": "see https://acme.example/?id=7 now"}, 0),
        ({"text": "really?", "repost_of": "x:1"}, 0),
        ({"text": "sorry, which order?", "author": {"id": "AcmeCare"}, "reply_to": "1"}, OFFICIAL | REPLY),
        ({"text": "hello", "author": {"id": "77", "name": "@acmecare"}}, OFFICIAL),
        ({"text": "me too", "reply_to": "1"}, REPLY),
        ({"text": "we help", "author": {"id": "zenithcare"}, "reply_to": "1"}, REPLY),
    ],
)
def test_what_a_row_says_of_questions_and_own_replies(more: dict[str, Any], flags: int):
    made = settings("Acme", "Zenith")
    made.brands[0].official, made.brands[1].official = ["@AcmeCare"], ["zenithcare"]
    log = Log()
    log.tick(T0)
    log.say(mention(1, T0, **more))
    result = score(made).slice("topic", 0, 0, log.records)
    (row,) = scored.decode(result.writes[0].value or b"").table
    assert int(row["flags"]) & (OFFICIAL | REPLY | QUESTION) == flags


def test_a_brand_s_account_lists_count_for_that_brand_alone():
    made = settings("Acme", "Zenith")
    acme, zenith = made.brands
    acme.employees, acme.official, zenith.employees = ["joe"], ["AcmeCare"], ["@Ann"]
    log = Log()
    log.tick(T0)
    for number, author in enumerate(("joe", "acmecare", "ann", "sam"), 1):
        log.say(mention(number, T0, text="Acme and Zenith, why?", brands=["Acme", "Zenith"], author={"id": author}))
    result = score(made).slice("topic", 0, 0, log.records)
    said = scored.decode(result.writes[0].value or b"")
    found = {
        (said.ids[i], said.brands[row["brand"]]): (scored.KINDS[row["kind"]], bool(int(row["flags"]) & QUESTION))
        for i, row in enumerate(said.table)
    }
    nobody = ("unknown", True)
    assert found == {
        ("x:1", "Acme"): ("employee", False), ("x:1", "Zenith"): nobody,
        ("x:2", "Acme"): ("official", False), ("x:2", "Zenith"): nobody,
        ("x:3", "Acme"): nobody, ("x:3", "Zenith"): ("employee", False),
        ("x:4", "Acme"): nobody, ("x:4", "Zenith"): nobody,
    }  # fmt: skip


START = T0 + 48 * HOUR


def said(number: int, when: int, text: str, author: str, **more: Any) -> Record:
    import json

    one = mention(number, when, text=text, author={"id": author}, brand="Kettle", **more)
    return Record(f"x:{number}".encode(), json.dumps(one).encode(), when)


def storm(reply_after: int | None) -> list[Record]:
    """Two quiet days, then half an hour of anger with a question each minute; the brand replies from a minute on."""
    records = [said(n, T0 + n * 3 * MINUTE, f"a fine day with my kettle {n}", f"u{n}") for n in range(48 * 20)]
    records += [said(2_000 + n, START + n * 7_500, angry_text(n, "Kettle"), f"v{n}") for n in range(240)]
    records += [
        said(9_000 + n, START + (40 + n * 3) * MINUTE, f"a fine day with my kettle {n}", f"w{n}") for n in range(80)
    ]
    for minute in range(30):
        records.append(said(4_000 + minute, START + minute * MINUTE + 900, "is my Kettle safe?", f"q{minute}"))
        if reply_after is not None and minute >= reply_after:
            records.append(
                said(5_000 + minute, START + minute * MINUTE + 1_900, "we look into it", "KettleCare", reply_to="2000")
            )
    return sorted(records, key=lambda record: record.time)


def outcome(reply_after: int | None, official: list[str]) -> backtest.Outcome:
    made = Settings(brands=[BrandSettings("Kettle", official=official)])
    found, feed = backtest.run(list(plan(storm(reply_after))), made)
    text = policy(severities="{L2: {first_response: 30m}, L3: {first_response: 30m}, L4: {first_response: 30m}}")
    backtest.notify(feed, policy_of(text), found)
    return found


def test_the_first_reply_travels_from_the_post_to_the_incident():
    found = outcome(12, ["KettleCare"])
    (incident,) = found.incidents.values()
    assert incident.statement_sent_at == from_ms(START + 12 * MINUTE)
    assert any(entry.what == "the brand has replied" for entry in incident.timeline)
    assert incident.acknowledged_by == [], "a reply puts nobody in charge"
    told = [alert for alert in found.alerts if alert.reason.startswith("Kettle has replied itself.")]
    assert len(told) == 1 and told[0].replied_at == from_ms(START + 12 * MINUTE)
    assert incident.questions > incident.replies == 18, "the last word is that of the end"
    windows = [window for window in found.windows if window.start >= from_ms(START)]
    assert sum(window.questions for window in windows) == 30
    assert sum(window.replies for window in windows) == 18
    assert not any(note.step == "first_response" for note in found.notifications)


def test_without_a_reply_the_deadline_is_missed_and_all_questions_are_open():
    found = outcome(None, ["KettleCare"])
    (incident,) = found.incidents.values()
    assert incident.statement_sent_at is None
    assert incident.questions >= 20 and incident.replies == 0
    waiting = [alert.reason.split()[0] for alert in found.alerts if "questions wait for an answer" in alert.reason]
    assert waiting == ["10", "20"], "told again when it has doubled"
    assert any(note.step == "first_response" for note in found.notifications)


def test_nothing_is_claimed_where_the_brands_accounts_are_not_known():
    found = outcome(12, [])
    assert all(alert.questions == alert.replies == 0 and alert.replied_at is None for alert in found.alerts)
    (incident,) = found.incidents.values()
    assert incident.statement_sent_at is None and incident.questions == 0


def test_a_late_word_of_a_reply_does_not_undo_the_command_and_one_from_before_does_not_count():
    text = policy(severities="{L3: {first_response: 30m}}")
    with Story(text, until=60) as story:
        story.at(0).alert("acme", "L3")
        early = from_ms(story.ms(0)) - timedelta(minutes=5)
        story.at(5).alert("acme", "L3", status="updated", replied_at=early)
        story.expect(at(30), update("alice", reason="no public reply"))
    with Story(text, until=60) as story:
        story.at(0).alert("acme", "L3")
        story.at(5).alert("acme", "L3", status="updated", replied_at=from_ms(story.ms(3)), questions=40, replies=4)
        story.at(9).command("statement_sent", "alice")
        story.never(between(6, 60), update(reason="no public reply"))
    (case,) = story.state.cases.values()
    assert case.incident.statement_sent_at == from_ms(story.ms(9))
    assert (case.incident.questions, case.incident.replies) == (40, 4)


def test_messages_say_how_many_wait_for_an_answer():
    incident = an_incident(questions=40, replies=4, statement_sent_at=an_incident().opened_at)
    text = render(a_page(), context("fr", incident=incident), Options()).text
    assert "Sans réponse : 36 sur 40 questions posées à la marque" in text
    assert "La première réponse publique est partie à" in text


def test_the_page_counts_from_the_minutes():
    history = History()
    for minute in range(4):
        history.put(Window("acme", from_ms(T0 + minute * MINUTE), 5, questions=2, replies=minute))
    assert history.asked("acme", T0 + MINUTE, T0 + 3 * MINUTE) == (4, 3)
    assert history.asked("other", T0, T0 + HOUR) == (0, 0)
    history.put(Window("acme", from_ms(T0 + MINUTE), 5, questions=70_000))
    assert history.asked("acme", T0 + MINUTE, T0 + 2 * MINUTE) == (65_535, 0)
    assert to_ms(from_ms(T0)) == T0
