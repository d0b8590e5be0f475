"""What readers are told beside an answer, in words."""

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
def test_words_between_asterisks_are_told_apart(note: str, parts: list[tuple[str, bool]]) -> None:
    """And what only looks like them stays as it is."""
    assert list(remarks.parts(note)) == parts


@given(st.text(alphabet="*ab \n“<", max_size=40))
def test_no_word_of_a_note_is_lost(note: str) -> None:
    """Only the asterisks around words are, where they became quotation marks."""
    assert "".join(f"*{words}*" if emphatic else words for words, emphatic in remarks.parts(note)) == note
    marks = str.maketrans("", "", "“”*")
    assert remarks.plain(note).translate(marks) == note.translate(marks)


def test_a_remark_is_one_line_of_verdict_and_reason() -> None:
    """What the documents bear out has none."""
    missing = Statement("It flew.", (), "unverified", "not in the source: *flew*", nearest=1)
    assert remarks.remark(missing) == "Not verified: not in the source: “flew”"
    assert remarks.remark(Statement("It flew.", (), "contradicted")) == "Contradicted"
    question = Statement("Why?", (), "unverified", "Not checked: a question states nothing.", is_claim=False)
    assert remarks.remark(question) == "Not checked: a question states nothing."
    for verdict in ("verbatim", "supported"):
        assert remarks.remark(Statement("It flew.", (1,), verdict, "Some detail.")) == ""


def test_every_verdict_has_a_name_and_says_what_it_proves() -> None:
    """In the same order."""
    assert tuple(remarks.NAMES) == tuple(remarks.PROVEN) == get_args(Verdict)


@pytest.mark.parametrize(("confidence", "words"), [(1.0, "Strong match"), (0.75, "Fair match"), (0.0, "Weak match")])
def test_the_words_for_a_confidence_speak_of_the_match_alone(confidence: float, words: str) -> None:
    """They do not say that the answer is there."""
    assert Answer("q", "unsure", confidence, 0.6, (), (), (), (0, 0), "quote", {}).match == words


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
def test_the_summary_of_a_check_counts_every_sentence(verdicts: str, summary: str) -> None:
    """Those that state nothing apart."""
    by_letter: dict[str, Verdict] = {"v": "verbatim", "s": "supported", "c": "contradicted"}
    statements = [Statement("x", (), by_letter.get(each, "unverified"), is_claim=each != "-") for each in verdicts]
    assert Check(tuple(statements), ()).summary == summary
