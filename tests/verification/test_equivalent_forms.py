"""Forms that mean the same, and forms that look the same and differ: exceptions, duties, dates, degrees."""

from __future__ import annotations

import pytest

from index.records import SUPPORTING
from index.text.sentences import split_sentences
from index.verification.judgement import Source, compare
from tests.cases import cases
from tests.verification.claims import NEAR, judged, verdict

_RENT = "The rent includes water and heating but not electricity or council tax."
_REFUNDS = "Refunds are given within 30 days of the first payment, never for renewals."
_CHARGED = "Her office has charged two managers, but not the company's founder, Luc Amblard, who is a witness."
_VOTE = "The Greens and the Liberals voted in favour, the Conservatives against."
_WATCH = "Legend has it that the referee, Horace Tindall, had accepted a gold watch from the chairman."

SAME = {
    "excepted from a list": (_RENT, "The rent does not include council tax."),
    "never for": (_REFUNDS, "Refunds are not given for renewals."),
    "but not": (_CHARGED, "Luc Amblard has not been charged."),
    "shall not": ("The Tenants shall not sublet the Flat.", "The Tenants are not allowed to sublet the Flat."),
    "must not": ("The Tenants must not sublet the Flat.", "The Tenants may not sublet the Flat."),
    "must": ("The Tenants must paint the Flat.", "The Tenants have to paint the Flat."),
    "required": ("The Tenants must paint the Flat.", "The Tenants are required to paint the Flat."),
    "allowed": ("The Tenants may paint the Flat.", "The Tenants are allowed to paint the Flat."),
    "allowed by": ("The minister allowed the company to drill.", "The company was allowed to drill."),
    "able": ("The company was not able to drill in the park.", "The company could not drill in the park."),
    "a month of a year": ("It opened in May 1958.", "It opened in 1958."),
    "a year before a noun": ("The 1958 election was won by the Liberals.", "The Liberals won the election in 1958."),
    "far and much": ("Females are far larger than males.", "Females are much larger than males."),
    "a light verb": ("The council took a decision on Monday.", "The council decided on Monday."),
    "a verb for a light one": ("Mary decided to leave.", "Mary took the decision to leave."),
    "ever": ("No evidence for this has ever been found.", "No evidence for this has been found."),
    "in brackets": ("It was a difference that was not significant (P = 0.58).", "The difference was not significant."),
    "first of two clauses": (_VOTE, "The Greens voted in favour."),
}

OTHER = {
    "not excepted": (_RENT, "The rent does not include water."),
    "need not": ("The Tenants do not have to paint the Flat.", "The Tenants must not paint the Flat."),
    "may have to": ("The Tenants may have to paint the Flat.", "The Tenants have to paint the Flat."),
    "had to": ("The Tenants had to paint the Flat.", "The Tenants have to paint the Flat."),
    "until is not since": ("Trains ran over it until 1958; since then it is closed.", "Trains ran over it since 1958."),
    "until is not in": ("Trains ran over it until 1958.", "Trains ran over it in 1958."),
    "slightly": ("Females are slightly larger than males.", "Females are much larger than males."),
    "given and accepted": (_WATCH, "Legend has it that Horace Tindall gave the chairman a gold watch."),
    "rejected": ("The company rejected a bid for the mine.", "The company made a bid for the mine."),
    "gapped clause": (_VOTE, "The Conservatives voted in favour."),
    "gapped clauses": (_VOTE, "The Conservatives and the Liberals voted in favour, the Greens against."),
    "another cause": (
        "Profit fell because chips were dear. The pound was weak.",
        "Profit fell because the pound was weak.",
    ),
}  # fmt: skip

CONTRADICTED = {
    "excepted from a list": (_RENT, "The rent includes council tax."),
    "never for": (_REFUNDS, "Refunds are given for renewals."),
    "but not": (_CHARGED, "Luc Amblard has been charged."),
}


@cases(("passage", "claim"), SAME.values(), ids=SAME)
def test_equivalent_form_is_supported(passage: str, claim: str) -> None:
    """The claim uses another voice or another modal verb, or states an exception by itself."""
    assert verdict(claim, passage) in SUPPORTING, judged(claim, passage).detail


@cases(("passage", "claim"), OTHER.values(), ids=OTHER)
def test_similar_form_with_another_meaning_is_not_supported(passage: str, claim: str) -> None:
    """The words are the same, with other roles or other limits."""
    assert verdict(claim, passage) not in SUPPORTING


@pytest.mark.parametrize(("passage", "claim"), CONTRADICTED.values(), ids=CONTRADICTED)
def test_claim_about_an_exception_is_contradicted(passage: str, claim: str) -> None:
    """An exception is as clear as a denial."""
    assert verdict(claim, passage) == "contradicted"


def _sure_verdict(claim: str, passage: str) -> str:
    """Return the verdict with a verifier that is sure of everything."""
    return compare(claim, [Source(passage, passage)], [NEAR], lambda pairs: [0.99] * len(pairs)).verdict


def test_sure_verifier_outvotes_a_missing_noun() -> None:
    """`Participants` stands for `adults`."""
    adults = "At nine hospitals 412 adults were assigned to vitamin K2 for 18 months."
    claim = "The participants at nine hospitals were assigned to vitamin K2 for 18 months."
    assert _sure_verdict(claim, adults) == "supported"


GUARDED = {
    "a number": (
        "The street was closed to cars in October 2021.",
        "The council voted in October 2021 to close the street to cars from April 2022.",
    ),
    "another reason": ("Profit fell because the pound was weak.", "The pound was weak, and profit fell as chips rose."),
}


@pytest.mark.parametrize(("claim", "passage"), GUARDED.values(), ids=GUARDED)
def test_sure_verifier_does_not_outvote_dates_and_reasons(claim: str, passage: str) -> None:
    """A date or a reason must refer to the same event, however sure the verifier is."""
    assert _sure_verdict(claim, passage) not in SUPPORTING


_NOVEL = (
    "When the expedition's surveyor fell ill, a woman took over his work. Her novel Ledger, in which a woman surveyor "
    "murders the leader of her expedition, sold barely 400 copies."
)


def test_copy_with_a_synonym_is_supported() -> None:
    """`Important` stands for `significant`, whatever the parser says; `approved` does not stand for `rejected`."""
    act = "The Molasses Act greatly affected the significant colonial molasses trade."
    assert verdict("The Molasses Act greatly affected the important colonial molasses trade.", act) == "supported"
    council = "The council rejected a proposal to charge for parking. It had adopted the plan for the harbour."
    assert verdict("The council adopted a proposal to charge for parking.", council) not in SUPPORTING


def test_weaker_sentence_is_not_tried_after_a_better_one_fails() -> None:
    """A claim from a novel is not proven by a neighbouring sentence that shares some of its words."""
    assert (
        _sure_verdict_of_passage("The leader of the expedition was murdered by a woman surveyor.", _NOVEL)
        == "unverified"
    )


def test_sentence_with_few_words_of_the_claim_supports_nothing() -> None:
    """It supports nothing, however sure the verifier is."""
    assert (
        _sure_verdict("Headaches impair the memory of older people.", "People of 69 years took part.") == "unverified"
    )


def _sure_verdict_of_passage(claim: str, passage: str) -> str:
    """Return that verdict for a passage of several sentences."""
    sources = [Source(span.of(passage), passage) for span in split_sentences(passage)]
    return compare(claim, sources, [NEAR] * len(sources), lambda pairs: [0.99] * len(pairs)).verdict
