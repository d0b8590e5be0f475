"""The error tree matches its drawing, and each error has a message and a hint."""

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
    LibraryLocked,
    PinciteError,
    TooLarge,
    WeightsMismatch,
)
from tests.cases import cases

PACKAGE = Path(errors.__file__).parent
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


def test_drawing_matches_the_error_classes() -> None:
    """The drawing at the top of the package has every class once, below its parent."""
    assert drawn_parents() == {name: error.__base__.__name__ for name, error in CLASSES.items() if error.__base__}


def raised() -> list[tuple[str, ast.Call]]:
    """Return every place in the package that creates one of our errors."""
    return [
        (f"{path.relative_to(PACKAGE.parent)}:{node.lineno} {node.func.id}", node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES
    ]


def ends_with_full_stop(message: ast.expr) -> bool:
    """Return whether the literal end of a message is a full stop."""
    match message:
        case ast.Constant(value=str(text)):
            return text.endswith(".")
        case ast.JoinedStr(values=[*_, last]) | ast.BinOp(right=last):
            return ends_with_full_stop(last)
    return False


def test_raised_errors_have_a_sentence_and_a_hint() -> None:
    """A message ends with a full stop, and the class or the place gives a hint."""
    calls = raised()
    assert len(calls) > 100
    assert [place for place, call in calls if not is_complete(call)] == []


def is_complete(call: ast.Call) -> bool:
    """Return whether a call makes an error whose message is a sentence, and which has a hint."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in WRITING:
        return True
    written = bool(call.args) and isinstance(call.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
    if written and not ends_with_full_stop(call.args[0]):
        return False
    return bool(getattr(CLASSES[name], "hint", "") or len(call.args) > 1 or call.keywords)


def test_error_text_is_message_and_hint() -> None:
    """Each of them is an attribute. Of candidates, five are listed, then an ellipsis; the count is exact."""
    error = TooLarge("It is too large.", "Split it.")
    assert (str(error), error.message, error.hint) == ("It is too large. Split it.", "It is too large.", "Split it.")
    assert str(PinciteError("It failed.")) == "It failed."
    assert "pip install" in str(WeightsMismatch("They differ."))
    assert "names 7 documents: a, b, c, d, e, …." in AmbiguousDocument("x", tuple("abcdefg")).message
    assert "names 2 documents: a, b." in AmbiguousDocument("x", tuple("ab")).message


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (LibraryLocked("/lib", "process 7"), {"holder": "process 7"}),
        (FingerprintMismatch("/lib", "a", "b"), {"stored": "a", "wanted": "b"}),
        (AmbiguousDocument("x", tuple("abcdefg")), {"candidates": tuple("abcdefg")}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)  # fmt: skip
def test_error_has_its_facts_as_attributes(error: PinciteError, facts: dict[str, object]) -> None:
    """A program need not parse the message."""
    assert {name: getattr(error, name) for name in facts} == facts
    assert error.message.endswith(".")


@cases("name", sorted(CLASSES.keys() - WRITING))
def test_errors_can_be_pickled(name: str) -> None:
    """Worker processes send their errors in this way."""
    error = CLASSES[name]("It failed.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
