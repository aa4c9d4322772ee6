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
    row_case(ROWS, hidden_sizes=(8, 6), activation="none", initialization="kaiming_normal"),
    row_case(ROWS, hidden_sizes=(8,), activation="leaky_relu", leaky_slope=0.2),
    row_case(ROWS, hidden_sizes=(8,), initialization="uniform", initial_width=0.2),
]

TABM = [
    row_case(ROWS, hidden_sizes=(8,), num_members=3, num_bins=5, embedding_size=4),
    row_case(MIXED, hidden_sizes=(8, 6), num_members=4, dropout=0.2, category_sizes=(4, 7)),
    row_case(LABELS, hidden_sizes=(), num_members=2, num_bins=1, category_sizes=(4, 7)),
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
    image_case(12, 12, blocks=(6,), convolution="separable", norm="layer", head_sizes=(8, 6)),
    image_case(14, 13, blocks=(4, 4), stride=2, pooling="none", norm="group"),
    image_case(14, 14, blocks=(4,), padding="valid", stride=3, kernel_size=4, norm="instance"),
    image_case(10, 10, blocks=(4,), kernel_size=4, activation="leaky_relu", dropout=0.2),
    image_case(8, 8, blocks=({"stride": 2}, 4), convolution="separable", activation="gelu"),
    image_case(8, 8, blocks=(4, 4), final_pooling="average", activation="tanh", head_sizes=(6,)),
    image_case(8, 8, blocks=(4,), final_pooling="max", activation="silu"),
    image_case(9, 8, blocks=({"convolution": "depthwise", "dilation": 2}, 4), activation="elu"),
    image_case(8, 8, blocks=(4,), head_sizes=(6,), dropout=0.2, feature_dropout=0.0),
    image_case(8, 8, blocks=(4, {"leaky_slope": 0.3}), activation="leaky_relu", leaky_slope=0.2),
    image_case(8, 8, blocks=(4,), initialization="kaiming_normal", fan="out", dense_fan="in"),
    image_case(8, 8, blocks=(4,), initialization="normal", initial_width=0.1),
]


def volume_case(z: int, y: int, x: int, **arguments: object) -> Case:
    sizes = {"in_channels": 1, "image_size": (z, y, x), "out_features": 3}
    return Case({**sizes, **arguments}, {"x": ("image", 4, 1, z, y, x)})


CNN3D = [
    volume_case(4, 6, 9, blocks=(3, 4)),
    volume_case(7, 7, 7, blocks=({"channels": 3, "pooling": "adaptive_max", "pool_size": 4},)),
    volume_case(6, 6, 6, blocks=(4, {"dilation": 2}), pooling="average", norm="batch"),
    volume_case(7, 6, 5, blocks=(4, 4), stride=2, pooling="none", norm="group", head_sizes=(6,)),
    volume_case(8, 8, 8, blocks=(4,), padding="valid", norm="instance", final_pooling="max"),
    volume_case(8, 8, 8, blocks=(4,), norm="layer", activation="gelu", final_pooling="average"),
    volume_case(6, 6, 6, blocks=(4,), head_sizes=(12,), feature_dropout=0.2),
    volume_case(4, 4, 4, blocks=(4,), activation="leaky_relu", leaky_slope=0.2),
    volume_case(4, 4, 4, blocks=(4,), fan="out", dense_fan="in"),
    volume_case(4, 4, 4, blocks=(4,), initialization="uniform", initial_width=0.1),
]

RESNET = [
    image_case(9, 12, channels=(4, 6, 8), num_blocks=1),
    image_case(8, 8, channels=(4, 8), norm="group", activation="silu", head_sizes=(6,)),
    image_case(7, 7, channels=(4, 6), norm="none", num_blocks=1, dropout=0.2),
    image_case(6, 6, channels=(4,), num_blocks=1, activation="leaky_relu", leaky_slope=0.2),
    image_case(6, 6, channels=(4,), num_blocks=1, fan="out", dense_fan="in"),
    image_case(6, 6, channels=(4,), num_blocks=1, initialization="normal", initial_width=0.1),
]

NUMBERS = {"x": ("numbers", 4, 7, 5)}
PADDED = {**NUMBERS, "lengths": ("lengths", 4, 7)}
TOKENS = {"x": ("tokens", 4, 7, 20), "lengths": ("lengths", 4, 7)}


def sequence_case(inputs: dict[str, tuple], **arguments: object) -> Case:
    return Case({"in_features": 5, "out_features": 3, **arguments}, inputs)


CNN1D = [
    sequence_case(NUMBERS, blocks=(6, {"pooling": "average", "pool_size": 3})),
    sequence_case(PADDED, blocks=(6, 8), activation="tanh", head_sizes=(6,), dropout=0.2),
    sequence_case(PADDED, blocks=(6, 4), pooling="average", pool_size=3, final_pooling="max"),
    sequence_case(PADDED, blocks=(6, 4), stride=2, pooling="none", norm="layer"),
    sequence_case(PADDED, blocks=(6, {"dilation": 2}), norm="batch", activation="elu"),
    sequence_case(TOKENS, blocks=(6,), vocabulary_size=20, kernel_size=5, final_pooling="max"),
    sequence_case(PADDED, blocks=(6,), head_sizes=(6,), feature_dropout=0.2),
    sequence_case(PADDED, blocks=(6,), activation="leaky_relu", leaky_slope=0.2),
    sequence_case(PADDED, blocks=(6,), fan="out", dense_fan="in"),
    sequence_case(PADDED, blocks=(6,), initialization="uniform", initial_width=0.2),
]

TCN = [
    sequence_case(NUMBERS, channels=(5, 6)),
    sequence_case(PADDED, channels=(6, 6), kernel_size=2, pooling="mean", norm="layer"),
    sequence_case(PADDED, channels=(6, 4), pooling="max", norm="batch", dropout=0.2),
    sequence_case(PADDED, channels=(6,), per_step=True, head_sizes=(6,), activation="gelu"),
    sequence_case(TOKENS, channels=(6, 6), vocabulary_size=20),
    sequence_case(PADDED, channels=(6,), activation="leaky_relu", leaky_slope=0.2),
    sequence_case(PADDED, channels=(6,), initialization="normal", initial_width=0.2),
]


def text_case(inputs: dict[str, tuple], **arguments: object) -> Case:
    return Case({"in_features": 6, "out_features": 3, "vocabulary_size": 20, **arguments}, inputs)


BAG = [
    text_case(TOKENS, num_pairs=64, dropout=0.0),
    text_case({"x": TOKENS["x"]}, num_pairs=0, head_sizes=(5,), activation="tanh"),
]


CASES: dict[str, list[Case]] = {
    "mlp": MLP,
    "tabm": TABM,
    "cnn": CNN,
    "cnn1d": CNN1D,
    "cnn3d": CNN3D,
    "resnet": RESNET,
    "tcn": TCN,
    "embedding_bag": BAG,
}
