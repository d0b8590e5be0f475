"""The vicinity of a quote: which neighbouring sentences are quoted with it."""

from __future__ import annotations

from dataclasses import replace

from index.answers.assembly import narrow, widen
from index.answers.extractive import Context, Run, quotes
from index.records import DocumentInfo, Hit, Location, Passage, Span
from index.storage.catalog.passage_queries import PassageRow
from index.text.questions import read_question
from index.text.sentences import split_sentences
from tests.cases import cases
from tests.factories import why


def make_hit(text: str, best: str, *, start: int = 0, identity: int = 1) -> Hit:
    """Return a passage in which the sentence that begins with `best` has by far the highest claim."""
    spans = tuple(Span(start + begin, start + end) for begin, end in split_sentences(text))
    claims = tuple(0.9 if text[begin - start :].startswith(best) else 0.1 for begin, _ in spans)
    assert max(claims) == 0.9
    return Hit(
        passage=Passage(identity, "d", 0, start, start + len(text), text, spans),
        document=DocumentInfo("d", "d", "", "", "", "text/plain", len(text), 0, 1),
        score=0.9,
        pin=spans[claims.index(0.9)],
        location=Location(),
        why=why(),
        claims=claims,
        cosines=claims,
    )


VENDORS = (
    "Bread was dear.\n\nFour firms were competing:\n- Ericsson, in Stockholm\n- Nokia, in Espoo\n- ZTE, in Shenzhen"
)


BORROWED = "Year | Firm | Sum\n1950 | Rosneft | 15 billion\n1951 | Transneft | 10 billion"
BRIDGE = "The second bridge was opened in 1950. It has two arches. It cost 2.7 million."
OVER_TWO_LINES = "The old king signed the treaty of the north in the\nharbour of Rome and left."
WHO = "Who signed the treaty?"
VICINITIES = {
    "the list that a sentence announces with a colon": (
        VENDORS, "Four firms", "How many firms competed?", VENDORS.removeprefix("Bread was dear.\n\n"),
    ),
    "the introduction of a list with its item": (
        VENDORS, "- Nokia", "Which firms competed?", VENDORS.removeprefix("Bread was dear.\n\n"),
    ),
    "an item that is a sentence alone": (
        "Dates:\n- 1950: The king signed the treaty in Moscow. He left at once.\n- 1960: The queen kept a garden.",
        "- 1950", WHO, "- 1950: The king signed the treaty in Moscow. He left at once.",
    ),
    "a belief with its refutation": (
        "Historians long believed that the king was a spy. But the files contain no evidence of it. Rain fell.",
        "Historians", WHO, "Historians long believed that the king was a spy. But the files contain no evidence of it.",
    ),
    "a statement with its `however`": (
        "The treaty was signed by the king. However, the treaty never took effect. Rain fell.",
        "The treaty was", WHO, "The treaty was signed by the king. However, the treaty never took effect.",
    ),
    "no other sentence": (
        "The king signed the treaty. The queen kept a garden.", "The king", WHO, "The king signed the treaty.",
    ),
    "a pronoun with its antecedent, over another pronoun": (
        f"{BRIDGE} Bread was dear.", "It cost", "What did the second bridge cost?", BRIDGE,
    ),
    "a demonstrative with the sentence before, also after a preposition": (
        "The judges feared two abuses. To address these fears, the king signed a treaty. Bread was dear.",
        "To address", "What did the king sign?",
        "The judges feared two abuses. To address these fears, the king signed a treaty.",
    ),
    "`those who` alone, which refers to no earlier sentence": (
        "Rain fell. For those who came late, the king signed a copy.", "For those", "What did the king sign?",
        "For those who came late, the king signed a copy.",
    ),
    **{f"a sentence over two lines whole, from {best}": (
        f"Bread was dear.\n{OVER_TWO_LINES}\nRain fell.", best, WHO, OVER_TWO_LINES,
    ) for best in ("The old king", "harbour of Rome")},
    "a footnote number without the sentence after it": (
        "Rain fell. [17] The king signed the treaty.", "[17] The king", WHO, "The king signed the treaty.",
    ),
}  # fmt: skip


@cases(("text", "best", "question", "expected"), VICINITIES.values(), ids=VICINITIES.keys())
def test_sentence_is_quoted_with_what_it_needs(text: str, best: str, question: str, expected: str) -> None:
    """The table says what is quoted with the best sentence; half a sentence is never quoted."""
    words = quotes(read_question(question), [make_hit(text, best)])[0].words
    assert words == expected or (best == "- Nokia" and words.startswith("Four firms were competing:"))


def test_list_is_shown_with_one_item_per_line() -> None:
    """The answer has line breaks; the citation has the words of the document."""
    (quote,) = quotes(read_question("Which firms competed?"), [make_hit(VENDORS, "Four firms")])
    assert quote.items == 3
    assert quote.text.count("\n") == 3
    assert quote.text.replace("\n", " ") == " ".join(quote.words.split())


def test_row_of_a_table_is_quoted_alone() -> None:
    """Its headers are told if the table is known as one; rows of one cell are lines of a text, and may go on."""
    for best in ("1950 | Rosneft | 15 billion", "1951 | Transneft | 10 billion"):
        found = quotes(read_question("How much was borrowed?"), [make_hit(BORROWED, best)])
        assert found[0].words == best
        assert not [quote for quote in found if "\n" in quote.words]
    lines = "The king, who was in the town at that time and did not want to wait,\nsigned the treaty at last."
    assert quotes(read_question("Who signed the treaty?"), [make_hit(lines, "signed")])[0].words == lines


def test_list_in_the_next_passage_is_included() -> None:
    """A list may begin where the passage of the hit ends; the hit then holds everything that is quoted."""
    first, second = "The symptoms are these:", "- a lump in one place\n- a change of colour"
    hit = make_hit(first, "The symptoms")
    following = make_hit(second, "- a lump", start=len(first) + 1, identity=2)
    rows = [(PassageRow(neighbour.passage, 1, b"", b"", frozenset()), "\n") for neighbour in (hit, following)]
    (quote,) = quotes(read_question("What are the symptoms?"), [hit], lambda hit_to_widen: widen(hit_to_widen, rows))
    assert quote.words == f"{first}\n{second}"
    wide = narrow(hit, quote.hit, quote.span)
    assert wide.passage.text == f"{first}\n{second}"
    assert len(wide.claims) == len(wide.cosines) == len(wide.passage.sentences)
    assert narrow(hit, quote.hit, hit.pin) is hit


def test_removed_or_changed_passage_is_not_widened() -> None:
    """Another process may have removed or changed the document since the search."""
    hit = make_hit("The king signed the treaty.", "The king")
    assert widen(hit, []).hit is hit
    changed = replace(hit.passage, text="The queen signed the treaty.")
    assert widen(hit, [(PassageRow(changed, 1, b"", b"", frozenset()), "")]).hit is hit


def test_antecedent_is_not_searched_across_a_heading() -> None:
    """A pronoun below a heading does not refer to a sentence above it."""
    hit = make_hit("The treaty\nIt was signed by the king.", "It was")
    context = Context(hit, frozenset({0}))
    assert context.with_antecedents(Run(1, 1)) == Run(1, 1)
