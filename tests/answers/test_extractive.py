"""The extractive writer: which sentences it quotes, in which order, how much of each, and with which neighbours."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.answers.assembly import narrow, widen
from index.answers.extractive import ELLIPSIS, JOIN_LOGIT, LONGEST, MORE_LOGIT, STATEMENTS, Context, Run, quotes
from index.records import DocumentInfo, Hit, Location, Passage, Span
from index.storage.catalog.passage_queries import PassageRow
from index.text.questions import read_question
from index.text.sentences import split_sentences
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
    passage = Passage(1, document, 0, 0, position - 1, " ".join(words for words, _ in sentences), tuple(spans))
    return hit_of(passage, tuple(claim for _, claim in sentences), score=score, logits=logits)


def hit_of(passage: Passage, claims: tuple[float, ...], *, score: float = 0.9, logits: tuple[float, ...] = ()) -> Hit:
    """Return a passage with the claims of its sentences; the best sentence is the pin."""
    document, pin = passage.document_id, passage.sentences[claims.index(max(claims))]
    info = DocumentInfo(document, document, "", "", "", "text/plain", len(passage.text), 0, 1)
    return Hit(passage, info, score, pin, Location(), why(), claims, claims, logits=logits)


def quoted_texts(*hits: Hit, question: str = "Who signed the treaty?") -> list[str]:
    """Return the texts that are quoted, in order."""
    return [quote.text for quote in quotes(read_question(question), hits)]


def test_best_sentence_is_quoted_first() -> None:
    """The best sentence leads, although it is late in its passage and another passage ranks higher."""
    first = make_hit(("Bread was dear.", 0.2), ("Rain fell.", 0.1), score=0.8)
    second = make_hit(("A comet came.", 0.1), ("The king signed it.", 0.9), score=0.7, document="e")
    assert quoted_texts(first, second)[0] == "The king signed it."


def test_sentence_with_a_low_claim_is_left_out() -> None:
    """A sentence with a claim far below that of the first one is not quoted."""
    assert quoted_texts(make_hit(("The king signed the treaty.", 0.9), ("Bread was dear.", 0.3))) == [
        "The king signed the treaty."
    ]


def test_read_hits_are_quoted_alone() -> None:
    """What the reader has read is quoted, and nothing else, however near to the question."""
    read = make_hit(("The king signed the treaty.", 0.4), score=0.5, logits=(2.0,))
    unread = make_hit(("A comet came.", 0.9), document="e")
    assert quoted_texts(unread, read) == ["The king signed the treaty."]


def test_further_sentence_needs_the_reader() -> None:
    """A rival is quoted if the reader thinks that it may answer, too."""
    rows = ("King Charles signed it in April.", 0.95), ("Rain fell.", 0.1), ("Queen Anne sealed it in May.", 0.93)
    question = "Who did that to the treaty?"
    for logit, number in ((MORE_LOGIT, 2), (MORE_LOGIT - 0.1, 1)):
        assert len(quoted_texts(make_hit(*rows, logits=(3.0, -5.0, logit)), question=question)) == number


def test_sentence_that_repeats_a_quote_is_skipped() -> None:
    """A sentence that adds nothing to what is already quoted is left out."""
    first = make_hit(("The king signed the treaty.", 0.9), score=0.8)
    repetition = make_hit(("The king signed the treaty in winter.", 0.88), score=0.7, document="e")
    addition = make_hit(("Queen Anne kept a copy under glass.", 0.88), score=0.69, document="f")
    assert quoted_texts(first, repetition, addition) == [
        "The king signed the treaty.",
        "Queen Anne kept a copy under glass.",
    ]


def test_sentences_after_the_first_keep_their_document_order() -> None:
    """After the best sentence, sentences of one document follow each other as they do there."""
    hit = make_hit(
        ("Snow lay on the bridge.", 0.83), ("The king signed the treaty.", 0.95), ("Copper bells rang all night.", 0.85)
    )
    assert quoted_texts(hit, question="Which events does the book name?") == [
        "The king signed the treaty.",
        "Snow lay on the bridge.",
        "Copper bells rang all night.",
    ]


def test_complete_answer_has_no_filler() -> None:
    """Where the question asks for one fact and the best sentence is certain, it is the whole answer."""
    hit = make_hit(("The king signed the treaty.", 0.95), ("Snow lay on the bridge.", 0.70))
    assert quoted_texts(hit, question="What happened in the harbour?") == ["The king signed the treaty."]


def test_rival_sentence_is_quoted_too() -> None:
    """A sentence that is nearly as good as the best might be the answer, so it is shown."""
    rival = make_hit(("Queen Anne sealed it in May.", 0.93), score=0.88, document="e")
    weaker = make_hit(("Duke Otto slept in June.", 0.5), score=0.8, document="f")
    assert quoted_texts(
        make_hit(("King Charles signed it in April.", 0.95)), rival, weaker, question="Who did that to the treaty?"
    ) == [
        "King Charles signed it in April.",
        "Queen Anne sealed it in May.",
    ]


def test_number_of_quotes_is_limited() -> None:
    """The limit holds, however many sentences fit the question."""
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    hits = [make_hit((f"The {word} {word}x{word} signed.", 0.9), document=word) for word in words]
    assert len(quoted_texts(*hits, question="What happened in the harbour?")) == STATEMENTS


def test_a_neighbour_that_answers_is_quoted_with_the_sentence() -> None:
    """If the reader finds both likely, they are one quotation."""
    rows = ("Rome doubts it.", 0.9), ("Snow lay on the bridge.", 0.2), ("Rain fell.", 0.1)
    for logit, text in ((JOIN_LOGIT, "Rome doubts it. Snow lay on the bridge."), (JOIN_LOGIT - 0.1, "Rome doubts it.")):
        assert quoted_texts(make_hit(*rows, logits=(3.0, logit, -5.0)), question="Who doubts it?") == [text]


def test_menus_and_references_are_never_quoted() -> None:
    """Navigation and bibliography entries are skipped, however similar they are to the question."""
    menu = make_hit(("Click here to see who signed the treaty.", 1.2), ("42. Roberts, Iwan (12 May 2020).", 1.1))
    assert quoted_texts(menu, make_hit(("The king signed the treaty.", 0.5), score=0.3, document="e")) == [
        "The king signed the treaty."
    ]


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
    """A sentence that is the best for two parts is quoted once."""
    date = make_hit(("The bridge was built in 1950.", 0.9))
    builder = make_hit(("John Smith built the bridge.", 0.9), document="e")
    question = read_question("When was the bridge built and by whom?")
    when, whom = map(read_question, question.parts)
    chosen = quotes(question, [date, builder], None, [(when, [date]), (whom, [builder])])
    assert [quote.text for quote in chosen] == ["The bridge was built in 1950.", "John Smith built the bridge."]
    assert len(quotes(question, [date], None, [(when, [date]), (whom, [date])])) == 1


def test_part_without_a_likely_answer_gets_no_sentence() -> None:
    """If the reader finds none likely, what the whole question gives is all."""
    date = make_hit(("The bridge was built in 1950.", 0.9), logits=(3.0,))
    question = read_question("When was the bridge built and by whom?")
    when, whom = map(read_question, question.parts)
    for logit, number in ((MORE_LOGIT, 2), (MORE_LOGIT - 0.1, 1)):
        other = make_hit(("John Smith came to the bridge.", 0.9), document="e", logits=(logit,))
        assert len(quotes(question, [date], None, [(when, [date]), (whom, [other])])) == number


def test_name_in_the_passage_does_not_need_another_sentence() -> None:
    """A reader sees the passage around a quote, so a sentence that only repeats the name would be filler."""
    hit = make_hit(("Nord Stream is a pipeline.", 0.72), ("Its steel tubes measure a metre across.", 0.95))
    assert quoted_texts(hit, question="What do the tubes of Nord Stream measure across?") == [
        "Nord Stream is a pipeline. Its steel tubes measure a metre across."
    ]


def test_sentence_with_a_pronoun_includes_the_sentence_before() -> None:
    """`He signed it.` alone says nothing, so both sentences are quoted in one piece."""
    hit = make_hit(("The king came to Rome.", 0.3), ("He signed the treaty there.", 0.9))
    assert quoted_texts(hit) == ["The king came to Rome. He signed the treaty there."]


def test_chain_of_pronouns_is_followed_to_its_beginning() -> None:
    """Where the sentence before has a pronoun, too, the one before that is included."""
    hit = make_hit(
        ("The old king came to Rome.", 0.1), ("It was his last journey.", 0.2), ("He signed it there.", 0.95)
    )
    assert quoted_texts(hit) == ["The old king came to Rome. It was his last journey. He signed it there."]


def test_heading_is_neither_quoted_nor_an_antecedent() -> None:
    """A pronoun below a heading does not add the heading to the quote."""
    hit = make_hit(("The treaty", NEVER), ("It was signed by the king.", 0.9))
    assert quoted_texts(hit) == ["It was signed by the king."]


def test_long_sentence_is_cut_at_its_clauses() -> None:
    """Clauses with words of the question are kept whole; an ellipsis marks what is left out."""
    padding = ", and " + "the bells of the town rang on and on through all of that long and weary night " * 3
    words = f"Snow fell{padding}; the king signed the treaty{padding}; and nobody slept{padding}"
    (quote,) = quotes(read_question("Who signed the treaty?"), [make_hit((words.strip(), 0.9))])
    assert "the king signed the treaty" in quote.words
    assert len(quote.words) <= LONGEST
    assert quote.text.startswith(ELLIPSIS)
    assert quote.text.endswith(ELLIPSIS)
    assert quote.words in words


def test_long_sentence_without_clauses_is_not_cut() -> None:
    """Without clauses there is no position at which it could be cut."""
    words = "signed " * 100
    (quote,) = quotes(read_question("Who signed?"), [make_hit((words.strip(), 0.9))])
    assert quote.text == words.strip()


def test_no_hits_give_no_quotes() -> None:
    """An answer without hits quotes nothing."""
    assert quotes(read_question("Who?"), []) == []


SENTENCES = st.lists(
    st.tuples(st.text("abc ,;:—HeIt.", min_size=1, max_size=500), st.floats(-1, 2) | st.just(NEVER)),
    min_size=1,
    max_size=5,
).filter(lambda rows: any(claim > NEVER for _, claim in rows))


@given(st.lists(SENTENCES, max_size=5), st.text(max_size=30))
def test_every_quote_is_an_exact_span_of_its_passage(passages: list[list[tuple[str, float]]], question: str) -> None:
    """However sentences are chosen, joined or cut, the quote is the text of its span, and no two spans overlap."""
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


# The vicinity of a quote: which neighbouring sentences are quoted with it.


def passage_of(text: str, best: str, *, start: int = 0, identity: int = 1) -> Hit:
    """Return a passage in which the sentence that begins with `best` has by far the highest claim."""
    spans = tuple(Span(start + begin, start + end) for begin, end in split_sentences(text))
    claims = tuple(0.9 if text[begin - start :].startswith(best) else 0.1 for begin, _ in spans)
    assert max(claims) == 0.9
    return hit_of(Passage(identity, "d", 0, start, start + len(text), text, spans), claims)


def first_quote(text: str, best: str, question: str = "Who signed the treaty?") -> str:
    """Return the words of the first quote."""
    return quotes(read_question(question), [passage_of(text, best)])[0].words


VENDORS = (
    "Bread was dear.\n\nFour firms were competing:\n- Ericsson, in Stockholm\n- Nokia, in Espoo\n- ZTE, in Shenzhen"
)


def test_introduction_of_a_list_includes_the_list() -> None:
    """A sentence that ends in a colon announces a list."""
    assert first_quote(VENDORS, "Four firms", "How many firms competed?") == VENDORS.removeprefix("Bread was dear.\n\n")


def test_list_is_shown_with_one_item_per_line() -> None:
    """The answer has line breaks; the citation has the words of the document."""
    (quote,) = quotes(read_question("Which firms competed?"), [passage_of(VENDORS, "Four firms")])
    assert quote.items == 3
    assert quote.text.count("\n") == 3
    assert quote.text.replace("\n", " ") == " ".join(quote.words.split())


def test_list_item_includes_its_introduction() -> None:
    """`Nokia, in Espoo` alone says nothing."""
    assert first_quote(VENDORS, "- Nokia", "Which firms competed?").startswith("Four firms were competing:")


def test_list_item_that_is_a_sentence_is_quoted_alone() -> None:
    """The question asks for one fact, so the rest of the list is not needed."""
    text = "Dates:\n- 1950: The king signed the treaty in Moscow. He left at once.\n- 1960: The queen kept a garden."
    assert first_quote(text, "- 1950") == "- 1950: The king signed the treaty in Moscow. He left at once."


@pytest.mark.parametrize(
    ("text", "best", "expected"),
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
            "The king signed the treaty. The queen kept a garden.",
            "The king",
            "The king signed the treaty.",
        ),
    ],
    ids=["belief", "however", "nothing"],
)
def test_quote_includes_its_refutation(text: str, best: str, expected: str) -> None:
    """A belief is never quoted without its refutation, and no other sentence is added."""
    assert first_quote(text, best) == expected


def test_pronoun_includes_its_antecedent() -> None:
    """The search passes over another sentence with a pronoun, but not over a heading or a list of names."""
    text = "The second bridge was opened in 1950. It has two arches. It cost 2.7 million. Bread was dear."
    expected = "The second bridge was opened in 1950. It has two arches. It cost 2.7 million."
    assert first_quote(text, "It cost", "What did the second bridge cost?") == expected


def test_demonstrative_includes_the_sentence_before() -> None:
    """A preposition may come first; `those who` refers to no earlier sentence."""
    text = "The judges feared two abuses. To address these fears, the king signed a treaty. Bread was dear."
    expected = "The judges feared two abuses. To address these fears, the king signed a treaty."
    assert first_quote(text, "To address", "What did the king sign?") == expected
    text = "Rain fell. For those who came late, the king signed a copy."
    assert (
        first_quote(text, "For those", "What did the king sign?") == "For those who came late, the king signed a copy."
    )


def test_impersonal_pronoun_adds_no_sentence() -> None:
    """`It is possible to …` refers to nothing."""
    text = "Bread was dear. It is possible to sign the treaty by letter."
    assert first_quote(text, "It is possible") == "It is possible to sign the treaty by letter."


def test_sentence_over_two_lines_is_quoted_whole() -> None:
    """Half a sentence is never quoted, and the words are those of the document."""
    text = "Bread was dear.\nThe old king signed the treaty of the north in the\nharbour of Rome and left.\nRain fell."
    expected = "The old king signed the treaty of the north in the\nharbour of Rome and left."
    assert first_quote(text, "The old king") == expected
    assert first_quote(text, "harbour of Rome") == expected


def test_footnote_number_is_left_out() -> None:
    """The number belongs to the sentence before."""
    assert first_quote("Rain fell. [17] The king signed the treaty.", "[17] The king") == "The king signed the treaty."


def test_table_row_includes_its_header() -> None:
    """A row without the names of its columns is only numbers."""
    text = "Year | Firm | Sum\n1950 | Rosneft | 15 billion\n1951 | Transneft | 10 billion"
    assert first_quote(text, "1950", "How much did Rosneft borrow?") == "Year | Firm | Sum\n1950 | Rosneft | 15 billion"


def test_row_of_a_table_is_quoted_alone() -> None:
    """If the table is known as one, its headers are told; rows of one cell are lines of a text, and may go on."""
    text = "Year | Firm | Sum\n1950 | Rosneft | 15 billion\n1951 | Transneft | 10 billion"
    for best in ("1950 | Rosneft | 15 billion", "1951 | Transneft | 10 billion"):
        hit = passage_of(text, best)
        found = quotes(read_question("How much was borrowed?"), [replace(hit, tables=(Span(0, len(text)),))])
        assert found[0].words == best
        assert not [quote for quote in found if "\n" in quote.words]
    lines = "The king, who was in the town at that time and did not want to wait,\nsigned the treaty at last."
    hit = replace(passage_of(lines, "signed"), tables=(Span(0, len(lines)),))
    assert quotes(read_question("Who signed the treaty?"), [hit])[0].words == lines


def test_list_in_the_next_passage_is_included() -> None:
    """A list may begin where the passage of the hit ends; the hit then holds everything that is quoted."""
    first, second = "The symptoms are these:", "- a lump in one place\n- a change of colour"
    hit = passage_of(first, "The symptoms")
    following = passage_of(second, "- a lump", start=len(first) + 1, identity=2)
    rows = [(PassageRow(neighbour.passage, 1, b"", b"", frozenset()), "\n") for neighbour in (hit, following)]
    (quote,) = quotes(read_question("What are the symptoms?"), [hit], lambda hit_to_widen: widen(hit_to_widen, rows))
    assert quote.words == f"{first}\n{second}"
    wide = narrow(hit, quote.hit, quote.span)
    assert wide.passage.text == f"{first}\n{second}"
    assert len(wide.claims) == len(wide.cosines) == len(wide.passage.sentences)
    assert narrow(hit, quote.hit, hit.pin) is hit


def test_removed_or_changed_passage_is_not_widened() -> None:
    """Another process may have removed or changed the document since the search."""
    hit = passage_of("The king signed the treaty.", "The king")
    assert widen(hit, []).hit is hit
    changed = replace(hit.passage, text="The queen signed the treaty.")
    assert widen(hit, [(PassageRow(changed, 1, b"", b"", frozenset()), "")]).hit is hit


def test_antecedent_is_not_searched_across_a_heading() -> None:
    """A pronoun below a heading does not refer to a sentence above it."""
    hit = passage_of("The treaty\nIt was signed by the king.", "It was")
    context = Context(hit, frozenset({0}))
    assert context.with_antecedents(Run(1, 1)) == Run(1, 1)
