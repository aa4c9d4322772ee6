"""Auto augment: which changes of a picture are safe for a data set, told by classes and colours."""

from collections.abc import Iterator, Sequence

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.blocks import Pictures
from bakeoff.errors import RequestError, option
from bakeoff.listed import listed
from bakeoff.train.augmentation import (
    KNOWN,
    Settings,
    check_size,
    number,
    parse_augment,
    plain,
    say_augment,
)

LEAST_SIZE = 16  # pixels: in smaller pictures a pixel is a feature, and auto changes none
MOST_SAMPLED = 2_000  # pictures looked at for their colour: enough to see a third, and quick
LEAST_SAMPLED = 40  # pictures; fewer say nothing of their colour
TOLD = 1 / 3  # of the way from guessing to always right: from here on colour tells the class
FLIPS = ("flip", "vertical_flip")
GLYPHS = frozenset(
    (
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
        *("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi"),
        *("chi", "psi", "omega", "eleven", "twelve", "zehn"),
    )
)
SIGNS = frozenset(
    ("character", "letter", "digit", "numeral", "glyph", "symbol", "alphabet", "sign", "hiragana",
     "katakana", "kanji", "hangul", "rune")
)  # fmt: skip
DIRECTIONS = frozenset(
    (
        *("left", "right", "up", "down", "upward", "downward", "leftward", "rightward"),
        *("north", "south", "east", "west", "forward", "backward", "links", "rechts"),
        *("clockwise", "counterclockwise", "anticlockwise"),
    )
)
COLORS = frozenset(
    (
        *("red", "orange", "yellow", "green", "blue", "purple", "violet", "pink", "brown"),
        *("black", "white", "gray", "grey", "cyan", "magenta", "turquoise", "beige", "gold"),
        *("golden", "silver", "crimson", "scarlet", "navy", "teal", "maroon", "rot", "gelb"),
        *("grün", "blau", "schwarz", "weiß"),
    )
)


def auto_augment(
    classes: Sequence[str], pictures: Array | Pictures, labels: Array
) -> tuple[dict[str, tuple[float, float]], str]:
    """Choose augmentations that cannot change what a picture shows, and say why.

    Args:
        classes: Names of the classes; none where the target is a number.
        pictures: Of training rows, not necessarily all: (n, Y, X, C), bytes or other numbers.
        labels: (n,) class numbers of the same rows; -1 where a class is not known.

    Returns:
        Settings, and a sentence.

    Example:
        >>> blank = np.zeros((8, 28, 28, 1), np.uint8)
        >>> settings, note = auto_augment(list("0123456789"), blank, np.arange(8))
        >>> say_augment(settings)
        'rotation=10,translation=0.1'
    """
    height, width = pictures.shape[1:3]
    if min(height, width) < LEAST_SIZE:
        return {}, f"No augmentation: in pictures of {height} × {width} every pixel counts."
    if not classes:
        return {}, (
            "No augmentation: a target that is a number may depend on place, direction or "
            "brightness. Name those that leave it as it is, such as augment flip=0.5."
        )
    settings = {"translation": (0.1, 1.0)}
    reasons = []
    if reason := why_no_flip(classes):
        reasons.append(f"no flip, since {reason}")
        if not directions_in(classes):
            settings["rotation"] = (10.0, 1.0)
    else:
        settings["flip"] = (1.0, 0.5)
    if reason := why_no_color(classes, pictures, labels):
        reasons.append(f"colours as they are, since {reason}")
    else:
        settings["color"] = (0.1, 1.0)
    settings = {name: settings[name] for name in KNOWN if name in settings}
    why = f": {' and '.join(reasons)}" if reasons else ""
    return settings, f"Training pictures are changed by {say_augment(settings)}{why}."


def settled_augment(
    text: str, classes: Sequence[str], pictures: Array | Pictures | None, labels: Array
) -> tuple[dict[str, tuple[float, float]], tuple[str, ...]]:
    """Return what is done to training pictures, and what a person should know of it.

    Args:
        text: What was asked for: "auto", "none" or a list; see `parse_augment`.
        classes: Names of the classes; none where the target is a number.
        pictures: Of training rows, not necessarily all: (n, Y, X, C); None where there are none.
        labels: (n,) class numbers of the same rows; -1 where a class is not known.

    Returns:
        Settings, as `draw` takes them, and sentences.

    Raises:
        RequestError: There are no pictures, or something asked for does not go with their size.
    """
    if text.strip() == "auto":
        if pictures is None:
            return {}, ()
        settings, note = auto_augment(classes, pictures, labels)
        return settings, (note,)
    settings = parse_augment(text)
    if not settings:
        return {}, ()
    if pictures is None:
        raise RequestError(
            f"{option('augment', text)} changes pictures, and the data have none. Say "
            f"{option('augment', 'none')}."
        )
    check_size(settings, (pictures.shape[1], pictures.shape[2]))
    return settings, tuple(augment_doubts(settings, classes, pictures, labels))


