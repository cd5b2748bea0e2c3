"""Real Apache Kafka for the system tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from deploy import kafka_jars
from deploy.broker import QUICK_START, KafkaBroker, KafkaUnavailableError


@pytest.fixture(scope="session")
def kafka_installed() -> None:
    """Java and Kafka's jars are here. Skips where they are not; fails in CI, where a skip would pass for a success."""
    try:
        kafka_jars.java()
        kafka_jars.ensure_jars()
    except KafkaUnavailableError as error:
        if os.environ.get("CI") == "true" or os.environ.get("TOCSIN_REQUIRE_KAFKA"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka(kafka_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """Apache Kafka, one node for the whole run: use topic and group names of your own, and leave it running.

    Tests that kill or freeze a broker start one of their own, after asking for `kafka_installed`.
    """
    with KafkaBroker(tmp_path_factory.mktemp("kafka"), jvm_options=QUICK_START) as broker:
        yield broker
