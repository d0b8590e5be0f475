"""What comes along with a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.answers.assembly import narrow, widen
from index.answers.extractive import quotes
from index.answers.vicinity import Context, Run
from index.records import DocumentInfo, Hit, Location, Passage, Span
from index.storage.catalog.passage_queries import PassageRow
from index.text.sentences import split_sentences
from tests.factories import why


def a_hit(text: str, best: str, *, start: int = 0, identity: int = 1) -> Hit:
    """A passage; the sentence that begins with `best` has the highest claim, the others hardly any."""
    spans = tuple(Span(start + a, start + b) for a, b in split_sentences(text))
    claims = tuple(0.9 if text[a - start :].startswith(best) else 0.1 for a, _ in spans)
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


def said(text: str, best: str, question: str = "Who signed the treaty?") -> str:
    """The first quotation."""
    return quotes(question, [a_hit(text, best)])[0].words


VENDORS = (
    "Bread was dear.\n\nFour firms were competing:\n- Ericsson, in Stockholm\n- Nokia, in Espoo\n- ZTE, in Shenzhen"
)


def test_a_lead_brings_its_list() -> None:
    """A sentence that ends in a colon promises something."""
    assert said(VENDORS, "Four firms", "How many firms competed?") == VENDORS.removeprefix("Bread was dear.\n\n")


def test_a_list_has_a_line_an_item() -> None:
    """Where the answer is read; the citation is as it stands."""
    (quote,) = quotes("Which firms competed?", [a_hit(VENDORS, "Four firms")])
    assert quote.items == 3
    assert quote.text.count("\n") == 3
    assert quote.text.replace("\n", " ") == " ".join(quote.words.split())


def test_an_item_brings_its_lead() -> None:
    """`Nokia, in Espoo` alone says nothing."""
    assert said(VENDORS, "- Nokia", "Which firms competed?").startswith("Four firms were competing:")


def test_an_item_that_is_a_sentence_stands_alone() -> None:
    """Where one fact is asked for."""
    text = "Dates:\n- 1950: The king signed the treaty in Moscow. He left at once.\n- 1960: The queen kept a garden."
    assert said(text, "- 1950") == "- 1950: The king signed the treaty in Moscow. He left at once."


@pytest.mark.parametrize(
    ("text", "best", "wanted"),
    [
        (
            "Historians long believed that the king was a spy. But the files contain no evidence of it. Rain fell.",
            "Historians",
            "Historians long believed that the king was a spy. But the files contain no evidence of it.",
        ),
        (
            "The treaty was signed by the king. However, the treaty never took effect. Rain fell.",
            "The treaty was",
            "The treaty was signed by the king. However, the treaty never took effect.",
        ),
        (
            "The treaty of the king is a pact. The pact of the king shall not include the islands. Rain fell.",
            "The treaty of",
            "The treaty of the king is a pact. The pact of the king shall not include the islands.",
        ),
        (
            "The king signed the treaty. The queen kept a garden.",
            "The king",
            "The king signed the treaty.",
        ),
    ],
    ids=["belief", "however", "left out", "nothing"],
)
def test_what_takes_it_back_comes_along(text: str, best: str, wanted: str) -> None:
    """A belief never stands without its refutation, and nothing else comes along."""
    assert said(text, best) == wanted


def test_a_pronoun_brings_what_it_stands_for() -> None:
    """Over another sentence that hangs, too; not over a heading or a list of names."""
    text = "The second bridge was opened in 1950. It has two arches. It cost 2.7 million. Bread was dear."
    wanted = "The second bridge was opened in 1950. It has two arches. It cost 2.7 million."
    assert said(text, "It cost", "What did the second bridge cost?") == wanted


def test_these_are_those_of_the_sentence_before() -> None:
    """Also after a preposition; `those who` are nobody's."""
    text = "The judges feared two abuses. To address these fears, the king signed a treaty. Bread was dear."
    wanted = "The judges feared two abuses. To address these fears, the king signed a treaty."
    assert said(text, "To address", "What did the king sign?") == wanted
    text = "Rain fell. For those who came late, the king signed a copy."
    assert said(text, "For those", "What did the king sign?") == "For those who came late, the king signed a copy."


