"""The backtest's page: whole in itself, well formed, escaped, and drawn where the figures are."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

from detectors.look import Usual
from schemas.events import Alert, Window
from schemas.times import MINUTE, to_ms
from streams.report.page import report_html
from streams.report.plot import LEFT, LOWER, RIGHT, UPPER, WIDTH, nice

START = datetime(2026, 3, 2, tzinfo=UTC)
NASTY = '<script>alert("x")</script>\u202e'


def windows(brand: str = "Acme", hours: int = 30, loud: int = 0) -> list[Window]:
    return [
        Window(brand, START + timedelta(minutes=i), loud if loud and i > hours * 60 - 30 else 2, 5_000, authors=2)
        for i in range(hours * 60)
    ]


def usual(hours: int = 30) -> list[Usual]:
    return [Usual(to_ms(START) + i * MINUTE, 2.0, 0.25, (0.3, 0.2, 0.2, 0.1, 0.1)) for i in range(60, hours * 60)]


def alert(
    minute: int,
    *,
    status: str = "firing",
    severity: str = "L3",
    held: str | None = None,
    number: int = 1,
    sequence: int = 1,
) -> Alert:
    at = START + timedelta(minutes=minute)
    return Alert(
        f"{number:08d}-aaaa", "f", sequence, status, "negative_spike", severity, "Acme", at - timedelta(minutes=4), at,  # type: ignore[arg-type]
        ends_at=at if status == "resolved" else None, reason=NASTY, suppressed_by=held,
    )  # fmt: skip


class Nested(HTMLParser):
    """Every element that is opened is closed, in order; collects what would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.loads += [f"{name}={value}" for name, value in attrs if name in {"src", "href", "onload", "onclick"}]
        if tag not in {"meta", "td", "th", "line", "rect", "polygon", "polyline", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            assert tag in {"line", "rect"}, f"</{tag}> closes nothing"


def page(*brands: list[Window], alerts: list[Alert] | None = None) -> str:
    return report_html([w for one in brands for w in one], alerts or [], {"Acme": usual()})


def test_the_page_is_whole_in_itself_and_well_formed():
    text = page(windows(), windows("Other"), alerts=[alert(1_700), alert(1_760, status="resolved", sequence=2)])
    parser = Nested()
    parser.feed(text)
    assert parser.open == []
    assert parser.loads == []
    assert "script" not in parser.seen
    assert not re.search(r"https?://|@import|url\(", text)
    assert parser.seen.count("svg") == 3, "two overviews, and the L3 from near"


def test_what_comes_from_outside_is_escaped():
    text = page(
        windows(), windows(NASTY), alerts=[alert(1_700), alert(1_710, status="suppressed", held=NASTY, number=2)]
    )
    assert "<script>" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;" in text


def test_alerts_are_marked_where_they_were_noticed_and_held_ones_are_dashed():
    alerts = [
        alert(900),
        alert(960, status="resolved", sequence=2),
        alert(300, status="suppressed", held="warm_up", number=2),
    ]
    text = page(windows(), alerts=alerts)
    overview = text[text.index("<svg") : text.index("</svg>")]
    (told,) = re.findall(r'<line class="mark L3" x1="([\d.]+)"', overview)
    (held,) = re.findall(r'<line class="mark L3 held" x1="([\d.]+)"', overview)
    across = WIDTH - LEFT - RIGHT
    assert abs(float(told) - (LEFT + across * 900 / 1_800)) < 3
    assert abs(float(held) - (LEFT + across * 300 / 1_800)) < 3
    assert "alerts: 1 × L3 · held back: 1" in text
    assert "suppressed (warm_up)" in text


def lines(text: str, name: str) -> list[tuple[float, float]]:
    points = re.findall(rf'<polyline class="{name}" points="([^"]+)"', text)[0]
    return [(float(x), float(y)) for x, y in (point.split(",") for point in points.split())]


def test_the_lines_are_where_the_figures_are():
    text = page(windows())
    mentions, negative, expected = lines(text, "mentions"), lines(text, "negative"), lines(text, "usual")
    assert all(a[0] < b[0] for a, b in pairwise(mentions))
    assert all(UPPER[0] <= y <= UPPER[1] for _, y in mentions)
    assert all(LOWER[0] <= y <= LOWER[1] for _, y in negative)
    assert abs(mentions[200][1] - expected[150][1]) < 1, "two a minute are usual, and two a minute there are"
    band = re.findall(r'<polygon class="band" points="([^"]+)"', text)[0]
    top = min(float(point.split(",")[1]) for point in band.split())
    assert top < mentions[200][1], "the band reaches above the line"
    assert "square-root scale" not in text


def test_a_crisis_does_not_press_the_usual_to_the_floor():
    text = page(windows(loud=900))
    assert "square-root scale" in text
    overview = lines(text, "mentions")
    assert UPPER[1] - overview[200][1] > 4


def test_nothing_to_show_is_said():
    assert "No mention of a watched brand" in report_html([], [])
    assert "Nothing was alerted." in page(windows())
    assert "<svg" in report_html([Window("Acme", START, 1)], [])


def test_a_scale_ends_at_a_short_number():
    assert [nice(v) for v in (1, 1.1, 3, 47, 61, 85, 99, 101)] == [1, 2, 4, 50, 80, 100, 100, 200]
