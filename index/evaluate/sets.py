"""Public sets in BEIR's format, with answers and rationales where they have them."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.errors import EvaluationError
from index.evaluate.corpora import Entry, read_corpus
from index.evaluate.evidence import Gold, Rationale, merged
from index.evaluate.lines import read_judgements, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.evaluate.lines import Row
    from index.records import Document, Span

JUDGEMENTS = ("qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv", "qrels/train.tsv")
"""Where a set may have its judgements; the first that is there is read."""


@dataclass(slots=True)
class Task:
    """A question, and all that the set knows of its answer."""

    text: str
    queries: list[str] = field(default_factory=list)
    """Its ids in the judgements."""
    golds: list[Gold] = field(default_factory=list)
    rationales: list[Rationale] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Documents, questions, and what is right."""

    name: str
    digest: str
    """Of all that was read: results of different sets must not be compared."""
    documents: tuple[Document, ...]
    judgements: dict[str, dict[str, int]]
    tasks: tuple[Task, ...]
    unanswerable: int
    """Questions that have no answer: nothing is scored for them."""
    notes: tuple[str, ...]


def read_set(folder: Path) -> EvaluationSet:
    """Read a folder. Raises EvaluationError where a file is missing or a line broken; what can be left out is noted."""
    folder = folder.expanduser().absolute()
    reading = _Reading(folder)
    reading.take_judged_queries()
    reading.take_answers()
    reading.take_rationales()
    if not reading.tasks:
        raise EvaluationError(
            f"{folder} has no question with a known answer.",
            f"A set has queries.jsonl with {JUDGEMENTS[0]} or {JUDGEMENTS[1]}, or qa.jsonl, or rationales.jsonl.",
        )
    return EvaluationSet(
        name=folder.name,
        digest=reading.digest.hexdigest(),
        documents=tuple(each.document for each in reading.entries.values() if each.document.text),
        judgements=reading.judgements,
        tasks=tuple(reading.tasks.values()),
        unanswerable=reading.unanswerable,
        notes=reading.told(),
    )


class _Reading:
    """A set while it is being read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.digest = hashlib.sha256()
        self.tasks: dict[str, Task] = {}
        self.judgements: dict[str, dict[str, int]] = {}
        self.unanswerable = 0
        self._counts: Counter[str] = Counter()
        self.entries: dict[str, Entry] = read_corpus(self._given("corpus.jsonl"), folder.name)
        self._counts["empty documents were left out"] = sum(not each.document.text for each in self.entries.values())

    def told(self) -> tuple[str, ...]:
        """What was left out, counted."""
        return tuple(f"{number} {what}." for what, number in self._counts.items() if number)

    def take_judged_queries(self) -> None:
        """Queries that have judgements; a set of answers need not have any."""
        path = next((self._folder / name for name in JUDGEMENTS if (self._folder / name).is_file()), None)
        if path is None:
            return
        judgements = read_judgements(self._given(path.relative_to(self._folder)))
        unknown = sum(document not in self.entries for judged in judgements.values() for document in judged)
        self._counts["judgements name documents that are not in the corpus; they count as never found"] = unknown
        queries = {row.text("id", "_id"): row.text("text") for row in read_rows(self._given("queries.jsonl"))}
        self._counts["judged queries are not in queries.jsonl and were left out"] = len(judgements.keys() - queries)
        self._counts["queries have no judgement and were left out"] = len(queries.keys() - judgements)
        for identity in queries.keys() & judgements.keys():
            self.judgements[identity] = judgements[identity]
        for identity, text in queries.items():
            if identity in judgements:
                self._task(text).queries.append(identity)

    def take_answers(self) -> None:
        """Questions with their answers, and where these stand."""
        for row in self._rows("qa.jsonl"):
            if not row.truth("answerable", default=True):
                self.unanswerable += 1
            elif (entry := self._entry(row)) is not None:
                answers = [(each.text("text"), each) for each in row.rows("answers")]
                wordings = tuple(dict.fromkeys(text for text, _ in answers if text.strip()))
                if not wordings:
                    raise row.error("an answerable question has no answer")
                gold = Gold(row.text("id"), row.text("doc_id"), wordings, self._alternatives(entry, row))
                self._task(row.text("question")).golds.append(gold)

    def take_rationales(self) -> None:
        """Claims with the sentences that are evidence on them."""
        for row in self._rows("rationales.jsonl"):
            if (entry := self._entry(row)) is not None:
                spans = [span for each in row.rows("spans") if (span := self._span(entry, each)) is not None]
                if spans:
                    rationale = Rationale(row.text("claim_id"), row.text("doc_id"), merged(spans))
                    self._task(row.text("claim")).rationales.append(rationale)

    def _alternatives(self, entry: Entry, row: Row) -> tuple[tuple[Span, ...], ...]:
        """Where the answer stands. Answers with `votes` are several readers' answers, any of which will do; else they
        are pieces of one. A start is a guess where the words occur more than once, and is not used.
        """
        answers = row.rows("answers")
        sure = [each for each in answers if each.number_of("n_occurrences", 1) == 1]
        spans = [span for each in sure if (span := self._span(entry, each)) is not None]
        if any("votes" in each.fields for each in answers):
            return tuple((span,) for span in dict.fromkeys(spans))
        return (merged(spans),) if spans and len(spans) == len(answers) else ()

    def _span(self, entry: Entry, row: Row) -> Span | None:
        span = entry.span(row.number_of("start"), row.text("text"))
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
        return list(read_rows(self._given(name))) if (self._folder / name).is_file() else ()

    def _given(self, name: str | Path) -> Path:
        """A file that has to be there; its bytes enter the digest."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                self.digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            hint = "A set is a folder with corpus.jsonl, and queries.jsonl with qrels.tsv, or qa.jsonl."
            raise EvaluationError(f"{path} cannot be read: {error.strerror}.", hint) from error
        return path
