"""Run the embedded broker alone, for trying things: the Kafka protocol, in memory only, nothing survives it."""

from __future__ import annotations

import argparse
import signal
import threading

from streams.errors import UserError

EXAMPLES = """\
  tocsin broker --port 9092
  TOCSIN_BROKER=127.0.0.1:9092 tocsin topics create
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--port", type=int, default=9092, help="port on 127.0.0.1 (default: 9092)")


def run(args: argparse.Namespace) -> int:
    """Run it until a signal."""
    from deploy.broker import BrokerError, EmbeddedBroker

    if not 0 < args.port < 65_536:
        raise UserError(f"--port: {args.port} must lie between 1 and 65535")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        with EmbeddedBroker(port=args.port) as broker:
            print(
                f"broker at {broker.bootstrap} (in memory only); set broker.embedded: true in tocsin.yaml; Ctrl-C ends it",
                flush=True,
            )
            ended.wait()
    except BrokerError as error:
        raise UserError(
            f"the embedded broker did not start: {error}; is port {args.port} taken? choose another with --port"
        ) from None
    return 0
