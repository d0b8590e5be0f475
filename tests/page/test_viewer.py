"""The link to a citation, and the dialog that it opens."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from index.page.fragments import add_citation_route, dialog


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/d/0123abc", "../?d=0123abc"),
        ("/d/0123abc?q=Who+signed%3F&in=ab,cd&write=1", "../?q=Who+signed%3F&in=ab%2Ccd&write=1&d=0123abc"),
        ("/d/0123abc?next=https://example.org", "../?d=0123abc"),
        ("/d/%22%3E%0D%0A%26x=y", "../?d=%22%3E%0D%0A%26x%3Dy"),
    ],
    ids=["alone", "with a question", "with an unknown parameter", "with reserved characters"],
)
def test_citation_link_redirects_to_the_page(path: str, location: str) -> None:
    """The redirect is relative, so it stays on this server behind any proxy, and keeps the question."""
    app = FastAPI()
    add_citation_route(app)
    response = TestClient(app).get(path, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (302, location)


def test_source_dialog_is_initially_closed_and_empty() -> None:
    """It is part of the page before a source is opened."""
    markup = dialog()
    assert markup.startswith('<dialog id="viewer"')
    assert " open" not in markup.partition(">")[0]
