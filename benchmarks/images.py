"""Image input: how fast batches of pictures come, against decoding with Pillow in a DataLoader.

    python -m benchmarks.images FOLDER            pictures in class folders, in a folder or zips

*Ours* is what a worker does: pictures are decoded once into the cache, and every epoch takes
shuffled, standardised batches from the mapped file, in one process. *Plain* is a torch DataLoader
of two workers whose dataset decodes a picture with Pillow, brings it to size and standardises it;
its workers live through all epochs. Same pictures, same size, same batch, both (B, C, Y, X)
float32. They take turns, and each round has a cache of its own. Reported: pictures a second of an
epoch after the first, and of ten epochs with the first, which for ours holds the decoding; medians
with quartiles, of wall time, and processor time of all processes beside it.
"""

import argparse
import io
import os
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from bakeoff.data.reading.picture_cache import cached_pictures
from bakeoff.data.reading.picture_files import PictureFile, find_pictures
from bakeoff.torch_models.feed import Feed, target_taker

BATCH = 64
EPOCHS = 10


class Decoded(Dataset[Any]):
    """Pictures that are decoded each time they are asked for."""

    def __init__(self, files: Sequence[PictureFile], side: int) -> None:
        self.files, self.side = files, side
        self.opened: dict[tuple[int, Path], zipfile.ZipFile] = {}

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> torch.Tensor:
        with Image.open(io.BytesIO(self.raw(self.files[i]))) as image:
            plain = image.convert("RGB")
            if plain.size != (self.side, self.side):
                plain = plain.resize((self.side, self.side), Image.Resampling.BILINEAR)
        x = torch.from_numpy(np.array(plain)).permute(2, 0, 1).float()
        return (x - 127.5) / 64.0

    def raw(self, file: PictureFile) -> bytes:
        """Return the bytes of a picture; archives are opened once by each process."""
        if not file.member:
            return file.path.read_bytes()
        key = (os.getpid(), file.path)
        if key not in self.opened:
            self.opened[key] = zipfile.ZipFile(file.path)
        return self.opened[key].read(file.member)


def plain_epochs(files: Sequence[PictureFile], side: int) -> list[tuple[float, float]]:
    """Return wall and processor seconds of each epoch of a DataLoader of two workers."""
    loader = DataLoader(
        Decoded(files, side), BATCH, shuffle=True, num_workers=2, persistent_workers=True
    )
    return [timed(lambda: sum(len(x) for x in loader)) for _ in range(EPOCHS)]


def our_epochs(files: Sequence[PictureFile], side: int) -> list[tuple[float, float]]:
    """Return the same of ours; the first decodes all pictures into a new cache."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["BAKEOFF_CACHE"] = cache
        found: dict[str, Any] = {}

        def first() -> None:
            pixels, _, _ = cached_pictures(files, (side, side))
            channels = pixels.shape[3]
            source = {
                "kind": "pixels",
                "base": pixels,
                "rows": np.arange(len(pixels)),
                "shift": np.full(channels, 127.5),
                "scale": np.full(channels, 1 / 64),
                "lows": np.zeros(channels),
                "highs": np.full(channels, 255.0),
                "white": 255.0,
                "axes": "picture",
            }
            layouts = {4: torch.channels_last}
            found["feed"] = Feed({"x": source}, torch.device("cpu"), layouts)
            known = target_taker(np.zeros(len(pixels), np.int64), torch.device("cpu"))
            found["known"] = known
            epoch()

        def epoch() -> None:
            for batch, _ in found["feed"].shuffled(found["known"], BATCH):
                len(batch["x"])

        return [timed(first), *(timed(epoch) for _ in range(EPOCHS - 1))]


def timed(act: Callable[[], Any]) -> tuple[float, float]:
    """Return wall seconds, and processor seconds of this process and of those that it lets run."""
    before, start = processor(), time.perf_counter()
    act()
    return time.perf_counter() - start, processor() - before


def processor() -> float:
    """Return processor seconds of this process, its living children, and those that ended."""
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    total = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8").split():
        fields = Path(f"/proc/{child}/stat").read_text("utf-8").rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def quartiles(values: Sequence[float]) -> str:
    """Write a median, and quartiles in brackets."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:,.3g} ({low:,.3g}–{high:,.3g})"


def main() -> None:
    """Let both take turns, and print one line of a table for each figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--side", type=int, default=64, help="pixels")
    parser.add_argument("--most", type=int, default=5_000, help="pictures")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    files = [file for path in asked.folder for file in find_pictures(path).files]
    files = files[:: max(1, len(files) // asked.most)][: asked.most]
    rows: dict[str, list[float]] = {}
    for _ in range(asked.rounds):
        times = {
            "ours": np.array(our_epochs(files, asked.side)),
            "plain": np.array(plain_epochs(files, asked.side)),
        }
        for i, clock in enumerate(("wall", "processor")):
            later = {who: np.median(t[1:, i]) for who, t in times.items()}
            whole = {who: t[:, i].sum() for who, t in times.items()}
            for what, seconds, epochs in (
                ("later epochs", later, 1),
                ("ten epochs", whole, EPOCHS),
            ):
                rows.setdefault(f"{what}, {clock}, ours ÷ plain", []).append(
                    seconds["plain"] / seconds["ours"]
                )
                for who in times:
                    rate = len(files) * epochs / max(1e-9, seconds[who])
                    rows.setdefault(f"{what}, {clock}, {who}, pictures/s", []).append(rate)
    print(f"{len(files):,} pictures, {asked.side} pixels, {asked.rounds} rounds")
    for name, values in rows.items():
        print(f"| {name} | {quartiles(values)} |")


if __name__ == "__main__":
    main()
