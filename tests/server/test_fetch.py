"""Fetching a document from a URL: public addresses only, with limits on size and time."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest

from index.errors import AddressRefused, FetchFailed, NotAllowed, TooLarge
from index.server.fetch import PublicNetwork, fetch
from index.server.uploads import Uploads
from index.settings import Settings
from tests.server.conftest import SHIP, finished
from tests.server.fake_web import PUBLIC, Page, running_web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.library.library import Library
    from index.records.document import Arrival
    from index.server.job_queue import Jobs
    from tests.server.fake_web import Web

    Fetch = Callable[[str], Arrival]

REST = "The comet crossed the sky over the volcano, and the king wrote a letter about it to the queen. " * 3
HTML = f"<!doctype html><title>Voyages</title><body><h1>Voyages</h1><p>{SHIP}</p><p>{REST}</p></body>".encode()
SETTINGS = Settings(allow_urls=True, max_file_megabytes=1)


def redirect(place: str, status: int = 302) -> Page:
    """Return a redirect to this location."""
    return Page(b"", status, {"Location": place})


PAGES = {
    "/": Page(HTML, headers={"Content-Type": "text/html; charset=utf-8"}),
    "/report.pdf": Page(b"%PDF-1.7", headers={"Content-Type": "application/pdf"}),
    "/notes.md": Page(b"# Notes", headers={"Content-Type": "text/plain"}),
    "/notes": Page(b"# Notes", headers={"Content-Type": "text/markdown"}),
    "/index.php?id=4": Page(HTML, headers={"Content-Type": "text/html"}),
    "/named": Page(HTML, headers={"Content-Disposition": "attachment; filename*=UTF-8''%C3%9Cber%2F..%2Funs.html"}),
    "/evil": Page(HTML, headers={"Content-Disposition": 'attachment; filename="../../etc/passwd"'}),
    "/%E2%80%AEgnp.md": Page(b"# Notes"),
    "/zipped": Page(gzip.compress(HTML), headers={"Content-Type": "text/html", "Content-Encoding": "gzip"}),
    "/bomb": Page(gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"}),
    "/twice": Page(gzip.compress(gzip.compress(HTML)), headers={"Content-Encoding": "gzip, gzip"}),
    "/brotli": Page(HTML, headers={"Content-Encoding": "br"}),
    "/lying": Page(HTML, headers={"Content-Encoding": "gzip"}),
    "/large": Page(bytes(1_000_001)),
    "/short": Page(HTML, headers={"Content-Length": str(len(HTML) + 1)}),
    "/gone": Page(b"gone", 410),
    "/empty": Page(b"", 204),
    "/moved": redirect("/notes.md"),
    "/moved/secure": redirect("https://public.test/notes.md"),
    "/moved/far": redirect("https://other.test/notes.md", 307),
    "/moved/private": redirect("http://10.0.0.7/"),
    "/moved/metadata": redirect("http://169.254.169.254/latest/meta-data/"),
    "/moved/local": redirect("http://localhost/admin"),
    "/moved/inside": redirect("http://private.test/"),
    "/moved/port": redirect("http://public.test:6379/"),
    "/moved/file": redirect("file:///etc/passwd"),
    "/moved/gopher": redirect("gopher://127.0.0.1:6379/_FLUSHALL"),
    "/moved/round": redirect("/moved/round"),
    "/moved/turning": redirect("http://turning.test/"),
}
NAMES: dict[str, list[list[str]]] = {
    "public.test": [[PUBLIC]],
    "other.test": [["1.1.1.1"]],
    "private.test": [["192.168.0.9"]],
    "localhost": [["127.0.0.1", "::1"]],
    "turning.test": [[PUBLIC], ["127.0.0.1"]],
    **{name: [["127.0.0.1"]] for name in ("2130706433", "0x7f000001", "127.1")},
    "nowhere.test": [[]],
    "xn--bcher-kva.test": [[PUBLIC]],
}


@pytest.fixture(scope="module")
def site() -> Iterator[Web]:
    """Run a web with all pages and names."""
    with running_web(PAGES, NAMES) as web:
        yield web


@pytest.fixture
def web(site: Web) -> Web:
    """Return the same web with empty records."""
    for notes in (site.connected, site.secured, site.requested):
        notes.clear()
    return site


@pytest.fixture
def own_uploads(tmp_path: Path) -> Iterator[Uploads]:
    """A folder of uploads for fetched files."""
    opened = Uploads(tmp_path / "own" / "uploads", SETTINGS)
    yield opened
    opened.close()


@pytest.fixture
def get(web: Web, own_uploads: Uploads) -> Fetch:
    """Return a function that fetches a URL from that web."""

    def get(url: str) -> Arrival:
        return fetch(url, SETTINGS, own_uploads, PublicNetwork(time.monotonic() + 60, web.resolve, web))

    return get


def test_fetch_is_refused_without_the_setting(own_uploads: Uploads, web: Web) -> None:
    """The error names the setting; no name is resolved and no connection is made."""
    with pytest.raises(NotAllowed, match="PINCITE_ALLOW_URLS"):
        fetch("http://public.test/", Settings(), own_uploads, PublicNetwork(0, web.resolve, web))
    assert web.connected == []


def test_page_is_fetched_from_the_checked_address(get: Fetch, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Host header and the certificate have the name, in the form of the DNS.

    A proxy would resolve names itself, so its settings are ignored, and a password file is not read.
    """
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    arrival = get(" http://public.test/#part-two ")
    assert arrival.path.read_bytes() == HTML
    assert arrival.source == "http://public.test/"
    get("https://public.test/")
    assert get("http://bücher.test/").path.read_bytes() == HTML
    assert (web.connected, web.secured) == ([(PUBLIC, 80), (PUBLIC, 443), (PUBLIC, 80)], ["public.test"])
    assert web.requested == [("public.test", "/"), ("public.test", "/"), ("xn--bcher-kva.test", "/")]


