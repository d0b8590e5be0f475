"""The error tree is as it is drawn, and each error says what to do."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

from index import errors
from index.errors import (
    AmbiguousDocument,
    FingerprintMismatch,
    JobNotFound,
    LibraryLocked,
    NotAllowed,
    PinciteError,
    QueueFull,
    TooLarge,
    TooMany,
    WeightsMismatch,
)
from tests.cases import cases

PACKAGE = Path(errors.__file__).parents[1]
CLASSES = {name: error for name, error in vars(errors).items() if isinstance(error, type)}
WRITING = {name for name, error in CLASSES.items() if "__init__" in vars(error) and error is not PinciteError}
"""Names of the classes that write their own message and hint."""


def drawn_parents() -> dict[str, str]:
    """Return the parent of each class, as the drawing shows it; the root's parent is Exception."""
    assert errors.__doc__
    parents, branch = {}, ["Exception"]
    for indent, name in re.findall(r"^ {4}([│├└─ ]*)(\w+)", errors.__doc__, re.MULTILINE):
        branch = [*branch[: len(indent) // 4 + 1], name]
        assert name not in parents
        parents[name] = branch[-2]
    return parents


def test_the_tree_is_as_drawn() -> None:
    """The drawing at the top of the package names every class once, below its parent."""
    assert drawn_parents() == {name: error.__base__.__name__ for name, error in CLASSES.items() if error.__base__}


@cases("name", CLASSES)
def test_each_error_says_what_it_is(name: str) -> None:
    """Every class has a docstring that is a sentence, and inherits from the root."""
    assert (CLASSES[name].__doc__ or "").endswith(".")
    assert issubclass(CLASSES[name], PinciteError)


def raised() -> list[tuple[str, ast.Call]]:
    """Every place in the package where one of our errors is made."""
    return [
        (f"{path.relative_to(PACKAGE)}:{node.lineno} {node.func.id}", node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES
    ]


def ends_with_a_stop(message: ast.expr) -> bool:
    """Whether a message, as far as it is written out, ends with a full stop."""
    match message:
        case ast.Constant(value=str(text)):
            return text.endswith(".")
        case ast.JoinedStr(values=[*_, last]) | ast.BinOp(right=last):
            return ends_with_a_stop(last)
    return False


@cases(("place", "call"), [pytest.param(*each, id=each[0]) for each in raised()])
def test_each_error_is_raised_with_a_sentence_and_a_hint(place: str, call: ast.Call) -> None:
    """Messages end with a full stop, and either the class or the place says what to do next."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in WRITING:
        return
    if call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr | ast.BinOp):
        assert ends_with_a_stop(call.args[0])
    assert getattr(CLASSES[name], "hint", "") or len(call.args) > 1 or call.keywords, f"{place} gives no hint"


def test_an_error_reads_as_message_and_hint() -> None:
    """As text it is both, as attributes it is each."""
    error = TooLarge("It is too large.", "Split it.")
    assert (str(error), error.message, error.hint) == ("It is too large. Split it.", "It is too large.", "Split it.")
    assert str(PinciteError("It failed.")) == "It failed."
    assert "pip install" in str(WeightsMismatch("They differ."))


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (LibraryLocked("/lib", "process 7"), {"folder": "/lib", "holder": "process 7"}),
        (FingerprintMismatch("/lib", "a", "b"), {"stored": "a", "wanted": "b"}),
        (AmbiguousDocument("x", tuple("abcdefg")), {"name": "x", "candidates": tuple("abcdefg")}),
        (NotAllowed("That", "PINCITE_THAT"), {"what": "That", "setting": "PINCITE_THAT"}),
        (
            TooMany("files", 9, 5, "PINCITE_FILES"),
            {"what": "files", "count": 9, "limit": 5, "setting": "PINCITE_FILES"},
        ),
        (QueueFull(5), {"limit": 5}),
        (JobNotFound("abc"), {"identity": "abc"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_carries_its_facts(error: PinciteError, facts: dict[str, object]) -> None:
    """A program need not parse the message."""
    assert {name: getattr(error, name) for name in facts} == facts
    assert error.message.endswith(".")


def test_many_candidates_are_cut_short() -> None:
    """Five are listed, the rest is an ellipsis; the count is exact."""
    assert "names 7 documents: a, b, c, d, e, …." in AmbiguousDocument("x", tuple("abcdefg")).message
    assert "names 2 documents: a, b." in AmbiguousDocument("x", tuple("ab")).message


@cases("name", sorted(CLASSES.keys() - WRITING))
def test_an_error_can_cross_processes(name: str) -> None:
    """Errors survive pickling, as worker processes need it."""
    error = CLASSES[name]("It failed.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
