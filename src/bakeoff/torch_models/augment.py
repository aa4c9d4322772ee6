"""Augmentation: the pictures of a batch moved, recoloured and partly hidden, anew every time.

    flip  vertical_flip     mirror, left to right or top to bottom
    rotation                turn around the middle
    perspective             tilt: each corner moves inwards
    translation  crop       move by whole pixels, up to a share of the size or up to some pixels
    color                   brightness, contrast and saturation, each by its own factor
    autocontrast            stretch each channel from black to white
    cutout                  hide a square

What happens to each picture is drawn with NumPy, all moves in one matrix, so that PyTorch and Keras
see the same pictures. Call it before pixels are standardised.

Source: the colour operations and their weights of red, green and blue are those of torchvision's
`transforms` (there in random order, here in the order above); cutout: DeVries & Taylor, "Improved
Regularization of Convolutional Neural Networks with Cutout", 2017.

Dimensions: B pictures, Y rows, X columns of pixels, C channels.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Settings = Mapping[str, Sequence[float]]  # name -> (strength, probability)
MOVES = ("flip", "vertical_flip", "rotation", "perspective", "translation", "crop")
NAMES = (*MOVES, "color", "autocontrast", "cutout")
RED_GREEN_BLUE = (0.299, 0.587, 0.114)  # of a grey picture, ITU-R BT.601
COLORS = ("brightness", "contrast", "saturation")
LEAST_DEPTH = 1e-6  # of a place on a tilted plane; nearer to its horizon it is outside anyway


def augment(
    x: Tensor,
    settings: Settings,
    rng: np.random.Generator,
    *,
    white: float = 255.0,
    fill: np.ndarray | float | None = None,
) -> Tensor:
    """Augment a batch of training pictures; x itself stays as it is.

    Args:
        x: Pixels from 0 to white, on any device.
        settings: Name -> (strength, probability); see `draw`.
        rng: The same generator in the same state gives the same pictures.
        white: The greatest value of a pixel: 255 or 1.
        fill: What lies around a picture and under a hidden square, one value or (C,); None: the
            mean of the picture's own outermost pixels.

    Shape:
        x (B, Y, X, C) float -> (B, Y, X, C) float

    Raises:
        ValueError: There is no augmentation of that name.

    Example:
        >>> augment(torch.zeros(2, 8, 8, 3), {"rotation": (15, 1)}, np.random.default_rng(0)).shape
        torch.Size([2, 8, 8, 3])
    """
    drawn = draw(settings, rng, len(x), (x.shape[1], x.shape[2]))
    return alter(x, drawn, white=white, fill=fill)


def alter(
    x: Tensor,
    drawn: Mapping[str, np.ndarray],
    *,
    white: float = 255.0,
    fill: np.ndarray | float | None = None,
) -> Tensor:
    """Do to each picture what was drawn for it: (B, Y, X, C) -> (B, Y, X, C); see `augment`."""
    known = {name: torch.from_numpy(values).to(x.device) for name, values in drawn.items()}
    around = outermost(x) if fill is None else torch.as_tensor(fill, dtype=x.dtype).to(x.device)
    around = around.expand(len(x), x.shape[-1])  # (B, C)
    if "matrix" in known:
        x = warp(x, drawn["matrix"], around)
    if "brightness" in known:
        factors = [known[name][:, None, None, None] for name in COLORS]
        x = recolor(x, *factors, white=white)
    if "autocontrast" in known:
        x = stretch(x, known["autocontrast"], white=white)
    if "cutout" in known:
        x = hide(x, known["cutout"], around)
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


def outermost(x: Tensor) -> Tensor:
    """Return the mean of the pixels at the four edges: (B, Y, X, C) -> (B, C)."""
    edges = (x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1])
    return torch.stack([edge.mean(1) for edge in edges]).mean(0)


def warp(x: Tensor, matrix: np.ndarray, fill: Tensor) -> Tensor:
    """Move each picture, reading between pixels in proportion to the distances.

    Args:
        x: Pixels.
        matrix: Takes a pixel (x, y, 1) of the new picture to its place in the old one; pixel
            centres lie at whole numbers.
        fill: What lies around the picture.

    Shape:
        x (B, Y, X, C), matrix (B, 3, 3), fill (B, C) -> (B, Y, X, C)
    """
    height, width = x.shape[1:3]
    rows = torch.arange(height, dtype=x.dtype, device=x.device)[:, None]  # (Y, 1)
    columns = torch.arange(width, dtype=x.dtype, device=x.device)  # (X,)
    terms = torch.from_numpy(matrix).to(x)[:, :, :, None, None]
    places = [terms[:, i, 0] * columns + (terms[:, i, 1] * rows + terms[:, i, 2]) for i in (0, 1)]
    if matrix[:, 2, :2].any():  # asked of NumPy: a GPU would have to be waited for
        depth = terms[:, 2, 0] * columns + (terms[:, 2, 1] * rows + terms[:, 2, 2])
        depth = torch.where(depth.abs() < LEAST_DEPTH, LEAST_DEPTH, depth)
        places = [place / depth for place in places]
    # from pixels to grid_sample's -1 to 1, edge to edge
    across = places[0] * (2 / width) + (1 / width - 1)
    down = places[1] * (2 / height) + (1 / height - 1)
    grid = torch.stack([across, down], -1)  # (B, Y, X, 2)
    around = fill[:, None, None]
    centred = (x - around).permute(0, 3, 1, 2)  # grid_sample can put 0 around a picture
    # of (B, C, Y, X) in the memory order of (B, Y, X, C): 1.6 times faster than in its own
    moved = F.grid_sample(centred, grid, padding_mode="zeros", align_corners=False)
    return moved.permute(0, 2, 3, 1) + around


def recolor(
    x: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor, *, white: float
) -> Tensor:
    """Change each picture's colours by its factors (B, 1, 1, 1): (B, Y, X, C) -> (B, Y, X, C)."""
    x = (x * brightness).clamp_(0, white)
    mean = grey(x.mean((1, 2), keepdim=True))  # (B, 1, 1, 1)
    x = torch.lerp(mean, x, contrast).clamp_(0, white)
    if x.shape[-1] == 3:
        x = torch.lerp(grey(x), x, saturation).clamp_(0, white)
    return x


