"""The page without a browser: what is rendered, what is refused, what is kept."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.testclient import TestClient

from index.errors import PinciteError
from index.querying import SYNTAX
from index.records import (
    DocumentInfo,
    Failure,
    Found,
    Hit,
    Location,
    Note,
    Passage,
    Progress,
    Receipt,
    Span,
)
from index.retrieval.searching import CANDIDATES
from index.settings import Settings
from index.web import create_app, rendering
from index.web.jobs import Jobs
from index.web.shell import POLICY, Shell
from index.web.uploads import Uploads, safe_name
from tests.making import why

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from index.library import Library
    from tests.conftest import Write

ATTACK = "<img src=x onerror=alert(1)> \"quoted\" 'too' & ${alert(1)}"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt; &#34;quoted&#34; &#39;too&#39; &amp; ${alert(1)}"
TEXT = "One begins. Two goes on. Three carries it. Four follows. Five ends."
SENTENCES = (Span(0, 11), Span(12, 24), Span(25, 42), Span(43, 56), Span(57, 67))


def a_hit(**changes: Any) -> Hit:
    """A hit whose pin is the third of five sentences, or as the changes want it."""
    info = DocumentInfo("d" * 64, "/papers/three.txt", "On Three", "A. Author", "1999", "text/plain", 267, 0, 4)
    passage = Passage(7, info.id, 0, 100, 167, TEXT, tuple(Span(a + 100, b + 100) for a, b in SENTENCES))
    hit = {
        "passage": passage,
        "document": info,
        "score": 0.734,
        "pin": passage.sentences[2],
        "location": Location(page="4", paragraph=2),
        "why": why(dense=0.61, dense_rank=1, lexical=0.0, matched_terms=("carries",)),
    }
    return Hit(**{**hit, **changes})


def shown(html: str) -> str:
    """Markup without the white space that a browser would not show."""
    return " ".join(html.split())


# What is rendered


def test_a_card_marks_exactly_the_pin() -> None:
    """What stands before the mark, in it and after it is the passage, to the letter."""
    html = rendering.results(Found("q", (a_hit(),), {}), 12.4)
    quote = html.split('<blockquote dir="auto">')[1].split("</blockquote>")[0]
    assert "<mark>Three carries it.</mark>" in quote
    for gap in ('<span class="p-gap" aria-hidden="true">… </span>', '<span class="p-gap" aria-hidden="true"> …</span>'):
        assert gap in quote
        quote = quote.replace(gap, "")
    for tag in ("<mark>", "</mark>", '<span class="p-far">', "</span>"):
        quote = quote.replace(tag, "")
    assert quote == TEXT


def test_a_card_says_where_it_is_from_and_why() -> None:
    """Author, date, place and score; and what copying gives."""
    html = shown(rendering.results(Found("q", (a_hit(),), {}), 12.4))
    assert "<bdi>A. Author</bdi> · <bdi>1999</bdi> · <bdi>p. 4, ¶ 2</bdi>" in html
    assert "Score </span>0.73" in html
    assert "1 passage · 1 document · 12 ms" in html
    assert 'data-quote="Three carries it." data-reference="A. Author, On Three (1999), p. 4, ¶ 2"' in html


def reasons(html: str) -> dict[str, str]:
    """What stands under "Why this passage", by its name, without tags."""
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html.split("Why this passage")[1], re.DOTALL)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in pairs}


def reasons_of(**stated: Any) -> dict[str, str]:
    """The same, of a hit with these reasons."""
    return reasons(rendering.results(Found("q", (a_hit(why=why(**stated)),), {}), 1))


def test_a_card_tells_every_reason() -> None:
    """One line each, in the order in which they come about."""
    told = reasons_of(
        dense=0.612,
        dense_rank=2,
        lexical=3.14,
        lexical_rank=1,
        fused=0.978,
        evidence=0.834,
        verbatim=True,
        reranked=0.456,
        matched_terms=("three", "carries"),
        pin_terms=("carries",),
        nearest_words=("carries", "it"),
    )
    assert told == {
        "Meaning": "cosine 0.61, rank 2",
        "Words": "BM25 3.1, rank 1",
        "Both, fused": "0.98",
        "Evidence": "0.83; the question, word for word",
        "Reranked": "0.46",
        "In common": "three, carries",
        "In the mark": "carries",
        "Nearest": "carries, it",
    }


def test_a_card_tells_what_it_was_not_found_for() -> None:
    """Far from the question in meaning and without a word of it; what a side was not asked is not told."""
    assert reasons_of(dense=0.1, lexical=0.0, fused=0.1, evidence=0.1) == {
        "Meaning": f"cosine 0.10, beyond the first {CANDIDATES}",
        "Words": "none of the question’s",
        "Both, fused": "0.10",
        "Evidence": "0.10",
    }
    assert reasons_of(lexical=1.2) == {
        "Words": f"BM25 1.2, beyond the first {CANDIDATES}",
        "Both, fused": "0.00",
        "Evidence": "0.00",
        "In common": "none in the passage, some beside it",
    }


def copies(number: int) -> tuple[Hit, ...]:
    """Copies of a hit, in documents of their own."""
    info = a_hit().document
    infos = [replace(info, id=f"{n:064}", title=f"Copy {n}", characters=334) for n in range(1, number + 1)]
    return tuple(a_hit(document=each) for each in infos)


def test_a_card_names_its_copies() -> None:
    """Three of them at most, each with its place; the rest is a number."""
    html = shown(rendering.results(Found("q", (a_hit(also=copies(5)),), {}), 1))
    also = html.split('<details class="p-also">')[1].split("</details>")[0]
    assert "<summary>Also in 5 other places</summary>" in also
    assert re.findall(r"<bdi>(Copy \d)</bdi>", also) == ["Copy 1", "Copy 2", "Copy 3"]
    assert also.count("<bdi>p. 4, ¶ 2</bdi>") == 3
    assert "and 2 more" in also
    bare = a_hit(also=(a_hit(location=Location()),))
    html = shown(rendering.results(Found("q", (bare,), {}), 1))
    assert "<summary>Also in 1 other place</summary> <ul> <li><bdi>On Three</bdi></li> </ul>" in html
    assert "p-also" not in rendering.results(Found("q", (a_hit(),), {}), 1)


def test_copies_have_ticks_of_their_own() -> None:
    """With the number of the passage, so that they light up with it; a document that has only a copy is not greyed."""
    best = a_hit(also=(*copies(1), a_hit(pin=SENTENCES[0])))
    html = rendering.rail([best.document, best.also[0].document], Found("q", (best,), {}))
    assert html.count('<i class="p-copy" data-n="1"') == 2
    assert html.count('<i data-n="1" style="left:46.8%"') == 1
    assert html.count(">Passage 1; <") == 2
    assert "p-off" not in html


def test_a_rail_without_ticks_is_the_library() -> None:
    """Where nothing was found, nothing comes from anywhere."""
    html = rendering.rail([a_hit().document], Found("q", (), {}))
    assert "The library" in html
    assert "p-off" not in html


def test_notes_stand_above_the_passages() -> None:
    """And are told to those who do not see them."""
    html = shown(rendering.results(Found("q", (a_hit(),), {}, ("Read so.", "And so.")), 1))
    assert 'data-say="1 passage found in 1 document. Read so. And so."' in html
    assert html.index("<bdi>And so.</bdi>") < html.index("p-cards")


def test_notes_say_why_nothing_was_found() -> None:
    """In place of general advice."""
    html = shown(rendering.results(Found("q", (), {}, ("No document is so.",)), 1))
    assert 'data-say="Nothing found. No document is so."' in html
    assert '<p class="p-lead"><bdi>No document is so.</bdi></p>' in html
    assert "Name a person" not in html
    assert "Name a person" in rendering.results(Found("q", (), {}), 1)


def test_the_page_lists_the_operators() -> None:
    """All of them, as `index.querying` states them."""
    html = rendering.operators()
    pairs = re.findall(r"<dt><code>(.*?)</code></dt><dd>(.*?)</dd>", html)
    assert [(unescape(example), unescape(meaning)) for example, meaning in pairs] == list(SYNTAX)


@pytest.mark.parametrize("at", range(5))
def test_a_pin_may_be_any_sentence(at: int) -> None:
    """The first has nothing before it, the last nothing after it."""
    start, end = SENTENCES[at]
    html = rendering.results(Found("q", (a_hit(pin=Span(start + 100, end + 100)),), {}), 1)
    assert f"<mark>{TEXT[start:end]}</mark>" in html


def test_a_document_without_title_goes_by_its_file() -> None:
    """And a reference leaves out what is not known."""
    info = DocumentInfo("d" * 64, "/papers/three.txt", "", "", "", "text/plain", 267, 0, 4)
    assert rendering.reference(a_hit(document=info, location=Location())) == "three.txt"


def hostile_info() -> DocumentInfo:
    """A document that is called what nobody should call it."""
    return DocumentInfo("d" * 64, f"/papers/{ATTACK}", ATTACK, ATTACK, ATTACK, f"x/{ATTACK}", 67, 0, 1, (ATTACK,))


def hostile_hit() -> Hit:
    """A hit in it."""
    passage = Passage(1, "d" * 64, 0, 0, len(ATTACK), ATTACK, (Span(0, len(ATTACK)),))
    words = dict.fromkeys(("matched_terms", "pin_terms", "nearest_words"), (ATTACK,))
    reason = why(dense=0.5, dense_rank=1, lexical=1.0, lexical_rank=1, **words)
    hit = Hit(passage, hostile_info(), 0.5, Span(0, len(ATTACK)), Location(heading=ATTACK), reason)
    return replace(hit, also=(hit,) * 5)


def hostile_receipt() -> Receipt:
    """A receipt about it."""
    failed = (Failure(f"/papers/{ATTACK}", ATTACK, ATTACK),)
    return Receipt(added=(f"/{ATTACK}",), failed=failed, notes=(Note(f"/{ATTACK}", ATTACK),))


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(lambda: rendering.results(Found(ATTACK, (hostile_hit(),), {}), 1), id="results"),
        pytest.param(lambda: rendering.results(Found("q", (a_hit(),), {}, (ATTACK,)), 1), id="notes"),
        pytest.param(lambda: rendering.results(Found("q", (), {}, (ATTACK,)), 1), id="notes alone"),
        pytest.param(lambda: rendering.results(Found("q", (a_hit(also=(hostile_hit(),)),), {}), 1), id="copies"),
        pytest.param(lambda: rendering.operators([(ATTACK, "what it does")]), id="operators"),
        pytest.param(lambda: rendering.operators([("-word", ATTACK)]), id="meanings"),
        pytest.param(lambda: rendering.rail([hostile_info()], Found("q", (hostile_hit(),), {})), id="rail"),
        pytest.param(lambda: rendering.library([hostile_info()]), id="library"),
        pytest.param(lambda: rendering.receipt(hostile_receipt(), PinciteError(ATTACK, ATTACK)), id="receipt"),
        pytest.param(lambda: rendering.problem(PinciteError(ATTACK, ATTACK)), id="problem"),
        pytest.param(lambda: rendering.idle([ATTACK], empty=False, complaint=ATTACK), id="examples"),
        pytest.param(lambda: rendering.jobs(Jobs.of([hostile_path()])), id="jobs"),
    ],
)
def test_every_word_from_outside_is_escaped(html: Any) -> None:
    """In text and in attributes alike, wherever it stands."""
    markup = html()
    assert "<img" not in markup
    assert ESCAPED.split("/")[0] in markup


def hostile_path() -> Path:
    """A file of that name; it need not exist."""
    from pathlib import Path

    return Path("/papers") / ATTACK


def test_a_long_library_is_cut_beside_the_answer_but_not_where_passages_were_found() -> None:
    """Documents with a hit come before the others, and the rest is a number."""
    infos = [DocumentInfo(f"{n:064}", f"/{n:02}.txt", "", "", "", "text/plain", 9, 0, 1) for n in range(20)]
    html = rendering.rail(infos, Found("q", (a_hit(document=infos[19]),), {}))
    assert html.count("<li") == rendering.RAIL_LENGTH
    assert "19.txt" in html
    assert "and 8 more documents" in shown(html)


def test_a_receipt_names_each_file_with_what_became_of_it() -> None:
    """Reason and remedy for those that failed, notes for those that did not."""
    receipt = Receipt(
        added=("/in/a.md",),
        unchanged=("/in/b.md",),
        failed=(Failure("/in/c.pdf", "It is broken.", "Mend it."),),
        notes=(Note("/in/a.md", "A page was empty."),),
        passages=1234,
        seconds=2.0,
    )
    html = shown(rendering.receipt(receipt))
    assert (
        '<bdi>a.md</bdi></span><span class="p-stage">Added</span><span class="p-reason"><bdi>A page was empty.' in html
    )
    assert "<bdi>It is broken.</bdi> <bdi>Mend it.</bdi>" in html
    assert 'data-say="Added: 1. Already here: 1. Not added: 1."' in html
    assert "1,234 passages in 2.0 s" in html


# Progress


def test_progress_follows_each_file_through_its_stages(tmp_path: Path) -> None:
    """Files are read one after the other, and encoded together."""
    one, two = str(tmp_path / "1.txt"), str(tmp_path / "2.txt")
    jobs = Jobs.of([tmp_path / "1.txt", tmp_path / "2.txt"])

    def stages() -> list[str]:
        return [job.stage for job in jobs.files.values()]

    assert stages() == ["Waiting", "Waiting"]
    jobs.hear(Progress(one, "reading", 0, 2, 0, 0))
    assert stages() == ["Reading", "Waiting"]
    jobs.hear(Progress(two, "reading", 0, 2, 0, 0))
    assert stages() == ["Read", "Reading"]
    jobs.hear(Progress(one, "encoding", 0, 2, 3, 6))
    assert stages() == ["Encoding, 3 of 6 passages"] * 2
    assert jobs.files[two].part == pytest.approx(0.6)


def test_what_is_stored_stays_stored_while_others_are_read(tmp_path: Path) -> None:
    """The next file being read says that those before it have been stored."""
    one, two = str(tmp_path / "1.txt"), str(tmp_path / "2.txt")
    jobs = Jobs.of([tmp_path / "1.txt", tmp_path / "2.txt"])
    for moment in (Progress(one, "reading", 0, 2, 0, 0), Progress(one, "encoding", 0, 2, 6, 6)):
        jobs.hear(moment)
    jobs.hear(Progress(two, "reading", 1, 2, 0, 0))
    assert [job.stage for job in jobs.files.values()] == ["Stored", "Reading"]
    assert jobs.done == 1


# Uploads


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/absolute/path.md", "path.md"),
        ("..", "document"),
        (".hidden.md", "hidden.md"),
        ("a\x00b\n.md", "ab.md"),
        ("", "document"),
        ("Überblick 2020 – 学.pdf", "Überblick 2020 – 学.pdf"),
        ("<img src=x>.txt", "img src=x.txt"),
    ],
)
def test_a_file_name_is_made_safe(name: str, safe: str) -> None:
    """Its last part, without what leads elsewhere or what some file system refuses."""
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_ending() -> None:
    """By which readers, and some formats, are recognised."""
    name = safe_name("ü" * 300 + ".html")
    assert name.endswith("ü.html")
    assert len(name.encode()) <= 200


def held(*contents: str) -> set[str]:
    """The ids of documents with these contents."""
    from hashlib import sha256

    return {sha256(content.encode()).hexdigest() for content in contents}


def kept(uploads: Path) -> Mapping[str, str]:
    """What is in the folder."""
    return {path.name: path.read_text() for path in uploads.iterdir()}


def test_uploads_move_to_their_own_names(tmp_path: Path, write: Write) -> None:
    """Two files of one upload that share a name are two files."""
    files = [write("x/a.txt", "one"), write("y/a.txt", "two"), write("z/b.txt", "three")]
    uploads = Uploads(tmp_path / "uploads")
    taken = uploads.take(files)
    uploads.settle(taken, held("one", "two", "three"))
    assert kept(tmp_path / "uploads") == {"a.txt": "one", "a (2).txt": "two", "b.txt": "three"}
    assert not any(file.exists() for file in files)


def test_a_new_version_that_failed_gives_way_to_the_former(tmp_path: Path, write: Write) -> None:
    """What the library still holds is what stays."""
    uploads = Uploads(tmp_path / "uploads")
    uploads.settle(uploads.take([write("a.txt", "good")]), held("good"))
    uploads.settle(uploads.take([write("a.txt", "bad"), write("b.txt", "bad too")]), held("good"))
    assert kept(tmp_path / "uploads") == {"a.txt": "good"}


def test_a_removed_document_takes_all_its_files_along(tmp_path: Path, write: Write) -> None:
    """Under whatever names its bytes were uploaded; others stay."""
    uploads = Uploads(tmp_path / "uploads")
    uploads.settle(uploads.take([write(f"{n}.txt", text) for n, text in enumerate("aab")]), held("a", "b"))
    uploads.forget(*held("a"))
    assert kept(tmp_path / "uploads") == {"2.txt": "b"}


def test_nothing_uploaded_is_nothing_to_forget(tmp_path: Path) -> None:
    """The folder is made when it is needed."""
    Uploads(tmp_path / "uploads").forget("0" * 64)
    assert not (tmp_path / "uploads").exists()


# What surrounds the page


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that serves a page at / and its path elsewhere."""
    page = '<html><head><meta property="og:title" content="Gradio" /></head><body class="x">Hi</body></html>'
    response = HTMLResponse(page) if scope["path"] == "/" else PlainTextResponse(scope["path"])
    await response(scope, receive, send)


