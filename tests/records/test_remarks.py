"""Texts beside an answer, in words: each stands in one table, and each of its names is one of the table."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

import index
from index.answers.assembly import recognition_notes
from index.records import Answer, Check, Citation, DocumentInfo, Location, Statement, Verdict, remarks, texts
from tests.cases import cases


@cases(
    ("note", "parts"),
    [
        ("No passage mentions *Brazil*.", [("No passage mentions ", False), ("Brazil", True), (".", False)]),
        ("*a b* and *c*", [("a b", True), (" and ", False), ("c", True)]),
        ("5 * 3 * 2 is 30", [("5 * 3 * 2 is 30", False)]),
        ("a*b*c", [("a*b*c", False)]),
        ("** and *", [("** and *", False)]),
        ("*un\nfinished*", [("*un\nfinished*", False)]),
        ("", []),
    ],
)
def test_words_between_asterisks_are_emphasised(note: str, parts: list[tuple[str, bool]]) -> None:
    """Other asterisks stay as they are."""
    assert list(remarks.parts(note)) == parts


@given(st.text(alphabet="*ab \n“<", max_size=40))
def test_note_keeps_all_of_its_characters(note: str) -> None:
    """Only the asterisks around words become quotation marks."""
    assert "".join(f"*{part}*" if emphatic else part for part, emphatic in remarks.parts(note)) == note
    marks = str.maketrans("", "", "“”*")
    assert remarks.plain(note).translate(marks) == note.translate(marks)


def test_remark_states_verdict_and_reason() -> None:
    """A supported statement has no remark."""
    missing = Statement("It flew.", (), "unverified", "not in the source: *flew*", nearest=1)
    assert remarks.remark(missing) == "Not verified: not in the source: “flew”"
    assert remarks.remark(Statement("It flew.", (), "contradicted")) == "Contradicted"
    question = Statement("Why?", (), "unverified", "Not checked: a question states nothing.", is_claim=False)
    assert remarks.remark(question) == "Not checked: a question states nothing."
    for verdict in ("verbatim", "supported"):
        assert remarks.remark(Statement("It flew.", (1,), verdict, "Some detail.")) == ""


def test_every_verdict_has_a_name_and_an_explanation() -> None:
    """Both tables have the order of the verdicts."""
    assert tuple(remarks.NAMES) == tuple(remarks.PROVEN) == get_args(Verdict)


@cases(("confidence", "label"), [(1.0, "Strong match"), (0.75, "Good match"), (0.0, "Weak match")])
def test_confidence_label_describes_the_match_only(confidence: float, label: str) -> None:
    """It does not claim that the passages contain the answer."""
    assert Answer("q", "unsure", confidence, 0.6, (), (), (), (0, 0), "quote", {}).match == label


@cases(
    ("verdicts", "summary"),
    [
        ("", "0 of 0 sentences supported"),
        ("vs", "2 of 2 sentences supported"),
        ("vscuu", "2 of 5 sentences supported, 1 contradicted, 2 not verified"),
        ("v-", "1 of 1 sentences supported; 1 states nothing"),
        ("u--", "0 of 1 sentences supported, 1 not verified; 2 state nothing"),
    ],
)
def test_check_summary_counts_every_sentence(verdicts: str, summary: str) -> None:
    """Sentences that state nothing are counted separately."""
    by_letter: dict[str, Verdict] = {"v": "verbatim", "s": "supported", "c": "contradicted"}
    statements = [
        Statement("x", (), by_letter.get(letter, "unverified"), is_claim=letter != "-") for letter in verdicts
    ]
    assert Check(tuple(statements), ()).summary == summary


def recognised(confidence: float | None, marker: int = 1) -> Citation:
    """Return a citation of words that were recognised with a confidence; None for words of a file's text."""
    info = DocumentInfo("id", "scan.pdf", "", "", "", "application/pdf", 100, 1, 1)
    return Citation(marker, info, Location(page="3", recognised=confidence), 0, 4, "tern")


def test_recognised_words_are_never_word_for_word() -> None:
    """The verdict on recognised words says so in its name and its meaning; that on other words stays as it is."""
    statement = Statement("tern", (1,), "verbatim")
    assert remarks.verdict_name(statement, [recognised(0.9)]) == "Word for word, as recognised"
    assert "recognised in a picture" in remarks.proven(statement, [recognised(0.9)])
    assert remarks.remark(statement, [recognised(0.9)]) == "as recognised"
    for citations in ([recognised(None)], [recognised(0.9, marker=2)], []):
        assert remarks.verdict_name(statement, citations) == "Word for word"
        assert remarks.proven(statement, citations) == remarks.PROVEN["verbatim"]
        assert remarks.remark(statement, citations) == ""


def test_low_confidence_says_so() -> None:
    """Words recognised with low confidence come with the advice to look at the picture.

    An answer says which quotations were recognised, and which of them with low confidence.
    """
    assert remarks.recognition(Location(recognised=None)) == ""
    assert remarks.recognition(Location(recognised=0.95)) == "as recognised in a picture of the page"
    assert "low confidence" in remarks.recognition(Location(recognised=remarks.LOW_CONFIDENCE - 0.01))
    assert recognition_notes([recognised(None)]) == ()
    (note,) = recognition_notes([recognised(None), recognised(0.9, 2), recognised(0.2, 3)])
    assert "[2], [3]" in note
    assert "low confidence: [3]" in note
    assert "as recognised" in note


FOLDER = Path(index.__file__).parent
FILES = {
    path: re.sub(r"(?m)^\s*//.*$", "", path.read_text("utf-8"))
    for suffix in ("html", "js", "py")
    for path in FOLDER.rglob(f"*.{suffix}")
    if path.stem != "texts"
}


def test_a_text_of_the_table_is_written_nowhere_else() -> None:
    """To change a text is to change one line, so no template or script repeats it."""
    long = [text for text in texts.constants().values() if len(text.split()) > 2]
    assert [
        (path.name, text) for path, content in FILES.items() if path.suffix != ".py" for text in long if text in content
    ] == []


def test_each_text_is_read_in_two_places_at_least() -> None:
    """A text of one place stands in that place, where it is found; a name without a text does not exist."""
    uses = Counter(name for content in FILES.values() for name in set(re.findall(r"\btexts\.([A-Z_]+)\b", content)))
    assert uses.keys() == texts.constants().keys()
    assert [name for name, number in uses.items() if number < 2] == []
