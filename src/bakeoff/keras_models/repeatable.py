"""The same numbers from every training of one seed, on a GPU, too, where it costs some speed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import keras

FLAG = "--xla_gpu_deterministic_ops=true"


@contextmanager
def repeatable(wanted: bool, place: str) -> Iterator[None]:
    """Let only operations run that give the same numbers every time, from here on.

    TensorFlow knows no way back: it stays so until the process ends.

    Args:
        wanted: Else all may run, as ever.
        place: "cpu:0" or "gpu:0". On a CPU all of ours are such operations.

    Raises:
        ValueError: JAX has started on a GPU without the flag that says so.
    """
    if wanted and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif wanted and place != "cpu:0" and FLAG not in os.environ.get("XLA_FLAGS", ""):
        raise ValueError(f"deterministic: JAX must start with XLA_FLAGS={FLAG}. Set it, or leave "
                         "deterministic out.")  # fmt: skip
    yield
