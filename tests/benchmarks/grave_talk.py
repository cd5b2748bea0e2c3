"""Streams of posts in words: grave matters told calmly, and everyday talk in the same words. Seeded, English and French.

    python -m tests.benchmarks.grave_talk

Each is played for an hour on top of a brand of sixty mentions an hour that is known for a fortnight. Prints how many of the
posts are called grave and whether it paged for that.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import numpy as np

from detectors.early import PLAINLY
from detectors.grave import people
from detectors.monitor import BrandMonitor
from detectors.settings import MonitorSettings
from detectors.text.model import TextModel
from detectors.text.terms import wording
from schemas.events import Alert, Window
from schemas.times import MINUTE, from_ms
from tests.benchmarks import generated_talk as gen

BRAND: Final = "Nimbrook"
MINUTES: Final = 60
RATE: Final = 1.2
"""Posts of a story a minute."""
EN: Final = (
    "",
    "smh",
    "just now",
    "saw it on the news",
    "wow",
    "any details?",
    "source?",
    "confirmed",
    "my cousin said so",
    "this morning",
)
FR: Final = (
    "",
    "à suivre",
    "info",
    "source ?",
    "selon la presse locale",
    "confirmé",
    "ce matin",
    "incroyable",
    "en direct",
    "ma cousine l'a lu",
)

TRUE: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "food poisoning": (
        "fr",
        (
            "Intoxication alimentaire : {n} enfants malades après un repas {b}",
            "{n} cas d'intoxications alimentaires, les plats {b} en cause",
            "E. coli dans les steaks {b}, {n} malades",
            "{n} élèves hospitalisés après la cantine {b}",
        ),
    ),
    "recall in French": (
        "fr",
        (
            "Rappel de produit : {b} retire {n} lots de fromage",
            "{b} rappelle {n} lots de lait",
            "rappel massif de lots de yaourt {b}",
            "{b} rappelle {n} poussettes",
        ),
    ),
    "exploding batteries": (
        "fr",
        (
            "ma batterie {b} a explosé dans la cuisine",
            "la trottinette {b} a pris feu, voisin brûlé aux mains",
            "chargeur {b} : une maison en flammes",
            "batterie {b} qui explose, enfant brûlé au visage",
        ),
    ),
    "derailed": (
        "fr",
        (
            "un train {b} a déraillé près de Dijon, {n} blessés",
            "train {b} déraillé, {n} passagers évacués",
            "{n} voyageurs blessés, le train {b} a déraillé",
        ),
    ),
    "gas": (
        "fr",
        (
            "fuite de gaz à l'usine {b}, quartier bouclé",
            "une fuite de gaz chez {b}, {n} salariés évacués",
            "{b} : fuite d'ammoniac, les secours sur place",
        ),
    ),
    "roof": (
        "fr",
        (
            "le toit du magasin {b} s'est effondré",
            "plafond effondré chez {b}, {n} clients coincés",
            "un immeuble {b} s'effondre, {n} victimes",
        ),
    ),
    "knife": (
        "fr",
        (
            "un vigile poignardé au magasin {b}",
            "employé de {b} poignardé hier soir, {n} témoins",
            "client poignardé devant {b}",
        ),
    ),
    "choking": (
        "en",
        (
            "toddler choked on a {b} part, agency warns",
            "{n} children choked on {b} figures",
            "baby choking on a {b} rattle, parents say",
            "my son choked on the {b} cap",
        ),
    ),
    "recall": (
        "en",
        (
            "{b} recalls {n} cribs",
            "{b} is recalling {n} strollers",
            "product recall: {b} toys",
            "recall of {n} {b} heaters announced",
        ),
    ),
    "glass": (
        "en",
        (
            "glass in the jar of {b} baby food",
            "found pieces of glass in my {b} sauce jar",
            "{b}: glass found in {n} jars",
            "shards in the {b} cereal, careful",
        ),
    ),
    "burns": (
        "en",
        (
            "kid burned by a {b} kettle",
            "{b} kettle burned my hand badly",
            "{n} people burned by {b} fryers",
            "the {b} heater burnt down a house",
        ),
    ),
    "gas leak": (
        "en",
        (
            "gas leak at the {b} plant",
            "{n} workers evacuated, gas leak at {b}",
            "{b} factory: chemical leak, {n} injured",
        ),
    ),
    "collapse": (
        "en",
        (
            "{b} warehouse roof collapsed",
            "{n} workers trapped after the {b} building collapsed",
            "roof collapse at the {b} store, {n} hurt",
        ),
    ),
    "to hospital": (
        "en",
        (
            "{n} pupils taken to hospital after {b} lunch",
            "my son ended up in hospital because of {b}",
            "{b} put three kids in the emergency room",
            "neighbour rushed to hospital, {b} again",
        ),
    ),
    "to hospital in French": (
        "fr",
        (
            "ma tante a fini à l'hôpital après un plat {b}",
            "{n} enfants transportés à l'hôpital, cantine {b}",
            "{b} envoie {n} clients aux urgences",
            "emmenés en urgence à l'hôpital après un repas {b}",
        ),
    ),
    "fell ill": (
        "en",
        (
            "dozens of guests fell ill after the {b} buffet",
            "hundreds sick from {b} oysters",
            "{n} people sick after eating at {b}",
            "{b} salad made {n} customers violently ill",
        ),
    ),
    "fell ill, in French": (
        "fr",
        (
            "{n} élèves malades après la cantine {b}",
            "des dizaines de convives tombés malades chez {b}",
            "{n} résidents pris de vomissements, repas {b}",
            "plusieurs clients rendus malades par {b}",
        ),
    ),
    "one dead": (
        "fr",
        (
            "un mort et {n} blessés à l'usine {b}",
            "une morte dans un entrepôt {b}",
            "un mort, {n} passagers portés disparus, ferry {b}",
            "un blessé grave chez {b}",
        ),
    ),
    "comes apart": (
        "en",
        (
            "hole in the fuselage of a {b} jet",
            "{b} plane: engine cowling came off after takeoff",
            "cracks found in the wing of {n} {b} planes",
            "panel ripped off a {b} plane, row {n}",
        ),
    ),
    "struck": (
        "fr",
        (
            "un cycliste renversé par un camion {b}",
            "piétonne percutée par une camionnette {b}",
            "enfant fauché par un livreur {b}, {n} témoins",
        ),
    ),
    "E. coli": (
        "en",
        (
            "E. coli outbreak linked to {b} burgers",
            "{n} people hospitalised with E. coli after {b}",
            "E coli found in {b} salad, {n} cases",
        ),
    ),
}
EVERYDAY: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "application": (
        "en",
        (
            "{b} app crashed again",
            "the {b} website crashed, could not log in",
            "{b} crashes on iOS, tried {n} times",
            "server crash at {b}, site is down",
        ),
    ),
    "album": (
        "en",
        (
            "the new {b} album is on fire",
            "{b} is fire",
            "{b} set the stage on fire",
            "track {n} is pure fire, {b}",
            "that chorus killed me, {b}",
        ),
    ),
    "laughing": (
        "en",
        (
            "died laughing at the {b} ad",
            "I am dead, {b} 💀",
            "{b} ad killed me lol",
            "dying at this {b} tweet {n} people sent me 😂",
        ),
    ),
    "devices": (
        "en",
        (
            "my phone died, {b} saved me",
            "my {b} laptop died after {n} years",
            "the battery died again, {b}",
            "{b} wifi died twice today",
        ),
    ),
    "bath": (
        "en",
        (
            "love the {b} bath bomb",
            "{n} bath bombs from {b}",
            "these {b} bath bombs smell lovely",
            "bath bomb haul, {b}",
        ),
    ),
    "by chance": (
        "en",
        (
            "ordered {n} {b} mugs by accident",
            "happy accident: I found {b}",
            "by accident I bought {b} twice",
            "{b} jeans, bought by accident",
        ),
    ),
    "shooting": (
        "en",
        (
            "photo shooting with {b} today",
            "photo shooting in my {b} dress",
            "loved the {b} photo shooting, {n} pictures",
        ),
    ),
    "markets": (
        "en",
        (
            "{b} stock crash, {n} percent down",
            "{b} shares collapsed after the market opened",
            "prices exploded at {b}",
            "{b} sales collapse, market share falls",
        ),
    ),
    "memory": (
        "en",
        (
            "I recall when {b} was good",
            "do you recall the {b} jingle",
            "can't recall my {b} password",
            "I recall {b} from school, {n} years ago",
        ),
    ),
    "taste": (
        "en",
        (
            "an explosion of flavour from {b}",
            "{b} chips, explosion of taste",
            "deadly combo of flavours, {b}",
            "{b} burger is the bomb",
        ),
    ),
    "perfume": (
        "fr",
        (
            "j'adore le nouveau Poison de {b}",
            "Poison {b}, quel parfum",
            "le flacon Poison de {b} est superbe",
            "{n} ml de Poison, merci {b}",
        ),
    ),
    "strike": (
        "fr",
        (
            "encore pris en otage par la grève {b}",
            "les usagers pris en otage, merci {b}",
            "otages de {b} tous les matins, {n} trains annulés",
            "{b} nous prend en otage",
        ),
    ),
    "dying of laughter": (
        "fr",
        ("morts de rire devant la pub {b}", "on est mort de rire, {b}", "la pub {b} m'a tué mdr", "mort devant {b} 😂"),
    ),
    "prices": (
        "fr",
        (
            "explosion des prix chez {b}",
            "explosion des ventes de {b}",
            "les prix {b} explosent, {n} % de plus",
            "le cours de {b} s'effondre en bourse",
        ),
    ),
    "insults": (
        "fr",
        (
            "reçu des injures au service {b}",
            "des injures sous la vidéo {b}",
            "{b} supprime les injures, {n} commentaires",
        ),
    ),
    "on stage": (
        "fr",
        (
            "{b} met le feu à la scène",
            "ils ont mis le feu chez {b}",
            "feu vert pour {b}",
            "{b} a mis le feu ce soir, {n} chansons",
        ),
    ),
    "hospital": (
        "en",
        (
            "{b} donated {n} beds to the hospital",
            "flowers sent by {b} to the hospital staff",
            "I work in a hospital and love {b}",
            "{b} opens a shop in the hospital",
        ),
    ),
    "hospital in French": (
        "fr",
        (
            "{b} livre {n} repas à l'hôpital",
            "des jouets {b} offerts à l'hôpital",
            "grève aux urgences, {b} soutient les soignants",
            "{b} soutient {n} malades du cancer",
        ),
    ),
    "sick": (
        "en",
        (
            "{b} makes me sick",
            "{n} sick tracks by {b}",
            "so sick of {b} ads",
            "two sick days and a {b} blanket",
            "kids sick at home, {b} films all day",
        ),
    ),
    "in parts": (
        "en",
        (
            "{n} pieces missing in my {b} set",
            "one dead pixel on the {b} screen",
            "hole in my {b} jeans after {n} days",
            "a wheel came off my {b} suitcase on the flight",
            "kids missing out on {b}",
        ),
    ),
    "figures of speech": (
        "fr",
        (
            "un mort de faim chez {b}",
            "un mort-vivant au bureau, merci {b}",
            "{n} articles disparus de mon panier {b}",
            "j'ai renversé mon café {b}",
            "malade de jalousie devant {b}",
        ),
    ),
    "reminder": (
        "fr",
        (
            "rappel : {b} ferme à midi",
            "petit rappel, {b} fête ses {n} ans",
            "ça me rappelle {b}",
            "rappel : soldes {b} demain",
        ),
    ),
    "German": (
        "de",
        (
            "dies ist ein schöner Laden von {b}",
            "ich finde dies super, {b}",
            "alle {n} Kinder mögen dies von {b}",
            "dies hier habe ich bei {b} gekauft",
        ),
    ),
}


def posts(name: str, seed: int = 0) -> Iterator[tuple[int, str]]:
    """Yield (minute, post) of the stream `name`."""
    rng = random.Random(f"{name} {seed}")
    lang, said = (TRUE | EVERYDAY)[name]
    fills = FR if lang == "fr" else EN if lang == "en" else ("", "heute", "hallo", "danke")
    for minute in range(MINUTES):
        for _ in range(int(RATE) + (rng.random() < RATE % 1)):
            text = rng.choice(said).format(b=BRAND, n=rng.randrange(3, 40))
            yield minute, f"{rng.choice(fills)} {text} {rng.choice(fills)}".strip()


def grave_share(model: TextModel, name: str) -> float:
    """Return the part of a stream's posts that is called grave."""
    texts = [text for _, text in posts(name)]
    return float(
        np.mean(model.score(texts, [(TRUE | EVERYDAY)[name][0]] * len(texts), None, [BRAND] * len(texts)).grave)
    )


