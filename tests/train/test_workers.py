"""Workers: one fit after another, a lost process is a lost fit, and none is left behind."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty
from types import SimpleNamespace

import numpy as np
import pytest

from bakeoff import MissingPackageError, RequestError, RunError
from bakeoff.train.events import Done, Epoch, Failed, Lost, Of, Started
from bakeoff.train.machine import Machine
from bakeoff.train.workers import IDLE, LOST_STARTS, Workers, environment, num_cores
from tests.train.test_worker import JOB, shared_data_in


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """Two workers, started in a folder where a file is called like a module that they need."""
    folder = tmp_path_factory.mktemp("pool")
    (folder / "json.py").write_text("raise RuntimeError('not this one')", "utf-8")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        with Workers(2, device="cpu") as workers:
            workers.share(shared_data_in(folder / "shared"))
            yield workers


def folders(root: Path, count: int) -> list[Path]:
    made = [root / str(number) for number in range(count)]
    for folder in made:
        folder.mkdir()
    return made


def test_a_file_of_the_user_called_like_a_module_does_not_reach_a_worker(pool):
    assert pool.place()["device"] == "cpu"


def test_every_job_is_started_and_done_once(pool, tmp_path):
    jobs = [replace(JOB, seed=seed) for seed in range(4)]
    events = list(pool.work("fit", jobs, folders(tmp_path, 4)))
    assert sorted(number for number, event in events if isinstance(event, Started)) == [0, 1, 2, 3]
    assert sorted(number for number, event in events if isinstance(event, Done)) == [0, 1, 2, 3]


def test_what_a_fit_learns_does_not_depend_on_what_its_worker_did_before(pool, tmp_path):
    jobs = [JOB, replace(JOB, seed=1), JOB, replace(JOB, seed=2), JOB]
    places = folders(tmp_path, 5)
    list(pool.work("fit", jobs, places))
    scores = [np.load(place / "test.npy") for place in places]
    weights = [(place / "weights.safetensors").read_bytes() for place in places]
    assert np.array_equal(scores[0], scores[2])
    assert np.array_equal(scores[0], scores[4])
    assert weights[0] == weights[2] == weights[4] != weights[1]


def test_a_fit_that_fails_says_why_and_its_worker_goes_on(pool, tmp_path):
    jobs = [replace(JOB, arguments={"activation": "rel"}), JOB, JOB]
    events = list(pool.work("fit", jobs, folders(tmp_path, 3)))
    [failed] = [event for _, event in events if isinstance(event, Failed)]
    assert "Did you mean 'relu'" in failed.message
    assert failed.mistake
    assert sum(isinstance(event, Done) for _, event in events) == 2


def test_shared_data_that_cannot_be_read_fails_every_job_and_says_why(tmp_path):
    with Workers(1, device="cpu") as workers:
        workers.place()
        workers.share(tmp_path / "gone")
        events = list(workers.work("fit", [JOB, JOB], folders(tmp_path, 2)))
    failed = {number: event.message for number, event in events if isinstance(event, Failed)}
    assert list(failed) == [0, 1]
    assert all("no shared data: FileNotFoundError" in words for words in failed.values())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_the_fit_of_a_killed_worker_is_made_again_once_and_then_reported(pool, tmp_path):
    endless = replace(JOB, recipe={**JOB.recipe, "epochs": 10**9, "patience": 10**9})
    ended, tried_by = {}, []
    for number, event in pool.work("fit", [endless, JOB, JOB], folders(tmp_path, 3)):
        if number == 0 and isinstance(event, Epoch):
            assert event.memory > 2**20
            worker = next(one for one in pool.workers if one.task and one.task.first == 0)
            if worker.process.pid not in tried_by:
                tried_by.append(worker.process.pid)
                os.kill(worker.process.pid, signal.SIGKILL)
        if isinstance(event, Lost | Done | Failed):
            ended.setdefault(number, []).append(event)
    lost, failed = ended.pop(0)
    assert isinstance(lost, Lost)
    assert lost.message.startswith("SIGKILL (signal 9); it last reported ")
    assert failed.message.startswith("Its process ended 2 times: SIGKILL (signal 9)")
    assert len(tried_by) == 2
    assert {number: [type(event) for event in events] for number, events in ended.items()} == {
        1: [Done],
        2: [Done],
    }


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_fit_that_is_made_again_is_the_same_fit(pool, tmp_path):
    job = replace(JOB, recipe={**JOB.recipe, "epochs": 40, "patience": 0})
    places, killed = folders(tmp_path, 2), []
    for number, event in pool.work("fit", [job, job], places):
        if number == 0 and isinstance(event, Epoch) and not killed:
            worker = next(one for one in pool.workers if one.task and one.task.first == 0)
            killed.append(worker)
            worker.process.kill()
    weights = [(place / "weights.safetensors").read_bytes() for place in places]
    assert killed
    assert weights[0] == weights[1]


def killed_worker(memory: int) -> SimpleNamespace:
    return SimpleNamespace(wait=lambda: -9, stderr_tail=["a warning"], memory=memory)


def test_want_of_memory_is_told_where_the_system_says_so_and_only_there(monkeypatch):
    machine = Machine("a processor", 8 * 2**30)
    monkeypatch.setattr("bakeoff.train.workers.this_machine", lambda: machine)
    monkeypatch.setattr("bakeoff.train.workers.memory_kills", lambda: 7)
    pool = Workers(0)
    unknown = pool.how_it_ended(killed_worker(512 * 2**20))
    assert "it last reported 512 MB, the machine has 8,192 MB of memory. Whether" in unknown
    assert "smaller batch_size" not in unknown
    monkeypatch.setattr("bakeoff.train.workers.memory_kills", lambda: 8)
    known = pool.how_it_ended(killed_worker(0))
    assert "; the machine has 8,192 MB of memory and has killed a process for want of it" in known
    assert "Try a smaller batch_size, or fewer jobs at once." in known


@pytest.mark.parametrize(
    ("code", "last", "words"),
    [
        (-11, [], "SIGSEGV (signal 11)"),
        (-6, ["double free"], "SIGABRT (signal 6): double free"),
        (-99, [], "an unknown signal (signal 99)"),
        (3, [], "exit code 3"),
        (1, ["first", "last"], "last (exit code 1)"),
    ],
)
def test_how_a_process_ended_is_told_by_signal_or_exit_code(code, last, words):
    worker = SimpleNamespace(wait=lambda: code, stderr_tail=last, memory=0)
    assert Workers(0).how_it_ended(worker) == words


def test_no_worker_is_left_behind_and_no_thread_reads_on():
    with Workers(2) as workers:  # one of them has begun, one is still starting
        workers.place()
        processes = list(workers.workers)
    IDLE.stop_but()
    assert all(worker.process.poll() is not None for worker in processes)
    assert not any(thread.is_alive() for worker in processes for thread in worker.threads)
    for worker in processes:
        assert worker.process.stdin.closed
        assert worker.process.stdout.closed
        assert worker.process.stderr.closed


def test_a_worker_that_is_free_waits_for_the_next_run_and_one_at_work_is_ended(tmp_path):
    with Workers(1, device="cpu") as workers:
        workers.place()
        [first] = workers.workers
    with Workers(1, device="cpu") as workers:
        assert workers.workers == [first]
        assert workers.place()["device"] == "cpu"
        assert "torch" in workers.versions
        [(_, event)] = list(workers.work("fit", [JOB], [tmp_path]))[1:]
        assert "no shared data" in event.message  # that of the run before is forgotten
        workers.share(shared_data_in(tmp_path / "shared"))
        next(workers.work("fit", [JOB], [tmp_path]))
    assert not first.is_alive()


def test_a_worker_that_waits_is_not_taken_for_another_environment(monkeypatch):
    with Workers(1, device="cpu") as workers:
        workers.place()
        [first] = workers.workers
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with Workers(1, device="cpu") as workers:
        assert workers.workers != [first]
    assert not first.is_alive()


@pytest.fixture
def actor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a few lines of shell play the worker from now on."""
    if os.name != "posix":
        pytest.skip("no shell to play a worker")

    def play(lines: str) -> None:
        script = tmp_path / f"worker{len(list(tmp_path.iterdir()))}.sh"
        script.write_text(f"#!/bin/sh\n{lines}\n", "utf-8")
        script.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(script))

    return play


