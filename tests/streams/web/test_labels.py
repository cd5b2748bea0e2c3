"""Labels on the page: who may give them, where the post's text comes from, and what the page says they taught."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from deploy.broker import EmbeddedBroker
from detectors.text.feedback import Feedback as Lesson
from detectors.text.feedback import FeedbackState, fold
from detectors.text.model import TextModel
from schemas import topics
from schemas.events import Feedback, decoder
from streams import topics_admin
from streams.agents.context import Context
from streams.agents.feedback import FeedbackAgent
from streams.engine.producer import Producer
from streams.engine.reader import read_to_end
from streams.engine.records import Write
from streams.settings import BrandSettings, Settings
from tests.streams.web import samples
from tests.streams.web.harness import Visitor, open_page, page_of
from tests.streams.web.test_feed import settings_for

ID = samples.incident().incident_id
POST = "x:1899000000000000001"
READ = decoder(Feedback)


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_WEB_TOKEN", raising=False)


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


class Learnt:
    """A learner that has read what the test gave it."""

    def __init__(self, state: FeedbackState) -> None:
        self.state, self.offset = state, state.read


def mention(text: str | None, **more: object) -> Write:
    body = {"platform": "x", "id": POST[2:], "created_at": samples.at(1).isoformat(), "text": text, "lang": "fr"} | more
    return Write(topics.MENTIONS.name, POST.encode(), None if text is None else json.dumps(body).encode(), 0)


@asynccontextmanager
async def system(
    broker: EmbeddedBroker, prefix: str, model: TextModel, *mentions: Write
) -> AsyncIterator[tuple[Visitor, Settings]]:
    """A page, its producer and the agent that learns, on a broker."""
    settings = settings_for(broker, prefix)
    settings.brands = [BrandSettings(samples.BRAND)]
    await asyncio.to_thread(topics_admin.create, settings)
    producer = Producer(settings)
    await producer.start()
    await producer.send([*samples.story(), *mentions])
    agent = FeedbackAgent(Context(settings, producer), model, writes=lambda: True)
    await agent.recover()
    following = asyncio.create_task(agent.follow())
    server = page_of(settings, producer, model=model, feedback=agent)
    await server.start()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Visitor(session, server), settings
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await server.stop()
        await producer.stop()


async def say(visitor: Visitor, value: str, name: str = "noor", **more: str) -> tuple[int, str]:
    csrf = (await visitor.form(f"/incidents/{ID}"))["csrf"]
    return await visitor.post(f"/incidents/{ID}/label", {"csrf": csrf, "name": name, "label": value} | more)


def test_a_label_given_on_the_page_is_learnt_once_and_shown(embedded: EmbeddedBroker, model: TextModel) -> None:
    async def run() -> None:
        text = "Du verre dans ma confiture, bravo"
        async with system(embedded, "label-", model, mention("first words"), mention(text, op="update", rev=2)) as (
            visitor,
            settings,
        ):
            _, page = await visitor.get(f"/incidents/{ID}")
            assert f'value="negative {POST}"' in page
            status, _ = await say(visitor, f"negative {POST}")
            assert status == 303
            (record,) = [r async for batch in read_to_end(settings, "feedback", 0) for r in batch]
            event = READ.decode(record.value)
            assert (event.mention_id, event.value, event.author, event.lang) == (POST, "negative", "noor", "fr")
            assert event.features == {str(k): v for k, v in model.features(text, "fr").items()}
            assert b"confiture" not in record.value
            learner = visitor.server.site.learner
            assert learner is not None
            for _ in range(100):
                if learner.offset:
                    break
                await asyncio.sleep(0.05)
            status, page = await say(visitor, f"negative {POST}")
            assert status == 409 and "just that of this post already" in page
            assert f'value="withdrawn {POST}"' in page and f'value="negative {POST}" aria-pressed="true"' in page
            assert "Thank you" in (await visitor.get(f"/incidents/{ID}?done=labelled"))[1]
            status, page = await visitor.get("/model?lang=fr")
            assert status == 200 and "1 avis retenus, 0 refusés" in page and samples.BRAND in page
            _, data = await visitor.get("/api/model")
            (brand,) = json.loads(data)["brands"]
            assert (brand["brand"], brand["total"]["labels"], brand["outcomes"]) == (samples.BRAND, 1, {"learnt": 1})
            for value, offset in (("positive", 2), ("withdrawn", 3)):
                assert (await say(visitor, f"{value} {POST}"))[0] == 303
                for _ in range(100):
                    if learner.offset == offset:
                        break
                    await asyncio.sleep(0.05)
            assert learner.state.outcomes == {"learnt": 1, "corrected": 1, "withdrawn": 1}
            status, page = await say(visitor, f"withdrawn {POST}")
            assert status == 409 and "rien à retirer" in page and f'value="withdrawn {POST}"' not in page

    asyncio.run(run())


def test_a_post_that_is_not_kept_any_more_teaches_nothing(embedded: EmbeddedBroker, model: TextModel) -> None:
    async def run() -> None:
        async with system(embedded, "gone-", model, mention("once said"), mention(None)) as (visitor, settings):
            status, page = await say(visitor, f"negative {POST}")
            assert status == 410 and "no longer kept" in page
            assert (await say(visitor, f"withdrawn {POST}"))[0] == 409
            assert [r async for batch in read_to_end(settings, "feedback", 0) for r in batch] == []

    asyncio.run(run())


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"label": f"angry {POST}"}, 400, "Choose one of the buttons"),
        ({"label": "negative x:7"}, 400, "Choose one of the buttons"),
        ({"label": ""}, 400, "Choose one of the buttons"),
        ({"label": f"negative {POST}", "name": " \u200b"}, 400, "Type your name first"),
        ({"label": f"negative {POST}", "csrf": "x" * 43}, 403, "too old or came from elsewhere"),
    ],
)
def test_what_cannot_be_a_label_is_said(model: TextModel, fields: dict[str, str], status: int, says: str) -> None:
    async def run() -> None:
        learner = Learnt(FeedbackState(base=model.warm))
        async with open_page(samples.story(), model=model, feedback=learner) as (visitor, producer):
            form = await visitor.form(f"/incidents/{ID}")
            got, page = await visitor.post(f"/incidents/{ID}/label", {"csrf": form["csrf"], "name": "noor"} | fields)
            assert got == status and says in page and producer.writes == []
            assert (await visitor.post("/incidents/none/label", {}))[0] == 404

    asyncio.run(run())


def test_a_label_asks_for_the_access_token(model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_WEB_TOKEN", "correct horse")

    async def run() -> None:
        async with open_page(samples.story(), model=model, feedback=Learnt(FeedbackState(base=model.warm))) as (
            visitor,
            producer,
        ):
            assert (await say(visitor, f"negative {POST}"))[0] == 403
            assert (await say(visitor, f"negative {POST}", token="wrong"))[0] == 403
            assert producer.writes == []

    asyncio.run(run())


def test_the_page_shows_before_and_after_by_language_and_who_is_not_heard(model: TextModel) -> None:
    state = FeedbackState(base=model.warm)
    for n in range(60):
        text, lang = (f"the new krogat {n} arrived", "en") if n % 2 else (f"le krogat {n} est arrivé", "fr")
        state = fold(state, Lesson(f"x:{n}", "Acme", "negative", f"p{n % 3}", model.features(text, lang), lang), model)
    for n in range(40):
        features = model.features(f"worst service ever, I hate it {n}", "en")
        state = fold(state, Lesson(f"y:{n}", "Acme", "positive", "<b>mallory", features, "en"), model)

    async def run() -> None:
        async with open_page(samples.story(), model=model, feedback=Learnt(state)) as (visitor, _):
            _, page = await visitor.get("/model")
            _, data = await visitor.get("/api/model")
            found = json.loads(data)
            (brand,) = found["brands"]
            assert {one["language"] for one in brand["languages"]} == {"en", "fr"}
            assert brand["total"]["corrected"] > brand["total"]["shared"]
            assert brand["barred"] == ["<b>mallory"] and "&lt;b&gt;mallory" in page and "<b>mallory" not in page
            assert found["taken"] + found["refused"] == 100 and found["refused"] > 20
            assert "no longer listened to" in page and found["digest"] == state.digest in page
        async with open_page(samples.story()) as (visitor, _):
            assert (await visitor.get("/model"))[0] == (await visitor.get("/api/model"))[0] == 404
            assert 'name="label"' not in (await visitor.get(f"/incidents/{ID}"))[1]

    asyncio.run(run())
