"""Promises of downloads: the published file or none, soon, and over http and https alone."""

import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bakeoff.data.reading import download as downloads
from bakeoff.data.reading.download import RefusedError, download

BODY = b"a published file" * 1_000
SHA256 = hashlib.sha256(BODY).hexdigest()


class Pages(BaseHTTPRequestHandler):
    """A few pages, most of them bad."""

    def do_GET(self):
        name = self.path.strip("/")
        if name in ("file", "wrong", "short", "slow", "silent"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            getattr(self, f"send_{name}")()
        elif name in TARGETS:
            self.send_response(302)
            self.send_header("Location", TARGETS[name])
            self.end_headers()
        else:
            self.send_error(404)

    def send_file(self):
        self.wfile.write(BODY)

    def send_wrong(self):
        self.wfile.write(BODY[::-1])

    def send_short(self):
        self.wfile.write(BODY[:500])

    def send_slow(self):
        for letter in BODY[:100]:
            self.wfile.write(bytes([letter]))
            time.sleep(0.05)

    def send_silent(self):
        time.sleep(2)

    def log_message(self, *_):
        """Say nothing."""


TARGETS = {
    "moved": "/file",
    "local": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1/file",
    "loop": "/loop",
}


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as made:
        made.daemon_threads = True
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Wait for parts of a second, and ask no proxy."""
    monkeypatch.setattr(downloads, "SILENT", 0.4)
    monkeypatch.setattr(downloads, "GRACE", 0.2)
    monkeypatch.setattr(downloads, "LONGEST", 5.0)
    monkeypatch.setenv("no_proxy", "*")


@pytest.mark.parametrize("page", ["file", "moved"])
def test_the_published_file_is_kept(page, server, tmp_path):
    download(f"{server}/{page}", tmp_path / "set" / "file", SHA256)
    assert (tmp_path / "set" / "file").read_bytes() == BODY


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("wrong", r"16,000 bytes came that are not the file that was published \(sha256"),
        ("short", "500 bytes came that are not the file"),
        ("slow", r"only \d+ bytes came in 0 s"),
        ("silent", "timed out"),
        ("missing", "Not Found"),
        ("local", "Redirection to url 'file:///etc/passwd' is not allowed"),
        ("ftp", "ftp://127.0.0.1/file is no address of http or https"),
        ("loop", "redirect"),
    ],
)
def test_anything_else_is_refused_and_removed(page, why, server, tmp_path):
    start = time.monotonic()
    with pytest.raises(RefusedError, match=why):
        download(f"{server}/{page}", tmp_path / "file", SHA256)
    assert list(tmp_path.iterdir()) == []
    assert time.monotonic() - start < 3


def test_a_file_that_stands_there_stays_when_its_successor_is_refused(server, tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(RefusedError):
        download(f"{server}/wrong", tmp_path / "file", SHA256)
    assert (tmp_path / "file").read_bytes() == b"old"


def test_too_large_a_file_is_refused(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "MOST_BYTES", 1_000)
    with pytest.raises(RefusedError, match="more than 1,000 bytes"):
        download(f"{server}/file", tmp_path / "file", SHA256)


def test_what_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(downloads, "fetch", lambda *_: time.sleep(2))
    monkeypatch.setattr(downloads, "LONGEST", 0.1)
    with pytest.raises(RefusedError, match="it takes longer than 0 s"):
        download("http://example.org/file", None, SHA256)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "/etc/passwd", "data:,x"])
def test_an_address_of_another_kind_is_refused(url, tmp_path):
    with pytest.raises(RefusedError, match="is no address of http or https"):
        download(url, tmp_path / "file", SHA256)


def test_where_nobody_listens_the_system_says_so(tmp_path):
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1:9: "):
        download("http://127.0.0.1:9/file", tmp_path / "file", SHA256)
