"""The protocol holds in every history, and each of its rules is needed.

Hypothesis looks for a short history that goes wrong; `python -m tests.model --histories 10000` runs many long ones.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.model.__main__ import goes_wrong
from tests.model.rules import RULES, Rule
from tests.model.world import STEPS, World, history


class Protocol(RuleBasedStateMachine):
    """Steps in any order; when they are over, all must be as the oracle has it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(name=st.sampled_from(sorted(STEPS)), seed=st.integers(0, 1_000))
    def step(self, name: str, seed: int) -> None:
        STEPS[name][1](self.world, random.Random(seed))

    def teardown(self) -> None:
        assert self.world.finish() == []


Protocol.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
test_any_history: Any = Protocol.TestCase


@pytest.mark.parametrize("seed", range(40))
def test_a_long_history(seed: int):
    assert history(seed)[0] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_that_is_taken_out_is_missed(rule: Rule):
    assert goes_wrong(rule, rule.seed), "this history no longer needs it; find one by: python -m tests.model --rules"


@pytest.mark.parametrize("seed", sorted({rule.seed for rule in RULES}))
def test_those_histories_go_right_with_all_rules(seed: int):
    assert history(seed)[0] == []
