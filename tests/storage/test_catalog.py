"""Tests of the catalog: documents come back complete or not at all, and removed documents are gone."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import LibraryDamaged, LibraryError, LibraryLocked, LibraryTooNew, PinciteError
from index.records import Chunk, Landmark, Span
from index.storage import tables
from index.storage.catalog.catalog import Catalog
from index.storage.database import Database
from tests.nightly import length
from tests.storage.factories import MADE_WITH, a_document, chunks_of, key_of, put, put_vectors, vectors_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from index.records import Document

TABLES = ("documents", "sources", "landmarks", "passages", "vectors")
SHIP = a_document("The ship left. It rained.", "A whale swam by.", source="/sources/ship.txt", title="The Ship")
KING = a_document("The king signed the treaty.", source="/sources/king.txt")


def dump(folder: Path) -> dict[str, list[Any]]:
    """Return all rows of all tables, without the catalog."""
    with closing(sqlite3.connect(folder / "catalog.db")) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def tamper(folder: Path, statement: str, *values: Any) -> None:
    """Change the database without the catalog."""
    with closing(sqlite3.connect(folder / "catalog.db")) as connection, connection:
        assert connection.execute(statement, values).rowcount != 0


# Storing and reading


def test_new_catalog_is_blank_until_its_tables_are_created(folder: Path) -> None:
    """Two processes that find it blank create one library; the letters PINC in its header tell the file from others."""
    with closing(Catalog(folder)) as catalog:
        assert catalog.blank
        catalog.create()
        identity = catalog.library_id
        catalog.create()
        assert not catalog.blank
        assert (catalog.generation(), catalog.fingerprint(), catalog.library_id) == (0, "", identity)
        assert len(identity) == 32
        put(catalog, SHIP)
    assert (folder / "catalog.db").read_bytes()[68:72] == b"PINC"


@st.composite
def texts_with_chunks(draw: st.DrawFn) -> tuple[str, list[Chunk]]:
    """A text of any characters, and chunks that cut it at any places."""
    text = draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200))
    starts = sorted(draw(st.sets(st.integers(1, len(text)), max_size=6)) | {0})
    chunks = []
    for start, until in zip(starts, [*starts[1:], len(text)], strict=True):
        end = draw(st.integers(start, until))
        borders = sorted(draw(st.lists(st.integers(start, end), max_size=6)))
        spans = tuple(Span(*pair) for pair in zip(borders[::2], borders[1::2], strict=False))
        chunks.append(Chunk(start, end, spans))
    return text, chunks


@settings(max_examples=length(10, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(texts_with_chunks())
def test_passages_of_a_document_join_to_its_text(catalog: Catalog, text_and_chunks: tuple[str, list[Chunk]]) -> None:
    """However a text is cut, the joined passages are the text, and each passage is a slice of it."""
    text, chunks = text_and_chunks
    document = replace(a_document("x"), text=text, id=key_of(text).hex())
    catalog.put(document, chunks, vectors_of(document, chunks), MADE_WITH)
    number = catalog.number_of(document.id)
    assert number is not None
    assert catalog.document(number) == document
    passages = catalog.passages_of(number)
    assert [Chunk(passage.start, passage.end, passage.sentences) for passage in passages] == chunks
    assert [passage.text for passage in passages] == [text[chunk.start : chunk.end] for chunk in chunks]
    assert [passage.ordinal for passage in passages] == list(range(len(chunks)))


def test_a_document_comes_back_with_its_metadata(catalog: Catalog) -> None:
    """Title, author, date, notes and landmarks come back as they were stored."""
    marks = (Landmark("page", 0, "iv"), Landmark("heading", 0, "Trade", 2), Landmark("paragraph", 4))
    document = replace(
        a_document("Oil rose."), author="N. N.", date="2020-12", notes=("no text on p. 3",), landmarks=marks
    )
    number = put(catalog, document)
    assert catalog.document(number) == document
    (info,) = catalog.documents()
    assert (info.author, info.date, info.notes, info.pages, info.passages) == ("N. N.", "2020-12", document.notes, 1, 1)


def test_unknown_and_empty_ids_find_nothing(catalog: Catalog) -> None:
    """A document that was never stored has no number, id, text or passages."""
    assert catalog.number_of("0" * 64) is None
    assert catalog.document_of("/nowhere") == ""
    assert catalog.document(7) is None
    assert catalog.passages_of(7) == []
    assert catalog.infos([7]) == {}
    assert catalog.passages([7]) == {}
    put(catalog, SHIP)
    for ids in ([], [99]):
        assert len(catalog.infos(ids)) == len(catalog.passages(ids)) == len(catalog.numbers(ids)) == 0
        assert catalog.ranges(ids) == []
        found_ids, vectors = catalog.vectors_of(ids)
        assert (found_ids, len(vectors)) == ([], 0)


def test_totals_count_documents_passages_and_sentences(catalog: Catalog) -> None:
    """The totals count two documents with three passages and four sentences; an empty catalog has only zeros."""
    assert set(catalog.totals().values()) == {0}
    put(catalog, SHIP)
    put(catalog, KING)
    characters = len(SHIP.text) + len(KING.text)
    assert catalog.totals() == {"documents": 2, "passages": 3, "sentences": 4, "characters": characters}


# Transactions


def test_failed_put_changes_nothing(catalog: Catalog, folder: Path) -> None:
    """If the vectors run out midway, no table, generation or former version of the document changes."""
    put(catalog, KING)
    before = dump(folder)
    chunks = chunks_of(SHIP)
    with pytest.raises(ValueError, match="shorter"):
        catalog.put(SHIP, chunks, vectors_of(SHIP, chunks)[:1], "another fingerprint")
    assert dump(folder) == before
    put(catalog, SHIP)
    before = dump(folder)
    new = a_document("A comet came.", source=SHIP.source)
    with pytest.raises(ValueError, match="shorter"):
        catalog.put(new, chunks_of(new), [], MADE_WITH)
    assert dump(folder) == before


def test_each_change_is_one_generation(catalog: Catalog) -> None:
    """Adding, replacing, linking a second source and removing each count as one change."""
    number = put(catalog, SHIP)
    assert catalog.generation() == 1
    put(catalog, replace(KING, source=SHIP.source))
    assert catalog.generation() == 2
    catalog.link("/sources/again.txt", KING.id)
    assert catalog.generation() == 3
    catalog.remove(number)
    assert catalog.generation() == 4


# Replacing, removing, two sources


def test_a_new_version_replaces_the_old_one(catalog: Catalog, folder: Path) -> None:
    """A document read from the same source again replaces the old one; only the record of the removal stays."""
    put(catalog, SHIP)
    new = replace(KING, source=SHIP.source)
    assert catalog.put(new, chunks_of(new), vectors_of(new, chunks_of(new)), MADE_WITH) == "replaced"
    assert [info.id for info in catalog.documents()] == [KING.id]
    rows = dump(folder)
    assert [len(rows[name]) for name in TABLES] == [1, 1, 0, 1, 1]
    assert rows["removals"] == [(2, 1, 1, 2)]


def test_a_removed_document_leaves_no_trace(catalog: Catalog, folder: Path) -> None:
    """No table keeps a row of it. The list of removals has its number and passage ids, and none of its words."""
    marked = replace(SHIP, landmarks=(Landmark("heading", 0, "Departure", 1),))
    catalog.remove(put(catalog, marked))
    rows = dump(folder)
    assert [rows[name] for name in TABLES] == [[]] * 5
    assert rows["removals"] == [(2, 1, 1, 2)]


def test_removed_words_are_not_in_the_file(catalog: Catalog, folder: Path) -> None:
    """After closing, the database file has none of the removed words, and there is no log file."""
    words = "xylophonists zigzagged"
    number = put(catalog, a_document(*[f"Nine {words} there, {n}." for n in range(200)], title="Quixotry"))
    put(catalog, KING)
    catalog.remove(number)
    catalog.close()
    data = (folder / "catalog.db").read_bytes()
    assert b"signed the treaty" in data
    assert words.encode() not in data
    assert b"Quixotry" not in data
    assert [path.name for path in folder.iterdir()] == ["catalog.db"]


def test_ids_are_never_given_twice(catalog: Catalog) -> None:
    """A passage added after a removal gets a new id, so an old id never means new words."""
    first = put(catalog, SHIP)
    old = {passage.id for passage in catalog.passages_of(first)}
    catalog.remove(first)
    second = put(catalog, SHIP)
    assert second != first
    assert old.isdisjoint(passage.id for passage in catalog.passages_of(second))


def test_one_document_at_two_sources_is_stored_once(catalog: Catalog) -> None:
    """A second source is added to the document; removing the last source removes the document."""
    number = put(catalog, SHIP)
    catalog.link("/a/second.txt", SHIP.id)
    assert catalog.sources() == [("/a/second.txt", SHIP.id), (SHIP.source, SHIP.id)]
    assert [info.source for info in catalog.documents()] == ["/a/second.txt"]
    put(catalog, replace(KING, source="/a/second.txt"))
    assert catalog.document(number) == SHIP
    catalog.link(SHIP.source, KING.id)
    assert catalog.document(number) is None
    assert [source for source, _ in catalog.sources()] == ["/a/second.txt", SHIP.source]


def test_changes_since_a_generation_are_listed(catalog: Catalog) -> None:
    """The catalog lists the documents that were added or removed since any generation, with their passage ids."""
    ship, king = put(catalog, SHIP), put(catalog, KING)
    assert [(row.number, row.first, row.passages) for row in catalog.added_since(0)] == [(ship, 1, 2), (king, 3, 1)]
    assert [row.number for row in catalog.added_since(1)] == [king]
    catalog.remove(ship)
    assert [row.number for row in catalog.added_since(0)] == [king]
    assert [(row.number, row.first, row.passages) for row in catalog.removed_since(2) or ()] == [(ship, 1, 2)]
    assert catalog.removed_since(3) == []


def test_cache_older_than_forgotten_removals_is_rejected(catalog: Catalog) -> None:
    """A cache older than the forgotten removals cannot be updated; a newer or an empty one can."""
    for n in range(3):
        put(catalog, a_document(f"Passage {n}.", source=f"/{n}"))
    catalog.remove(1)
    catalog.remove(2)
    assert catalog.removals_from() == 0
    assert catalog.forget_removals(4) == 1
    assert catalog.removals_from() == 4
    assert [catalog.removed_since(generation) for generation in (1, 3)] == [None, None]
    assert [len(catalog.removed_since(generation) or ()) for generation in (0, 4, 5)] == [1, 1, 0]
    assert catalog.forget_removals(4) == 0


def test_vectors_are_found_by_the_hash_of_their_text(catalog: Catalog) -> None:
    """Vectors are found by key, even with more keys than one SQLite query takes."""
    put(catalog, SHIP)
    keys = [key_of("A whale swam by."), *(key_of(str(n)) for n in range(1200))]
    found = catalog.vectors_by_key(keys)
    assert list(found) == keys[:1]
    assert found[keys[0]] == vectors_of(SHIP, chunks_of(SHIP))[1]


def test_blocks_of_vectors_and_texts_contain_every_passage_once(catalog: Catalog) -> None:
    """Reading in blocks skips and repeats no passage, across gaps from removals and documents of any size."""
    numbers = [
        put_vectors(catalog, np.ones((size, 2), dtype=np.float32), source=f"/{size}") for size in (1, 9000, 3, 700)
    ]
    catalog.remove(numbers[2])
    ranges = catalog.added_since(0)
    expected = [row.first + n for row in ranges for n in range(row.passages)]
    assert [int(identity) for ids, _ in catalog.vectors(ranges) for identity in ids] == expected
    assert [identity for identity, *_ in catalog.texts(ranges)] == expected


def test_queries_accept_more_ids_than_sqlite_has_parameters(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """40,000 numbers or ids, more than SQLite's default number of parameters, find exactly those that exist."""
    catalog.close()
    connect = Database._connect

    def limited(database: Database) -> sqlite3.Connection:
        connection = connect(database)
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
        return connection

    monkeypatch.setattr(Database, "_connect", limited)
    numbers = [put(catalog, SHIP), put(catalog, KING)]
    many = [*range(3, 40_001), 2, 1]
    assert {number: info.id for number, info in catalog.infos(many).items()} == dict(
        zip(numbers, (SHIP.id, KING.id), strict=True)
    )
    assert {identity: row.passage.text for identity, row in catalog.passages(many).items()} == {
        1: "The ship left. It rained.",
        2: "A whale swam by.",
        3: "The king signed the treaty.",
    }
    assert sorted((row.number, row.first, row.passages) for row in catalog.ranges(many)) == [(1, 1, 2), (2, 3, 1)]
    assert catalog.numbers(many) == {1: 1, 2: 1, 3: 2}
    ids, vectors = catalog.vectors_of(many)
    assert sorted(ids) == [1, 2, 3]
    stored = {
        int(row): vector
        for block in catalog.vectors(catalog.added_since(0))
        for row, vector in zip(*block, strict=True)
    }
    for identity, vector in zip(ids, vectors, strict=True):
        assert (vector == stored[identity]).all()


