"""The experiment: what a person asked for, in plain values, one to one with `bakeoff.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bakeoff.catalog import FRAMEWORKS
from bakeoff.errors import RequestError, option, unknown
from bakeoff.options import check_options, setting
from bakeoff.plan.models import check_models
from bakeoff.train.recipe import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """What is trained on what, and how it is judged.

    Args:
        data: File or data-set name, as the user gave it; "" for data passed from Python.
        recipe: How networks are trained.
        models: Name -> architecture, arguments and recipe settings.
        all_that_fit: Every architecture that can read the data runs, too.

    Raises:
        RequestError: Something is unknown or out of range.
    """

    data: str
    target: tuple[str, ...] = setting(
        (), "what to predict; empty for data that name it themselves", table="data"
    )
    weight: str = setting(
        "",
        "of several targets: TARGET=weight,... how much the loss of each counts, learned: found "
        "in training; empty: all alike",
        table="data",
    )
    auxiliary: tuple[str, ...] = setting(
        (),
        "of several targets those that are learned and judged beside the others, while neither "
        "stopping nor the winner follows them",
        table="data",
    )
    inputs: tuple[str, ...] = setting(
        (), "columns to learn from; empty: every column that can be learned from", table="data"
    )
    test: str = setting("", "a separate file of test rows; empty: drawn by the split", table="data")
    validation: str = setting(
        "", "a separate file of validation rows; empty: drawn from the training rows", table="data"
    )
    split: str = setting(
        "",
        "how rows are split: random:70/15/15, time[:COLUMN], group:COLUMN, column:COLUMN, or the "
        "share of test rows",
        table="data",
    )
    sequence: str = setting(
        "",
        "of a table with one row a step: the column of ids; the rows of one id are one sequence",
        table="data",
    )
    time: str = setting(
        "",
        "the column that orders the steps of sequences or of time series, or the columns of its "
        "parts: year,month,day,hour or date,clock; empty: sequences as in the file, time series "
        "by their only column of dates",
        table="data",
    )
    lookback: int = setting(
        0,
        "of time series: steps that a window looks back; without horizon its last label is "
        "predicted; 0: with horizon 24, or twice the horizon",
        table="data",
        least=0,
        most=10**6,
    )
    horizon: int = setting(
        0, "of time series: steps to forecast; 0: no forecast", table="data", least=0, most=10**6
    )
    stride: int = setting(
        1, "of time series: steps from one window to the next", table="data", least=1, most=10**6
    )
    series: str = setting(
        "",
        "of time series: the column that tells several of them apart, or several: store,item",
        table="data",
    )
    future: tuple[str, ...] = setting(
        (),
        "of time series: columns that are known beforehand, and calendar for hour, weekday and "
        "month of the steps ahead",
        table="data",
    )
    positive: str = setting(
        "",
        "the positive class of a binary target; empty: true, yes, 1, pos, else the rarer",
        table="data",
    )
    images: str = setting(
        "",
        "of a table with a column of paths of pictures: the folder or .zip that they start at; "
        "empty: the folder of the table",
        table="data",
    )
    image_size: str = setting(
        "",
        "of picture files: 64, or 64x48 (height x width); empty: their own size where all have one "
        "of up to 64, else 64",
        table="data",
    )
    tokens: str = setting(
        "words",
        "what texts are cut into: words in lower case, or bytes joined to pieces of words, which "
        "suits every language",
        table="data",
        choices=("words", "bytes"),
    )
    length: int = setting(
        0,
        "of texts: words or pieces that networks read; 0: all those of 95 % of the training rows, "
        "at most 512",
        table="data",
        least=0,
        most=10**6,
    )
    cut: str = setting(
        "end",
        "of texts: where those lose words that are longer than what networks read: at their end, "
        "or in their middle",
        table="data",
        choices=("end", "middle"),
    )
    vectors: str = setting(
        "",
        "of texts: a file of pretrained vectors, a word and its numbers on each line, that those "
        "of words begin as; empty: drawn",
        table="data",
    )
    kinds: Mapping[str, str] = setting(
        {},
        "what a column holds, where it is read wrongly, such as zip=category; columns of one glob "
        "are one picture or sequence, as t*=sequence",
        table="kinds",
    )
    pairs: bool = setting(
        False,
        "learn from pictures without their classes: features that know two changed versions of one "
        "picture again; the run is not judged, and another one begins with it: start_from",
        table="run",
    )
    start_from: str = setting(
        "",
        "folder of an earlier run: a model NAME_started more begins with the features of its best "
        "network, and with a new head",
        table="run",
    )
    framework: tuple[str, ...] = setting(
        ("torch",),
        "where networks are trained; with several, each network in each of them",
        table="run",
        choices=FRAMEWORKS,
    )
    seeds: int = setting(
        5,
        "fits of each network; 3 is a quick look, 10 when the gap is near the spread",
        table="run",
        least=1,
        most=1000,
    )
    seed: int = setting(
        0, "the first seed; it also draws the split", table="run", least=0, most=2**31 - 1
    )
    metric: str = setting(
        "auto",
        "decides the ranking; auto: accuracy, balanced_accuracy where a class is rare, or r2; of "
        "several targets TARGET:METRIC makes that the leading one",
        table="run",
    )
    device: str = setting(
        "auto",
        "what training runs on; auto: the best there is",
        table="run",
        choices=("auto", "cpu", "cuda", "mps"),
    )
    jobs: int = setting(
        0,
        "worker processes; 0: one per core. The results do not depend on it",
        table="run",
        least=0,
        most=1024,
    )
    recipe: Recipe = field(default_factory=Recipe)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    all_that_fit: bool = True

    def __post_init__(self) -> None:
        check_options(self)
        if not self.framework or len(set(self.framework)) < len(self.framework):
            raise RequestError(
                f"{option('framework')} must name each framework once, such as torch,tensorflow."
            )
        check_models(self.models)
        word = self.metric.rpartition(":")[2]
        if self.metric != "auto" and word not in metric_names():
            raise RequestError(unknown("metric", word, metric_names(), where=option("metric")))


def metric_names() -> Sequence[str]:
    """Return what `metric` may be; the metrics themselves need numpy."""
    from bakeoff.evaluate.metrics import METRICS

    return ("auto", *METRICS)