def test_redirects_are_followed(get: Fetch, web: Web) -> None:
    """A redirect may lead to another host or to HTTPS; the document's source is the requested URL."""
    assert get("http://public.test/moved").path.read_bytes() == b"# Notes"
    assert get("http://public.test/moved/secure").path.read_bytes() == b"# Notes"
    arrival = get("http://public.test/moved/far")
    assert (arrival.source, arrival.name) == ("http://public.test/moved/far", "notes.md")
    assert web.connected[-1] == ("1.1.1.1", 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://private.test/",
        "http://169.254.169.254/latest/meta-data/", "http://2130706433/", "http://0x7f000001/", "http://127.1/",
        "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://public.test:22/",
        "https://public.test:80443/", "http://public.test/moved/private", "http://public.test/moved/metadata",
        "http://public.test/moved/local", "http://public.test/moved/inside", "http://public.test/moved/port",
        "http://public.test/moved/file", "http://public.test/moved/gopher", "file:///etc/passwd", "ftp://public.test/a",
        "gopher://public.test/", "data:text/html,hello", "javascript:alert(1)", "//public.test/", "public.test", "",
        "http://", "http://user:password@public.test/", "http://public.test\\@127.0.0.1/", "http://\x00/",
        "http://" + "a" * 5000,
    ],
)  # fmt: skip
def test_urls_outside_the_public_web_are_refused(get: Fetch, web: Web, url: str) -> None:
    """A refused address is never connected to, whether it was requested or is the target of a redirect."""
    with pytest.raises((AddressRefused, FetchFailed)) as caught:
        get(url)
    assert isinstance(caught.value, AddressRefused) or "/moved" not in url
    assert "password" not in str(caught.value).replace("a user name or a password", "")
    assert {address for address, _ in web.connected} <= {PUBLIC}


