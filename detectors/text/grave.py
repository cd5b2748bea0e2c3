"""Does a post speak of a grave matter: fire, explosion, crash, injury, death, poisoning, attack, recall?

Words for what *happens* to life and limb, in French and English; none of opinion (dangerous, unsafe, toxic). A word belongs
to a language: in a post of another one only what both have counts. Few words say it by themselves (salmonella,
evacuated); most are also used of apps, songs, prices and jokes, so they count with a neighbour that says to whom or to
what it happened: people, hurt, rescue, an authority, a place, a machine, a number. Words of a brand's own name never count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from detectors.text import grave_phrases
from detectors.text.tokens import NUMBER, USER, WORD, Piece, pieces, word_list
from detectors.text.triggers import plain

if TYPE_CHECKING:
    from detectors.text.table import Encoded

REACH: Final = 5
"""Words between a word and the neighbour that makes it grave …"""
DOUBT: Final = 4
"""… and one that makes it a figure of speech."""
BOTH: Final = ("en", "fr")
UNKNOWN: Final = "und"

_ALONE: Final = {
    "en": """evacu casualt fatalit salmonel listeri norovirus botulis legionel carcinogen anaphyla asphyxi electrocut
        asbest terroris firefight paramedic hospitaliz hospitalis poisoned poisoning =injured =injuries stabbed stabbing
        stabs =gunman gunfire gunshot drowned =ecoli ambulance sickened =bombing""",
    "fr": """evacu incendie salmonel listeri norovirus botulis legionel cancerigen anaphyla asphyxi electrocut amiant
        terroris attentat fusillad pompier hospitalis empoisonne intoxique intoxication =blessés =blessées noyade poignard
        =ecoli ambulance""",
}
_HARM: Final = {
    "en": """=killed =kills =dead =died =dies =deaths =death =dying =deadly injur wounded choke choking =burned =burns =burnt
        =trapped assault =hostage =hostages""",
    "fr": """=tué =tuée =tués =tuées =blessé =blessée =blesses =blesse =mort =morte =morts =mortes =deces =décédé =décédée
        =décédés deced meurtr etouffe brule =agression =agressions =agresse =agressé =agressée otage =urgence =urgences
        =accident =accidents""",
}
_EVENT: Final = {
    "en": """=fire =fires =flames =ablaze =blaze crash explod =explosion =explosions derail collaps =emergency =accident
        =accidents contaminat =bomb =shooting overheat =poison =skidded
        =burned =burnt""",
    "fr": """=feu =flammes =explosion =explosions explose derail effondr contamin =crash surchauff =poison =urgence
        =accident =accidents""",
}
_RECALL: Final = {"en": "=recall =recalls =recalled =recalling", "fr": "=rappel =rappels =rappelle =rappelé =rappelés"}

_PEOPLE: Final = word_list(
    """people person persons passenger passengers child children kid kids toddler toddlers baby babies infant infants boy girl
    man men woman women worker workers employee employees driver drivers student students guest guests son daughter husband
    wife mother father mom grandmother brother sister neighbour neighbor victim victims patient patients pedestrian
    cyclist crowd dozens hundreds thousands survivors bystander shopper shoppers customer customers
    personne personnes gens passager passagers enfant enfants bebe bebes nourrisson eleve eleves ouvrier ouvriers ouvriere
    employe employes employee salarie salaries conducteur client clients cliente homme femme fils fille mari voisin voisins
    victime victimes voyageur voyageurs pieton cycliste dizaines centaines livreur hand hands face skin arm leg legs eyes
    fingers main mains visage peau bras jambe jambes yeux doigts"""
)
"""To whom."""
_RESCUE: Final = word_list(
    """police officers sheriff firefighters firefighter paramedics ambulance hospital hospitals rescue rescued rescuers
    suspect suspects victims toll
    officials authorities fda cdc faa ntsb cpsc regulator coroner investigators injured injuries killed dead evacuated evacuation
    evacuations landing smoke outbreak suspected
    pompiers pompier secours samu hopital gendarmes gendarmerie prefecture prefet ars dgccrf parquet enquete blesses
    evacue evacues evacuee evacuees evacuation atterrissage fumee"""
)
"""Rescue, authorities, and what goes with the worst."""
_PLACE: Final = word_list(
    """plant factory warehouse store shop building buildings house houses home homes kitchen garage
    terminal nightclub forest hotel restaurant mall stadium station
    airport runway plane planes aircraft airplane jet flight flights engine engines cabin cockpit helicopter train trains bus
    truck car cars vehicle vehicles van tram ferry ship boat motorway highway highways wing roof ceiling bridge school
    battery charger kettle oven fryer scooter bike ebike e-bike heater hoverboard cable toaster dryer microwave laptop refinery
    usine magasin entrepot immeuble batiment maison cuisine hotel restaurant stade gare aeroport piste avion avions moteur
    vol cabine helicoptere train trains bus camion voiture voitures vehicule bateau autoroute toit plafond pont ecole
    batterie chargeur bouilloire four friteuse trottinette velo chauffage raffinerie depot"""
)
"""Where, and what can burn, crash or fall down."""
_GOODS: Final = word_list(
    """product products cribs crib toys toy cars vehicles units lots lot batch batches food foods milk formula cheese meat beef
    burgers chicken salad yogurt yoghurt chocolate cereal water bottles jars cans pills drug drugs tablets batteries chargers
    phones scooters helmets strollers seats airbags airbag brakes heaters dishwashers toddler baby infant safety voluntary
    nationwide urgent hazard risk fda cpsc salmonella listeria glass contamination contaminated
    produit produits lait fromage viande steaks steak poulet yaourt yaourts chocolat jouets jouet voitures vehicules unites
    bouteilles conserves medicament medicaments batteries chargeurs sieges poussettes infantile conso lot massif
    consommez consommer dgccrf ars"""
)
"""What is called back."""
_FIGURES: Final = word_list(
    """two three four five six seven eight nine ten eleven twelve twenty several deux trois quatre cinq sept huit neuf dix
    onze douze vingt plusieurs"""
)
_OTHERWISE: Final = word_list(
    """app apps website site server servers ios android game games browser login page computer software
    album song songs track track playlist beat tour concert stage show movie film series episode novel book tv stick
    stock stocks market markets price prices sales sale demand crypto bitcoin dollar deal deals discount
    laughing laugh laughed lol lmao lmfao rofl haha hahaha funny joke jokes mdr ptdr rire rires lmaooo vibe vibes cute
    outfit sneakers drip flavour flavor flavours flavors taste perfume fragrance parfum flacon bath sex
    stars fantasy season calories idol hair inside
    appli application logiciel serveur mise jeu jeux chanson scene spectacle livre
    bourse cours action marche prix ventes vente soldes promo promos couts tarifs factures budget chiffre
    greve grevistes usagers syndicat syndicats boulot amour fou folle climatique publicitaire verte vert rouge artifice
    insult drill drills hazardous jealousy envy boredom starving heartbreak inside cadeau calendrier hunger faim soif"""
)
"""What such words are otherwise said of."""
_OWN: Final = word_list("phone laptop battery wifi tablet console controller mac iphone mascara vieillesse")
"""What dies of itself."""
_NOT_BEFORE: Final = word_list(
    """to under must should will wont won't not dont don't can cant can't could couldnt couldn't would wouldnt wouldn't please
    lets let's i you we they u didnt didn't doesnt doesn't never gonna might may straight amazon kindle cease friendly total
    brain photo grateful free coup mis met mettre mettent by par"""
)
_NOT_AFTER: Final = word_list(
    """the a an my your ur his her him them their it its this that those these me us our you yourself all everyone everybody
    anyone somebody someone every any some more ceo staff when how what where if drill drills sale stick tv hd
    tablet pit emblem course test diet star stars video vert rouge orange d' back off"""
)
_TURNED: Final = word_list("fire fires feu killed kills dead recall shooting recalled accident")
"""Words that are often a verb of something else, or a part of a phrase."""
_LAUGHTER: Final = frozenset("😂🤣😹💀😆😅")
_NUMBER: Final = "0"


