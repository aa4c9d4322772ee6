"""Augmentation: the pictures of a batch moved, recoloured and partly hidden, anew every time.

    flip  vertical_flip     mirror, left to right or top to bottom
    rotation                turn around the middle
    perspective             tilt: each corner moves inwards
    translation  crop       move by whole pixels, up to a share of the size or up to some pixels
    color                   brightness, contrast and saturation, each by its own factor
    autocontrast            stretch each channel from black to white
    cutout                  hide a square

What happens to each picture is drawn with NumPy, all moves in one matrix, so that PyTorch and Keras
see the same pictures. Keras takes batches as NumPy arrays on every
backend, and so do these functions: 128 pictures of 32 x 32 turn in 6 ms on one thread, and in 7 ms
by `keras.ops.image.affine_transform` on TensorFlow. Call it before pixels are standardised.

Source: the colour operations and their weights of red, green and blue are those of torchvision's
`transforms` (there in random order, here in the order above); cutout: DeVries & Taylor, "Improved
Regularization of Convolutional Neural Networks with Cutout", 2017.

Dimensions: B pictures, Y rows, X columns of pixels, C channels.
"""

from collections.abc import Mapping, Sequence

import numpy as np

Settings = Mapping[str, Sequence[float]]  # name -> (strength, probability)
MOVES = ("flip", "vertical_flip", "rotation", "perspective", "translation", "crop")
NAMES = (*MOVES, "color", "autocontrast", "cutout")
RED_GREEN_BLUE = (0.299, 0.587, 0.114)  # of a grey picture, ITU-R BT.601
COLORS = ("brightness", "contrast", "saturation")
LEAST_DEPTH = 1e-6  # of a place on a tilted plane; nearer to its horizon it is outside anyway
AT_ONCE = (
    2**14
)  # pixels, which stay in the cache: turning 128 pictures took 6 ms, and 11 ms all at once


def augment(
    x: np.ndarray,
    settings: Settings,
    rng: np.random.Generator,
    *,
    white: float = 255.0,
    fill: np.ndarray | float | None = None,
) -> np.ndarray:
    """Augment a batch of training pictures; x itself stays as it is.

    Args:
        x: Pixels from 0 to white.
        settings: Name -> (strength, probability); see `draw`.
        rng: The same generator in the same state gives the same pictures.
        white: The greatest value of a pixel: 255 or 1.
        fill: What lies around a picture and under a hidden square, one value or (C,); None: the
            mean of the picture's own outermost pixels.

    Shape:
        x (B, Y, X, C) float -> (B, Y, X, C) float32

    Raises:
        ValueError: There is no augmentation of that name.

    Example:
        >>> augment(np.zeros((2, 8, 8, 3)), {"rotation": (15, 1)}, np.random.default_rng(0)).shape
        (2, 8, 8, 3)
    """
    drawn = draw(settings, rng, len(x), (x.shape[1], x.shape[2]))
    return alter(x, drawn, white=white, fill=fill)


