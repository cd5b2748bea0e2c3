"""What people read. The golden files show it: regenerate them with TOCSIN_GOLDEN=write and look at the difference."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.events import (
    Authenticity,
    Baseline,
    Blind,
    Driver,
    Incident,
    Interval,
    Missed,
    Notification,
    TimelineEntry,
)
from schemas.times import to_ms
from streams.incidents.effects import MessageContext
from streams.links import Links
from streams.messages import Message, Options, Renderer, render
from streams.messages.posts import address_of
from streams.policy.model import Chain, Contact, Defaults, Person, Policy, Statement
from tests.streams.delivery.world import BRAND, ONSET, a_page, an_alert, an_incident

GOLDEN = Path(__file__).parent / "golden"
LINKS = Links([b"0123456789abcdef"], "https://tocsin.example.org")
OPTIONS = Options(
    timezone="Europe/Paris",
    names={"alice": "Alice Martin", "carole": "Carole Petit"},
    public_url="https://tocsin.example.org",
    links=LINKS,
    runbook_url="https://wiki.example.org/defective-product",
    statement="Nous avons connaissance de brûlures signalées.\nNous suspendons la vente.",
    approver="Carole Petit",
    valid_until="2026-12-31",
)


def context(language: str = "en", **changes: Any) -> MessageContext:
    given: dict[str, Any] = {
        "incident": an_incident(),
        "alert": an_alert(),
        "language": language,
        "why_you": "step 1 of chain night",
        "next_people": ["carole"],
        "next_at": to_ms(ONSET + timedelta(minutes=14)),
    }
    return MessageContext(**(given | changes))


def written(
    page: Notification | None = None, options: Options = OPTIONS, language: str = "en", **changes: Any
) -> Message:
    return render(page or a_page(), context(language, **changes), options)


def over(state: str = "resolved") -> Incident:
    end = ONSET + timedelta(hours=2, minutes=20)
    calm = an_alert(status="resolved", observed=2.0, expected=6.2, negative_share=0.2, ends_at=end)
    return an_incident(state=state, alerts=[calm], resolved_at=end, updated_at=end, acknowledged_by=["alice"])


def small(key: str) -> Incident:
    return an_incident(
        incident_id=key,
        brand=f"Brand {key}",
        severity="L1",
        alerts=[an_alert(severity="L1", signal="volume_spike")],
        state="closed",
    )


LATER = a_page(at=ONSET + timedelta(minutes=9), step="night[1]")
CASES: dict[str, tuple[Notification, dict[str, Any]]] = {
    "page": (a_page(), {}),
    "escalation": (LATER, {"unanswered": ["alice"], "unanswered_ms": 300_000, "known_by": ["alice"]}),
    "worse": (a_page(purpose="update"), {"previous_severity": "L2", "known_by": ["alice"]}),
    "acknowledged": (
        a_page(purpose="update"),
        {"incident": an_incident(state="acknowledged", acknowledged_by=["alice"], ack_missing=["legal"])},
    ),
    "all_clear": (
        a_page(purpose="all_clear", at=ONSET + timedelta(hours=2, minutes=20)),
        {"incident": over(), "alert": None},
    ),
    "dismissed": (
        a_page(purpose="all_clear"),
        {"incident": over("dismissed"), "alert": None, "note": "an old photograph, shown to be false"},
    ),
    "nobody_reached": (
        a_page(purpose="nobody_reached"),
        {"unanswered": ["alice", "carole"], "unanswered_ms": 1_500_000, "known_by": ["alice", "carole"]},
    ),
    "stakeholder": (a_page(purpose="stakeholder"), {}),
    "digest": (a_page(purpose="digest", severity="L1"), {"others": [small("i-2")], "incident": small("i-1")}),
    "role": (
        a_page(step="role legal", reason="acknowledgement of legal is needed"),
        {"known_by": ["channel:crisis-room"]},
    ),
    "fallback": (a_page(channel="mail", reason="fallback: sms failed"), {}),
    "exercise": (a_page(kind="exercise"), {"incident": an_incident(kind="exercise")}),
    "warm_up": (
        a_page(severity="L2"),
        {
            "incident": an_incident(severity="L2"),
            "alert": an_alert(severity="L2", baseline=Baseline(6 * 3_600, 360, warm=False), drivers=[], evidence=[]),
        },
    ),
}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("case", CASES)
def test_the_message_is_what_the_golden_file_shows(case: str, language: str) -> None:
    page, changes = CASES[case]
    message = written(page, language=language, **changes)
    shown = f"Subject: {message.subject}\nShort: {message.short}\n\n{message.text}"
    golden = GOLDEN / f"{case}.{language}.txt"
    if os.environ.get("TOCSIN_GOLDEN") == "write":
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    "signal", ["volume_spike", "negative_spike", "negativity_shift", "reach", "silence", "source_down"]
)
def test_every_signal_is_said_in_a_sentence_without_a_gap(signal: str, language: str) -> None:
    share = signal == "negativity_shift"
    alert = an_alert(
        signal=signal,
        observed=0.72 if share else 3_200_000.0 if signal == "reach" else 0.0 if signal == "silence" else 412.0,
        expected=0.2 if share else 6.2,
        interval=Interval(0.1, 0.35) if share else Interval(2.0, 14.0),
    )
    message = written(language=language, alert=alert, incident=an_incident(alerts=[alert]))
    for text in (message.subject, message.text, message.html, message.short):
        assert "{" not in text
        assert "None" not in text
    first = message.text.split("\n\n")[2].splitlines()[1]
    print(signal, language, first)
    assert len(first) > 20


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_message_about_nothing_but_an_incident_can_be_written(language: str) -> None:
    bare = an_incident(alerts=[])
    for purpose in ("page", "update", "all_clear", "nobody_reached", "stakeholder", "digest"):
        message = render(a_page(purpose=purpose, step="drill"), MessageContext(bare, None, language))  # type: ignore[arg-type]
        assert message.subject
        assert message.html
        assert "None" not in message.text


def test_a_repeat_is_the_same_to_the_byte() -> None:
    assert written() == written()


def test_links_are_signed_for_their_reader_and_their_purpose_and_end_a_day_later() -> None:
    message = written()
    now = to_ms(ONSET)
    for purpose in ("ack", "dismiss"):
        claim = LINKS.check(message.links[purpose].rpartition("/")[2], purpose, now)
        assert claim.person == "bob"
        assert claim.incident_id == an_incident().incident_id
        assert claim.expires_at == to_ms(a_page().at) + 86_400_000
        assert claim.nonce == a_page().notification_id
        assert message.links[purpose] in message.text
        assert f'href="{message.links[purpose]}"' in message.html


@pytest.mark.parametrize("case", ["all_clear", "dismissed", "stakeholder", "digest"])
def test_nothing_can_be_done_about_what_is_over_or_only_for_information(case: str) -> None:
    page, changes = CASES[case]
    message = written(page, **changes)
    assert not {"ack", "dismiss"} & set(message.links)
    assert "incident ack" not in message.text


def test_without_a_public_address_there_are_commands_but_no_links() -> None:
    message = written(options=Options())
    assert not message.links
    assert "/do/" not in message.text + message.html
    assert f"tocsin incident ack {an_incident().incident_id}" in message.text


def test_when_somebody_has_taken_charge_an_update_tells_and_asks_for_nothing() -> None:
    update = a_page(purpose="update")
    told = written(update, incident=an_incident(state="acknowledged", acknowledged_by=["alice"]))
    assert "ack" not in told.links
    assert "incident ack" not in told.text
    assert "WHAT TO DO" not in told.text
    asked = written(
        update, incident=an_incident(state="acknowledged", acknowledged_by=["alice"], ack_missing=["legal"])
    )
    assert "ack" in asked.links, "the lawyer has to acknowledge as well"
    assert "Still to acknowledge: legal" in asked.text


def test_an_all_clear_does_not_belittle_what_it_was_with_the_figures_of_its_end() -> None:
    page, changes = CASES["all_clear"]
    message = written(page, **changes)
    assert "2 negative mentions" not in message.text
    assert "surge of negative mentions (L4)" in message.text


@pytest.mark.parametrize(("language", "words"), [("en", "Leo said at"), ("fr", "Leo a déclaré la fin")])
def test_an_all_clear_by_hand_says_who_gave_it_and_nothing_of_the_figures(language: str, words: str) -> None:
    page, changes = CASES["all_clear"]
    ended = changes["incident"]
    line = TimelineEntry(ended.resolved_at or ONSET, "resolved", "leo", "resolved by leo")
    incident = msgspec.structs.replace(ended, timeline=[*ended.timeline, line])
    message = written(page, language=language, **(changes | {"incident": incident}))
    assert words.lower() in message.text.lower()
    assert "back to normal" not in message.text and "revenus à la normale" not in message.text


def test_an_exercise_says_so_first_everywhere() -> None:
    page, changes = CASES["exercise"]
    for language, word in (("en", "EXERCISE"), ("fr", "EXERCICE")):
        message = written(page, language=language, **changes)
        assert message.subject.startswith(word)
        assert message.short.startswith(word)
        assert word.lower() in message.text.splitlines()[0].lower()
        assert word.lower() in message.html.split("<h1")[0].lower().split("<body")[1]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("case", CASES)
def test_the_short_form_fits_two_sms_and_keeps_the_whole_command(case: str, language: str) -> None:
    page, changes = CASES[case]
    long = "Société Anonyme des Établissements Réunis de Lavande et de Romarin du Haut Pays Niçois et de ses Environs"
    named = {"incident": msgspec.structs.replace(changes.get("incident", an_incident()), brand=long)}
    message = written(page, language=language, **(changes | named))
    assert len(message.short) <= 300
    assert "\n" not in message.short
    if page.purpose in {"page", "nobody_reached"}:
        assert message.short.endswith(f"tocsin incident ack {an_incident().incident_id}")


ALLOWED_TAGS = {"html", "head", "meta", "title", "body", "table", "tr", "td"} | {
    *("h1", "h2", "p", "b", "div", "ul", "li", "a", "code"),
}
EVIL = '"><script>alert(1)</script>{{7*7}}{0.__class__}${HOME}\r\nBcc: all@example.org'


class Reader(HTMLParser):
    """Notes every tag and every address."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@pytest.mark.parametrize("case", CASES)
