"""The command line: help for everything, one-line errors with status 2, and commands that do what they say."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import EmbeddedBroker, free_port
from schemas.times import MINUTE, iso, parse_iso
from schemas.topics import TOPICS
from streams import cli
from streams.cli import COMMANDS, main
from tests.streams.angry import angry_text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """No configuration but the test's own."""
    for name in ("TOCSIN_BROKER", "TOCSIN_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


class Said:
    """What a command returned and printed."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> Said:
        capsys.readouterr()
        status = main(arguments)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return call


def helped(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


# ---- help


def test_help_lists_every_command_and_the_first_minute(capsys: pytest.CaptureFixture[str]):
    out = helped(capsys, "--help")
    for name, text in COMMANDS.items():
        assert f"  {name:14}{text}" in out
    assert "tocsin demo" in out
    assert "Traceback" not in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(capsys: pytest.CaptureFixture[str], name: str):
    out = helped(capsys, name, "--help")
    assert out.startswith(f"usage: tocsin {name}")
    assert f"tocsin {name}" in out.partition("examples:")[2]


@pytest.mark.parametrize("name", ["topics", "dead-letters", "incident", "backtest", "policy"])
def test_what_prints_data_prints_json(capsys: pytest.CaptureFixture[str], name: str):
    assert "--json" in helped(capsys, name, "--help")


def test_version(capsys: pytest.CaptureFixture[str]):
    assert re.fullmatch(r"tocsin \d+\.\d+\.\d+\n", helped(capsys, "--version"))


def test_every_command_has_a_module_and_every_module_a_command():
    modules = {path.stem for path in (ROOT / "streams" / "commands").glob("*.py")} - {"__init__", "options"}
    assert {name.replace("-", "_") for name in COMMANDS} <= modules
    listed = {name.replace("-", "_") for name in COMMANDS}
    runnable = {name for name in modules if hasattr(cli._module(name), "run")}
    assert runnable <= listed


# ---- wrong usage


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["wroker"], 'tocsin: no command \'wroker\' (did you mean "worker"?); tocsin --help lists them'),
        (["deadletters"], 'tocsin: no command \'deadletters\' (did you mean "dead-letters"?); tocsin --help lists them'),
        (["zzz"], "tocsin: no command 'zzz'; tocsin --help lists them"),
        (["topics"], "tocsin topics: the following arguments are required: action (see tocsin topics --help)"),
        (["worker", "--agents", "scor"], 'tocsin: --agents: no agent \'scor\' (did you mean "score"?); there are score, watch, notify'),
        (["worker", "--agents", ","], "tocsin: --agents: name at least one of score, watch, notify"),
        (["worker", "--port", "99999"], "tocsin: --port: 99999 must lie between 0 and 65535"),
        (["worker", "--broker", "nowhere"], "tocsin: --broker: 'nowhere' is not host:port; write 127.0.0.1:9092"),
        (["worker", "--config", "/no.yaml"], "tocsin: /no.yaml: no such file; copy deploy/config/tocsin.example.yaml to begin with"),
        (["broker", "--port", "0"], "tocsin: --port: 0 must lie between 1 and 65535"),
        (["dead-letters", "list", "--limit", "0"], "tocsin: --limit: 0 must be at least 1"),
        (["backtest", "/nowhere.csv"], "nowhere.csv"),
        (["replay", "/nowhere.csv", "--speed", "-1"], "tocsin: --speed: '-1' must be a number above 0, or max"),
        (["sentiment", "--model", "/nowhere.msgpack"], "leave --model out for the one shipped"),
        (["policy", "check", "/nowhere.yaml"], "there is no such file: copy deploy/config/policy.example.yaml"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_status_2(run: Any, arguments: list[str], told: str):
    said = run(*arguments)
    assert said.status == 2
    assert said.out == ""
    assert told in said.err
    assert len(said.err.splitlines()) == 1


def test_without_a_command_the_overview_is_shown(run: Any):
    said = run()
    assert said.status == 2
    assert "usage: tocsin" in said.out


@pytest.mark.parametrize(
    "command", [["worker"], ["topics", "create"], ["dead-letters", "list"], ["incident", "list"], ["replay", "x.csv"]]
)
def test_a_broken_configuration_starts_nothing(run: Any, tmp_path: Path, command: list[str]):
    """Nothing listens at the address: a command that went as far as the broker would say so instead."""
    config = tmp_path / "tocsin.yaml"
    config.write_text("clock: backwards\nweb: {port: -1}\nbroker: {bootstrap: '127.0.0.1:1'}\n")
    said = run(*command, "--config", str(config))
    assert said.status == 2
    assert said.err.splitlines() == [
        f"tocsin: {config}: clock: 'backwards' must be one of live, replay",
        f"tocsin: {config}: web.port: -1 must be a whole number from 0 to 65535",
    ]


def test_a_broken_policy_is_told_before_a_broker_is_waited_for(run: Any, tmp_path: Path):
    (tmp_path / "tocsin.yaml").write_text("broker: {bootstrap: '127.0.0.1:1'}")
    (tmp_path / "policy.yaml").write_text(
        "people: {alice: {channels: [{type: webhook, url: 'http://127.0.0.1:1/'}]}}\n"
        "chains: {night: {steps: [{notify: [alise], wait: 5m}]}}\ndefaults: {chain: night}\n"
    )
    said = run("worker")
    assert said.status == 2
    assert re.search(r'policy\.yaml: chains\.night\.steps\[0\]\.notify\[0\]: .*alise.*did you mean "alice"', said.err)
    assert "Traceback" not in said.err


def test_a_broker_that_is_not_there_is_told(run: Any):
    said = run("topics", "check", "--broker", f"127.0.0.1:{free_port()}")
    assert said.status == 2
    assert re.fullmatch(
        r"tocsin: broker 127\.0\.0\.1:\d+ does not answer \(connection refused\); is it running, and is the address right\?\n",
        said.err,
    )


# ---- topics on the embedded broker


def test_topics_are_made_listed_and_checked(run: Any, embedded: EmbeddedBroker, tmp_path: Path):
    config = tmp_path / "tocsin.yaml"
    config.write_text(
        f"broker: {{bootstrap: '{embedded.bootstrap}', embedded: true}}\ntopic_prefix: cli.\npartitions: {{mentions: 3, scored: 2}}\n"
    )
    names = [f"cli.{topic.name}" for topic in TOPICS]

    said = run("topics", "check")
    assert said.status == 1
    assert "topic cli.mentions is missing; run: tocsin topics create" in said.out
    missing = run("topics", "list", "--json")
    assert missing.status == 1
    assert not any(entry["exists"] for entry in missing.json)

    said = run("topics", "create")
    assert (said.status, said.err) == (0, "")
    assert re.findall(r"cli\.[\w-]+", said.out) == names
    assert run("topics", "create").out == "all topics were there already\n"

    said = run("topics", "list", "--json")
    assert said.status == 0
    entries = {entry["topic"]: entry for entry in said.json}
    assert list(entries) == names
    assert entries["cli.mentions"]["partitions"] == 3
    assert entries["cli.scored"]["partitions"] == 2
    assert entries["cli.alerts"]["partitions"] == 1
    assert entries["cli.alerts"]["problems"] == []
    shown = run("topics", "list").out
    assert all(name.removeprefix("cli.")[:9] in shown for name in names)

    assert run("topics", "check").out == "all topics are as they must be\n"

    config.write_text(config.read_text().replace("mentions: 3", "mentions: 5"))
    said = run("topics", "check")
    assert said.status == 1
    assert "topic cli.mentions has 3 partitions, the configuration says 5; set partitions.mentions: 3" in said.out
    said = run("worker", "--agents", "score")
    assert said.status == 2
    assert "set partitions.mentions: 3" in said.err


def test_no_dead_letters_yet(run: Any, embedded: EmbeddedBroker, tmp_path: Path):
    (tmp_path / "tocsin.yaml").write_text(
        f"broker: {{bootstrap: '{embedded.bootstrap}', embedded: true}}\ntopic_prefix: none.\n"
    )
    assert run("dead-letters", "list").status == 2  # the topics are not there
    assert run("topics", "create").status == 0
    assert run("dead-letters", "list").out == "no dead letters\n"
    assert run("dead-letters", "list", "--json").json == []
    assert run("dead-letters", "replay").out.startswith("0 sent again")


def test_a_replay_as_live_ends_with_its_last_mention(run: Any, embedded: EmbeddedBroker, tmp_path: Path):
    """No ticks are sent, so nothing is waited for behind it; and `max` would have no times to keep."""
    (tmp_path / "tocsin.yaml").write_text(
        f"broker: {{bootstrap: '{embedded.bootstrap}', embedded: true}}\ntopic_prefix: aslive.\nbrands: [{{name: Acme}}]\n"
    )
    (tmp_path / "said.csv").write_text("id,created_at,text\n1,2026-03-02T12:00:00Z,fine\n2,2026-03-02T12:00:02Z,fine\n")
    assert run("topics", "create").status == 0
    began = time.monotonic()
    said = run("replay", "said.csv", "--brand", "Acme", "--as-live")
    assert (said.status, time.monotonic() - began < 30) == (0, True)
    assert "2 records published" in said.out and "takes 0:00:02" in said.out
    said = run("replay", "said.csv", "--brand", "Acme", "--as-live", "--speed", "max")
    assert said.status == 2 and "give a number, as in --speed 60" in said.err


# ---- processes


def tocsin(*arguments: str, text: bytes = b"", **more: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "streams", *arguments], input=text, capture_output=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, **more,
    )  # fmt: skip


def test_broker_says_where_it_is_and_ends_on_a_signal():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streams", "broker", "--port", str(port)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"broker at 127.0.0.1:{port} (in memory only)")
        second = tocsin("broker", "--port", str(port))
        assert second.returncode == 2
        assert b"choose another with --port" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_sentiment_scores_line_by_line_and_a_bad_line_spoils_no_other():
    lines = [
        {"text": "The flight was cancelled again, awful, I hate it", "lang": "en"},
        {"text": "Merci, service parfait, j'adore !", "lang": "fr"},
    ]
    text = "\n".join([json.dumps(lines[0]), "not json", "", '{"lang": "en"}', "[" * 100_000, json.dumps(lines[1])])
    done = tocsin("sentiment", text=text.encode())
    assert done.returncode == 1, "something was wrong with the input"
    assert done.stderr == b""
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert [("error" in answer) for answer in out] == [False, True, True, True, False]
    assert (out[0]["label"], out[0]["lang"]) == ("negative", "en")
    assert (out[4]["label"], out[4]["lang"]) == ("positive", "fr")
    for answer in (out[0], out[4]):
        assert set(answer) == {"label", "negative", "neutral", "positive", "lang"}
        assert answer["negative"] + answer["neutral"] + answer["positive"] == pytest.approx(1.0)
    assert "line 2" in out[1]["error"]


def test_a_reader_who_has_had_enough_is_no_error():
    line = json.dumps({"text": "fine"}) + "\n"
    done = subprocess.run(
        f"{sys.executable} -m streams sentiment | head -1", shell=True, input=(line * 20_000).encode(), capture_output=True,
        timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 1
    assert b"Traceback" not in done.stderr
    assert done.stderr == b""


# ---- backtest


def storm() -> str:
    """A CSV of two quiet days of a brand and a storm of half an hour."""
    start = parse_iso("2026-03-02T00:00:00Z")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["tweet_id", "created_utc", "user", "text"])
    number = 0
    for minute in range(0, 48 * 60, 3):
        number += 1
        writer.writerow([number, iso(start + minute * MINUTE), f"u{number}", f"a fine day with my kettle {number}"])
    for step in range(240):
        number += 1
        at = start + 48 * 60 * MINUTE + step * 7_500
        writer.writerow([number, iso(at), f"u{number}", angry_text(number, "Kettle")])
    return out.getvalue()


def test_a_backtest_finds_the_storm_and_writes_what_it_promises(run: Any, tmp_path: Path):
    (tmp_path / "tweets.csv").write_text(storm())
    said = run("backtest", "tweets.csv", "--columns", "id=tweet_id,created_at=created_utc,text=text,author=user",
               "--brand", "Kettle", "--out", "out", "--json")  # fmt: skip
    assert said.status == 0, said.err
    assert isinstance(said.json, dict)
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "alerts.jsonl", "incidents.jsonl", "notifications.jsonl", "windows.csv", "report.html",
    }  # fmt: skip
    alerts = [json.loads(line) for line in (tmp_path / "out" / "alerts.jsonl").read_text().splitlines()]
    onset = parse_iso("2026-03-04T00:00:00Z")
    assert any(alert["severity"] >= "L2" for alert in alerts)
    assert all(
        0 <= parse_iso(alert["starts_at"]) - onset < 30 * MINUTE for alert in alerts if alert["severity"] >= "L2"
    )
    with (tmp_path / "out" / "windows.csv").open() as file:
        assert sum(int(row["count"]) for row in csv.DictReader(file)) == 960 + 240
    first = (tmp_path / "out" / "alerts.jsonl").read_bytes()
    run("backtest", "tweets.csv", "--columns", "id=tweet_id,created_at=created_utc,text=text,author=user",
        "--brand", "Kettle", "--out", "again")  # fmt: skip
    again = (tmp_path / "again" / "alerts.jsonl").read_bytes()
    assert re.sub(rb'"emitted_at":"[^"]*"', b"", again) == re.sub(rb'"emitted_at":"[^"]*"', b"", first)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "none of 2 mentions is of a watched brand: say --brand NAME"),
        (["--config", "tocsin.yaml"], "none of 2 mentions is of a watched brand"),
        (
            ["--config", "tocsin.yaml", "--brand", "Cremerie Letitia"],
            'not watched in tocsin.yaml (did you mean "Crémerie Lætitia"?)',
        ),
    ],
)
def test_a_backtest_of_nothing_gives_no_verdict(run: Any, tmp_path: Path, options: list[str], told: str):
    (tmp_path / "tocsin.yaml").write_text("brands: [{name: Crémerie Lætitia}]\n")
    (tmp_path / "a.csv").write_text("id,created_at,text\n1,2020-01-01T00:00:00Z,hello\n2,2020-01-01T00:00:00Z,you\n")
    said = run("backtest", "a.csv", *options)
    assert said.status == 2
    assert told in said.err.splitlines()[-1]
    named = run("backtest", "a.csv", "--config", "tocsin.yaml", "--brand", "cremerie laetitia", "--json")
    assert named.status == 0
    assert named.json["applied"] == 2


def test_a_damaged_model_in_the_configuration_is_one_line(run: Any, tmp_path: Path):
    (tmp_path / "model.bin").write_bytes(b"no model")
    (tmp_path / "tocsin.yaml").write_text("model: model.bin\nbrands: [{name: Acme}]\n")
    (tmp_path / "posts.csv").write_text("id,created_at,text\n1,2026-03-02T10:00:00Z,Acme\n")
    said = run("feedback", "suggest", "--config", "tocsin.yaml", "--mentions", "posts.csv", "--brand", "Acme")
    assert said.status == 2
    assert "not a Tocsin text model" in said.err
    assert len(said.err.splitlines()) == 1


def test_what_a_backtest_repairs_and_what_it_refuses_is_said_row_by_row(run: Any, tmp_path: Path):
    """Other delimiter, byte order mark, a text over two lines, unsorted, a repeat, zones, no number, no time."""
    (tmp_path / "odd.csv").write_text(
        "\ufeffid;created_at;text;user;followers\n"
        '3;2026-03-02T10:05:00Z;"late\nline two";u3;5\n'
        "1;2026-03-02T10:00:00+02:00;first;u1;NaN\n"
        "1;2026-03-02T10:00:00+02:00;first again;u1;12\n"
        "2;2026-03-02T10:01:00;zone unsaid;u2;7\n"
        "4;2026-03-02T10:02:00Z;minus;u4;-5\n"
        "5;2026-03-02T10:02:00Z;words;u4;many\n"
        "6;;no time;u4;1\n"
        "7;yesterday;bad time;u5;1\n",
        encoding="utf-8",
    )
    said = run("backtest", "odd.csv", "--brand", "Acme", "--out", "out", "--json")
    assert said.status == 0
    assert (said.json["applied"], said.json["duplicate"], sum(said.json["dead_letters"].values())) == (3, 1, 4)
    assert "columns guessed: id=id,created_at=created_at,text=text,author=user,followers=followers" in said.err
    assert "2026-03-02T08:00:00Z to 2026-03-02T10:05:00Z; sorted by time" in said.err
    assert "4 of 8 rows are no mention and become dead letters" in said.err
    for line in (7, 8, 9, 10):
        assert f"odd.csv:{line}: " in said.err
    with (tmp_path / "out" / "windows.csv").open() as file:
        assert [row["start"] for row in csv.DictReader(file)] == [
            "2026-03-02T08:00:00Z", "2026-03-02T10:01:00Z", "2026-03-02T10:05:00Z",
        ]  # fmt: skip


def test_detect_reads_gzip_and_names_a_file_that_is_near(run: Any, tmp_path: Path):
    (tmp_path / "counts.csv.gz").write_bytes(
        gzip.compress(b"timestamp,value\n2026-03-02T00:00:00Z,1\n2026-03-02T00:05:00Z,2\n")
    )
    said = run("detect", "counts.csv.gz", "--out", "out.csv")
    assert (said.status, said.err) == (0, "")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3
    said = run("detect", "count.csv.gz", "--out", "none.csv")
    assert said.status == 2
    assert 'did you mean "counts.csv.gz"?' in said.err
    assert not (tmp_path / "none.csv").exists()


def test_detect_that_fails_leaves_every_file_as_it_was(run: Any, tmp_path: Path):
    counts = "timestamp,value\n2026-03-02T00:00:00Z,1\n2026-03-02T00:05:00Z,many\n"
    (tmp_path / "counts.csv").write_text(counts)
    (tmp_path / "out.csv").write_text("of yesterday\n")
    said = run("detect", "counts.csv", "--out", "out.csv")
    assert (said.status, (tmp_path / "out.csv").read_text()) == (2, "of yesterday\n")
    said = run("detect", "counts.csv", "--out", "./counts.csv")
    assert said.status == 2
    assert "--out: ./counts.csv is the file of counts itself" in said.err
    assert (tmp_path / "counts.csv").read_text() == counts
    assert sorted(entry.name for entry in tmp_path.iterdir() if "out" in entry.name) == ["out.csv"]


@pytest.mark.parametrize("out", ["/dev/full", "/proc/nowhere/out.csv", "folder", "file/out.csv"])
def test_what_cannot_be_written_is_told_of_the_output_and_not_of_the_input(run: Any, tmp_path: Path, out: str):
    (tmp_path / "counts.csv").write_text("timestamp,value\n2026-03-02T00:00:00Z,1\n2026-03-02T00:05:00Z,2\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    said = run("detect", "counts.csv", "--out", out)
    assert said.status == 2
    assert said.err.startswith(f"tocsin: --out: {out}: ")
    assert said.err.endswith("; name a file that can be written to\n")
    assert len(said.err.splitlines()) == 1


def piped(command: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        f"{sys.executable} -m streams {command}", shell=True, cwd=folder, capture_output=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_full_disk_behind_a_pipe_is_told_and_a_reader_who_leaves_is_not(tmp_path: Path):
    rows = "".join(f"2026-03-{1 + m // 1440:02d}T{m // 60 % 24:02d}:{m % 60:02d}:00Z,3\n" for m in range(20_000))
    (tmp_path / "counts.csv").write_text("timestamp,value\n" + rows)
    for out in ("-", "/dev/stdout"):
        done = piped(f"detect counts.csv --out {out} | head -1", tmp_path)
        assert (done.stdout, done.stderr) == (b"timestamp,value,score,alert\n", b""), out
    done = piped("detect counts.csv --out - > /dev/full", tmp_path)
    assert (done.returncode, done.stderr.splitlines()) == (
        2, [b"tocsin: --out: -: No space left on device; name a file that can be written to"],
    )  # fmt: skip


def test_detect_reads_a_spreadsheets_utf_16(run: Any, tmp_path: Path):
    (tmp_path / "counts.csv").write_text(
        "timestamp,value\n2026-03-02T00:00:00Z,1\n2026-03-02T00:05:00Z,2\n", encoding="utf-16"
    )
    said = run("detect", "counts.csv", "--out", "out.csv")
    assert (said.status, said.err, len((tmp_path / "out.csv").read_text().splitlines())) == (0, "", 3)


def test_a_mention_of_2099_is_set_aside_by_a_backtest_and_said(run: Any, tmp_path: Path):
    (tmp_path / "m.csv").write_text(
        "id,created_at,text\n1,2026-03-02T10:00:00Z,one\n2,2099-01-01T00:00:00Z,two\n3,2026-03-02T10:01:00Z,three\n"
    )
    said = run("backtest", "m.csv", "--brand", "Acme", "--out", "out", "--json")
    assert said.status == 0
    assert said.json["applied"] == 2
    assert "1 of 3 rows are no mention and become dead letters: future 1" in said.err
    assert "m.csv:3: created_at: 2099-01-01T00:00:00Z is more than 5 minutes from now" in said.err
    assert "2026-03-02T10:00:00Z to 2026-03-02T10:01:00Z" in said.err
    assert "2099" not in (tmp_path / "out" / "windows.csv").read_text()
    assert "2099" not in (tmp_path / "out" / "report.html").read_text()


def test_a_backtest_needs_no_policy_unless_one_is_named(run: Any, tmp_path: Path):
    (tmp_path / "m.csv").write_text("id,created_at,text\n1,2026-03-02T10:00:00Z,one\n")
    (tmp_path / "tocsin.yaml").write_text("brands: [{name: Acme}]\n")
    said = run("backtest", "m.csv", "--brand", "Acme", "--config", "tocsin.yaml", "--out", "out")
    assert said.status == 0, said.err
    assert "--policy FILE says who would have been paged" in said.out
    (tmp_path / "tocsin.yaml").write_text("brands: [{name: Acme}]\npolicy: mine.yaml\n")
    said = run("backtest", "m.csv", "--brand", "Acme", "--config", "tocsin.yaml", "--out", "out")
    assert said.status == 2
    assert "mine.yaml: there is no such file" in said.err


@pytest.mark.parametrize(
    ("columns", "told"),
    [("id", "--columns: 'id' is not field=column"), ("id=nowhere,created_at=created_utc,text=text", "nowhere")],
)
def test_columns_that_are_not_there_are_told(run: Any, tmp_path: Path, columns: str, told: str):
    (tmp_path / "tweets.csv").write_text(storm())
    said = run("backtest", "tweets.csv", "--columns", columns, "--brand", "Kettle")
    assert said.status == 2
    assert told in said.err
    assert "Traceback" not in said.err
