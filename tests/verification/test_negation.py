"""A claim must not state what the source denies, or deny what it states."""

from __future__ import annotations

import pytest

from index.records import SUPPORTING
from tests.cases import cases
from tests.verification.claims import judged, verdict

OPPOSED = {
    "not": ("The drug did not lower the pressure.", "The drug lowered the pressure."),
    "contraction": ("The drug doesn't lower the pressure.", "The drug lowers the pressure."),
    "curly contraction": ("The drug doesn’t lower the pressure.", "The drug lowers the pressure."),
    "contraction in two tokens": ("The drug does n't lower the pressure.", "The drug lowers the pressure."),
    "cannot": ("The drug cannot lower the pressure.", "The drug can lower the pressure."),
    "can't": ("The drug can't lower the pressure.", "The drug can lower the pressure."),
    "never": ("She never patented the process.", "She patented the process."),
    "no": ("There was no evidence of harm.", "There was evidence of harm."),
    "none": ("None of the trials showed harm.", "All of the trials showed harm."),
    "neither": ("Neither group reported harm.", "Both groups reported harm."),
    "without": ("They left without permission.", "They left with permission."),
    "failed to": ("The trial failed to show a benefit.", "The trial showed a benefit."),
    "lack": ("The trial lacked a control group.", "The trial had a control group."),
    "denied": ("The minister denied the payment.", "The minister made the payment."),
    "hardly": ("The drug hardly changed the pressure.", "The drug changed the pressure."),
    "unable": ("The engine was unable to start.", "The engine was able to start."),
    "un-": ("The infection is uncommon in adults.", "The infection is common in adults."),
    "in-": ("The data were insufficient for a model.", "The data were sufficient for a model."),
    "non-": ("A non-deterministic machine was used.", "A deterministic machine was used."),
    "dis-": ("The authors disagree on the cause.", "The authors agree on the cause."),
    "increase and decrease": ("Prices increased sharply in May.", "Prices decreased sharply in May."),
    "rose and fell": ("Prices fell sharply in May.", "Prices rose sharply in May."),
    "higher and lower": ("Rates were higher in cities.", "Rates were lower in cities."),
    "more and less": ("The test is more precise than ours.", "The test is less precise than ours."),
    "above and below": ("The tank lies above the valve.", "The tank lies below the valve."),
    "before and after": ("They left before the war.", "They left after the war."),
    "positive and negative": ("The result was positive for both.", "The result was negative for both."),
    "it is not true": ("It is not true that the dam failed.", "The dam failed."),
    "not in the second clause": (
        "The drug lowered the pressure but it did not help patients.",
        "The drug lowered the pressure but it helped patients.",
    ),
    "a second not": (
        "It did not lower the pressure and was not found safe.",
        "It did not lower the pressure and was found safe.",
    ),
    "moved": ("The dam is made of stone, not of earth.", "The dam is not made of stone, but of earth."),
    "no longer": ("Windows 7 is still supported.", "Windows 7 is no longer supported."),
    "not only": ("It harms only the poor.", "It harms not only the poor."),
    "whether or not": ("It is not whether or not to plead.", "It is whether or not to plead."),
}


@cases(("denial", "statement"), OPPOSED.values(), ids=OPPOSED)
def test_denial_is_not_supported(denial: str, statement: str) -> None:
    """The claim denies what the source says, or says the opposite."""
    assert verdict(denial, statement) not in SUPPORTING


@cases(("denial", "statement"), OPPOSED.values(), ids=OPPOSED)
def test_statement_is_not_supported_by_its_denial(denial: str, statement: str) -> None:
    """The claim says what the source denies."""
    assert verdict(statement, denial) not in SUPPORTING


ALIKE = {
    "not and never": ("She did not patent the process.", "She never patented the process."),
    "no and not any": ("The trial found no evidence of harm.", "The trial did not find any evidence of harm."),
    "not common and uncommon": ("The infection is not common in adults.", "The infection is uncommon in adults."),
    "neither nor and not or": ("Neither rain nor wind was seen.", "Rain or wind were not seen."),
    "a denial elsewhere in the source": (
        "The drug lowered the pressure.",
        "The drug lowered the pressure, although it did not help older patients.",
    ),
    "not only": ("It harms the poor and the rich.", "It harms not only the poor but also the rich."),
    "in- that denies nothing": ("They inform the public of content.", "They inform the public of form and content."),
    "fail without to": ("The heart failure unit closed.", "The unit for heart failure closed."),
    "nothing follows": ("Of the two, they had none.", "They had none of the two."),
}


@pytest.mark.parametrize(("claim", "passage"), ALIKE.values(), ids=ALIKE)
def test_equivalent_denial_is_supported(claim: str, passage: str) -> None:
    """The denial is in both texts, or in neither."""
    assert verdict(claim, passage) in SUPPORTING


def test_plain_denial_is_contradicted() -> None:
    """All other words are the same, and the detail quotes the difference."""
    found = judged("The drug lowered the pressure.", "The drug did not lower the pressure.")
    assert (found.verdict, found.detail) == ("contradicted", "“not” in the source, not here")
    found = judged("The drug did not lower the pressure.", "The drug lowered the pressure.")
    assert (found.verdict, found.detail) == ("contradicted", "“not” here, not in the source")
    found = judged("Prices fell sharply.", "Prices rose sharply.")
    assert (found.verdict, found.detail) == ("contradicted", "“fell” here, “rose” in the source")
