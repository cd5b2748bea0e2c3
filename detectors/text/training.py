"""How the shipped model is learnt from labelled texts: features, regression, calibration, rounding.

Batch training is a convex problem (multinomial logistic regression, L2) solved by L-BFGS (Byrd et al. 1995) over the
very features that the worker computes; the online classifier then goes on from these weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from detectors.text import features
from detectors.text.accents import accented
from detectors.text.emoji import POLARITY
from detectors.text.lexicon import UNIT, lexicon, polarities
from detectors.text.model import BLOCKS, D, TextModel
from detectors.text.set_words import SET_ENGLISH, SET_FRENCH
from detectors.text.softmax import CLASSES, SCALE
from detectors.text.tokens import STOPS_FR, WORD, Piece, pieces, word_hash
from detectors.text.vocabulary import CHAR_BITS, VALUES, char_places

Matrix = Any  # scipy has no types here
Floats = npt.NDArray[np.float64]

L2: Final = (2.0, 2.0, 1.0)
"""Strength of the pull to zero of hashed words, letters and dense features; chosen on folds of the training data."""
L2_BIAS: Final = 0.01
CALIBRATE: Final = 4
"""Every so many labelled texts are set aside to calibrate on; the final weights are then learnt from all."""
MOST_STEPS: Final = 150
"""Steps of L-BFGS; the loss no longer changes in its fourth digit."""


@dataclass(slots=True)
class Example:
    """A labelled text; `target` are the probabilities to learn (one of them 1 for a human label).

    `domain` 0 is what the model is for; others lend their words, not their share of classes.
    """

    text: str
    lang: str
    target: tuple[float, float, float]
    weight: float = 1.0
    domain: int = 0


def one_hot(label: str) -> tuple[float, float, float]:
    """Return the target of a human label. Raises `ValueError` for an unknown one."""
    k = CLASSES.index(label)
    return (float(k == 0), float(k == 1), float(k == 2))


def blank(languages: tuple[list[str], dict[int, list[int]]] | None = None) -> TextModel:
    """Return a model that knows the lexica and the languages, with all weights zero."""
    values: dict[int, list[int]] = {}
    for column, lang in enumerate(("en", "fr")):
        for word, valence in lexicon(lang).items():
            values.setdefault(_key(word), [0] * VALUES)[column] = round(valence * UNIT)
        for word, (polarity, subjectivity) in polarities(lang).items():
            row = values.setdefault(_key(word), [0] * VALUES)
            row[2 + column], row[4 + column] = round(polarity * UNIT), round(subjectivity * UNIT)
    for column, words in enumerate((SET_ENGLISH, SET_FRENCH)):
        for word, valence in words.items():
            row = values.setdefault(word_hash(word), [0] * VALUES)
            row[column] = round(valence * UNIT)
            if column:
                row[3] = row[3] or row[1] // POLARITY
    french = {*lexicon("fr"), *polarities("fr"), *STOPS_FR, *SET_FRENCH}
    spelt = sorted(accented(french, french), key=lambda word: (word not in SET_FRENCH, word))
    keys = sorted(values)
    names, rows = languages or (["en", "fr"], {})
    lang_keys = sorted(rows)
    return TextModel(
        {"char_step": 1, "hashed_step": 1, "languages": names, "accents": " ".join(spelt)},
        {
            "hashed": np.zeros((2, features.SPACE, 3), dtype=np.int8),
            "char": np.zeros((2, 1 << CHAR_BITS, 3), dtype=np.int8),
            "dense": np.zeros((BLOCKS, D, 3)),
            "word_hash": np.array(keys, dtype=np.uint32),
            "word_values": np.array([values[k] for k in keys], dtype=np.int16),
            "lang_hash": np.array(lang_keys, dtype=np.uint32),
            "lang_rows": np.array([rows[k] for k in lang_keys], dtype=np.int8).reshape(len(lang_keys), len(names)),
        },
    )


def _key(word: str) -> int:
    found = pieces(word)
    return word_hash(found[0].text if len(found) == 1 else word)


@dataclass(slots=True)
class Design:
    """Features of texts as one sparse matrix, and which weight each column is.

    Every group stands there three times: shared by both languages, English only, French only ("frustratingly easy"
    adaptation, Daumé 2007): what the few labels of one language cannot tell, the other's do.
    """

    x: Matrix
    group: npt.NDArray[np.int64]  # 0 hashed, 1 letters, 2 dense
    part: npt.NDArray[np.int64]  # 0 shared, 1 English, 2 French
    place: npt.NDArray[np.int64]


def design(model: TextModel, texts: Sequence[str], langs: Sequence[str]) -> Design:
    """Return the features of `texts`, with the columns that no text uses left out."""
    table = model.table
    enc = table.encode(texts)
    flags = table.flags[enc.piece]
    block = np.array([{"en": 0, "fr": 1}.get(x, 2) for x in langs], dtype=np.int64)
    word, pair, dense, neg = model.parts(enc, flags, block)
    index, doc = features.places(enc, word, pair)
    size = np.sqrt(np.maximum(np.bincount(doc, minlength=enc.n), 1))
    hashed = sparse.csr_matrix((1 / size[doc], (doc, index % features.SPACE)), (enc.n, features.SPACE))
    per_piece = _letters(table.known)
    speaks = ~(neg.turned | neg.silent)
    counts = sparse.csr_matrix(
        ((1 / size[enc.doc])[speaks], (enc.doc[speaks], enc.piece[speaks])), (enc.n, per_piece.shape[0])
    )
    as_spelt = sparse.diags((block == 1).astype(float)) @ counts @ _letters(table.known, model.accents.of)
    letters = sparse.diags((block != 1).astype(float)) @ counts @ per_piece + as_spelt
    matrices, groups, parts, places = [], [], [], []
    for group, matrix in enumerate((hashed, letters, sparse.csr_matrix(dense))):
        for part in range(3):
            mine = matrix if part == 0 else sparse.diags((block == part - 1).astype(float)) @ matrix
            used = np.flatnonzero(np.diff(mine.tocsc().indptr))
            matrices.append(mine.tocsc()[:, used])
            groups.append(np.full(len(used), group))
            parts.append(np.full(len(used), part))
            places.append(used)
    return Design(
        sparse.hstack(matrices).tocsr(), np.concatenate(groups), np.concatenate(parts), np.concatenate(places)
    )


def _letters(known: Sequence[Piece], spelt: Callable[[str], str] = str) -> Matrix:
    """Return (pieces, places): each word's letter sequences, scaled to length one; of the word as `spelt` gives it."""
    rows, cols, values = [], [], []
    for row, piece in enumerate(known):
        if piece.flags & WORD:
            places = char_places(spelt(piece.text))
            rows += [row] * len(places)
            cols += places
            values += [1 / math.sqrt(len(places))] * len(places)
    return sparse.csr_matrix((values, (rows, cols)), (len(known), 1 << CHAR_BITS))


