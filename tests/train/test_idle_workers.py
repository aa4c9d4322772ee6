"""Workers that wait are taken once, end after a while, and are not taken when they have ended."""

import time

from bakeoff.train.idle_workers import IdleWorkers


class Process:
    def __init__(self) -> None:
        self.alive = True

    def is_alive(self) -> bool:
        return self.alive

    def stop(self) -> None:
        self.alive = False


def test_one_that_waits_is_taken_once():
    idle, one = IdleWorkers(), Process()
    idle.keep("torch", one)
    assert idle.take("torch", Process) is one
    assert idle.take("torch", Process) is not one


def test_one_of_another_kind_or_that_has_ended_is_not_taken():
    idle, one, ended = IdleWorkers(), Process(), Process()
    idle.keep("torch", one)
    idle.keep("jax", ended)
    ended.stop()
    assert idle.take("tensorflow", Process) is not one
    assert idle.take("jax", Process) is not ended
    assert one.is_alive()


def test_those_of_other_kinds_end_when_a_run_begins():
    idle, one, other = IdleWorkers(), Process(), Process()
    idle.keep("torch", one)
    idle.keep("jax", other)
    idle.stop_but("torch")
    assert (one.alive, other.alive) == (True, False)


def test_nobody_waits_for_longer_than_a_while():
    idle, one = IdleWorkers(seconds=0.01), Process()
    idle.keep("torch", one)
    deadline = time.monotonic() + 10
    while one.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not one.alive
