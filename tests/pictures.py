"""Pictures made in code: of one colour, in class folders, in a folder or a .zip."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

RED, GREEN, BLUE = (220, 30, 40), (20, 200, 60), (30, 60, 210)


def picture(colour=RED, size=(8, 8), mode="RGB", kind="PNG", **how) -> bytes:
    """Return a file of one colour; size is height and width."""
    image = Image.new("RGB", (size[1], size[0]), colour).convert(mode)
    return packed(image, kind, **how)


def packed(image: Image.Image, kind: str = "PNG", **how) -> bytes:
    """Return the bytes of a picture's file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def grey(values: np.ndarray, kind: str = "PNG", **how) -> bytes:
    """Return a grey picture of 8 or 16 bits."""
    return packed(Image.fromarray(values), kind, **how)


def folder(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder; a name that ends in / is an empty folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return root


def archive(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a .zip."""
    with zipfile.ZipFile(path, "w") as opened:
        for name, raw in files.items():
            opened.writestr(name, raw)
    return path


def classes(*names: str, count: int = 3, above: str = "", **how) -> dict[str, bytes]:
    """Return files of some classes, each of its own colour."""
    colours = (RED, GREEN, BLUE, (200, 200, 20))
    return {
        f"{above}{name}/{i}.png": picture(tuple(min(255, c + i) for c in colours[k % 4]), **how)
        for k, name in enumerate(names)
        for i in range(count)
    }
