"""The second opinion on a broker: one note for each severity of an open incident, and nothing where nothing can be said."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.broker import EmbeddedBroker
from detectors.text.model import TextModel
from schemas import topics
from schemas.events import Command, decoder
from streams import topics_admin, wiring
from streams.agents.context import Context
from streams.agents.opinion import AUTHOR, OpinionAgent, note
from streams.cli import main
from streams.engine.producer import Producer
from streams.engine.reader import read_to_end
from streams.engine.records import Write
from streams.errors import UserError
from streams.settings import Settings, load
from tests import tiny_onnx
from tests.streams.web import samples
from tests.streams.web.test_feed import settings_for

READ = decoder(Command)
TEXTS = {"x:1": "glass in my jam, awful", "x:2": "du verre, bravo", "x:3": "I love this jam"}


def onnx_or_skip() -> None:
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed (90 MB)")
    pytest.importorskip("tokenizers", reason="the extra onnx is not installed (90 MB)")


def mention(name: str, text: str) -> Write:
    body = {"platform": "x", "id": name[2:], "created_at": samples.at(1).isoformat(), "text": text}
    return Write(topics.MENTIONS.name, name.encode(), json.dumps(body).encode(), 0)


def incident(brand: str, evidence: list[str], **more: Any) -> Write:
    case = samples.incident(brand, **more)
    alerts = [msgspec.structs.replace(alert, evidence=evidence) for alert in case.alerts]
    return samples.write(topics.INCIDENTS, case.incident_id, msgspec.structs.replace(case, alerts=alerts))


async def notes(settings: Settings, count: int) -> list[Command]:
    for _ in range(100):
        found = [READ.decode(r.value) async for batch in read_to_end(settings, topics.COMMANDS.name, 0) for r in batch]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{len(found)} of {count} notes came")


def test_each_open_incident_gets_one_note_a_severity(embedded: EmbeddedBroker, tmp_path: Path) -> None:
    onnx_or_skip()
    settings = settings_for(embedded, "opinion-")
    settings.sentiment = f"onnx:{tiny_onnx.folder(tmp_path / 'tiny')}"
    judge = wiring.load_judge(settings)
    assert judge is not None

    async def run() -> None:
        await asyncio.to_thread(topics_admin.create, settings)
        producer = Producer(settings)
        await producer.start()
        posts = [*TEXTS, "x:gone"]
        await producer.send([mention(name, text) for name, text in TEXTS.items()])
        await producer.send([incident("Over", posts, state="resolved"), incident("Acme", posts), incident("Bare", [])])

        async def agent() -> asyncio.Task[None]:
            made = OpinionAgent(Context(settings, producer), TextModel.load(), judge)
            return asyncio.create_task(made.follow())

        first = await agent()
        (said,) = await notes(settings, 1)
        assert (said.action, said.author, said.brand) == ("note", AUTHOR, "Acme")
        assert said.incident_id == samples.incident("Acme").incident_id
        assert said.note is not None and said.note.startswith(
            "Second opinion (tiny): 2 of 3 example posts negative, 1 positive"
        )
        assert "2 des 3 exemples négatifs" in said.note
        await producer.send([incident("Acme", posts, version=4), incident("Gone", ["x:gone"])])
        await producer.send([incident("Acme", posts, version=5, severity="L4")])
        found = await notes(settings, 2)
        assert len(found) == 2 and found[1].command_id != said.command_id
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        again = await agent()  # a restart says the same again, under the same id: the notifier takes it once
        found = await notes(settings, 3)
        assert found[2].command_id == found[1].command_id
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
        await producer.stop()

    asyncio.run(run())


def test_the_note_is_in_both_languages() -> None:
    text = note("tiny", ["negative"] * 8 + ["neutral", "positive"], ["negative"] * 6 + ["neutral"] * 4)
    assert "8 of 10 example posts negative, 1 positive (the usual model: 6 negative)" in text
    assert "8 des 10 exemples négatifs, 1 positifs (le modèle habituel : 6 négatifs)" in text


def test_absent_by_default_and_a_wrong_one_is_told_before_a_broker_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Settings().sentiment is None and wiring.load_judge(Settings()) is None
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "tocsin.yaml"
    config.write_text("sentiment: onnx:models/none\n")
    assert load(config).sentiment == f"onnx:{tmp_path / 'models/none'}"
    with pytest.raises(UserError, match=r"^sentiment: (onnxruntime is not installed|.*models/none: no such file)"):
        wiring.load_judge(load(config))
    config.write_text("sentiment: bert\n")
    with pytest.raises(UserError, match="sentiment"):
        load(config)
    config.write_text("web: {port: 0}\n")
    assert main(["worker", "--agents", "score", "--sentiment", "bert"]) == 2
    assert "--sentiment: 'bert' must be onnx:PATH" in capsys.readouterr().err
    assert main(["worker", "--agents", "score", "--sentiment", "onnx:none"]) == 2
    assert "sentiment: " in capsys.readouterr().err
