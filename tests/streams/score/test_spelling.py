"""Watch words are found as people write them: with a telephone's apostrophe, in capitals, without accents, in either form of Unicode."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.mention import Mention, Rejection
from schemas.times import from_ms
from streams.score.brands import BrandMatcher
from streams.score.spelling import folded
from streams.settings import BrandSettings as Brand

BRANDS = [
    Brand("L'Oréal", words=["l'oréal", "#loreal"]),
    Brand("Crémerie Lætitia"),
    Brand("Coca‑Cola", exclude=["zéro déchet"]),
    Brand("さくら"),
    Brand("Cœur de Ville"),
]


def said(text: str, brand: str | None = None) -> tuple[str, ...] | Rejection:
    return BrandMatcher(BRANDS).match(Mention("x", "1", from_ms(1_700_000_000_000), text, brand=brand))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "text", ["J'adore L'Oréal", "chez L’ORÉAL", "merci l`oreal", "L'Oreal ment", "#LORÉAL", "#loreal"]
)
def test_a_name_is_found_however_it_is_typed(text: str, form: Literal["NFC", "NFD"]):
    assert said(unicodedata.normalize(form, text)) == ("L'Oréal",)


@pytest.mark.parametrize("text", ["la cremerie laetitia", "CRÉMERIE LÆTITIA", "Crémerie Laetitia !"])
def test_ligatures_too(text: str):
    assert said("au Coeur de ville") == said("AU CŒUR DE VILLE") == ("Cœur de Ville",)
    assert said(text) == ("Crémerie Lætitia",)
    assert said("", brand=text.strip(" !").removeprefix("la ")) == ("Crémerie Lætitia",)


def test_exclusions_and_hyphens_too():
    assert said("un coca-cola") == ("Coca‑Cola",)
    assert said("un coca-cola ZERO DECHET") == ()


def test_a_word_still_stands_alone_and_other_scripts_keep_their_marks():
    assert said("oreal") == ()
    assert said("loréaliste") == ()
    assert said("さくら") == ("さくら",)
    assert said("ざくら") == ()


def test_of_two_names_that_differ_in_accents_each_is_its_own():
    matcher = BrandMatcher([Brand("Pate"), Brand("Pâté")])
    for name in ("Pate", "Pâté", "PÂTÉ"):
        found = matcher.match(Mention("x", "1", from_ms(1_700_000_000_000), "", brands=[name]))
        assert found == ("Pate" if name == "Pate" else "Pâté",)


def test_a_brand_that_was_removed_is_not_let_in_again_by_another_spelling():
    matcher = BrandMatcher([], anyone=True, removed=["Crémerie Lætitia"])
    found = matcher.match(Mention("x", "1", from_ms(1_700_000_000_000), "", brand="CREMERIE LAETITIA"))
    assert isinstance(found, Rejection) and "no longer watched" in found.detail


@given(st.text())
def test_folding_twice_changes_nothing_and_neither_does_the_form(text: str):
    assert folded(folded(text)) == folded(text)
    assert folded(unicodedata.normalize("NFD", text)) == folded(unicodedata.normalize("NFC", text))
