"""The cell that a question asks for: found by its headers, pinned, and left alone in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.loading import formats
from index.loading.content import Content, Draft, compose, paragraph
from index.loading.grid import Outline, grid
from index.search.element_symbols import symbol_in
from index.search.header_words import asked_heads, weights_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index import Library
    from index.records import Document, Hit
    from tests.fakes import FakeEncoder

STEEL = [
    ["Grade", "Tensile strength, MPa", "Yield point, MPa", "C", "Tested"],
    ["SNB22-3", "1000", "890", "0.42", "1999"],
    ["SNB23-1", "1140", "1030", "0.40", "2001"],
    ["SNB24-5", "—", "690", "0.38", "2001"],
]
SHIPS = [["Ship", "Crew 1901", "Crew 1902", "Master"], ["Argo", "50", "61", "Jason"], ["Beagle", "74", "80", "FitzRoy"]]


def sheet(name: str, *tables: Sequence[Sequence[str]], letter: str = "a") -> Document:
    """Return a document of these tables."""
    blocks = [paragraph(f"About {name}."), *(grid(rows, Outline(caption=name)) for rows in tables)]
    draft = Draft(blocks, title=name)
    return compose(draft, Content(b"", formats.PLAIN), id=letter * 64, source=f"/tables/{name}.html")


def pinned(library: Library, question: str) -> Hit | None:
    """Return the hit whose pin is a cell, if there is one."""
    return next((hit for hit in library.search(question) if hit.cell), None)


@pytest.fixture
def tables(library: Library) -> Library:
    """Return a library with two documents of tables."""
    library.add_documents([sheet("Bolting steels", STEEL), sheet("Ships", SHIPS, letter="b")])
    return library


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is the tensile strength of SNB22-3?", "1000"),
        ("What is the yield point of SNB23-1?", "1030"),
        ("Which grade has a tensile strength of 1140?", "SNB23-1"),
        ("When was SNB22-3 tested?", "1999"),
        ("How much carbon is in SNB23-1?", "0.40"),
        ("How large was the crew of Argo in 1902?", "61"),
        ("Who was the master of the Beagle?", "FitzRoy"),
    ],
)
def test_a_cell_is_found_by_its_headers(tables: Library, question: str, words: str) -> None:
    """It is the pin of the first hit, and exactly the words of the cell."""
    first = tables.search(question)[0]
    assert first.cell
    assert first.quote == words
    assert tables.document(first.document.id).text[first.pin.start : first.pin.end] == words


def test_a_number_is_found_with_and_without_its_commas(library: Library) -> None:
    """`9467` in a question is `9,467` in a sheet."""
    sales = [["Zone", "Sales, CHF"], ["Europe", "9,467"], ["Asia", "9,060"], ["China", "2,548"]]
    library.add_documents([sheet("Zones", sales)])
    assert [library.search(f"Which zone had sales of {number}?")[0].quote for number in ("9467", "2548")] == [
        "Europe", "China",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "question",
    [
        "What is the tensile strength of SNB99-9?",  # no such row
        "What is the colour of SNB22-3?",  # no such column
        "What is the tensile strength of SNB24-5?",  # the cell says nothing
        "How large was the crew of Argo in 1903?",  # another year
        "Why was SNB22-3 tested?",  # no cell is a reason
    ],
)
def test_a_doubtful_cell_is_left_alone(tables: Library, question: str) -> None:
    """A wrong cell is the worst error."""
    assert pinned(tables, question) is None


def test_the_answer_is_the_cell_with_its_headers(tables: Library) -> None:
    """The citation has the exact words, the statement the headers."""
    answer = tables.ask("What is the tensile strength of SNB22-3?")
    (statement,), (citation,) = answer.statements, answer.citations
    assert answer.status == "answered"
    assert (statement.text, statement.verdict) == ("Tensile strength, MPa · SNB22-3: 1000", "verbatim")
    assert (citation.quote, citation.location.cell) == ("1000", "table 1, row 2")
    assert citation.location.headers == ("Tensile strength, MPa", "SNB22-3")


PEOPLE = [
    ["No.", "Id", "First name", "Town", "Age"],
    ["1", "DD37Cf93", "Sheryl", "Hull", "61"],
    ["2", "1Ef7b82A", "Preston", "Leith", "40"],
]


def test_a_row_is_named_by_the_words_of_the_question(library: Library) -> None:
    """And not by numbers and signs that come first; without such words, by these."""
    library.add_documents([sheet("People", PEOPLE)])
    answer = library.ask("In which town does Sheryl live?")
    assert answer.statements[0].text == "Town · Sheryl: Hull"
    assert answer.citations[0].location.headers == ("Town", "Sheryl")
    assert library.ask("What is the town of DD37Cf93?").statements[0].text == "Town · 1, DD37Cf93: Hull"


def test_a_longer_header_is_not_meant_unless_the_question_says_so(library: Library) -> None:
    """Who asks for the total does not mean the total of some."""
    rows = [["Ship", "Total and more", "Total", "Port"], ["Argo", "12", "15", "Hull"], ["Beagle", "20", "26", "Oban"]]
    library.add_documents([sheet("Ships", rows)])
    found = pinned(library, "What is the total of Argo?")
    assert found is not None
    assert found.quote == "15"


def test_a_word_that_begins_as_another_header_is_not_a_longer_one(library: Library) -> None:
    """`Cr` is no carbon of a certain kind."""
    library.add_documents([sheet("Bolting steels", [["Grade", "C", "Cr"], ["SNB22-3", "0.42", "1.1"]])])
    found = pinned(library, "How much chromium and carbon is in SNB22-3: what Cr?")
    assert found is not None
    assert found.quote == "1.1"


def test_a_row_in_the_middle_of_a_long_table_is_found(library: Library) -> None:
    """By the words of its column's header, which is far above it."""
    rows = [["Station", "Rainfall", "Altitude"], *([f"Station {n}", f"{n}.5", f"{n}00"] for n in range(1, 200))]
    library.add_documents([sheet("Weather", rows)])
    first = library.search("What is the altitude of Station 150?")[0]
    assert (first.quote, first.location.headers) == ("15000", ("Altitude", "Station 150"))
    assert "Altitude" in first.above
    assert "Altitude" not in first.passage.text


