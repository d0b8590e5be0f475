"""Remarks beside an answer, in words."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.records import Answer, Check, Statement, Verdict, remarks


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(("confidence", "label"), [(1.0, "Strong match"), (0.75, "Fair match"), (0.0, "Weak match")])
def test_confidence_label_describes_the_match_only(confidence: float, label: str) -> None:
    """It does not claim that the passages contain the answer."""
    assert Answer("q", "unsure", confidence, 0.6, (), (), (), (0, 0), "quote", {}).match == label


@pytest.mark.parametrize(
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
