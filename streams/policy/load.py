"""Read a policy file: every error at once, or a policy that can be used."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from streams.errors import UserError
from streams.policy.calendars import days_of
from streams.policy.model import Calendar, Policy
from streams.policy.problems import PolicyError, Problem
from streams.policy.reading import parse, read
from streams.policy.references import check_references


def load_policy(path: Path | str) -> Policy:
    """Return the policy in the file `path`; raises PolicyError with one line per error."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PolicyError(
            str(path), [Problem("", "there is no such file: copy deploy/config/policy.example.yaml")]
        ) from None
    except UnicodeDecodeError:
        raise PolicyError(str(path), [Problem("", "is not UTF-8: save it as UTF-8")]) from None
    except OSError as error:
        raise PolicyError(str(path), [Problem("", f"cannot be read: {error.strerror}; name a file")]) from None
    policy, problems = read_policy(text, path.parent)
    errors = [problem for problem in problems if problem.level == "error"]
    if policy is None or errors:
        raise PolicyError(path.name, errors)
    return policy


def read_policy(text: str, folder: Path | None = None) -> tuple[Policy | None, list[Problem]]:
    """Return the policy that the YAML `text` describes (None where it has no meaning) and all that is wrong with it."""
    problems: list[Problem] = []
    try:
        raw = parse(text)
    except ValueError as error:
        return None, [Problem("", str(error))]
    policy = read(raw, Policy, "", lambda path, message: problems.append(Problem(path, message)))
    if policy is None:
        return None, problems
    policy, calendar_problems = _with_calendars(policy, folder)
    return policy, problems + calendar_problems + check_references(policy)


def _with_calendars(policy: Policy, folder: Path | None) -> tuple[Policy, list[Problem]]:
    """Return `policy` with the days of its .ics files filled in."""
    problems, calendars = [], {}
    for name, calendar in policy.calendars.items():
        days = list(calendar.days)
        if calendar.file:
            try:
                days += days_of((folder or Path()) / calendar.file)
            except UserError as error:
                problems.append(Problem(f"calendars.{name}.file", str(error)))
        elif not days:
            problems.append(Problem(f"calendars.{name}", "is empty: give a `file` (.ics) or `days`"))
        calendars[name] = Calendar(file=calendar.file, days=sorted(set(days)))
    return msgspec.structs.replace(policy, calendars=calendars), problems


def without_addresses(policy: Policy) -> dict[str, Any]:
    """Return the policy as plain data without any address: what decisions need, fit to be kept in the journal."""
    plain: dict[str, Any] = msgspec.to_builtins(policy)
    for person in plain["people"].values():
        person["channels"] = [one | {"url": "", "options": {}} for one in person["channels"]]
        person["name"] = ""
    plain["runbooks"] = [one | {"url": ""} for one in plain["runbooks"]]
    plain["channels"] = {name: one | {"url": "", "options": {}} for name, one in plain["channels"].items()}
    return plain


def from_plain(plain: dict[str, Any]) -> Policy:
    """Return the policy that `without_addresses` wrote; raises msgspec.ValidationError."""
    return msgspec.convert(plain, Policy)


def digest(policy: Policy) -> str:
    """Return a short hash of all that decisions depend on; two files that differ in addresses alone share it."""
    text = msgspec.json.encode(without_addresses(policy), order="deterministic")
    return hashlib.blake2b(text, digest_size=8).hexdigest()
