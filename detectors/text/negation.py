"""What a negation turns round, in the language of the post.

Cues are words (*not*, *sans*). A word that denies in one language may be a plain word of the other (*point*, *personne*,
*dont*), so each cue counts in its language only. A cue that denies nothing (*not only*, *no doubt*, *nothing but*, *ne …
que*: "pseudo-negations", Chapman et al. 2001) is released: it turns nothing round and says nothing itself. One that denies
something bad (*no complaints*, *sans souci*) turns that round and says nothing itself. Denied comparatives (*can't be
beaten*, *pas mieux qu'avant*) are read by `comparatives.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.text import comparatives

SCOPE: Final = 3
"""Words that a negation reaches (VADER looks back as far: Hutto & Gilbert 2014), at most to the end of the clause."""
NEAR: Final = 3
"""Pieces within which a cue finds the word that releases it, and *personne*, *point*, *plus* their *ne*."""

# Roles of a piece. Cues:
ENGLISH: Final = 1
FRENCH: Final = 2
WEAK: Final = 4  # denies in French beside "ne" only
NE: Final = 8
# kinds of cues:
NOT: Final = 16
NO: Final = 32  # denies one noun or verb
CANNOT: Final = 64
NOTHING: Final = 128
# and what releases them:
ONLY: Final = 256  # after NOT: not only, pas seulement
DOUBT: Final = 512  # after NO: no doubt
WAIT: Final = 1024  # after CANNOT: can't wait
SUCH: Final = 2048  # after CANNOT or NOTHING: couldn't be more pleased, never had such service
BUT: Final = 4096  # after NOTHING and NE: nothing but, ne … que
CUE: Final = ENGLISH | FRENCH | WEAK
AMBIGUOUS: Final = 8192
"""Denies in English, and is a frequent French word."""
ENOUGH: Final = 16384
"""After CANNOT: can't thank you enough. In French, after NOT: "pas terrible" is no praise."""
COULD: Final = 32768
"""Makes a CANNOT of the *not* behind it."""
KEY: Final = 65536
"""A denied comparative may turn on it (`comparatives.is_key`)."""

_ROLES: Final[dict[str, int]] = {}
for _role, _words in (
    (ENGLISH | FRENCH | NOT, "not"),
    (ENGLISH | FRENCH | NOTHING, "never"),
    (ENGLISH | FRENCH | NO, "no"),
    (ENGLISH | NOTHING, "none nobody nothing nowhere"),
    (ENGLISH | NO, "neither nor without lacks lack"),
    (ENGLISH | FRENCH | NO, "zero zéro"),
    (ENGLISH | CANNOT, "cannot cant can't couldnt couldn't"),
    (ENGLISH | NOT | AMBIGUOUS, "dont"),
    (ENGLISH | NOT, "doesnt didnt wont wouldnt shouldnt isnt arent wasnt werent hasnt havent hadnt aint hardly barely rarely"),
    (FRENCH | NE, "ne n'"),
    (FRENCH | NOT, "pas guère guere non"),
    (FRENCH | NOTHING, "jamais rien"),
    (FRENCH | NO, "sans aucun aucune ni"),
    (WEAK, "personne point plus"),
    (ONLY, "only just mention seulement uniquement juste"),
    (DOUBT, "doubt doubts wonder matter doute doutes"),
    (WAIT, "wait"),
    (SUCH, "more such so aussi autant tel telle"),
    (BUT, "but que qu' importe"),
    (ENOUGH, "enough terrible"),
    (COULD, "could can"),
):  # fmt: skip
    for _word in _words.split():
        _ROLES[_word] = _ROLES.get(_word, 0) | _role

_RELEASES: Final = (
    (NOT, ONLY, 2),
    (NO, DOUBT, 2),
    (CANNOT, WAIT, 1),
    (CANNOT | NOTHING, SUCH, NEAR),
    (NOTHING, BUT, 1),
)
"""Kind of cue, what releases it, how near."""


def role(text: str) -> int:
    """Return what a piece is to negations: a sum of the constants above, mostly 0."""
    found = _ROLES.get(text)
    if found is None:
        return ENGLISH | NOT if text.endswith("n't") else 0
    return found


Bools = npt.NDArray[np.bool_]


