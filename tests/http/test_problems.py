"""Every error is a complete problem document that reveals nothing internal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.requests import Request

from index import errors
from index.errors import PinciteError
from index.server.http import create_app, problems
from index.server.http.application import LINKS
from index.server.http.problems import KINDS
from index.settings import Settings
from index.wire import Problem
from tests.cases import cases
from tests.hosted import hosted
from tests.http.conftest import SECRET, Service, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

ERROR_TYPES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, PinciteError)]
EXAMPLES: dict[type[PinciteError], PinciteError] = {
    errors.LibraryNotFound: errors.LibraryNotFound("/srv/library"),
    errors.LibraryLocked: errors.LibraryLocked("/srv/library", "process 7"),
    errors.LibraryReadOnly: errors.LibraryReadOnly("/srv/library"),
    errors.NoRoom: errors.NoRoom("/srv/library", 2_000_000, 1_000_000),
    errors.LibraryExists: errors.LibraryExists("/srv/library"),
    errors.ArchiveExists: errors.ArchiveExists("/srv/library.zip"),
    errors.LibraryDamaged: errors.LibraryDamaged("/srv/library", "a page is torn"),
    errors.FingerprintMismatch: errors.FingerprintMismatch("/srv/library", "a", "b"),
    errors.AccountFileDamaged: errors.AccountFileDamaged("/srv/accounts/keys.json", "it is not valid JSON"),
    errors.AccountsNotWritable: errors.AccountsNotWritable("/srv/accounts", "No such file or directory"),
    errors.FolderMissing: errors.FolderMissing("/srv/notes", "No such file or directory"),
    errors.TooManyRemovals: errors.TooManyRemovals("/srv/notes", 90, 100),
    errors.DocumentNotFound: errors.DocumentNotFound("treaty.md"),
    errors.AmbiguousDocument: errors.AmbiguousDocument("treaty", ("a /srv/a/treaty.md", "b /srv/b/treaty.md")),
    errors.WriterNotSet: errors.WriterNotSet(),
    errors.WriterError: errors.WriterError("timeout", "The writer was too slow.", "Try again."),
    errors.NotAllowed: errors.NotAllowed("Adding documents from the web", "PINCITE_ALLOW_URLS"),
    errors.TooMany: errors.TooMany("files", 4, 3, "PINCITE_MAX_UPLOAD_FILES"),
    errors.Stopping: errors.Stopping(),
    errors.QueueFull: errors.QueueFull(32),
    errors.UploadsFull: errors.UploadsFull(2048, 10_000, of_all=False),
    errors.TooBusy: errors.TooBusy(100),
    errors.NotUploaded: errors.NotUploaded(),
    errors.JobNotFound: errors.JobNotFound("7"),
    errors.SecretsFound: errors.SecretsFound(("treaty.md",)),
    errors.FolderNotOurs: errors.FolderNotOurs("/srv/demo", "it has other files"),
    errors.RateLimited: errors.RateLimited("questions", "30 per minute", 12),
    errors.PrivateLibraryFull: errors.PrivateLibraryFull("20 files"),
    errors.DemoFull: errors.DemoFull(),
    errors.PublishedDocument: errors.PublishedDocument("Treaty"),
    errors.BudgetSpent: errors.BudgetSpent("Your budget", 3600),
}
"""Errors whose arguments are not a message and a hint."""


@cases("kind", ERROR_TYPES, ids=lambda kind: kind.__name__)
def test_every_error_becomes_a_complete_problem(kind: type[PinciteError]) -> None:
    """It has status, title, detail and hint, and does not reveal a folder of the server."""
    error = EXAMPLES.get(kind) or kind("It is wrong.", "Fix it.")
    problem = problems.problem_from_error(error, "7")
    assert 400 <= problem.status < 600
    assert problem.title
    assert problem.detail.endswith(".")
    assert problem.hint
    assert "/srv" not in problem.model_dump_json()
    assert problem.type.startswith("urn:pincite:problem:")


def test_every_direct_subclass_has_its_own_problem_kind() -> None:
    """Only subclasses further down may use the kind of their ancestor."""
    assert [kind.__name__ for kind in ERROR_TYPES if kind.__base__ is PinciteError and kind not in KINDS] == []


@cases(
    ("error", "status"),
    [
        (errors.DocumentNotFound("x"), 404), (errors.AmbiguousDocument("x", ("a", "b")), 409),
        (errors.SpanError("It is outside.", "Look."), 422), (errors.NotAllowed("That", "PINCITE_X"), 403),
        (errors.LibraryReadOnly("/srv/library"), 403), (errors.QueueFull(1), 503), (errors.TooBusy(100), 429),
        (errors.NotUploaded(), 403), (errors.LibraryLocked("/x", "y"), 503),
        (errors.TooLarge("It is too large.", "Split it."), 413), (errors.UnsupportedFormat("No.", "Another."), 415),
        (PinciteError("0 hits were asked for.", "Ask for 1."), 422),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)  # fmt: skip
def test_error_has_the_expected_status(error: PinciteError, status: int) -> None:
    """Clients can act on the status alone."""
    assert problems.problem_from_error(error, "7").status == status


@pytest.mark.anyio
async def test_temporary_error_has_a_retry_after_header() -> None:
    """Only errors that pass with time have the header."""
    request = Request(
        {"type": "http", "method": "POST", "path": "/v1/ask", "headers": [], "state": {"request_id": "7"}}
    )
    assert (await problems.pincite_error(request, errors.QueueFull(1))).headers["retry-after"] == "5"
    assert "retry-after" not in (await problems.pincite_error(request, errors.JobNotFound("1"))).headers


def parse_problem(response: Any) -> Problem:
    """Parse the problem document of a response, whose type, status and id must match."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert (problem.status, problem.request_id) == (response.status_code, response.headers["x-request-id"])
    return problem


