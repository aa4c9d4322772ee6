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
from bakeoff.data.taking.sources import Sliced, Source, Windows, plain, read_as
from bakeoff.errors import BakeoffError
from bakeoff.train.build_model import build_baseline, view_of
from bakeoff.train.build_network import (
    BUILT,
    Send,
    Trained,
    count_parameters,
    plain_values,
    train_network,
)
from bakeoff.train.checkpoint import Checkpoint
from bakeoff.train.events import Done, Event, Failed, Of, Ready, Tested, to_line
from bakeoff.train.fit_stack import at_place, train_stack
from bakeoff.train.followers import join, lead, num_ranks
from bakeoff.train.head import judged_scores, target_by_target
from bakeoff.train.job import Fit, Job
from bakeoff.train.loop_values import best_epoch
from bakeoff.train.machine import give_back_memory, memory_used
from bakeoff.train.out_of_memory import halved, out_of_memory
from bakeoff.train.probe_network import probe_baseline, probe_network, selftest_network
from bakeoff.train.shared_data import PARTS, SharedData, save_array
from bakeoff.train.weights import get_weights, save_arrays
from bakeoff.train.write_tokens import write_tokens

LONG_CALL_SECONDS = 2.0  # beyond this, start-up no longer matters in the time of a prediction
MOST_WRITTEN = 100  # test rows for which a text is written, to be looked at
MOST_IDLE = 2**30  # bytes of a worker that waits for another run


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
                set_threads(request["threads"])
                do_jobs(request, device, shared, send)
        except Exception as error:  # a worker outlives a failed fit, and reports it in one line
            if request["do"] == "share":  # has no answer of its own: each job tells of it
                why_none = sentence(error)
            else:
                send(failure(error))


def do_jobs(request: Mapping[str, Any], device: str, shared: SharedData, send: Send) -> None:
    """Do one job, or several at once where they can be trained so, and send what each ends with."""
    jobs = [Job(**own["job"]) for own in request["jobs"]]
    jobs = [replace(job, device=device) if job.device == "auto" else job for job in jobs]
    wanted = {i: Path(own["folder"]) for i, own in enumerate(request["jobs"]) if own["folder"]}
    path, smaller = Path(request["checkpoint"]), request["smaller"]
    if len(jobs) > 1 and not smaller:
        try:
            ended = fit_together(jobs, wanted, shared, send, Checkpoint(path, *jobs))
        except Exception as error:  # one that diverges at once, say: each then tells of itself
            sys.stderr.write(f"trained one by one: {sentence(error)}\n")
        else:
            for place, done in ended.items():
                send(Of(place, done))
            return
    for place, folder in wanted.items():
        own = at_place(send, place)
        try:
            checkpoint = Checkpoint(path, jobs[place])
            own(do_job(request["do"], jobs[place], shared, folder, own, checkpoint, smaller))
        except Exception as error:
            own(failure(error))


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

    def send(message: Event | Ready | Of) -> None:
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


def set_threads(count: int) -> None:
    """Let torch share its work among so many threads; the others have those they began with."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(max(count, int(os.environ.get("OMP_NUM_THREADS", "1"))))


def num_threads() -> int:
    """Return how many threads this process works with."""
    if torch := sys.modules.get("torch"):
        return int(torch.get_num_threads())
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
        if baseline:
            return probe_baseline(job, shared)
        return lead(job, shared, None, partial(probe_network, job, shared))[0]
    if baseline:
        return fit_baseline(job, shared, folder)
    return fit_network(job, shared, folder, send, checkpoint, smaller)


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


def fit_as_asked(
    job: Job, shared: SharedData, folder: Path, send: Send, checkpoint: Checkpoint
) -> Done:
    """Train one network with the batches of its recipe, perhaps together with other processes."""
    begin = checkpoint.load()
    ended = begin[1]["history"] if begin else ()  # epochs; a kill may have come in the first
    before = ended[-1]["seconds"] if ended else 0.0
    start = time.perf_counter() - before
    train = partial(train_network, job, shared, checkpoint, send)
    trained, shares = lead(job, shared, checkpoint, train)
    done = left(job, shared, folder, trained, time.perf_counter() - start)
    return Done(replace(done.fit, sharded=shares))


def fit_together(
    jobs: Sequence[Job],
    folders: Mapping[int, Path],
    shared: SharedData,
    send: Send,
    checkpoint: Checkpoint,
) -> dict[int, Done]:
    """Train several seeds of one network at once: place of a job -> how it ended.

    The first comes last, since the checkpoint of all stands in its folder and goes with it.

    Args:
        folders: Of the jobs that are asked for; the others are trained since sums depend on them.
    """
    from bakeoff.torch_models.fit import predict

    models, histories, beside = train_stack(jobs, shared, checkpoint, send)
    ended = {}
    for place in sorted(folders, reverse=True):
        trained = models[place], predict, histories[place]
        seconds = histories[place][-1]["seconds"] + beside
        done = left(jobs[place], shared, folders[place], trained, seconds)
        ended[place] = Done(replace(done.fit, stacked=len(jobs)))
    return ended


def left(job: Job, shared: SharedData, folder: Path, trained: Trained, seconds: float) -> Done:
    """Leave the weights and the scores of a trained network in files.

    Args:
        trained: The model, its room's predict, and the history.
        seconds: That its training took.
    """
    model, predict, history = trained
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
        return target_by_target(job, model.scores(read(inputs[part]) | texts))

    return finish(fitted, scores, model.state(), folder, len(shared.rows["test"]))


def encoded(targets: Source, job: Job) -> Any:
    """Return targets as a baseline takes them: class numbers, floats, or windows to be sliced."""
    if isinstance(targets, Windows):  # of several targets step by step
        return Sliced(replace(targets, by_channel=False))
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


if __name__ == "__main__":
    main()
