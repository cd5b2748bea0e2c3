"""`python -m detectors.text.train`: make the text model from labelled texts (`make train`).

    --data DIR    holds sentiment/umsab_en_fr_trainval.tsv
    --out FILE    where the model goes (default: the shipped file)
    --fold K      0 … 4: leave out the rows whose number modulo 5 is K, to be judged on them
    --held-out F  writes the rows left out, as TSV
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any, Final

from detectors.text.lexicon import LexiconError
from detectors.text.model import WARM_START
from detectors.text.training import Example, blank, one_hot, train

FOLDS: Final = 5
UMSAB: Final = "sentiment/umsab_en_fr_trainval.tsv"


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a labelled TSV with a header."""
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def main(argv: list[str] | None = None) -> int:
    """Train, write the model, print its scores. Return the exit status."""
    parser = argparse.ArgumentParser(prog="make train", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="directory of the labelled texts")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name(WARM_START), help="where the model goes")
    parser.add_argument("--fold", type=int, choices=range(FOLDS), help="leave out every fifth row, from this one")
    parser.add_argument("--held-out", type=Path, help="where the rows left out go")
    parser.add_argument("--date", default="", help="date for the model's description (YYYY-MM-DD)")
    a = parser.parse_args(argv)
    try:
        labelled = rows(a.data / UMSAB)
    except OSError as e:
        print(f"{a.data / UMSAB}: {e.strerror}; name the directory of the labelled texts: --data DIR", file=sys.stderr)
        return 2
    kept = [r for i, r in enumerate(labelled) if a.fold is None or i % FOLDS != a.fold]
    if a.held_out and a.fold is not None:
        left = [r for i, r in enumerate(labelled) if i % FOLDS == a.fold]
        with a.held_out.open("w", newline="", encoding="utf-8") as f:
            writer = csv.DictWriter(f, fieldnames=list(labelled[0]), delimiter="\t")
            writer.writeheader()
            writer.writerows(left)
    meta: dict[str, Any] = {"recipe": "hashed+letters+lexicon", "date": a.date, "fold": a.fold, "texts": len(kept)}
    try:
        done = train(blank(), [Example(r["text"], r["lang"], one_hot(r["label"])) for r in kept], meta)
    except LexiconError as e:
        print(e, file=sys.stderr)
        return 2
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_bytes(done.model.to_bytes())
    print(
        f"{a.out}: {a.out.stat().st_size} bytes, version {done.model.version}, {len(kept)} texts, "
        f"calibration error {done.ece_before:.3f} before, {done.ece_after:.3f} after (T = {done.temperature:.2f})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
