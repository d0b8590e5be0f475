"""Gradio's routes behind the page's application: which routes are open, and which requests pass."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from gradio_client import Client  # type: ignore[import-untyped]
from starlette.testclient import TestClient

from index import errors
from index.library.library import Library
from index.page import create_app, gradio_routes
from index.page.gradio_routes import GradioGate, _cancel_request, _own_session, _with_own_session
from index.page.intake import SESSIONS
from index.server.http.problems import KINDS
from index.server.principals import PRINCIPAL, Principal
from index.settings import Settings
from tests.cases import cases
from tests.hosted import hosted
from tests.libraries import filled_library
from tests.nightly import length
from tests.page.conftest import pending_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx2 import Response

    from tests.conftest import Write

JOIN = "/gradio_api/queue/join"
UPLOAD = "/gradio_api/upload"
FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\ny\r\n'
FIELD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\ny\r\n'
END = b"--x--\r\n"
PATH = re.compile(r"(?<![\w:/])/(?:tmp|root|home|usr|work|var|etc|opt|proc)/[\w.-]")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the whole application over a small library; an unhandled error is a 500, as on a server."""
    settings = Settings(max_file_megabytes=1, max_upload_files=5)
    files = {"a.txt": "The king signed the treaty in the harbour."}
    with (
        filled_library(tmp_path_factory.mktemp("doors"), files, settings) as library,
        TestClient(create_app(library, settings), raise_server_exceptions=False) as client,
    ):
        yield client


def refusal_status(response: Response) -> int:
    """Return the status of a refusal, which must not contain a path: a problem document, or plain text for uploads."""
    assert not PATH.search(response.text)
    if response.request.url.path == UPLOAD:
        assert response.headers["content-type"].startswith("text/plain")
        assert response.text.endswith(".")
        return response.status_code
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == response.status_code
    assert problem["detail"]
    return response.status_code


def event_id(app: TestClient, name: str) -> int:
    """Return the id of the event with this API name."""
    for dependency in app.get("/config").json()["dependencies"]:
        if dependency["api_name"] == name:
            return int(dependency["id"])
    raise AssertionError(name)


def stream_event(app: TestClient, number: int, data: list[Any], session: str = "s1") -> str:
    """Run an event and return the whole text of its stream."""
    joined = app.post(JOIN, json={"data": data, "fn_index": number, "session_hash": session})
    assert joined.status_code == 200, joined.text
    return app.get("/gradio_api/queue/data", params={"session_hash": session}).text


def run_event(app: TestClient, number: int, data: list[Any], session: str = "s1") -> dict[str, Any]:
    """Run an event and return its last message."""
    stream = stream_event(app, number, data, session)
    messages = [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]
    return next(message for message in messages if message["msg"] == "process_completed")


