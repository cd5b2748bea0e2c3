"""Which language a post is in: the platform's word first, then letters in threes and whole words, then the script.

Each known word's likelihood under every language is a column of the token table, so a batch is decided by sums of
integers. Scripts that belong to one language decide by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.text.table import Encoded
from detectors.text.tokens import HASHTAG, WORD, Piece, word_hash, word_list

UNKNOWN: Final = "und"
UNIT: Final = 16
"""Log-likelihoods are integers of 1/16 nat."""
MARGIN: Final = 16
"""Lead in 1/16 nat below which nothing is claimed: one nat, odds of 2.7 to 1."""

PRIOR: Final[Mapping[str, int]] = {"en": 0, "fr": 0, "es": -12, "de": -12, "it": -12, "pt": -12}
"""What a language starts with, in 1/16 nat: half the posts of English or French for the neighbours' languages …"""
RARE: Final = -40
"""… and one in twelve for any other. It decides one or two words (*awful*, *c'est nul* look Romanian), never a sentence."""
LISTED: Final = 40
"""What a word that the posts learnt from lack says for each language whose sentiment lexica list it, in 1/16 nat …"""
LISTED_ALONE: Final = 80
"""… and for the only one: *nul*, *merde*, *trash* are told alone, *horrible* is not."""

_OLD: Final = {
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "jw": "jv",
    "nb": "no",
    "nn": "no",
    "qme": UNKNOWN,
    "qst": UNKNOWN,
    "zxx": UNKNOWN,
}

# ISO 639-2 and 639-3 codes, as some platforms and tools state them.
_THREE: Final = dict(
    pair.split("=")
    for pair in word_list(
        """eng=en fra=fr fre=fr spa=es deu=de ger=de ita=it por=pt nld=nl dut=nl cat=ca ind=id tur=tr pol=pl swe=sv
        tgl=tl fil=tl ron=ro rum=ro vie=vi ara=ar arb=ar arz=ar fas=fa per=fa pes=fa heb=he hin=hi ben=bn pan=pa
        guj=gu tam=ta tel=te kan=kn mal=ml sin=si tha=th kat=ka geo=ka jpn=ja kor=ko zho=zh chi=zh cmn=zh yue=zh
        rus=ru ukr=uk bul=bg srp=sr mkd=mk mac=mk bel=be ell=el gre=el hye=hy arm=hy dan=da nor=no nob=no nno=no
        fin=fi est=et lav=lv lit=lt ces=cs cze=cs slk=sk slo=sk slv=sl hrv=hr bos=bs hun=hu urd=ur msa=ms may=ms
        zsm=ms eus=eu baq=eu glg=gl cym=cy wel=cy gle=ga isl=is ice=is mlt=mt sqi=sq alb=sq afr=af swa=sw swh=sw
        amh=am hau=ha yor=yo ibo=ig zul=zu xho=xh som=so ltz=lb bre=br oci=oc cos=co hat=ht mar=mr nep=ne npi=ne
        mya=my bur=my khm=km lao=lo mon=mn kaz=kk uzb=uz aze=az yid=yi jav=jv pus=ps snd=sd kur=ku epo=eo lat=la"""
    )
)

# Scripts written, among widely used languages, by one: first and last code point.
_SCRIPTS: Final = (
    ("el", 0x0370, 0x03FF), ("hy", 0x0530, 0x058F), ("he", 0x0590, 0x05FF), ("hi", 0x0900, 0x097F),
    ("bn", 0x0980, 0x09FF), ("pa", 0x0A00, 0x0A7F), ("gu", 0x0A80, 0x0AFF), ("ta", 0x0B80, 0x0BFF),
    ("te", 0x0C00, 0x0C7F), ("kn", 0x0C80, 0x0CFF), ("ml", 0x0D00, 0x0D7F), ("si", 0x0D80, 0x0DFF),
    ("th", 0x0E00, 0x0E7F), ("ka", 0x10A0, 0x10FF), ("ja", 0x3040, 0x30FF), ("ko", 0xAC00, 0xD7AF),
    ("ko", 0x1100, 0x11FF), ("zh", 0x4E00, 0x9FFF), ("ru", 0x0400, 0x052F), ("ar", 0x0600, 0x06FF),
)  # fmt: skip


def stated(lang: str | None) -> str | None:
    """Return a platform's language tag as ISO 639-1 (`en-US` → `en`, `in` → `id`); None where it says nothing."""
    if not lang:
        return None
    short = lang.strip().replace("_", "-").partition("-")[0].lower()
    short = _THREE.get(short, short)
    short = _OLD.get(short, short)
    return short if short != UNKNOWN and 2 <= len(short) <= 3 and short.isascii() and short.isalpha() else None


