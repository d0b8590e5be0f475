"""The pages below `/d/`: a citation, a document, a problem, and the picture for previews. They need no script."""

from __future__ import annotations

import hashlib
import html as markup
import io
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from starlette.testclient import TestClient

from index.page.citation_page import POLICY, add_citation_routes, has_letters, quotation_picture
from index.records import texts
from index.server import http
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from index.settings import Settings
from tests import shapes
from tests.cases import cases
from tests.libraries import filled_library
from tests.loading.pdfs import build, column
from tests.plugins.demo.conftest import demo_settings, running_demo
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx2 import Response

    from index.library.library import Library

ATTACK = "<script>window.pwned=1</script> \"'><img src=x onerror=pwned=1> {{7*7}} ${pwned=1}"
TREATY = (
    "# The Harbour Treaty\n\nThe king signed the treaty.\n\nIt was winter. The river was closed.\n\nThe queen left."
)
VERSIONS = {"citation.css": "1", "citation.js": "1"}
LETTER = build(
    [
        [
            *column(["The king signed the treaty in the", "harbour before the winter came to the", "land."], top=700),
            *column(["In the other column the queen kept", "a garden and a clock, and nobody ever", "asked."], x=330),
        ]
    ]
)
FILES = {
    "treaty.md": TREATY.encode(),
    "letter.pdf": LETTER,
    "attack.txt": f"A title of {ATTACK}\n\nThe comet fell with {ATTACK} into the sea.".encode(),
    "scripts.txt": "# كتاب\n\nهذا هو المفتاح الذي كان في الميناء. 国王签署了条约。".encode(),
    "long.txt": f"Begin {'x' * 900} end.\n\n{'A ship left the harbour in winter. ' * 400}".encode(),
}


