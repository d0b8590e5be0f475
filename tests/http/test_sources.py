"""Sources over HTTP: a document's text with a span marked, its pages as images, and its original file."""

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
from index.server.http.document_routes import disposition
from index.server.http.responses import PIECE_BYTES, Download
from tests.http.conftest import HARBOUR, PAGES, SOURCES, TREATY, Service, running_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient
    from starlette.types import Message

    from tests.conftest import Write

ATTACK = "<img src=x onerror=alert(1)> </p><script>alert(1)</script> ${alert(1)} {{ 7 * 7 }} `x`"
QUOTE = "The king signed the treaty in the harbour."


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that also has a PDF of two pages and a text that holds an attack. Tests of this module only read it."""
    sources: dict[str, str | bytes] = {
        **SOURCES,
        "harbour.pdf": HARBOUR,
        "attack.txt": f"It rained. {ATTACK} It rained again.",
    }
    with running_service(tmp_path_factory.mktemp("sources"), sources) as service:
        yield service


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[TestClient]:
    """A client of this service."""
    with service.client() as client:
        yield client


@pytest.fixture
def harbour(service: Service) -> str:
    """The id of the PDF."""
    return service.ids["harbour.pdf"]


def span_of(service: Service, identity: str, words: str) -> Span:
    """Return the span of these words in a document."""
    start = service.library.document(identity).text.index(words)
    return Span(start, start + len(words))


def marked_text(fragment: str) -> str:
    """Return the text that a fragment marks."""
    return "".join(html.unescape(text) for text in re.findall(r"<mark[^>]*>(.*?)</mark>", fragment, re.DOTALL))


def test_view_marks_exactly_the_span(service: Service, client: TestClient) -> None:
    """It shows headings and neighbouring text, and does not reveal the file's folder; without a span, nothing is
    marked.
    """
    identity = service.ids["treaty.md"]
    start, end = span_of(service, identity, QUOTE)
    response = client.get(f"/v1/documents/{identity}/view", params={"start": start, "end": end})
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert marked_text(response.text) == QUOTE
    assert "The Harbour Treaty" in response.text
    assert "Nobody remembered the whale." in response.text
    assert str(service.folder) not in response.text
    fragment = client.get(f"/v1/documents/{service.ids['treaty.md']}/view").text
    assert marked_text(fragment) == ""
    assert fragment.index("The Harbour Treaty") < fragment.index("The king signed")


def test_view_escapes_the_document_and_forbids_scripts(service: Service, client: TestClient) -> None:
    """The headers forbid everything, in case the fragment is opened alone."""
    identity = service.ids["attack.txt"]
    start, end = span_of(service, identity, ATTACK)
    response = client.get(f"/v1/documents/{identity}/view", params={"start": start, "end": end})
    assert marked_text(response.text) == ATTACK
    assert not re.search(r"<script|<img src=x", response.text)
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["x-content-type-options"] == "nosniff"


def test_view_of_a_pdf_shows_its_page_image(service: Service, client: TestClient, harbour: str) -> None:
    """Rectangles mark the span, and the image is at the address in the fragment; only PDFs have pages to show.

    The image with the span differs from the one without; an unchanged image is not sent twice.
    """
    start, end = span_of(service, harbour, PAGES[1])
    address = f"/v1/documents/{harbour}/view?start={start}&end={end}"
    fragment = client.get(address).text
    (image,) = re.findall(r'<img[^>]* src="([^"]+)"', fragment)
    assert "/pages/2.png" in urljoin(address, image)
    assert 'class="p-rect"' in fragment
    picture = client.get(urljoin(address, html.unescape(image)))
    assert (picture.headers["content-type"], picture.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert marked_text(fragment) == PAGES[1]
    address = f"/v1/documents/{harbour}/pages/2.png"
    plain, highlighted = (client.get(address, params=query) for query in ({}, {"start": start, "end": end}))
    assert plain.content != highlighted.content
    again = client.get(address, headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/v1/documents/{service.ids['oil.txt']}/pages/1.png").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("pages/3.png", 404), ("pages/0.png", 422), ("pages/x.png", 422), ("pages/99999999999999999999.png", 422),
        ("pages/1.png?width=10", 422), ("pages/1.png?width=100000", 422), ("pages/1.png?start=5&end=2", 422),
        ("pages/1.png?start=9999&end=10000", 422), ("view?start=9999", 422), ("view?start=-1", 422),
    ],
)  # fmt: skip
def test_invalid_page_width_or_span_is_refused(client: TestClient, harbour: str, query: str, status: int) -> None:
    """The page does not exist, the width is out of range, or the span is beyond the end."""
    response = client.get(f"/v1/documents/{harbour}/{query}")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


def test_original_is_downloaded_unchanged(service: Service, client: TestClient, harbour: str) -> None:
    """It is an attachment, so that the browser never shows it as a page of this server."""
    for identity, name in ((harbour, "harbour.pdf"), (service.ids["volcano.html"], "volcano.html")):
        response = client.get(f"/v1/documents/{identity}/original")
        assert hashlib.sha256(response.content).hexdigest() == identity
        assert response.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["x-content-type-options"] == "nosniff"
        again = client.get(f"/v1/documents/{identity}/original", headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == 304


def test_file_changed_during_a_download_aborts_it(own_service: Service, write: Write) -> None:
    """The client gets exactly the announced bytes, or an incomplete response."""
    path = write("long.txt", "The king signed the treaty. " * 10_000)
    own_service.library.add(path)
    original = own_service.library.open_original("long.txt")
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
    assert max(sent) == PIECE_BYTES
    assert original.size - PIECE_BYTES <= sum(sent) < original.size
    assert original.file.closed


def test_changed_original_is_not_found(own_service: Service, own_client: TestClient, write: Write) -> None:
    """The text is still shown, and the fragment does not offer the file."""
    write("treaty.md", TREATY + "\nAnd more.\n")
    identity = own_service.ids["treaty.md"]
    response = own_client.get(f"/v1/documents/{identity}/original")
    assert (response.status_code, response.json()["type"]) == (404, "urn:pincite:problem:original-missing")
    fragment = own_client.get(f"/v1/documents/{identity}/view")
    assert (fragment.status_code, "data-original" in fragment.text) == (200, False)


@pytest.mark.parametrize(
    ("name", "ascii_name", "full_name"),
    [
        ("treaty.pdf", "treaty.pdf", "treaty.pdf"),
        ('a "b"\\c.txt', "a _b__c.txt", 'a "b"\\c.txt'),
        ("Ü\r\nSet-Cookie: x.txt", "___Set-Cookie: x.txt", "Ü\r\nSet-Cookie: x.txt"),
        ("鲸🐋.pdf", "__.pdf", "鲸🐋.pdf"),
        ("/srv/papers/a.pdf", "a.pdf", "a.pdf"),
        ("half \ud800.pdf", "half ?.pdf", "half ?.pdf"),
    ],
)
def test_download_header_encodes_any_file_name(name: str, ascii_name: str, full_name: str) -> None:
    """Old clients get an ASCII name, others the full name, and no character can end the header."""
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    match = re.fullmatch(r"attachment; filename=\"([^\"]*)\"; filename\*=UTF-8''(.*)", header)
    assert match
    assert (match[1], unquote(match[2])) == (ascii_name, full_name)
