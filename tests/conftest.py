"""What every test may ask for: the real data, and a broker that starts in a moment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker
from tests.browser import Tab, browser, executable

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


@pytest.fixture(scope="session")
def shown() -> Iterator[tuple[asyncio.Runner, Tab]]:
    """A page of a real browser, one for the whole run, and what runs it."""
    if executable() is None:
        pytest.skip("no chromium on the path; on Debian: apt-get install chromium")
    with asyncio.Runner() as runner:
        opened = browser()
        try:
            tab = runner.run(opened.__aenter__())
        except FileNotFoundError as error:
            pytest.skip(f"chromium is there and does not start: {error}")
        yield runner, tab
        runner.run(opened.__aexit__(None, None, None))
