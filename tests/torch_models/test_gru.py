"""What the page of the GRU promises beyond the contract."""

import torch

from bakeoff.torch_models.gru import GRU


def count(model):
    return sum(weight.numel() for weight in model.parameters())


def test_weights_are_as_many_as_in_the_classic_network():
    assert count(GRU(20, 1)) == 16_577
    assert count(GRU(1, 2, hidden_sizes=(64, 64))) == 37_954


def test_states_follow_the_equations():
    model = GRU(3, 2, hidden_sizes=(4,))
    gru, x = model.forwards[0], torch.randn(2, 5, 3)
    h = torch.zeros(2, 4)
    for t in range(5):
        r_x, z_x, n_x = (x[:, t] @ gru.weight_ih_l0.T + gru.bias_ih_l0).chunk(3, 1)
        r_h, z_h, n_h = (h @ gru.weight_hh_l0.T + gru.bias_hh_l0).chunk(3, 1)
        r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
        n = (n_x + r * n_h).tanh()  # the reset comes after the product
        h = (1 - z) * n + z * h
    torch.testing.assert_close(model(x), model.head(h))


def test_both_biases_are_trained():
    assert all(weight.requires_grad for weight in GRU(3, 2).parameters())


def test_a_sequence_can_be_read_in_two_parts_of_different_lengths():
    model, x = GRU(3, 2, hidden_sizes=(4, 5)), torch.randn(2, 6, 3)
    _, state = model.steps(x[:, :4], torch.tensor([4, 4]))
    _, end = model.steps(x[:, 4:], torch.tensor([2, 1]), state)
    _, expected = model.steps(x, torch.tensor([6, 5]))
    torch.testing.assert_close(end, expected)
