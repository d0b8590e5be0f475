"""No visitor reads a file of the server: an event takes what its own browser has uploaded, and nothing else."""

from __future__ import annotations

import json
import os
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
from index.page import create_app
from index.page.intake import COOKIE, browser_of
from index.records import Document
from index.server.http.service import QUESTIONS
from index.server.limits import WAITING
from index.settings import Settings
from tests.hosted import hosted, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library.library import Library

CANARY = "The canary sang of the harbour."


@pytest.fixture
def url(library: Library) -> Iterator[str]:
    """A real server over an empty library."""
    with hosted(create_app(library, Settings(passage_tokens=32))) as url:
        yield url


@pytest.fixture
def visitor(url: str) -> Iterator[httpx.Client]:
    """A browser."""
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client


def events(client: httpx.Client) -> list[dict[str, Any]]:
    """Every event of the page, hidden or not; the place of the one that takes files is told by `takes_files`."""
    config = client.get("/config").json()
    kinds = {each["id"]: each["type"] for each in config["components"]}
    return [
        {"index": each["id"], "kinds": [kinds[control] for control in each["inputs"]]}
        for each in config["dependencies"]
        if each["backend_fn"]
    ]


def uploading(client: httpx.Client) -> int:
    """The event that takes files."""
    (found,) = (each["index"] for each in events(client) if "file" in each["kinds"])
    return int(found)


def outcome(client: httpx.Client, event: int, data: list[Any]) -> dict[str, Any]:
    """How an event ends."""
    session = secrets.token_hex(8)
    body = {"data": data, "fn_index": event, "session_hash": session}
    joined = client.post("/gradio_api/queue/join", json=body)
    if joined.status_code != 200:
        problem = joined.json()
        return {"success": False, "output": {"error": f"{problem['detail']} {problem['hint']}"}}
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            told = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if told.get("msg") == "process_completed":
                return {"success": told["success"], "output": told["output"]}
    raise AssertionError("The event has no end.")


def file(path: object, **more: Any) -> dict[str, Any]:
    """A file as Gradio's client sends it."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def upload(client: httpx.Client, name: str, text: str) -> str:
    """What an upload is answered with."""
    (path,) = client.post("/gradio_api/upload", files={"files": (name, text.encode())}).raise_for_status().json()
    return str(path)


def names(client: httpx.Client) -> set[str]:
    """What the library holds, when nothing is under way any more."""
    wait_until(lambda: not client.get("/page/state", params={"mine": ""}).json()["others"])
    return {each["source"] for each in client.get("/v1/documents").json()["documents"]}


def added(client: httpx.Client, name: str) -> bool:
    """Whether a file comes into the library."""
    wait_until(lambda: name in names(client))
    return True


def test_an_uploaded_file_is_added_once(visitor: httpx.Client) -> None:
    """As the page does it; the second time it is nothing that was just uploaded."""
    path = upload(visitor, "treaty.txt", "The king signed the treaty.")
    assert outcome(visitor, uploading(visitor), [[file(path)]])["success"]
    assert added(visitor, "treaty.txt")
    again = outcome(visitor, uploading(visitor), [[file(path)]])
    assert (again["success"], again["output"]["error"]) == (False, str(NotUploaded()))


@pytest.fixture
def traps(tmp_path: Path, library: Library) -> dict[str, Any]:
    """What an event might name, by what it is; each would lead to a file of the server, or does not exist."""
    canary = tmp_path / "canary.txt"
    canary.write_text(f"{CANARY} {secrets.token_hex(8)}")  # Gradio names its copies by what they hold
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
        "the system's": file("/etc/passwd"),
        "the environment": file("/proc/self/environ"),
        "an open file": file("/proc/self/fd/0"),
        "the library's": file(str(library.folder / "catalog.db")),
        "relative": file(os.path.relpath(canary)),
        "around": file(f"{folder}/../{canary.relative_to(canary.anchor)}"),
        "up and up": file(f"{folder}{'/..' * 20}{canary}"),
        "a link": file(str(mine / "link.txt")),
        "a file of the folder that nobody uploaded": file(str(mine / "file.txt")),
        "a pipe": file(str(mine / "pipe.txt")),
        "a folder": file(str(mine)),
        "the folder": file(str(folder)),
        "an address": file("http://127.0.0.1:9/canary.txt"),
        "an address of a file": file("file:///etc/passwd"),
        "an address beside": file(str(tmp_path / "none.txt"), url="http://127.0.0.1:9/canary.txt"),
        "a stream": file(str(canary), is_stream=True),
        "no mark": {"path": str(canary)},
        "a path alone": str(canary),
        "a number": 7,
        "a list": [file(str(canary))],
        "no path": {"meta": {"_type": "gradio.FileData"}},
        "a path that is none": file(["/etc/passwd"]),
        "a name that is none": file("/etc/pass\0wd"),
    }


def test_no_event_reads_a_file_of_the_server(visitor: httpx.Client, traps: dict[str, Any], tmp_path: Path) -> None:
    """Whatever stands in a file's place is refused, in the same words whether there is such a file or not."""
    upload(visitor, "own.txt", "The queen kept a garden.")  # so that there is a cookie
    told = {name: outcome(visitor, uploading(visitor), [[trap]]) for name, trap in traps.items()}
    assert {each["output"]["error"] for each in told.values()} == {str(NotUploaded())}
    assert not any(each["success"] for each in told.values())
    assert str(tmp_path) not in json.dumps(told)
    assert get_upload_folder() not in json.dumps(told)
    assert names(visitor) == set()
    assert (tmp_path / "canary.txt").read_text().startswith(CANARY)


