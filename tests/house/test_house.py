"""The style of the house, as far as a machine can see it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bakeoff.catalog import ROWS

SOURCE = Path(__file__).parents[2] / "src" / "bakeoff"
FILES = sorted(SOURCE.rglob("*.py"))
NAMES = sorted({row.page for row in ROWS if row.role != "baseline"})
PAGES = [
    SOURCE / room / f"{name}.py" for room in ("torch_models", "keras_models") for name in NAMES
]
RECURRENT = ("rnn", "gru", "lstm")
SAME_METHODS = {  # room -> method, and the pages on which it must be the same
    "torch_models": (
        ("forward", RECURRENT),
        ("attention_weights", RECURRENT),
        ("join", RECURRENT),
        ("pool", ("rnn", "gru")),
    ),
    "keras_models": (
        ("call", RECURRENT),
        ("attention_weights", RECURRENT),
        ("join", RECURRENT),
        ("pool", ("rnn", "gru")),
    ),
}
MAY_PRINT = ("report", "cli.py", "__main__.py")  # relative to the source


def inside(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


every_file = pytest.mark.parametrize("file", FILES, ids=inside)
every_page = pytest.mark.parametrize("file", PAGES, ids=inside)


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def called(node: ast.AST) -> str:
    """Return the dotted name that a call calls, or nothing."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


@every_page
def test_a_page_reads_in_one_sitting(file: Path):
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400  # ideas count, not lines: no page needs to be dense
    assert "fmt: skip" not in text, "one argument, one entry, one idea a line"


@every_page
def test_a_page_imports_only_its_framework_numpy_and_the_standard_library(file: Path):
    framework = file.parent.name.removesuffix("_models")
    allowed = {framework, "numpy", *sys.stdlib_module_names}
    for node in ast.walk(tree(file)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a page has no neighbours"
            names = [node.module or ""]
        for name in names:
            assert name.partition(".")[0] in allowed, f"line {node.lineno}: {name}"


@every_page
def test_a_page_inherits_from_the_framework_only(file: Path):
    allowed = {"nn.Module", "keras.Model", "keras.layers.Layer", "layers.Layer"}
    plain = {"NamedTuple", "TypedDict"}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base) for base in node.bases}
            assert bases <= allowed or bases <= plain, f"class {node.name}"


@every_page
def test_a_page_has_no_container_that_hides_its_order(file: Path):
    for node in ast.walk(tree(file)):
        assert not called(node).endswith("Sequential"), f"line {node.lineno}"


@every_page
def test_the_first_definition_of_a_page_is_its_class(file: Path):
    kinds = (ast.ClassDef, ast.FunctionDef)
    first = next(node for node in tree(file).body if isinstance(node, kinds))
    assert first.name in {row.class_name for row in ROWS if row.page == file.stem}


@every_file
def test_a_file_says_what_it_is(file: Path):
    parsed = tree(file)
    assert ast.get_docstring(parsed) or not parsed.body


@every_file
def test_functions_are_short(file: Path):
    for owner, node in functions(tree(file)):
        flat = file in PAGES or file.name == "estimators.py"  # a line for each argument
        flat_constructor = flat and owner and node.name == "__init__"
        documented = bool(ast.get_docstring(node))
        first = node.body[0].end_lineno if documented else node.lineno
        lines = node.end_lineno - (first or node.lineno)
        assert lines <= 60 or flat_constructor, f"{node.name}: {lines} lines"


@every_file
def test_every_public_function_and_class_says_what_it_does(file: Path):
    parsed = tree(file)
    for node in parsed.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


