"""The pure cores in memory, in a process of their own: `python -m tests.benchmarks.engine.core CONFIG COUNT`."""

import json
import sys
from pathlib import Path

from tests.benchmarks.engine.pipelines import core, items

if __name__ == "__main__":
    print(json.dumps(core(Path(sys.argv[1]), items(20, int(sys.argv[2]), 200))))
