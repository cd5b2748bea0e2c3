"""What a post is made of: words, emoji, emoticons, hashtags, @names, links and runs of `!` and `?`.

`pieces(raw)` takes one token of `str.split` and returns its parts. It is pure and a little slow (regular expressions,
Unicode); `detectors.text.table` remembers its answers, so that a running worker calls it only for tokens it never saw.
"""

from __future__ import annotations

import html
import re
import unicodedata
import zlib
from collections.abc import Callable
from itertools import product
from typing import Final, NamedTuple

from detectors.text import negation
from detectors.text.markup import without_markup

# Flags of a piece, bits of one small integer.
WORD: Final = 1  # takes part in bigrams, terms and the signature
NEGATION: Final = 2  # may turn round what follows: not, n't, pas, jamais … (`negation.py` tells when)
BOOST: Final = 4  # very, so, très, vraiment …
DAMPEN: Final = 8  # slightly, kind of, un peu …
BUT: Final = 16  # what follows outweighs what came before: but, mais …
USER: Final = 32
URL: Final = 64
HASHTAG: Final = 128
EMOJI: Final = 256
CAPS: Final = 512
ELONGATED: Final = 1024
EXCLAIM: Final = 2048
QUESTION: Final = 4096
STOP: Final = 8192  # no term and no topic: the, of, le, de …
NUMBER: Final = 16384
REPOST: Final = 32768  # RT: not part of what is said
CLAUSE: Final = 65536  # a clause ends behind it: a comma, a full stop

MAX_RAW: Final = 64
"""Characters of one token that are looked at; longer ones are base64, Chinese sentences or attacks."""
MAX_PIECES: Final = 8
"""Pieces one token may give; `a,b,c,d…` without blanks stays cheap."""

# Characters that do not show: zero-width, joiners, direction marks, variation selectors, soft hyphen, byte order mark.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_EMOJI_RANGE: Final = "\u203c\u2049\u2190-\u21ff\u2300-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\U0001f000-\U0001faff"
_PIECE: Final = re.compile(
    rf"(?P<tag>\#\w[\w'’]*)|(?P<word>\w[\w'’]*)|(?P<emoji>[{_EMOJI_RANGE}])|(?P<shout>[!?！？]+)|(?P<dots>…|\.{{2,}})"
)
_LINK: Final = re.compile(r"(?:https?:|www\.|t\.co/|pic\.twitter)", re.IGNORECASE)
_RUN: Final = re.compile(r"(\w)\1{2,}")
_END: Final = re.compile(r"[,;:.!?)…]")
MOST_RUNS: Final = 3
"""Runs of one word of which both spellings are tried."""
_ELISION: Final = re.compile(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)'(?=\w{2}|[ayà])", re.IGNORECASE)
_CONTRACTED: Final = frozenset({"t", "s", "m", "d", "re", "ve", "ll"})


# Cyrillic and Greek letters that look like Latin ones, for words that mix scripts to escape notice.
_LOOKALIKES: Final = str.maketrans(
    "абвеёіїјкмнорсԛѕтухԝАВЕЁІЇЈКМНОРСЅТУХԜαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "a6beëiïjkmhopcqstyxwABEËIÏJKMHOPCSTYXWaeikvoptuxABEZHIKMNOPTYX",
)
_FOREIGN_LETTER: Final = "\u0370-\u03ff\u0400-\u052f"
_MIXED: Final = re.compile(rf"[A-Za-z][{_FOREIGN_LETTER}]|[{_FOREIGN_LETTER}][A-Za-z]")


def word_list(text: str) -> frozenset[str]:
    """Return the words of `text`: lists of words read best as text."""
    return frozenset(text.split())


_BOOSTS: Final = word_list(
    """very so really extremely absolutely totally completely too such most more fucking fuckin damn super highly
    très tres trop vraiment tellement si extrêmement totalement complètement plus carrément hyper ultra grave"""
)
_DAMPENS: Final = word_list("slightly somewhat almost little kinda sorta barely peu assez presque légèrement plutôt")
_BUTS: Final = word_list("but however though although yet mais pourtant cependant toutefois")
_REPOSTS: Final = frozenset({"rt", "mt", "via"})

