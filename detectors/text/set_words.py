"""Words of complaint that the lexica lack or misjudge, with a valence set by hand on their scale (-4 to 4).

What people say when they want their money back, feel cheated or call for a boycott; beside them the nouns of *sans faille*,
*rien à redire*. They are in the model before it is fitted, as the lexica are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ENGLISH: Final[Mapping[float, str]] = {
    -3.0: "scammer scammers scamming scammed swindle swindled swindlers fraudster fraudsters fraudulent ripoff ripoffs conned conmen",
    -2.4: """boycott boycotts boycotting boycotted boycotters rubbish garbage trash trashy junk bollocks shite shoddy dodgy crappy
        disgusted disgraceful appalled appalling atrocious abysmal unacceptable incompetent incompetence useless scam scams sux""",
    -1.8: """overcharged overcharging mischarged unusable unresponsive unreliable unhelpful unprofessional gutted fuming livid
        misleading misled defective faulty malfunctioning unsubscribing inexcusable contaminated mouldy moldy""",
    -1.3: "refund refunds chargeback chargebacks uninstalled uninstalling lawsuit lawsuits hassle hassles fuss",
}  # fmt: skip
_FRENCH: Final[Mapping[float, str]] = {
    -3.0: """arnaque arnaques arnaqueur arnaqueurs arnaqueuse arnaquer arnaqué arnaquée arnaqués escroc escrocs escroqué escroquée
        escroqués escroquerie escroqueries voleur voleurs voleuse voleuses""",
    -2.4: """déteste détestes détestent détester détestez détestable détestables
        boycott boycotts boycotter boycotte boycottez boycottons boycottent boycotté boycottée boycottés
        dégueulasse dégueulasses
        dégueu scandalisé scandalisée scandalisés scandalisées scandaleux scandaleuse scandaleuses scandale honteux honteuse
        inadmissible inadmissibles inacceptable inacceptables lamentable lamentables catastrophique catastrophiques daube merdique
        merdiques nul nulle nuls nulles nullissime dégoûtant dégoûtante dégoûtants dégoûtantes écœurant écœurante écoeurant écoeurante
        dégoûté dégoûtée dégoûtés déçu déçue déçus déçues décevant décevante décevants foutage incompétent incompétents incompétente
        incompétence déplorable déplorables minable minables pitoyable pitoyables horrible horribles""",
    -1.8: """panne pannes inexistant inexistante inexistants injoignable injoignables défectueux défectueuse périmé périmée périmés
        relou relous chiant chiante chiants saoule soûle marre galère galères naze nazes mensonger mensongère insalubre avarié avariée
        impoli impolie impolis méprisant méprisante méprisants malpoli malpolie désagréable désagréables bâclé bâclée abusé
        exaspéré exaspérée indigné indignée inutilisable inutilisables""",
    -0.6: "remboursement remboursements",
    -1.2: """remboursez rembourser retard retards résilier résilie résilié résiliation redire reproche
        reproches faille failles souci soucis problème problèmes pb bémol bémols accroc accrocs encombre regret regrets hésiter
        hésitation hésitez""",
}  # fmt: skip
SET_ENGLISH: Final = {word: valence for valence, words in _ENGLISH.items() for word in words.split()}
SET_FRENCH: Final = {word: valence for valence, words in _FRENCH.items() for word in words.split()}

_CALLS: Final = ("boycott", "arnaque", "shameon", "scam")


def call_in(tag: str) -> str:
    """Return the call that a hashtag of several words begins with (`boycottacme` → `boycott`); the tag itself where none."""
    for call in _CALLS:
        if tag.startswith(call):
            return "shame" if call == "shameon" else call
    return tag
