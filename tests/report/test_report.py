"""Promises of report.html: it stands alone, can be listened to, and is safe with any text."""

import json
import re
from html.parser import HTMLParser

import pytest

from bakeoff.errors import DataError
from bakeoff.report.report import leaderboard_html, write_report
from bakeoff.runs.folder import RunFolder
from tests.report.made_run import make_run

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "link", "br", "img", "input", "hr", "path", "rect", "use"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages of four runs, by name."""
    runs = {
        "binary": {},
        "evil": {"target": EVIL, "columns": (EVIL + "x",), "classes": ("no", EVIL), "evil": EVIL},
        "regression": {"classes": (), "target": "price"},
        "failed": {"failing": "lstm", "classes": tuple(f"class {i}" for i in range(14))},
    }
    folders = {name: make_run(tmp_path_factory.mktemp(name), **own) for name, own in runs.items()}
    return {
        name: (folder, write_report(RunFolder(folder)).read_text("utf-8"))
        for name, folder in folders.items()
    }


class Outline(HTMLParser):
    """Collects the tags, and complains when they are not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def outline(page):
    parser = Outline()
    parser.feed(page)
    assert parser.open == []
    return parser.tags


@pytest.mark.parametrize("name", ["binary", "evil", "regression", "failed"])
def test_page_needs_nothing_from_outside(pages, name):
    _, page = pages[name]
    for tag, attributes in outline(page):
        assert tag not in ("script", "link", "iframe", "img")
        links = [attributes.get(key, "") for key in ("src", "href", "xlink:href")]
        assert all(link[:1] in ("", "#") or link.startswith("data:image/png") for link in links)
        assert not any(key.startswith("on") for key in attributes)
    assert "url(http" not in page
    assert "@import" not in page


@pytest.mark.parametrize("name", ["binary", "regression", "failed"])
def test_every_figure_says_what_it_shows_with_numbers(pages, name):
    drawn = [own for tag, own in outline(pages[name][1]) if own.get("class") == "drawn"]
    assert len(drawn) >= 7
    for attributes in drawn:
        assert attributes["role"] == "img"
        assert re.search(r"\d", attributes["aria-label"])


@pytest.mark.parametrize("name", ["binary", "regression", "failed"])
def test_every_table_has_a_caption_and_scoped_headers(pages, name):
    tags = outline(pages[name][1])
    names = [tag for tag, _ in tags]
    assert names.count("table") == names.count("caption") >= 5
    assert all(own.get("scope") in ("row", "col") for tag, own in tags if tag == "th")


def test_verdict_comes_first_in_words(pages):
    folder, page = pages["binary"]
    sentence = json.loads((folder / "verdict.json").read_text("utf-8"))["sentence"]
    assert page.index(sentence) < page.index("<table")


def test_text_of_the_user_stays_text(pages):
    _, page = pages["evil"]
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10


def test_ids_are_unique(pages):
    ids = [own["id"] for _, own in outline(pages["binary"][1]) if "id" in own]
    assert len(ids) == len(set(ids))


def test_page_shows_each_class_with_its_support(pages):
    page = pages["failed"][1]
    rows = [
        re.search(rf'>class {i}</th>(<td class="num">[\d.]+</td>){{3}}', page) for i in range(14)
    ]
    assert all(rows)


def test_failed_model_is_named_with_its_reason(pages):
    page = pages["failed"][1]
    assert re.search(r"lstm</th>\s*<td[^>]*>failed: loss is nan", page)


def test_regression_shows_errors_in_the_unit_of_the_target(pages):
    page = pages["regression"][1]
    assert "Predicted against true price" in page
    assert "Confusion matrix" not in page


def test_page_is_made_from_the_files_alone_and_always_the_same(pages):
    folder, page = pages["binary"]
    (folder / "report.html").unlink()
    assert write_report(RunFolder(folder)).read_text("utf-8") == page


def test_page_is_small(pages):
    assert all(len(page) < 400_000 for _, page in pages.values())


@pytest.mark.parametrize("missing", ["verdict.json", "data/split.parquet", "bakeoff.toml"])
def test_missing_file_is_named(tmp_path, missing):
    make_run(tmp_path, models=("linear", "constant"))
    (tmp_path / missing).unlink()
    with pytest.raises(DataError, match=missing.rpartition("/")[2]):
        write_report(RunFolder(tmp_path))


def test_run_of_baselines_alone_has_a_report(tmp_path):
    make_run(tmp_path, models=("linear", "constant"))
    assert "How training went" not in write_report(RunFolder(tmp_path)).read_text("utf-8")


def test_notebook_shows_verdict_and_leaderboard(pages):
    shown = leaderboard_html(RunFolder(pages["evil"][0]))
    outline(shown)
    assert "<table" in shown
    assert "<script" not in shown
