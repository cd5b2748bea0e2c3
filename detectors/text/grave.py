"""Does a post speak of a grave matter: fire, explosion, crash, injury, death, poisoning, attack, recall?

Words for what *happens* to life and limb, in French and English; none of opinion (dangerous, unsafe, toxic), none that
mostly means something else (dead, kill, smoke, shot, battery). A word that is often a verb of something else counts by its
neighbours: "engine fire" and "killed in", not "fire them", "under fire", "killed it", "I recall when".
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.text.tokens import word_list
from detectors.text.triggers import plain

GRAVE: Final = 1
EITHER: Final = 2
"""Grave by its neighbours: neither a `BEFORE` before it nor an `AFTER` after it."""
BEFORE: Final = 4
AFTER: Final = 8

_STEMS: Final = tuple(
    sorted(
        word_list(
            """evacu emergenc incendie explod injur wounded casualt fatalit deced meurtr poison empoison intoxiqu contamin
            salmonel listeri norovirus botulis legionel carcinogen cancerigen anaphyla asphyxi electrocut overheat surchauff
            asbest amiant assault terroris attentat fusillad firefight pompier paramedic derailment deraillement"""
        )
    )
)
"""Beginnings of words, without accents."""
_WORDS: Final = word_list(
    """explosion explosions flames flammes ablaze blaze died dies deaths deadly drowned noyade tué tuée tués tuées blesse
    blesses blessee blessees morts deces urgence accident accidents hospitalized hospitalised hospitalise hospitalises gunman
    gunfire gunshot gunshots bomb bombing hostage hostages otage otages agression agressions stabbed stabbing recalled recalls
    ecoli ambulance ambulances"""
)
"""Whole words: accents count where one is written here."""
_EITHER: Final = word_list("fire fires feu killed crash crashed crashes recall shooting")
_BEFORE: Final = word_list(
    """to under must should will wont won't not dont don't can cant can't could couldnt couldn't would wouldnt wouldn't please
    lets let's i you we they u didnt didn't doesnt doesn't never gonna might may straight amazon kindle cease friendly"""
)
_AFTER: Final = word_list(
    """the a an my your ur his her him them their it its this that those these me us our you yourself all everyone everybody
    anyone somebody someone every any some more people ceo employees staff when how what where if drill drills sale stick tv hd
    tablet pit emblem course test diet star stars video vert rouge orange d'"""
)


def kind(text: str) -> int:
    """Return what a piece's text says for this: a sum of the constants above, mostly 0."""
    word = text if text.isascii() else plain(text)
    found = (BEFORE if word in _BEFORE else 0) | (AFTER if word in _AFTER or text == "@user" else 0)
    if word in _EITHER:
        return found | EITHER
    return found | (GRAVE if word in _WORDS or text in _WORDS or word.startswith(_STEMS) else 0)


def of_batch(said: npt.NDArray[np.uint8], doc: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.bool_]:
    """Return for each of `n` posts whether it speaks of a grave matter.

    Args:
        said: `kind` of each piece of all posts, one after another.
        doc: the post of each piece.
        n: how many posts there are.
    """
    found = np.zeros(n, dtype=bool)
    places = np.flatnonzero(said & (GRAVE | EITHER))
    for i in places.tolist():
        if said[i] & GRAVE or not (
            (i > 0 and said[i - 1] & BEFORE and doc[i - 1] == doc[i])
            or (i + 1 < len(said) and said[i + 1] & AFTER and doc[i + 1] == doc[i])
        ):
            found[doc[i]] = True
    return found