def test_whatever_comes_from_outside_stays_text(case: str) -> None:
    page, changes = CASES[case]
    alert = an_alert(
        brand=EVIL,
        platforms=[EVIL],
        drivers=[Driver("term", EVIL, 9, 1.0), Driver("author_kind", EVIL, 2, 1.0)],
        evidence=[f"x:{EVIL}", "press:javascript:alert(1)", f"press:https://e.org/{EVIL}"],
        severity_terms={EVIL: 1.0},
        runbook_url="javascript:alert(1)",
    )
    incident = msgspec.structs.replace(changes.get("incident", an_incident()), brand=EVIL, alerts=[alert])
    given = changes | {"alert": alert, "incident": incident, "note": EVIL, "why_you": EVIL, "unanswered": [EVIL]}
    given |= {"known_by": [EVIL], "next_people": [EVIL], "others": [incident]}
    message = written(page, options=Options(statement=EVIL, approver=EVIL), **given)
    reader = Reader()
    reader.feed(message.html)
    assert set(reader.tags) <= ALLOWED_TAGS
    assert not reader.handlers
    assert all(address.startswith("https://") for address in reader.addresses)
    assert "49" not in message.text.replace("498", "")
    assert "\nBcc:" not in message.text + message.subject + message.short
    assert "\r" not in message.text


