"""Runs a table of small cases as one test: `cases` is written like `pytest.mark.parametrize`.

A test of its own for each row costs several milliseconds and two messages between processes.
"""

from __future__ import annotations

import functools
import inspect
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Test = Callable[..., None]

_LONGEST_LABEL = 80


def cases(
    names: str | Sequence[str], rows: Iterable[Any], *, ids: Iterable[str] | Callable[[Any], object] | None = None
) -> Callable[[Test], Test]:
    """Call the test with each row in turn. All rows are tried; those that fail are named.

    For tests without a fixture that a case may change: all cases of a test share its fixtures.
    """
    parameters = [name for name in re.split(r"[ ,]+", names) if name] if isinstance(names, str) else list(names)
    table = list(rows)
    labels = list(ids) if ids is not None and not callable(ids) else [_label(row, ids) for row in table]
    assert table
    assert len(labels) == len(table)

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            failures: list[Exception] = []
            for label, row in zip(labels, table, strict=True):
                try:
                    test(**fixtures, **dict(zip(parameters, _values(row, len(parameters)), strict=True)))
                except Exception as error:
                    error.add_note(f"Case: {label}")
                    failures.append(error)
            if len(failures) == 1:
                raise failures[0]
            if failures:
                raise ExceptionGroup(f"{len(failures)} of {len(table)} cases failed", failures)

        signature = inspect.signature(test)
        kept = [parameter for name, parameter in signature.parameters.items() if name not in parameters]
        assert len(kept) == len(signature.parameters) - len(parameters)
        run.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return run

    return decorate


def _values(row: Any, count: int) -> Sequence[Any]:
    """The values of a row: a tuple, what `pytest.param` made, or the only value."""
    if hasattr(row, "marks"):
        return row.values  # type: ignore[no-any-return]
    return (row,) if count == 1 else row


def _label(row: Any, name: Callable[[Any], object] | None) -> str:
    """The label of a row: its id, or what `name` returns for its values, or the values themselves."""
    values = row
    if hasattr(row, "marks"):
        values = row.values
        if row.id:
            return str(row.id)
    if name is None:
        return repr(values)[:_LONGEST_LABEL]
    values = values if isinstance(values, tuple) else (values,)
    return "-".join(str(name(value) or value) for value in values)[:_LONGEST_LABEL]
