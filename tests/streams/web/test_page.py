"""The pages as a visitor gets them: what they say, in which language, and that nothing from outside becomes markup."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

from schemas import topics
from schemas.events import IncidentState, encode
from streams.errors import UserError
from streams.settings import Settings, WebSettings
from streams.web.words import Words, choose, page_words
from tests.streams.web import samples
from tests.streams.web.harness import Producer, open_page, page_of

ID = samples.incident().incident_id
VOID = {"meta", "link", "input", "img", "br"}


class Checker(HTMLParser):
    """Well nested, no inline script or style, links that are ours or http(s)."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        assert not [name for name in names if name.startswith("on")] and "style" not in names
        assert tag != "style" and (tag != "script" or (names.get("src") or "").startswith("/static/"))
        if "href" in names:
            self.links.append(names["href"] or "")
        if tag not in VOID and tag != "option":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag != "option":
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"


def check(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    assert not checker.open
    return checker


def shape(data: object) -> object:
    """The keys of a catalogue, and the names that its phrases fill in."""
    if isinstance(data, dict):
        return {key: shape(value) for key, value in data.items()}
    import re

    return sorted(re.findall(r"\{(\w+)\}", str(data)))


def test_both_languages_have_the_same_phrases_with_the_same_names() -> None:
    assert shape(page_words("en")._data) == shape(page_words("fr")._data)


@pytest.mark.parametrize(
    ("asked", "kept", "accept", "language"),
    [
        ("fr", "en", "en", "fr"), (None, "fr", "en", "fr"), (None, None, "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        (None, None, "en;q=0.5, fr;q=0.7", "fr"), (None, None, "de, en;q=0.1", "en"), ("xx", "", "fr;q=0", "en"),
        (None, None, "fr;q=nonsense,,;;", "en"), (None, None, "", "en"),
    ],
)  # fmt: skip
def test_language_is_the_one_asked_for_then_the_one_kept_then_the_browsers(
    asked: str | None, kept: str | None, accept: str, language: str
) -> None:
    assert choose(asked, kept, accept) == language


def test_times_name_their_day_only_where_it_is_another() -> None:
    now = int(samples.NOW.timestamp() * 1_000)
    words = Words("fr")
    assert words.clock(samples.ONSET, now) == "02:48 UTC"
    assert words.clock(samples.ONSET - timedelta(days=1), now) == "4 mars, 02:48 UTC"
    assert Words("en").clock(samples.ONSET - timedelta(days=400), now) == "29 January 2025, 02:48 UTC"


def test_the_list_says_who_has_it_and_what_comes_next() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, _):
            status, page = await visitor.get("/")
            assert status == 200
            check(page)
            assert page.index("Maison Vaudrelle") < page.index("Kestrel Air") < page.index("Nimbrook")
            for words in (
                "Nobody has it yet",
                "camille and noor",
                "03:17 UTC",
                "sam has it",
                "EXERCISE",
                "(2) Incidents",
            ):
                assert words in page
            _, page = await visitor.get("/", headers={"Accept-Language": "fr"})
            assert "Personne ne s’en charge encore" in page and '<html lang="fr">' in page

    asyncio.run(run())


def test_a_quiet_night_says_so() -> None:
    async def run() -> None:
        async with open_page() as (visitor, _):
            _, page = await visitor.get("/")
            assert "No live incident" in page and "Nothing needs you" in page

    asyncio.run(run())


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_story_tells_reason_figures_terms_votes_proof_and_who_was_told(language: str) -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, _):
            status, page = await visitor.get(f"/incidents/{ID}?lang={language}")
            assert status == 200
            links = check(page).links
            assert "https://x.com/i/web/status/1899000000000000001" in links
            assert "https://bsky.app/profile/did:plc:abc123/post/3kxyz" in links
            assert "https://runbooks.example.org/negative_spike" in links
            assert all(link.startswith(("/", "https://", "?lang=", "#")) for link in links)
            assert samples.NASTY not in page and "&lt;script&gt;" in page
            assert ("151 negative mentions of Maison Vaudrelle from 173 people" in page) == (language == "en")
            assert "the gateway does not answer" in page and "quiet hours until 07:00" in page
            assert '<svg class="plot"' in page and 'class="band"' in page
            expected = {
                "en": ("Nobody has taken charge yet", "I take charge", "151 negative in 15 min; 2.1 would be usual",
                       "up to 7 no surprise", "71% negative",
                       "negativity", "paged", "Nobody watched from", "Within the hour", "worse: L2 → L3", "not sent"),
                "fr": ("Personne n’a encore pris en charge", "Je prends en charge", "151 négatives en 15 min ; 2,1 serait habituel",
                       "71\u202f% de négatif",
                       "négativité", "appelé", "Personne ne veillait entre", "Dans l’heure", "aggravation : L2 → L3", "non envoyé"),
            }[language]  # fmt: skip
            for words in expected:
                assert words in page, words

    asyncio.run(run())


