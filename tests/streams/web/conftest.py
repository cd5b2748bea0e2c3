"""What tests of decisions on the page share."""

from __future__ import annotations

import pytest

from streams.web.views import actions


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait shortly for what a decision leads to; no token is asked for."""
    monkeypatch.setattr(actions, "SHOWN_WITHIN", 0.05)
    monkeypatch.setattr(actions, "SEND_WITHIN", 0.2)
    monkeypatch.delenv("TOCSIN_WEB_TOKEN", raising=False)
