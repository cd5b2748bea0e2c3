"""What a denied comparative or a denied hesitation says: nobody can do better is praise, no better than before a complaint.

*Can't be beaten*, *on ne fait pas mieux*, *wouldn't hesitate* deny nothing good: the comparison or the doubt that they deny would
be the blame ("negated comparatives as superlatives": Huddleston & Pullum 2002, ch. 13). *Isn't any better*, *ça ne va pas
mieux* deny an improvement. What tells them apart is the words around: who is denied (*nobody*, *on*), the verb (*be* and
*go* against *do* and *find*), *than* and *to* behind. So each word that matters is a letter, a clause a string of letters, and
each reading a pattern over it.

A reading silences the cues in its span. It may mark its key word as praise or as blame; words that only turn nothing
round (*nothing short of*, *without question*) mark none. *It doesn't get any better* without *than* is said of the best and
of what stays bad: it is read as saying nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

REACH: Final = 7
"""Pieces before and behind a key word that are looked at, at most to the ends of its clause."""
NONE: Final = "."
FRENCH: Final = 128

_ENGLISH: Final[Mapping[str, str]] = {
    "c": "can't cant cannot couldn't couldnt", "C": "can could", "n": "not isn't wasn't aren't weren't haven't hasn't hadn't won't "
    "wouldn't didn't shouldn't hardly barely isnt wasnt arent havent hasnt wont wouldnt didnt",
    "d": "don't doesn't dont doesnt", "D": "do does",
    "v": "never", "o": "nothing nobody none nowhere", "z": "no without zero", "1": "one", "g": "get gets come comes",
    "G": "getting got gotten becomes became become", "A": "a an", "a": "any much",
    "b": "better best happier nicer kinder easier smoother faster simpler prouder friendlier finer cheaper cleaner fresher",
    "m": "more", "l": "less", "w": "worse", "t": "than", "q": "to", "k": "ask asked wish wished hope hoped",
    "x": "beat beats beaten bettered topped tops surpassed matched rivals faulted", "X": "compare compares", "i": "improved",
    "h": "hesitate hesitated hesitates hesitating hesitation", "T": "think thought", "2": "twice", "Q": "question",
    "e": "there there's theres know knows find found", "s": "second", "f": "fail fails failed", "y": "short", "r": "of", "L": "like",
    "u": "other", "p": "let lets", "N": "down", "K": "close",
}  # fmt: skip
_FRENCH: Final[Mapping[str, str]] = {
    "n": "pas guère", "N": "ne n'", "v": "jamais", "o": "rien", "p": "personne nul", "u": "aucun aucune", "z": "sans", "b": "mieux",
    "B": "meilleur meilleure meilleurs meilleures", "w": "pire pires", "m": "plus",
    "e": "est sont va vont sera ira était allait marche fonctionne devient reste semble", "E": "être",
    "f": "fait fais faire font ferait fera", "O": "on",
    "P": "peut peux pouvez peuvent pouvait pouvais", "S": "pourrait pourrais pourriez pourraient",
    "t": "trouve trouver trouvé trouverez trouveras trouvera trouvez vu voir vois connais connaît connaître rêver rêvé espérer espéré "
    "demander demandé souhaiter souhaité imaginer existe auras aurez aurons mangé goûté bu",
    "y": "y", "a": "a avait", "Y": "y'a ya", "D": "de d'", "q": "à",
    "j": "hésite hésites hésitez hésitons", "h": "hésiter hésité hésitation hésitations hésiterai hésiterais hésiterez hésitera",
    "H": "hésitent",
    "x": "égal égale égaux pareil pareille égaler", "V": "vaut valent vaudra", "T": "tel telle", "c": "conteste", "W": "toujours",
    "R": "redire reprocher reproche envier", "I": "impossible difficile dur", "i": "les le la l' me m' se s' te t' nous vous lui leur en",
}  # fmt: skip


def _by_word(words: Mapping[str, str]) -> dict[str, int]:
    return {word: ord(letter) for letter, listed in words.items() for word in listed.split()}


_LETTER_OF: Final = (_by_word(_ENGLISH), _by_word(_FRENCH))
_INFINITIVE: Final = re.compile("(?:er|ir|re)$")


def letters(typed: str, french: str) -> tuple[int, int, int]:
    """Return the letters of a word in English, in French and in other posts; `french` is how French spells it.

    French ones lie `FRENCH` higher, so that one number tells the language, too.
    """
    found = _LETTER_OF[1].get(typed) or _LETTER_OF[1].get(french)
    if found is None:
        found = ord("i" if _INFINITIVE.search(french) else NONE)
    return _LETTER_OF[0].get(typed, ord(NONE)), found + FRENCH, ord(NONE)


class _Reading(NamedTuple):
    pattern: re.Pattern[str]
    mark: int


def _readings(*patterns: tuple[str, int]) -> tuple[_Reading, ...]:
    return tuple(_Reading(re.compile(pattern), mark) for pattern, mark in patterns)


PRAISE: Final = 1
BLAME: Final = -1
RELEASED: Final = 0

# Group k is the key word: it is marked, or says nothing itself. Others (without a group k) only silence the cues in their span.
_READ: Final = (
    _readings(
        (r"oyr|olt", RELEASED),  # nothing short of, nothing less than
        (r"(?:c|Cn).{0,2}[ke].{0,2}(?P<k>[bm])", PRAISE),  # couldn't have asked for a better, couldn't ask for more
        (r"(?:c|Cn)[^A]{0,3}?(?P<k>[bx])", PRAISE),  # can't be beaten, couldn't be happier
        (r"(?:c|Cn|v|o|z1).{0,4}?w", RELEASED),  # couldn't be worse
        (r"(?:c|Cn)[^A]{0,2}?(?P<k>i)", PRAISE),  # can't be improved
        (r"(?:[ncdv]|Dn|Cn).?e[Aa]?(?P<k>b)", PRAISE),  # you won't find better
        (r"(?:d|Dn|v|o|z1)ga?(?P<k>b)t", PRAISE),  # it doesn't get any better than
        (r"(?:d|Dn)ga?(?P<k>b)", RELEASED),  # it doesn't get any better
        (r"(?:d|Dn)ga?w", RELEASED),  # it doesn't get any worse
        (r"(?:o|z1)[^gGt]{0,3}?(?P<k>b)(?!q)", PRAISE),  # nobody does it better; not: nothing better to do
        (r"v[^gGt]{0,4}?(?P<k>b)", PRAISE),  # never had a better
        (r"(?:o|z1|v)[^t]{0,3}?(?P<k>[xX])", PRAISE),  # nothing beats
        (r"(?:o|z1|zu?.)g(?P<k>K)", PRAISE),  # nobody comes close, no other shop comes close
        (r"e.{0,2}z(?P<k>b)(?![tq])", PRAISE),  # there is no better place
        (r"e.{0,2}zw", RELEASED),  # there is no worse place
        (r"z[^bgGtrq][^gGtrq]{0,2}?(?P<k>b)(?!t)", PRAISE),  # no bank treats me better
        (r"(?:[ncvz]|Cn).?(?P<k>h)", PRAISE),  # wouldn't hesitate, without hesitation
        (r"(?:d|Dn).?(?P<k>h)", RELEASED),  # don't hesitate: an invitation
        (r"(?:[ndv]|Dn).?T(?P<k>2)", PRAISE),  # wouldn't think twice
        (r"T(?P<k>2)", BLAME),  # think twice before
        (r"z[aA]?(?P<k>Q)", RELEASED),  # without question
        (r"(?P<k>s)qo", PRAISE),  # second to none
        (r"Lz(?P<k>u)", PRAISE),  # like no other
        (r"(?:[ndv]|Dn).?p.{0,2}(?P<k>N)", PRAISE),  # never let me down
        (r"(?:[ndv]|Dn).?(?P<k>f)q", RELEASED),  # never fails to impress
    ),
    _readings(
        (r"ON?(?:fn|[PS]nf)(?P<k>b)|ON[PS][ft]?(?P<l>b)", PRAISE),  # on ne fait pas mieux, on ne peut rêver mieux
        (r"ON?(?:fn|[PS]nf)w", RELEASED),  # on ne fait pas pire
        (r"pN[^e].?(?P<k>[bB])|u.{0,3}Nf(?P<l>b)", PRAISE),  # personne ne fait mieux
        (r"(?:tnD?|n.?t[.D]?)(?P<k>[bB])", PRAISE),  # vous ne trouverez pas mieux
        (r"(?:ya|Y)n(?:(?P<k>b)|D?(?P<l>B))", PRAISE),  # il n'y a pas mieux
        (r"(?:ya|Y)nD?w", RELEASED),  # il n'y a pas pire
        (r"(?<!e)v[^e]{0,3}?(?P<k>[bB])", PRAISE),  # je n'ai jamais vu mieux; not: ça ne va jamais mieux
        (r"(?<!e)v[^e]{0,3}?w|vt.{0,3}m", RELEASED),  # jamais vu pire, jamais vu une équipe plus
        (r"(?<!W)oD(?P<k>[bBT])(?![qa])", PRAISE),  # rien de mieux; not: rien de mieux à faire, toujours rien de mieux
        (r"oD[mw]", RELEASED),  # rien de plus agréable
        (r"[op]N(?P<k>[Vx])|o[qa].?(?P<l>R)", PRAISE),  # rien ne vaut, rien à redire
        (r"ID[ft](?P<k>[bB])", PRAISE),  # impossible de trouver mieux
        (r"[zunv]D?(?P<k>h)|(?P<l>h)n", PRAISE),  # sans hésiter, je n'hésiterai pas
        (r"(?P<k>[jH])n", RELEASED),  # n'hésitez pas: an invitation; ils n'hésitent pas à mentir
        (r"(?P<k>[hj]).?[qa]", BLAME),  # j'hésite à
        (r"z(?P<k>c)", RELEASED),  # sans conteste
        (r"z(?P<k>x)|n.(?P<l>x)", PRAISE),  # sans égal, n'a pas son pareil
        (r"ONPm(?=[^i])", RELEASED),  # on ne peut plus aimable; not: on ne peut plus les joindre
        (r"[PS]nE(?:(?P<k>[bB])|m)", RELEASED),  # je ne pourrais pas être plus heureux
        (r"S(?P<k>b)f|Sf(?P<l>b)", BLAME),  # vous pourriez faire mieux
        (r"P(?P<k>b)f|Pf(?P<l>b)", RELEASED),  # peut mieux faire: not good and not bad
    ),
)
_KEYS: Final = ("byxXwh2QsufNKkli", "bBwmVxRhjHcT")
_CUES: Final = ("cndvoz", "nNvopuzmI")
_NEEDED: Final = ("cndvoz", "nNvopuzIPS")
"""Letters of which a reading needs one before its key word …"""
_ALONE: Final = ("s2", "hjH")
"""… except these key words."""


def _table(wanted: tuple[str, str]) -> npt.NDArray[np.bool_]:
    found = np.zeros(256, dtype=bool)
    for higher, listed in zip((0, FRENCH), wanted, strict=True):
        found[[ord(letter) + higher for letter in listed]] = True
    return found


_IS_KEY: Final = _table(_KEYS)
_IS_NEEDED: Final = _table(_NEEDED)
_IS_ALONE: Final = _table(_ALONE)

_KEY_LETTERS: Final = frozenset(np.flatnonzero(_IS_KEY).tolist())

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Read(NamedTuple):
    """By position: what says nothing of its own, and what is praise (1) or blame (-1)."""

    silent: Bools
    marks: npt.NDArray[np.int8]


def is_key(letters: tuple[int, int, int]) -> bool:
    """Tell whether a word with these letters may be what a reading turns on."""
    return not _KEY_LETTERS.isdisjoint(letters)


def read(keys: Ints, spelt: Callable[[Ints], npt.NDArray[np.uint8]], ends: Bools, doc: Ints) -> Read:
    """Return what the denied comparatives of a batch say.

    Args:
        keys: the places of key words (`is_key`); of some the post may be in another language.
        spelt: the letters of the pieces at some places, each in its post's language (`letters`).
        ends: which pieces end a clause.
        doc: the post of each piece.
    """
    n = len(doc)
    silent, marks = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int8)
    around = spelt(np.clip(keys[:, None] + np.arange(-REACH, REACH + 1), 0, n - 1))
    alone = _IS_ALONE[around[:, REACH]]
    wanted = _IS_KEY[around[:, REACH]] & (alone | _IS_NEEDED[around[:, :REACH]].any(axis=1))
    done = -1
    for at, written in zip(keys[wanted].tolist(), around[wanted].tolist(), strict=True):
        if at < done:
            continue  # read with the key word before it
        begin = max(at - REACH, 0)
        posts, stops = doc[begin : at + REACH + 1].tolist(), ends[begin : at + REACH + 1].tolist()
        here = first = last = at - begin
        while first > 0 and posts[first - 1] == posts[here] and not stops[first - 1]:
            first -= 1
        while last + 1 < len(posts) and posts[last + 1] == posts[here] and not stops[last]:
            last += 1
        language = written[REACH] // FRENCH
        clause = bytes(letter % FRENCH for letter in written[first - here + REACH : last - here + REACH + 1]).decode()
        fit = _first(clause, language)
        done = -1
        if fit is not None:
            start = begin + first
            done = start + fit.end
            silent[[start + i for i in fit.silent]] = True
            if fit.key is not None:
                silent[start + fit.key] = True
                marks[start + fit.key] = fit.mark
    return Read(silent, marks)


class _Fit(NamedTuple):
    """What a clause says, by places in it."""

    end: int
    silent: tuple[int, ...]
    key: int | None
    mark: int


@lru_cache(maxsize=1 << 16)
def _first(clause: str, language: int) -> _Fit | None:
    """Return the first reading that fits a clause."""
    for pattern, mark in _READ[language]:
        found = pattern.search(clause)
        if found is None:
            continue
        key = next((found.start(name) for name in ("k", "l") if pattern.groupindex.get(name) and found[name]), None)
        silent = tuple(
            i
            for i, letter in enumerate(clause[: found.end()])
            # "n'ai pas vu": "n'" goes with its "pas"
            if letter in _CUES[language] and (i >= found.start() or letter == "N")
        )
        return _Fit(found.end(), silent, key, mark)
    return None
