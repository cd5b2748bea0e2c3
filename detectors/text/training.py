"""How the shipped model is learnt from labelled texts: features, regression, calibration, rounding.

Batch training is a convex problem (multinomial logistic regression, L2) solved by L-BFGS (Byrd et al. 1995) over the
very features that the worker computes; the online classifier then goes on from these weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from detectors.text import features
from detectors.text.lexicon import UNIT, lexicon
from detectors.text.model import BLOCKS, CHAR_BITS, TextModel, D, char_places
from detectors.text.softmax import CLASSES, SCALE
from detectors.text.tokens import WORD, Piece, pieces, word_hash

Matrix = Any  # scipy has no types here
Floats = npt.NDArray[np.float64]

L2_HASHED: Final = 1.0
L2_CHAR: Final = 1.0
L2_DENSE: Final = 1.0
"""Strength of the pull to zero per group of features; chosen on the folds of the training data."""


@dataclass(slots=True)
class Example:
    """A labelled text; `target` are the probabilities to learn (one of them 1 for a human label)."""

    text: str
    lang: str
    target: tuple[float, float, float]
    weight: float = 1.0


def one_hot(label: str) -> tuple[float, float, float]:
    """Return the target of a human label. Raises `ValueError` for an unknown one."""
    k = CLASSES.index(label)
    return (float(k == 0), float(k == 1), float(k == 2))


def blank(languages: tuple[list[str], dict[int, list[int]]] | None = None) -> TextModel:
    """Return a model that knows the lexica and the languages, with all weights zero."""
    values: dict[int, list[int]] = {}
    for column, lang in enumerate(("en", "fr")):
        for word, valence in lexicon(lang).items():
            found = pieces(word)
            key = found[0].text if len(found) == 1 else word
            values.setdefault(word_hash(key), [0, 0])[column] = round(valence * UNIT)
    keys = sorted(values)
    names, rows = languages or (["en", "fr"], {})
    lang_keys = sorted(rows)
    return TextModel(
        {"char_step": 1, "hashed_step": 1, "languages": names},
        {
            "hashed": np.zeros((features.SPACE, 3), dtype=np.int8),
            "char": np.zeros((1 << CHAR_BITS, 3), dtype=np.int8),
            "dense": np.zeros((BLOCKS, D, 3)),
            "word_hash": np.array(keys, dtype=np.uint32),
            "word_values": np.array([values[k] for k in keys], dtype=np.int16),
            "word_scores": np.zeros((len(keys), 3), dtype=np.int16),
            "lang_hash": np.array(lang_keys, dtype=np.uint32),
            "lang_rows": np.array([rows[k] for k in lang_keys], dtype=np.int8).reshape(len(lang_keys), len(names)),
        },
    )


def design(model: TextModel, texts: Sequence[str], langs: Sequence[str]) -> tuple[Matrix, list[int]]:
    """Return the feature matrix (n, all groups) and the widths of its groups: hashed, letters, dense."""
    enc = model._table.encode(texts)
    flags = model._table.flags[enc.piece]
    block = np.array([{"en": 0, "fr": 1}.get(x, 2) for x in langs], dtype=np.int64)
    index, doc, dense = model._parts(enc, flags, block)
    size = np.sqrt(np.maximum(np.bincount(doc, minlength=enc.n), 1))
    hashed = sparse.csr_matrix((1 / size[doc], (doc, index)), (enc.n, features.SPACE))
    per_piece = _letters(list(model._table._pieces))
    counts = sparse.csr_matrix((1 / size[enc.doc], (enc.doc, enc.piece)), (enc.n, per_piece.shape[0]))
    # Shared dense weights and each language's own difference: few labels a language, much in common.
    shared = sparse.csr_matrix(dense)
    own = [sparse.csr_matrix(dense * (block == b)[:, None]) for b in range(2)]
    groups = [hashed, counts @ per_piece, sparse.hstack([shared, *own])]
    return sparse.hstack(groups).tocsr(), [g.shape[1] for g in groups]


def _letters(known: Sequence[Piece]) -> Matrix:
    """Return (pieces, places): each word's letter sequences, scaled to length one."""
    rows, cols, values = [], [], []
    for row, piece in enumerate(known):
        if piece.flags & WORD:
            places = char_places(piece.text)
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

    start = np.zeros(width * 3)
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
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
    """A model, and how well its probabilities were calibrated on inner folds before and after."""

    model: TextModel
    temperature: float
    ece_before: float
    ece_after: float


def train(model: TextModel, examples: Sequence[Example], meta: dict[str, Any], inner: int = 4) -> Trained:
    """Return `model` (from `blank`) with weights learnt from `examples` and calibrated on `inner` folds of them."""
    x, widths = design(model, [e.text for e in examples], [e.lang for e in examples])
    target = np.array([e.target for e in examples])
    weight = np.array([e.weight for e in examples])
    l2 = np.repeat([L2_HASHED, L2_CHAR, L2_DENSE], widths).astype(float)
    fold = np.arange(len(examples)) % inner
    held = np.zeros_like(target)
    for k in range(inner):
        there = fold != k
        held[~there] = x[~there] @ fit(x[there], target[there], weight[there], l2)
    t = temperature(held, target)
    w = fit(x, target, weight, l2) / t
    arrays = dict(model.arrays)
    new = {**model.meta, **meta}
    hashed, char, dense = np.split(w, np.cumsum(widths)[:-1])
    arrays["hashed"], new["hashed_step"] = quantise(hashed)
    arrays["char"], new["char_step"] = quantise(char)
    shared, en, fr = np.split(dense, 3)
    arrays["dense"] = np.round(np.stack([shared + en, shared + fr, shared + (en + fr) / 2]), 5)
    return Trained(
        TextModel(new, arrays), t, calibration_error(softmax(held), target), calibration_error(softmax(held / t), target)
    )


def quantise(w: Floats) -> tuple[npt.NDArray[np.int8], int]:
    """Return weights as signed bytes and their unit in 1/1024; the largest weight keeps its place."""
    step = max(1, math.ceil(float(np.abs(w).max()) * SCALE / 127))
    return np.rint(w * SCALE / step).astype(np.int8), step
