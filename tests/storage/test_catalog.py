"""The catalog: what is stored comes back, whole or not at all, and what is removed is gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import LibraryDamaged, LibraryLocked, LibraryTooNew, PinciteError
from index.records import Chunk, Landmark, Span
from index.storage import schema
from index.storage.catalog import Catalog
from index.storage.database import Database
from tests.nightly import length
from tests.storage.making import MADE_WITH, a_document, chunks_of, key_of, put, put_vectors, vectors_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from index.records import Document

TABLES = ("documents", "sources", "landmarks", "passages", "vectors")
SHIP = a_document("The ship left. It rained.", "A whale swam by.", source="/sources/ship.txt", title="The Ship")
KING = a_document("The king signed the treaty.", source="/sources/king.txt")


def dump(folder: Path) -> dict[str, list[Any]]:
    """All rows of all tables, read behind the catalog's back."""
    with closing(sqlite3.connect(folder / "catalog.db")) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def tamper(folder: Path, statement: str, *values: Any) -> None:
    """Change the database behind the catalog's back."""
    with closing(sqlite3.connect(folder / "catalog.db")) as connection, connection:
        assert connection.execute(statement, values).rowcount != 0


# What is stored comes back


def test_a_new_catalog_is_blank_until_it_is_made(folder: Path) -> None:
    """Opening makes no tables; making them gives an identity, generation 0 and no fingerprint."""
    with closing(Catalog(folder)) as catalog:
        assert catalog.blank
        catalog.create()
        assert not catalog.blank
        assert catalog.generation() == 0
        assert catalog.fingerprint() == ""
        assert len(catalog.library_id) == 32


def test_making_it_twice_changes_nothing(catalog: Catalog) -> None:
    """Two processes that both find it blank make one library."""
    before = catalog.library_id
    catalog.create()
    assert catalog.library_id == before


def test_the_file_says_whose_it_is(catalog: Catalog, folder: Path) -> None:
    """`file catalog.db` can tell it from any other database, by the letters PINC."""
    put(catalog, SHIP)
    catalog.close()
    assert (folder / "catalog.db").read_bytes()[68:72] == b"PINC"


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[str, list[Chunk]]:
    """Any text, cut anywhere."""
    text = draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200))
    starts = sorted(draw(st.sets(st.integers(1, len(text)), max_size=6)) | {0})
    chunks = []
    for start, until in zip(starts, [*starts[1:], len(text)], strict=True):
        end = draw(st.integers(start, until))
        borders = sorted(draw(st.lists(st.integers(start, end), max_size=6)))
        chunks.append(Chunk(start, end, tuple(Span(a, b) for a, b in zip(borders[::2], borders[1::2], strict=False))))
    return text, chunks


