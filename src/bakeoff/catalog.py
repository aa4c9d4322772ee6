"""The catalogue: one row per architecture and per baseline. Nothing registers itself.

A row says what an architecture reads, what it is good for and in which file, its page, it stands.
A model of a run is a row under a name of its own with arguments of its own; a variant
(`mlp_periodic`) is a row with other arguments on the same page.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args

from bakeoff.errors import RequestError, unknown

Role = Literal["encoder", "whole", "blocks", "baseline"]
Framework = Literal["torch", "tensorflow", "jax"]
TASKS = ("binary", "multiclass", "multilabel", "regression", "series", "forecast")
STEPS = ("step_classes", "step_numbers")  # of each step of a sequence
FRAMEWORKS: tuple[Framework, ...] = get_args(Framework)
FROM_DATA = (  # arguments that follow from the data: not for users to set
    *("category_sizes", "vocabulary_size", "token_targets"),
    *("in_steps", "out_steps", "per_step", "steps", "shared"),
)
BOOSTED_CLASSES = 100  # each has a tree of its own in every iteration


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One architecture or baseline.

    Args:
        name: What the user types.
        page: The file that holds it, in `torch_models/` and in `keras_models/`; of a baseline in
            `baselines/`.
        class_name: The class in that file.
        role: "encoder" can be a branch of a network, "whole" cannot, "blocks" is for reading only.
        reads: The views it can see, the preferred first.
        takes: Optional arrays that it accepts beside x.
        predicts: "row" (one prediction for a row of data) or "steps" (a sequence of them).
        tasks: What it can predict.
        unasked: Views beside which it runs only where it is named.
        most_classes: Of a target at most, above which it is left out; 0: no limit.
        members: Whether it returns, in training, the scores of several members (B, members, C).
        defaults: Arguments that differ from the page's own defaults.
        source: Author, title, year.
        good_for: One sentence.
        avoid_when: One sentence: when something else is the better choice.
    """

    name: str
    page: str
    class_name: str
    role: Role
    reads: tuple[str, ...]
    takes: tuple[str, ...] = ()
    predicts: Literal["row", "steps"] = "row"
    tasks: tuple[str, ...] = TASKS
    unasked: tuple[str, ...] = ()
    most_classes: int = 0
    members: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    good_for: str = ""
    avoid_when: str = ""

    @property
    def trainable(self) -> bool:
        """Whether a run can train it."""
        return self.role != "blocks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A row of the catalogue as it stands in a run.

    Args:
        name: Its name there.
        row: The architecture.
        arguments: Those that are set.
        view: The view of the data that it sees.
        branches: Of a network of several inputs, as `Job` has them.
    """

    name: str
    row: Row
    arguments: Mapping[str, Any] = field(default_factory=dict)
    view: str = ""
    branches: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


ROWS: tuple[Row, ...] = (
    Row(
        name="constant",
        page="constant",
        class_name="Constant",
        role="baseline",
        reads=("plain", "window", "words"),
        tasks=(*TASKS, *STEPS, "text"),
        good_for="The floor: class shares, or the mean. What cannot beat it has learned nothing.",
        avoid_when="Predictions are needed: it knows nothing of the inputs.",
    ),
    Row(
        name="linear",
        page="linear",
        class_name="Linear",
        role="baseline",
        reads=("plain",),
        takes=("categories",),
        tasks=(*TASKS, *STEPS),
        good_for="Logistic or ridge regression: few rows, effects that add up.",
        avoid_when="Columns act together, or along a curve: it sees neither.",
    ),
    Row(
        name="boosting",
        page="boosting",
        class_name="Boosting",
        role="baseline",
        reads=("plain",),
        takes=("categories",),
        tasks=(*(task for task in TASKS if task != "series"), *STEPS),
        most_classes=BOOSTED_CLASSES,
        source="Friedman, Greedy Function Approximation: A Gradient Boosting Machine, 2001",
        good_for="Tables: the line that a network has to beat.",
        avoid_when="Order or neighbourhood matters, as in images, sequences and text.",
    ),
    Row(
        name="colour_histograms",
        page="boosting",
        class_name="Boosting",
        role="baseline",
        # Clouds at 64 x 64, test accuracy, mean of 5 splits: boosting 58.5 %, logistic regression
        # 53.0 %, of square roots 54.8 %; boosting on the channels alone 55.3 %.
        reads=("histograms",),
        tasks=TASKS[:4],
        most_classes=BOOSTED_CLASSES,
        source="Swain & Ballard, Color Indexing, 1991; Friedman, Greedy Function Approximation: A"
        " Gradient Boosting Machine, 2001",
        good_for="Images: how far brightness and colour alone go, without any shape.",
        avoid_when="What counts has a shape, as letters and faces have.",
    ),
    Row(
        name="random_kernels",
        page="random_kernels",
        class_name="RandomKernels",
        role="baseline",
        reads=("sequence",),
        takes=("lengths",),
        tasks=TASKS[:4],
        unasked=("image",),  # rows of pixels are no sequence: what it says there is little
        source="Dempster, Schmidt & Webb, MiniRocket: A Very Fast (Almost) Deterministic Transform"
        " for Time Series Classification, 2021",
        good_for="Sequences: the line that a network has to beat, after seconds.",
        avoid_when="The order of far-apart events decides: it counts patterns anywhere.",
    ),
    Row(
        name="tfidf",
        page="tfidf",
        class_name="Tfidf",
        role="baseline",
        reads=("words",),
        takes=("lengths",),
        tasks=TASKS[:4],
        source="Spärck Jones, A Statistical Interpretation of Term Specificity and Its Application"
        " in Retrieval, 1972; Wang & Manning, Baselines and Bigrams, 2012",
        good_for="Text: the line that a network has to beat, after seconds.",
        avoid_when="Synonyms and long-range order decide: each word and pair is for itself.",
    ),
    Row(
        name="last_value",
        page="last_value",
        class_name="LastValue",
        role="baseline",
        reads=("window",),
        predicts="steps",
        tasks=TASKS[-1:],
        good_for="Forecasts of the next few steps: what is now stays.",
        avoid_when="The season is shorter than the steps ahead.",
    ),
    Row(
        name="seasonal_naive",
        page="seasonal_naive",
        class_name="SeasonalNaive",
        role="baseline",
        reads=("window",),
        predicts="steps",
        tasks=TASKS[-1:],
        source="Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 2021",
        good_for="Forecasts with a season: tomorrow as today, at the same hour.",
        avoid_when="There is no season, or the look-back holds none.",
    ),
    Row(
        name="seasonal_mean",
        page="seasonal_mean",
        class_name="SeasonalMean",
        role="baseline",
        reads=("window",),
        predicts="steps",
        tasks=TASKS[-1:],
        good_for="Forecasts with a season and much noise: the mean of the last few.",
        avoid_when="The level moves: a mean lags behind.",
    ),
    Row(
        name="ridge_windows",
        page="ridge_windows",
        class_name="RidgeWindows",
        role="baseline",
        reads=("window",),
        predicts="steps",
        tasks=TASKS[-1:],
        source="Hoerl & Kennard, Ridge Regression, 1970; Zeng et al., Are Transformers Effective"
        " for Time Series Forecasting?, 2023",
        good_for="Forecasts: the line that a network has to beat; solved at once.",
        avoid_when="What comes depends on the past otherwise than by sums.",
    ),
    Row(
        name="mlp",
        page="mlp",
        class_name="MLP",
        role="encoder",
        reads=("table", "vector"),
        takes=("categories",),
        source="Rumelhart, Hinton & Williams, Learning Representations by Back-Propagating"
        " Errors, 1986",
        good_for="Tables and short vectors; the first network to try.",
        avoid_when="Order or neighbourhood matters: to it, pixels are a bag of numbers.",
    ),
    Row(
        name="mlp_periodic",
        page="mlp",
        class_name="MLP",
        role="encoder",
        reads=("table",),
        takes=("categories",),
        # Validation R2 of housing, seed 0: (64, 32) alone 0.815, (256, 128) 0.824, with dropout 0.2
        # 0.837, with the norm, too, 0.843 (mean of 3 seeds 0.838; with dropout 0.3 0.832). The
        # price: 0.016 on water. Six other tables: docs/benchmarks.md, "Accuracy on tables".
        defaults={
            "num_frequencies": 16,
            "hidden_sizes": (256, 128),
            "dropout": 0.2,
            "norm": "layer",
        },
        source="Gorishniy et al., On Embeddings for Numerical Features in Tabular Deep Learning,"
        " 2022",
        good_for="Tables whose numbers act in steps and waves, where plain MLPs lose to boosting.",
        avoid_when="Few rows: its extra freedom fits noise.",
    ),
    Row(
        name="tabm",
        page="tabm",
        class_name="TabM",
        role="whole",
        reads=("table",),
        takes=("categories",),
        tasks=TASKS[:4],
        members=True,
        source="Gorishniy, Kotelnikov & Babenko, TabM: Advancing Tabular Deep Learning with"
        " Parameter-Efficient Ensembling, 2025",
        good_for="Tables: an ensemble of MLPs for the price of a few of them.",
        avoid_when="Little time: a step costs five times that of an MLP of the same width.",
    ),
    Row(
        name="cnn",
        page="cnn",
        class_name="CNN",
        role="encoder",
        reads=("image",),
        source="LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998",
        good_for="Images: what matters is local and may stand anywhere.",
        avoid_when="Far-apart parts must be compared; tables: columns have no neighbours.",
    ),
    Row(
        name="rnn",
        page="rnn",
        class_name="RNN",
        role="encoder",
        reads=("sequence", "text"),
        takes=("lengths",),
        tasks=(*TASKS, *STEPS),
        source="Elman, Finding Structure in Time, 1990",
        good_for="Short sequences; the simplest network with a memory.",
        avoid_when="More than a few dozen steps: its gradient vanishes or explodes.",
    ),
    Row(
        name="lstm",
        page="lstm",
        class_name="LSTM",
        role="encoder",
        reads=("sequence", "text"),
        takes=("lengths",),
        tasks=(*TASKS, *STEPS),
        source="Hochreiter & Schmidhuber, Long Short-Term Memory, 1997",
        good_for="Sequences in which early steps matter late.",
        avoid_when="Thousands of steps; it reads one step after the other and cannot skip.",
    ),
    Row(
        name="gru",
        page="gru",
        class_name="GRU",
        role="encoder",
        reads=("sequence", "text"),
        takes=("lengths",),
        tasks=(*TASKS, *STEPS),
        source="Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014",
        good_for="What an LSTM is good for, with a quarter fewer weights.",
        avoid_when="Counting over long stretches, where the LSTM's separate memory helps.",
    ),
    Row(
        name="transformer",
        page="transformer",
        class_name="Transformer",
        role="encoder",
        reads=("sequence", "text"),
        takes=("lengths",),
        tasks=(*TASKS, *STEPS),
        unasked=("image",),
        source="Vaswani et al., Attention Is All You Need, 2017",
        good_for="Sequences in which any step may matter to any other, with many examples.",
        avoid_when="Few examples: it knows nothing of order or locality until it has learned them.",
    ),
    Row(
        name="ft_transformer",
        page="ft_transformer",
        class_name="FTTransformer",
        role="encoder",
        reads=("table",),
        takes=("categories",),
        source="Gorishniy et al., Revisiting Deep Learning Models for Tabular Data, 2021",
        good_for="Tables with columns that act together; often the best network there.",
        avoid_when="Many columns or little time: it costs the square of the number of columns.",
    ),
    Row(
        name="cnn1d",
        page="cnn1d",
        class_name="CNN1D",
        role="encoder",
        reads=("sequence", "text"),
        takes=("lengths",),
        unasked=("image",),
        source="Kim, Convolutional Neural Networks for Sentence Classification, 2014",
        good_for="Sequences in which short patterns matter wherever they stand; fast.",
        avoid_when="What depends on the order of far-apart patterns.",
    ),
    Row(
        name="tcn",
        page="tcn",
        class_name="TCN",
        role="encoder",
        reads=("sequence", "text"),
        takes=("lengths",),
        tasks=(*TASKS, *STEPS),
        unasked=("image", "words"),  # of texts as such; of tokens it runs
        source="Bai, Kolter & Koltun, An Empirical Evaluation of Generic Convolutional and"
        " Recurrent Networks for Sequence Modeling, 2018",
        good_for="Long sequences: it looks far back and reads all steps at once.",
        avoid_when="Memory beyond its reach, which is fixed by its depth.",
    ),
    Row(
        name="lstm_attention",
        page="lstm_attention",
        class_name="LSTMAttention",
        role="encoder",
        reads=("sequence", "text"),
        takes=("lengths",),
        tasks=(*TASKS, *STEPS),
        unasked=("image",),
        source="Lin et al., A Structured Self-Attentive Sentence Embedding, 2017",
        good_for="Sequences in which a few steps decide: they are weighed, not only remembered.",
        avoid_when="Little data; it costs more than an LSTM and may win nothing.",
    ),
    Row(
        name="transformer_seq2seq",
        page="transformer_seq2seq",
        class_name="TransformerSeq2Seq",
        role="whole",
        reads=("sequence", "text"),
        takes=("lengths", "previous"),
        tasks=(*TASKS, "text"),
        unasked=("window", "image", "words"),  # it reads twice, at twice the encoder's price
        source="Vaswani et al., Attention Is All You Need, 2017",
        good_for="Translation; as a classifier it reads the last step of its decoder.",
        avoid_when="Classification: the encoder alone does as well at half the cost.",
    ),
    Row(
        name="resnet",
        page="resnet",
        class_name="ResNet",
        role="encoder",
        reads=("image",),
        source="He et al., Deep Residual Learning for Image Recognition, 2016",
        good_for="Images with thousands of examples; depth without vanishing gradients.",
        avoid_when="A few hundred images: it needs augmentation or a start from other data.",
    ),
    Row(
        name="vit",
        page="vit",
        class_name="ViT",
        role="encoder",
        reads=("image",),
        source="Dosovitskiy et al., An Image Is Worth 16x16 Words, 2021",
        good_for="Images in great number; any patch may matter to any other.",
        avoid_when="Small data sets, where convolutions win.",
    ),
    Row(
        name="cnn3d",
        page="cnn3d",
        class_name="CNN3D",
        role="encoder",
        reads=("volume",),
        source="Ji et al., 3D Convolutional Neural Networks for Human Action Recognition, 2013",
        good_for="Volumes (scans) and short films.",
        avoid_when="Time and memory: each voxel costs nine times a pixel's window.",
    ),
    Row(
        name="embedding_bag",
        page="embedding_bag",
        class_name="EmbeddingBag",
        role="encoder",
        reads=("text",),
        takes=("lengths",),
        source="Joulin et al., Bag of Tricks for Efficient Text Classification, 2017",
        good_for="Topics and sentiment: the first network to try on text, and a fast one.",
        avoid_when="Where word order beyond neighbours decides.",
    ),
    Row(
        name="dlinear",
        page="dlinear",
        class_name="DLinear",
        role="whole",
        reads=("window",),
        predicts="steps",
        tasks=TASKS[-1:],
        source="Zeng et al., Are Transformers Effective for Time Series Forecasting?, 2023",
        good_for="Forecasts: a linear map of trend and rest that is hard to beat.",
        avoid_when="Changes that depend on other series or on what is not linear.",
    ),
    Row(
        name="patchtst",
        page="patchtst",
        class_name="PatchTST",
        role="whole",
        reads=("window",),
        predicts="steps",
        tasks=TASKS[-1:],
        source="Nie et al., A Time Series Is Worth 64 Words, 2023",
        good_for="Long forecasts of many similar series.",
        avoid_when="Short histories; series that must be read together.",
    ),
    Row(
        name="rnn_seq2seq",
        page="rnn_seq2seq",
        class_name="RNNSeq2Seq",
        role="whole",
        reads=("window", "sequence", "text"),
        takes=("lengths", "previous"),
        predicts="steps",
        tasks=("series", "forecast", "text"),
        source="Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014",
        good_for="Sequences in, sequences out, each step knowing those before it.",
        avoid_when="Long outputs: its own mistakes are its next input.",
    ),
    Row(
        name="vector_to_sequence",
        page="vector_to_sequence",
        class_name="VectorToSequence",
        role="whole",
        reads=("vector", "table"),
        predicts="steps",
        tasks=("series", "forecast"),
        source="Karpathy, The Unreasonable Effectiveness of Recurrent Neural Networks, 2015",
        good_for="One vector in, a sequence out: a curve from its settings.",
        avoid_when="Sequences that depend on more than the vector says.",
    ),
    Row(
        name="network",
        page="network",
        class_name="Network",
        role="whole",
        reads=("mixed",),
        tasks=TASKS[:-1],
        good_for="Several inputs or several targets: one encoder for each, joined.",
        avoid_when="A single input: its encoder alone does the same.",
    ),
    Row(
        name="attention",
        page="attention",
        class_name="MultiHeadAttention",
        role="blocks",
        reads=(),
        source="Vaswani et al., Attention Is All You Need, 2017",
        good_for="Reading: attention and positions with nothing around them.",
        avoid_when="A model is wanted: it is a part of one.",
    ),
)

CATALOG: Mapping[str, Row] = {row.name: row for row in ROWS}


def find(name: str, *, trainable: bool = False) -> Row:
    """Return the row called `name`.

    Args:
        name: Of an architecture or a baseline.
        trainable: Refuse, and do not suggest, what a run cannot train.

    Raises:
        RequestError: There is none; the message suggests the nearest name.
    """
    known = [row.name for row in ROWS if row.trainable or not trainable]
    if name not in CATALOG:
        raise RequestError(unknown("architecture", name, known))
    if name not in known:
        raise RequestError(
            f"{name} cannot be trained by a run: it is there to read and to build with. "
            f"Architectures: {', '.join(known)}."
        )
    return CATALOG[name]


def fitting(views: Iterable[str], task: str = "") -> list[Row]:
    """Return all rows that can read one of the views on offer, in the order of the catalogue.

    Args:
        views: Those on offer.
        task: What is to be predicted; "" for anything.
    """
    offered = set(views)
    return [
        row
        for row in ROWS
        if row.trainable and offered & set(row.reads) and (not task or task in row.tasks)
    ]


def load(row: Row, framework: str) -> Any:
    """Import the page of a row and return its class; this imports the framework.

    Only rooms and names written in this file are imported, never a name from a user's file.
    """
    if row.role == "baseline":
        room = "baselines"
    else:
        room = "torch_models" if framework == "torch" else "keras_models"
    return getattr(import_module(f"bakeoff.{room}.{row.page}"), row.class_name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """An optional argument of a page: its name, type as written, and default."""

    name: str
    annotation: str
    default: Any


def arguments(row: Row) -> dict[str, Argument]:
    """Return what can be set on a page, read from its source: no framework is imported.

    Example:
        >>> arguments(find("mlp"))["dropout"].default
        0.0
    """
    return {n: own for n, own in parameters(row).items() if n not in FROM_DATA}


@cache
def parameters_of(room: str, page: str, class_name: str) -> dict[str, Argument]:
    """Return all keyword arguments of a class of a page, by name."""
    source = (Path(__file__).parent / room / f"{page}.py").read_text("utf-8")
    body = ast.parse(source).body
    constants = {
        line.targets[0].id: line.value
        for line in body
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)
    }
    found = next(
        node for node in body if isinstance(node, ast.ClassDef) and node.name == class_name
    )
    start = next(n for n in found.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    pairs = zip(start.args.kwonlyargs, start.args.kw_defaults, strict=True)
    return {
        argument.arg: Argument(
            name=argument.arg,
            annotation=ast.unparse(argument.annotation) if argument.annotation else "",
            default=value_of(default, constants),
        )
        for argument, default in pairs
    }


def parameters(row: Row) -> dict[str, Argument]:
    """Return all keyword arguments of a page, also those that follow from the data."""
    room = "baselines" if row.role == "baseline" else "torch_models"
    return parameters_of(room, row.page, row.class_name)


def value_of(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> Any:
    """Return the value of a default: a literal, or a name of the same file that stands for one."""
    if isinstance(node, ast.Name) and node.id in constants:
        node = constants[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return value_of(node.left, constants) ** value_of(node.right, constants)
    return None if node is None else ast.literal_eval(node)
