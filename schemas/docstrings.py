"""The words written under a struct's fields, for generated documents: said once, in the code, and read from there."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any


@cache
def field_docs(type_: type[Any]) -> dict[str, str]:
    """Return the docstring under each field of `type_` by the field's name; fields without one are left out."""
    body = ast.parse(textwrap.dedent(inspect.getsource(type_))).body[0]
    return dict(_documented(body)) if isinstance(body, ast.ClassDef) else {}


def _documented(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in pairwise(body.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            yield field.target.id, " ".join(after.value.value.split())


def summary(type_: type[Any]) -> str:
    """Return the docstring of `type_` as one paragraph."""
    return " ".join((inspect.getdoc(type_) or "").split())