@settings(max_examples=length(10, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(cut_texts())
def test_the_passages_of_a_document_are_its_text(catalog: Catalog, cut: tuple[str, list[Chunk]]) -> None:
    """However a text is cut, its pieces put together are that text, and each passage is its slice of it."""
    text, chunks = cut
    document = replace(a_document("x"), text=text, id=key_of(text).hex())
    catalog.put(document, chunks, vectors_of(document, chunks), MADE_WITH)
    number = catalog.number_of(document.id)
    assert number is not None
    assert catalog.document(number) == document
    passages = catalog.passages_of(number)
    assert [Chunk(each.start, each.end, each.sentences) for each in passages] == chunks
    assert [each.text for each in passages] == [text[chunk.start : chunk.end] for chunk in chunks]
    assert [each.ordinal for each in passages] == list(range(len(chunks)))


def test_a_document_comes_back_with_all_it_states(catalog: Catalog) -> None:
    """Title, author, date, notes and landmarks are kept as they were given."""
    marks = (Landmark("page", 0, "iv"), Landmark("heading", 0, "Trade", 2), Landmark("paragraph", 4))
    document = replace(
        a_document("Oil rose."), author="N. N.", date="2020-12", notes=("no text on p. 3",), landmarks=marks
    )
    number = put(catalog, document)
    assert catalog.document(number) == document
    (info,) = catalog.documents()
    assert (info.author, info.date, info.notes, info.pages, info.passages) == ("N. N.", "2020-12", document.notes, 1, 1)


def test_what_is_not_there_is_not_found(catalog: Catalog) -> None:
    """A document that was never stored has no number, no id, no text and no passages."""
    assert catalog.number_of("0" * 64) is None
    assert catalog.document_of("/nowhere") == ""
    assert catalog.document(7) is None
    assert catalog.passages_of(7) == []
    assert catalog.infos([7]) == {}
    assert catalog.passages([7]) == {}


def test_totals_count_what_is_there(catalog: Catalog) -> None:
    """Two documents of three passages and four sentences are counted as such; an empty catalog is all zeros."""
    assert set(catalog.totals().values()) == {0}
    put(catalog, SHIP)
    put(catalog, KING)
    characters = len(SHIP.text) + len(KING.text)
    assert catalog.totals() == {"documents": 2, "passages": 3, "sentences": 4, "characters": characters}


# Transactions


def test_an_exception_in_the_middle_leaves_nothing(catalog: Catalog, folder: Path) -> None:
    """A document whose vectors run out midway is not stored at all: no table has changed, nor the generation."""
    put(catalog, KING)
    before = dump(folder)
    chunks = chunks_of(SHIP)
    with pytest.raises(ValueError, match="shorter"):
        catalog.put(SHIP, chunks, vectors_of(SHIP, chunks)[:1], "another fingerprint")
    assert dump(folder) == before


def test_a_replacement_that_fails_leaves_the_old_document(catalog: Catalog, folder: Path) -> None:
    """Where the new version cannot be stored, the old one is still there."""
    put(catalog, SHIP)
    before = dump(folder)
    new = replace(KING, source=SHIP.source)
    with pytest.raises(ValueError, match="shorter"):
        catalog.put(new, chunks_of(new), [], MADE_WITH)
    assert dump(folder) == before


def test_each_change_is_one_generation(catalog: Catalog) -> None:
    """Adding, replacing, noting a second source and removing each count as one change."""
    number = put(catalog, SHIP)
    assert catalog.generation() == 1
    put(catalog, replace(KING, source=SHIP.source))
    assert catalog.generation() == 2
    catalog.link("/sources/again.txt", KING.id)
    assert catalog.generation() == 3
    catalog.remove(number)
    assert catalog.generation() == 4


# Replacing, removing, two sources


def test_a_new_version_takes_the_place_of_the_old(catalog: Catalog, folder: Path) -> None:
    """What is read from the same source again replaces the document: only the note of its removal stays."""
    put(catalog, SHIP)
    new = replace(KING, source=SHIP.source)
    assert catalog.put(new, chunks_of(new), vectors_of(new, chunks_of(new)), MADE_WITH) == "replaced"
    assert [info.id for info in catalog.documents()] == [KING.id]
    rows = dump(folder)
    assert [len(rows[name]) for name in TABLES] == [1, 1, 0, 1, 1]
    assert rows["removals"] == [(2, 1, 1, 2)]


def test_a_removed_document_leaves_no_trace(catalog: Catalog, folder: Path) -> None:
    """Every table forgets it; the list of removals names its number and passage ids, and no word of it."""
    marked = replace(SHIP, landmarks=(Landmark("heading", 0, "Departure", 1),))
    catalog.remove(put(catalog, marked))
    rows = dump(folder)
    assert [rows[name] for name in TABLES] == [[]] * 5
    assert rows["removals"] == [(2, 1, 1, 2)]


def test_removed_words_are_not_in_the_file(catalog: Catalog, folder: Path) -> None:
    """After closing, none of a removed document's words is found in the database, nor is there a log beside it."""
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
    """A passage after a removal gets an id that no passage ever had, so that no old id can mean new words."""
    first = put(catalog, SHIP)
    old = {each.id for each in catalog.passages_of(first)}
    catalog.remove(first)
    second = put(catalog, SHIP)
    assert second != first
    assert old.isdisjoint(each.id for each in catalog.passages_of(second))


def test_one_document_at_two_sources_is_stored_once(catalog: Catalog) -> None:
    """A second source is noted beside the first; the document goes with the last of them."""
    number = put(catalog, SHIP)
    catalog.link("/a/second.txt", SHIP.id)
    assert catalog.sources() == [("/a/second.txt", SHIP.id), (SHIP.source, SHIP.id)]
    assert [info.source for info in catalog.documents()] == ["/a/second.txt"]
    put(catalog, replace(KING, source="/a/second.txt"))
    assert catalog.document(number) == SHIP
    catalog.link(SHIP.source, KING.id)
    assert catalog.document(number) is None
    assert [source for source, _ in catalog.sources()] == ["/a/second.txt", SHIP.source]


def test_what_changed_since(catalog: Catalog) -> None:
    """An index of any generation learns which documents came and which went, and their passage ids."""
    ship, king = put(catalog, SHIP), put(catalog, KING)
    assert [(each.number, each.first, each.passages) for each in catalog.added_since(0)] == [(ship, 1, 2), (king, 3, 1)]
    assert [each.number for each in catalog.added_since(1)] == [king]
    catalog.remove(ship)
    assert [each.number for each in catalog.added_since(0)] == [king]
    assert [(each.number, each.first, each.passages) for each in catalog.removed_since(2) or ()] == [(ship, 1, 2)]
    assert catalog.removed_since(3) == []


def test_what_is_forgotten_of_removals_is_known_to_be(catalog: Catalog) -> None:
    """From before that, a cache cannot be caught up; from then on, or from nothing at all, it can."""
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


def test_vectors_are_found_again_by_what_was_embedded(catalog: Catalog) -> None:
    """Vectors are kept by a hash of their text; more keys than SQLite takes at once are no problem."""
    put(catalog, SHIP)
    keys = [key_of("A whale swam by."), *(key_of(str(n)) for n in range(1200))]
    found = catalog.vectors_by_key(keys)
    assert list(found) == keys[:1]
    assert found[keys[0]] == vectors_of(SHIP, chunks_of(SHIP))[1]


def test_blocks_of_vectors_and_texts_hold_every_passage_once(catalog: Catalog) -> None:
    """Reading in blocks skips nothing and repeats nothing, over gaps that removals left and documents of any size."""
    numbers = [
        put_vectors(catalog, np.ones((size, 2), dtype=np.float32), source=f"/{size}") for size in (1, 9000, 3, 700)
    ]
    catalog.remove(numbers[2])
    ranges = catalog.added_since(0)
    expected = [each.first + n for each in ranges for n in range(each.passages)]
    assert [int(i) for ids, _ in catalog.vectors(ranges) for i in ids] == expected
    assert [identity for identity, *_ in catalog.texts(ranges)] == expected


def test_more_than_sqlite_takes_at_once(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """40,000 numbers or ids, more than SQLite takes parameters by default, bring exactly those that are there."""
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
    assert sorted((each.number, each.first, each.passages) for each in catalog.ranges(many)) == [(1, 1, 2), (2, 3, 1)]
    assert catalog.numbers(many) == {1: 1, 2: 1, 3: 2}
    ids, vectors = catalog.vectors_of(many)
    assert sorted(ids) == [1, 2, 3]
    stored = {
        int(each): vector
        for block in catalog.vectors(catalog.added_since(0))
        for each, vector in zip(*block, strict=True)
    }
    for identity, vector in zip(ids, vectors, strict=True):
        assert (vector == stored[identity]).all()


def test_none_asked_for_is_none(catalog: Catalog) -> None:
    """No numbers or ids bring nothing, and unknown ones neither."""
    put(catalog, SHIP)
    for some in ([], [99]):
        assert len(catalog.infos(some)) == len(catalog.passages(some)) == len(catalog.numbers(some)) == 0
        assert catalog.ranges(some) == []
        ids, vectors = catalog.vectors_of(some)
        assert (ids, len(vectors)) == ([], 0)


def test_all_documents_by_number(catalog: Catalog) -> None:
    """Each number leads to its document, as `documents` tells it; a removed one has none."""
    ship, king = put(catalog, SHIP), put(catalog, KING)
    numbered = catalog.numbered()
    assert {number: info.id for number, info in numbered.items()} == {ship: SHIP.id, king: KING.id}
    assert sorted(numbered.values(), key=lambda info: info.source) == catalog.documents()
    catalog.remove(ship)
    assert list(catalog.numbered()) == [king]


def test_documents_by_number_are_kept_up(catalog: Catalog) -> None:
    """After whatever happened to documents and their sources, they are those that are read anew."""
    crown = a_document("A crown.", source="/b")
    changes: list[Callable[[], object]] = [
        lambda: put(catalog, SHIP),
        lambda: put(catalog, KING),
        lambda: catalog.link("/a first one", KING.id),
        lambda: put(catalog, crown),
        lambda: catalog.link("/b", SHIP.id),  # of which crown loses its only source
        lambda: put(catalog, a_document("Another.", source="/a first one")),  # which king loses, and keeps its own
        lambda: catalog.relink({"/moved": SHIP.id}, ["/b"]),
        lambda: catalog.remove(catalog.number_of(KING.id) or 0),
        lambda: catalog.forget_removals(catalog.generation()),
        lambda: put(catalog, KING),
    ]
    for change in changes:
        change()
        assert catalog.numbered() == catalog.all_infos()


def test_what_did_not_change_is_not_read_again(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new document costs nothing for each of the others."""
    put(catalog, SHIP)
    before = catalog.numbered()
    monkeypatch.setattr(Catalog, "all_infos", lambda _: pytest.fail("all were read"))
    king = put(catalog, KING)
    assert set(catalog.numbered()) == {*before, king}
    assert king not in before


# Where a place is

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
        pytest.param(29, "1", "Trade", 2, id="within the second"),
        pytest.param(35, "1", "Trade > Oil", 1, id="a heading begins to count anew"),
        pytest.param(43, "2", "Trade > Oil", 0, id="a page, too: its paragraph began overleaf"),
        pytest.param(50, "2", "Trade > Oil", 1, id="the first to begin on the page"),
        pytest.param(65, "2", "Trade > Gas", 0, id="a heading takes the place of its sibling"),
        pytest.param(75, "2", "War", 1, id="and of all below"),
        pytest.param(99, "2", "War > Deep", 0, id="a level that was left out"),
    ],
)
def test_where_a_place_is(catalog: Catalog, start: int, page: str, heading: str, paragraph: int) -> None:
    """A place is told by its page, the headings above it, and its paragraph below the nearer of the two."""
    number = put(catalog, a_document("x" * 120, landmarks=MARKS))
    location = catalog.locate(number, start)
    assert (location.page, location.heading, location.paragraph) == (page, heading, paragraph)


def test_a_place_without_landmarks_has_no_name(catalog: Catalog) -> None:
    """Where the document names no places, nothing is made up."""
    assert catalog.locate(put(catalog, SHIP), 3).label == ""


def test_paragraphs_count_from_the_beginning_where_nothing_else_is(catalog: Catalog) -> None:
    """Without pages and headings, the second paragraph is the second of the document."""
    number = put(catalog, a_document("x" * 50, landmarks=[Landmark("paragraph", 0), Landmark("paragraph", 20)]))
    assert catalog.locate(number, 25).label == "¶ 2"


def test_a_heading_of_no_depth_ends_the_path(catalog: Catalog) -> None:
    """A damaged level does not make the search for headings above it go on for ever."""
    number = put(catalog, a_document("x" * 50, landmarks=[Landmark("heading", 0, "Flat", 0)]))
    assert catalog.locate(number, 9).heading == "Flat"


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
def test_a_changed_passage_is_noticed_when_it_is_read(
    catalog: Catalog, folder: Path, statement: str, value: str | bytes | int
) -> None:
    """A passage that does not match its checksum is served by no path, and named by the check of the whole."""
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
def test_a_lost_passage_is_noticed(catalog: Catalog, folder: Path, statement: str) -> None:
    """A document that lacks a passage or its vector is not served as if it were whole."""
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
        pytest.param("UPDATE documents SET passages = 1 << 40", lambda c: c.added_since(0), id="a count beyond belief"),
        pytest.param("UPDATE documents SET first = -5", lambda c: c.ranges([1]), id="an id below the first"),
        pytest.param("UPDATE documents SET notes = '{'", lambda c: c.documents(), id="notes that are no JSON"),
        pytest.param("UPDATE documents SET notes = '5'", lambda c: c.infos([1]), id="notes that are no list"),
        pytest.param("UPDATE passages SET text = x'00' WHERE id = 1", lambda c: c.passages([1]), id="a text of bytes"),
        pytest.param("UPDATE vectors SET vector = 'x'", lambda c: c.passages([1]), id="a vector of text"),
        pytest.param("UPDATE meta SET value = 'x' WHERE key = 'generation'", lambda c: c.generation(), id="generation"),
    ],
)
def test_what_cannot_be_right_is_damage(catalog: Catalog, folder: Path, statement: str, read: Any) -> None:
    """A value of the wrong kind or size is reported as damage; it neither stops the program nor keeps it busy."""
    put(catalog, SHIP)
    tamper(folder, statement)
    with pytest.raises(LibraryDamaged):
        read(catalog)


def test_a_lost_identity_is_damage(catalog: Catalog, folder: Path) -> None:
    """A catalog whose own record is missing says so."""
    tamper(folder, "DELETE FROM meta WHERE key = 'library'")
    with pytest.raises(LibraryDamaged, match="lost its library"):
        _ = catalog.library_id


def test_a_sound_catalog_has_no_problems(catalog: Catalog) -> None:
    """SQLite's check and every checksum agree."""
    put(catalog, SHIP)
    assert catalog.problems() == []


def test_a_newer_format_is_refused(catalog: Catalog, folder: Path) -> None:
    """A library of a later Pincite is not touched, and the error says to upgrade."""
    catalog.close()
    tamper(folder, f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(LibraryTooNew, match="pip install --upgrade pincite"):
        Catalog(folder)


def test_bytes_that_are_not_text_are_damage(catalog: Catalog, folder: Path) -> None:
    """A text that is not UTF-8 any more is reported as damage, not as a puzzle of SQLite's."""
    number = put(catalog, SHIP)
    tamper(folder, "UPDATE passages SET text = CAST(x'ff00ff' AS TEXT) WHERE id = 1")
    with pytest.raises(LibraryDamaged):
        catalog.document(number)


DAMAGES: dict[str, Any] = {
    "not a database": lambda data: b"This is not SQLite." * 300,
    "header of zeros": lambda data: b"\0" * 100 + data[100:],
    "truncated within a page": lambda data: data[: len(data) // 2 + 17],
    "only the header": lambda data: data[:100],
    "first page of noise": lambda data: data[:100] + bytes(range(256)) * 16 + data[4196:],
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_a_clear_error(catalog: Catalog, folder: Path, name: str) -> None:
    """Nothing of a damaged database is served: opening or reading it raises LibraryDamaged, which says what to do."""
    put(catalog, a_document(*[f"Passage {n} of many words." for n in range(300)]))
    catalog.close()
    path = folder / "catalog.db"
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    with pytest.raises(LibraryDamaged) as caught:
        read_everything(folder)
    assert str(folder) in caught.value.message
    assert "Restore it from a backup" in caught.value.hint


def read_everything(folder: Path) -> list[tuple[Document | None, Sequence[object]]]:
    """Open the catalog and read each document with its passages."""
    with closing(Catalog(folder)) as catalog:
        _ = catalog.library_id
        numbers = [catalog.number_of(info.id) for info in catalog.documents()]
        return [(catalog.document(n), catalog.passages_of(n)) for n in numbers if n is not None]


def test_a_writer_that_waits_too_long_says_why(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another program holds the database itself, the error is that it is locked."""
    monkeypatch.setattr("index.storage.database.BUSY_SECONDS", 0.01)
    catalog.close()
    with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryLocked) as caught:
            put(catalog, SHIP)
    assert isinstance(caught.value, PinciteError)
    assert caught.value.holder == "another program"
