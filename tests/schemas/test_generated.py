"""The generated documents say what the code does, and nobody who relied on them is let down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from schemas import events, generate, mention, topics
from schemas.asyncapi import ALWAYS_DEAD, CLOUD_EVENTS, DEAD, asyncapi
from schemas.documents import DOCUMENTS, documents
from streams.agents.watch import alert_write
from streams.engine.dead_letter import dead_letter
from streams.engine.records import Read
from tests.schemas.samples import ALERT, MENTIONS, SAMPLES

VALIDATORS = {name: Draft202012Validator(document) for name, document in documents().items()}


def encoded(event: Any) -> Any:
    return json.loads(events.encode(event))


# ---- what is checked in is what the code says


def test_the_files_are_what_the_code_says():
    assert generate.drift() == []


def test_nothing_breaks_those_who_rely_on_this_major_version():
    assert generate.BASELINE.is_dir()
    assert generate.incompatibilities() == []


def test_every_document_of_the_baseline_version_is_held():
    kept = {path.name.removesuffix(generate.SUFFIX) for path in generate.BASELINE.iterdir()}
    assert kept <= set(DOCUMENTS)
    assert len(kept) >= 11


def test_two_runs_write_the_same():
    assert generate.generated() == generate.generated()


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The generator, pointed at a folder of its own."""
    folder = tmp_path / "schemas"
    (folder / "json").mkdir(parents=True)
    monkeypatch.setattr(generate, "FOLDER", folder)
    monkeypatch.setattr(generate, "BASELINE", folder / "json" / "v1-baseline")
    assert generate.main([]) == 0
    assert generate.main(["--freeze"]) == 0
    return folder


def test_check_passes_on_what_was_just_written(copied: Path):
    assert generate.main(["--check"]) == 0


def test_a_file_changed_by_hand_is_told_with_the_remedy(copied: Path, capsys: pytest.CaptureFixture[str]):
    path = copied / "json" / "alert.schema.json"
    path.write_text(path.read_text().replace('"fingerprint"', '"fingerprints"'))
    assert generate.main(["--check"]) == 1
    assert (
        "schemas/json/alert.schema.json: differs from the code; run: python -m schemas.generate"
        in capsys.readouterr().err
    )


def test_a_missing_file_and_one_too_many_are_told(copied: Path, capsys: pytest.CaptureFixture[str]):
    (copied / "asyncapi.yaml").unlink()
    (copied / "json" / "rumour.schema.json").write_text("{}")
    assert generate.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "asyncapi.yaml: missing" in said
    assert "rumour.schema.json: describes nothing that travels" in said


def test_a_field_that_the_baseline_promised_is_missed(copied: Path, capsys: pytest.CaptureFixture[str]):
    path = copied / "json" / "v1-baseline" / "window.schema.json"
    document = json.loads(path.read_text())
    document["properties"]["mood"] = {"type": "string"}
    path.write_text(json.dumps(document))
    assert generate.main(["--check"]) == 1
    assert "breaks version 1: window: $.mood: the field is gone" in capsys.readouterr().err


def test_a_baseline_is_made_once(copied: Path, capsys: pytest.CaptureFixture[str]):
    assert generate.main(["--freeze"]) == 2
    assert "is there already" in capsys.readouterr().err


# ---- JSON Schema


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_each_document_is_a_valid_schema_of_2020_12(name: str):
    document = documents()[name]
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"urn:tocsin:schema:{name}:1"
    Draft202012Validator.check_schema(document)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_what_we_write_follows_its_document(name: str):
    for event in SAMPLES[name]:
        VALIDATORS[name].validate(encoded(event))


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_field_of_tomorrow_is_ignored_by_document_and_decoder(name: str):
    type_, _ = DOCUMENTS[name]
    for event in SAMPLES[name]:
        body = encoded(event) | {"colour_of_tomorrow": {"deep": [1]}}
        VALIDATORS[name].validate(body)
        assert msgspec.json.decode(json.dumps(body), type=type_) == event


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("alert", {"severity": "L9"}),
        ("alert", {"negative_share": 1.5}),
        ("alert", {"sequence": "two"}),
        ("alert", {"schema": 2}),
        ("command", {"minutes": 0}),
        ("window", {"start": None}),
        ("mention", {"rev": -1}),
        ("mention", {"platform": "X!"}),
        ("mention", {"author": {"followers": 3}}),
    ],
)
def test_what_the_decoder_refuses_the_document_refuses(name: str, change: dict[str, Any]):
    body = encoded(SAMPLES[name][0]) | change
    with pytest.raises(ValidationError):
        VALIDATORS[name].validate(body)
    if "schema" not in change:
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(json.dumps(body), type=DOCUMENTS[name][0])


def test_a_mention_needs_a_text_unless_it_is_a_deletion():
    body = {"platform": "x", "id": "1", "created_at": "2026-03-02T09:30:00Z"}
    for wrong in (body, body | {"op": "update"}, body | {"text": None}):
        with pytest.raises(ValidationError):
            VALIDATORS["mention"].validate(wrong)
    VALIDATORS["mention"].validate(body | {"op": "delete"})
    VALIDATORS["mention"].validate(body | {"text": ""})


@given(MENTIONS)
def test_every_mention_that_can_be_decoded_follows_its_document(one: mention.Mention):
    VALIDATORS["mention"].validate(encoded(one))


def test_fields_are_described_in_the_words_of_the_code():
    described = documents()["window"]["properties"]["loudest"]["description"]
    assert described == "Mentions of the author with the most."


# ---- AsyncAPI


def test_every_topic_is_a_channel_with_its_settings():
    channels = {channel["address"]: channel for channel in asyncapi()["channels"].values()}
    assert set(channels) == {topic.name for topic in topics.TOPICS}
    for topic in topics.TOPICS:
        told = channels[topic.name]["bindings"]["kafka"]
        assert told["topicConfiguration"]["cleanup.policy"] == topic.config()["cleanup.policy"].split(",")
        assert told["topicConfiguration"].get("retention.ms") == topic.retention_ms
        assert told.get("partitions") == (1 if topic.partitions == "one" else None)


def test_every_reference_leads_somewhere():
    document = yaml.safe_load((generate.FOLDER / "asyncapi.yaml").read_text())

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            inner = [ref for value in node.values() for ref in references(value)]
            return inner + ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        return [ref for value in node for ref in references(value)] if isinstance(node, list) else []

    found = references(document)
    assert len(found) > 40
    for reference in found:
        if reference.startswith("./"):
            assert (generate.FOLDER / reference).is_file(), reference
            continue
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_json_document_is_some_message_of_a_topic():
    told = json.dumps(asyncapi()["components"]["messages"])
    for name in DOCUMENTS:
        assert f"./json/{name}.schema.json" in told


def test_the_headers_of_an_alert_are_those_that_are_sent():
    headers = dict(alert_write(ALERT).headers)
    assert set(headers) == set(CLOUD_EVENTS)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"] == b"a:2"
    assert headers["ce_type"] == b"tocsin.alert.updated"
    assert headers["ce_time"] == b"2026-03-02T09:30:00Z"


def test_the_headers_of_a_dead_letter_are_those_that_are_sent():
    reason = mention.Rejection("malformed_json", "value: cut off")
    small = dict(dead_letter(Read(5, 9, b"k", b"{"), "mentions", 0, reason).headers)
    large = dict(dead_letter(Read(5, 9, b"k" * 3_000_000, b"{" * 3_000_000), "mentions", 0, reason).headers)
    assert set(ALWAYS_DEAD) <= set(small) <= set(large)
    assert set(large) == set(DEAD)
