"""Every request has an id, is logged and is counted; a middleware can be put before everything."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from index.server.http import create_app
from index.server.http import service as service_module
from index.settings import Settings
from tests.cases import cases
from tests.http.conftest import SECRET, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

QUESTION = "Who signed the treaty?"


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """The log as parsed JSON lines."""
    records: list[dict[str, Any]] = []

    class RecordingHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(json.loads(self.format(record)))

    handler, logger = RecordingHandler(), logging.getLogger("index")
    handler.setFormatter(service_module.JsonFormatter())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield records
    logger.removeHandler(handler)
    logger.setLevel(level)


@cases(
    ("identity", "is_kept"),
    [("my-request.7", True), ("", False), ("a b", False), ("x" * 65, False), ('"><script>', False), ("a,b", False)],
)
def test_valid_request_id_is_kept_and_any_other_replaced(client: TestClient, identity: str, is_kept: bool) -> None:
    """Two generated ids are never the same."""
    first, second = (
        client.get("/healthz", headers={"X-Request-ID": identity}).headers["x-request-id"] for _ in range(2)
    )
    assert (first == identity) is is_kept
    assert is_kept or first != second


def test_request_is_logged_without_its_text(service: Service, client: TestClient, lines: list[dict[str, Any]]) -> None:
    """The line has route, id, status and time, but neither the address nor the question."""
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


def test_questions_are_logged_only_if_the_setting_allows(service: Service, lines: list[dict[str, Any]]) -> None:
    """The setting is `log_questions`."""
    settings = Settings(passage_tokens=32, log_questions=True)
    with TestClient(create_app(service.library, settings, service.jobs)) as client:
        client.post("/v1/search", json={"question": QUESTION})
    assert lines[-1]["question"] == QUESTION


def test_unexpected_error_is_logged_with_its_request_id(
    service: Service, client: TestClient, lines: list[dict[str, Any]]
) -> None:
    """The log has the traceback; the response has only the id that leads to it."""
    response = client.post("/v1/ask", json={"question": "fail, please"})
    failure, access = lines[-2:]
    assert SECRET in failure["traceback"]
    assert failure["request_id"] == access["request_id"] == response.json()["request_id"]
    assert (access["status"], access["level"]) == (500, "error")


def test_log_lines_of_worker_threads_have_the_request_id(
    service: Service, client: TestClient, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library logs from a worker thread."""

    def check(*_: Any, **__: Any) -> None:
        logging.getLogger("index.library").warning("It is slow today.")
        raise RuntimeError

    monkeypatch.setattr(service.library, "check_stream", check)
    identity = client.post("/v1/check", json={"text": "It rained."}).headers["x-request-id"]
    assert next(line for line in lines if line["logger"] == "index.library")["request_id"] == identity


def test_metrics_count_requests_by_route_and_status(own_service: Service, own_client: TestClient) -> None:
    """The metrics also state the size of the library."""
    own_client.get(f"/v1/documents/{own_service.ids['oil.txt']}")
    own_client.get("/v1/documents/nothing")
    metrics = own_client.get("/metrics")
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for line in (
        'pincite_requests_total{method="GET",route="/v1/documents/{id}",status="200"} 1.0',
        'pincite_requests_total{method="GET",route="/v1/documents/{id}",status="404"} 1.0',
        'pincite_request_seconds_count{route="/v1/documents/{id}"} 2.0',
        "pincite_requests_in_flight 1.0",
        "pincite_documents 3.0",
        "pincite_passages 4.0",
    ):
        assert line in metrics.text.splitlines()


def test_two_servers_in_one_process_have_separate_metrics(service: Service, client: TestClient) -> None:
    """Requests to one are not counted by the other."""
    other = create_app(service.library, service.settings, service.jobs)
    with TestClient(other) as other_client:
        client.get("/healthz")
        assert 'route="/healthz"' not in other_client.get("/metrics").text


def test_added_middleware_runs_before_every_route(service: Service) -> None:
    """A sign-in can refuse any request, whatever its route."""

    class SignIn:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
            else:
                await PlainTextResponse("Who is there?", 401)(scope, receive, send)

    app = create_app(service.library, service.settings, service.jobs)
    app.add_middleware(SignIn)
    with TestClient(app) as client:
        for address in ("/v1/documents", "/healthz", "/docs", "/openapi.json", "/metrics", "/mcp", "/x"):
            assert client.get(address).status_code == 401, address


def test_responses_have_strict_security_headers(client: TestClient) -> None:
    """Browsers must not guess the type, and a response opened alone can run and fetch nothing."""
    headers = client.get("/v1/documents").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
