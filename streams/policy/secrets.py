"""Addresses with a secret in them: `${NAME}` from the environment, `file:/path` from a file; never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from streams.errors import UserError

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


def has_password(url: str) -> bool:
    """Tell whether `url` carries a password in clear (`scheme://user:password@host`)."""
    return bool(re.match(r"^[a-z][a-z0-9+.-]*://[^/@\s:]*:[^/@\s$]+@", url, re.IGNORECASE)) and not _NAME.search(url)
