"""What a server says back of a login or a token stands in no receipt; what it says of its own does."""

from __future__ import annotations

from base64 import b64encode

import pytest

from streams.delivery import Target
from streams.delivery.redact import redact

SECRET = "Hush-4711-Hush"


@pytest.mark.parametrize(
    ("type_", "url", "options", "said"),
    [
        ("webhook", f"https://a.example/hooks/{SECRET}", {}, f"id /hooks/{SECRET}"),
        ("webhook", f"https://a.example/?token={SECRET}", {}, f"id {SECRET.upper()}"),
        (
            "webhook",
            f"https://user:{SECRET}@a.example/",
            {},
            "id Basic " + b64encode(f"user:{SECRET}".encode()).decode(),
        ),
        ("webhook", "https://a.example/", {"header.Authorization": f"Bearer {SECRET}"}, f"id {SECRET}"),
        ("webhook", "https://a.example/", {"secret": f"{SECRET} older-{SECRET}"}, f"id older-{SECRET}"),
        ("pagerduty", f"pagerduty://{SECRET}", {}, f"status {SECRET}"),
        ("apprise", f"slack://{SECRET}/b/c", {}, f"by {SECRET}"),
        ("smtp", "smtp://u:Hush%2D4711-Hush@a.example/?from=bell@example.org", {}, f"by {SECRET}"),
        ("webhook", f"http://[{SECRET}", {}, f"at http://[{SECRET}"),
    ],
)
def test_a_secret_that_comes_back_is_taken_out(type_: str, url: str, options: dict[str, str], said: str) -> None:
    told = redact(said, Target("bob", "en", "c", type_, url, options))
    assert "hush" not in told.lower() and "…" in told
    assert b64encode(SECRET.encode()).decode()[:8] not in told


def test_what_is_no_secret_stays() -> None:
    mail = Target(
        "bob", "en", "c", "smtp", "smtp://mail.example.org/?from=bell@example.org&to=a@example.org", {"timeout": "5"}
    )
    assert (
        redact("accepted by mail.example.org, Message-ID <1@example.org>", mail)
        == "accepted by mail.example.org, Message-ID <1@example.org>"
    )
    pager = Target("bob", "en", "c", "pagerduty", "https://events.example/v2/enqueue", {"routing_key": SECRET})
    assert redact("success, dedup_key 9082cd8a", pager) == "success, dedup_key 9082cd8a"
