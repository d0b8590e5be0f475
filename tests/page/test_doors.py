"""Gradio's routes as they are reached through the page's application: which are open, and what goes through."""

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
from index.page.gradio_routes import GradioGate
from index.page.intake import SESSIONS
from index.server.http.problems import KINDS
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx2 import Response

    from tests.conftest import Write

JOIN = "/gradio_api/queue/join"
UPLOAD = "/gradio_api/upload"
FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\ny\r\n'
PATH = re.compile(r"(?<![\w:/])/(?:tmp|root|home|usr|work|var|etc|opt|proc)/[\w.-]")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The whole of it, over a small library; what fails in it answers 500, as from a server."""
    folder = tmp_path_factory.mktemp("doors")
    (folder / "a.txt").write_text("The king signed the treaty in the harbour.")
    settings = Settings(max_file_megabytes=1, max_upload_files=5)
    with Library.open(folder / "library", settings, encoder=FakeEncoder()) as library:
        library.add(folder / "a.txt")
        with TestClient(create_app(library, settings), raise_server_exceptions=False) as client:
            yield client


def refused(response: Response) -> int:
    """The status of a refusal that tells no path: a problem document, of uploads the sentences alone."""
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


def event(app: TestClient, name: str) -> int:
    """The number of one of the page's events, by what it changes or by its name for programs."""
    for dependency in app.get("/config").json()["dependencies"]:
        if dependency["api_name"] == name:
            return int(dependency["id"])
    raise AssertionError(name)


def streamed(app: TestClient, number: int, data: list[Any], session: str = "s1") -> str:
    """All that an event said."""
    joined = app.post(JOIN, json={"data": data, "fn_index": number, "session_hash": session})
    assert joined.status_code == 200, joined.text
    return app.get("/gradio_api/queue/data", params={"session_hash": session}).text


def ended(app: TestClient, number: int, data: list[Any], session: str = "s1") -> dict[str, Any]:
    """What an event said at its end."""
    told = streamed(app, number, data, session)
    messages = [json.loads(line.removeprefix("data: ")) for line in told.splitlines() if line.startswith("data: ")]
    return next(message for message in messages if message["msg"] == "process_completed")


@pytest.mark.parametrize(
    "path",
    [
        "/redoc",
        "/monitoring",
        "/monitoring/summary",
        "/pwa_icon",
        "/pwa_icon/999999",
        "/pwa_icon/x",
        "/manifest.json",
        "/svelte/x",
        "/logout",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/file=http://example.org/x",
        "/gradio_api/file=HTTPS://example.org/x",
        "/gradio_api/file=%68ttp://example.org/x",
        "/gradio_api/proxy=https://example.org/x",
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/dev/reload",
        "/gradio_api/startup-events",
        "/gradio_api/token",
        "/gradio_api/vibe-code",
        "/gradio_api/custom_component/a/client/b/c",
        "/gradio_api/stream/a/b/1/playlist.m3u8",
        "/gradio_api/stream/a/b/x/playlist-file",
        "/gradio_api/call/ask/x",
        "/gradio_api/heartbeat/a",
        "/gradio_api/upload_progress?upload_id=nothing",
        "/gradio_api/upload",
        "/assets/../../gradio/routes.py",
        "/static/nowhere.js",
        "/nowhere",
    ],
)
def test_what_nobody_needs_is_not_there(app: TestClient, path: str) -> None:
    """Files, other sites through this one, documentation that asks other hosts, and a picture of any size."""
    assert refused(app.get(path)) == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/login",
        "/config",
        "/gradio_api/call/ask",
        "/gradio_api/call/v2/ask",
        "/gradio_api/run/ask",
        "/gradio_api/api/ask",
        "/gradio_api/component_server",
        "/gradio_api/process_recording",
        "/gradio_api/vibe-edit/",
        "/gradio_api/stream/x",
        "/gradio_api/queue/join/",
    ],
)
def test_nothing_else_is_sent_to_gradio(app: TestClient, method: str, path: str) -> None:
    """Whatever the body is."""
    for body in ("{}", '{"data": []}', "[", '{"question": 1}'):
        response = app.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert refused(response) in (404, 405)


def test_what_the_page_needs_is_there(app: TestClient) -> None:
    """And its answers tell no path of the server."""
    page = app.get("/").text
    asset = re.search(r"\./(assets/[\w.-]+\.js)", page)
    assert asset
    for path in ("/", "/config", "/theme.css", "/favicon.ico", "/robots.txt", f"/{asset[1]}", "/gradio_api/info"):
        response = app.get(path)
        assert response.status_code == 200, path
        assert path.startswith("/assets") or not PATH.search(response.text)
    assert app.post("/gradio_api/reset", json={"event_id": "x"}).status_code == 200
    assert refused(app.get("/gradio_api/queue/data")) == 422


