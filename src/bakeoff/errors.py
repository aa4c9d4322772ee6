"""The errors that bakeoff raises. Each is also the built-in kind, so plain `except` works.

    BakeoffError
    ├── DataError            the data cannot be used as asked      (also a ValueError)
    ├── RequestError         an option, name or setting is wrong   (also a ValueError)
    ├── MissingPackageError  an optional package is not installed  (also an ImportError)
    └── RunError             the run itself failed                 (also a RuntimeError)

A message says what is wrong, where (file, row, column), and how to go on.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class BakeoffError(Exception):
    """Whatever bakeoff raises on purpose."""


class DataError(BakeoffError, ValueError):
    """The data cannot be used as asked."""


class RequestError(BakeoffError, ValueError):
    """An option, a name or a setting is wrong."""


class MissingPackageError(BakeoffError, ImportError):
    """An optional package is needed and not installed."""


class RunError(BakeoffError, RuntimeError):
    """The run itself failed."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest known word, or nothing.

    Example:
        >>> did_you_mean("lsmt", ["lstm", "gru"])
        " Did you mean 'lstm'?"
    """
    names = sorted(known)
    lower = {name.lower(): name for name in reversed(names)}
    near = get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6)
    return f" Did you mean {lower[near[0]]!r}?" if near else ""
