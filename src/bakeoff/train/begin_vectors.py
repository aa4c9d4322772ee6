"""Begin vectors: the vectors of words begin as pretrained ones, in both frameworks."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bakeoff.data.taking.views import View
from bakeoff.train.job import Job


def begin_vectors(model: Any, job: Job, views: Mapping[str, View]) -> None:
    """Let the vectors of words of a network begin as its views say.

    Args:
        model: Of the job, as it was built.
        job: What is trained.
        views: By name.
    """
    for page, view in read_by(model, job, views):
        if view.start is None:
            continue
        embedding = page.words if hasattr(page, "words") else page.embedding
        known = np.isfinite(view.start[:, 0])
        if hasattr(embedding, "get_weights"):
            (weights,) = embedding.get_weights()
            weights[known] = view.start[known]
            embedding.set_weights([weights])
        else:
            weights = embedding.weight.data.numpy()  # the same memory
            weights[known] = view.start[known]


def read_by(model: Any, job: Job, views: Mapping[str, View]) -> Iterator[tuple[Any, View]]:
    """Yield each page of a network, and the view that it reads."""
    if not job.branches:
        yield model, views[job.view]
    for name, branch in job.branches.items():
        if not branch.get("shared"):
            yield model.encoders[model.sources[name]], views[branch["view"]]
