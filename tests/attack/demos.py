"""Demos to attack: the published library, which must not change, and the temporary files, of which none may remain."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.attack.demo_program import publish
from tests.attack.servers import ROUTES, SEEDS, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.attack.servers import Server

PROXY = "127.0.0.9"
"""The only address from which the demos believe `X-Forwarded-For`."""
FILES, MEGABYTES, PAGES = 4, 1, 20
ROOMY = {
    "PINCITE_DEMO_FILES": str(FILES),
    "PINCITE_DEMO_MEGABYTES": str(MEGABYTES),
    "PINCITE_DEMO_PAGES": str(PAGES),
    "PINCITE_DEMO_UPLOADS": "1000",  # some attacks upload as fast as they can
    "PINCITE_TRUSTED_PROXIES": PROXY,
    "PINCITE_ALLOW_URLS": "true",  # a demo must stay closed to addresses even if they are allowed
    "PINCITE_EMBED_ORIGINS": "https://friend.example",
}
"""Settings of a demo with the usual limits of requests and small private libraries."""
IDLE_SECONDS, LONGEST_SECONDS = 3.0, 6.0
QUESTIONS, UPLOADS, BATCHES, CHECKS, KEPT, SHARE = 4, 3, 2, 2, 3, 3
TIGHT = {
    **ROOMY,
    "PINCITE_DEMO_IDLE_MINUTES": str(IDLE_SECONDS / 60),
    "PINCITE_DEMO_MINUTES": str(LONGEST_SECONDS / 60),
    "PINCITE_DEMO_QUESTIONS": str(QUESTIONS),
    "PINCITE_DEMO_UPLOADS": str(UPLOADS),
    "PINCITE_DEMO_BATCHES": str(BATCHES),
    "PINCITE_DEMO_BATCH_QUESTIONS": "3",
    "PINCITE_DEMO_CHECKS": str(CHECKS),
    "PINCITE_DEMO_KEPT": str(KEPT),
    "PINCITE_DEMO_ADDRESS_SHARE": str(SHARE),
    "PINCITE_METRICS_TOKEN": "token-of-the-operator",
}
"""Settings of a demo with few requests and a short life."""
WIDE = {
    **ROOMY,
    **{f"PINCITE_DEMO_{name}": "100000" for name in ("QUESTIONS", "UPLOADS", "BATCHES", "CHECKS", "KEPT", "REQUESTS")},
}
"""Settings of a demo without limits of requests, for tests that compare answers."""
_CACHES = ("data-gym-cache", "torchinductor")
"""Folders of libraries that cache their own data in the temporary folder, and nothing of visitors."""


@cache
def _published(real: bool) -> Path:
    """Make the published library once for all demos of this process."""
    folder = Path(tempfile.mkdtemp(prefix="pincite-published-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    publish(folder / "library", [path for path in SEEDS.iterdir() if path.suffix != ".jsonl"], real=real)
    return folder / "library"


@contextmanager
def running_demo(home: Path, settings: Mapping[str, str], *, real: bool = False) -> Iterator[Server]:
    """Serve a demo until the block ends; then its published library is as it was and its temporary folder is empty."""
    if not (home / "library").exists():
        shutil.copytree(_published(real), home / "library")
    before = fingerprint(home / "library")
    encoder = {"ATTACKED_ENCODER": "real"} if real else {"PINCITE_VERIFIER": "off", "PINCITE_READER": "false"}
    with running_server("demo", home, **{"PINCITE_DEMO": "1", **encoder, **settings}) as server:
        yield server
    assert fingerprint(home / "library") == before, "The published library was changed."
    assert not (left := files_of_visitors(home)), f"Files remain after the server has stopped: {left}"


def fingerprint(folder: Path) -> dict[str, str]:
    """Return the hash of each file in a folder, and the names of its folders."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def files_of_visitors(home: Path) -> dict[str, int]:
    """Return the temporary files of a demo with their sizes in bytes."""
    folder, sizes = home / "temporary", {}
    for place, _, names in os.walk(folder):  # unlike `rglob`, it bears folders that are removed meanwhile
        for path in (Path(place, name) for name in names):
            with suppress(FileNotFoundError):
                sizes[str(path.relative_to(folder))] = path.stat().st_size
    return {name: size for name, size in sizes.items() if not name.startswith(_CACHES)}


def bytes_beyond(home: Path, before: dict[str, int]) -> int:
    """Return the bytes of temporary files that there were not before, and by which others have grown."""
    return sum(max(0, size - before.get(name, 0)) for name, size in files_of_visitors(home).items())


def wait_until_clean(home: Path, before: dict[str, int], seconds: float) -> int:
    """Wait until no file is left that there was not before; return the bytes that are left."""
    end = time.monotonic() + seconds
    while (left := bytes_beyond(home, before)) and time.monotonic() < end:
        time.sleep(0.2)
    return left


def routes_of_demo(server: Server) -> list[tuple[str, str]]:
    """Return the method and path of each route, as the program has written them."""
    return [(method, path) for method, path in json.loads((server.home / ROUTES).read_text())]
