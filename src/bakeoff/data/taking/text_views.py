"""Text views: texts as codes: cut, for networks; and whole, with rarer words, for baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.preparing.text import Text
from bakeoff.data.preparing.text_components import TextComponents
from bakeoff.data.preparing.tokens import UNKNOWN
from bakeoff.data.taking.sources import Ragged, Rows

if TYPE_CHECKING:
    from bakeoff.data.taking.views import View, Views


def text_views(fitted: Text, values: Array, components: TextComponents | None = None) -> Views:
    """Return texts as networks read them, `text`, and as baselines do, `words`.

    Args:
        fitted: On the training rows.
        values: (N,) texts.
        components: Beside other inputs: what makes a few numbers of each text, `plain`.
    """
    from bakeoff.data.taking.views import View, Views

    def text() -> View:
        codes = fitted.shortened(fitted.apply(values))
        known = np.where(codes.steps < fitted.vocabulary_size, codes.steps, UNKNOWN)
        base = known.astype(np.int32)
        source = Ragged(base=base, starts=codes.starts, lengths=codes.lengths)
        sizes = {
            "vocabulary_size": fitted.vocabulary_size,
            "in_features": fitted.width,
            "num_pairs": fitted.buckets,
        }
        return View(inputs={"x": source}, sizes=sizes, start=fitted.start)

    def words() -> View:
        codes = fitted.apply(values)
        source = Ragged(base=codes.steps, starts=codes.starts, lengths=codes.lengths)
        return View(inputs={"x": source}, sizes={"vocabulary_size": fitted.num_codes})

    views = {"text": text, "words": words}
    if components is None:
        return Views(views)

    def plain() -> View:
        x = components.apply(fitted.apply(values))
        source = Rows(base=x, rows=np.arange(len(x)))
        return View(inputs={"x": source}, sizes={"in_features": x.shape[1]})

    return Views({**views, "plain": plain})
