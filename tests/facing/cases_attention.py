"""A spread of options for the pages made of attention, and for dlinear beside patchtst."""

from tests.facing.case import Case

SMALL = {"model_size": 16, "num_heads": 2, "num_layers": 1, "feedforward_size": 24}
STEPS = {"x": ("numbers", 5, 9, 3)}
PADDED = {**STEPS, "lengths": ("lengths", 5, 9)}
TOKENS = {"x": ("tokens", 5, 9, 20), "lengths": ("lengths", 5, 9)}
ROWS = {"x": ("numbers", 5, 3)}


def case(inputs: dict[str, tuple], **arguments: object) -> Case:
    return Case({"in_features": 3, "out_features": 2, **SMALL, **arguments}, inputs)


def image(x: tuple[int, ...], **arguments: object) -> Case:
    sizes = {"in_channels": x[0], "image_size": x[1:], "out_features": 3}
    return Case({**sizes, **SMALL, **arguments}, {"x": ("image", 4, *x)})


def window(in_steps: int, channels: int, targets: int, **arguments: object) -> Case:
    sizes = {"in_features": channels, "out_features": targets, "in_steps": in_steps}
    return Case({**sizes, **arguments}, {"x": ("numbers", 4, in_steps, channels)})


CASES: dict[str, list[Case]] = {
    "transformer": [
        case(PADDED, num_layers=2, norm_first=False, head_sizes=(8,)),
        case(PADDED, pooling="mean", activation="gelu", head_sizes=(8, 6)),
        case(STEPS, pooling="mean", positions="learned", max_length=9, model_size=10),
        case(STEPS, model_size=9, num_heads=3),
        case(PADDED, per_step=True, positions="learned", max_length=12, dropout=0.2),
        case(TOKENS, vocabulary_size=20, num_layers=3),
        case(TOKENS, vocabulary_size=20, per_step=True, norm_first=False),
        case(PADDED, token_position=True, initialization="orthogonal"),
        case(PADDED, token_position=True, positions="learned", max_length=12),
        case(PADDED, attention_dropout=0.1, feedforward_dropout=0.2, head_sizes=(6,), fan="out"),
    ],
    "transformer_seq2seq": [
        case(STEPS),
        case(PADDED, num_layers=2, dropout=0.1),
        case(TOKENS, vocabulary_size=20),
        case(PADDED, out_steps=4),
        case(STEPS, out_steps=3, token_targets=True, out_features=6),
        case({**STEPS, "previous": ("numbers", 5, 4, 2)}, out_steps=4, num_layers=2),
        case(
            {"x": TOKENS["x"], "previous": ("tokens", 5, 3, 6)},
            out_steps=3,
            vocabulary_size=20,
            token_targets=True,
            out_features=6,
        ),
        case(PADDED, norm_first=False, head_sizes=(8, 6), attention_dropout=0.1),
        case(
            PADDED,
            out_steps=3,
            norm_first=False,
            num_layers=2,
            initialization="orthogonal",
            feedforward_dropout=0.2,
        ),
    ],
    "ft_transformer": [
        case(ROWS, num_layers=2),
        case({**ROWS, "categories": ("categories", 5, 4, 7)}, category_sizes=(4, 7)),
        case(
            {"x": ("numbers", 5, 0), "categories": ("categories", 5, 40, 30)},
            in_features=0,
            category_sizes=(40, 30),
        ),
        case(ROWS, attention_dropout=0.2, feedforward_dropout=0.1),
    ],
    "vit": [
        image((1, 16, 16), num_layers=2),
        image((3, 13, 18), patch_size=5, dropout=0.1),
        image((2, 9, 9), patch_size=9),
        image((1, 9, 9), head_sizes=(8, 6), initialization="kaiming_normal", fan="out"),
        image((1, 9, 9), attention_dropout=0.1, feedforward_dropout=0.2),
    ],
    "patchtst": [
        window(32, 3, 2, out_steps=5, **SMALL),
        window(29, 1, 1, out_steps=3, patch_size=6, stride=4, **{**SMALL, "num_layers": 2}),
        window(7, 2, 2, out_steps=1, **SMALL),
        window(20, 2, 1, out_steps=3, attention_dropout=0.1, feedforward_dropout=0.2, **SMALL),
    ],
    "dlinear": [
        window(32, 3, 2, out_steps=5),
        window(7, 1, 1, out_steps=1, kernel_size=3),
        window(20, 2, 1, out_steps=4, kernel_size=25),
    ],
}
