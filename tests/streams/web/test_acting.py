"""Decisions: who may take them, what becomes of them, and how they are refused."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import msgspec
import pytest

from schemas.events import encode
from streams.engine.records import Write
from streams.links import Claim, Links
from streams.policy.load import load_policy
from streams.settings import Settings, WebSettings
from streams.web.guard import Guard
from streams.web.views import actions
from tests.streams.web import samples
from tests.streams.web.harness import KEY, LINKS, open_page

ID = samples.incident().incident_id

pytestmark = pytest.mark.usefixtures("quick")


def test_taking_charge_writes_one_command_under_the_name_typed() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            status, _ = await visitor.act(ID, "ack", minutes="30", note="on it")
            assert status == 303
            (command,) = producer.commands
            assert (command.action, command.author, command.incident_id) == ("ack", "noor", ID)
            assert (command.minutes, command.note, command.via, command.brand) == (30, "on it", "web", samples.BRAND)
            assert producer.writes[0].topic == "commands" and producer.writes[0].key == ID.encode()
            _, page = await visitor.get(f"/incidents/{ID}?done=sent")
            assert 'value="noor"' in page and "Recorded" in page

    asyncio.run(run())


def test_a_second_click_is_the_same_command() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            fields = await visitor.form(f"/incidents/{ID}") | {"action": "ack", "name": "noor"}
            for _ in range(2):
                assert (await visitor.post(f"/incidents/{ID}/act", fields))[0] == 303
            first, second = producer.commands
            assert first.command_id == second.command_id == fields["command_id"]

    asyncio.run(run())


def test_the_next_page_shows_the_decision_when_the_notifier_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "SHOWN_WITHIN", 5.0)

    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            data = await visitor.form(f"/incidents/{ID}") | {"action": "ack", "name": "noor"}
            posted = asyncio.create_task(
                visitor.session.post(f"{visitor.url}/incidents/{ID}/act", data=data, allow_redirects=False)
            )
            while not producer.writes:
                await asyncio.sleep(0.01)
            site = visitor.server.site
            site.board.take("incidents", None, encode(samples.incident(state="acknowledged", version=9)))
            site.feed.tell()  # type: ignore[attr-defined]
            answer = await asyncio.wait_for(posted, 2)
            assert answer.headers["Location"] == f"/incidents/{ID}?done=taken"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("action", "fields", "status", "says"),
    [
        ("ack", {"name": " \u200b "}, 400, "Type your name first"),
        ("note", {}, 400, "Write the note first"),
        ("dismiss", {"note": "kept text"}, 400, "Say why it is not a crisis"),
        ("dismiss", {"reason": "because"}, 400, "Say why"),
        ("ack", {"minutes": "99999"}, 400, "Between 1 minute and 7 days"),
        ("ack", {"minutes": "-5"}, 400, "Between 1 minute and 7 days"),
        ("launch", {}, 400, "not possible"),
        ("unsilence", {}, 400, "not possible"),
        ("merge", {}, 400, "Choose the incident"),
        ("merge", {"into": ID}, 400, "Choose the incident"),
        ("silence", {}, 400, "why pages are held back"),
        ("silence", {"note": "fair", "silence_minutes": "0"}, 400, "Between 1 minute and 7 days"),
    ],
)
def test_what_cannot_be_done_is_said_and_what_was_typed_stays(
    action: str, fields: dict[str, str], status: int, says: str
) -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            got, page = await visitor.act(ID, action, fields=fields)
            assert got == status and says in page and producer.writes == []
            assert fields.get("note", "") in page

    asyncio.run(run())


def with_another() -> list[Write]:
    """The story with a second live incident, of another brand."""
    other = msgspec.structs.replace(samples.incident(), incident_id="other", brand="Nimbrook")
    return [*samples.story(), Write("incidents", b"other", encode(other))]


def test_an_incident_is_merged_into_another_or_silenced_from_its_page() -> None:
    async def run() -> None:
        async with open_page(with_another()) as (visitor, producer):
            _, page = await visitor.get(f"/incidents/{ID}")
            assert '<option value="other">' in page and f'<option value="{ID}">' not in page
            assert (await visitor.act(ID, "merge", into="other"))[0] == 303
            assert (await visitor.act(ID, "silence", note="product day", silence_minutes="120"))[0] == 303
            merge, silence = producer.commands
            assert (merge.action, merge.into, merge.author) == ("merge", "other", "noor")
            assert (silence.action, silence.minutes, silence.reason) == ("silence", 120, "product day")
            assert (silence.matchers, silence.brand) == ({"brand": samples.BRAND}, samples.BRAND)

    asyncio.run(run())


def test_an_incident_that_is_over_takes_notes_only() -> None:
    over = samples.incident("Nimbrook").incident_id

    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            assert (await visitor.act(over, "ack"))[0] == 409
            assert (await visitor.act(over, "note", note="a lesson"))[0] == 303
            assert [command.action for command in producer.commands] == ["note"]
            assert (await visitor.post("/incidents/none/act", {}))[0] == 404

    asyncio.run(run())


def test_a_broker_that_is_away_is_said_and_nothing_typed_is_lost() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            producer.away = True
            status, page = await visitor.act(ID, "note", note="a long thought")
            assert status == 503 and "a repeat does no harm" in page and "a long thought" in page

    asyncio.run(run())


def test_a_form_from_elsewhere_is_refused() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            assert (await visitor.act(ID, "ack", csrf="x" * 43))[0] == 403
            assert (await visitor.act(ID, "ack", csrf=""))[0] == 403
            for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
                assert (await visitor.act(ID, "ack", headers))[0] == 403
            fields = await visitor.form(f"/incidents/{ID}") | {"action": "ack", "name": "noor"}
            visitor.session.cookie_jar.clear()
            assert (await visitor.post(f"/incidents/{ID}/act", fields))[0] == 403
            assert producer.writes == []
            assert (await visitor.act(ID, "ack", {"Origin": visitor.url, "Sec-Fetch-Site": "same-origin"}))[0] == 303

    asyncio.run(run())


def test_the_access_token_is_asked_once_and_guessing_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_WEB_TOKEN", "correct horse")

    async def run() -> None:
        async with open_page(samples.story()) as (visitor, producer):
            assert 'name="token"' in (await visitor.get(f"/incidents/{ID}"))[1]
            status, page = await visitor.act(ID, "ack", token="wrong")
            assert status == 403 and "not right" in page and producer.writes == []
            assert (await visitor.act(ID, "ack", token="correct horse"))[0] == 303
            assert 'name="token"' not in (await visitor.get(f"/incidents/{ID}"))[1]
            assert (await visitor.act(ID, "stable"))[0] == 303
            cookies = {cookie.key: cookie.value for cookie in visitor.session.cookie_jar}
            assert "correct horse" not in "".join(cookies.values())
            visitor.session.cookie_jar.clear()
            statuses = [(await visitor.act(ID, "ack", token=f"guess {i}"))[0] for i in range(12)]
            assert statuses[-1] == 429
            assert (await visitor.act(ID, "ack", token="correct horse"))[0] == 429
            assert len(producer.writes) == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "public_url", "asked", "allowed"),
    [
        ("127.0.0.1", None, "127.0.0.1:6066", True), ("127.0.0.1", None, "localhost:6066", True),
        ("127.0.0.1", None, "rebound.example:6066", False), ("127.0.0.1", None, "", False),
        ("127.0.0.1", "https://tocsin.example.org", "tocsin.example.org", True),
        ("0.0.0.0", None, "tocsin.internal:6066", True), ("0.0.0.0", "https://a.example", "b.example", False),
        ("::1", None, "[::1]:6066", True),
    ],
)  # fmt: skip
def test_a_page_on_loopback_is_not_read_under_a_foreign_name(
    host: str, public_url: str | None, asked: str, allowed: bool
) -> None:
    assert Guard(WebSettings(host=host, public_url=public_url)).host_allowed(asked) is allowed


def test_headers_forbid_scripts_frames_and_keeping() -> None:
    async def run() -> None:
        async with open_page(samples.story()) as (visitor, _):
            for path in ("/", f"/incidents/{ID}", "/nothing", "/api/incidents", "/health", "/incidents"):
                async with visitor.session.get(visitor.url + path, allow_redirects=False) as answer:
                    policy = answer.headers["Content-Security-Policy"]
                    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"
                    assert answer.headers["Cache-Control"] == "no-store"
            async with visitor.session.get(visitor.url + "/", headers={"Host": "rebound.example"}) as answer:
                assert answer.status == 421
            async with visitor.session.get(visitor.url + "/metrics", headers={"Host": "pod-1.example"}) as answer:
                assert answer.status == 200

    asyncio.run(run())


# -- links in messages


def link(purpose: str = "ack", ends: float = 3_600, links: Links = LINKS) -> str:
    claim = Claim(purpose, ID, "camille", int((time.time() + ends) * 1_000), "n1")  # type: ignore[arg-type]
    return links.url(claim).removeprefix("http://127.0.0.1")


def test_a_link_does_nothing_when_opened_and_acts_on_its_button() -> None:
    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            visitor.session.cookie_jar.clear()
            for _ in range(3):
                status, page = await visitor.get(link(), headers={"Accept-Language": "fr"})
                assert status == 200 and "camille prend cet incident en charge" in page and "Maison Vaudrelle" in page
            assert producer.writes == []
            async with visitor.session.head(visitor.url + link()) as answer:
                assert answer.status == 200 and answer.headers["Referrer-Policy"] == "no-referrer"
            assert producer.writes == []
            visitor.session.cookie_jar.clear()
            for _ in range(2):
                status, page = await visitor.post(link(), {"minutes": "30"})
                assert status == 200 and "Recorded" in page
            first, second = producer.commands
            assert (first.action, first.author, first.minutes, first.via) == ("ack", "camille", 30, "mail")
            assert first.command_id == second.command_id

    asyncio.run(run())


def test_each_purpose_does_its_own_thing() -> None:
    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            await visitor.post(link("dismiss"), {"reason": "expected"})
            await visitor.post(link("receipt"), {})
            assert [(c.action, c.reason, c.note) for c in producer.commands] == [
                ("dismiss", "expected", None), ("note", None, "has read the message")
            ]  # fmt: skip

    asyncio.run(run())


def test_the_page_behind_a_link_says_that_it_is_an_exercise() -> None:
    async def run() -> None:
        drill = msgspec.structs.replace(samples.incident(), kind="exercise")
        record = Write("incidents", ID.encode(), encode(drill))
        async with open_page([*samples.story(), record], links=LINKS) as (visitor, _):
            for purpose in ("ack", "decide"):
                _, page = await visitor.get(link(purpose), headers={"Accept-Language": "fr"})
                assert "Ceci est un exercice" in page

    asyncio.run(run())


def test_a_link_for_all_decisions_shows_them_and_takes_each_once() -> None:
    async def run() -> None:
        async with open_page(with_another(), links=LINKS) as (visitor, producer):
            _, page = await visitor.get(link("decide"), headers={"Accept-Language": "fr"})
            assert "Décisions de camille" in page
            offered = set(re.findall(r'name="action" value="(\w+)"', page))
            assert offered == actions.OFFERED
            assert producer.writes == []
            typed = {"escalate": {}, "silence": {"note": "fair"}, "merge": {"into": "other"}, "ack": {"minutes": "30"}}
            for action, fields in typed.items():
                for _ in range(2):
                    assert (await visitor.post(link("decide"), {"action": action, **fields}))[0] == 200
            assert len(producer.commands) == 8
            assert len({command.command_id for command in producer.commands}) == 4
            assert {(c.author, c.via, c.incident_id) for c in producer.commands} == {("camille", "chat", ID)}
            status, page = await visitor.post(link("decide"), {"action": "silence"})
            assert status == 400 and "why pages are held back" in page
            assert (await visitor.post(link("decide"), {"action": "launch"}))[0] == 400
            assert (await visitor.post(link("decide"), {}))[0] == 400
            assert len(producer.commands) == 8

    asyncio.run(run())


@pytest.mark.parametrize("how", ["expired", "forged", "cut", "nonsense"])
def test_a_link_that_is_old_or_false_is_refused(how: str) -> None:
    address = {
        "expired": link(ends=-1),
        "forged": link(links=Links([b"another key of thirty-two bytes!"], "http://127.0.0.1")),
        "cut": link()[:-5],
        "nonsense": "/do/x.y",
    }[how]

    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            for status, page in (await visitor.get(address), await visitor.post(address, {})):
                assert status == (410 if how == "expired" else 403) and re.search(r"no longer valid|not valid", page)
            assert producer.writes == []

    asyncio.run(run())


def test_a_link_of_somebody_who_has_left_is_refused() -> None:
    example = Path(__file__).resolve().parents[3] / "deploy" / "config" / "policy.example.yaml"

    async def run() -> None:
        async with open_page(samples.story(), links=LINKS) as (visitor, producer):
            visitor.server.site.policy = policy = load_policy(example)
            policy.people["camille"] = policy.people["alice"]
            assert (await visitor.post(link(), {}))[0] == 200 and len(producer.writes) == 1
            del policy.people["camille"]
            for status, page in (await visitor.get(link()), await visitor.post(link("dismiss"), {})):
                assert status == 403 and "no longer in the chain of command" in page
            assert len(producer.writes) == 1

    asyncio.run(run())


def test_links_need_an_address_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from streams.errors import UserError
    from streams.web.server import links_of

    settings = Settings(web=WebSettings(public_url="https://tocsin.example.org"))
    monkeypatch.delenv("TOCSIN_LINK_KEYS", raising=False)
    assert links_of(settings) is None
    monkeypatch.setenv("TOCSIN_LINK_KEYS", "short")
    with pytest.raises(UserError, match="TOCSIN_LINK_KEYS: a key is shorter than 16 bytes"):
        links_of(settings)
    monkeypatch.setenv("TOCSIN_LINK_KEYS", KEY.decode())
    assert links_of(settings) is not None and links_of(Settings()) is None
