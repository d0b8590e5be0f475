"""Uploads over HTTP: files are received within limits and added by a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from index.server.http import create_app
from index.settings import Settings
from tests.cases import cases
from tests.http.conftest import OIL, Service, files, wait_for_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records.document import Arrival
    from index.server.uploads import Uploads

WHALE = "The whale swam up the river."
MEGABYTE = 1_000_000


def uploaded_files(service: Service) -> list[str]:
    """Return the names of all files in the folder of uploads."""
    folder = service.library.folder / "uploads"
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_uploaded_files_are_added_by_one_job(own_service: Service, own_client: TestClient) -> None:
    """The job states the result for each file, and the reason if one is broken."""
    upload = files(
        ("whale.txt", WHALE), ("broken.pdf", "%PDF-1.4 no"), ("../../Rivers of Ü.md", "# A stream\n\nIt flows.")
    )
    response = own_client.post("/v1/documents", files=upload)
    assert response.status_code == 202
    job = wait_for_job(own_client, response.headers["location"])
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
    assert str(own_service.folder) not in response.text + str(job)
    found = own_client.post("/v1/search", json={"question": "whale river"}).json()
    assert found["hits"][0]["text"] == WHALE
    assert uploaded_files(own_service) == ["Rivers of Ü.md", "whale.txt"]


def test_too_large_or_too_many_files_are_refused(service: Service, client: TestClient) -> None:
    """The problem names the setting, and no file of the request remains."""
    upload = files(("whale.txt", WHALE), ("large.txt", b"x" * (MEGABYTE + 1)))
    response = client.post("/v1/documents", files=upload)
    assert (response.status_code, response.json()["type"]) == (413, "urn:pincite:problem:too-large")
    assert "PINCITE_MAX_FILE_MEGABYTES" in response.text
    assert uploaded_files(service) == []
    response = client.post("/v1/documents", files=files(*((f"{n}.txt", WHALE) for n in range(4))))
    assert response.status_code == 422
    assert "PINCITE_MAX_UPLOAD_FILES" in response.json()["hint"]
    assert uploaded_files(service) == []


def part(disposition: str, content: str = WHALE, end: str = "--\r\n") -> bytes:
    """Return a multipart body with one part."""
    return f"--b\r\n{disposition}\r\n\r\n{content}\r\n--b{end}".encode()


FILE = 'Content-Disposition: form-data; name="files"; filename="a.txt"'


FORM = "multipart/form-data; boundary=b"
MALFORMED: dict[str, tuple[str, bytes, int]] = {
    "truncated": (FORM, part(FILE, end=""), 400),
    "a field without a file": (FORM, part('Content-Disposition: form-data; name="files"'), 400),
    "not multipart": (FORM, b"what", 400),
    "empty": (FORM, b"", 400),
    "no part": (FORM, b"--b--\r\n", 422),
    "no boundary": ("multipart/form-data", part(FILE), 400),
    "a boundary that is too long": (f"multipart/form-data; boundary={'b' * 300}", part(FILE), 400),
    "another content type": ("text/plain", b"what", 415),
    "broken JSON": ("application/json", b"{", 422),
    "not UTF-8": ("application/json", b"\xff", 422),
    "JSON too deep": ("application/json", b"[" * 2_000, 422),
    "nothing to add": ("application/json", b"{}", 422),
    "a number as an address": ("application/json", b'{"url": 3}', 422),
    "an address and a folder": ("application/json", b'{"url": "https://a.org", "folder": "/"}', 422),
}


@cases(("content_type", "body", "status"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_body_is_refused(
    service: Service, client: TestClient, content_type: str, body: bytes, status: int
) -> None:
    """The response is a problem, and no file of the request remains."""
    response = client.post("/v1/documents", content=body, headers={"Content-Type": content_type})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert uploaded_files(service) == []


def test_multipart_body_may_arrive_byte_by_byte(own_service: Service, own_client: TestClient) -> None:
    """The result does not depend on how the body is split."""
    whole = part(FILE.replace("a.txt", 'wh\\"ale ü.txt') + "\r\nX-Empty:\r\nContent-Type: text/plain")

    def byte_by_byte() -> Iterator[bytes]:
        for n in range(len(whole)):
            yield whole[n : n + 1]

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = own_client.post("/v1/documents", content=byte_by_byte(), headers=headers)
    assert [file["name"] for file in wait_for_job(own_client, response.headers["location"])["files"]] == ["whale ü.txt"]


@cases(
    ("body", "setting"),
    [
        ({"url": "https://example.org/a.pdf"}, "PINCITE_ALLOW_URLS"),
        ({"folder": "/etc"}, "PINCITE_ALLOW_FOLDERS"),
        ({"folder": "~unknown-user"}, "PINCITE_ALLOW_FOLDERS"),
        ({"folder": "a\0b"}, "PINCITE_ALLOW_FOLDERS"),
    ],
    ids=["an address", "a folder", "a home folder", "a NUL"],
)
def test_disallowed_address_or_folder_is_refused(client: TestClient, body: dict[str, str], setting: str) -> None:
    """The response is 403 and names the setting that would allow it."""
    response = client.post("/v1/documents", json=body)
    assert response.status_code == 403
    assert setting in response.json()["hint"]


def test_allowed_folder_is_added(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files become documents and stay where they are."""
    folder = own_service.folder / "allowed"
    folder.mkdir()
    (folder / "whale.txt").write_text(WHALE)
    settings = Settings(passage_tokens=32, allow_folders=(folder,))
    with TestClient(create_app(own_service.library, settings, own_service.jobs)) as client:
        response = client.post("/v1/documents", json={"folder": str(folder)})
        assert wait_for_job(client, response.headers["location"])["receipt"]["added"] == ["whale.txt"]
    assert own_service.library.find("whale.txt").source == str(folder / "whale.txt")


def test_allowed_address_is_fetched_and_added(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document's source is the address."""
    address = "https://example.org/whale.txt"

    def fake_fetch(url: str, _: Settings, uploads: Uploads) -> Arrival:
        return uploads.receive("whale.txt", [WHALE.encode()], source=url)

    monkeypatch.setattr("index.server.http.job_routes.fetch", fake_fetch)
    with own_service.client() as client:
        job = wait_for_job(client, client.post("/v1/documents", json={"url": address}).headers["location"])
    assert job["receipt"]["added"] == [address]


def test_cancelling_a_finished_job_changes_nothing(own_service: Service, own_client: TestClient) -> None:
    """The response is the job as it was. Only a batch of questions has a table."""
    address = own_client.post("/v1/documents", files=files(("oil again.txt", OIL))).headers["location"]
    job = wait_for_job(own_client, address)
    assert own_client.post(f"{address}/cancel").json() == job
    assert own_client.get(f"{address}/table.csv").status_code == 404


@cases("address", ["", "/events", "/table.csv", "/cancel"])
def test_unknown_job_is_not_found(client: TestClient, address: str) -> None:
    """Every job route returns the same problem."""
    response = client.request("POST" if address == "/cancel" else "GET", f"/v1/jobs/nothing{address}")
    assert (response.status_code, response.json()["type"]) == (404, "urn:pincite:problem:job-not-found")


@pytest.mark.anyio
async def test_aborted_upload_leaves_no_file(own_service: Service) -> None:
    """Neither the file that was complete nor the beginning of the next one remains."""
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
    await own_service.app(scope, receive, send)
    assert (sent, uploaded_files(own_service), own_service.jobs.recent()) == ([], [], [])
