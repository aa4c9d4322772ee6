"""Data: from what the user gave to what a model reads."""

import os
import sys

if "polars" not in sys.modules:  # its allocator reads this once, and polars has 500
    # Freed memory goes back after 0.1 s: a table of a million rows peaks at 3.8 times its file, not
    # at 4.1 to 4.4 times, and 340 MiB stay instead of 450, in the same time (docs/benchmarks.md).
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:100,muzzy_decay_ms:0")