def grey(x: Tensor) -> Tensor:
    """Return the brightness of each pixel: (B, Y, X, C) -> (B, Y, X, 1)."""
    if x.shape[-1] != 3:
        return x.mean(-1, keepdim=True)
    # no product of matrices, which takes six times as long in the memory order of `warp`
    return sum(weight * x[..., i, None] for i, weight in enumerate(RED_GREEN_BLUE))


def stretch(x: Tensor, chosen: Tensor, *, white: float) -> Tensor:
    """Stretch each channel of the pictures chosen (B,) from 0 to white: (B, Y, X, C).

    A channel of a single value stays as it is.
    """
    # rows first: over rows and columns at once it takes ten times as long
    low = x.amin(1, keepdim=True).amin(2, keepdim=True)  # (B, 1, 1, C)
    high = x.amax(1, keepdim=True).amax(2, keepdim=True)
    wanted = chosen[:, None, None, None] & (high > low)
    scale = torch.where(wanted, white / torch.where(wanted, high - low, 1), 1)
    return (x - torch.where(wanted, low, 0)) * scale


def hide(x: Tensor, squares: Tensor, fill: Tensor) -> Tensor:
    """Cover squares (B, 4) with the fill (B, C): (B, Y, X, C) -> (B, Y, X, C)."""
    top, left, bottom, right = (squares[:, i, None] for i in range(4))  # each (B, 1)
    rows = torch.arange(x.shape[1], device=x.device)
    columns = torch.arange(x.shape[2], device=x.device)
    down = (rows >= top) & (rows < bottom)  # (B, Y)
    across = (columns >= left) & (columns < right)  # (B, X)
    hidden = down[:, :, None, None] & across[:, None, :, None]  # (B, Y, X, 1)
    return torch.where(hidden, fill[:, None, None], x)
