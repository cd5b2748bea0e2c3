"""The commands round the policy, without a broker: the past, the pace, the channels, the advice, and wrong usage."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import free_port
from schemas.events import encode
from schemas.times import MINUTE, iso
from streams.cli import main
from tests.streams.incidents.policies import policy
from tests.streams.incidents.test_replayed import ACK, NIGHT, PAST

EXAMPLE = Path(__file__).parents[2] / "deploy" / "config" / "policy.example.yaml"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TOCSIN_BROKER", "TOCSIN_CONFIG", "TOCSIN_LINK_KEYS", "TOCSIN_SMTP_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def past(tmp_path: Path) -> Path:
    folder = tmp_path / "backtest"
    folder.mkdir()
    (folder / "alerts.jsonl").write_bytes(b"\n".join(map(encode, PAST)) + b"\n")
    (folder / "commands.jsonl").write_bytes(encode(ACK) + b"\n")
    (tmp_path / "policy.yaml").write_text(policy(defaults="{chain: day, timezone: Europe/Paris}"))
    (tmp_path / "other.yaml").write_text(policy(defaults="{chain: crisis, timezone: Europe/Paris}"))
    return folder


def test_the_past_is_replayed_from_a_backtests_folder(past: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["policy", "replay", "policy.yaml", "--alerts", str(past), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["brand"] for one in found["incidents"]] == ["acme", "zenith"]
    assert (found["acks"], found["commands"], found["pages"]) == (
        "recorded",
        1,
        sum(one["pages"] for one in found["incidents"]),
    )
    assert found["incidents"][0]["acknowledged_by"] == "alice"
    assert main(["policy", "replay", "policy.yaml", "--alerts", str(past / "alerts.jsonl"), "--acks", "never"]) == 0
    out = capsys.readouterr().out
    assert "nobody ever answers" in out and "nights" in out and "NOBODY" in out
    assert main(["policy", "replay", "policy.yaml", "--alerts", str(past), "--lang", "fr"]) == 0
    assert "les gens répondent comme alors" in capsys.readouterr().out
    cut = ["--from", iso(NIGHT + 60 * MINUTE), "--to", "2026-03-03"]
    assert main(["policy", "replay", "policy.yaml", "--alerts", str(past), *cut, "--json"]) == 0
    assert [one["brand"] for one in json.loads(capsys.readouterr().out)["incidents"]] == ["acme"]


def test_two_policies_differ_in_the_past_too(past: Path, capsys: pytest.CaptureFixture[str]):
    diff = ["policy", "diff", "policy.yaml", "other.yaml"]
    assert main([*diff, "--alerts", str(past)]) == 0
    out = capsys.readouterr().out
    assert "defaults.chain: day → crisis" in out
    assert "pages in that time: " in out
    assert "carol: 0 → " in out
    assert main([*diff, "--alerts", str(past), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"changes", "past"}
    assert main([*diff, "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["policy", "replay", "policy.yaml", "--alerts", "nowhere"], "--alerts: nowhere: No such file or directory; give JSON lines"),
        (["policy", "replay", "policy.yaml", "--alerts", "bad.jsonl"], "--alerts: bad.jsonl:2: not alert:"),
        (["policy", "replay", "policy.yaml", "--alerts", "backtest", "--from", "soon"], "--from: 'soon' is no time"),
        (["policy", "replay", "policy.yaml", "--alerts", "backtest", "--to", "2020-01-01"], "is not after --from"),
        (["policy", "check", "policy.yaml", "--probe", "--only", "alise"], "--only: no 'alise' in the policy (did you mean \"alice\"?)"),
        (["policy", "advice", "policy.yaml", "--trigger", "fire"], "--trigger: 'fire' must be one of product"),
        (["policy", "plan", "policy.yaml"], "say whose card with --role"),
        (["policy", "plan", "policy.yaml", "--role", "legal", "--links"], "--links: web.public_url in the configuration and a key"),
        (["policy", "plan", "policy.yaml", "--role", "legal", "--read", "--as", "bob"], "--as: 'bob' has not the role 'legal'"),
        (["silence", "add", "--brand", "acme"], 'say why with --reason "…"'),
        (["silence", "add", "--reason", "x"], "name a --brand, or what has to fit"),
        (["silence", "add", "--match", "sevrity=L1", "--reason", "x"], '--match: no label "sevrity" (did you mean "severity"?)'),
        (["silence", "add", "--match", "severity=L9", "--reason", "x"], "--match: severity 'L9' must be L1 to L4"),
        (["silence", "add", "--match", "acme", "--reason", "x"], "--match: 'acme' is not label=values"),
        (["silence", "add", "--brand", "a", "--minutes", "0", "--reason", "x"], "--minutes: 0 must lie between a minute and a week"),
        (["silence", "add", "--brand", "a", "--until", "2026-01-01T00:00", "--reason", "x"], "is no time with its zone"),
        (["silence", "add", "--brand", "a", "--until", "2020-01-01T00:00+00:00", "--reason", "x"], "must lie between a minute and a week"),
        (["drill", "start"], "drill start: name the brand with --brand"),
        (["drill", "start", "--brand", "acme", "--severity", "L9"], "--severity: 'L9' must be one of L1, L2, L3, L4"),
        (["drill", "start", "--brand", "acme", "--signal", "spike"], "--signal: 'spike' must be one of"),
        (["drill", "start", "--brand", "acm", "--config", "tocsin.yaml"], "--brand: 'acm' is not configured (did you mean \"acme\"?)"),
        (["drill", "start", "--brand", "acme", "--config", "replay.yaml"], "an exercise needs clock: live"),
        (["drill", "start", "--brand", "acme", "--dry-run", "--config", "replay.yaml"], "an exercise needs clock: live"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_status_2(
    past: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
):
    Path("bad.jsonl").write_bytes(encode(PAST[0]) + b'\n{"no": "alert"}\n')
    Path("tocsin.yaml").write_text("brands: [{name: acme}]\n")
    Path("replay.yaml").write_text("clock: replay\n")
    capsys.readouterr()
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_a_drill_says_beforehand_who_would_be_told(past: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["drill", "start", "--brand", "acme", "--severity", "L4", "--dry-run", "--policy", "policy.yaml"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "at once: bob by mail (crisis, step 1)", "at once: carol by mail (crisis, step 1)"
    ]  # fmt: skip


def test_ten_thousand_routes_a_second_or_better(capsys: pytest.CaptureFixture[str]):
    assert main(["policy", "route", str(EXAMPLE), "--pace", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["alerts"] > 500 and found["nodes"] == 3
    assert found["per_second"] >= 10_000


@pytest.fixture
def hook() -> Iterator[tuple[str, list[Any]]]:
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", got
    server.shutdown()
    server.server_close()


def test_channels_that_do_not_answer_are_named(
    hook: tuple[str, list[Any]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    url, got = hook
    monkeypatch.setenv("HOOK", url)
    Path("policy.yaml").write_text(
        "people:\n"
        "  alice: {language: fr, channels: [{type: webhook, name: hook, url: '${HOOK}'}, {type: console}]}\n"
        f"  bob: {{channels: [{{type: webhook, name: gone, url: 'http://127.0.0.1:{free_port()}/'}}]}}\n"
        "  carol: {channels: [{type: webhook, name: unset, url: '${NOT_SET_HERE}'}]}\n"
        "chains: {day: {steps: [{notify: [alice, bob, carol], wait: 5m}]}}\n"
        "defaults: {chain: day, last_resort: [alice]}\n"
    )
    assert main(["policy", "check", "policy.yaml", "--probe"]) == 1
    out = capsys.readouterr().out
    assert "alice: hook (webhook) answers: HTTP 204" in out
    assert "bob: gone (webhook) DOES NOT ANSWER: connection refused" in out
    assert "carol: unset (webhook) DOES NOT ANSWER: environment variable NOT_SET_HERE is not set" in out
    assert "0 finding(s); 2 of 3 channels do not answer" in out
    (body,) = got
    assert body["notification"]["kind"] == "test" and body["message"]["subject"].startswith("TEST")
    assert main(["policy", "check", "policy.yaml", "--probe", "--only", "alice", "--json"]) == 0
    assert [one["answered"] for one in json.loads(capsys.readouterr().out)] == [True]


def test_advice_names_its_sources_in_both_languages(capsys: pytest.CaptureFixture[str]):
    assert main(["policy", "advice", "--trigger", "safety", "--severity", "L4"]) == 0
    out = capsys.readouterr().out
    assert "CDC, Crisis and Emergency Risk Communication" in out and "Template, not approved" in out
    assert (
        main(["policy", "advice", str(EXAMPLE), "--trigger", "product", "--brand", "Aerolux", "--lang", "fr", "--json"])
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["statements"]["holding"]["approver"] == "leo"
    assert any("atténuer" in line["text"] for line in found["advice"])


def test_check_notes_what_addresses_need_and_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "policy.yaml"
    path.write_text(
        'people: {alice: {channels: [{type: webhook, url: "${TOCSIN_HOOK}"}]}}\n'
        "chains: {day: {steps: [{notify: [alice], wait: 5m}], last_resort: [alice]}}\ndefaults: {chain: day}\n"
    )
    assert main(["policy", "check", str(path)]) == 0, "this machine need not have it"
    assert "note: people.alice.channels[0].url: environment variable TOCSIN_HOOK is not set" in capsys.readouterr().out
    monkeypatch.setenv("TOCSIN_HOOK", "http://127.0.0.1:9/")
    assert main(["policy", "check", str(path)]) == 0
    assert "note:" not in capsys.readouterr().out


def test_a_check_notes_what_is_said_for_brands_that_nobody_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(EXAMPLE.read_text())
    Path("tocsin.yaml").write_text("brands: [{name: aerolux}, {name: Aerolux Cargo}]\n")
    main(["policy", "check"])
    noted = [line for line in capsys.readouterr().out.splitlines() if "not on the watch list" in line]
    assert len(noted) == 1
    assert 'note: brands.Aerolux: is not on the watch list of the configuration (did you mean "aerolux"?)' in noted[0]
    Path("tocsin.yaml").write_text("brands: 7\n")
    assert main(["policy", "check", "policy.yaml"]) == 0, (
        "a policy can be checked where there is no usable configuration"
    )
    assert "not on the watch list" not in capsys.readouterr().out
    assert main(["policy", "check", "policy.yaml", "--config", "tocsin.yaml"]) == 2
