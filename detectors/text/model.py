"""The text model: sentiment, language, terms and signature of a batch of posts, and learning from people's labels.

    z = Σ (hashed + static) / √m + dense·W,   p = softmax(z)

with m hashed features in the post. `hashed` are words, negated words and bigrams of an online classifier; `static` is what
training distilled into each word (its letters, and a sentence model's view of it); `dense` are lexicon and shape
features. Sums are over integers, so a post's result is the same in any batch. Training has calibrated the scale of z.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from detectors.text import cues, features, grave
from detectors.text.accents import Accents
from detectors.text.correction import Correction
from detectors.text.dictionary import dictionary
from detectors.text.language import identify
from detectors.text.modelfile import ModelError, check, digest, number, pack, unpack
from detectors.text.negation import Negation, negation
from detectors.text.scored import Scored, probabilities
from detectors.text.softmax import CLASSES, SCALE, HashedSoftmax
from detectors.text.table import Encoded, TokenTable
from detectors.text.terms import signatures, terms
from detectors.text.tokens import CLAUSE
from detectors.text.vocabulary import CHAR_BITS, VALUES, Vocabulary

__all__ = ["Scored", "TextModel"]

WARM_START: Final = "warm.msgpack"
D: Final = len(features.DENSE)
BLOCKS: Final = features.BLOCKS
SIZE: Final = features.PLACES + BLOCKS * D + len(CLASSES)
FOREIGN: Final = 0.25
"""How much of its log-odds a post keeps in a language the model was not trained for: unsure, never sure and wrong. Emoji
alone speak every language."""
LEARNING_RATE: Final = 0.05
STEP: Final = 10_000
"""The largest unit of a model's weights, in 1/1024."""
_SHAPES: Final[dict[str, tuple[int | str, ...]]] = {
    "hashed": (2, features.SPACE, 3),
    "char": (2, 1 << CHAR_BITS, 3),
    "dense": (BLOCKS, D, 3),
    "word_hash": ("words",),
    "word_values": ("words", VALUES),
    "lang_hash": ("rows",),
    "lang_rows": ("rows", "languages"),
}
_LEARNT: Final[dict[str, tuple[int | str, ...]]] = {
    "learnt_place": ("places",),
    "learnt_weight": ("places", 3),
    "learnt_squares": ("places", 3),
}


