"""The command line: parses arguments, calls `bakeoff.api`, and turns errors into one sentence.

Exit codes: 0 done; 1 the run failed; 2 the request or the data is wrong. What ended from outside
has 128 and the number of the signal: 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP, 141 nobody reads on.
"""

import inspect
import os
import sys
import tomllib
import warnings
from collections.abc import Callable
from functools import partial, wraps
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Annotated, Any

import typer

from bakeoff.errors import (
    FLAGS,
    SYNONYMS,
    BakeoffError,
    RequestError,
    RunError,
    did_you_mean,
    option,
)
from bakeoff.options import Option, options
from bakeoff.plan.experiment import Experiment
from bakeoff.train.recipe import Recipe

UsageError: Any = typer.BadParameter.__base__  # has no public name in typer

app = typer.Typer(
    name="bakeoff",
    help="Train the standard neural networks on your data, side by side, and see which wins.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def with_options(*tables: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of some tables of bakeoff.toml; it gets them as `given`."""
    known = {
        name: known
        for name, known in {**options(Experiment), **options(Recipe)}.items()
        if known.table in tables
    }

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run_command(*args: Any, **own: Any) -> None:
            given = {name: typed(item, own.pop(name)) for name, item in known.items()}
            given["kinds"] = pairs(given.get("kinds"))
            command(*args, given=given, **own)

        parameters = dict(inspect.signature(command).parameters)
        del parameters["given"]
        first, *rest = parameters.values()
        added = [parameter(item) for item in known.values()]
        signature = inspect.Signature([first, *added, *rest])
        run_command.__signature__ = signature  # type: ignore[attr-defined]
        run_command.__annotations__ = {p.name: p.annotation for p in (first, *added, *rest)}
        return run_command

    return wrap


def parameter(known: Option) -> inspect.Parameter:
    """Return one option as typer reads it: as a string, or a flag; nothing said is None."""
    kinds: dict[type, Any] = {dict: list[str] | None, bool: bool | None}
    kind = kinds.get(known.kind, str | None)
    metavar = {int: "INTEGER", float: "FLOAT"}.get(known.kind)
    flag = FLAGS.get(known.name, "--" + known.name.replace("_", "-"))
    return inspect.Parameter(
        known.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=None,
        annotation=Annotated[kind, typer.Option(flag, help=words(known), metavar=metavar)],
    )


def typed(known: Option, given: Any) -> Any:
    """Return a number of a number's option; what is none stays a string, and is refused as such."""
    if known.kind not in (int, float) or given is None:
        return given
    try:
        return known.kind(given)
    except ValueError:
        return given


def words(known: Option) -> str:
    """Say what an option means, its choices and its default."""
    text = known.help
    if known.choices and not callable(known.choices):
        text += f" ({', '.join(known.choices)})"
    empty = known.default in ("", "auto", 0, (), {})
    shown = ",".join(known.default) if isinstance(known.default, tuple) else known.default
    return text[0].upper() + text[1:] + ("." if empty else f". Default: {shown}.")


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from bakeoff import __version__

        typer.echo(f"bakeoff {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Train the standard neural networks on your data, side by side, and see which wins."""


Models = Annotated[str, typer.Option(help="Models to train: mlp,lstm. Default: all that fit.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="NAME.SETTING=VALUE, such as lstm.hidden_sizes=[64,32]; wide.architecture=mlp makes "
        "a model called wide. May be repeated.",
    ),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        help="NAME.SETTING=[values], such as mlp.dropout=[0,0.2,0.5]: a model for each value; "
        "data.SETTING=[values], such as data.length=[50,100]: a run for each. May be repeated.",
    ),
]
Out = Annotated[str, typer.Option(help="Folder of the run. Default: runs/NAME.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print leaderboard and verdict only.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show kinds, split, models and time; train nothing.")
]
SelfTest = Annotated[
    bool,
    typer.Option("--selftest", help="Test every network on a few rows before it is trained."),
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model", help="Default: the winner. With several frameworks: 'cnn (tensorflow)'."
    ),
]
RunPath = Annotated[str, typer.Argument(help="The folder of a run.")]


