"""What an alert is about, in French and English."""

from __future__ import annotations

import pytest

from detectors.text.triggers import TRIGGERS, category, trigger_of


@pytest.mark.parametrize(
    ("terms", "trigger"),
    [
        ({"dragged": 30, "passenger": 28, "bleeding": 9, "flight": 40}, "safety"),
        ({"rappel": 20, "listeria": 15, "fromage": 8}, "safety"),
        ({"lawsuit": 12, "attorney": 5, "settlement": 4}, "legal"),
        ({"plainte": 12, "cnil": 5, "données": 4}, "legal"),
        ({"grève": 22, "syndicat": 9, "salariés": 5}, "employee"),
        ({"stewardess": 12, "rude": 9}, "employee"),
        ({"publicité": 14, "slogan": 6, "sexy": 3}, "campaign"),
        ({"retard": 30, "annulé": 12, "remboursement": 6}, "service"),
        ({"delayed": 30, "cancelled": 12, "#refund": 6}, "service"),
        ({"bug": 12, "application": 9, "écran": 4}, "product"),
        ({"tuesday": 4, "lyon": 2}, "other"),
        ({}, "other"),
    ],
)
def test_terms_tell_the_trigger(terms, trigger):
    verdict = trigger_of(terms)
    assert verdict.trigger == trigger
    assert verdict.reason


@pytest.mark.parametrize(
    "words",
    [
        # English
        "explore explorer exploit hospitality courtesy courteous process processing deadline mortgage bloody burnout fireworks firefox",
        "spotify spotless download downtown latest later latex holder hangover taxi hackathon fine sale salesforce supporter patronage",
        "mission responsible deliverance priceless videogame clipper appliance apple agenda unique trialogue suede sizeable spotlight",
        "courtyard smokey annually annular reservoir commander guardian pilates queueing unionised leakproof battered orderly waitlist",
        # French
        "explorer hospitalité courte courtes processus procession chercher chérie chéri rappelle rappelez cherche responsable exploiter",
        "plombier attention latérale brûlant savoir sangria contestation direction exploitation injures mortier siéger pubère employeur",
        "tailleur fuiter émergence tuerie appliquer produire servir plaintif perdurer clientélisme commander reservoir couteau",
    ],
)
def test_everyday_words_that_begin_alike_say_nothing(words):
    assert {word: category(word) for word in words.split() if category(word)} == {}


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ("safety", "explosion explosions exploded injured injuries dangereux blessés blessée brûlures incendies recalled rappels"),
        ("legal", "lawsuits courts procès plaintes avocate escrocs arnaques scammed frauduleux condamnée racisme harassed"),
        ("employee", "pilots managers vendeuses livreurs salariés employées grévistes strikes resigned licenciements conseillère"),
        ("campaign", "ads posters publicité campagnes sponsored affiches contests"),
        ("product", "batteries seats prices cassée écrans défectueux emballages chère recettes priced"),
        ("service", "delayed delays waiting cancelled refunded luggage retards annulée remboursements colis bloqués ordering complaints"),
    ],
)  # fmt: skip
def test_inflected_words_belong_where_their_word_does(trigger, words):
    assert {word: category(word) for word in words.split() if category(word) != trigger} == {}


def test_the_longest_stem_decides_and_accents_do_not():
    assert category("Sécurité") == category("securite") == "safety"
    assert category("#Delayed") == "service"
    assert category("table") is None


def test_texts_count_their_words_once():
    assert trigger_of({}, ["late late late", "my bag is lost", "vol annulé"]).trigger == "service"


def test_airline_complaints_are_about_what_people_ticked(shared_data):
    import csv
    from collections import Counter

    from detectors.text.model import TextModel

    with (shared_data / "mentions" / "airline_2015_dev.csv").open(newline="", encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f) if r["negativereason"]]
    terms = TextModel.load().score([r["text"] for r in rows], ["en"] * len(rows)).terms
    alerts: dict[str, Counter[str]] = {}
    for row, found in zip(rows, terms, strict=True):
        alerts.setdefault(row["negativereason"], Counter()).update(found)
    verdicts = {reason: trigger_of(counts).trigger for reason, counts in alerts.items()}
    for reason in (
        "Late Flight",
        "Cancelled Flight",
        "Lost Luggage",
        "Customer Service Issue",
        "Flight Booking Problems",
    ):
        assert verdicts[reason] == "service"
    assert verdicts["Flight Attendant Complaints"] == "employee"
    assert verdicts["Bad Flight"] == "product"
    assert set(verdicts.values()) <= set(TRIGGERS)
