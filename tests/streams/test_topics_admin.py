"""What is said of a topic that is not as it must be, where a single broker cannot show it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.settings import Settings
from streams.topics_admin import _standing


def problems(replicas: int, config: dict[str, str], brokers: int) -> tuple[str, ...]:
    described: dict[str, Any] = {"partitions": [{"replica_nodes": list(range(replicas))}]}
    all_of_it = topics.JOURNAL.config() | config
    return _standing(topics.JOURNAL, "journal", described, all_of_it, Settings(), min(3, brokers)).problems


@pytest.mark.parametrize(
    ("replicas", "in_sync", "brokers", "told"),
    [
        (1, 1, 1, []),
        (2, 1, 2, []),
        (2, 2, 2, []),
        (3, 2, 5, []),
        (3, 3, 3, []),
        (1, 1, 3, ["1 replica(s), must have 3; raise it with kafka-reassign-partitions.sh"]),
        (1, 2, 1, ["min.insync.replicas is 2, must be 1; run: kafka-configs.sh"]),
        (3, 1, 3, ["min.insync.replicas is 1, must be 2; run: kafka-configs.sh"]),
        (3, 4, 3, ["min.insync.replicas is 4, must be 2; run: kafka-configs.sh"]),
        (2, 3, 3, ["2 replica(s), must have 3", "min.insync.replicas is 3, must be 2"]),
    ],
)
def test_what_one_broker_has_alone_can_be_lost_and_what_too_many_must_have_is_never_taken(
    replicas: int, in_sync: int, brokers: int, told: list[str]
):
    found = problems(replicas, {"min.insync.replicas": str(in_sync)}, brokers)
    assert len(found) == len(told)
    for line, part in zip(found, told, strict=True):
        assert part in line


def test_a_broker_that_tells_no_settings_is_believed():
    """The embedded one."""
    described = {"partitions": [{"replica_nodes": [1]}]}
    assert _standing(topics.JOURNAL, "journal", described, {}, Settings(), 1).problems == ()
