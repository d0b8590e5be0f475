"""The extractive writer: which sentences it quotes, in which order, and how much of each."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from index.answers.extractive import JOIN_LOGIT, MORE_LOGIT, STATEMENTS, quotes
from index.records import DocumentInfo, Hit, Location, Passage, Span
from index.text.questions import read_question
from tests.cases import cases
from tests.factories import why

NEVER = float("-inf")


def make_hit(
    *sentences: tuple[str, float], score: float = 0.9, document: str = "d", logits: tuple[float, ...] = ()
) -> Hit:
    """Return a passage of these sentences with their claims; the best sentence is the pin."""
    spans, position = [], 0
    for words, _ in sentences:
        spans.append(Span(position, position + len(words)))
        position += len(words) + 1
    text = " ".join(words for words, _ in sentences)
    claims = tuple(claim for _, claim in sentences)
    return Hit(
        passage=Passage(1, document, 0, 0, len(text), text, tuple(spans)),
        document=DocumentInfo(document, document, "", "", "", "text/plain", len(text), 0, 1),
        score=score,
        pin=spans[claims.index(max(claims))],
        location=Location(),
        why=why(),
        claims=claims,
        logits=logits,
    )


SIGNED, SNOW = "The king signed the treaty.", "Snow lay on the bridge."
WHO, WHAT, WHOM = "Who signed the treaty?", "What happened in the harbour?", "Who did that to the treaty?"
CHARLES, ANNE = "King Charles signed it in April.", "Queen Anne sealed it in May."
CHOICES: dict[str, tuple[str, list[Hit], list[str]]] = {
    "the best sentence, although it is late in its passage and another passage ranks higher": (
        WHO,
        [make_hit(("Bread was dear.", 0.2), ("Rain fell.", 0.1), score=0.8),
         make_hit(("A comet came.", 0.1), ("The king signed it.", 0.9), score=0.7, document="e")],
        ["The king signed it."],
    ),
    "no sentence with a claim far below that of the first one": (
        WHO, [make_hit((SIGNED, 0.9), ("Bread was dear.", 0.3))], [SIGNED],
    ),
    "what the reader has read, and nothing else, however near to the question": (
        WHO,
        [make_hit(("A comet came.", 0.9), document="e"), make_hit((SIGNED, 0.4), score=0.5, logits=(2.0,))], [SIGNED],
    ),
    "no sentence that adds nothing to what is already quoted": (
        WHO,
        [make_hit((SIGNED, 0.9), score=0.8),
         make_hit(("The king signed the treaty in winter.", 0.88), score=0.7, document="e"),
         make_hit(("Queen Anne kept a copy under glass.", 0.88), score=0.69, document="f")],
        [SIGNED, "Queen Anne kept a copy under glass."],
    ),
    "after the best, the sentences of a document in their order": (
        "Which events does the book name?",
        [make_hit((SNOW, 0.83), (SIGNED, 0.95), ("Copper bells rang all night.", 0.85))],
        [SIGNED, SNOW, "Copper bells rang all night."],
    ),
    "where the question asks for one fact, a sentence that is certain is the whole answer": (
        WHAT, [make_hit((SIGNED, 0.95), (SNOW, 0.70))], [SIGNED],
    ),
    "a rival, which is nearly as good as the best": (
        WHOM,
        [make_hit((CHARLES, 0.95)), make_hit((ANNE, 0.93), score=0.88, document="e"),
         make_hit(("Duke Otto slept in June.", 0.5), score=0.8, document="f")],
        [CHARLES, ANNE],
    ),
    **{f"a rival that the reader finds likely: {logit}": (
        WHOM, [make_hit((CHARLES, 0.95), ("Rain fell.", 0.1), (ANNE, 0.93), logits=(3.0, -5.0, logit))], quoted,
    ) for logit, quoted in ((MORE_LOGIT, [CHARLES, ANNE]), (MORE_LOGIT - 0.1, [CHARLES]))},
    **{f"as one quotation, a neighbour that the reader finds likely: {logit}": (
        "Who doubts it?",
        [make_hit(("Rome doubts it.", 0.9), (SNOW, 0.2), ("Rain fell.", 0.1), logits=(3.0, logit, -5.0))], [quoted],
    ) for logit, quoted in ((JOIN_LOGIT, f"Rome doubts it. {SNOW}"), (JOIN_LOGIT - 0.1, "Rome doubts it."))},
    "no menus or references, however similar they are to the question": (
        WHO,
        [make_hit(("Click here to see who signed the treaty.", 1.2), ("42. Roberts, Iwan (12 May 2020).", 1.1)),
         make_hit((SIGNED, 0.5), score=0.3, document="e")],
        [SIGNED],
    ),
    "with a sentence, the one before that names its subject": (
        "What do the tubes of Nord Stream measure across?",
        [make_hit(("Nord Stream is a pipeline.", 0.72), ("Its steel tubes measure a metre across.", 0.95))],
        ["Nord Stream is a pipeline. Its steel tubes measure a metre across."],
    ),
    "with a pronoun, the sentence before": (
        WHO, [make_hit(("The king came to Rome.", 0.3), ("He signed the treaty there.", 0.9))],
        ["The king came to Rome. He signed the treaty there."],
    ),
    "a chain of pronouns to its beginning": (
        WHO,
        [make_hit(("The king came to Rome.", 0.1), ("It was his last journey.", 0.2), ("He signed it there.", 0.95))],
        ["The king came to Rome. It was his last journey. He signed it there."],
    ),
    "no heading, which no pronoun refers to": (
        WHO, [make_hit(("The treaty", NEVER), ("It was signed by the king.", 0.9))], ["It was signed by the king."],
    ),
    "a long sentence whole": (
        "Who signed?", [make_hit((("signed " * 100).strip(), 0.9))], [("signed " * 100).strip()],
    ),
    "nothing without hits": (WHO, [], []),
}  # fmt: skip


@cases(("question", "hits", "quoted"), CHOICES.values(), ids=CHOICES.keys())
def test_quoted_sentences(question: str, hits: list[Hit], quoted: list[str]) -> None:
    """The table says which sentences are quoted, in which order."""
    assert [quote.text for quote in quotes(read_question(question), hits)] == quoted


def test_number_of_quotes_is_limited() -> None:
    """The limit holds, however many sentences fit the question."""
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    hits = [make_hit((f"The {word} {word}x{word} signed.", 0.9), document=word) for word in words]
    assert len(quotes(read_question(WHAT), hits)) == STATEMENTS


def test_comparison_quotes_the_best_sentence_for_each_side() -> None:
    """The best one for the whole question comes first; none is quoted twice."""
    rosneft = make_hit(("Rosneft took 15 billion.", 0.9), ("Rain fell.", 0.7))
    transneft = make_hit(("Transneft took 10 billion.", 0.8), document="e")
    question = read_question("Which is larger, the loan of Rosneft or the loan of Transneft?")
    chosen = quotes(question, [rosneft, transneft], None, [(question, [rosneft]), (question, [transneft])])
    assert [quote.text for quote in chosen] == ["Rosneft took 15 billion.", "Transneft took 10 billion."]
    both = make_hit(("Rosneft took more than Transneft.", 0.99), score=0.95, document="f")
    assert [quote.text for quote in quotes(question, [both], None, [(question, [both])] * 2)] == [both.quote]


def test_each_part_of_a_question_gets_its_best_sentence() -> None:
    """A sentence that is the best for two parts is quoted once; a part without a likely one gets none."""
    date = make_hit(("The bridge was built in 1950.", 0.9))
    builder = make_hit(("John Smith built the bridge.", 0.9), document="e")
    question = read_question("When was the bridge built and by whom?")
    when, whom = map(read_question, question.parts)
    chosen = quotes(question, [date, builder], None, [(when, [date]), (whom, [builder])])
    assert [quote.text for quote in chosen] == ["The bridge was built in 1950.", "John Smith built the bridge."]
    assert len(quotes(question, [date], None, [(when, [date]), (whom, [date])])) == 1
    date = make_hit(("The bridge was built in 1950.", 0.9), logits=(3.0,))
    question = read_question("When was the bridge built and by whom?")
    when, whom = map(read_question, question.parts)
    for logit, number in ((MORE_LOGIT, 2), (MORE_LOGIT - 0.1, 1)):
        other = make_hit(("John Smith came to the bridge.", 0.9), document="e", logits=(logit,))
        assert len(quotes(question, [date], None, [(when, [date]), (whom, [other])])) == number


SENTENCES = st.lists(
    st.tuples(st.text("abc ,;:—HeIt.", min_size=1, max_size=500), st.floats(-1, 2) | st.just(NEVER)),
    min_size=1,
    max_size=5,
).filter(lambda rows: any(claim > NEVER for _, claim in rows))


@given(st.lists(SENTENCES, max_size=5), st.text(max_size=30))
def test_every_quote_is_an_exact_span_of_its_passage(passages: list[list[tuple[str, float]]], question: str) -> None:
    """However sentences are chosen or joined, the quote is the text of its span, and no two spans overlap."""
    hits = [make_hit(*rows, document=str(n)) for n, rows in enumerate(passages)]
    chosen = quotes(read_question(question), hits)
    assert len(chosen) <= STATEMENTS
    for quote in chosen:
        passage = quote.hit.passage
        assert passage.start <= quote.span.start <= quote.span.end <= passage.end
        assert quote.words == passage.text[quote.span.start : quote.span.end]
    positions = sorted((quote.hit.document.id, *quote.span) for quote in chosen)
    assert all(
        document != next_document or end <= next_start
        for (document, _, end), (next_document, next_start, _) in pairwise(positions)
    )
