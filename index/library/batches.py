"""Asks the questions of a file and writes one row per answer to a table; answered questions are not asked again."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, fields, replace
from io import StringIO
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from index.errors import BatchError, PinciteError
from index.records.remarks import plain, remark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from index.records import Answer, Citation, Hit, Statement

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The first characters of a formula."""
INPUTS = (".csv", ".jsonl", ".txt")
OUTPUTS = (".csv", ".jsonl", ".md")
_UTF8 = "The file must be UTF-8 text."
_LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""The characters at which `str.splitlines` splits."""
_MAX_LINES, _MAX_VALUES = 10, 200
"""Limits per question, with room for empty lines and for commas in sentences."""


def escape_formula(words: str) -> str:
    """Return the text, with an apostrophe before it if it would be a formula."""
    return f"'{words}" if words.startswith(_FORMULA) else words


def unescape_formula(cell: str) -> str:
    """Reverse `escape_formula`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


class TextWriter(Protocol):
    """A text stream that a table is written to."""

    def write(self, text: str, /) -> object:
        """Write whole rows."""
        ...

    def flush(self) -> object:
        """Make the written rows visible to readers."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one question."""

    question: str
    status: str
    """`answered`, `unsure`, `abstained`, or `failed`."""
    answer: str = ""
    """The statements with their markers, or with a remark if the documents do not support them; empty unless the
    status is `answered`."""
    quote: str = ""
    """The text of the first citation; without an answer, the text of the nearest hit, which may be the answer if the
    status is `unsure`. `document` and `location` belong to the same citation or hit."""
    document: str = ""
    location: str = ""
    confidence: float = 0.0
    verdict: str = ""
    """The verdict on the first statement; empty unless the status is `answered`."""
    error: str = ""
    """Why the question failed, and how to fix it."""
    note: str = ""
    """Notes on the answer: how the question was understood, which of its words no passage mentions, and what could not
    be searched."""


COLUMNS = tuple(field.name for field in fields(Row))


def read_questions(path: Path) -> list[str]:
    """Return the questions of a .txt (one a line), .csv (column `question`, else the first) or .jsonl (`question`)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchError(f"{path} cannot be read: {error}.", _UTF8) from error
    return questions_in(str(path), data)


def questions_in(name: str, data: bytes, most: int = 0) -> list[str]:
    """Return the questions in the bytes of a file with that name, like `read_questions`.

    Raises BatchError before parsing if the file is far too large for `most` questions, because a few megabytes of
    commas become gigabytes of cells. 0 means no limit.
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
            raise BatchError(f"{name} is not a {', '.join(INPUTS)} file.", "Name a file with one of these extensions.")
    questions = [question.strip() for question in asked if question.strip()]
    if not questions:
        raise BatchError(f"{name} contains no questions.", "Write one question per line.")
    return questions


def table(rows: Iterable[Row], form: str) -> str:
    """Return the rows as the text of a file; `form` is one of OUTPUTS."""
    text = StringIO(newline="")
    writer = _TableWriter(text, form)
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
    """Ask each question once, write its row at once, and return all rows; `form` is one of OUTPUTS."""
    writer = _TableWriter(file, form)
    writer.head()
    return _fill(writer, questions, {}, ask, progress)


def run(
    questions: Sequence[str], output: Path, ask: Callable[[str], Answer], progress: Callable[[int, int], None]
) -> list[Row]:
    """Ask each question without an answer in the table, append each row at once, and return all rows in order.

    A failed question gets a row, too, and is asked again the next time. If the process is killed, the table keeps all
    answered rows. Raises BatchError if the table cannot be read or written.
    """
    if output.suffix.lower() not in OUTPUTS:
        raise BatchError(f"{output} is not a {', '.join(OUTPUTS)} file.", "Name a file with one of these extensions.")
    done = {row.question: row for row in _read_rows(output) if row.status != "failed"}
    try:
        _begin(output, list(done.values()))
        with output.open("a", encoding="utf-8", newline="") as file:
            return _fill(_TableWriter(file, output.suffix.lower()), questions, done, ask, progress)
    except OSError as error:
        raise BatchError(f"{output} cannot be written: {error.strerror}.", "Name another file.") from error


