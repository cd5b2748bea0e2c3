"""What tests of the reading of texts share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from detectors.text.model import TextModel

Sides = Callable[[str, str | None], tuple[int, int]]


@pytest.fixture(scope="session")
def shipped() -> TextModel:
    return TextModel.load()


@pytest.fixture(scope="session")
def sides(shipped: TextModel) -> Sides:
    """P(negative) and P(positive) of a text, in 1/10,000."""

    def of(text: str, lang: str | None) -> tuple[int, int]:
        scored = shipped.score([text], [lang])
        return int(scored.negative[0]), int(scored.positive[0])

    return of
