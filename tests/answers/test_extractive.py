"""The writer that quotes: who is quoted, in which order, and how much of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.answers.extractive import MOST, RIVALS, STATEMENTS, quotes
from index.answers.intents import parse_question
from index.answers.quotation import ELLIPSIS, LONGEST
from index.records import DocumentInfo, Hit, Location, Passage, Span
from tests.factories import why

NEVER = float("-inf")


def a_hit(*sentences: tuple[str, float], score: float = 0.9, document: str = "d") -> Hit:
    """A passage of these sentences, each with its claim; the best of them is the pin."""
    spans, at = [], 0
    for words, _ in sentences:
        spans.append(Span(at, at + len(words)))
        at += len(words) + 1
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
    )


def said(*hits: Hit, question: str = "Who signed the treaty?") -> list[str]:
    """What is quoted, in order."""
    return [quote.text for quote in quotes(question, hits)]


def test_the_best_sentence_leads() -> None:
    """Though it stands later in its passage, and another passage was found first."""
    first = a_hit(("Bread was dear.", 0.2), ("Rain fell.", 0.1), score=0.8)
    second = a_hit(("A comet came.", 0.1), ("The king signed it.", 0.9), score=0.7, document="e")
    assert said(first, second)[0] == "The king signed it."


def test_what_says_little_is_not_said() -> None:
    """A sentence with a claim far below the first one's is left out."""
    assert said(a_hit(("The king signed the treaty.", 0.9), ("Bread was dear.", 0.3))) == [
        "The king signed the treaty."
    ]


def test_nothing_is_said_twice() -> None:
    """A sentence that has no news beside what is quoted already is passed over."""
    twice = a_hit(("The king signed the treaty.", 0.9), score=0.8)
    again = a_hit(("The king signed the treaty in winter.", 0.88), score=0.7, document="e")
    news = a_hit(("Queen Anne kept a copy under glass.", 0.85), score=0.6, document="f")
    assert said(twice, again, news) == ["The king signed the treaty.", "Queen Anne kept a copy under glass."]


def test_after_the_first_one_place_keeps_its_order() -> None:
    """Sentences of one document follow each other as they do there."""
    hit = a_hit(
        ("Snow lay on the bridge.", 0.83), ("The king signed the treaty.", 0.95), ("Copper bells rang all night.", 0.85)
    )
    assert said(hit, question="Which events does the book name?") == [
        "The king signed the treaty.",
        "Snow lay on the bridge.",
        "Copper bells rang all night.",
    ]


def test_a_complete_answer_has_no_filler() -> None:
    """Where one thing is asked for, and the first sentence is not in doubt, it stands alone."""
    hit = a_hit(("The king signed the treaty.", 0.95), ("Snow lay on the bridge.", 0.70))
    assert said(hit, question="What happened in the harbour?") == ["The king signed the treaty."]


def test_a_rival_is_told() -> None:
    """Where another sentence is nearly as good, it might be the answer."""
    rival = a_hit(("Queen Anne sealed it in May.", 0.93), score=0.88, document="e")
    far = a_hit(("Duke Otto slept in June.", 0.5), score=0.8, document="f")
    assert said(
        a_hit(("King Charles signed it in April.", 0.95)), rival, far, question="Who did that to the treaty?"
    ) == [
        "King Charles signed it in April.",
        "Queen Anne sealed it in May.",
    ]


def test_what_a_question_names_is_not_left_out() -> None:
    """A sentence on the other name is added, though it is no rival."""
    one = a_hit(("King Charles signed the treaty.", 0.95))
    other = a_hit(("Queen Anne signed a letter.", 0.75), score=0.8, document="e")
    asked = "What did Charles and Anne sign in secret?"
    assert said(one, other, question=asked) == ["King Charles signed the treaty.", "Queen Anne signed a letter."]


def test_no_more_than_a_few() -> None:
    """However many sentences speak to the question."""
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    hits = [a_hit((f"The {word} {word}x{word} signed.", 0.9), document=word) for word in words]
    assert len(said(*hits, question="What does the book say about kings?")) == MOST["summary"] <= STATEMENTS
    assert len(said(*hits, question="What happened in the harbour?")) == 1 + RIVALS


def test_a_summary_goes_on() -> None:
    """With the sentences of the same paragraph that follow."""
    hit = a_hit(("Rome doubts it.", 0.9), ("Its king is ill.", 0.2), ("Its queen is old.", 0.2), ("Rain fell.", 0.1))
    assert said(hit, question="What does the book say about Rome?") == [
        "Rome doubts it. Its king is ill. Its queen is old."
    ]


def test_menus_and_references_are_never_quoted() -> None:
    """However near they come to the question."""
    menu = a_hit(("Click here to see who signed the treaty.", 1.2), ("42. Roberts, Iwan (12 May 2020).", 1.1))
    assert said(menu, a_hit(("The king signed the treaty.", 0.5), score=0.3, document="e")) == [
        "The king signed the treaty."
    ]