def _fill(
    writer: _TableWriter,
    questions: Sequence[str],
    done: dict[str, Row],
    ask: Callable[[str], Answer],
    progress: Callable[[int, int], None],
) -> list[Row]:
    """Write the missing rows, and return all rows in the order of the questions."""
    for n, question in enumerate(questions, 1):
        if question not in done:
            done[question] = answer_row(question, ask)
            writer.write(done[question])
        progress(n, len(questions))
    return [done[question] for question in questions]


def _begin(output: Path, rows: Sequence[Row]) -> None:
    """Write a table with these rows over the old one, which may end in the middle of a row."""
    part = output.with_name(f"{output.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = _TableWriter(file, output.suffix.lower())
        writer.head()
        for row in rows:
            writer.write(row)
    part.replace(output)


def answer_row(question: str, ask: Callable[[str], Answer], in_words: Callable[[PinciteError], str] = str) -> Row:
    """Ask one question and return its row; if it fails, a row with the error `in_words`."""
    try:
        answer = ask(question)
    except PinciteError as error:
        return Row(question, "failed", error=in_words(error))
    statements = answer.statements if answer.status == "answered" else ()
    row = Row(
        question,
        answer.status,
        " ".join(map(_statement_text, statements)),
        confidence=round(answer.confidence, 4),
        verdict=statements[0].verdict if statements else "",
        note=" ".join(map(plain, answer.notes)),
    )
    sources: list[Citation | Hit] = [*answer.citations[:1], *answer.hits[:1]]
    if not sources:
        return row
    return replace(row, quote=sources[0].quote, document=sources[0].document.name, location=sources[0].location.label)


def _statement_text(statement: Statement) -> str:
    """Return a statement with its source markers, or with a remark if the documents do not support it."""
    if statement.is_supported:
        return statement.text + "".join(f" [{marker}]" for marker in statement.markers)
    return f"{statement.text} ({remark(statement)})"


class _TableWriter:
    """Writes rows to a file, which readers can read at any time."""

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
            self._csv.writerow([escape_formula(str(value)) for value in values.values()])
        else:
            self._file.write("| " + " | ".join(_cell(str(value)) for value in values.values()) + " |\n")
        self._file.flush()


def _cell(value: str) -> str:
    """Return a value as one line of Markdown with all markup escaped."""
    escaped = "".join(f"\\{mark}" if mark in "\\`*_{}[]<>()#|!~&" else mark for mark in value)
    return " ".join(escaped.split())


def _read_rows(output: Path) -> Iterator[Row]:
    """Yield the rows of an unfinished table. A Markdown table is not parsed; it is written again from the start."""
    if not output.exists() or output.suffix.lower() == ".md":
        return
    try:
        with output.open(encoding="utf-8", newline="") as file:
            if output.suffix.lower() == ".csv":
                cells_by_row = [dict(cells) for cells in csv.DictReader(file)]
            else:
                cells_by_row = [json.loads(line) for line in file if line.endswith("\n")]
        for cells in cells_by_row:
            values = {name: cells[name] for name in COLUMNS if name != "note"}
            values["note"] = cells.get("note", "")  # older tables have no notes
            question = str(values.pop("question"))
            if output.suffix.lower() == ".csv":
                question = unescape_formula(question)
            yield Row(question, **{**values, "confidence": float(values["confidence"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Name another file, or remove this one."
        raise BatchError(f"{output} already exists and is not a table of answers.", hint) from error


def _check_size(name: str, text: str, most: int) -> None:
    for unit, marks, limit in (("lines", _LINE_BREAKS, _MAX_LINES), ("values", ",[{", _MAX_VALUES)):
        if sum(map(text.count, marks)) > most * limit:
            raise BatchError(f"{name} has too many {unit} for {most} questions.", "Split it, or remove columns.")


def _from_csv(text: str) -> list[str]:
    try:
        rows = [row for row in csv.reader(text.splitlines(keepends=True), strict=True) if row]
    except csv.Error as error:
        raise BatchError(
            f"The table cannot be read: {error}.", "Close all quotation marks, or use a .txt file."
        ) from error
    names = [name.strip().lower() for name in rows[0]] if rows else []
    if "question" in names:
        at = names.index("question")
        return [row[at] for row in rows[1:] if len(row) > at]
    return [row[0] for row in rows]


def _from_json(name: str, number: int, line: str) -> str:
    try:
        return str(json.loads(line)["question"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BatchError(f"{name}, line {number}: there is no question.", "Fix that line and try again.") from error
