"""The notifier on real Kafka: `python -m tests.benchmarks.notifier recovery|latency|kills`.

    python -m tests.benchmarks.notifier recovery --incidents 2000 --brands 40
    python -m tests.benchmarks.notifier latency --rate 100 --seconds 30
    python -m tests.benchmarks.notifier kills --kills 50

The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json

from rich.console import Console

from deploy.broker import KafkaBroker
from tests.benchmarks.notifier import kills, latency, recovery

console = Console(stderr=True)


def main() -> None:
    """Parse the command line, run one part, print what was measured."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.notifier", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parts = parser.add_subparsers(dest="part", required=True)
    one = parts.add_parser("recovery", help="how long until a new notifier leads, without and with a snapshot")
    one.add_argument("--incidents", type=int, default=2_000, help="in all (default: %(default)s)")
    one.add_argument("--brands", type=int, default=40)
    one.add_argument("--days", type=int, default=399)
    two = parts.add_parser("latency", help="from an alert to the page at the receiver")
    two.add_argument("--rate", type=float, default=100, help="alerts a second, each of its own brand (default: 100)")
    two.add_argument("--seconds", type=float, default=30)
    three = parts.add_parser("kills", help="kill -9 between the send and the record of it")
    three.add_argument("--kills", type=int, default=50)
    three.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with KafkaBroker() as broker:
        if args.part == "recovery":
            found = recovery.measure(broker.bootstrap, args.incidents, args.brands, args.days, console.print)
        elif args.part == "kills":
            found = kills.measure(broker.bootstrap, args.kills, args.seed)
        else:
            found = latency.measure(broker.bootstrap, args.rate, args.seconds)
    print(json.dumps({args.part: found}))


if __name__ == "__main__":
    main()