@cases(
    ("method", "address", "options", "status"),
    [
        ("GET", "/v1/nowhere", {}, 404), ("GET", "/v1", {}, 404), ("GET", "/v1/search/", {}, 404),
        ("GET", "/v1/search", {}, 405), ("PATCH", "/v1/documents", {}, 405),
        ("OPTIONS", "/v1/documents/abcdef", {}, 405), ("POST", "/healthz", {}, 405),
        ("POST", "/v1/ask", {"json": {"question": "x"}, "headers": {"Accept": "image/png"}}, 406),
        ("POST", "/v1/search", {"content": "question=x"}, 415),
        *(("POST", "/v1/search", {"content": content, "headers": {"Content-Type": "application/json"}}, status)
          for content, status in ((b"{" + b" " * 1_000_001, 413), (b"{", 422), (b"\xff", 400), (b"1" * 5000, 400))),
        ("POST", "/v1/search", {"json": {}}, 422),
        ("POST", "/v1/search", {"json": {"question": "x", "documents": ["nowhere"]}}, 404),
        ("POST", "/v1/ask", {"json": {"question": "fail, please"}}, 500),
    ],
)  # fmt: skip
def test_every_error_response_is_a_problem(
    client: TestClient, method: str, address: str, options: dict[str, Any], status: int
) -> None:
    """Errors of our code, of the framework and unexpected ones have the same form."""
    problem = parse_problem(client.request(method, address, **options))
    assert problem.status == status
    assert SECRET not in problem.model_dump_json()


def test_wrong_method_is_answered_with_the_allowed_ones(client: TestClient) -> None:
    """All of them are listed, although each is a separate route."""
    assert client.patch("/v1/documents").headers["allow"] == "GET, POST"
    assert client.post("/v1/documents/abcdef").headers["allow"] == "DELETE, GET"


def test_body_without_a_length_is_read_up_to_the_limit(client: TestClient) -> None:
    """The client sends two megabytes in chunks; the limit is one."""

    def endless() -> Any:
        for _ in range(200):
            yield b" " * 10_000

    response = client.post("/v1/search", content=endless(), headers={"Content-Type": "application/json"})
    assert "PINCITE_MAX_BODY_MEGABYTES" in parse_problem(response).hint


@cases(
    ("address", "body", "pointers"),
    [
        ("/v1/search", {"question": 7, "limit": 0, "mode": "x", "more/~": 1}, None),
        ("/v1/search", {"question": "x", "limit": "1"}, ["#/limit"]),
        ("/v1/search", {"question": "x", "limit": 1.5}, ["#/limit"]),
        ("/v1/search", {"question": "x", "explain": "yes"}, ["#/explain"]),
        ("/v1/search", {"question": ""}, ["#/question"]),
        ("/v1/search", {"question": "x", "documents": ["a", ""]}, ["#/documents/1"]),
        ("/v1/ask", {"question": "x", "writer": "me"}, ["#/writer"]),
        ("/v1/batch", {"questions": []}, ["#/questions"]),
        ("/v1/batch", {"questions": ["a", 2]}, ["#/questions/1"]),
        ("/v1/check", {"text": None}, ["#/text"]),
    ],
)
def test_invalid_fields_are_named_by_json_pointers(
    client: TestClient, address: str, body: Any, pointers: list[str] | None
) -> None:
    """The response does not repeat what was sent."""
    problem = parse_problem(client.post(address, json=body))
    expected = pointers or ["#/limit", "#/mode", "#/more~1~0", "#/question"]
    assert sorted(mistake.pointer for mistake in problem.mistakes) == expected