class Negation(NamedTuple):
    """By position: `turned` words mean the opposite, `silent` cues nothing."""

    turned: Bools
    silent: Bools
    cues: Bools
    """The cues that are not silent."""
    marks: npt.NDArray[np.int8]
    """Key words of a denied comparative: praise (1) or blame (-1), whatever they say alone."""


def negation(
    roles: npt.NDArray[np.uint32],
    spelt: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint8]],
    ends: Bools,
    doc: npt.NDArray[np.int64],
    block: npt.NDArray[np.int64],
    bad: Bools,
) -> Negation:
    """Return which positions are negated, and which cues say nothing of their own.

    Args:
        roles: `role` of each piece of all posts, one after another, and KEY.
        spelt: the letters of the pieces at some places, each in its post's language (`comparatives.letters`).
        ends: which pieces end a clause (a comma or a full stop follows).
        doc: the post of each piece.
        block: the language of each *piece*: 0 English, 1 French, 2 any other.
        bad: which pieces have a negative valence in that language.
    """
    n = len(roles)
    counts = np.where(block == 0, ENGLISH, np.where(block == 1, FRENCH, ENGLISH | FRENCH)).astype(np.uint32)
    cue = (roles & counts) != 0
    cue &= ~((block == 2) & ((roles & AMBIGUOUS) != 0))
    weak = np.flatnonzero(((roles & WEAK) != 0) & (block > 0))
    if len(weak):
        cue[weak] = _beside(weak, (roles & NE) != 0, doc, before=NEAR, after=2)
    at = np.flatnonzero(cue)
    silent, marks = comparatives.read(np.flatnonzero(roles & KEY), spelt, ends, doc)
    turned = np.zeros(n, dtype=bool)
    if not len(at):
        return Negation(turned, silent, cue, marks)
    is_a = roles[at]
    could = ((is_a & NOT) != 0) & _beside(at, (roles & COULD) != 0, doc, before=1)
    is_a = np.where(could, is_a | CANNOT, is_a)
    idiom = (block[at] == 1) & ((is_a & NOT) != 0)
    enough = np.flatnonzero(((is_a & CANNOT) != 0) & (block[at] != 1) | idiom)
    if len(enough):
        silent[at[enough]] |= _beside(at[enough], (roles & ENOUGH) != 0, doc, after=NEAR + 1)
    for kind, by, near in _RELEASES:
        mine = at[(is_a & kind) != 0]
        if len(mine):
            silent[mine] |= _beside(mine, (roles & by) != 0, doc, after=near)
            if by == DOUBT:  # neither does the doubt that is denied
                for step in range(1, near + 1):
                    there = np.minimum(mine + step, n - 1)
                    silent[there[((roles[there] & by) != 0) & (doc[there] == doc[mine])]] = True
    only = at[(is_a & NE) != 0]
    if len(only):  # "ne … que" denies nothing, "ne … pas que" does
        silent[only] |= _beside(only, (roles & BUT) != 0, doc, after=NEAR) & ~_beside(
            only, cue & ((roles & NE) == 0), doc, after=NEAR
        )
    if len(only):  # "ce n'est pas terrible": "n'" goes with its "pas"
        silent[only] |= _beside(only, silent & ((roles & NOT) != 0), doc, after=NEAR)
    said = silent & ~cue
    live = at[~silent[at]]
    narrow = (roles[live] & NO) != 0
    place, open_ = live.copy(), np.ones(len(live), dtype=bool)
    resolved = np.zeros(len(live), dtype=bool)
    for _ in range(SCOPE):
        nxt = np.minimum(place + 1, n - 1)
        open_ &= ~ends[place] & (place + 1 < n) & (doc[nxt] == doc[place])
        place = nxt
        turned[place[open_]] = True
        hit = open_ & bad[place]
        resolved |= hit
        open_ &= ~(hit & narrow)
    silent[live[resolved]] = True
    return Negation(turned & ~(cue | said), silent, cue & ~silent, marks)


def _beside(
    at: npt.NDArray[np.int64], there: Bools, doc: npt.NDArray[np.int64], *, before: int = 0, after: int = 0
) -> Bools:
    """Tell of each place whether `there` holds within so many places before or after it, in the same post."""
    found = np.zeros(len(at), dtype=bool)
    for step in (*range(-before, 0), *range(1, after + 1)):
        other = np.clip(at + step, 0, len(there) - 1)
        found |= there[other] & (doc[other] == doc[at]) & (other != at)
    return found
