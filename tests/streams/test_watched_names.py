"""Commands that name a brand know those that were added since, and say where nobody watches one."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker
from streams.cli import main

POLICY = """\
people: {alice: {channels: [{type: webhook, url: "http://127.0.0.1:9/alice"}]}}
chains: {day: {steps: [{notify: [alice], wait: 5m}], last_resort: [alice]}}
defaults: {chain: day}
"""


@pytest.fixture
def config(embedded: EmbeddedBroker, tmp_path: Path) -> list[str]:
    path = tmp_path / "tocsin.yaml"
    (tmp_path / "policy.yaml").write_text(POLICY)
    path.write_text(
        f"broker: {{bootstrap: '{embedded.bootstrap}', embedded: true}}\ntopic_prefix: {tmp_path.name}.\n"
        f"partitions: {{mentions: 1, scored: 1}}\nbrands: [{{name: Acme}}]\npolicy: {tmp_path / 'policy.yaml'}\n"
    )
    options = ["--config", str(path)]
    assert main(["topics", "create", *options]) == 0
    assert main(["brands", "add", "Zenith", *options]) == 0
    return options


def test_an_exercise_knows_brands_that_were_added(config: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["drill", "start", "--brand", "Zenith", "--dry-run", *config]) == 0
    assert "alice" in capsys.readouterr().out
    assert main(["drill", "start", "--brand", "Zenit", *config]) == 2
    said = capsys.readouterr().err
    assert "--brand: 'Zenit' is not watched; watched are Acme, Zenith (did you mean \"Zenith\"?)" in said


def test_a_silence_of_a_brand_that_nobody_watches_is_said_with_a_note(
    config: list[str], capsys: pytest.CaptureFixture[str]
):
    for brand, noted in (("Zenith", False), ("Akme", True)):
        assert main(["silence", "add", "--brand", brand, "--reason", "fair", "--as", "alice", *config]) == 0
        said = capsys.readouterr()
        assert brand in said.out
        assert (f"note: {brand!r} is not watched; watched are Acme, Zenith" in said.err) is noted
