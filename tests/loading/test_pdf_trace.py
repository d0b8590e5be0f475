"""Words of a document are traced in the text runs that it was made of."""

from __future__ import annotations

import pytest

from index.loading.pdf.word_boxes import Words, squeezed, trace
from index.text.sentences import normalise
from tests.cases import cases

BEFORE = "The bees left the hive in the morning and came home at noon."
AFTER = "Nobody had expected them to stay away for so long a time."


def traced(runs: list[str], text: str, expected: range = range(0)) -> list[tuple[int, str]]:
    """Trace the quote between brackets; return run and letters of each stretch."""
    before, _, rest = text.partition("[")
    quote, _, after = rest.partition("]")
    letters = [squeezed(run)[0] for run in runs]
    stretches = trace(letters, Words(before, quote, after), expected).stretches
    assert all(0 <= stretch.first < stretch.last <= len(letters[stretch.run]) for stretch in stretches)
    if stretches:
        assert "".join(letters[run][first:last] for run, first, last in stretches) == squeezed(quote)[0]
    return [(run, normalise(letters[run][first:last])) for run, first, last in stretches]


CASES = {
    "a part of a run": (["The bees left", "the hive."], "The [bees] left the hive.", [(0, "bees")]),
    "over two runs": (["The bees left", "the hive."], "The bees [left the] hive.", [(0, "left"), (1, "the")]),
    "a hyphen at the margin": (["a remark-", "able bee"], "a [remarkable] bee", [(0, "remark"), (1, "able")]),
    "a hyphen that stays": (["a well-", "read bee"], "a [well-read] bee", [(0, "well"), (1, "read")]),
    "an accent by itself": (["Cafe\u0301 noir"], "[Café] noir", [(0, "Café")]),
    "a ligature": (["\ufb01nd it"], "[find] it", [(0, "find")]),
    "Arabic": (["جاء القمح", "من البحر"], "جاء [القمح من] البحر", [(0, "القمح"), (1, "من")]),
    "Japanese": (["穀物は船", "で来た。"], "穀物[は船で]来た。", [(0, "は船"), (1, "で")]),
    "over a running head": (["The bees", "HISTORY 7", "left."], "The [bees left.]", [(0, "bees"), (2, "left.")]),
    "in another order": (
        ["left,", "The bees", "at noon."],
        "[The bees left,] at noon.",
        [(1, "Thebees"), (0, "left,")],
    ),
    "over the cells of a row": (["hive bees", "7 8"], "hive | bees\n7 | [8]", [(1, "8")]),
    "a bar of a formula": (["the set |A|", "is small"], "the set [|A|] is small", [(0, "|A|")]),
    "other words": (["The bees left", "the hive."], "The [wasps] left the hive.", []),
    "another number": (["The 12 bees left."], "The [13 bees] left.", []),
    "words within other words": (["The beesting", "hurt."], "The [bees] hurt.", []),
    "a run that is not whole": (["The bees did not leave."], "The [bees did] leave.", []),
    "nothing": (["The bees left."], "The[ ]bees left.", []),
    "no runs": ([], "The [bees] left.", []),
}


@cases(("runs", "text", "stretches"), CASES.values(), ids=CASES.keys())
def test_words_are_traced_exactly_or_not_at_all(runs: list[str], text: str, stretches: list[tuple[int, str]]) -> None:
    """Words are traced only where whole runs equal the text around them."""
    assert traced(runs, text) == stretches


REPEATED = {
    "after the same words as elsewhere": (
        ["Bees sting.", "Wasps too.", "Bees sting.", "Hornets too."],
        "Bees sting. Wasps too. [Bees sting.] Hornets too.",
        [(2, "Beessting.")],
    ),
    "before the same words as elsewhere": (
        ["Wasps too.", "Bees sting.", "Hornets too.", "Bees sting."],
        "Wasps too. Bees sting. Hornets too. [Bees sting.]",
        [(3, "Beessting.")],
    ),
    "in a row": (["No."] * 4 + ["Yes."], "No. No. [No.] No. Yes.", [(2, "No.")]),
    "broken here, whole elsewhere": (
        ["It is over.", BEFORE, "It is", "HISTORY 7", "over.", AFTER],
        f"{BEFORE} [It is over.] {AFTER}",
        [(2, "Itis"), (4, "over.")],
    ),
    "at the head of a column, and elsewhere after the same words": (
        ["The end of it", "Bees sting.", BEFORE, "The end of it", "A margin.", "Bees sting.", AFTER],
        f"{BEFORE} The end of it [Bees sting.] {AFTER}",
        [(5, "Beessting.")],
    ),
    "alone": (["No.", "Maybe.", "No.", "Perhaps."], "[No.]", []),
}


@pytest.mark.parametrize(("runs", "text", "stretches"), REPEATED.values(), ids=REPEATED.keys())
def test_repeated_words_are_traced_by_their_context(
    runs: list[str], text: str, stretches: list[tuple[int, str]]
) -> None:
    """The context identifies them; if it does not, none of them is taken."""
    assert traced(runs, text) == stretches


@pytest.mark.parametrize("expected", [range(2), range(2, 4)])
def test_duplicate_page_is_resolved_by_the_expected_page(expected: range) -> None:
    """If nothing else decides, the expected page does."""
    runs = [BEFORE, "Bees sting."] * 2
    assert traced(runs, "[Bees sting.]", expected) == [(expected[1], "Beessting.")]


def test_trace_is_sure_if_the_text_continues() -> None:
    """A run that continues with the text, or whose next run does, is sure; an isolated run is not."""
    assert trace(["Beessting."], Words("", "Bees", " sting."), range(0)).sure
    assert trace(["Beessting.", "Waspstoo."], Words("", "Bees sting.", " Wasps too."), range(0)).sure
    assert not trace(["Beessting.", "Hornets.", "Waspstoo."], Words("", "Bees sting.", " Wasps too."), range(0)).sure


def test_page_with_thousands_of_matches_is_given_up() -> None:
    """Thousands of runs that each fit in thousands of places are not compared with each other."""
    assert traced(["a"] * 5_000, f"[{'a' * 1_000}]") == []
