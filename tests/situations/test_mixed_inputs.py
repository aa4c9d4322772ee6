"""Group E of situations that people met elsewhere: several inputs in one table."""

import numpy as np
import pandas as pd

from bakeoff import read, run
from bakeoff.data.splitting.leaks import find_leaks
from bakeoff.data.splitting.split import make_split

from ..pictures import folder, picture

RANDOM = np.random.default_rng(0)


def test_a_row_without_its_picture_is_answered_by_its_columns(tmp_path):
    """75."""
    rows = 200
    paths = [f"{i}.png" for i in range(rows)]
    colours = RANDOM.integers(0, 255, (rows, 3))
    folder(tmp_path, {p: picture(tuple(c.tolist())) for p, c in zip(paths, colours, strict=True)})
    lost = RANDOM.random(rows) < 0.3
    side = RANDOM.choice([-1.0, 1.0], rows)
    table = pd.DataFrame(
        {
            "picture": np.where(lost, None, paths),
            "size": side * RANDOM.uniform(1, 2, rows),
            "y": np.where(side > 0, "up", "down"),
        }
    )
    table.to_csv(tmp_path / "table.csv", index=False)
    made = run(
        tmp_path / "table.csv",
        "y",
        models=["size_mlp", "all"],
        seeds=1,
        epochs=30,
        lr=0.01,
        batch_size=16,
        out=tmp_path / "run",
        show="none",
    )
    assert dict(made.leaderboard.select("model", "score").rows()) == {"size_mlp": 1.0, "all": 1.0}
    answers = made.model("all").predict(tmp_path / "table.csv")
    assert (answers["prediction"].to_numpy() == table["y"].to_numpy())[lost].all()
    assert f"{lost.sum()} rows have no picture" in made.files.findings.read_text()


def test_sentences_are_an_input_beside_columns_and_short_texts_only_where_asked_for():
    words = np.array(
        ["the", "small", "old", "dog", "ran", "over", "a", "green", "hill", "and", "slept"]
    )
    texts = [" ".join(RANDOM.choice(words, 10)) for _ in range(60)]
    names = [" ".join(RANDOM.choice(words, 4)) for _ in range(60)]
    data = {"story": texts, "name": names, "age": RANDOM.normal(size=60), "y": ["a", "b"] * 30}
    assert read(data, target="y").schema.groups == {"story": ("story",), "age": ("age",)}
    asked = read(data, target="y", inputs=["name", "age"])
    assert asked.schema.groups == {"name": ("name",), "age": ("age",)}


def test_a_pair_that_stands_in_another_part_the_other_way_round_is_found():
    left, right = RANDOM.normal(size=(2, 60, 5, 1)).astype(np.float32)
    left[50:55], right[50:55] = right[:5].copy(), left[:5].copy()
    part = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    data = {"left": left, "right": right, "y": np.arange(60) % 2}
    dataset = read(data, target="y")
    split = make_split(dataset, "random", 0)
    split = type(split)(
        **{
            **{name: getattr(split, name) for name in ("method", "how", "seed", "by")},
            **{p: np.flatnonzero(np.array(part) == p) for p in ("train", "validation", "test")},
        }
    )
    [found] = find_leaks(dataset, split)
    assert found.message == ("5 of 10 test rows repeat a training row with left and right swapped")
    assert found.rows == (51, 52, 53, 54, 55)
