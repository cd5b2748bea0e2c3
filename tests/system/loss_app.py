"""The same little app on stock Faust and on our transport: it writes down what it handled. For `test_loss_paths`.

    python -m tests.system.loss_app stock|ours SCENARIO BOOTSTRAP TOPIC GROUP FILE [--fault]

It handles a record by appending its value to FILE. With `--fault` the scenario's mishap happens at the record `5`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from faust.types import TP

KIND, SCENARIO, BOOTSTRAP, TOPIC, GROUP, FILE = sys.argv[1:7]
FAULT = "--fault" in sys.argv
TOO_LARGE = bytes(2_000_000)
"""More than the broker takes (1 MB)."""


def note(value: object) -> None:
    """Write down that `value` was handled."""
    with Path(FILE).open("a") as out:
        out.write(f"{value.decode(errors='replace') if isinstance(value, bytes) else value}\n")


def check(value: object) -> None:
    """Raise at the record `5` where that is the scenario."""
    if FAULT and SCENARIO in ("exception", "take") and value == b"5":
        raise RuntimeError("a mishap")


def stock() -> None:
    """Faust as its documentation has it."""
    import faust

    serializer = "json" if SCENARIO == "decode" else "raw"
    app = faust.App(
        GROUP, broker=f"aiokafka://{BOOTSTRAP}", value_serializer=serializer, key_serializer="raw", web_enabled=False,
        broker_commit_interval=0.3, consumer_auto_offset_reset="earliest", topic_disable_leader=True,
        broker_session_timeout=6, broker_heartbeat_interval=2, stream_wait_empty=False, topic_allow_declare=False,
        datadir=f"{FILE}.data",
    )  # fmt: skip
    topic = app.topic(TOPIC, value_type=None if SCENARIO == "decode" else bytes)
    out = app.topic(f"{GROUP}-out", value_type=bytes)

    async def run(stream: Any) -> None:
        if SCENARIO == "take":
            async for values in stream.take(10, within=1.0):
                for value in values:
                    check(value)
                for value in values:
                    note(value)
            return
        async for value in stream:
            check(value)
            if FAULT and SCENARIO == "concurrency" and value == b"5":
                await asyncio.sleep(3_600)
            if SCENARIO == "send":
                await out.send(value=TOO_LARGE if FAULT and value == b"5" else value)
                continue
            note(value)

    app.agent(topic, name="agent", concurrency=2 if SCENARIO == "concurrency" else 1)(run)
    sys.argv = ["app", "worker", "-l", "error"]
    app.main()


def ours() -> None:
    """Our transport: slices, and a commit of what was handled."""
    from streams.engine.faust_app import create_app
    from streams.engine.hooks import Hooks, slices
    from streams.engine.producer import Producer
    from streams.engine.records import Write
    from streams.settings import Settings

    settings, hooks, done = Settings(), Hooks(), dict[TP, int]()
    settings.broker.bootstrap, settings.engine.group, settings.engine.session_timeout = BOOTSTRAP, GROUP, 6
    hooks.committable = done.get
    app = create_app(settings, "agent", hooks)

    async def run(stream: Any) -> None:
        producer = Producer(settings)
        try:
            async for tp, records in slices(stream):
                for record in records:
                    check(record.value)
                    if FAULT and SCENARIO == "concurrency" and record.value == b"5":
                        await asyncio.sleep(3_600)
                    if SCENARIO == "send":
                        value = TOO_LARGE if FAULT and record.value == b"5" else record.value
                        await producer.send([Write(f"{GROUP}-out", None, value)])
                        continue
                    note(record.value)
                if SCENARIO == "slices":
                    note("slice")
                done[tp] = records[-1].offset + 1
        except asyncio.CancelledError:
            raise
        except BaseException:  # noqa: BLE001 - as the product's agents do: the process ends, nothing is committed
            _end(70)

    app.agent(app.topic(TOPIC, value_type=bytes, value_serializer="raw", key_serializer="raw"), name="agent")(run)

    async def main() -> None:
        app.finalize()
        await app.maybe_start()
        await asyncio.Event().wait()

    asyncio.run(main())


def _end(status: int) -> NoReturn:
    os._exit(status)


if __name__ == "__main__":
    {"stock": stock, "ours": ours}[KIND]()
