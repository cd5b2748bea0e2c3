"""Advice is data with sources, in two languages that say the same, and approved statements go before templates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import yaml

from schemas.events import SEVERITIES, TimelineEntry, Trigger
from streams.messages import Options, advice, render
from streams.messages.advice import RESPONSIBILITIES, advise, assumed, closing, measures, template
from streams.messages.notes import told
from streams.messages.phrases import phrases
from streams.messages.render import Renderer
from streams.policy.load import load_policy
from streams.policy.model import Statement
from streams.policy.statements import lint
from streams.web.counsel import counsel_of
from tests.streams.delivery.world import a_page, an_incident
from tests.streams.messages.test_phrases import leaves
from tests.streams.messages.test_render import context, over

EXAMPLE = load_policy(Path(__file__).parents[3] / "deploy" / "config" / "policy.example.yaml")
SEEN = datetime(2026, 3, 5, 22, 0, tzinfo=UTC)


def catalogue(language: str) -> dict[str, str]:
    path = Path(advice.__file__).with_name(f"advice.{language}.yaml")
    return dict(leaves(yaml.safe_load(path.read_text(encoding="utf-8"))))


def test_both_languages_advise_the_same() -> None:
    english, french = catalogue("en"), catalogue("fr")
    assert set(english) == set(french)
    for path in english:
        if path.endswith(".assume") or (path.endswith(".source") and path != ".source"):
            assert english[path] == french[path]
        elif not path.startswith(".sources") and path != ".join":
            assert english[path] != french[path] or path.endswith((".who", ".with")), path


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("trigger", get_args(Trigger))
def test_there_is_advice_for_every_subject_and_severity_and_it_names_its_sources(trigger: str, language: str) -> None:
    for severity in SEVERITIES:
        lines = advise(language, severity, trigger)
        assert all(text for _, text in lines)
        assert "Coombs" in lines[-1][1]
        strategies = " ".join(text for _, text in lines)
        for strategy in ("inform", "diminish", "rebuild") if language == "en" else ("informer", "atténuer", "réparer"):
            assert f"→ {strategy}." in strategies


def test_what_an_approved_statement_says_of_responsibility_goes_before_the_assumption() -> None:
    assert assumed("product") == "accidental"
    first = advise("en", "L3", "product")[3][1]
    said = advise("en", "L3", "product", "preventable")[3][1]
    assert first.startswith("accidental") and said.startswith("preventable")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("responsibility", RESPONSIBILITIES)
def test_the_templates_pass_the_check_that_statements_pass(responsibility: str, language: str) -> None:
    text = "\n".join(template(language, responsibility))  # type: ignore[arg-type]
    assert lint(Statement("product", language, text, "leo", "2030-01-01", responsibility=responsibility), None) == []  # type: ignore[arg-type]
    ending = "\n".join(advice.advice(language).lines("closing"))
    assert lint(Statement("product", language, ending, "leo", "2030-01-01", phase="closing"), None) == []  # type: ignore[arg-type]


def test_the_closing_statement_names_what_was_noted_as_measures() -> None:
    incident = over()
    incident.timeline = [
        TimelineEntry(SEEN, "note", "alice", "Measure: the lot is recalled."),
        TimelineEntry(SEEN, "note", "bob", "a thought"),
        TimelineEntry(SEEN, "note", "bob", "mesure : un numéro vert est ouvert"),
        TimelineEntry(SEEN, "acknowledged", "bob", "measure: not a note"),
    ]
    assert measures(incident) == ["the lot is recalled", "un numéro vert est ouvert"]
    page = a_page(purpose="all_clear")
    text = render(page, context("en", incident=incident, alert=None), Options()).text
    assert "What we have done: the lot is recalled; un numéro vert est ouvert." in text
    assert "Template, not approved" in text
    assert closing("en", ["x [Measures]"], an_incident())[-1].startswith("No measure has been noted")


def test_a_message_carries_the_brands_approved_statements_and_runbook() -> None:
    incident = an_incident(brand="Aerolux", trigger="product")
    renderer = Renderer(policy=EXAMPLE)
    text = renderer.render(a_page(brand="Aerolux"), context("fr", incident=incident)).text
    assert "Nous présentons nos excuses à nos clients concernés." in text
    assert "Approuvé par Leo Andersen, valable jusqu’au 2027-06-30." in text
    assert "https://wiki.example.com/recall" in text
    assert "Modèle non validé" not in text
    late = a_page(brand="Aerolux", at=datetime(2028, 1, 1, tzinfo=UTC))
    assert "Modèle non validé" in renderer.render(late, context("fr", incident=incident)).text, (
        "expired ones are not used"
    )


def test_a_statement_is_out_of_proportion_at_l1() -> None:
    text = render(a_page(severity="L1"), context("en", incident=an_incident(severity="L1")), Options()).text
    assert "STATEMENT TO ADAPT" not in text
    assert "No statement" in text


def test_the_page_advises_what_the_messages_do() -> None:
    incident = an_incident(brand="Aerolux", trigger="product")
    now = 1_772_750_000_000
    shown = counsel_of(EXAMPLE, incident, "en", now)
    assert shown.lines == advise("en", "L4", "product", "accidental")
    assert (shown.approver, shown.runbook) == ("Leo Andersen", "https://wiki.example.com/recall")
    assert shown.statement[1] == "We are sorry for what our clients are going through."
    ended = counsel_of(EXAMPLE, msgspec.structs.replace(incident, state="resolved"), "en", now)
    assert ended.closes and ended.statement[0] == "[fact] is over since [time]."
    bare = counsel_of(None, incident, "fr", now)
    assert bare.unapproved and bare.statement == template("fr", "accidental")


@pytest.mark.parametrize(
    ("note", "french"),
    [
        ("all alerts are over", "Toutes les alertes sont terminées."),
        ("alice, bob has taken charge", "Pris en charge par alice, bob."),
        ("dismissed by bob: expected", "Écarté par bob : attendu, c’était prévu"),
        ("resolved by bob: the lot is recalled", "Clos par bob : the lot is recalled"),
        ("no public reply after 30 min", "Aucune réponse publique après 30 min."),
        ("nobody with the role legal has acknowledged", "Personne ayant le rôle juridique n’a pris en charge."),
        ("negative_spike again, L3", "De nouveau afflux de mentions négatives, L3."),
        ("un mot de quelqu’un", "un mot de quelqu’un"),
        ("{who} {brand.__class__}", "{who} {brand.__class__}"),
    ],
)
def test_the_folds_own_notes_are_told_in_the_readers_language(note: str, french: str) -> None:
    assert told(phrases("fr"), note) == french