def _table(*groups: dict[str, str]) -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """Return for each language the whole words and the beginnings of words of `groups`."""
    out = {}
    for lang in BOTH:
        listed = " ".join(group[lang] for group in groups).split()
        whole = frozenset(entry[1:] for entry in listed if entry[0] == "=")
        out[lang] = whole, tuple(sorted(entry for entry in listed if entry[0] != "="))
    return out


_KINDS: Final = {
    "alone": _table(_ALONE), "harm": _table(_HARM), "event": _table(_EVENT), "recall": _table(_RECALL),
}  # fmt: skip


_WHOLE: Final = frozenset[str]().union(*(whole for table in _KINDS.values() for whole, _ in table.values()))
_STEMS: Final = tuple(sorted({stem for table in _KINDS.values() for _, stems in table.values() for stem in stems}))


def _is(kind: str, word: str, lang: str) -> bool:
    whole, stems = _KINDS[kind][lang]
    bare = _bare(word)
    return word in whole or bare in whole or bare.startswith(stems)


def _bare(word: str) -> str:
    return word if word.isascii() else plain(word)


def kind(text: str) -> int:
    """Return 1 where a piece's text may say such a thing, so that its post is looked at."""
    bare = _bare(text)
    return int(bare in grave_phrases.RARE or text in _WHOLE or bare in _WHOLE or bare.startswith(_STEMS))


