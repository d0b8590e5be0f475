"""Abstentions: the phrases by which a model says that the sources do not answer, and sentences like them."""

from __future__ import annotations

import pytest

from index.answers.writer.prompts import abstains, declines
from tests.cases import cases

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