@every_file
def test_nothing_unsafe_or_noisy_is_called(file: Path):
    noisy = inside(file).startswith(MAY_PRINT)
    for node in ast.walk(tree(file)):
        assert not isinstance(node, ast.Assert), (
            f"line {node.lineno}: raise an error with a message"
        )
        assert called(node) not in {"torch.load", "eval", "exec"}, f"line {node.lineno}"
        assert called(node) != "print" or noisy, f"line {node.lineno}"
        if isinstance(node, ast.Import):
            forbidden = {"pickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}
            assert not {alias.name for alias in node.names} & forbidden, f"line {node.lineno}"
        if isinstance(node, ast.ImportFrom):
            assert node.module not in {"pickle", "joblib"}, f"line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: catch only what you can explain"


@every_file
def test_no_public_function_hides_its_arguments(file: Path):
    for _, node in functions(tree(file)):
        if not node.name.startswith("_"):
            assert node.args.kwarg is None, f"{node.name}(**{node.args.kwarg.arg})"


def functions(parsed: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield (class name or nothing, function) of a file's functions and methods."""
    for node in parsed.body:
        if isinstance(node, ast.FunctionDef):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield node.name, part


def test_every_dependency_is_imported_somewhere():
    project = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [re.split(r"[<>=!~\[; ]", name)[0] for name in project["dependencies"]]
    imported = {
        name.partition(".")[0]
        for file in FILES
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }
    modules = {"scikit-learn": "sklearn", "pillow": "PIL"}
    assert {modules.get(name, name) for name in wanted} <= imported


@pytest.mark.parametrize("room", ["torch_models", "keras_models"])
def test_parts_of_one_name_are_copies_on_every_page(room: str):
    """A page stands alone, so pages share parts by copying; a copy must not drift."""
    seen: dict[str, dict[str, list[str]]] = {}
    for file in PAGES:
        if file.parent.name != room:
            continue
        definitions = [n for n in tree(file).body if isinstance(n, ast.ClassDef | ast.FunctionDef)]
        for node in definitions[1:]:  # the first is the page itself
            seen.setdefault(node.name, {}).setdefault(ast.dump(node), []).append(file.stem)
    drifted = {name: list(forms.values()) for name, forms in seen.items() if len(forms) > 1}
    assert not drifted, "make the copies equal, or give different parts different names"


@pytest.mark.parametrize(
    ("room", "name", "pages"),
    [(room, name, pages) for room, pairs in SAME_METHODS.items() for name, pages in pairs],
)
def test_methods_that_do_the_same_are_copies_on_every_page(room: str, name: str, pages: tuple):
    forms = {method(tree(SOURCE / room / f"{page}.py"), name) for page in pages}
    assert len(forms) == 1, "make the copies equal, or take the page off the list"


def test_a_method_that_drifts_has_another_form():
    pages = [f"class A:\n    def f(self):\n        return {value}" for value in ("1", "(1)", "2")]
    first, same, drifted = (method(ast.parse(page), "f") for page in pages)
    assert first == same
    assert first != drifted


def method(page: ast.Module, name: str) -> str:
    """Return the form of a method of the page's class; comments and spaces do not count."""
    page_class = next(node for node in page.body if isinstance(node, ast.ClassDef))
    [found] = [n for n in page_class.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return ast.dump(found)


def test_every_row_of_the_catalogue_has_both_pages():
    assert not [inside(file) for file in PAGES if not file.exists()]


TOPICS = {  # files that collect several things of one sort, none before the others
    *("api.py", "catalog.py", "cli.py", "documents.py", "errors.py", "numeric.py", "options.py"),
    *("data/array.py", "data/blocks.py", "data/forms.py", "data/kinds.py"),
    *("data/taking/sources.py",),
    *("data/reading/bundled.py", "data/reading/cells.py", "data/reading/frames.py"),
    *("evaluate/classification.py", "evaluate/regression.py"),
    *("insight/mistakes.py", "insight/ranking.py", "insight/style.py"),
    *("judge/advice.py", "judge/posterior.py", "judge/statistics.py", "judge/wording.py"),
    *("report/numbers.py", "report/sentences.py"),
    *("train/events.py", "train/weight_rules.py", "train/weights.py", "train/worker.py"),
}
ROOMS = [f for f in FILES if not f.name.startswith("__") and not f.parent.name.endswith("_models")]


@pytest.mark.parametrize("file", ROOMS, ids=inside)
def test_a_file_is_named_after_its_first_definition(file: Path):
    kinds = (ast.ClassDef, ast.FunctionDef)
    first = next((node.name for node in tree(file).body if isinstance(node, kinds)), "")
    shared = words_in(file.stem) & words_in(first)
    assert shared or inside(file) in TOPICS, f"{inside(file)} begins with {first}"


def words_in(name: str) -> set[str]:
    """Return the words of a name, without their endings: write_Predictions -> write, predict."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+d?", name)
    return {word.lower()[:6].rstrip("s") for word in words}


@every_file
def test_no_decision_reads_a_sentence(file: Path):
    sentences = {"message", "how", "reason", "note", "sentence", "text"}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            read = node.comparators[0]
            attribute = read.attr if isinstance(read, ast.Attribute) else ""
            literal = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
            assert not (literal and attribute in sentences), f"line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            attribute = owner.attr if isinstance(owner, ast.Attribute) else ""
            asks = node.func.attr in ("startswith", "endswith")
            assert not (asks and attribute in sentences), f"line {node.lineno}"


def test_the_design_names_every_file_and_no_other():
    design = (SOURCE.parents[1] / "docs" / "design.md").read_text("utf-8")
    named = set(re.findall(r"\b(\w+\.py)\b", design))
    there = {file.name for file in ROOMS}
    shared = {"fit.py", "losses.py", "optimizers.py", "memory.py", "dropout.py", "augment.py",
                  "step_scores.py", "schedules.py", "training.py", "validation.py", "progress.py",
                  "state.py", "tally.py", "frozen.py", "averaged.py", "mixing.py", "sampling.py",
                  "step.py", "not_finite.py", "ranks.py", "within.py", "tensorflow_steps.py",
                  "jax_steps.py", "nt_xent.py", "repeatable.py", "tensorflow_adam.py",
                  "keras_fit.py", "recurrent.py", "faster.py", "stacked.py", "fit_stacked.py",
                  "unrolled.py", "sharded.py"}  # fmt: skip
    assert there - named <= {
        "api.py",
        "cli.py",
        "estimators.py",
        "errors.py",
        "numeric.py",
        "catalog.py",
    }, "unnamed"
    named = {name for name in named if not name.startswith("test_")}
    assert named - there - shared == set(), "not there"


@pytest.mark.parametrize(
    "word", ["candidate", "crew", "rehears", "sisters", "stepper", "last_words", "has_target"]
)
def test_words_that_went_stay_away(word: str):
    found = [
        inside(file)
        for file in ROOMS
        if word in file.read_text("utf-8").lower() and file.name != "errors.py"
    ]
    assert not found