def test_host_that_later_resolves_to_loopback_is_refused(get: Fetch, web: Web) -> None:
    """The name is resolved again after a redirect, so the second answer, which is not public, is refused."""
    web.pages["/turn"] = redirect("http://turning.test/again")
    web.pages["/again"] = redirect("http://turning.test/")
    assert web.resolve("turning.test", 80) in ([PUBLIC], ["127.0.0.1"])
    with pytest.raises(AddressRefused, match=r"turning\.test is not on the public internet"):
        get("http://public.test/turn")
    assert {address for address, _ in web.connected} == {PUBLIC}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/missing", "answered with 404 Not Found."),
        ("/gone", "answered with 410 Gone."),
        ("/empty", "answered with 204 No Content."),
        ("/moved/round", "redirects too many times"),
        ("/twice", "a compression that was not requested"),
        ("/brotli", "a compression that was not requested"),
        ("/lying", "cannot be fetched"),
        ("/short", "cannot be fetched"),
    ],
)
def test_failed_fetch_has_a_reason_and_leaves_no_file(
    get: Fetch, own_uploads: Uploads, path: str, message: str
) -> None:
    """A failed fetch has a message and a hint, and no file stays in the folder of arrivals."""
    with pytest.raises(FetchFailed) as caught:
        get(f"http://public.test{path}")
    assert message in caught.value.message
    assert caught.value.hint
    assert not list(own_uploads.folder.parent.glob("arriving/*/*/*"))


def test_unknown_host_is_named_in_the_error(get: Fetch) -> None:
    """The error says which host does not exist; a port that is not the web's is named, too."""
    for name in ("unknown", "nowhere"):
        with pytest.raises(FetchFailed, match=rf"http://{name}\.test/ cannot be fetched"):
            get(f"http://{name}.test/")
    with pytest.raises(FetchFailed, match=r"the host unknown\.test does not exist\."):
        get("http://unknown.test/")
    with pytest.raises(AddressRefused, match=r"Port 8080 of public\.test is not a port of the web"):
        get("http://public.test:8080/")


@pytest.mark.parametrize("path", ["/large", "/bomb"])
def test_too_large_response_is_aborted(get: Fetch, own_uploads: Uploads, path: str) -> None:
    """The size is counted while the response is decompressed; the error names the setting."""
    with pytest.raises(TooLarge, match="PINCITE_MAX_FILE_MEGABYTES"):
        get(f"http://public.test{path}")
    assert not list(own_uploads.folder.parent.glob("arriving/*/*/*"))


def test_slow_response_times_out(own_uploads: Uploads) -> None:
    """One deadline covers the whole fetch; a response after it is discarded."""
    ticks = iter([0.0, 0.0, 0.0, 100.0, 100.0, 100.0])
    with running_web(PAGES, NAMES) as web:
        slow = PublicNetwork(60, web.resolve, web, clock=lambda: next(ticks))
        with pytest.raises(FetchFailed, match="takes too long to answer"):
            fetch("http://public.test/", SETTINGS, own_uploads, slow)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param("/", "public.test.html", id="from the host"),
        pytest.param("/report.pdf", "report.pdf", id="from the path"),
        pytest.param("/notes.md", "notes.md", id="plain text with the extension .md"),
        pytest.param("/notes", "notes.md", id="extension from the media type"),
        pytest.param("/index.php?id=4", "index.php.html", id="HTML with another extension"),
        pytest.param("/named", "uns.html", id="from the header, without a folder"),
        pytest.param("/evil", "passwd", id="from the header, with a path upwards"),
        pytest.param("/%E2%80%AEgnp.md", "gnp.md", id="without a direction override"),
        pytest.param("/zipped", "zipped.html", id="compressed"),
        pytest.param("/moved", "notes.md", id="after a redirect"),
    ],
)
def test_fetched_document_gets_a_suitable_name(get: Fetch, path: str, name: str) -> None:
    """The name comes from the server's header or from the URL; the media type adds an ending if there is none."""
    assert get(f"http://public.test{path}").name == name


def test_fetched_page_is_added_and_found(web: Web, library: Library, jobs: Jobs, uploads: Uploads, get: Fetch) -> None:
    """A fetched page is added, found and cited by its URL; an invalid PDF fails in the job."""
    network = PublicNetwork(time.monotonic() + 60, web.resolve, web)
    arrivals = [
        fetch(url, SETTINGS, uploads, network) for url in ("http://public.test/", "http://public.test/report.pdf")
    ]
    job = finished(jobs.add(arrivals))
    assert [file.stage for file in job.files] == ["added", "failed"]
    assert job.files[1].reason.startswith("report.pdf is a PDF that cannot be opened")
    hit = library.search("Where did the ship go?")[0]
    assert (hit.quote, hit.document.source, hit.document.title) == (SHIP, "http://public.test/", "Voyages")
