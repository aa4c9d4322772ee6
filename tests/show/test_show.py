"""`bakeoff show` prints an architecture at any width, and its pages without their framework."""

import json
import sys

import pytest

from bakeoff.catalog import ROWS, find
from bakeoff.show.page_text import read_page
from bakeoff.show.print_code import code_sections, facing_sections
from bakeoff.show.show_architecture import show_architecture

EVERY_ROW = pytest.mark.parametrize("name", [row.name for row in ROWS])


@pytest.fixture
def shown(capsys, monkeypatch):
    """Print an architecture on a screen of some columns, and return what it says."""

    def call(name, columns=100, **options):
        monkeypatch.setenv("COLUMNS", str(columns))
        show_architecture(name, **options)
        return capsys.readouterr().out

    return call


@EVERY_ROW
def test_every_row_says_what_it_is_good_for_and_fits_the_screen(name, shown):
    for columns in (80, 180):
        text = shown(name, columns)
        squeezed = " ".join(text.split())
        assert " ".join(find(name).good_for.split()) in squeezed
        assert max(map(len, text.splitlines())) <= columns


@EVERY_ROW
def test_json_holds_sums_that_are_those_of_the_table(name, shown):
    document = json.loads(shown(name, as_json=True))
    assert document["name"] == name
    if find(name).role != "baseline":
        for key in ("parameters", "multiply_adds"):
            assert document[key] == sum(layer[key] for layer in document["layers"]), key
        assert document["bytes"] == 4 * document["parameters"]


def test_equations_are_those_of_the_page(shown):
    text = shown("lstm")
    assert "c_t     = f * c_{t-1} + i * g                   keep some, write some" in text


def test_layers_have_shapes_states_counts_and_sums(shown):
    text = shown("lstm", shape="10,4", settings={"hidden_sizes": [16]})
    lines = [line.split() for line in text.splitlines()]
    assert ["forwards.0", "LSTM", "(B,", "10,", "16)", "1,344", "12,800"] in lines
    assert ["states", "h,", "c", "(B,", "16)"] in lines
    assert ["total", "LSTM", "(B,", "3)", "1,395", "12,848"] in lines
    assert "5.6 kB in 32-bit floats. Not trained, so not counted:" in " ".join(text.split())


def test_both_pages_stand_side_by_side_only_where_there_is_room(shown):
    wide, narrow = shown("gru", 160), shown("gru", 159)
    both = ("from bakeoff.torch_models.gru import", "from bakeoff.keras_models.gru import")
    assert any(all(part in line for part in both) for line in wide.splitlines())
    assert not any(all(part in line for part in both) for line in narrow.splitlines())
    assert all(part in narrow for part in both)


def test_the_code_of_one_page_is_the_file_itself(shown):
    for framework in ("torch", "tensorflow"):
        code = shown("lstm", framework=framework, code=True)
        assert code == read_page(find("lstm"), framework).source


def test_code_on_a_narrow_screen_is_not_broken_in_a_pipe(shown):
    text = shown("lstm", 80, code=True)
    for room in ("torch", "tensorflow"):
        assert read_page(find("lstm"), room).source.strip() in text


def test_the_code_of_both_pages_faces_part_by_part(shown):
    text = shown("lstm", 220, code=True)
    facing = [line for line in text.splitlines() if "class LSTM(nn.Module)" in line]
    assert "class LSTM(keras.Model)" in facing[0]
    start = next(line for line in text.splitlines() if "def forward(" in line)
    assert "def call(" in start


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.role != "baseline"], ids=lambda row: row.name
)
def test_facing_parts_lose_no_line(row):
    pages = [read_page(row, room).source for room in ("torch", "tensorflow")]
    pairs = list(facing_sections(*map(code_sections, pages)))
    for side, source in enumerate(pages):
        found = "\n".join(pair[side] for pair in pairs if pair[side])
        assert sorted(found.splitlines()) == sorted(source.splitlines())


def test_without_keras_its_page_is_shown_and_the_way_on_named(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    text = shown("lstm", framework="tensorflow")
    assert "pip install 'bakeoff[tensorflow]'" in text
    assert "from bakeoff.keras_models.lstm import LSTM" in text
    assert "torch_models" not in text
    document = json.loads(shown("lstm", framework="tensorflow", as_json=True))
    assert document["layers"] is None
    assert "pip install" in document["note"]


def test_what_is_wrong_is_said_in_one_sentence(command):
    for words, message in [
        (["lsmt"], "Did you mean 'lstm'"),
        (["lstm", "--input-shape", "10"], "does not fit lstm"),
        (["lstm", "--input-shape", "a,b"], "integers with commas"),
        (["lstm", "--framework", "keras"], "'keras' (--framework). Did you mean 'tensorflow'?"),
        (["lstm", "--set", "droput=0.1"], "No argument called 'droput' (lstm). Did you mean"),
        (["cnn", "--input-shape", "28,28"], "--input-shape 28,28 does not fit cnn"),
        (["lstm", "--set", "dropout"], "NAME=VALUE"),
        (["linear", "--input-shape", "3"], "is a baseline"),
    ]:
        said = command("show", *words)
        assert said.code == 2
        assert message in said.err
        assert said.err.count("\n") == 1
        assert not said.out


def test_settings_reach_the_page(command):
    said = command("show", "lstm", "--set", "hidden_sizes=[8, 4]", "--set", "pooling=max", "--json")
    layers = json.loads(said.out)["layers"]
    assert [layer["name"] for layer in layers] == ["forwards.0", "forwards.1", "head", ""]
    assert layers[1]["outputs"]["output"] == ["B", 20, 4]


def test_the_catalogue_says_what_is_read_in_words_of_the_field(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "180")
    *table, line = command("models").out.strip().splitlines()
    for row in ROWS:
        assert any(words.startswith(f"{row.name} ") for words in table), row.name
    said = "\n".join(table)
    assert "table, unscaled" in said
    assert "several inputs" in said
    assert "  plain  " not in said
    assert "  mixed  " not in said
    for word in ("table", "vector", "image", "sequence", "volume", "window", "text"):
        assert f"{word}: " in line


def test_the_catalogue_as_json_says_when_to_avoid_each(command):
    rows = json.loads(command("models", "--json").out)
    assert [row["name"] for row in rows] == [row.name for row in ROWS]
    assert all(row["avoid_when"] for row in rows)
