"""Uses a library as a container with a read-only root does: `python -m tests.faults.container_probe FOLDER [page]`.

It runs in its own mount namespace, in which every disk is read-only, and prints its findings as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from index.library.library import Library
from index.server.http import create_app
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from tests.fakes import FakeEncoder
from tests.faults.adder import SETTINGS
from tests.hosted import wait_until

if TYPE_CHECKING:
    from fastapi import FastAPI

QUESTION = "Who signed the treaty?"


def inspect_library(folder: Path, *, with_page: bool) -> dict[str, Any]:
    """Ask, verify and serve the library, and return the findings."""
    findings: dict[str, Any] = {}
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        answer = library.ask(QUESTION)
        findings["answer"] = [statement.text for statement in answer.statements]
        findings["notes"] = list(answer.notes)
        findings["verified"] = library.verify().sources_checked
        findings["problems"] = [problem.remedy for problem in library.problems()]
        app = _create_page(library) if with_page else _create_service(library)
        with TestClient(app, base_url="http://127.0.0.1") as client:
            wait_until(lambda: "starting up" not in client.get("/readyz").text)
            findings["ready"] = client.get("/readyz").status_code
            findings["asked"] = client.post("/v1/ask", json={"question": QUESTION}).json()["status"]
            file = ("files", ("new.txt", b"A comet came."))
            findings["added"] = client.post("/v1/documents", files=[file]).json()
            findings["removed"] = client.delete(f"/v1/documents/{library.documents()[0].id}").status_code
            findings["page"] = "read-only: you" in client.get("/").text if with_page else None
    return findings


def _create_service(library: Library) -> FastAPI:
    return create_app(library, SETTINGS, Jobs(library, SETTINGS, Uploads(library.folder / "uploads", SETTINGS)))


def _create_page(library: Library) -> FastAPI:
    """Create the page, whose imports take longer than all the rest."""
    from index import page

    return page.create_app(library, SETTINGS)


def main() -> None:
    """Print the findings."""
    sys.stdout.write(json.dumps(inspect_library(Path(sys.argv[1]), with_page=sys.argv[2:] == ["page"])))


if __name__ == "__main__":
    main()