@cases(
    "path",
    [
        "/redoc", "/monitoring", "/monitoring/summary", "/pwa_icon", "/pwa_icon/999999", "/pwa_icon/x",
        "/manifest.json", "/svelte/x", "/logout", "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd",
        "/gradio_api/file=http://example.org/x", "/gradio_api/file=HTTPS://example.org/x",
        "/gradio_api/file=%68ttp://example.org/x", "/gradio_api/proxy=https://example.org/x",
        "/gradio_api/deep_link?session_hash=x", "/gradio_api/dev/reload", "/gradio_api/startup-events",
        "/gradio_api/token", "/gradio_api/vibe-code", "/gradio_api/custom_component/a/client/b/c",
        "/gradio_api/stream/a/b/1/playlist.m3u8", "/gradio_api/stream/a/b/x/playlist-file", "/gradio_api/call/ask/x",
        "/gradio_api/heartbeat/a", "/gradio_api/upload_progress?upload_id=nothing", "/gradio_api/upload",
        "/assets/../../gradio/routes.py", "/static/nowhere.js", "/nowhere",
    ],
)  # fmt: skip
def test_unused_gradio_routes_are_not_found(app: TestClient, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would serve files, proxy other sites, load documentation from other hosts, or resize pictures."""
    monkeypatch.setattr("index.page.intake._START_SECONDS", 0.1)  # the wait for an upload that never starts
    assert refusal_status(app.get(path)) == 404


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@cases(
    ("accept", "mode", "is_page"),
    [
        (BROWSER, "navigate", True), (BROWSER, "", True), ("text/html", "", True), (BROWSER, "cors", False),
        ("*/*", "", False), ("application/json", "", False), ("application/problem+json, text/html;q=0.5", "", False),
        ("text/html;q=0", "", False), ("image/png", "", False), ("", "", False),
    ],
)  # fmt: skip
@cases("path", ["/nonsense", "/v1/nonsense", "/gradio_api/nonsense", "/v1/documents/nonsense"])
def test_unknown_address_is_a_page_for_people(
    app: TestClient, path: str, accept: str, mode: str, is_page: bool
) -> None:
    """`Accept` decides. The page needs no script and leads to the start; programs get a problem document."""
    response = app.get(path, headers={"Accept": accept, **({"Sec-Fetch-Mode": mode} if mode else {})})
    assert response.status_code == 404
    if not is_page:
        assert refusal_status(response) == 404
        return
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "script-src" not in response.headers["content-security-policy"]
    assert "Accept" in response.headers["vary"]
    assert "<h1>Page not found</h1>" in response.text
    assert '<a href="/">To the start page</a>' in response.text
    assert "<script" not in response.text
    hostile = app.get("/v1/documents/%3Cimg%20src=x%3E", headers={"Accept": BROWSER})
    assert (hostile.status_code, "<img" in hostile.text) == (404, False)


@cases("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@cases(
    "path",
    [
        "/", "/login", "/config", "/gradio_api/call/ask", "/gradio_api/call/v2/ask", "/gradio_api/run/ask",
        "/gradio_api/api/ask", "/gradio_api/component_server", "/gradio_api/process_recording",
        "/gradio_api/vibe-edit/", "/gradio_api/stream/x", "/gradio_api/queue/join/",
    ],
)  # fmt: skip
def test_other_methods_and_routes_are_refused(app: TestClient, method: str, path: str) -> None:
    """The body makes no difference."""
    for body in ("{}", '{"data": []}', "[", '{"question": 1}'):
        response = app.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert refusal_status(response) in (404, 405)


def test_routes_of_the_page_are_served(app: TestClient) -> None:
    """Their responses contain no path of the server."""
    page = app.get("/").text
    asset = re.search(r"\./(assets/[\w.-]+\.js)", page)
    assert asset
    for path in ("/", "/config", "/theme.css", "/favicon.ico", "/robots.txt", f"/{asset[1]}", "/gradio_api/info"):
        response = app.get(path)
        assert response.status_code == 200, path
        assert path.startswith("/assets") or not PATH.search(response.text)
    assert app.post("/gradio_api/reset", json={"event_id": "x"}).status_code == 200
    assert refusal_status(app.get("/gradio_api/queue/data")) == 422


VALID: dict[str, Any] = {"data": [], "fn_index": 0, "session_hash": "s"}
INVALID: dict[str, tuple[Any, ...]] = {
    "fn_index": (999_999, -1, None, "0", True, 0.0, [], 10**40),
    "session_hash": (None, "../x", "x" * 65, {}),
    "data": (None, {"path": "/etc/passwd"}, "x"),
    "trigger_id": ({},),
}


@pytest.mark.parametrize(
    "body",
    [
        *(VALID | {name: value} for name, values in INVALID.items() for value in values),
        *({key: value for key, value in VALID.items() if key != name} for name in ("fn_index", "session_hash")),
        *([], None, "x", 7),
    ],
    ids=repr,
)
def test_malformed_event_is_refused(app: TestClient, body: object) -> None:
    """It is a client error (422), not a server failure; so is a cancellation that does not match its schema."""
    response = app.post(JOIN, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert refusal_status(response) == 422
    for cancelled in ({}, {"session_hash": 1}, {"session_hash": "x", "fn_index": "y", "event_id": []}):
        assert refusal_status(app.post("/gradio_api/cancel", json=cancelled)) == 422


@cases("body", [b"", b"{", b"[" * 2000, b"9" * 5000, b"\xff", b"nan", b'{"a":' * 2000])
@cases("path", [JOIN, "/gradio_api/cancel", "/gradio_api/reset"])
def test_invalid_json_body_is_refused(app: TestClient, path: str, body: bytes) -> None:
    """Invalid JSON is 422; any other content type is 415."""
    for kind, status in (("application/json", 422), ("text/plain", 415), ("multipart/form-data", 415), ("", 415)):
        assert refusal_status(app.post(path, content=body, headers={"Content-Type": kind})) == status


@pytest.mark.parametrize(
    "kind", [b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x"]
)
def test_body_of_another_content_type_is_not_read(kind: bytes) -> None:
    """The guard counts JSON values only in JSON bodies, so Gradio must not parse any other."""

    async def fail(*_: object) -> Any:
        raise AssertionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": JOIN, "headers": [(b"content-type", kind)], "query_string": b""}
    gate = GradioGate(fail, {}, None, lambda _: False)  # type: ignore[arg-type]
    anyio.run(gate, scope, fail, send)
    assert sent[0]["status"] == 415


@cases("path", ["/", "/config", "/gradio_api/info"])
@cases("query", ["page=nowhere", "deep_link=nothing", "page=%ff&page=a"])
def test_query_parameters_of_gradio_are_ignored(app: TestClient, path: str, query: str) -> None:
    """Gradio would fail on an unknown page or deep link; every query gets the same page."""
    assert app.get(f"{path}?{query}").content == app.get(path).content
    assert app.get(f"{path}?{query}&q=king").status_code == 200


def test_page_is_rendered_once_per_host_name(app: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering takes Gradio a while, and anyone can request it."""
    mount = app.app.router.routes[-1]  # type: ignore[attr-defined]
    pages = {name: app.get("/", headers={"Host": name}).text for name in ("a.example", "b.example")}
    monkeypatch.setattr(mount, "app", None)
    for name, page in pages.items():
        assert name in page
        for encoding in ("gzip", "identity"):
            assert app.get("/", headers={"Host": name, "Accept-Encoding": encoding}).text == page


@pytest.mark.parametrize("value", [None, 7, "x" * 10_000, [], {}, [[]], {"a": {"b": []}}], ids=repr)
def test_event_survives_values_of_the_wrong_type(app: TestClient, value: object) -> None:
    """The event fails or is answered, its stream contains no path, and the next event works."""
    config = app.get("/config").json()
    for dependency in config["dependencies"]:
        if dependency["backend_fn"]:
            number, inputs = int(dependency["id"]), len(dependency["inputs"])
            message = run_event(app, number, [value] * inputs, f"s{number}")
            assert not PATH.search(json.dumps(message))
            wrong = {"data": [value] * (inputs + 1), "fn_index": number, "session_hash": "s"}
            assert refusal_status(app.post(JOIN, json=wrong)) == 422
    assert "statements" in run_event(app, event_id(app, "ask"), ["Who?", None])["output"]["data"][0]


@cases(
    ("content_type", "body", "status"),
    [
        pytest.param("text/plain", b"x", 415, id="no form"),
        pytest.param(FORM[:19], b"x", 400, id="no boundary"),
        pytest.param(FORM, b"x", 400, id="no part"),
        pytest.param(FORM, b"--x\r\nContent-Disposition: form-data\r\n\r\ny\r\n--x--\r\n", 400, id="no name"),
        pytest.param(FORM, FIELD.replace(b'"a"', b'"files"') + END, 400, id="no file"),
        pytest.param(FORM, PART + b"--x\r\nA: " + b"y" * 20_000 + b"\r\n\r\ny\r\n" + END, 400, id="a long header"),
        pytest.param(FORM, PART + b"--x\r\n" + b"A: y\r\n" * 2000 + b"\r\ny\r\n" + END, 400, id="many headers"),
        pytest.param(FORM, FIELD * 1500 + END, 400, id="many fields"),
        pytest.param(FORM, PART * 1001 + END, 422, id="many files"),
        pytest.param(FORM, PART * 3, 400, id="no end"),
        pytest.param(FORM, END, 422, id="nothing"),
        pytest.param("multipart/form-data; boundary=" + "x" * 5000, b"x", 400, id="a long boundary"),
    ],
)
def test_malformed_upload_is_refused(app: TestClient, content_type: str, body: bytes, status: int) -> None:
    """No file of it remains on disk."""
    uploads = app.app.state.service.jobs.uploads  # type: ignore[attr-defined]
    before = pending_folders(uploads.folder.parent)
    assert refusal_status(app.post(UPLOAD, content=body, headers={"Content-Type": content_type})) == status
    assert pending_folders(uploads.folder.parent) <= before


@cases("path", [JOIN, UPLOAD, "/gradio_api/cancel", "/gradio_api/reset", "/page/links"])
@cases("origin", ["http://evil.example", "null", "http://testserver:81", "http://x.testserver"])
def test_requests_from_pages_of_other_sites_are_refused(app: TestClient, path: str, origin: str) -> None:
    """Over plain HTTP browsers send only the origin, which suffices."""
    response = app.post(path, files={"files": ("a.txt", b"x")}, headers={"Origin": origin, "X-Pincite": "page"})
    assert refusal_status(response) == 403
    assert (
        app.post(UPLOAD, files={"files": ("a.txt", b"x")}, headers={"Origin": "http://testserver"}).status_code == 200
    )


def test_page_addresses_ignore_untrusted_forwarded_headers(app: TestClient) -> None:
    """A cache in front of the server would otherwise serve forged addresses to others."""
    headers = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Gradio-Server": "http://evil.example",
    }
    assert "evil.example" not in app.get("/config", headers=headers).text
    assert "evil.example" not in app.get("/", headers=headers).text


