"""The pictures in the documentation, made anew: `python -m tests.pictures` (needs chromium on the path)."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from streams.policy.load import load_policy
from tests.browser import browser, executable
from tests.streams.messages.test_shown import html_of, mailed
from tests.streams.web import samples
from tests.streams.web.harness import open_page

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "pictures"


async def draw(mail: str) -> None:
    """Write all of them."""
    async with browser() as tab, open_page(samples.story()) as (visitor, _):
        visitor.server.site.policy = load_policy(ROOT / "deploy" / "config" / "policy.example.yaml")
        incident = f"{visitor.url}/incidents/{samples.incident().incident_id}?lang=en"
        await tab.size(420, 1_120, dark=True)
        await tab.open(incident)
        _write("page.png", await tab.picture())
        await tab.size(900, 1_650)
        await tab.open(incident)
        _write("incident.en.png", await tab.picture())
        await tab.size(620, 800)
        await tab.show(mail)
        _write("mail.fr.png", await tab.picture(height=2_050))


def _write(name: str, picture: bytes) -> None:
    (FOLDER / name).write_bytes(picture)
    print(f"{FOLDER.name}/{name}: {len(picture) // 1_024} KiB")


if __name__ == "__main__":
    if executable() is None:
        sys.exit("no chromium on the path; on Debian: apt-get install chromium")
    asyncio.run(draw(html_of(mailed("page", "fr"))))
