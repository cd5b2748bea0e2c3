"""Addresses with a secret in them: `${NAME}` from the environment, `file:/path` from a file; never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streams.errors import UserError
from streams.policy.model import Channel

_SECRET_OPTIONS: Final = frozenset({"secret", "password", "token", "routing_key", "header.authorization", "api_key"})
_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def unset(text: str, env: Mapping[str, str]) -> list[str]:
    """Return what `text` needs and is not there, in words: `environment variable SLACK_URL is not set`."""
    missing = [f"environment variable {name} is not set" for name in _NAME.findall(text) if not env.get(name)]
    if text.startswith("file:") and not Path(text.removeprefix("file:")).is_file():
        missing.append(f'there is no file "{text.removeprefix("file:")}"')
    return missing


def resolve(text: str, env: Mapping[str, str]) -> str:
    """Return `text` with its secrets filled in; raises UserError that names the variable or file, never a value."""
    missing = unset(text, env)
    if missing:
        raise UserError("; ".join(missing))
    if text.startswith("file:"):
        try:
            return Path(text.removeprefix("file:")).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f'cannot read "{text.removeprefix("file:")}": {type(error).__name__}') from None
    return _NAME.sub(lambda found: env[found[1]], text)


def resolved(channel: Channel, env: Mapping[str, str]) -> Channel:
    """Return `channel` with the secrets of its address and of its options filled in; raises UserError like `resolve`."""
    options = {name: resolve(value, env) for name, value in channel.options.items()}
    return Channel(channel.type, resolve(channel.url, env), options)


def is_secret(option: str) -> bool:
    """Tell whether an option of this name holds a secret."""
    return option.lower() in _SECRET_OPTIONS


def is_reference(text: str) -> bool:
    """Tell whether `text` names its secret (`${NAME}`, `file:/path`) and does not contain it."""
    return bool(_NAME.search(text)) or text.startswith("file:")


def has_password(url: str) -> bool:
    """Tell whether `url` carries a password in clear (`scheme://user:password@host`)."""
    return bool(re.match(r"^[a-z][a-z0-9+.-]*://[^/@\s:]*:[^/@\s$]+@", url, re.IGNORECASE)) and not _NAME.search(url)
