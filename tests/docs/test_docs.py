"""What the documents say exists, exists: links, commands and their options, metrics, settings, variables."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest
import yaml

from schemas import topics
from schemas.events import Alert, SignalName
from streams.cli import COMMANDS
from tests.docs.metrics import EXPOSED, names_in

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "deploy" / "runbooks").glob("*.md"),
    ]
)
OURS = [
    ROOT / "README.md",
    ROOT / "docs" / "operations.md",
    ROOT / "docs" / "integrators.md",
    ROOT / "docs" / "architecture.md",
    ROOT / "deploy" / "compose.yaml",
    *sorted((ROOT / "deploy" / "runbooks").glob("*.md")),
]
"""Texts whose every command is to be had today."""
LARGEST_PICTURE = 300_000

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(path: Path) -> set[str]:
    """Headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text()), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


def test_every_field_of_an_alert_stands_in_the_table_for_integrators():
    text = (ROOT / "docs" / "integrators.md").read_text()
    table = text.split("| field | values |")[1].split("\n\n")[0]
    told = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert told == set(Alert.__struct_fields__)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document):
    for link in _LINK.findall(_FENCE.sub("", document.read_text())):
        if re.match(r"[a-z]+:", link):
            assert link.startswith(("https://", "mailto:")), link
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / unquote(path)).resolve() if path else document
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        assert target.exists(), f"{link}: there is no {target.relative_to(ROOT)}"
        if anchor:
            assert anchor in anchors(target), f"{link}: there is no such heading"


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words after `tocsin` of each command in code, up to a comment, a pipe or an ellipsis."""
    for piece in re.findall(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", text, re.DOTALL):
        for line in (piece[0] or piece[1]).splitlines():
            found = re.match(r"\s*(?:#\s+)?(?:[A-Z_]+=\S+ )?(?:\.venv/bin/|docker run --rm )?tocsin ([a-z-].*)", line)
            if found and ":" not in found[1].split()[0]:
                yield shlex.split(re.split(r"\s[#|>]\s?|…", found[1])[0])


def parser_of(name: str) -> argparse.ArgumentParser:
    module = importlib.import_module(f"streams.commands.{name.replace('-', '_')}")
    parser = argparse.ArgumentParser(prog=name, exit_on_error=False)
    module.arguments(parser)
    return parser


@pytest.mark.parametrize("document", OURS, ids=named)
def test_commands_and_their_options_are_to_be_had(document):
    for words in commands(document.read_text()):
        assert words[0] in COMMANDS, words
        parser = parser_of(words[0])
        known = {option for action in parser._actions for option in action.option_strings}
        assert {word.partition("=")[0] for word in words[1:] if word.startswith("--")} <= known, words
        choices = next((a.choices for a in parser._actions if not a.option_strings and a.choices), None)
        if choices is not None and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in choices, words


def test_commands_are_found_in_the_documents():
    found = [words[0] for document in OURS for words in commands(document.read_text())]
    assert len(found) > 30
    assert {"worker", "topics", "policy", "incident", "backtest", "dead-letters"} <= set(found)


def test_the_readme_names_every_command():
    shown = re.findall(r"^\| `tocsin ([a-z-]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(COMMANDS)


def test_the_compose_files_commands_are_to_be_had():
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    used = [service["command"] for service in services.values() if "command" in service]
    assert len(used) == 3
    for words in used:
        parser_of(words[0]).parse_args(words[1:])


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_metrics_are_to_be_had(document):
    assert names_in(document.read_text()) - EXPOSED == set()


def test_every_metric_is_explained_to_operators():
    text = (ROOT / "docs" / "operations.md").read_text()
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in EXPOSED if name.startswith("tocsin_")}
    unused: set[str] = set()
    assert bare - names_in(text) - unused == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_environment_variables_are_read_by_the_code(document):
    code = "\n".join(
        path.read_text() for folder in ("streams", "deploy", "tests") for path in (ROOT / folder).rglob("*.py")
    )
    for name in set(re.findall(r"\bTOCSIN_[A-Z_]+\b", document.read_text())):
        assert name in code, name


@pytest.mark.parametrize("name", ["operations.md", "integrators.md"])
def test_topics_are_to_be_had(name):
    known = {topic.name for topic in topics.TOPICS}
    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \| (?:P|Q|1|fingerprint|incident id|brand)", (ROOT / "docs" / name).read_text(),
                      re.MULTILINE)  # fmt: skip
    shown = {topic for row in rows for topic in re.findall(r"`([a-z-]+)`", row)}
    assert shown <= known
    assert len(shown) >= 5
    if name == "operations.md":
        assert shown == known


def test_every_signal_is_explained_where_its_link_leads():
    assert set(get_args(SignalName)) <= anchors(ROOT / "docs" / "signals.md")


def test_pictures_are_small_and_used():
    used = "\n".join(document.read_text() for document in DOCUMENTS)
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < LARGEST_PICTURE, picture.name
        assert picture.name in used, picture.name


def test_no_document_names_a_place_of_its_making():
    for document in DOCUMENTS:
        assert not re.search(r"(?<![\w.~-])/(?:home|root|tmp|work)/\w", document.read_text()), named(document)


def test_documents_that_the_code_refers_to_are_here():
    sources = [
        path
        for folder in ("schemas", "detectors", "streams", "deploy", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]
    referred = {(path, target) for path in sources for target in re.findall(r"\bdocs/[\w/.-]+\.md\b", path.read_text())}
    assert len(referred) > 10
    assert [f"{named(path)}: {target}" for path, target in referred if not (ROOT / target).exists()] == []
    assert [named(path) for path in sources if re.search(r"\b[D]ESIGN\b", path.read_text())] == []