@pytest.mark.parametrize("state", ["open", "acknowledged", "responding", "stable", "resolved", "closed", "dismissed"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_state_has_its_page(state: IncidentState, language: str) -> None:
    more: dict[str, Any] = {"acknowledged_by": ["noor", "sam"], "acknowledged_at": samples.at(12), "owner": "sam", "ack_missing": ["legal"],
            "statement_sent_at": samples.at(20), "nobody_reached": state == "open", "suppressed_by": "campaign",
            "kind": "test", "resolved_at": samples.at(90) if state in {"resolved", "closed", "dismissed"} else None}  # fmt: skip
    if state == "open":
        more |= {"acknowledged_by": [], "acknowledged_at": None, "owner": None}

    async def run() -> None:
        case = samples.incident(state=state, version=9, **more)
        async with open_page([*samples.story(), samples.write(topics.INCIDENTS, "x", case)]) as (visitor, _):
            for path in ("/", f"/incidents/{ID}", "/brands"):
                status, page = await visitor.get(f"{path}?lang={language}")
                assert status == 200
                check(page)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("language", "says", "list_says"),
    [
        ("en", "claire has answered; still missing: legal.", "claire has answered; still missing: legal<"),
        ("fr", "claire a répondu ; il manque : juridique.", "claire a répondu ; il manque : juridique<"),
    ],
)
def test_a_half_acknowledged_incident_does_not_look_taken(language: str, says: str, list_says: str) -> None:
    async def run() -> None:
        case = samples.incident(version=9, acknowledged_by=["claire"], ack_missing=["legal"])
        async with open_page([*samples.story(), samples.write(topics.INCIDENTS, "x", case)]) as (visitor, _):
            _, page = await visitor.get(f"/incidents/{ID}?lang={language}")
            check(page)
            assert 'class="charge nobody"' in page and says in page and "()" not in page
            assert '<button class="main" name="action" value="ack">' in page
            assert '<button name="action" value="take_over">' in page
            assert list_says in (await visitor.get(f"/?lang={language}"))[1]
        case = samples.incident(version=9, state="acknowledged", acknowledged_by=["claire"])
        async with open_page([*samples.story(), samples.write(topics.INCIDENTS, "x", case)]) as (visitor, _):
            _, page = await visitor.get(f"/incidents/{ID}?lang={language}")
            assert 'class="charge"' in page and "()" not in page
            assert '<button class="main" name="action" value="take_over">' in page

    asyncio.run(run())


@pytest.mark.parametrize("state", ["open", "acknowledged", "resolved", "dismissed"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_clock_of_an_incident_is_one_that_the_script_brings_home(state: IncidentState, language: str) -> None:
    over = state in {"resolved", "dismissed"}
    more: dict[str, Any] = {"statement_sent_at": samples.at(20), "resolved_at": samples.at(21) if over else None}
    if state != "open":
        more |= {"acknowledged_by": ["noor"], "acknowledged_at": samples.at(12)}

    async def run() -> None:
        case = samples.incident(state=state, version=9, **more)
        async with open_page([*samples.story(), samples.write(topics.INCIDENTS, "x", case)]) as (visitor, _):
            for path in ("/", f"/incidents/{ID}"):
                _, page = await visitor.get(f"{path}?lang={language}")
                check(page)
                shown = re.sub(r"<time .*?</time>|<svg.*?</svg>", "", page, flags=re.DOTALL)
                assert not re.search(r"\d\d:\d\d UTC", shown), re.findall(r".{60}\d\d:\d\d UTC", shown)

    asyncio.run(run())


def test_an_incident_without_figures_says_that_they_are_gone() -> None:
    async def run() -> None:
        async with open_page([samples.write(topics.INCIDENTS, "x", samples.incident(alerts=[]))]) as (
            visitor,
            _,
        ):
            status, page = await visitor.get(f"/incidents/{ID}")
            assert status == 200 and "no longer kept" in page

    asyncio.run(run())


def test_brands_show_the_last_hour_and_can_be_searched() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, _):
            _, page = await visitor.get("/brands")
            check(page)
            assert page.index("Maison Vaudrelle") < page.index("Nimbrook") and "473" in page
            _, page = await visitor.get("/brands?q=nimb")
            assert "Nimbrook" in page and "Vaudrelle" not in page
            _, page = await visitor.get("/brands", params={"q": '"><script>'})
            check(page)

    asyncio.run(run())


def test_programs_get_the_same_as_json() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, _):
            listed = json.loads((await visitor.get("/api/incidents?live=1"))[1])
            assert [one["brand"] for one in listed] == [samples.BRAND, "Kestrel Air"]
            one = json.loads((await visitor.get(f"/api/incidents/{ID}"))[1])
            assert one["incident"]["severity"] == "L3" and len(one["notifications"]) == 4
            assert [event["severity"] for event in next(iter(one["events"].values()))] == ["L2", "L3"]
            alerts = json.loads((await visitor.get("/api/alerts", params={"brand": samples.BRAND}))[1])
            assert [alert["sequence"] for alert in alerts] == [2]
            brands = json.loads((await visitor.get("/api/brands", params={"brand": samples.BRAND}))[1])
            assert len(brands[0]["hour"]["mentions"]) == 60 and sum(brands[0]["hour"]["mentions"]) == 473
            assert (await visitor.get("/api/incidents/none"))[0] == 404
            assert (await visitor.get("/api/nothing"))[0] == 404

    asyncio.run(run())


def test_wrong_addresses_get_a_page_that_leads_back() -> None:
    async def run() -> None:
        async with open_page() as (visitor, _):
            for path in ("/nothing", "/incidents/none", "/incidents/%3Cscript%3E"):
                status, page = await visitor.get(path)
                assert status == 404 and 'href="/"' in page
                check(page)

    asyncio.run(run())


def test_health_tells_a_worker_that_works_from_one_that_does_not() -> None:
    async def run() -> None:
        app = SimpleNamespace(started=True, should_stop=False, crashed=False)
        async with open_page(names=["score"], apps=[app]) as (visitor, _):
            status, text = await visitor.get("/health")
            assert status == 200 and json.loads(text)["agents"] == {"score": "running"}
            app.crashed = True
            status, text = await visitor.get("/health")
            assert status == 503 and json.loads(text)["agents"] == {"score": "crashed"}
            app.crashed = False
            visitor.server.site.feed.connected = False
            status, text = await visitor.get("/health")
            assert status == 503 and json.loads(text)["broker"] == "unreachable"
            assert (await visitor.get("/health/live"))[0] == 200
            visitor.server._assembly.context.failed.set_exception(RuntimeError("password=hunter2"))
            for path in ("/health", "/health/live"):
                status, text = await visitor.get(path)
                assert status == 503 and json.loads(text)["failed"] == "RuntimeError" and "hunter2" not in text

    asyncio.run(run())


def test_metrics_are_ours_and_in_prometheus_format() -> None:
    async def run() -> None:
        async with open_page() as (visitor, _), visitor.session.get(visitor.url + "/metrics") as answer:
            text = await answer.text()
            assert answer.headers["Content-Type"].startswith("text/plain; version=")
            assert "# TYPE tocsin_page_connected gauge" in text

    asyncio.run(run())


def test_an_open_page_is_told_of_news() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, _):
            board, feed = visitor.server.site.board, visitor.server.site.feed
            async with visitor.session.get(f"{visitor.url}/news?since={board.version}") as answer:
                assert (await answer.content.readline()) == b"event: pulse\n"
                case = samples.incident(version=7, state="acknowledged")
                board.take("incidents", None, encode(case))
                feed.tell()  # type: ignore[attr-defined]
                lines = [await asyncio.wait_for(answer.content.readline(), 3) for _ in range(4)]
                assert b"event: news\n" in lines and b"data: %d\n" % board.version in lines

    asyncio.run(run())


def test_a_lost_broker_is_said_on_every_page() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, _):
            visitor.server.site.feed.connected = False
            _, page = await visitor.get("/")
            assert "NO CONNECTION to the broker since" in page

    asyncio.run(run())


def test_two_workers_on_one_port_is_a_users_error_in_one_line() -> None:
    async def run() -> None:
        async with open_page() as (visitor, _):
            port = int(visitor.url.rpartition(":")[2])
            second = page_of(Settings(web=WebSettings(port=port)), Producer())
            with pytest.raises(UserError, match=rf"^web\.port: 127\.0\.0\.1:{port} cannot be used .*set web\.port"):
                await second.start()

    asyncio.run(run())


def test_static_files_are_kept_by_browsers_until_they_change() -> None:
    async def run() -> None:
        async with open_page() as (visitor, _):
            version = visitor.server.site.version
            for name in ("page.css", "page.js", "icon.svg"):
                async with visitor.session.get(f"{visitor.url}/static/{name}?v={version}") as answer:
                    assert answer.status == 200 and "immutable" in answer.headers["Cache-Control"]
            assert (await visitor.get("/static/..%2Fserver.py"))[0] == 404

    asyncio.run(run())
