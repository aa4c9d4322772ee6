"""Branches: which models a run of several inputs trains: each input alone, and all together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bakeoff.catalog import CATALOG, Row, find
from bakeoff.errors import RequestError, option, unknown

if TYPE_CHECKING:
    from bakeoff.data.taking.views import View

ALL = "all"  # the network that reads all inputs
UNSAID = ("plain", "histograms", "words")  # views of baselines alone
OWN = ("input", "branches", "share")  # settings of a model that say what it reads
INNER = "inner"  # target -> the part whose output its head reads: of a network, or of an encoder
STARTED = "_started"  # behind the name of a network whose features a model begins with
VARIED = "varied"  # what of a model differs from the others of its sweep, in words
USUAL = {  # view -> the architecture that reads it by default, the first on offer
    "image": "cnn",
    "volume": "cnn3d",
    "text": "embedding_bag",
    "sequence": "gru",
    "table": "mlp",
    "vector": "mlp",
}


def branches_of(
    name: str, settings: Mapping[str, Any], views: Mapping[str, View]
) -> dict[str, dict[str, Any]]:
    """Return what reads each input of a network, as `Job` has it.

    Args:
        name: Of the model.
        settings: `branches`: input -> architecture, or a table of it and its settings; inputs that
            are not named are not read. `share`: inputs that one branch reads. By default each input
            is read by the usual architecture.
        views: Those on offer.

    Raises:
        RequestError: An input or architecture is unknown, or one cannot read the other.
    """
    inputs = inputs_of(views)
    if not inputs:
        raise RequestError(f"{name}: a network joins several inputs, and these data have one.")
    asked = settings.get("branches") or {one: usual(own).name for one, own in inputs.items()}
    branches: dict[str, dict[str, Any]] = {}
    for one, own in asked.items():
        if one not in inputs:
            where = option(f"{name}.branches", {one: own})
            raise RequestError(unknown("input", one, inputs, where=where))
        table = dict(own) if isinstance(own, Mapping) else {"architecture": own}
        row = find(str(table.pop("architecture", usual(inputs[one]).name)), trainable=True)
        view = first_view(row, inputs[one])
        if row.role != "encoder" or not view:
            can = [r.name for r in CATALOG.values() if r.role == "encoder"]
            fit = [r for r in can if first_view(find(r), inputs[one])]
            raise RequestError(f"{name}: {row.name} cannot read {one}. What can: {', '.join(fit)}.")
        branches[one] = {
            "architecture": row.name,
            "view": f"{one}/{view}",
            "arguments": {**row.defaults, **table},
        }
    return shared(name, settings.get("share") or (), branches)


def shared(
    name: str, share: Iterable[str], branches: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Let one branch read several inputs: the first of those that are named."""
    first, *others = list(share) or [""]
    for one in (first, *others) if first else ():
        if one not in branches:
            raise RequestError(
                unknown("input", one, branches, where=option(f"{name}.share", [*share]))
            )
    for one in others:
        view = branches[one]["view"].rpartition("/")[2]
        if view != branches[first]["view"].rpartition("/")[2]:
            raise RequestError(
                f"{name}: {first} and {one} cannot share a branch, as they are of two kinds."
            )
        branches[one] = {"view": branches[one]["view"], "shared": first}
    return branches


def inputs_of(views: Mapping[str, View]) -> dict[str, list[str]]:
    """Return the views of each of several inputs: input -> views; none where there is one input.

    Example:
        >>> inputs_of({"wave/sequence": 0, "wave/plain": 0, "columns/table": 0, "mixed": 0})
        {'wave': ['sequence', 'plain'], 'columns': ['table']}
    """
    found: dict[str, list[str]] = {}
    for view in views:
        name, slash, own = view.rpartition("/")
        if slash:
            found.setdefault(name, []).append(own)
    return found


def safe(name: str) -> str:
    """Return the name of an input as the beginning of a model's name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-")[:40] or "input"


def usual(views: Iterable[str]) -> Row:
    """Return the architecture that reads an input by default."""
    offered = set(views)
    return find(next(own for view, own in USUAL.items() if view in offered))


def usual_models(inputs: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Any]]:
    """Return the models of a run of several inputs: baselines, each input alone, and all.

    Args:
        inputs: Input -> its views.
    """
    models: dict[str, dict[str, Any]] = {
        "constant": {"architecture": "constant"},
        f"{ALL}_boosting": {"architecture": "boosting"},
    }
    for name, views in inputs.items():
        row = usual(views)
        models[f"{safe(name)}_{row.name}"] = {"architecture": row.name, "input": name}
    return {**models, ALL: {"architecture": "network"}}


def known_settings(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a model, its architecture and input told by its name.

    `picture_cnn` is a cnn that reads `picture`, `all` a network of all inputs, `all_boosting` a
    baseline of all.

    Example:
        >>> known_settings("picture_cnn1d", {})
        {'architecture': 'cnn1d', 'input': 'picture'}
    """
    if "architecture" in settings or name in CATALOG:
        return {**settings}
    if name == ALL:
        return {"architecture": "network", **settings}
    endings = [own for own in CATALOG if name.endswith(f"_{own}") and CATALOG[own].trainable]
    if not endings:
        return {**settings}
    architecture = max(endings, key=len)
    start = name.removesuffix(f"_{architecture}")
    own = {} if start == ALL else {"input": start}
    return {"architecture": architecture, **own, **settings}


def view_among(name: str, row: Row, settings: Mapping[str, Any], views: Mapping[str, View]) -> str:
    """Return the view of one of several inputs that a model reads.

    Args:
        name: Of the model.
        row: Its architecture.
        settings: `input` says which input it reads; else the only one that it can read.
        views: Those on offer.

    Raises:
        RequestError: There is no such input, or several are possible.
    """
    inputs = inputs_of(views)
    can = {one: own for one in inputs if (own := first_view(row, inputs[one]))}
    asked = str(settings.get("input", ""))
    if not asked and row.role == "baseline":
        return "mixed_plain" if "plain" in row.reads else only(name, row, can)
    if not asked:
        return only(name, row, can)
    chosen = next((one for one in inputs if asked in (one, safe(one))), None)
    if chosen is None:
        raise RequestError(unknown("input", asked, inputs, where=option(f"{name}.input", asked)))
    if chosen not in can:
        raise RequestError(
            f"{name}: {row.name} reads {' or '.join(row.reads)} data, and {chosen} can be read as "
            f"{' or '.join(view for view in inputs[chosen] if view not in UNSAID)}."
        )
    return f"{chosen}/{can[chosen]}"


def only(name: str, row: Row, can: Mapping[str, str]) -> str:
    """Return the view of the only input that an architecture can read."""
    if len(can) == 1:
        return "/".join(next(iter(can.items())))
    names = [f"{safe(one)}_{row.name}" for one in can]
    if not can:
        raise RequestError(f"{name} reads {' or '.join(row.reads)} data, which no input is.")
    raise RequestError(
        f"{name} reads one input, and {len(can)} are possible: say {option('models', names)}, or "
        f"{option(f'{ALL}.branches', dict.fromkeys(can, row.name))} for all together."
    )


def first_view(row: Row, views: Iterable[str]) -> str:
    """Return the first view on offer that an architecture reads; "" where there is none."""
    offered = set(views)
    return next((view for view in row.reads if view in offered), "")
