"""The documents over HTTP: listed, found, read, removed; and nothing sent twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.http.conftest import OIL, SOURCES, Service

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.conftest import Write


def listed(client: TestClient, **query: Any) -> list[str]:
    """The sources of all documents, page after page."""
    found: list[str] = []
    while True:
        page = client.get("/v1/documents", params=query).json()
        found += [document["source"] for document in page["documents"]]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_the_list_has_each_document_once(client: TestClient, limit: int) -> None:
    """In the order of their names, whatever the size of a page."""
    assert listed(client, limit=limit) == ["oil.txt", "treaty.md", "volcano.html"]


@pytest.mark.parametrize(
    ("name", "found"),
    [("volcano", ["volcano.html"]), ("HARBOUR treaty", ["treaty.md"]), ("treaty oil", []), ("sources", [])],
    ids=["title", "words of a title in any order and case", "no document has both", "a folder is no name"],
)
def test_the_list_is_narrowed_by_name(client: TestClient, name: str, found: list[str]) -> None:
    """To documents that have all of the words in what a reader sees of them."""
    assert listed(client, name=name) == found


def test_a_cursor_outlives_changes(service: Service, client: TestClient, write: Write) -> None:
    """What comes and goes between two pages leaves the rest of the list as it was."""
    first = client.get("/v1/documents", params={"limit": 1}).json()
    assert [each["source"] for each in first["documents"]] == ["oil.txt"]
    service.library.remove("oil.txt")
    service.library.add([write("a.txt", "An earlier name."), write("z.txt", "A later name.")])
    assert listed(client, cursor=first["next"]) == ["treaty.md", "volcano.html", "z.txt"]


@pytest.mark.parametrize("cursor", ["x", "e30", "bm90IGpzb24", "W10", "WzEsMl0x", "é"])
def test_a_broken_cursor_is_refused(client: TestClient, cursor: str) -> None:
    """As a mistake of the request."""
    response = client.get("/v1/documents", params={"cursor": cursor})
    assert (response.status_code, response.json()["mistakes"][0]["pointer"]) == (422, "query: cursor")


def test_a_document_is_known_by_its_id(service: Service, client: TestClient) -> None:
    """And by the beginning of it; nowhere is said in which folder it lies."""
    identity = service.ids["treaty.md"]
    told = client.get(f"/v1/documents/{identity}").json()
    assert (told["id"], told["title"], told["source"]) == (identity, "The Harbour Treaty", "treaty.md")
    assert client.get(f"/v1/documents/{identity[:8].upper()}").json() == told


@pytest.mark.parametrize(
    "name", ["treaty.md", "The Harbour Treaty", "{path}", "~nobody-at-all", "0" * 64, "%00", "%F0%9F%90%8B"]
)
def test_nothing_else_names_a_document(service: Service, client: TestClient, name: str) -> None:
    """No title, no file and no path: an address names a document by its contents."""
    path = service.library.find("treaty.md").source.replace("/", "%2F")
    response = client.get(f"/v1/documents/{name.replace('{path}', path)}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_the_text_is_given_to_the_letter(service: Service, client: TestClient) -> None:
    """All of it, or what stands between two offsets."""
    address = f"/v1/documents/{service.ids['oil.txt']}/text"
    assert client.get(address).json() == {
        "document_id": service.ids["oil.txt"],
        "start": 0,
        "end": len(OIL),
        "characters": len(OIL),
        "text": OIL,
    }
    assert client.get(address, params={"start": 4, "end": 16}).json()["text"] == "price of oil"
    assert client.get(address, params={"start": len(OIL)}).json()["text"] == ""


@pytest.mark.parametrize(
    ("start", "end"),
    [(5, 4), (0, 10_000), (10_000, 10_001), (-1, 3), ("x", 3), (2**70, 2**71), ("1e3", 4)],
)
def test_a_span_outside_of_the_document_is_refused(service: Service, client: TestClient, start: Any, end: Any) -> None:
    """With 422, whether it is no number, too large a one, or the wrong way round."""
    address = f"/v1/documents/{service.ids['oil.txt']}/text"
    assert client.get(address, params={"start": start, "end": end}).status_code == 422


def test_a_document_is_removed(service: Service, client: TestClient) -> None:
    """At once, from every answer; a second time there is nothing to remove."""
    address = f"/v1/documents/{service.ids['oil.txt']}"
    assert client.delete(address).json()["removed"] == ["oil.txt"]
    assert client.get(address).status_code == client.delete(address).status_code == 404
    found = client.post("/v1/search", json={"question": "the price of oil"}).json()
    assert "oil.txt" not in {hit["document"]["source"] for hit in found["hits"]}


@pytest.mark.parametrize("address", ["/v1/documents", "/v1/documents/{id}", "/v1/documents/{id}/text?start=2&end=9"])
def test_what_is_known_is_not_sent_again(service: Service, client: TestClient, address: str) -> None:
    """Until it changes, by its validator, whichever of several the client has."""
    address = address.format(id=service.ids["oil.txt"])
    first = client.get(address)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for held in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
        again = client.get(address, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"x"'}).content == first.content


def test_the_lists_validator_changes_with_the_library(service: Service, client: TestClient) -> None:
    """A list that a client has is not taken for right after a change."""
    tag = client.get("/v1/documents").headers["etag"]
    service.library.remove("oil.txt")
    again = client.get("/v1/documents", headers={"If-None-Match": tag})
    assert (again.status_code, again.json()["total"]) == (200, len(SOURCES) - 1)


def test_head_is_get_without_a_body(service: Service, client: TestClient) -> None:
    """With the same headers."""
    address = f"/v1/documents/{service.ids['oil.txt']}"
    head, whole = client.head(address), client.get(address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == whole.headers[name]
