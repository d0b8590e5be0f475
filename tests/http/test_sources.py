"""A document as it looks, over HTTP: its text with a span marked, its pages as images, its file."""

from __future__ import annotations

import hashlib
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin

import anyio
import pytest

from index.errors import OriginalMissing
from index.records import Span
from index.server.guard.quotas import PIECE
from index.server.http.responses import Download
from index.server.http.routes.documents import disposition
from tests.http.conftest import HARBOUR, PAGES, TREATY, Service

if TYPE_CHECKING:
    from starlette.testclient import TestClient
    from starlette.types import Message

    from tests.conftest import Write

ATTACK = "<img src=x onerror=alert(1)> </p><script>alert(1)</script> ${alert(1)} {{ 7 * 7 }} `x`"
QUOTE = "The king signed the treaty in the harbour."


@pytest.fixture
def harbour(service: Service, write: Write) -> str:
    """The id of a PDF of two pages in the library."""
    path = write("harbour.pdf", HARBOUR)
    service.library.add(path)
    return service.library.find("harbour.pdf").id


def span_of(service: Service, identity: str, words: str) -> Span:
    """Where the words stand in a document."""
    start = service.library.document(identity).text.index(words)
    return Span(start, start + len(words))


def marked(fragment: str) -> str:
    """The words that a fragment marks."""
    return "".join(html.unescape(each) for each in re.findall(r"<mark[^>]*>(.*?)</mark>", fragment, re.DOTALL))


def test_a_view_marks_the_span(service: Service, client: TestClient) -> None:
    """Nothing more and nothing less, among its headings and neighbours; nowhere is said where the file lies."""
    identity = service.ids["treaty.md"]
    start, end = span_of(service, identity, QUOTE)
    response = client.get(f"/v1/documents/{identity}/view", params={"start": start, "end": end})
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert marked(response.text) == QUOTE
    assert "The Harbour Treaty" in response.text
    assert "Nobody remembered the whale." in response.text
    assert str(service.folder) not in response.text


def test_a_view_without_a_span_is_the_beginning(service: Service, client: TestClient) -> None:
    """With nothing marked."""
    fragment = client.get(f"/v1/documents/{service.ids['treaty.md']}/view").text
    assert marked(fragment) == ""
    assert fragment.index("The Harbour Treaty") < fragment.index("The king signed")


def test_a_view_runs_and_fetches_nothing(service: Service, client: TestClient, write: Write) -> None:
    """Words of a document are words, whatever they look like; opened alone, a fragment may do nothing at all."""
    service.library.add(write("attack.txt", f"It rained. {ATTACK} It rained again."))
    identity = service.library.find("attack.txt").id
    start, end = span_of(service, identity, ATTACK)
    response = client.get(f"/v1/documents/{identity}/view", params={"start": start, "end": end})
    assert marked(response.text) == ATTACK
    assert not re.search(r"<script|<img src=x", response.text)
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_pdf_is_seen_as_it_is_printed(service: Service, client: TestClient, harbour: str) -> None:
    """The page with the span, with rectangles round its words; its image is where the fragment says."""
    start, end = span_of(service, harbour, PAGES[1])
    address = f"/v1/documents/{harbour}/view?start={start}&end={end}"
    fragment = client.get(address).text
    (image,) = re.findall(r'<img[^>]* src="([^"]+)"', fragment)
    assert "/pages/2.png" in urljoin(address, image)
    assert 'class="p-rect"' in fragment
    picture = client.get(urljoin(address, html.unescape(image)))
    assert (picture.headers["content-type"], picture.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert marked(fragment) == PAGES[1]


def test_a_page_shows_its_span(service: Service, client: TestClient, harbour: str) -> None:
    """The image with the span differs from the one without, and is not sent twice."""
    start, end = span_of(service, harbour, PAGES[1])
    address = f"/v1/documents/{harbour}/pages/2.png"
    plain, shown = (client.get(address, params=query) for query in ({}, {"start": start, "end": end}))
    assert plain.content != shown.content
    again = client.get(address, headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("pages/3.png", 404),
        ("pages/0.png", 422),
        ("pages/x.png", 422),
        ("pages/99999999999999999999.png", 422),
        ("pages/1.png?width=10", 422),
        ("pages/1.png?width=100000", 422),
        ("pages/1.png?start=5&end=2", 422),
        ("pages/1.png?start=9999&end=10000", 422),
        ("view?start=9999", 422),
        ("view?start=-1", 422),
    ],
)
def test_what_is_not_in_the_document_is_refused(client: TestClient, harbour: str, query: str, status: int) -> None:
    """A page that it does not have, a width that nobody can see, a span beyond its end."""
    response = client.get(f"/v1/documents/{harbour}/{query}")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


