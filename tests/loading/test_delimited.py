"""Tables in text are read with the delimiter, the quotes and the header that they have."""

from __future__ import annotations

import pytest

from index.errors import TooLarge
from index.loading import delimited
from index.loading.delimited import Dialect, detect, records
from index.loading.loader import load_bytes
from tests.cases import cases
from tests.loading.tables import told

DIALECTS = {
    "commas": ("ship,year\nTern,1911\nSkua,1912\n", ","),
    "semicolons with decimal commas": ("ship;length\nTern;12,5\nSkua;13,7\nAuk;9,1\n", ";"),
    "semicolons with commas in words": ("Lorem, ipsum; dolor sit; amet\na; b; c\nsed, do; e; f\n", ";"),
    "tabs": ("ship\tnote\nTern\tsmall, grey\nSkua\tlarge, brown\n", "\t"),
    "bars": ("ship|year\nTern|1911\nSkua|1912\n", "|"),
    "delimiters within quotes": ('ship,note\nTern,"small; grey; quick"\nSkua,"large; brown; slow"\n', ","),
    "a comma in some lines of one column": ("Lorem, ipsum\ndolor sit\namet\nadipiscing\nsed, do eiusmod\n", ""),
    "prose": ("The ships left, and so did the crew.\nThey went north.\nNobody, then, knew why, or where.\n", ""),
    "records of unequal length": ("ship,year\nTern,1911,5\nSkua,1912,5,6\nAuk,1913\nRuff,1914,7,8,9\n", ","),
}


@cases(("text", "delimiter"), DIALECTS.values(), ids=DIALECTS.keys())
def test_the_delimiter_is_the_one_that_divides_evenly(text: str, delimiter: str) -> None:
    """Nearly all records have equally many fields, which are whole values."""
    assert detect(text).delimiter == delimiter


def test_quotes_and_line_breaks_are_those_of_the_file() -> None:
    """Single quotes count if they surround fields; a doubled quote is one; lines end in any of three ways."""
    assert detect("'a, b','c'\n'd, e','f'\n'g','h'\n") == Dialect(",", "'")
    assert detect("it's,so\nhe's,no\nwe're,at\nthey're,in\nI'm,on\n").quote == '"'
    assert list(records('a,"b\nc ""d"""\r\ne, "f, g"\rh', Dialect(","))) == [["a", 'b\nc "d"'], ["e", "f, g"], ["h"]]
    assert list(records('a, b\n"c", d', Dialect(""))) == [["a, b"], ["c, d"]]


def test_cells_are_named_by_record_and_column() -> None:
    """Blank records and those of several lines count once; without a header, columns have numbers."""
    document = load_bytes(b'ship,note,year\n\nTern,"small,\nand grey",1911\nSkua,,1912\n', source="/ships.csv")
    assert document.media_type == "text/csv"
    assert document.text == "ship | note | year\nTern | small, and grey | 1911\nSkua |  | 1912"
    assert told(document) == [
        "row 3, column “ship” | ship | Tern",
        "row 3, column “note” | note · Tern | small, and grey",
        "row 3, column “year” | year · Tern | 1911",
        "row 4, column “ship” | ship | Skua",
        "row 4, column “year” | year · Skua | 1912",
    ]
    document = load_bytes(b"Tern;1911;12.5\nSkua;1912;13.5\n", source="/ships.csv")
    assert told(document)[:2] == ["row 1, column 1 |  | Tern", "row 1, column 2 | Tern | 1911"]
    document = load_bytes(b"Hull\nLeith\nOban, perhaps\n", source="/ports.csv")
    assert told(document) == [
        "row 1, column 1 |  | Hull",
        "row 2, column 1 |  | Leith",
        "row 3, column 1 |  | Oban, perhaps",
    ]


def test_lines_around_a_table_are_paragraphs_and_sparse_rows_are_rows() -> None:
    """A title is its caption, and a note follows it; many rows with one field are no titles."""
    document = load_bytes(
        b"Ships of the north,,\nship,year,crew\nTern,1911,5\nSkua,1912,6\nas of 1920,,\n", source="/a.csv"
    )
    assert document.text == "Ships of the north\n\nship | year | crew\nTern | 1911 | 5\nSkua | 1912 | 6\n\nas of 1920"
    assert document.tables[0].caption == "Ships of the north"
    assert told(document)[0] == "row 3, column “ship” | ship | Tern"
    lines = "".join(f"ship {n},\n" for n in range(9))
    document = load_bytes(f"name,year\nTern,1911\n{lines}".encode(), source="/a.csv")
    assert told(document)[-1] == "row 11, column “name” | name | ship 8"


def test_text_that_is_no_clean_table_is_read_whole() -> None:
    """Prose that is called a table has paragraphs; nothing is lost where a quote never ends."""
    prose = "The ships left the harbour in the morning.\nNobody knew why.\n\nThey came back on the third day.\n"
    document = load_bytes(prose.encode(), source="/ships.csv")
    assert document.tables == ()
    assert len([mark for mark in document.landmarks if mark.kind == "paragraph"]) == 2
    document = load_bytes(b'ship,year\nTern,"1911\nSkua,1912\n', source="/a.csv")
    assert "1911 Skua,1912" in document.text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_tables_in_any_encoding_are_read(encoding: str) -> None:
    """The bytes are decoded as those of plain text."""
    document = load_bytes("ship\tort\nSeeadler\tGroßenkneten\nMöwe\tRhön\n".encode(encoding), source="/ships.tsv")
    assert document.media_type == "text/tab-separated-values"
    assert told(document)[1] == "row 2, column “ort” | ort · Seeadler | Großenkneten"


def test_a_table_with_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint says what to do."""
    monkeypatch.setattr(delimited, "_MAX_CELLS", 9)
    with pytest.raises(TooLarge, match="more than 9 cells") as caught:
        load_bytes(b"ship,year\n" * 5, source="/a.csv")
    assert "Split" in caught.value.hint
