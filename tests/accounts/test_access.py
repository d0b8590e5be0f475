"""Who may do what: roles, keys, libraries, and the answers to those who may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.accounts.conftest import Team

QUESTION = {"question": "Who signed the treaty?"}


def test_reader_asks_and_cannot_change(team: Team) -> None:
    """A reader's key answers questions of the libraries that it is for; it adds and removes nothing."""
    reader = team.client(team.key("reader", "open"))
    answer = reader.post("/l/open/v1/ask", json=QUESTION)
    assert answer.status_code == 200
    assert "signed" in answer.json()["statements"][0]["text"]
    document = reader.get("/l/open/v1/documents").json()["documents"][0]["id"]
    refused = reader.delete(f"/l/open/v1/documents/{document}")
    assert (refused.status_code, refused.json()["detail"]) == (403, "This needs the role curator; yours is reader.")
    assert reader.post("/l/open/v1/documents", files=[("files", ("a.txt", b"A horse."))]).status_code == 403
    assert reader.get("/l/open/metrics").status_code == 403
    assert len(reader.get("/l/open/v1/documents").json()["documents"]) == 1
