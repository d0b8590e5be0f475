"""Uploads from their first byte until an event takes them: how much room they hold, and how far they are."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from index.errors import NotUploaded, UploadsFull
from index.page import create_app
from index.page.transfers import ALL, GRACE_SECONDS, RECEIVED_SECONDS, PendingUploads, Transfers
from index.page.transfers import KEPT_SECONDS as TOLD_SECONDS
from index.server.uploads import Uploads
from index.settings import Settings
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.library.library import Library
    from index.records.document import Arrival

HALF = 500_000


class Clock:
    """Goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """At the beginning."""
    return Clock()


@pytest.fixture
def received(tmp_path: Path, clock: Clock) -> Iterator[PendingUploads]:
    """A registry in which a client may hold a megabyte."""
    settings = Settings(max_upload_megabytes=1)
    uploads = Uploads(tmp_path / "uploads", settings)
    yield PendingUploads(uploads, settings, clock)
    uploads.close()


def arrived(received: PendingUploads, client: str, size: int = 1) -> Arrival:
    """A file that has arrived."""
    received.reserve(client, size, 1)
    return received.uploads.receive("a.txt", [b"x" * size])


def held(received: PendingUploads, client: str, size: int = 1, browser: str = "one") -> str:
    """The handle of a file that waits."""
    (handle,) = received.add(browser, client, [arrived(received, client, size)])
    return handle


def test_each_file_is_taken_once(received: PendingUploads) -> None:
    """By the browser that sent it, and all of an event's files or none."""
    first, second = held(received, "c"), held(received, "c")
    assert received.holds(first)
    for browser, handles in (("two", [first]), ("", [first]), ("one", [first, "x"]), ("one", [second, second])):
        with pytest.raises(NotUploaded):
            received.take(browser, handles)
    assert [each.path.read_bytes() for each in received.take("one", [first, second])] == [b"x", b"x"]
    assert not received.holds(first)
    with pytest.raises(NotUploaded):
        received.take("one", [first])


def test_a_handle_says_nothing_of_the_place(received: PendingUploads) -> None:
    """And is another one for the same file."""
    first, second = received.add("one", "c", [arrived(received, "c"), arrived(received, "c")])
    assert first != second
    assert first.endswith("/a.txt")
    assert str(received.uploads.folder.parent) not in first
    assert not any(received.holds(other) for other in (None, 7, "a.txt", "/etc/passwd"))


def test_what_nobody_takes_is_deleted(received: PendingUploads, clock: Clock) -> None:
    """With its folder, after an hour."""
    handle = held(received, "c")
    (place,) = received.uploads.folder.parent.glob("arriving/*/*/a.txt")
    clock.now = RECEIVED_SECONDS
    with pytest.raises(NotUploaded):
        received.take("one", [handle])
    received.expire()
    assert not received.holds(handle)
    assert not place.parent.exists()


def test_a_client_s_room_is_its_own(received: PendingUploads, clock: Clock) -> None:
    """Where it is full, its own oldest give way, after a minute, and never another one's."""
    slow, first = held(received, "slow"), held(received, "c", HALF)
    held(received, "c", HALF)
    with pytest.raises(UploadsFull, match="Your uploads that wait to be added reach 1 MB"):
        received.reserve("c", 1)
    clock.now = GRACE_SECONDS
    received.reserve("c", 1)
    assert received.holds(slow)
    assert not received.holds(first)


def test_all_clients_have_a_room_as_well(received: PendingUploads, clock: Clock) -> None:
    """Where it is full, whoever holds most gives way, whose file has waited for a minute."""
    small = held(received, "small")
    large = [held(received, f"c{number}", 2 * HALF - (not number)) for number in range(ALL)]
    with pytest.raises(UploadsFull, match="of all visitors"):
        received.reserve("new", 1)
    clock.now = GRACE_SECONDS
    received.reserve("new", 1)
    assert received.holds(small)
    assert sum(received.holds(handle) for handle in large) == ALL - 1


def test_thousands_of_tiny_files_hold_room(received: PendingUploads, clock: Clock) -> None:
    """Each takes a folder and memory; another client's stay."""
    received.uploads.drop([arrived(received, "slow")])
    received.reserve("c", 0, 10_000)
    with pytest.raises(UploadsFull, match="10,000 files"):
        received.reserve("c", 0, 1)
    received.release("c", 0, 1)
    received.reserve("c", 0, 1)