READY = """echo '{"kind": "ready", "device": "cpu"}'; read hello"""
DONE = """echo '{"kind": "done", "device": "cpu", "fit": {}}'"""
ENDS_IN_HALF_A_LINE = "printf '{\"epoch\": {\"lo'; printf 'acc\\350s refus\\351\\n' >&2; exit 1"


def test_half_a_line_is_the_end_of_a_worker_and_its_stderr_is_told(actor):
    actor(ENDS_IN_HALF_A_LINE)
    with (
        Workers(1) as workers,
        pytest.raises(RunError, match="at its start: acc\ufffds refus\ufffd"),
    ):
        workers.place()


@pytest.mark.parametrize("nonsense", ["nonsense", "7", '{"kind": "new"}', '{"kind": "epoch"}'])
def test_a_worker_that_talks_nonsense_is_ended(nonsense, actor, tmp_path):
    actor(f"{READY}; echo '{nonsense}'; exec cat")
    with Workers(1) as workers:
        workers.place()
        events = [event for _, event in workers.work("fit", [JOB], [tmp_path])]
    assert [type(event) for event in events] == [Started, Lost, Started, Failed]


def test_a_replacement_that_ends_at_its_start_costs_no_fit(actor, tmp_path):
    actor(f"{READY}; read job; exit 1")
    with Workers(1) as workers:
        workers.place()
        actor("exit 1")
        seen = {0: [], 1: [], 2: []}
        for number, event in workers.work("fit", [JOB] * 3, [tmp_path] * 3):
            if number == 0 and isinstance(event, Lost):  # its replacement has started
                actor(f"{READY}; while read job; do {DONE}; done")
            seen[number].append(type(event))
    assert seen == {
        0: [Started, Lost, Started, Done],
        1: [Started, Lost, Started, Done],
        2: [Started, Done],
    }


