"""The text model: sentiment, language, terms and signature of a batch of posts, and learning from people's labels.

    z = Σ (hashed + static) / √m + dense·W,   p = softmax(z)

with m hashed features in the post. `hashed` are words, negated words and bigrams of an online classifier; `static` is what
training distilled into each word (its letters, and a sentence model's view of it); `dense` are lexicon and shape
features. Sums are over integers, so a post's result is the same in any batch. Training has calibrated the scale of z.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detectors.text import features
from detectors.text.language import LanguageTable, identify
from detectors.text.modelfile import ModelError, pack, unpack
from detectors.text.softmax import CLASSES, SCALE, HashedSoftmax
from detectors.text.table import Encoded, Known, TokenTable
from detectors.text.terms import signatures, terms
from detectors.text.tokens import WORD, Piece, word_hash

WARM_START: Final = "warm.msgpack"
D: Final = len(features.DENSE)
BLOCKS: Final = 3
"""Dense weights of their own: English, French, any other language."""
SIZE: Final = features.SPACE + BLOCKS * D + len(CLASSES)
CHAR_BITS: Final = 16
FOREIGN: Final = 0.5
"""How much of its log-odds a post keeps in a language the model was not trained for: unsure, never sure and wrong."""
LEARNING_RATE: Final = 0.05
UNITS: Final = 10_000

# exp(-k/256) for k = 0 … 16·256, in units of 2^-40: a table makes probabilities the same on any machine.
_EXP_STEPS: Final = 256
_EXP: Final = np.array([round(math.exp(-k / _EXP_STEPS) * 2**40) for k in range(16 * _EXP_STEPS + 1)], dtype=np.int64)


@dataclass(slots=True)
class Scored:
    """What the model says of n posts. Probabilities are integers of 1/10,000; neutral is the rest."""

    negative: npt.NDArray[np.uint16]
    positive: npt.NDArray[np.uint16]
    lang: list[str]
    terms: list[tuple[str, ...]]
    signature: npt.NDArray[np.uint64]

    @property
    def neutral(self) -> npt.NDArray[np.uint16]:
        """P(neutral) in 1/10,000."""
        return (UNITS - self.negative.astype(np.int32) - self.positive).astype(np.uint16)

    def label(self, i: int) -> str:
        """Return the likeliest class of post `i`; neutral where two are equal."""
        three = (int(self.negative[i]), int(self.neutral[i]), int(self.positive[i]))
        return "neutral" if three[1] == max(three) else CLASSES[three.index(max(three))]


def char_places(word: str) -> list[int]:
    """Return the places of a word's letter sequences of 3 to 5, its ends marked."""
    marked = f"<{word}>"
    shift = 32 - CHAR_BITS
    return [
        (word_hash(marked[i : i + n]) * 0x9E3779B1 & 0xFFFFFFFF) >> shift
        for n in (3, 4, 5)
        for i in range(len(marked) - n + 1)
    ]