def augment_doubts(
    settings: Settings, classes: Sequence[str], pictures: Array | Pictures, labels: Array
) -> Iterator[str]:
    """Yield a sentence for each augmentation that was asked for and could change the class.

    Args:
        settings: What was asked for.
        classes: As for `auto_augment`, as are pictures and labels.
    """
    flips = [name for name in FLIPS if name in settings]
    if flips and (reason := why_no_flip(classes)):
        yield f"{listed(flips)} could change the class of a picture: {reason}."
    turned = settings.get("rotation", (0.0, 1.0))[0]
    if turned > 45 and (reason := why_no_flip(classes)):
        yield f"rotation={plain(turned)} could change the class of a picture: {reason}."
    recolored = [name for name in ("color", "autocontrast") if name in settings]
    if recolored and (reason := color_words(classes) or color_tells(pictures, labels)):
        yield f"{listed(recolored)} could change the class of a picture: {reason}."


def why_no_flip(classes: Sequence[str]) -> str:
    """Say why a mirror image could be of another class: signs, or directions; "" if it is not.

    Digits may be codes for anything; since nobody can tell, they count as signs.
    """
    if names := directions_in(classes):
        return f"classes are told by direction ({listed(names, most=3)})"
    if signs := [name for name in classes if is_glyph(name)]:
        return f"classes may be letters or digits ({listed(signs, most=3)})"
    return ""


def is_glyph(name: str) -> bool:
    """Tell whether a class is a letter, a digit, a number, the word for one, or says it is a sign.

    Example:
        >>> [is_glyph(name) for name in ("7", "b", "10", "2.0", "Three", "cat", "g/character01")]
        [True, True, True, True, True, False, True]
    """
    name = name.strip().lower()
    if words_in(name) & SIGNS:
        return True
    return len(name) == 1 or name in GLYPHS or number(name) == number(name)  # a number, no NaN


def directions_in(classes: Sequence[str]) -> list[str]:
    """Return the classes that name a direction."""
    return [name for name in classes if words_in(name) & DIRECTIONS]


def words_in(name: str) -> set[str]:
    """Return the words of a name: turn_left -> turn, left."""
    return set("".join(c if c.isalpha() else " " for c in name.lower()).split())


def why_no_color(classes: Sequence[str], pictures: Array | Pictures, labels: Array) -> str:
    """Say why a change of colour could change the class, or cannot be tried; "" if neither."""
    if reason := color_words(classes):
        return reason
    if pictures.shape[-1] != 3 or is_grey(pictures):
        return "pictures are grey"
    if len(sampled(labels)) < LEAST_SAMPLED:
        return "there are too few to tell what colour means"
    return color_tells(pictures, labels)


def color_words(classes: Sequence[str]) -> str:
    """Say which classes name a colour, or nothing."""
    named = [name for name in classes if words_in(name) & COLORS]
    return f"classes name colours ({listed(named, most=3)})" if named else ""


def is_grey(pictures: Array | Pictures) -> bool:
    """Tell whether red, green and blue are the same in all pictures (n, Y, X, 3)."""
    each = (pictures[i] for i in range(len(pictures)))
    return all((picture == picture[..., :1]).all() for picture in each)


def sampled(labels: Array) -> Array:
    """Return positions of up to 2,000 pictures of a known class, spread over all."""
    known = np.flatnonzero(labels >= 0)
    return known[:: max(1, -(-len(known) // MOST_SAMPLED))]


def color_tells(pictures: Array | Pictures, labels: Array) -> str:
    """Say how often the mean colour of a picture alone tells its class, or nothing if rarely.

    Every second picture teaches the mean colour of its class, the others are told by the nearest.
    Classes count alike: a third of the way from guessing to always right counts as telling.
    """
    some = sampled(labels)
    if labels.dtype.kind not in "iu" or len(some) < LEAST_SAMPLED:
        return ""  # no classes, or too few pictures of them
    means = np.stack([pictures[i].mean((0, 1), dtype=np.float64) for i in some])  # (n, C)
    brightness = means.mean(1, keepdims=True)
    for what, values in (("brightness", brightness), ("colour", means)):
        right, guessed = nearest_mean(values, labels[some])
        if right >= guessed + TOLD * (1 - guessed):
            return f"the mean {what} of a picture alone tells the class of {100 * right:.0f} in 100"
    return ""


def nearest_mean(values: Array, labels: Array) -> tuple[float, float]:
    """Tell classes of every second row by the nearest mean of the others.

    Args:
        values: (n, F).
        labels: (n,) class numbers.

    Returns:
        Balanced accuracy, 0 to 1, and what guessing would reach.
    """
    order = np.argsort(labels, kind="stable")  # so that both halves have every class
    values, labels = values[order], labels[order]
    known = np.unique(labels[::2])
    centres = np.stack([values[::2][labels[::2] == label].mean(0) for label in known])
    distances = ((values[1::2, None] - centres) ** 2).sum(-1)  # (n / 2, classes)
    told = known[distances.argmin(1)]
    recalls = [(told[labels[1::2] == label] == label).mean() for label in np.unique(labels[1::2])]
    return float(np.mean(recalls)), 1 / max(2, len(known))