def test_both_sides_of_a_comparison() -> None:
    """One sentence that compares them, else one on each side."""
    apart = a_hit(("Rosneft took 15 billion.", 0.9), ("Transneft took 10 billion.", 0.8), ("Rain fell.", 0.7))
    asked = "Which is larger, the loan of Rosneft or the loan of Transneft?"
    assert said(apart, question=asked) == ["Rosneft took 15 billion.", "Transneft took 10 billion."]
    both = a_hit(("Rosneft took more than Transneft.", 0.9), score=0.8, document="e")
    assert said(apart, both, question=asked) == ["Rosneft took more than Transneft."]


def test_each_part_of_a_question_is_answered() -> None:
    """By the best sentence for it, each once."""
    when = a_hit(("The bridge was built in 1950.", 0.9))
    whom = a_hit(("John Smith built the bridge.", 0.9), document="e")
    asked = parse_question("When was the bridge built and by whom?")
    made = quotes(asked, [when, whom], None, [[when], [whom]])
    assert [quote.text for quote in made] == ["The bridge was built in 1950.", "John Smith built the bridge."]
    assert len(quotes(asked, [when], None, [[when], [when]])) == 1


def test_one_sentence_is_the_best_for_one_part_only() -> None:
    """Another part gets another sentence, if that has what is asked for."""
    bridge = ("The bridge of Rome fell because of 20 kg of powder.", 0.9)
    both = a_hit(bridge, ("A new bridge will open in May 1950.", 0.8))
    asked = parse_question("How much powder brought down the bridge of Rome, and when will there be a new bridge?")
    made = quotes(asked, [both], None, [[both], [both]])
    assert [quote.text for quote in made] == [bridge[0], "A new bridge will open in May 1950."]
    vague = a_hit(bridge, ("A new bridge will please all.", 0.8))
    assert len(quotes(asked, [vague], None, [[vague], [vague]])) == 1


def test_the_counterpart_stands_beside() -> None:
    """An abbreviation is known by its initials; a date is no amount; the better sentence comes first."""
    near = a_hit(
        ("Bread was dear.", 0.1),
        ("China has been the largest partner.", 0.9),
        ("The European Union was larger, counted together.", 0.6),
    )
    far = a_hit(("The EU held a summit in May 2012.", 0.95), score=0.8, document="e")
    assert said(near, far, question="EU or China: who was the bigger partner?") == [
        "China has been the largest partner.",
        "The European Union was larger, counted together.",
    ]


def test_a_difference_is_told_by_one_sentence_on_each_side() -> None:
    """Not by one that has both words and compares nothing."""
    hit = a_hit(
        ("Efficiency may be a component of effectiveness.", 0.9),
        ("Efficiency is the best use of resources.", 0.8),
        ("Effectiveness is the result that was wanted.", 0.8),
    )
    asked = "What is the difference between efficiency and effectiveness?"
    assert said(hit, question=asked) == [
        "Efficiency is the best use of resources.",
        "Effectiveness is the result that was wanted.",
    ]


@pytest.mark.parametrize(
    ("question", "better", "other"),
    [
        (
            "What is a monopsony?",
            "A market with one customer is called a monopsony.",
            "A monopsony can hurt many sellers.",
        ),
        ("What makes a budget 'lean'?", "A budget is lean when it costs little.", "A lean budget was made in May."),
        ("Why did they split the court?", "To address old fears, it was split.", "They did split the court in May."),
        ("How do I lock the car?", "To lock the car, press the button.", "The car cannot be locked far away from it."),
        (
            "How many kinds of passages are compared?",
            "We consider three kinds of text.",
            "The kinds of passages differ.",
        ),
        ("Can any port be used?", "Only unused ports are referenced.", "A port is used in the harbour."),
        ("Under which circumstances do I lose it?", "If you go to court, it ends.", "The licence was lost in May."),
        ("who came first to the party", "Prince Vasili was the first to come.", "Prince Andrei was the host to come."),
        ("who edited the booklet", "Editor: Cath Grove.", "The booklet was made by Jane Miller."),
    ],
    ids=["named", "when", "purpose", "bid", "count", "side", "case", "ordinal", "field"],
)
def test_the_form_that_is_asked_for_comes_first(question: str, better: str, other: str) -> None:
    """Though another sentence is a little nearer to the question."""
    assert said(a_hit((other, 0.8), (better, 0.75)), question=question)[0] == better
    plain = "What of the harbour?"
    assert said(a_hit((other, 0.8), (better, 0.75)), question=plain)[0] == other