def test_only_a_pdf_has_pages(service: Service, client: TestClient) -> None:
    """A text has none to show."""
    assert client.get(f"/v1/documents/{service.ids['oil.txt']}/pages/1.png").status_code == 404


def test_the_original_is_given_to_the_byte(service: Service, client: TestClient, harbour: str) -> None:
    """To be saved under its name, and never shown as a page of this server, whatever it is."""
    for identity, name in ((harbour, "harbour.pdf"), (service.ids["volcano.html"], "volcano.html")):
        response = client.get(f"/v1/documents/{identity}/original")
        assert hashlib.sha256(response.content).hexdigest() == identity
        assert response.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["x-content-type-options"] == "nosniff"
        again = client.get(f"/v1/documents/{identity}/original", headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == 304


def test_an_original_is_read_as_its_client_reads(service: Service, write: Write) -> None:
    """One that is changed meanwhile does not come to its end: its client has what is announced, or knows better."""
    path = write("long.txt", "The king signed the treaty. " * 30_000)
    service.library.add(path)
    original = service.library.open_original("long.txt")
    sent: list[int] = []

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(len(message.get("body", b"")))
        if len(sent) == 2:
            path.write_bytes(path.read_bytes().replace(b"king", b"ring"))

    async def download() -> None:
        await Download(original, {})({"type": "http"}, receive, send)

    with pytest.raises(OriginalMissing):
        anyio.run(download)
    assert max(sent) == PIECE
    assert original.size - PIECE <= sum(sent) < original.size
    assert original.file.closed


def test_an_original_that_has_changed_is_not_given(service: Service, client: TestClient, write: Write) -> None:
    """Its text still is, and the fragment does not offer what is not there."""
    write("treaty.md", TREATY + "\nAnd more.\n")
    identity = service.ids["treaty.md"]
    response = client.get(f"/v1/documents/{identity}/original")
    assert (response.status_code, response.json()["type"]) == (404, "urn:pincite:problem:original-missing")
    fragment = client.get(f"/v1/documents/{identity}/view")
    assert (fragment.status_code, "data-original" in fragment.text) == (200, False)


@pytest.mark.parametrize(
    ("name", "plain", "true"),
    [
        ("treaty.pdf", "treaty.pdf", "treaty.pdf"),
        ('a "b"\\c.txt', "a _b__c.txt", 'a "b"\\c.txt'),
        ("Ü\r\nSet-Cookie: x.txt", "___Set-Cookie: x.txt", "Ü\r\nSet-Cookie: x.txt"),
        ("鲸🐋.pdf", "__.pdf", "鲸🐋.pdf"),
        ("/srv/papers/a.pdf", "a.pdf", "a.pdf"),
        ("half \ud800.pdf", "half ?.pdf", "half ?.pdf"),
    ],
)
def test_a_file_is_saved_under_its_name(name: str, plain: str, true: str) -> None:
    """Old programs get letters that they know, all others the name itself; nothing in it ends the header."""
    said = disposition(name)
    assert said.isascii()
    assert said.isprintable()
    shown = re.fullmatch(r"attachment; filename=\"([^\"]*)\"; filename\*=UTF-8''(.*)", said)
    assert shown
    assert (shown[1], unquote(shown[2])) == (plain, true)