def test_cached_documents_by_number_follow_every_change(catalog: Catalog) -> None:
    """After any change of documents and sources, the cached documents equal those read anew."""
    crown = a_document("A crown.", source="/b")
    changes: list[Callable[[], object]] = [
        lambda: put(catalog, SHIP),
        lambda: put(catalog, KING),
        lambda: catalog.link("/a first one", KING.id),
        lambda: put(catalog, crown),
        lambda: catalog.link("/b", SHIP.id),  # crown loses its only source
        lambda: put(catalog, a_document("Another.", source="/a first one")),  # king loses this source and keeps its own
        lambda: catalog.relink({"/moved": SHIP.id}, ["/b"]),
        lambda: catalog.remove(catalog.number_of(KING.id) or 0),
        lambda: catalog.forget_removals(catalog.generation()),
        lambda: put(catalog, KING),
    ]
    for change in changes:
        change()
        assert catalog.numbered() == catalog.all_infos()


def test_unchanged_documents_are_not_read_again(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one document was added, the others are not read again."""
    put(catalog, SHIP)
    before = catalog.numbered()
    monkeypatch.setattr(Catalog, "all_infos", lambda _: pytest.fail("all were read"))
    king = put(catalog, KING)
    assert set(catalog.numbered()) == {*before, king}
    assert king not in before


# Locations

MARKS = (
    Landmark("page", 0, "1"),
    Landmark("heading", 0, "Trade", 1),
    Landmark("paragraph", 6),
    Landmark("paragraph", 20),
    Landmark("heading", 30, "Oil", 2),
    Landmark("paragraph", 34),
    Landmark("page", 40, "2"),
    Landmark("paragraph", 44),
    Landmark("heading", 60, "Gas", 2),
    Landmark("heading", 70, "War", 1),
    Landmark("paragraph", 74),
    Landmark("heading", 90, "Deep", 3),
)


@pytest.mark.parametrize(
    ("start", "page", "heading", "paragraph"),
    [
        pytest.param(0, "1", "Trade", 0, id="the heading itself"),
        pytest.param(6, "1", "Trade", 1, id="first paragraph"),
        pytest.param(29, "1", "Trade", 2, id="within the second paragraph"),
        pytest.param(35, "1", "Trade > Oil", 1, id="a heading starts the count again"),
        pytest.param(43, "2", "Trade > Oil", 0, id="a page starts the count again"),
        pytest.param(50, "2", "Trade > Oil", 1, id="first paragraph of the page"),
        pytest.param(65, "2", "Trade > Gas", 0, id="a heading replaces its sibling"),
        pytest.param(75, "2", "War", 1, id="a heading replaces all deeper ones"),
        pytest.param(99, "2", "War > Deep", 0, id="a skipped level"),
    ],
)
def test_location_has_page_headings_and_paragraph(
    catalog: Catalog, start: int, page: str, heading: str, paragraph: int
) -> None:
    """A location is the page, the headings above it, and the paragraph below the nearer of the two."""
    number = put(catalog, a_document("x" * 120, landmarks=MARKS))
    (location,) = catalog.locate([(number, Span(start, start + 1))])
    assert (location.page, location.heading, location.paragraph) == (page, heading, paragraph)


def test_locations_without_pages_and_headings(catalog: Catalog) -> None:
    """Paragraphs count from the start; without landmarks nothing is invented; a damaged level ends the path."""
    assert catalog.locate([(put(catalog, SHIP), Span(3, 4))])[0].label == ""
    number = put(catalog, a_document("x" * 50, landmarks=[Landmark("paragraph", 0), Landmark("paragraph", 20)]))
    assert catalog.locate([(number, Span(25, 26))])[0].label == "¶ 2"
    number = put(catalog, a_document("y" * 50, landmarks=[Landmark("heading", 0, "Flat", 0)]))
    assert catalog.locate([(number, Span(9, 10))])[0].heading == "Flat"


# Damage


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        pytest.param("UPDATE passages SET text = ? WHERE id = 1", "The ship sank.", id="text"),
        pytest.param("UPDATE passages SET sentences = ? WHERE id = 1", b"\0" * 8, id="sentences"),
        pytest.param("UPDATE passages SET checksum = ? WHERE id = 1", 5, id="checksum"),
        pytest.param("UPDATE passages SET start = ? WHERE id = 1", 3, id="start"),
        pytest.param("UPDATE passages SET end = ? WHERE id = 1", 9, id="end"),
        pytest.param("UPDATE vectors SET vector = ? WHERE passage = 1", b"\0\0" * 64, id="vector"),
        pytest.param("UPDATE vectors SET sentences = ? WHERE passage = 1", b"\0" * 128, id="sentence vectors"),
    ],
)
def test_passage_with_a_wrong_checksum_is_not_returned(
    catalog: Catalog, folder: Path, statement: str, value: str | bytes | int
) -> None:
    """No query returns the passage, and `problems` names it."""
    number = put(catalog, SHIP)
    tamper(folder, statement, value)
    reads = (lambda: catalog.passages([1]), lambda: catalog.document(number), lambda: catalog.passages_of(number))
    for read in reads:
        with pytest.raises(LibraryDamaged, match="passage 1 does not match its checksum"):
            read()
    assert list(catalog.passages([2])) == [2]
    (problem,) = catalog.problems()
    assert problem.what == f"Document {SHIP.id[:12]}: passage 1 does not match its checksum."


@pytest.mark.parametrize("statement", ["DELETE FROM passages WHERE id = 2", "DELETE FROM vectors WHERE passage = 2"])
def test_missing_passage_or_vector_raises_library_damaged(catalog: Catalog, folder: Path, statement: str) -> None:
    """A document that lacks a passage or a vector is not returned as if it were complete."""
    number = put(catalog, SHIP)
    tamper(folder, statement)
    with pytest.raises(LibraryDamaged, match="lacks"):
        catalog.document(number)
    (problem,) = catalog.problems()
    assert SHIP.id[:12] in problem.what


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        pytest.param("UPDATE documents SET passages = 'x'", lambda c: c.added_since(0), id="a count that is a text"),
        pytest.param("UPDATE documents SET passages = 1 << 40", lambda c: c.added_since(0), id="a huge count"),
        pytest.param("UPDATE documents SET first = -5", lambda c: c.ranges([1]), id="an id below the first"),
        pytest.param("UPDATE documents SET notes = '{'", lambda c: c.documents(), id="notes that are not JSON"),
        pytest.param("UPDATE documents SET notes = '5'", lambda c: c.infos([1]), id="notes that are not a list"),
        pytest.param("UPDATE passages SET text = x'00' WHERE id = 1", lambda c: c.passages([1]), id="a text of bytes"),
        pytest.param("UPDATE vectors SET vector = 'x'", lambda c: c.passages([1]), id="a vector of text"),
        pytest.param("UPDATE meta SET value = 'x' WHERE key = 'generation'", lambda c: c.generation(), id="generation"),
        pytest.param("UPDATE passages SET text = CAST(x'ff' AS TEXT)", lambda c: c.document(1), id="invalid UTF-8"),
        pytest.param("DELETE FROM meta WHERE key = 'library'", lambda c: c.library_id, id="a lost identity"),
    ],
)
def test_impossible_value_raises_library_damaged(catalog: Catalog, folder: Path, statement: str, read: Any) -> None:
    """A value of a wrong type or size, or a lost one, raises LibraryDamaged at once, and no error of SQLite."""
    put(catalog, SHIP)
    tamper(folder, statement)
    with pytest.raises(LibraryDamaged):
        read(catalog)


def test_newer_catalog_format_is_refused(catalog: Catalog, folder: Path) -> None:
    """A library of a later Pincite is not changed, and the error says to upgrade."""
    catalog.close()
    tamper(folder, f"PRAGMA user_version = {tables.VERSION + 1}")
    with pytest.raises(LibraryTooNew, match="pip install --upgrade pincite"):
        Catalog(folder)


def test_older_catalog_gets_the_tables_that_it_lacks(catalog: Catalog, folder: Path) -> None:
    """Its documents and its identity stay. Where it cannot be written, the error says to open it elsewhere."""
    number = put(catalog, SHIP)
    before = catalog.library_id, catalog.generation(), catalog.documents()
    catalog.close()
    for statement in (f"DROP TABLE {table}" for table in ("readings", "predecessors", "boxes")):
        tamper(folder, statement)
    tamper(folder, f"PRAGMA user_version = {tables.VERSION - 1}")
    with pytest.raises(LibraryError, match="where its folder can be written"):
        Catalog(folder, immutable=True)
    for _ in range(2):
        with closing(Catalog(folder)) as opened:
            assert (opened.library_id, opened.generation(), opened.documents()) == before
            assert opened.successor_of("0" * 64) == ""
            assert tables.boxes_of(opened.database, number) == ()


def test_version_rises_with_the_tables() -> None:
    """Otherwise, an older library would lack a table and be called damaged. For a change, see `VERSION`."""
    digest = hashlib.sha256(tables.TABLES.encode()).hexdigest()[:12]
    assert (tables.VERSION, digest) == (3, "2be2a99fe441")


DAMAGES: dict[str, Any] = {
    "not a database": lambda data: b"This is not SQLite." * 300,
    "header of zeros": lambda data: b"\0" * 100 + data[100:],
    "truncated within a page": lambda data: data[: len(data) // 2 + 17],
    "only the header": lambda data: data[:100],
    "first page of noise": lambda data: data[:100] + bytes(range(256)) * 16 + data[4196:],
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_catalog_file_raises_library_damaged(catalog: Catalog, folder: Path, name: str) -> None:
    """Nothing of a damaged database is returned: opening or reading raises LibraryDamaged, which says what to do."""
    put(catalog, a_document(*[f"Passage {n} of many words." for n in range(300)]))
    catalog.close()
    path = folder / "catalog.db"
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    with pytest.raises(LibraryDamaged) as caught:
        read_everything(folder)
    assert str(folder) in caught.value.message
    assert "Restore it from a backup" in caught.value.hint


def read_everything(folder: Path) -> list[tuple[Document | None, Sequence[object]]]:
    """Open the catalog and return each document with its passages."""
    with closing(Catalog(folder)) as catalog:
        _ = catalog.library_id
        numbers = [catalog.number_of(info.id) for info in catalog.documents()]
        return [(catalog.document(n), catalog.passages_of(n)) for n in numbers if n is not None]


def test_locked_database_raises_library_locked(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another program holds the database itself, the writer raises LibraryLocked."""
    monkeypatch.setattr("index.storage.database.BUSY_SECONDS", 0.01)
    catalog.close()
    with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryLocked) as caught:
            put(catalog, SHIP)
    assert isinstance(caught.value, PinciteError)
    assert caught.value.holder == "another program"


