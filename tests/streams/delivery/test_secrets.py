"""No password, token or address with one in records, log lines, exceptions or representations."""

from __future__ import annotations

import asyncio
import traceback

import msgspec
import pytest

from streams.delivery import Dispatcher, Target
from streams.delivery.channels import channels
from tests.streams.delivery.world import Clock, Records, Server, a_message, a_page

SECRET = "Hush4711"

ADDRESSES = [
    ("webhook", "http://user:{s}@127.0.0.1:{p}/{s}", {"secret": SECRET}),
    ("webhook", "http://127.0.0.1:1/{s}", {"header.Authorization": f"Bearer {SECRET}"}),
    ("webhook", "http://{s}.invalid/", {}),
    ("webhook", "ht!tp://{s}", {}),
    ("webhook", "http://127.0.0.1:{p}/", {"header.X-Key": f"{SECRET}\r\nX: y"}),
    ("webhook", "http://127.0.0.1:{p}/", {"timeout": SECRET}),
    ("smtp", "smtp://user:{s}@127.0.0.1:1/?from=a@example.org&to=b@example.org", {}),
    ("smtp", "smtp://user:{s}@127.0.0.1:{p}/?from=a@example.org&to=b@example.org&timeout=1", {}),
    ("smtp", "smtp://user:{s}@127.0.0.1:{s}", {}),
    ("smtp", "smtp://127.0.0.1/?from={s}&to={s}", {}),
    ("apprise", "json://user:{s}@127.0.0.1:{p}/{s}", {}),
    ("apprise", "json://user:{s}@127.0.0.1:1/{s}", {}),
    ("apprise", "slack://{s}", {}),
    ("pagerduty", "pagerduty://", {}),
    ("pagerduty", "http://127.0.0.1:{p}/", {"routing_key": SECRET}),
    ("alertmanager", "http://user:{s}@127.0.0.1:{p}", {}),
    ("alertmanager", "http://user:{s}@[::1", {}),
    ("pigeon", "pigeon://{s}", {}),
]


@pytest.mark.parametrize(("type_", "url", "options"), ADDRESSES)
def test_whatever_goes_wrong_the_secret_is_not_told(
    type_: str, url: str, options: dict[str, str], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    records, clock = Records(), Clock()
    seen: list[str] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: seen.append(repr(context)))
        async with Server(403) as server:
            port = server.url.rpartition(":")[2]
            target = Target("bob", "en", "c", type_, url.replace("{s}", SECRET).replace("{p}", port), options)
            seen.extend((repr(target), str(target)))
            dispatcher = Dispatcher(
                channels(), record=records, allowed=lambda _: True, clock=clock, sleep=clock.sleep, chance=lambda: 0.0
            )
            await dispatcher.start()
            dispatcher.submit(a_page(), a_message(), target)
            try:
                await asyncio.wait_for(dispatcher.idle(), 20)
            except Exception:
                seen.append(traceback.format_exc())
                raise
            finally:
                await dispatcher.stop()

    with caplog.at_level("DEBUG"):
        asyncio.run(run())
    out, err = capfd.readouterr()
    assert records.outcomes()[-1] == "failed"
    assert records.all[-1].reason
    everything = [*seen, caplog.text, out, err, msgspec.json.encode(records.all).decode()]
    assert not [text for text in everything if SECRET.lower() in text.lower()]
