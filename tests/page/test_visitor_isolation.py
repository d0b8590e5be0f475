"""Visitors are isolated: no event reads a file that its own browser has not uploaded, and no visitor blocks others."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from gradio.utils import get_upload_folder

from index.errors import NotUploaded
from index.library.library import Library
from index.page import create_app
from index.page.intake import COOKIE, browser_of, cookie
from index.records import Document
from index.server.http.service import QUESTIONS
from index.server.limits import WAITING
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.hosted import hosted, wait_until
from tests.nightly import length
from tests.page.conftest import pending_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

CANARY = "The canary sang of the harbour."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library with one document; each test adds files with names of its own."""
    folder = tmp_path_factory.mktemp("isolation")
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        library.add_documents([Document("0" * 64, "/a.txt", "", "", "", "text/plain", "The king wrote.", ())])
        yield library


@pytest.fixture(scope="module")
def app(library: Library) -> FastAPI:
    """The whole application over this library."""
    return create_app(library, Settings(passage_tokens=32))


@pytest.fixture(scope="module")
def url(app: FastAPI) -> Iterator[str]:
    """The address of a real server."""
    with hosted(app) as url:
        yield url


@pytest.fixture
def visitor(url: str) -> Iterator[httpx.Client]:
    """A browser."""
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client


def page_events(client: httpx.Client) -> list[dict[str, Any]]:
    """Return the id and the kinds of the inputs of every event of the page, hidden or not."""
    config = client.get("/config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    return [
        {"index": event["id"], "kinds": [kinds[control] for control in event["inputs"]]}
        for event in config["dependencies"]
        if event["backend_fn"]
    ]


def upload_event(client: httpx.Client) -> int:
    """Return the id of the event that takes files."""
    (event,) = (event["index"] for event in page_events(client) if "file" in event["kinds"])
    return int(event)


def run_event(client: httpx.Client, event: int, data: list[Any]) -> dict[str, Any]:
    """Run an event and return how it ends."""
    session = secrets.token_hex(8)
    body = {"data": data, "fn_index": event, "session_hash": session}
    joined = client.post("/gradio_api/queue/join", json=body)
    if joined.status_code != 200:
        problem = joined.json()
        return {"success": False, "output": {"error": f"{problem['detail']} {problem['hint']}"}}
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if message.get("msg") == "process_completed":
                return {"success": message["success"], "output": message["output"]}
    raise AssertionError("The event did not end.")


