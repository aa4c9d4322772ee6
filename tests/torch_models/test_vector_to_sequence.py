"""What the page that unfolds vectors promises beyond the contract."""

import pytest
import torch

from bakeoff.torch_models.vector_to_sequence import VectorToSequence


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_first_steps_do_not_depend_on_how_many_follow(cell):
    torch.manual_seed(0)
    short = VectorToSequence(5, 3, out_steps=2, cell=cell)
    long = VectorToSequence(5, 3, out_steps=7, cell=cell)
    long.load_state_dict(short.state_dict())
    x = torch.randn(4, 5)
    assert long(x).shape == (4, 7, 3)
    torch.testing.assert_close(long(x)[:, :2], short(x))


def test_vectors_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"x is \(2, 4\), but must be \(B, 5\) numbers"):
        VectorToSequence(5, 3)(torch.zeros(2, 4))


def test_no_steps_to_write_are_refused():
    with pytest.raises(ValueError, match=r"out_steps=0.*sizes are 1 or more"):
        VectorToSequence(3, 1, out_steps=0)
