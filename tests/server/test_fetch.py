"""Documents from the web: fetched from the public internet only, and never without end."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest

from index.errors import AddressRefused, FetchFailed, NotAllowed, PinciteError, TooLarge
from index.server.fetch import PublicNetwork, fetch
from index.server.uploads import Uploads
from index.settings import Settings
from tests.server.conftest import SHIP, finished
from tests.server.fake_web import PUBLIC, Page, serving

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


def to(place: str, status: int = 302) -> Page:
    """A redirect."""
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
    "/moved": to("/notes.md"),
    "/moved/secure": to("https://public.test/notes.md"),
    "/moved/far": to("https://other.test/notes.md", 307),
    "/moved/private": to("http://10.0.0.7/"),
    "/moved/metadata": to("http://169.254.169.254/latest/meta-data/"),
    "/moved/local": to("http://localhost/admin"),
    "/moved/inside": to("http://private.test/"),
    "/moved/port": to("http://public.test:6379/"),
    "/moved/file": to("file:///etc/passwd"),
    "/moved/gopher": to("gopher://127.0.0.1:6379/_FLUSHALL"),
    "/moved/round": to("/moved/round"),
    "/moved/turning": to("http://turning.test/"),
}
NAMES = {
    "public.test": [[PUBLIC]],
    "other.test": [["1.1.1.1"]],
    "private.test": [["192.168.0.9"]],
    "localhost": [["127.0.0.1", "::1"]],
    "turning.test": [[PUBLIC], ["127.0.0.1"]],
    "2130706433": [["127.0.0.1"]],
    "0x7f000001": [["127.0.0.1"]],
    "127.1": [["127.0.0.1"]],
    "xn--bcher-kva.test": [[PUBLIC]],
}


@pytest.fixture(scope="module")
def site() -> Iterator[Web]:
    """All pages and names."""
    with serving(PAGES, NAMES) as web:
        yield web


@pytest.fixture
def web(site: Web) -> Web:
    """The same, with nothing noted yet."""
    for notes in (site.connected, site.secured, site.requested):
        notes.clear()
    return site


@pytest.fixture
def own_uploads(tmp_path: Path) -> Iterator[Uploads]:
    """Where it arrives."""
    made = Uploads(tmp_path / "own" / "uploads", SETTINGS)
    yield made
    made.close()


@pytest.fixture
def get(web: Web, own_uploads: Uploads) -> Fetch:
    """Fetch from that web."""

    def get(url: str) -> Arrival:
        return fetch(url, SETTINGS, own_uploads, PublicNetwork(time.monotonic() + 60, web.resolve, web))

    return get


def test_only_where_it_is_allowed(own_uploads: Uploads, web: Web) -> None:
    """The error names the setting; nothing is resolved or connected to."""
    with pytest.raises(NotAllowed, match="PINCITE_ALLOW_URLS"):
        fetch("http://public.test/", Settings(), own_uploads, PublicNetwork(0, web.resolve, web))
    assert web.connected == []


def test_a_page_is_fetched(get: Fetch, web: Web) -> None:
    """From the address that was judged; by its name the server knows which page is meant."""
    arrival = get(" http://public.test/#part-two ")
    assert arrival.path.read_bytes() == HTML
    assert arrival.source == "http://public.test/"
    assert web.connected == [(PUBLIC, 80)]
    assert web.requested == [("public.test", "/")]


def test_a_certificate_is_demanded_of_the_name(get: Fetch, web: Web) -> None:
    """Not of the address that is connected to."""
    get("https://public.test/")
    assert (web.connected, web.secured) == ([(PUBLIC, 443)], ["public.test"])


def test_where_it_moved_to_is_followed(get: Fetch, web: Web) -> None:
    """To another host or to encryption; the source is what was asked for."""
    assert get("http://public.test/moved").path.read_bytes() == b"# Notes"
    assert get("http://public.test/moved/secure").path.read_bytes() == b"# Notes"
    far = get("http://public.test/moved/far")
    assert (far.source, far.name) == ("http://public.test/moved/far", "notes.md")
    assert web.connected[-1] == ("1.1.1.1", 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://localhost/",
        "http://private.test/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://public.test:22/",
        "https://public.test:80443/",
        "http://public.test/moved/private",
        "http://public.test/moved/metadata",
        "http://public.test/moved/local",
        "http://public.test/moved/inside",
        "http://public.test/moved/port",
        "http://public.test/moved/file",
        "http://public.test/moved/gopher",
        "file:///etc/passwd",
        "ftp://public.test/a",
        "gopher://public.test/",
        "data:text/html,hello",
        "javascript:alert(1)",
        "//public.test/",
        "public.test",
        "",
        "http://",
        "http://user:password@public.test/",
        "http://public.test\\@127.0.0.1/",
        "http://\x00/",
        "http://" + "a" * 5000,
    ],
)
def test_what_is_not_on_the_public_web_is_refused(get: Fetch, web: Web, url: str) -> None:
    """Whether it is asked for or led to; no connection is made to anything but what is public."""
    with pytest.raises((AddressRefused, FetchFailed)) as caught:
        get(url)
    assert isinstance(caught.value, AddressRefused) or "/moved" not in url
    assert "password" not in str(caught.value).replace("a user name or a password", "")
    assert {address for address, _ in web.connected} <= {PUBLIC}


def test_a_name_that_turns_to_this_machine(get: Fetch, web: Web) -> None:
    """The first answer is public, the second is not: after a redirect it is asked again, and refused."""
    web.pages["/turn"] = to("http://turning.test/again")
    web.pages["/again"] = to("http://turning.test/")
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
def test_what_gives_no_document(get: Fetch, own_uploads: Uploads, path: str, message: str) -> None:
    """Says why, and leaves nothing."""
    with pytest.raises(FetchFailed) as caught:
        get(f"http://public.test{path}")
    assert message in caught.value.message
    assert caught.value.hint
    assert not list(own_uploads.folder.parent.glob("arriving/*/*/*"))


def test_a_host_that_is_not_there(get: Fetch) -> None:
    """Is said by name."""
    with pytest.raises(
        FetchFailed, match=r"http://unknown\.test/ cannot be fetched: the host unknown\.test does not exist\."
    ):
        get("http://unknown.test/")


@pytest.mark.parametrize("path", ["/large", "/bomb"])
def test_what_is_too_large_is_not_fetched_to_its_end(get: Fetch, own_uploads: Uploads, path: str) -> None:
    """Counted as it unfolds; the error names the setting."""
    with pytest.raises(TooLarge, match="PINCITE_MAX_FILE_MEGABYTES"):
        get(f"http://public.test{path}")
    assert not list(own_uploads.folder.parent.glob("arriving/*/*/*"))


def test_what_takes_too_long_is_given_up(own_uploads: Uploads) -> None:
    """All of it has one deadline; the answer, which comes later, goes to nobody."""
    ticks = iter([0.0, 0.0, 0.0, 100.0, 100.0, 100.0])
    with serving(PAGES, NAMES) as web:
        slow = PublicNetwork(60, web.resolve, web, clock=lambda: next(ticks))
        with pytest.raises(FetchFailed, match="takes too long to answer"):
            fetch("http://public.test/", SETTINGS, own_uploads, slow)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param("/", "public.test.html", id="by its host"),
        pytest.param("/report.pdf", "report.pdf", id="by its path"),
        pytest.param("/notes.md", "notes.md", id="plain text that ends in .md"),
        pytest.param("/notes", "notes.md", id="an ending from its type"),
        pytest.param("/index.php?id=4", "index.php.html", id="a page by another ending"),
        pytest.param("/named", "uns.html", id="by its own word, without a folder"),
        pytest.param("/evil", "passwd", id="by its own word, upwards"),
        pytest.param("/%E2%80%AEgnp.md", "gnp.md", id="without what would show another name"),
        pytest.param("/zipped", "zipped.html", id="compressed"),
        pytest.param("/moved", "notes.md", id="where it was in the end"),
    ],
)
def test_what_it_is_called(get: Fetch, path: str, name: str) -> None:
    """By its server's word, else by its address; its type helps where the name says nothing."""
    assert get(f"http://public.test{path}").name == name