def test_gradio_client_can_ask_a_question(library: Library, write: Write) -> None:
    """It works as docs/service.md describes."""
    library.add(write("a.txt", "The king signed the treaty in the harbour."))
    with hosted(create_app(library, Settings(bar=0.1))) as address:
        client = Client(address, verbose=False, download_files=False)
        answer = client.predict("Who signed the treaty?", api_name="/ask")
        client.close()
    assert answer["statements"][0]["text"] == "The king signed the treaty in the harbour."


def test_idle_event_stream_ends_after_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit starts anew as long as an event of the session is pending."""
    now, polls = [0.0], []
    monkeypatch.setattr("index.page.gradio_routes.time.monotonic", lambda: now[0])

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        """Poll for a disconnect every five seconds, as Gradio does."""
        while (await receive())["type"] != "http.disconnect":
            polls.append(now[0])
            now[0] += 5

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope: Any = {"type": "http", "method": "GET", "path": "/gradio_api/queue/data", "query_string": b"session_hash=s"}
    gate = GradioGate(stream, {}, None, lambda session: session == "s" and now[0] < 20)  # type: ignore[arg-type]
    anyio.run(gate, scope, receive, send)
    assert polls[-1] == 15 + gradio_routes.IDLE_SECONDS - 5


@pytest.mark.nightly  # Gradio looks for a disconnect every ten seconds
def test_event_stream_without_a_pending_event_ends(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that opens several streams, or one after the end, does not keep connections open forever."""
    monkeypatch.setattr(gradio_routes, "IDLE_SECONDS", 1.0)
    with hosted(create_app(library)) as address, httpx.Client(base_url=address, timeout=30) as visitor:
        number = next(
            known["id"] for known in visitor.get("/config").json()["dependencies"] if known["api_name"] == "ask"
        )
        request = {"data": ["Who?", None], "fn_index": number, "session_hash": "idle"}
        assert visitor.post(JOIN, json=request).status_code == 200
        streams = [visitor.get("/gradio_api/queue/data", params={"session_hash": "idle"}).text for _ in range(2)]
    assert "process_completed" in streams[0]
    assert "process_completed" not in streams[1]


