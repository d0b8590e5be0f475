"""Reads evaluation sets: public ones in BEIR's format, with documents that keep gold offsets, and a reader's own."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from index.errors import DocumentError, EvaluationError
from index.plugins.evaluation.measures import Gold, Rationale, any_of, merge_spans
from index.records import Document, Landmark, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.library.library import Library
    from index.records import DocumentInfo, Hit

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


DOCUMENT_DEPTHS = (1, 3, 10)
QUOTE_DEPTHS = (1, 3)
JUDGEMENTS = ("qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv", "qrels/train.tsv")
"""The paths where a set may have its judgements; the first that exists is read."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the id of the document that answers it, and the words that answer it."""

    id: str
    """The number of its line in the file."""
    text: str
    document: str
    quote: str

    def scores(self, hits: Sequence[Hit]) -> Iterator[tuple[str, float]]:
        """Yield each measure with its value."""
        words = any_of([self.quote])
        for k in DOCUMENT_DEPTHS:
            yield f"Document@{k}", float(any(hit.document.id == self.document for hit in hits[:k]))
        for k in QUOTE_DEPTHS:
            yield f"Quote@{k}", float(any(words.search(hit.quote) for hit in hits[:k]))


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of a file."""

    name: str
    digest: str
    asked: tuple[Question, ...]
    unanswerable: int
    notes: tuple[str, ...]


def read_questions(path: Path, library: Library) -> Questions:
    """Read questions and find the documents that they name.

    Raises EvaluationError, with the number of the line, for an invalid line and for a document that the library does
    not have. A quote that its document does not hold gets a note.
    """
    rows = list(read_rows(path))
    answerable = [row for row in rows if row.boolean("answerable", default=True)]
    asked = tuple(_question(row, library) for row in answerable)
    if not asked:
        raise EvaluationError(f"{path} has no answerable question.", "Write one per line: {question, document, quote}.")
    return Questions(
        name=path.name,
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
        asked=asked,
        unanswerable=len(rows) - len(answerable),
        notes=tuple(_missing_quote_notes(asked, library)),
    )


def _question(row: Row, library: Library) -> Question:
    values = {name: row.text(name).strip() for name in ("question", "document", "quote")}
    if empty := next((name for name, value in values.items() if not value), ""):
        raise row.error(f"{empty!r} is empty")
    return Question(
        str(row.number), values["question"], _document(row, values["document"], library).id, values["quote"]
    )


def _document(row: Row, name: str, library: Library) -> DocumentInfo:
    try:
        return library.find(name)
    except DocumentError as error:
        raise row.error(error.message.removesuffix(".")) from error


def _missing_quote_notes(questions: Sequence[Question], library: Library) -> Iterator[str]:
    """Yield a note for each question whose quote is not in its document."""
    texts = {identity: library.document(identity).text for identity in {question.document for question in questions}}
    for question in questions:
        if not any_of([question.quote]).search(texts[question.document]):
            yield f"Line {question.id}: the document does not hold the quote."


@dataclass(slots=True)
class Task:
    """A question, and everything that the set knows about its answer."""

    text: str
    queries: list[str] = field(default_factory=list)
    """Its ids in the judgements."""
    golds: list[Gold] = field(default_factory=list)
    rationales: list[Rationale] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Documents, questions and judgements."""

    name: str
    digest: str
    """The digest of all files that were read. Results of different sets must not be compared."""
    documents: tuple[Document, ...]
    judgements: dict[str, dict[str, int]]
    tasks: tuple[Task, ...]
    unanswerable: int
    """The number of questions that have no answer; they are not scored."""
    notes: tuple[str, ...]


def read_set(folder: Path) -> EvaluationSet:
    """Read a folder. Raises EvaluationError for a missing file or an invalid line; omitted entries get a note."""
    folder = folder.expanduser().absolute()
    reader = _SetReader(folder)
    reader.read_judged_queries()
    reader.read_answers()
    reader.read_rationales()
    if not reader.tasks:
        raise EvaluationError(
            f"{folder} has no question with a known answer.",
            f"Add queries.jsonl with {JUDGEMENTS[0]} or {JUDGEMENTS[1]}, or qa.jsonl, or rationales.jsonl.",
        )
    return EvaluationSet(
        name=folder.name,
        digest=reader.digest.hexdigest(),
        documents=tuple(entry.document for entry in reader.entries.values() if entry.document.text),
        judgements=reader.judgements,
        tasks=tuple(reader.tasks.values()),
        unanswerable=reader.unanswerable,
        notes=reader.notes(),
    )


