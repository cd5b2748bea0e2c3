"""Which route takes an alert, whom that pages when, and why not the others."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.events import Alert, Driver
from schemas.times import DAY, from_ms, parse_iso
from streams.errors import UserError
from streams.incidents.simulate import simulate
from streams.policy.check import check, summary
from streams.policy.diff import diff
from streams.policy.labels import covers, fits
from streams.policy.load import digest, from_plain, load_policy, read_policy, without_addresses
from streams.policy.model import Policy, Statement, Voice
from streams.policy.people import channel_of
from streams.policy.plan import explain
from streams.policy.routes import route
from streams.policy.secrets import resolve, resolved
from streams.policy.statements import lint

EXAMPLE = Path(__file__).parents[3] / "deploy" / "config" / "policy.example.yaml"
NOW = parse_iso("2026-11-24T10:00:00Z")  # a Tuesday
PROMISED = 10_000
"""Routes a second that the project promises."""


@pytest.fixture(scope="module")
def example() -> Policy:
    return load_policy(EXAMPLE)


def alert(severity: Any = "L3", brand: str = "Aerolux", signal: Any = "negative_spike", **more) -> Alert:
    return Alert("a", "f", 0, "firing", signal, severity, brand, from_ms(NOW), from_ms(NOW), **more)


def test_the_example_is_without_errors_and_complete(example: Policy):
    problems = check(example, NOW)
    assert [problem.line("policy.yaml") for problem in problems if "is past" not in problem.message] == []
    assert summary(example, NOW).startswith("6 people, 3 chains, 3 routes, 1 schedules filled until 2027-02")


def test_the_first_that_fits_decides(example: Policy):
    assert route(example, alert("L4", trigger="legal")).chains == ("crisis",)
    assert route(example, alert("L2")).chains == ("day",)
    assert route(example, alert("L1")).chains == ("day",)  # by default


def test_continue_runs_chains_side_by_side(example: Policy):
    assert route(example, alert("L3", trigger="safety")).chains == ("legal", "day")


def test_why_and_why_not(example: Policy):
    lines = explain(example, alert("L3", trigger="legal"), NOW).lines()
    assert "passes routes[0] (crisis): severity L3 is not L4" in lines
    assert "takes  routes[1] (legal matters): fits, chain legal" in lines
    assert "1 min: leo by mail (legal, step 1)" in lines
    assert any(line.startswith("11 min: claire by push (day, step 2)") for line in lines)


def test_what_would_hold_it_back_is_said(example: Policy):
    friday = parse_iso("2026-11-27T18:00:00+01:00")
    lines = explain(example, alert("L2", signal="volume_spike"), friday).lines()
    assert "held back: maintenance weekly contest" in lines
    night = parse_iso("2026-11-27T23:00:00+01:00")
    assert any("quiet hours for another" in line for line in explain(example, alert("L2"), night).lines())


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        ({"severity": ["L3+"]}, True),
        ({"severity": ["L1", "L2"]}, False),
        ({"brand": ["Aer*"]}, True),
        ({"brand": ["!Aerolux"]}, False),
        ({"brand": ["!zenith"]}, True),
        ({"language": ["fr"]}, True),
        ({"language": ["!fr"]}, False),
        ({"platform": ["x"]}, False),
        ({"market": ["fr"], "severity": ["L3"]}, True),
        ({}, True),
    ],
)
def test_matchers(example: Policy, match: dict[str, list[str]], *, taken: bool):
    from streams.policy.labels import labels_of

    one = alert(drivers=[Driver("language", "fr", 10, 3.0)])
    assert (fits(match, labels_of([one], one.severity, example)) is None) == taken


def test_routes_may_have_routes():
    policy, problems = read_policy(
        """
people: {a: {channels: [{type: console}]}}
chains: {x: {steps: [{notify: [a]}]}, y: {steps: [{notify: [a]}]}, z: {steps: [{notify: [a]}]}}
defaults: {chain: z, group_wait: 3m}
routes:
  - match: {brand: Aerolux}
    chain: x
    group_wait: 1m
    routes: [{match: {severity: L3+}, chain: y}]