def alter(
    x: np.ndarray,
    drawn: Mapping[str, np.ndarray],
    *,
    white: float = 255.0,
    fill: np.ndarray | float | None = None,
) -> np.ndarray:
    """Do to each picture what was drawn for it: (B, Y, X, C) -> (B, Y, X, C); see `augment`."""
    altered = np.empty(x.shape, np.float32)
    pictures = max(1, AT_ONCE // (x.shape[1] * x.shape[2]))
    for first in range(0, len(x), pictures):
        some = slice(first, first + pictures)
        drawn_some = {name: values[some] for name, values in drawn.items()}
        altered[some] = alter_some(x[some], drawn_some, white=white, fill=fill)
    return altered


def alter_some(
    x: np.ndarray,
    drawn: Mapping[str, np.ndarray],
    *,
    white: float,
    fill: np.ndarray | float | None,
) -> np.ndarray:
    """Alter as many pictures as the processor's cache holds; see `alter`."""
    x = x.astype(np.float32)  # a copy, which may be written to
    around = outermost(x) if fill is None else np.asarray(fill, dtype=np.float32)
    around = np.broadcast_to(around, (len(x), x.shape[-1]))  # (B, C)
    if "matrix" in drawn:
        x = warp(x, drawn["matrix"], around)
    if "brightness" in drawn:
        factors = [drawn[name][:, None, None, None] for name in COLORS]
        x = recolor(x, *factors, white=white)
    if "autocontrast" in drawn:
        x = stretch(x, drawn["autocontrast"], white=white)
    if "cutout" in drawn:
        x = hide(x, drawn["cutout"], around)
    return x


def draw(
    settings: Settings, rng: np.random.Generator, count: int, size: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Draw what happens to each picture of a batch; the same in both frameworks.

    Args:
        settings: Name -> (strength, probability), of `NAMES`: rotation in degrees, translation and
            perspective as shares of the size, crop and cutout in pixels, color as a share.
        rng: Where the numbers come from; a picture's probability decides before its strength.
        count: B, pictures.
        size: (Y, X) of a picture, in pixels.

    Returns:
        Of these, what the settings ask for: "matrix" (B, 3, 3) float32, see `warp`; "brightness",
        "contrast", "saturation" (B,) float32 factors; "autocontrast" (B,) bool; "cutout" (B, 4)
        int64, the square's top, left, bottom and right, the last two excluded.

    Raises:
        ValueError: There is no augmentation of that name.

    Example:
        >>> drawn = draw({"flip": (1.0, 1.0)}, np.random.default_rng(0), 2, (4, 6))
        >>> drawn["matrix"][0].tolist()
        [[-1.0, 0.0, 5.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if wrong := [name for name in settings if name not in NAMES]:
        raise ValueError(f"No augmentation called {wrong[0]!r}. Known: {', '.join(NAMES)}.")
    amounts = {}  # strength where a picture is chosen, else 0, which changes nothing
    for name in NAMES:
        if name in settings:
            strength, probability = settings[name]
            amounts[name] = strength * (rng.random(count) < probability)
    drawn: dict[str, np.ndarray] = {}
    if any(name in MOVES for name in amounts):
        drawn["matrix"] = draw_matrices(amounts, rng, count, size)
    if "color" in amounts:
        for name in COLORS:
            factors = 1 + amounts["color"] * rng.uniform(-1, 1, count)
            drawn[name] = factors.astype(np.float32)
    if "autocontrast" in amounts:
        drawn["autocontrast"] = amounts["autocontrast"] > 0
    if "cutout" in amounts:
        drawn["cutout"] = draw_squares(amounts["cutout"], rng, size)
    return drawn


def draw_matrices(
    amounts: Mapping[str, np.ndarray],
    rng: np.random.Generator,
    count: int,
    size: tuple[int, int],
) -> np.ndarray:
    """Draw where each pixel of a moved picture comes from: (B, 3, 3) float32, see `warp`.

    A picture is flipped, turned around its middle, tilted, then moved by whole pixels; a matrix
    undoes that, last move first.
    """
    height, width = size
    matrix = np.tile(np.eye(3), (count, 1, 1))
    if "flip" in amounts:
        matrix[:, 0, 0] = 1 - 2 * amounts["flip"]
    if "vertical_flip" in amounts:
        matrix[:, 1, 1] = 1 - 2 * amounts["vertical_flip"]
    if "rotation" in amounts:
        angle = np.radians(amounts["rotation"] * rng.uniform(-1, 1, count))
        turn = np.tile(np.eye(3), (count, 1, 1))
        turn[:, 0, 0] = turn[:, 1, 1] = np.cos(angle)
        turn[:, 0, 1] = -np.sin(angle)
        turn[:, 1, 0] = np.sin(angle)
        matrix = matrix @ turn
    to_middle = np.array([[1, 0, (1 - width) / 2], [0, 1, (1 - height) / 2], [0, 0, 1]])
    from_middle = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    matrix = from_middle @ matrix @ to_middle
    if "perspective" in amounts:
        to_share = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
        tilt = draw_tilts(amounts["perspective"], rng)
        matrix = matrix @ np.linalg.inv(to_share) @ np.linalg.inv(tilt) @ to_share
    for axis, pixels in enumerate((width, height)):
        steps = draw_steps(np.rint(amounts.get("translation", np.zeros(count)) * pixels), rng)
        steps += draw_steps(amounts.get("crop", np.zeros(count)), rng)
        matrix[:, :, 2] -= matrix[:, :, axis] * steps[:, None]
    return matrix.astype(np.float32)


def draw_steps(limits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw whole numbers from -limit to limit, each as likely: (B,) -> (B,)."""
    return np.floor((2 * limits + 1) * rng.random(len(limits))) - limits


def draw_tilts(strengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw what a tilted plane does to the unit square: (B,) -> (B, 3, 3).

    Each corner moves inwards by up to half the strength, across and down. The formula takes the
    unit square to any four corners (Heckbert, "Fundamentals of Texture Mapping", 1989).
    """
    inwards = strengths[:, None, None] / 2 * rng.random((len(strengths), 4, 2))  # (B, 4, 2)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    places = corners + (1 - 2 * corners) * inwards
    first, second, third, fourth = (places[:, i] for i in range(4))  # each (B, 2)
    a, b, c = second - third, fourth - third, first - second + third - fourth
    det = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    g = (c[:, 0] * b[:, 1] - c[:, 1] * b[:, 0]) / det
    h = (a[:, 0] * c[:, 1] - a[:, 1] * c[:, 0]) / det
    tilt = np.ones((len(strengths), 3, 3))
    tilt[:, :2, 0] = second - first + g[:, None] * second
    tilt[:, :2, 1] = fourth - first + h[:, None] * fourth
    tilt[:, :2, 2] = first
    tilt[:, 2, 0], tilt[:, 2, 1] = g, h
    return tilt


def draw_squares(sides: np.ndarray, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Draw squares around any pixel, cut at the edges: (B,) -> (B, 4) int64."""
    limits = np.array(size)
    middles = np.floor(rng.random((len(sides), 2)) * limits)
    starts = middles - sides[:, None] // 2
    ends = starts + sides[:, None]
    return np.concatenate([starts.clip(0, limits), ends.clip(0, limits)], 1).astype(np.int64)


def outermost(x: np.ndarray) -> np.ndarray:
    """Return the mean of the pixels at the four edges: (B, Y, X, C) -> (B, C)."""
    edges = (x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1])
    return np.stack([edge.mean(1) for edge in edges]).mean(0)


def warp(x: np.ndarray, matrix: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """Move each picture, reading between pixels in proportion to the distances.

    Args:
        x: Pixels.
        matrix: Takes a pixel (x, y, 1) of the new picture to its place in the old one; pixel
            centres lie at whole numbers.
        fill: What lies around the picture.

    Shape:
        x (B, Y, X, C), matrix (B, 3, 3), fill (B, C) -> (B, Y, X, C) float32
    """
    count, height, width, channels = x.shape
    across, down = places_of(matrix, height, width)  # (B, Y, X)
    left, top = np.floor(across), np.floor(down)
    # a frame of fill, so that every place clipped to it has its neighbours
    framed = np.empty((count, height + 3, width + 3, channels), np.float32)
    framed[:] = fill[:, None, None]
    framed[:, 1 : height + 1, 1 : width + 1] = x
    pixels = framed.reshape(-1, channels)
    corner = ((top + 1) * (width + 3) + (left + 1)).astype(np.int64)
    corner += np.arange(count)[:, None, None] * ((height + 3) * (width + 3))
    corner = corner.reshape(-1)  # (B * Y * X,): which pixel is up and left of the place
    if is_whole(matrix):
        return pixels.take(corner, 0).reshape(x.shape)
    to_right = (across - left).reshape(-1, 1)
    to_bottom = (down - top).reshape(-1, 1)
    above = between(pixels.take(corner, 0), pixels.take(corner + 1, 0), to_right)
    corner += width + 3
    below = between(pixels.take(corner, 0), pixels.take(corner + 1, 0), to_right)
    return between(above, below, to_bottom).reshape(x.shape)


def places_of(matrix: np.ndarray, height: int, width: int) -> list[np.ndarray]:
    """Return where each new pixel lies in the old picture, across and down: two of (B, Y, X).

    What is farther outside than one pixel is taken to lie just there.
    """
    rows = np.arange(height, dtype=np.float32)[:, None]  # (Y, 1)
    columns = np.arange(width, dtype=np.float32)  # (X,)
    terms = matrix.astype(np.float32)[:, :, :, None, None]
    places = [terms[:, i, 0] * columns + (terms[:, i, 1] * rows + terms[:, i, 2]) for i in (0, 1)]
    if matrix[:, 2, :2].any():
        depth = terms[:, 2, 0] * columns + (terms[:, 2, 1] * rows + terms[:, 2, 2])
        depth[np.abs(depth) < LEAST_DEPTH] = LEAST_DEPTH
        places = [place / depth for place in places]
    return [np.clip(place, -1, end) for place, end in zip(places, (width, height), strict=True)]


def is_whole(matrix: np.ndarray) -> bool:
    """Tell whether all moves (B, 3, 3) are flips and whole pixels: each new pixel is an old one."""
    turned = matrix[:, [0, 1, 2, 2], [1, 0, 0, 1]]
    return not turned.any() and bool((matrix == np.rint(matrix)).all())


def between(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return first + share * (second - first), in the memory of both."""
    second -= first
    second *= share
    first += second
    return first


def recolor(
    x: np.ndarray,
    brightness: np.ndarray,
    contrast: np.ndarray,
    saturation: np.ndarray,
    *,
    white: float,
) -> np.ndarray:
    """Change each picture's colours by its factors (B, 1, 1, 1), in place: (B, Y, X, C)."""
    x *= brightness
    np.clip(x, 0, white, out=x)
    mean = grey(x.mean(1, keepdims=True).mean(2, keepdims=True))  # (B, 1, 1, 1)
    x *= contrast
    x += (1 - contrast) * mean
    np.clip(x, 0, white, out=x)
    if x.shape[-1] == 3:
        shade = (1 - saturation) * grey(x)  # (B, Y, X, 1)
        x *= saturation
        x += shade
        np.clip(x, 0, white, out=x)
    return x


def grey(x: np.ndarray) -> np.ndarray:
    """Return the brightness of each pixel: (B, Y, X, C) -> (B, Y, X, 1)."""
    if x.shape[-1] != 3:
        return x.mean(-1, keepdims=True)
    return (x @ np.array(RED_GREEN_BLUE, dtype=x.dtype))[..., None]


def stretch(x: np.ndarray, chosen: np.ndarray, *, white: float) -> np.ndarray:
    """Stretch each channel of the pictures chosen (B,) from 0 to white, in place; see `alter`.

    A channel of a single value stays as it is.
    """
    # rows first: over rows and columns at once it takes ten times as long
    low = x.min(1, keepdims=True).min(2, keepdims=True)  # (B, 1, 1, C)
    high = x.max(1, keepdims=True).max(2, keepdims=True)
    wanted = chosen[:, None, None, None] & (high > low)
    x -= np.where(wanted, low, 0)
    x *= np.where(wanted, white / np.where(wanted, high - low, 1), 1)
    return x


def hide(x: np.ndarray, squares: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """Cover squares (B, 4) with the fill (B, C): (B, Y, X, C) -> (B, Y, X, C)."""
    top, left, bottom, right = (squares[:, i, None] for i in range(4))  # each (B, 1)
    rows, columns = np.arange(x.shape[1]), np.arange(x.shape[2])
    down = (rows >= top) & (rows < bottom)  # (B, Y)
    across = (columns >= left) & (columns < right)  # (B, X)
    hidden = down[:, :, None, None] & across[:, None, :, None]  # (B, Y, X, 1)
    return np.where(hidden, fill[:, None, None], x)
