"""What is wrong with a policy: one line each, with its path and what to write instead."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from streams.errors import UserError


class Problem(Struct, frozen=True):
    """One finding. An `error` stops the worker from starting, a `warning` is said and lived with, a `note` is for here only."""

    path: str
    message: str
    level: Literal["error", "warning", "note"] = "error"

    def line(self, file: str) -> str:
        """Return the finding as it is printed."""
        mark = "" if self.level == "error" else f"{self.level}: "
        return f"{file}: {mark}{self.path}: {self.message}" if self.path else f"{file}: {mark}{self.message}"


class PolicyError(UserError):
    """The policy cannot be used; the text has one line per error."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        super().__init__("\n".join(problem.line(file) for problem in problems))
        self.problems = problems
