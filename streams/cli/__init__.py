"""The command line: one module a command in `streams/commands/`, found by name."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import ModuleType
from typing import Final

from streams.errors import UserError, did_you_mean

COMMANDS: Final = {
    "demo": "a replayed crisis on an embedded broker: alerts, pages, the web page",
    "worker": "run the agents: score, watch, notify",
    "topics": "create, list or check the topics on a Kafka",
    "replay": "publish files of mentions to the topic mentions, in order of time",
    "backtest": "the same detection over files, without Kafka, with a report",
    "detect": "find volume anomalies in a file of counts",
    "sentiment": "score JSON lines of texts",
    "policy": "check the chain of command, replay the past under it",
    "incident": "list, show, acknowledge and close incidents",
    "brands": "list the watch list, add or remove a brand, import its past",
    "explain": "why an alert fired, or why none did",
    "silence": "hold pages back for a while, with reason and end",
    "drill": "an exercise to the real people, marked and timed",
    "feedback": "tell the model what posts really said",
    "dead-letters": "look at what could not be read, mend it, send it again",
    "broker": "run the embedded broker alone, for trying things",
}
EPILOG: Final = """\
the first minute:
  tocsin demo                                   watch a crisis from first tweet to all-clear
  tocsin backtest tweets.csv --brand Aerolux    what would have been alerted?

pointing it at a real Kafka:
  export TOCSIN_BROKER=kafka1:9092
  tocsin topics create
  tocsin worker --config tocsin.yaml
"""
EXIT_USAGE: Final = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise UserError(f"{self.prog}: {message} (see {self.prog} --help)")


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"streams.commands.{command.replace('-', '_')}")


def _overview() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tocsin",
        description="Listens to what the public says about a brand and wakes the right person when it turns.",
        epilog="commands:\n" + "".join(f"  {name:14}{text}\n" for name, text in COMMANDS.items()) + "\n" + EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tocsin {version('tocsin')}")
    parser.add_argument("command", metavar="COMMAND", help="one of the commands below; COMMAND --help tells more")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0 done, 1 found something wrong, 2 wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except UserError as error:
        for line in str(error).splitlines():
            print(f"tocsin: {line}" if not line.startswith("tocsin") else line, file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        if not arguments:
            _overview().print_help()
            return EXIT_USAGE
        _overview().parse_args(arguments)
        return EXIT_USAGE
    name, rest = arguments[0], arguments[1:]
    if name not in COMMANDS:
        raise UserError(f"no command {name!r}{did_you_mean(name, COMMANDS)}; tocsin --help lists them")
    module = _module(name)
    parser = _Parser(
        prog=f"tocsin {name}",
        description=module.__doc__,
        epilog=f"examples:\n{module.EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="say what goes on inside")
    module.arguments(parser)
    args = parser.parse_args(rest)
    _logging(verbose=args.verbose)
    return int(module.run(args))


def _logging(*, verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    if not verbose:
        # What these say of a coordinator that is still being elected is no news to an operator.
        for noisy in ("aiokafka", "kafka", "faust", "mode"):
            logging.getLogger(noisy).setLevel(logging.CRITICAL)


if __name__ == "__main__":
    sys.exit(main())
