"""Augmentation: what `--augment` asks for, in plain values.

    --augment flip=0.5,rotation=15,perspective=0.2:0.5     strength, or strength:probability
    --augment auto                                         by the data (auto_augment.py)
    --augment none

Only pictures that a network trains on are changed. The file augment.py of each model room does it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.errors import RequestError, option, unknown

Settings = Mapping[str, tuple[float, float]]
"""Name -> (strength, probability); nothing that changes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """An augmentation that can be asked for, and what its number means.

    Args:
        unit: What the number is, for a message.
        most: The greatest number.
        whole: The number counts pixels.
        chance: The number is a probability; there is no strength.
    """

    unit: str
    most: float
    whole: bool = False
    chance: bool = False


KNOWN = {  # in the order in which they are done
    "flip": Augmentation(unit="the probability of a mirror image", most=1, chance=True),
    "vertical_flip": Augmentation(
        unit="the probability of turning upside down", most=1, chance=True
    ),
    "rotation": Augmentation(unit="degrees to either side", most=180),
    # with larger shares the four corners could cross, and the picture would fold
    "perspective": Augmentation(unit="a share of the size", most=0.6),
    "translation": Augmentation(unit="a share of the size", most=0.5),
    "crop": Augmentation(unit="pixels of padding", most=1_000, whole=True),
    "color": Augmentation(unit="a share of brightness, contrast and saturation", most=1),
    "autocontrast": Augmentation(unit="a probability", most=1, chance=True),
    "cutout": Augmentation(unit="pixels, the side of a square", most=1_000, whole=True),
}


def parse_augment(text: str) -> dict[str, tuple[float, float]]:
    """Read what was asked for.

    Args:
        text: "none", or name=strength and name=strength:probability, separated by commas.

    Returns:
        Name -> (strength, probability), in the order of `KNOWN`. Flips and autocontrast have
        strength 1. What has no strength or no probability is left out.

    Raises:
        RequestError: A name is unknown or stands twice, or a number is none or out of its range.

    Example:
        >>> parse_augment("perspective=0.2:0.5, flip=0.5, crop=0")
        {'flip': (1.0, 0.5), 'perspective': (0.2, 0.5)}
    """
    if text.strip() == "none":
        return {}
    found: dict[str, tuple[float, float]] = {}
    for part in text.split(","):
        name, equals, numbers = (piece.strip() for piece in part.partition("="))
        if name in ("auto", "none"):
            raise RequestError(f"{option('augment', text)} must say {name!r} alone, or leave it.")
        if name not in KNOWN:
            raise RequestError(unknown("augmentation", name, KNOWN, where=option("augment")))
        if name in found:
            raise RequestError(f"{option('augment', text)} says {name} twice. Say it once.")
        if not equals:
            example = option("augment", say_augment({name: usual(name)}))
            raise RequestError(
                f"{option('augment', text)} says no number for {name}, which is "
                f"{KNOWN[name].unit}. Say {example}."
            )
        found[name] = read_numbers(text, name, numbers)
    return {name: found[name] for name in KNOWN if name in found and all(found[name])}


def read_numbers(text: str, name: str, numbers: str) -> tuple[float, float]:
    """Read the strength and the probability of one augmentation.

    Args:
        text: All that was asked for, for the message.
        name: The augmentation.
        numbers: "0.2" or "0.2:0.5".

    Raises:
        RequestError: They are no such numbers.
    """
    known = KNOWN[name]
    first, colon, second = numbers.partition(":")
    if colon and known.chance:
        raise RequestError(
            f"{option('augment', text)} gives {name} two numbers, and it takes one: {known.unit}."
        )
    strength = number(first)
    if not 0 <= strength <= known.most or (known.whole and strength % 1):
        counted = "an integer" if known.whole else "a number"
        raise RequestError(
            f"{option('augment', text)} gives {name} {first.strip()!r}. It takes {counted} from 0 "
            f"to {known.most:,g}: {known.unit}."
        )
    if known.chance:
        return 1.0, strength
    probability = number(second) if colon else 1.0
    if not 0 <= probability <= 1:
        raise RequestError(
            f"{option('augment', text)} gives {name} the probability {second.strip()!r}. It takes "
            "a number from 0 to 1."
        )
    return strength, probability


def number(text: str) -> float:
    """Read a number; NaN, which lies in no range, where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def usual(name: str) -> tuple[float, float]:
    """Return what people often take: the settings that a message suggests."""
    strengths = {"rotation": 15.0, "perspective": 0.2, "translation": 0.1, "crop": 4.0}
    strengths |= {"color": 0.2, "cutout": 8.0}
    return (1.0, 0.5) if KNOWN[name].chance else (strengths[name], 1.0)


def say_augment(settings: Mapping[str, Sequence[float]]) -> str:
    """Write settings as they are asked for; `parse_augment` reads the same from it.

    Example:
        >>> say_augment({"flip": (1.0, 0.5), "crop": (4.0, 1.0), "perspective": (0.2, 0.5)})
        'flip=0.5,crop=4,perspective=0.2:0.5'
    """
    parts = []
    for name, (strength, probability) in settings.items():
        if KNOWN[name].chance:
            parts.append(f"{name}={plain(probability)}")
        elif probability == 1:
            parts.append(f"{name}={plain(strength)}")
        else:
            parts.append(f"{name}={plain(strength)}:{plain(probability)}")
    return ",".join(parts) or "none"


def plain(value: float) -> str:
    """Write a number so that reading gives the same: 4 of 4.0, 0.1 of 0.1."""
    return repr(int(value)) if value == int(value) else repr(float(value))


def check_augment(text: str) -> None:
    """Refuse what is neither "auto" nor a list of augmentations.

    Raises:
        RequestError: See `parse_augment`.
    """
    if text.strip() != "auto":
        parse_augment(text)


def check_size(settings: Settings, size: tuple[int, int]) -> None:
    """Refuse augmentations that do nothing to pictures of a size, or leave nothing of them.

    Args:
        size: Rows and columns of pixels.

    Raises:
        RequestError: A translation is less than half a pixel, padding or a square as large as a
            picture.
    """
    height, width = size
    for name in ("crop", "cutout"):
        if name in settings and settings[name][0] >= min(size):
            given = option("augment", say_augment({name: settings[name]}))
            least = f"{name} below {min(size)}"
            raise RequestError(
                f"{given} is as large as a picture ({height} × {width}). Say {least}."
            )
    if "translation" in settings and settings["translation"][0] * max(size) <= 0.5:
        given = option("augment", say_augment({"translation": settings["translation"]}))
        raise RequestError(
            f"{given} moves nothing: of pictures of {height} × {width} it is less than a pixel. "
            f"Say {option('augment', f'translation={1 / max(size):.2g}')} or more."
        )