def fit(x: Matrix, target: Floats, weight: Floats, l2: Floats) -> Floats:
    """Return the weights (features, 3) that minimise Σ w·cross-entropy + Σ l2·W²/2."""
    transposed = x.T.tocsr()
    width = x.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        w = flat.reshape(width, 3)
        z = x @ w
        z -= z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        gradient = transposed @ (weight[:, None] * (np.exp(log_p) - target)) + l2[:, None] * w
        value = -(weight[:, None] * target * log_p).sum() + 0.5 * (l2[:, None] * w * w).sum()
        return float(value), gradient.ravel()

    found = optimize.minimize(loss, np.zeros(width * 3), jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS})
    out: Floats = found.x.reshape(width, 3)
    return out


def softmax(z: Floats) -> Floats:
    """Return the rows of `z` as probabilities."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    out: Floats = e / e.sum(axis=1, keepdims=True)
    return out


def temperature(z: Floats, target: Floats) -> float:
    """Return the T that makes softmax(z / T) likeliest on held-out texts (Guo et al. 2017)."""

    def loss(log_t: float) -> float:
        p = softmax(z / math.exp(log_t))
        return -float((target * np.log(np.maximum(p, 1e-12))).sum())

    return math.exp(float(optimize.minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


def calibration_error(p: Floats, target: Floats, bins: int = 15) -> float:
    """Return the expected calibration error of the likeliest class (Naeini et al. 2015), `bins` equal widths."""
    sure, right = p.max(axis=1), target[np.arange(len(p)), p.argmax(axis=1)]
    which = np.minimum((sure * bins).astype(int), bins - 1)
    error = 0.0
    for b in range(bins):
        inside = which == b
        if inside.any():
            error += inside.mean() * abs(float(sure[inside].mean() - right[inside].mean()))
    return error


@dataclass(slots=True)
class Trained:
    """A model, and how well its probabilities were calibrated on the texts set aside."""

    model: TextModel
    temperature: float
    ece_before: float
    ece_after: float


def train(model: TextModel, examples: Sequence[Example], meta: dict[str, Any]) -> Trained:
    """Return `model` (from `blank`) with weights learnt from `examples` and calibrated on a part of them.

    Examples of another domain than 0 get a bias of their own, which is dropped: a source's share of angry posts is its
    own affair. Calibration is judged on domain 0 alone.
    """
    d = design(model, [e.text for e in examples], [e.lang for e in examples])
    domain = np.array([e.domain for e in examples])
    own = [sparse.csr_matrix((domain == k).astype(float)[:, None]) for k in range(1, int(domain.max()) + 1)]
    x = sparse.hstack([d.x, *own]).tocsr()
    target = np.array([e.target for e in examples])
    weight = np.array([e.weight for e in examples])
    l2 = np.concatenate([np.array(L2)[d.group], np.full(len(own), L2_BIAS)])
    home = np.flatnonzero(domain == 0)
    aside = np.zeros(len(examples), dtype=bool)
    aside[home[::CALIBRATE]] = True  # pieces of these texts stay in, at a tenth of the weight and without human labels
    held = x[aside] @ fit(x[~aside], target[~aside], weight[~aside], l2)
    judged = target[aside]
    t = temperature(held, judged)
    w = fit(x, target, weight, l2)[: d.x.shape[1]] / t
    parts = np.zeros((3, 3, features.SPACE, 3))  # group, part, place, class
    parts[d.group, d.part, d.place] = w
    both = parts[:, :1] + parts[:, 1:]
    arrays, new = dict(model.arrays), {**model.meta, **meta}
    arrays["hashed"], new["hashed_step"] = quantise(both[0])
    arrays["char"], new["char_step"] = quantise(both[1][:, : 1 << CHAR_BITS])
    dense = both[2][:, :D]
    arrays["dense"] = np.round(np.concatenate([dense, dense.mean(axis=0, keepdims=True)]), 5)
    before, after = calibration_error(softmax(held), judged), calibration_error(softmax(held / t), judged)
    new |= {"temperature": round(float(t), 3), "calibration_error": [round(float(before), 4), round(float(after), 4)]}
    return Trained(TextModel(new, arrays), t, before, after)


def quantise(w: Floats) -> tuple[npt.NDArray[np.int8], int]:
    """Return weights as signed bytes and their unit in 1/1024; the largest weight keeps its place."""
    step = max(1, math.ceil(float(np.abs(w).max()) * SCALE / 127))
    return np.rint(w * SCALE / step).astype(np.int8), step
