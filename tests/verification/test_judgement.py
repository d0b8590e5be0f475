"""The verdict on a claim, given what the verifier reads; and the reason that a reader sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.verification.judgement import (
    COMPARE,
    CONTRADICTED,
    DOUBTFUL,
    LONGEST,
    LONGEST_READ,
    PERHAPS,
    SUPPORTED,
    compare,
)
from index.verification.premises import Place, asks
from index.verification.vetoes import missing_number
from tests.cases import cases
from tests.verification.claims import excerpt, judged, sure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.verification.judgement import Verifier

PLANS = "The bridge opened in 1921. Rosa Keller drew the plans. They are lost."


def deciding_by(words: str, supported: float) -> Verifier:
    """Return a verifier that gives windows with these words the probability, and others none."""

    def read(pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        return [(supported, 0.0) if words in window else (0.0, 0.0) for _, window in pairs]

    return read


@pytest.mark.parametrize(
    ("supported", "verdict"),
    [(SUPPORTED, "supported"), (SUPPORTED - 0.01, "perhaps"), (PERHAPS, "perhaps"), (PERHAPS - 0.01, "unverified")],
)
def test_probability_of_support_decides(supported: float, verdict: str) -> None:
    """Between supported and unverified, the nearest words are shown for comparison."""
    found = judged("The plans are Keller's work.", PLANS, verifier=sure(supported))
    assert found.verdict == verdict
    assert found.detail == {"supported": "", "perhaps": COMPARE}.get(verdict, "The nearest words do not say this.")


def test_supported_claim_shows_the_sentence_that_supports_it() -> None:
    """The window with the highest probability decides; of its sentences, the one that supports the claim alone."""
    found = judged("Keller had two sons.", PLANS, "Keller died in 1960.", verifier=deciding_by("died", 0.9))
    assert found.places == (Place(1, 0),)
    assert judged("The plans are Keller's work.", PLANS).places == (Place(0, 1),)
    found = judged("The bridge's drawings are gone.", PLANS, verifier=deciding_by("lost", 0.9))
    assert found.places == (Place(0, 2),)


@pytest.mark.parametrize("claim", ["Keller's drawings of the bridge are of 1921.", "Rosa drew Keller's plans in 1921."])
def test_sentences_that_support_only_together_are_all_shown(claim: str) -> None:
    """Also if one of them supports the claim nearly alone, but lacks its number; what adds nothing is left out."""

    def read(pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        return [(0.95, 0.0) if "Keller" in window and "1921" in window else (0.6, 0.0) for _, window in pairs]

    found = judged(claim, PLANS, verifier=read)
    assert (found.verdict, found.places) == ("supported", (Place(0, 0), Place(0, 1)))


def test_denial_shows_the_sentence_that_denies() -> None:
    """It may be a neighbour of the nearest one. A sentence elsewhere must not support what the nearest one denies."""

    def read(pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        return [(0.0, 0.95) if "1921" in window else (0.1, 0.1) for _, window in pairs]

    found = judged("Keller drew these plans in 1930.", "Rosa Keller drew the plans. That was in 1921.", verifier=read)
    assert (found.verdict, found.places) == ("contradicted", (Place(0, 1),))

    def read_near(pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        return [(0.01, 0.95) if "not" in window else (0.9, 0.0) for _, window in pairs]

    texts = ("Correction is not a necessary tool.", "Correction is a tool of some use. It is necessary now and then.")
    assert judged("Correction is a necessary tool.", *texts, verifier=read_near).verdict == "contradicted"


def test_words_of_the_source_need_the_consent_of_their_context() -> None:
    """What stands around them may take them back."""
    assert judged("Rosa Keller drew the plans.", PLANS).verdict == "verbatim"
    assert judged("rosa keller  drew the “plans”", PLANS).verdict == "verbatim"
    doubtful = judged("Rosa Keller drew the plans.", PLANS, verifier=sure(0.05))
    assert (doubtful.verdict, doubtful.detail) == ("perhaps", DOUBTFUL)
    denied = judged("Rosa Keller drew the plans.", PLANS, verifier=sure(0.1, 0.9))
    assert denied.verdict == "contradicted"


def test_every_place_with_the_words_may_give_its_consent() -> None:
    """One that takes them back does not hide another; the writer's own source comes first."""
    texts = ("It is a myth that Rosa Keller drew the plans.", PLANS, PLANS)
    excerpts = [excerpt(text) for text in texts]
    assert compare("Rosa Keller drew the plans.", excerpts, deciding_by("1921", 0.9)).places == (Place(1, 1),)
    assert compare("Rosa Keller drew the plans.", excerpts, sure(0.9), cited=[2]).places == (Place(2, 1),)