def test_a_pronoun_defines_what_stands_before_it() -> None:
    """`Cording can hurt. It feels like a cord.`"""
    hit = a_hit(("Cording can hurt for weeks.", 0.9), ("It feels like a tight cord.", 0.7), ("Rain fell.", 0.1))
    assert said(hit, question="What is cording?") == ["Cording can hurt for weeks. It feels like a tight cord."]


def test_a_pronoun_has_the_words_of_what_it_stands_for() -> None:
    """A sentence is as near to the question as what it hangs on makes it."""
    hit = a_hit(("Queen Anne kept to her bed in Rome.", 0.2), ("She was suffering from the grippe.", 0.7))
    other = a_hit(("Many were suffering from hunger.", 0.75), score=0.89, document="e")
    assert said(hit, other, question="What was Queen Anne in Rome suffering from?")[0].endswith("the grippe.")


def test_what_the_passage_names_is_not_missing() -> None:
    """A reader sees where a quotation stands: a sentence that only has the name again is filler."""
    hit = a_hit(("Nord Stream is a pipeline.", 0.72), ("Its steel tubes measure a metre across.", 0.95))
    assert said(hit, question="What do the tubes of Nord Stream measure across?") == [
        "Nord Stream is a pipeline. Its steel tubes measure a metre across."
    ]


def test_a_definition_comes_first_where_one_is_asked_for() -> None:
    """A sentence that begins with the word and says what it is, not one that only has it."""
    hit = a_hit(("Radiotherapy can cause lymphoedema.", 0.9), ("Lymphoedema is a swelling of the arm.", 0.8))
    assert said(hit, question="What is lymphoedema?") == ["Lymphoedema is a swelling of the arm."]


def test_a_reason_comes_first_where_one_is_asked_for() -> None:
    """A sentence without one hardly ever answers `why`."""
    hit = a_hit(("The king signed the treaty in May.", 0.9), ("He signed because he was ill.", 0.8))
    assert said(hit, question="Why did the king sign the treaty?")[0].endswith("because he was ill.")


def test_what_hangs_in_the_air_has_its_neighbour_with_it() -> None:
    """`He signed it.` alone says nothing: the sentence before it is quoted with it, in one piece."""
    hit = a_hit(("The king came to Rome.", 0.3), ("He signed the treaty there.", 0.9))
    assert said(hit) == ["The king came to Rome. He signed the treaty there."]


def test_what_still_hangs_reaches_further_back() -> None:
    """Where the neighbour hangs, too, the sentence before that one comes along."""
    hanging = a_hit(
        ("The old king came to Rome.", 0.1), ("It was his last journey.", 0.2), ("He signed it there.", 0.95)
    )
    assert said(hanging) == ["The old king came to Rome. It was his last journey. He signed it there."]


def test_a_heading_is_never_quoted() -> None:
    """Nor taken for the neighbour of what hangs in the air."""
    hit = a_hit(("The treaty", NEVER), ("It was signed by the king.", 0.9))
    assert said(hit) == ["It was signed by the king."]


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    """The clauses that have the question's words are kept whole; an ellipsis stands for what is left out."""
    padding = ", and " + "the bells of the town rang on and on through all of that long and weary night " * 3
    words = f"Snow fell{padding}; the king signed the treaty{padding}; and nobody slept{padding}"
    (quote,) = quotes("Who signed the treaty?", [a_hit((words.strip(), 0.9))])
    assert "the king signed the treaty" in quote.words
    assert len(quote.words) <= LONGEST
    assert quote.text.startswith(ELLIPSIS)
    assert quote.text.endswith(ELLIPSIS)
    assert quote.words in words


def test_a_sentence_without_clauses_stays_whole() -> None:
    """There is no border at which it might be cut."""
    words = "signed " * 100
    (quote,) = quotes("Who signed?", [a_hit((words.strip(), 0.9))])
    assert quote.text == words.strip()


def test_nothing_found_nothing_said() -> None:
    """No hits, no answer."""
    assert quotes("Who?", []) == []


SENTENCES = st.lists(
    st.tuples(st.text("abc ,;:—HeIt.", min_size=1, max_size=500), st.floats(-1, 2) | st.just(NEVER)),
    min_size=1,
    max_size=5,
).filter(lambda rows: any(claim > NEVER for _, claim in rows))


@given(st.lists(SENTENCES, max_size=5), st.text(max_size=30))
def test_every_quotation_is_there(passages: list[list[tuple[str, float]]], question: str) -> None:
    """Whatever is chosen, joined or cut: its words are those of its span, and no two overlap."""
    hits = [a_hit(*rows, document=str(n)) for n, rows in enumerate(passages)]
    chosen = quotes(question, hits)
    assert len(chosen) <= STATEMENTS
    for quote in chosen:
        passage = quote.hit.passage
        assert passage.start <= quote.span.start <= quote.span.end <= passage.end
        assert quote.words == passage.text[quote.span.start : quote.span.end]
    places = sorted((quote.hit.document.id, *quote.span) for quote in chosen)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(places))
