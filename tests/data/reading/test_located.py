"""Promises of tables that are known by name, and of paths below BAKEOFF_DATA."""

import gzip
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from bakeoff import DataError, read
from bakeoff.data.reading import located, named


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A small ETTh1, packed, below BAKEOFF_DATA, and another working folder."""
    stamps = np.datetime64("2016-07-01T00", "h") + np.arange(400)
    waves = np.sin(np.arange(400) / 4)
    rows = [
        f"{str(when).replace('T', ' ')}:00:00,{x:.4f},{x + 1:.4f}"
        for when, x in zip(stamps, waves, strict=True)
    ]
    text = "\n".join(["date,HUFL,OT", *rows]) + "\n"
    folder = tmp_path / "data" / "ett"
    folder.mkdir(parents=True)
    (folder / "ETTh1.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "data"


class Silent(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing."""

    def log_message(self, *_):
        """Say nothing."""


def test_a_series_by_name_is_a_forecast_with_the_usual_windows(home):
    dataset = read("etth1")
    series = dataset.schema.series
    assert (dataset.target, series.lookback, series.horizon) == ("OT", 96, 24)
    assert "etth1 is taken from" in dataset.notes[0]


def test_what_the_user_says_of_a_series_by_name_holds(home):
    series = read("etth1", lookback=12).schema.series
    assert (series.lookback, series.horizon) == (12, 24)
    series = read("etth1", target="HUFL", lookback=12, horizon=2).schema.series
    assert (series.lookback, series.horizon) == (12, 2)


def test_a_series_that_is_downloaded_is_that_of_the_user(home, tmp_path, monkeypatch):
    own = read("etth1")
    raw = gzip.decompress((home / "ett" / "ETTh1.csv.gz").read_bytes())
    (home / "ETTh1.csv").write_bytes(raw)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BAKEOFF_OFFLINE")
    monkeypatch.delenv("BAKEOFF_DATA")
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=home)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = f"http://127.0.0.1:{server.server_address[1]}/"
        published = {"ETTh1.csv": hashlib.sha256(raw).hexdigest()}
        web = named.Web("table", (mirror,), published)
        monkeypatch.setitem(located.FILES, "etth1", web)
        first = read("etth1")
        server.shutdown()
    again = read("etth1")  # nobody serves it any more
    assert "etth1 was downloaded from http://127.0.0.1" in first.notes[0]
    assert "where it was downloaded before" in again.notes[0]
    assert own.fingerprint == first.fingerprint == again.fingerprint


@pytest.mark.parametrize("told", [True, False])
def test_a_series_that_is_not_there_is_refused_with_the_place(told, home, monkeypatch):
    if told:
        (home / "ett" / "ETTh1.csv.gz").unlink()
    else:
        monkeypatch.delenv("BAKEOFF_DATA")
    with pytest.raises(DataError, match=r"(?s)etth1.* ETTh1\.csv .*ett"):
        read("etth1")
