"""JSON lines and tables, read strictly: what is wrong in them is told with the number of its line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a file of JSON lines, or one nested in it."""

    path: Path
    number: int
    fields: dict[str, Any]

    def text(self, *names: str, default: str | None = None) -> str:
        """The field of the first of these names that is there; a number, as ids often are, stands for its digits."""
        value = self._field(names, default)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self.error(f"{names[0]!r} is not a text")
        return str(value)

    def number_of(self, name: str, default: int | None = None) -> int:
        """A field that is a whole number, 0 or more."""
        value = self._field((name,), default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.error(f"{name!r} is not a whole number from 0")
        return value

    def truth(self, name: str, *, default: bool) -> bool:
        """A field that is `true` or `false`."""
        value = self._field((name,), default)
        if not isinstance(value, bool):
            raise self.error(f"{name!r} is neither true nor false")
        return value

    def rows(self, name: str) -> list[Row]:
        """A field that is a list of objects; none where it is absent."""
        values = self._field((name,), [])
        if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
            raise self.error(f"{name!r} is not a list of objects")
        return [Row(self.path, self.number, each) for each in values]

    def error(self, what: str) -> EvaluationError:
        """What is wrong with this line, to be raised."""
        return broken(self.path, self.number, what)

    def _field(self, names: tuple[str, ...], default: Any) -> Any:
        value = next((self.fields[name] for name in names if name in self.fields), _MISSING)
        if value is _MISSING and default is None:
            raise self.error(f"{names[0]!r} is missing")
        return default if value is _MISSING else value


def broken(path: Path, number: int, what: str) -> EvaluationError:
    """The error that names a line."""
    return EvaluationError(f"{path.name}, line {number}: {what}.", "Mend that line and try again.")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, numbered from 1. Raises EvaluationError where it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 text: {error}.", "Save it as UTF-8.") from error
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error


def read_rows(path: Path) -> Iterator[Row]:
    """The objects of a file of JSON lines."""
    for number, line in read_lines(path):
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise broken(path, number, f"this is not JSON ({error})") from error
        if not isinstance(fields, dict):
            raise broken(path, number, "this is not a JSON object")
        yield Row(path, number, fields)


def read_judgements(path: Path) -> dict[str, dict[str, int]]:
    """Relevance by query and document: BEIR's three columns or TREC's four; the first line may be a header."""
    judgements: dict[str, dict[str, int]] = {}
    for count, (number, line) in enumerate(read_lines(path)):
        columns = [column.strip() for column in (line.split("\t") if "\t" in line else line.split())]
        if len(columns) not in (3, 4):
            raise broken(path, number, f"it has {len(columns)} columns instead of 3 or 4")
        query, document, relevance = columns[0], columns[-2], columns[-1]
        if re.fullmatch(r"-?\d+", relevance):
            judgements.setdefault(query, {})[document] = int(relevance)
        elif count:
            raise broken(path, number, f"the relevance {relevance!r} is not a whole number")
    return judgements
