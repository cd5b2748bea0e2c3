"""From a decision to a message: pure, so that a repeated delivery carries the same words and the same links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final

from schemas.events import Alert, Notification
from schemas.times import SECOND, to_ms
from streams.incidents.effects import MessageContext
from streams.links import Links
from streams.messages.advice import statement_of
from streams.messages.chart import BIN, SPAN, History, history, png
from streams.messages.model import Message
from streams.messages.options import Options
from streams.messages.page import as_html, as_text
from streams.messages.writer import Writer
from streams.policy.model import Policy
from streams.policy.people import timezone_of

Minutes = Callable[[str, int, int], Iterable[tuple[int, int, float]]]
"""Brand, from and to → the minutes in between with something said."""
LONGEST_SUBJECT: Final = 200
"""Characters: the whole of it fits a mail's header and a chat's title."""


def render(notification: Notification, context: MessageContext, options: Options | None = None) -> Message:
    """Return the message of `notification` in the language of `context`."""
    options = options or Options()
    writer = Writer(notification, context, options)
    page = writer.page()
    seen = options.history if page.figure else None
    return Message(
        subject=page.title[:LONGEST_SUBJECT],
        text=as_text(page),
        html=as_html(page),
        short=writer.short(page.title),
        language=writer.say.language,
        incident=context.incident,
        alert=writer.alert,
        image=_picture(seen, writer.alert) if seen else b"",
        html_with_image=as_html(page, "cid:chart") if seen else "",
        links=writer.links,
    )


def _picture(seen: History, alert: Alert | None) -> bytes:
    counted = alert is not None and alert.signal in {"volume_spike", "silence"} and alert.window_seconds > 0
    # Of other signals `expected` is no count of mentions, so there is no level to draw.
    usual = alert.expected * BIN / (alert.window_seconds * SECOND) if alert and counted else None
    return png(seen, usual, to_ms(alert.starts_at) if alert else None)


class Renderer:
    """Writes messages for the people of a policy.

    Args:
        public_url: Where people reach the page; without it there are no links, only commands.
        keys: Secrets that sign links, at least 16 bytes each, the newest first; without any no link acts.
        policy: Names, time zones and statements; without it names are shown as they are and times in UTC.
        minutes: Gives what was said about a brand, `(brand, from, to)` in epoch milliseconds, as `(start of the
            minute, mentions, sum of P(negative))`: for the picture of the last hours.
    """

    def __init__(
        self,
        public_url: str | None = None,
        keys: Sequence[bytes] = (),
        policy: Policy | None = None,
        minutes: Minutes | None = None,
    ) -> None:
        self._minutes = minutes
        self._public_url = public_url or ""
        self._links = Links(keys, public_url) if keys and public_url else None
        self._policy = policy
        self._names = {key: person.name for key, person in policy.people.items() if person.name} if policy else {}

    def render(self, notification: Notification, context: MessageContext) -> Message:
        """Return the message of `notification` in the language of `context`."""
        policy = self._policy
        incident, today = context.incident, notification.at.date().isoformat()
        which = (policy, incident.trigger, incident.brand, context.language, today)
        statement, closing = statement_of(*which), statement_of(*which, "closing")
        options = Options(
            timezone=timezone_of(policy, notification.person) if policy else "UTC",
            names=self._names,
            public_url=self._public_url,
            links=self._links,
            history=self._history(notification),
            statement=statement.text if statement else "",
            approver=self._names.get(statement.approver, statement.approver) if statement else "",
            valid_until=statement.valid_until if statement else "",
            responsibility=statement.responsibility if statement else None,
            closing=tuple(closing.text.strip().splitlines()) if closing else (),
            runbook_url=runbook_of(policy, incident.trigger, incident.brand),
        )
        return render(notification, context, options)

    def bare(self, notification: Notification, context: MessageContext) -> Message:
        """Return a message with what has to be known and nothing else, where the full one cannot be written."""
        incident = context.incident
        subject = f"{incident.severity} · {incident.brand[:80]} · {notification.purpose} · {incident.state}"
        text = f"{subject}\n\ntocsin incident show {incident.incident_id}\ntocsin incident ack {incident.incident_id}\n"
        if incident.kind != "actual":
            subject, text = f"[{incident.kind.upper()}] {subject}", f"[{incident.kind.upper()}] {text}"
        page = f"<pre>{escape(text)}</pre>"
        return Message(subject, text, page, subject, context.language, incident)

    def _history(self, notification: Notification) -> History | None:
        if self._minutes is None or not notification.brand:
            return None
        until = to_ms(notification.at)
        return history(self._minutes(notification.brand, until - SPAN, until), until)


def runbook_of(policy: Policy | None, trigger: str, brand: str) -> str:
    """Return where the house's instructions for `trigger` stand, the brand's own before the general; "" where nowhere."""
    fitting = [
        one for one in (policy.runbooks if policy else []) if one.trigger == trigger and one.brand in {"", brand}
    ]
    found = max(fitting, key=lambda one: bool(one.brand), default=None)
    return found.url if found else ""
