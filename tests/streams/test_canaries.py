"""Secrets that cannot be mistaken for anything else go the whole way, and are found nowhere but where they belong.

A real worker on the embedded broker, at the log level DEBUG, with every kind of secret from the environment and from
files; receivers that take, refuse, stall, break and say back what they were told; then all that anybody can read.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from deploy.broker import EmbeddedBroker, free_port
from schemas import topics
from schemas.events import Alert, encode
from schemas.ids import alert_id, fingerprint, incident_id
from schemas.times import from_ms
from streams import consoles
from streams.cli import main
from streams.engine.records import Write
from streams.settings import Settings, load
from tests.streams.delivery.world import Server

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "hmac",
    "bearer",
    "path",
    "query",
    "smtp",
    "basic",
    "token",
    "routing",
    "page",
    "links",
    "sasl",
    "file",
    "author",
)
CANARIES = {name: f"Canary-{name}-7Q2x" for name in NAMES}
ENVIRONMENT = {
    "HOOK_SECRET": CANARIES["hmac"], "HOOK_BEARER": f"Bearer {CANARIES['bearer']}", "PATH_TOKEN": CANARIES["path"],
    "QUERY_TOKEN": CANARIES["query"], "SMTP_PASSWORD": CANARIES["smtp"], "BASIC": CANARIES["basic"], "CHAT_TOKEN": CANARIES["token"],
    "ROUTING_KEY": CANARIES["routing"], "TOCSIN_WEB_TOKEN": CANARIES["page"], "TOCSIN_LINK_KEYS": CANARIES["links"],
    "TOCSIN_KAFKA_USERNAME": "tocsin", "TOCSIN_KAFKA_PASSWORD": CANARIES["sasl"], "TOCSIN_AUTHOR_KEY": CANARIES["author"],
}  # fmt: skip
BRAND = "Kestrel Air"
STARTED = int(time.time() * 1_000)
INCIDENT = incident_id(BRAND, alert_id(fingerprint(BRAND, "negative_spike"), STARTED))


def found_in(text: str) -> set[str]:
    """The canaries that `text` holds: as they are, in capitals, quoted for an address, and as the halves of a login."""
    forms = {
        name: {canary, quote(canary, safe=""), *(_basic(user + canary) for user in ("", "user:"))}
        for name, canary in CANARIES.items()
    }  # fmt: skip
    return {name for name, ways in forms.items() if any(way.lower() in text.lower() for way in ways)}


def _basic(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode().rstrip("=")[:-2]


# -- the other side


async def parrot(request: web.Request, status: int) -> web.StreamResponse:
    """Say back everything that was said, in the fields that a receipt is read from, too."""
    told = f"{request.path_qs} {dict(request.headers)} {(await request.read())[:300]!r}"
    given = request.headers.get("Authorization", "") + request.path_qs
    routing = re.search(rb'"routing_key":"([^"]+)"', await request.read())
    key = routing[1].decode() if routing else ""
    return web.json_response({"id": given, "status": f"{given}{key}", "dedup_key": key, "message": told}, status=status)


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer as the path asks."""
    how = request.path.split("/")[1]
    if how == "slow":
        await asyncio.sleep(3)
    if how == "cut":
        assert request.transport is not None
        request.transport.close()
    return await parrot(request, int(how) if how.isdecimal() else 200)


