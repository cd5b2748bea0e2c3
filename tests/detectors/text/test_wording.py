"""The same word, however it is typed: drawn out, without accents, inside HTML, in a mixture of scripts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.text.accents import Accents, accented
from detectors.text.markup import without_markup
from detectors.text.tokens import pieces


@pytest.mark.parametrize(
    ("lang", "drawn", "word"),
    [
        ("en", "awfuuuul", "awful"), ("en", "terriiiibleee", "terrible"), ("en", "gooood", "good"), ("en", "worsttt", "worst"),
        ("en", "greaaat", "great"), ("en", "happyyy", "happy"), ("en", "looooveee it", "love it"), ("en", "uselesssss", "useless"),
        ("fr", "nuuuul", "nul"), ("fr", "horriiiible", "horrible"), ("fr", "géniaaaal", "génial"), ("fr", "mauvaiiiis", "mauvais"),
        ("fr", "degueulaaaasse", "dégueulasse"), ("fr", "parfaiiiit", "parfait"),
    ],
)  # fmt: skip
def test_a_drawn_out_word_keeps_its_meaning(sides, lang, drawn, word):
    (bad, good), (plain_bad, plain_good) = sides(drawn, lang), sides(word, lang)
    assert (bad > good) == (plain_bad > plain_good)
    assert max(bad, good) > 0.6 * max(plain_bad, plain_good)


@pytest.mark.parametrize(
    "text",
    ["c'est dégoûtant", "très déçu du service", "je suis scandalisé", "expérience désagréable", "équipe méprisante", "c'est génial",
     "très satisfaite", "employé compétent et à l'écoute", "dégueulasse", "une présentation soignée"],
)  # fmt: skip
def test_french_without_accents_reads_alike(sides, text):
    import unicodedata

    typed = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    (bad, good), (plain_bad, plain_good) = sides(typed, "fr"), sides(text, "fr")
    assert abs(bad - plain_bad) + abs(good - plain_good) < 1_500


def test_accents_are_restored_where_one_word_alone_can_be_meant():
    known = Accents(accented(["déçu", "aimé", "aime", "très", "été"], ["aime"]))
    assert [known.of(word) for word in ("decu", "decue", "decus", "tres", "ete", "aime", "déçu", "table")] == [
        "déçu", "déçue", "déçus", "très", "été", "aime", "déçu", "table",
    ]  # fmt: skip


def test_english_posts_are_read_as_they_are_typed(sides):
    assert sides("genial", "en") != sides("génial", "en")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="awful.com" class="bad">x</a>y', " x y"),
        ("<p>Terrible<br>service</p>", " Terrible service "),
        ("<DIV>so</DIV><div data-a='1 > 0'>good</div>", " so  good "),
        ("<style>.love{}</style>bad<!-- best ever -->", " bad "),
        ('<span class="invisible">https://</span><span>a.fr/x</span>', "https://a.fr/x"),
        ("I <3 you > all", "I <3 you > all"),
        ("a < b and c > d", "a < b and c > d"),
        ("<your name here> is <great>", "<your name here> is <great>"),
    ],
)
def test_markup_is_no_text(html, text):
    assert without_markup(html) == text


def test_attributes_and_tags_change_nothing(sides):
    plain = sides("great service", "en")
    for html in (
        '<a href="awful.com" class="bad worst">great</a> service',
        "<p>great</p><p>service</p>",
        "&lt;b&gt;great&lt;/b&gt; service",
    ):
        assert sides(html, "en") == plain


@given(st.text(alphabet="<>/ab\"'= !-pscript", max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_markup_is_read_and_never_grows(text):
    assert len(without_markup(text)) <= len(text)


@pytest.mark.parametrize("part", ["<a ", '<a "', "<a '", "<!--", "<script>", "</p", "<a b=c "])
def test_unclosed_markup_takes_no_time(part):
    text = (part * 4_000)[:4_000] + ">"
    start = time.process_time()
    without_markup(text)
    assert time.process_time() - start < 0.5


def test_letters_of_another_script_inside_a_word_are_what_they_look_like(sides):
    assert [p.text for p in pieces("gr\u0435\u0430t")] == ["great"]
    assert [p.text for p in pieces("\u0433\u043e\u0440\u043e\u0434")] == ["\u0433\u043e\u0440\u043e\u0434"], (
        "a Russian word stays"
    )
    assert sides("t\u0435rribl\u0435 s\u0435rvic\u0435", None) == sides("terrible service", None)


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "boycott Acme"), ("en", "#BoycottAcme"), ("en", "scammers"), ("en", "what a ripoff"), ("en", "shoddy, unusable"),
        ("en", "they overcharged me"), ("en", "garbage app"),
        ("fr", "#boycott"), ("fr", "#BoycottDanone"), ("fr", "boycottez cette marque"), ("fr", "quelle arnaque"), ("fr", "arnaqueurs"),
        ("fr", "remboursez-moi, bande d'escrocs"), ("fr", "toujours en panne"), ("fr", "service client injoignable"),
    ],
)  # fmt: skip
def test_words_of_complaint_are_known(shipped, lang, text):
    scored = shipped.score([text], [lang])
    assert scored.label(0) == "negative"


def test_asking_thanks_for_a_refund_is_no_complaint(sides):
    bad, good = sides("got my refund, thanks!", "en")
    assert good > bad


@pytest.mark.parametrize("lang", ["en", "fr", None])
@pytest.mark.parametrize(
    ("emoji", "label"),
    [("😡", "negative"), ("👎", "negative"), ("🤬🤬", "negative"), ("😍", "positive"), ("❤️❤️", "positive")],
)
def test_emoji_alone_speak_every_language(shipped, lang, emoji, label):
    for text in (emoji, f"{emoji} @acme", f"{emoji} https://t.co/x"):
        assert shipped.score([text], [lang]).label(0) == label
