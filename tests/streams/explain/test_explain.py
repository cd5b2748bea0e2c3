"""`tocsin explain`: from a backtest's folder and from the topics, in French and English, and what is wrong in one line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from deploy.broker import EmbeddedBroker
from schemas import scored, topics
from schemas.events import Alert, Signal
from schemas.times import HOUR, MINUTE, iso, parse_iso
from streams import consoles, topics_admin
from streams.agents.watch import alert_write
from streams.cli import main
from streams.engine.records import Write
from streams.explain import plot
from streams.explain import words as explain_words
from streams.explain.bins import Bin
from streams.explain.log import windows_of
from streams.settings import load
from tests.streams.angry import angry_text

START = parse_iso("2026-03-02T00:00:00Z")
STORM = START + 44 * HOUR
COLUMNS = ("--columns", "id=tweet_id,created_at=created_utc,text=text,author=user,brand=brand")


def posts() -> str:
    """Two brands over two days: Kettle has a storm after 44 hours, Tart hears copies of one text and goes silent."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["tweet_id", "created_utc", "user", "text", "brand"])
    number = 0

    def say(at: int, text: str, brand: str, user: str | None = None) -> None:
        nonlocal number
        number += 1
        writer.writerow([number, iso(at), user or f"u{number}", text.format(n=number), brand])

    for minute in range(0, 44 * 60, 3):
        say(START + minute * MINUTE, "a fine day with my kettle {n}", "Kettle")
    for minute in range(0, 40 * 60, 5):
        say(START + minute * MINUTE, "tart for lunch {n}", "Tart")
    for step in range(40):
        say(START + 39 * HOUR + step * 1_000, "win a tart now, click here", "Tart")
    for step in range(240):
        say(STORM + step * 7_500, angry_text(step, "Kettle"), "Kettle")
    for minute in range(60, 6 * 60, 4):
        say(STORM + minute * MINUTE, "a fine day with my kettle {n}", "Kettle")
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backtest's output."""
    out = tmp_path_factory.mktemp("explain")
    (out / "posts.csv").write_text(posts())
    assert main(["backtest", str(out / "posts.csv"), *COLUMNS, "--out", str(out / "out"), "--json"]) == 0
    return out / "out"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("TOCSIN_BROKER", "TOCSIN_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["explain", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def alerts_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]


def storm_of(folder: Path) -> dict[str, Any]:
    told = [a for a in alerts_of(folder) if a["brand"] == "Kettle" and a["status"] in ("firing", "updated")]
    return max(told, key=lambda alert: (alert["severity"], alert["sequence"]))


def codes(answer: str) -> list[str]:
    return [reason["code"] for reason in json.loads(answer)["reasons"]]


# --- why -------------------------------------------------------------------------------------------------------------


def test_why_it_fired_says_the_numbers_the_terms_and_the_story(ask: Any, folder: Path):
    storm = storm_of(folder)
    status, out, err = ask(storm["alert_id"][:8], "--dir", str(folder))
    assert (status, err) == (0, "")
    assert f"Why? {storm['severity']} Kettle: surge of negative mentions" in out
    assert storm["reason"] in out
    assert f"{sum(storm['severity_terms'].values()):.2f}"[:3] in out
    assert "fires at" in out
    assert "over" in out.split("What happened when")[1].split("\n\n")[0], "its end is told"
    assert "▲" in out
    assert out.count("█") > 5
    french = ask(storm["alert_id"], "--dir", str(folder), "--language", "fr")[1]
    assert "Ce que disaient les tests" in french
    assert "Comment la gravité a été établie" in french


def test_why_in_json_has_the_severest_event_all_events_and_the_bars(ask: Any, folder: Path):
    storm = storm_of(folder)
    answer = json.loads(ask(storm["alert_id"], "--dir", str(folder), "--json")[1])
    assert answer["alert"]["severity"] == storm["severity"]
    assert [e["sequence"] for e in answer["events"]] == list(range(1, len(answer["events"]) + 1))
    assert answer["points"] == pytest.approx(sum(storm["severity_terms"].values()), abs=0.01)
    seen = sum(one["mentions"] for one in answer["bins"])
    assert 240 <= seen <= 240 + 7 * 20, "the storm and the quiet hours around it"
    before = [b for b in answer["bins"] if parse_iso(b["start"]) < STORM - 10 * MINUTE]
    assert all(0 < b["expected"] < 20 and b["high"] > b["expected"] for b in before)


# --- why not ---------------------------------------------------------------------------------------------------------


def test_what_did_not_fire_says_what_was_there_and_what_it_would_have_taken(ask: Any, folder: Path):
    status, out, err = ask("--missed", "kettle", "--at", "2026-03-03T12:00Z", "--dir", str(folder))
    assert (status, err) == (0, "")
    assert "Why not? Kettle around 12:00 UTC, 3 March 2026" in out
    assert "The strongest moment was the minute of" in out
    assert re.search(r"To fire would have taken about \d+ mentions of the same tone within", out)
    assert "different people within" in out
    answer = ask("--missed", "Kettle", "--at", "2026-03-03T12:00Z", "--dir", str(folder), "--json")[1]
    assert {"seen", "below", "to_fire", "to_page"} <= set(codes(answer))
    assert "warm_up" not in codes(answer)


def test_the_warm_up_is_said(ask: Any, folder: Path):
    answer = ask("--missed", "Kettle", "--at", "2026-03-02T10:00Z", "--dir", str(folder), "--json")[1]
    assert "warm_up" in codes(answer)
    warmth = json.loads(answer)["look"]["warmth"]
    assert warmth["hours"] < warmth["hours_needed"] == 20


def test_that_it_did_fire_is_said_and_where_to_look(ask: Any, folder: Path):
    storm = storm_of(folder)
    out = ask("--missed", "Kettle", "--at", iso(STORM + 10 * MINUTE), "--dir", str(folder))[1]
    assert f"It did alert: {storm['severity']}" in out
    assert f"tocsin explain {storm['alert_id'][:8]}" in out


def test_an_alert_that_was_going_on_is_said(ask: Any, folder: Path):
    late = ask("--missed", "Kettle", "--at", iso(STORM + 25 * MINUTE), "--within", "4", "--dir", str(folder))[1]
    assert "An alert was going on already" in late


def test_copies_are_told(ask: Any, folder: Path):
    answer = ask("--missed", "Tart", "--at", iso(START + 39 * HOUR), "--dir", str(folder), "--json")[1]
    assert "counted" in codes(answer)
    counted = json.loads(answer)["counted"]
    assert counted["mentions"] >= 40
    assert counted["crowd"] < 5


def test_that_nobody_spoke_is_told_with_the_mentions_before_and_after(ask: Any, folder: Path):
    at = START + 40 * HOUR + 30 * MINUTE
    answer = json.loads(ask("--missed", "Tart", "--at", iso(at), "--within", "20", "--dir", str(folder), "--json")[1])
    assert [reason["code"] for reason in answer["reasons"]] == ["nothing_said"]
    assert answer["before"] == iso(START + 40 * HOUR - 5 * MINUTE)
    assert answer["after"] is None


def test_a_campaign_and_the_budget_are_told(ask: Any, tmp_path: Path):
    (tmp_path / "posts.csv").write_text(posts())
    start, end = iso(STORM - HOUR), iso(STORM + HOUR)
    (tmp_path / "tocsin.yaml").write_text(
        f"pages_per_week: 0\nbrands: [{{name: Kettle, campaigns: [{{name: launch, start: '{start}', end: '{end}', "
        "expected_ratio: 5}]}, {name: Tart}]\npolicy: none.yaml\n"
    )
    from streams import backtest, backtest_files, files, replay_plan

    settings = load(tmp_path / "tocsin.yaml")
    columns = dict(pair.split("=") for pair in COLUMNS[1].split(","))
    outcome, _ = backtest.run(replay_plan.plan(files.load([tmp_path / "posts.csv"], columns, None)[0]), settings)
    backtest_files.write(tmp_path / "out", outcome, settings)
    held = {alert.suppressed_by for alert in outcome.alerts if alert.status == "suppressed"}
    assert "budget" in held
    answer = ask("--missed", "Kettle", "--at", iso(STORM + 10 * MINUTE), "--dir", str(tmp_path / "out"), "--json")[1]
    assert "held" in codes(answer)
    quiet = ask(
        "--missed", "Kettle", "--at", iso(STORM - 30 * MINUTE), "--within", "20", "--dir", str(tmp_path / "out")
    )[1]
    assert "The campaign “launch” was on: 5 times the usual volume" in quiet
    assert "The alert budget was used up: 0 pages" in quiet


def test_both_languages_have_the_same_phrases_with_the_same_names():
    def flat(data: dict[str, Any], path: str = "") -> Iterator[tuple[str, list[str]]]:
        for name, value in data.items():
            if isinstance(value, dict):
                yield from flat(value, f"{path}{name}.")
            else:
                yield f"{path}{name}", sorted(re.findall(r"\{(\w+)\}", value))

    here = Path(explain_words.__file__).parent
    en, fr = (yaml.safe_load((here / f"words.{lang}.yaml").read_text(encoding="utf-8")) for lang in ("en", "fr"))
    assert dict(flat(en)) == dict(flat(fr))


def test_every_reason_has_words_in_both_languages():
    for language in explain_words.LANGUAGES:
        own = explain_words.own_words(language)
        for code in explain_words._SAY:
            kind = code.removeprefix("to_") if code.startswith("to_") else ""
            names = [f"to_{kind}", f"nothing_{kind}", f"only_negative_{kind}"] if kind else [code]
            for name in names:
                assert isinstance(own._find(f"missed.{name}"), str)


# --- what is wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "explain: name an ALERT_ID, or --missed BRAND --at TIME"),
        (["--missed", "Kettle"], "--missed: say when with --at"),
        (["--missed", "Ketle", "--at", "2026-03-03T12:00Z"], '--missed: no brand \'Ketle\' (did you mean "Kettle"?)'),
        (["--missed", "Zzz", "--at", "2026-03-03T12:00Z"], "--missed: no brand 'Zzz'; known are Kettle, Tart"),
        (["--missed", "Kettle", "--at", "yesterday"], "--at: 'yesterday' is no time; write 2026-03-02T14:30Z"),
        (
            ["--missed", "Kettle", "--at", "2027-03-03T12:00Z"],
            "outside what is known of Kettle, 2026-03-02T00:00:00Z to 2026-03-04T01:56:00Z; the nearest is 2026-03-04T01:56:00Z",
        ),
        (["--missed", "Kettle", "--at", "2026-03-03T12:00Z", "--within", "0"], "--within: 0 must lie between 1 and 1440"),
        (["ffffffff", "--at", "2026-03-03T12:00Z"], "--at: goes with --missed BRAND"),
        (["ffffffff"], "alert 'ffffffff': no such alert; the newest is"),
        (["--dir", "/nowhere", "5f0c"], "--dir: /nowhere: no such folder; name the --out of a tocsin backtest"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_line(ask: Any, folder: Path, arguments: list[str], told: str):
    where = [] if "--dir" in arguments else ["--dir", str(folder)]
    status, out, err = ask(*arguments, *where)
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_folder_that_is_no_backtest_is_told(ask: Any, folder: Path, tmp_path: Path):
    assert f"--dir: {tmp_path / 'alerts.jsonl'}: no such file" in ask("5f0c", "--dir", str(tmp_path))[2]
    for name in ("alerts.jsonl", "signals.jsonl", "windows.csv", "settings.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "windows.csv").write_text("brand,start,count\nKettle,soon,many\n")
    status, _, err = ask("--missed", "Kettle", "--at", "2026-03-03T12:00Z", "--dir", str(tmp_path))
    assert status == 2
    assert "not what a backtest writes" in err
    assert "Traceback" not in err


# --- live ------------------------------------------------------------------------------------------------------------


def test_live_and_from_the_folder_the_answer_is_the_same(ask: Any, folder: Path, tmp_path: Path):
    """Given the same alerts, signals and windows on topics, with repeats, then explain says what it says of the folder."""
    with EmbeddedBroker() as broker:
        config = tmp_path / "tocsin.yaml"
        config.write_text(
            f"broker: {{bootstrap: '{broker.bootstrap}', embedded: true}}\nclock: replay\ntopic_prefix: e.\n"
            "partitions: {mentions: 2, scored: 3}\n"
        )
        settings = load(config)
        topics_admin.create(settings)
        events = [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]
        writes = [alert_write(msgspec.convert(one, Alert, strict=False)) for one in events]
        writes += writes[:2]  # at least once
        for window in windows_of(folder / "windows.csv"):
            home = scored.partition_of_brand(window.brand, 3)
            writes.append(Write(topics.WINDOWS.name, window.brand.encode(), msgspec.json.encode(window), home))
        for line in (folder / "signals.jsonl").read_bytes().splitlines():
            brand = msgspec.json.decode(line, type=Signal).brand
            writes.append(Write(topics.SIGNALS.name, brand.encode(), line, scored.partition_of_brand(brand, 3)))
        writes.append(Write(topics.WINDOWS.name, b"Kettle", b"somebody else's", scored.partition_of_brand("Kettle", 3)))
        consoles.write_all(settings, writes)
        storm = storm_of(folder)["alert_id"]
        at = ["--missed", "Kettle", "--at", "2026-03-03T12:00Z", "--json"]
        live, filed = (json.loads(ask(*at, *where)[1]) for where in (["--config", str(config)], ["--dir", str(folder)]))
        assert live == filed
        live, filed = (
            json.loads(ask(storm, "--json", *where)[1]) for where in (["--config", str(config)], ["--dir", str(folder)])
        )
        assert live == filed
        status, _, err = ask("--missed", "Ketle", "--at", "2026-03-03T12:00Z", "--config", str(config))
        assert status == 2
        assert 'did you mean "Kettle"?' in err


def test_the_times_under_the_drawing_name_their_zone() -> None:
    bins = [Bin(60_000 * i, 1, 0.0, None) for i in range(40)]
    assert plot.draw(bins, 0).plain.endswith("01 Jan 00:39 UTC")