class Post:
    """A mail server that knows the password, and says it back where it refuses."""

    def __init__(self, right: bool) -> None:
        self.right, self.mails = right, 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails += 1
        return f"250 taken from {CANARIES['smtp']}"

    def __call__(self, server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        assert data.password.decode() == CANARIES["smtp"]
        refused = f"535 {data.login.decode()}:{data.password.decode()} is not right"
        return AuthResult(success=self.right, handled=False, message=None if self.right else refused)


@contextlib.contextmanager
def receivers() -> Iterator[tuple[Server, int, int, Post]]:
    """A web server, and two mail servers: one that takes, one that refuses."""
    server, posts = Server(answer), (Post(True), Post(False))
    controllers = [
        Controller(post, hostname="127.0.0.1", port=free_port(), authenticator=post, auth_require_tls=False)
        for post in posts
    ]
    runner, end = asyncio.Runner(), asyncio.Event()
    loop, ready = runner.get_loop(), threading.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await end.wait()

    def work() -> None:
        with runner:  # which also ends the handler whose caller has gone
            runner.run(serve())

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    try:
        for controller in controllers:
            controller.start()
        yield server, controllers[0].port, controllers[1].port, posts[0]
    finally:
        for controller in controllers:
            controller.stop()
        loop.call_soon_threadsafe(end.set)
        thread.join(10)


def policy_of(host: str, port: int, refusing: int, folder: Path) -> str:
    """A chain whose first step reaches everybody at once, over every kind of channel, each in another plight."""
    (folder / "address").write_text(f"http://{host}/200/{CANARIES['file']}\n")
    hook = "options: {secret: '${HOOK_SECRET}', header.Authorization: '${HOOK_BEARER}', timeout: 10s}"
    mail = "options: {from: bell@example.org, to: alice@example.org, tls: none, timeout: 2s}"
    channels = {
        "hook": f"type: webhook, url: 'http://{host}/200/${{PATH_TOKEN}}?key=${{QUERY_TOKEN}}', {hook}",
        "refused": f"type: webhook, url: 'http://{host}/403/${{PATH_TOKEN}}?key=${{QUERY_TOKEN}}', {hook}",
        "broken": f"type: webhook, url: 'http://{host}/500/${{PATH_TOKEN}}', {hook}",
        "slow": f"type: webhook, url: 'http://{host}/slow/${{PATH_TOKEN}}', {hook.replace('10s', '1s')}",
        "cut": f"type: webhook, url: 'http://user:${{BASIC}}@{host}/cut/${{PATH_TOKEN}}', {hook}",
        "closed": f"type: webhook, url: 'http://user:${{BASIC}}@127.0.0.1:1/${{PATH_TOKEN}}', {hook}",
        "no-host": "type: webhook, url: 'http://${PATH_TOKEN}.invalid/'",
        "nonsense": "type: webhook, url: 'http://[${PATH_TOKEN}'",
        "unset": "type: webhook, url: 'http://127.0.0.1/${NOT_THERE}/${PATH_TOKEN}'",
        "file": f"type: webhook, url: 'file:{folder / 'address'}'",
        "no-file": f"type: webhook, url: 'file:{folder / 'missing'}', options: {{secret: '${{HOOK_SECRET}}'}}",
        "mail": f"type: smtp, url: 'smtp://user:${{SMTP_PASSWORD}}@127.0.0.1:{port}', {mail}",
        "mail-refused": f"type: smtp, url: 'smtp://user:${{SMTP_PASSWORD}}@127.0.0.1:{refusing}', {mail}",
        "mail-closed": f"type: smtp, url: 'smtp://user:${{SMTP_PASSWORD}}@127.0.0.1:1', {mail}",
        "chat": f"type: apprise, url: 'json://user:${{BASIC}}@{host}/200/${{CHAT_TOKEN}}'",
        "chat-refused": f"type: apprise, url: 'json://user:${{BASIC}}@{host}/403/${{CHAT_TOKEN}}'",
        "chat-nonsense": "type: apprise, url: 'slack://${CHAT_TOKEN}'",
        "pager": f"type: pagerduty, url: 'http://{host}/202/enqueue', options: {{routing_key: '${{ROUTING_KEY}}'}}",
        "pager-refused": f"type: pagerduty, url: 'http://{host}/400/enqueue', options: {{routing_key: '${{ROUTING_KEY}}'}}",
        "monitor": f"type: alertmanager, url: 'http://user:${{BASIC}}@{host}/200'",
        "monitor-refused": f"type: alertmanager, url: 'http://user:${{BASIC}}@{host}/401'",
    }
    rows = "\n".join(f"  {name}: {{{text}}}" for name, text in channels.items())
    everybody = ", ".join(f"'channel:{name}'" for name in channels)
    return (
        f"people: {{alice: {{roles: [community], channels: [{{type: console}}]}}}}\nchannels:\n{rows}\n"
        f"chains: {{day: {{steps: [{{notify: [{everybody}], wait: 2h}}, {{notify: [alice], wait: 2h}}]}}}}\ndefaults: {{chain: day}}\n"
    )


@dataclass
class World:
    """A worker, and all that was said by it and about it."""

    settings: Settings
    config: Path
    url: str
    stranger: tuple[Path, subprocess.Popen[bytes]]
    """A worker that signs in where nobody asks for it."""
    said: dict[str, str] = field(default_factory=dict)
    post: Post | None = None
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


# The level is set as an operator might who embeds it: `-v` says less than DEBUG.
RUN = "import logging, sys; logging.basicConfig(level=logging.DEBUG); from streams.cli import main; sys.exit(main(sys.argv[1:]))"


def command(folder: Path, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
    number = len(list(folder.glob("*.out")))
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments, "-v"], cwd=folder,
        stdout=(folder / f"{number:02}.out").open("wb"), stderr=(folder / f"{number:02}.err").open("wb"),
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT), **more},
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, page = tmp_path_factory.mktemp("canaries"), free_port()
    config = folder / "tocsin.yaml"
    config.write_text(
        f"broker: {{bootstrap: '{embedded.bootstrap}', embedded: true}}\ntopic_prefix: canaries.\n"
        "partitions: {mentions: 1, scored: 1}\nengine: {group: canaries}\n"
        f"web: {{port: {page}, public_url: 'http://127.0.0.1:{page}', reading: token}}\n"
    )
    assert main(["topics", "create", "--config", str(config)]) == 0
    with receivers() as (server, port, refusing, post):
        host = server.url.removeprefix("http://")
        (folder / "policy.yaml").write_text(policy_of(host, port, refusing, folder))
        worker = command(folder, "worker", "--agents", "notify", "--config", str(config))
        other = folder / "stranger"
        other.mkdir()
        (other / "tocsin.yaml").write_text(
            config.read_text().replace("embedded: true", "security_protocol: SASL_PLAINTEXT, sasl_mechanism: PLAIN")
        )
        stranger = command(other, "topics", "check")
        made = World(load(config), config, f"http://127.0.0.1:{page}", (other, stranger), post=post, calls=server.calls)
        try:
            _play(made)
            yield made
        finally:
            worker.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(15)
            for process in (worker, stranger):
                process.kill()
                process.wait()


