"""The service over a small library with a readable encoder, called without a network."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from index.library.library import Library
from index.server.http import create_app
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.loading.pdfs import build, column

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from fastapi import FastAPI

    from index.records import Answer

SECRET = "the key is under /srv/secret"
TREATY = """# The Harbour Treaty

The king signed the treaty in the harbour. Winter had closed the river before the letter arrived.

## Afterwards

The queen kept a garden and a clock. Nobody remembered the whale.
"""
OIL = "The price of oil fell in summer. A horse cost more than a bridge that year."
PAGE = (
    "<html><head><title>The Volcano</title></head><body><article><p>The volcano covered the school in paper and "
    "rain, and the doctor wrote of it for many years afterwards in every letter that is kept.</p></article></body>"
    "</html>"
)
PAGES = ("The bridge was built of glass.", "The engine stood beside the river.")
HARBOUR = build([column([words]) for words in PAGES])
"""A PDF with one line on each of its pages."""
SOURCES = {"treaty.md": TREATY, "oil.txt": OIL, "volcano.html": PAGE}


class FailingLibrary(Library):
    """A library that fails on one question, and whose language model says three words."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.closed = threading.Event()
        """Set when the client has dropped an answer of the model."""
        self.speaking = threading.Event()
        """Set when the model has sent its first word and the next one is requested."""
        self.patience = threading.Event()
        """The model waits for this after its first word."""
        self.patience.set()

    def ask_stream(self, question: str, **options: Any) -> Generator[str | Answer, None, None]:
        """As `Library.ask_stream`, apart from the model and the question that fails."""
        if question == "fail, please":
            raise RuntimeError(SECRET)
        try:
            if options.get("writer") == "model":
                yield "The"
                self.speaking.set()
                assert self.patience.wait(20)
                yield from (" king", " signed.")
            yield from super().ask_stream(question, **{**options, "writer": "quote"})
        except GeneratorExit:
            self.closed.set()
            raise


@dataclass
class Service:
    """The service with its parts."""

    folder: Path
    settings: Settings
    library: FailingLibrary
    jobs: Jobs
    app: FastAPI
    ids: Mapping[str, str] = field(default_factory=dict)
    """Ids of the documents, by file name."""

    def client(self, **options: Any) -> TestClient:
        """Return a client, which starts and stops the service."""
        return TestClient(self.app, **options)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of the server."""
    return "asyncio"


def low_limits() -> Settings:
    """Return settings with passages as short as possible and limits that are easy to reach."""
    return Settings(
        passage_tokens=32,
        max_hits=20,
        max_upload_files=3,
        max_file_megabytes=1,
        max_batch_questions=3,
        max_question_characters=100,
        max_text_characters=200,
        max_check_sentences=5,
        max_body_megabytes=1,
    )


@contextmanager
def running_service(folder: Path, sources: Mapping[str, str | bytes] = SOURCES) -> Iterator[Service]:
    """Open a service over documents with these names and contents; their files are in `folder / "sources"`."""
    settings = low_limits()
    (folder / "sources").mkdir()
    for name, content in sources.items():
        (folder / "sources" / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with FailingLibrary.open(folder / "library", settings, encoder=FakeEncoder()) as library:
        library.add(folder / "sources")
        jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
        ids = {info.source.rpartition("/")[2]: info.id for info in library.documents()}
        yield Service(folder, settings, library, jobs, create_app(library, settings, jobs), ids)
        jobs.close()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service over three documents. All tests share it, so a test that changes it takes `own_service`."""
    with running_service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[TestClient]:
    """A client of the shared service, for tests that only read."""
    with service.client() as client:
        yield client


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own over three documents; `write` writes into its folder of sources."""
    with running_service(tmp_path) as service:
        yield service


@pytest.fixture
def own_client(own_service: Service) -> Iterator[TestClient]:
    """A client of the test's own service."""
    with own_service.client() as client:
        yield client


def events(text: str) -> list[tuple[str, str]]:
    """Return name and data of each server-sent event, without comments."""
    found = []
    for block in text.split("\n\n"):
        fields: dict[str, str] = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], fields["data"]))
    return found


def wait_for_job(client: TestClient, address: str) -> dict[str, Any]:
    """Wait until a job has ended and return it."""
    assert client.get(f"{address}/events").status_code == 200
    job: dict[str, Any] = client.get(address).json()
    return job


def files(*contents: tuple[str, str | bytes]) -> Sequence[tuple[str, tuple[str, bytes]]]:
    """Return files as an upload takes them."""
    return [("files", (name, text.encode() if isinstance(text, str) else text)) for name, text in contents]
