"""A library that is served: uploads, jobs, and an encoder that waits where a test wants it to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.encoders.encoder import Draft, Encoded
    from index.library.library import Library
    from index.records.document import Arrival
    from index.server.job import Job

PATIENCE = 20.0
"""Seconds after which a test gives up."""
SHIP = "The ship left the harbour in winter."
TEXTS = tuple(f"{SHIP} That was voyage number {n}." for n in range(40))


class GatedEncoder(FakeEncoder):
    """Has a gate, before which each passage waits for as long as it is shut."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = threading.Condition()
        self._let = float("inf")
        self._standing = False

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """As the fake encoder does, one passage after the other."""
        encoded = []
        for done, draft in enumerate(drafts, 1):
            self._pass()
            encoded += super().encode([draft])
            if progress:
                progress(done)
        return encoded

    def shut(self, after: int = 0) -> None:
        """Let so many more passages through, and then none."""
        with self._gate:
            self._let = len(self.encoded) + after

    def let(self, passages: int) -> None:
        """Let that many more through a gate that is shut."""
        with self._gate:
            self._let += passages
            self._standing = False
            self._gate.notify_all()

    def open(self) -> None:
        """Let all through."""
        self.let(1_000_000)

    def await_passage(self) -> None:
        """Wait until a passage stands before the gate."""
        with self._gate:
            assert self._gate.wait_for(lambda: self._standing, PATIENCE), "no passage came"

    def _pass(self) -> None:
        with self._gate:
            self._standing = len(self.encoded) >= self._let
            self._gate.notify_all()
            assert self._gate.wait_for(lambda: len(self.encoded) < self._let, PATIENCE), "nobody opened the gate"


@pytest.fixture
def encoder() -> GatedEncoder:
    """In place of the one that all tests have."""
    return GatedEncoder()


@pytest.fixture
def settings() -> Settings:
    """Small limits."""
    return Settings(passage_tokens=32, max_upload_files=30, max_waiting_jobs=3, max_batch_questions=5)


@pytest.fixture
def uploads(library: Library, settings: Settings) -> Iterator[Uploads]:
    """The folder of that library's uploads."""
    made = Uploads(library.folder / "uploads", settings)
    yield made
    made.close()


@pytest.fixture
def jobs(library: Library, settings: Settings, uploads: Uploads, encoder: GatedEncoder) -> Iterator[Jobs]:
    """The jobs of that library."""
    made = Jobs(library, settings, uploads)
    yield made
    encoder.open()
    made.close()


def finished(job: Job) -> Job:
    """The job, when nothing more will happen to it."""
    until(job, lambda: job.state not in ("waiting", "working"))
    return job


def until(job: Job, condition: Callable[[], bool]) -> None:
    """Wait until something holds of a job, or fail."""
    while True:
        version = job.version
        if condition():
            return
        assert job.wait(version, PATIENCE) != version, f"nothing happens: {job.state}, {job.files}"


def arrive(uploads: Uploads, files: dict[str, str | bytes]) -> list[Arrival]:
    """Files that have just arrived, by name."""
    return [
        uploads.receive(name, [content if isinstance(content, bytes) else content.encode()])
        for name, content in files.items()
    ]


def kept(uploads: Uploads) -> dict[str, str]:
    """What is in the folder, and nothing that is on its way."""
    folder = uploads.folder
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.is_dir() else {}
