"""One tiny broken file per rule; its first lines are the errors that have to be said, word for word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given, settings

from schemas.times import DAY, parse_iso
from streams.policy.check import check
from streams.policy.load import load_policy, read_policy, without_addresses
from streams.policy.problems import PolicyError
from streams.policy.reading import parse
from streams.policy.references import missing_secrets, unwatched

EXAMPLE = Path(__file__).parents[3] / "deploy" / "config" / "policy.example.yaml"

NOW = parse_iso("2026-11-24T10:00:00Z")
INCOMPLETE = sorted((Path(__file__).parent / "incomplete").glob("*.yaml"))
BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_the_error_names_file_path_value_and_remedy(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(path.parent)
    text = path.read_text(encoding="utf-8")
    wanted = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    _, problems = read_policy(text, Path())
    said = [problem.line("policy.yaml") for problem in problems if problem.level == "error"]
    assert said == wanted


@pytest.mark.parametrize("path", INCOMPLETE, ids=lambda path: path.stem)
def test_what_is_legal_but_incomplete_is_said(path: Path):
    text = path.read_text(encoding="utf-8")
    wanted = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    policy, problems = read_policy(text, path.parent)
    assert policy is not None, problems
    assert [problem.line("policy.yaml") for problem in check(policy, NOW)] == wanted


def test_all_errors_are_said_at_once():
    text = """
people: {alice: {channels: [{type: consol}]}, bob: {chanels: []}}
chains: {day: {steps: [{notify: [alice], wait: soon}]}}
defaults: {chain: 7, group_wait: 5}
"""
    _, problems = read_policy(text)
    assert [problem.path for problem in problems] == [
        "people.alice.channels[0].type",
        "people.bob.chanels",
        "people.bob.channels",
        "chains.day.steps[0].wait",
        "defaults.group_wait",
    ]


def test_every_name_is_checked_in_one_go():
    text = """
people: {alice: {channels: [{type: console}]}}
chains: {day: {steps: [{notify: [alise]}, {notify: [bob, "role:x"]}]}}
routes: [{match: {severity: L7}, chain: nigth}]
defaults: {chain: dya, last_resort: [nobody]}
"""
    _, problems = read_policy(text)
    assert len([problem for problem in problems if problem.level == "error"]) == 7


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5000), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from(["L3+", "alice", "role:legal", "schedule:duty", "5m", "09:00", "2026-13-01", "${X}", "file:/x", "Europe/Paris"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_file_there_is_no_traceback(data: st.DataObject):
    """Somewhere in the example stands something else: it is read, or said to be wrong; and what is read can be checked."""
    raw: Any = parse(EXAMPLE.read_text(encoding="utf-8"))
    place = raw
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 3)) == 0:
            place[key] = data.draw(VALUES)
            break
        place = inner
    policy, problems = read_policy(yaml.safe_dump(raw, allow_unicode=True), EXAMPLE.parent)
    if policy is None:
        assert problems
    elif not any(problem.level == "error" for problem in problems):
        check(policy, 1_780_000_000_000, horizon=3 * DAY)
        list(missing_secrets(policy, {}))
        without_addresses(policy)


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: raw.decode("utf-8", "replace")))
def test_whatever_text_there_is_no_traceback(text: str):
    policy, problems = read_policy(text)
    assert policy is None
    assert problems


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(PolicyError, match=r"there is no such file: copy deploy/config/policy\.example\.yaml"):
        load_policy(tmp_path / "policy.yaml")


def test_a_file_that_is_not_text(tmp_path: Path):
    (tmp_path / "policy.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match="save it as UTF-8"):
        load_policy(tmp_path / "policy.yaml")


def test_secrets_that_are_not_there_are_noted(tmp_path: Path):
    (tmp_path / "policy.yaml").write_text(
        'people: {alice: {channels: [{type: webhook, url: "${TOCSIN_HOOK}", options: {secret: "${TOCSIN_KEY}"}}, '
        '{type: apprise, url: "file:/nowhere"}]}}\n'
        "chains: {day: {steps: [{notify: [alice]}]}}\ndefaults: {chain: day}\n"
    )
    policy = load_policy(tmp_path / "policy.yaml")  # to check or to replay, addresses are not needed
    assert [problem.line("policy.yaml") for problem in missing_secrets(policy, {})] == [
        "policy.yaml: note: people.alice.channels[0].url: environment variable TOCSIN_HOOK is not set",
        'policy.yaml: note: people.alice.channels[1].url: there is no file "/nowhere"',
        "policy.yaml: note: people.alice.channels[0].options.secret: environment variable TOCSIN_KEY is not set",
    ]


def test_brands_that_nobody_watches_are_noted(tmp_path: Path):
    (tmp_path / "policy.yaml").write_text(
        "people: {alice: {channels: [{type: smtp, url: 'mailto:alice@example.com'}]}}\n"
        "chains: {day: {steps: [{notify: [alice]}]}}\ndefaults: {chain: day}\nbrands: {acme: {}, Zenith: {}}\n"
    )
    policy = load_policy(tmp_path / "policy.yaml")
    (found,) = unwatched(policy, ["Acme", "Zenith"])
    assert found.line("policy.yaml").startswith(
        'policy.yaml: note: brands.acme: is not on the watch list of the configuration (did you mean "Acme"?)'
    )
