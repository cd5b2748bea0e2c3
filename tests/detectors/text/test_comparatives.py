"""Denied comparatives and hesitation: praise and complaint in nearly the same words."""

from __future__ import annotations

import pytest

SEEN = {
    "en+": (
        "can't be beaten on price", "you can't beat their breakfast", "couldn't fault the room",
        "I couldn't be happier with my new phone", "couldn't have asked for a better host", "nobody does burgers better",
        "no one does it better", "there's nothing better than their lemon tart", "nothing beats a morning coffee here",
        "it doesn't get any better than this", "it does not get much better than a sunset on their terrace",
        "wouldn't hesitate to recommend them", "I would not hesitate to stay there again", "never disappoints",
        "never been happier with a phone company", "never had a better haircut", "there is no better place for brunch",
        "second to none", "without question the nicest crew I met", "no question, this is the one to buy",
        "I wouldn't think twice about booking again", "they never let me down", "could not have been more helpful",
        "nothing short of amazing",
        "you won't find better anywhere", "couldn't ask for nicer neighbours than this shop", "there's none better in town",
        "no other airline comes close", "it can't be improved", "never met a kinder driver",
        "I've never been more impressed", "nothing could be easier than their checkout", "can't praise them enough",
        "they've never once let me down", "I'd recommend them without hesitation", "you can't go wrong with this brand",
    ),
    "en-": (
        "it is no better than before", "the new version isn't any better", "service is not getting any better",
        "never gets any better, every week the same delay", "they have nothing better to do than send me spam",
        "it doesn't get any worse than this", "never seen anything worse", "nothing could be worse than that flight",
        "I would hesitate to recommend them", "think twice before you book with them", "couldn't be less helpful",
        "they couldn't care less about customers", "the food was not better than at the petrol station",
        "still no better after three repairs", "nothing has got better since the update",
        "can't get a better answer than 'please wait'", "not once did they answer", "never again, I'd rather walk",
        "you can't trust them with your money", "without any explanation they closed my account",
        "nobody was able to tell me more", "not even close to what was promised",
        "I didn't get the better room I had paid for", "their support never improves",
        "it hasn't become any better since Monday", "doesn't work any better than the old one",
        "nothing more annoying than their hold music", "I have never waited longer for a sandwich",
        "no one could tell me when it will be better", "things never get better with this bank",
        "can't imagine a worse airline", "there is no worse feeling than calling their hotline",
        "I'd think twice before buying again", "they wouldn't even apologise", "could hardly be worse",
        "not a great start, not a better end",
    ),
    "fr+": (
        "on ne fait pas mieux", "personne ne fait mieux", "on peut pas faire mieux", "il n'y a pas mieux dans le quartier",
        "je n'ai jamais mangé de meilleures crêpes", "rien de mieux qu'un café chez eux",
        "rien de tel que leur brioche pour commencer la journée", "rien à redire sur l'accueil", "jamais déçu",
        "cette marque ne déçoit jamais", "je n'hésiterai pas à revenir", "sans hésiter je recommande",
        "n'hésitez pas à y aller les yeux fermés", "sans conteste le plus bel hôtel de la côte", "on ne peut rêver mieux",
        "vous ne trouverez pas mieux ailleurs", "je ne pourrais pas être plus heureuse de mon achat",
        "une équipe on ne peut plus aimable", "rien ne vaut leur pain au levain", "aucune autre boutique ne fait mieux",
        "un service sans égal", "on n'est jamais déçu chez eux", "je n'ai rien à leur reprocher",
        "pas mal du tout, je reviendrai",
        "il n'y a pas meilleur dans la région", "on n'a jamais fait mieux", "je n'ai jamais été déçu par cette enseigne",
        "je n'ai jamais vu aussi propre", "vous n'aurez pas mieux ailleurs", "c'est sans hésitation que je reviendrai",
        "personne n'égale leur gentillesse", "difficile de trouver mieux", "il n'y a rien à redire", "on ne s'en lasse pas",
        "je n'ai que des éloges à faire", "rien de meilleur que leurs glaces",
    ),
    "fr-": (
        "le service ne s'améliore pas", "ce n'est pas mieux qu'avant", "ça ne va pas mieux depuis la mise à jour",
        "ils n'ont rien de mieux à faire que de m'appeler le dimanche", "il n'y a pas pire comme accueil",
        "je n'ai jamais vu pire", "on ne fait pas pire", "difficile de faire pire", "j'hésite à leur confier ma voiture",
        "ils n'hésitent pas à mentir aux clients", "ça ne s'arrange pas, encore une panne",
        "toujours pas mieux après trois réparations", "rien n'est mieux qu'avant", "la nouvelle version n'est pas meilleure",
        "on ne peut plus les joindre", "ils ne font pas mieux que les autres, et c'est plus cher",
        "aucune amélioration depuis un an", "personne ne répond au téléphone", "peut mieux faire, très déçue",
        "sans raison ils ont fermé mon compte", "on ne peut rien leur demander", "ce n'est plus la qualité d'autrefois",
        "jamais un mot d'excuse", "je ne remettrai plus les pieds chez eux",
        "ça ne s'est pas amélioré", "toujours rien de mieux depuis lundi", "rien de plus énervant que leur répondeur",
        "je n'ai jamais attendu aussi longtemps", "ce n'est guère mieux que l'an dernier",
        "il n'y a rien de pire que cette hotline", "on ne peut plus rien commander sur le site",
        "ils ne feront jamais mieux, j'abandonne", "j'hésite à renouveler mon abonnement", "on m'avait promis mieux",
        "ça ne va jamais mieux avec eux", "la qualité n'est plus meilleure qu'ailleurs",
    ),
}  # fmt: skip
"""Written before the readings were, and looked at while they were made. The model read 55 of the 144 with the wrong sign."""