def test_what_is_counted_brings_its_promise() -> None:
    """`First` is one of something, which the sentence before says; the others come along."""
    text = (
        "The king lost for two reasons. First, he was ill. As a result, he came late. Second, he was poor. Rain fell."
    )
    wanted = "The king lost for two reasons. First, he was ill. As a result, he came late. Second, he was poor."
    assert said(text, "As a result", "Why did the king lose?") == wanted


def test_an_empty_subject_hangs_on_nothing() -> None:
    """`It is possible to …` refers to nothing."""
    text = "Bread was dear. It is possible to sign the treaty by letter."
    assert said(text, "It is possible") == "It is possible to sign the treaty by letter."


def test_a_promise_is_kept() -> None:
    """`Two weaknesses` without them is no answer."""
    text = "The method suffers from two weaknesses. First, it is slow. Second, it is dear. Rain fell."
    wanted = "The method suffers from two weaknesses. First, it is slow. Second, it is dear."
    assert said(text, "The method", "What two weaknesses does the method suffer from?") == wanted


def test_a_broken_line_is_whole_again() -> None:
    """Half a sentence is never quoted, and its words are those of the document."""
    text = "Bread was dear.\nThe old king signed the treaty of the north in the\nharbour of Rome and left.\nRain fell."
    wanted = "The old king signed the treaty of the north in the\nharbour of Rome and left."
    assert said(text, "The old king") == wanted
    assert said(text, "harbour of Rome") == wanted


def test_the_number_of_a_note_is_left_out() -> None:
    """It belongs to the sentence before."""
    assert said("Rain fell. [17] The king signed the treaty.", "[17] The king") == "The king signed the treaty."


def test_rows_bring_the_names_of_their_columns() -> None:
    """A row alone is numbers."""
    text = "Year | Firm | Sum\n1950 | Rosneft | 15 billion\n1951 | Transneft | 10 billion"
    assert said(text, "1950", "How much did Rosneft borrow?") == "Year | Firm | Sum\n1950 | Rosneft | 15 billion"


def test_what_stands_in_the_next_passage_comes_along() -> None:
    """A list may begin where the passage that was found ends; the hit then holds all that is quoted."""
    first, second = "The symptoms are these:", "- a lump in one place\n- a change of colour"
    hit = a_hit(first, "The symptoms")
    following = a_hit(second, "- a lump", start=len(first) + 1, identity=2)
    rows = [(PassageRow(each.passage, 1, b"", b"", frozenset()), "\n") for each in (hit, following)]
    (quote,) = quotes("What are the symptoms?", [hit], lambda found: widen(found, rows))
    assert quote.words == f"{first}\n{second}"
    wide = narrow(hit, quote.hit, quote.span)
    assert wide.passage.text == f"{first}\n{second}"
    assert len(wide.claims) == len(wide.cosines) == len(wide.passage.sentences)
    assert narrow(hit, quote.hit, hit.pin) is hit


def test_a_passage_that_is_gone_is_left_as_it_was() -> None:
    """Another process may have removed the document since."""
    hit = a_hit("The king signed the treaty.", "The king")
    assert widen(hit, []).hit is hit
    changed = replace(hit.passage, text="The queen signed the treaty.")
    assert widen(hit, [(PassageRow(changed, 1, b"", b"", frozenset()), "")]).hit is hit


def test_a_heading_is_a_border() -> None:
    """What hangs below a heading does not reach over it."""
    hit = a_hit("The treaty\nIt was signed by the king.", "It was")
    context = Context(hit, frozenset({0}))
    assert context.with_antecedents(Run(1, 1)) == Run(1, 1)
