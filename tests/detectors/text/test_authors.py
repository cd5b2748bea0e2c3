"""Who speaks: lists first, then the source's word, then the account, then the text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from detectors.text.authors import AuthorLists, author_kind
from schemas.mention import Author

LISTS = AuthorLists.of({"official": ["@Acme"], "media": ["lemonde"], "employee": ["u42"]})


@pytest.mark.parametrize(
    ("author", "text", "kind"),
    [
        (Author(id="u42"), "@acme hello", "employee"),
        (Author(id="7", name="ACME"), "sorry", "official"),
        (Author(id="7", kind="media"), "I love it", "media"),
        (Author(id="7", followers=200_000), "what a day", "influencer"),
        (Author(id="7", followers=20_000, verified=True), "what a day", "influencer"),
        (
            Author(id="7", followers=90_000, verified=True),
            "BREAKING: Acme recalls 3 million cars http://t.co/x",
            "media",
        ),
        (None, "@acme where is my parcel? I ordered three weeks ago", "customer"),
        (None, "@acme vous vous moquez de moi ? J'attends depuis lundi", "customer"),
        (None, "I work for Acme and this is a lie", "employee"),
        (None, "Je travaille chez Acme, personne ne nous a prévenus", "employee"),
        (None, "@bob We're sorry to hear that, please DM us your order number", "official"),
        (None, "Toutes nos excuses, envoyez-nous votre numéro en MP", "official"),
        (None, "EXCLUSIF Acme annonce la fermeture de son usine https://t.co/x", "media"),
        (None, "#a #b #c #d #e #f #g win now http://x.y", "bot"),
        (None, "", "unknown"),
        (None, "😡", "unknown"),
    ],
)
def test_kind(author, text, kind):
    verdict = author_kind(author, text, LISTS)
    assert verdict.kind == kind
    assert verdict.reason
    assert 0 <= verdict.confidence <= 1


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        # told to tune by
        ("employee", "As a former Acme employee, I can confirm"),
        ("employee", "Former employee here: management knew"),
        ("employee", "salarié d’Acme depuis 10 ans, je confirme"),
        ("employee", "J’ai travaillé chez Acme pendant 5 ans"),
        ("customer", "I work at home and your wifi is down again"),
        ("customer", "@acme I worked for 8 hours straight and then you cancelled on me"),
        ("customer", "@acme please DM me back, I've waited 3 days"),
        ("customer", "@acme je vous ai écrit en MP, aucune réponse"),
        ("customer", "I’m stuck here and they’ve lost my bag"),
        # kept aside from tuning
        ("employee", "I've worked at Acme since 2009 and nobody listens to us"),
        ("employee", "i used to work for acme. the training is a joke"),
        ("employee", "Ex-salariée de chez Acme, je peux vous dire que tout est vrai"),
        ("employee", "En tant qu’employé je suis scandalisé"),
        ("employee", "Je bosse pour Acme et on nous interdit d'en parler"),
        ("customer", "@acme I work for a small charity and my order never came"),
        ("customer", "@acme I work at night, your ads wake me up at noon"),
        ("customer", "@acme je travaille chez moi et votre box est encore en panne"),
        ("customer", "@acme can you dm me? I sent you my order number"),
        ("customer", "@acme j’ai envoyé ma référence en MP hier"),
        ("official", "@bob So sorry to hear that! Could you please DM us your order number?"),
        (
            "official",
            "Bonjour, merci de nous transmettre votre numéro de dossier en MP, nous sommes désolés pour ce retard",
        ),
    ],
)
def test_work_and_office_are_told_from_what_only_sounds_like_them(kind, text):
    assert author_kind(None, text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "Former employee sues Acme over unpaid overtime",
        "our team lost the final, so sorry",
        "sorry to hear about the crash, my thoughts are with them",
    ],
)
def test_what_others_say_of_staff_and_teams_is_no_word_of_theirs(text):
    assert author_kind(None, text).kind not in ("employee", "official")


def test_hashtags_do_not_make_a_bot_of_a_large_verified_account():
    text = "#a #b #c #d #e #f #g Acme recalls its chargers https://t.co/x"
    assert author_kind(Author(id="7", followers=3_000_000, verified=True), text).kind in ("media", "influencer")
    assert author_kind(Author(id="7", followers=200), text).kind == "bot"


def test_a_day_old_account_without_followers_is_suspect():
    born = datetime(2024, 1, 1, tzinfo=UTC)
    author = Author(id="7", followers=0, created_at=born)
    at = int(born.timestamp() * 1000) + 86_400_000
    assert author_kind(author, "boycott acme", at=at).kind == "bot"
    assert author_kind(author, "boycott acme", at=at + 90 * 86_400_000).kind != "bot"


def test_an_unknown_kind_in_the_configuration_is_an_error_in_words():
    with pytest.raises(ValueError, match='"staff" is no kind of author; must be one of customer'):
        AuthorLists.of({"staff": ["x"]})


def test_text_alone_is_never_claimed_to_be_sure():
    for text in (
        "I work for Acme",
        "BREAKING: x http://y",
        "@acme why is my bag lost?",
        "press release: our clients http://z",
    ):
        assert author_kind(None, text).confidence <= 0.6


def test_airline_passengers_are_customers(shared_data):
    import csv

    with (shared_data / "mentions" / "airline_2015_dev.csv").open(newline="", encoding="utf-8") as f:
        kinds = [author_kind(None, r["text"]).kind for r in csv.DictReader(f)]
    assert kinds.count("customer") / len(kinds) > 0.75
    assert (kinds.count("media") + kinds.count("official")) / len(kinds) < 0.01