_LETTER: Final = re.compile("[\u0370-\u1dff\u1f00-\u1fff\u2c00-\u2dff\u3040-\u30ff\u3400-\u9fff\ua640-\ud7ff]")
_KANA: Final = re.compile("[\u3041-\u30fa\u30fd-\u30ff\uff66-\uff9d]")
# Letters that one language of a script has and its neighbours have not, the likeliest language last.
_TELLING: Final = {
    "ru": (
        ("sr", re.compile("[јљњћђџ]", re.IGNORECASE)), ("be", re.compile("ў", re.IGNORECASE)), ("uk", re.compile("[їєґ]", re.IGNORECASE)),
        ("ru", re.compile("[ыэё]", re.IGNORECASE)), ("uk", re.compile("і", re.IGNORECASE)),
    ),
    "ar": (
        ("ur", re.compile("[ٹڈڑںےہھ]")), ("ar", re.compile("[ةىكيأإؤ]")), ("fa", re.compile("[پچژگکی]")),
    ),
    "zh": (("ja", _KANA),),
}  # fmt: skip


def script(text: str) -> str | None:
    """Return the language whose script `text` is in; None for Latin.

    The first foreign letter gives the script. Within one that several languages write, letters of their own decide: kana
    anywhere are Japanese, `і` Ukrainian, `گ` Persian.
    """
    first = _LETTER.search(text)
    if first is None:
        return None
    code = ord(first[0])
    for lang, start, end in _SCRIPTS:
        if start <= code <= end:
            for other, letters in _TELLING.get(lang, ()):
                if letters.search(text):
                    return other
            return lang
    return None


class LanguageTable:
    """Log-likelihoods of words and of letter threes: how much each speaks for each language.

    Args:
        names: ISO 639-1 codes, one per column.
        rows: hash of a word (`=mot`) or of three letters (`_mo`) → integers of 1/16 nat, one per language.
    """

    def __init__(self, names: Sequence[str], rows: Mapping[int, Sequence[int]]) -> None:
        self.names = list(names)
        self._places = {hashed: place for place, hashed in enumerate(rows)}
        self._rows = np.array(list(rows.values()), dtype=np.int64).reshape(len(rows), len(self.names))

    def has(self, word: str) -> bool:
        """Tell whether the posts learnt from have the word often enough to speak for itself."""
        return word_hash("=" + word) in self._places

    def of(self, pieces: Sequence[Piece], listed: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Return what pieces say for each language (k, l); nothing for names, links, hashtags and numbers.

        `listed` (k, 2) tells which have a place in the sentiment lexica of English and of French.
        """
        out = np.zeros((len(pieces), len(self.names)), dtype=np.int64)
        whole: list[tuple[int, int]] = []
        threes: list[tuple[int, int]] = []
        spelt: list[int] = []
        for i, piece in enumerate(pieces):
            text = piece.text
            if not piece.flags & WORD or piece.flags & HASHTAG:
                continue
            by_script = None if text.isascii() else script(text)
            if by_script is not None:
                out[i] = [8 * UNIT if name == by_script else -8 * UNIT for name in self.names]
                continue
            found = self._places.get(word_hash("=" + text))
            if found is not None:
                whole.append((i, found))
                continue
            spelt.append(i)
            padded = f"_{text}_"
            for k in range(len(padded) - 2):
                found = self._places.get(word_hash(padded[k : k + 3]))
                if found is not None:
                    threes.append((i, found))
        for pairs in (whole, threes):
            if pairs:
                at, row = np.array(pairs).T
                np.add.at(out, at, self._rows[row])
        for column, name in enumerate(("en", "fr")):
            if name in self.names:
                mine = np.array([i for i in spelt if listed[i, column]], dtype=np.int64)
                said = np.where(listed[mine].all(axis=1), LISTED, LISTED_ALONE)
                out[mine, self.names.index(name)] += said
        return out


def identify(enc: Encoded, names: Sequence[str], langs: Sequence[str | None], texts: Sequence[str]) -> list[str]:
    """Return the language of each post of the batch: what the platform says, else what its words say, else `und`."""
    said = {lang: stated(lang) for lang in set(langs)}
    out = [said[lang] for lang in langs]
    if None not in out:
        return [lang or UNKNOWN for lang in out]
    scores = enc.totals(enc.table.languages) + np.array([PRIOR.get(name, RARE) for name in names])
    best = np.argmax(scores, axis=1)
    ordered = np.partition(scores, -2, axis=1)
    clear = (ordered[:, -1] - ordered[:, -2] >= MARGIN) & (ordered[:, -1] > 0)
    for i, (lang, column, sure) in enumerate(zip(out, best.tolist(), clear.tolist(), strict=True)):
        if lang is not None:
            continue
        if sure:
            out[i] = names[column]
        elif not texts[i].isascii():
            out[i] = script(texts[i][:400])
    return [lang or UNKNOWN for lang in out]
