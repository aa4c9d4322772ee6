"""Recurrent layers whose backward pass is written by hand: the same acts in less time on a CPU.

torch takes `nn.RNN` and `nn.GRU` apart into single operations and notes each for the backward pass.
Here a layer is one operation, whose matrix gradient is one product over all steps. Several networks
of one shape can be read at once: the K below.

    RNN    h_t = a(s_t + U h_{t-1})                            s_t = W x_t + b, a is tanh or relu
    GRU    r, z = sigmoid(s_t + U h_{t-1} + b')
           n    = tanh(s_t + r * (U h_{t-1} + b'))
           h_t  = n + z * (h_{t-1} - n)

Dimensions: K networks, T time steps, B batch, F features, H hidden size, G = 3 H.
"""

from typing import Any

import torch
from torch import Tensor, nn

Layer = nn.RNN | nn.GRU


def is_plain(part: Layer) -> bool:
    """Tell whether a part is a single layer that reads forwards, as those of our pages are."""
    one_way = part.num_layers == 1 and not part.bidirectional
    return bool(one_way and part.batch_first and part.bias)


def read(part: Layer, x: Tensor, start: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Read sequences: (B, T, F), (1, B, H) -> states (B, T, H), and the last ones (1, B, H).

    Without a start, as torch's own, from zeros.
    """
    if start is None:
        start = x.new_zeros(1, len(x), part.hidden_size)
    on_cpu = x.device.type == "cpu"
    if not part.training or not on_cpu or torch.is_autocast_enabled("cpu"):
        return type(part).forward(part, x, start)
    weights = [weight[None] for weight in part.parameters()]
    states, end = read_several(part, x[None], start, *weights)
    return states.squeeze(0), end


def read_several(
    part: Layer, x: Tensor, start: Tensor, w: Tensor, u: Tensor, bias: Tensor, other: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the states of K networks, and the last ones.

    Args:
        part: A layer as each of them has it.
        x: What it reads.
        start: The states before the first step.
        w: Acts on the input.
        u: Acts on the state before.
        bias: Added to the first of these.
        other: Added to the second.

    Shape:
        x (K, B, T, F), start (K, B, H), w (K, H, F) or (K, G, F), u (K, H, H) or (K, G, H), bias
        and other (K, H) or (K, G) -> (K, B, T, H), (K, B, H).
    """
    if isinstance(part, nn.RNN):
        sums = products(x, w, bias + other)
        states, end = RNNSteps.apply(sums, start, u, part.nonlinearity == "relu")
    else:
        states, end = GRUSteps.apply(products(x, w, bias), start, u, other[:, None])
    return states.transpose(1, 2), end


def products(x: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    """Return W x + b of each step: (K, B, T, F), (K, G, F), (K, G) -> (K, T, B, G)."""
    x = x.transpose(1, 2)  # (K, T, B, F)
    flat = torch.baddbmm(bias[:, None], x.flatten(1, 2), w.transpose(1, 2))  # (K, T * B, G)
    return flat.view(*x.shape[:3], -1)


class RNNSteps(torch.autograd.Function):
    """All steps of an RNN.

    Shape:
        sums (K, T, B, H), start (K, B, H), u (K, H, H) -> (K, T, B, H), (K, B, H).
    """

    @staticmethod
    def forward(
        ctx: Any, sums: Tensor, start: Tensor, u: Tensor, relu: bool
    ) -> tuple[Tensor, Tensor]:
        """Return the states, and the last ones."""
        ctx.set_materialize_grads(False)  # where only the last ones are used, no zeros are added
        num_networks, num_steps, batch, size = sums.shape
        states = sums.new_empty(num_networks, num_steps + 1, batch, size)
        h, turned = states.unbind(1), u.transpose(1, 2)
        h[0].copy_(start)
        for t, s in enumerate(sums.unbind(1)):
            torch.baddbmm(s, h[t], turned, out=h[t + 1])
            h[t + 1].relu_() if relu else h[t + 1].tanh_()
        ctx.save_for_backward(states, u)
        ctx.relu = relu
        return states[:, 1:], states[:, -1].clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of the sums, the start and u."""
        states, u = ctx.saved_tensors
        sums = states.new_empty(states[:, 1:].shape)
        h, of_sum, (grad, before) = states.unbind(1), sums.unbind(1), last_first(*grads)
        for t in reversed(range(len(of_sum))):
            if ctx.relu:
                torch.mul(grad, h[t + 1] > 0, out=of_sum[t])
            else:
                torch.ops.aten.tanh_backward.grad_input(grad, h[t + 1], grad_input=of_sum[t])
            if t:
                grad = (
                    torch.baddbmm(before[t - 1], of_sum[t], u)
                    if before
                    else torch.bmm(of_sum[t], u)
                )
        of_u = torch.bmm(sums.flatten(1, 2).transpose(1, 2), states[:, :-1].flatten(1, 2))
        of_start = torch.bmm(of_sum[0], u) if ctx.needs_input_grad[1] else None
        return sums, of_start, of_u, None


class GRUSteps(torch.autograd.Function):
    """All steps of a GRU; gates are r, z, n, as torch has them.

    Shape:
        sums (K, T, B, G), start (K, B, H), u (K, G, H), other (K, 1, G) -> (K, T, B, H), (K, B, H).
    """

    @staticmethod
    def forward(
        ctx: Any, sums: Tensor, start: Tensor, u: Tensor, other: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the states, and the last ones."""
        ctx.set_materialize_grads(False)
        num_networks, num_steps, batch, _ = sums.shape
        size = start.shape[-1]
        states = sums.new_empty(num_networks, num_steps + 1, batch, size)
        gates, products = torch.empty_like(sums), torch.empty_like(sums)
        h, (r, z, n) = states.unbind(1), by_step(gates, size)
        both, s_both = (x[..., : 2 * size].unbind(1) for x in (gates, sums))
        s_n, turned = sums[..., 2 * size :].unbind(1), u.transpose(1, 2)
        h[0].copy_(start)
        for t, product in enumerate(products.unbind(1)):
            torch.baddbmm(other, h[t], turned, out=product)  # (K, B, G)
            torch.add(s_both[t], product[..., : 2 * size], out=both[t]).sigmoid_()
            torch.addcmul(s_n[t], r[t], product[..., 2 * size :], out=n[t]).tanh_()
            torch.lerp(n[t], h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(states, gates, products[..., 2 * size :], u)
        return states[:, 1:], states[:, -1].clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor, ...]:
        """Return the gradients of the sums, the start, u and the other bias."""
        states, gates, inner, u = ctx.saved_tensors
        size = states.shape[-1]
        earlier = states[:, :-1]
        r, z, n = gates.split(size, -1)
        to_n = ((1 - z) * (1 - n * n)).unbind(1)  # what a gradient of h_t becomes, of all steps
        to_z = ((earlier - n) * z * (1 - z)).unbind(1)
        to_r = (inner * r * (1 - r)).unbind(1)  # of that of n's sum
        sums, products = torch.empty_like(gates), torch.empty_like(gates)
        (_, _, of_n), (of_r, of_z, of_inner) = by_step(sums, size), by_step(products, size)
        r, z, whole = (x.unbind(1) for x in (r, z, products))
        grad, before = last_first(*grads)
        for t in reversed(range(len(whole))):
            torch.mul(grad, to_n[t], out=of_n[t])
            torch.mul(of_n[t], r[t], out=of_inner[t])
            torch.mul(of_n[t], to_r[t], out=of_r[t])
            torch.mul(grad, to_z[t], out=of_z[t])
            grad = torch.addcmul(before[t - 1], grad, z[t]) if t and before else grad * z[t]
            grad = torch.baddbmm(grad, whole[t], u)
        sums[..., : 2 * size] = products[..., : 2 * size]
        flat = products.flatten(1, 2)  # (K, T * B, G)
        of_u = torch.bmm(flat.transpose(1, 2), earlier.flatten(1, 2))
        return sums, grad, of_u, flat.sum(1, keepdim=True)


def last_first(
    of_states: Tensor | None, of_end: Tensor | None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the gradient of the last state, and those of all states; () where these are zero.

    Args:
        of_states: (K, T, B, H) gradients of all states; None: they are not used.
        of_end: (K, B, H) gradient of the last ones; None: they are not used.
    """
    if of_states is None:
        return of_end, ()
    steps = of_states.unbind(1)
    return steps[-1] if of_end is None else steps[-1] + of_end, steps


def by_step(gates: Tensor, size: int) -> tuple[tuple[Tensor, ...], ...]:
    """Return views of each gate at each step: (K, T, B, G) -> 3 times T of (K, B, H)."""
    return tuple(gate.unbind(1) for gate in gates.split(size, -1))
