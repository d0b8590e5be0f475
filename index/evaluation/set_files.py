"""Reads the files of an evaluation set: JSON Lines, tables, and a corpus as documents that keep its gold offsets."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.errors import EvaluationError
from index.records import Document, Landmark, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MISSING = object()
_NEWLINE = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """An object in a file of JSON lines, or an object nested in one."""

    path: Path
    number: int
    fields: dict[str, Any]

    def text(self, *names: str, default: str | None = None) -> str:
        """Return the field of the first of these names that is present, as text. Numbers, such as ids, are accepted."""
        value = self._field(names, default)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self.error(f"{names[0]!r} is not a text")
        return str(value)

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a field that is a whole number, 0 or more."""
        value = self._field((name,), default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.error(f"{name!r} is not a whole number of at least 0")
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a field that is `true` or `false`."""
        value = self._field((name,), default)
        if not isinstance(value, bool):
            raise self.error(f"{name!r} is neither true nor false")
        return value

    def rows(self, name: str) -> list[Row]:
        """Return a field that is a list of objects; empty if it is absent."""
        values = self._field((name,), [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.error(f"{name!r} is not a list of objects")
        return [Row(self.path, self.number, value) for value in values]

    def error(self, problem: str) -> EvaluationError:
        """Return the error that names this line and the problem."""
        return line_error(self.path, self.number, problem)

    def _field(self, names: tuple[str, ...], default: Any) -> Any:
        value = next((self.fields[name] for name in names if name in self.fields), _MISSING)
        if value is _MISSING and default is None:
            raise self.error(f"{names[0]!r} is missing")
        return default if value is _MISSING else value


def line_error(path: Path, number: int, problem: str) -> EvaluationError:
    """Return the error that names a line and the problem."""
    return EvaluationError(f"{path.name}, line {number}: {problem}.", "Fix that line and try again.")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not blank, numbered from 1. Raises EvaluationError if it cannot be read."""
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
    """Yield the objects of a file of JSON lines."""
    for number, line in read_lines(path):
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise line_error(path, number, f"this is not JSON ({error})") from error
        if not isinstance(fields, dict):
            raise line_error(path, number, "this is not a JSON object")
        yield Row(path, number, fields)


def read_judgements(path: Path) -> dict[str, dict[str, int]]:
    """Return relevance by query and document, from BEIR's three columns or TREC's four; a header is allowed."""
    judgements: dict[str, dict[str, int]] = {}
    for count, (number, line) in enumerate(read_lines(path)):
        columns = [column.strip() for column in (line.split("\t") if "\t" in line else line.split())]
        if len(columns) not in (3, 4):
            raise line_error(path, number, f"it has {len(columns)} columns instead of 3 or 4")
        query, document, relevance = columns[0], columns[-2], columns[-1]
        if re.fullmatch(r"-?\d+", relevance):
            judgements.setdefault(query, {})[document] = int(relevance)
        elif count:
            raise line_error(path, number, f"the relevance {relevance!r} is not a whole number")
    return judgements


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of the corpus, and the shift of its offsets."""

    document: Document
    shift: int
    """An offset in the document's text is the offset in the corpus's text plus this."""

    def span(self, start: int, text: str) -> Span | None:
        """Return the span of a gold text that begins at `start` in the corpus; None if other words stand there."""
        words = canonical(text)
        begin = start + self.shift + len(words) - len(words.lstrip())
        span = Span(begin, begin + len(words.strip()))
        return span if words.strip() and begin >= 0 and span.of(self.document.text) == words.strip() else None


def read_corpus(path: Path, name: str) -> dict[str, Entry]:
    """Return the documents of a `corpus.jsonl`, by id."""
    entries: dict[str, Entry] = {}
    for row in read_rows(path):
        identity = row.text("id", "_id")
        if identity in entries:
            raise row.error(f"the id {identity!r} occurs twice")
        entries[identity] = entry(name, identity, row.text("title", default=""), row.text("text"))
    if not entries:
        raise EvaluationError(f"{path} is empty.", "Write one document per line, with id, title and text.")
    return entries


def entry(name: str, identity: str, title: str, text: str) -> Entry:
    """Return a document with its title as a heading above it, unless the text already begins with the title."""
    title, text = " ".join(canonical(title).split()), canonical(text)
    body = text.strip()
    head = f"{title}\n\n" if title and not body.startswith(title) else ""
    whole = (head + body).strip()
    heading = bool(title) and whole.partition("\n")[0] == title
    digest = hashlib.sha256("\0".join((name, identity, whole)).encode()).hexdigest()
    document = Document(
        id=digest,
        source=identity,
        title=title,
        author="",
        date="",
        media_type="text/plain",
        text=whole,
        landmarks=(Landmark("heading", 0, title, 1),) if heading else (),
    )
    return Entry(document, len(head) - (len(text) - len(text.lstrip())))


def canonical(text: str) -> str:
    r"""Return the text with `\n` for every line break, without unstorable characters, at the same length."""
    text = _NEWLINE.sub("\n", text.replace("\r\n", " \n"))
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text))
