"""Windows of several targets: the steps of a target stand side by side, in both frameworks."""

import numpy as np
import pytest

from bakeoff.data.taking.sources import Windows, plain

BASE = np.arange(20, dtype=np.float32).reshape(10, 2)  # column 0 is even, column 1 odd
SOURCE = Windows(base=BASE, starts=np.array([0, 3]), length=3, vector=True, by_channel=True)
EXPECTED = [[0, 2, 4, 1, 3, 5], [6, 8, 10, 7, 9, 11]]


def test_the_steps_of_a_channel_stand_side_by_side():
    assert SOURCE.take().tolist() == EXPECTED
    assert SOURCE.shape == (2, 6)


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_both_frameworks_take_them_so(framework):
    if framework == "torch":
        import torch

        from bakeoff.torch_models.feed import target_taker

        taken = target_taker(plain(SOURCE), torch.device("cpu"))(torch.arange(2)).numpy()
    else:
        from bakeoff.keras_models.feed import take

        taken = take(plain(SOURCE), np.arange(2))
    assert taken.tolist() == EXPECTED
