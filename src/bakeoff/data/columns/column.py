"""Column: what it holds and why it was read so; and the schema that gives each column a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

from bakeoff.build import Count, build_fields, hints_of
from bakeoff.cut import cut
from bakeoff.data.forms import (
    DateForm,
    Form,
    LabelsForm,
    LabelType,
    LongForm,
    SeriesForm,
    ShapeForm,
    StepsForm,
    WordForm,
    form_from_dict,
)
from bakeoff.data.kinds import KINDS
from bakeoff.errors import DataError, RequestError, option, unknown

TABLE = "columns"  # what all columns of a table are called where they are one of several inputs
TEXT = "text"  # the kind of a column that is no input by default unless it holds sentences
Task = Literal[
    "binary",
    "multiclass",
    "multilabel",
    "regression",
    "forecast",
    "step_classes",
    "step_numbers",
    "series",
    "text",
]
PER_STEP: tuple[Task, ...] = ("step_classes", "step_numbers")  # a class or a number of each step


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of the data.

    Args:
        name: Its name in the user's file.
        kind: What it holds: a row of `KINDS`.
        reason: Why it was read so, in a few words for the user.
        missing: Rows without a value.
        distinct: Different values; 0 for images, sequences and volumes, where nobody counted.
        form: How its values are written, so that new data of the same make is read alike.
    """

    name: str
    kind: str
    reason: str
    missing: Count = 0
    distinct: Count = 0
    form: Form | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """Which columns go in, which come out, and the task that follows for each target.

    Args:
        columns: All columns, in the order of the file.
        inputs: Names of the columns that a model sees.
        targets: Names of the columns to predict.
        tasks: Target -> "binary", "multiclass", "multilabel", "regression", "forecast"; of a
            sequence "step_classes" or "step_numbers"; "series" of numbers; or "text".
        positive: Binary target -> its positive class.
    """

    columns: tuple[Column, ...]
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    tasks: Mapping[str, Task] = field(default_factory=dict)
    positive: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, str]:
        """Column -> kind, as `read(kinds=...)` takes it to read the data alike again."""
        kinds: dict[str, str] = {}
        for column in self.columns:
            form = column.form
            table = (form.long or form.series) if isinstance(form, ShapeForm) else None
            if table is not None:
                kinds |= kinds_of(table)
            elif isinstance(form, ShapeForm) and form.lists is not None:
                kinds |= dict.fromkeys(form.lists.names, column.kind)
            elif isinstance(form, ShapeForm) and form.wide is not None:
                kinds[form.wide.pattern] = column.kind
            elif isinstance(form, StepsForm):
                kinds[column.name] = f"steps:{'category' if form.names else 'number'}"
            elif not isinstance(form, LabelsForm) or not form.pattern:
                kinds[column.name] = kind_of(column.kind, form)
        return kinds

    @property
    def long(self) -> LongForm | None:
        """The columns of the long table that the sequences came from, else None."""
        form = self.column(self.inputs[0]).form
        return form.long if isinstance(form, ShapeForm) else None

    @property
    def series(self) -> SeriesForm | None:
        """The table of the time series that the windows lie in, else None."""
        form = self.column(self.inputs[0]).form
        return form.series if isinstance(form, ShapeForm) else None

    @property
    def learned_from(self) -> tuple[str, ...]:
        """Columns of the user's own data that go in, as `read(inputs=...)` takes them."""
        table = self.long or self.series
        if table is not None:
            return table.names
        forms = {name: self.column(name).form for name in self.inputs}
        lists = {n: f.lists for n, f in forms.items() if isinstance(f, ShapeForm) and f.lists}
        return tuple(own for n in self.inputs for own in (lists[n].names if n in lists else (n,)))

    def only(self, target: str) -> Schema:
        """Return the same schema with one of its targets."""
        if self.targets == (target,):
            return self
        positive = {name: own for name, own in self.positive.items() if name == target}
        tasks = {target: self.tasks[target]}
        return replace(self, targets=(target,), tasks=tasks, positive=positive)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels of the first target, of which a row has any number; none of other targets."""
        if self.tasks.get(self.targets[0]) != "multilabel":
            return ()
        form = self.column(self.targets[0]).form
        return form.names if isinstance(form, LabelsForm) else ()

    @property
    def predicted(self) -> tuple[str, ...]:
        """The targets as `read(target=...)` takes them: labels by the glob of their columns."""
        forms = {name: self.column(name).form for name in self.targets}
        return tuple(
            form.pattern if isinstance(form, LabelsForm) and form.pattern else name
            for name, form in forms.items()
        )

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Input -> its columns: those of a table are one input, any other column is one alone."""
        blocks = [name for name in self.inputs if KINDS[self.column(name).kind].alone]
        tabled = tuple(name for name in self.inputs if name not in blocks)
        table = {tabled[0] if len(tabled) == 1 and blocks else free(TABLE, blocks): tabled}
        return {**{name: (name,) for name in blocks}, **(table if tabled else {})}

    @property
    def labels(self) -> LabelType:
        """What the classes of the first target are to the user: strings, integers, ..."""
        form = self.column(self.targets[0]).form
        form = form.cells if isinstance(form, StepsForm) else form
        return form.labels if isinstance(form, WordForm) else "string"

    def column(self, name: str) -> Column:
        """Return the column called `name`."""
        for column in self.columns:
            if column.name == name:
                return column
        raise RequestError(unknown("column", name, [column.name for column in self.columns]))