def test_number_or_name_that_the_window_lacks_is_a_veto() -> None:
    """However sure the verifier is. A word of no document is named, and several sentences may be verbatim."""
    found = judged("Rosa Keller drew the plans. They are lost.", PLANS)
    assert (found.verdict, found.places) == ("verbatim", (Place(0, 1), Place(0, 2)))
    found = judged("The bridge was secretly sold.", PLANS, verifier=sure(0.1), unknown=("secretly",))
    assert (found.verdict, found.detail) == ("unverified", "Not in the documents: *secretly*.")
    found = judged("The bridge, drawn by Keller, opened in 1931.", PLANS)
    assert (found.verdict, "*1931*" in found.detail) == ("perhaps", True)
    found = judged("The plans were drawn by Ada Lunde.", PLANS)
    assert (found.verdict, "*Ada Lunde*" in found.detail) == ("perhaps", True)


@pytest.mark.parametrize("text", ["The company owns four ferries?", "The company owns four ferries? No."])
def test_question_or_heading_is_no_source(text: str) -> None:
    """The words of a question, which the claim repeats, state nothing; those of a heading are only context."""
    assert judged("The company owns four ferries.", text).verdict == "unverified"
    heading = excerpt("Veloxamab cures asthma. The trial is going on.")
    heading = type(heading)(heading.sentences, heading.closeness, (False, True))
    found = compare("Veloxamab cures asthma.", [heading], sure(0.0))
    assert (found.verdict, found.places) == ("unverified", (Place(0, 1),))


@cases(
    ("claim", "source", "detail"),
    [
        ("Prices fell sharply in May.", "Prices rose sharply in May.", "*fell* here, *rose* in the source."),
        ("Goods became cheaper.", "Prices rose sharply in May.", "The source says otherwise."),
        ("The dam was finished in spring by her brother.", "The bridge was closed.", "The source says otherwise."),
        (
            "The company hired 40 people in Oslo.",
            "The company fired 40 people in Bergen.",
            "The source says otherwise.",
        ),
    ],
)
def test_contradicted_claim_shows_the_difference(claim: str, source: str, detail: str) -> None:
    """Between asterisks, which faces show as emphasis; claims that differ in several places name none.

    The beginning and the end count, too.
    """
    found = judged(claim, source, verifier=sure(0.05, CONTRADICTED))
    assert (found.verdict, found.detail) == ("contradicted", detail)


@cases(
    ("claim", "source", "missing"),
    [
        ("The council cast 26 votes.", "The council had 17 votes for it and 9 votes against it.", "26"),
        ("It cost 9,467 crowns.", "The price was 9467 crowns.", ""),
        ("About 30 boats lay there.", "There were 28 boats.", ""),
        ("Three boats lay there.", "There were boats.", ""),
        ("The 3 boats of COVID-19 lay there on 8 May.", "Three boats lay there on May 08.", ""),
        ("The limit is £500,000.", "It pays up to a limit of €500,000.", "£500,000"),
        ("The limit is £500,000.", "It pays up to 500,000 pounds.", ""),
        ("It grew by 4.5 percent.", "It grew by 4 or 5 percent.", "4.5"),
    ],
)
def test_numbers_in_digits_are_compared(claim: str, source: str, missing: str) -> None:
    """Those in words, in names, and those that are not exact are left to the verifier."""
    assert missing_number(claim, source) == missing


def test_cited_source_is_preferred() -> None:
    """If several sources support a claim, one that the writer cited is shown."""
    texts = ("Prices rose by 18 percent.", "In May, prices rose by 18 percent, the office said.")
    excerpts = [excerpt(text) for text in texts]
    for cited in (0, 1):
        found = compare("Prices went up by 18 percent.", excerpts, sure(0.95), cited=[cited])
        assert found.places[0].excerpt == cited


def test_without_a_verifier_only_words_count() -> None:
    """Other claims stay unverified, with the nearest words; a part of a sentence may have been taken out of context."""
    assert compare("Rosa Keller drew the plans.", [excerpt(PLANS)], None).verdict == "verbatim"
    myth = excerpt("It is a myth that Rosa Keller drew the plans.")
    assert compare("Rosa Keller drew the plans.", [myth], None).verdict == "perhaps"
    found = compare("The plans are Keller's work.", [excerpt(PLANS)], None)
    assert (found.verdict, found.places) == ("unverified", (Place(0, 1),))


def test_claim_that_cannot_be_judged_says_why() -> None:
    """There is no source, no word, or there are too many words; of a long claim the verifier does not read the end."""
    assert compare("Prices rose.", [], sure()).detail == "There is no source to compare with."
    assert judged("", "Prices rose.").detail == "It has no words."
    assert judged("Prices rose and " * LONGEST, "Prices rose.").detail == "It is too long to be checked."
    long = "Prices rose for bread and salt and wool " * (LONGEST_READ // 7) + "in May."
    assert judged(long, "In May, bread became dearer.").verdict == "perhaps"
    assert judged(long, long).verdict == "verbatim"


@cases(
    ("text", "expected"),
    [
        ("What's new?", True), ("“Why not?”", True), ("(Really?)", True), ("She asked, “Why?”", False),
        ("He left.", False),
    ],
)  # fmt: skip
def test_questions_are_recognised(text: str, expected: bool) -> None:
    """Also in quotation marks, but not a sentence that says who asked."""
    assert asks(text) == expected
