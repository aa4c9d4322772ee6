"""A program: bake off pictures that are larger than the memory that it may take.

    python -m tests.limited HOW FRAMEWORK MEGABYTES

HOW is `room` (from a file to a trained network and its scores, in this process), `npz`, `memmap` or
`folder` (`bakeoff.run` with a worker). First the same is done with a few pictures: what the process
holds then (libraries, threads, a network and its batches) it would hold anyway. To this comes a
quarter of the bytes of the decoded pictures: more the system does not give (RLIMIT_DATA counts the
private memory that can be written, and not files that are mapped).
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

SIDE = 128  # pixels
FEW = 256  # pictures
SMALL = {"architecture": "cnn", "blocks": ({"channels": 4},), "stride": 4, "head_sizes": (8,)}


def main() -> None:
    """Do it with a few pictures, and then, limited, with many; the last line tells how it went."""
    how, framework, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    do: Callable[[str, Any], Any] = by_rooms if how == "room" else by_run
    many = int(megabytes * 1e6) // (SIDE * SIDE * 3)
    kind = "npz" if how == "room" else how
    few_data, many_data = (saved(kind, number) for number in (FEW, many))
    workers = watched_workers()
    do(framework, few_data)
    quarter = many * SIDE * SIDE * 3 // 4
    limit(0, held("self") + quarter)
    workers["limit"] = workers["most"] + quarter
    score = do(framework, many_data)
    print(f"{many} pictures, score {score:.3f}")


def held(process: int | str) -> int:
    """Return the bytes of private memory that a process can write to."""
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))


def limit(process: int, most: int) -> None:
    """Let a process (0: this one) hold so much and no more."""
    highest = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.prlimit(process, resource.RLIMIT_DATA, (most, highest))


def watched_workers() -> dict[str, int]:
    """Watch what workers hold, and limit those that start once there is a `limit`."""
    found = {"most": 0, "limit": 0}
    start = subprocess.Popen

    def watch(process: int) -> None:
        try:
            while True:
                found["most"] = max(found["most"], held(process))
                time.sleep(0.01)
        except (OSError, StopIteration):
            return  # it has ended

    class Watched(start):  # type: ignore[type-arg, valid-type, misc]
        def __init__(self, command: Any, *rest: Any, **how: Any) -> None:
            most = found["limit"]
            if "bakeoff.train.worker" in command and most:
                how["preexec_fn"] = lambda: limit(0, most)
            super().__init__(command, *rest, **how)
            if not most:
                Thread(target=watch, args=(self.pid,), daemon=True).start()

    subprocess.Popen = Watched  # type: ignore[misc]
    return found


def saved(kind: str, number: int) -> Any:
    """Make pictures of two classes, one a third brighter, in files that are never held whole."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 150, (64, SIDE, SIDE, 3), dtype=np.uint8)
    y = np.arange(number) % 2

    def picture(i: int) -> Any:
        return np.roll(noise[i % 64], i // 64, axis=1) + np.uint8(80 * y[i])

    if kind == "folder":
        return folder(number, y, picture)
    path = f"{number}.npy"
    shape = (number, SIDE, SIDE, 3)
    x = np.lib.format.open_memmap(path, "w+", np.uint8, shape)  # type: ignore[no-untyped-call]
    for i in range(number):
        x[i] = picture(i)
    x.flush()
    mapped = np.load(path, mmap_mode="r")
    if kind == "memmap":
        return mapped, y
    np.savez(f"{number}.npz", x=mapped, y=y)
    return f"{number}.npz"


def folder(number: int, y: Any, picture: Callable[[int], Any]) -> str:
    """Write pictures into a folder for each class."""
    from PIL import Image

    for name in "ab":
        Path(f"{number}/{name}").mkdir(parents=True)
    for i in range(number):
        Image.fromarray(picture(i)).save(f"{number}/{'ab'[y[i]]}/{i}.jpg", quality=95)
    return str(number)


def by_run(framework: str, data: Any) -> float:
    """Bake off a small network."""
    import bakeoff

    size = str(SIDE) if isinstance(data, str) and Path(data).is_dir() else None
    run = bakeoff.run(
        data,
        models={"small": SMALL, "constant": {"architecture": "constant"}},
        framework=framework,
        epochs=1,
        seeds=1,
        jobs=1,
        image_size=size,
        show="none",
    )
    found = run.leaderboard.filter(run.leaderboard["model"] == "small")["score"][0]
    if isinstance(data, str):
        run.best.predict(data)
    return float(found)


def by_rooms(framework: str, data: Any) -> float:
    """Read, split, look for leaks, prepare, train and score."""
    from bakeoff.data.preparing.preparation import fit_preparation
    from bakeoff.data.read import read
    from bakeoff.data.splitting.leaks import find_leaks
    from bakeoff.data.splitting.split import make_split
    from bakeoff.data.taking.sources import plain
    from bakeoff.data.taking.targets import make_targets
    from bakeoff.data.taking.views import make_views

    dataset = read(data)
    split = make_split(dataset)
    find_leaks(dataset, split)
    len(dataset.fingerprint)
    preparation = fit_preparation(dataset, split)
    view = make_views(preparation, dataset)["image"]
    targets = make_targets(preparation, dataset)
    if framework == "torch":
        from bakeoff.torch_models.cnn import CNN
        from bakeoff.torch_models.fit import fit, predict
    else:
        from bakeoff.keras_models.cnn import CNN
        from bakeoff.keras_models.fit import fit, predict
    own = {name: value for name, value in SMALL.items() if name != "architecture"}
    model = CNN(3, (SIDE, SIDE), 1, **own)
    parts = [
        ({"x": plain(view.inputs["x"][rows])}, np.asarray(targets[rows].take(), np.float32))
        for rows in (split.train, split.validation)
    ]
    fit(
        model,
        *parts[0],
        validation_inputs=parts[1][0],
        validation_targets=parts[1][1],
        loss="binary_cross_entropy",
        epochs=1,
        seed=0,
    )
    scores = predict(model, {"x": plain(view.inputs["x"][split.test])})
    truth = np.asarray(targets[split.test].take())
    return float(((scores[:, 0] > 0) == truth).mean())


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
