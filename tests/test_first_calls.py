"""What people type first, coming from scikit-learn, pandas and Keras: it works, or says how."""

import inspect
import shutil
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bakeoff
from bakeoff import RequestError
from bakeoff.options import options
from tests.small import pictures

FAST = {"models": "constant,linear", "seeds": 1, "jobs": 1, "show": "none"}
RANDOM = np.random.default_rng(0)
AGE, COLOUR = RANDOM.normal(40, 10, 60).round(1), RANDOM.choice(["red", "blue"], 60)
BOUGHT = np.where(AGE + 8 * (COLOUR == "red") > 43, "yes", "no")
PANDAS = pd.DataFrame({"age": AGE, "colour": COLOUR})
POLARS = pl.DataFrame({"age": AGE, "colour": COLOUR})


@pytest.fixture
def run(tmp_path):
    """Run into a folder of its own, with the smallest settings that are not given."""

    def call(*args, **options):
        return bakeoff.run(*args, out=tmp_path / "run", **{**FAST, **options})

    return call


@pytest.mark.parametrize(
    ("x", "y", "target"),
    [
        (PANDAS, pd.Series(BOUGHT, name="bought"), "bought"),
        pytest.param(PANDAS, BOUGHT, "target", marks=pytest.mark.nightly),
        pytest.param(PANDAS, BOUGHT.tolist(), "target", marks=pytest.mark.nightly),
        (PANDAS, pd.DataFrame({"bought": BOUGHT}), "bought"),
        pytest.param(
            PANDAS.set_index(np.arange(60)[::-1]),
            pd.Series(BOUGHT),
            "target",
            marks=pytest.mark.nightly,
        ),
        (POLARS, pl.Series("bought", BOUGHT), "bought"),
        pytest.param(POLARS, BOUGHT, "target", marks=pytest.mark.nightly),
        pytest.param({"age": AGE, "colour": COLOUR}, BOUGHT, "target", marks=pytest.mark.nightly),
        (PANDAS.rename(columns={"colour": "target"}), BOUGHT, "target_"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_x_and_y_are_a_table_and_its_target(x, y, target, run):
    done = run(x, y)
    assert done.verdict.target == target
    truth = done.predictions.filter(pl.col("model") == "linear")
    assert truth["truth"].to_list() == [BOUGHT[row - 1] for row in truth["row"]]


@pytest.mark.parametrize("listed", [False, True])
def test_x_and_y_are_arrays(listed, run):
    x = np.stack([AGE, AGE**2], 1)
    done = run(x.tolist() if listed else x, BOUGHT.tolist() if listed else BOUGHT)
    assert set(done.best.predict(x)["prediction"]) <= {"yes", "no"}


def test_x_and_y_of_other_lengths_are_refused_with_both(run):
    with pytest.raises(bakeoff.DataError, match=r"X has 60 rows and y has 59"):
        run(PANDAS, BOUGHT[:-1])


def test_a_frame_predicts_by_the_names_of_its_columns(run):
    done = run(PANDAS, BOUGHT)
    turned = done.best.predict(PANDAS[["colour", "age"]])
    assert turned.equals(done.best.predict(PANDAS))


def test_training_settings_are_flat_as_on_the_command_line(run):
    done = run(PANDAS, BOUGHT, models="mlp", epochs=2, lr=0.01, batch_size=16)
    assert done.fits["epochs"].to_list() == [2]
    assert done.model("mlp").fit.job.recipe["batch_size"] == 16


def test_a_list_of_kinds_is_answered_with_inputs(run):
    with pytest.raises(RequestError, match=r"inputs=\['age'\] chooses columns; kinds="):
        run(PANDAS, BOUGHT, kinds=["age"])


@pytest.mark.parametrize("given", [{"split": 0.2}, {"test": 0.2}, {"split": "60/20/20"}])
def test_a_share_is_a_random_split(given, run):
    done = run(PANDAS, BOUGHT, **given)
    assert done.verdict.test_rows == 12


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("random_state", "seed"),
        ("verbose", "show"),
        ("n_jobs", "jobs"),
        ("learning_rate", "lr"),
        ("columns", "kinds"),
        ("candidates", "models"),
        ("epoch", "epochs"),
    ],
)
def test_an_unknown_keyword_names_ours(typed, meant):
    with pytest.raises(TypeError, match=f"No option called '{typed}'. Did you mean '{meant}'"):
        bakeoff.run("iris", **{typed: 1})


@pytest.mark.parametrize(
    ("option", "typed", "meant"),
    [
        ("device", "gpu", "cuda"),
        ("framework", "keras", "tensorflow"),
        ("metric", "f1", "macro_f1"),
        ("metric", "roc_auc", "auc"),
        ("models", "xgboost", "boosting"),
        ("optimizer", "adm", "adam"),
    ],
)
def test_an_unknown_word_names_ours(option, typed, meant):
    with pytest.raises(RequestError, match=f"called '{typed}'.*Did you mean '{meant}'"):
        bakeoff.run("iris", **{option: typed})


def test_models_may_be_a_mapping_of_settings(run):
    done = run(
        PANDAS,
        BOUGHT,
        models={"mlp": {"epochs": 1}, "wide": {"architecture": "mlp", "hidden_sizes": [9]}},
        epochs=2,
    )
    epochs = dict(zip(done.fits["model"], done.fits["epochs"], strict=True))
    assert epochs == {"mlp": 1, "wide": 2}


def test_what_is_printed_is_short(small_run):
    data = bakeoff.read("iris")
    assert repr(data) == "<Dataset 150 rows, 4 inputs, target species (3 classes)>"
    for thing in (data, small_run, small_run.verdict, small_run.best, bakeoff.read("digits")):
        assert len(repr(thing)) < 200
        assert "\n" not in repr(thing)


def test_predictions_and_fits_are_frames(small_run):
    told, fits = small_run.predictions, small_run.fits
    assert {"model", "framework", "seed", "row", "truth", "prediction", "p:yes"} <= set(
        told.columns
    )
    assert {"model", "framework", "seed", "validation", "epochs", "status"} <= set(fits.columns)
    assert len(fits) == 7
    assert len(told) == 7 * small_run.verdict.test_rows


def test_a_loaded_model_keeps_its_weights_between_calls(small_run, people, tmp_path):
    shutil.copytree(small_run.folder, tmp_path / "run")
    opened = bakeoff.open_run(tmp_path / "run")
    before = opened.best.predict(people)
    shutil.rmtree(tmp_path / "run")  # nothing of it can be read again
    assert opened.best.predict(people).equals(before)
    assert repr(opened) == f"<Run {tmp_path / 'run'}>"


def test_images_from_arrays_are_a_run_as_they_stand(run):
    x, y = pictures()
    assert run(x, y).leaderboard["status"].to_list() == ["finished"] * 2


def test_nothing_is_said_that_was_not_asked_for(run, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(PANDAS, BOUGHT)
    assert capfd.readouterr() == ("", "")


def test_python_command_line_and_file_have_the_same_options():
    from typer.main import get_command

    from bakeoff.cli import app
    from bakeoff.plan.experiment_file import places

    known = {*options(bakeoff.Experiment), *options(bakeoff.Recipe)}
    assert known <= set(inspect.signature(bakeoff.run).parameters)
    command = get_command(app).commands["run"]
    assert known <= {parameter.name for parameter in command.params}
    assert {option.name for keys in places().values() for option in keys.values()} | {
        "kinds"
    } == known
    assert all(name in bakeoff.run.__doc__ for name in known)
