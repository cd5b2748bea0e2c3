"""Mail to a real SMTP server: parsed as a mail program would, in both languages."""

from __future__ import annotations

import asyncio
import email
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from schemas.times import to_ms
from streams.delivery import Delivery, Permanent, Target, Transient
from streams.delivery.channels.smtp import SmtpChannel
from streams.incidents.effects import MessageContext
from streams.messages import Renderer
from tests.streams.delivery.world import ONSET, a_delivery, a_message, a_page, an_alert, an_incident, refuses, send

PASSWORD = "s3cret-Pa55"


class Sink:
    """Keeps what it is given; answers to RCPT and DATA as it is told."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 Taken") -> None:
        self.rcpt = rcpt
        self.data = data
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[str] = []

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd looks for
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        envelope.rcpt_tos.append(address)
        self.recipients.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.raw.append(envelope.content)
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))
        return self.data


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def server(sink: Sink, **settings: Any) -> Iterator[str]:
    controller = Controller(sink, hostname="127.0.0.1", port=free_port(), **settings)
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def mail(url: str, page: Any = None, **options: str) -> str:
    given = {"from": "tocsin@example.org", "to": "alice@example.org", **options}
    return asyncio.run(send(SmtpChannel(), a_delivery(url, "smtp", page, **given)))


@pytest.mark.parametrize(
    ("language", "subject", "words", "button"),
    [
        ("en", "L4 Maison Lavande: surge of negative mentions", "412 negative mentions in 5 min", "What is happening"),
        (
            "fr",
            "L4 Maison Lavande : afflux de mentions négatives",
            "412 mentions négatives en 5 min",
            "Ce qui se passe",
        ),
    ],
)
def test_a_mail_arrives_as_text_and_html_in_the_readers_language(
    language: str, subject: str, words: str, button: str
) -> None:
    sink = Sink()
    with server(sink) as host:
        receipt = mail(f"smtp://{host}", language=language)
    (got,) = sink.mails
    key, incident = a_page().notification_id, an_incident().incident_id
    assert got["Subject"] == subject
    assert got["To"] == "alice@example.org"
    assert got["From"] == "Tocsin <tocsin@example.org>"
    assert got["Message-ID"] == f"<{key}@example.org>"
    assert got["References"] == f"<{incident}@example.org>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Content-Language"] == language
    assert got["X-Priority"] == "1"
    assert receipt == f"accepted by 127.0.0.1, Message-ID <{key}@example.org>"
    assert got.get_content_type() == "multipart/alternative"
    plain, html = got.get_body(("plain",)), got.get_body(("html",))
    assert plain is not None and html is not None
    assert words in plain.get_content()
    assert f"tocsin incident ack {incident}" in plain.get_content()
    assert button in html.get_content()
    assert f'<html lang="{language}">' in html.get_content()


def test_a_mail_is_seven_bits_wide_and_its_lines_are_short_enough_for_any_server() -> None:
    sink = Sink()
    with server(sink) as host:
        mail(f"smtp://{host}", language="fr")
    assert sink.raw[0].isascii()
    assert max(len(line) for line in sink.raw[0].split(b"\r\n")) <= 998, "RFC 5322, 2.1.1"


def test_a_repeat_carries_the_same_message_id() -> None:
    sink = Sink()
    with server(sink) as host:
        mail(f"smtp://{host}")
        mail(f"smtp://{host}")
    assert sink.mails[0]["Message-ID"] == sink.mails[1]["Message-ID"]
    assert sink.raw[0].count(b"Message-ID") == 1


def test_address_and_sender_may_stand_in_the_url() -> None:
    sink = Sink()
    with server(sink) as host:
        delivery = a_delivery(f"smtp://{host}/?from=bell@example.org&to=carol@example.org", "smtp")
        asyncio.run(send(SmtpChannel(), delivery))
    assert sink.recipients == ["carol@example.org"]


def test_a_mailto_address_goes_by_the_common_server() -> None:
    sink = Sink()
    with server(sink) as host:
        channel = SmtpChannel(f"smtp://{host}/?from=bell@example.org")
        asyncio.run(send(channel, a_delivery("mailto:dora@example.org", "smtp")))
    assert sink.recipients == ["dora@example.org"]
    with refuses(Permanent, "set TOCSIN_SMTP_URL"):
        mail("mailto:dora@example.org")


@pytest.mark.parametrize(
    ("answer", "kind"), [("451 4.7.1 Greylisted", Transient), ("550 5.1.1 No such user", Permanent)]
)
def test_a_recipient_refused_for_now_is_tried_again_and_one_that_does_not_exist_is_not(answer: str, kind: Any) -> None:
    with server(Sink(rcpt=answer)) as host, refuses(kind, f"recipient refused with code {answer[:3]}"):
        mail(f"smtp://{host}")


@pytest.mark.parametrize(("answer", "kind"), [("452 4.3.1 Full", Transient), ("554 5.7.1 Spam", Permanent)])
def test_a_mail_refused_at_the_end_is_judged_by_its_code(answer: str, kind: Any) -> None:
    with server(Sink(data=answer)) as host, refuses(kind, f"mail refused with code {answer[:3]}"):
        mail(f"smtp://{host}")


def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.login == b"bell" and data.password == PASSWORD.encode(), handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_password_is_not_sent_over_a_line_in_clear_unless_told_so() -> None:
    sink = Sink()
    with server(sink, authenticator=authenticator, auth_require_tls=False, auth_required=True) as host:
        with refuses(Permanent, "no STARTTLS, so the password is not sent"):
            mail(f"smtp://bell:{PASSWORD}@{host}")
        mail(f"smtp://bell:{PASSWORD}@{host}", tls="none")
        with refuses(Permanent, "login refused with code 535"):
            mail(f"smtp://bell:wrong@{host}", tls="none")
    assert len(sink.mails) == 1


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here to make a certificate with")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    order = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    order += ["-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(order, check=True, capture_output=True)
    return cert, key


def test_starttls_is_used_where_offered_and_the_certificate_is_checked(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    sink = Sink()
    settings: dict[str, Any] = {"tls_context": context, "require_starttls": True, "authenticator": authenticator}
    with server(sink, **settings) as host:
        with refuses(Permanent, "certificate is not trusted"):
            mail(f"smtp://bell:{PASSWORD}@{host}")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        mail(f"smtp://bell:{PASSWORD}@{host}")
    assert len(sink.mails) == 1


def test_tls_from_the_first_byte(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    sink = Sink()
    with server(sink, ssl_context=context) as host:
        mail(f"smtps://{host}")
    assert len(sink.mails) == 1


def test_tls_required_refuses_a_server_without() -> None:
    sink = Sink()
    with server(sink) as host, refuses(Permanent, "neither STARTTLS"):
        mail(f"smtp://{host}", tls="required")
    assert not sink.mails


def test_a_server_that_drips_forever_is_cut_off_in_time() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:  # a greeting that never ends: each byte would renew a socket's own time-out
                writer.write(b"220-wait\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
        except OSError:
            writer.close()

    async def run() -> float:
        listener = await asyncio.start_server(drip, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        started = time.monotonic()
        options = {"from": "a@example.org", "to": "b@example.org", "timeout": "0.5"}
        try:
            with refuses(Transient, "no answer within 0.5 s"):
                await send(SmtpChannel(), a_delivery(f"smtp://127.0.0.1:{port}", "smtp", **options))  # type: ignore[arg-type]
        finally:
            listener.close()
        return time.monotonic() - started

    assert asyncio.run(run()) < 2.0


def test_nobody_listening_and_no_such_name_are_worth_another_try() -> None:
    with refuses(Transient, "connection refused"):
        mail(f"smtp://127.0.0.1:{free_port()}")
    with refuses(Transient, "name not found"):
        mail("smtp://tocsin.invalid")


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("imap://host", {}, "smtp://host"),
        ("smtp://host:port", {}, "not a valid smtp:// address"),
        ("smtp://", {}, "smtp://host"),
        ("smtp://127.0.0.1", {"to": ""}, "option to is not one mail address"),
        ("smtp://127.0.0.1", {"to": "a@example.org, b@example.org"}, "option to"),
        ("smtp://127.0.0.1", {"to": "a@example.org\nBcc: b@example.org"}, "option to"),
        ("smtp://127.0.0.1", {"from": "tocsin"}, "option from"),
        ("smtp://127.0.0.1", {"tls": "maybe"}, "option tls"),
    ],
)
def test_what_is_wrong_in_an_address_is_named(url: str, options: dict[str, str], words: str) -> None:
    with refuses(Permanent, words):
        mail(url, **options)


def test_a_brand_cannot_write_headers() -> None:
    sink = Sink()
    with server(sink) as host:
        delivery = a_delivery(f"smtp://{host}", "smtp", None, **{"from": "t@example.org", "to": "a@example.org"})
        object.__setattr__(delivery.message, "subject", "L4 Evil\r\nBcc: everybody@example.org\r\n\r\nHello")
        asyncio.run(send(SmtpChannel(), delivery))
    assert sink.recipients == ["a@example.org"]
    assert sink.mails[0]["Bcc"] is None


def test_the_picture_of_the_last_hours_is_inside_the_mail() -> None:
    sink = Sink()
    with server(sink) as host:
        delivery = a_delivery(f"smtp://{host}", "smtp", None, **{"from": "t@example.org", "to": "a@example.org"})
        onset = to_ms(ONSET)
        renderer = Renderer(minutes=lambda *_: [(onset, 400, 300.0), (onset - 3_600_000, 3, 1.0)])
        message = renderer.render(delivery.notification, MessageContext(an_incident(), an_alert(), "fr"))
        asyncio.run(send(SmtpChannel(), Delivery(delivery.notification, message, delivery.target)))
    (got,) = sink.mails
    html = got.get_body(("related", "html"))
    assert html is not None
    (picture,) = [part for part in got.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<chart>"
    assert picture.get_content() == message.image
    shown = got.get_body(("html",))
    assert shown is not None
    assert 'src="cid:chart"' in shown.get_content()
    assert got["Content-Language"] == "fr"


@pytest.mark.parametrize(
    "brand",
    ["X\r\nBcc: all@example.org", "X\nSubject: other",
     "X\x00\x0b\x0c\x85\u2028\u2029Bcc: all@example.org", "=?utf-8?q?X=0D=0ABcc:_a@b.c?=",
     "=?utf-8?b?WA0KQmNjOiBhQGIuYw==?=", "é" * 500],
)  # fmt: skip
def test_a_brand_makes_no_header_of_its_own(brand: str) -> None:
    sink = Sink()
    with server(sink) as host:
        incident = an_incident(brand=brand, alerts=[an_alert(brand=brand)])
        message = a_message(a_page(), incident=incident)
        target = Target(
            "bob", "en", "mail", "smtp", f"smtp://{host}", {"from": "tocsin@example.org", "to": "alice@example.org"}
        )
        asyncio.run(send(SmtpChannel(), Delivery(a_page(), message, target)))
    head = sink.raw[0].partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert b"bcc" not in names and len(names) == len(set(names))
    assert sink.recipients == ["alice@example.org"]
