"""The journal's protocol over random histories with deaths, freezes and two at a time; each rule left out is noticed.

`python -m tests.streams.incidents.test_protocol 10000` plays as many as wanted and prints the table of docs/operations.md.
"""

from __future__ import annotations

import sys

import pytest

from tests.streams.incidents.protocol import RULES, history

HISTORIES = 400
ENOUGH = 4_000
"""Histories that a rule left out is given to do harm; the rarest needs some hundred."""


def test_with_all_rules_nothing_is_wrong_in_any_history():
    for seed in range(HISTORIES):
        assert not history(seed), f"history {seed}: {dict(history(seed))}"


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_something_goes_wrong(rule: str):
    assert any(history(seed, rule) for seed in range(ENOUGH)), f"nothing needs the rule: {RULES[rule]}"


def main(histories: int) -> None:
    """Print, for all rules and for each one left out, in how many of `histories` histories something was wrong."""
    for rule in ("", *RULES):
        wrong = sum(bool(history(seed, rule)) for seed in range(histories))
        words = f"without: {RULES[rule]}" if rule else "with all rules"
        print(f"{wrong:6d} of {histories}  {words}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
