"""What the demo shows, and whom it tells."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from schemas.events import Alert, Incident, TimelineEntry
from schemas.times import MINUTE, from_ms
from streams.demo import run
from streams.demo.screen import Screen
from streams.demo.story import BRANDS, CRISIS, HOLDING, JOKE, START, cast
from streams.policy.load import load_policy


def printed(screen: Screen) -> str:
    shown = screen.console.file
    assert isinstance(shown, io.StringIO)
    return shown.getvalue()


def test_scenes_are_announced_when_their_time_has_come_each_once() -> None:
    screen = Screen(Console(file=io.StringIO(), width=200))
    scenes = cast()
    shown = run._shown(screen, 0, scenes)
    shown(10, START + JOKE)
    assert "A joke goes viral" in printed(screen) and "Glass in the jam" not in printed(screen)
    shown(20, START + CRISIS + HOLDING - MINUTE)
    assert "The press asks" in printed(screen) and "A holding statement" not in printed(screen)
    shown(30, START + CRISIS + HOLDING)
    assert printed(screen).count("A holding statement") == printed(screen).count("Glass in the jam") == 1


def test_an_incident_does_not_repeat_the_reason_of_an_alert_that_was_shown() -> None:
    at, reason = from_ms(START), "18 mentions of Nimbrook from about 18 authors in 5 minutes."
    screen = Screen(Console(file=io.StringIO(), width=200))
    screen.alert(Alert("a", "f", 1, "firing", "reach", "L2", "Nimbrook", at, at, reason=reason))
    opened = [TimelineEntry(at, "opened", "reach", reason), TimelineEntry(at, "held back", "", "a silence by alice")]
    screen.incident(None, Incident("i", "Nimbrook", "open", "L2", 1, at, at, timeline=opened))
    assert printed(screen).count(reason) == 1
    assert "opened" in printed(screen) and "held back: a silence by alice" in printed(screen)


def test_what_is_kept_for_a_digest_is_told_to_those_who_look_after_the_brand() -> None:
    policy = load_policy(Path(run.HERE) / "policy.yaml")
    mails = {name: person.channels[-1].options["to"] for name, person in policy.people.items()}
    for brand in BRANDS:
        first = next(digest for digest in policy.digests if brand in digest.match.get("brand", [brand]))
        home = brand.split()[-1].lower()
        assert {mails[name].partition("@")[2] for name in first.notify} == {f"{home}.example"}, brand
