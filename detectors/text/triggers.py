"""What it is about: product, employee, campaign, service, safety, legal or other, by a French and English taxonomy.

A term of an alert speaks for a category as a word, inflected or not, or by a long stem. What people said of earlier
incidents is in `trigger_learning`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple, get_args

from detectors.text.tokens import STOP, WORD, pieces

Trigger = Literal["product", "employee", "campaign", "service", "safety", "legal", "other"]
TRIGGERS: Final[tuple[Trigger, ...]] = get_args(Trigger)

# A term belongs where it is one of these words or an inflection of it, without accents and #. "word" takes its own language's
# endings, "=word" none, "stem*" any: only stems that begin no everyday word are written so.
_ENGLISH: Final[Mapping[Trigger, str]] = {
    "safety": """=injury =injuries =injured =injuring =dead =died death kill =fire =fires =burn =burns =burned =burnt =burning explos*
        explod* smoke =smoking toxi* poison* contamin* salmonel* listeri* recall danger* unsafe accident =crash emergency =emergencies
        hospital hospitalis* hospitaliz* evacu* allerg* =choke =choked =choking =bleed =bleeding =blood =safety =security assault* violen*
        attacked dragged overheat* virus viruses infect* =sick asbestos =mercury""",
    "legal": """lawsuit =sue =sues =sued =suing lawyer attorney =court =courts tribunal judge =trial =trials illegal* fraud* scam
        =scammed =scamming scammer class-action settlement =fined gdpr privacy breach leak hack hacker antitrust corrupt* =tax =taxes
        regulator investig* subpoena* =indicted =indictment discriminat* racis* sexis* harass*""",
    "employee": """employee =staff crew steward stewardess attendant agent pilot captain driver manager boss =ceo =coo director chairman
        resign resignation =fired layoff strike union rude unprofessional attitude hostess cashier guard worker waiter waitress
        munoz kalanick""",
    "campaign": """campaign advert advertis* =ad =ads commercial slogan hashtag sponsor* influenc* promo promotion =spot video clip
        poster marketing billboard logo rebrand* tagline superbowl trailer ambassad* contest giveaway""",
    "product": """product quality defect defective broken =bug =bugs =buggy update =app =apps application device phone screen battery
        =batteries taste recipe ingredient flavor flavour feature version software =seat =seats food meal legroom wifi =tv
        entertainment size packaging formula shrinkflation price expensive dirty uncomfortable =old movie charger""",
    "service": """service customer client support hotline =hold wait queue delay =late cancel* refund* luggage baggage =bag =bags lost
        missing booking reservation rebook* ticket deliver delivery =deliveries order parcel missed connection website outage =down
        =phone answer callback response email boarding checkin check-in voucher stuck stranded overbook* reimburs* compensat*
        =hang =hangs complain complaint""",
}  # fmt: skip
_FRENCH: Final[Mapping[Trigger, str]] = {
    "safety": """blesse blessure mort =mortel =mortelle deces =decede =decedee =decedes =tue =tuee =tues =tuees =tuer incendi* brule
        brulure explos* fumee toxi* intoxi* empoisonn* contamin* rappel danger* accident urgence hopital =hopitaux hospitalis*
        evacu* allerg* etouff* sang securite agress* violen* surchauff* virus infect* malade amiante plomb""",
    "legal": """avocat juge =proces tribunal =tribunaux plainte illegal* fraud* escroc* escroqu* arnaqu* amende rgpd cnil fuite piratage
        corrupt* fisc fiscal* enquete condamn* discrimin* racis* sexis* harcel*""",
    "employee": """employe salari* =personnel pilote chauffeur livreur patron =pdg directeur directrice demission* licenci* greve
        greviste syndicat syndical* impoli vendeur vendeuse caissi* conseiller conseillere vigile serveur serveuse""",
    "campaign": """campagne =pub =pubs publicit* affiche egeri* concours sponsor* influenc* ambassad*""",
    "product": """produit qualite defaut defectu* casse appli application ecran batterie gout recette siege repas nourriture taille
        emballage prix cher crasseu* inconfortable =vieux chargeur""",
    "service": """client clientele attente =attend =attends =attendre =attendu =attendent
        retard annule =annuler annulation =annulent rembours* bagage valise perdu reservation
        reserve billet livraison colis commande correspondance panne repond* reponse embarqu* bloque voyageur surbook* indemn*
        =sav reclamation""",
}  # fmt: skip
_ENGLISH_ENDINGS: Final = ("s", "es", "d", "ed", "ing")
_FRENCH_ENDINGS: Final = ("s", "e", "es", "x")
_MINIMUM: Final = 2
"""Occurrences of telling terms below which nothing is claimed."""
_PRIOR: Final = 3.0
"""Occurrences added to the doubt: one telling word is no proof."""
MOST_TERMS: Final = 3
"""Terms that a verdict names."""


class Verdict(NamedTuple):
    """A trigger, how sure (0 to 1), the terms it rests on, and in how many similar incidents people said so."""

    trigger: Trigger
    confidence: float
    terms: tuple[str, ...] = ()
    labels: int = 0

    @property
    def reason(self) -> str:
        """What it rests on, in words."""
        words = ", ".join(self.terms)
        if self.labels:
            return f"people said so of {self.labels} similar incident{'s' * (self.labels > 1)}: {words}"
        return words or "no telling terms"


def plain(term: str) -> str:
    """Return a term in lower case without accents and #."""
    folded = unicodedata.normalize("NFKD", term.lower().lstrip("#"))
    return "".join(c for c in folded if not unicodedata.combining(c))


