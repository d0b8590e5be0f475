"""Intents: what kind of answer a question asks for, what it compares, and whether it is a whole question."""

from __future__ import annotations

import pytest

from index.text.questions import ask_back, is_fragment, read_question
from tests.cases import cases

FRAGMENTS = [
    "and in 2019?", "Why?", "the second one", "And the pipeline?", "What about France?", "Who signed it?", "When?",
    "How many?", "But why?", "In 2019?", "Which one?", "What else?", "Is it true?", "And how much did they pay?",
    "Who was he?", "Tell me more", "and by whom?", "Can you explain that?", "thanks", "What did she say about it?",
]  # fmt: skip
WHOLE_QUESTIONS = [
    "volcano", "oil discount", "Who signed the treaty?", "Is it possible to cancel the subscription?",
    "Who pays for the pipeline?", "Does it snow in Norway?", "What is DPR?", "Who is Lotte?", "treaty of 2001",
    "What did Putin say?", "Who wrote it, Tolstoy or Dostoevsky?", "谁签署了条约?",
    "Wer hat den Vertrag unterschrieben?",
    "Who lost?", "What happened in 2019?", "Power of Siberia", "And what did Putin answer at Valdai about an alliance?",
    "Whom did Washington punish for buying Russian weapons?",
]  # fmt: skip


@cases("text", FRAGMENTS)
def test_fragment_is_recognised(text: str) -> None:
    """A fragment continues a conversation that the library has not seen."""
    assert is_fragment(text)
    assert "not a whole question" in ask_back(text)


@cases("text", WHOLE_QUESTIONS)
def test_whole_question_or_keywords_are_not_a_fragment(text: str) -> None:
    """Keywords name their subject, so they can be searched."""
    assert not is_fragment(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("When was the bridge built and by whom?", ("When was the bridge built?", "by whom was the bridge built?")),
        ("When was Iwan Roberts born and where?", ("When was Iwan Roberts born?", "where was Iwan Roberts born?")),
        (
            "When was Power of Siberia opened and how long is it?",
            ("When was Power of Siberia opened?", "how long is Power of Siberia?"),
        ),
        (
            "How soon does radiotherapy start, and how many weeks does it go on for?",
            ("How soon does radiotherapy start?", "how many weeks does radiotherapy go on for?"),
        ),
        ("Who is Lotte? Why did it suffer?", ("Who is Lotte?", "Why did Lotte suffer?")),
        ("Who signed the treaty?", ()),
        ("How many kinds are compared? which ones?", ()),
        ("Are there weapons at the plant? An official says no.", ()),
        ("Which goods and services are taxed?", ()),
    ],
)
def test_compound_question_is_split_into_whole_questions(text: str, parts: tuple[str, ...]) -> None:
    """Each part is completed with the words that it leaves out."""
    assert read_question(text).parts == parts


def test_repeated_and_very_many_questions_are_not_split() -> None:
    """Each part costs a search: forty questions in one would keep everybody waiting."""
    assert read_question("Who signed the treaty? " * 80).parts == ()
    many = [f"Who signed treaty {number}?" for number in range(9)]
    assert read_question(" ".join(many)).parts == ()
    assert read_question(" ".join(many[:8] * 2)).parts == tuple(many[:8])


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Which is larger, Rosneft's or Transneft's loan?", ("Rosneft's", "Transneft's loan")),
        ("What is the difference between DPR and BM25?", ("DPR", "BM25")),
        ("Is the Rosneft loan bigger than the Transneft loan?", ("Rosneft loan", "Transneft loan")),
        ("EU or China: who was the bigger partner?", ("EU", "China")),
        ("Compare Ericsson with Huawei.", ("Ericsson", "Huawei")),
        ("Rosneft and Transneft loans of 2009: which got more?", ("Rosneft", "Transneft")),
        ("Is oral surgery as safe as a filling, or is it not?", ("oral surgery", "filling")),
        ("Rosneft and Transneft: when were they founded?", ()),
        ("Who signed the treaty?", ()),
    ],
)
def test_sides_of_a_comparison_are_recognised(text: str, sides: tuple[str, ...]) -> None:
    """A question is a comparison exactly if it has two sides."""
    question = read_question(text)
    assert question.sides == sides
    assert (question.kind == "comparison") == bool(sides)


@cases(
    ("text", "kind"),
    [
        ("What are the risk factors?", "list"), ("Which cases does the briefing describe?", "list"),
        ("How many vendors were competing?", "count"), ("How do I file Form 3115?", "steps"),
        ("Why did the sellers give way?", "fact"), ("Where, in fact, is the harbour?", "fact"),
        ("the card was left inside, how do i lock my car?", "steps"), ("When did the director step down?", "fact"),
        ("What did the reviewers find in the harbour?", "fact"), ("How many kinds are compared? which ones?", "count"),
        ("Which company is the largest?", "fact"), ("When was it signed by the king?", "fact"),
    ],
)  # fmt: skip
def test_kind_of_a_question_is_recognised(text: str, kind: str) -> None:
    """The kind is decided by the form of the question alone."""
    assert read_question(text).kind == kind


def test_wanted_number_is_read_from_the_question() -> None:
    """`Which four` asks for four; without a number the value is 0."""
    assert read_question("Which four vendors competed?").wanted == 4
    assert read_question("five pillars of the strategy").wanted == 5
    assert read_question("Which vendors competed?").wanted == 0


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("who signed it", True), ("In what year was it signed", True), ("The queen signed which treaty?", True),
        ("did it rain", True), ("ship harbour winter", False), ("The king signed the treaty.", False),
        ("Whales are common.", False), ("", False),
    ],
)  # fmt: skip
def test_question_is_recognised(text: str, asks: bool) -> None:
    """A question is recognised by its first word or by its question mark."""
    assert read_question(text).asks == asks


def test_words_are_searched_and_the_form_is_read_from_what_was_asked() -> None:
    """Operators are not searched for; a follow-up's own words say what it asks for; other words keep the rest."""
    question = read_question(" how many ships? in:notes ")
    assert (question.asked, question.text, question.query.titles) == (
        "how many ships? in:notes",
        "how many ships?",
        ("notes",),
    )
    assert question.kind == "count"
    joined = read_question(
        "How many ships came? and which harbours were full?", own_words="and which harbours were full?"
    )
    assert (joined.kind, joined.parts) == ("fact", ())
    assert joined.text == joined.asked
    assert read_question("ship -war", plain=True).text == "ship -war"
    question = read_question('"old shp" in:notes which?')
    other = question.searching("old ship which?", phrases=())
    assert (other.asked, other.form, other.query.titles) == (question.asked, question.form, ("notes",))
    assert (other.text, other.query.phrases) == ("old ship which?", ())
