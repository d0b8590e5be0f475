"""Markers of sources and abstentions: each sentence gets its own markers, and what declines is told from claims."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.answers.writer.prompts import MarkedSentence, abstains, declines, parse
from tests.cases import cases

SOURCES = 5
MARKER_STYLES = {
    "as instructed": "The king signed it [1]. The ship left [2][3].",
    "after the full stop": "The king signed it. [1] The ship left. [2][3]",
    "without a space": "The king signed it[1]. The ship left.[2][3]",
    "in one pair of brackets": "The king signed it [1]. The ship left [2, 3].",
    "as a range": "The king signed it [1]. The ship left [2-3].",
    "as a range with a dash": "The king signed it [1]. The ship left [2–3].",
    "in words": "The king signed it [1]. The ship left [2] and [3].",
    "in CJK brackets": "The king signed it【1】. The ship left【2】【3】.",
    "as OpenAI assistants write it": "The king signed it【1†source】. The ship left【2†L3-L9】【3:1†b.pdf】.",
    "as footnotes": "The king signed it [^1]. The ship left [^2][^3].\n\n[^1]: The book of kings, p. 3",
    "as wiki footnotes": "The king signed it [[1]]. The ship left [[2]][[3]].",
    "as links": "The king signed it [1](#source-1). The ship left [2](https://example.org/2)[3](/s/3).",
    "with a page": "The king signed it [1, p. 3]. The ship left [2: § Trade > Ships][3].",
    "with a name": "The king signed it [Source 1]. The ship left (Excerpts 2 and 3).",
    "before the sentence": "[1] The king signed it. [2][3] The ship left.",
    "before each line": "The documents say:\n[1] The king signed it.\n[2, 3] The ship left.",
    "in a phrase": "According to [1], the king signed it. Based on [2] and [3], the ship left.",
    "in a phrase without brackets": "According to source 1, the king signed it. Based on excerpts 2, 3, the ship left.",
    "in a list": "- **The king** signed it [1].\n- The *ship* left **[2][3]**.",
    "in a numbered list": "1. The king signed it [1].\n2. The ship left [2][3].",
    "on a line of their own": "The king signed it.\n[1]\n\nThe ship left.\n[2] [3]\n",
    "with a second full stop": "The king signed it. [1]. The ship left. [2], [3].",
    "with a list of sources": "The king signed it [1]. The ship left [2][3].\n\nSources:\n[1] Kings\n[2] Sea",
    "with a label": "Answer: The king signed it [1]. The ship left [2][3].\nSources: [1], [2], [3]",
    "under a heading": "## The answer\n\n> The king signed it [1]. The ship left [2][3].",
    "as a numbering": "[1]. The king signed it.\n[2, 3]: The ship left.",
    "twice": "The king [1] signed it [1]. The ship [2] left [3, 2].",
}


@cases("text", MARKER_STYLES.values(), ids=MARKER_STYLES.keys())
def test_each_marker_style_is_read(text: str) -> None:
    """In every style a marker belongs to its sentence, whose text no longer contains it."""
    sentences = [(sentence.text, sentence.markers) for sentence in parse(text, SOURCES)]
    assert sentences[-2:] == [("The king signed it.", (1,)), ("The ship left.", (2, 3))]
    assert sentences[:-2] in ([], [("The documents say:", ())])


NO_MARKERS = {
    "a year": "The treaty [1648] ended the war.",
    "a number without a source": "The treaty ended the war [6].",
    "a range beyond the sources": "The treaty ended the war [4-6].",
    "a range that runs backwards": "The treaty ended the war [3-1].",
    "zero": "The value is a[0].",
    "an interval": "The value lies in [0, 1].",
    "the paragraph of a law": "The controller complies with Article 6(1).",
    "an enumeration": "There are two ways: (1) by land and (2) by sea.",
    "something in brackets": "The king [of Spain] signed it.",
    "a product": "The area is 2 * 3 * 4 of snake_case_name.",
    "a date at the start": "10. Mai 1871 war ein Sonntag.",
    "a negative number": "-5 degrees were measured.",
    "an answer that is a no": "No answer was given by the king.",
}


@cases("text", NO_MARKERS.values(), ids=NO_MARKERS.keys())
def test_text_that_resembles_a_marker_is_kept(text: str) -> None:
    """Numbers and brackets that are not markers stay in the text."""
    assert [(sentence.text, sentence.markers) for sentence in parse(text, SOURCES)] == [(text, ())]


def test_sentences_around_markers() -> None:
    """A span includes its markup and markers; a marker ends a sentence after an abbreviation, unless it goes on.

    Without `According to [1]`, a sentence begins with a capital, which may be two letters.
    """
    text = "- The king signed it. [1]\n- The *ship* left【2】."
    spans = [text[sentence.start : sentence.end] for sentence in parse(text)]
    assert spans == ["The king signed it. [1]", "The *ship* left【2】."]
    text = "It moved to Washington, D.C. [1] Apple Inc. [2]. Others, e.g. [3] this one, or that of Mr. [4] stayed."
    assert [(sentence.text, sentence.markers) for sentence in parse(text)] == [
        ("It moved to Washington, D.C.", (1,)),
        ("Apple Inc.", (2,)),
        ("Others, e.g. this one, or that of Mr. stayed.", (3, 4)),
    ]
    text = "He came [2]. According to [1], ßig is no word."
    assert parse(text, SOURCES)[1] == MarkedSentence("SSig is no word.", (1,), 13, len(text))
    assert [sentence.text for sentence in parse("The king signed it [1]. NO ANSWER")] == ["The king signed it."]
    assert parse("NO ANSWER") == parse("") == parse("[1]") == parse("\n---\n") == parse("Sources:\n[1]") == []


DECLINING = {
    "as instructed": "NO ANSWER",
    "with a full stop": "NO ANSWER.",
    "in bold": " **NO ANSWER**\n",
    "in small letters": "No answer.",
    "in code": "`no_answer`",
    "with a marker": "NO ANSWER [1]",
    "with reasons": "NO ANSWER: the excerpts do not say who signed it.",
    "after reasons": "The excerpts do not say who signed it. NO ANSWER",
}
ANSWERING = {
    "nothing": "",
    "an answer that is a no": "No answer was given by the king [1].",
    "the words in another order": "The king said no. Answer him.",
    "a longer word": "NO ANSWERS were given [1].",
    "both": "The king signed it [1]. NO ANSWER",
}


@cases(
    ("text", "is_declined"),
    [*((text, True) for text in DECLINING.values()), *((text, False) for text in ANSWERING.values())],
    ids=[*DECLINING, *ANSWERING],
)
def test_no_answer_is_recognised_in_any_form(text: str, is_declined: bool) -> None:
    """A model declines with the words of its instructions, alone or with others; similar words do not decline."""
    assert declines(text) == is_declined


PLAIN = [
    ".", "!", "?", "。", ",", ";", ":", "-", "–", "*", "**", "__", "`", ">", "\n", "\n\n", " ", "  ", "\t", "1", "13",
]  # fmt: skip
PLAIN += ["- ", "1. ", "2. ", "and", "The king", "ß", "é", "王", "🏰", "\u200b", "\u2028", "\x00", "\ud800", "\x1c"]
MARKED = [
    "[", "]", "(", ")", "【", "】", "[[", "]]", "[1]", "[2][3]", "[1-3]", "[^1]", "^1", "†", "(#a)", "p. 3", "```",
]  # fmt: skip
MARKED += ["# ", "[^1]: x", "Sources:", "Source 1", "According to ", "Based on [1], ", "NO ANSWER", "Answer:"]
PLAIN_TEXT = st.lists(st.sampled_from(PLAIN), max_size=60).map("".join)
HOSTILE = st.lists(st.sampled_from(PLAIN + MARKED) | st.text(max_size=3), max_size=60).map("".join) | st.text()


@settings(deadline=None)
@given(HOSTILE, st.integers(0, 20))
@example("[1]" * 300, 1)
@example("According to [1], ", 1)
@example("[1]. [1]. [1]. a", 1)
def test_any_text_gives_ordered_sentences_with_valid_markers(text: str, sources: int) -> None:
    """Spans are in order without overlap; markers are in range, and each occurs once."""
    end = 0
    for sentence in parse(text, sources):
        assert end <= sentence.start < sentence.end <= len(text)
        end = sentence.end
        assert all(1 <= marker <= sources for marker in sentence.markers)
        assert len(set(sentence.markers)) == len(sentence.markers)
        assert sentence.text == " ".join(sentence.text.split()) != ""
    assert declines(text) in (True, False)


@settings(deadline=None)
@given(PLAIN_TEXT)
def test_no_letter_is_lost_without_markers(text: str) -> None:
    """Where there are no markers, every letter is in a sentence, in the order of the text."""
    assert [letter for sentence in parse(text) for letter in sentence.text if letter.isalpha()] == [
        letter for letter in text if letter.isalpha()
    ]


WORDS = st.text(st.sampled_from("abcdefgh"), min_size=2, max_size=6)
WRITTEN = st.tuples(
    st.lists(WORDS, min_size=3, max_size=6).map(lambda words: " ".join(words).capitalize()),
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
)


@settings(deadline=None)
@given(
    st.lists(WRITTEN, max_size=5),
    st.sampled_from([" ", "\n", "\n\n"]),
    st.sampled_from(["", ", ", "]["]),
    st.booleans(),
)
def test_written_sentences_and_markers_are_read_back(
    written: list[tuple[str, list[int]]], separator: str, marker_separator: str, before: bool
) -> None:
    """Sentences and markers are separated again, with the marker before or after the full stop."""
    texts = []
    for words, numbers in written:
        marker = f"[{(marker_separator or '][').join(map(str, numbers))}]"
        texts.append(f"{words} {marker}." if before else f"{words}. {marker}")
    assert [(sentence.text, list(sentence.markers)) for sentence in parse(separator.join(texts))] == [
        (f"{words}.", numbers) for words, numbers in written
    ]


@pytest.mark.parametrize(
    "unit", ["[1].", "[1] and ", " *a", "[", "[1,1,", "According to [1] ", "A b c [1]. ", "1. \n", "**"]
)
def test_long_repetitive_text_is_parsed_in_linear_time(unit: str) -> None:
    """With quadratic time, 40,000 characters would take minutes."""
    assert len(parse((unit * 40_000)[:40_000])) <= 40_000


ABSTENTIONS = [
    "No answer.",
    "NO ANSWER",
    "No answer found.",
    "Unknown.",
    "I don't know.",
    "I cannot answer from these sources.",
    "I can't answer this question based on the provided excerpts.",
    "I’m sorry, but I cannot find the answer in the provided documents.",
    "I am unable to determine who signed it.",
    "I do not have enough information to answer that question.",
    "I could not find any mention of the treaty.",
    "The provided documents do not mention who signed the treaty.",
    "The documents don't say.",
    "The excerpts do not contain information about the price of bread.",
    "The provided context does not specify when it was signed.",
    "The given sources do not directly answer the question.",
    "The document does not mention who paid for it.",
    "These passages contain no information on the subject.",
    "The text provided does not indicate whether it was signed.",
    "None of the excerpts mention a volcano.",
    "Unfortunately, the sources do not provide that information.",
    "Based on the provided excerpts, I cannot tell who signed it.",
    "Based solely on these documents, it is not possible to answer: there is no information in the sources about it.",
    "There is no information about the volcano in the excerpts.",
    "There is no mention of a volcano in the provided documents.",
    "There is not enough information to answer the question.",
    "No information about this is provided.",
    "No relevant information was found in the sources.",
    "Insufficient information.",
    "Not mentioned in the documents.",
    "Not stated.",
    "This is not mentioned in the provided documents.",
    "The answer is not found in the excerpts.",
    "The answer cannot be determined from the given text.",
    "This question cannot be answered based on the provided sources.",
    "The information is not available in the documents.",
    "The provided information is not sufficient to answer the question.",
    "Die vorliegenden Dokumente enthalten dazu keine Angaben.",
    "Ich kann diese Frage anhand der Auszüge nicht beantworten.",
    "In den Quellen wird das nicht erwähnt.",
    "Keine Antwort.",
    "Les documents fournis ne mentionnent pas qui a signé le traité.",
    "Je ne peux pas répondre à cette question.",
    "Los documentos no mencionan quién firmó el tratado.",
    "No puedo responder a esta pregunta.",
    "Os documentos não mencionam quem assinou o tratado.",
    "I documenti forniti non dicono chi ha firmato il trattato.",
    "De documenten vermelden niet wie het verdrag heeft ondertekend.",
]
CLAIMS = [
    "No answer was given by the king.",
    "The king did not answer.",
    "The treaty does not mention the islands.",
    "The king could not find the letter.",
    "The report does not name the owner of the mill.",
    "There is no bridge over the river.",
    "There was no information policy before 1990.",
    "No ships left the harbour in winter.",
    "The documents were signed in 1912.",
    "The sources of the Nile were not known to Ptolemy.",
    "The passage between the islands is not safe in winter.",
    "It is not clear water that the fish need.",
    "Unknown soldiers were buried there in 1918.",
    "The results do not differ between the two groups.",
    "None of the ships had a doctor.",
    "The king does not know the queen.",
    "Der König hat den Vertrag nicht unterschrieben.",
    "Le roi ne signa pas le traité.",
]


@cases(("text", "is_abstention"), [*((text, True) for text in ABSTENTIONS), *((text, False) for text in CLAIMS)])
def test_abstentions_are_told_from_claims(text: str, is_abstention: bool) -> None:
    """A text that only says that there is no answer declines, also with a marker or in bold; a sentence that a
    document may contain does not.
    """
    assert abstains(text) == is_abstention
    assert {declines(written) for written in (text, f"{text} [1]", f"**{text}**\n")} == {is_abstention}


def test_partial_answer_is_not_an_abstention() -> None:
    """A text with one answering sentence does not decline; two abstentions in a row do."""
    assert not declines("The king signed it [1]. The documents do not say when.")
    assert not declines("The documents do not say when. The king signed it [1].")
    assert declines("I cannot answer this question. The provided documents do not mention a volcano [1].")


@pytest.mark.parametrize(
    "phrase", ["the ", "I cannot ", "no information ", "die Dokumente ", "based on the ", "les documents "]
)
def test_repeated_abstention_words_take_linear_time(phrase: str) -> None:
    """With quadratic time, 40,000 characters would take minutes."""
    for length in (390, 4000, 40_000):
        assert abstains((phrase * 20_000)[:length]) in (True, False)
