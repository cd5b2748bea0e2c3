"""`tocsin sentiment` without the shell: JSON lines of texts in, JSON lines of sentiment out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Protocol

import msgspec

from detectors.text.model import TextModel
from detectors.text.scored import UNITS
from schemas.mention import MALFORMED

BATCH: Final = 512
"""Texts scored at a time: large enough for the columns to pay, small enough to answer soon."""
READ: Final = 1 << 18
"""Bytes taken from a stream at a time."""

_decode = msgspec.json.Decoder()


def run_sentiment(lines: Iterable[bytes], model: TextModel) -> Iterator[bytes]:
    """Yield one JSON line per line of input, in order.

    `{"text": …, "lang": …?}` gives `{"label", "negative", "neutral", "positive", "lang"}`; a line that is no such object
    gives `{"error": …}` and spoils no other. Blank lines are skipped.
    """
    numbered = enumerate(lines, 1)
    while chunk := list(islice(numbered, BATCH)):
        yield from _answers(chunk, model)


def run_sentiment_on(stream: Readable, model: TextModel) -> Iterator[list[bytes]]:
    """Yield the answers to what a stream has at hand, as soon as it has it: a person or a slow program waits for none.

    The same lines as `run_sentiment` gives, in lists; what ends without a line break is a line, too.
    """
    number, rest = 1, [b""]
    while data := stream.read1(READ):
        *lines, last = data.split(b"\n")
        if not lines:
            rest.append(last)
            continue
        lines[0], rest = b"".join((*rest, lines[0])), [last]
        for i in range(0, len(lines), BATCH):
            yield list(_answers(list(enumerate(lines[i : i + BATCH], number + i)), model))
        number += len(lines)
    if line := b"".join(rest):
        yield list(_answers([(number, line)], model))


class Readable(Protocol):
    """A buffered stream of bytes."""

    def read1(self, size: int, /) -> bytes:
        """Return at most `size` bytes of what is there, waiting only where nothing is; nothing at the end."""
        ...


def _answers(chunk: Sequence[tuple[int, bytes]], model: TextModel) -> Iterator[bytes]:
    asked = [_ask(number, line) for number, line in chunk if line.strip()]
    good = [a for a in asked if not isinstance(a, bytes)]
    scored = model.score([text for text, _ in good], [lang for _, lang in good])
    neutral = scored.neutral
    k = 0
    for a in asked:
        if isinstance(a, bytes):
            yield a
            continue
        answer = {
            "label": scored.label(k),
            "negative": int(scored.negative[k]) / UNITS,
            "neutral": int(neutral[k]) / UNITS,
            "positive": int(scored.positive[k]) / UNITS,
            "lang": scored.lang[k],
        }
        k += 1
        yield msgspec.json.encode(answer) + b"\n"


def _ask(number: int, line: bytes) -> tuple[str, str | None] | bytes:
    """Return (text, language) of a line, or the line that says what is wrong with it."""
    try:
        asked: Any = _decode.decode(line)
    except MALFORMED:
        return _error(number, 'not JSON; expected {"text": …}')
    if not isinstance(asked, dict) or "text" not in asked:
        return _error(number, 'no "text"; expected {"text": …}')
    if not isinstance(asked["text"], str):
        return _error(number, '"text" is no string; expected {"text": "…"}')
    lang = asked.get("lang")
    return asked["text"], lang if isinstance(lang, str) else None


def _error(number: int, message: str) -> bytes:
    return msgspec.json.encode({"error": f"line {number}: {message}"}) + b"\n"