STOPS_EN: Final = word_list(
    """a about above after again against all also am an and any are as at be because been before being below between
    both but by can could did do does doing down during each even ever every few for from further get gets getting go
    goes going gonna got had has have having he her here hers him his how i if im in into is it its just know let like
    ll make makes many may me might mine more most much must my need no nor not now of off oh ok on once one only or
    other our ours out over own per please put quite re really said same say says see seem she should since so some
    still such take than thank thanks that the their them then there these they thing things think this those though
    through to too u under until up upon ur us use ve very via want was way we well went were what when where which
    while who whom why will with within without would yes yet you your yours yourself amp rt today tomorrow yesterday
    day time new back last first made man people"""
)
STOPS_FR: Final = word_list(
    """à ai aie aient ait alors après as assez au aucun aussi autre autres aux avait avant avec avez avoir ayant bah beaucoup
    bien bon bonjour c ça car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment contre d
    dans de déjà depuis des donc dont du elle elles en encore entre es est et étaient était été être eu eux fait faire
    faut font il ils ici j jamais je jusqu l la le les leur leurs lors lui ma mais me même mêmes mes merci mdr moi moins
    mon n ne ni non nos notre nous on ont ou où oui par parce pas pendant peu peut peux plus plutôt pour pourquoi près
    puis qu quand que quel quelle quelles quels qui quoi rien s sa sans se sera ses seulement si soit son sont sous suis
    sur ta te tes toi ton toujours tous tout toute toutes très trop tu un une va vais vers veut via voilà voir vont vos
    votre vous vu y jour aujourd hui demain hier"""
)
_STOPS: Final = STOPS_EN | STOPS_FR


class Piece(NamedTuple):
    """One part of a post: `text` is what the model counts (lower case, no runs), `shown` what a person reads."""

    text: str
    flags: int
    shown: str


_USER_PIECE: Final = Piece("@user", USER | STOP, "")
_LINK_PIECE: Final = Piece("http", URL | STOP, "")
_NUMBER_PIECE: Final = Piece("0", NUMBER | STOP, "")


def word_hash(word: str) -> int:
    """Return the 32-bit hash of a word: CRC-32 of its UTF-8 bytes (stable across processes and machines)."""
    return zlib.crc32(word.encode("utf-8", "replace"))


def clean(raw: str) -> str:
    """Return `raw` with literal escapes and entities decoded, invisible characters dropped and wide forms folded."""
    if "\\" in raw:
        raw = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), raw).replace("\\", "")
        raw = raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "&" in raw:
        raw = html.unescape(raw)
    if "<" in raw:
        raw = without_markup(raw)
    if not raw.isascii():
        raw = unicodedata.normalize("NFKC", _INVISIBLE.sub("", raw)).replace("’", "'")
        if _MIXED.search(raw):
            raw = raw.translate(_LOOKALIKES)
    return raw


def familiar(word: str) -> int:
    """Return 2 for a word of the lists above, else 0: what `pieces` knows without a model."""
    return 2 * (word in _STOPS or word in _BOOSTS or word in _COMMON or negation.role(word) != 0)


def pieces(raw: str, knows: Callable[[str], int] = familiar) -> list[Piece]:
    """Return the parts of one blank-separated token, at most `MAX_PIECES`; an empty list where nothing is said.

    Args:
        raw: the token.
        knows: how well a word is known (0: not at all); a drawn-out word is read as the best known it may stand for.
    """
    found = _parts(raw, knows)
    return found[:MAX_PIECES]