class TextModel:
    """Scores batches and learns one label at a time. Not thread-safe; one per worker."""

    def __init__(self, meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.meta = meta
        self.arrays = arrays
        try:
            if arrays["hashed"].shape != (features.SPACE, 3) or arrays["dense"].shape != (BLOCKS, D, 3):
                raise ModelError("text model has other features than this version; make it anew: `make train`")
            self._char: npt.NDArray[np.int32] = arrays["char"].astype(np.int32) * int(meta["char_step"])
            self._words = {h: k for k, h in enumerate(arrays["word_hash"].tolist())}
            rows = dict(zip(arrays["lang_hash"].tolist(), arrays["lang_rows"].tolist(), strict=True))
            self._languages = LanguageTable(meta["languages"], rows)
            warm = np.zeros((SIZE, 3))
            warm[: features.SPACE] = arrays["hashed"].astype(np.float64) * (int(meta["hashed_step"]) / SCALE)
            warm[features.SPACE : features.SPACE + BLOCKS * D] = arrays["dense"].reshape(-1, 3)
            warm[-3:] = np.eye(3)
        except KeyError as missing:
            raise ModelError(f"text model has no {missing}; make it anew: `make train`") from None
        self.classifier = HashedSoftmax(SIZE, LEARNING_RATE, CLASSES)
        self.classifier.weights = warm
        self._quantised: npt.NDArray[np.int32] = np.rint(warm[: features.SPACE] * SCALE).astype(np.int32)
        self._touched: set[int] = set()
        self._warm_digest = hashlib.sha256(pack(meta, arrays)).hexdigest()
        widths = (arrays["word_values"].shape[1], 3, len(self._languages.names))
        self._table = TokenTable(self._known, widths)

    # ------------------------------------------------------------------------------------------------ load and save

    @classmethod
    def load(cls, path: Path | None = None) -> TextModel:
        """Return the model in the file `path`, or the shipped one. Raises `ModelError`, `OSError`."""
        if path is not None:
            return cls.from_bytes(path.read_bytes())
        return cls.from_bytes(_shipped())

    @classmethod
    def from_bytes(cls, data: bytes) -> TextModel:
        """Return the model that `to_bytes` wrote. Raises `ModelError`."""
        meta, arrays = unpack(data)
        learnt = {name: arrays.pop(name) for name in list(arrays) if name.startswith("learnt_")}
        count = int(meta.pop("learnt", 0))
        model = cls(meta, arrays)
        if learnt:
            model._restore(learnt, count)
        return model

    def to_bytes(self) -> bytes:
        """Return the whole model, what it learnt included: versioned, checksummed, no pickle."""
        places = np.array(sorted(self._touched), dtype=np.int64)
        g2 = self.classifier.optimizer.g2
        learnt = {
            "learnt_place": places,
            "learnt_weight": self.classifier.weights[places],
            "learnt_g2": np.array([[g2.get((int(p), k), 0.0) for k in range(3)] for p in places]).reshape(-1, 3),
        }
        return pack({**self.meta, "learnt": self.classifier.learnt}, {**self.arrays, **learnt})

    def _restore(self, learnt: dict[str, npt.NDArray[Any]], count: int) -> None:
        for place, weight, g2 in zip(
            learnt["learnt_place"].tolist(), learnt["learnt_weight"], learnt["learnt_g2"].tolist(), strict=True
        ):
            self.classifier.weights[place] = weight
            for k, value in enumerate(g2):
                self.classifier.optimizer.g2[place, k] = value
            self._touch(place)
        self.classifier.learnt = count

    @property
    def version(self) -> str:
        """A short digest of recipe and weights: equal on two workers that learnt the same labels in the same order."""
        digest = hashlib.sha256(self._warm_digest.encode())
        for place in sorted(self._touched):
            digest.update(place.to_bytes(4, "little"))
            digest.update(self.classifier.weights[place].tobytes())
        return digest.hexdigest()[:12]

    # ------------------------------------------------------------------------------------------------------ scoring

    def _known(self, piece: Piece) -> Known:
        row = self._words.get(word_hash(piece.text))
        scores = np.zeros(3, dtype=np.int64)
        values: tuple[int, ...] = (0,) * self.arrays["word_values"].shape[1]
        if row is not None:
            values = tuple(self.arrays["word_values"][row].tolist())
            scores += self.arrays["word_scores"][row]
        if piece.flags & WORD:
            places = char_places(piece.text)
            scores += np.rint(self._char[places].sum(axis=0) / math.sqrt(len(places))).astype(np.int64)
        return Known(values, tuple(scores.tolist()), self._languages.of(piece))

    def score(
        self,
        texts: Sequence[str],
        langs: Sequence[str | None],
        brand_words: Sequence[Mapping[str, float] | None] | None = None,
    ) -> Scored:
        """Return sentiment, language, terms and signature of each text.

        Args:
            texts: any strings; the first 4,000 characters and 400 tokens count.
            langs: what the platform says (`en`, `fr-CA`, None).
            brand_words: per text, a brand's own dictionary: phrase → valence from -4 to 4 (0: means nothing).
        """
        texts = _with_brand_words(texts, brand_words)
        enc = self._table.encode(texts)
        lang = identify(enc, self._languages.names, langs, texts)
        flags = self._table.flags[enc.piece]
        z = self._logits(enc, flags, lang)
        negative, positive = _probabilities(z)
        return Scored(negative, positive, lang, terms(enc, flags), signatures(enc))

    def _parts(
        self, enc: Encoded, flags: npt.NDArray[np.int32], block: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return (index, post) of the hashed features and the dense features."""
        neg = features.negated(enc, flags)
        index, doc = features.hashed(enc, flags, neg)
        values = self._table.values[enc.piece]
        which = block[enc.doc]
        valence = np.where(which == 2, values[:, 0] + values[:, 1], values[np.arange(len(which)), np.minimum(which, 1)])
        return index, doc, features.dense(enc, flags, neg, valence.astype(np.int64))

    def _logits(
        self, enc: Encoded, flags: npt.NDArray[np.int32], lang: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        block = np.array([_BLOCK.get(x, 2) for x in lang], dtype=np.int64)
        index, doc, dense = self._parts(enc, flags, block)
        static = enc.sums(self._table.scores[enc.piece])
        size = np.sqrt(np.maximum(np.bincount(doc, minlength=enc.n), 1)) * SCALE
        weights = self.classifier.weights
        z = np.empty((enc.n, 3))
        for k in range(3):  # sums of integers below 2^53 are exact as floats, in any order
            total = np.bincount(doc, weights=self._quantised[index, k], minlength=enc.n)
            z[:, k] = total / size
        rows = weights[features.SPACE :]
        offset = static / size[:, None]
        for k in range(3):
            for j in range(3):
                z[:, k] += offset[:, j] * rows[BLOCKS * D + j, k]
        for j in range(D):
            z += dense[:, j, None] * rows[block * D + j]
        z *= np.where(block == 2, FOREIGN, 1.0)[:, None]
        return z

    # ----------------------------------------------------------------------------------------------------- learning

    def features(self, text: str, lang: str | None) -> dict[int, float]:
        """Return the hashed features of a text: what a label needs to be learnt from, without the text."""
        enc = self._table.encode([text])
        flags = self._table.flags[enc.piece]
        names = identify(enc, self._languages.names, [lang], [text])
        block = np.array([_BLOCK.get(names[0], 2)], dtype=np.int64)
        index, _, dense = self._parts(enc, flags, block)
        size = math.sqrt(max(len(index), 1))
        out: dict[int, float] = {}
        for place in index.tolist():
            out[place] = out.get(place, 0.0) + 1.0 / size
        for j, value in enumerate(dense[0].tolist()):
            if value:
                out[features.SPACE + int(block[0]) * D + j] = value
        static = enc.sums(self._table.scores[enc.piece])[0]
        for k in range(3):
            out[features.SPACE + BLOCKS * D + k] = float(static[k]) / SCALE / size
        return {place: round(value, 5) for place, value in out.items()}

    def learn(self, text: str, lang: str | None, label: str) -> None:
        """Take one step towards `label`. Raises `ValueError` for an unknown label."""
        self.learn_hashed(self.features(text, lang), label)

    def learn_hashed(self, x: Mapping[int, float], label: str, weight: float = 1.0) -> None:
        """Take one step towards `label` from the hashed features of a post. Raises `ValueError`."""
        if label not in CLASSES:
            raise ValueError(f'label "{label}": must be one of {", ".join(CLASSES)}')
        places = [p for p in x if 0 <= p < SIZE]
        if len(places) != len(x):
            raise ValueError(f"features: places must lie between 0 and {SIZE - 1}")
        self.classifier.learn_one(x, label, weight)
        for place in places:
            self._touch(place)

    def _touch(self, place: int) -> None:
        self._touched.add(place)
        if place < features.SPACE:
            self._quantised[place] = np.rint(self.classifier.weights[place] * SCALE)


_BLOCK: Final = {"en": 0, "fr": 1}


def _probabilities(z: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Return P(negative) and P(positive) in 1/10,000 from log-odds (n, 3): softmax by table, half to even."""
    steps = np.rint((z.max(axis=1, keepdims=True) - z) * _EXP_STEPS)
    e = _EXP[np.minimum(steps, len(_EXP) - 1).astype(np.int64)]
    total = e.sum(axis=1)
    negative = np.rint(e[:, 0] / total * UNITS)
    positive = np.rint(e[:, 2] / total * UNITS)
    positive = np.minimum(positive, UNITS - negative)
    return negative.astype(np.uint16), positive.astype(np.uint16)


def _with_brand_words(
    texts: Sequence[str], brand_words: Sequence[Mapping[str, float] | None] | None
) -> Sequence[str]:
    """Return the texts with each brand's own phrases replaced by what they mean there: a neutral word or a face."""
    if brand_words is None or not any(brand_words):
        return texts
    out = list(texts)
    for i, words in enumerate(brand_words):
        if words:
            out[i] = _replace(out[i], tuple(words.items()))
    return out


def _replace(text: str, words: tuple[tuple[str, float], ...]) -> str:
    low = text.lower()
    for phrase, valence in words:
        if phrase and phrase.lower() in low:
            text = _pattern(phrase).sub("Ⓟ" if not valence else ":)" if valence > 0 else ":(", text)
            low = text.lower()
    return text


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> Any:
    return re.compile(rf"(?<!\w)[#@]?{re.escape(phrase)}(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=1)
def _shipped() -> bytes:
    return resources.files("detectors.text").joinpath(WARM_START).read_bytes()
