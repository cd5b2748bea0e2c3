"""Which posts speak of a grave matter, in French and English."""

from __future__ import annotations

import pytest

from detectors.text.model import TextModel
from detectors.text.terms import wording
from tests.benchmarks import grave_talk


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


@pytest.fixture(scope="module")
def settled() -> tuple[bytes, int]:
    return grave_talk.settled()


def grave(model: TextModel, *texts: str) -> list[bool]:
    found: list[bool] = model.score(list(texts), [None] * len(texts)).grave.tolist()
    return found


@pytest.mark.parametrize(
    "text",
    [
        "Nimbrook plant evacuated after an engine fire",
        "Fire at the Nimbrook store in Lyon",
        "Nimbrook charger caught #fire in my kitchen",
        "two people injured at Nimbrook",
        "5 killed in the Nimbrook crash",
        "bus crash near Nimbrook",
        "Nimbrook product recall: salmonella in cheese",
        "Deux blessés après une explosion chez Nimbrook",
        "L'usine Nimbrook évacuée, un incendie est en cours",
        "L’usine est évacuée",
        "Une voiture Nimbrook prend feu",
        "trois personnes tuées chez Nimbrook",
        "Intoxiqués par un yaourt Nimbrook",
    ],
)
def test_what_happens_to_life_and_limb_is_grave(model, text):
    assert grave(model, text) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nimbrook should fire the manager",
        "@nimbrook fire @somebody please",
        "Nimbrook under fire after the speech",
        "not going to fire anyone",
        "they fired him",
        "my Kindle Fire is slow",
        "Nimbrook is having a fire sale",
        "you killed it tonight Nimbrook",
        "the update killed my wifi",
        "my phone is dead, dead line, what a deadline",
        "a crash course by Nimbrook",
        "I recall when Nimbrook was good",
        "smoke break with a new battery",
        "one more shot, explore and exploit it",
        "feu vert pour Nimbrook, un feu d'artifice",
        "je suis mort de rire, ça me tue",
        "see you Tues or Tuesday",
        "rappel : la boutique ferme à midi",
        "so blessed, casual and dangerous",
    ],
)
def test_what_mostly_means_something_else_is_not(model, text):
    assert grave(model, text) == [False]


def test_a_neighbour_in_another_post_says_nothing(model):
    assert grave(model, "the kitchen", "is on fire", "in the kitchen") == [False, False, False]


def test_a_brands_own_words_are_no_grave_matter(model):
    found = model.score(["the Nimbrook Fire Stick burns"], [None], [{"fire stick": 0.0}])
    assert found.grave.tolist() == [False]


def test_a_headline_under_other_hashtags_and_links_is_one_wording(model):
    texts = [
        "#top Incendie chez Nimbrook, usine évacuée",
        "#buzz #tv Incendie chez Nimbrook, usine évacuée",
        "Nimbrook recule",
    ]
    one, other, third = (wording(words) for words in model.score(texts, ["fr"] * 3).terms)
    assert one == other != third
    assert wording(["fire", "plant"]) == wording(["plant", "example.org/a", "#b", "fire"])


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Nimbrook tablet exploded in the car, driver burned", "en"),
        ("two dead after a bus crash, Nimbrook says", "en"),
        ("Passager poignardé dans un bus Nimbrook", "fr"),
        ("Nimbrook rappelle 4 lots de poulet", "fr"),
        ("L'entrepôt Nimbrook s'est effondré sur des ouvriers", "fr"),
        ("un enfant étouffé par un jouet Nimbrook", "fr"),
        ("bactérie E. coli chez Nimbrook", "fr"),
        ("my daughter choked on a Nimbrook cap", "en"),
    ],
)
def test_a_word_with_the_neighbour_to_whom_it_happens_is_grave(model, text, lang):
    assert model.score([text], [lang]).grave.tolist() == [True]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("the Nimbrook login page crashed on launch day", "en"),
        ("everyone at the store says this mixtape is fire lol", "en"),
        ("my iphone died at the airport, nimbrook charged it", "en"),
        ("shares of Nimbrook collapsed, the market is red", "en"),
        ("on est tous morts de rire dans le bus Nimbrook", "fr"),
        ("un bus Nimbrook sur deux, usagers otages de la grève", "fr"),
        ("des injures au guichet Nimbrook", "fr"),
        ("dies Kinder mögen Nimbrook, dies ist gut", "de"),
        ("ich liebe dies im Hotel Nimbrook", "de"),
    ],
)
def test_a_word_used_of_other_things_or_of_another_language_is_not(model, text, lang):
    assert model.score([text], [lang]).grave.tolist() == [False]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("ma fille a fini à l'hôpital après un yaourt Nimbrook", "fr"),
        ("Nimbrook a envoyé trois clients à l'hôpital", "fr"),
        ("Hundreds sick, Nimbrook closes its plants", "en"),
        ("my kid ended up in the hospital thanks to Nimbrook", "en"),
        ("40 élèves malades, la cantine Nimbrook fermée", "fr"),
        ("Un mort et trois disparus chez Nimbrook", "fr"),
        ("one dead and four missing after the Nimbrook boat sank", "en"),
        ("5 passengers missing after the Nimbrook ferry went down", "en"),
        ("hole in fuselage of a Nimbrook plane", "en"),
        ("un hublot Nimbrook arraché en plein vol", "fr"),
        ("cyclist struck by a Nimbrook van", "en"),
        ("coups de feu au magasin Nimbrook", "fr"),
        ("bébé en choc allergique, lait Nimbrook", "fr"),
    ],
)
def test_what_only_several_words_say_is_grave(model, text, lang):
    assert model.score([text], [lang]).grave.tolist() == [True]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Nimbrook sent flowers to the hospital", "en"),
        ("she is in hospital after giving birth, thanks Nimbrook", "en"),
        ("hundreds of sick outfits at Nimbrook", "en"),
        ("one dead pixel on my Nimbrook", "en"),
        ("crushed by a bus full of homework lol, Nimbrook", "en"),
        ("two kids missing out on Nimbrook", "en"),
        ("panel discussion at Nimbrook, then a flight", "en"),
        ("un mort-vivant au bureau Nimbrook", "fr"),
        ("le livreur Nimbrook a envoyé un colis à l'hôpital", "fr"),
        ("le moteur de recherche Nimbrook est tombé", "fr"),
        ("trois articles disparus de mon panier Nimbrook", "fr"),
    ],
)
def test_the_same_words_in_everyday_phrases_are_not(model, text, lang):
    assert model.score([text], [lang]).grave.tolist() == [False]


def test_a_brands_name_is_no_grave_matter(model):
    text = "a new Poison store in the plane terminal, Crash is open"
    assert model.score([text] * 2, ["en"] * 2, None, ["Poison Crash", "Nimbrook"]).grave.tolist() == [False, True]


@pytest.mark.parametrize("name", [*grave_talk.TRUE])
def test_streams_of_grave_talk_are_paged(model, settled, name):
    assert grave_talk.paged(model, name, settled)


@pytest.mark.parametrize("name", [*grave_talk.EVERYDAY])
def test_streams_of_everyday_talk_are_not(model, settled, name):
    assert not grave_talk.paged(model, name, settled)
    assert grave_talk.grave_share(model, name) < 0.05
