"""What a second reading of a page adds to the first."""

from __future__ import annotations

from index.loading.recognition.engine import PageWords, PrintedRule, PrintedWord
from index.loading.recognition.second_look import with_missed

FIRST = PageWords(
    (PrintedWord("Kiel", 0.1, 0.1, 0.2, 0.12, 0.9, 0), PrintedWord("—-16", 0.3, 0.1, 0.35, 0.12, 0.3, 0)),
    languages=("deu",),
    rules=(PrintedRule(0, 0, 1, 0),),
)


def second(text: str, left: float, right: float, confidence: float = 0.95) -> PageWords:
    """Return a page with one word on the level of those of the first reading."""
    return PageWords((PrintedWord(text, left, 0.1, right, 0.12, confidence, 0),))


def test_missed_words_are_added_on_lines_of_their_own() -> None:
    """The page is otherwise that of the first reading."""
    found = with_missed(FIRST, second("5", 0.5, 0.51))
    assert [word.text for word in found.words] == ["Kiel", "—-16", "5"]
    assert found.words[2].line == 1
    assert (found.languages, found.rules) == (FIRST.languages, FIRST.rules)


def test_doubtful_words_are_replaced_by_sure_ones() -> None:
    """In their line, with the confidence of the second reading."""
    found = with_missed(FIRST, second("16", 0.301, 0.35))
    assert [(word.text, word.confidence, word.line) for word in found.words] == [("Kiel", 0.9, 0), ("16", 0.95, 0)]


def test_sure_words_stay_and_doubtful_ones_add_nothing() -> None:
    """A word that touches another one is not a missed one."""
    assert with_missed(FIRST, second("Keil", 0.1, 0.2)) == FIRST
    assert with_missed(FIRST, second("5", 0.5, 0.51, confidence=0.6)) == FIRST
    assert with_missed(FIRST, second("elKi", 0.17, 0.25)) == FIRST
    assert with_missed(FIRST, second("16 of 20", 0.3, 0.6)) == FIRST
