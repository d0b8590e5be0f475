"""`verify` finds what was done to a library behind its back."""

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
    """A document of two passages, added."""
    path = write("sea.md", TEXT)
    library.add(path)
    return path


def change(library: Library, passage: int, **columns: Any) -> None:
    """Change a passage behind the catalog's back, with a checksum that fits."""
    with closing(sqlite3.connect(library.folder / "catalog.db")) as connection, connection:
        names = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE passages SET {names} WHERE id = ?", [*columns.values(), passage])
        query = """SELECT p.ordinal, p.start, p.end, p.text, p.sentences, v.vector, v.sentences
                   FROM passages p JOIN vectors v ON v.passage = p.id WHERE p.id = ?"""
        ordinal, start, end, *parts = connection.execute(query, [passage]).fetchone()
        values = [checksum((ordinal, start, end), *parts), passage]
        connection.execute("UPDATE passages SET checksum = ? WHERE id = ?", values)


def test_a_sound_library_is_proved(library: Library, source: Path) -> None:
    """Documents, passages and sentences are counted, the source was read again, and nothing is wrong."""
    result = library.verify()
    assert (result.documents, result.passages, result.sentences) == (1, 2, 5)
    assert (result.sources_checked, result.sources_changed, result.sources_missing) == (1, (), ())
    assert result.mismatches == ()


def test_an_empty_library_is_sound(library: Library) -> None:
    """Nothing is proved of nothing."""
    assert (library.verify().documents, library.verify().mismatches) == (0, ())


def test_a_text_that_its_source_does_not_say(library: Library, source: Path) -> None:
    """A text that was changed, checksum and all, is found by reading the source."""
    change(library, 1, text="# Sea\n\nThe ship left the harbour. A shark swam by.\n\n".replace("# ", ""))
    (problem,) = library.verify().mismatches
    assert problem.what == f"{source}: the library's text differs from the file's."
    assert problem.remedy.startswith("Remove the document and add it again")


def test_a_text_that_does_not_fit_its_checksum(library: Library, source: Path) -> None:
    """A text that was changed alone is found by the catalog's own check, once."""
    with closing(sqlite3.connect(library.folder / "catalog.db")) as connection, connection:
        connection.execute("UPDATE passages SET text = 'The ship sank.' WHERE id = 1")
    (problem,) = library.verify().mismatches
    assert "does not match its checksum" in problem.what


@pytest.mark.parametrize(
    ("spans", "flaw"),
    [
        pytest.param(
            lambda s: [*s[:-1], Span(s[-1].start + 1, s[-1].end)], "has a sentence out of place", id="shifted"
        ),
        pytest.param(
            lambda s: [*s[:-1], Span(s[-1].start, s[-1].end + 9)], "has a sentence out of place", id="too long"
        ),
        pytest.param(lambda s: [s[0], *s], "has a sentence out of place", id="twice"),
        pytest.param(lambda s: s[:-1], "has words outside its sentences", id="one lost"),
        pytest.param(lambda _: [], "has words outside its sentences", id="all lost"),
    ],
)
def test_a_sentence_in_the_wrong_place(
    library: Library, source: Path, spans: Callable[[tuple[Span, ...]], list[Span]], flaw: str
) -> None:
    """Sentences that overlap, leave their passage or leave words out are found, and the passage is named."""
    passage = library.search("whale", limit=1)[0].passage
    change(library, passage.id, sentences=pack_spans(spans(passage.sentences), passage.start))
    (problem,) = library.verify().mismatches
    assert f"{source}: passage {passage.id} {flaw}" in problem.what


def test_a_passage_in_the_wrong_place(library: Library, source: Path) -> None:
    """A passage whose offsets are not where its words stand is found."""
    passage = library.search("king", limit=1)[0].passage
    change(library, passage.id, start=passage.start - 3, end=passage.end - 3)
    flaw = f"passage {passage.id} differs from the text at its offsets"
    assert [flaw in problem.what for problem in library.verify().mismatches] == [True]


def test_a_changed_source_is_no_mismatch(library: Library, source: Path) -> None:
    """The library still holds what the file said; the file is named, so that it can be added again."""
    source.write_text(TEXT + "\nMore.")
    result = library.verify()
    assert (result.sources_changed, result.sources_checked, result.mismatches) == ((str(source),), 0, ())


def test_a_missing_source_is_no_mismatch(library: Library, source: Path) -> None:
    """Nor is a file that has gone."""
    source.unlink()
    result = library.verify()
    assert (result.sources_missing, result.sources_checked, result.mismatches) == ((str(source),), 0, ())


def test_a_source_that_cannot_be_read_any_more(library: Library, source: Path) -> None:
    """Something else in the file's place, such as a folder, counts as changed."""
    source.unlink()
    source.mkdir()
    assert library.verify().sources_changed == (str(source),)


def test_a_source_that_cannot_be_understood_any_more(
    library: Library, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a reader of a format has become stricter, the same bytes may fail: that is said, with the reason."""

    def refuse(parser: Parser, path: Path, **stated: object) -> Parsed:
        raise LoadingError("It is in a dialect that is no longer read.", "Convert it.")

    monkeypatch.setattr("index.loading.sandbox.pool.Parser.parse", refuse)
    (problem,) = library.verify().mismatches
    assert problem.what == f"{source} can no longer be read: It is in a dialect that is no longer read."


def test_a_lost_passage(library: Library, source: Path) -> None:
    """A passage that is missing from the catalog is found although everything that is left is sound."""
    with closing(sqlite3.connect(library.folder / "catalog.db")) as connection, connection:
        connection.execute("DELETE FROM passages WHERE id = 2")
    (problem,) = library.verify().mismatches
    assert "lacks passages: 1 of 2 are there" in problem.what


def test_progress_names_each_source(library: Library, source: Path) -> None:
    """Every source is announced before it is read."""
    moments: list[Progress] = []
    library.verify(progress=moments.append)
    assert [(moment.source, moment.files_done, moment.files) for moment in moments] == [(str(source), 0, 1)]


LINES = [" ".join(f"{word}{n}" for word in ("ship", "harbour", "crew", "storm", "island", "sea")) for n in range(9)]


@pytest.fixture
def printed(library: Library, tmp_path: Path) -> Path:
    """A PDF of one page, added."""
    path = tmp_path / "ships.pdf"
    path.write_bytes(build([column(LINES)]))
    library.add(path)
    return path


def test_a_witness_confirms_the_order_of_words(library: Library, printed: Path) -> None:
    """A page that a second reading has in the same order is in no doubt."""
    assert library.verify().unconfirmed == ()


def test_a_witness_that_reads_in_another_order_is_heard(
    library: Library, printed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a second reading has the lines in another order, the passage is named with its page; it is no mismatch."""
    parse = Parser.parse

    def scrambled(parser: Parser, path: Path, **stated: Any) -> Parsed:
        parsed = parse(parser, path, **stated)
        assert parsed.pages == ("\r\n".join(LINES),)
        return replace(parsed, pages=("\r\n".join(LINES[::2] + LINES[1::2]),))

    monkeypatch.setattr(Parser, "parse", scrambled)
    result = library.verify()
    assert result.mismatches == ()
    assert {(doubt.source, doubt.page) for doubt in result.unconfirmed} == {(str(printed), "1")}
    assert all(doubt.agreement < 0.6 for doubt in result.unconfirmed)
