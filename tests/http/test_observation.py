"""Each request has an id, is logged and counted; and one middleware stands before everything."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from index.server.http import create_app
from index.server.http import service as journal
from index.settings import Settings
from tests.http.conftest import SECRET, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

QUESTION = "Who signed the treaty?"


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """What the log says, as it is parsed by whoever collects it."""
    told: list[dict[str, Any]] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(json.loads(self.format(record)))

    handler, logger = Collecting(), logging.getLogger("index")
    handler.setFormatter(journal.JsonFormatter())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield told
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("my-request.7", True), ("", False), ("a b", False), ("x" * 65, False), ('"><script>', False), ("a,b", False)],
)
def test_a_request_keeps_its_id_where_that_is_sane(client: TestClient, given: str, kept: bool) -> None:
    """Else it is given one; two requests never have the same."""
    one, other = (client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] for _ in range(2))
    assert (one == given) is kept
    assert kept or one != other


def test_a_request_is_a_line_of_the_log(service: Service, lines: list[dict[str, Any]]) -> None:
    """By its route and not by its address, with its id, its status and its time, and without its words."""
    with service.client() as client:
        identity = client.post("/v1/ask", json={"question": QUESTION}).headers["x-request-id"]
        client.get(f"/v1/documents/{service.ids['oil.txt']}")
        client.get("/v1/nowhere/at/all")
    asked, document, nowhere = (line for line in lines if line["logger"] == "index.server.http.access")
    assert asked["request_id"] == identity
    assert (asked["method"], asked["route"], asked["status"]) == ("POST", "/v1/ask", 200)
    assert asked["ms"] > 0
    assert document["route"] == "/v1/documents/{id}"
    assert nowhere["route"] == "unmatched"
    assert "treaty" not in json.dumps(lines)


def test_questions_are_logged_where_that_is_set(service: Service, lines: list[dict[str, Any]]) -> None:
    """Only there."""
    settings = Settings(passage_tokens=32, log_questions=True)
    with TestClient(create_app(service.library, settings, service.jobs)) as client:
        client.post("/v1/search", json={"question": QUESTION})
    assert lines[-1]["question"] == QUESTION


def test_what_nobody_foresaw_is_logged_with_its_request(service: Service, lines: list[dict[str, Any]]) -> None:
    """The log has all of it, the response nothing but the id by which to find it."""
    with service.client() as client:
        response = client.post("/v1/ask", json={"question": "fail, please"})
    failure, access = lines[-2:]
    assert SECRET in failure["traceback"]
    assert failure["request_id"] == access["request_id"] == response.json()["request_id"]
    assert (access["status"], access["level"]) == (500, "error")


def test_threads_know_for_which_request_they_work(
    service: Service, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that the library logs has the request's id."""

    def check(*_: Any, **__: Any) -> None:
        logging.getLogger("index.library").warning("It is slow today.")
        raise RuntimeError

    monkeypatch.setattr(service.library, "check_stream", check)
    with service.client() as client:
        identity = client.post("/v1/check", json={"text": "It rained."}).headers["x-request-id"]
    assert next(line for line in lines if line["logger"] == "index.library")["request_id"] == identity


def test_requests_are_counted(service: Service, client: TestClient) -> None:
    """By route and status; how large the library is, stands beside it."""
    client.get(f"/v1/documents/{service.ids['oil.txt']}")
    client.get("/v1/documents/nothing")
    told = client.get("/metrics")
    assert told.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for line in (
        'pincite_requests_total{method="GET",route="/v1/documents/{id}",status="200"} 1.0',
        'pincite_requests_total{method="GET",route="/v1/documents/{id}",status="404"} 1.0',
        'pincite_request_seconds_count{route="/v1/documents/{id}"} 2.0',
        "pincite_requests_in_flight 1.0",
        "pincite_documents 3.0",
        "pincite_passages 4.0",
    ):
        assert line in told.text.splitlines()


def test_two_servers_count_for_themselves(service: Service) -> None:
    """In one process."""
    other = create_app(service.library, service.settings, service.jobs)
    with service.client() as client, TestClient(other) as another:
        client.get("/healthz")
        assert 'route="/healthz"' not in another.get("/metrics").text


@pytest.mark.parametrize("address", ["/v1/documents", "/healthz", "/docs", "/openapi.json", "/metrics", "/mcp", "/x"])
def test_one_middleware_stands_before_everything(service: Service, address: str) -> None:
    """A sign-in that is added refuses whatever it wants to refuse, and its refusals have ids and are counted."""

    class SignIn:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
            else:
                await PlainTextResponse("Who is there?", 401)(scope, receive, send)

    service.app.add_middleware(SignIn)
    with service.client() as client:
        assert client.get(address).status_code == 401


def test_responses_are_taken_for_what_they_say_they_are(client: TestClient) -> None:
    """No browser guesses, and none runs or fetches anything of an answer that it is shown alone."""
    headers = client.get("/v1/documents").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