def test_no_other_event_takes_a_file(visitor: httpx.Client, traps: dict[str, Any]) -> None:
    """In no place: a control for texts would take a file as well, copy it, and lay it open."""
    upload(visitor, "own.txt", "The queen kept a garden.")
    before = sorted(Path(get_upload_folder()).rglob("*"))
    for event in events(visitor):
        for place, kind in enumerate(event["kinds"]):
            for trap in (traps["a file"], [traps["a file"]], {"deep": [traps["a file"]]}, traps["an address"]):
                if kind != "file":
                    data: list[Any] = [None] * len(event["kinds"])
                    data[place] = trap
                    told = outcome(visitor, event["index"], data)
                    assert (told["success"], told["output"]["error"]) == (False, str(NotUploaded())), (event, trap)
    assert sorted(Path(get_upload_folder()).rglob("*")) == before


def test_nothing_of_an_upload_stays(visitor: httpx.Client, library: Library) -> None:
    """Neither a file nor its folder, once it is in the library."""
    before = set(Path(get_upload_folder()).rglob("*"))
    path = upload(visitor, "treaty.txt", "The king signed the treaty.")
    assert len(left(library)) == 1
    assert outcome(visitor, uploading(visitor), [[file(path)]])["success"]
    assert added(visitor, "treaty.txt")
    wait_until(lambda: left(library) == [])
    assert set(Path(get_upload_folder()).rglob("*")) == before


def left(library: Library) -> list[Path]:
    """Folders of files that arrived and are not in the library."""
    return [each for each in library.folder.glob("arriving/*/*") if each.is_dir()]


def test_a_file_of_another_browser_is_not_taken(url: str, visitor: httpx.Client) -> None:
    """Though its path be known; the one that uploaded it still can."""
    path = upload(visitor, "mine.txt", "The ship left the harbour.")
    with httpx.Client(base_url=url, timeout=60) as other:
        for _ in range(2):  # without a cookie, and with one of its own
            assert not outcome(other, uploading(other), [[file(path)]])["success"]
            upload(other, "theirs.txt", "The whale was seen from the boat.")
    assert outcome(visitor, uploading(visitor), [[file(path)]])["success"]
    assert added(visitor, "mine.txt")


def test_two_who_upload_the_same_file_both_add_it(url: str, visitor: httpx.Client) -> None:
    """Each has a file of their own."""
    text = "The comet fell into the desert."
    with httpx.Client(base_url=url, timeout=60) as other:
        mine, theirs = upload(visitor, "comet.txt", text), upload(other, "comet.txt", text)
        for client, path in ((visitor, mine), (other, theirs)):
            told = outcome(client, uploading(client), [[file(path)]])
            assert told["success"]
            assert "data-begun" in json.dumps(told["output"])


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/file={}", "/gradio_api/file/{}", "/file={}", "/gradio_api/stream/{}"],
)
def test_no_address_gives_a_file(visitor: httpx.Client, traps: dict[str, Any], path: str) -> None:
    """Neither of the server's, nor of the library's, nor what others have uploaded: the page needs none."""
    own = upload(visitor, "own.txt", CANARY)
    for name in ("a file", "the system's", "the library's", "a link", "a file of the folder that nobody uploaded"):
        response = visitor.get(path.format(traps[name]["path"]))
        assert response.status_code in (403, 404, 405)
        assert CANARY not in response.text
    assert visitor.get(path.format(own)).status_code in (403, 404, 405)


