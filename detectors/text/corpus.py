"""The labelled texts that the model is learnt from: where they are and how they are read. None of them is shipped."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detectors.text.softmax import CLASSES

FOLDS: Final = 5
TEACHER: Final = Path(__file__).with_name("teacher.msgpack")
UMSAB: Final = "sentiment/umsab_en_fr_trainval.tsv"
OTHERS: Final = "sentiment/umsab_other6_trainval.tsv"
RATED: Final = "sentiment/vader_tweets_groundtruth.tsv"
MORE_ENGLISH: Final = "sentiment/tweeteval_sentiment_minus_umsab.tsv"


class DataError(OSError):
    """A file of labelled texts is missing or has no such columns; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled text."""

    text: str
    lang: str
    label: str


def read(data: Path, name: str, lang: str | None = None) -> list[Row]:
    """Return the rows of a labelled TSV under `data`. Raises `DataError`."""
    path = data / name
    try:
        with path.open(newline="", encoding="utf-8") as f:
            rows = list(csv.DictReader(f, delimiter="\t"))
    except OSError as e:
        raise DataError(f"{path}: {e.strerror}; name the directory of the labelled texts with --data DIR") from None
    try:
        return [Row(r["text"], lang or r["lang"], r["label"]) for r in rows if r["label"] in CLASSES]
    except KeyError as missing:
        raise DataError(f"{path}: no column {missing}; expected text, label and lang") from None


def umsab(data: Path) -> list[Row]:
    """Return UMSAB's English and French training and validation texts, in the file's order (fold = row modulo 5)."""
    return read(data, UMSAB)


def more_english(data: Path) -> list[Row]:
    """Return TweetEval's texts that are not in UMSAB (SemEval 2017 as well: it flatters UMSAB's English scores)."""
    return read(data, MORE_ENGLISH, "en")


def rated_english(data: Path) -> list[tuple[str, float]]:
    """Return (text, mean rating -4 … 4) of the tweets that VADER was made with (MIT, Hutto & Gilbert 2014)."""
    path = data / RATED
    try:
        with path.open(newline="", encoding="utf-8") as f:
            return [(r["text"], float(r["mean_rating"])) for r in csv.DictReader(f, delimiter="\t")]
    except OSError as e:
        raise DataError(f"{path}: {e.strerror}; name the directory of the labelled texts with --data DIR") from None
    except (KeyError, ValueError) as e:
        raise DataError(f"{path}: {e}; expected the columns text and mean_rating (a number)") from None


def other_languages(data: Path) -> list[Row]:
    """Return UMSAB's texts of six more languages: for telling languages apart, not for sentiment."""
    return read(data, OTHERS)
