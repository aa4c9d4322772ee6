"""Pairs: features of pictures that are learned without their classes, by knowing them again.

Each picture is changed twice, and a network learns which two belong together (SimCLR). Source: Chen
et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bakeoff.catalog import Model
from bakeoff.data.array import Array
from bakeoff.data.blocks import Pictures
from bakeoff.data.dataset import Dataset
from bakeoff.errors import RequestError, option
from bakeoff.listed import listed
from bakeoff.train.augmentation import KNOWN, check_size, parse_augment, say_augment
from bakeoff.train.auto_augment import LEAST_SIZE, is_grey
from bakeoff.train.recipe import Recipe, resolve

TASK = "pairs"
FEATURES = 128  # that two pictures are compared by
CHANGES = {"translation": (0.1, 1.0), "rotation": (10.0, 1.0)}  # of every picture
OF_LARGE = {"cutout": 4, "crop": 8}  # times smaller than a side: which of a picture is seen
OF_COLORED = {"flip": (1.0, 0.5), "color": (0.4, 1.0)}
NOT_OF_PAIRS = {"mixup": 0.0, "sampling": "shuffled"}  # they need classes


def check_pairs(dataset: Dataset) -> None:
    """Refuse what is no data set of pictures alone.

    Raises:
        RequestError: The message says what there is.
    """
    schema = dataset.schema
    values = dataset.arrays[schema.inputs[0]]
    if len(schema.inputs) == 1 and isinstance(values, Pictures) and values.ndim == 4:
        return
    others = [f"{name} ({schema.column(name).kind})" for name in schema.inputs]
    raise RequestError(
        f"{option('pairs', True)} learns from pictures alone, and these data have "
        f"{listed(others, most=4)}. Name a column of pictures with inputs, or leave it out."
    )


def networks_of(
    dataset: Dataset, models: Sequence[Model], named: Collection[str]
) -> tuple[list[Model], tuple[str, ...]]:
    """Return the networks whose features can be learned in pairs.

    Args:
        dataset: Of pictures.
        models: That can read it.
        named: Those that the user named.

    Returns:
        The networks, and which others are left out, in a sentence.

    Raises:
        RequestError: There are other inputs, or one that is named is no network with a head.
    """
    check_pairs(dataset)
    kept = [model for model in models if model.row.role == "encoder"]
    lost = [model for model in models if model.row.role != "encoder"]
    for model in lost:
        if model.name in named:
            names = listed([own.name for own in kept]) or "cnn"
            raise RequestError(
                f"{model.name} learns no features that another network could begin with. Leave it "
                f"out, or name others: {names}."
            )
    if not lost:
        return kept, ()
    names = listed([model.name for model in lost])
    return kept, (f"Left out: {names}: they learn no features to begin with.",)


def recipe_for_pairs(recipe: Recipe, rows: int) -> Recipe:
    """Return the recipe of a network that learns from pairs.

    Args:
        recipe: As asked for.
        rows: Training rows.

    Raises:
        RequestError: It has a setting of classes.
    """
    for name, without in NOT_OF_PAIRS.items():
        if getattr(recipe, name) != without:
            raise RequestError(
                f"{option(name, getattr(recipe, name))} goes with a target, and "
                f"{option('pairs', True)} has none. Leave one of them out."
            )
    return resolve(recipe, rows=rows, task=TASK)


def with_versions(
    recipes: Mapping[str, Recipe], pictures: Array | Pictures
) -> tuple[dict[str, Recipe], tuple[str, ...]]:
    """Settle how each picture is changed twice, and say it.

    Args:
        recipes: Of each network.
        pictures: Of training rows, not necessarily all: (n, Y, X, C).

    Raises:
        RequestError: Pictures are not to be changed.
    """
    settled = {name: changes_for(own.augment, pictures) for name, own in recipes.items()}
    said = dict.fromkeys(
        f"Each picture is changed twice by {text}, and known again among those of its batch."
        for text in settled.values()
    )
    return {name: replace(own, augment=settled[name]) for name, own in recipes.items()}, (*said,)


def changes_for(text: str, pictures: Array | Pictures) -> str:
    """Return what is done to a picture: as asked for, or by its size and its colours.

    Grey pictures may be of letters or digits, and are not mirrored.

    Raises:
        RequestError: Nothing is done, or something that does not go with the size.
    """
    if text.strip() != "auto":
        settings = parse_augment(text)
        if not settings:
            raise RequestError(
                f"{option('augment', text)}: {option('pairs', True)} needs two versions of each "
                "picture, and these would be the same. Say "
                f"{option('augment', 'auto')}, or name some changes."
            )
        check_size(settings, (pictures.shape[1], pictures.shape[2]))
        return say_augment(settings)
    side = min(pictures.shape[1:3])
    settings = {**CHANGES, "translation": (max(0.1, round(1 / side, 3)), 1.0)}
    if side >= LEAST_SIZE:
        settings |= {name: (float(side // part), 1.0) for name, part in OF_LARGE.items()}
    if pictures.shape[-1] == 3 and not is_grey(pictures):
        settings |= OF_COLORED
    return say_augment({name: settings[name] for name in KNOWN if name in settings})
