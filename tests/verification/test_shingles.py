"""Word sequences distinguish a text in order from one whose lines changed places."""

from __future__ import annotations

import pytest

from index.loading.loader import load_bytes
from index.verification.sources import Witness, _unconfirmed, shingles
from tests.loading.pdfs import build, column

LINES = [
    "the ship left the harbour of Hull on the first day of May",
    "with forty sailors and a cargo of salted herring for the king",
    "but a storm drove her back before she had passed the cape",
]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param("a definition", "a defi\ufffenition", id="a hyphen at the end of a line, as pdfium writes it"),
        pytest.param("a definition", "a defi-\r\nnition", id="a hyphen and a line break"),
        pytest.param("a well-known office", "a well-\nknown office", id="a hyphen of the word's own"),
        pytest.param("a definition", "a de\ufb01nition", id="a ligature"),
        pytest.param("Left, he said.", "LEFT he\n said", id="case, punctuation, blanks"),
        pytest.param("1 In principle", "1In principle", id="a mark of a note that the witness glues to a word"),
    ],
)
def test_typographic_differences_do_not_count(ours: str, theirs: str) -> None:
    """Two readings with the same letters agree."""
    agreeing, count = Witness([f"{theirs} {LINES[0]}"]).counts(f"{ours} {LINES[0]}", [0])
    assert agreeing == count


def test_shingles_that_disagree_are_counted() -> None:
    """A run of five words is one. Another word costs those that contain it, two swapped lines the four across them.

    Lines that continue on the next page agree; words of another page confirm nothing, and unknown pages are no error.
    """
    agreeing, count = Witness(["the sheep left the harbour of Hull"]).counts("the ship left the harbour of Hull", [0])
    assert count - agreeing == 2
    assert shingles(["a", "b", "c", "d", "e", "f"]) == ["abcde", "bcdef"]
    assert shingles(["a", "b", "c", "d"]) == []
    witness = Witness(["\r\n".join(LINES[:2]), LINES[2]])
    agreeing, count = witness.counts(" ".join(LINES), range(2))
    assert agreeing == count == len(" ".join(LINES).split()) - 4
    agreeing, count = Witness(["\r\n".join(LINES[:2])]).counts(" ".join(LINES[1::-1]), [0])
    assert count - agreeing == 4
    witness = Witness(LINES)
    assert witness.counts(LINES[0], [1, 7, -1])[0] == 0
    assert witness.counts(LINES[0], [0])[0] == len(LINES[0].split()) - 4


PAGE = " ".join(f"bee{number} hive{chr(97 + number)}" for number in range(20))


def test_words_that_a_document_lacks_are_counted_by_page() -> None:
    """Words on a page beside are not lost; a number is only found as a word of its own.

    What several pages lack alike, up to its number, was left out on purpose.
    """
    witness = Witness([PAGE, "The ship 1 left.", "The whale swam by 7 times."])
    text = [PAGE, "The ship 12 left. by 7 times.", "The whale swam"]
    assert list(witness.lost(text)) == [(0, 0, 40), (1, 1, 4), (2, 0, 6)]
    assert next(iter(witness.lost(["", "", ""]))) == (0, 40, 40)
    witness = Witness([f"HISTORY OF BEES {page} {text}" for page, text in enumerate(("a ship", "a whale", "rain"))])
    assert [lost for _, lost, _ in witness.lost(["a ship", "a whale", "rain"])] == [0, 0, 0]


def test_page_of_which_words_are_missing_is_named() -> None:
    """A page is named if its second reading has many words that the document lacks, though no passage is wrong."""
    document = load_bytes(build([column(LINES)]), source="a.pdf")
    complete, more = Witness([document.text]), Witness([f"{document.text} {PAGE}"])
    assert not list(_unconfirmed("a.pdf", (), document, complete))
    assert [(found.page, found.passage) for found in _unconfirmed("a.pdf", (), document, more)] == [("1", -1)]
