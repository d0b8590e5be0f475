"""Many questions from a file, one row each into a table; what is there already is not asked again."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, fields, replace
from io import StringIO
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from index.errors import BatchError, PinciteError
from index.remarks import plain, remark
from index.spreadsheets import bare, guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from index.records import Answer, Citation, Hit, Statement

INPUTS = (".csv", ".jsonl", ".txt")
OUTPUTS = (".csv", ".jsonl", ".md")
_UTF8 = "It has to be UTF-8 text."
_LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What `str.splitlines` takes for the end of a line."""
_MOST_LINES, _MOST_VALUES = 10, 200
"""For each question, empty lines and commas in sentences included."""


class TextWriter(Protocol):
    """What a table is written to."""

    def write(self, text: str, /) -> object:
        """Take whole rows."""
        ...

    def flush(self) -> object:
        """Let whoever reads see them."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one question."""

    question: str
    status: str
    """`answered`, `unsure`, `abstained`, or `failed`."""
    answer: str = ""
    """The statements with their markers; empty unless the question is answered. What the documents do not bear out
    says so."""
    quote: str = ""
    """The first citation's words; where there is no answer, those that came nearest, which may be one where the status
    is `unsure`. The same holds for the next two."""
    document: str = ""
    location: str = ""
    confidence: float = 0.0
    verdict: str = ""
    """The first statement's; empty unless the question is answered."""
    error: str = ""
    """Why a question failed, and what to do."""
    note: str = ""
    """What the reader should know beside the answer: how the question was understood, which words of it no passage
    mentions, and what could not be searched."""


COLUMNS = tuple(field.name for field in fields(Row))


def read_questions(path: Path) -> list[str]:
    """The questions of a .txt (one a line), .csv (a column `question`, else the first) or .jsonl (`question`)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchError(f"{path} cannot be read: {error}.", _UTF8) from error
    return questions_in(str(path), data)


def questions_in(name: str, data: bytes, most: int = 0) -> list[str]:
    """The questions in the bytes of a file of that name, as `read_questions` finds them.

    Raises BatchError also where they are the bytes of far more than `most` questions, before they are taken apart: a
    few megabytes of commas become gigabytes of cells. 0 for no limit.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BatchError(f"{name} cannot be read: {error}.", _UTF8) from error
    if most:
        _check_size(name, text, most)
    match PurePath(name).suffix.lower():
        case ".txt":
            asked = text.splitlines()
        case ".csv":
            asked = _from_csv(text)
        case ".jsonl":
            lines = text.splitlines()
            asked = [_from_json(PurePath(name).name, n, line) for n, line in enumerate(lines, 1) if line.strip()]
        case _:
            raise BatchError(f"{name} is none of {', '.join(INPUTS)}.", "Name a file with one of these endings.")
    questions = [question.strip() for question in asked if question.strip()]
    if not questions:
        raise BatchError(f"{name} has no question.", "Write one a line.")
    return questions


def table(rows: Iterable[Row], form: str) -> str:
    """The rows as a file of one of OUTPUTS."""
    text = StringIO(newline="")
    writer = _Writer(text, form)
    writer.head()
    for row in rows:
        writer.write(row)
    return text.getvalue()


def stream(
    questions: Sequence[str],
    file: TextWriter,
    form: str,
    ask: Callable[[str], Answer],
    progress: Callable[[int, int], None],
) -> list[Row]:
    """Ask each question once and write its row, in one of OUTPUTS, as soon as it is answered; all rows."""
    writer = _Writer(file, form)
    writer.head()
    return _fill(writer, questions, {}, ask, progress)


def run(
    questions: Sequence[str], output: Path, ask: Callable[[str], Answer], progress: Callable[[int, int], None]
) -> list[Row]:
    """Ask each question that the table does not have yet, and add each row at once; all rows, in the questions' order.

    A question that fails is a row, too, and is asked again the next time. Killed at any moment, the table has what was
    answered. Raises BatchError where it cannot be read or written.
    """
    if output.suffix.lower() not in OUTPUTS:
        raise BatchError(f"{output} is none of {', '.join(OUTPUTS)}.", "Name a file with one of these endings.")
    done = {row.question: row for row in _read_rows(output) if row.status != "failed"}
    try:
        _begin(output, list(done.values()))
        with output.open("a", encoding="utf-8", newline="") as file:
            return _fill(_Writer(file, output.suffix.lower()), questions, done, ask, progress)
    except OSError as error:
        raise BatchError(f"{output} cannot be written: {error.strerror}.", "Name another file.") from error


