"""A worker: a process of its own that makes one fit after another and stays warm in between.

Started as `python -m bakeoff.train.worker`. Requests come as lines of JSON on standard input,
answers go out as lines of JSON on what was standard output; arrays pass through `.npy` files in a
temporary folder. So nothing is pickled, and a script that calls `bakeoff.run` needs no `__main__`
guard.

The test targets never come here: a worker knows the inputs of all rows, the targets of training and
validation rows, and gives back scores.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from bakeoff.catalog import find, load
from bakeoff.errors import BakeoffError
from bakeoff.train.job import Fit, Job, page_arguments, tuples
from bakeoff.train.weights import save_weights

Send = Callable[[Mapping[str, Any]], None]
Inputs = Mapping[str, np.ndarray]
PROGRESS_SECONDS = 0.1  # a line of progress at most this often
LONG_CALL_SECONDS = 2.0  # beyond this, start-up no longer matters in the time of a prediction
PROBE_STEPS = 4  # timed training steps of a probe, the first not counted


class Material:
    """What a run lets its workers see: views, sizes, targets and row numbers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes = json.loads((folder / "sizes.json").read_text("utf-8"))
        self.targets = read(folder / "targets.npy")
        self.rows = {part: read(folder / f"{part}.npy") for part in ("train", "validation", "test")}

    def inputs(self, view: str, part: str) -> Inputs:
        """Return the arrays of one view, the rows of one part."""
        files = sorted((self.folder / view).glob("*.npy"))
        return {file.stem: np.asarray(read(file)[self.rows[part]]) for file in files}

    def answers(self, part: str, task: str) -> np.ndarray:
        """Return the targets of the training or validation rows, as the loss wants them."""
        values = self.targets[self.rows[part]]
        return np.asarray(values, np.int64 if task == "multiclass" else np.float32)


def read(path: Path) -> np.ndarray:
    """Open an array without reading it all."""
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def main() -> None:
    """Answer requests until the parent ends this process, or ends itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a library prints must not stand between the answers
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))

    def send(message: Mapping[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")

    requests: SimpleQueue[str] = SimpleQueue()
    Thread(target=listen, args=(requests,), daemon=True).start()
    material: Material | None = None
    why_none = "none was shown"
    place: dict[str, Any] = {}
    while True:
        request = json.loads(requests.get())
        try:
            if request["do"] == "hello":
                place = hello(request["framework"], request["device"], threads)
                send({"ready": place})
            elif request["do"] == "material":
                material = None
                material = Material(Path(request["folder"]))
            elif material is None:
                send({"failed": f"no material: {why_none}", "mistake": False})
            else:
                job = Job(**request["job"])
                job = replace(job, device=place["device"]) if job.device == "auto" else job
                make = {"probe": probe, "fit": fit_baseline if is_baseline(job) else fit_network}
                send(make[request["do"]](job, material, Path(request["folder"]), send))
        except Exception as error:  # a worker outlives a failed fit, and reports it in one line
            if request["do"] == "material":  # has no answer of its own: each job tells of it
                why_none = sentence(error)
                continue
            send({"failed": sentence(error), "mistake": isinstance(error, ValueError | TypeError)})


def listen(requests: "SimpleQueue[str]") -> None:
    """Pass on requests; end this process, even in the middle of a fit, when its parent is gone."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def hello(framework: str, device: str, threads: int) -> dict[str, Any]:
    """Import the framework and say what there is to train on."""
    if framework in ("tensorflow", "jax"):
        import keras

        gpus = []
        with suppress(RuntimeError):  # JAX raises where it has none
            gpus = keras.distribution.list_devices("gpu")
        if device in ("cuda", "mps") and not gpus:
            raise BakeoffError(f"device={device!r}, but {framework} sees no GPU. Say device='cpu'.")
        wanted = "cuda" if gpus and device != "cpu" else "cpu"
        versions = {"keras": keras.__version__}
        return {"device": wanted, "name": "", "memory": 0, "versions": versions}
    import torch

    torch.set_num_threads(threads)
    found = "cuda" if torch.cuda.is_available() else "cpu"
    wanted = found if device == "auto" else device
    if wanted == "cuda" and found != "cuda":
        raise BakeoffError("device='cuda', but torch sees no CUDA device. Say device='cpu'.")
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise BakeoffError("device='mps', but torch sees no Apple GPU. Say device='cpu'.")
    known = wanted == "cuda"
    return {
        "device": wanted,
        "name": torch.cuda.get_device_name() if known else "",
        "memory": torch.cuda.get_device_properties(0).total_memory if known else 0,
        "versions": {"torch": torch.__version__},
    }