def free(name: str, taken: Sequence[str]) -> str:
    """Return a name that is not taken."""
    while name in taken:
        name += "_"
    return name


def kind_of(kind: str, form: Form | None) -> str:
    """Return a kind as the user would name it: with the pattern of a date."""
    if kind == "time" and isinstance(form, DateForm) and form.pattern:
        return f"{kind}:{form.pattern}"
    return kind


def kinds_of(table: LongForm | SeriesForm) -> dict[str, str]:
    """Return the kinds of the columns of a table that models see, and of written dates."""
    kinds: dict[str, str] = {channel.name: channel.kind for channel in table.channels}
    times = (table.time,) if isinstance(table, LongForm) else table.time
    if isinstance(table.time_form, DateForm) and table.time_form.pattern and len(times) == 1:
        kinds[times[0]] = kind_of("time", table.time_form)
    return kinds


SCHEMA = {  # the fields of schema.json
    "columns": tuple[Mapping[str, Any], ...],
    "inputs": tuple[str, ...],
    "targets": tuple[str, ...],
    "tasks": Mapping[str, Task],
    "positive": Mapping[str, str],
}


class Note(NamedTuple):
    """Something that was decided while a column was read.

    Args:
        kind: "missing" (a word that means no value), "unread" (cells that are no number, no date
            or none of two words), "infinite", "brackets" (numbers written as (5), which are
            negative), "converted" (cells in another form or unit than the training data), "class"
            (a class that is called like a missing value) or "text" (a target that is written).
        text: A sentence for the user.
    """

    kind: Literal["missing", "unread", "infinite", "brackets", "converted", "class", "text"]
    text: str


class Reading(NamedTuple):
    """A column as it was read.

    Args:
        column: What it holds.
        values: Of all rows, as a `Dataset` takes them.
        notes: What was decided.
        counts: Of a category: word -> rows; None where nobody counted.
    """

    column: Column
    values: Any
    notes: tuple[Note, ...] = ()
    counts: Mapping[str, int] | None = None


def schema_to_dict(schema: Schema) -> dict[str, Any]:
    """Return a schema as plain data, for schema.json."""
    return asdict(schema)


def schema_from_dict(document: Mapping[str, Any]) -> Schema:
    """Make a schema from plain data.

    Raises:
        DataError: A field is missing, unknown, or holds what it cannot; the message names it.
    """
    own = build_fields(document, SCHEMA, "schema")
    columns = tuple(column_from_dict(i, column) for i, column in enumerate(own.pop("columns")))
    schema = Schema(columns=columns, **own)
    check_names(schema)
    return schema


