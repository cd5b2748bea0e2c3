"""What every test may ask for: the real data, and a broker that starts in a moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker

ROOT = Path(__file__).resolve().parent.parent
DATA_VARIABLE = "TOCSIN_TEST_DATA"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real mentions and counts, which is no part of the repository."""
    directory = Path(os.environ.get(DATA_VARIABLE) or ROOT.parent / "shared" / "data")
    if not directory.is_dir():
        pytest.skip(f"no real data at {directory}; name its place with {DATA_VARIABLE}")
    return directory


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """The embedded broker, one for the whole run: use topic and group names of your own."""
    with EmbeddedBroker(tmp_path_factory.mktemp("tansu")) as broker:
        yield broker