VALID: dict[str, Any] = {"data": [], "fn_index": 0, "session_hash": "s"}


@pytest.mark.parametrize(
    "body",
    [
        {**VALID, "fn_index": 999_999},
        {**VALID, "fn_index": -1},
        {**VALID, "fn_index": None},
        {**VALID, "fn_index": "0"},
        {**VALID, "fn_index": True},
        {**VALID, "fn_index": 0.0},
        {**VALID, "fn_index": []},
        {**VALID, "fn_index": 10**40},
        {key: value for key, value in VALID.items() if key != "fn_index"},
        {key: value for key, value in VALID.items() if key != "session_hash"},
        {**VALID, "session_hash": None},
        {**VALID, "session_hash": "../x"},
        {**VALID, "session_hash": "x" * 65},
        {**VALID, "session_hash": {}},
        {**VALID, "data": None},
        {**VALID, "data": {"path": "/etc/passwd"}},
        {**VALID, "data": "x"},
        {**VALID, "trigger_id": {}},
        [],
        None,
        "x",
        7,
    ],
    ids=repr,
)
def test_an_event_that_is_none_of_the_page_s_is_refused(app: TestClient, body: object) -> None:
    """As a mistake of whoever sends it, not as a failure of the server."""
    sent = app.post(JOIN, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert refused(sent) == 422


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 2000, b"9" * 5000, b"\xff", b"nan", b'{"a":' * 2000])
@pytest.mark.parametrize("path", [JOIN, "/gradio_api/cancel", "/gradio_api/reset"])
def test_a_body_that_is_no_json_is_refused(app: TestClient, path: str, body: bytes) -> None:
    """As it comes, and by its type."""
    for kind, status in (("application/json", 422), ("text/plain", 415), ("multipart/form-data", 415), ("", 415)):
        assert refused(app.post(path, content=body, headers={"Content-Type": kind})) == status


