"""The command line: parses arguments, calls `bakeoff.api`, and turns errors into one sentence.

Exit codes: 0 done; 1 the run failed; 2 the request or the data is wrong; 130 interrupted.
"""

import sys
import tomllib
import warnings
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from bakeoff.errors import BakeoffError, RequestError, RunError

app = typer.Typer(
    name="bakeoff",
    help="Train the standard neural networks on your data, side by side, and see which wins.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from bakeoff import __version__

        typer.echo(f"bakeoff {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Train the standard neural networks on your data, side by side, and see which wins."""


Target = Annotated[str, typer.Option(help="Column to predict.")]
Inputs = Annotated[
    str, typer.Option(help="Columns to learn from: A,B,C. Default: all that can be.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="NAME=KIND where the kind was read wrongly. May be repeated."),
]
TestFile = Annotated[str, typer.Option("--test", help="A separate file of test rows.")]
ValidationFile = Annotated[str, typer.Option("--validation", help="A separate validation file.")]
Split = Annotated[
    str, typer.Option(help="random:70/15/15, time[:COLUMN], group:COLUMN or column:COLUMN.")
]
Positive = Annotated[str, typer.Option(help="The positive class of a binary target.")]
Models = Annotated[str, typer.Option(help="Models: mlp,lstm. Default: all that fit.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME.SETTING=VALUE, such as lstm.hidden_sizes=[64,32]."),
]
FrameworkList = Annotated[str, typer.Option(help="torch, tensorflow, jax, or several: A,B.")]
Seeds = Annotated[int | None, typer.Option(help="Fits of each model. Default: 5.")]
Seed = Annotated[int | None, typer.Option(help="The first seed; also draws the split.")]
MetricName = Annotated[str, typer.Option(help="Decides the ranking: accuracy, macro_f1, r2 ...")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Jobs = Annotated[int | None, typer.Option(help="Worker processes. Default: one per core.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training rows at most.")]
BatchSize = Annotated[int | None, typer.Option(help="Rows per training step.")]
Rate = Annotated[float | None, typer.Option("--lr", help="Learning rate. Default: 0.001.")]
Optimizer = Annotated[str, typer.Option(help="adamw, adam, sgd or rmsprop.")]
Schedule = Annotated[str, typer.Option(help="constant, cosine or one_cycle.")]
Decay = Annotated[
    float | None, typer.Option("--weight-decay", help="Pull of the weights towards zero.")
]
ClipNorm = Annotated[float | None, typer.Option(help="Longest gradient; 0 does not clip.")]
Loss = Annotated[str, typer.Option(help="auto, mse, mae, huber, or the cross entropies.")]
Precision = Annotated[str, typer.Option(help="float32 or bfloat16.")]
Patience = Annotated[int | None, typer.Option(help="Epochs without progress before a fit stops.")]
Out = Annotated[str, typer.Option(help="Folder of the run. Default: runs/NAME.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print leaderboard and verdict only.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show kinds, split, models and time; train nothing.")
]


@app.command()
def run(
    data: Annotated[str, typer.Argument(help="A file, a data-set name, or a bakeoff.toml.")],
    target: Target = "",
    inputs: Inputs = "",
    column: Columns = None,
    test: TestFile = "",
    validation: ValidationFile = "",
    split: Split = "",
    positive: Positive = "",
    models: Models = "",
    setting: Settings = None,
    framework: FrameworkList = "",
    seeds: Seeds = None,
    seed: Seed = None,
    metric: MetricName = "",
    device: Device = "",
    jobs: Jobs = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    lr: Rate = None,
    optimizer: Optimizer = "",
    schedule: Schedule = "",
    patience: Patience = None,
    weight_decay: Decay = None,
    clip_norm: ClipNorm = None,
    loss: Loss = "",
    precision: Precision = "",
    out: Out = "",
    json: AsJson = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Read, split, train all models, judge, report."""
    from bakeoff import api
    from bakeoff.plan import request

    experiment = request.plan(
        data,
        target=target,
        inputs=inputs,
        columns=pairs(column),
        test=test,
        validation=validation,
        split=split,
        positive=positive,
        models=models,
        settings=dotted(setting),
        framework=framework,
        seeds=seeds,
        seed=seed,
        metric=metric,
        device=device,
        jobs=jobs,
        recipe={
            "epochs": epochs,
            "batch_size": batch_size,
            "lr": lr,
            "optimizer": optimizer,
            "schedule": schedule,
            "patience": patience,
            "weight_decay": weight_decay,
            "clip_norm": clip_norm,
            "loss": loss,
            "precision": precision,
        },
    )
    show = "json" if json else "quiet" if quiet else "live"
    if dry_run:
        outline = api.preview(experiment, show=show)
        if json:
            typer.echo(dumps(outline, ensure_ascii=False))
    else:
        api.carry_out(experiment, out=out or None, show=show)


@app.command()
def demo(out: Out = "", json: AsJson = False, quiet: Quiet = False) -> None:
    """Do the main job on bundled real data: handwritten digits, in about two minutes."""
    from bakeoff import api
    from bakeoff.plan import request

    show = "json" if json else "quiet" if quiet else "live"
    api.carry_out(request.demo_experiment(), out=out or None, show=show)


@app.command()
def init(
    data: Annotated[str, typer.Argument(help="A file or a data-set name.")],
    target: Target = "",
    inputs: Inputs = "",
    column: Columns = None,
    test: TestFile = "",
    validation: ValidationFile = "",
    split: Split = "",
    positive: Positive = "",
    out: Annotated[str, typer.Option(help="The file to write.")] = "bakeoff.toml",
) -> None:
    """Write the bakeoff.toml that run would use: every choice, its reason as a comment."""
    from bakeoff import api
    from bakeoff.plan import request

    experiment = request.plan(
        data,
        target=target,
        inputs=inputs,
        columns=pairs(column),
        test=test,
        validation=validation,
        split=split,
        positive=positive,
    )
    path = api.write_plan(experiment, Path(out))
    typer.echo(f"{path} is written. Change what you like, then: bakeoff run {path}")


@app.command()
def predict(
    run: Annotated[str, typer.Argument(help="The folder of a run.")],
    data: Annotated[str, typer.Argument(help="A file with the columns that the run learned from.")],
    model: Annotated[
        str, typer.Option(help="Default: the winner. With several frameworks: 'cnn (tensorflow)'.")
    ] = "",
    out: Annotated[str, typer.Option(help="A .csv or .parquet file. Default: print CSV.")] = "",
) -> None:
    """Predict new rows with the winner of a run."""
    from bakeoff import api

    path = Path(out)
    if out and path.suffix not in (".csv", ".parquet"):
        raise RequestError(f"--out {out} must end in .csv or .parquet.")
    if out and not path.parent.is_dir():
        raise RequestError(f"--out {out}: there is no folder {path.parent}. Make it first.")
    trained = api.open_run(run).model(model or None)
    with warnings.catch_warnings(record=True, action="always", category=UserWarning) as notes:
        table = trained.predict(data)
    for note in notes:
        typer.echo(f"bakeoff: {note.message}", err=True)
    if not out:
        typer.echo(table.write_csv(), nl=False)
        return
    table.write_parquet(path) if path.suffix == ".parquet" else table.write_csv(path)
    typer.echo(f"{len(table):,} predictions of {trained.fit.job.model} are in {path}.")


@app.command()
def convert(
    run: Annotated[str, typer.Argument(help="The folder of a run.")],
    to: Annotated[str, typer.Option(help="torch, tensorflow or jax.")],
    model: Annotated[
        str, typer.Option(help="Default: the winner. With several frameworks: 'cnn (tensorflow)'.")
    ] = "",
    out: Annotated[
        str, typer.Option(help="A new .safetensors file. Default: beside the weights of the fit.")
    ] = "",
) -> None:
    """Carry the winner's weights over to another framework, and check that nothing changed."""
    from bakeoff.deliver.convert import convert_run, sentences
    from bakeoff.runs.folder import open_folder

    converted = convert_run(
        open_folder(Path(run)), to=to, model=model, out=Path(out) if out else None
    )
    for sentence in sentences(converted):
        typer.echo(sentence)


@app.command()
def models(json: AsJson = False) -> None:
    """List the catalogue: every architecture and baseline, and what it is good for."""
    from bakeoff.show.print_catalog import print_catalog

    print_catalog(as_json=json)


@app.command()
def show(
    architecture: Annotated[str, typer.Argument(help="A name that `bakeoff models` lists.")],
    input_shape: Annotated[
        str, typer.Option(help="Shape of one example: 20,8 steps and features; 1,28,28 an image.")
    ] = "",
    framework: Annotated[
        str, typer.Option(help="Show this page only: torch or tensorflow. Default: both.")
    ] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE, such as hidden_sizes=[64,32]. May be repeated."),
    ] = None,
    code: Annotated[bool, typer.Option("--code", help="Print the whole pages.")] = False,
    json: AsJson = False,
) -> None:
    """Show an architecture: equations, layers, arguments, both pages side by side."""
    from bakeoff.show.show_architecture import show_architecture

    show_architecture(
        architecture,
        shape=input_shape,
        framework=framework,
        settings=values(setting),
        code=code,
        as_json=json,
    )


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="The folder of a run.")],
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Show it in the browser.")] = True,
) -> None:
    """Rebuild report.html from the files of a run, and open it."""
    from bakeoff.report.report import write_report
    from bakeoff.runs.folder import open_folder

    path = write_report(open_folder(Path(run)))
    typer.echo(str(path))
    if open_ and sys.stdout.isatty():
        typer.launch(path.resolve().as_uri())


def pairs(values: list[str] | None) -> dict[str, str]:
    """Read NAME=KIND options; the last '=' parts them."""
    found = {}
    for value in values or []:
        name, equals, kind = value.rpartition("=")
        if not equals or not name:
            raise RequestError(f"--column {value}: write NAME=KIND, such as zip=category.")
        found[name] = kind
    return found


def dotted(values: list[str] | None) -> dict[str, dict[str, Any]]:
    """Read NAME.SETTING=VALUE options; a value is TOML, or else a text."""
    found: dict[str, dict[str, Any]] = {}
    for value in values or []:
        place, equals, text = value.partition("=")
        name, dot, setting = place.rpartition(".")
        if not equals or not dot or not name:
            raise RequestError(f"--set {value}: write NAME.SETTING=VALUE, such as mlp.dropout=0.1.")
        found.setdefault(name, {})[setting] = value_of(text)
    return found


def values(settings: list[str] | None) -> dict[str, Any]:
    """Read NAME=VALUE options; a value is TOML, or else a text."""
    found = {}
    for setting in settings or []:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise RequestError(f"--set {setting}: write NAME=VALUE, such as hidden_sizes=[64,32].")
        found[name] = value_of(text)
    return found


def value_of(text: str) -> Any:
    """Read a value of TOML; what is none is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without — or µ shows ?, and goes on
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except RunError as error:
        typer.echo(f"bakeoff: {error.worded('command line')}", err=True)
        sys.exit(1)
    except BakeoffError as error:
        typer.echo(f"bakeoff: {error.worded('command line')}", err=True)
        sys.exit(2)
    except Exception as error:
        typer.echo(f"bakeoff: {unexpected(error)}", err=True)
        sys.exit(1)


def unexpected(error: Exception) -> str:
    """Say that bakeoff itself is at fault, and leave the traceback in a file."""
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile(
        "w", prefix="bakeoff-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    what = " ".join(str(error).split())[:300]
    return (
        f"this is a mistake in bakeoff, not yours: {type(error).__name__}: {what} "
        f"Please report it with {file.name}."
    )
