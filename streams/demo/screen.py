"""What the demo shows on the terminal: colours on a terminal, plain lines in a pipe."""

from __future__ import annotations

import time
from email.message import EmailMessage
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from schemas.events import Alert, Incident, Notification
from schemas.times import from_ms
from streams.demo.story import Scene

COLOURS = {"L1": "cyan", "L2": "yellow", "L3": "bold yellow", "L4": "bold red"}


class Screen:
    """Prints the story as it happens; `event time` of the replay stands before each line."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._began = time.monotonic()
        self._mails = 0
        self._rate: tuple[float, int] = (0.0, 0)
        self._reasons: set[str] = set()
        """Of alerts that were shown: an incident that gives one need not repeat it."""
        self.first_page: float | None = None

    def say(self, text: str, style: str = "") -> None:
        """Print one line."""
        self.console.print(text, style=style or None)

    def at(self, when: Any, mark: str, text: str, style: str = "") -> None:
        """Print one line with its time in the story."""
        self.console.print(f"[dim]{when:%a %H:%M:%S}[/dim] [{style or 'default'}]{mark:<10}[/] {text}")

    def scene(self, scene: Scene) -> None:
        """Announce what the story does now."""
        self.console.rule(f"[bold]{from_ms(scene.at):%A %H:%M} · {scene.brand}: {scene.title}[/bold]", align="left")
        self.say(f"  {scene.detail} (expected: {scene.expect})", "dim")

    def rate(self, when: int, sent: int) -> None:
        """Say now and then how fast mentions come."""
        now = time.monotonic()
        if now - self._rate[0] >= 4:
            seconds = now - self._rate[0] if self._rate[0] else now - self._began
            self.at(
                from_ms(when), "listening", f"{(sent - self._rate[1]) / seconds:,.0f} records/s, {sent:,} in all", "dim"
            )
            self._rate = (now, sent)

    def alert(self, alert: Alert) -> None:
        """Show an alert event with its reason."""
        self._reasons.add(alert.reason)
        style = COLOURS[alert.severity] if alert.status in ("firing", "updated") else "dim"
        what = alert.status + (f" ({alert.suppressed_by})" if alert.suppressed_by else "")
        self.at(
            alert.detected_at,
            f"ALERT {alert.severity}",
            f"{escape(alert.brand)} · {alert.signal} {what}: {escape(alert.reason)}",
            style,
        )
        if alert.status == "firing" and alert.severity_terms:
            terms = ", ".join(f"{name} {value:.1f}" for name, value in alert.severity_terms.items() if value)
            drivers = ", ".join(d.value for d in alert.drivers[:6])
            self.say(
                f"{'':25}why {alert.severity}: {terms}; words: {escape(drivers) or '–'}; likely about: {alert.trigger}",
                "dim",
            )

    def notification(self, n: Notification) -> None:
        """Show who was reached, over what."""
        if n.outcome == "pending":
            return
        if n.outcome == "sent" and n.purpose == "page" and self.first_page is None:
            self.first_page = time.monotonic() - self._began
        style = {"sent": "green", "failed": "red", "held_back": "dim"}.get(n.outcome, "")
        mark = {
            "page": "PAGE",
            "all_clear": "ALL-CLEAR",
            "update": "UPDATE",
            "nobody_reached": "NOBODY!",
            "digest": "DIGEST",
        }.get(n.purpose, n.purpose)
        how = f" over {escape(n.channel)}" if n.channel else ""
        self.console.print(
            f"{'':13} [{style}]{mark:<10}[/] {escape(n.person)}{how} · {escape(n.step)} · {n.outcome}"
            + (f": {escape(n.reason)}" if n.reason else "")
        )

    def incident(self, before: Incident | None, now: Incident) -> None:
        """Show what changed in an incident: opened, escalated, acknowledged, over."""
        known = len(before.timeline) if before is not None else 0
        for entry in now.timeline[known:]:
            self.at(entry.at, "incident", f"{escape(now.brand)} {now.severity} · {entry.what}{' · ' + entry.who if entry.who else ''}"
                    + (f": {escape(entry.detail)}" if entry.detail and entry.detail not in self._reasons else ""), "magenta")  # fmt: skip

    def mail(self, mail: EmailMessage) -> None:
        """Show the first mail whole, later ones by their subject."""
        self._mails += 1
        body = mail.get_body(("plain",))
        if self._mails == 1 and body is not None:
            title = f"a mail has arrived: {mail['To']}"
            self.console.print(
                Panel(
                    escape(f"{mail['Subject']}\n\n{body.get_content().strip()}"),
                    title=escape(title),
                    border_style="green",
                    width=min(110, self.console.width),
                )
            )
        else:
            self.console.print(
                f"{'':13} [green]mail[/]       to {escape(str(mail['To']))}: {escape(str(mail['Subject']))}"
            )

    def hook(self, body: dict[str, Any]) -> None:
        """Show that the pager's webhook was called."""
        self.console.print(
            f"{'':13} [green]webhook[/]    {escape(str(body.get('subject') or body.get('title') or 'taken'))[:100]}"
        )
