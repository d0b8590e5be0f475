"""The link to one citation, and the dialog that it opens."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from index.page.fragments import add_citation_route, dialog


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/d/0123abc", "../?d=0123abc"),
        ("/d/0123abc?q=Who+signed%3F&in=ab,cd&write=1", "../?q=Who+signed%3F&in=ab%2Ccd&write=1&d=0123abc"),
        ("/d/0123abc?next=https://example.org", "../?d=0123abc"),
        ("/d/%22%3E%0D%0A%26x=y", "../?d=%22%3E%0D%0A%26x%3Dy"),
    ],
    ids=["alone", "with a question", "with what nobody asked for", "with what has a meaning in addresses"],
)
def test_the_link_to_a_citation_leads_to_the_page(path: str, leads: str) -> None:
    """To this server's page and to no other, wherever a proxy serves it; what was asked goes along."""
    app = FastAPI()
    add_citation_route(app)
    answer = TestClient(app).get(path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, leads)


def test_the_dialog_is_closed_and_has_no_words_of_a_document() -> None:
    """It goes out with the page, before anybody has asked for a source."""
    markup = dialog()
    assert markup.startswith('<dialog id="viewer"')
    assert " open" not in markup.partition(">")[0]