@app.command()
@with_options("data", "kinds", "run", "recipe")
def run(
    data: Annotated[
        str,
        typer.Argument(
            help="A file, a folder or .zip of pictures or of sequences, a data-set name, or a "
            "bakeoff.toml."
        ),
    ],
    given: dict[str, Any],
    models: Models = "",
    setting: Settings = None,
    vary: Vary = None,
    out: Out = "",
    json: AsJson = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    selftest: SelfTest = False,
) -> None:
    """Read, split, train all models, judge, report."""
    from bakeoff import api
    from bakeoff.plan.request import request
    from bakeoff.plan.sweep import of_data

    asked = {**given, "models": models, "settings": dotted(setting), "vary": vary}
    experiment = request(data, asked)
    show = "json" if json else "quiet" if quiet else "live"
    if over := of_data(vary or ()):
        each = partial(api.carry_out_each, experiment, *over, out=out or None, show=show)
        each(dry_run=dry_run, selftest=selftest)
        return
    api.carry_out(
        experiment,
        out=out or None,
        show=show,
        dry_run=dry_run,
        selftest=selftest,
        typed=sys.argv[1:],
    )


@app.command()
def resume(run: RunPath, json: AsJson = False, quiet: Quiet = False) -> None:
    """Go on with a run that was interrupted or killed: fits that have ended stay."""
    from bakeoff import api

    api.resume(run, show="json" if json else "quiet" if quiet else "live")


@app.command()
def demo(out: Out = "", json: AsJson = False, quiet: Quiet = False) -> None:
    """Do the main job on bundled real data: handwritten digits, in about two minutes."""
    from bakeoff import api
    from bakeoff.plan.request import demo_experiment

    show = "json" if json else "quiet" if quiet else "live"
    api.carry_out(demo_experiment(), out=out or None, show=show)


@app.command()
@with_options("data", "kinds")
def init(
    data: Annotated[str, typer.Argument(help="A file, a folder of pictures, or a data-set name.")],
    given: dict[str, Any],
    out: Annotated[str, typer.Option(help="The file to write.")] = "bakeoff.toml",
) -> None:
    """Write the bakeoff.toml that run would use: every choice, its reason as a comment."""
    from bakeoff import api
    from bakeoff.plan.request import request

    path = api.write_plan(request(data, given), Path(out))
    typer.echo(f"{path} is written. Change what you like, then: bakeoff run {path}")


@app.command()
def predict(
    run: RunPath,
    data: Annotated[
        str, typer.Argument(help="A file with the columns that the run learned from, or pictures.")
    ],
    model: ModelName = "",
    images: Annotated[
        str,
        typer.Option(
            help="Of a table with paths of pictures: the folder or .zip that they start at. "
            "Default: the folder of the table."
        ),
    ] = "",
    beam: Annotated[
        int, typer.Option(help="Of a text that is written: how many beginnings of it are kept.")
    ] = 1,
    out: Annotated[str, typer.Option(help="A .csv or .parquet file. Default: print CSV.")] = "",
) -> None:
    """Predict new rows with the winner of a run."""
    from bakeoff import api
    from bakeoff.documents import writing

    path = Path(out)
    if out and path.suffix not in (".csv", ".parquet"):
        raise RequestError(f"{option('out', out)} must end in .csv or .parquet.")
    if out and not path.parent.is_dir():
        raise RequestError(
            f"{option('out', out)}: there is no folder {path.parent}. Make it first."
        )
    trained = api.open_run(run).model(model or None)
    with warnings.catch_warnings(record=True, action="always", category=UserWarning) as notes:
        table = trained.predict(data, images=images or None, beam=beam)
    for note in notes:
        typer.echo(f"bakeoff: {note.message}", err=True)
    if not out:
        typer.echo(table.write_csv(), nl=False)
        return
    with writing(path) as draft:
        table.write_parquet(draft) if path.suffix == ".parquet" else table.write_csv(draft)
    typer.echo(f"{len(table):,} predictions of {trained.fit.job.model} are in {path}.")


@app.command()
def convert(
    run: RunPath,
    to: Annotated[str, typer.Option(help="torch, tensorflow or jax.")],
    model: ModelName = "",
    out: Annotated[
        str, typer.Option(help="A new .safetensors file. Default: beside the weights of the fit.")
    ] = "",
    data: Annotated[
        str, typer.Option(help="Rows for the check, such as the training file. Default: drawn.")
    ] = "",
) -> None:
    """Carry the winner's weights over to another framework, and check that nothing changed."""
    from bakeoff.deliver.convert import convert_run, sentences
    from bakeoff.runs.folder import open_folder

    path = Path(out) if out else None
    folder = open_folder(Path(run))
    converted = convert_run(folder, to=to, model=model, out=path, data=data or None)
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
    """Read NAME.SETTING=VALUE options; a value is TOML or JSON, or else a string."""
    found: dict[str, dict[str, Any]] = {}
    for value in values or []:
        place, equals, text = value.partition("=")
        name, dot, setting = place.rpartition(".")
        if not equals or not dot or not name:
            raise RequestError(f"--set {value}: write NAME.SETTING=VALUE, such as mlp.dropout=0.1.")
        found.setdefault(name, {})[setting] = value_of(text)
    return found