"""
    )
    assert policy, problems
    assert route(policy, alert("L3")).chains == ("y",)
    assert route(policy, alert("L2")).chains == ("x",)
    assert route(policy, alert("L2")).group_wait == 60_000
    assert route(policy, alert("L2", "other")).chains == ("z",)
    assert route(policy, alert("L2", "other")).group_wait == 180_000


def test_ten_thousand_routes_a_second(example: Policy):
    alerts = [
        alert(severity, brand)
        for severity in ("L1", "L2", "L3", "L4")
        for brand in ("Aerolux", "Aerolux Cargo", "other")
    ]
    began = time.perf_counter()
    for number in range(PROMISED // 2):
        route(example, alerts[number % len(alerts)])
    assert PROMISED // 2 / (time.perf_counter() - began) >= PROMISED


def test_a_policy_goes_through_the_journal_and_back(example: Policy):
    plain = msgspec.json.decode(msgspec.json.encode(without_addresses(example)))
    again = from_plain(plain)
    assert digest(again) == digest(example)
    assert "example.com" not in str(plain)


def test_addresses_are_looked_up_at_the_last_moment(example: Policy):
    found = channel_of(example, "alice", "sms")
    assert found
    assert found.url == "${ALICE_SMS}"
    assert resolve(found.url, {"ALICE_SMS": "tgram://token/chat"}) == "tgram://token/chat"
    room = channel_of(example, "channel:crisis-room", "crisis-room")
    assert room
    assert room.type == "webhook"
    assert channel_of(example, "alice", "fax") is None


def test_secrets_of_addresses_and_options_are_filled_in_together(example: Policy):
    room = channel_of(example, "channel:crisis-room", "crisis-room")
    assert room
    full = resolved(room, {"CRISIS_ROOM_WEBHOOK": "https://x.example.com", "CRISIS_ROOM_SECRET": "k"})
    assert (full.url, full.options) == ("https://x.example.com", {"secret": "k"})
    with pytest.raises(UserError, match="CRISIS_ROOM_SECRET is not set"):
        resolved(room, {"CRISIS_ROOM_WEBHOOK": "https://x.example.com"})


@pytest.mark.parametrize(
    ("wide", "narrow", "sure"),
    [
        ({}, {"brand": ["acme"]}, True),
        ({"severity": ["L2+"]}, {"severity": ["L4"]}, True),
        ({"severity": ["L3"]}, {"severity": ["L3+"]}, False),
        ({"brand": ["a*"]}, {"brand": ["acme"]}, True),
        ({"brand": ["acme"]}, {}, False),
        ({"signal": ["!reach"]}, {"signal": ["volume_spike"]}, False),
        ({"brand": ["acme", "zenith"]}, {"brand": ["acme"], "severity": ["L4"]}, True),
    ],
)
def test_what_one_route_takes_from_another(wide, narrow, *, sure: bool):
    assert covers(wide, narrow) == sure


def test_what_changes_for_people(example: Policy, tmp_path: Path):
    text = EXAMPLE.read_text(encoding="utf-8").replace("{notify: [dominique], wait: 15m}", "{notify: [leo], wait: 15m}")
    (tmp_path / "new.yaml").write_text(text)
    lines = diff(example, load_policy(tmp_path / "new.yaml"), NOW)
    assert any(line.startswith("Aerolux L2: ") and line.endswith("then leo (15 min)") for line in lines)
    assert "chains.day.steps[2].notify[0]: dominique → leo" in lines
    assert diff(example, example, NOW) == []


def test_check_names_what_leaves_people_untold():
    policy, problems = read_policy(
        """
people:
  a: {roles: [community], channels: [{type: console, name: sms, from: L3}]}
  b: {roles: [legal], channels: [{type: console}]}
  c: {channels: [{type: console}]}
chains:
  day: {steps: [{notify: ["schedule:office"], wait: 30s}]}
  spare: {steps: [{notify: [a], wait: 5m}]}
severities: {L4: {ack_roles: [legal]}}
schedules:
  office:
    timezone: Europe/Paris
    rotations: [{people: [a], start: 2026-01-05, hours: [{days: mon-fri, from: "09:00", to: "18:00"}]}]
silences: [{match: {brand: acme}, author: a, reason: move, to: 2026-01-01T00:00+01:00}]
statements:
  - {trigger: product, language: fr, approver: b, valid_until: 2026-01-01, text: "Un incident isolé.", brand: acme}
brands: {acme: {voice: {never: [incident isolé]}}}
defaults: {chain: day}
"""
    )
    assert policy, problems
    said = [problem.line("policy.yaml") for problem in check(policy, NOW, horizon=2 * DAY)]
    hole = "from 2026-11-24T17:00:00Z to 2026-11-25T08:00:00Z"
    assert f"policy.yaml: chains.day: reaches nobody {hole}: add somebody who is always there" in said
    for words in (
        f"schedules.office: nobody is on duty {hole}",
        "chains.day.steps[0].wait: is under a minute",
        "chains.day.last_resort: is not set",
        'severities.L4.ack_roles: chain "day" pages nobody with the role "legal": add role:legal to a step',
        "chains.spare: is used by no route",
        "people.c: is never told anything",
        "silences[0].to: 2025-12-31T23:00:00Z is past",
        "statements[0].valid_until: 2026-01-01 is past",
        "statements[0].text: has 1 lines, not six",
        'statements[0].text: says "incident isolé", which the brand never does',
        "people.a.channels: are all for L3 and worse",
    ):
        assert any(words in line for line in said), (words, said)


def test_statements_fit_the_responsibility():
    six = "Fact.\n{}\nScope.\nAction.\nCommitment.\nContact."

    def said(line: str, responsibility: str) -> list[str]:
        statement = Statement("product", "en", six.format(line), "leo", "2027-01-01", responsibility=responsibility)  # type: ignore[arg-type]
        return lint(statement, Voice(never=["synergy"]))

    assert said("We are sorry.", "preventable") == []
    assert "does not apologise" in said("We have taken note.", "preventable")[0]
    assert "apologises for what the brand has not done" in said("We apologise.", "victim")[0]
    assert said("Synergy.", "accidental") == ['says "synergy", which the brand never does']


def test_who_would_have_been_paged(example: Policy):
    found = simulate(example, [alert("L4")], until=NOW + 20 * 60_000)
    sent = [(note.person, note.purpose) for note in found.notifications if note.outcome == "sent"]
    assert sent[0] == ("alice", "page")
    assert ("claire", "page") in sent
    assert ("leo", "page") in sent
    assert [incident.severity for incident in found.incidents.values()] == ["L4"]
