"""Frozen features: in the first epochs the head alone learns.

Source: Howard and Ruder, "Universal Language Model Fine-tuning for Text Classification", 2018; a
head that is drawn anew would first spoil what the features have learned elsewhere.
"""

from torch import Tensor, nn

HEADS = ("head", "heads")


class Frozen:
    """Holds all weights but those of the head still, up to an epoch.

    Args:
        model: With a part called head or heads.
        epochs: In which the head alone learns.

    Raises:
        ValueError: The model has no such part.

    Example:
        >>> model = nn.ModuleDict({"layer": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
        >>> frozen = Frozen(model, 3)
        >>> frozen.ends_before(3), model["layer"].weight.requires_grad
        (False, False)
        >>> frozen.ends_before(4), model["layer"].weight.requires_grad
        (True, True)
    """

    def __init__(self, model: nn.Module, epochs: int) -> None:
        self.epochs = epochs
        self.features = features_of(model) if epochs else []

    def ends_before(self, epoch: int) -> bool:
        """Hold the features still, or no longer; tell whether this is the first epoch in which not.

        Args:
            epoch: That begins, counted from 1.
        """
        for weight in self.features:
            weight.requires_grad_(epoch > self.epochs)
        return 0 < self.epochs == epoch - 1

    def release(self) -> None:
        """Let go of the features: training has ended."""
        for weight in self.features:
            weight.requires_grad_(True)


def features_of(model: nn.Module) -> list[Tensor]:
    """Return the weights that learn, but for those of the head.

    Raises:
        ValueError: The model has no head.
    """
    learning = {name: w for name, w in model.named_parameters() if w.requires_grad}
    features = [w for name, w in learning.items() if name.split(".")[0] not in HEADS]
    if len(features) == len(learning):
        raise ValueError(
            "frozen_epochs lets the part called head learn alone, and this model has none. Leave "
            "it out."
        )
    return features
