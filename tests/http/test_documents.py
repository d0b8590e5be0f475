"""Documents over HTTP: they are listed, found, read and removed, and unchanged responses are not sent twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.records import Reading
from tests import shapes
from tests.cases import cases
from tests.http.conftest import OIL, SOURCES, Service

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.conftest import Write


def all_sources(client: TestClient, **query: Any) -> list[str]:
    """Return the sources of all documents, page after page."""
    sources: list[str] = []
    while True:
        page = client.get("/v1/documents", params=query).json()
        sources += [document["source"] for document in page["documents"]]
        if page["next"] is None:
            return sources
        query["cursor"] = page["next"]


@cases("limit", [1, 2, 3, 100])
def test_paginated_list_has_each_document_once(client: TestClient, limit: int) -> None:
    """Documents are sorted by name, whatever the page size."""
    assert all_sources(client, limit=limit) == ["oil.txt", "treaty.md", "volcano.html"]


@cases(
    ("name", "sources"),
    [("volcano", ["volcano.html"]), ("HARBOUR treaty", ["treaty.md"]), ("treaty oil", []), ("sources", [])],
    ids=["title", "words of a title in any order and case", "no document has both", "a folder is no name"],
)
def test_list_is_filtered_by_name(client: TestClient, name: str, sources: list[str]) -> None:
    """A document matches if its displayed fields contain all of the words."""
    assert all_sources(client, name=name) == sources


def test_cursor_stays_valid_after_changes(own_service: Service, own_client: TestClient, write: Write) -> None:
    """Documents added or removed between two pages do not disturb the rest of the list."""
    first = own_client.get("/v1/documents", params={"limit": 1}).json()
    assert [document["source"] for document in first["documents"]] == ["oil.txt"]
    own_service.library.remove("oil.txt")
    own_service.library.add([write("a.txt", "An earlier name."), write("z.txt", "A later name.")])
    assert all_sources(own_client, cursor=first["next"]) == ["treaty.md", "volcano.html", "z.txt"]


@cases("cursor", ["x", "e30", "bm90IGpzb24", "W10", "WzEsMl0x", "é"])
def test_invalid_cursor_is_refused(client: TestClient, cursor: str) -> None:
    """It is an error of the client."""
    response = client.get("/v1/documents", params={"cursor": cursor})
    assert (response.status_code, response.json()["mistakes"][0]["pointer"]) == (422, "query: cursor")


def test_document_is_found_by_its_id_or_a_prefix(service: Service, client: TestClient) -> None:
    """The response does not reveal the folder of the file."""
    identity = service.ids["treaty.md"]
    document = client.get(f"/v1/documents/{identity}").json()
    assert (document["id"], document["title"], document["source"]) == (identity, "The Harbour Treaty", "treaty.md")
    assert client.get(f"/v1/documents/{identity[:8].upper()}").json() == document


def test_document_says_how_it_was_read(own_service: Service, own_client: TestClient) -> None:
    """In words and as data; a container is named without its folder."""
    reading = Reading(tables=1, languages=("en",), container="/srv/secret/mail.mbox", doi="10.1000/182")
    own_service.library.add_documents([replace(shapes.message(), reading=reading)])
    (document,) = own_client.get("/v1/documents", params={"name": "pump"}).json()["documents"]
    assert document["kind"] == "Message"
    assert document["how"] == "Message · 1 table · English · attached to mail.mbox"
    empty = {"recognised_pages": 0, "engine": "", "empty_pages": 0}
    stated = {"tables": 1, "languages": ["en"], "container": "mail.mbox", "doi": "10.1000/182"}
    assert document["reading"] == {**empty, **stated}


@pytest.mark.parametrize(
    "name", ["treaty.md", "The Harbour Treaty", "{path}", "~unknown-user", "0" * 64, "%00", "%F0%9F%90%8B"]
)
def test_title_or_path_does_not_identify_a_document(service: Service, client: TestClient, name: str) -> None:
    """An address names a document by the hash of its contents only."""
    path = service.library.find("treaty.md").source.replace("/", "%2F")
    response = client.get(f"/v1/documents/{name.replace('{path}', path)}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_text_route_returns_the_exact_text(service: Service, client: TestClient) -> None:
    """It returns the whole text or the part between two offsets."""
    address = f"/v1/documents/{service.ids['oil.txt']}/text"
    length = {"start": 0, "end": len(OIL), "characters": len(OIL)}
    assert client.get(address).json() == {"document_id": service.ids["oil.txt"], **length, "text": OIL}
    assert client.get(address, params={"start": 4, "end": 16}).json()["text"] == "price of oil"
    assert client.get(address, params={"start": len(OIL)}).json()["text"] == ""


@pytest.mark.parametrize(
    ("start", "end"),
    [(5, 4), (0, 10_000), (10_000, 10_001), (-1, 3), ("x", 3), (2**70, 2**71), ("1e3", 4)],
)
def test_invalid_span_is_refused(service: Service, client: TestClient, start: Any, end: Any) -> None:
    """The status is 422 for a bad number, a number out of range and a reversed span."""
    address = f"/v1/documents/{service.ids['oil.txt']}/text"
    assert client.get(address, params={"start": start, "end": end}).status_code == 422


def test_removed_document_is_gone_from_every_response(own_service: Service, own_client: TestClient) -> None:
    """A second removal is 404."""
    address = f"/v1/documents/{own_service.ids['oil.txt']}"
    assert own_client.delete(address).json()["removed"] == ["oil.txt"]
    assert own_client.get(address).status_code == own_client.delete(address).status_code == 404
    result = own_client.post("/v1/search", json={"question": "the price of oil"}).json()
    assert "oil.txt" not in {hit["document"]["source"] for hit in result["hits"]}


@pytest.mark.parametrize("address", ["/v1/documents", "/v1/documents/{id}", "/v1/documents/{id}/text?start=2&end=9"])
def test_matching_etag_is_answered_with_304(service: Service, client: TestClient, address: str) -> None:
    """It matches in a list and without the weak prefix, too."""
    address = address.format(id=service.ids["oil.txt"])
    first = client.get(address)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for value in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
        again = client.get(address, headers={"If-None-Match": value})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"x"'}).content == first.content


def test_etag_of_the_list_changes_with_the_library(own_service: Service, own_client: TestClient) -> None:
    """A stale list is not confirmed as current."""
    tag = own_client.get("/v1/documents").headers["etag"]
    own_service.library.remove("oil.txt")
    again = own_client.get("/v1/documents", headers={"If-None-Match": tag})
    assert (again.status_code, again.json()["total"]) == (200, len(SOURCES) - 1)


def test_head_has_the_headers_of_get_without_a_body(service: Service, client: TestClient) -> None:
    """ETag, type and length are the same."""
    address = f"/v1/documents/{service.ids['oil.txt']}"
    head, whole = client.head(address), client.get(address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == whole.headers[name]
