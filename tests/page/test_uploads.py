"""Uploads from their first byte until an event takes them: the space they hold, and their progress."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from index.errors import NotUploaded, UploadsFull
from index.library.library import Library
from index.page import create_app
from index.page.intake import ALL, GRACE_SECONDS, RECEIVED_SECONDS, PendingUploads, Transfers
from index.page.intake import KEPT_SECONDS as PROGRESS_SECONDS
from index.server.uploads import Uploads
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.hosted import hosted
from tests.page.conftest import pending_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.records.document import Arrival

HALF = 500_000


class Clock:
    """A clock that tests move."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at zero."""
    return Clock()


@pytest.fixture
def pending(tmp_path: Path, clock: Clock) -> Iterator[PendingUploads]:
    """A registry in which a client may hold one megabyte."""
    settings = Settings(max_upload_megabytes=1)
    uploads = Uploads(tmp_path / "uploads", settings)
    yield PendingUploads(uploads, settings, clock)
    uploads.close()


def receive(pending: PendingUploads, client: str, size: int = 1) -> Arrival:
    """Receive a file of this size from the client."""
    pending.reserve(client, size, 1)
    return pending.uploads.receive("a.txt", [b"x" * size])


def add_pending(pending: PendingUploads, client: str, size: int = 1, browser: str = "one") -> str:
    """Receive a file and return its handle."""
    (handle,) = pending.add(browser, client, [receive(pending, client, size)])
    return handle


def test_pending_upload_is_taken_once(pending: PendingUploads) -> None:
    """Only the browser that sent it can take it, by a handle of its own; an event takes all of its files or none."""
    first, second = pending.add("one", "c", [receive(pending, "c"), receive(pending, "c")])
    assert first != second
    assert first.endswith("/a.txt")
    assert pending.holds(first)
    assert not any(pending.holds(other) for other in (None, 7, "a.txt", "/etc/passwd"))
    for browser, handles in (("two", [first]), ("", [first]), ("one", [first, "x"]), ("one", [second, second])):
        with pytest.raises(NotUploaded):
            pending.take(browser, handles)
    assert [arrival.path.read_bytes() for arrival in pending.take("one", [first, second])] == [b"x", b"x"]
    assert not pending.holds(first)
    with pytest.raises(NotUploaded):
        pending.take("one", [first])


def test_pending_upload_expires_after_an_hour(pending: PendingUploads, clock: Clock) -> None:
    """The file is deleted with its folder."""
    handle = add_pending(pending, "c")
    (place,) = pending.uploads.folder.parent.glob("arriving/*/*/a.txt")
    clock.now = RECEIVED_SECONDS
    with pytest.raises(NotUploaded):
        pending.take("one", [handle])
    pending.expire()
    assert not pending.holds(handle)
    assert not place.parent.exists()


def test_full_client_quota_evicts_only_its_own_oldest_uploads(pending: PendingUploads, clock: Clock) -> None:
    """An upload may be evicted after a minute; other clients' uploads stay."""
    slow, first = add_pending(pending, "slow"), add_pending(pending, "c", HALF)
    add_pending(pending, "c", HALF)
    with pytest.raises(UploadsFull, match="Your waiting uploads have reached the limit of 1 MB"):
        pending.reserve("c", 1)
    clock.now = GRACE_SECONDS
    pending.reserve("c", 1)
    assert pending.holds(slow)
    assert not pending.holds(first)


def test_full_total_quota_evicts_from_the_largest_client(pending: PendingUploads, clock: Clock) -> None:
    """An upload may be evicted after a minute."""
    small = add_pending(pending, "small")
    large = [add_pending(pending, f"c{number}", 2 * HALF - (not number)) for number in range(ALL)]
    with pytest.raises(UploadsFull, match="of all visitors"):
        pending.reserve("new", 1)
    clock.now = GRACE_SECONDS
    pending.reserve("new", 1)
    assert pending.holds(small)
    assert sum(pending.holds(handle) for handle in large) == ALL - 1


def test_number_of_pending_files_is_limited(pending: PendingUploads, clock: Clock) -> None:
    """Even an empty file takes a folder and memory; other clients' uploads stay."""
    pending.uploads.drop([receive(pending, "slow")])
    pending.reserve("c", 0, 10_000)
    with pytest.raises(UploadsFull, match="10,000 files"):
        pending.reserve("c", 0, 1)
    pending.release("c", 0, 1)
    pending.reserve("c", 0, 1)


def test_quota_is_released_after_uploads_are_taken_or_fail(pending: PendingUploads) -> None:
    """Neither taken nor failed uploads count any longer."""
    for _ in range(5):
        pending.take("one", [add_pending(pending, "c", 2 * HALF)])
        pending.reserve("c", 2 * HALF, 3)
        pending.release("c", 2 * HALF, 3)
    assert not pending._held_bytes
    assert not pending._held_files


