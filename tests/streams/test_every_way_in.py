"""Each decision over each way in – page, link, command line, Kafka – on a real notifier and the embedded broker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import EmbeddedBroker, free_port
from schemas import topics
from schemas.events import Alert, Command, Incident, encode
from schemas.ids import alert_id, fingerprint, incident_id
from schemas.times import from_ms
from streams import consoles
from streams.cli import main
from streams.commands.incident import latest
from streams.engine.records import Write
from streams.links import Claim, Links
from streams.settings import Settings, load

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef0123456789abcdef"
POLICY = """\
people:
  alice: {roles: [community], channels: [{type: console, name: mail}]}
  bob: {roles: [communication], channels: [{type: console, name: mail}]}
chains: {day: {steps: [{notify: [alice], wait: 2h}, {notify: [bob], wait: 2h}]}}
defaults: {chain: day}
"""
ACTIONS = ("ack", "take_over", "escalate", "note", "statement_sent", "stable", "resolve", "dismiss", "merge", "silence")
WAYS = ("web", "link", "cli", "kafka")
FIELDS: dict[str, dict[str, str]] = {
    "ack": {"minutes": "30"},
    "note": {"note": "a thought"},
    "dismiss": {"reason": "expected"},
    "silence": {"note": "fair", "silence_minutes": "60"},
}


def brand(way: str, action: str) -> str:
    return f"{way} {action}"


def key_of(name: str, started: int) -> str:
    return incident_id(name, alert_id(fingerprint(name, "negative_spike"), started))


class World:
    """A worker that only notifies, and an incident for each pair of a way and a decision."""

    def __init__(self, settings: Settings, config: Path, url: str) -> None:
        self.settings, self.config, self.url = settings, config, url
        self.started = int(time.time() * 1_000)
        self.links = Links([KEY.encode()], url)
        self.cookies = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        names = [brand(way, action) for way in WAYS for action in (*ACTIONS, "into")]
        self.write(topics.ALERTS, [self.alert(name) for name in names])
        self.ids = {name: key_of(name, self.started) for name in names}
        self.wait(lambda found: len(found) == len(names), 90)  # a busy machine starts a worker slowly

    def alert(self, name: str, severity: str = "L3", sequence: int = 1) -> Alert:
        key, at = fingerprint(name, "negative_spike"), from_ms(self.started)
        status = "firing" if sequence == 1 else "updated"
        return Alert(alert_id(key, self.started), key, sequence, status, "negative_spike", severity, name, at, at)  # type: ignore[arg-type]

    def write(self, topic: topics.Topic, events: list[Any]) -> None:
        consoles.write_all(self.settings, [Write(topic.name, b"", encode(event), 0) for event in events])

    def wait(self, holds: Any, within: float = 40.0) -> dict[str, Incident]:
        deadline = time.monotonic() + within
        while not holds(found := latest(self.settings)):
            assert time.monotonic() < deadline, {one.brand: one.state for one in found.values()}
            time.sleep(0.2)
        return found

    def post(self, path: str, fields: dict[str, str]) -> str:
        data = urllib.parse.urlencode(fields).encode()
        with self.cookies.open(self.url + path, data, timeout=20) as answer:
            return str(answer.read().decode())

    def web(self, key: str, action: str, fields: dict[str, str]) -> None:
        with self.cookies.open(f"{self.url}/incidents/{key}", timeout=20) as answer:
            hidden: dict[str, str] = dict(
                re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.read().decode())
            )
        page = self.post(f"/incidents/{key}/act", hidden | {"action": action, "name": "bob"} | fields)
        assert 'class="done"' in page

    def link(self, key: str, action: str, fields: dict[str, str]) -> None:
        claim = Claim("decide", key, "bob", int((time.time() + 600) * 1_000), "n1")
        assert 'class="done"' in self.post(
            urllib.parse.urlparse(self.links.url(claim)).path, {"action": action} | fields
        )

    def cli(self, name: str, key: str, action: str, into: str) -> int:
        more: dict[str, list[str]] = {
            "ack": ["--minutes", "30"], "note": ["--note", "a thought"], "dismiss": ["--reason", "expected"],
            "merge": ["--into", into],
        }  # fmt: skip
        common = ["--as", "bob", "--config", str(self.config)]
        if action == "silence":
            return main(["silence", "add", "--brand", name, "--reason", "fair", *common])
        return main(["incident", action.replace("_", "-"), key, *more.get(action, []), *common])

    def kafka(self, name: str, key: str, action: str, into: str) -> None:
        chosen: dict[str, dict[str, Any]] = {
            "ack": {"minutes": 30}, "note": {"note": "a thought"}, "dismiss": {"reason": "expected"}, "merge": {"into": into},
            "silence": {"brand": name, "minutes": 60, "reason": "fair"},
        }  # fmt: skip
        fields = chosen.get(action, {})
        self.write(topics.COMMANDS, [Command(str(uuid.uuid4()), action, "bob", incident_id=key, **fields)])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def world(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, port = tmp_path_factory.mktemp("ways"), free_port()
    config = folder / "tocsin.yaml"
    (folder / "policy.yaml").write_text(POLICY)
    config.write_text(
        f"broker: {{bootstrap: '{embedded.bootstrap}', embedded: true}}\ntopic_prefix: ways.\n"
        "partitions: {mentions: 1, scored: 1}\n"
        f"web: {{port: {port}, public_url: 'http://127.0.0.1:{port}'}}\nengine: {{group: ways}}\n"
    )
    assert main(["topics", "create", "--config", str(config)]) == 0
    worker = subprocess.Popen(
        [sys.executable, "-m", "streams", "worker", "--agents", "notify", "--config", str(config)],
        stdout=(folder / "out").open("w"), stderr=(folder / "err").open("w"), cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TOCSIN_LINK_KEYS": KEY},
    )  # fmt: skip
    try:
        made = World(load(config), config, f"http://127.0.0.1:{port}")
        yield made
    finally:
        worker.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(15)
        worker.kill()
        worker.wait()


@pytest.mark.timeout(300)
def test_every_decision_over_every_way_does_the_same(world: World):
    with world.cookies.open(world.url, timeout=20):  # the cookie of the forms, before several ask for it at once
        pass
    with ThreadPoolExecutor(len(WAYS) * 3) as together:  # people do not wait for each other
        list(together.map(lambda pair: decide(world, *pair), [(action, way) for action in ACTIONS for way in WAYS]))
    found = world.wait(
        lambda all_: all(outcome(all_[world.ids[brand(w, a)]]) == EXPECTED[a] for a in ACTIONS for w in WAYS)
    )
    for action in ACTIONS:
        ends = {way: outcome(found[world.ids[brand(way, action)]]) for way in WAYS}
        assert len(set(ends.values())) == 1, ends
        assert ends["cli"] == EXPECTED[action], action
    # A silenced brand that gets worse pages nobody; one that is not silenced does.
    for way in WAYS:
        world.write(topics.ALERTS, [world.alert(brand(way, "silence"), "L4", 2)])
    held = {world.ids[brand(way, "silence")] for way in WAYS}
    found = world.wait(lambda all_: all(all_[key].severity == "L4" for key in held))
    for key in held:
        assert re.fullmatch(r"silenced by bob until \S+: fair \(silence [0-9a-f]{8}\)", found[key].suppressed_by or "")


def decide(world: World, action: str, way: str) -> None:
    """Take the decision `action` by `way` on the incident that is there for the two."""
    name = brand(way, action)
    key, into = world.ids[name], world.ids[brand(way, "into")]
    fields = FIELDS.get(action, {}) | ({"into": into} if action == "merge" else {})
    if way == "web":
        world.web(key, action, fields)
    elif way == "link":
        world.link(key, action, fields)
    elif way == "cli":
        assert world.cli(name, key, action, into) == 0
    else:
        world.kafka(name, key, action, into)


def outcome(incident: Incident) -> tuple[str, tuple[str, ...], str | None, bool, bool]:
    """State, who is in charge, owner, whether the statement is out, whether it goes on elsewhere."""
    return (
        incident.state, tuple(incident.acknowledged_by), incident.owner, incident.statement_sent_at is not None,
        incident.merged_into is not None,
    )  # fmt: skip


EXPECTED = {
    "ack": ("acknowledged", ("bob",), None, False, False),
    "take_over": ("responding", ("bob",), "bob", False, False),
    "escalate": ("open", (), None, False, False),
    "note": ("open", (), None, False, False),
    "statement_sent": ("responding", ("bob",), None, True, False),
    "stable": ("stable", ("bob",), None, False, False),
    "resolve": ("resolved", (), None, False, False),
    "dismiss": ("dismissed", (), None, False, False),
    "merge": ("closed", (), None, False, True),
    "silence": ("open", (), None, False, False),
}


def test_escalating_by_any_way_pages_the_next_step(world: World):
    keys = [world.ids[brand(way, "escalate")] for way in WAYS]
    world.wait(lambda all_: all(all_[key].paged == ["alice", "bob"] for key in keys))


def test_an_exercise_goes_the_whole_way_and_is_reported(world: World, capsys: pytest.CaptureFixture[str]):
    config = ["--config", str(world.config)]
    assert (
        main(["drill", "start", "--brand", "drilled", "--severity", "L3", "--scenario", "glass in a jar", *config]) == 0
    )
    said = capsys.readouterr().out
    assert "at once: alice by mail (day, step 1)" in said
    key = re.search(r"EXERCISE L3 drilled has begun: (\S+)", said)
    assert key is not None
    assert main(["drill", "start", "--brand", "drilled", *config]) == 2, "one exercise of a brand at a time"
    assert main(["incident", "ack", key[1], "--as", "alice", *config]) == 0
    capsys.readouterr()
    assert main(["drill", "report", "--lang", "fr", *config]) == 0
    said = capsys.readouterr().out
    assert "EXERCICE L3 drilled" in said
    assert re.search(r"alice : joint après \d+ s par mail, réponse \d+ s plus tard \(pris en charge\)", said)
    assert main(["drill", "end", *config]) == 0
    assert latest(world.settings)[key[1]].state == "resolved"
    assert main(["drill", "end", *config]) == 2
    assert "no exercise is live" in capsys.readouterr().err
    assert main(["drill", "report", *config]) == 0
    assert "EXERCISE L3 drilled" in capsys.readouterr().out, "of the last one"
    with urllib.request.urlopen(f"{world.url}/metrics", timeout=10) as answer:
        figures = answer.read().decode()
    assert re.search(r'tocsin_exercise_notifications_total\{outcome="sent"\} [1-9]', figures)


def test_silences_are_listed_and_ended_whichever_way_they_came(world: World, capsys: pytest.CaptureFixture[str]):
    config = ["--config", str(world.config)]
    assert main(["silence", "list", *config]) == 0
    listed = re.findall(r"^([0-9a-f]{8})  brand=(\w+ silence) ", capsys.readouterr().out, re.MULTILINE)
    assert sorted(name for _, name in listed) == sorted(brand(way, "silence") for way in WAYS)
    ended = {name: key for key, name in listed}[brand("kafka", "silence")]
    assert main(["silence", "expire", ended, *config]) == 0
    world.wait(lambda all_: all_[world.ids[brand("kafka", "silence")]].suppressed_by is None)
    assert main(["silence", "expire", ended, *config]) == 2


def test_a_card_is_confirmed_by_link_and_by_command(world: World, capsys: pytest.CaptureFixture[str],
                                                    monkeypatch: pytest.MonkeyPatch):  # fmt: skip
    config = ["--config", str(world.config)]
    plan = ["policy", "plan", *config]
    monkeypatch.delenv("TOCSIN_LINK_KEYS", raising=False)
    assert main([*plan, "--role", "community", "--links"]) == 2
    monkeypatch.setenv("TOCSIN_LINK_KEYS", KEY)
    capsys.readouterr()
    assert main([*plan, "--role", "community", "--links"]) == 0
    address = urllib.parse.urlparse(capsys.readouterr().out.partition("alice: ")[2].strip()).path
    with world.cookies.open(world.url + address + "?lang=fr", timeout=20) as answer:
        assert "En cas de crise : community" in answer.read().decode()
    assert main([*plan, "--receipts"]) == 1, "opening a link confirms nothing"
    assert capsys.readouterr().out.count("NOT READ") == 2
    assert 'class="done"' in world.post(address, {})
    assert main([*plan, "--role", "communication", "--read", "--as", "alice"]) == 2, "it is not her card"
    assert main([*plan, "--role", "communication", "--read", "--as", "bob"]) == 0
    capsys.readouterr()
    assert main([*plan, "--receipts"]) == 0
    assert re.search(r"community +alice +[0-9a-f]{8} +20\d\d-", capsys.readouterr().out)


def test_the_past_is_replayed_from_the_topics(world: World, capsys: pytest.CaptureFixture[str]):
    assert main(["policy", "replay", "--json", "--config", str(world.config)]) == 0
    import json

    found = json.loads(capsys.readouterr().out)
    by_brand = {one["brand"]: one for one in found["incidents"]}
    assert by_brand[brand("web", "ack")]["acknowledged_by"] == "bob"
    assert by_brand[brand("web", "escalate")]["paged"] == ["alice", "bob"]
    assert "drilled" not in by_brand
    assert {one["person"] for one in found["people"]} == {"alice", "bob"}


@pytest.fixture(autouse=True)
def _no_loop_left() -> Iterator[None]:
    yield
    asyncio.set_event_loop(None)
