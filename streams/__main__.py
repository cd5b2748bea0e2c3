"""python -m streams: the command line."""

import sys

from streams.cli import main

sys.exit(main())