# Over HTTP


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """An empty library."""
    with Library.open(tmp_path_factory.mktemp("uploads") / "library", Settings(), encoder=FakeEncoder()) as library:
        yield library


@pytest.fixture(scope="module")
def url(library: Library) -> Iterator[str]:
    """The address of a real server on which a client may hold one megabyte."""
    with hosted(create_app(library, Settings(max_upload_megabytes=1))) as url:
        yield url


def visitor_from(url: str, address: str = "127.0.0.1") -> httpx.Client:
    """Return a browser at this local address; each address has a quota of its own."""
    return httpx.Client(base_url=url, timeout=60, transport=httpx.HTTPTransport(local_address=address))


def test_abandoned_uploads_beyond_the_quota_are_refused(library: Library, url: str) -> None:
    """The refusal says what to do."""
    before = pending_folders(library.folder)
    with visitor_from(url, "127.0.0.2") as visitor:
        replies = [visitor.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 400_000)}) for _ in range(4)]
        assert [reply.status_code for reply in replies] == [200, 200, 429, 429]
        assert "Send fewer files at once" in replies[-1].text
        assert replies[-1].headers["content-type"].startswith("text/plain"), "the page shows the text unchanged"
        assert len(pending_folders(library.folder) - before) == 2


def test_incomplete_upload_leaves_nothing_behind(library: Library, url: str) -> None:
    """It does not count towards the quota either."""
    before = pending_folders(library.folder)
    with visitor_from(url, "127.0.0.3") as visitor:
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + b"y" * 600_000
        for _ in range(3):
            assert visitor.post("/gradio_api/upload", content=part, headers=form).status_code == 400
        assert pending_folders(library.folder) == before


def test_parallel_uploads_of_one_browser_are_kept_apart(url: str) -> None:
    """They may come from two tabs and have the same name."""
    with visitor_from(url) as visitor, ThreadPoolExecutor(32) as pool:
        visitor.post("/gradio_api/upload", files={"files": ("first.txt", b"x")})
        texts = [f"Text {number}".encode() for number in range(32)]
        replies = list(
            pool.map(lambda text: visitor.post("/gradio_api/upload", files={"files": ("a.txt", text)}), texts)
        )
    assert [reply.status_code for reply in replies] == [200] * 32
    assert len({reply.json()[0] for reply in replies}) == 32


# Progress


def test_upload_progress_is_streamed_to_the_page(url: str) -> None:
    """Events are sent while the upload arrives and at its end."""
    may_finish, has_event = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n' + b"y" * 70_000
        assert may_finish.wait(20)
        yield b"z" * 30_000 + b"\r\n--x--\r\n"

    events: list[dict[str, object]] = []
    with visitor_from(url) as visitor:

        def follow() -> None:
            with visitor.stream("GET", "/gradio_api/upload_progress", params={"upload_id": "abc"}) as stream:
                assert stream.status_code == 200
                for line in stream.iter_lines():
                    if line:
                        events.append(json.loads(line.removeprefix("data: ")))
                        has_event.set()

        with ThreadPoolExecutor(2) as pool:
            follower = pool.submit(follow)
            form = {"Content-Type": "multipart/form-data; boundary=x"}
            upload = pool.submit(visitor.post, "/gradio_api/upload?upload_id=abc", content=body(), headers=form)
            assert has_event.wait(20)
            may_finish.set()
            assert upload.result().status_code == 200
            follower.result()
    assert events[-1] == {"msg": "done"}
    assert sum(int(str(event.get("chunk_size", 0))) for event in events) == 100_000
    assert {event.get("orig_name") for event in events[:-1]} == {"a.txt"}


def test_invalid_upload_id_is_refused(url: str) -> None:
    """Both routes refuse it."""
    with visitor_from(url) as visitor:
        for identity in ("x" * 65, "a/b", "ü", "a b"):
            asked = {"upload_id": identity}
            sent = visitor.post("/gradio_api/upload", params=asked, files={"files": ("a.txt", b"x")})
            assert sent.status_code == visitor.get("/gradio_api/upload_progress", params=asked).status_code == 422


def test_upload_ids_are_forgotten_after_a_few_seconds(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that no upload has announced is not stored at all."""
    monkeypatch.setattr("index.page.intake._START_SECONDS", 0.1)
    transfers = Transfers(clock)
    first = transfers.begin("c", "first")
    transfers.begin("c", "")
    transfers.end(first)
    assert anyio.run(transfers.find, "c", "first") is first
    assert anyio.run(transfers.find, "other", "first") is None
    assert anyio.run(transfers.find, "c", "never") is None
    clock.now = 2 * PROGRESS_SECONDS
    transfers.begin("c", "second")
    assert list(transfers._transfers) == [("c", "second")]
