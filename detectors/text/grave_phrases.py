"""Grave matters that only several words say: gas leaks, glass in food, who was taken to hospital, how many fell ill.

Patterns over a post's words without accents, a blank between two (numbers are `0`). Each asks for the words that make it
plain: a hospital that is sent masks, and what makes somebody sick of it, are everyday talk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final


def _any(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"


_HUMANS: Final = _any(
    """people persons person passengers passenger children child kids kid toddler toddlers babies baby boys girls boy girl men
    man women woman workers worker employees employee students student pupils pupil guests guest son daughter husband wife
    mother father mom dad family families customers customer diners soldiers residents crew staff tourists pedestrian cyclist
    personnes personne gens passagers passager enfants enfant bebes bebe nourrissons eleves eleve ouvriers ouvrier employes
    employe salaries salarie hommes homme femmes femme fils fille filles garcons mari clients client cliente voyageurs
    convives residents pensionnaires habitants touristes"""
)
_MANY: Final = _any("hundreds dozens scores thousands centaines dizaines vingtaine trentaine cinquantaine centaine")
_SOME: Final = _any(
    """0 two three four five six seven eight nine ten eleven twelve twenty several deux trois quatre cinq sept huit neuf dix onze
    douze vingt plusieurs"""
)
_COUNT: Final = f"(?:{_MANY}|{_SOME})"
_OF: Final = "(?:of |de |d' |des )?"
_WHOSE: Final = "(?:my|his|her|our|their|a|the|un|une|des|mon|ma|mes|son|le|la|les)"
_SOMEBODY: Final = (
    f"(?:me|him|her|them|us|somebody|someone|nous|{_COUNT} {_OF}(?:\\S+ )?{_HUMANS}|{_MANY}|"
    f"{_WHOSE} (?:\\S+ )?{_HUMANS}|{_HUMANS})"
)
_SOON: Final = "(?:quickly |straight |directly |back |all |both |by ambulance |by helicopter )?"
_THERE: Final = "(?:the |a |an |local |nearby )*(?:hospital|icu|intensive care|emergency room) "
_VITE: Final = "(?:d' urgence |en urgence |tous |toutes |tous les deux |directement |hier |vite )?"
_LA: Final = "(?:a l' (?:hopital|hosto)|aux urgences|en reanimation|au chu) "
_BROUGHT: Final = _any(
    """transporte transportes transportee transportees conduit conduits conduite conduites emmene emmenes emmenee emmenees admis
    admise admises envoye envoyes envoyee envoyees evacue evacues evacuee evacuees"""
)
_SENDS: Final = _any("envoye envoie envoient envoyer envoyant")
_PART: Final = _any("plug panel engine wing cowling propeller rotor")
_LOOSE: Final = (
    f"{_any('blew blown fell falls fallen ripped rips torn tore came broke flew')} {_any('off out away open apart')}"
)
_CRAFT: Final = _any(
    "plane planes aircraft airplane jet flight boeing airbus midair midflight takeoff runway helicopter train bus"
)
_PIECE: Final = _any("panneau moteur reacteur aile hublot capot")
_LOST: Final = _any("arrache arrachee detache detachee tombe tombee envole envolee")
_APPAREIL: Final = _any("avion avions appareil boeing airbus helicoptere train bus piste")
_TRUCK: Final = _any("truck bus car van train tram lorry forklift vehicle plane scooter")
_CAMION: Final = _any("camion bus voiture train tram camionnette vehicule trottinette chariot livreur car poids")
_SHARP: Final = "glass metal plastic needle shards blade verre plastique aiguille lame"
_THING: Final = _any(_SHARP)
_EATEN: Final = (
    "(?:jars?|food|baby|can|bottle|yogurt|cereal|burger|salad|pasta|sauce|chocolate|"
    "pots?|bocal|conserve|bouteille|yaourt|cereales|salade|chocolat)"
)
_WARD: Final = "hospital icu intensive emergency"
_SALLE: Final = "hopital hosto urgences reanimation chu"
_SICK: Final = "sick ill unwell"
_MORT: Final = "mort morte blesse blessee tue tuee noye noyee deces"
_FELL: Final = "(?:fall |fell |fallen |falling |taken |made |left |are |were |now |violently |seriously )*"
_SLANG: Final = (
    "(?:of|days?|leave|beats?|tracks?|tunes|songs|memes|jokes|burns|looks|outfits|designs|shoes|kicks|deals|goals) "
)
"""What is sick otherwise."""
_TOMBES: Final = "(?:tombes |tombees |rendus |sont |gravement )*"
_BURSTS: Final = _any("battery charger kettle oven scooter hoverboard heater boiler dryer fryer vape grill transformer")
_AFTER: Final = "(?:after|from|following|due|linked|at (?!home )|apres |suite |dont |a cause |a la |hospitalises )"

_BY_WORDS: Final = (
    ("coli", r" e coli "),
    ("leak leaks", r" (?:gas|chemical|ammonia|chlorine) leaks? "),
    ("leak leaks", r" leaks? of (?:gas|ammonia|chlorine) "),
    ("fuite fuites", r" fuites? (?:de |d' |importante de )*(?:gaz|ammoniac|chlore) "),
    ("monoxide monoxyde", r" (?:carbon monoxide|monoxyde de carbone) "),
    (_SHARP, rf" {_THING} (?:found |shards |pieces |fragments )*in(?:side)? (?:\S+ ){{0,3}}?{_EATEN} "),
    (_SHARP, rf" {_THING} (?:\S+ )?dans (?:\S+ ){{0,3}}?{_EATEN} "),
    ("fire", r" (?:caught|catches|catching|catch) fire "),
    ("feu", r" (?:pris|prend|prennent|prendre) feu "),
    ("blew blown", rf" {_BURSTS} (?:\S+ ){{0,3}}?(?:blew|blown) up "),
    # Who was taken to hospital.
    (_WARD, rf" (?:ended|ends|end|wound|winds) up {_SOON}in {_THERE}"),
    (_WARD, rf" (?:rushed|taken|airlifted|admitted|transported|brought|sent) {_SOON}to {_THERE}"),
    (_WARD, rf" (?:put|puts|putting|sent|sends|sending|landed|lands) {_SOMEBODY} (?:in|to|into) {_THERE}"),
    (
        _WARD,
        rf" {_SOMEBODY} (?:is |are |was |were |now |still )*in {_THERE}(?:after|following) (?!giving |having |birth )",
    ),
    (_SALLE, rf" (?:fini|finit|finissent|finir|termine|terminent|atterri|atterrissent) {_VITE}{_LA}"),
    (_SALLE, rf" {_BROUGHT} {_VITE}{_LA}"),
    (_SALLE, rf" {_SENDS} {_SOMEBODY} {_LA}"),
    # Who fell ill, fainted, could not breathe.
    (_SICK, rf" {_COUNT} {_OF}(?:{_HUMANS} )?{_FELL}(?:sick|ill|unwell) {_AFTER}"),
    (_SICK, rf" {_MANY} {_OF}{_HUMANS} {_FELL}(?:sick|ill|unwell) (?!of |days |leave )"),
    (_SICK, rf" {_MANY} {_FELL}(?:sick|ill|unwell) (?!{_SLANG})"),
    (
        _SICK,
        rf" (?:made|making|leaves|left) {_COUNT} {_OF}(?:{_HUMANS} )?(?:violently |seriously )?(?:sick|ill|unwell) ",
    ),
    (
        _SICK,
        rf" (?:made|left) (?:my |his |her |our |their ){_HUMANS} (?:violently |seriously |really |so )*(?:sick|ill|unwell) ",
    ),
    ("ill", r" (?:fell|fallen|falling|taken) (?:violently |seriously |gravely |suddenly )?ill "),
    ("malades", rf" {_COUNT} {_OF}(?:{_HUMANS} )?{_TOMBES}malades {_AFTER}"),
    ("malades", rf" {_COUNT} {_OF}{_HUMANS} {_TOMBES}malades "),
    ("malades", rf" {_MANY} {_OF}malades $"),
    ("malades", r" (?:tombes|tombees) (?:gravement |tous |toutes )?malades "),
    ("malade", r" (?:tombe|tombee) (?:gravement )?malade (?:apres|en mangeant|a cause) "),
    ("vomiting fainted fainting", rf" {_COUNT} {_OF}{_HUMANS} (?:\S+ ){{0,2}}?(?:vomiting|fainted|fainting) "),
    (
        "vomissements nausees diarrhees malaise malaises",
        r" (?:pris|prise|prises|souffrent|souffrant|victimes?) de (?:\S+ ){0,2}?(?:vomissements|nausees|diarrhees|malaises?) ",
    ),
    ("allergic", r" (?:severe|serious|violent|bad|life threatening) allergic (?:reaction|shock) "),
    ("allergique anaphylactique septique", r" choc (?:allergique|anaphylactique|septique) "),
    # One is a number too; who is missing.
    (
        _MORT,
        (
            r" (?:un|une) (?:mort|morte|blesse|blessee|tue|tuee|noye|noyee|deces) (?:grave |leger |legere )?"
            r"(?:et|dans|apres|chez|lors|suite|a|au|aux|sur|dont|plusieurs|0|$)"
        ),
    ),
    (
        "dead killed injured wounded",
        (
            rf" (?<!no )(?<!any )one (?:{_HUMANS} |other )?(?:dead|killed|injured|wounded) "
            r"(?:and|in|after|at|as|following|near|by|when|0) "
        ),
    ),
    (
        "missing unaccounted disparus disparues",
        (
            rf" {_COUNT} {_OF}{_HUMANS} (?:are |still |reported |sont |toujours |portes |portees )*"
            r"(?:missing|unaccounted|disparus|disparues) (?!out |school |their |the |a |from |class |work )"
        ),
    ),
    # Struck, shot at.
    (
        "struck knocked crushed mowed",
        rf" (?:struck|knocked down|crushed|mowed down) by (?:a |an |the |his |her )?(?:\S+ )?{_TRUCK} ",
    ),
    (
        (
            "renverse renversee renverses renversees percute percutee percutes percutees fauche fauchee fauches fauchees "
            "ecrase ecrasee ecrases ecrasees happe happee happes happees"
        ),
        rf" (?:renverse|percute|fauche|ecrase|happe)(?:es|e|s)? par (?:un |une |le |la |son )(?:\S+ )?{_CAMION} ",
    ),
    ("shooter", r" active shooter "),
    ("shot gunned", r" (?:shot dead|shot and killed|gunned down) "),
    ("fire", r" open(?:ed|s) fire "),
    ("coups", r" coups de feu "),
    ("otage otages", r" prises? d' otages? "),
    ("feu", r" (?:ouvert|ouvre) le feu "),
    # What comes apart on the way.
    (
        "fuselage hull cockpit wing engine",
        r" (?:holes?|gash|cracks?|tear) (?:\S+ )?(?:in|through|into) (?:\S+ ){0,2}?(?:fuselage|hull|cockpit|wing|engine) ",
    ),
    (
        "fuselage coque carlingue cockpit aile reacteur",
        (
            r" (?:trous?|breches?|fissures?|dechirures?) (?:\S+ )?(?:dans|sur) (?:\S+ ){0,2}?"
            r"(?:fuselage|coque|carlingue|cockpit|aile|reacteur) "
        ),
    ),
    ("plug panel engine wing cowling propeller rotor", rf" {_PART} (?:\S+ ){{0,2}}?{_LOOSE} (?:\S+ ){{0,4}}?{_CRAFT} "),
    ("plug panel engine wing cowling propeller rotor", rf" {_CRAFT} (?:\S+ ){{0,3}}?{_PART} (?:\S+ ){{0,2}}?{_LOOSE} "),
    (
        "panneau moteur reacteur aile hublot capot",
        rf" {_PIECE} (?:\S+ ){{0,3}}?{_LOST} (?:\S+ ){{0,4}}?(?:plein vol|{_APPAREIL}) ",
    ),
    ("panneau moteur reacteur aile hublot capot", rf" {_APPAREIL} (?:\S+ ){{0,3}}?{_PIECE} (?:\S+ ){{0,2}}?{_LOST} "),
    ("decompression pressure", r" (?:cabin (?:lost |loses )?pressure|rapid decompression|explosive decompression) "),
)
"""A phrase, and before it the words of which it has one: only posts with one of them are looked at."""

_PHRASES: Final[dict[str, list[re.Pattern[str]]]] = {}
for _words, _pattern in _BY_WORDS:
    for _word in _words.split():
        _PHRASES.setdefault(_word, []).append(re.compile(_pattern))
LAUGHTER: Final = frozenset(["lol", "lmao", "lmfao", "rofl", "haha", "hahaha", "mdr", "ptdr"])
RARE: Final = frozenset(_PHRASES)


def said(words: Sequence[str]) -> bool:
    """Return whether a post of these words (lower case, without accents, numbers as `0`) has one of the phrases."""
    rare = RARE.intersection(words)
    if not rare or not LAUGHTER.isdisjoint(words):
        return False
    text = f" {' '.join(filter(None, words))} "
    return any(pattern.search(text) for word in sorted(rare) for pattern in _PHRASES[word])
