"""Apprise: Slack, Teams, Mattermost, Telegram, SMS, push and a hundred more behind one address each.

Apprise says only whether it worked, so a failure counts as worth another try. It has no idempotency keys: a repeat
after a crash is seen twice there.

Options: `format` (`text`, `short` or `html`; otherwise short where the service takes little), `timeout` (seconds).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, Final

import apprise

from streams.delivery.channels.webhook import seconds_of
from streams.delivery.model import Delivery, Permanent, Transient, receipt

TIMEOUT: Final = 20.0
"""Seconds; Apprise's own default is 4 s to connect and 4 s to read, and some services take several calls."""
ROOM_FOR_TEXT: Final = 1_500
"""Characters: what takes less gets the short form."""
_CALL: Final = re.compile(r"@(?=(?:everyone|channel|here|all|team|room)\b)", re.IGNORECASE)
KEPT: Final = 64
"""Addresses kept parsed."""


class AppriseChannel:
    """Sends through whatever service the address names."""

    def __init__(self) -> None:
        # It quotes addresses in its own log lines, at several levels, and so does urllib3 under it when it debugs. What
        # came of a delivery is in our records.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        logging.getLogger("urllib3").setLevel(logging.INFO)
        self._services: dict[str, Any] = {}

    async def send(self, delivery: Delivery) -> str:
        """Hand the message to the service; raises Transient or Permanent."""
        target, message = delivery.target, delivery.message
        service = self._service(target.url)
        form = target.options.get("format", "")
        if form not in {"", "text", "short", "html"}:
            raise Permanent("option format is not text, short or html")
        room = int(getattr(service, "body_maxlen", 0) or 0)
        if form == "short" or (not form and room < ROOM_FOR_TEXT):
            # The short form begins with what the subject says.
            title, body, kind = "", plain(message.short), apprise.NotifyFormat.TEXT
        elif form == "html":
            title, body, kind = plain(message.subject), message.html, apprise.NotifyFormat.HTML
        else:
            title, body, kind = plain(message.subject), plain(message.text), apprise.NotifyFormat.TEXT
        seconds = seconds_of(target.options) or TIMEOUT
        whole = apprise.Apprise()
        whole.add(service)
        try:
            async with asyncio.timeout(seconds):
                worked = await whole.async_notify(body=body, title=title, body_format=kind, notify_type=_kind(delivery))
        except TimeoutError:
            raise Transient(f"{_name(service)}: no answer within {seconds:g} s") from None
        except Exception as error:  # noqa: BLE001 - a hundred services, each with errors of its own that may quote the address
            raise Transient(f"{_name(service)}: {type(error).__name__}") from None
        if not worked:
            raise Transient(f"{_name(service)}: not accepted")
        return receipt(f"accepted by {_name(service)}")

    async def close(self) -> None:
        """Forget the addresses."""
        self._services.clear()

    def _service(self, url: str) -> Any:
        if url not in self._services:
            made = _quietly(lambda: apprise.Apprise.instantiate(url, suppress_exceptions=True)) if url else None
            if made is None:
                raise Permanent("not an address that Apprise knows; see its list of services")
            if len(self._services) >= KEPT:
                self._services.pop(next(iter(self._services)))
            self._services[url] = made
        return self._services[url]


def plain(text: str) -> str:
    """Return `text` so that no chat reads more in it than words: no call to everybody, no link under other words.

    Slack takes `<!channel>` and `<address|words>` even where it was escaped, Teams, Mattermost and Discord take
    `[words](address)`, and `@everyone` and its like call a whole room. What posts say must do none of this.
    """
    text = text.replace("<", "‹").replace(">", "›")
    return _CALL.sub("@\u200b", text).replace("](", "]\u200b(")


def _quietly(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception:  # noqa: BLE001 - whatever it is, the address is no good, and its text may quote it
        return None


def _name(service: Any) -> str:
    return str(getattr(service, "service_name", "") or "service")


def _kind(delivery: Delivery) -> Any:
    if delivery.notification.purpose == "all_clear":
        return apprise.NotifyType.SUCCESS
    return apprise.NotifyType.FAILURE if delivery.notification.severity in {"L3", "L4"} else apprise.NotifyType.WARNING
