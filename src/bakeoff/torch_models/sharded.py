"""Sharded: a network too large for each process that trains it, of which each holds a share.

Of every weight, and of all that is kept beside it (its gradient, what the optimizer remembers, the
best so far, the moving average), each of N processes has an N-th. A layer's weights come together
for as long as it is at work, and its gradients are added up as they are parted again.

Source: Zhao et al., "PyTorch FSDP: Experiences on Scaling Fully Sharded Data Parallel", 2023.
"""

import copy
import warnings

import torch
from torch import Tensor, nn

NEVER_CALLED = (nn.ModuleList, nn.ModuleDict, nn.RNNBase)  # ours read the weights of the last


def sharded(model: nn.Module, device: torch.device) -> nn.Module:
    """Return a copy of a model with a share of each weight; the model itself is left empty.

    The layers of a list, or of a sequence, come together one at a time, all other weights at once.

    Args:
        model: The same in all processes. It has no weights until `whole_again`.
        device: To which one layer after the other goes.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    # it warns where scores are a view of something, and nothing of ours changes scores in place
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module")
    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    parted = copy.deepcopy(model)
    for weight in model.parameters():
        weight.untyped_storage().resize_(0)
    blocks = {
        id(layer): layer
        for part in reversed([*parted.modules()])  # what is within comes first
        if isinstance(part, (nn.ModuleList, nn.Sequential))
        for layer in part.children()
        if any(True for _ in layer.parameters()) and not isinstance(layer, NEVER_CALLED)
    }
    for layer in [*blocks.values(), parted]:
        fully_shard(layer, mesh=mesh, reshard_after_forward=True)
    return parted


@torch.no_grad()
def whole_again(model: nn.Module, parted: nn.Module) -> None:
    """Give a model the weights that its copy has in shares."""
    for weight in model.parameters():
        weight.untyped_storage().resize_(weight.numel() * weight.element_size())
    weights = model.state_dict()
    for name, weight in parted.state_dict().items():
        weights[name].copy_(gathered(weight))


def gathered(tensor: Tensor) -> Tensor:
    """Return a tensor in one piece; all processes must ask for it."""
    return tensor.full_tensor() if is_share(tensor) else tensor


def share_of(values: Tensor, tensor: Tensor) -> Tensor:
    """Return values in shares, as a tensor has them."""
    if not is_share(tensor):
        return values
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(values.to(tensor.device), tensor.device_mesh, tensor.placements)


def mine(tensor: Tensor) -> Tensor:
    """Return what this process holds of a tensor."""
    return tensor.to_local() if is_share(tensor) else tensor


def is_share(tensor: Tensor) -> bool:
    """Tell whether each process holds a share of a tensor."""
    return hasattr(tensor, "full_tensor")  # a DTensor; its module takes half a second to import


def bytes_of(model: nn.Module) -> int:
    """Return the memory that the weights of a model take."""
    return sum(weight.numel() * weight.element_size() for weight in model.parameters())