def _fill(
    writer: _Writer,
    questions: Sequence[str],
    done: dict[str, Row],
    ask: Callable[[str], Answer],
    progress: Callable[[int, int], None],
) -> list[Row]:
    """Write the rows that are not done yet; all rows, in the questions' order."""
    for n, question in enumerate(questions, 1):
        if question not in done:
            done[question] = asked(question, ask)
            writer.write(done[question])
        progress(n, len(questions))
    return [done[question] for question in questions]


def _begin(output: Path, rows: Sequence[Row]) -> None:
    """The table with these rows, in place of one that may end in the midst of a row."""
    part = output.with_name(f"{output.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = _Writer(file, output.suffix.lower())
        writer.head()
        for row in rows:
            writer.write(row)
    part.replace(output)


def asked(question: str, ask: Callable[[str], Answer]) -> Row:
    """The row of one question; where it fails, one that says why."""
    try:
        answer = ask(question)
    except PinciteError as error:
        return Row(question, "failed", error=str(error))
    given = answer.statements if answer.status == "answered" else ()
    row = Row(
        question,
        answer.status,
        " ".join(map(_said, given)),
        confidence=round(answer.confidence, 4),
        verdict=given[0].verdict if given else "",
        note=" ".join(map(plain, answer.notes)),
    )
    sources: list[Citation | Hit] = [*answer.citations[:1], *answer.hits[:1]]
    if not sources:
        return row
    return replace(row, quote=sources[0].quote, document=sources[0].document.name, location=sources[0].location.label)


def _said(statement: Statement) -> str:
    """A statement with the markers of what bears it out, or with the remark that nothing does."""
    if statement.is_supported:
        return statement.text + "".join(f" [{marker}]" for marker in statement.markers)
    return f"{statement.text} ({remark(statement)})"


class _Writer:
    """Rows into a file that can be read at any moment."""

    def __init__(self, file: TextWriter, form: str) -> None:
        self._file = file
        self._form = form
        self._csv = csv.writer(file)

    def head(self) -> None:
        if self._form == ".csv":
            self._csv.writerow(COLUMNS)
        elif self._form == ".md":
            self._file.write("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS) + "\n")

    def write(self, row: Row) -> None:
        values = asdict(row)
        if self._form == ".jsonl":
            self._file.write(json.dumps(values, ensure_ascii=False) + "\n")
        elif self._form == ".csv":
            self._csv.writerow([guarded(str(value)) for value in values.values()])
        else:
            self._file.write("| " + " | ".join(_cell(str(value)) for value in values.values()) + " |\n")
        self._file.flush()


def _cell(value: str) -> str:
    """One line of Markdown in which nothing is markup."""
    escaped = "".join(f"\\{mark}" if mark in "\\`*_{}[]<>()#|!~&" else mark for mark in value)
    return " ".join(escaped.split())


def _read_rows(output: Path) -> Iterator[Row]:
    """The rows of an unfinished table; a Markdown table, which is for reading, is made anew."""
    if not output.exists() or output.suffix.lower() == ".md":
        return
    try:
        with output.open(encoding="utf-8", newline="") as file:
            if output.suffix.lower() == ".csv":
                found = [dict(each) for each in csv.DictReader(file)]
            else:
                found = [json.loads(line) for line in file if line.endswith("\n")]
        for each in found:
            values = {name: each[name] for name in COLUMNS if name != "note"}
            values["note"] = each.get("note", "")  # which older tables do not have
            question = str(values.pop("question"))
            if output.suffix.lower() == ".csv":
                question = bare(question)
            yield Row(question, **{**values, "confidence": float(values["confidence"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Name another file, or remove this one."
        raise BatchError(f"{output} is there already, and is no table of answers.", hint) from error


def _check_size(name: str, text: str, most: int) -> None:
    for what, marks, each in (("lines", _LINE_BREAKS, _MOST_LINES), ("values", ",[{", _MOST_VALUES)):
        if sum(map(text.count, marks)) > most * each:
            raise BatchError(f"{name} has too many {what} for {most} questions.", "Split it, or take columns out.")


def _from_csv(text: str) -> list[str]:
    try:
        rows = [row for row in csv.reader(text.splitlines(keepends=True), strict=True) if row]
    except csv.Error as error:
        raise BatchError(f"The table cannot be read: {error}.", "Close all quotation marks, or take .txt.") from error
    names = [name.strip().lower() for name in rows[0]] if rows else []
    if "question" in names:
        at = names.index("question")
        return [row[at] for row in rows[1:] if len(row) > at]
    return [row[0] for row in rows]


def _from_json(name: str, number: int, line: str) -> str:
    try:
        return str(json.loads(line)["question"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BatchError(f"{name}, line {number}: there is no question.", "Mend that line and try again.") from error
