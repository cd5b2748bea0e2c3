"""What it is about: product, employee, campaign, service, safety, legal or other, by a French and English taxonomy.

A term of an alert speaks for a category by its stem. People's corrections train an online classifier (River's
`ComplementNB`, on a vocabulary of the terms of alerts: hundreds, not the hashed space) that takes over as labels come in.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple, cast, get_args

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
_TRUSTED: Final = 20
"""Labels of people from which their classifier weighs as much as the taxonomy."""


class Verdict(NamedTuple):
    """A trigger, how sure (0 to 1), and the terms it rests on."""

    trigger: Trigger
    confidence: float
    reason: str


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


def trigger_of(terms: Mapping[str, int], texts: Iterable[str] = (), learnt: TriggerLearner | None = None) -> Verdict:
    """Return what an alert is about.

    Args:
        terms: term → how many posts used it.
        texts: posts, where somebody may look at them; each of their words counts once.
        learnt: what people's corrections taught.
    """
    counts = Counter({term: n for term, n in terms.items() if n > 0})
    for text in texts:
        found = [p for token in text.split() for p in pieces(token)]
        counts.update({p.shown for p in found if p.flags & WORD and not p.flags & STOP})
    mass: Counter[Trigger] = Counter()
    why: dict[Trigger, list[tuple[int, str]]] = {}
    for term, n in counts.items():
        trigger = category(term)
        if trigger:
            mass[trigger] += n
            why.setdefault(trigger, []).append((-n, term))
    share: dict[Trigger, float] = {t: mass[t] / (mass.total() + _PRIOR) for t in TRIGGERS}
    by_people = learnt.probabilities(counts) if learnt is not None and learnt.labels else {}
    if by_people and learnt is not None:
        trust = learnt.labels / (learnt.labels + _TRUSTED)
        share = {t: (1 - trust) * share[t] + trust * by_people.get(t, 0.0) for t in TRIGGERS}
    best = max(TRIGGERS, key=lambda t: share[t])
    if mass.total() < _MINIMUM and not by_people:
        return Verdict("other", 0.0, "no telling terms")
    top = ", ".join(term for _, term in sorted(why.get(best, []))[:3])
    return Verdict(best, round(share[best], 2), top or "like alerts that people labelled so")


class TriggerLearner:
    """What people said alerts were about. State is the labels themselves, in order: few, small, and easy to undo."""

    def __init__(self) -> None:
        from river.naive_bayes import ComplementNB  # brings scipy.stats along: over a second that few need

        self._model: Any = cast("Any", ComplementNB)(alpha=1.0)
        self._taken: list[tuple[dict[str, int], Trigger]] = []

    @property
    def labels(self) -> int:
        """How many labels were learnt."""
        return len(self._taken)

    def learn(self, terms: Mapping[str, int], trigger: str) -> None:
        """Learn that an alert with these terms was about `trigger`. Raises `ValueError` for an unknown one."""
        if trigger not in TRIGGERS:
            raise ValueError(f'trigger "{trigger}": must be one of {", ".join(TRIGGERS)}')
        bag = {plain(term): n for term, n in terms.items() if n > 0}
        known: Trigger = next(t for t in TRIGGERS if t == trigger)
        self._taken.append((bag, known))
        self._model.learn_one(bag, known)

    def probabilities(self, terms: Mapping[str, int]) -> dict[Trigger, float]:
        """Return the probability of each trigger met so far."""
        out: dict[Trigger, float] = self._model.predict_proba_one({plain(t): n for t, n in terms.items() if n > 0})
        return out
