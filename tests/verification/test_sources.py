"""`verify` finds changes that were made to a library behind its back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import LoadingError
from index.loading.sandbox.pool import Parser
from index.records import Span
from index.storage.tables import checksum, pack_spans
from tests.loading.pdfs import build, column

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from index.library.library import Library
    from index.loading.sandbox.messages import Parsed
    from index.records import Progress
    from tests.conftest import Write

TEXT = "# Sea\n\nThe ship left the harbour. A whale swam by.\n\n# Land\n\nThe king signed the treaty.\n"


@pytest.fixture
def source(library: Library, write: Write) -> Path:
    """Add a document of two passages."""
    path = write("sea.md", TEXT)
    library.add(path)
    return path


def change(library: Library, passage: int, **columns: Any) -> None:
    """Change a passage behind the catalog's back, with a matching checksum."""
    with closing(sqlite3.connect(library.folder / "catalog.db")) as connection, connection:
        names = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE passages SET {names} WHERE id = ?", [*columns.values(), passage])
        query = """SELECT p.ordinal, p.start, p.end, p.text, p.sentences, v.vector, v.sentences
                   FROM passages p JOIN vectors v ON v.passage = p.id WHERE p.id = ?"""
        ordinal, start, end, *parts = connection.execute(query, [passage]).fetchone()
        values = [checksum((ordinal, start, end), *parts), passage]
        connection.execute("UPDATE passages SET checksum = ? WHERE id = ?", values)


def test_sound_library_has_no_mismatches(library: Library, write: Write) -> None:
    """Documents, passages and sentences are counted, and the source is read again; an empty library has none.

    Every source is announced before it is read.
    """
    assert (library.verify().documents, library.verify().mismatches) == (0, ())
    source = write("sea.md", TEXT)
    library.add(source)
    reports: list[Progress] = []
    result = library.verify(progress=reports.append)
    assert (result.documents, result.passages, result.sentences) == (1, 2, 5)
    assert (result.sources_checked, result.sources_changed, result.sources_missing) == (1, (), ())
    assert result.mismatches == ()
    assert [(report.source, report.files_done, report.files) for report in reports] == [(str(source), 0, 1)]


def test_text_that_differs_from_its_source_is_found(library: Library, source: Path) -> None:
    """A text that was changed together with its checksum is found by reading the source."""
    change(library, 1, text="# Sea\n\nThe ship left the harbour. A shark swam by.\n\n".replace("# ", ""))
    (problem,) = library.verify().mismatches
    assert problem.what == f"{source}: the library's text differs from the file's."
    assert problem.remedy.startswith("Remove the document and add it again")


def test_text_that_differs_from_its_checksum_is_found(library: Library, source: Path) -> None:
    """A text that was changed alone is found by the catalog's own check, and reported once."""
    with closing(sqlite3.connect(library.folder / "catalog.db")) as connection, connection:
        connection.execute("UPDATE passages SET text = 'The ship sank.' WHERE id = 1")
    (problem,) = library.verify().mismatches
    assert "does not match its checksum" in problem.what


OUT_OF_PLACE, OUTSIDE = "has a sentence out of place", "has words outside its sentences"


@pytest.mark.parametrize(
    ("spans", "flaw"),
    [
        pytest.param(lambda spans: [*spans[:-1], Span(spans[-1].start + 1, spans[-1].end)], OUT_OF_PLACE, id="shifted"),
        pytest.param(
            lambda spans: [*spans[:-1], Span(spans[-1].start, spans[-1].end + 9)], OUT_OF_PLACE, id="too long"
        ),
        pytest.param(lambda spans: [spans[0], *spans], OUT_OF_PLACE, id="twice"),
        pytest.param(lambda spans: spans[:-1], OUTSIDE, id="one lost"),
        pytest.param(lambda _: [], OUTSIDE, id="all lost"),
    ],
)
def test_wrong_offsets_are_found(
    library: Library, source: Path, spans: Callable[[tuple[Span, ...]], list[Span]], flaw: str
) -> None:
    """Sentences that overlap, leave their passage or omit words are found, and the passage is named.

    So is a passage whose text is not that at its offsets.
    """
    passage = library.search("whale", limit=1)[0].passage
    change(library, passage.id, sentences=pack_spans(spans(passage.sentences), passage.start))
    (problem,) = library.verify().mismatches
    assert f"{source}: passage {passage.id} {flaw}" in problem.what
    change(library, passage.id, start=passage.start - 3, end=passage.end - 3)
    found = [problem.what for problem in library.verify().mismatches]
    assert any(f"passage {passage.id} differs from the text at its offsets" in what for what in found)


def test_changed_or_missing_source_is_not_a_mismatch(library: Library, source: Path) -> None:
    """The library still holds the file's old text; the file is named so that it can be added again.

    Anything else in the file's place counts as changed.
    """
    source.write_text(TEXT + "\nMore.")
    result = library.verify()
    assert (result.sources_changed, result.sources_checked, result.mismatches) == ((str(source),), 0, ())
    source.unlink()
    result = library.verify()
    assert (result.sources_missing, result.sources_checked, result.mismatches) == ((str(source),), 0, ())
    source.mkdir()
    assert library.verify().sources_changed == (str(source),)


def test_source_that_no_longer_parses_is_reported(
    library: Library, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader may become stricter, so that the same bytes fail; the reason is reported."""

    def refuse(parser: Parser, path: Path, **stated: object) -> Parsed:
        raise LoadingError("It is in a dialect that is no longer read.", "Convert it.")

    monkeypatch.setattr("index.loading.sandbox.pool.Parser.parse", refuse)
    (problem,) = library.verify().mismatches
    assert problem.what == f"{source} can no longer be read: It is in a dialect that is no longer read."


def test_missing_passage_is_found(library: Library, source: Path) -> None:
    """A passage that is missing from the catalog is found although the others are sound."""
    with closing(sqlite3.connect(library.folder / "catalog.db")) as connection, connection:
        connection.execute("DELETE FROM passages WHERE id = 2")
    (problem,) = library.verify().mismatches
    assert "lacks passages: 1 of 2 are there" in problem.what


LINES = [
    " ".join(f"{word}{number}" for word in ("ship", "harbour", "crew", "storm", "island", "sea")) for number in range(9)
]


@pytest.fixture
def printed_pdf(library: Library, tmp_path: Path) -> Path:
    """Add a PDF of one page."""
    path = tmp_path / "ships.pdf"
    path.write_bytes(build([column(LINES)]))
    library.add(path)
    return path


def test_second_reading_in_another_order_is_reported(
    library: Library, printed_pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The passage is named with its page as unconfirmed, not as a mismatch; the same order confirms it."""
    assert library.verify().unconfirmed == ()
    parse = Parser.parse

    def scrambled(parser: Parser, path: Path, **options: Any) -> Parsed:
        parsed = parse(parser, path, **options)
        assert parsed.pages == ("\r\n".join(LINES),)
        return replace(parsed, pages=("\r\n".join(LINES[::2] + LINES[1::2]),))

    monkeypatch.setattr(Parser, "parse", scrambled)
    result = library.verify()
    assert result.mismatches == ()
    assert {(unconfirmed.source, unconfirmed.page) for unconfirmed in result.unconfirmed} == {(str(printed_pdf), "1")}
    assert all(unconfirmed.agreement < 0.6 for unconfirmed in result.unconfirmed)