def test_room_is_given_back(received: PendingUploads) -> None:
    """By what was taken, and by what did not arrive."""
    for _ in range(5):
        received.take("one", [held(received, "c", 2 * HALF)])
        received.reserve("c", 2 * HALF, 3)
        received.release("c", 2 * HALF, 3)
    assert not received._held_bytes
    assert not received._held_files


# Over HTTP


def test_uploads_that_nobody_takes_do_not_fill_the_disk(library: Library) -> None:
    """What is too much is refused, and says what to do; an event makes room again."""
    with hosted(create_app(library, Settings(max_upload_megabytes=1))) as url, httpx.Client(base_url=url) as visitor:
        replies = [visitor.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 400_000)}) for _ in range(4)]
        assert [each.status_code for each in replies] == [200, 200, 429, 429]
        assert "Send fewer files at once" in replies[-1].text
        assert replies[-1].headers["content-type"].startswith("text/plain"), "the page shows it as it is"
        assert len([each for each in library.folder.glob("arriving/*/*") if each.is_dir()]) == 2


def test_an_upload_that_breaks_off_leaves_nothing(library: Library) -> None:
    """Nor does it hold room."""
    with hosted(create_app(library, Settings(max_upload_megabytes=1))) as url, httpx.Client(base_url=url) as visitor:
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + b"y" * 600_000
        for _ in range(3):
            assert visitor.post("/gradio_api/upload", content=part, headers=form).status_code == 400
        assert [each for each in library.folder.glob("arriving/*/*") if each.is_dir()] == []


def test_two_uploads_of_one_browser_do_not_mix(library: Library) -> None:
    """In two tabs, under one name."""
    with hosted(create_app(library)) as url, httpx.Client(base_url=url) as visitor, ThreadPoolExecutor(32) as pool:
        visitor.post("/gradio_api/upload", files={"files": ("first.txt", b"x")})
        texts = [f"Text {number}".encode() for number in range(32)]
        replies = list(
            pool.map(lambda text: visitor.post("/gradio_api/upload", files={"files": ("a.txt", text)}), texts)
        )
    assert [each.status_code for each in replies] == [200] * 32
    assert len({each.json()[0] for each in replies}) == 32


# Progress


def test_the_page_hears_how_far_its_upload_is(library: Library) -> None:
    """While it arrives, and at its end."""
    more, heard = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n' + b"y" * 70_000
        assert more.wait(20)
        yield b"z" * 30_000 + b"\r\n--x--\r\n"

    told: list[dict[str, object]] = []
    with hosted(create_app(library)) as url, httpx.Client(base_url=url, timeout=30) as visitor:

        def follow() -> None:
            with visitor.stream("GET", "/gradio_api/upload_progress", params={"upload_id": "abc"}) as stream:
                assert stream.status_code == 200
                for line in stream.iter_lines():
                    if line:
                        told.append(json.loads(line.removeprefix("data: ")))
                        heard.set()

        with ThreadPoolExecutor(2) as pool:
            following = pool.submit(follow)
            form = {"Content-Type": "multipart/form-data; boundary=x"}
            upload = pool.submit(visitor.post, "/gradio_api/upload?upload_id=abc", content=body(), headers=form)
            assert heard.wait(20)
            more.set()
            assert upload.result().status_code == 200
            following.result()
    assert told[-1] == {"msg": "done"}
    assert sum(int(str(each.get("chunk_size", 0))) for each in told) == 100_000
    assert {each.get("orig_name") for each in told[:-1]} == {"a.txt"}


@pytest.mark.parametrize("identity", ["x" * 65, "a/b", "ü", "a b"])
def test_an_odd_id_is_refused(library: Library, identity: str) -> None:
    """By both routes: nothing of it is kept."""
    with hosted(create_app(library)) as url, httpx.Client(base_url=url) as visitor:
        for method in ("GET", "POST"):
            path = "/gradio_api/upload_progress" if method == "GET" else "/gradio_api/upload"
            files = {"files": ("a.txt", b"x")} if method == "POST" else None
            assert visitor.request(method, path, params={"upload_id": identity}, files=files).status_code == 422


def test_ids_are_forgotten(clock: Clock) -> None:
    """Those of ended uploads after a few seconds; one that nobody has announced is not even noted."""
    transfers = Transfers(clock)
    first = transfers.begin("c", "first")
    transfers.begin("c", "")
    transfers.end(first)
    assert anyio.run(transfers.find, "c", "first") is first
    assert anyio.run(transfers.find, "other", "first") is None
    assert anyio.run(transfers.find, "c", "never") is None
    clock.now = 2 * TOLD_SECONDS
    transfers.begin("c", "second")
    assert list(transfers._transfers) == [("c", "second")]