def test_gradio_checks_paths_as_well(library: Library) -> None:
    """It does so only where `has_launched` is set; if Gradio calls it otherwise some day, this shows it."""
    from gradio import processing_utils
    from gradio.context import LocalContext
    from gradio.exceptions import InvalidPathError
    from starlette.routing import Mount

    mount = create_app(library).router.routes[-1]
    assert isinstance(mount, Mount)
    page = mount.app.app.get_blocks()  # type: ignore[attr-defined]
    LocalContext.blocks.set(page)
    with pytest.raises(InvalidPathError):
        processing_utils._check_allowed("/etc/passwd", check_in_upload_folder=True)


@pytest.mark.parametrize(
    ("origin", "kept_with"),
    [
        ("http://127.0.0.1", "SameSite=Strict"),
        ("https://demo.example", "SameSite=None; Secure; Partitioned"),
    ],
)
def test_the_cookie_is_for_this_page_alone(library: Library, origin: str, kept_with: str) -> None:
    """No script reads it; over https, it also works in a frame of another site, apart from all others."""
    from starlette.testclient import TestClient

    with TestClient(create_app(library), base_url=origin) as client:
        response = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")}, headers={"origin": origin})
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert cookie.endswith(f"; Path=/; HttpOnly; {kept_with}")


# Shared fairly


@pytest.fixture
def gate(library: Library, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Opens for those who ask "Wait!"; the library holds one document."""
    gate = threading.Event()
    ask_stream = library.ask_stream

    def asked(question: str, **options: Any) -> Any:
        if question == "Wait!":
            assert gate.wait(60)
        return ask_stream(question, **options)

    monkeypatch.setattr(library, "ask_stream", asked)
    library.add_documents([Document("0" * 64, "/a.txt", "", "", "", "text/plain", "The king wrote.", ())])
    return gate


def asking(client: httpx.Client) -> int:
    """The event of a question."""
    return next(int(each["index"]) for each in events(client) if each["kinds"][:1] == ["textbox"])


def test_one_visitor_does_not_keep_others_out(url: str, gate: threading.Event) -> None:
    """However many questions it has asked: too many of its own are refused, and another's are answered."""
    many = WAITING + QUESTIONS + 10
    with ThreadPoolExecutor(many) as pool, browser(url, "127.0.0.1") as one, browser(url, "127.0.0.2") as other:
        event = asking(other)
        waiting = [pool.submit(outcome, one, event, ["Wait!", [], [], "quote"]) for _ in range(many)]
        wait_until(lambda: sum(each.done() for each in waiting) >= 10)
        assert all("from your address" in each.result()["output"]["error"] for each in waiting if each.done())
        for _ in range(3):
            assert "The king wrote." in json.dumps(outcome(other, event, ["Who wrote?", [], [], "quote"])["output"])
        gate.set()
        assert sum(each.result()["success"] for each in waiting) >= WAITING


def test_a_class_behind_one_address_waits(url: str, gate: threading.Event) -> None:
    """More questions at once than are worked on, and than Gradio takes in hand by itself: each is answered."""
    with ThreadPoolExecutor(60) as pool, browser(url, "127.0.0.1") as client:
        event = asking(client)
        waiting = [pool.submit(outcome, client, event, ["Wait!", [], [], "quote"]) for _ in range(60)]
        time.sleep(0.5)
        gate.set()
        assert all(each.result()["success"] for each in waiting)


def test_coverage_waits_for_its_own_turn(url: str, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many of them as a visitor may ask for, the page's other parts and another visitor's come."""
    gate = threading.Event()

    def covered(question: str, **_: Any) -> list[Any]:
        if question == "Wait!":
            assert gate.wait(60)
        return []

    monkeypatch.setattr(library, "coverage", covered)
    with ThreadPoolExecutor(50) as pool, browser(url, "127.0.0.1") as many, browser(url, "127.0.0.2") as one:
        waiting = [pool.submit(many.get, "/page/coverage", params={"q": "Wait!"}) for _ in range(50)]
        assert one.get("/page/coverage", params={"q": "Who?"}).status_code == 200
        assert many.get("/v1/documents").status_code == 200
        assert not any(each.done() for each in waiting)
        gate.set()
        assert all(each.result().status_code == 200 for each in waiting)


def browser(url: str, address: str) -> httpx.Client:
    """A browser at another address of this machine."""
    limits = httpx.Limits(max_connections=200)
    return httpx.Client(base_url=url, timeout=90, transport=httpx.HTTPTransport(local_address=address, limits=limits))


# Cookies


@pytest.mark.parametrize(("cookie", "browser"), [("x" * 32, "x" * 32), ("x", ""), ("ü" * 30, ""), ("", "")])
def test_a_browser_is_known_by_a_cookie_that_may_be_ours(cookie: str, browser: str) -> None:
    """Anything else is none."""
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())]
    assert browser_of({"type": "http", "headers": headers}) == browser
