"""The first words with a broker: is it there, does it speak as the settings say, does it take our name and password?

The client libraries answer all of these with a time-out. Here each has its own answer, because what to do differs: a
broker that is away is waited for, a wrong setting never comes right by waiting.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from streams.errors import UserError
from streams.settings import BrokerSettings, kafka_options

ANSWERS_WITHIN: Final = 5.0
"""Seconds after which a broker that does not answer is said to be away."""


class UnreachableError(Exception):
    """No broker answered; waiting may help."""


async def greet(broker: BrokerSettings) -> None:
    """Return when one of the addresses answers. Raises UserError where no waiting helps, else UnreachableError."""
    away: list[str] = []
    for address in broker.bootstrap.split(","):
        fault = await _greet(broker, address.strip())
        if fault is None:
            return
        away.append(fault)
    raise UnreachableError("; ".join(away))


async def _greet(broker: BrokerSettings, address: str) -> str | None:
    """Return None where `address` answers, else why it is thought to be away; raises UserError."""
    options = {name: value for name, value in kafka_options(broker).items() if name != "bootstrap_servers"}
    try:
        await _ask(address, _describe, **options)
        return None
    except (errors.KafkaError, OSError, TimeoutError) as error:
        fault = await _wrong_setting(broker, address, error)
        if fault is not None:
            raise UserError(fault) from None
        return f"broker {address} does not answer ({_reason(error)})"


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")


async def _wrong_setting(broker: BrokerSettings, address: str, error: Exception) -> str | None:
    """Return which setting is wrong and what to write instead; None where the broker may just be away."""
    protocol = broker.security_protocol
    if isinstance(error, errors.SaslAuthenticationFailed):
        return (
            f"broker {address}: the sign-in was refused ({error.args[0] if error.args else error}); "
            f"correct the user name in {broker.username_env} or the password in {broker.password_env}"
        )
    if isinstance(error, errors.UnsupportedSaslMechanismError):
        offered = ", ".join(await _mechanisms(address, broker)) or "none that it tells"
        return f"broker.sasl_mechanism: {broker.sasl_mechanism} is not offered by {address}; it offers {offered}"
    if isinstance(error, errors.IllegalSaslStateError):
        return f"broker.security_protocol: {address} asks nobody to sign in; write {protocol.removeprefix('SASL_')}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"broker.ca_file: the certificate of {address} is not accepted ({error.verify_message}); name the authority "
            "that signed it, and write the address as it stands in the certificate"
        )
    if isinstance(error, ConnectionRefusedError):
        return None
    if protocol.endswith("SSL"):
        if await _speaks(address, clear=True):
            plain = protocol.replace("SSL", "PLAINTEXT")
            return f"broker.security_protocol: {address} does not speak TLS; write {plain}, or the port that does"
        return None
    if await _speaks(address, clear=False):
        tls = protocol.replace("PLAINTEXT", "SSL")
        return f"broker.security_protocol: {address} speaks TLS; write {tls}, or the port that does not"
    if protocol == "PLAINTEXT" and (offered := ", ".join(await _mechanisms(address, broker))):
        return (
            f"broker.security_protocol: {address} asks to sign in; write SASL_PLAINTEXT, "
            f"and as broker.sasl_mechanism one of {offered}"
        )
    return None


async def _ask(address: str, question: Callable[[AIOKafkaConnection], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(ANSWERS_WITHIN):
        connection = await create_conn(
            host.strip("[]"),
            int(port),
            client_id="tocsin",
            request_timeout_ms=int(ANSWERS_WITHIN * 1_000),
            **options,
        )
        try:
            return await question(connection)
        finally:
            connection.close()


async def _describe(connection: AIOKafkaConnection) -> None:
    await connection.send(MetadataRequest([]))


async def _nothing(_: AIOKafkaConnection) -> None:
    """The connection itself, with the question for versions that opens it, was all there is to ask."""


async def _offer(connection: AIOKafkaConnection) -> list[str]:
    answer = await connection.send(SaslHandShakeRequest("PLAIN"))
    return [] if answer.error_code == errors.IllegalSaslStateError.errno else list(answer.enabled_mechanisms)


async def _mechanisms(address: str, broker: BrokerSettings) -> list[str]:
    """Return the ways to sign in at `address`; none where nobody is asked to."""
    context = kafka_options(broker).get("ssl_context")
    try:
        mechanisms: list[str] = await _ask(
            address, _offer, security_protocol="SSL" if context else "PLAINTEXT", ssl_context=context
        )
    except (errors.KafkaError, OSError, TimeoutError):
        return []
    return mechanisms


async def _speaks(address: str, *, clear: bool) -> bool:
    """Return whether a Kafka broker answers in the clear, or anybody over TLS, whoever signed the certificate."""
    try:
        if clear:
            await _ask(address, _nothing)
            return True
        host, _, port = address.rpartition(":")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        async with asyncio.timeout(ANSWERS_WITHIN):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=context)
            writer.close()
        return True
    except (errors.KafkaError, OSError, TimeoutError):
        return False
