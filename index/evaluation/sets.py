"""Reads evaluation sets: public ones in BEIR's format, and a reader's own questions."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.errors import DocumentError, EvaluationError
from index.evaluation.measures import Gold, Rationale, any_of, merge_spans
from index.evaluation.set_files import Entry, read_corpus, read_judgements, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.evaluation.set_files import Row
    from index.library.library import Library
    from index.records import Document, DocumentInfo, Hit, Span

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