class _SetReader:
    """A set while it is being read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.digest = hashlib.sha256()
        self.tasks: dict[str, Task] = {}
        self.judgements: dict[str, dict[str, int]] = {}
        self.unanswerable = 0
        self._counts: Counter[str] = Counter()
        self.entries: dict[str, Entry] = read_corpus(self._required("corpus.jsonl"), folder.name)
        self._counts["empty documents were left out"] = sum(not entry.document.text for entry in self.entries.values())

    def notes(self) -> tuple[str, ...]:
        """Return a note for each kind of entry that was left out, with its number."""
        return tuple(f"{number} {problem}." for problem, number in self._counts.items() if number)

    def read_judged_queries(self) -> None:
        """Read the queries that have judgements; a set with answers need not have any."""
        path = next((self._folder / name for name in JUDGEMENTS if (self._folder / name).is_file()), None)
        if path is None:
            return
        judgements = read_judgements(self._required(path.relative_to(self._folder)))
        unknown = sum(document not in self.entries for judged in judgements.values() for document in judged)
        self._counts["judgements name documents that are not in the corpus; they count as never found"] = unknown
        queries = {row.text("id", "_id"): row.text("text") for row in read_rows(self._required("queries.jsonl"))}
        self._counts["judged queries are not in queries.jsonl and were left out"] = len(judgements.keys() - queries)
        self._counts["queries have no judgement and were left out"] = len(queries.keys() - judgements)
        for identity in queries.keys() & judgements.keys():
            self.judgements[identity] = judgements[identity]
        for identity, text in queries.items():
            if identity in judgements:
                self._task(text).queries.append(identity)

    def read_answers(self) -> None:
        """Read questions with their answers and the places of these."""
        for row in self._rows("qa.jsonl"):
            if not row.boolean("answerable", default=True):
                self.unanswerable += 1
            elif (entry := self._entry(row)) is not None:
                answers = [(answer.text("text"), answer) for answer in row.rows("answers")]
                wordings = tuple(dict.fromkeys(text for text, _ in answers if text.strip()))
                self._counts["answerable questions have no answer and were left out"] += not wordings
                if wordings:
                    gold = Gold(row.text("id"), row.text("doc_id"), wordings, self._alternatives(entry, row))
                    self._task(row.text("question")).golds.append(gold)

    def read_rationales(self) -> None:
        """Read claims with the sentences that are evidence for or against them."""
        for row in self._rows("rationales.jsonl"):
            if (entry := self._entry(row)) is not None:
                spans = [span for part in row.rows("spans") if (span := self._span(entry, part)) is not None]
                if spans:
                    rationale = Rationale(row.text("claim_id"), row.text("doc_id"), merge_spans(spans))
                    self._task(row.text("claim")).rationales.append(rationale)

    def _alternatives(self, entry: Entry, row: Row) -> tuple[tuple[Span, ...], ...]:
        """Return the places of the answer.

        Answers with `votes` are those of several readers, any of which counts; else they are pieces of one answer. If
        the words occur more than once, the start is a guess and is not used.
        """
        answers = row.rows("answers")
        certain = [answer for answer in answers if answer.integer("n_occurrences", 1) == 1]
        spans = [span for answer in certain if (span := self._span(entry, answer)) is not None]
        if any("votes" in answer.fields for answer in answers):
            return tuple((span,) for span in dict.fromkeys(spans))
        return (merge_spans(spans),) if spans and len(spans) == len(answers) else ()

    def _span(self, entry: Entry, row: Row) -> Span | None:
        if "start" not in row.fields:
            self._counts["gold texts have no start, and are not scored by position"] += 1
            return None
        span = entry.span(row.integer("start"), row.text("text"))
        self._counts["gold spans are not where the set says, and are not scored by position"] += span is None
        return span

    def _entry(self, row: Row) -> Entry | None:
        entry = self.entries.get(row.text("doc_id"))
        self._counts["answers or rationales name documents that are not in the corpus and were left out"] += (
            entry is None
        )
        return entry

    def _task(self, text: str) -> Task:
        return self.tasks.setdefault(text, Task(text))

    def _rows(self, name: str) -> Sequence[Row]:
        return list(read_rows(self._required(name))) if (self._folder / name).is_file() else ()

    def _required(self, name: str | Path) -> Path:
        """Return the path of a required file, whose bytes enter the digest."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                self.digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            hint = "Name a folder with corpus.jsonl, and with queries.jsonl and qrels.tsv, or qa.jsonl."
            raise EvaluationError(f"{path} cannot be read: {error.strerror}.", hint) from error
        return path
