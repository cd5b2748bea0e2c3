"""Run the agents until a signal ends them. Waits for a broker that does not answer, and says so."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from streams.agents import AGENTS
from streams.commands import options
from streams.errors import UserError, did_you_mean

EXAMPLES = """\
  tocsin worker --config tocsin.yaml
  tocsin worker --agents score            # scale the costly part apart
  tocsin worker --agents notify --sentiment onnx:models/sentiment
  TOCSIN_BROKER=kafka1:9092,kafka2:9092 tocsin worker
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    options.config(parser)
    parser.add_argument("--agents", default="score,watch,notify", help="which agents to run here (default: all three)")
    parser.add_argument(
        "--port", type=int, help="port of page and metrics (0: any free one; default: the configuration's)"
    )
    parser.add_argument(
        "--sentiment", metavar="onnx:PATH", help="second opinion on the example posts of open incidents (extra: onnx)"
    )
    parser.add_argument(
        "--accept-gap", action="store_true", help="go on although records that a stopped worker had not read are gone"
    )


def run(args: argparse.Namespace) -> int:
    """Run the worker."""
    settings = options.settings_of(args)
    agents = [name.strip() for name in args.agents.split(",") if name.strip()]
    for name in agents:
        if name not in AGENTS:
            raise UserError(f"--agents: no agent {name!r}{did_you_mean(name, AGENTS)}; there are {', '.join(AGENTS)}")
    if not agents:
        raise UserError(f"--agents: name at least one of {', '.join(AGENTS)}")
    if args.port is not None:
        if not 0 <= args.port < 65_536:
            raise UserError(f"--port: {args.port} must lie between 0 and 65535")
        settings.web.port = args.port
    if args.sentiment is not None:
        if not args.sentiment.startswith("onnx:") or args.sentiment == "onnx:":
            raise UserError(f"--sentiment: {args.sentiment!r} must be onnx:PATH, as in onnx:models/sentiment")
        settings.sentiment = args.sentiment
    if "notify" in agents:
        from streams.policy.load import load_policy

        load_policy(Path(settings.policy))  # a broken one is told before a broker is waited for

    from streams import worker  # whoever wrote a wrong setting need not wait for Faust and River

    return asyncio.run(worker.run(settings, agents, accept_gap=args.accept_gap, leave_for_sure=True))
