"""What the records say in English is said in the visitor's language on the page."""

from __future__ import annotations

import re

import msgspec
import pytest

from schemas.events import TimelineEntry
from schemas.times import to_ms
from streams.web import lines
from streams.web.stories import Ringing
from streams.web.words import Words
from tests.streams.incidents.language import Story
from tests.streams.incidents.policies import BASE
from tests.streams.web import samples

NOW = to_ms(samples.NOW)
EN, FR = Words("en"), Words("fr")
ALERT = samples.alert()
RINGING = [Ringing(ALERT, ALERT, [samples.alert(sequence=1, status="firing", severity="L2"), ALERT])]


def plain(text: str) -> str:
    """Return markup without its tags."""
    return re.sub(r"<[^>]+>", "", text)


@pytest.mark.parametrize(
    ("why", "french", "english"),
    [
        ("silenced by claire until 2026-03-05T11:28:54.287Z: journée produit (silence f296c82d)",
         "suspendu par claire jusqu’à 11:28 UTC : journée produit", "silenced by claire until 11:28 UTC: journée produit"),
        ("silenced by claire until 2026-03-05T11:28:54Z: a (b) (silences[0])",
         "suspendu par claire jusqu’à 11:28 UTC : a (b)", "silenced by claire until 11:28 UTC: a (b)"),
        ("kept for the digest of 2026-03-07T08:30:00Z", "gardé pour le récapitulatif du 7 mars, 08:30 UTC",
         "kept for the digest of 7 March, 08:30 UTC"),
        ("inhibited by the incident of Maison X (L4)", "retenu par l’incident de Maison X (L4)",
         "inhibited by the incident of Maison X (L4)"),
        ("maintenance nightly until 2026-03-05T05:00:00Z", "maintenance nightly jusqu’à 05:00 UTC",
         "maintenance nightly until 05:00 UTC"),
        ("page caps", "les plafonds d’appels", "the caps on pages"),
        ("something new", "something new", "something new"),
    ],
)  # fmt: skip
def test_why_pages_are_held_back_is_said_in_the_visitors_language(why: str, french: str, english: str) -> None:
    assert plain(FR.held_by(why, NOW)) == french
    assert plain(EN.held_by(why, NOW)) == english


def test_a_time_in_a_reason_is_one_that_the_script_brings_home_and_nothing_typed_is_markup() -> None:
    said = FR.held_by(f"silenced by <b> until 2026-03-05T11:28:54.287Z: {samples.NASTY} (silence f296c82d)", NOW)
    assert '<time datetime="2026-03-05T11:28:54Z">11:28 UTC</time>' in said
    assert "<script>" not in said and "<b>" not in said and "&lt;script&gt;" in said
    lifted = FR.held_by(f"no longer silenced by <b> until 2026-03-05T11:28:54Z: {samples.NASTY} (silence f29)", NOW)
    assert "&lt;script&gt;" in lifted and "&amp;lt;" not in lifted and "<script>" not in lifted and "<time " in lifted


@pytest.mark.parametrize(
    ("what", "detail", "french"),
    [
        ("paged", "crisis[1], next after 20 min", "étape 2 de « crisis », la suivante dans 20 min"),
        ("paged", "crisis[0], next after 1 d", "étape 1 de « crisis », la suivante dans 24 h"),
        ("waits for", "acknowledgement of legal, executive", "la prise en charge par le rôle juridique et direction"),
        ("resolved", "resolved by claire", "Clos par claire."),
        ("resolved", "all alerts are over", "Toutes les alertes sont terminées."),
        ("acknowledged", "statement sent", "message publié"),
        ("acknowledged", "needs 30 min; je rappelle", "il lui faut 30 min ; je rappelle"),
        ("acknowledged", "je rappelle", "je rappelle"),
        ("paging goes on", "no longer kept for the digest of 2026-03-05T08:30:00Z",
         "n’est plus gardé pour le récapitulatif de 08:30 UTC"),
        ("about", "service → product", "service → produit"),
        ("about", "service → product. vu en magasin", "service → produit. vu en magasin"),
        ("alert resolved", "Calm for 30 minutes, 3.9 hours after it began.", "calme depuis 30 min, 3 h 54 min après le début"),
        ("alert held back", "campaign", "une campagne annoncée"),
        ("alert held back", "warm_up", "la période d’apprentissage"),
        ("opened", ALERT.reason, "151 négatives en 15 min ; 2,1 serait habituel, rien d’inhabituel jusqu’à 7"),
        ("opened", ALERT.reason[:40] + "…", "151 négatives en 15 min ; 2,1 serait habituel, rien d’inhabituel jusqu’à 7"),
        ("worse: L2 → L3", "152 negative mentions of somebody else's.", ""),
        ("note", "opened", "opened"),
        ("not done", "ack: the incident is resolved already", "ack: the incident is resolved already"),
    ],
)  # fmt: skip
def test_a_line_of_the_story_is_said_in_french(what: str, detail: str, french: str) -> None:
    who = "negative_spike" if detail == ALERT.reason or detail[:6] == ALERT.reason[:6] else "claire"
    why = lines.detail_of(TimelineEntry(samples.NOW, what, who, detail), RINGING, FR, NOW)
    assert plain(why.text) == french
    assert why.english == (what == "not done")