ASIDE = {
    "en+": (
        "their customer care can't be topped", "couldn't have gone any smoother", "I honestly couldn't find a single fault",
        "could not be more pleased with these boots", "couldn't ask for more", "no bank treats me better",
        "nobody comes close to this bakery", "nothing compares to their service", "nothing tastes better than their bread",
        "life doesn't get any better than this pool", "they don't come any kinder than the staff here",
        "I wouldn't hesitate for a second to use them again", "did not hesitate to help an old lady with her bags",
        "the team never fails to make us smile", "has never looked better", "never had such a smooth check-in",
        "I know of no better plumber", "a breakfast second to none", "without a doubt my favourite shop",
        "hands down, no question about it", "wouldn't change a thing", "can't recommend them highly enough",
        "nothing but praise for the driver", "not a bad word to say about them",
    ),
    "en-": (
        "my connection is still no better today", "this app hasn't got any better in two years",
        "things are not getting better at this airline", "it never got better, we left after an hour",
        "don't they have anything better to do than ignore us", "it can't get any worse", "I have never had worse food",
        "no one could have been ruder", "hesitating to ever order there again",
        "I would think twice about giving them my card", "could not have been less interested",
        "nobody there could care less", "no better than the cheap ones, and twice the price",
        "the replacement wasn't any better", "nothing got better after my complaint",
        "could they not do better for that price", "cannot get anyone to answer the phone", "never felt so unwelcome",
        "without warning my order was cancelled", "not the better choice, avoid",
        "nothing works better since the update, quite the opposite", "they do not even try to be better",
        "you will not get any help here", "not what I would call service",
    ),
    "fr+": (
        "impossible de trouver mieux à ce prix", "nul ne fait mieux dans la région", "personne ne cuisine mieux que ce chef",
        "on n'a pas trouvé mieux en dix ans", "y a pas mieux pour un dimanche en famille",
        "je n'aurais pas pu rêver meilleur accueil", "jamais été aussi bien conseillée",
        "jamais vu un personnel plus souriant", "rien de plus agréable que cette terrasse",
        "rien n'égale leur tarte aux pommes", "absolument rien à redire", "ne m'a jamais déçue en quinze ans",
        "jamais je n'ai regretté mon choix", "je n'ai pas hésité une seconde et je ne le regrette pas",
        "je n'hésite pas à les recommander", "aucune hésitation, foncez", "sans aucune hésitation la meilleure pizza",
        "ce vendeur n'a pas son pareil", "un accueil on ne peut plus chaleureux", "on ne peut mieux conseillé",
        "aucun concurrent ne fait mieux", "il n'existe pas de meilleur fromager", "pas le moindre défaut",
        "je ne pouvais pas espérer mieux",
    ),
    "fr-": (
        "rien ne s'améliore chez eux", "c'est pas mieux qu'avant, c'est plus lent",
        "ça va pas mieux, toujours aucune réponse", "vous n'avez rien de mieux à nous proposer ?",
        "y a pas pire comme service", "jamais été aussi mal reçue", "on n'a jamais fait pire", "impossible de faire pire",
        "j'hésite vraiment à recommander", "ils n'hésitent pas à facturer deux fois", "la situation ne s'arrange pas",
        "le remplacement n'était pas mieux", "ce n'est jamais mieux la fois suivante",
        "leur nouvelle recette n'est pas meilleure", "on ne peut plus se connecter depuis hier",
        "le nouveau modèle ne fait pas mieux que l'ancien", "aucun progrès, aucune réponse", "personne pour nous renseigner",
        "vous pourriez faire mieux pour ce prix", "sans prévenir ils ont annulé ma commande",
        "rien ne va, on attend depuis une heure", "ce n'est pas le meilleur choix, à éviter", "jamais joignables",
        "je ne reviendrai pas",
    ),
}  # fmt: skip
"""Written with those, not looked at until the readings were made. The model read 37 of the 96 with the wrong sign."""


