"""The pictures in the documentation, made anew: `python -m tests.pictures` (needs chromium on the path).

The terminal of the demo takes as long as the demo, two minutes: `--only pages` leaves it out, `--only demo` makes it alone.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from streams.demo import run as demo
from streams.demo.screen import Screen
from streams.demo.story import CRISIS, START, Scene
from streams.policy.load import load_policy
from tests.browser import browser, executable
from tests.streams.messages.test_shown import html_of, mailed
from tests.streams.web import samples
from tests.streams.web.harness import open_page

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "pictures"
COLUMNS: Final = 118
"""Of the terminal."""


async def draw(mail: str) -> None:
    """Write those of pages and mails."""
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


class _FromTheCrisisOn(Screen):
    """Keeps what is printed from the crisis on: a picture of all would be too long to read."""

    def scene(self, scene: Scene) -> None:
        if scene.at == START + CRISIS:
            self.console.export_text(clear=True)
        super().scene(scene)


async def tell() -> None:
    """Run the demo and write what its terminal shows."""
    screen = _FromTheCrisisOn(Console(record=True, width=COLUMNS, force_terminal=True, highlight=False))
    if await demo.run(leave=True, seed=7, screen=screen):
        sys.exit("the demo did not end as it should: its picture stays as it was")
    # The font is the reader's own: nothing on a page of ours comes from elsewhere.
    code = re.sub(r"@font-face {{.*?}}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    code = code.replace("Fira Code, monospace", "'Fira Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace")
    shown = screen.console.export_svg(title="tocsin demo --exit", code_format=code, unique_id="tocsin")
    _write("demo.svg", "\n".join(line.rstrip() for line in shown.splitlines()).encode() + b"\n")


def _write(name: str, picture: bytes) -> None:
    (FOLDER / name).write_bytes(picture)
    print(f"{FOLDER.name}/{name}: {len(picture) // 1_024} KiB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.pictures")
    parser.add_argument("--only", choices=("pages", "demo"))
    only = parser.parse_args().only
    if only != "demo":
        if executable() is None:
            sys.exit("no chromium on the path; on Debian: apt-get install chromium")
        asyncio.run(draw(html_of(mailed("page", "fr"))))
    if only != "pages":
        asyncio.run(tell())
