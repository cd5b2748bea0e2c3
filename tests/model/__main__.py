"""Run many histories of the protocol's model, or every rule's absence.

python -m tests.model --histories 10000
python -m tests.model --rules --histories 1000
python -m tests.model --seed 128                # one history, with the faults it shows
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable

import pytest
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.model.rules import RULES, Rule
from tests.model.world import history

console = Console(stderr=True)


def main() -> int:
    """Run what the command line asks for; return 1 when a history goes wrong, or none does without a rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--histories", type=int, default=1_000, help="how many (default: %(default)s)")
    parser.add_argument("--rules", action="store_true", help="take out each rule in turn")
    parser.add_argument("--seed", type=int, help="only this one")
    args = parser.parse_args()
    seeds = range(args.histories) if args.seed is None else [args.seed]
    return _rules(seeds) if args.rules else _histories(seeds)


def _histories(seeds: Iterable[int]) -> int:
    total: Counter[str] = Counter()
    bad: list[int] = []
    for seed in track(seeds, "histories", console=console, disable=not console.is_terminal):
        faults, steps = history(seed)
        total.update(steps)
        if faults:
            bad.append(seed)
            print(f"seed {seed}: {faults[0]}", flush=True)
    print(", ".join(f"{count} × {name}" for name, count in total.most_common()))
    print(f"{len(bad)} of {len(list(seeds))} histories went wrong{': ' if bad else ''}{str(bad)[1:-1]}")
    return int(bool(bad))


def _rules(seeds: Iterable[int]) -> int:
    table = Table("without the rule", "histories that go wrong", "the first")
    unseen = 0
    for rule in RULES:
        wrong = [seed for seed in track(seeds, rule.name, console=console, disable=not console.is_terminal)
                 if goes_wrong(rule, seed)]  # fmt: skip
        table.add_row(rule.name, str(len(wrong)), str(wrong[:3])[1:-1])
        unseen += not wrong
    Console().print(table)
    return int(unseen > 0)


def goes_wrong(rule: Rule, seed: int) -> bool:
    """Return whether the history `seed` shows that `rule` has been taken out."""
    with pytest.MonkeyPatch.context() as patch:
        rule.without(patch)
        try:
            return bool(history(seed)[0])
        except Exception:  # noqa: BLE001 - a worker that stops rather than go on is a fault that shows
            return True


if __name__ == "__main__":
    sys.exit(main())
