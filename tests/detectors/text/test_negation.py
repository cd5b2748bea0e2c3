"""What negations turn round, in the language of the post, and what they do not."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("lang", "one", "other"),
    [
        # what denies in one language is a plain word of the other, or out of its context
        ("fr", "une personne très gentille au guichet", "une dame très gentille au guichet"),
        ("fr", "un point vraiment positif", "un truc vraiment positif"),
        ("fr", "une marque dont je suis très content", "une marque et je suis très content"),
        ("fr", "le plus gentil des vendeurs", "le vrai gentil des vendeurs"),
        ("en", "good point, love it", "good idea, love it"),
        ("en", "at this point great service would help", "at this time great service would help"),
        # denies nothing
        ("en", "not only great but cheap", "really great and cheap"),
        ("en", "nothing but love for this team", "all the love for this team"),
        ("en", "couldn't agree more, great brand", "I agree, great brand"),
        ("en", "no doubt the best airline", "clearly the best airline"),
        ("fr", "sans aucun doute la meilleure marque", "clairement la meilleure marque"),
        # the clause ends
        ("en", "no, love it", "yes, love it"),
        ("en", "why not? I love it", "why so? I love it"),
        ("en", "no complaints, great crew", "well done, great crew"),
    ],
)
def test_what_is_not_denied_reads_as_without_the_word(sides, lang, one, other):
    (bad, good), (_, plain) = sides(one, lang), sides(other, lang)
    assert good > bad
    assert good > 0.6 * plain


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "not good"), ("en", "isn't good"), ("en", "never loved it"), ("en", "nobody is friendly here"),
        ("en", "can't recommend this place"), ("en", "without any respect, awful"), ("en", "nothing but trouble"),
        ("en", "couldn't be worse"), ("en", "never been so angry"), ("en", "the service is not that great, sorry"),
        ("fr", "personne n'est aimable ici"), ("fr", "il n'y a personne d'aimable"), ("fr", "je ne suis point satisfait"),
        ("fr", "ce n'est pas bon"), ("fr", "ce n'est pas terrible"), ("fr", "je ne suis plus satisfait"),
        ("fr", "aucun respect, nul"), ("fr", "sans excuse, c'est honteux"), ("fr", "jamais vu un accueil aussi mauvais"),
    ],
)  # fmt: skip
def test_what_is_denied_is_turned_round(sides, lang, text):
    bad, good = sides(text, lang)
    assert bad > good


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "no complaints"), ("en", "no problems at all"), ("en", "I don't hate it"), ("en", "can't complain"),
        ("en", "never disappoints"), ("en", "zero complaints"), ("en", "nothing but praise"), ("en", "no one was rude"),
        ("fr", "sans problème"), ("fr", "aucun souci"), ("fr", "pas de souci"), ("fr", "rien à redire"), ("fr", "jamais déçu"),
        ("fr", "un service sans faille, excellent"), ("fr", "sans hésiter le meilleur"), ("fr", "je n'ai que du bien à dire"),
    ],
)  # fmt: skip
def test_something_bad_denied_is_not_bad(sides, lang, text):
    bad, good = sides(text, lang)
    assert good > bad


ASIDE = {
    "en+": (
        "no problems whatsoever, they fixed it in minutes", "not a single complaint from me, lovely hotel",
        "nothing but good things to say about them", "I could not be more pleased with the result", "can't thank the crew enough",
        "not only cheap but also really good", "no wonder everybody loves them", "zero issues, great value",
        "can't wait to come back!", "nobody makes better coffee", "amaaazing staff, thank youuuu", "<p>What a <b>lovely</b> shop</p>",
        "there was never a dull moment, superb evening", "no hidden fees, no stress, I'm delighted",
        "wouldn't hesitate to book again", "haven't had any trouble, works perfectly", "without question the friendliest team",
        "it doesn't get any better than this", "I didn't expect such a wonderful welcome", "perfeeect, absolutely flawlessss",
    ),
    "en-": (
        "not funny, not helpful, not good", "no apology, no help, nothing", "couldn't be more disappointed",
        "nothing works and nobody cares", "they never answer, terrible", "not the good service I was promised",
        "horrrrible experience, disguuusting", "boycotting this company from now on", "total rip-off, what a bunch of scammers",
        '<div class="love great"><a href="best.com">horrible</a><br>service</div>', "t\u0435rrible s\u0435rvice",
        "don't trust them, they lie",
        "I will never ever buy from you again, awful", "not even an apology, shameful",
        "this is no way to treat customers, disgusting", "it's not working and I am not happy", "nobody could help, useless team",
        "neither polite nor competent", "fraudsters, I want my money back",
    ),
    "fr+": (
        "aucun problème, tout s'est bien passé", "sans le moindre souci, livraison rapide", "une personne adorable au téléphone",
        "un point très positif : la rapidité", "je n'ai que des compliments à faire", "rien à reprocher, équipe formidable",
        "jamais eu de problème avec eux, je recommande", "n'hésitez pas, c'est excellent", "je ne regrette pas mon achat, superbe",
        "magnifiiiique, merciiii", "experience geniale, equipe tres agreable", "la marque dont je suis la plus satisfaite", "😍😍😍",
        "sans doute le meilleur resto de la ville",
        "on n'a pas été déçus, superbe soirée", "sans stress et sans attente, parfait", "personne ne fait mieux",
        "point fort : l'accueil chaleureux", "je ne peux que vous féliciter", "un grand merci a toute l'equipe, tres reactive",
        "aucune fausse note, un délice",
    ),
    "fr-": (
        "ce n'est vraiment pas bon", "plus rien ne marche, c'est catastrophique", "on ne peut jamais les joindre, lamentable",
        "tres mauvaise experience, je suis degoutee", "service desagreable et tres decevant", "boycottons cette enseigne honteuse",
        "je demande un remboursement, bande d'escrocs", "nuuuulle cette appli", "c'est pas terrible", "catastrophiiique, a eviter",
        "😡🤬", "<p>Accueil <strong>scandaleux</strong></p>",
        "le personnel n'est pas du tout aimable", "je ne reviendrai plus, c'est nul", "ni bonjour ni merci, honteux",
        "qualite mediocre et prix exagere", "sans vergogne ils nous volent", "aucune compétence, aucun respect", "inadmissiiiible",
        "appel au boycott",
    ),
}  # fmt: skip
"""Written after the rules were, and kept aside from tuning them (three more of the same batch were used to mend them).

Of the 80 the model before these rules had 26 wrong."""


def test_sentences_kept_aside_from_tuning_have_their_sign(sides):
    wrong = []
    for kind, texts in ASIDE.items():
        for text in texts:
            bad, good = sides(text, kind[:2])
            if (bad > good) != (kind[2] == "-"):
                wrong.append(text)
    assert len(wrong) <= 5, wrong
