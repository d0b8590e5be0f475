"""An answer by a model is requested, but no model is configured: every interface names the missing setting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from index.errors import WriterNotSet
from index.page.ask_events import AskEvents
from index.server.http import create_app
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.library.library import Library
    from tests.command_line import Run
    from tests.conftest import Write

QUESTION = "Who signed the treaty?"
SETTING = "PINCITE_LLM_URL"


@pytest.fixture
def library(library: Library, write: Write) -> Library:
    """A library that can answer the question."""
    library.add(write("treaty.md", "The king signed the treaty in winter."))
    return library


@pytest.fixture
def jobs(library: Library, tmp_path: Path) -> Iterator[Jobs]:
    """The background jobs of the service and of the page."""
    jobs = Jobs(library, Settings(), Uploads(tmp_path / "uploads", Settings()))
    yield jobs
    jobs.close()


@pytest.fixture
def client(library: Library, jobs: Jobs) -> Iterator[TestClient]:
    """A client of the service."""
    app = create_app(library, Settings(passage_tokens=32, bar=0), jobs)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def test_library_raises_before_it_searches(library: Library) -> None:
    """The error also comes where the documents hold no answer; quotes need no model."""
    for question in (QUESTION, "How deep is the volcano?", ""):
        with pytest.raises(WriterNotSet, match=SETTING):
            library.ask(question, writer="model")
    assert library.ask(QUESTION).writer == "quote"


def test_command_line_reports_the_missing_setting(run: Run, write: Write) -> None:
    """There is one error with exit code 1, for one question and for a batch, and no row is written."""
    run("add", write("treaty.md", "The king signed the treaty in winter."))
    questions = write("q.txt", f"{QUESTION}\n")
    for arguments in ([QUESTION], ["--batch", questions], ["--batch", questions, "-o", questions.with_name("t.csv")]):
        outcome = run("ask", "--writer", "model", *arguments)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.startswith("Error: No language model is configured")
        assert SETTING in outcome.err
        assert len(outcome.err.splitlines()) == 2
    assert not questions.with_name("t.csv").exists()


def test_service_responds_with_a_problem(client: TestClient) -> None:
    """The problem names the setting, as JSON and as an event; a batch does not start."""
    body = {"question": QUESTION, "writer": "model"}
    response = client.post("/v1/ask", json=body)
    streamed = client.post("/v1/ask", json=body, headers={"Accept": "text/event-stream"}).text
    batch = client.post("/v1/batch", json={"questions": [QUESTION], "writer": "model"})
    event = json.loads(next(line for line in streamed.splitlines() if line.startswith("data: "))[len("data: ") :])
    for problem in (response.json(), event, batch.json()):
        assert problem["status"] == 409
        assert problem["type"] == "urn:pincite:problem:writer-not-set"
        assert SETTING in problem["detail"]
        assert SETTING in problem["hint"]
    assert (response.status_code, batch.status_code) == (409, 409)


def test_page_shows_the_problem_instead_of_the_answer(library: Library, jobs: Jobs) -> None:
    """A tab may have been opened while a model was configured."""
    *_, outcome = AskEvents(library, Settings(passage_tokens=32), ()).ask(QUESTION, [], [], "write")
    assert SETTING in outcome.results
    with pytest.raises(WriterNotSet, match=SETTING):
        jobs.batch([QUESTION], None, "model")