def test_a_narrower_table_is_not_meant_unless_the_question_says_so(library: Library) -> None:
    """Who asks for the cups does not mean those since 1967."""
    rows = [["Team", "Cups"], ["Blues", "1"], ["Flyers", "4"]]
    since = [["Team", "Cups"], ["Blues", "0"], ["Flyers", "2"]]
    blocks = [
        paragraph("On hockey."),
        grid(rows, Outline(caption="Cups")),
        grid(since, Outline(caption="Cups since 1967")),
    ]
    content = Content(b"", formats.PLAIN)
    library.add_documents([compose(Draft(blocks), content, id="a" * 64, source="/tables/cups.html")])
    first = {year: pinned(library, f"How many cups did the Flyers win{year}?") for year in ("", " since 1967")}
    assert [hit.quote for hit in first.values() if hit] == ["4", "2"]


def test_a_year_alone_does_not_say_what_a_table_is_about(tables: Library) -> None:
    """Most words of the question are in no header, no row and no title."""
    assert pinned(tables, "Who won the football championship in 2001?") is None


def test_a_row_with_a_longer_name_does_not_say_what_a_thing_is(library: Library) -> None:
    """The question names nothing but a part of the row."""
    rows = [["Who", "Duties"], ["harbour master", "gives ships their berths"], ["pilot", "knows the shoals"]]
    library.add_documents([sheet("Duties", rows)])
    assert pinned(library, "What is a harbour?") is None


def test_prose_has_no_cells(library: Library, encoder: FakeEncoder) -> None:
    """Passages without tables are encoded as before, and no pin is a cell."""
    text = "The tensile strength of SNB22-3 is 1000 MPa."
    document = compose(Draft([paragraph(text)]), Content(b"", formats.PLAIN), id="c" * 64, source="/prose")
    library.add_documents([document])
    assert encoder.encoded == [text]
    assert [hit.cell for hit in library.search("What is the tensile strength of SNB22-3?")] == [0.0]


def test_a_question_may_mean_headers_that_it_does_not_name() -> None:
    """The first words of a question say what heads the column, and an element is headed by its symbol."""
    assert "date" in " ".join(asked_heads("When was it built?"))
    assert not list(asked_heads("Is it whole?"))
    assert symbol_in("carbon", "C, %")
    assert not symbol_in("carbon", "Class")
    assert not symbol_in("bar", "B")


def test_rare_words_weigh_more() -> None:
    """In English and in the library; together they weigh 1."""
    weights = weights_of({"strength": "strength", "ilmenit": "ilmenite"}, {"strength": 1.0, "ilmenit": 1.0})
    assert weights[1] > weights[0]
    assert weights.sum() == pytest.approx(1)
    weights = weights_of({"argo": "Argo", "beagl": "Beagle"}, {"argo": 1.0, "beagl": 4.0})
    assert weights[1] > weights[0]


def test_a_model_is_shown_the_headers_of_rows(tables: Library) -> None:
    """A row in the middle of a table says nothing without them."""
    hits = tables.search("What is the yield point of SNB23-1?").hits
    assert "Yield point, MPa" in hits[0].above
    assert all(not hit.above for hit in hits if "|" not in hit.passage.text)


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("The tensile strength of SNB22-3 is 1140 MPa.", False),
        ("The tensile strength of SNB22-3 is 890 MPa.", False),
        ("SNB22-3 has a yield point of 1000 MPa.", False),
        ("The master of the Argo was FitzRoy.", False),
    ],
)
def test_a_claim_with_the_words_of_another_cell_is_not_supported(tables: Library, claim: str, *, holds: bool) -> None:
    """Neither another row's nor another column's cell supports a claim."""
    (statement,) = tables.check(claim).statements
    assert statement.is_supported is holds