def test_an_address_in_other_letters(get: Fetch, web: Web) -> None:
    """Is resolved as the DNS writes it."""
    assert get("http://bücher.test/").path.read_bytes() == HTML
    assert web.requested == [("xn--bcher-kva.test", "/")]


def test_the_environment_names_no_way_around(get: Fetch, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve names itself; a file of passwords is not read."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    get("http://public.test/")
    assert web.connected == [(PUBLIC, 80)]


def test_from_an_address_to_an_answer(web: Web, library: Library, jobs: Jobs, uploads: Uploads, get: Fetch) -> None:
    """Fetched, added, found, and known by its address; what is no document fails in the job."""
    network = PublicNetwork(time.monotonic() + 60, web.resolve, web)
    arrivals = [
        fetch(url, SETTINGS, uploads, network) for url in ("http://public.test/", "http://public.test/report.pdf")
    ]
    job = finished(jobs.add(arrivals))
    assert [file.stage for file in job.files] == ["added", "failed"]
    assert job.files[1].reason.startswith("report.pdf is a PDF that cannot be opened")
    hit = library.search("Where did the ship go?")[0]
    assert (hit.quote, hit.document.source, hit.document.title) == (SHIP, "http://public.test/", "Voyages")


def test_errors_are_of_our_own_kind(get: Fetch) -> None:
    """Whatever comes from the network, faces have one table for it."""
    with pytest.raises(PinciteError):
        get("http://public.test/short")
