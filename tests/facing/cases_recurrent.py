"""Cases of the recurrent pages."""

from tests.facing.case import Case

NUMBERS = {"x": ("numbers", 4, 7, 5)}
PADDED = {**NUMBERS, "lengths": ("lengths", 4, 7)}
STARTS = {"initialization": "kaiming_normal", "recurrent_initialization": "normal", "fan": "out"}
TOKENS = {"x": ("tokens", 4, 7, 20), "lengths": ("lengths", 4, 7)}


def sequence_case(inputs: dict[str, tuple], **arguments: object) -> Case:
    return Case({"in_features": 5, "out_features": 3, **arguments}, inputs)


STACKS = [
    sequence_case(NUMBERS),
    sequence_case(PADDED, hidden_sizes=(12, 8), dropout=0.2, norm="layer", head_sizes=(6, 4)),
    sequence_case(NUMBERS, hidden_sizes=(8,), bidirectional=True, pooling="mean"),
    sequence_case(PADDED, hidden_sizes=(8, 8, 8), bidirectional=True),
    sequence_case(PADDED, hidden_sizes=(8, 6), bidirectional=True, merge="sum", per_step=True),
    sequence_case(PADDED, hidden_sizes=(8,), bidirectional=True, merge="mean", pooling="max"),
    sequence_case(PADDED, hidden_sizes=(8,), pooling="attention"),
    sequence_case(TOKENS, hidden_sizes=(8,), vocabulary_size=20, pooling="mean"),
    sequence_case(TOKENS, hidden_sizes=(8,), vocabulary_size=20, bidirectional=True, per_step=True),
    sequence_case(NUMBERS, hidden_sizes=(8, 6), pooling="final_step"),
    sequence_case(PADDED, hidden_sizes=(8, 6), feature_dropout=0.3, head_sizes=(6,), **STARTS),
]

ATTENTION = [
    sequence_case(NUMBERS, hidden_sizes=(8, 8)),
    sequence_case(PADDED, hidden_sizes=(6,), bidirectional=True, num_heads=2, head_sizes=(7,)),
    sequence_case(PADDED, hidden_sizes=(8,), per_step=True, dropout=0.1),
    sequence_case(TOKENS, hidden_sizes=(8,), vocabulary_size=20),
    sequence_case(PADDED, hidden_sizes=(8,), attention_dropout=0.2, feature_dropout=0.3, **STARTS),
]

TARGETS = {"previous": ("numbers", 4, 4, 3)}
TOKEN_PAIRS = {"x": ("tokens", 4, 7, 20), "previous": ("tokens", 4, 4, 9)}
SEQ2SEQ = [
    sequence_case(NUMBERS, out_steps=4, hidden_sizes=(8,)),
    sequence_case(PADDED, out_steps=3, hidden_sizes=(8, 6), cell="gru", dropout=0.1),
    sequence_case({**NUMBERS, **TARGETS}, out_steps=4, hidden_sizes=(8, 6)),
    sequence_case({**NUMBERS, **TARGETS}, out_steps=4, hidden_sizes=(8,), attention=False),
    sequence_case({**PADDED, **TARGETS}, out_steps=4, attention_dropout=0.2, **STARTS),
    sequence_case(
        TOKEN_PAIRS,
        out_features=9,
        out_steps=4,
        hidden_sizes=(8,),
        cell="gru",
        vocabulary_size=20,
        token_targets=True,
    ),
]

VECTOR = {"x": ("numbers", 4, 5)}
UNFOLDED = [
    sequence_case(VECTOR, out_steps=4, hidden_sizes=(8,)),
    sequence_case(VECTOR, out_steps=4, hidden_sizes=(8, 6), cell="gru", dropout=0.1),
]

CASES: dict[str, list[Case]] = {
    "rnn": [*STACKS, sequence_case(PADDED, hidden_sizes=(8,), activation="relu")],
    "lstm": STACKS,
    "gru": STACKS,
    "lstm_attention": ATTENTION,
    "rnn_seq2seq": SEQ2SEQ,
    "vector_to_sequence": UNFOLDED,
}