def of_batch(
    enc: Encoded,
    lang: Sequence[str],
    told: Sequence[str | None],
    brands: Sequence[str | None] | None = None,
) -> npt.NDArray[np.bool_]:
    """Return for each post of a batch whether it speaks of a grave matter.

    Args:
        enc: the posts.
        lang: of each post; `und`, and what is only guessed to be neither English nor French, is taken for both.
        told: the language that the platform says.
        brands: of each post, whose name's words do not count.
    """
    found = np.zeros(enc.n, dtype=bool)
    places = np.flatnonzero(enc.table.grave[enc.piece])
    for i in sorted(set(enc.doc[places].tolist())):
        words = [_word(enc.table.known[row]) for row in enc.piece[enc.start[i] : enc.start[i + 1]].tolist()]
        brand = brands[i] if brands is not None else None
        found[i] = speaks(words, lang[i] if told[i] or lang[i] in BOTH else UNKNOWN, _own(brand) if brand else ())
    return found


def _word(piece: Piece) -> str:
    if piece.flags & WORD:
        return piece.shown.lstrip("#")
    if piece.flags & (NUMBER | USER):
        return _NUMBER if piece.flags & NUMBER else "@user"
    return "lol" if piece.text in _LAUGHTER else ""


@lru_cache(maxsize=65_536)
def _own(brand: str) -> frozenset[str]:
    return frozenset(piece.text for token in brand.split() for piece in pieces(token))


def speaks(words: Sequence[str], lang: str, own: Collection[str] = ()) -> bool:
    """Return whether a post of these words (lower case, numbers as `0`) speaks of a grave matter."""
    said = ["" if word in own else word for word in words]
    bare = [_bare(word) for word in said]
    if grave_phrases.said(bare):
        return True
    return any(_at(said, bare, i, lang) for i in range(len(said)) if said[i])


def _at(said: Sequence[str], bare: Sequence[str], i: int, lang: str) -> bool:
    """Return whether the word at `i` speaks of a grave matter by itself or with its neighbours."""
    kinds = _kinds(said[i], lang)
    if not kinds:
        return False
    doubt = _near(bare, i, DOUBT)
    if not _OTHERWISE.isdisjoint(doubt):
        return False
    if "alone" in kinds:
        return True
    before, after = (bare[i - 1] if i else ""), (bare[i + 1] if i + 1 < len(bare) else "")
    if bare[i] in _TURNED and (before in _NOT_BEFORE or after in _NOT_AFTER or after == "@user"):
        return False
    near = _near(bare, i, REACH)
    counted = any(word == _NUMBER or word in _FIGURES for word in bare[max(0, i - 2) : i])
    if "harm" in kinds and _OWN.isdisjoint(doubt) and (counted or _has(near, _PEOPLE, _RESCUE)):
        return True
    if "event" in kinds and _has(near, _PLACE, _RESCUE):
        return True
    return "recall" in kinds and (_has(near, _GOODS) or after in {_NUMBER, *_FIGURES})


@lru_cache(maxsize=65_536)
def _kinds(word: str, lang: str) -> frozenset[str]:
    """Return the kinds of words that `word` is of in a post of `lang`."""
    tongues = (lang,) if lang in BOTH else BOTH
    ask = any if lang in BOTH or lang == UNKNOWN else all
    return frozenset(name for name in _KINDS if ask(_is(name, word, tongue) for tongue in tongues))


def _near(words: Sequence[str], i: int, reach: int) -> list[str]:
    return [*words[max(0, i - reach) : i], *words[i + 1 : i + 1 + reach]]


def _has(near: Iterable[str], *lists: Collection[str]) -> bool:
    return any(word in listed for word in near for listed in lists)
