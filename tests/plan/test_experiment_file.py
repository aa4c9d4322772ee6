"""bakeoff.toml: one to one with an experiment, and every mistake in it is named with its place."""

import os
import tomllib
from pathlib import Path

import pytest

from bakeoff import CATALOG, BakeoffError, DataError, Experiment, Recipe, RequestError
from bakeoff.catalog import arguments
from bakeoff.plan.experiment_file import places, read_experiment, to_toml
from bakeoff.train.recipe import SETTINGS
from tests.fuzz.mutate import Limits

FULL = Experiment(
    data="people.csv",
    target=("answer",),
    inputs=("age", 'a "quoted" name', "größe.in #cm"),
    test="later.csv",
    validation="",
    positive="yes",
    kinds={"age": "number", "a.b": "category", "": "ignored", "#": "text"},
    split="group:team",
    framework=("torch", "jax"),
    seeds=3,
    seed=7,
    metric="macro_f1",
    device="cpu",
    jobs=2,
    recipe=Recipe(lr=0.25, optimizer="sgd", epochs=4, clip_norm=1.0),
    models={
        "mlp": {"architecture": "mlp", "hidden_sizes": [3, 2]},
        "wide.2": {"architecture": "mlp", "dropout": 0.5, "lr": 0.1},
        "pictures": {"architecture": "cnn"},
    },
    all_that_fit=False,
)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bakeoff.toml"
    path.write_text(text, "utf-8")
    return path


def reread(experiment: Experiment, tmp_path: Path) -> Experiment:
    return read_experiment(written(tmp_path, to_toml(experiment)))


def test_a_file_says_exactly_what_the_experiment_says(tmp_path):
    once = reread(FULL, tmp_path)
    for name in {option.name for keys in places().values() for option in keys.values()}:
        if hasattr(FULL, name):
            assert getattr(once, name) == getattr(FULL, name), name
    assert once.kinds == FULL.kinds
    assert once.recipe == FULL.recipe
    for name, settings in FULL.models.items():
        assert {**once.models[name], **settings} == once.models[name]


def test_writing_and_reading_again_changes_nothing(tmp_path):
    once = reread(FULL, tmp_path)
    assert reread(once, tmp_path) == once
    assert to_toml(once) == to_toml(FULL)


@pytest.mark.parametrize("name", [name for name, row in CATALOG.items() if row.trainable])
def test_every_default_of_a_model_is_written_out_and_can_be_read(name, tmp_path):
    asked = Experiment(data="d", models={name: {}}, all_that_fit=False)
    settings = reread(asked, tmp_path).models[name]
    known = {key for key, own in arguments(CATALOG[name]).items() if own.default is not None}
    assert set(settings) == {"architecture", *known}


def test_every_setting_of_the_recipe_is_written_out():
    assert tuple(tomllib.loads(to_toml(Experiment(data="d")))["recipe"]) == SETTINGS


def test_every_choice_has_its_reason_beside_it():
    text = to_toml(FULL, reasons=dict.fromkeys(FULL.kinds, "seen"))
    lines = text.partition("[models")[0].splitlines()
    assert [line for line in lines if " = " in line and " # " not in line] == ["format = 2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[run]\nsedes = 3", r"bakeoff.toml: \[run\] has no 'sedes'. Did you mean 'seeds'"),
        ("[runs]\n", "the file has no 'runs'. Did you mean 'run'"),
        ("[recipe]\nepoch = 3", r"\[recipe\] has no 'epoch'. Did you mean 'epochs'"),
        ("[data]\ntargt = 'y'", r"\[data\] has no 'targt'. Did you mean 'target'"),
        ("[data]\na = 1\nb = 2", r"\[data\] has no 'a'.* no 'b'"),
        ("run = 3", r"run must be a table: write \[run\]"),
        ("models = 3", "models must be a table"),
        ("[data]\npath = 3", r"\[data\] path is empty"),
        ("[data]\npath = 'd'\ntarget = [1]", "target must be a list of strings"),
        ("[data]\npath = 'd'\n[kinds]\nage = 3", r"\[kinds\] age must be a string"),
        (
            "[data]\npath = 'd'\n[run]\nseeds = 'many'",
            r"\[run\] seeds must be an integer, not 'many'",
        ),
        (
            "[data]\npath = 'd'\n[recipe]\nlr = 'fast'",
            r"bakeoff.toml: \[recipe\] lr must be a number, not 'fast'",
        ),
        (
            "[data]\npath = 'd'\n[models]\nmlp = 3",
            "must be a table of settings, such as mlp.lr = 0.01",
        ),
        ("[data]\npath = 'd'\n[models.mlp]\narchitecture = 3", "No architecture called '3'"),
        ("[data]\npath = 'd'\n[models.mlp]\ndropot = 1", "Did you mean 'dropout'"),
        ("[run]\nseeds = 3", r"\[data\] path is empty"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, words, tmp_path):
    with pytest.raises(RequestError, match=words):
        read_experiment(written(tmp_path, text))


def test_a_syntax_error_names_its_line(tmp_path):
    with pytest.raises(DataError, match=r"not valid TOML: .*line 3"):
        read_experiment(written(tmp_path, "[run]\nseeds = 3\nseed = = 4\n"))


def test_a_file_that_is_not_there_is_told_in_a_sentence(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_experiment(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 100_000, "a = " + "{a=" * 100_000, "a." * 50_000 + "b = 1",
     "[" + "a." * 50_000 + "b]", '"a" . ' * 50_000 + "b = 1"],
)  # fmt: skip
def test_endless_nesting_is_refused_at_once(tmp_path, text):
    with pytest.raises(
        DataError, match=r"nests brackets or tables too deep|a key of more than 1,000 parts"
    ):
        read_experiment(written(tmp_path, text))