def test_the_detectors_sentence_stays_on_the_english_page_and_an_exercises_scenario_everywhere() -> None:
    entry = TimelineEntry(samples.NOW, "opened", "negative_spike", ALERT.reason)
    assert lines.detail_of(entry, RINGING, EN, NOW) == lines.Why(ALERT.reason)
    drill = msgspec.structs.replace(ALERT, kind="exercise", reason="Un rappel de lot")
    typed = msgspec.structs.replace(entry, detail="Un rappel de lot")
    assert lines.detail_of(typed, [Ringing(drill, drill, [drill])], FR, NOW).text == "Un rappel de lot"


@pytest.mark.parametrize(
    ("purpose", "step", "reason", "shown", "why"),
    [
        ("page", "crisis[1]", "step 2 of crisis", "étape 2 de « crisis »", ""),
        ("page", "crisis[1]", "step 2 of crisis, lap 2", "étape 2 de « crisis »", "étape 2 de « crisis », tour 2"),
        ("page", "crisis[1]", "quiet hours until 2026-03-05T07:00:00Z", "étape 2 de « crisis »",
         "heures calmes jusqu’à 07:00 UTC"),
        ("page", "role legal", "acknowledgement of legal is needed", "rôle juridique",
         "la prise en charge par le rôle juridique"),
        ("all_clear", "all_clear", "all alerts are over", "", "Toutes les alertes sont terminées."),
        ("update", "worse L4", "L2 → L4", "", "L2 → L4"),
        ("stakeholder", "stakeholder service clients", "service clients: acknowledged", "partie prenante : service clients",
         "Quelqu’un a pris en charge."),
        ("page", "crisis[0]", "campaign", "étape 1 de « crisis »", "une campagne annoncée"),
        ("page", "crisis[0]", "the gateway does not answer", "étape 1 de « crisis »", "the gateway does not answer"),
    ],
)  # fmt: skip
def test_who_was_told_is_said_in_french(purpose: str, step: str, reason: str, shown: str, why: str) -> None:
    one = msgspec.structs.replace(samples.notification("lea", "sent", 5, reason, step), purpose=purpose)
    assert plain(lines.step_of(one, FR, NOW)) == shown
    assert plain(lines.why_of(one, FR, NOW).text) == why


def test_what_the_notifier_writes_is_known_in_both_languages() -> None:
    with Story(BASE) as story:
        story.at(0).alert("acme", "L3")
        story.at(7).ack("bob")
        story.at(9).command("resolve", "bob")
    entries = story.incidents[-1][1].timeline
    assert {entry.what for entry in entries} > {"paged", "acknowledged", "resolved"}
    for entry in entries:
        if entry.detail and entry.what != "opened":
            assert FR.told(entry.detail, NOW) is not None, entry


def test_a_detectors_vote_is_said_in_french() -> None:
    vote = msgspec.structs.replace(ALERT.votes[0], detector="negativity_shift 60 min", reason="fires at 3.50")
    assert FR.test(vote.detector) == "un ton plus négatif, sur 1 h"
    assert lines.vote_of(vote, FR, NOW) == lines.Why("seuil 3,5")
    assert lines.vote_of(msgspec.structs.replace(vote, reason="as it was"), FR, NOW) == lines.Why(
        "as it was", english=True
    )
