"""Cases of the network page: its encoders are pages, built for each framework."""

from tests.facing.case import Branch, Case

SEQUENCE = ("numbers", 4, 10, 8)
PICTURE = ("image", 4, 1, 28, 28)
RNN = Branch("rnn", {"in_features": 8, "out_features": 0, "head_sizes": (32,)})
CNN = Branch(
    "cnn",
    {
        "in_channels": 1,
        "image_size": 28,
        "out_features": 0,
        "blocks": (16, 32),
        "head_sizes": (32,),
    },
)
STEPS = Branch("gru", {"in_features": 8, "out_features": 0, "per_step": True})
TWICE = Branch("tcn", {"in_features": 8, "out_features": 0, "channels": (6,), "per_step": True})
SMOOTH = Branch("cnn1d", {"in_features": 8, "out_features": 0})
SQUARE = Branch(  # as many channels as pixels in a row, behind the first block
    "cnn", {"in_channels": 1, "image_size": 28, "out_features": 0, "blocks": (14, 8)}
)
WITHIN = Branch("transformer", {"in_features": 8, "out_features": 0})
LINEAR = Branch(
    "mlp", {"in_features": 5, "out_features": 0, "hidden_sizes": (4,), "activation": "none"}
)
TABLE = Branch(
    "mlp", {"in_features": 5, "out_features": 0, "hidden_sizes": (16,), "category_sizes": (4, 3)}
)
BOTH = {"encoders": {"readings": RNN, "picture": CNN}, "heads": {"kind": 3}}
TWO_INPUTS = {"x": {"readings": SEQUENCE, "picture": PICTURE}}

CASES: dict[str, list[Case]] = {
    "network": [
        Case(BOTH, TWO_INPUTS),
        Case({**BOTH, "fusion": "sum", "width": 24, "head_sizes": (32,)}, TWO_INPUTS),
        Case({**BOTH, "fusion": "gated", "heads": {"kind": 3, "size": 1}}, TWO_INPUTS),
        Case(
            {
                "encoders": {"picture": CNN},
                "shared": {"other": "picture"},
                "heads": {"same": 1},
                "head_sizes": (16,),
            },
            {"x": {"picture": PICTURE, "other": PICTURE}},
        ),
        Case(
            {
                "encoders": {"picture": CNN},
                "shared": {"other": "picture"},
                "heads": {"same": 1},
                "fusion": "distance",
            },
            {"x": {"picture": PICTURE, "other": PICTURE}},
        ),
        Case(
            {
                **BOTH,
                "heads": {"kind": 3, "shade": 2},
                "inner": {"shade": "encoders.1.blocks.0"},
            },
            TWO_INPUTS,
        ),
        Case(
            {
                "encoders": {"readings": SMOOTH, "picture": SQUARE},
                "heads": {"kind": 3, "shade": 2, "tempo": 1},
                "inner": {"shade": "encoders.1.blocks.0", "tempo": "encoders.0.blocks.0"},
            },
            {"x": {**TWO_INPUTS["x"], "readings.lengths": ("lengths", 4, 10)}},
        ),
        Case(
            {
                "encoders": {"readings": WITHIN, "patient": TABLE},
                "heads": {"outcome": 1, "early": 2, "late": 3},
                "inner": {"early": "encoders.0.blocks.0", "late": "encoders.1.hidden.0"},
                "dropout": 0.1,
            },
            {
                "x": {
                    "readings": SEQUENCE,
                    "readings.lengths": ("lengths", 4, 10),
                    "patient": ("numbers", 4, 5),
                    "patient.categories": ("categories", 4, 4, 3),
                }
            },
        ),
        Case(
            {
                "encoders": {"readings": STEPS, "patient": TABLE},
                "heads": {"state": 4, "outcome": 1},
                "per_step": ("state",),
            },
            {
                "x": {
                    "readings": SEQUENCE,
                    "readings.lengths": ("lengths", 4, 10),
                    "patient": ("numbers", 4, 5),
                    "patient.categories": ("categories", 4, 4, 3),
                }
            },
        ),
        Case(
            {
                "encoders": {"heart": TWICE, "lungs": TWICE, "patient": LINEAR},
                "heads": {"outcome": 1},
                "head_sizes": (6,),
                "activation": "leaky_relu",
                "leaky_slope": 0.2,
                "initialization": "normal",
                "initial_width": 0.2,
            },
            {
                "x": {
                    "heart": SEQUENCE,
                    "heart.lengths": ("lengths", 4, 10),
                    "lungs": SEQUENCE,
                    "lungs.lengths": ("lengths", 4, 10),
                    "patient": ("numbers", 4, 5),
                }
            },
        ),
    ]
}
