"""What the HTTP adapters share: one POST, its answer, and what kind of failure it was."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import aiohttp

from streams.delivery.model import Permanent, SendError, Transient

TIMEOUT: Final = 10.0
"""Seconds for the whole exchange, from name look-up to the answer."""
BODY_TIMEOUT: Final = 2.0
"""Seconds to wait for the body of an answer whose status is known."""
MAX_ANSWER: Final = 4_096
"""Bytes of an answer that are read: a receipt is short, and a huge answer must not fill the memory."""
LONGEST_RETRY_AFTER: Final = 30.0
"""Seconds; who asks for more gets the fallback channel instead."""

_TRY_AGAIN: Final = frozenset({408, 409, 425, 429})
"""Besides 5xx. 409 is what a receiver says while it still works on the same idempotency key."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Http:
    """A client session, opened at first use in the loop that uses it."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float | None = None) -> Answer:  # noqa: ASYNC109 - passed to aiohttp
        """POST `body` and return the answer; raises Transient or Permanent, whose reasons never hold the address."""
        if self._session is None:
            # No cookies and no proxies' credentials from .netrc: each call is on its own.
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        seconds = timeout or self._timeout
        try:
            async with self._session.post(
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                status, found = response.status, dict(response.headers)
                answer = await _read(response)
        except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
            raise failure(error, seconds) from None
        if 200 <= status < 300:
            return Answer(status, answer, found)
        if status >= 500 or status in _TRY_AGAIN:
            raise Transient(f"answered {status}", _retry_after(found))
        if 300 <= status < 400:
            raise Permanent(f"answered {status}: redirects are not followed, give the final address")
        raise Permanent(f"answered {status}")

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the beginning of the answer. The status has decided: a body that is slow or breaks off changes nothing."""
    found = b""
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(BODY_TIMEOUT):
            while len(found) < MAX_ANSWER and (more := await response.content.read(MAX_ANSWER - len(found))):
                found += more
    return found


def failure(error: Exception, seconds: float) -> SendError:
    """Return what `error` means for a delivery, in words of our own."""
    if isinstance(error, TimeoutError):
        return Transient(f"no answer within {seconds:g} s")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError) or type(error) is ValueError:
        return Permanent("not a valid http(s) address")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return Permanent("the server's certificate is not trusted")
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return Transient("name not found")
    number = getattr(error, "errno", None)
    if number == errno.ECONNREFUSED:
        return Transient("connection refused")
    if number in {errno.EHOSTUNREACH, errno.ENETUNREACH}:
        return Transient("host unreachable")
    return Transient(f"connection failed ({type(error).__name__})")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            # The form with a date is rare, and our own back-off serves as well.
            text = value.strip()
            return min(float(text), LONGEST_RETRY_AFTER) if text.isascii() and text.isdecimal() else None
    return None