def settled() -> tuple[bytes, int]:
    """Return the state of a brand after a fortnight of ordinary talk, and the minute then."""
    rng = np.random.default_rng(3)
    monitor = BrandMonitor(BRAND, MonitorSettings())
    said = gen.ordinary(rng, gen.KINDS["constant"], gen.START, 14 * gen.DAY, 1.0)
    gen.listen(monitor, said, rng)
    return monitor.dump(), gen.START + len(said.count)


def paged(model: TextModel, name: str, state: tuple[bytes, int]) -> bool:
    """Return whether the stream `name` on top of ordinary talk is paged as a grave matter."""
    rng = random.Random(name)
    monitor = BrandMonitor.load(BRAND, MonitorSettings(), state[0])
    told = list(posts(name))
    texts = [text for _, text in told]
    scored = model.score(texts, [(TRUE | EVERYDAY)[name][0]] * len(texts), None, [BRAND] * len(texts))
    wordings = [wording(words) for words in scored.terms]
    first = state[1] + 5
    for minute in range(MINUTES):
        here = [i for i, (at, _) in enumerate(told) if at == minute]
        count = len(here) + (rng.random() < 0.6)
        authors = [rng.getrandbits(60) for _ in range(count)]
        pairs = [(author, wordings[i]) for author, i in zip(authors, here, strict=False) if scored.grave[i]]
        mild = PLAINLY * 7 // 10
        window = Window(
            BRAND, from_ms((first + minute) * MINUTE), count, mild * count, authors=count, grave=people(pairs)
        )
        if not count:
            continue
        for event in monitor.close(window, (first + minute + 3) * MINUTE, list, authors, pairs):
            if isinstance(event, Alert) and event.grave_people and event.severity >= "L2" and not event.suppressed_by:
                return True
    return False


def main() -> None:
    """Print the table."""
    model, state = TextModel.load(), settled()
    print("| stream | grave posts | page |\n|---|---|---|")
    for name in TRUE | EVERYDAY:
        kind = "" if name in TRUE else "everyday: "
        print(f"| {kind}{name} | {grave_share(model, name):.0%} | {'yes' if paged(model, name, state) else 'no'} |")


if __name__ == "__main__":
    main()