def test_event_values_beyond_a_control_s_limit_are_refused(app: TestClient) -> None:
    """Gradio stores the last values of each session in memory."""
    number = event_id(app, "ask")
    for data in (["x" * 2001, None], ["x", ["y"] * 1001], ["x", ["y" * 100_001]]):
        message = run_event(app, number, data)
        assert not message["success"]
        error = message["output"]["error"]
        assert "at most 2,000 are" in error or "an invalid value" in error


def test_page_works_after_gradio_has_dropped_its_session(
    library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio drops the oldest session; the chosen documents are those that the page sends."""
    sessions = length(5, SESSIONS)
    monkeypatch.setattr("index.page.intake.SESSIONS", sessions)
    texts = {"a.txt": "The king signed the treaty.", "b.txt": "The queen signed the treaty."}
    library.add([write(name, text) for name, text in texts.items()])
    chosen = next(info.id for info in library.documents() if info.name == "b.txt")
    with TestClient(create_app(library, Settings(bar=0.1))) as app:
        config = app.get("/config").json()
        load, ask = (_event_with_trigger(config, trigger) for trigger in ("load", "submit"))
        stream_event(app, load, [], "old")
        for number in range(sessions):
            stream_event(app, event_id(app, "ask"), ["Who?", None], f"new{number}")
        assert _session_count(app) == sessions
        stream = stream_event(app, ask, ["Who signed the treaty?", [chosen], [], "quote", "", ""], "old")
    assert "queen" in stream
    assert "king" not in stream


def _event_with_trigger(config: dict[str, Any], trigger: str) -> int:
    """Return the id of the first event with this trigger."""
    return next(
        int(event["id"]) for event in config["dependencies"] if any(target[1] == trigger for target in event["targets"])
    )


def _session_count(app: TestClient) -> int:
    """Return how many sessions Gradio remembers."""
    mount = app.app.router.routes[-1]  # type: ignore[attr-defined]
    return len(mount.app.app.app.state_holder.session_data)


def test_upload_is_refused_before_it_is_stored(app: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit of sizes, or if the library is read-only."""
    assert refusal_status(app.post(UPLOAD, files={"files": ("big.txt", b"x" * 1_100_000)})) == 413
    monkeypatch.setattr(Library, "read_only", True)
    assert refusal_status(app.post(UPLOAD, files={"files": ("a.txt", b"x")})) == 403


@pytest.mark.parametrize("error", [errors.LibraryDamaged, errors.LibraryLocked, errors.SettingsError])
def test_library_errors_do_not_reveal_a_folder(
    app: TestClient, monkeypatch: pytest.MonkeyPatch, error: type[errors.PinciteError]
) -> None:
    """Neither the page nor the API shows the message, which is for the log."""

    def fail(*_: object, **__: object) -> None:
        raise error("/srv/secret", "Look into /srv/secret.")

    for name in ("ask", "ask_stream", "coverage"):
        monkeypatch.setattr(Library, name, fail)
    responses = (
        stream_event(app, event_id(app, "ask"), ["Who?", None]),
        stream_event(app, 1, ["Who?", [], [], "quote", "", ""], "s2"),
        app.get("/page/coverage", params={"q": "Who?"}).text,
    )
    for text in responses:
        assert "secret" not in text
        assert KINDS[error].title in text


def test_session_belongs_to_the_person_who_named_it() -> None:
    """Gradio lets everybody who knows a session's name read it, so where people differ, their names differ."""
    person, key = Principal("user", "7", "Ada"), Principal("key", "7", "script")
    names = {_own_session("s", {PRINCIPAL: person}), _own_session("s", {PRINCIPAL: key}), _own_session("s", {})}
    assert len(names) == 3
    assert _own_session("s", {}) == "s"
    asked = _with_own_session({PRINCIPAL: person, "query_string": b"session_hash=s&x=1"})
    assert asked["query_string"].decode() == f"session_hash={_own_session('s', {PRINCIPAL: person})}&x=1"
    cancelled = _cancel_request(b'{"session_hash": "s", "fn_index": 3}', {PRINCIPAL: person})
    assert isinstance(cancelled, bytes)
    assert json.loads(cancelled)["session_hash"] == _own_session("s", {PRINCIPAL: person})


def test_event_may_end_while_it_is_cancelled(app: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio fails then (6.31), or has given the event no name yet; the page, which wanted its end, gets no error."""
    body = {"session_hash": "s", "fn_index": 3}
    assert app.post("/gradio_api/cancel", json={**body, "event_id": None}).json() == {"success": True}
    assert app.post("/gradio_api/reset", json={"event_id": None}).json() == {"success": True}

    async def fail(*_: object) -> None:
        raise KeyError("an event that has ended")

    monkeypatch.setattr("gradio.routes.cancel_tasks", fail)
    assert app.post("/gradio_api/cancel", json={**body, "event_id": "e"}).json() == {"success": True}
