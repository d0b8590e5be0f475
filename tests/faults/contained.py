"""What a container with a read-only root does: `python -m tests.faults.contained FOLDER`; says what it saw, as JSON.

It is run in a mount namespace of its own, in which every disk was made read-only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from index.library.library import Library
from index.page import create_app
from tests.fakes import FakeEncoder
from tests.faults.adder import SETTINGS
from tests.hosted import wait_until

QUESTION = "Who signed the treaty?"


def look(folder: Path) -> dict[str, Any]:
    """Ask, read and serve the library."""
    seen: dict[str, Any] = {}
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        answer = library.ask(QUESTION)
        seen["answer"] = [statement.text for statement in answer.statements]
        seen["notes"] = list(answer.notes)
        seen["verified"] = library.verify().sources_checked
        seen["problems"] = [problem.remedy for problem in library.problems()]
        with TestClient(create_app(library, SETTINGS), base_url="http://127.0.0.1") as client:
            wait_until(lambda: "starting up" not in client.get("/readyz").text)
            seen["ready"] = client.get("/readyz").status_code
            seen["asked"] = client.post("/v1/ask", json={"question": QUESTION}).json()["status"]
            file = ("files", ("new.txt", b"A comet came."))
            seen["added"] = client.post("/v1/documents", files=[file]).json()
            seen["removed"] = client.delete(f"/v1/documents/{library.documents()[0].id}").status_code
            seen["page"] = "read-only: you" in client.get("/").text
    return seen


def main() -> None:
    """Say it."""
    sys.stdout.write(json.dumps(look(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
