"""What a post's words tell of its writer, as a few bits: the token table keeps each token's, a batch is put together by or.

`authors.py` reads the bits. Phrases are looked for only in posts that have one of their words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.text.phrases import SPEAKS_FOR, SPEAKS_TO, WORKS_THERE
from detectors.text.tokens import word_list

MAX_CHARS: Final = 4_000
"""Characters of a post in which phrases are looked for."""
MANY_TAGS: Final = 6
"""Hashtags beside a link beyond which a post is made to be found, not read."""
LONG: Final = 6
"""Words from which a line with a link may be a headline."""

# What is known of a post.
LINK: Final = 1
TAGGED: Final = 2  # more than `MANY_TAGS` hashtags, and a link
AUTOMATIC: Final = 4  # a sentence that programs write, and a link
WORK: Final = 8  # says that it works there
OFFICE_PHRASE: Final = 16  # speaks for an organisation
OFFICE: Final = 32  # one word of an organisation's
NEWS: Final = 64
ADDRESSED: Final = 128  # begins with @somebody
CALLS: Final = 256  # a question or exclamation mark
ASKS: Final = 512  # a question mark
REPOST: Final = 1024
HEADLINE: Final = 2048  # long enough for one
PERSONAL: Final = 4096  # one word in the first (or second) person
PERSONAL_TWICE: Final = 8192  # two different ones

_PERSONAL_WORDS: Final = sorted(
    word_list(
        """i i'm im i've ive i'll i'd me my mine myself we've we're us our you your you're ur guys wtf lol omg thanks please
        pls je moi mon ma mes m'a nous notre nos vous votre vos t'es svp merci mdr ptdr putain"""
    )
)
_NEWSROOM: Final = word_list(
    """breaking breaking: exclusive exclusive: update: video: watch: live: photos: report: reports: reuters afp ap bbc cnn
    says said amid killed toll officials according
    direct vidéo: vidéo [vidéo] info exclu exclusif edito reportage interview replay selon annonce portrait enquête
    invité invitée matinale podcast ⏩ 🔴 ▶ 📺 🎙 🗣 ▶️ ➡️ 🗣️ 📻"""
)
_OFFICE_WORDS: Final = word_list(
    """dm apologize apologise apologies assist inconvenience sorry announces announce appoints launches launch partners
    awarded proud pleased recovery residents advisory shelter evacuation hotline donate donations volunteers press release
    mp désolés désolé excuses communiqué"""
)
_WORK_WORDS: Final = word_list(
    """work worked working works employee employees pilot attendant employer boss union travaille travaillé travaillais
    j'travaille bosse bossé bossais employeur direction salarié salariée salariés syndicat ex-employee ex-employé ex-salarié
    ex-salariée employé employée"""
)
_WORK_PARTS: Final = re.compile(
    "work|employ|pilot|attendant|boss|union|travaill|bossé|bossais|direction|salari|syndicat"
)
"""Every phrase of work has a word with one of these in it."""
_AUTOMATIC_PHRASES: Final = (
    "i just earned", "i liked a @youtube", "i'm at ", "just posted a photo", "i just entered", "gained followers",
    "unfollowed me", "automatically checked", "giveaway", "follow back", "click here", "free gift", "earn money",
)  # fmt: skip
_AUTOMATIC_PARTS: Final = re.compile("earn|youtube|i'm|photo|entered|followe|unfollow|checked|giveaway|back|click|gift")
"""Every automatic phrase has a word with one of these in it."""

# Bits of a token: one for each personal word, then these.
_PERSONAL_BITS: Final = {word: 1 << k for k, word in enumerate(_PERSONAL_WORDS)}
_ELIDED: Final = 1 << len(_PERSONAL_WORDS)  # j'
_FIRST: Final = len(_PERSONAL_WORDS) + 1
_ALL_PERSONAL: Final = (1 << _FIRST) - 1
_T_LINK, _T_HASH, _T_AUTOMATIC, _T_WORK, _T_OFFICE, _T_NEWS, _T_ASKS, _T_SHOUTS, _T_AT, _T_DOT_AT, _T_RT = (
    1 << (_FIRST + k) for k in range(11)
)
_WORD_BITS: Final = dict(_PERSONAL_BITS)
for _words, _bit in (
    (("rt",), _T_RT),
    (_NEWSROOM, _T_NEWS),
    (_OFFICE_WORDS, _T_OFFICE),
    (_WORK_WORDS, _T_WORK),
):
    for _word in _words:
        _WORD_BITS[_word] = _WORD_BITS.get(_word, 0) | _bit

_MARKS: Final = '.,:;!?()…"«»'
LINK_TOKEN: Final = _T_LINK
"""The bits of an address: what stands inside it says nothing of its writer."""


def token_bits(raw: str) -> int:
    """Return the bits of one blank-separated token."""
    low = raw.lower()
    if low.startswith(("http:", "https:")):
        return LINK_TOKEN
    if "’" in low:
        low = low.replace("’", "'")
    bits = _WORD_BITS.get(low, 0) | _WORD_BITS.get(low.rpartition("'")[2].strip(_MARKS), 0) & (_T_WORK | _T_OFFICE)
    if _AUTOMATIC_PARTS.search(low):
        bits |= _T_AUTOMATIC
    if "http" in low:
        bits |= _T_LINK
    if not low.isalnum():
        if "j'" in low:
            bits |= _ELIDED
        for there, bit in (
            ("pic.twitter" in low, _T_LINK), ("#" in low, _T_HASH), ("?" in low, _T_ASKS), ("!" in low, _T_SHOUTS),
            (low[0] == "@", _T_AT), (low[:2] == ".@", _T_DOT_AT),
        ):  # fmt: skip
            if there:
                bits |= bit
    return bits


def of_text(text: str) -> int:
    """Return the cues of one post."""
    tokens = text.split()
    bits = np.array([token_bits(token) for token in tokens], dtype=np.uint64)
    return int(of_batch(bits, np.array([0, len(tokens)]), [text])[0])


def of_batch(
    bits: npt.NDArray[np.uint64], start: npt.NDArray[np.int64], texts: Sequence[str]
) -> npt.NDArray[np.uint16]:
    """Return the cues of each post; `bits` are its tokens' (`token_bits`), post `i` owning `start[i]:start[i + 1]`."""
    out = np.zeros(len(texts), dtype=np.uint16)
    counts = np.diff(start)
    filled = np.flatnonzero(counts)
    if not len(filled):
        return out
    first = start[filled]
    both = np.bitwise_or.reduceat(bits, first)
    head = bits[first]
    second = np.where(counts[filled] > 1, bits[np.minimum(first + 1, len(bits) - 1)], np.uint64(0))
    personal = np.bitwise_count(both & np.uint64(_ALL_PERSONAL))
    found = (personal > 0) * np.uint16(PERSONAL) | (personal > 1) * np.uint16(PERSONAL_TWICE)
    for token_bit, cue in (
        (_T_LINK, LINK), (_T_OFFICE, OFFICE), (_T_NEWS, NEWS), (_T_ASKS, ASKS), (_T_ASKS | _T_SHOUTS, CALLS),
    ):  # fmt: skip
        found |= ((both & np.uint64(token_bit)) != 0) * np.uint16(cue)
    found |= ((head & np.uint64(_T_AT | _T_DOT_AT)) != 0) * np.uint16(ADDRESSED)
    found |= (((head & np.uint64(_T_RT)) != 0) & ((second & np.uint64(_T_AT)) != 0)) * np.uint16(REPOST)
    found |= (counts[filled] >= LONG) * np.uint16(HEADLINE)
    linked = (both & np.uint64(_T_LINK)) != 0
    asked = (both & np.uint64(_T_WORK | _T_OFFICE)) != 0
    asked |= linked & ((both & np.uint64(_T_HASH | _T_AUTOMATIC)) != 0)
    out[filled] = found
    for i in filled[asked].tolist():
        out[i] |= _phrases(texts[i][:MAX_CHARS].lower().replace("’", "'"), int(out[i]))
    return out


def _phrases(low: str, cues: int) -> int:
    found = 0
    if cues & LINK:
        found |= TAGGED * (low.count("#") > MANY_TAGS) | AUTOMATIC * any(phrase in low for phrase in _AUTOMATIC_PHRASES)
    if _WORK_PARTS.search(low) and WORKS_THERE.search(low):
        found |= WORK
    if cues & OFFICE and SPEAKS_FOR.search(low) and not SPEAKS_TO.search(low):
        found |= OFFICE_PHRASE
    return found
