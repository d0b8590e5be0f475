"""Compares two results question by question."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.errors import EvaluationError
from index.evaluate.resampling import estimate, holm, p_value
from index.evaluate.results import MEANINGS, Comparison, Difference, Values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LEAST_PAIRS = 2


def compare(first: Path, second: Path) -> Comparison:
    """Compare two files that `pincite eval --json` wrote on one set.

    If each file has one mode, these two are compared, even if they differ; else each mode is compared with itself. Only
    questions that are in both files are compared. Raises EvaluationError if there is nothing to compare.
    """
    digests, results = zip(*(_read(path) for path in (first, second)), strict=True)
    if digests[0] != digests[1]:
        raise EvaluationError(
            f"{first} and {second} are results of different questions or documents.", "Compare results of one set."
        )
    rows = list(_differences(*results))
    if not rows:
        raise EvaluationError(
            f"{first} and {second} have no mode and measure with at least {_LEAST_PAIRS} questions in common.",
            "Evaluate both with the same --mode and --limit.",
        )
    corrected = holm([row.p for row in rows])
    differences = tuple(replace(row, p_holm=p) for row, p in zip(rows, corrected, strict=True))
    return Comparison(str(first), str(second), differences, _notes(*results))


def _differences(first: dict[str, Values], second: dict[str, Values]) -> Iterator[Difference]:
    for first_mode, second_mode in _pairs(first, second):
        for measure in MEANINGS:
            a, b = first[first_mode].get(measure, {}), second[second_mode].get(measure, {})
            both = [identity for identity in a if identity in b]
            if len(both) >= _LEAST_PAIRS:
                changes = [b[identity] - a[identity] for identity in both]
                first_mean, second_mean = (sum(side[identity] for identity in both) / len(both) for side in (a, b))
                yield Difference(
                    measure=measure,
                    first_mode=first_mode,
                    second_mode=second_mode,
                    first=first_mean,
                    second=second_mean,
                    difference=estimate(changes),
                    p=p_value(changes),
                    p_holm=1.0,
                )


def _pairs(first: dict[str, Values], second: dict[str, Values]) -> list[tuple[str, str]]:
    if len(first) == len(second) == 1:
        return [(next(iter(first)), next(iter(second)))]
    return [(mode, mode) for mode in first if mode in second]


def _notes(first: dict[str, Values], second: dict[str, Values]) -> tuple[str, ...]:
    """Return a note on the questions that are in only one of the two results."""
    questions = [
        {question for measures in result.values() for values in measures.values() for question in values}
        for result in (first, second)
    ]
    unpaired = len(questions[0] ^ questions[1])
    return (f"{unpaired} questions are in only one of the two results and were left out.",) if unpaired else ()


def _read(path: Path) -> tuple[str, dict[str, Values]]:
    """Return the digest of the set, and the values of each mode."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        return str(result["digest"]), {
            str(outcome["mode"]): _values(outcome["values"]) for outcome in result["outcomes"]
        }
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        hint = "Write one with: pincite eval FOLDER --json > FILE"
        raise EvaluationError(f"{path} is not a result of `pincite eval --json`.", hint) from error


def _values(given: Any) -> Values:
    return {
        str(measure): {str(question): float(value) for question, value in values.items()}
        for measure, values in given.items()
    }
