"""`tocsin brands` on an embedded broker: what it lists, adds, removes and imports, and what it refuses."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import EmbeddedBroker
from schemas.times import MINUTE, iso, parse_iso
from streams.cli import main
from tests.detectors.brand_story import poisson

START = parse_iso("2026-03-02T00:00:00Z")


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as made:
        yield made


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broker: EmbeddedBroker
) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("TOCSIN_BROKER", "TOCSIN_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "tocsin.yaml").write_text(
        f"broker: {{bootstrap: '{broker.bootstrap}', embedded: true}}\ntopic_prefix: t{random.getrandbits(40):x}.\n"
        "brands: [{name: Acme, words: [acme, '@acme']}]\n"
    )
    assert main(["topics", "create"]) == 0

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["brands", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def counts(path: Path, days: float = 4, minutes: int = 5) -> Path:
    rng = random.Random(2)
    rows = [f"{iso(START + i * minutes * MINUTE)},{poisson(rng, 2.5)}" for i in range(int(days * 24 * 60 / minutes))]
    path.write_text("timestamp,value\n" + "\n".join(rows) + "\n")
    return path


def posts(path: Path, hours: int = 30) -> Path:
    rows = [
        {
            "platform": "x",
            "id": str(i),
            "created_at": iso(START + 3 * i * MINUTE),
            "text": f"what a day {i}",
            "author": {"id": f"u{i}"},
        }
        for i in range(hours * 20)
    ]
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    return path


def listed(run: Any) -> dict[str, Any]:
    status, out, _ = run("list", "--json")
    assert status == 0
    return {row["brand"]: row for row in json.loads(out)["brands"]}


def test_a_brand_is_added_changed_given_its_past_and_let_go(run: Any, tmp_path: Path):
    assert list(listed(run)) == ["Acme"]
    assert run("add", "Tart", "--words", "tart, tarte", "--as", "alice")[0] == 0
    tart = listed(run)["Tart"]
    assert (tart["words"], tart["watched"], tart["by"], tart["from"]) == (["tart", "tarte"], True, "alice", "brands")
    status, out, _ = run("import", "tart", str(counts(tmp_path / "counts.csv")))
    assert (status, "Tart: learnt from 3.8 days" in out) == (0, True), out
    assert "24 of 24 hours of the day" in listed(run)["Tart"]["past"]
    assert run("add", "Tart", "--exclude", "pop tart")[0] == 0
    assert listed(run)["Tart"]["words"] == ["tart", "tarte"], "what is not said again stays"
    assert listed(run)["Tart"]["past"]
    assert run("remove", "Tart")[0] == 0
    assert listed(run)["Tart"]["watched"] is False
    status, _, err = run("remove", "Tart")
    assert (status, "brands: 'Tart' is not watched" in err) == (2, True)
    assert run("remove", "Acme")[0] == 0
    table = run("list")[1]
    assert "Acme" in table
    assert "no" in table


def test_a_past_of_mentions_knows_the_tone_too(run: Any, tmp_path: Path):
    status, out, _ = run("import", "Acme", str(posts(tmp_path / "past.jsonl.gz")), "--json")
    learnt = json.loads(out)
    assert (status, learnt["warm"], learnt["sent"]) == (0, True, True)
    assert learnt["mentions"] == pytest.approx(20 * 26, abs=12)
    assert learnt["first"] == iso(START)


def test_too_little_of_a_past_is_told_with_status_1(run: Any, tmp_path: Path):
    status, out, _ = run("import", "Acme", str(counts(tmp_path / "c.csv", days=0.5)), "--dry-run")
    assert status == 1
    assert "that is not enough to page at once" in out
    assert listed(run)["Acme"]["from"] == "configuration", "nothing was sent"


def test_a_campaign_that_keeps_a_past_from_being_learnt_is_named(run: Any, tmp_path: Path):
    path = str(counts(tmp_path / "c.csv"))
    status, out, _ = run("import", "Acme", path, "--dry-run")
    assert (status, "campaign" in out) == (0, False)
    sale = "{name: Sale, start: '2026-03-02T06:00:00Z', end: '2026-03-09T00:00:00Z'}"
    old = "{name: Old, start: '2026-02-02T06:00:00Z', end: '2026-03-01T00:00:00Z'}"
    written = (tmp_path / "tocsin.yaml").read_text()
    (tmp_path / "tocsin.yaml").write_text(written.replace("'@acme']", f"'@acme'], campaigns: [{old}, {sale}]"))
    status, out, _ = run("import", "Acme", path, "--dry-run")
    assert status == 1
    assert "during the campaign Sale (2026-03-02T06:00:00Z to 2026-03-09T00:00:00Z) is not learnt" in out
    assert "Old" not in out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("timestamp,value\n2026-03-02T00:00Z,many\n", "'many' is not a number"),
        ("timestamp,value\n2026-03-02T00:05Z,1\n2026-03-02T00:00Z,1\n", "sort the file by time"),
        ("timestamp,value\n2026-03-02T00:05Z,1\n2026-03-02T00:05Z,1\n", "repeats line 2"),
        ("timestamp,value\n2026-03-02,1\n2026-03-03,1\n2026-03-04,1\n", "bins of 24 hours are too wide"),
        ("timestamp,value\n2026-03-02T00:05Z,0\n2026-03-02T00:10Z,0\n", "no mentions in it"),
        ("timestamp,value\n2126-03-02T00:05Z,1\n2126-03-02T00:10Z,1\n", "no mentions in it"),
        ("timestamp,value\n", "no rows after the header"),
        ("", "empty"),
        ("id,created_at,text\n1,soon,hello\n", "none of 1 rows is a mention"),
        (
            "id,created_at,text,brand\n1,2026-03-02T00:05Z,hello,Zenith\n2,2026-03-02T00:05Z,hello,Borealis\n",
            "none of 2 mentions is about 'Acme'; they name Borealis, Zenith: import them for that brand",
        ),
    ],
)  # fmt: skip
def test_files_that_nothing_can_be_learnt_from(run: Any, tmp_path: Path, text: str, told: str):
    (tmp_path / "past.csv").write_text(text)
    status, out, err = run("import", "Acme", "past.csv", "--dry-run")
    assert (status, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add"], "brands add: name the brand, as in: tocsin brands add Aerolux"),
        (["add", "Big", "Cake"], "'Cake' is one argument too many (several words need quotes)"),
        (["add", "Tart", "--sensitivity", "9"], "--sensitivity: 9.0 must lie between 0.25 and 4"),
        (["add", "Tart", "--words", " , "], "--words: ' , ': give words"),
        (["add", "ACME"], "'Acme' is watched already; write it so"),
        (["remove", "Acm"], 'brands: \'Acm\' is not watched (did you mean "Acme"?)'),
        (["import", "Acme"], "brands import: name a file of past mentions or counts"),
        (["import", "Acme", "no.csv"], "no.csv: No such file"),
        (["import", "Tarte", "c.csv"], "brands: 'Tarte' is not watched; watched are Acme"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_line(run: Any, tmp_path: Path, arguments: list[str], told: str):
    counts(tmp_path / "c.csv", days=0.1)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
