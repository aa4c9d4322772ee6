"""Situations of group D that people met with other tools: texts, through a run."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.preparing.text import TextChoices
from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split
from bakeoff.data.taking.views import make_views

QUICK = {"seeds": 1, "jobs": 1, "show": "none"}
WORDS = [f"{a}{b}" for a in ("ba", "de", "fi", "go", "lu", "mo", "ni", "ro") for b in "aeioulmnrst"]


def sentences(count, least=8, most=14, seed=0):
    """Return texts of words that mean nothing."""
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(least, most + 1))) for _ in range(count)]


def prepared(data, *, choices=None, **options):
    """Return dataset, split and preparation."""
    dataset = read(data, target="y", **options)
    split = make_split(dataset)
    return dataset, split, fit_preparation(dataset, split, choices or TextChoices())


def test_a_quotation_mark_that_never_closes_swallows_no_line(tmp_path):
    """D 49: six rows with their own labels."""
    lines = [
        ("text", "label"),
        ('"a film that begins with a mark', "pos"),
        ("fine words here", "neg"),
        ("more of it now", "neg"),
        ('he said "well done" to her', "pos"),
        ("one more line", "neg"),
        ("and the last one", "pos"),
    ]
    path = tmp_path / "six.tsv"
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    dataset = read(path, target="label", kinds={"text": "text"})
    assert dataset.arrays["text"].tolist() == [text for text, _ in lines[1:]]
    assert dataset.arrays["label"].tolist() == [label for _, label in lines[1:]]
    assert any("quotation marks are taken as letters" in note for note in dataset.notes)


def test_quoted_cells_of_a_table_with_tabs_lose_their_quotes_as_before(tmp_path):
    path = tmp_path / "two.tsv"
    path.write_text('x\ty\n"a b"\tu\n"c\nd"\tv\n' + "e f\tu\ne f\tv\n" * 2)
    dataset = read(path, target="y", kinds={"x": "text"})
    assert dataset.arrays["x"].tolist() == ["a b", "c\nd", *["e f"] * 4]


@pytest.fixture(scope="module")
def with_gaps(tmp_path_factory):
    texts = sentences(120)
    for i in range(0, 120, 3):
        texts[i] = None
    frame = pl.DataFrame({"x": texts, "y": ["u", "v"] * 60})
    run = bakeoff.run(
        frame,
        "y",
        models=["constant", "tfidf", "embedding_bag", "gru"],
        epochs=1,
        out=tmp_path_factory.mktemp("gaps") / "run",
        **QUICK,
    )
    return frame, run


def test_missing_texts_add_no_word_and_are_answered_like_empty_ones(with_gaps):
    """D 51: neither "nan" nor "none" is a word, and nothing is dropped."""
    frame, run = with_gaps
    _, _, preparation = prepared(frame)
    assert not {"nan", "none", "null", ""} & set(preparation.transforms["x"].words)
    assert any("40 rows have no word" in note for note in preparation.notes)
    assert any(" 0 to 14 a training row" in note for note in preparation.notes)
    new = pl.DataFrame({"x": [None, "", "  ", "ba de", "?"]}, schema={"x": pl.String})
    for name in ("tfidf", "embedding_bag", "gru"):
        answers = run.model(name).predict_proba(new)
        assert np.isfinite(answers).all()
        assert (answers[[1, 2, 4]] == answers[0]).all()
    assert len(run.predictions.filter(pl.col("model") == "gru")) == 18


@pytest.mark.parametrize("texts", [["grade a", "grade b"], ["7", "8"]])
@pytest.mark.parametrize("tokens", ["words", "bytes"])
def test_words_of_one_letter_or_digit_tell_classes_apart(texts, tokens, tmp_path):
    """D 53: they are words as others are, for networks and for tfidf."""
    frame = pl.DataFrame({"x": texts * 60, "y": ["u", "v"] * 60})
    run = bakeoff.run(
        frame,
        "y",
        kinds={"x": "text"},
        tokens=tokens,
        models=["tfidf", "embedding_bag"],
        epochs=30,
        lr=0.02,
        out=tmp_path / "run",
        **QUICK,
    )
    assert run.leaderboard["score"].to_list() == [1.0, 1.0]


def chinese(count, seed=0):
    """Return sentences without blanks whose first half says the class, and the classes."""
    random = np.random.default_rng(seed)
    letters = [chr(0x4E00 + i) for i in range(300)]
    classes = np.arange(count) % 2
    texts = [
        ("很好" if own else "太差") + "".join(random.choice(letters, 18)) + "。" for own in classes
    ]
    return pl.DataFrame({"x": texts, "y": np.where(classes, "good", "bad")})


def test_a_language_without_blanks_is_said_to_need_bytes(tmp_path):
    """D 55: near 100 % of the words of test rows come in no training row."""
    frame = chinese(200)
    dataset, _, preparation = prepared(frame)
    assert dataset.schema.inputs == ("x",)  # they are sentences without a word of the user's
    (said,) = [note for note in preparation.notes if "come in no training row" in note]
    assert re.search(r" (100|9\d) % of the words", said), said
    assert "tokens bytes" in said
    options = {"models": ["tfidf"], "out": tmp_path / "run", **QUICK}
    assert bakeoff.run(frame, "y", tokens="bytes", **options).leaderboard["score"][0] > 0.9


def test_new_words_of_test_rows_change_nothing_that_is_learned(tmp_path):
    """D 57: vocabulary and every number of training are the same to the last bit."""
    train = pl.DataFrame({"x": sentences(90), "y": ["u", "v"] * 45})
    test = pl.DataFrame({"x": sentences(20, seed=1), "y": ["u", "v"] * 10})
    more = pl.DataFrame({"x": [f"neu{i} wort{i}" for i in range(100)], "y": ["u", "v"] * 50})
    runs, said = [], []
    for number, tested in enumerate((test, pl.concat([test, more]))):
        out = tmp_path / str(number)
        models = ["tfidf", "embedding_bag"]
        runs.append(bakeoff.run(train, "y", test=tested, models=models, epochs=2, out=out, **QUICK))
        said.append((out / "data/findings.json").read_text("utf-8"))
    one, other = (run.folder for run in runs)
    assert equal(one, other, "data/transforms.safetensors")
    for model in ("tfidf/sklearn", "embedding_bag/torch"):
        assert equal(one, other, f"fits/{model}-0-0/weights.safetensors")
    histories = [
        pl.read_parquet(path / "fits/embedding_bag/torch-0-0/history.parquet").drop(
            "seconds", "rows_per_second"
        )
        for path in (one, other)
    ]
    assert histories[0].equals(histories[1])
    assert " 0 % of the words of rows that are not trained on" in said[0]
    assert re.search(r" [1-9]\d* % of the words of rows that are not trained on", said[1])


def equal(one: Path, other: Path, name: str) -> bool:
    return (one / name).read_bytes() == (other / name).read_bytes()


def test_what_is_cut_is_said_before_training_and_a_larger_length_reads_it(tmp_path):
    """D 59: the last words decide, and the end is what networks do not read by default."""
    random = np.random.default_rng(0)
    classes = np.arange(80) % 2
    texts = [
        " ".join([*random.choice(WORDS, 700), *(["good", "film"] if own else ["bad", "film"]) * 20])
        for own in classes
    ]
    frame = pl.DataFrame({"x": texts, "y": np.where(classes, "pos", "neg")})
    _, _, preparation = prepared(frame)
    (said,) = [note for note in preparation.notes if "networks read the first 512" in note]
    assert "80 of 80 rows (100 %) are longer and lose 228 words on average" in said
    assert "from their end; with length 740 none does" in said
    recipe = {"lr": 0.01, "epochs": 30, "models": ["embedding_bag"], **QUICK}
    scores = [
        bakeoff.run(frame, "y", length=length, out=tmp_path / str(length), **recipe).leaderboard[
            "score"
        ][0]
        for length in (0, 740)
    ]
    assert scores[0] < 0.9
    assert scores[1] == 1.0
    run = bakeoff.run(frame, "y", cut="middle", out=tmp_path / "middle", **recipe)
    assert run.leaderboard["score"][0] == 1.0  # at once, where nobody knows of a length


def test_answers_stand_in_the_order_of_the_rows_whatever_their_lengths(tmp_path):
    """D 61: 65 texts in buckets of like length; the report shows each with its own loss."""
    random = np.random.default_rng(0)
    classes = np.arange(265) % 2
    texts = [
        " ".join([("up" if own else "down"), *random.choice(WORDS, random.integers(0, 200))])
        for own in classes
    ]
    frame = pl.DataFrame({"x": texts, "y": np.where(classes, "u", "d")})
    train, test = frame[:200], frame[200:]
    out = tmp_path / "run"
    run = bakeoff.run(
        train, "y", test=test, models=["gru"], batch_size=32, epochs=3, lr=0.01, out=out, **QUICK
    )
    told = run.best.predict(test)
    assert told["row"].to_list() == list(range(1, 66))
    right = (told["prediction"] == test["y"]).mean()
    assert right == pytest.approx(run.leaderboard["score"][0])
    for i in (0, 17, 64):
        alone = run.best.predict_proba(test[i : i + 1])[0, 0]
        assert alone == pytest.approx(told[f"p:{run.best.classes[0]}"][i], abs=1e-6)
    page = (out / "report.html").read_text("utf-8")
    own = np.where(test["y"] == "u", told["p:u"], told["p:d"])
    worst = int(own.argmin())
    assert own[worst] < 0.5
    label, text = test["y"][worst], test["x"][worst][:60]
    assert re.search(rf"{worst + 1}</td><td>{label}</td>.*{-np.log(own[worst]):.1f}.*{text}", page)


def test_a_label_whose_words_change_places_is_told():
    """D 79: in E of the list, of labels of texts as well."""
    labels = ["rust scab", "scab rust", "rust", "healthy"] * 20
    dataset = read({"x": np.arange(80) ** 1.5, "y": labels}, target="y")
    (said,) = [note for note in dataset.notes if "in another order" in note]
    assert "'rust scab' (20) and 'scab rust' (20)" in said
    assert "a column of 0 and 1" in said


def test_a_view_of_texts_is_one_stream_of_codes():
    dataset, split, preparation = prepared(
        pl.DataFrame({"x": [*sentences(60), "ba " * 200_000, ""], "y": ["u", "v"] * 31})
    )
    views = make_views(preparation, dataset)
    x, words = views["text"].inputs["x"], views["words"].inputs["x"]
    assert x.base.dtype == words.base.dtype == np.int32
    assert x.lengths.max() <= 512
    assert words.lengths.max() == 200_000
    assert x.lengths.min() == 1
    assert len(split.train)


def test_a_file_without_a_vector_for_any_word_is_refused_before_training(tmp_path):
    """D 63: never a run called pretrained that is random; capitals alone do no harm."""
    frame = pl.DataFrame({"x": sentences(60), "y": ["u", "v"] * 30})
    foreign, capitals = tmp_path / "foreign.txt", tmp_path / "capitals.txt"
    foreign.write_text("".join(f"kino{i} 0.1 0.2\n" for i in range(500)))
    capitals.write_text("".join(f"{word.title()} 0.1 0.2 0.3\n" for word in WORDS))
    with pytest.raises(bakeoff.DataError, match=r"^0 of \d+ words of the training texts have"):
        bakeoff.run(frame, "y", vectors=foreign, out=tmp_path / "run", **QUICK)
    assert not (tmp_path / "run").exists()
    _, _, preparation = prepared(frame, choices=TextChoices(vectors=str(capitals)))
    known = preparation.transforms["x"].known
    assert any(f"{known} of {known} words (100 %)" in note for note in preparation.notes)


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_vectors_of_words_begin_as_the_file_says(framework, tmp_path):
    if framework == "tensorflow":
        pytest.importorskip("tensorflow")
    frame = pl.DataFrame({"x": sentences(60), "y": ["u", "v"] * 30})
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} 0.5 -0.25 2\n" for word in WORDS[:40]))
    run = bakeoff.run(
        frame,
        "y",
        vectors=path,
        framework=framework,
        models=["embedding_bag", "gru"],
        lr=1e-9,
        weight_decay=0.0,
        epochs=1,
        out=tmp_path / "run",
        **QUICK,
    )
    fitted = run.best.preparation.transforms["x"]
    known = fitted.words[: fitted.known]
    given = [fitted.codes[word] for word in known if word in WORDS[:40]]
    others = [fitted.codes[word] for word in known if word not in WORDS[:40]]
    for model, weight in (("embedding_bag", "words"), ("gru", "embedding")):
        layer = getattr(run.model(model).model, weight)
        learned = layer.weight.detach().numpy() if framework == "torch" else layer.get_weights()[0]
        assert np.allclose(learned[given], [0.5, -0.25, 2], atol=1e-6)
        assert np.abs(learned[others] - [0.5, -0.25, 2]).max(1).min() > 0.01
    assert len(run.best.predict(frame)) == 60


def test_vectors_reach_the_branch_of_a_text_beside_other_inputs(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} 0.5 -0.25 2\n" for word in WORDS))
    numbers = np.random.default_rng(0).normal(size=60)
    frame = pl.DataFrame({"x": sentences(60), "n": numbers, "y": ["u", "v"] * 30})
    recipe = {"lr": 1e-9, "weight_decay": 0.0, "epochs": 1}
    run = bakeoff.run(
        frame, "y", vectors=path, models=["all"], out=tmp_path / "run", **recipe, **QUICK
    )
    page = run.model("all").model
    words = page.encoders[page.sources["x"]].words.weight.detach().numpy()
    assert np.allclose(words[4:], [0.5, -0.25, 2], atol=1e-6)


def test_short_texts_are_read_where_there_is_nothing_else():
    frame = pl.DataFrame({"x": sentences(60, 4, 5), "y": ["u", "v"] * 30})
    assert read(frame, target="y").schema.inputs == ("x",)
    beside = frame.with_columns(n=np.arange(60) ** 1.5)
    assert read(beside, target="y").schema.inputs == ("n",)
    assert read(beside, target="y", kinds={"x": "text"}).schema.inputs == ("x", "n")
