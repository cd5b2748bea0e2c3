"""Alertmanager's API v2: against a local server, and against the real one where it is installed."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import pytest

from schemas.events import Incident
from streams.delivery import Delivery, Permanent, Target, Transient
from streams.delivery.channels.alertmanager import AlertmanagerChannel, alerts_of
from tests.streams.delivery.world import ONSET, Server, a_delivery, a_message, a_page, an_incident, refuses, send

NOW = ONSET + timedelta(minutes=9)


def by_severity(posted: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {alert["labels"]["severity"]: alert for alert in posted}


def test_an_incident_fires_under_its_severity_and_its_other_severities_are_over() -> None:
    posted = by_severity(alerts_of(an_incident(severity="L3"), "L3 Maison Lavande", NOW))
    assert datetime.fromisoformat(posted["L3"]["endsAt"]) == NOW + timedelta(minutes=5)
    for other in ("L1", "L2", "L4"):
        assert datetime.fromisoformat(posted[other]["endsAt"]) == NOW
    assert posted["L3"]["labels"]["alertname"] == "TocsinIncident"
    assert posted["L3"]["annotations"]["summary"] == "L3 Maison Lavande"


def test_a_resolved_incident_is_over_in_all_severities() -> None:
    assert {alert["endsAt"] for alert in alerts_of(an_incident(state="resolved"), "", NOW)} == {NOW.isoformat()}


def test_no_alert_ends_before_it_begins_even_when_replayed_from_the_future() -> None:
    for alert in alerts_of(an_incident(opened_at=NOW + timedelta(days=300), state="resolved"), "", NOW):
        assert alert["startsAt"] <= alert["endsAt"]


def test_it_is_posted_to_the_api_with_basic_authentication() -> None:
    async def run() -> Server:
        async with Server(200) as server:
            await send(
                AlertmanagerChannel(), a_delivery(server.url.replace("//", "//am:s3cret@") + "/", "alertmanager")
            )
            return server

    server = asyncio.run(run())
    path, headers, body = server.calls[0]
    assert path == "/api/v2/alerts"
    assert headers["authorization"] == "Basic YW06czNjcmV0"
    assert len(json.loads(body)) == 4


def test_live_incidents_are_posted_again_until_they_are_over() -> None:
    live: list[Incident] = [an_incident()]

    async def run() -> Server:
        async with Server(200) as server:
            channel = AlertmanagerChannel(lambda: live, every=0.05)
            await channel.send(a_delivery(server.url, "alertmanager"))
            await asyncio.sleep(0.3)
            live.clear()
            await asyncio.sleep(0.1)
            count = len(server.calls)
            await asyncio.sleep(0.2)
            assert len(server.calls) == count, "nothing lives, nothing is posted"
            await channel.close()
            return server

    server = asyncio.run(run())
    assert len(server.calls) >= 4


def test_after_a_restart_what_lives_is_posted_without_a_new_page_and_a_dead_server_does_not_end_that() -> None:
    async def run() -> Server:
        async with Server(503, 200) as server:
            channel = AlertmanagerChannel(lambda: [an_incident()], every=0.05)
            await channel.watch(Target("", "en", "am", "alertmanager", server.url))
            await asyncio.sleep(0.3)
            await channel.close()
            return server

    assert len(asyncio.run(run()).calls) >= 3


@pytest.mark.parametrize("url", ["", "host:9093", "ftp://host", "http://host:port"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with refuses(Permanent, "address"):
        asyncio.run(send(AlertmanagerChannel(), a_delivery(url, "alertmanager")))


def test_a_server_in_trouble_is_worth_another_try() -> None:
    async def run() -> None:
        async with Server(503) as server:
            await send(AlertmanagerChannel(), a_delivery(server.url, "alertmanager"))

    with refuses(Transient, "answered 503"):
        asyncio.run(run())


# ------------------------------------------------------------------------------------------------------- the real one


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    """Debian's prometheus-alertmanager on a free port."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("no Alertmanager here: apt-get install prometheus-alertmanager")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "am.yml"
    config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n", encoding="utf-8")
    arguments = [
        program,
        f"--config.file={config}",
        f"--storage.path={tmp_path}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    process = Popen(arguments, stdout=DEVNULL, stderr=DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        asyncio.run(_ready(url))
        yield url
    finally:
        process.terminate()
        process.wait(10)


async def _ready(url: str) -> None:
    for _ in range(100):
        try:
            await asyncio.to_thread(lambda: urllib.request.urlopen(f"{url}/-/ready", timeout=1).read())
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise AssertionError("Alertmanager does not answer")


def test_the_real_alertmanager_takes_an_incident_follows_its_severity_and_ends_it(alertmanager: str) -> None:
    def active() -> list[str]:
        with urllib.request.urlopen(f"{alertmanager}/api/v2/alerts?active=true", timeout=5) as answer:
            return sorted(alert["labels"]["severity"] for alert in json.load(answer))

    def posted(**changes: Any) -> None:
        incident = an_incident(opened_at=datetime.now(UTC) - timedelta(minutes=5), **changes)
        page = a_page()
        target = Target("bob", "en", "am", "alertmanager", alertmanager)
        message = a_message(page, incident=incident)
        asyncio.run(send(AlertmanagerChannel(), Delivery(page, message, target)))

    posted(severity="L2")
    assert active() == ["L2"]
    posted(severity="L4")
    assert active() == ["L4"]
    posted(severity="L4", state="resolved")
    assert active() == []