@cases(
    ("address", "body", "setting"),
    [
        ("/v1/search", {"question": "x" * 101}, "PINCITE_MAX_QUESTION_CHARACTERS"),
        ("/v1/ask", {"question": "x" * 101}, "PINCITE_MAX_QUESTION_CHARACTERS"),
        ("/v1/coverage", {"question": "x" * 101}, "PINCITE_MAX_QUESTION_CHARACTERS"),
        ("/v1/search", {"question": "x", "limit": 21}, "PINCITE_MAX_HITS"),
        ("/v1/ask", {"question": "x", "limit": 10**30}, "PINCITE_MAX_HITS"),
        ("/v1/check", {"text": "x" * 201}, "PINCITE_MAX_TEXT_CHARACTERS"),
        ("/v1/check", {"text": "It rained today. " * 6}, "PINCITE_MAX_CHECK_SENTENCES"),
        ("/v1/batch", {"questions": ["x"] * 4}, "PINCITE_MAX_BATCH_QUESTIONS"),
        ("/v1/matrix", {"questions": ["x"] * 4}, "PINCITE_MAX_BATCH_QUESTIONS"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_exceeded_limit_names_its_setting(client: TestClient, address: str, body: Any, setting: str) -> None:
    """The operator learns which setting to raise."""
    problem = parse_problem(client.post(address, json=body))
    assert problem.status == 422
    assert setting in problem.hint


UNUSUAL_TEXTS = [
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\u202e",
    "🐋" * 9,
    "~x",
    '"',
    "in:",
    "-",
    "((((",
    "\\",
    " ",
    "\u2028",
]  # fmt: skip


@cases("text", UNUSUAL_TEXTS, ids=ascii)
@cases("field", ["question", "documents", "an unknown field"])
def test_unusual_text_causes_no_server_error(client: TestClient, text: str, field: str) -> None:
    """NULs, lone surrogates and operators without words are answered or refused."""
    body = {"question": "x", field: [text] if field == "documents" else text}
    for address in ("/v1/search", "/v1/ask", "/v1/coverage"):
        headers = {"Content-Type": "application/json"}
        assert client.post(address, content=json.dumps(body), headers=headers).status_code in (200, 404, 409, 422)
    if field == "question":
        assert client.post("/v1/check", content=json.dumps({"text": text}), headers=headers).status_code in (200, 422)


def test_no_response_reveals_a_path(own_service: Service, own_client: TestClient) -> None:
    """Every kind of response is checked."""
    identity, paths = own_service.ids["oil.txt"], own_client.get("/openapi.json").json()["paths"]
    responses = [
        *(own_client.get(path.format(id=identity, number=1)) for path, item in paths.items() if "get" in item),
        own_client.post("/v1/search", json={"question": "oil"}),
        own_client.post("/v1/ask", json={"question": "What did the price of oil do in summer?"}),
        own_client.post("/v1/coverage", json={"question": "oil"}),
        own_client.post("/v1/check", json={"text": "The price of oil fell in summer."}),
        own_client.post("/v1/search", json={"question": "oil", "documents": ["nowhere"]}),
        own_client.delete(f"/v1/documents/{identity}"),
    ]
    assert [
        response.url.path for response in responses if str(own_service.folder) in response.text + str(response.headers)
    ] == []


@pytest.fixture(scope="module")
def local_server(service: Service) -> Iterator[str]:
    """The address of a real server with one allowed host name."""
    settings = Settings(allow_hosts="Docs.example.org")
    with hosted(create_app(service.library, settings, service.jobs)) as address:
        yield address


def test_local_server_refuses_unknown_host_names(local_server: str) -> None:
    """A site whose name resolves to this machine must not be able to read the library (DNS rebinding)."""

    def status(host: str, path: str) -> int:
        return httpx.get(f"{local_server}/{path}", headers={"Host": host}, timeout=60).status_code

    for host in ("127.0.0.1:7860", "localhost", "docs.example.org"):
        assert (status(host, "v1/stats"), status(host, "healthz")) == (200, 200)
    assert {status("evil.example", path) for path in ("v1/stats", *LINKS.values())} == {421}


@cases(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://testserver"}, 202),
        ({}, 202),
    ],
)
def test_uploads_from_pages_of_other_sites_are_refused(
    own_client: TestClient, headers: dict[str, str], status: int
) -> None:
    """Uploads from this server's own page and from programs are accepted."""
    response = own_client.post("/v1/documents", files=files(("whale.txt", "The whale swam.")), headers=headers)
    assert response.status_code == status
    assert status == 202 or parse_problem(response)
