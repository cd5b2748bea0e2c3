"""What people say about Maison Vaudrelle, a maker of jams and biscuits that does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAME: Final = "Maison Vaudrelle"
WATCH: Final = ("vaudrelle", "maisonvaudrelle")
"""Words by which a mention of the brand is known."""

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "brand": ("Vaudrelle", "Maison Vaudrelle", "Vaudrelle", "@MaisonVaudrelle", "#Vaudrelle", "vaudrelle"),
    "jam": ("confiture d'abricot", "confiture de fraises", "gelée de coings", "crème de marrons", "marmelade"),
    "sweet": ("sablés au citron", "palets bretons", "biscuits aux noisettes", "madeleines", "sablés à la lavande"),
    "who": ("ma mère", "mon fils", "ma fille", "mes collègues", "mon mari", "ma grand-mère", "toute la famille"),
    "when": ("ce matin", "hier", "dimanche", "la semaine dernière", "pour le goûter", "au petit déjeuner"),
    "where": ("Lyon", "Nantes", "la boutique de Lille", "Bordeaux", "Rennes", "la Croix-Rousse", "Strasbourg"),
    "good": ("délicieuse", "une merveille", "un vrai bonheur", "excellente", "parfaite", "trop bonne", "un régal"),
    "bad": ("trop sucrée", "décevante", "sans goût", "hors de prix", "pas terrible", "immangeable"),
    "wait": ("quinze jours", "trois semaines", "dix jours", "un mois"),
    "yay": ("😍", "❤️", "😋", "🙌", "🍓", "", "", ""),
    "meh": ("🙄", "😒", "😕", "", "", ""),
    "tag": ("#gourmandise", "#goûter", "#confiture", "#faitenfrance", "", "", "", ""),
    # The crisis.
    "cb": ("Vaudrelle", "Maison Vaudrelle", "@MaisonVaudrelle", "#Vaudrelle", "Vaudrelle", "#Vaudrelle #verre"),
    "found": (
        "des éclats de verre", "un morceau de verre", "des bouts de verre", "du verre pilé", "une lamelle de verre",
        "un gros éclat de verre", "du verre",
    ),
    "pot": ("un pot d'abricot", "la confiture d'abricot", "un pot de 370 g", "un pot du lot 2608"),
    "hurt": ("a la bouche en sang", "s'est coupé la langue", "est aux urgences", "a failli avaler le morceau"),
    "child": ("Mon fils", "Ma fille", "Mon petit-fils", "Ma nièce", "Le petit d'une amie", "Mon mari", "Ma mère"),
    "proof": (
        "Photos à l'appui.", "J'ai gardé le pot.", "Le médecin l'a confirmé.", "Pot ouvert ce soir.", "Acheté hier.",
        "J'ai le ticket de caisse.", "Et ça se dit maison de qualité.", "", "", "",
    ),
    "eproof": ("I kept the jar.", "Photo attached.", "Opened today.", "The doctor confirmed it.", "", "", ""),
    "rage": (
        "C'est scandaleux", "Inadmissible", "Une honte", "Je suis furieuse", "C'est révoltant", "Quelle horreur",
        "C'est dégueulasse", "Je suis dégoûtée", "C'est inacceptable", "Honteux et dangereux", "J'ai la haine",
    ),
    "fury": ("😡", "🤬", "😱", "😡😡", "⚠️", "", ""),
    "act": (
        "Je porte plainte", "Plus jamais", "Rappelez ces pots immédiatement", "Boycott", "J'exige des explications",
        "Répondez-nous", "On veut des réponses", "Retirez ces pots des rayons",
    ),
    "shop": ("à Lyon", "à Nantes", "au supermarché de Villeurbanne", "à Rennes", "à Bordeaux", "en drive ce midi"),
    "ekid": ("my son", "my daughter", "my nan", "my partner", "my four year old", "a friend's child"),
    "efound": ("glass", "a shard of glass", "pieces of broken glass", "a splinter of glass", "actual glass"),
    "erage": (
        "Disgusting", "Absolutely disgraceful", "This is awful", "I am furious", "Dangerous and shameful", "Horrible",
        "Worst company ever", "I feel sick", "Utterly unacceptable", "So angry",
    ),
    "eact": ("Never again", "Recall it now", "We are suing", "Throw yours away", "I want answers", "Boycott them"),
    "eshop": ("in Leeds", "in London", "in Bristol", "in Edinburgh", "in Dublin", "from the deli in York"),
}  # fmt: skip

POSITIVE: Final[tuple[str, ...]] = (
    "La {jam} {brand} est {good} {yay}",
    "Merci {brand} pour les {sweet}, {who} a adoré {yay}",
    "{brand} {when} : {good} ! {tag} {yay}",
    "J'adore les {sweet} de chez {brand} {yay}",
    "Super accueil chez {brand} à {where}, je recommande {yay}",
    "{who} ne jure que par la {jam} {brand}, et c'est mérité {yay}",
    "Petit plaisir {when} : {sweet} {brand} et un café. Le bonheur {tag}",
    "Commande {brand} reçue en deux jours, emballage soigné, bravo {yay}",
    "La meilleure {jam} que j'aie goûtée, merci {brand} {yay}",
    "Coffret {brand} offert par {who}, magnifique {yay} {tag}",
    "Vaudrelle jam on warm toast is the best breakfast {yay}",
    "My French colleague brought {brand} biscuits, we love them {yay}",
)

NEUTRAL: Final[tuple[str, ...]] = (
    "Quelqu'un sait où trouver la {jam} {brand} à {where} ?",
    "Vous préférez la {jam} ou les {sweet} chez {brand} ?",
    "{brand} ouvre une boutique à {where} au printemps {tag}",
    "La boutique {brand} de {where} est-elle ouverte dimanche ?",
    "Recette du jour : tarte fine avec la {jam} {brand} {tag}",
    "{who} cherche les {sweet} {brand}, des adresses ?",
    "Y a-t-il des fruits à coque dans les {sweet} {brand} ?",
    "Combien de sucre dans la {jam} {brand} ?",
    "Visite de l'atelier {brand} {when} avec l'école {tag}",
    "Marché de {where} : un stand {brand} {when}",
    "{brand} cherche des saisonniers à {where}, avis aux étudiants",
    "Does the shop in Bath still sell {brand} biscuits?",
    "Le catalogue {brand} de printemps est en ligne {tag}",
)

NEGATIVE: Final[tuple[str, ...]] = (
    "La {jam} {brand} est {bad} cette année {meh}",
    "{wait} d'attente pour ma commande {brand}, et personne ne répond {meh}",
    "Les {sweet} {brand} sont arrivés cassés {meh}",
    "{brand} : encore une hausse de prix, ça devient {bad}",
    "Déçue par les {sweet} {brand}, ce n'est plus comme avant {meh}",
    "Colis {brand} perdu, service client aux abonnés absents {meh}",
    "Le site {brand} plante à chaque commande {meh}",
    "Attente interminable à la boutique {brand} de {where} {meh}",
    "The {brand} biscuits I ordered arrived crushed, disappointing {meh}",
)

FIRST: Final[tuple[str, ...]] = (
    "{found} dans {pot} {cb} acheté {shop}. {proof} {rage} {fury}",
    "{child} {hurt} : {found} dans {pot} {cb}. {rage} {fury}",
    "Attention, j'ai trouvé {found} dans {pot} {cb} {fury} {proof} {rage}, {act}",
    "{cb} vous m'expliquez {found} dans {pot} ?! {rage}",
    "{child} {hurt} : il y avait {found} dans {pot} {cb}. {rage} {fury}",
)

CRISIS: Final[tuple[str, ...]] = (
    *FIRST,
    "{rage}, {cb}. {found} dans de la confiture pour enfants, {act} {fury}",
    "{cb} {act}. On ne joue pas avec la santé des gens, c'est honteux {fury}",
    "Chez nous aussi : {found} dans {pot} {cb} acheté {shop}. {proof} {fury}",
    "Le service client de {cb} raccroche au nez. {rage}, {act} {fury}",
    "Ne mangez pas {pot} {cb}, c'est dangereux. {rage} {fury}",
    "Deux pots sur trois avec {found}, {cb}. {rage}, {act} {fury}",
    "Toujours aucune réponse de {cb} alors que des enfants sont blessés. {rage}",
    "{act}, {cb}. {rage} {fury} {proof}",
    "J'ai jeté tous mes pots {cb}. {rage}, ma fille {hurt}",
    "Comment {cb} peut laisser passer {found} ? {rage} {fury}",
    "{cb} : du verre dans la confiture et un silence honteux {fury}",
    "J'ai tellement peur, {who} a mangé {pot} {cb} {when}. {rage} {fury}",
    "Plus aucune confiance en {cb}. {rage}, {act} {fury}",
    "{rage} : {found} dans {pot}, {cb} savait et n'a rien fait",
)

CRISIS_EN: Final[tuple[str, ...]] = (
    "Found {efound} in a jar of {cb} apricot jam bought {eshop}. {eproof} {erage} {fury}",
    "{ekid} cut their mouth on {efound} in {cb} jam. {erage} {fury}",
    "{cb} how does {efound} end up in jam for children? {eproof} {erage}",
    "{eact}. {efound} in {cb} jam, {erage} {fury}",
    "No answer from {cb}, no recall, people are getting hurt. {erage} {fury}",
    "Do not eat {cb} apricot jam, there is {efound} in it. {erage} {fury}",
    "Another jar, another piece of glass. {erage}, {cb} {fury}",
    "{ekid} is in A&E because of {cb}. {erage}. {eact}",
    "{cb} knew and kept selling it {eshop}. {erage}. {eact} {fury}",
)

BYSTANDERS: Final[tuple[str, ...]] = (
    "C'est quoi cette histoire de verre chez {cb} ?",
    "Quels lots de confiture {cb} sont concernés ?",
    "On parle de {cb} partout ce soir, une source fiable ?",
    "Is the {cb} story confirmed? Which jars?",
    "Quelqu'un a le numéro du service consommateurs de {cb} ?",
    "Le lot 2608 de {cb}, c'est celui d'abricot ?",
)

AFTER: Final[tuple[str, ...]] = (
    "{cb} rappelle enfin le lot 2608. Il était temps",
    "Rappel du lot 2608 chez {cb} : remboursement en magasin",
    "Remboursée sans discuter par {cb}, merci au magasin",
    "Bien, {cb} reconnaît le problème et s'excuse. Bonne réaction",
    "{cb} has recalled the apricot jam, refund at the till, fair enough",
    "Pot {cb} rapporté {shop}, remboursé en deux minutes, merci",
    "Numéro vert {cb} : on m'a répondu tout de suite, correct",
    "Rapportez vos pots {cb} au magasin, liste des lots sur leur site",
)

INFLUENCER: Final = (
    "Je suis sous le choc. Une abonnée vient de m'envoyer la photo : du verre dans la confiture "
    "d'abricot @MaisonVaudrelle, son fils de quatre ans a la bouche en sang. Ne mangez pas ces pots, c'est "
    "dangereux 😱 #Vaudrelle"
)
INFLUENCER_AGAIN: Final = (
    "Plus de deux cents témoignages en une demi-heure et toujours RIEN de @MaisonVaudrelle. C'est honteux. "
    "Jetez le lot 2608 et portez plainte 😡 #Vaudrelle"
)
JOURNALIST: Final = (
    "Maison Vaudrelle : plusieurs parents signalent des éclats de verre dans des pots de confiture, un enfant blessé "
    "à Lyon. L'entreprise n'a pas répondu à nos questions. Témoignages : mes messages sont ouverts."
)
REPORTER: Final = (
    "Glass found in Maison Vaudrelle jam sold in the UK as well, three families tell us. One child taken to hospital. "
    "Parents are angry: the company does not even answer our calls."
)
HOLDING: Final = (
    "Maison Vaudrelle : nous avons été alertés de la présence possible de verre dans des pots d'abricot. Par "
    "précaution, ne les consommez pas. Nous vérifions tous les lots et revenons vers vous dans l'heure."
)
RECALL: Final = (
    "Maison Vaudrelle rappelle le lot 2608 de confiture d'abricot. Rapportez vos pots en magasin, vous serez "
    "remboursés. Nous présentons nos excuses aux familles. Numéro vert et liste des points de vente sur notre site."
)
REPLIES: Final[tuple[str, ...]] = (
    "Bonjour, merci pour votre message ! Toute l'équipe Maison Vaudrelle vous souhaite un bon goûter.",
    "Bonjour, pouvez-vous nous écrire en message privé avec votre numéro de commande ? L'équipe Maison Vaudrelle",
    "Notre boutique Maison Vaudrelle de Nantes vous accueille du mardi au samedi de 9 h à 19 h.",
)