@pytest.fixture
def client() -> TestClient:
    """The middleware around it."""
    return TestClient(Shell(inner, head="<link rel=ours>", body="<noscript>"))


def test_the_page_gets_our_head_and_loses_what_is_said_of_gradio(client: TestClient) -> None:
    """Compressed for those who take it."""
    response = client.get("/")
    assert response.text == '<html><head><link rel=ours></head><body class="x"><noscript>Hi</body></html>'
    assert response.headers["content-encoding"] == "gzip"
    plain = client.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert gzip.decompress(gzip.compress(plain.content)) == response.content


@pytest.mark.parametrize("path", ["/", "/gradio_api/info", "/gradio_api/file=https://example.org"])
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    """Whoever answers, and whatever."""
    headers = client.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://example.org/x",
        "/gradio_api/file=HTTPS://example.org/x",
        "/gradio_api/file=%68ttp://example.org/x",
        "/gradio_api/proxy=https://example.org/x",
    ],
)
def test_nobody_reads_other_sites_through_this_one(client: TestClient, path: str) -> None:
    """Gradio's streaming proxies are shut."""
    assert client.get(path).status_code == 403


def test_what_is_named_by_its_contents_may_be_kept(client: TestClient) -> None:
    """And nothing else may, above all not the page, which names it."""
    assert "immutable" in client.get("/ui/app.css?v=1").headers["cache-control"]
    assert "cache-control" not in client.get("/ui/app.css").headers
    assert client.get("/").headers["cache-control"] == "no-cache"