# Moving sources from document to document in one transaction


LEFT, WHALE, COMET = (
    a_document(text, source=f"/notes/{name}")
    for text, name in (("A ship left.", "a.md"), ("A whale swam.", "b.md"), ("A comet came.", "sub/c.md"))
)


@pytest.fixture
def _filled(catalog: Catalog) -> None:
    for document in (LEFT, WHALE, COMET):
        put(catalog, document)


@pytest.mark.usefixtures("_filled")
def test_moved_document_keeps_its_number_and_passages(catalog: Catalog) -> None:
    """A move is one change of the catalog, in which no passage is removed."""
    number, generation = catalog.number_of(LEFT.id), catalog.generation()
    assert number is not None
    passages = catalog.passages_of(number)
    catalog.relink({"/notes/z.md": LEFT.id}, ["/notes/a.md"])
    assert catalog.sources_of(number) == ["/notes/z.md"]
    assert (catalog.number_of(LEFT.id), catalog.passages_of(number)) == (number, passages)
    assert (catalog.generation(), catalog.removed_since(-1)) == (generation + 1, [])


@pytest.mark.usefixtures("_filled")
def test_two_documents_can_swap_their_sources(catalog: Catalog) -> None:
    """Neither document is without a source in between, so none is removed."""
    catalog.relink({"/notes/a.md": WHALE.id, "/notes/b.md": LEFT.id})
    assert catalog.documents_of(["/notes/a.md", "/notes/b.md"]) == {"/notes/a.md": WHALE.id, "/notes/b.md": LEFT.id}
    assert catalog.removed_since(-1) == []


