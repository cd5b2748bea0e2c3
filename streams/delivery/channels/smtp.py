"""Mail by SMTP, as text and HTML in one mail.

    smtps://USER:PASSWORD@mail.example.org/?from=tocsin@example.org&to=alice@example.org
    smtp://mail.example.org:587/?…      STARTTLS where the server offers it
    smtp://…&tls=required | tls=none    insist on it, or do without

    mailto:alice@example.org            by the server that TOCSIN_SMTP_URL names

`from`, `to`, `tls` and `timeout` may also be options. A password is never sent over a line in clear unless `tls=none`
says so. The Message-ID is made from the idempotency key: where a delivery is repeated after a crash, mail programs and
servers that look see the same mail. All mails of an incident form one thread.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from streams.delivery.channels.webhook import seconds_of
from streams.delivery.model import Delivery, Permanent, SendError, Target, Transient, receipt

TIMEOUT: Final = 20.0
"""Seconds for the whole exchange: greylisting servers are slow to greet."""
RELAY: Final = "TOCSIN_SMTP_URL"
"""Environment variable with the server for `mailto:` addresses."""
_TRY_AGAIN_CODES: Final = range(400, 500)
"""RFC 5321, section 4.2.1: 4yz is a transient refusal, 5yz a permanent one."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mail is handed in, and whose it is."""

    host: str
    port: int
    sender: str
    to: str
    tls: str
    """`direct`, `auto`, `required` or `none`."""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    timeout: float = TIMEOUT


class SmtpChannel:
    """Hands mails to a server; the server's acceptance is the receipt.

    Args:
        relay: The server for addresses that name none (`mailto:…`), written as above, with `from`.
        parallel: Mails under way at once.
    """

    def __init__(self, relay: str = "", parallel: int = 4) -> None:
        self._relay = relay
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="smtp")

    async def send(self, delivery: Delivery) -> str:
        """Hand the mail in; raises Transient or Permanent."""
        server = server_of(delivery.target, self._relay)
        mail = mail_of(delivery, server)
        line = _Line()
        task = asyncio.get_running_loop().run_in_executor(self._pool, _hand_in, server, mail, line)
        try:
            done, _ = await asyncio.wait([task], timeout=server.timeout)
        except asyncio.CancelledError:
            line.cut()
            raise
        if not done:
            # A thread cannot be cancelled, its connection can be cut; then its own answer is waited for, since the
            # mail may have been accepted at the last moment.
            line.cut()
            done, _ = await asyncio.wait([task], timeout=server.timeout)
            if not done:
                raise Transient(f"no answer within {server.timeout:g} s")
        return await task

    async def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Line:
    """The connection of one mail, so that it can be cut from outside its thread."""

    def __init__(self) -> None:
        self.client: smtplib.SMTP | None = None
        self.was_cut = False

    def cut(self) -> None:
        self.was_cut = True
        open_socket = getattr(self.client, "sock", None)
        if open_socket is not None:
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)


class _Client(smtplib.SMTP):
    """A client that can be cut off while it still connects, which smtplib does in its constructor."""

    def __init__(self, line: _Line, server: Server) -> None:
        line.client = self
        super().__init__(server.host, server.port, timeout=server.timeout)


