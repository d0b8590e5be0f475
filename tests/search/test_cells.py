"""The cell that a question asks for: chosen by the reader, pinned, and left alone in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from index import Library, Settings
from index.encoders.answer_reader import Verdict
from index.library.session import Models
from index.loading import formats
from index.loading.draft import Content, Draft, compose, paragraph
from index.loading.grid import Outline, grid
from index.search.readings import row_window
from tests.cases import cases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.encoders.answer_reader import Window
    from index.records import Document, Hit
    from tests.fakes import FakeEncoder

STEEL = [
    ["Grade", "Tensile strength, MPa", "Yield point, MPa", "C", "Tested"],
    ["SNB22-3", "1000", "890", "0.42", "1999"],
    ["SNB23-1", "1140", "1030", "0.40", "2001"],
    ["SNB24-5", "—", "690", "0.38", "2001"],
]
SHIPS = [["Ship", "Crew 1901", "Crew 1902", "Master"], ["Argo", "50", "61", "Jason"], ["Beagle", "74", "80", "FitzRoy"]]


class WordReader:
    """Gives a sentence a logit by the share of the question's words that it contains."""

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """Return the verdicts on windows."""
        wanted = {word.strip("?,.") for word in question.split()[2:]}
        verdicts = []
        for window in windows:
            above = set(window.text[: window.sentences[0].start].split())
            logits = []
            for span in window.sentences:
                header, _, words = span.of(window.text).rpartition(": ")
                shared = len(wanted & (above | set(words.split()))) + 1.5 * len(wanted & set(header.split()))
                logits.append(8.0 * shared / len(wanted) - 2.0)
            verdicts.append(Verdict(np.array(logits, np.float32), max(logits)))
        return verdicts


def sheet(name: str, *tables: Sequence[Sequence[str]], letter: str = "a") -> Document:
    """Return a document of these tables."""
    blocks = [paragraph(f"About {name}."), *(grid(rows, Outline(caption=name)) for rows in tables)]
    draft = Draft(blocks, title=name)
    return compose(draft, Content(b"", formats.PLAIN), id=letter * 64, source=f"/tables/{name}.html")


def pinned(library: Library, question: str) -> Hit | None:
    """Return the hit whose pin is a cell, if there is one."""
    return next((hit for hit in library.search(question) if hit.cell), None)


@pytest.fixture
def tables(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return a library with two documents of tables, and a reader of words."""
    monkeypatch.setattr(Models, "answer_reader", lambda *_: WordReader())
    library.add_documents([sheet("Bolting steels", STEEL), sheet("Ships", SHIPS, letter="b")])
    return library


@cases(
    ("question", "words"),
    [
        ("Which value: SNB22-3 Tensile strength, MPa?", "1000"),
        ("Which value: SNB23-1 Yield point, MPa?", "1030"),
        ("Which value: Argo Crew 1902?", "61"),
        ("Which value: Beagle Master?", "FitzRoy"),
    ],
)
def test_the_cell_that_the_reader_chooses_is_pinned(tables: Library, question: str, words: str) -> None:
    """It is the pin of the first hit, and exactly the words of the cell."""
    first = tables.search(question)[0]
    assert first.cell > 0.5
    assert first.quote == words
    assert tables.document(first.document.id).text[first.pin.start : first.pin.end] == words


@cases(
    "question",
    [
        "Which value: SNB24-5 Tensile strength, MPa?",  # the cell says nothing
        "Which value: colour of paint and lacquer SNB22-3?",  # no such column: few words are found
    ],
)
def test_a_doubtful_cell_is_left_alone(tables: Library, question: str) -> None:
    """A wrong cell is the worst error."""
    assert pinned(tables, question) is None


def test_the_answer_is_the_cell_with_its_headers(tables: Library) -> None:
    """The citation has the exact words, the statement the headers; a model is shown them, too."""
    answer = tables.ask("Which value: SNB22-3 Tensile strength, MPa?")
    (statement,), (citation,) = answer.statements, answer.citations
    assert (statement.text, statement.verdict) == ("Tensile strength, MPa · SNB22-3: 1000", "verbatim")
    assert (citation.quote, citation.location.cell) == ("1000", "table 1, row 2")
    assert citation.location.headers == ("Tensile strength, MPa", "SNB22-3")
    hits = tables.search("What is the yield point of SNB23-1?").hits
    assert "Yield point, MPa" in hits[0].above
    assert all(not hit.above for hit in hits if "|" not in hit.passage.text)


def test_prose_has_no_cells(library: Library, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passages without tables are encoded as before, and no pin is a cell."""
    monkeypatch.setattr(Models, "answer_reader", lambda *_: WordReader())
    text = "The tensile strength of SNB22-3 is 1000 MPa."
    document = compose(Draft([paragraph(text)]), Content(b"", formats.PLAIN), id="c" * 64, source="/prose")
    library.add_documents([document])
    assert encoder.encoded == [text]
    assert [hit.cell for hit in library.search("What is the tensile strength of SNB22-3?")] == [0.0]


def test_without_the_reader_the_row_is_pinned(library: Library) -> None:
    """Nothing else chooses a cell."""
    library.add_documents([sheet("Bolting steels", STEEL)])
    assert pinned(library, "What is the tensile strength of SNB22-3?") is None


def test_a_row_is_read_as_lines() -> None:
    """Each line is a sentence, below what is above the row; no header, no colon."""
    window = row_window(("Steels", ""), ["Grade: SNB22-3", "1000"])
    assert window.text == "Steels\nGrade: SNB22-3\n1000"
    assert [span.of(window.text) for span in window.sentences] == ["Grade: SNB22-3", "1000"]
    assert row_window((), []).sentences == ()


@pytest.fixture(scope="module")
def real_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Return a library of the tables with the shipped models."""
    with Library.open(tmp_path_factory.mktemp("tables"), Settings(precision="float32")) as library:
        library.add_documents([sheet("Bolting steels", STEEL), sheet("Ships", SHIPS, letter="b")])
        yield library


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is the tensile strength of SNB22-3?", "1000"),
        ("What is the yield point of SNB23-1?", "1030"),
        ("When was SNB22-3 tested?", "1999"),
        ("How large was the crew of Argo in 1902?", "61"),
        ("Who was the master of the Beagle?", "FitzRoy"),
    ],
)
def test_the_real_reader_finds_cells(real_tables: Library, question: str, words: str) -> None:
    """With the shipped models, the cell answers."""
    first = real_tables.search(question)[0]
    assert (first.quote, first.cell > 0.5) == (words, True)


@cases(
    "claim",
    [
        "The tensile strength of SNB22-3 is 1140 MPa.", "The tensile strength of SNB22-3 is 890 MPa.",
        "SNB22-3 has a yield point of 1000 MPa.", "The master of the Argo was FitzRoy.",
    ],
)  # fmt: skip
def test_a_claim_with_the_words_of_another_cell_is_not_supported(tables: Library, claim: str) -> None:
    """Neither another row's nor another column's cell supports a claim."""
    (statement,) = tables.check(claim).statements
    assert not statement.is_supported