def file(path: object, **more: Any) -> dict[str, Any]:
    """Return a file as Gradio's client sends it."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def upload(client: httpx.Client, name: str, text: str) -> str:
    """Upload a text and return the handle of the file."""
    (path,) = client.post("/gradio_api/upload", files={"files": (name, text.encode())}).raise_for_status().json()
    return str(path)


def names(client: httpx.Client) -> set[str]:
    """Return the sources of all documents, once no job is running."""
    wait_until(lambda: not client.get("/page/state", params={"mine": ""}).json()["others"])
    return {document["source"] for document in client.get("/v1/documents").json()["documents"]}


def is_added(client: httpx.Client, name: str) -> bool:
    """Wait until a file is in the library."""
    wait_until(lambda: name in names(client))
    return True


def test_uploaded_file_can_be_added_once(visitor: httpx.Client, library: Library) -> None:
    """A second event with the same handle, which names no path, is refused. File and folder are deleted then."""
    before, pending = set(Path(get_upload_folder()).rglob("*")), pending_folders(library.folder)
    handle = upload(visitor, "treaty.txt", "The king signed the treaty.")
    assert re.fullmatch(r"[\w-]{22}/treaty\.txt", handle)
    assert len(pending_folders(library.folder) - pending) == 1
    added = run_event(visitor, upload_event(visitor), [[file(handle)]])
    assert added["success"]
    assert "data-begun" in json.dumps(added["output"])
    assert str(library.folder) not in json.dumps(added)
    assert is_added(visitor, "treaty.txt")
    wait_until(lambda: pending_folders(library.folder) <= pending)
    assert set(Path(get_upload_folder()).rglob("*")) == before
    again = run_event(visitor, upload_event(visitor), [[file(handle)]])
    assert (again["success"], again["output"]["error"]) == (False, str(NotUploaded()))


@pytest.fixture
def traps(tmp_path: Path, library: Library) -> dict[str, Any]:
    """Values that an event might send in place of an upload, by what they are; none was uploaded."""
    canary = tmp_path / "canary.txt"
    canary.write_text(f"{CANARY} {secrets.token_hex(8)}")  # Gradio names its copies by a hash of their content
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    mine = folder / secrets.token_hex(8)
    mine.mkdir()
    (mine / "link.txt").symlink_to(canary)
    (mine / "file.txt").write_text(CANARY)
    os.mkfifo(mine / "pipe.txt")
    return {
        "a file": file(str(canary)),
        "no file": file(str(tmp_path / "none.txt")),
        "a system file": file("/etc/passwd"),
        "the environment": file("/proc/self/environ"),
        "an open file": file("/proc/self/fd/0"),
        "the catalog": file(str(library.folder / "catalog.db")),
        "relative": file(os.path.relpath(canary)),
        "around": file(f"{folder}/../{canary.relative_to(canary.anchor)}"),
        "up and up": file(f"{folder}{'/..' * 20}{canary}"),
        "a link": file(str(mine / "link.txt")),
        "a file in the upload folder": file(str(mine / "file.txt")),
        "a pipe": file(str(mine / "pipe.txt")),
        "a folder": file(str(mine)),
        "the folder": file(str(folder)),
        "an address": file("http://127.0.0.1:9/canary.txt"),
        "an address of a file": file("file:///etc/passwd"),
        "an address beside a path": file(str(tmp_path / "none.txt"), url="http://127.0.0.1:9/canary.txt"),
        "a stream": file(str(canary), is_stream=True),
        "no type": {"path": str(canary)},
        "a path alone": str(canary),
        "a number": 7,
        "a list": [file(str(canary))],
        "no path": {"meta": {"_type": "gradio.FileData"}},
        "a list as a path": file(["/etc/passwd"]),
        "a path with a NUL": file("/etc/pass\0wd"),
    }


def test_upload_event_refuses_files_of_the_server(visitor: httpx.Client, traps: dict[str, Any], tmp_path: Path) -> None:
    """The refusal is the same whether the file exists or not."""
    upload(visitor, "own.txt", "The queen kept a garden.")  # this sets the cookie
    before = names(visitor)
    results = {name: run_event(visitor, upload_event(visitor), [[trap]]) for name, trap in traps.items()}
    assert {result["output"]["error"] for result in results.values()} == {str(NotUploaded())}
    assert not any(result["success"] for result in results.values())
    assert str(tmp_path) not in json.dumps(results)
    assert get_upload_folder() not in json.dumps(results)
    assert names(visitor) == before
    assert (tmp_path / "canary.txt").read_text().startswith(CANARY)


def test_other_events_refuse_files_in_every_input(visitor: httpx.Client, traps: dict[str, Any]) -> None:
    """Gradio would accept a file in a text input, copy it and serve it."""
    upload(visitor, "own.txt", "The queen kept a garden.")
    before = sorted(Path(get_upload_folder()).rglob("*"))
    for event in page_events(visitor):
        for place, kind in enumerate(event["kinds"]):
            for trap in (traps["a file"], [traps["a file"]], {"deep": [traps["a file"]]}, traps["an address"]):
                if kind != "file":
                    data: list[Any] = [None] * len(event["kinds"])
                    data[place] = trap
                    result = run_event(visitor, event["index"], data)
                    assert (result["success"], result["output"]["error"]) == (False, str(NotUploaded())), (event, trap)
    assert sorted(Path(get_upload_folder()).rglob("*")) == before


def test_browser_cannot_use_the_upload_of_another(url: str, visitor: httpx.Client) -> None:
    """Knowing the handle is not enough, and both can upload the same file."""
    text = "The ship left the harbour."
    mine = upload(visitor, "mine.txt", text)
    with httpx.Client(base_url=url, timeout=60) as other:
        for _ in range(2):  # without a cookie, and with one of its own
            assert not run_event(other, upload_event(other), [[file(mine)]])["success"]
            theirs = upload(other, "mine.txt", text)
        for client, handle in ((visitor, mine), (other, theirs)):
            assert run_event(client, upload_event(client), [[file(handle)]])["success"]
    assert is_added(visitor, "mine.txt")


def test_no_gradio_route_serves_a_file(visitor: httpx.Client, traps: dict[str, Any]) -> None:
    """Files of the server, of the library and of uploads are all refused, since the page needs none."""
    names = ("a file", "a system file", "the catalog", "a link", "a file in the upload folder")
    paths = [upload(visitor, "own.txt", CANARY), *(traps[name]["path"] for name in names)]
    for form in ("/gradio_api/file={}", "/gradio_api/file/{}", "/file={}", "/gradio_api/stream/{}"):
        for path in paths:
            response = visitor.get(form.format(path))
            assert response.status_code in (403, 404, 405)
            assert CANARY not in response.text


def test_gradio_s_own_path_check_is_active(app: FastAPI) -> None:
    """Gradio checks paths only if `has_launched` is set; this test fails if a new version changes that."""
    from gradio import processing_utils
    from gradio.context import LocalContext
    from gradio.exceptions import InvalidPathError
    from starlette.routing import Mount

    mount = app.router.routes[-1]
    assert isinstance(mount, Mount)
    page = mount.app.app.app.get_blocks()  # type: ignore[attr-defined]
    LocalContext.blocks.set(page)
    with pytest.raises(InvalidPathError):
        processing_utils._check_allowed("/etc/passwd", check_in_upload_folder=True)


def test_cookie_is_limited_to_the_page(url: str) -> None:
    """Scripts cannot read it; over HTTPS it also works in a frame, partitioned by the outer site.

    A cookie of any other form identifies no browser.
    """
    files = {"files": ("a.txt", b"x")}
    response = httpx.post(f"{url}/gradio_api/upload", files=files, headers={"Origin": url}, timeout=60)
    header = response.headers["set-cookie"]
    assert header.startswith(f"{COOKIE}=")
    assert header.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert cookie("x", {"origin": "https://demo.example"}).endswith(
        "; Path=/; HttpOnly; SameSite=None; Secure; Partitioned"
    )
    for value, known in (("x" * 32, "x" * 32), ("x", ""), ("ü" * 30, ""), ("", "")):
        scope = {"type": "http", "headers": [(b"cookie", f"{COOKIE}={value}".encode())]}
        assert browser_of(scope) == known


# Fairness


@pytest.fixture
def gate(library: Library, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold back every question "Wait!" until the event is set."""
    gate = threading.Event()
    ask_stream = library.ask_stream

    def ask_when_open(question: str, **options: Any) -> Any:
        if question == "Wait!":
            assert gate.wait(60)
        return ask_stream(question, **options)

    monkeypatch.setattr(library, "ask_stream", ask_when_open)
    return gate


