"""The errors that bakeoff raises. Each is also the built-in kind, so plain `except` works.

    BakeoffError
    ├── DataError            the data cannot be used as asked      (also a ValueError)
    ├── RequestError         an option, name or setting is wrong   (also a ValueError)
    │   └── UnknownOption    there is no such keyword              (also a TypeError)
    ├── MissingPackageError  an optional package is not installed  (also an ImportError)
    └── RunError             the run itself failed                 (also a RuntimeError)

A message says what is wrong, where (file, row, column), and how to go on. An option stands in it
as `option("lr", 0.1)`, and is read as the user would type it: lr=0.1 in Python (`str(error)`),
--lr 0.1 on the command line, lr = 0.1 in a bakeoff.toml (`error.worded(door)`).
"""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Literal

from bakeoff.cut import cut, cut_middle

LONGEST_WORD = 200  # letters: comparing two words takes as long as both lengths multiplied

Door = Literal["python", "command line", "file"]

OPTION = re.compile("\ue000(.*?)\ue001(.*?)\ue002", re.DOTALL)  # name, value as JSON or nothing
UNSEEN = re.compile("[\\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")  # in names
LONG = re.compile(r"\S{399,}\w|'[^']{400,}'")  # a cell or a name, longer than any path
LONGEST = 60  # characters of a name in a message
FLAGS = {  # that are not called as in Python
    "kinds": "--column",
    "settings": "--set",
    "keras_fit": "--fit",
}
SYNONYMS = {  # what people type who come from elsewhere -> our word
    "gpu": "cuda", "metal": "mps", "keras": "tensorflow", "tf": "tensorflow", "pytorch": "torch",
    "f1": "macro_f1", "f1_macro": "macro_f1", "acc": "accuracy", "roc_auc": "auc",
    "logloss": "log_loss", "r2_score": "r2", "learning_rate": "lr", "random_state": "seed",
    "random_seed": "seed", "verbose": "show", "n_jobs": "jobs", "num_workers": "jobs",
    "max_epochs": "epochs", "num_epochs": "epochs", "n_epochs": "epochs", "early_stopping":
    "patience", "l2": "weight_decay", "columns": "kinds", "dtypes": "kinds", "candidates": "models",
    "estimators": "models", "label": "target", "y": "target", "features": "inputs", "scoring":
    "metric", "page": "architecture", "xgboost": "boosting", "lightgbm": "boosting", "catboost":
    "boosting", "logistic": "linear", "ridge": "linear", "dummy": "constant", "bilstm": "lstm",
    "categorical": "category", "numeric": "number", "numerical": "number", "float": "number",
    "integer": "number", "int": "number", "string": "text", "str": "text", "datetime": "time",
    "date": "time", "bool": "binary", "boolean": "binary", "drop": "ignored", "ignore": "ignored",
}  # fmt: skip


class BakeoffError(Exception):
    """Whatever bakeoff raises on purpose."""

    def __str__(self) -> str:
        """The message, options as in Python."""
        return self.worded("python")

    def worded(self, door: Door) -> str:
        """Return the message, in one line, for the door that the user came through."""
        text = OPTION.sub(lambda found: typed(found[1], found[2], door), super().__str__())
        return cut_middle(LONG.sub(lambda found: cut(found[0], LONGEST), UNSEEN.sub(" ", text)))


class DataError(BakeoffError, ValueError):
    """The data cannot be used as asked."""


class RequestError(BakeoffError, ValueError):
    """An option, a name or a setting is wrong."""


class UnknownOption(RequestError, TypeError):  # noqa: N818  a RequestError by another name
    """A function has no such keyword."""


class MissingPackageError(BakeoffError, ImportError):
    """An optional package is needed and not installed."""


class RunError(BakeoffError, RuntimeError):
    """The run itself failed."""


def option(name: str, value: Any = None) -> str:
    """Write an option into a message; each door reads it as it is typed there.

    Args:
        name: As in Python: "batch_size", "kinds"; or "NAME.SETTING" of one model.
        value: What it is set to; None names the option alone.

    Example:
        >>> error = RequestError(f"Say {option('device', 'cpu')}, or leave {option('jobs')} out.")
        >>> print(error, error.worded("command line"), error.worded("file"), sep=chr(10))
        Say device='cpu', or leave jobs= out.
        Say --device cpu, or leave --jobs out.
        Say device = "cpu", or leave jobs out.
    """
    written = "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return f"\ue000{name}\ue001{written}\ue002"


def typed(name: str, written: str, door: Door) -> str:
    """Return an option as it is typed at a door: its name, and its value as JSON or nothing."""
    model, dot, setting = name.rpartition(".")
    if name == "kinds" and written and door != "python":
        kinds = json.loads(written)
        if door == "file":
            return "[kinds] " + ", ".join(f"{key} = {json.dumps(kinds[key])}" for key in kinds)
        return " ".join(f"--column {key}={kind}" for key, kind in kinds.items())
    if door == "file":
        return f"{name} = {written}" if written else name
    if door == "command line":
        value = json.loads(written) if written else ""
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = ",".join(value)
        flag = value is True and not dot  # is said by its name alone
        value = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        value = "" if flag else value
        if dot:
            return f"--set {name}={value}"
        value = f'"{value}"' if " " in value else value
        return f"{FLAGS.get(name, '--' + name.replace('_', '-'))} {value}".rstrip()
    if dot:
        return f"models={{{model!r}: {{{setting!r}: {json.loads(written or 'null')!r}}}}}"
    return f"{name}={json.loads(written)!r}" if written else f"{name}="


def unknown(what: str, value: object, known: Iterable[str], *, where: str = "") -> str:
    """Say that there is no such thing, suggest the nearest, and list what there is.

    Args:
        what: The kind of thing: "framework", "column".
        value: What was given.
        known: What there is; of more than thirty the first thirty are named.
        where: The option it was given for, or another place; left out where it is clear.

    Example:
        >>> unknown("framework", "keras", ["torch", "tensorflow"])
        "No framework called 'keras'. Did you mean 'tensorflow'? Known: torch, tensorflow."
    """
    names = [str(name) for name in known]
    listed = ", ".join(map(cut, names[:30])) + (", …" if len(names) > 30 else "")
    place, said = f" ({where})" if where else "", cut(repr(value))
    return f"No {what} called {said}{place}.{did_you_mean(str(value), names)} Known: {listed}."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest known word, or nothing.

    Example:
        >>> did_you_mean("lsmt", ["lstm", "gru"]), did_you_mean("gpu", ["cpu", "cuda"])
        (" Did you mean 'lstm'?", " Did you mean 'cuda'?")
    """
    if len(word) > LONGEST_WORD:
        return ""
    names = sorted(name for name in known if len(name) <= LONGEST_WORD)
    synonym = SYNONYMS.get(word.lower(), "")
    if synonym in names:
        return f" Did you mean {synonym!r}?"
    lower = {name.lower(): name for name in reversed(names)}
    near = get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6)
    return f" Did you mean {cut(lower[near[0]], LONGEST)!r}?" if near else ""