def column_from_dict(i: int, document: Mapping[str, Any]) -> Column:
    """Make column i of a schema from plain data."""
    where = f"schema.columns[{i}]"
    own = build_fields(document, {**hints_of(Column), "form": Mapping[str, Any] | None}, where)
    if own["kind"] not in KINDS:
        raise DataError(unknown("kind", own["kind"], KINDS, where=f"{where}.kind"))
    return Column(**{**own, "form": form_from_dict(own["form"], f"{where}.form")})


def check_names(schema: Schema) -> None:
    """Refuse a schema whose parts speak of columns that it does not have.

    Raises:
        DataError: The message names the field.
    """
    kinds = {column.name: column.kind for column in schema.columns}
    if len(kinds) < len(schema.columns):
        raise DataError("schema.columns has two columns of one name.")
    if not schema.inputs or not schema.targets:
        raise DataError("schema has no inputs or no targets.")
    for where in ("inputs", "targets", "tasks", "positive"):
        for name in getattr(schema, where):
            if name not in kinds:
                raise DataError(f"schema.{where} names {cut(repr(name))}, which is no column.")
    for name in schema.inputs:
        if not KINDS[kinds[name]].transform:
            raise DataError(f"schema.inputs names {cut(repr(name))}, which no model learns from.")
    for name in schema.targets:
        if name not in schema.tasks:
            raise DataError(f"schema.tasks does not name {cut(repr(name))}.")
        form, task = schema.column(name).form, schema.tasks[name]
        steps = isinstance(form, StepsForm)
        fits = isinstance(form, LabelsForm) == (task == "multilabel")
        if not fits or steps != (task in (*PER_STEP, "series")):
            raise DataError(f"schema.tasks of {cut(repr(name))} does not go with its column.")


def choose_inputs(
    columns: Sequence[Column], targets: Sequence[str], asked: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the columns that models will see: those asked for, as far as a model can use them.

    Of texts only those of sentences, unless they are asked for, or nothing else is there.
    """
    named = [c for c in columns if c.name not in targets and (asked is None or c.name in asked)]
    texts = named if asked is not None else free_texts(named)
    usable = tuple(
        c.name for c in named if KINDS[c.kind].transform and (c.kind != TEXT or c in texts)
    )
    usable = usable or tuple(column.name for column in named if column.kind == TEXT)
    if not usable:
        why = "; ".join(f"{column.name} is {column.kind} ({column.reason})" for column in named[:5])
        name = named[0].name if named else "name"
        words = any(isinstance(column.form, WordForm) for column in named)
        kind = TEXT if words and any(c.kind in (TEXT, "identifier") for c in named) else "category"
        raise DataError(
            f"No column can be used to predict {' and '.join(map(repr, targets))}: "
            f"{why or 'there is no other column'}. Give a kind, as in "
            f"{option('kinds', {name: kind})}."
        )
    return usable


def free_texts(columns: Sequence[Column]) -> list[Column]:
    """Return the columns of sentences, which models read unless the user says otherwise.

    Those are texts of eight words or more in the mean, and what the user calls text.
    """
    return [c for c in columns if isinstance(c.form, WordForm) and c.form.sentences]


def left_out(columns: Sequence[Column], targets: Sequence[str], inputs: Sequence[str]) -> list[str]:
    """Say which columns no model will see, and why."""
    out = [column for column in columns if column.name not in (*targets, *inputs)]
    unusable = [column for column in out if column.kind == TEXT or not KINDS[column.kind].transform]
    unasked = [column.name for column in out if column not in unusable]
    notes = [f"{c.name} is left out: {c.kind}, {c.reason}." for c in unusable]
    return notes + ([f"Not among the inputs: {', '.join(unasked)}."] if unasked else [])