def is_baseline(job: Job) -> bool:
    """Say whether the job fits a baseline."""
    return find(job.architecture).role == "baseline"


def probe(job: Job, material: Material, folder: Path, send: Send) -> dict[str, Any]:
    """Build the model, count its weights, time a few training steps on a throw-away copy."""
    if is_baseline(job):
        build_baseline(job, material)
        return {"probed": {"parameters": 0, "step_seconds": 0.0}}
    model, fit, _ = build_network(job, material)
    rows = min(job.recipe["batch_size"], len(material.rows["train"]))
    inputs = in_memory_order(
        job, {k: v[:rows] for k, v in material.inputs(job.view, "train").items()}
    )
    targets = material.answers("train", job.task)[:rows]
    recipe = {**job.recipe, "epochs": PROBE_STEPS, "patience": 0}
    history = fit(
        model,
        inputs,
        targets,
        validation_inputs={k: v[:2] for k, v in inputs.items()},
        validation_targets=targets[:2],
        **recipe,
        seed=job.seed,
        device=job.device,
    )
    steps = [rows / row["rows_per_second"] for row in history[1:]]
    size = count(model)["parameters"]
    return {"probed": {"parameters": size, "step_seconds": float(np.median(steps))}}


def fit_network(job: Job, material: Material, folder: Path, send: Send) -> dict[str, Any]:
    """Train one network; leave its weights and its scores in files."""
    model, fit, predict = build_network(job, material)
    train, held_out, test = (
        in_memory_order(job, material.inputs(job.view, part))
        for part in ("train", "validation", "test")
    )
    last = [0.0]

    def on_epoch(row: Mapping[str, float]) -> None:
        if time.monotonic() - last[0] > PROGRESS_SECONDS:
            last[0] = time.monotonic()
            send({"epoch": dict(row)})

    wanted = material.answers("validation", job.task)
    known = wanted >= 0 if job.task != "regression" else np.ones(len(wanted), bool)
    if not known.any():
        raise ValueError("no validation row is of a class that training rows have.")
    start = time.perf_counter()
    history = fit(
        model,
        train,
        material.answers("train", job.task),
        validation_inputs={name: array[known] for name, array in held_out.items()},
        validation_targets=wanted[known],  # the others count as wrong where they are judged
        **job.recipe,
        seed=job.seed,
        device=job.device,
        on_epoch=on_epoch,
    )
    seconds = time.perf_counter() - start
    best = min(history, key=lambda row: row["validation_loss"])
    fitted = Fit(
        job=job,
        **count(model),
        epochs=len(history),
        history=tuple(history),
        best_epoch=int(best["epoch"]),
        stopped=why_stopped(history, int(best["epoch"]), job.recipe),
        train_seconds=seconds,
    )

    def scores(inputs: Inputs) -> np.ndarray:
        return probabilities(predict(model, inputs, device=job.device), job.task)

    return finish(fitted, model, scores, held_out, test, folder)


def why_stopped(
    history: Sequence[Mapping[str, float]], best_epoch: int, recipe: Mapping[str, Any]
) -> str:
    """Say why training ended: after all epochs, for want of progress, or because it diverged."""
    if len(history) >= recipe["epochs"]:
        return "epochs"
    waited = len(history) - best_epoch
    return "patience" if recipe["patience"] and waited >= recipe["patience"] else "diverged"


def fit_baseline(job: Job, material: Material, folder: Path, send: Send) -> dict[str, Any]:
    """Fit one baseline; leave its arrays and its scores in files."""
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401  before the clock starts: it takes a second

    model = build_baseline(job, material)
    train, held_out, test = (
        material.inputs(job.view, part) for part in ("train", "validation", "test")
    )
    start = time.perf_counter()
    model.fit(
        train,
        encoded(material.answers("train", job.task), job.task),
        validation_inputs=held_out,
        validation_targets=encoded(material.answers("validation", job.task), job.task),
        seed=job.seed,
    )
    rounds, most = int(getattr(model, "rounds", 0)), int(getattr(model, "most_rounds", 0))
    fitted = Fit(
        job=job,
        epochs=rounds,
        stopped="limit" if most and rounds >= most else "",
        parameters=int(model.num_parameters),
        trained_parameters=int(model.num_parameters),
        train_seconds=time.perf_counter() - start,
    )
    return finish(fitted, model, model.scores, held_out, test, folder)


