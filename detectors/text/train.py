"""`python -m detectors.text.train`: make the text model from labelled texts (`make train`).

Folds are the rows of `sentiment/umsab_en_fr_trainval.tsv` by their number modulo 5 (the header not counted, from 0).
`--fold 2` leaves out rows 2, 7, 12 …, also as pieces and in the teacher's views; `--held-out FILE` writes them to be judged.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from detectors.text.corpus import FOLDS, TEACHER, DataError, Row, more_english, other_languages, rated_english, umsab
from detectors.text.emoji import with_emoji
from detectors.text.language_training import language_table
from detectors.text.lexicon import LexiconError
from detectors.text.model import WARM_START
from detectors.text.modelfile import ModelError, unpack
from detectors.text.teach import digest, pieces_of
from detectors.text.training import Example, blank, one_hot, train

RECIPE: Final = (
    "words and bigrams (2^18), letters 3-5 (2^16), four lexica; English and French share; taught by e5-small"
)
OTHER_WEIGHT: Final = 0.3
"""Weight of a TweetEval text beside a UMSAB text."""
PIECE_WEIGHT: Final = 0.1
"""Weight of a piece of a text, labelled by the teacher alone."""
HUMAN: Final = 0.5
"""Share of the human label in a TweetEval target; the teacher has the rest."""


RATED_WEIGHT: Final = 0.3
"""Weight of a tweet that ten people rated from -4 to 4."""


def rated(rating: float) -> tuple[float, float, float]:
    """Return the probabilities that a mean rating stands for; people's ratings of one tweet scatter by about one."""
    side = 0.02 if abs(rating) >= 1 else 0.05
    if abs(rating) < 0.4:
        return (0.1, 0.8, 0.1)
    neutral = 0.08 if abs(rating) >= 1 else 0.3
    strong = 1 - side - neutral
    return (strong, neutral, side) if rating < 0 else (side, neutral, strong)


def examples(rows: Sequence[Row], others: Sequence[Row], fold: int | None, teacher: Path) -> list[Example]:
    """Return what is learnt: labelled rows outside the fold, further texts and pieces as the teacher sees them."""
    kept = [i for i in range(len(rows)) if fold is None or i % FOLDS != fold]
    out = [Example(rows[i].text, rows[i].lang, one_hot(rows[i].label)) for i in kept]
    cut = pieces_of(rows)
    meta, arrays = unpack(teacher.read_bytes())
    if meta != {"others": digest([r.text for r in others]), "pieces": digest([t for _, t in cut])}:
        raise DataError(f"{teacher} was made from other texts; make it anew: python -m detectors.text.teach")
    seen = arrays["views"][FOLDS if fold is None else fold].astype(float) / 255
    views = [(float(n), float(1 - n - p), float(p)) for n, p in seen]
    for row, view in zip(others, views, strict=False):
        human = one_hot(row.label)
        mixed = [HUMAN * h + (1 - HUMAN) * v for h, v in zip(human, view, strict=True)]
        out.append(Example(row.text, row.lang, (mixed[0], mixed[1], mixed[2]), OTHER_WEIGHT, 1))
    for (i, text), view in zip(cut, views[len(others) :], strict=True):
        if fold is None or i % FOLDS != fold:
            out.append(Example(text, rows[i].lang, view, PIECE_WEIGHT, 2))
    return out


def write_held_out(path: Path, rows: Sequence[Row], fold: int) -> None:
    """Write the rows of a fold as TSV with a header."""
    with path.open("w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f, delimiter="\t")
        writer.writerow(["lang", "label", "text"])
        writer.writerows([r.lang, r.label, r.text] for i, r in enumerate(rows) if i % FOLDS == fold)


def main(argv: list[str] | None = None) -> int:
    """Train, write the model, print its size and calibration. Return the exit status."""
    parser = argparse.ArgumentParser(prog="make train", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="directory of the labelled texts")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name(WARM_START), help="where the model goes")
    parser.add_argument("--fold", type=int, choices=range(FOLDS), help="leave out every fifth row, from this one")
    parser.add_argument("--held-out", type=Path, help="where the rows left out go")
    parser.add_argument("--date", default="", help="date for the model's description (YYYY-MM-DD)")
    a = parser.parse_args(argv)
    try:
        rows, others, foreign = umsab(a.data), more_english(a.data), other_languages(a.data)
        if a.held_out and a.fold is not None:
            write_held_out(a.held_out, rows, a.fold)
        taught = examples(rows, others, a.fold, TEACHER)
        taught += [Example(text, "en", rated(mean), RATED_WEIGHT, 3) for text, mean in rated_english(a.data)]
        posts = [(e.text, e.lang) for e in taught if e.domain == 0] + [(r.text, r.lang) for r in foreign]
        meta: dict[str, Any] = {"recipe": RECIPE, "date": a.date, "fold": a.fold, "texts": len(taught)}
        done = train(blank(language_table(posts)), taught, meta)
        model = with_emoji(done.model)
    except (DataError, LexiconError, ModelError) as e:
        sys.stderr.write(f"{e}\n")
        return 2
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_bytes(model.to_bytes())
    labelled = int(np.sum([e.domain == 0 for e in taught]))
    sys.stdout.write(
        f"{a.out}: {a.out.stat().st_size} bytes, version {model.version}, {labelled} labelled texts, "
        f"calibration error {done.ece_before:.3f} before, {done.ece_after:.3f} after (T = {done.temperature:.2f})\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