def _play(world: World) -> None:
    """An alert to everybody; wait until each of the channels was tried."""
    print_ = fingerprint(BRAND, "negative_spike")
    at = from_ms(STARTED)
    alert = Alert(alert_id(print_, STARTED), print_, 1, "firing", "negative_spike", "L4", BRAND, at, at)
    bad = [Write(topics.COMMANDS.name, b"x", b'{"command_id": 7}', 0), Write(topics.ALERTS.name, b"x", b"not JSON", 0)]
    consoles.write_all(world.settings, [Write(topics.ALERTS.name, print_.encode(), encode(alert), 0), *bad])
    deadline = time.monotonic() + 90
    while True:
        notes = [json.loads(one.value) for one in consoles.read_all(world.settings, topics.NOTIFICATIONS)]
        tried = {one["person"] for one in notes if one["outcome"] != "pending" or one.get("attempt", 0) > 1}
        if len(tried) == 21:
            break
        assert time.monotonic() < deadline, sorted(tried)
        time.sleep(0.3)
    world.said |= {f"notification {n}": json.dumps(one) for n, one in enumerate(notes)}


def _ask(world: World, path: str, headers: Mapping[str, str], data: bytes | None = None) -> str:
    request = urllib.request.Request(world.url + path, data, dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return f"{answer.headers}{answer.read().decode()}"
    except urllib.error.HTTPError as error:
        return f"{error.headers}{error.read().decode()}"


@pytest.mark.timeout(180)
def test_the_secrets_reached_the_receivers_and_nobody_else(world: World) -> None:
    calls = "\n".join(f"{path} {headers} {body!r}" for path, headers, body in world.calls)
    sent = {"bearer", "path", "query", "basic", "token", "routing", "file"}
    assert found_in(calls) == sent, "each was used, so each could have been told"
    assert world.post is not None and world.post.mails == 1
    outcomes = {
        one["person"].removeprefix("channel:"): one
        for one in map(json.loads, world.said.values())
        if one["outcome"] != "pending"
    }
    taken = {name for name, one in outcomes.items() if one["outcome"] == "sent"}
    assert taken == {"hook", "file", "mail", "chat", "pager", "monitor"}
    assert outcomes["hook"]["receipt"] == "HTTP 200, id …/200/…?key=…"
    assert outcomes["unset"]["reason"] == "environment variable NOT_THERE is not set"
    assert all(one["reason"] for name, one in outcomes.items() if name not in taken)


@pytest.mark.timeout(180)
def test_no_topic_holds_a_secret_or_a_link_that_acts(world: World) -> None:
    seen = 0
    for topic in topics.TOPICS:
        for record in consoles.read_all(world.settings, topic):
            text = f"{record.key!r} {record.value!r} {record.headers!r}"
            seen += 1
            assert not found_in(text), topic.name
            assert "/do/" not in text, topic.name
    assert seen > 60
    assert consoles.read_all(world.settings, topics.DEAD_LETTERS), "what could not be read is among them"


@pytest.mark.timeout(180)
def test_no_page_and_no_figure_shows_one(world: World) -> None:
    login = {"Authorization": f"Bearer {CANARIES['page']}"}
    addresses = ["/metrics", "/health", "/", "/brands", f"/incidents/{INCIDENT}", "/api/incidents", f"/api/incidents/{INCIDENT}",
                 "/api/alerts", "/api/brands", "/nothing", f"/do/{CANARIES['token'][:6]}"]  # fmt: skip
    for path in addresses:
        for headers in ({}, login, {"Authorization": "Bearer wrong"}, {"Cookie": "tocsin_token=wrong"}):
            text = _ask(world, path, headers) if path in {"/", addresses[5]} or headers in ({}, login) else ""
            assert not found_in(text), path
    assert "channel:hook" in _ask(world, f"/api/incidents/{INCIDENT}", login)
    form = f"csrf=x&token={CANARIES['page']}&name={CANARIES['page']}&action=ack".encode()
    for path in ("/signin", f"/incidents/{INCIDENT}/act"):
        assert not found_in(_ask(world, path, {}, form)), path


def _run(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capfd.readouterr()
    status = main(arguments)
    out, err = capfd.readouterr()
    return status, out + err


@pytest.mark.timeout(180)
def test_no_command_says_one(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    policy, config = str(world.config.parent / "policy.yaml"), ["--config", str(world.config)]
    runs = [
        ["policy", "check", policy], ["policy", "check", policy, "--json"], ["policy", "check", policy, "--probe"],
        ["policy", "route", policy, "--brand", BRAND], ["policy", "route", policy, "--brand", BRAND, "--json"],
        ["policy", "plan", policy, "--role", "community"], ["policy", "diff", policy, policy], ["policy", "replay", *config, "--json"],
        ["incident", "list", *config, "--json"], ["incident", "show", INCIDENT, *config], ["incident", "show", INCIDENT, *config, "--json"],
        ["incident", "report", INCIDENT, *config], ["dead-letters", "list", *config],
        ["topics", "check", *config], ["silence", "list", *config],
    ]  # fmt: skip
    with caplog.at_level("DEBUG"):
        for arguments in runs:
            status, said = _run(arguments, capfd)
            assert status in {0, 1}, (arguments, said)
            assert not found_in(said), arguments
    # The receivers run in this process as well: what the mail servers log of their own talk is theirs.
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    assert ours and not found_in("\n".join(ours))


BROKEN = {
    "a secret in clear": "{type: webhook, url: 'http://127.0.0.1/x', options: {secret: %s}}",
    "a password in clear": "{type: smtp, url: 'smtp://user:%s@127.0.0.1/'}",
    "a list": "{type: webhook, url: [%s]}",
    "a mapping": "{type: webhook, url: {a: %s}}",
    "options that are none": "{type: webhook, url: 'http://127.0.0.1/', options: 'http://user:%s@127.0.0.1'}",
    "an option that is a list": "{type: webhook, url: 'http://127.0.0.1/', options: {secret: [%s]}}",
    "another type": "{type: 'https://hooks.example/%s', url: 'http://127.0.0.1/'}",
    "a channel that is its address": "'smtp://user:%s@127.0.0.1/'",
    "an address as its type": "{type: 'json://user:%s@127.0.0.1/', url: ''}",
    "not YAML": "{type: webhook, url: 'http://user:%s@127.0.0.1/}",
    "a tag": "{type: webhook, url: !secret %s}",
    "an unknown anchor": "{type: webhook, url: *%s}",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_policy_is_explained_without_them(how: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        f"people: {{alice: {{channels: [{{type: console}}]}}}}\nchannels: {{hook: {BROKEN[how] % CANARIES['token']}}}\n"
        "chains: {day: {steps: [{notify: [alice, 'channel:hook'], wait: 2h}]}}\ndefaults: {chain: day}\n"
    )
    for more in ([], ["--json"]):
        status, said = _run(["policy", "check", str(path), *more], capfd)
        assert status in {1, 2}, said
        assert not found_in(said), said


WRONG = {
    "an address with a login": "broker: {bootstrap: 'user:%s@127.0.0.1:9092'}",
    "a setting that is none": "kafka_password: %s",
    "a list": "model: ['http://user:%s@127.0.0.1']",
    "a login in a text": "topic_prefix: 'http://user:%s@127.0.0.1/'",
    "a port": "web: {port: 'user:%s@127.0.0.1:9092'}",
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_setting_is_told_without_them(how: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tocsin.yaml").write_text(WRONG[how].replace("%s", CANARIES["sasl"]))
    status, said = _run(["worker", "--config", str(tmp_path / "tocsin.yaml")], capfd)
    assert status == 2 and not found_in(said), said


@pytest.mark.timeout(180)
def test_a_broker_that_takes_no_login_is_told_without_it(world: World) -> None:
    folder, process = world.stranger
    said = (folder / "00.err").read_text(errors="replace")
    assert process.poll() in {None, 2}, "a broker that does not answer as it should is waited for"
    assert "DEBUG" in said and "Traceback" not in said
    assert not found_in(said + (folder / "00.out").read_text(errors="replace"))


@pytest.mark.timeout(180)
def test_the_workers_log_holds_none_also_at_its_end(world: World) -> None:
    """Runs last: everything above is in the log by now."""
    said = "".join(path.read_text(errors="replace") for path in world.config.parent.glob("*.???"))
    assert "DEBUG" in said and "notify: leads" in said and len(said) > 10_000
    assert not found_in(said)
    assert "/do/" not in said
