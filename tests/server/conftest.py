"""A served library: its uploads, its jobs, and an encoder that can be held back."""

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
    from index.server.jobs import Job

PATIENCE = 20.0
"""Seconds after which a test gives up."""
SHIP = "The ship left the harbour in winter."
TEXTS = tuple(f"{SHIP} That was voyage number {n}." for n in range(40))


LONG = "\n\n".join(f"Ship {n} left harbour {n} at {n} o'clock, in the rain of winter. " * 3 for n in range(200))
"""A text of more passages than one batch of the encoder has."""


class GatedEncoder(FakeEncoder):
    """An encoder with a gate: while it is shut, each passage waits before it."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = threading.Condition()
        self._limit = float("inf")
        self._waiting = False

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """Encode one passage after the other, as the fake encoder does."""
        encoded = []
        for done, draft in enumerate(drafts, 1):
            self._wait_for_gate()
            encoded += super().encode([draft])
            if progress:
                progress(done)
        return encoded

    def shut(self, after: int = 0) -> None:
        """Admit this many more passages, and then none."""
        with self._gate:
            self._limit = len(self.encoded) + after

    def admit(self, passages: int) -> None:
        """Admit this many more passages through a shut gate."""
        with self._gate:
            self._limit += passages
            self._waiting = False
            self._gate.notify_all()

    def open(self) -> None:
        """Admit all passages."""
        self.admit(1_000_000)

    def await_passage(self) -> None:
        """Wait until a passage waits before the gate."""
        with self._gate:
            assert self._gate.wait_for(lambda: self._waiting, PATIENCE), "no passage arrived"

    def _wait_for_gate(self) -> None:
        with self._gate:
            self._waiting = len(self.encoded) >= self._limit
            self._gate.notify_all()
            assert self._gate.wait_for(lambda: len(self.encoded) < self._limit, PATIENCE), "the gate was not opened"


@pytest.fixture
def encoder() -> GatedEncoder:
    """Replace the encoder of the other tests by one with a gate."""
    return GatedEncoder()


@pytest.fixture
def settings() -> Settings:
    """Settings with small limits."""
    return Settings(passage_tokens=32, max_upload_files=30, max_waiting_jobs=3, max_batch_questions=5)


@pytest.fixture
def uploads(library: Library, settings: Settings) -> Iterator[Uploads]:
    """The folder of the library's uploads."""
    opened = Uploads(library.folder / "uploads", settings)
    yield opened
    opened.close()


@pytest.fixture
def jobs(library: Library, settings: Settings, uploads: Uploads, encoder: GatedEncoder) -> Iterator[Jobs]:
    """The queue of the library's jobs."""
    opened = Jobs(library, settings, uploads)
    yield opened
    encoder.open()
    opened.close()


def finished(job: Job) -> Job:
    """Return the job once it has ended."""
    wait_for_job(job, lambda: job.state not in ("waiting", "working"))
    return job


def wait_for_job(job: Job, condition: Callable[[], bool]) -> None:
    """Wait until a condition on a job holds, or fail."""
    while True:
        version = job.version
        if condition():
            return
        assert job.wait(version, PATIENCE) != version, f"the job does not change: {job.state}, {job.files}"


def receive(uploads: Uploads, files: dict[str, str | bytes]) -> list[Arrival]:
    """Receive these files, given by name, and return their arrivals."""
    return [
        uploads.receive(name, [content if isinstance(content, bytes) else content.encode()])
        for name, content in files.items()
    ]


def kept_files(uploads: Uploads) -> dict[str, str]:
    """Return the content of each kept file by its name; files that are still arriving are not included."""
    folder = uploads.folder
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.is_dir() else {}


def document_names(library: Library) -> set[str]:
    """Return the names of the library's documents."""
    return {info.name for info in library.documents()}
