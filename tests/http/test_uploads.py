"""Documents handed in over HTTP: taken in as they come, within limits, read in a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from index.server.http import create_app
from index.settings import Settings
from tests.http.conftest import OIL, Service, done, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records.document import Arrival
    from index.server.uploads import Uploads

WHALE = "The whale swam up the river."
MEGABYTE = 1_000_000


def arrived(service: Service) -> list[str]:
    """All that lies in the folder of uploads."""
    folder = service.library.folder / "uploads"
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_files_become_documents(service: Service, client: TestClient) -> None:
    """All of one request in one job, which says what became of each, and what is wrong with one that is broken."""
    sent = files(
        ("whale.txt", WHALE), ("broken.pdf", "%PDF-1.4 no"), ("../../Rivers of Ü.md", "# A stream\n\nIt flows.")
    )
    response = client.post("/v1/documents", files=sent)
    assert response.status_code == 202
    job = done(client, response.headers["location"])
    assert job["state"] == "done"
    assert {file["source"]: file["stage"] for file in job["files"]} == {
        "whale.txt": "added",
        "broken.pdf": "failed",
        "Rivers of Ü.md": "added",
    }
    assert job["receipt"]["added"] == ["whale.txt", "Rivers of Ü.md"]
    (failure,) = job["receipt"]["failed"]
    assert failure["reason"]
    assert failure["hint"]
    assert str(service.folder) not in response.text + str(job)
    found = client.post("/v1/search", json={"question": "whale river"}).json()
    assert found["hits"][0]["text"] == WHALE
    assert arrived(service) == ["Rivers of Ü.md", "whale.txt"]


def test_the_same_bytes_again_cost_nothing(service: Service, client: TestClient) -> None:
    """Whatever they are called."""
    for name in ("whale.txt", "whale.txt", "another.txt"):
        job = done(client, client.post("/v1/documents", files=files((name, WHALE))).headers["location"])
    assert (job["receipt"]["unchanged"], job["receipt"]["encoded"]) == (["another.txt"], 0)
    assert len(service.library.documents()) == 4


def test_a_file_that_is_too_large_is_refused_as_it_comes(service: Service, client: TestClient) -> None:
    """The problem names the setting, and nothing of the request stays."""
    sent = files(("whale.txt", WHALE), ("large.txt", b"x" * (MEGABYTE + 1)))
    response = client.post("/v1/documents", files=sent)
    assert (response.status_code, response.json()["type"]) == (413, "urn:pincite:problem:too-large")
    assert "PINCITE_MAX_FILE_MEGABYTES" in response.text
    assert arrived(service) == []


def test_too_many_files_are_refused(service: Service, client: TestClient) -> None:
    """The problem names the setting, and nothing of the request stays."""
    response = client.post("/v1/documents", files=files(*((f"{n}.txt", WHALE) for n in range(4))))
    assert response.status_code == 422
    assert "PINCITE_MAX_UPLOAD_FILES" in response.json()["hint"]
    assert arrived(service) == []


def part(disposition: str, content: str = WHALE, end: str = "--\r\n") -> bytes:
    """A multipart body of one part."""
    return f"--b\r\n{disposition}\r\n\r\n{content}\r\n--b{end}".encode()


FILE = 'Content-Disposition: form-data; name="files"; filename="a.txt"'


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=b", part(FILE, end=""), 400),
        ("multipart/form-data; boundary=b", part('Content-Disposition: form-data; name="files"'), 400),
        ("multipart/form-data; boundary=b", b"what", 400),
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422),
        ("multipart/form-data", part(FILE), 400),
        (f"multipart/form-data; boundary={'b' * 300}", part(FILE), 400),
        ("text/plain", b"what", 415),
        ("application/json", b"{", 422),
        ("application/json", b"\xff", 422),
        ("application/json", b"[" * 2_000, 422),
        ("application/json", b"{}", 422),
        ("application/json", b'{"url": 3}', 422),
        ("application/json", b'{"url": "https://a.org", "folder": "/"}', 422),
    ],
    ids=[
        "it ends early",
        "a field that is no file",
        "no multipart at all",
        "empty",
        "no part",
        "no boundary",
        "a boundary that is too long",
        "another kind of body",
        "broken JSON",
        "not UTF-8",
        "JSON too deep",
        "nothing named",
        "a number for an address",
        "two things named",
    ],
)
def test_a_broken_body_is_refused(service: Service, client: TestClient, kind: str, body: bytes, status: int) -> None:
    """With a problem, and nothing of it stays."""
    response = client.post("/v1/documents", content=body, headers={"Content-Type": kind})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert arrived(service) == []


def test_a_name_may_come_in_pieces(service: Service, client: TestClient) -> None:
    """However a body is cut on its way, it is read the same."""
    whole = part(FILE.replace("a.txt", 'wh\\"ale ü.txt') + "\r\nX-Empty:\r\nContent-Type: text/plain")

    def byte_by_byte() -> Iterator[bytes]:
        for n in range(len(whole)):
            yield whole[n : n + 1]

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = client.post("/v1/documents", content=byte_by_byte(), headers=headers)
    assert [file["name"] for file in done(client, response.headers["location"])["files"]] == ["whale ü.txt"]


@pytest.mark.parametrize(
    ("body", "setting"),
    [
        ({"url": "https://example.org/a.pdf"}, "PINCITE_ALLOW_URLS"),
        ({"folder": "/etc"}, "PINCITE_ALLOW_FOLDERS"),
        ({"folder": "~nobody-at-all"}, "PINCITE_ALLOW_FOLDERS"),
        ({"folder": "a\0b"}, "PINCITE_ALLOW_FOLDERS"),
    ],
    ids=["an address", "a folder", "somebody's home", "a NUL"],
)
def test_what_the_operator_has_not_allowed_is_refused(client: TestClient, body: dict[str, str], setting: str) -> None:
    """With 403 and the setting that would allow it."""
    response = client.post("/v1/documents", json=body)
    assert response.status_code == 403
    assert setting in response.json()["hint"]


def test_a_folder_that_is_allowed_is_added(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files are documents, and stay where they are."""
    folder = service.folder / "allowed"
    folder.mkdir()
    (folder / "whale.txt").write_text(WHALE)
    settings = Settings(passage_tokens=32, allow_folders=(folder,))
    with TestClient(create_app(service.library, settings, service.jobs)) as client:
        response = client.post("/v1/documents", json={"folder": str(folder)})
        assert done(client, response.headers["location"])["receipt"]["added"] == ["whale.txt"]
    assert service.library.find("whale.txt").source == str(folder / "whale.txt")


