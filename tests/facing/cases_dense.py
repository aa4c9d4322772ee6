"""Cases of the dense and the convolutional pages."""

from tests.facing.case import Case

ROWS = {"x": ("numbers", 8, 5)}
MIXED = {**ROWS, "categories": ("categories", 8, 4, 7)}
LABELS = {"x": ("numbers", 8, 0), "categories": ("categories", 8, 4, 7)}


def row_case(inputs: dict[str, tuple], **arguments: object) -> Case:
    return Case({"in_features": inputs["x"][2], "out_features": 3, **arguments}, inputs)


MLP = [
    row_case(ROWS),
    row_case(ROWS, hidden_sizes=()),
    row_case(ROWS, hidden_sizes=(8,), activation="leaky_relu", norm="batch", dropout=0.2),
    row_case(ROWS, hidden_sizes=(8, 8), activation="gelu", norm="layer"),
    row_case(ROWS, hidden_sizes=(8, 6, 4), activation="elu", initialization="orthogonal"),
    row_case(ROWS, hidden_sizes=(8,), activation="silu", num_frequencies=4, frequency_scale=0.5),
    row_case(ROWS, hidden_sizes=(8,), activation="softplus", initialization="normal"),
    row_case(MIXED, hidden_sizes=(8,), activation="tanh", category_sizes=(4, 7)),
    row_case(MIXED, hidden_sizes=(8,), num_frequencies=3, category_sizes=(4, 7)),
    row_case(LABELS, hidden_sizes=(8,), activation="sigmoid", category_sizes=(4, 7)),
]


def image_case(y: int, x: int, **arguments: object) -> Case:
    channels = 2
    sizes = {"in_channels": channels, "image_size": (y, x), "out_features": 3}
    return Case({**sizes, **arguments}, {"x": ("image", 4, channels, y, x)})


CNN = [
    image_case(9, 12, blocks=(4, 6)),
    image_case(9, 9, blocks=(4, {"channels": 6, "pooling": "adaptive_max", "pool_size": 4})),
    image_case(11, 7, blocks=(4, {"channels": 4, "convolution": "dilated", "pooling": "none"})),
    image_case(12, 12, blocks=(4, {"convolution": "depthwise"}), pooling="average", norm="batch"),
    image_case(12, 12, blocks=(6,), convolution="separable", norm="layer", hidden_sizes=(8, 6)),
    image_case(14, 13, blocks=(4, 4), stride=2, pooling="none", norm="group"),
    image_case(14, 14, blocks=(4,), padding="valid", stride=3, kernel_size=4, norm="instance"),
    image_case(10, 10, blocks=(4,), kernel_size=4, activation="leaky_relu", dropout=0.2),
    image_case(8, 8, blocks=({"stride": 2}, 4), convolution="separable", activation="gelu"),
    image_case(8, 8, blocks=(4, 4), final_pooling="average", activation="tanh", hidden_sizes=(6,)),
    image_case(8, 8, blocks=(4,), final_pooling="max", activation="silu"),
    image_case(9, 8, blocks=({"convolution": "depthwise", "dilation": 2}, 4), activation="elu"),
]

CASES: dict[str, list[Case]] = {"mlp": MLP, "cnn": CNN}