@pytest.mark.parametrize(("sentences", "most"), [(SEEN, 7), (ASIDE, 7)])
def test_praise_and_complaint_in_nearly_the_same_words_are_told_apart(sides, sentences, most):
    wrong = []
    for kind, texts in sentences.items():
        for text in texts:
            bad, good = sides(text, kind[:2])
            if (bad > good) != (kind[2] == "-"):
                wrong.append(text)
    assert len(wrong) <= most, wrong


@pytest.mark.parametrize(
    ("lang", "praise", "complaint"),
    [
        ("en", "nobody does it better", "it is no better"),
        ("en", "it doesn't get any better than this", "it isn't getting any better than this"),
        ("en", "nothing gets better than this", "nothing gets better"),
        ("en", "there is no better bank", "the bank is no better"),
        ("en", "there is nothing better", "there is nothing better to do"),
        ("en", "never been better", "never got better"),
        ("en", "could not be more helpful", "could not be less helpful"),
        ("en", "I wouldn't hesitate", "I would hesitate"),
        ("en", "couldn't be better", "couldn't be worse"),
        ("en", "no bank treats me better", "no bank gets better"),
        ("en", "you won't find better", "you won't get better"),
        ("fr", "rien de mieux depuis vingt ans", "toujours rien de mieux depuis vingt ans"),
        ("fr", "difficile de trouver mieux", "difficile de trouver pire"),
        ("fr", "on ne fait pas mieux", "ils ne vont pas mieux"),
        ("fr", "personne ne fait mieux", "personne ne va mieux"),
        ("fr", "il n'y a pas mieux", "ce n'est pas mieux"),
        ("fr", "rien de mieux", "rien de mieux à faire"),
        ("fr", "jamais vu mieux", "ça ne va jamais mieux"),
        ("fr", "une équipe on ne peut plus sympa", "on ne peut plus aimer cette équipe"),
        ("fr", "je n'hésite pas à revenir", "j'hésite à revenir"),
        ("fr", "n'hesitez pas a y aller", "j'hesite a y aller"),
        ("fr", "on ne peut faire mieux", "vous pourriez faire mieux"),
    ],
)
def test_the_words_around_decide(sides, lang, praise, complaint):
    (bad, good), (worse, less) = sides(praise, lang), sides(complaint, lang)
    assert good > bad and good > less and worse > bad


def test_what_is_said_of_the_best_and_of_what_stays_bad_says_nothing(sides):
    for words in ("they answer and it doesn't get any better", "they answer and it does not get better"):
        assert max(sides(words, "en")) < 6_500
    assert sides("awful, and it doesn't get any better", "en")[0] > 6_000
    assert sides("wonderful, life doesn't get any better", "en")[1] > 6_000


def test_an_invitation_and_a_school_report_s_phrase_leave_the_sign_to_the_other_words(sides):
    assert sides("n'hésitez pas, c'est excellent", "fr")[1] > 6_000
    assert sides("n'hésitez pas à porter plainte, service scandaleux", "fr")[0] > 6_000
    assert sides("bien mais peut mieux faire", "fr")[1] > sides("peut mieux faire, très déçue", "fr")[1]
    assert sides("peut mieux faire, très déçue", "fr")[0] > 6_000


def test_a_reading_ends_with_its_clause_its_post_and_its_language(shipped, sides):
    assert sides("no, better than I feared", "en")[1] > sides("it was no better than I feared", "en")[1]
    alone = [shipped.score([text], ["en"]).negative[0] for text in ("nobody called", "better than last year")]
    both = shipped.score(["nobody called", "better than last year"], ["en", "en"]).negative
    assert both.tolist() == alone
    bad, good = sides("nada v o z b x h", "es")
    assert max(bad, good) < 5_000


def test_a_released_cue_leaves_the_sign_to_the_other_words(sides):
    for phrase in ("without question {}", "nothing short of {}", "couldn't be more {}"):
        (bad, good), (worse, less) = sides(phrase.format("wonderful"), "en"), sides(phrase.format("horrible"), "en")
        assert good > bad and worse > less
    for phrase in ("sans conteste {}", "on ne peut plus {}", "je ne pourrais pas être plus {}"):
        (bad, good), (worse, less) = sides(phrase.format("satisfait"), "fr"), sides(phrase.format("mécontent"), "fr")
        assert good > bad and worse > less