def test_replacements_that_all_end_at_their_start_end_the_run(actor, tmp_path):
    actor(f"{READY}; read job; exit 1")
    lost = 0
    with Workers(1) as workers:
        workers.place()
        actor("exit 1")
        with pytest.raises(RunError, match="ended at its start: exit code 1"):
            for _, event in workers.work("fit", [JOB] * 9, [tmp_path] * 9):
                lost += isinstance(event, Lost)
    assert lost == LOST_STARTS


def test_waiting_for_a_message_is_done_in_short_turns(monkeypatch):
    turns = []

    class Late:
        def get(self, timeout: float) -> str:
            turns.append(timeout)
            if len(turns) < 3:
                raise Empty
            return "message"

    workers = Workers(0)
    monkeypatch.setattr(workers, "messages", Late())
    assert workers.next_message() == "message"
    assert max(turns) <= 1


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (Failed("no module", missing_module="keras"), MissingPackageError, "pip install"),
        (Failed("jax sees no GPU", mistake=True), RequestError, "device='cuda', but jax sees no G"),
        (Failed("OSError: libjax.so"), RunError, "could not start: OSError: libjax.so"),
    ],
)
def test_what_is_missing_at_the_start_is_told_in_a_sentence(failure, kind, words):
    with (
        Workers(1, framework="jax", device="cuda") as workers,
        pytest.raises(kind, match=words),
    ):
        workers.note_start(workers.workers[0], Of(0, failure))


def test_a_device_that_is_not_there_is_worded_as_it_was_asked_for():
    with Workers(0, device="mps") as workers:
        error = workers.start_error(
            SimpleNamespace(framework="torch"), Failed("torch sees no Apple GPU", mistake=True)
        )
    words = "--device mps, but torch sees no Apple GPU. Say --device cpu."
    assert error.worded("command line") == words


def test_a_worker_has_one_thread_whatever_the_machine_has(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    assert environment("torch")["OMP_NUM_THREADS"] == "1"


def test_keras_runs_on_the_framework_asked_for():
    assert environment("jax")["KERAS_BACKEND"] == "jax"
    assert environment("tensorflow")["KERAS_BACKEND"] == "tensorflow"


def test_there_is_at_least_one_core():
    assert num_cores() >= 1


def test_a_jax_worker_finds_its_device_where_there_is_no_gpu_too():
    with Workers(1, framework="jax") as workers:
        assert workers.place()["device"] in ("cpu", "cuda")
        assert set(workers.versions) == {"keras", "jax"}
