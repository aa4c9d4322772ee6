"""DLinear: split a window into trend and rest, and forecast each by one linear map over time.

    trend    = moving average of x                     over kernel_size steps, ends repeated
    forecast = W_t trend + b_t + W_r (x - trend) + b_r

Source: Zeng et al., "Are Transformers Effective for Time Series Forecasting?", 2023. As in their
default, the maps are shared by all series. Where we differ: both begin with the mean of the window,
which their code offers in a comment, and only the first Q channels are forecast, not all.

Dimensions: B windows, T steps back, S steps ahead, F channels, Q targets.
"""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class DLinear(keras.Model):
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
        >>> tuple(model(ops.zeros((2, 96, 7))).shape)
        (2, 24, 1)
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
        self.arguments = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
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
        mean = keras.initializers.Constant(1 / in_steps)  # begin with the mean of the window
        self.trend = layers.Dense(out_steps, kernel_initializer=mean)
        self.rest = layers.Dense(out_steps, kernel_initializer=mean)
        self(ops.zeros((1, in_steps, in_features)))

    def get_config(self):
        """Return the arguments, from which from_config makes the page again."""
        return dict(self.arguments)

    def call(self, x, training=False):
        """Forecast each window: (B, T, F) -> (B, S, Q)."""
        check_window(x, self.in_steps, self.in_features)
        x = x[..., : self.out_features]  # (B, T, Q)
        half = self.kernel_size // 2
        first = ops.repeat(x[:, :1], half, 1)  # (B, half, Q)
        last = ops.repeat(x[:, -1:], half, 1)  # (B, half, Q)
        wide = ops.concatenate([first, x, last], 1)  # (B, half + T + half, Q)
        trend = ops.average_pool(wide, self.kernel_size, 1, data_format="channels_last")
        rest = ops.swapaxes(x - trend, 1, 2)  # (B, Q, T)
        trend = ops.swapaxes(trend, 1, 2)  # (B, Q, T)
        forecast = self.trend(trend) + self.rest(rest)  # (B, Q, S)
        return ops.swapaxes(forecast, 1, 2)  # (B, S, Q)


def check_window(x, in_steps: int, in_features: int) -> None:
    """Refuse windows of another size than the page was built for."""
    if x.ndim != 3 or tuple(x.shape[1:]) != (in_steps, in_features):
        raise ValueError(f"x is {tuple(x.shape)}, but must be (B, {in_steps}, {in_features}).")
