"""A language model is to write, and none is set: every face names the setting that is missing, and quotes nothing."""

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
    """A library that could answer."""
    library.add(write("treaty.md", "The king signed the treaty in winter."))
    return library


@pytest.fixture
def jobs(library: Library, tmp_path: Path) -> Iterator[Jobs]:
    """What the service and the page do in the background."""
    jobs = Jobs(library, Settings(), Uploads(tmp_path / "uploads", Settings()))
    yield jobs
    jobs.close()


@pytest.fixture
def client(library: Library, jobs: Jobs) -> Iterator[TestClient]:
    """The service over it."""
    app = create_app(library, Settings(passage_tokens=32, bar=0), jobs)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def test_the_library_raises_before_it_searches(library: Library) -> None:
    """Also where the documents hold no answer; quoting needs no model."""
    for question in (QUESTION, "How deep is the volcano?", ""):
        with pytest.raises(WriterNotSet, match=SETTING):
            library.ask(question, writer="model")
    assert library.ask(QUESTION).writer == "quote"


def test_the_command_line(run: Run, write: Write) -> None:
    """Exit code 1 and one error, for one question and for a file of them: no row is written."""
    run("add", write("treaty.md", "The king signed the treaty in winter."))
    questions = write("q.txt", f"{QUESTION}\n")
    for arguments in ([QUESTION], ["--batch", questions], ["--batch", questions, "-o", questions.with_name("t.csv")]):
        outcome = run("ask", "--writer", "model", *arguments)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.startswith("Error: No language model is configured")
        assert SETTING in outcome.err
        assert len(outcome.err.splitlines()) == 2
    assert not questions.with_name("t.csv").exists()


def test_the_service(client: TestClient) -> None:
    """A problem that names the setting, as JSON and as an event; a batch does not begin."""
    body = {"question": QUESTION, "writer": "model"}
    plain = client.post("/v1/ask", json=body)
    streamed = client.post("/v1/ask", json=body, headers={"Accept": "text/event-stream"}).text
    batch = client.post("/v1/batch", json={"questions": [QUESTION], "writer": "model"})
    event = json.loads(next(line for line in streamed.splitlines() if line.startswith("data: "))[len("data: ") :])
    for problem in (plain.json(), event, batch.json()):
        assert problem["status"] == 409
        assert problem["type"] == "urn:pincite:problem:writer-not-set"
        assert SETTING in problem["detail"]
        assert SETTING in problem["hint"]
    assert (plain.status_code, batch.status_code) == (409, 409)


def test_the_page(library: Library, jobs: Jobs) -> None:
    """A problem in the place of the answer, for instance in a tab that was opened when there was a model."""
    *_, shown = AskEvents(library, Settings(passage_tokens=32), ()).ask(QUESTION, [], [], "write")
    assert SETTING in shown.results
    with pytest.raises(WriterNotSet, match=SETTING):
        jobs.batch([QUESTION], None, "model")
