"""A worker: a process of its own that makes one fit after another and stays warm in between.

Started as `python -m bakeoff.train.worker`. Requests come as lines of JSON on standard input,
events (events.py) go out as lines of JSON on what was standard output; arrays pass through `.npy`
files in a temporary folder (shared_data.py). So nothing is pickled, and a script that calls
`bakeoff.run` needs no `__main__` guard.

The test targets never come here: a worker knows the inputs of all rows, the targets of training and
validation rows, and gives back scores.
"""

import gc
import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from bakeoff.catalog import find
from bakeoff.data.taking.sources import Ragged, Rows, Sliced, Source, plain, read_as
from bakeoff.errors import BakeoffError
from bakeoff.train.begin_vectors import begin_vectors
from bakeoff.train.begin_weights import begin_weights
from bakeoff.train.build_model import build_baseline, build_model, view_of
from bakeoff.train.checkpoint import Checkpoint, seconds_between
from bakeoff.train.events import Done, Epoch, Event, Failed, Probed, Ready, Tested, to_line
from bakeoff.train.faster_precision import AUTO, FLOAT32, can_be_tried, faster
from bakeoff.train.followers import join, lead, num_ranks
from bakeoff.train.head import judged_scores, losses_of
from bakeoff.train.job import Fit, Job
from bakeoff.train.loop_values import best_epoch, loop_values
from bakeoff.train.machine import give_back_memory, memory_used
from bakeoff.train.out_of_memory import halved, out_of_memory
from bakeoff.train.selftest import Part, Room, selftest
from bakeoff.train.shared_data import PARTS, SharedData, save_array
from bakeoff.train.weights import get_weights, save_arrays
from bakeoff.train.write_tokens import write_tokens

Send = Callable[[Event | Ready], None]
Inputs = Mapping[str, Source]
PROGRESS_SECONDS = 0.1  # a line of progress at most this often
LONG_CALL_SECONDS = 2.0  # beyond this, start-up no longer matters in the time of a prediction
ALL_KNOWN = (  # no class that training rows lack, or one that counts for nothing
    *("multilabel", "regression", "forecast"),
    *("step_classes", "step_numbers", "series", "text", "pairs"),
)
MOST_WRITTEN = 100  # test rows for which a text is written, to be looked at
MOST_BUILT = 5_000_000  # weights of all models that are kept for another seed
BUILT: dict[str, Any] = {}
MOST_IDLE = 2**30  # bytes of a worker that waits for another run
PROBE_STEPS = 4  # timed training steps of a probe, the first not counted


def main() -> None:
    """Answer requests until the parent ends this process, or ends itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    send = open_output()
    device = "cpu"
    shared: SharedData | None = None
    why_none = "none was given"
    for request in requests():
        try:
            if request["do"] == "hello":
                ready = start(request["framework"], request["device"])
                device = ready.device
                send(ready)
            elif request["do"] == "forget":
                shared = None
                forget()
                if memory_used() > MOST_IDLE:
                    os._exit(0)
            elif request["do"] == "share":
                shared = None
                BUILT.clear()
                shared = SharedData(Path(request["folder"]))
            elif shared is None:
                send(Failed(f"no shared data: {why_none}"))
            else:
                job = Job(**request["job"])
                job = replace(job, device=device) if job.device == "auto" else job
                checkpoint = Checkpoint(Path(request["checkpoint"]), job)
                folder = Path(request["folder"])
                smaller = request.get("smaller", False)
                send(do_job(request["do"], job, shared, folder, send, checkpoint, smaller))
        except Exception as error:  # a worker outlives a failed fit, and reports it in one line
            if request["do"] == "share":  # has no answer of its own: each job tells of it
                why_none = sentence(error)
            else:
                send(failure(error))


def forget() -> None:
    """Let go of all that a training has left in memory."""
    BUILT.clear()
    gc.collect()
    if torch := sys.modules.get("torch"):
        torch.cuda.empty_cache()  # does nothing where there is no GPU
    give_back_memory()


def open_output() -> Send:
    """Keep standard output for messages: what a library prints goes to standard error."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def send(message: Event | Ready) -> None:
        output.write(to_line(message) + "\n")

    return send


def requests() -> Iterator[dict[str, Any]]:
    """Yield what the parent asks for."""
    lines: SimpleQueue[str] = SimpleQueue()
    Thread(target=read_input, args=(lines,), daemon=True).start()
    while True:
        yield json.loads(lines.get())


