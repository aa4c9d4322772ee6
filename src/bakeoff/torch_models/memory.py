"""Keep the memory that a training step frees, because the next step needs it again.

By default the C library of Linux hands large freed blocks back to the system, which clears each
page anew a moment later: 4-38 % of a step with large activations (lstm96 1.6 times, cnn 1.2 times,
tf50 1.1 times faster without; docs/benchmarks.md).
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # the numbers of these options in malloc.h
GIBIBYTE, USUAL = 2**30, 2**17  # bytes; the second as the library begins


def keep_memory(wanted: bool = True) -> None:
    """Let this process hold on to freed memory, up to a GiB, from here on.

    Args:
        wanted: Else hand it back from here on, as by default: a network of which there is a share
            alone takes 3.7 times its weights so, and 10 times while freed layers are held.

    Does nothing where the C library has no `mallopt` (macOS, Windows, musl).
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        most = GIBIBYTE if wanted else USUAL
        mallopt(MMAP_THRESHOLD, most)
        mallopt(TRIM_THRESHOLD, most)