def test_an_integer_of_thousands_of_digits_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not valid TOML: Exceeds the limit"):
        read_experiment(written(tmp_path, "seed = " + "9" * 5_000))


def test_what_is_no_regular_file_or_too_large_is_not_opened(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(10**9)
    with pytest.raises(DataError, match="is a folder, not a file"):
        read_experiment(tmp_path / "folder.toml")
    with pytest.raises(DataError, match=r"has 1,000,000,000 bytes; .* may have 20,000,000"):
        read_experiment(tmp_path / "large.toml")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(DataError, match="is a pipe, not a file"):
        read_experiment(tmp_path / "pipe.toml")


def test_wrong_keys_without_number_are_named_up_to_ten(tmp_path):
    text = "\n".join(f"key{i} = 1" for i in range(500))
    with pytest.raises(RequestError, match="'key9'") as caught:
        read_experiment(written(tmp_path, text))
    assert "'key10'" not in str(caught.value)


def test_a_path_starts_at_the_file_and_a_data_set_name_stays(tmp_path):
    (tmp_path / "there.csv").write_text("a,y\n1,2\n")
    file = written(tmp_path, "[data]\npath = 'there.csv'\n")
    assert Path(read_experiment(file).data) == tmp_path / "there.csv"
    assert read_experiment(written(tmp_path, "[data]\npath = 'digits'\n")).data == "digits"


def test_paths_are_written_as_seen_from_the_folder_of_the_file(tmp_path):
    data = tmp_path / "there.csv"
    data.write_text("a,y\n1,2\n")
    text = to_toml(Experiment(data=str(data)), folder=tmp_path / "runs" / "one")
    assert tomllib.loads(text)["data"]["path"] == "../../there.csv"


def test_a_file_names_no_code_to_import(tmp_path):
    text = "[data]\npath = 'd'\n[models.os]\narchitecture = 'os.system'\n"
    with pytest.raises(RequestError, match=r"No architecture called 'os\.system'"):
        read_experiment(written(tmp_path, text))


@pytest.mark.parametrize("number", [1, 3])
def test_a_file_of_another_format_is_refused(number, tmp_path):
    with pytest.raises(DataError, match=f"is of format {number}, and this bakeoff reads 2"):
        read_experiment(written(tmp_path, f"format = {number}"))


def test_a_value_out_of_range_is_worded_as_in_the_file(tmp_path):
    with pytest.raises(RequestError, match=r"bakeoff.toml: lr = 0 is out of range: above 0"):
        read_experiment(written(tmp_path, "[data]\npath = 'd'\n[recipe]\nlr = 0"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a." * 20_000 + "a = 1", "a key of more than 1,000 parts"),
        ("a = {" + '"a".' * 20_000 + "a = 1}", "a key of more than 1,000 parts"),
        ("a = " + "[" * 20_000, "nests brackets or tables too deep"),
        ("[run]\nseeds = " + "1" * 5_000, "is not valid TOML"),
        ("[data]\npath = 'a.csv'\n[run]\nseeds = " + "1" * 400, "is out of range"),
        ("[data]\npath = '" + "a" * 10**5 + "'\nodd = 1", "has no 'odd'"),
    ],
)
def test_a_plan_that_cannot_be_one_is_refused_soon_and_shortly(text, said, tmp_path):
    path = tmp_path / "bakeoff.toml"
    path.write_text(text, "utf-8")
    with Limits(seconds=5, megabytes=300), pytest.raises(BakeoffError, match=said) as error:
        read_experiment(path)
    assert len(str(error.value)) < 2_500


def test_a_path_too_long_to_be_one_is_no_mistake_of_ours(tmp_path):
    path = tmp_path / "bakeoff.toml"
    path.write_text(f"[data]\npath = '{'a' * 10**5}'\n", "utf-8")
    assert read_experiment(path).data == "a" * 10**5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_plan_is_an_ordinary_file(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.toml")
    for path in ("/dev/zero", tmp_path / "pipe.toml", tmp_path):
        with pytest.raises(DataError, match="not a file"):
            read_experiment(path)
    (tmp_path / "bakeoff.toml").write_text("[data]\n", "utf-8")
    monkeypatch.setattr("bakeoff.plan.experiment_file.MOST_BYTES", 3)
    with pytest.raises(DataError, match=r"has 7 bytes; a file that holds an experiment may have 3"):
        read_experiment(tmp_path / "bakeoff.toml")


def test_a_known_name_stays_one_whatever_folder_is_called_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "plans").mkdir()
    for data, expected in (("cifar10", "cifar10"), ("./cifar10", str(tmp_path / "cifar10"))):
        for place in (tmp_path, tmp_path / "plans"):
            path = place / "bakeoff.toml"
            path.write_text(to_toml(Experiment(data=data), folder=place), "utf-8")
            read = read_experiment(path).data
            assert read == expected if data == "cifar10" else Path(read).samefile(expected)
            assert (read == "cifar10") == (data == "cifar10")


def test_the_folder_of_the_pictures_is_written_relative_to_the_file(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "run").mkdir()
    asked = Experiment(data="table.csv", images=str(tmp_path / "pictures"))
    path = tmp_path / "run" / "bakeoff.toml"
    path.write_text(to_toml(asked, folder=path.parent))
    assert 'images = "../pictures"' in path.read_text()
    assert Path(read_experiment(path).images).resolve() == tmp_path / "pictures"
