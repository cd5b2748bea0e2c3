"""What it is about: product, employee, campaign, service, safety, legal or other, by a French and English taxonomy.

A term of an alert speaks for a category by its stem. What people said of earlier incidents is in `trigger_learning`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple, get_args

from detectors.text.tokens import STOP, WORD, pieces

Trigger = Literal["product", "employee", "campaign", "service", "safety", "legal", "other"]
TRIGGERS: Final[tuple[Trigger, ...]] = get_args(Trigger)

# Stems: a term belongs where it starts with one of these (accents and # dropped). "=word" means the whole word only.
_TAXONOMY: Final[Mapping[Trigger, str]] = {
    "safety": """injur blesse dead =died death mort deces kill tue fire incendie burn brul explo smoke fumee toxi poison
        contamin salmonel listeri recall rappel danger unsafe accident =crash crashed emergenc urgence hospital hopital evacu
        allerg choking etouff bleed blood sang =safety securite assault violen agress dragged
        overheat surchauff battery batterie virus infect malade sick amiante asbestos mercury plomb""",
    "legal": """lawsuit sue =sued suing lawyer attorney avocat court tribunal judge juge trial proces plainte complaint
        illegal fraud escroc arnaqu scam class-action settlement amende fine =fined gdpr rgpd cnil privacy breach leak
        fuite piratage hack hacked antitrust corrupt tax fisc regulator enquete investig subpoena indict condamn
        discrimin racis racism sexis harass harcel""",
    "employee": """employe =staff crew steward stewardess attendant agent salari personnel pilot pilote captain driver
        chauffeur livreur manager ceo patron boss pdg =coo director directeur directrice chairman resign demission fired
        licenci layoff strike greve union syndicat rude impoli unprofessional attitude hostess vendeu caissi cashier
        conseiller guard vigile worker serveu waiter munoz kalanick""",
    "campaign": """campaign campagne advert =ad =ads pub publicit commercial slogan hashtag sponsor influenc promo spot
        video clip poster affiche marketing billboard logo rebrand tagline superbowl trailer ambassad egeri contest
        concours giveaway""",
    "product": """product produit quality qualite defect defaut broken casse =bug =bugs update =app appli device phone
        screen ecran battery taste gout recipe recette ingredient flavor feature version software =seat seats siege food
        meal repas nourriture legroom wifi =tv entertainment size taille packaging emballage formula
        shrinkflation price prix expensive cher dirty sale uncomfortable inconfortable old vieux movie charger""",
    "service": """service customer client support hotline hold wait attente attend queue delay retard late cancel annul
        refund rembours luggage baggage =bag =bags bagage valise lost perdu missing booking reserv rebook ticket billet
        deliver livraison colis order commande parcel missed connection correspond website panne outage down =phone
        answer repond reponse callback response email boarding embarqu checkin check-in voucher stuck bloque
        stranded voyageur overbook surbook reimburse compensation
        indemn sav hang""",
}
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


def _stems() -> dict[str, Trigger]:
    out: dict[str, Trigger] = {}
    for trigger, stems in _TAXONOMY.items():
        for stem in stems.split():
            out.setdefault(stem, trigger)
    return out


_STEMS: Final = _stems()
_LONGEST: Final = max(map(len, _STEMS))


def category(term: str) -> Trigger | None:
    """Return the category that a term speaks for by its longest stem, or None."""
    word = plain(term)
    whole = _STEMS.get("=" + word) or _STEMS.get(word)
    if whole:
        return whole
    for length in range(min(len(word), _LONGEST), 3, -1):
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
