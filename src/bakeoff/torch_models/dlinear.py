"""DLinear: split a window into trend and rest, and forecast each by one linear map over time.

    trend    = moving average of x                     over kernel_size steps, ends repeated
    forecast = W_t trend + b_t + W_r (x - trend) + b_r

Source: Zeng et al., "Are Transformers Effective for Time Series Forecasting?", 2023. As in their
default, the maps are shared by all series. Where we differ: both begin with the mean of the window,
which their code offers in a comment, and only the first Q channels are forecast, not all.

Dimensions: B windows, T steps back, S steps ahead, F channels, Q targets.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DLinear(nn.Module):
    """Forecast each target from its own past; further channels of x are not read.

    Args:
        in_features: F, channels of x, of which the first Q are the targets.
        out_features: Q, targets, at most F.
        in_steps: T, steps of the window.
        out_steps: S, steps to forecast.
        kernel_size: Steps that the moving average spans; odd.

    Shape:
        x (B, T, F) float -> (B, S, Q) float.

    Raises:
        ValueError: More targets than channels, or an even kernel_size; when called, windows of
            another size.

    Example:
        >>> model = DLinear(in_features=7, out_features=1, in_steps=96, out_steps=24)
        >>> model(torch.zeros(2, 96, 7)).shape
        torch.Size([2, 24, 1])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        in_steps: int,
        out_steps: int,
        kernel_size: int = 25,
    ) -> None:
        super().__init__()
        if min(in_features, out_features, in_steps, out_steps, kernel_size) < 1:
            sizes = f"{in_features=}, {out_features=}, {in_steps=}, {out_steps=}, {kernel_size=}"
            raise ValueError(f"{sizes}: sizes are 1 or more.")
        if out_features > in_features:
            raise ValueError(f"out_features={out_features} exceeds in_features={in_features}.")
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size={kernel_size} is even: no step is in the middle.")
        self.in_features = in_features
        self.out_features = out_features
        self.in_steps = in_steps
        self.kernel_size = kernel_size
        self.trend = nn.Linear(in_steps, out_steps)
        self.rest = nn.Linear(in_steps, out_steps)
        for linear in (self.trend, self.rest):  # begin with the mean of the window
            nn.init.constant_(linear.weight, 1 / in_steps)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Forecast each window: (B, T, F) -> (B, S, Q)."""
        check_window(x, self.in_steps, self.in_features)
        x = x[..., : self.out_features].transpose(1, 2)  # (B, Q, T)
        half = self.kernel_size // 2
        first = x[..., :1].expand(-1, -1, half)  # (B, Q, half)
        last = x[..., -1:].expand(-1, -1, half)  # (B, Q, half)
        wide = torch.cat([first, x, last], 2)  # (B, Q, half + T + half)
        trend = F.avg_pool1d(wide, self.kernel_size, stride=1)  # (B, Q, T)
        forecast = self.trend(trend) + self.rest(x - trend)  # (B, Q, S)
        return forecast.transpose(1, 2)  # (B, S, Q)


def check_window(x: Tensor, in_steps: int, in_features: int) -> None:
    """Refuse windows of another size than the page was built for."""
    if x.ndim != 3 or tuple(x.shape[1:]) != (in_steps, in_features):
        raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {in_steps}, {in_features}).")