@contextmanager
def running_pages(library: Library, settings: Settings) -> Iterator[TestClient]:
    """Give a client of the service with the pages below `/d/`."""
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    app = http.create_app(library, settings, jobs)
    add_citation_routes(app, VERSIONS)
    try:
        with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
            yield client
    finally:
        jobs.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library that no test changes."""
    with filled_library(tmp_path_factory.mktemp("cited"), FILES) as library:
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> Iterator[TestClient]:
    """A client of its pages."""
    with running_pages(library, Settings(passage_tokens=32)) as client:
        yield client


def address(library: Library, name: str, words: str) -> str:
    """Return the path of the page of these words."""
    document = library.document(name)
    start = document.text.index(words)
    return f"/d/{document.id[:12]}/{start}-{start + len(words)}"


def shown(response: Response) -> str:
    """Return the words of a page without its markup."""
    body = re.sub(r"<(script|style)\b.*?</\1>|<head>.*?</head>", "", response.text, flags=re.DOTALL)
    return " ".join(markup.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def colours(image: Image.Image) -> set[tuple[int, int, int]]:
    """Return all colours of an image."""
    data = image.convert("RGB").tobytes()
    return set(zip(data[::3], data[1::3], data[2::3], strict=True))


def test_page_has_quotation_context_proof_and_references(client: TestClient, library: Library) -> None:
    """Everything is in the HTML, with the words marked in their context."""
    response = client.get(address(library, "treaty.md", "It was winter."))
    assert (response.status_code, response.headers["content-security-policy"]) == (200, POLICY)
    page = shown(response)
    assert "“It was winter.” The Harbour Treaty" in page
    assert "The king signed the treaty. It was winter. The river was closed. The queen left." in page
    assert ">It was winter.</mark>" in response.text
    document = library.document("treaty.md")
    start = document.text.index("It was winter.")
    assert document.id == hashlib.sha256(TREATY.encode()).hexdigest()
    for fact in (document.id, library.added_at(document.id)[:10], f"Characters {start} to {start + 14}", "same bytes"):
        assert fact in page
    for name in ("APA", "MLA", "Chicago", "BibTeX", "RIS", "CSL-JSON"):
        assert name in page
    link = f"http://127.0.0.1{address(library, 'treaty.md', 'It was winter.')}"
    assert page.count(link) >= 6  # in every form of citation
    (entry,) = json.loads(page[page.index("[ {") : page.rindex("]") + 1])
    assert link in entry["note"]  # a file has no address of its own


def test_preview_has_absolute_addresses_of_the_host_that_was_asked(client: TestClient, library: Library) -> None:
    """The name is the request's own. A header that any client can send does not count, but a trusted proxy's does."""
    path = address(library, "treaty.md", "It was winter.")
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    text = client.get(path, headers=forged).text
    assert f'<link rel="canonical" href="http://127.0.0.1{path}">' in text
    assert f'<meta property="og:image" content="http://127.0.0.1{path}.png">' in text
    assert '<meta property="og:title" content="The Harbour Treaty, ¶ 2">' in text
    assert '<meta property="og:description" content="“It was winter.”">' in text
    assert "evil.example" not in text
    with running_pages(library, Settings(passage_tokens=32, trusted_proxies=("192.0.2.1",))) as behind:
        proxied = TestClient(behind.app, base_url="http://127.0.0.1", client=("192.0.2.1", 50))
        proxied.portal = behind.portal
        text = proxied.get(path, headers={"X-Forwarded-Host": "docs.example", "X-Forwarded-Proto": "https"}).text
    assert f'<meta property="og:url" content="https://docs.example{path}">' in text


def test_page_of_a_pdf_shows_the_lines_around_the_words(client: TestClient, library: Library) -> None:
    """The picture is that of the column alone; its address works, and the words are marked in it."""
    response = client.get(address(library, "letter.pdf", "the queen kept a garden and a clock"))
    (source,) = re.findall(r'<img src="\.\./\.\.(/[^"]+)" width="1400" height="(\d+)"', response.text)
    left, top, right, bottom = map(int, re.search(r"part=(\d+)%2C(\d+)%2C(\d+)%2C(\d+)", source[0]).groups())  # type: ignore[union-attr]
    assert 450 < left < 560 < 700 < right <= 1000
    assert bottom - top < 200
    with Image.open(io.BytesIO(client.get(markup.unescape(source[0])).content)) as image:
        assert abs(image.height - int(source[1]) * image.width / 1400) < 4
        assert any(red > 240 and blue < 170 for red, _, blue in colours(image))
    assert "Every letter was found on page 1" in shown(response)


def test_hostile_words_stay_words(client: TestClient, library: Library) -> None:
    """Neither a title nor a quotation becomes markup, in the page or in its attributes."""
    words = f"The comet fell with {ATTACK} into the sea."
    response = client.get(address(library, "attack.txt", words))
    assert response.status_code == 200
    assert "<script>window" not in response.text
    assert "<img src=x" not in response.text
    assert f"“{words}”" in shown(response)
    assert "49" not in re.sub(r"[0-9a-f]{12,}|\d+-\d+", "", shown(response))
    assert "script-src 'self'" in response.headers["content-security-policy"]


_OUTSIDE = "9-3 5-5 -5-3 1-9999999 1-99999999999999999999999 words %EF%BC%91-%EF%BC%92 %ED%A0%80-3 %00"
_NOWHERE = "000000000000/1-2 %ED%A0%80/1-2 treaty.md/1-2 000000000000/1-2.png 000000000000 %22%3E%3Cscript%3E/1-2"


@cases(
    ("path", "status", "heading"),
    [
        *((f"{{id}}/{span}", 422, "The span is outside the document") for span in _OUTSIDE.split()),
        *((path, 404, texts.NOT_IN_LIBRARY) for path in _NOWHERE.split()),
    ],
)
def test_invalid_address_is_a_page_in_our_words(
    client: TestClient, library: Library, path: str, status: int, heading: str
) -> None:
    """It is never kept in a cache, and repeats nothing of the address."""
    response = client.get(f"/d/{path.format(id=library.find('treaty.md').id)}")
    assert (response.status_code, response.headers["cache-control"]) == (status, "no-store")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert heading in shown(response)
    assert "<script>" not in response.text


def test_removed_and_replaced_documents_are_told_apart(tmp_path: Path) -> None:
    """A replaced one leads to its newest version; of a removed one, the page knows nothing."""
    with filled_library(tmp_path, FILES) as library, running_pages(library, Settings(passage_tokens=32)) as client:
        old, gone = (address(library, name, "The") for name in ("treaty.md", "letter.pdf"))
        (tmp_path / "sources" / "treaty.md").write_text("# The New Treaty\n\nThe queen signed another treaty.")
        library.add([tmp_path / "sources" / "treaty.md"])
        library.remove("letter.pdf")
        newer = library.find("The New Treaty").id
        replaced, removed = client.get(old), client.get(gone)
        assert (replaced.status_code, removed.status_code) == (404, 404)
        assert "This document was replaced" in shown(replaced)
        assert f'href="../{newer[:12]}"' in replaced.text
        assert client.get(f"/d/{newer[:12]}").status_code == 200
        assert texts.NOT_IN_LIBRARY in shown(removed)
        assert "king" not in shown(replaced)
        assert client.get(f"{old}.png").status_code == 404


def test_lost_and_changed_files_are_named(tmp_path: Path) -> None:
    """The text is still quoted; the page says that the file is gone, and shows no picture of it."""
    with filled_library(tmp_path, FILES) as library, running_pages(library, Settings(passage_tokens=32)) as client:
        path = address(library, "letter.pdf", "The king signed the treaty")
        (tmp_path / "sources" / "letter.pdf").write_bytes(LETTER + b"\n")
        response = client.get(path)
        assert response.status_code == 200
        assert "No longer here. The library keeps the text" in shown(response)
        assert "/pages/" not in response.text


def test_page_of_a_document_passes_older_links_on(client: TestClient, library: Library) -> None:
    """Browsers do not send what follows the `#`, so the script reads it; a question leads to the page as before."""
    identity = library.find("treaty.md").id
    response = client.get(f"/d/{identity}")
    assert f'<body data-citation="{identity[:12]}/">' in response.text
    assert "How it begins" in shown(response)
    assert "The king signed the treaty." in shown(response)
    asked = client.get(f"/d/{identity}?q=Who+signed%3F&in=ab,cd&write=1&next=https://example.org")
    assert asked.status_code == 302
    assert asked.headers["location"] == f"../?q=Who+signed%3F&in=ab%2Ccd&write=1&d={identity}"
    hostile = client.get("/d/%22%3E%0D%0A%26x=y?q=1")
    assert hostile.headers["location"] == "../?q=1&d=%22%3E%0D%0A%26x%3Dy"


def test_page_and_picture_are_cached_with_revalidation(client: TestClient, library: Library) -> None:
    """A removed document disappears at once, because every use asks the server."""
    path = address(library, "treaty.md", "It was winter.")
    for target in (path, f"{path}.png"):
        first = client.get(target)
        assert first.headers["cache-control"] == "private, no-cache"
        assert first.headers["x-robots-tag"] == "noindex"  # nobody published this library
        assert client.get(target, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        assert client.head(target).status_code == 200


@cases(
    ("name", "words"),
    [
        ("treaty.md", "It was winter."),
        ("letter.pdf", "the queen kept a garden and a clock"),
        ("scripts.txt", "هذا هو المفتاح الذي كان في الميناء."),
        ("scripts.txt", "国王签署了条约。"),
        ("long.txt", f"Begin {'x' * 900} end."),
        ("long.txt", "A ship left the harbour in winter. " * 300),
    ],
    ids=["text", "pdf", "Arabic", "Chinese", "one long word", "many words"],
)
def test_preview_picture_has_the_size_that_the_page_states(
    client: TestClient, library: Library, name: str, words: str
) -> None:
    """Whatever the words are, nothing is drawn in the margins."""
    response = client.get(f"{address(library, name, words)}.png")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    with Image.open(io.BytesIO(response.content)) as image:
        assert image.size == (1200, 630)
        picture = image.convert("RGB")
        paper = picture.getpixel((0, 0))
        for margin in ((0, 0, 70, 630), (1130, 0, 1200, 630), (0, 600, 1200, 630)):
            assert picture.crop(margin).getcolors() == [((margin[2] - margin[0]) * (margin[3] - margin[1]), paper)]
        assert len(colours(picture)) > 10


def test_words_are_drawn_only_with_all_their_letters() -> None:
    """A box in place of a letter would be a misquotation."""
    assert has_letters("Книга, για ﬁ “é” — ¶ § ặ")
    assert not any(map(has_letters, ("国", "م", "\ud800", "a\U0001f600")))
    assert quotation_picture("国王", "Book") is None
    assert quotation_picture("The king", "国王, p. 2") is not None


@NEEDS_PLUGINS
@pytest.mark.parametrize("indexed", [True, False])
def test_private_citation_of_a_visitor_is_for_that_visitor(tmp_path: Path, indexed: bool) -> None:
    """Others learn nothing, not even that it exists; nobody keeps it. The published one may be listed if wanted."""
    with running_demo(tmp_path, demo_settings(demo_indexed=indexed)) as demo:
        add_citation_routes(demo.app, VERSIONS)
        owner, other = demo.guest(), demo.guest()
        owner.add("comet.txt", "The comet fell into the desert in winter. Nobody wrote a letter about the comet.")
        documents = owner.send("GET", "/v1/documents").json()["documents"]
        own, published = (
            next(info["id"] for info in documents if info["source"] == name) for name in ("comet.txt", "oil.txt")
        )
        for suffix in ("", "/4-9", "/4-9.png"):
            mine = owner.send("GET", f"/d/{own}{suffix}")
            assert (mine.status_code, mine.headers["cache-control"]) == (200, "no-store")
            assert mine.headers["x-robots-tag"] == "noindex"
            assert "etag" not in mine.headers
            foreign = other.send("GET", f"/d/{own}{suffix}")
            unknown = other.send("GET", f"/d/{'0' * 64}{suffix}")
            assert (foreign.status_code, foreign.text) == (404, unknown.text)
            shared = other.send("GET", f"/d/{published}{suffix}")
            assert shared.status_code == 200
            assert ("x-robots-tag" not in shared.headers) == indexed
        assert texts.ONLY_YOU in owner.send("GET", f"/d/{own}/4-9").text


def test_recognised_words_are_said_to_be_recognised(client: TestClient, library: Library, tmp_path: Path) -> None:
    """The page shows the part of the picture, and does not claim that the file has these letters."""
    picture = shapes.picture(tmp_path / "bill.png")
    library.add_documents([picture])
    start = picture.text.index("Forty")
    page = shown(client.get(f"/d/{picture.id[:12]}/{start}-{start + len('Forty barrels')}"))
    assert "The words are quoted as recognised in a picture of the page. They were read by tesseract 5.5." in page
    assert "What is marked on page 1 is where they stand." in page
    assert "Every letter was found" not in page
    fragment = client.get(f"/v1/documents/{picture.id}/view", params={"start": start, "end": start + 13}).text
    assert "page 1, paragraph 1, as recognised" in fragment
    assert fragment.count('class="p-rect"') == 1
    image = client.get(f"/v1/documents/{picture.id}/pages/1.png", params={"start": start, "end": start + 13})
    assert image.headers["content-type"] == "image/png"