def ask_event(client: httpx.Client) -> int:
    """Return the id of the event that asks a question."""
    return next(int(event["index"]) for event in page_events(client) if event["kinds"][:1] == ["textbox"])


def test_one_visitor_cannot_block_others(
    app: FastAPI, url: str, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions of one visitor beyond the limit are refused, while another visitor's are answered."""
    most_waiting = length(20, WAITING)
    monkeypatch.setattr(app.state.service.questions, "_most_waiting", most_waiting)
    many = most_waiting + QUESTIONS + 10
    with ThreadPoolExecutor(many) as pool, browser(url, "127.0.0.1") as busy, browser(url, "127.0.0.2") as other:
        event = ask_event(other)
        waiting = [pool.submit(run_event, busy, event, ["Wait!", [], [], "quote", "", ""]) for _ in range(many)]
        wait_until(lambda: sum(future.done() for future in waiting) >= 10)
        assert all("from your address" in future.result()["output"]["error"] for future in waiting if future.done())
        for _ in range(3):
            assert "The king wrote." in json.dumps(
                run_event(other, event, ["Who wrote?", [], [], "quote", "", ""])["output"]
            )
        gate.set()
        assert sum(future.result()["success"] for future in waiting) >= most_waiting


def test_many_questions_from_one_address_are_queued_and_answered(url: str, gate: threading.Event) -> None:
    """A class behind one address asks more at once than the server or Gradio works on."""
    questions = length(45, 60)
    with ThreadPoolExecutor(questions) as pool, browser(url, "127.0.0.1") as client:
        event = ask_event(client)
        waiting = [pool.submit(run_event, client, event, ["Wait!", [], [], "quote", "", ""]) for _ in range(questions)]
        time.sleep(0.5)
        gate.set()
        assert all(future.result()["success"] for future in waiting)


def test_waiting_coverage_requests_do_not_block_other_requests(
    url: str, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's other routes and another visitor's coverage are answered meanwhile."""
    gate = threading.Event()

    def coverage_when_open(question: str, **_: Any) -> list[Any]:
        if question == "Wait!":
            assert gate.wait(60)
        return []

    monkeypatch.setattr(library, "coverage", coverage_when_open)
    requests = length(20, 50)
    with ThreadPoolExecutor(requests) as pool, browser(url, "127.0.0.1") as busy, browser(url, "127.0.0.2") as other:
        waiting = [pool.submit(busy.get, "/page/coverage", params={"q": "Wait!"}) for _ in range(requests)]
        assert other.get("/page/coverage", params={"q": "Who?"}).status_code == 200
        assert busy.get("/v1/documents").status_code == 200
        assert not any(future.done() for future in waiting)
        gate.set()
        assert all(future.result().status_code == 200 for future in waiting)


def browser(url: str, address: str) -> httpx.Client:
    """Return a client that connects from this local address."""
    limits = httpx.Limits(max_connections=200)
    return httpx.Client(base_url=url, timeout=90, transport=httpx.HTTPTransport(local_address=address, limits=limits))