def _read() -> tuple[dict[str, Trigger], dict[str, Trigger]]:
    """Return word → trigger, every inflection listed, and stem → trigger."""
    words: dict[str, Trigger] = {}
    inflected: dict[str, Trigger] = {}
    stems: dict[str, Trigger] = {}
    for taxonomy, endings in ((_ENGLISH, _ENGLISH_ENDINGS), (_FRENCH, _FRENCH_ENDINGS)):
        for trigger, entries in taxonomy.items():
            for entry in entries.split():
                if entry.endswith("*"):
                    stems.setdefault(entry[:-1], trigger)
                    continue
                word = entry.removeprefix("=")
                words[word] = trigger if entry.startswith("=") else words.get(word, trigger)
                if word == entry:
                    base = word.removesuffix("e")  # dragged, dragging; but waste, wasting
                    for ending in endings:
                        inflected.setdefault((base if ending in ("ed", "ing") else word) + ending, trigger)
    return inflected | words, stems


_WORDS, _STEMS = _read()
_SHORTEST: Final = min(map(len, _STEMS))
_LONGEST: Final = max(map(len, _STEMS))


def category(term: str) -> Trigger | None:
    """Return the category that a term speaks for, as a word or else by its longest stem, or None."""
    word = plain(term)
    whole = _WORDS.get(word)
    if whole:
        return whole
    for length in range(min(len(word), _LONGEST), _SHORTEST - 1, -1):
        found = _STEMS.get(word[:length])
        if found:
            return found
    return None


def trigger_of(terms: Mapping[str, float], texts: Iterable[str] = ()) -> Verdict:
    """Return what an alert is about.

    Args:
        terms: term → how many posts used it.
        texts: posts, where somebody may look at them; each of their words counts once.
    """
    counts = Counter({term: n for term, n in terms.items() if n > 0})
    for text in texts:
        found = [p for token in text.split() for p in pieces(token)]
        counts.update({p.shown for p in found if p.flags & WORD and not p.flags & STOP})
    mass: Counter[Trigger] = Counter()
    why: dict[Trigger, list[tuple[float, str]]] = {}
    for term, n in counts.items():
        trigger = category(term)
        if trigger:
            mass[trigger] += n
            why.setdefault(trigger, []).append((-n, term))
    share: dict[Trigger, float] = {t: mass[t] / (mass.total() + _PRIOR) for t in TRIGGERS}
    best = max(TRIGGERS, key=lambda t: share[t])
    if mass.total() < _MINIMUM:
        return Verdict("other", 0.0)
    top = tuple(term for _, term in sorted(why.get(best, []))[:MOST_TERMS])
    return Verdict(best, round(share[best], 2), top)


def safety_of(terms: Mapping[str, float], people: int) -> Verdict:
    """Return that it is about safety because `people` speak of a grave matter, and their terms that say so."""
    found = sorted((-n, term) for term, n in terms.items() if category(term) == "safety")
    return Verdict("safety", round(people / (people + _PRIOR), 2), tuple(term for _, term in found[:MOST_TERMS]))
