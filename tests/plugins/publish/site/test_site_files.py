"""The files of a static site: what is written, what is refused, and what never appears."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import PublishError
from index.plugins.publish import site_files
from index.plugins.publish.site_files import MARK, write_site
from index.records import Span
from index.views.library_map import HEIGHT, WIDTH

if TYPE_CHECKING:
    from pathlib import Path

    from index.library.library import Library
    from tests.conftest import Write


TREATY = "# The Harbour Treaty\n\nThe king signed the treaty in the harbour.\n\n## Later\n\nThe queen kept a garden."
OIL = "The price of oil fell in summer. A horse cost more than a bridge that year."
QUESTION = "Who signed the treaty in the harbour?"


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    """A library of two documents."""
    library.add([write("treaty.md", TREATY), write("secret place/oil.txt", OIL)])
    return library


def read(site: Path, name: str) -> Any:
    """Return a JSON file of a site."""
    return json.loads((site / name).read_bytes())


def test_site_has_the_texts_and_answers_of_the_library(filled: Library, tmp_path: Path) -> None:
    """The report counts what is there. Every span of the library is a span of the site, also those of its answers.

    Folders appear nowhere, and no original file is copied.
    """
    site = tmp_path / "site"
    report = write_site(filled, site, title="Notes", questions=[QUESTION, " ", QUESTION])
    files = [path for path in site.rglob("*") if path.is_file()]
    assert (report.documents, report.answers, report.files) == (2, 1, len(files))
    assert report.passages == filled.stats().passages
    assert report.size == sum(path.stat().st_size for path in files)
    assert report.index_size == sum((site / name).stat().st_size for name in ("index.bin", "index.json"))
    for place, info in enumerate(read(site, "index.json")["documents"]):
        assert read(site, f"documents/{place}.json")["text"] == filled.document(info["id"]).text
    expected = filled.ask(QUESTION)
    (answer,) = read(site, "answers.json")
    assert answer["status"] == expected.status == "answered"
    assert [said["text"] for said in answer["statements"]] == [said.text for said in expected.statements]
    for cited, citation in zip(answer["citations"], expected.citations, strict=True):
        text = read(site, f"documents/{cited['document']}.json")["text"]
        assert Span(cited["start"], cited["end"]).of(text) == citation.quote
    everything = b"".join(path.read_bytes() for path in files)
    assert str(tmp_path).encode() not in everything
    assert b"secret place" not in everything
    names = {path.name for path in files if path.suffix in {".md", ".txt"}}
    assert names == {"sans-OFL.txt", "serif-OFL.txt"}  # the licences of the fonts


def test_page_has_the_fonts_the_title_and_the_map(filled: Library, tmp_path: Path) -> None:
    """The fonts are those of the server's page; the map has a dot, and the index a place, for each passage.

    A title is text, whatever it contains; half of a surrogate pair becomes a question mark.
    """
    write_site(filled, tmp_path / "site", title="</title><script>pwned=1</script> & \ud83d", questions=[])
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert (tmp_path / "site" / "serif.woff2").read_bytes()[:4] == b"wOF2"
    assert "<script>pwned" not in page
    title = "&lt;/title&gt;&lt;script&gt;pwned=1&lt;/script&gt; &amp; ?"
    assert f"<title>{title}</title>" in page
    assert f'<h1 dir="auto">{title}</h1>' in page
    assert page.count("h0") == filled.stats().passages
    assert "The Harbour Treaty</text>" in page
    points = read(tmp_path / "site", "index.json")["points"]
    assert len(points) == filled.stats().passages
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)


def test_tables_go_along_with_their_cells(filled: Library, write: Write, tmp_path: Path) -> None:
    """The offsets of a cell are those of its words."""
    filled.add([write("prices.csv", "good,price\nbread,12\nsalt,7\n")])
    write_site(filled, tmp_path / "site", title="Notes", questions=[])
    documents = [read(tmp_path / "site", f"documents/{place}.json") for place in range(3)]
    (table,) = [table for document in documents for table in document["tables"]]
    text = next(document["text"] for document in documents if document["tables"])
    assert (table["headerRows"], table["columns"], table["naming"]) == (1, ["good", "price"], "rows")
    assert [text[start:end] for start, end, row, _ in table["cells"] if row == 1] == ["bread", "12"]


def test_page_has_no_inline_code(filled: Library, tmp_path: Path) -> None:
    """The policy allows neither inline code nor evaluation nor any other host."""
    write_site(filled, tmp_path / "site", title="Notes", questions=[])
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    policy = page.split('Content-Security-Policy" content="', 1)[1].split('"', 1)[0]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert " style=" not in page
    assert page.count("<script") == 1


def test_manifest_names_every_other_file(filled: Library, tmp_path: Path) -> None:
    """The worker keeps all files but itself and the manifest; another site has another version.

    It replaces the earlier one, of which nothing remains.
    """
    site = tmp_path / "site"
    write_site(filled, site, title="Notes", questions=[])
    names = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert set(read(site, MARK)["files"]) == names - {MARK, "worker.js"}
    before = (site / "worker.js").read_text(encoding="utf-8")
    filled.remove("oil.txt")
    write_site(filled, site, title="Other notes", questions=[])
    assert (site / "worker.js").read_text(encoding="utf-8") != before
    assert [path.name for path in (site / "documents").iterdir()] == ["0.json"]


def test_other_files_are_never_deleted(filled: Library, tmp_path: Path) -> None:
    """A folder with anything else is refused, and so is a file."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for folder in (tmp_path / "mine", tmp_path / "mine" / "thesis.txt"):
        with pytest.raises(PublishError, match="would delete"):
            write_site(filled, folder, title="Notes", questions=[])
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_failure_leaves_the_earlier_site(filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing fails, the earlier site stays complete, and nothing is left beside it."""
    write_site(filled, tmp_path / "out" / "site", title="Notes", questions=[])
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(site_files, "document_text", fail)
    with pytest.raises(OSError, match="disk is full"):
        write_site(filled, tmp_path / "out" / "site", title="Other", questions=[])
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_too_many_passages_or_none_are_refused(
    filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the number and the limit, and says what to do; nothing is written."""
    monkeypatch.setattr(site_files, "MOST_PASSAGES", 1)
    with pytest.raises(PublishError, match=r"has \d passages, .* at most 1\. Publish a smaller"):
        write_site(filled, tmp_path / "site", title="Notes", questions=[])
    for document in filled.documents():
        filled.remove(document.id)
    with pytest.raises(PublishError, match="library is empty"):
        write_site(filled, tmp_path / "site", title="Notes", questions=[])
    assert not (tmp_path / "site").exists()