class TextModel:
    """Scores batches and learns one label at a time. Not thread-safe; one per worker."""

    def __init__(self, meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.meta = meta
        self.arrays = arrays
        lengths = check(arrays, _SHAPES)
        fraction = next((name for name in _SHAPES if name != "dense" and arrays[name].dtype.kind == "f"), None)
        if fraction:
            raise ModelError(f"text model: array {fraction!r} holds no whole numbers; make it anew: `make train`")
        languages = meta.get("languages")
        if not isinstance(languages, list) or not all(isinstance(name, str) for name in languages):
            raise ModelError("text model: 'languages' is no list of names; make it anew: `make train`")
        if len(languages) != lengths["languages"]:
            raise ModelError(
                f"text model: {len(languages)} languages are named, {lengths['languages']} are told apart; make it anew: `make train`"
            )
        self.accents = Accents(str(meta.get("accents", "")).split())
        self.vocabulary = Vocabulary(arrays, number(meta, "char_step", STEP), languages, self.accents)
        warm = np.zeros((SIZE, 3))
        hashed = arrays["hashed"].astype(np.float64) * (number(meta, "hashed_step", STEP) / SCALE)
        warm[: features.PLACES] = np.concatenate([hashed[0], hashed[1], (hashed[0] + hashed[1]) / 2])
        warm[features.PLACES : features.PLACES + BLOCKS * D] = arrays["dense"].reshape(-1, 3)
        warm[-3:] = np.eye(3)
        self.classifier = HashedSoftmax(SIZE, LEARNING_RATE, list(CLASSES))
        self.classifier.weights = warm
        self._quantised: npt.NDArray[np.int32] = np.zeros((features.PLACES + 1, 3), dtype=np.int32)
        self._quantised[:-1] = np.rint(warm[: features.PLACES] * SCALE)
        self._touched: set[int] = set()
        self.size = SIZE
        self._corrections: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
        self._warm_digest = digest(meta, arrays)
        self.warm = self._warm_digest[:12]
        self._names = self.vocabulary.languages.names
        widths = (VALUES, 2 * len(CLASSES), len(self._names))
        self.table = TokenTable(self.vocabulary.known, widths, self.vocabulary.knows)

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
        return cls.from_parts(*unpack(data))

    @classmethod
    def from_parts(cls, meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> TextModel:
        """Return the model with this description and these arrays, which become its own. Raises `ModelError`."""
        learnt = {name: arrays.pop(name) for name in list(arrays) if name.startswith("learnt_")}
        count = number(meta, "learnt", 2**53)
        meta.pop("learnt", None)
        if learnt:
            check(learnt, _LEARNT)
            places = learnt["learnt_place"]
            if places.dtype.kind == "f" or not ((places >= 0) & (places < SIZE)).all():
                raise ModelError(f"text model: 'learnt_place' lies beyond 0 … {SIZE - 1}; make it anew: `make train`")
        model = cls(meta, arrays)
        if learnt:
            model._restore(learnt, count)
        return model

    def to_bytes(self) -> bytes:
        """Return the whole model, what it learnt included: versioned, checksummed, no pickle."""
        places = np.array(sorted(self._touched), dtype=np.int64)
        learnt = {
            "learnt_place": places,
            "learnt_weight": self.classifier.weights[places],
            "learnt_squares": self.classifier.optimizer.squares[places] if len(places) else np.zeros((0, 3)),
        }
        return pack({**self.meta, "learnt": self.classifier.learnt}, {**self.arrays, **learnt})

    def _restore(self, learnt: dict[str, npt.NDArray[Any]], count: int) -> None:
        places = learnt["learnt_place"]
        if not len(places):
            return
        self.classifier.weights[places] = learnt["learnt_weight"]
        self.classifier.optimizer.squares = np.zeros(self.classifier.weights.shape)
        self.classifier.optimizer.squares[places] = learnt["learnt_squares"]
        self.classifier.learnt = count
        self._touch(places)

    @property
    def version(self) -> str:
        """A short digest of recipe and weights: equal on two workers that learnt the same labels in the same order."""
        digest = hashlib.sha256(self._warm_digest.encode())
        for place in sorted(self._touched):
            digest.update(place.to_bytes(4, "little"))
            digest.update(self.classifier.weights[place].tobytes())
        return digest.hexdigest()[:12]

    # ------------------------------------------------------------------------------------------------------ scoring

    def score(
        self,
        texts: Sequence[str],
        langs: Sequence[str | None],
        brand_words: Sequence[Mapping[str, float] | None] | None = None,
        brands: Sequence[str | None] | None = None,
    ) -> Scored:
        """Return sentiment, language, terms and signature of each text.

        Args:
            texts: any strings; the first 4,000 characters and 400 tokens count.
            langs: what the platform says (`en`, `fr-CA`, None).
            brand_words: per text, a brand's own dictionary: phrase → valence from -4 to 4 (0: means nothing).
            brands: per text, whose correction (`use_corrections`) applies.

        A brand's own words count for the sentiment; terms, signature and cues are those of the text as it was written.
        """
        written, n = texts, len(texts)
        texts = _with_brand_words(texts, brand_words)
        changed = [i for i in range(n) if texts[i] is not written[i]] if texts is not written else []
        if changed:  # as written once more behind the others
            texts = [*texts, *(written[i] for i in changed)]
            langs = [*langs, *(langs[i] for i in changed)]
            brands = None if brands is None else [*brands, *(None for _ in changed)]
        enc = self.table.encode(texts)
        lang = identify(enc, self._names, langs, texts)
        flags = self.table.flags[enc.piece]
        z = self._logits(enc, flags, lang, brands)
        negative, positive = probabilities(z)
        said = cues.of_batch(enc.cues, enc.token_start, texts)
        matter = grave.of_batch(enc, lang, langs, brands)
        scored = Scored(negative, positive, lang, terms(enc, flags), signatures(enc), said, matter)
        if not changed:
            return scored
        told = np.arange(n)
        told[changed] = np.arange(n, n + len(changed))
        return Scored(
            negative[:n],
            positive[:n],
            lang[:n],
            scored.terms.take(told),
            scored.signature[told],
            said[told],
            matter[:n],
        )

    def parts(
        self, enc: Encoded, flags: npt.NDArray[np.int32], block: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64], Negation]:
        """Return the places of words and of bigrams per position, the dense features, and what is negated."""
        table = self.table
        which = block[enc.doc]
        both = table.lexica.reshape(-1, VALUES // 2).take(3 * enc.piece + which, axis=0)
        neg = negation(
            table.role[enc.piece],
            lambda at: table.spelt[enc.piece[at], which[at]],
            (flags & CLAUSE) != 0,
            enc.doc,
            which,
            both[:, 0] < 0,
        )
        word, pair = features.hashed(enc, neg, block)
        return word, pair, features.dense(enc, flags, neg, both), neg

    def _static(self, enc: Encoded, block: npt.NDArray[np.int64], neg: Negation) -> npt.NDArray[np.int64]:
        """Return the static scores (n, 3) in 1/1024; another language takes the mean of English and French.

        Negated words and silent cues give none: what their letters say is not what is meant.
        """
        sums = enc.totals(self.table.scores)
        out_of = np.flatnonzero(neg.turned | neg.silent)
        if len(out_of):
            sums = sums.copy()
            np.subtract.at(sums, enc.doc[out_of], self.table.summable[enc.piece[out_of], self.table.scores])
        english, french = sums[:, :3], sums[:, 3:]
        which = block[:, None]
        out: npt.NDArray[np.int64] = np.where(
            which == 0, english, np.where(which == 1, french, (english + french) // 2)
        )
        return out

    def _logits(
        self, enc: Encoded, flags: npt.NDArray[np.int32], lang: Sequence[str], brands: Sequence[str | None] | None
    ) -> npt.NDArray[np.float64]:
        block = np.array([_BLOCK.get(x, 2) for x in lang], dtype=np.int64)
        word, pair, dense, neg = self.parts(enc, flags, block)
        static = self._static(enc, block, neg)
        size = features.sizes(enc) * SCALE
        weights = self.classifier.weights
        both = np.empty((len(word), 2), dtype=np.int32)  # the two places of each position, one after the other
        both[:, 0], both[:, 1] = word, pair
        ones, ends = np.ones(2 * len(word), dtype=np.int32), (2 * enc.start).astype(np.int32)
        total = sparse.csr_matrix((ones, both.ravel(), ends), (enc.n, features.PLACES + 1)) @ self._quantised
        z: npt.NDArray[np.float64] = total / size[:, None]
        rows = weights[features.PLACES :]
        offset = static / size[:, None]
        for k in range(3):
            for j in range(3):
                z[:, k] += offset[:, j] * rows[BLOCKS * D + j, k]
        steps = rows[: BLOCKS * D].reshape(BLOCKS, D, 3).transpose(1, 0, 2)[:, block]
        steps *= dense.T[:, :, None]
        for step in steps:  # one after the other: rounding is then the same in any batch
            z += step
        if self._corrections and brands is not None:
            for brand in sorted({b for b in brands if b is not None and b in self._corrections}):
                which = np.array([b == brand for b in brands])
                self._correct(z, which, brand, *features.places(enc, word, pair), size, dense, block)
        z *= np.where((block == 2) & (enc.totals(self.table.words_column)[:, 0] > 0), FOREIGN, 1.0)[:, None]
        return z

    def _correct(
        self,
        z: npt.NDArray[np.float64],
        which: npt.NDArray[np.bool_],
        brand: str,
        index: npt.NDArray[np.int64],
        doc: npt.NDArray[np.int64],
        size: npt.NDArray[np.float64],
        dense: npt.NDArray[np.float64],
        block: npt.NDArray[np.int64],
    ) -> None:
        """Add a brand's correction to the log-odds of its posts, in place."""
        places, weights = self._corrections[brand]
        mine = which[doc]
        at, post = index[mine], doc[mine]
        found = np.minimum(np.searchsorted(places, at), len(places) - 1)
        hit = places[found] == at
        for k in range(3):
            z[:, k] += np.bincount(post[hit], weights=weights[found[hit], k], minlength=len(z)) / size
        for j in range(D):
            place = features.PLACES + block * D + j
            found = np.minimum(np.searchsorted(places, place), len(places) - 1)
            row = np.where((which & (places[found] == place))[:, None], weights[found], 0)
            z += dense[:, j, None] * row / SCALE

    # ----------------------------------------------------------------------------------------------------- learning

    def use_corrections(self, corrections: Mapping[str, Correction]) -> None:
        """Use the brands' own corrections (`FeedbackState.corrections`) from the next batch on."""
        self._corrections = {name: c.compiled() for name, c in sorted(corrections.items()) if c.learnt}

    def corrected(self, brand: str) -> bool:
        """Whether labels of this brand change what is said of its posts."""
        return brand in self._corrections

    def log_odds(self, x: Mapping[int, float]) -> list[float]:
        """Return the shared model's log-odds of the classes for hashed features."""
        rows = self.classifier.weights[np.fromiter(x, np.int64, len(x))]
        z: list[float] = (rows * np.fromiter(x.values(), np.float64, len(x))[:, None]).sum(axis=0).tolist()
        return z

    def features(self, text: str, lang: str | None) -> dict[int, float]:
        """Return the hashed features of a text: what a label needs to be learnt from, without the text."""
        enc = self.table.encode([text])
        flags = self.table.flags[enc.piece]
        names = identify(enc, self._names, [lang], [text])
        block = np.array([_BLOCK.get(names[0], 2)], dtype=np.int64)
        word, pair, dense, neg = self.parts(enc, flags, block)
        index, _ = features.places(enc, word, pair)
        size = math.sqrt(max(len(index), 1))
        out: dict[int, float] = {}
        for place in index.tolist():
            out[place] = out.get(place, 0.0) + 1.0 / size
        for j, value in enumerate(dense[0].tolist()):
            if value:
                out[features.PLACES + int(block[0]) * D + j] = value
        static = self._static(enc, block, neg)[0]
        for k in range(3):
            out[features.PLACES + BLOCKS * D + k] = float(static[k]) / SCALE / size
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
        self._touch(np.array(places, dtype=np.int64))

    def _touch(self, places: npt.NDArray[np.int64]) -> None:
        self._touched.update(places.tolist())
        hashed = places[places < features.PLACES]
        self._quantised[hashed] = np.rint(self.classifier.weights[hashed] * SCALE).astype(np.int32)


_BLOCK: Final = {"en": 0, "fr": 1}


def _with_brand_words(texts: Sequence[str], brand_words: Sequence[Mapping[str, float] | None] | None) -> Sequence[str]:
    """Return the texts with each brand's own phrases replaced by what they mean there."""
    if brand_words is None or not any(brand_words):
        return texts
    return [dictionary(words).replaced(text) if words else text for text, words in zip(texts, brand_words, strict=True)]


@lru_cache(maxsize=1)
def _shipped() -> bytes:
    return resources.files("detectors.text").joinpath(WARM_START).read_bytes()
