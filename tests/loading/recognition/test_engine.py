"""What engines return: words with boxes, on pages that may lie on their side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.loading.recognition.engine import PageWords, PrintedWord, is_readable, printed_word, turned_back

SHARES = st.floats(0, 1).map(lambda share: round(share, 5))


@pytest.mark.parametrize(
    ("turn", "box"),
    [
        (0, (0.1, 0.2, 0.3, 0.25)),
        (90, (0.2, 0.7, 0.25, 0.9)),
        (180, (0.7, 0.75, 0.9, 0.8)),
        (270, (0.75, 0.1, 0.8, 0.3)),
    ],
)
def test_boxes_of_a_turned_page_are_those_before_the_turn(turn: int, box: tuple[float, ...]) -> None:
    """A word at the upper left of the upright page is where the displayed page has it."""
    upright = PageWords((PrintedWord("tern", 0.1, 0.2, 0.3, 0.25, 0.9, 0),), 0, ("eng",))
    page = turned_back(upright, turn)
    assert page.words[0][1:5] == pytest.approx(box)
    assert (page.turn, page.languages) == (turn, ("eng",))


@given(st.tuples(SHARES, SHARES, SHARES, SHARES), st.sampled_from((0, 90, 180, 270)))
def test_turning_there_and_back_changes_nothing(box: tuple[float, float, float, float], turn: int) -> None:
    """Two turns that add up to a full one give the same boxes."""
    left, right = sorted(box[:2])
    top, bottom = sorted(box[2:])
    page = PageWords((PrintedWord("tern", left, top, right, bottom, 0.9, 0),))
    back = turned_back(turned_back(page, turn), (360 - turn) % 360)
    assert back.words[0][1:5] == pytest.approx((left, top, right, bottom), abs=2e-5)


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [("tern", 0.5, True), ("tern", 0.05, False), ("~", 0.3, False), ("—", 0.9, True), (" ", 0.95, False)],
)
def test_spots_are_no_words(text: str, confidence: float, kept: bool) -> None:
    """Blank words, words without any certainty, and uncertain signs are dropped."""
    assert (printed_word(text, (0.1, 0.1, 0.2, 0.2), confidence, 0) is not None) == kept


def test_words_and_confidence_of_a_page() -> None:
    """A word has no blanks and stays on its page; long words count more for the confidence."""
    word = printed_word("Ar ctic\n", (-0.2, 0.1, 1.2, 0.2), 0.8, 3)
    assert word == PrintedWord("Arctic", 0.0, 0.1, 1.0, 0.2, 0.8, 3)
    words = (PrintedWord("a", 0, 0, 0.1, 0.1, 0.1, 0), PrintedWord("bcd", 0, 0, 0.1, 0.1, 0.9, 0))
    assert PageWords(words).confidence == pytest.approx(0.7)
    assert PageWords().confidence == 0


@pytest.mark.parametrize(
    ("read", "readable"),
    [
        ("c/95 SS/80 >/60 =}/50", False), ("POS/60 ,/90 “EK”/30 A,/40 MSD,/45 FR,/50 weet./70 AR:/20", False),
        ("Mctopua/40 ropoga/35 HaunHaetca/30 c/60 HeOombuion/20 raBaHn/45", False), ("STOP/92", True),
        ("42/96", True), ("Linzensoep/90 ons/95 |/40 bloem,/70 ~“/30 boter/96", True),
        ("人/96 人/95 生/91 而/90 自由/96", True), ("हिन्दी/90 में/95", True),
        ("No/90 vote[note/85 =r/60 12.5%/91 —/40", True),
    ],
)  # fmt: skip
def test_what_is_readable(read: str, readable: bool) -> None:
    """Words and numbers of any script are, if enough of them are certain; letters and marks of photographs are not."""
    parts = [word.rpartition("/") for word in read.split()]
    words = tuple(PrintedWord(text, 0.1, 0.1, 0.2, 0.2, int(sure) / 100, 0) for text, _, sure in parts)
    assert is_readable(PageWords(words)) == readable