def _parts(raw: str, knows: Callable[[str], int]) -> list[Piece]:
    raw = clean(raw[:MAX_RAW])
    if not raw:
        return []
    if raw[0] == "@" or raw[:2] == ".@":
        return [_USER_PIECE]
    if _LINK.match(raw) or "://" in raw:
        return [_LINK_PIECE]
    if len(raw) <= 5 and not raw.isalnum() and _is_emoticon(raw):
        return [Piece(raw.lower(), EMOJI, raw)]
    found: list[Piece] = []
    for m in _PIECE.finditer(raw):
        kind, text = m.lastgroup, m[0]
        if kind == "shout":
            flags = (EXCLAIM if "!" in text or "！" in text else 0) | (QUESTION if "?" in text or "？" in text else 0)
            found.append(Piece("!" if flags & EXCLAIM else "?", flags, ""))
        elif kind == "dots":
            found.append(Piece("…", 0, ""))
        elif kind == "emoji":
            found.append(Piece(text, EMOJI, text))
        else:
            found.extend(_words(text, HASHTAG if kind == "tag" else 0, knows))
            if found and found[-1].flags & WORD and _END.match(raw, m.end()):
                found[-1] = found[-1]._replace(flags=found[-1].flags | CLAUSE)
        if len(found) >= MAX_PIECES:
            break
    return found


def _words(text: str, flags: int, knows: Callable[[str], int]) -> list[Piece]:
    """Return the word or words of `text`: French elisions come apart (j'aime → j', aime), English ones do not."""
    text = text.strip("'_’").lstrip("#")
    head = _ELISION.match(text)
    if head and text[head.end() :].lower() not in _CONTRACTED:
        elided = head[0].lower()
        what = WORD | STOP | (NEGATION if elided == "n'" else 0)
        return [Piece(elided, what, elided), *_words(text[head.end() :], flags, knows)]
    low = text.lower()
    if "'" in low:
        stem, _, tail = low.rpartition("'")
        if tail == "s" and stem:
            low, text = stem, text[: len(stem)]
    if not low:
        return []
    if low.isdecimal() or (low[0].isdecimal() and not any(c.isalpha() for c in low)):
        return [_NUMBER_PIECE]
    if _RUN.search(low):
        flags |= ELONGATED
        low = _drawn_in(low, knows)
    if len(text) > 1 and text.isupper():
        flags |= CAPS
    if low in _REPOSTS and not flags & HASHTAG:
        return [Piece(low, REPOST | STOP, "")]
    flags |= WORD
    if negation.role(low) & negation.CUE:
        flags |= NEGATION
    if low in _BOOSTS:
        flags |= BOOST
    if low in _DAMPENS:
        flags |= DAMPEN
    if low in _BUTS:
        flags |= BUT
    if not flags & HASHTAG and (low in _STOPS or len(low) < 3 or "'" in low or low.startswith("haha")):
        flags |= STOP
    return [Piece(low, flags, "#" + low if flags & HASHTAG else low)]


def _drawn_in(word: str, knows: Callable[[str], int]) -> str:
    """Return a drawn-out word as it is spelt: each run as one letter or two, whichever makes the best known word.

    Of two known as well, the one with more doubled letters (`good`, not `god`); of none known, every run as two letters.
    """
    runs = list(_RUN.finditer(word))
    doubled = _RUN.sub(r"\1\1", word)
    best, most = doubled, knows(doubled)
    for choice in product((2, 1), repeat=min(len(runs), MOST_RUNS)):
        lengths = iter(choice)
        tried = _RUN.sub(lambda m: m[1] * next(lengths, 2), word)  # noqa: B023 (called at once)
        known = knows(tried)
        if known > most:
            best, most = tried, known
    return best


_COMMON: Final = word_list("so no oh go love yes you why hate please bad nice non oui trop merci ouf long")
_EYES: Final = frozenset(":;=8xX'<>^-_.oOT")
_MOUTHS: Final = frozenset(")(DdPpOo/\\|]}[{*3xX@sScC<>^_-.'\"T0")


def _is_emoticon(raw: str) -> bool:
    """Tell whether `raw` is a face such as `:-)`, `=D`, `<3`, `^_^`, `XD`."""
    return (
        len(raw) >= 2
        and raw[0] in _EYES
        and raw[-1] in _MOUTHS
        and all(c in _EYES or c in _MOUTHS for c in raw)
        and any(c in ":;=<^T" for c in raw)
    )
