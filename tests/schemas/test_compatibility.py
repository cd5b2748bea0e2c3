"""What may change inside a major version, and what may not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from schemas.compatibility import breaks
from schemas.documents import documents

Document = dict[str, Any]

ALERT = documents()["alert"]


def changed(document: Document, *path: str, **change: Any) -> Document:
    """Return `document` with the entries of `change` at `path` (None takes one away)."""
    made = copy.deepcopy(document)
    node = made
    for part in path:
        node = node[part]
    for name, value in change.items():
        if value is None:
            del node[name]
        else:
            node[name] = value
    return made


@pytest.mark.parametrize("name", sorted(documents()))
def test_a_document_is_compatible_with_itself(name: str):
    assert breaks(documents()[name], documents()[name]) == []


@pytest.mark.parametrize(
    "new",
    [
        changed(ALERT, "properties", mood={"type": "string", "default": ""}),
        changed(ALERT, "properties", mood={"anyOf": [{"$ref": "#/$defs/Vote"}, {"type": "null"}], "default": None}),
        changed(ALERT, "properties", "trigger", enum=[*ALERT["properties"]["trigger"]["enum"], "weather"]),
        changed(ALERT, "properties", "negative_share", maximum=2.0),
        changed(ALERT, "$defs", "Vote", "properties", weight={"type": "number", "default": 1.0}),
        changed(ALERT, description="said better"),
    ],
)
def test_an_optional_addition_or_a_wider_bound_breaks_nobody(new: Document):
    assert breaks(ALERT, new) == []


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (changed(ALERT, "properties", reach=None), "$.reach: the field is gone"),
        (changed(ALERT, required=[*ALERT["required"], "reach"]), "$.reach: newly required"),
        (
            changed(ALERT, required=[n for n in ALERT["required"] if n != "brand"]),
            "$.brand: no longer certain to be there",
        ),
        (changed(ALERT, "properties", "brand", type="integer"), "$.brand: string is no longer allowed"),
        (
            changed(ALERT, "properties", brand={"anyOf": [{"type": "string"}, {"type": "null"}]}),
            "$.brand: null was never there before",
        ),
        (
            changed(ALERT, "properties", "suppressed_by", anyOf=[{"type": "string"}]),
            "$.suppressed_by: null is no longer allowed",
        ),
        (
            changed(ALERT, "properties", "severity", enum=["L1", "L2", "L3"]),
            "$.severity: the value 'L4' is no longer allowed",
        ),
        (changed(ALERT, "properties", "brand", enum=["Acme"]), "$.brand: only some values are allowed now"),
        (changed(ALERT, "properties", "brand", maxLength=10), "$.brand: maxLength was not set and is 10"),
        (changed(ALERT, "properties", "negative_share", maximum=0.5), "$.negative_share: maximum was 1.0 and is 0.5"),
        (changed(ALERT, "properties", "brand", pattern="^a"), "$.brand: pattern was not set and is '^a'"),
        (changed(ALERT, "properties", "kind", default="test"), "$.kind: the default was 'actual' and is 'test'"),
        (changed(ALERT, additionalProperties=False), "$: unknown fields are no longer ignored"),
        (changed(ALERT, "$defs", "Vote", "properties", score=None), "$.votes[].score: the field is gone"),
        (
            changed(ALERT, "$defs", "Interval", required=["low"]),
            "$.interval.high: no longer certain to be there",
        ),
        (
            changed(ALERT, "properties", "severity_terms", additionalProperties={"type": "string"}),
            "$.severity_terms[]: number is no longer allowed",
        ),
    ],
)  # fmt: skip
def test_what_lets_a_reader_down_is_named_with_its_path(new: Document, told: str):
    assert told in breaks(ALERT, new)


def test_a_kind_of_journal_entry_may_come_and_none_may_go():
    journal = documents()["journal-entry"]
    fewer = changed(journal, anyOf=[part for part in journal["anyOf"] if part["$ref"] != "#/$defs/TimerDue"])
    assert breaks(journal, fewer) == ["$: object:timer is no longer allowed"]
    assert breaks(fewer, journal) == []


def test_an_event_inside_a_journal_entry_is_held_too():
    journal = documents()["journal-entry"]
    assert "$.alert.reach: the field is gone" in breaks(
        journal, changed(journal, "$defs", "Alert", "properties", reach=None)
    )


def test_the_text_rule_of_a_mention_is_part_of_the_contract():
    mention = documents()["mention"]
    assert breaks(mention, changed(mention, **{"else": {"required": ["text", "url"]}})) == [
        "$: the condition 'else' has changed"
    ]
