"""Links in messages that let somebody act: signed, for one purpose, one person and one incident, until a given time.

    https://tocsin.example.org/do/<claim>.<signature>

The claim is base64url of a JSON array, the signature HMAC-SHA256 (RFC 2104) over a fixed prefix and the claim. A link
is used once: its `command_id` is derived from the claim, a command with that id is taken once by the journal, and a
second use is recognised there, also after a restart and on another host.

Mail gateways open every link. So GET shows what would be done, and only POST does it; that is for the page to keep.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, cast, get_args
from uuid import uuid5

from schemas.ids import NAMESPACE
from streams.errors import UserError

Purpose = Literal["ack", "dismiss", "receipt", "decide", "card"]
"""`decide`: all other decisions of this person on this incident, each once. `card`: the receipt of a role's card; in
place of an incident's id stand its role and version."""
PURPOSES: Final[tuple[str, ...]] = get_args(Purpose)
PATH: Final = "/do/"
ENV_KEYS: Final = "TOCSIN_LINK_KEYS"
"""Environment variable with the secrets that sign links, the newest first, separated by commas."""
MIN_KEY_BYTES: Final = 16
"""Half of the hash's output: RFC 2104 asks for keys that are not much shorter than it."""
MAX_TOKEN: Final = 1_024
"""Characters; a claim of ours has about three hundred."""
_PREFIX: Final = b"tocsin-link-1\n"
"""Keeps a signature made for something else with the same key from being taken for a link's."""


class Refusal(StrEnum):
    """Why a link is not honoured."""

    MALFORMED = "malformed"
    FORGED = "forged"
    EXPIRED = "expired"
    WRONG_PURPOSE = "wrong purpose"


class LinkError(Exception):
    """The link is not honoured; `refusal` says why. The text never holds the link."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"link refused: {refusal.value}")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link entitles to."""

    purpose: Purpose
    incident_id: str
    person: str
    expires_at: int
    """Epoch milliseconds; from then on the link is refused."""
    nonce: str
    """What tells two links apart that are otherwise the same: the notification that carried it."""

    @property
    def command_id(self) -> str:
        """Id of the command that the link gives: the same each time, so that the second one does nothing."""
        return self.command_for("")

    def command_for(self, action: str) -> str:
        """Return the id of the command `action` given by a link that allows several: each counts once."""
        parts = [self.purpose, self.incident_id, self.person, self.nonce, *([action] if action else [])]
        return str(uuid5(NAMESPACE, "\x1f".join(("link", *parts))))


def keys_from(environment: Mapping[str, str]) -> list[bytes]:
    """Return the secrets in TOCSIN_LINK_KEYS; none: links only show, they do not act."""
    return [key.strip().encode() for key in environment.get(ENV_KEYS, "").split(",") if key.strip()]


class Links:
    """Signs links and checks them.

    Args:
        keys: Secrets of at least 16 bytes; the first signs, all are accepted, so that a key can be changed.
        public_url: Where people reach the page, `https://tocsin.example.org`.

    Raises:
        UserError: A key is too short; the text does not show it.
    """

    def __init__(self, keys: Sequence[bytes], public_url: str) -> None:
        shortest = min(map(len, keys), default=0)
        if shortest < MIN_KEY_BYTES:
            raise UserError(
                f"a key that signs links needs at least {MIN_KEY_BYTES} bytes, one has {shortest}; "
                'make one with "openssl rand -hex 32"',
            )
        self._keys = tuple(keys)
        self.public_url = public_url.rstrip("/")

    def __repr__(self) -> str:
        return f"Links({self.public_url!r})"

    def url(self, claim: Claim) -> str:
        """Return the address that carries `claim`."""
        return f"{self.public_url}{PATH}{self.token(claim)}"

    def token(self, claim: Claim) -> str:
        """Return `claim` signed, in characters that are safe in an address."""
        fields = [claim.purpose, claim.incident_id, claim.person, claim.expires_at, claim.nonce]
        body = _encode(json.dumps(fields, separators=(",", ":")).encode())
        return f"{body}.{_encode(_sign(self._keys[0], body))}"

    def check(self, token: str, purpose: Purpose, now: int) -> Claim:
        """Return what `token` entitles to; raises LinkError.

        Args:
            token: The last part of the address.
            purpose: What the person is about to do; a link for something else is refused.
            now: Epoch milliseconds.
        """
        body, dot, signature = token.partition(".")
        if not dot or len(token) > MAX_TOKEN or not token.isascii():
            raise LinkError(Refusal.MALFORMED)
        given = _decode(signature)
        # Every key is tried and the comparison takes the same time however much of it is right.
        if not sum(hmac.compare_digest(given, _sign(key, body)) for key in self._keys):
            raise LinkError(Refusal.FORGED)
        claim = _claim(_decode(body))
        if claim.purpose != purpose:
            raise LinkError(Refusal.WRONG_PURPOSE)
        if now >= claim.expires_at:
            raise LinkError(Refusal.EXPIRED)
        return claim

    def peek(self, token: str, now: int) -> Claim:
        """Return what `token` entitles to, whatever its purpose: for the page that shows it. Raises LinkError."""
        for purpose in PURPOSES:
            try:
                return self.check(token, cast("Purpose", purpose), now)
            except LinkError as error:
                if error.refusal is not Refusal.WRONG_PURPOSE:
                    raise
        raise LinkError(Refusal.MALFORMED)


def _sign(key: bytes, body: str) -> bytes:
    return hmac.digest(key, _PREFIX + body.encode(), "sha256")


def _claim(body: bytes) -> Claim:
    try:
        purpose, incident_id, person, expires_at, nonce = json.loads(body)
    except (ValueError, TypeError):
        raise LinkError(Refusal.MALFORMED) from None
    texts = (purpose, incident_id, person, nonce)
    if not all(isinstance(text, str) for text in texts) or type(expires_at) is not int or purpose not in PURPOSES:
        raise LinkError(Refusal.MALFORMED)
    return Claim(purpose, incident_id, person, expires_at, nonce)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise LinkError(Refusal.MALFORMED) from None