def test_an_address_is_fetched_where_that_is_allowed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is known by its address."""
    address = "https://example.org/whale.txt"

    def fetched(url: str, _: Settings, uploads: Uploads) -> Arrival:
        return uploads.receive("whale.txt", [WHALE.encode()], source=url)

    monkeypatch.setattr("index.server.http.routes.jobs.fetch", fetched)
    with service.client() as client:
        job = done(client, client.post("/v1/documents", json={"url": address}).headers["location"])
    assert job["receipt"]["added"] == [address]


def test_a_job_can_be_ended(service: Service, client: TestClient) -> None:
    """One that is over stays as it is."""
    address = client.post("/v1/documents", files=files(("oil again.txt", OIL))).headers["location"]
    job = done(client, address)
    assert client.post(f"{address}/cancel").json() == job


@pytest.mark.parametrize("address", ["", "/events", "/table.csv", "/cancel"])
def test_a_job_that_is_not_there(client: TestClient, address: str) -> None:
    """Is a problem of its own."""
    response = client.request("POST" if address == "/cancel" else "GET", f"/v1/jobs/nothing{address}")
    assert (response.status_code, response.json()["type"]) == (404, "urn:pincite:problem:job-not-found")


def test_only_a_batch_has_a_table(client: TestClient) -> None:
    """Files have none."""
    address = client.post("/v1/documents", files=files(("whale.txt", WHALE))).headers["location"]
    assert client.get(f"{address}/table.csv").status_code == 404


@pytest.mark.anyio
async def test_nothing_stays_of_an_upload_that_was_given_up(service: Service) -> None:
    """Neither the file that was whole already, nor the beginning of the next."""
    whole = part(FILE, end="") + part(FILE.replace("a.txt", "b.txt")).removeprefix(b"--b")
    messages = [
        {"type": "http.request", "body": whole[:-20], "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    scope = {"type": "http", "method": "POST", "path": "/v1/documents", "query_string": b"", "headers": headers}
    await service.app(scope, receive, send)
    assert (sent, arrived(service), service.jobs.recent()) == ([], [], [])
