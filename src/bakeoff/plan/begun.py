"""Begun: what a network begins as, the best one of an earlier run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bakeoff.data.columns.column import Schema
from bakeoff.data.preparing.categories import Categories
from bakeoff.data.preparing.preparation import Preparation
from bakeoff.data.preparing.text import Text
from bakeoff.data.preparing.tokens import FIRST, Tokens
from bakeoff.data.preparing.transform import Transform
from bakeoff.errors import RequestError, option
from bakeoff.listed import listed
from bakeoff.plan.branches import STARTED
from bakeoff.plan.experiment import Experiment
from bakeoff.train.job import Job

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Begun:
    """The best network of an earlier run.

    Args:
        run: Its folder, as the user wrote it.
        name: The model's name there, with the framework and seed of its best fit.
        model: Its name in the new run.
        settings: Its architecture, arguments and branches, as `[models.NAME]` has them.
        inputs: Of several inputs the names of those that have a branch of their own, in order.
        preparation: What was learned from its training rows.
        mark: sha256 of its weights.
        weights: Framework -> weight name -> array.
    """

    run: str
    name: str
    model: str
    settings: Mapping[str, Any]
    inputs: tuple[str, ...]
    preparation: Preparation
    mark: str
    weights: Mapping[str, Weights]

    def added_to(self, experiment: Experiment) -> Experiment:
        """Return an experiment that trains this network, too.

        Raises:
            RequestError: One is asked for that the run does not have.
        """
        other = [name for name in experiment.models if name.endswith(STARTED)]
        if other and self.model not in other:
            raise RequestError(
                f"{option('start_from', self.run)}: the best network there is {self.name}, so that "
                f"what begins with its features is called {self.model}, and not {other[0]}."
            )
        own = experiment.models.get(self.model, {})
        models = {**experiment.models, self.model: {**self.settings, **own}}
        return replace(experiment, models=models)

    def marked(self, jobs: Sequence[Job]) -> list[Job]:
        """Return jobs, those of this network with its mark."""
        return [replace(job, start=self.mark) if job.model == self.model else job for job in jobs]

    def fitted(self, preparation: Preparation) -> dict[str, dict[str, np.ndarray]]:
        """Return its weights as new data need them: vectors of words stand where the words do now.

        A word that it does not know keeps the vector that is drawn, which NaN says.

        Args:
            preparation: Of the new data.

        Raises:
            RequestError: It reads other columns or categories, or writes a text.
        """
        self.check_inputs(preparation)
        found = {name: dict(weights) for name, weights in self.weights.items()}
        for name, columns in preparation.schema.groups.items():
            new, old = (own.transforms.get(columns[0]) for own in (preparation, self.preparation))
            if isinstance(new, Text) and isinstance(old, Text):
                start = f"encoders.{self.inputs.index(name)}." if name in self.inputs else ""
                places = places_of(known_words(old), known_words(new))
                for weights in found.values():
                    rearrange(weights, start, places)
        return found

    def check_inputs(self, preparation: Preparation) -> None:
        """Refuse data that mean something else to the same weights.

        Raises:
            RequestError: The message says what differs.
        """
        new, old = preparation.schema, self.preparation.schema
        said = option("start_from", self.run)
        if "text" in (preparation.task, self.preparation.task):
            raise RequestError(f"{said}: a network that writes texts begins anew. Leave it out.")
        if tabled(new) != tabled(old):
            raise RequestError(
                f"{said}: {self.name} reads {listed(tabled(old)) or 'no columns'}, and these data "
                f"have {listed(tabled(new)) or 'none'}. Choose the same columns with inputs."
            )
        for name, fitted in preparation.transforms.items():
            before = self.preparation.transforms.get(name)
            if isinstance(fitted, Text) and not same_words(fitted, before):
                raise RequestError(
                    f"{said}: {self.name} reads no texts called {name}, or cuts them otherwise. "
                    "Name the column as it was, and choose tokens as they were."
                )
            if isinstance(fitted, Categories | Tokens) and not equal(fitted, before):
                what = "tokens" if isinstance(fitted, Tokens) else "categories"
                raise RequestError(
                    f"{said}: {name} has other {what} than there, so that their codes mean "
                    "something else. Leave the column out, or start without."
                )

    @property
    def sentence(self) -> str:
        """Say what begins as what."""
        return (
            f"{self.model} begins with the features of {self.name} of {self.run}, and a new head. "
            "Rows that it has learned from there must be no test rows here: that cannot be seen "
            "from its folder."
        )


def tabled(schema: Schema) -> list[str]:
    """Return the columns of a table among the inputs."""
    return [name for columns in schema.groups.values() for name in columns
            if schema.column(name).kind in ("number", "category", "binary", "time")]  # fmt: skip


def same_words(new: Text, old: Transform | None) -> bool:
    """Tell whether texts were cut in the same way."""
    return isinstance(old, Text) and (new.tokens, new.width) == (old.tokens, old.width)


def equal(new: Transform, old: Transform | None) -> bool:
    """Tell whether two transforms have learned the same."""
    if type(new) is not type(old) or old is None:
        return False
    mine, theirs = new.state(), old.state()
    return all(np.array_equal(mine[key], theirs[key]) for key in mine)


def known_words(fitted: Text) -> list[str]:
    """Return the words, or pieces, that networks tell apart, in the order of their codes."""
    words = fitted.words if fitted.tokens == "words" else fitted.pairs.pieces
    return [repr(word) for word in [*words][: fitted.known]]


def places_of(old: list[str], new: list[str]) -> np.ndarray:
    """Return for each code of now the one of before; -1: there was none.

    Example:
        >>> places_of(["a", "b"], ["b", "c"]).tolist()
        [0, 1, 2, 3, 5, -1]
    """
    before = {word: i + FIRST for i, word in enumerate(old)}
    return np.array([*range(FIRST), *(before.get(word, -1) for word in new)])


def rearrange(weights: dict[str, np.ndarray], start: str, places: np.ndarray) -> None:
    """Put the vectors of words where their words stand now.

    Pairs of neighbours are told apart by the codes of their words, so that their vectors mean
    nothing any more.

    Args:
        weights: By name; changed.
        start: Of the names of the encoder that reads the text.
        places: New code -> old code.
    """
    for name, array in weights.items():
        if name.startswith((f"{start}embedding.", f"{start}words.")):
            moved = array[np.maximum(places, 0)]
            moved[places < 0] = np.nan
            weights[name] = moved
        elif name.startswith(f"{start}pairs."):
            weights[name] = np.full_like(array, np.nan)