def values(settings: list[str] | None) -> dict[str, Any]:
    """Read NAME=VALUE options; a value is TOML or JSON, or else a string."""
    found = {}
    for setting in settings or []:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise RequestError(f"--set {setting}: write NAME=VALUE, such as hidden_sizes=[64,32].")
        found[name] = value_of(text)
    return found


def value_of(text: str) -> Any:
    """Read a value of TOML, or of JSON; what is neither is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        pass
    try:
        return loads(text)
    except JSONDecodeError:
        return text


def check_flags(words: list[str]) -> None:
    """Refuse an option that is called otherwise here, and say how.

    Raises:
        RequestError: It is one of the words that people bring along, such as --learning-rate.
    """
    known = {*options(Experiment), *options(Recipe), "models", "show"}
    for word in words:
        name = word.removeprefix("--").partition("=")[0].replace("-", "_")
        if word.startswith("--") and name not in known and SYNONYMS.get(name) in known:
            ours = SYNONYMS[name]
            flag = "--quiet" if ours == "show" else FLAGS.get(ours, "--" + ours.replace("_", "-"))
            raise RequestError(f"No option called {word!r}. Did you mean {flag!r}?")


def follow_the_first() -> None:
    """Train with the first process that torchrun has started, where this is another one; end."""
    if "MASTER_ADDR" not in os.environ or os.environ.get("RANK", "0") in ("", "0"):
        return
    from bakeoff.train.followers import follow

    follow()


def main() -> None:
    """Run the command line."""
    open_streams()
    try:
        follow_the_first()
        check_flags(sys.argv[1:])
        sys.exit(app(standalone_mode=False) or 0)
    except SystemExit as end:
        unread = isinstance(end.__context__, BrokenPipeError)  # as in `bakeoff models | head`
        sys.exit(141 if unread else end.code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except UsageError as error:
        typer.echo(wrong_usage(error), err=True)
        sys.exit(2)
    except RunError as error:
        typer.echo(f"bakeoff: {error.worded('command line')}", err=True)
        sys.exit(1)
    except BakeoffError as error:
        typer.echo(f"bakeoff: {error.worded('command line')}", err=True)
        sys.exit(2)
    except OSError as error:  # of the machine, such as a file that may not be read
        place = f"{error.filename}: " if error.filename else ""
        typer.echo(f"bakeoff: {place}{error.strerror or error}.", err=True)
        sys.exit(1)
    except MemoryError as error:
        typer.echo(f"bakeoff: there is not enough memory. {error}".rstrip(), err=True)
        sys.exit(1)
    except Exception as error:
        typer.echo(f"bakeoff: {unexpected(error)}", err=True)
        sys.exit(1)


def open_streams() -> None:
    """See that there are standard streams, and that they write every letter somehow.

    A stream that was closed from the start (`>&-`) goes nowhere; else the next file that is opened
    would take its number, and get what a library prints.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            encoding = None if stream.isatty() else "utf-8"  # a file is UTF-8 on every machine
            stream.reconfigure(encoding=encoding, errors="replace")  # a console shows ? for — or µ


def wrong_usage(error: Any) -> str:
    """Say in one sentence what is wrong with the words of a command, and where they are listed.

    Args:
        error: Of typer; it has the name of an option if it is about one.
    """
    words = sys.argv[1:]
    if not words:
        return str(error.format_message())  # the help
    parser = error.ctx.command if error.ctx else None
    name = getattr(error, "option_name", "")
    if hasattr(error, "possibilities"):
        known = [flag for item in parser.params for flag in item.opts] if parser else []
        what = f"No option called {name!r}.{did_you_mean(name, known)}"
    else:
        what = " ".join(str(error.format_message()).split()).removesuffix(".")
        wanted = getattr(getattr(error, "param", None), "help", "")  # where an argument is missing
        what = f"{what}: {wanted}" if wanted else what
        what = what if what.endswith(("?", ".")) else f"{what}."
    commands = {
        str(command.callback.__name__) for command in app.registered_commands if command.callback
    }
    command = next((f" {word}" for word in words if word in commands), "")
    return f"bakeoff: {what} See: bakeoff{command} --help"


def unexpected(error: Exception) -> str:
    """Say that bakeoff itself is at fault, and leave the traceback in a file."""
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(error))
    what = " ".join(str(error).split())[:300]
    said = f"this is a mistake in bakeoff, not yours: {type(error).__name__}: {what}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="bakeoff-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError:  # there is no room for it: then as it comes
        return f"{said}\n{text}"
    return f"{said} Please report it with {file.name}."