@pytest.mark.parametrize(
    "kind", [b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x"]
)
def test_a_body_of_another_type_is_not_read(kind: bytes) -> None:
    """What it holds is not looked at, for the guard has not looked at it either."""

    async def unwanted(*_: object) -> Any:
        raise AssertionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": JOIN, "headers": [(b"content-type", kind)], "query_string": b""}
    door = GradioGate(unwanted, {}, None, lambda _: False)  # type: ignore[arg-type]
    anyio.run(door, scope, unwanted, send)
    assert sent[0]["status"] == 415


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info"])
@pytest.mark.parametrize("query", ["page=nowhere", "deep_link=nothing", "page=%ff&page=a"])
def test_nobody_asks_for_a_part_that_there_is_not(app: TestClient, path: str, query: str) -> None:
    """Gradio would fail; there is one page, as it was made."""
    assert app.get(f"{path}?{query}").content == app.get(path).content
    assert app.get(f"{path}?{query}&q=king").status_code == 200


def test_the_page_is_made_once(app: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each name of the server: to make it takes Gradio a while, and anybody may ask for it."""
    mount = app.app.router.routes[-1]  # type: ignore[attr-defined]
    pages = {name: app.get("/", headers={"Host": name}).text for name in ("a.example", "b.example")}
    monkeypatch.setattr(mount, "app", None)
    for name, page in pages.items():
        assert name in page
        for encoding in ("gzip", "identity"):
            assert app.get("/", headers={"Host": name, "Accept-Encoding": encoding}).text == page


@pytest.mark.parametrize("body", [{}, {"session_hash": 1}, {"session_hash": "x", "fn_index": "y", "event_id": []}])
def test_an_odd_cancel_is_refused(app: TestClient, body: dict[str, Any]) -> None:
    """It does not fit its description."""
    assert refused(app.post("/gradio_api/cancel", json=body)) == 422


@pytest.mark.parametrize("odd", [None, 7, "x" * 10_000, [], {}, [[]], {"a": {"b": []}}], ids=repr)
def test_odd_values_do_not_break_an_event(app: TestClient, odd: object) -> None:
    """They end it, or are answered; the stream tells no path, and the next event is answered."""
    config = app.get("/config").json()
    for dependency in config["dependencies"]:
        if dependency["backend_fn"]:
            number, inputs = int(dependency["id"]), len(dependency["inputs"])
            told = ended(app, number, [odd] * inputs, f"s{number}")
            assert not PATH.search(json.dumps(told))
            wrong = {"data": [odd] * (inputs + 1), "fn_index": number, "session_hash": "s"}
            assert refused(app.post(JOIN, json=wrong)) == 422
    assert "statements" in ended(app, event(app, "ask"), ["Who?", None])["output"]["data"][0]


def test_an_upload_gets_a_handle_and_no_path(app: TestClient) -> None:
    """Which the page's next event brings back, and which leads to the file."""
    response = app.post(UPLOAD, files=[("files", ("notes.txt", b"The king signed the treaty."))])
    (handle,) = response.json()
    assert re.fullmatch(r"[\w-]{22}/notes\.txt", handle)
    assert not PATH.search(response.text + str(response.headers))
    file = {"path": handle, "orig_name": "notes.txt", "meta": {"_type": "gradio.FileData"}}
    told = ended(app, _upload_event(app), [[file]])
    assert told["success"]
    assert not PATH.search(json.dumps(told))


def _upload_event(app: TestClient) -> int:
    """The event of the drop zone."""
    config = app.get("/config").json()
    return next(
        int(each["id"]) for each in config["dependencies"] if any(target[1] == "upload" for target in each["targets"])
    )


@pytest.mark.parametrize("where", ["canary", "link", "/proc/self/environ", "relative", "http", "list", "guess", "own"])
def test_an_event_cannot_name_any_other_file(app: TestClient, tmp_path: Path, where: str) -> None:
    """Neither one of the server's nor one that another visitor has uploaded, whether it exists or not."""
    canary = tmp_path / "canary.txt"
    canary.write_text("The secret is kept in the harbour.")
    (tmp_path / "link.txt").symlink_to(canary)
    (handle,) = app.post(UPLOAD, files=[("files", ("notes.txt", b"Words."))]).json()
    path: object = {
        "canary": str(canary),
        "link": str(tmp_path / "link.txt"),
        "relative": "../../etc/passwd",
        "http": "http://127.0.0.1:1/x",
        "list": [handle],
        "guess": f"{'x' * 22}/notes.txt",
        "own": handle.partition("/")[2],
    }.get(where, where)
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    answers = set()
    for value in ([file], file, {"deep": [{"er": file}]}):
        for number, data in ((_upload_event(app), [value]), (event(app, "ask"), ["x", value])):
            response = app.post(JOIN, json={"data": data, "fn_index": number, "session_hash": "s"})
            assert refused(response) == 422
            answers.add(response.json()["detail"])
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"x", 415),
        (FORM[:19], b"x", 400),
        (FORM, b"x", 400),
        (FORM, b"--x\r\nContent-Disposition: form-data\r\n\r\ny\r\n--x--\r\n", 400),
        (FORM, b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\ny\r\n--x--\r\n', 400),
        (FORM, PART + b"--x\r\nA: " + b"y" * 20_000 + b"\r\n\r\ny\r\n--x--\r\n", 400),
        (FORM, PART + b"--x\r\n" + b"A: y\r\n" * 2000 + b"\r\ny\r\n--x--\r\n", 400),
        (FORM, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\ny\r\n' * 1500 + b"--x--\r\n", 400),
        (FORM, PART * 1001 + b"--x--\r\n", 422),
        (FORM, PART * 3, 400),
        (FORM, b"--x--\r\n", 422),
        ("multipart/form-data; boundary=" + "x" * 5000, b"x", 400),
    ],
    ids=[
        "no form",
        "no boundary",
        "no part",
        "no name",
        "no file",
        "a long header",
        "many headers",
        "many fields",
        "many files",
        "no end",
        "nothing",
        "a long boundary",
    ],
)
def test_an_odd_upload_is_refused(app: TestClient, kind: str, body: bytes, status: int) -> None:
    """And nothing of it stays."""
    uploads = app.app.state.service.jobs.uploads  # type: ignore[attr-defined]
    before = sorted(uploads.folder.parent.glob("arriving/*/*"))
    assert refused(app.post(UPLOAD, content=body, headers={"Content-Type": kind})) == status
    assert sorted(uploads.folder.parent.glob("arriving/*/*")) == [each for each in before if each.exists()]


def test_an_upload_beyond_the_limit_is_refused(app: TestClient) -> None:
    """Before it is stored."""
    assert refused(app.post(UPLOAD, files={"files": ("big.txt", b"x" * 1_100_000)})) == 413


@pytest.mark.parametrize("path", [JOIN, UPLOAD, "/gradio_api/cancel", "/gradio_api/reset", "/page/links"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://testserver:81", "http://x.testserver"])
def test_pages_of_other_sites_send_nothing(app: TestClient, path: str, origin: str) -> None:
    """Over plain HTTP, too, where browsers tell no more than the origin."""
    response = app.post(path, files={"files": ("a.txt", b"x")}, headers={"Origin": origin, "X-Pincite": "page"})
    assert refused(response) == 403
    assert (
        app.post(UPLOAD, files={"files": ("a.txt", b"x")}, headers={"Origin": "http://testserver"}).status_code == 200
    )


def test_addresses_of_the_page_are_not_built_from_what_anybody_forwards(app: TestClient) -> None:
    """A cache in front of the server would hand them on."""
    headers = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Gradio-Server": "http://evil.example",
    }
    assert "evil.example" not in app.get("/config", headers=headers).text
    assert "evil.example" not in app.get("/", headers=headers).text


def test_programs_ask_by_gradio_s_own_client(library: Library, write: Write) -> None:
    """As docs/service.md has it."""
    library.add(write("a.txt", "The king signed the treaty in the harbour."))
    with hosted(create_app(library, Settings(bar=0.1))) as address:
        client = Client(address, verbose=False, download_files=False)
        answer = client.predict("Who signed the treaty?", api_name="/ask")
        client.close()
    assert answer["statements"][0]["text"] == "The king signed the treaty in the harbour."


def test_a_stream_without_an_event_ends(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens several of one session, or one after its end, does not hold them for good."""
    monkeypatch.setattr(gradio_routes, "IDLE_SECONDS", 1.0)
    with hosted(create_app(library)) as address, httpx.Client(base_url=address, timeout=30) as visitor:
        number = next(each["id"] for each in visitor.get("/config").json()["dependencies"] if each["api_name"] == "ask")
        event = {"data": ["Who?", None], "fn_index": number, "session_hash": "idle"}
        assert visitor.post(JOIN, json=event).status_code == 200
        streams = [visitor.get("/gradio_api/queue/data", params={"session_hash": "idle"}).text for _ in range(2)]
    assert "process_completed" in streams[0]
    assert "process_completed" not in streams[1]


def test_a_text_that_no_control_holds_is_not_kept(app: TestClient) -> None:
    """Gradio remembers what each session sent last."""
    number = event(app, "ask")
    for data in (["x" * 2001, None], ["x", ["y"] * 1001], ["x", ["y" * 100_001]]):
        told = ended(app, number, data)
        assert not told["success"]
        assert "at most 2,000 are" in told["output"]["error"] or "an invalid value" in told["output"]["error"]


def test_a_page_goes_on_when_gradio_has_forgotten_it(library: Library, write: Write) -> None:
    """More sessions have come since than it remembers; the documents that were chosen are those of the page."""
    texts = {"a.txt": "The king signed the treaty.", "b.txt": "The queen signed the treaty."}
    library.add([write(name, text) for name, text in texts.items()])
    one = next(info.id for info in library.documents() if info.name == "b.txt")
    with TestClient(create_app(library, Settings(bar=0.1))) as app:
        config = app.get("/config").json()
        load, ask = (_targeted(config, kind) for kind in ("load", "submit"))
        streamed(app, load, [], "old")
        for number in range(SESSIONS):
            streamed(app, event(app, "ask"), ["Who?", None], f"new{number}")
        assert _sessions(app) == SESSIONS
        told = streamed(app, ask, ["Who signed the treaty?", [one], [], "quote"], "old")
    assert "queen" in told
    assert "king" not in told


def _targeted(config: dict[str, Any], kind: str) -> int:
    """The first event of a kind."""
    return next(int(each["id"]) for each in config["dependencies"] if any(to[1] == kind for to in each["targets"]))


def _sessions(app: TestClient) -> int:
    """How many sessions Gradio remembers."""
    mount = app.app.router.routes[-1]  # type: ignore[attr-defined]
    return len(mount.app.app.state_holder.session_data)


def test_a_read_only_library_takes_no_uploads(app: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so before anything is received."""
    monkeypatch.setattr(Library, "read_only", True)
    assert refused(app.post(UPLOAD, files={"files": ("a.txt", b"x")})) == 403


@pytest.mark.parametrize("error", [errors.LibraryDamaged, errors.LibraryLocked, errors.SettingsError])
def test_an_error_about_the_library_names_no_folder(
    app: TestClient, monkeypatch: pytest.MonkeyPatch, error: type[errors.PinciteError]
) -> None:
    """Neither on the page nor to programs: its message is for the log."""

    def failing(*_: object, **__: object) -> None:
        raise error("/srv/secret", "Look into /srv/secret.")

    for name in ("ask", "ask_stream", "coverage"):
        monkeypatch.setattr(Library, name, failing)
    answered = (
        streamed(app, event(app, "ask"), ["Who?", None]),
        streamed(app, 1, ["Who?", [], [], "quote"], "s2"),
        app.get("/page/coverage", params={"q": "Who?"}).text,
    )
    for text in answered:
        assert "secret" not in text
        assert KINDS[error].title in text