def finish(
    fitted: Fit,
    model: Any,
    scores: Callable[[Inputs], np.ndarray],
    held_out: Inputs,
    test: Inputs,
    folder: Path,
) -> dict[str, Any]:
    """Score validation and test rows, write weights and scores, and return the message."""
    np.save(folder / "validation.npy", scores(held_out))
    for _ in range(2):  # the first call may pay for what later ones reuse: the second is timed
        start = time.perf_counter()
        scored = scores(test)
        seconds = time.perf_counter() - start
        if seconds > LONG_CALL_SECONDS:
            break
    np.save(folder / "test.npy", scored)
    rows = max(1, len(next(iter(test.values()))))
    save(model, folder / "weights.safetensors")
    fitted = replace(
        fitted,
        predict_microseconds=1e6 * seconds / rows,
        threads=int(os.environ.get("OMP_NUM_THREADS", "1")),
    )
    facts = {name: value for name, value in asdict(fitted).items() if name != "job"}
    return {"done": {**facts, "device": fitted.job.device}}


def save(model: Any, path: Path) -> None:
    """Write the weights of a network, or the arrays of a baseline."""
    if hasattr(model, "state"):
        from safetensors.numpy import save_file

        save_file({k: np.ascontiguousarray(v) for k, v in model.state().items()}, path)
    else:
        save_weights(model, path)


def build_network(
    job: Job, material: Material
) -> tuple[Any, Callable[..., Any], Callable[..., Any]]:
    """Seed the framework, build the page, and return it with its room's fit and predict."""
    page = load(find(job.architecture), job.framework)
    if job.framework == "torch":
        import torch

        from bakeoff.torch_models.fit import fit, predict

        torch.manual_seed(job.seed)
    else:
        import keras

        from bakeoff.keras_models.fit import fit, predict

        keras.utils.set_random_seed(job.seed)
    return page(**page_arguments(job, material.sizes[job.view])), fit, predict


def build_baseline(job: Job, material: Material) -> Any:
    """Build a baseline."""
    sizes = material.sizes[job.view].get("category_sizes", ())
    return load(find(job.architecture), "torch")(
        job.task,
        job.num_classes,
        **(
            {"category_sizes": tuple(sizes)} if "categories" in find(job.architecture).takes else {}
        ),
        **tuples(dict(job.arguments)),
    )


def in_memory_order(job: Job, inputs: Inputs) -> Inputs:
    """Put images channels-last for Keras: views are channels-first."""
    if job.framework == "torch" or job.view not in ("image", "volume"):
        return inputs
    return {**inputs, "x": np.moveaxis(inputs["x"], 1, -1)}


def count(model: Any) -> dict[str, Any]:
    """Count the weights, all and trained."""
    if hasattr(model, "parameters"):
        weights = list(model.parameters())
        trained = sum(p.numel() for p in weights if p.requires_grad)
        return {"parameters": sum(p.numel() for p in weights), "trained_parameters": trained}
    sizes = [int(np.prod(v.shape)) for v in model.weights]
    trained = sum(int(np.prod(v.shape)) for v in model.trainable_weights)
    return {"parameters": sum(sizes), "trained_parameters": trained}


def encoded(targets: np.ndarray, task: str) -> np.ndarray:
    """Return targets as a baseline wants them: class numbers or floats."""
    return targets if task == "regression" else targets.astype(np.int64)


def probabilities(scores: np.ndarray, task: str) -> np.ndarray:
    """Turn raw scores into probabilities (n, C), or values (n,) for a regression."""
    scores = scores.astype(np.float64)
    if task == "regression":
        return scores[:, 0]
    if task == "binary":
        positive = 1 / (1 + np.exp(-np.clip(scores[:, 0], -500, 500)))
        return np.stack([1 - positive, positive], 1)
    scores = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(scores / scores.sum(1, keepdims=True))


def sentence(error: Exception) -> str:
    """Say what went wrong in a line; name the kind when the message alone would not be clear."""
    text = " ".join(str(error).split()) or "no further word"
    plain = isinstance(error, ValueError | FloatingPointError | BakeoffError)
    return text if plain else f"{type(error).__name__}: {text}"


if __name__ == "__main__":
    main()