class _TlsClient(smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""

    def __init__(self, line: _Line, server: Server, context: ssl.SSLContext) -> None:
        line.client = self
        super().__init__(server.host, server.port, timeout=server.timeout, context=context)


def server_of(target: Target, relay: str = "") -> Server:
    """Read the address and the options; raises Permanent, naming what is wrong but never its value."""
    url, to = target.url, ""
    if url.startswith("mailto:"):
        if not relay:
            raise Permanent(f"a mailto: address needs a mail server: set {RELAY} to smtp://host/?from=tocsin@…")
        url, to = relay, unquote(url.removeprefix("mailto:"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Permanent("not a valid smtp:// address") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Permanent("a mail channel needs an address smtp://host or smtps://host")
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()} | target.options
    tls = "direct" if parts.scheme == "smtps" else given.get("tls", "auto")
    if tls not in {"direct", "auto", "required", "none"}:
        raise Permanent("option tls is not auto, required or none")
    sender, to = given.get("from", ""), to or given.get("to", "")
    for name, address in (("from", sender), ("to", to)):
        if not _is_address(address):
            raise Permanent(f"option {name} is not one mail address")
    return Server(
        host=parts.hostname,
        port=port or (465 if tls == "direct" else 587),
        sender=sender,
        to=to,
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        timeout=seconds_of(given) or TIMEOUT,
    )


def mail_of(delivery: Delivery, server: Server) -> EmailMessage:
    """Return the mail. Its Message-ID depends on nothing but the idempotency key and the sender's domain."""
    notification, message = delivery.notification, delivery.message
    domain = server.sender.rpartition("@")[2]
    thread = f"<{notification.incident_id}@{domain}>"
    mail = EmailMessage(policy=WIRE)
    # What looks like an encoded word (RFC 2047) would be decoded, and a line end in it become a header of its own.
    mail["Subject"] = " ".join(message.subject.replace("=?", "= ?").split())
    mail["From"] = Address("Tocsin", addr_spec=server.sender)
    mail["To"] = Address(addr_spec=server.to)
    mail["Date"] = format_datetime(notification.at)
    mail["Message-ID"] = f"<{delivery.key}@{domain}>"
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    # RFC 3834: keeps holiday notices from answering.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Tocsin-Incident"] = notification.incident_id
    mail["X-Tocsin-Severity"] = notification.severity
    if notification.severity in {"L3", "L4"} and notification.purpose in {"page", "nobody_reached"}:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    mail.set_content(message.text)
    mail.add_alternative(message.html_with_image or message.html, subtype="html")
    html = mail.get_body(("html",))
    if message.image and isinstance(html, EmailMessage):
        html.add_related(message.image, "image", "png", cid="<chart>", filename="chart.png", disposition="inline")
    mail["Content-Language"] = message.language  # only now: setting the content takes away all headers of this kind
    return mail


def _hand_in(server: Server, mail: EmailMessage, line: _Line) -> str:
    try:
        return receipt(_talk(server, mail, line))
    except SendError:
        raise
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise _refused(code, "recipient refused") from None
    except smtplib.SMTPAuthenticationError as error:
        raise _refused(error.smtp_code, "login refused") from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, "mail refused") from None
    except smtplib.SMTPNotSupportedError:
        raise Permanent("the server offers neither STARTTLS nor login; say tls=none if the line is safe") from None
    except ssl.SSLCertVerificationError:
        raise Permanent("the server's certificate is not trusted") from None
    except socket.gaierror:
        raise Transient("name not found") from None
    except ConnectionRefusedError:
        raise Transient("connection refused") from None
    except (OSError, smtplib.SMTPException) as error:
        if line.was_cut or isinstance(error, TimeoutError):
            raise Transient(f"no answer within {server.timeout:g} s") from None
        raise Transient(f"connection failed ({type(error).__name__})") from None
    except (ValueError, UnicodeError):
        raise Permanent("not a mail that can be sent to this address") from None


def _talk(server: Server, mail: EmailMessage, line: _Line) -> str:
    context = ssl.create_default_context()
    client = _TlsClient(line, server, context) if server.tls == "direct" else _Client(line, server)
    if line.was_cut:
        raise TimeoutError
    try:
        client.ehlo()
        secure = server.tls == "direct"
        if server.tls == "required" or (server.tls == "auto" and client.has_extn("starttls")):
            client.starttls(context=context)
            client.ehlo()
            secure = True
        if server.user:
            if not secure and server.tls != "none":
                raise Permanent(
                    "the server offers no STARTTLS, so the password is not sent; say tls=none if the line is safe"
                )
            client.login(server.user, server.password)
        client.send_message(mail, server.sender, [server.to])
    finally:
        # The mail is accepted or refused by now; how the farewell goes changes nothing.
        with suppress(OSError, smtplib.SMTPException):
            client.quit()
    return f"accepted by {server.host}, Message-ID {mail['Message-ID']}"


def _refused(code: int, what: str) -> SendError:
    return (Transient if code in _TRY_AGAIN_CODES or code < 0 else Permanent)(f"{what} with code {code}")


def _is_address(text: str) -> bool:
    """Tell whether `text` is one address: a second one, or a line end, would reach people nobody meant."""
    try:
        found = Address(addr_spec=text)
    except (ValueError, IndexError):
        return False
    return bool(found.username and found.domain) and text.isprintable() and "," not in text
