"""Makes a Faust app from the settings: the values that held."""

from __future__ import annotations

from typing import Any, Final

import faust

from streams.engine.hooks import Hooks, Pulse
from streams.engine.transport import FINISH_WITHIN, SliceApp, check_versions
from streams.settings import Settings

ANSWERS_WITHIN: Final = 40.0
"""Seconds that a request to the broker may take; a session's length at the least."""


def create_app(settings: Settings, agent: str, hooks: Hooks, *, together: bool = False) -> SliceApp:
    """Return the Faust app of one agent; its consumer group is `<group>-<agent>`."""
    check_versions()
    broker, engine = settings.broker, settings.engine
    member = f"{engine.static_member}-{agent}" if engine.static_member else None
    app = SliceApp(
        f"{engine.group}-{agent}",
        broker=[f"aiokafka://{address.strip()}" for address in broker.bootstrap.split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=engine.session_timeout,
        broker_heartbeat_interval=min(3.0, engine.session_timeout / 3),
        broker_request_timeout=max(ANSWERS_WITHIN, engine.session_timeout + 10.0),
        # A member that does not come is dropped by the group before another's watchdog ends that one for waiting.
        broker_rebalance_timeout=min(60.0, max(2 * FINISH_WITHIN, engine.watchdog_timeout / 2)),
        broker_max_poll_interval=600.0,
        broker_max_poll_records=engine.max_poll_records,
        broker_commit_interval=1.0,
        consumer_auto_offset_reset="none",  # what was not read and is gone is told, not passed over
        consumer_metadata_max_age_ms=5_000,  # a topic that was made anew is seen as soon
        consumer_max_fetch_size=8 * 1_048_576,
        consumer_group_instance_id=member,
        stream_buffer_maxsize=4,  # slices: at three it stops fetching, at one it goes on
        stream_wait_empty=True,
        stream_publish_on_commit=False,
        stream_recovery_delay=0.0,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        web_tables_enabled=False,
        web_router_enabled=False,
        value_serializer="raw",
        key_serializer="raw",
        producer_linger=0.0,
        id_format="{id}",
        datadir="/nonexistent",  # Faust insists on a name; a worker keeps nothing on disk
    )
    app.tocsin_hooks = hooks
    app.tocsin_pulse = Pulse()
    app.tocsin_together = together
    return app


def _credentials(settings: Settings) -> Any:
    from streams.settings import kafka_options

    broker = settings.broker
    if broker.security_protocol == "PLAINTEXT":
        return None
    options = kafka_options(broker)
    if broker.security_protocol == "SSL":
        return faust.SSLCredentials(context=options["ssl_context"])
    return faust.SASLCredentials(
        username=options["sasl_plain_username"],
        password=options["sasl_plain_password"],
        mechanism=broker.sasl_mechanism,
        ssl_context=options.get("ssl_context"),
    )