def test_posts_are_linked_where_their_address_follows_from_their_id() -> None:
    assert address_of("x:1897000000000000001") == "https://x.com/i/status/1897000000000000001"
    assert (
        address_of("bluesky:at://did:plc:ab1/app.bsky.feed.post/3k") == "https://bsky.app/profile/did:plc:ab1/post/3k"
    )
    assert address_of("mastodon:https://m.example/@a/1") == "https://m.example/@a/1"
    for other in (
        "x:1/../../logout",
        "x:",
        "press:javascript:alert(1)",
        "press:http://plain.example",
        'm:https://a/"x',
        "x",
    ):
        assert address_of(other) is None


def test_html_is_well_formed_and_loads_nothing_from_elsewhere() -> None:
    html = written().html
    for tag in ("table", "tr", "td", "ul", "li", "p", "a", "div", "b", "h1", "h2", "code"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>") > 0, tag
    assert "src=" not in html
    assert "<style" not in html
    assert "url(" not in html


def test_the_renderer_takes_name_zone_and_statement_from_the_policy() -> None:
    def statement(language: str, text: str, until: str = "2026-12-31", brand: str = "") -> Statement:
        return Statement("product", language, text, "carole", until, brand)  # type: ignore[arg-type]

    policy = Policy(
        people={
            "alice": Person([Contact(type="console")], name="Alice Martin"),
            "bob": Person([Contact(type="console")], timezone="Europe/Paris"),
        },
        chains={"night": Chain([])},
        defaults=Defaults("night"),
        statements=[
            statement("en", "General words."),
            statement("en", "The brand's own words.", brand=BRAND),
            statement("fr", "En français."),
            statement("en", "Words of last year.", until="2025-12-31", brand=BRAND),
        ],
    )
    message = Renderer(policy=policy).render(a_page(), context(known_by=["alice"]))
    assert "22:10 CET" in message.text
    assert "Alice Martin" in message.text
    assert "The brand's own words." in message.text
    assert "General words" not in message.text
    assert "last year" not in message.text
    assert "Approved by carole" in message.text


def minutes(_brand: str, first: int, last: int) -> list[tuple[int, int, float]]:
    """One mention in three minutes, a hundred a minute from the onset on."""
    onset = to_ms(ONSET)
    return [
        (at, 100, 72.0) if at >= onset else (at, 1, 0.2)
        for at in range(first, last, 60_000)
        if at >= onset or at % 3 == 0
    ]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_page_shows_the_last_hours(language: str) -> None:
    message = Renderer(minutes=minutes).render(a_page(), context(language))
    caption = {"en": "Mentions per five minutes since 15:15", "fr": "Mentions par cinq minutes depuis 15:15"}[language]
    assert caption in message.text
    assert "█\n" in message.text
    assert caption in message.html
    assert "cid:" not in message.html, "chat and web have no attachments"
    assert 'src="cid:chart"' in message.html_with_image
    assert f'alt="{caption}' in message.html_with_image
    assert message.image.startswith(b"\x89PNG")
    assert len(message.image) < 4_000
    assert message == Renderer(minutes=minutes).render(a_page(), context(language)), "also when it is repeated"


def test_without_history_there_is_no_picture() -> None:
    assert not written().image
    assert not Renderer(minutes=lambda *_: []).render(a_page(), context()).image


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["Nobody watched from 01:10 CET", "Also: surge of mentions (L2), 01:20 to 01:50.", "going on."]),
        ("fr", ["Personne ne veillait de 01:10 CET", "Aussi : afflux de mentions (L2), de 01:20 à 01:50.", "toujours en cours."]),
    ],
)  # fmt: skip
def test_after_an_outage_a_page_says_that_nobody_watched_and_what_else_happened(language: str, told: list[str]):
    def at(hour: int, minute: int) -> datetime:
        return datetime(2026, 3, 4, hour, minute, tzinfo=UTC)

    missed = [
        Missed("volume_spike", "L2", at(0, 20), at(0, 50)),
        Missed("reach", "L1", at(1, 5)),
    ]
    message = written(language=language, alert=an_alert(blind=Blind(at(0, 10), at(3, 0), missed)))
    for line in told:
        assert line in message.text
        assert line in message.html.replace("&#39;", "'")


@pytest.mark.parametrize(("language", "said"), [("en", "No author wrote more than one"), ("fr", "Aucun auteur")])
def test_that_nobody_is_loud_is_said_and_no_share_of_nought(language: str, said: str) -> None:
    page, changes = CASES["page"]
    calm = an_alert(authenticity=Authenticity(0.0, 40, 0.0))
    text = written(page, language=language, **(changes | {"alert": calm})).text
    assert said in text
    assert not re.search(r"(loudest|bruyant).*\b0", text)


@pytest.mark.parametrize(("language", "said"), [("en", "5 min so far"), ("fr", "5 min")])
def test_a_brand_heard_for_hours_is_not_said_to_have_minutes_of_history(language: str, said: str) -> None:
    page, changes = CASES["warm_up"]
    alert = an_alert(severity="L2", baseline=Baseline(300, 5, warm=False), drivers=[], evidence=[])
    text = " ".join(written(page, language=language, **(changes | {"alert": alert})).text.split())
    assert said in text
    assert "history" not in text and "historique" not in text
    assert "four hours late" in text or "quatre heures de retard" in text