@pytest.mark.usefixtures("_filled")
def test_document_without_any_source_is_removed(catalog: Catalog) -> None:
    """A document that still has another source stays."""
    catalog.link("/elsewhere/a.md", LEFT.id)
    catalog.relink({"/notes/b.md": COMET.id}, ["/notes/a.md", "/notes/nothing.md"])
    assert dict(catalog.sources()) == {"/elsewhere/a.md": LEFT.id, "/notes/b.md": COMET.id, "/notes/sub/c.md": COMET.id}
    assert catalog.number_of(WHALE.id) is None
    assert [document.passages for document in catalog.removed_since(-1) or ()] == [1]


@pytest.mark.usefixtures("_filled")
def test_failed_relink_changes_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception midway leaves every source where it was."""
    before, generation = catalog.sources(), catalog.generation()

    def fail(*arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(tables, "remove", fail)
    with pytest.raises(RuntimeError):
        catalog.relink({"/notes/z.md": LEFT.id}, ["/notes/a.md", "/notes/b.md"])
    assert (catalog.sources(), catalog.generation()) == (before, generation)


@pytest.mark.usefixtures("_filled")
def test_sources_below_a_folder_match_whole_names(catalog: Catalog) -> None:
    """Names that only start with the same letters are not below; bulk queries leave out unknown names."""
    for name in ("/notes", "/notes.md", "/notes-2/d.md", "/notes0", "/notes%/e.md", "/Notes/f.md"):
        catalog.link(name, LEFT.id)
    expected = {"/notes/a.md": LEFT.id, "/notes/b.md": WHALE.id, "/notes/sub/c.md": COMET.id}
    assert catalog.sources_below("/notes") == catalog.sources_below("/notes/") == expected
    assert catalog.sources_below("/notes/sub") == {"/notes/sub/c.md": COMET.id}
    assert len(catalog.sources_below("/")) == 9
    assert catalog.sources_below("/nowhere") == {}
    assert catalog.documents_of(["/notes/a.md", "/nowhere"]) == {"/notes/a.md": LEFT.id}
    assert catalog.media_types([LEFT.id, "nothing"]) == {LEFT.id: "text/plain"}
