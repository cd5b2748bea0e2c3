"""`make chaos`: a replay with faults in it, workers that are killed, frozen and joined, a broker that stumbles.

Real Apache Kafka behind a proxy that cuts connections, real worker processes, seeded, bounded in time. The oracle is the
same cores, run once over the topic `mentions` as the broker has it. The last line is a JSON object; exit status 1 on any
mismatch.

    python -m tests.system.chaos --seed 7 --seconds 60
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from deploy.broker import KafkaBroker
from deploy.broker_process import free_port
from streams.demo.story import BRANDS
from tests.system.chaos.account import account
from tests.system.chaos.faults import Faults
from tests.system.chaos.story import SILENT, Feed, faulty
from tests.system.harness import ROOT, System
from tests.system.proxy import Proxy

SLOW: float = 6.0
"""Seconds by which one source partition lags behind the others."""


def run(seed: int, seconds: float) -> dict[str, Any]:
    """Do one run; return the account."""
    chance = random.Random(seed)
    items = faulty(seed)
    port = free_port()
    proxy = Proxy(port)
    advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
    brands = [{"name": name, "words": list(words)} for name, words in BRANDS.items()] + [{"name": SILENT}]
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-chaos-") as folder,
        KafkaBroker(Path(folder) / "kafka", port=port, properties=advertised) as broker,
    ):
        system = System(f"127.0.0.1:{proxy.port}", Path(folder), name="chaos", partitions=4, wait="10m",
                        extra={"brands": brands})  # fmt: skip
        faults = Faults(system, broker, proxy, chance)
        try:
            system.worker()
            feed = Feed(system.settings, items, seconds, slow=SLOW)
            feed.start()
            faults.run(seconds)
            faults.end()
            feed.join(180)
            system.wait_done(items, 240, supervised=True)
            if system.stalled:
                print(f"ended by the watchdog: {_keep_logs(Path(folder))}", flush=True)
            found = account(system, faults.count, seed)
            return found | {
                "connections_cut": proxy.cuts,
                "ended_by_watchdog": len(system.stalled),
                "timeline": faults.timeline,
            }
        except BaseException:
            print(
                f"seed {seed} failed after {', '.join(faults.timeline)}; the logs: {_keep_logs(Path(folder))}",
                flush=True,
            )
            raise
        finally:
            system.close()
            proxy.close()


def _keep_logs(folder: Path) -> Path:
    """Put the logs of broker and workers where they outlive the run; return the place."""
    kept = ROOT / "build" / "chaos-logs"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for log in folder.rglob("*.log"):
        if log.stat().st_size:
            shutil.copy(log, kept / log.name)
    return kept


def main() -> int:
    """Run it for each seed."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--seed", type=int, action="append", help="a seed (may be given several times; default: 1)")
    parser.add_argument("--seconds", type=float, default=90, help="how long faults happen (default: 90)")
    args = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the broker is away often, and on purpose
    bad = 0
    for seed in args.seed or [1]:
        began = time.monotonic()
        result = run(seed, args.seconds)
        bad += bool(result["lost"] or result["doubled"] or result["wrong"])
        print(f"seed {seed}: {time.monotonic() - began:.0f} s; {', '.join(result.pop('timeline'))}", flush=True)
        print(json.dumps(result), flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
