"""Which language: the platform's word first, short posts as far as anybody could tell, scripts."""

from __future__ import annotations

import csv
import time

import pytest

from detectors.text.language import stated
from detectors.text.model import TextModel


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


@pytest.mark.parametrize(
    ("text", "lang"),
    [("my flight is late again", "en"), ("thank you", "en"), ("Vol annulé", "fr"), ("bonjour", "fr"), ("merci beaucoup", "fr"),
     ("jamais plus !", "fr"), ("¿dónde está mi maleta?", "es"), ("mein Flug ist schon wieder verspätet", "de"),
     ("il mio volo è in ritardo", "it"), ("o meu voo está atrasado", "pt"), ("طيران سيء", "ar"), ("рейс отменён", "ru"),
     ("フライトがキャンセル", "ja"), ("항공편 취소", "ko"), ("הטיסה בוטלה", "he"), ("", "und"), ("🤬", "und"), ("ok", "und"),
     ("@user http://t.co/x", "und")],
)  # fmt: skip
def test_a_post_is_in_its_language(model, text, lang):
    assert model.score([text], [None]).lang == [lang]


@pytest.mark.parametrize(
    ("tag", "lang"),
    [
        ("en-US", "en"),
        ("fr_CA", "fr"),
        ("in", "id"),
        ("iw", "he"),
        ("und", None),
        ("", None),
        (None, None),
        ("x-klingon", None),
        ("fra", "fr"),
        ("fre", "fr"),
        ("ENG", "en"),
        ("deu-DE", "de"),
        ("zho", "zh"),
        ("jpn", "ja"),
        ("ukr", "uk"),
        ("zxx", None),
    ],
)
def test_platforms_tags_become_iso_639_1(tag, lang):
    assert stated(tag) == lang


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        # kana anywhere are Japanese, also after Chinese characters
        ("新しい商品が届いた", "ja"), ("最悪です", "ja"), ("返金してください", "ja"), ("服务太差了", "zh"), ("退款", "zh"),
        ("최악의 서비스", "ko"),
        # letters that one language of a script has
        ("це жахливий сервіс, ніколи більше", "uk"), ("їжа холодна", "uk"), ("ужасный сервис, больше никогда", "ru"), ("плохо", "ru"),
        ("این بدترین خدمات است", "fa"), ("پول من را پس بدهید", "fa"), ("أسوأ خدمة في حياتي", "ar"), ("بہت بری سروس", "ur"),
        # a foreign name or a single look-alike letter makes no language
        ("Πολύ κακή εξυπηρέτηση", "el"), ("gr\u0435at s\u0435rvice, thank you", "en"), ("сервис Apple ужасный", "ru"),
    ],
)  # fmt: skip
def test_scripts_that_several_languages_share(model, text, lang):
    assert model.score([text], [None]).lang == [lang]


@pytest.mark.parametrize(
    ("text", "lang"),
    [("c'est nul", "fr"), ("c'est nuuuul", "fr"), ("la honte", "fr"), ("plus jamais", "fr"), ("quelle arnaque", "fr"),
     ("aucun respect", "fr"), ("boycottez Danone", "fr"), ("marre de vos pubs", "fr"),
     ("service inadmissible", "fr"),
     ("awful", "en"), ("never been happier", "en"), ("delayed again", "en"), ("refund please", "en"), ("worst app ever", "en"),
     ("muy mal", "es"), ("sehr schlecht", "de"), ("molto bene", "it"), ("muito obrigado", "pt"),
     ("wat een slechte service", "nl"), ("serviciul este foarte prost", "ro"), ("bardzo zła obsługa", "pl")],
)  # fmt: skip
def test_two_words_are_enough_for_the_languages_of_the_users(model, text, lang):
    assert model.score([text], [None]).lang == [lang]


@pytest.mark.parametrize(
    ("words", "lang"),
    [
        # in the lexicon of one language alone
        ("nul nuls déçu decu arnaque génial honte escrocs minable lamentables merdique dommage", "fr"),
        ("awful rubbish garbage trash scam liars fraud unacceptable shameful lovely pathetic", "en"),
        # in both, or in other languages too
        ("super horrible", "und"),
    ],
)
def test_one_word_is_enough_where_one_language_has_it(model, words, lang):
    found = {word: model.score([word], [None]).lang[0] for word in words.split()}
    assert {word: said for word, said in found.items() if said != lang} == {}
    assert model.score(words.split(), ["fr"] * len(words.split())).lang == ["fr"] * len(words.split())


def test_the_platform_s_word_stands(model):
    assert model.score(["this is english"], ["fr"]).lang == ["fr"]


def test_a_platform_s_three_letters_choose_the_language(model):
    short, long = model.score(["pas content"], ["fr"]), model.score(["pas content"], ["fra"])
    assert short.lang == long.lang == ["fr"]
    assert short.negative[0] == long.negative[0]


def test_real_posts_are_recognised(model, shared_data):
    right: dict[str, list[bool]] = {}
    for name in ("umsab_en_fr_trainval.tsv", "umsab_other6_trainval.tsv"):
        with (shared_data / "sentiment" / name).open(newline="", encoding="utf-8") as f:
            rows = [
                r for r in csv.DictReader(f, delimiter="\t") if r["lang"] in ("en", "fr", "es", "de", "it", "pt", "ar")
            ]
        found = model.score([r["text"] for r in rows], [None] * len(rows)).lang
        for row, lang in zip(rows, found, strict=True):
            right.setdefault(row["lang"], []).append(lang == row["lang"])
    shares = {lang: sum(x) / len(x) for lang, x in right.items()}
    print(shares)
    assert min(shares.values()) > 0.9
    assert min(shares["en"], shares["fr"]) > 0.98


def test_french_newspapers_write_french(model, shared_data):
    with (shared_data / "context" / "french_media_2022_dev.csv").open(newline="", encoding="utf-8") as f:
        posts = [r["text"] for r in csv.DictReader(f)]
    assert model.score(posts, [None] * len(posts)).lang.count("fr") / len(posts) > 0.94


def test_a_post_takes_less_than_25_microseconds_for_its_language(model, shared_data):
    with (shared_data / "mentions" / "airline_2015_dev.csv").open(newline="", encoding="utf-8") as f:
        posts = [r["text"] for r in csv.DictReader(f)][:4000]
    model.score(posts, [None] * len(posts))
    spent = {}
    for lang in (None, "en"):
        start = time.process_time()
        for i in range(0, len(posts), 500):
            model.score(posts[i : i + 500], [lang] * 500)
        spent[lang] = (time.process_time() - start) / len(posts) * 1e6
    print(f"whole scoring {spent[None]:.1f} µs a post without, {spent['en']:.1f} with the platform's word")
    assert spent[None] - spent["en"] < 25