def read_input(lines: "SimpleQueue[str]") -> None:
    """Pass on requests; end this process, even in the middle of a fit, when its parent is gone."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def num_threads() -> int:
    """Return how many threads this process was given."""
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


def failure(error: Exception) -> Failed:
    """Describe an error as an event."""
    return Failed(
        message=sentence(error),
        mistake=isinstance(error, ValueError | TypeError),
        missing_module=(error.name or "") if isinstance(error, ModuleNotFoundError) else "",
    )


def sentence(error: Exception) -> str:
    """Say what went wrong in a line; name the kind when the message alone would not be clear."""
    text = " ".join(str(error).split()) or "no further word"
    clear = isinstance(error, ValueError | FloatingPointError | BakeoffError)
    return text if clear else f"{type(error).__name__}: {text}"


def start(framework: str, device: str) -> Ready:
    """Import the framework and say what there is to train on.

    Args:
        framework: "torch", "tensorflow" or "jax".
        device: What is asked for: "auto", "cpu", "cuda" or "mps".

    Raises:
        ValueError: The framework sees no such device.
    """
    return start_torch(device) if framework == "torch" else start_keras(framework, device)


def start_torch(device: str) -> Ready:
    """Import torch, on the number of threads that this process was given."""
    import torch

    torch.set_num_threads(num_threads())
    if num_ranks() > 1:
        join()
    found = "cuda" if torch.cuda.is_available() else "cpu"
    device = found if device == "auto" else device
    if device == "cuda" and found != "cuda":
        raise ValueError("torch sees no CUDA device")
    if device == "mps" and not torch.backends.mps.is_available():
        raise ValueError("torch sees no Apple GPU")
    versions = {"torch": str(torch.__version__)}
    if device != "cuda":
        return Ready(device, versions=versions)
    memory = torch.cuda.get_device_properties(0).total_memory
    return Ready(device, torch.cuda.get_device_name(), memory, versions)


def start_keras(framework: str, device: str) -> Ready:
    """Import Keras, on the framework that the environment names."""
    import keras

    gpus = []
    with suppress(RuntimeError):  # JAX raises where it has none
        gpus = keras.distribution.list_devices("gpu")
    if device in ("cuda", "mps") and not gpus:
        raise ValueError(f"{framework} sees no GPU")
    below = sys.modules[framework]  # Keras has imported it
    versions = {"keras": str(keras.__version__), framework: str(below.__version__)}
    return Ready("cuda" if gpus and device != "cpu" else "cpu", versions=versions)


def do_job(
    do: str,
    job: Job,
    shared: SharedData,
    folder: Path,
    send: Send,
    checkpoint: Checkpoint,
    smaller: bool = False,
) -> Event:
    """Do one job and return the event that ends it.

    Args:
        do: "probe", "selftest" or "fit".
        folder: Where weights and scores of a fit are left.
        send: Reports epochs.
        checkpoint: Of a network, from which it goes on where there is one.
        smaller: A process was killed for want of memory while it did this.
    """
    baseline = find(job.architecture).role == "baseline"
    if do == "selftest":
        return Tested({} if baseline else selftest_network(job, shared))
    if do == "probe":
        return probe_baseline(job, shared) if baseline else probe_network(job, shared)
    if baseline:
        return fit_baseline(job, shared, folder)
    return fit_network(job, shared, folder, send, checkpoint, smaller)


def probe_baseline(job: Job, shared: SharedData) -> Probed:
    """Build the baseline: its arguments are in order."""
    build_baseline(job, view_of(job, shared.views).sizes)
    return Probed()


def probe_network(job: Job, shared: SharedData) -> Probed:
    """Build the model, count its weights, time a few training steps on a throw-away copy."""
    model, fit, _ = build_network(job, shared)
    rows = min(job.recipe["batch_size"], len(shared.rows["train"]))
    sources = shared.part_of(view_of(job, shared.views), "train")
    usual = usual_rows(sources, rows)
    inputs = plain_values({name: source[usual] for name, source in sources.items()})
    few = plain_values({name: source[:2] for name, source in sources.items()})
    targets = taken_targets(shared.targets("train")[usual], job)
    few_targets = taken_targets(shared.targets("train")[:2], job)
    recipe = {**recipe_values(job), "epochs": PROBE_STEPS, "patience": 0}

    def step_seconds(precision: str) -> float:
        history = fit(
            model,
            inputs,
            targets,
            validation_inputs=few,
            validation_targets=few_targets,
            **{**recipe, "precision": precision},
            **how_targets_stand(job),
            seed=job.seed,
            device=job.device,
        )
        return float(np.median([rows / row["rows_per_second"] for row in history[1:]]))

    asked = job.recipe["precision"]
    if asked == AUTO and can_be_tried(job):
        precision, seconds = faster(step_seconds)
    else:
        precision = FLOAT32 if asked == AUTO else asked
        seconds = step_seconds(precision)
    return Probed(count_parameters(model), seconds, precision if asked == AUTO else "")


def selftest_network(job: Job, shared: SharedData) -> dict[str, str]:
    """Test a network on a few rows: what is tested -> what is wrong, or ""."""
    _, fit, predict = build_network(job, shared)
    view, how = view_of(job, shared.views), how_targets_stand(job)

    def part(name: str, rows: np.ndarray) -> Part:
        sources, targets = shared.part_of(view, name), shared.targets(name)
        return Part(
            len(rows),
            lambda some: plain_values({n: source[rows[some]] for n, source in sources.items()}),
            lambda some: taken_targets(targets[rows[some]], job),
        )

    heads = {"loss": losses_of(job)} if job.heads else {}
    room = Room(
        build=lambda: build_network(job, shared)[0],
        fit=partial(fit, device=job.device, **how, **heads),
        predict=partial(predict, device=job.device, per_step=job.per_step and job.task != "text"),
        weights=get_weights,
    )
    known = np.flatnonzero(of_known_class(shared.targets("validation"), job))
    train = part("train", np.arange(len(shared.rows["train"])))
    return selftest(job, room, train, part("validation", known))


def usual_rows(sources: Inputs, count: int) -> np.ndarray:
    """Return rows that take as long as all do in the mean: batches are of like length.

    Args:
        sources: Of the training rows.
        count: How many rows.
    """
    for source in sources.values():
        if isinstance(source, Ragged):
            lengths = np.asarray(source.lengths, np.float64)
            usual = np.sqrt((lengths**2).mean())  # attention takes the square
            return np.sort(np.argsort(np.abs(lengths - usual), kind="stable")[:count])
    return np.arange(count)


def fit_network(
    job: Job,
    shared: SharedData,
    folder: Path,
    send: Send,
    checkpoint: Checkpoint,
    smaller: bool = False,
) -> Done:
    """Train one network; leave its weights and its scores in files.

    Where memory ends, it is trained once more with half the rows at a time.

    Args:
        smaller: It has ended before.
    """
    can_be_halved = job.recipe["batch_size"] > 1
    try:
        if not (smaller and can_be_halved):
            return fit_as_asked(job, shared, folder, send, checkpoint)
    except Exception as error:
        if not out_of_memory(error) or not can_be_halved:
            raise
    forget()  # here, where nothing of the first training is held any more
    half = halved(job)
    done = fit_as_asked(half, shared, folder, send, Checkpoint(checkpoint.path, half))
    return Done(replace(done.fit, job=job, halved=half.recipe["batch_size"]))


def train_network(
    job: Job, shared: SharedData, checkpoint: Checkpoint, send: Send | None
) -> tuple[Any, Callable[..., Any], list[dict[str, float]]]:
    """Build and train one network: the model, its room's predict, and the history.

    Args:
        send: Reports epochs; None: this process helps another one, which does all else.
    """
    model, fit, predict = build_network(job, shared)
    view = view_of(job, shared.views)
    inputs = {part: shared.part_of(view, part) for part in PARTS}
    validation_targets = shared.targets("validation")
    known = of_known_class(validation_targets, job)
    history = fit(
        model,
        plain_values(inputs["train"]),
        taken_targets(shared.targets("train"), job),
        validation_inputs=plain_values({n: v[known] for n, v in inputs["validation"].items()}),
        validation_targets=taken_targets(validation_targets[known], job),
        **recipe_values(job),
        **how_targets_stand(job),
        seed=job.seed,
        device=job.device,
        on_epoch=reporter(send) if send else None,
        begin=checkpoint.load(),
        on_state=checkpoint.save if send else None,
        state_seconds=seconds_between(),
    )
    return model, predict, history


def fit_as_asked(
    job: Job, shared: SharedData, folder: Path, send: Send, checkpoint: Checkpoint
) -> Done:
    """Train one network with the batches of its recipe, perhaps together with other processes."""
    begin = checkpoint.load()
    ended = begin[1]["history"] if begin else ()  # epochs; a kill may have come in the first
    before = ended[-1]["seconds"] if ended else 0.0
    start = time.perf_counter() - before
    train = partial(train_network, job, shared, checkpoint, send)
    several = job.framework == "torch" and num_ranks() > 1
    model, predict, history = lead(job, shared, checkpoint, train) if several else train()
    seconds = time.perf_counter() - start
    inputs = {part: shared.part_of(view_of(job, shared.views), part) for part in PARTS}
    best = best_epoch(history, job.recipe)
    parameters = count_parameters(model)
    fitted = Fit(
        job=job,
        parameters=parameters,
        trained_parameters=parameters,
        epochs=len(history),
        history=tuple(history),
        best_epoch=best,
        stopped=why_stopped(history, best, job.recipe),
        train_seconds=seconds,
    )

    if job.task == "pairs":  # is not judged
        save_arrays(get_weights(model), folder / "weights.safetensors")
        return Done(replace(fitted, threads=num_threads()))

    def scores(part: str) -> np.ndarray:
        how = {"per_step": job.per_step, "device": job.device}
        texts = plain(shared.targets(part)) if job.task == "text" else None
        raw = predict(model, plain_values(inputs[part]), texts=texts, **how)
        return judged_scores(job, raw)

    if job.task == "text":
        some = {name: source[:MOST_WRITTEN] for name, source in inputs["test"].items()}
        tokens = write_tokens(partial(predict, device=job.device), model, some, steps=job.horizon)
        save_array(folder / "written.npy", tokens)
    return finish(fitted, scores, get_weights(model), folder, len(shared.rows["test"]))


def how_targets_stand(job: Job) -> dict[str, bool]:
    """Return what the model rooms must know of the targets of a job."""
    return {
        "members": find(job.architecture).members,
        "per_step": job.per_step,
        "teacher_forcing": job.task == "text",
    }


def recipe_values(job: Job) -> dict[str, Any]:
    """Return the recipe as the model rooms take it: changes of pictures and weights as numbers."""
    if not job.heads:
        return loop_values(job.recipe, job.num_classes)
    # losses of several targets have the weights and shares of their own
    own = ("class_weights", "label_smoothing", "quantile")
    shared = {name: value for name, value in job.recipe.items() if name not in own}
    return {**loop_values(shared, job.num_classes), "loss": losses_of(job)}


def plain_values(inputs: Inputs) -> dict[str, dict[str, Any]]:
    """Return sources as the model rooms take them."""
    return {name: plain(source) for name, source in inputs.items()}


def taken_targets(targets: Source, job: Job) -> np.ndarray | dict[str, Any]:
    """Return targets as the model rooms take them: an array, or where windows of them are."""
    if not isinstance(targets, Rows):
        return plain(targets)
    codes = job.task == "multiclass" and not job.heads
    return np.asarray(targets.take(), np.int64 if codes else np.float32)


def of_known_class(targets: Source, job: Job) -> np.ndarray:
    """Mark validation rows of a class that training rows have; the others cannot stop a training.

    They count as wrong where they are judged.

    Raises:
        ValueError: There is none.
    """
    if job.heads:
        return np.ones(len(targets), bool)  # what is not known counts for nothing in the loss
    if job.task in ALL_KNOWN:
        return np.ones(len(targets), bool)
    known = targets.take() >= 0
    if not known.any():
        raise ValueError("no validation row is of a class that training rows have.")
    return np.asarray(known)


def reporter(send: Send) -> Callable[[Mapping[str, float]], None]:
    """Return a function that sends history rows, but those that follow the last too closely."""
    last = [0.0]

    def on_epoch(row: Mapping[str, float]) -> None:
        if time.monotonic() - last[0] > PROGRESS_SECONDS:
            last[0] = time.monotonic()
            send(Epoch(dict(row), memory_used()))

    return on_epoch


def why_stopped(
    history: Sequence[Mapping[str, float]], best: int, recipe: Mapping[str, Any]
) -> str:
    """Say why training ended: after all epochs, for want of progress, or because it diverged."""
    if len(history) >= recipe["epochs"]:
        return "epochs"
    waited = len(history) - best
    return "patience" if recipe["patience"] and waited >= recipe["patience"] else "diverged"


def fit_baseline(job: Job, shared: SharedData, folder: Path) -> Done:
    """Fit one baseline; leave its arrays and its scores in files."""
    view = view_of(job, shared.views)
    model = build_baseline(job, view.sizes)
    model.prepare()
    inputs = {part: shared.part_of(view, part) for part in PARTS}
    read = partial(read_as, job.view, per_step=job.per_step and job.task != "text")
    train, validation = (read(inputs[part]) for part in ("train", "validation"))
    start = time.perf_counter()
    model.fit(
        train,
        encoded(shared.targets("train"), job),
        validation_inputs=validation,
        validation_targets=encoded(shared.targets("validation"), job),
        seed=job.seed,
    )
    fitted = Fit(
        job=job,
        epochs=model.iterations,
        stopped="limit" if 0 < model.max_iterations <= model.iterations else "",
        parameters=model.num_parameters,
        trained_parameters=model.num_parameters,
        train_seconds=time.perf_counter() - start,
    )
    del train, validation

    def scores(part: str) -> np.ndarray:
        texts = {"texts": shared.targets(part)} if job.task == "text" else {}
        return model.scores(read(inputs[part]) | texts)

    return finish(fitted, scores, model.state(), folder, len(shared.rows["test"]))


def encoded(targets: Source, job: Job) -> Any:
    """Return targets as a baseline takes them: class numbers, floats, or windows to be sliced."""
    if job.task == "forecast":
        return Sliced(targets)
    if job.per_step:
        return targets
    floats = job.heads or job.task in ("regression", "multilabel", "series")
    return np.asarray(targets.take(), np.float32 if floats else np.int64)


def finish(
    fitted: Fit,
    scores: Callable[[str], np.ndarray],
    weights: Mapping[str, np.ndarray],
    folder: Path,
    num_test: int,
) -> Done:
    """Score validation and test rows, and write weights and scores.

    Args:
        fitted: What was trained.
        scores: Returns those of the rows of a part.
        weights: By name.
        folder: Where they are left.
        num_test: Test rows.
    """
    save_array(folder / "validation.npy", scores("validation"))
    for _ in range(2):  # the first call may pay for what later ones reuse: the second is timed
        start = time.perf_counter()
        scored = scores("test")
        seconds = time.perf_counter() - start
        if seconds > LONG_CALL_SECONDS:
            break
    save_array(folder / "test.npy", scored)
    save_arrays(weights, folder / "weights.safetensors")
    microseconds = 1e6 * seconds / max(1, num_test)
    return Done(replace(fitted, predict_microseconds=microseconds, threads=num_threads()))


def build_network(
    job: Job, shared: SharedData
) -> tuple[Any, Callable[..., Any], Callable[..., Any]]:
    """Seed the framework, build the page, and return it with its room's fit and predict."""
    if job.framework == "torch":
        import torch

        from bakeoff.torch_models.fit import fit, predict

        torch.manual_seed(job.seed)
    else:
        import keras

        from bakeoff.keras_models.fit import fit, predict

        keras.utils.set_random_seed(job.seed)
    model = build_model(job, view_of(job, shared.views).sizes)
    begin_vectors(model, job, shared.views)
    if job.start:
        begin_weights(model, shared.begun(job.framework))
    if job.framework != "torch":
        model = built_before(model, job)
    return model, fit, predict


def built_before(model: Any, job: Job) -> Any:
    """Return the model of another seed, with the weights of this one: its graph stands already.

    A few are kept, those that were used last.
    """
    key = json.dumps([job.architecture, job.arguments, job.branches, job.heads], default=repr)
    known = BUILT.pop(key, None)
    if known is not None:
        known.set_weights(model.get_weights())
        model = known
    BUILT[key] = model
    while len(BUILT) > 1 and sum(map(count_parameters, BUILT.values())) > MOST_BUILT:
        del BUILT[next(iter(BUILT))]
    return model


def count_parameters(model: Any) -> int:
    """Count the weights that training changes: running moments and frozen biases are none."""
    if hasattr(model, "parameters"):
        return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


if __name__ == "__main__":
    main()
