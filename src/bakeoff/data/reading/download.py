"""Download: a file from the web, kept only where it has the sha256 that was published for it.

It ends, whatever the other side does: nothing is waited for longer than a few seconds, no file may
take longer than some minutes, come slower than a trickle or be larger than any that is known.
"""

from __future__ import annotations

import hashlib
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from bakeoff.documents import writing

SILENT = 10.0  # seconds without a byte
LONGEST = 900.0  # seconds for one file
GRACE = 20.0  # seconds before the speed counts
SLOWEST = 20_000  # bytes per second
MOST_BYTES = 2 * 10**8
CHUNK = 2**17  # bytes


def download(url: str, path: Path, sha256: str) -> None:
    """Fetch a file; it stands at `path` when it is whole and the right one, or nothing does.

    Args:
        url: Of http or https, as everything that it is led on to.
        path: Where it goes.
        sha256: What the file must have.

    Raises:
        RefusedError: It cannot be had, or another file came.
        RunError: It cannot be written.
    """
    try:
        in_time(lambda: fetch(url, path, sha256), LONGEST)
    except (OSError, HTTPException) as error:
        raise RefusedError(f"{urlsplit(url).netloc}: {said(error)}") from error


class RefusedError(Exception):
    """What came is not the file; the message goes on from "because"."""


def in_time(work: Callable[[], None], seconds: float) -> None:
    """Do something beside, and give it up when its time is over.

    Raises:
        TimeoutError: It is not done.
    """
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    worker = threading.Thread(target=guarded, daemon=True)
    worker.start()
    worker.join(seconds)
    if worker.is_alive():
        raise TimeoutError(f"it takes longer than {seconds:,.0f} s")
    if raised:
        raise raised[0]


def fetch(url: str, path: Path, sha256: str) -> None:
    """Write what comes into a draft, and check it."""
    check_scheme(url)
    host = urlsplit(url).netloc
    request = urllib.request.Request(url, headers={"User-Agent": "bakeoff"})
    with (
        opener().open(request, timeout=SILENT) as response,
        writing(path) as draft,
        draft.open("wb") as file,
    ):
        size, found = copied(response, file, host)
        if found != sha256:
            raise RefusedError(
                f"{host}: {size:,} bytes came that are not the file that was published "
                f"(sha256 {found[:12]}…, not {sha256[:12]}…)"
            )


def copied(response: Any, file: IO[bytes], host: str) -> tuple[int, str]:
    """Copy a response; return its size and its sha256."""
    digest, size, start = hashlib.sha256(), 0, time.monotonic()
    while chunk := received(response, host):
        size += len(chunk)
        seconds = time.monotonic() - start
        if size > MOST_BYTES:
            raise RefusedError(f"{host}: it has more than {MOST_BYTES:,} bytes")
        if seconds > LONGEST or (seconds > GRACE and size < SLOWEST * seconds):
            raise RefusedError(f"{host}: only {size:,} bytes came in {seconds:,.0f} s")
        digest.update(chunk)
        file.write(chunk)
    return size, digest.hexdigest()


def received(response: Any, host: str) -> bytes:
    """Return what has come next; a connection that breaks off is no disk that is full."""
    try:
        return bytes(response.read1(CHUNK))
    except (OSError, HTTPException) as error:
        raise RefusedError(f"{host}: {said(error)}") from error


def said(error: BaseException) -> str:
    """Say in one line why something could not be had."""
    why = getattr(error, "reason", None) or error
    return " ".join(str(why).split())[:120] or type(error).__name__


class PlainRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to http and https alone."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Refuse to be led to a file, or to another protocol."""
        check_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_scheme(url: str) -> None:
    """Refuse what is neither http nor https."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise RefusedError(f"{url[:80]} is no address of http or https")


def opener() -> urllib.request.OpenerDirector:
    """Return what opens http and https, and nothing else: no files, no FTP."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        PlainRedirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        made.add_handler(handler)
    return made