# The application


@pytest.fixture
def app(library: Library) -> Iterator[TestClient]:
    """The whole of it, over an empty library."""
    with TestClient(create_app(library, Settings(max_file_megabytes=1))) as client:
        yield client


def test_the_application_answers(app: TestClient) -> None:
    """Page, style, script and health."""
    assert app.get("/healthz").json() == {"status": "ok"}
    page = app.get("/").text
    for name in ("app.css", "app.js"):
        address = page.split(f"ui/{name}?v=")[1].split('"')[0]
        assert app.get(f"/ui/{name}?v={address}").status_code == 200
    assert "<title>Pincite</title>" in page
    assert "og:" not in page


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/monitoring", "/gradio_api/file=/etc/passwd"])
def test_the_application_keeps_its_doors_shut(app: TestClient, path: str) -> None:
    """Documentation that would ask other hosts, statistics, and files."""
    assert app.get(path).status_code in (401, 403, 404)


def test_other_origins_are_not_let_in(app: TestClient) -> None:
    """Gradio on its own would let any page call it, with the visitor's cookies."""
    headers = app.get("/config", headers={"origin": "https://evil.example", "host": "pincite.example"}).headers
    assert "access-control-allow-origin" not in headers


def test_an_upload_beyond_the_limit_is_refused(app: TestClient) -> None:
    """Before it is stored."""
    response = app.post("/gradio_api/upload", files={"files": ("big.txt", b"x" * 1_100_000)})
    assert response.status_code == 413


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`pincite --help` imports it."""
    code = "import sys, index.web; print([name for name in ('gradio', 'fastapi', 'uvicorn') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
