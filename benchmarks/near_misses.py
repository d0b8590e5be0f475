"""Asks libraries of several sizes questions that their documents answer, nearly answer, or do not answer at all.

It asks only questions about documents that the reader was not trained on (`training.reader_sets.held_out`).
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from index import Library
from index.answers.extractive import quotes
from index.plugins.evaluation.measures import any_of
from index.plugins.evaluation.sets import read_rows, read_set
from index.text.questions import read_question
from training.manuals import stage
from training.passages import asked, digest
from training.reader_sets import WITHHELD_TEXTS, held_out

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from index.encoders.encoder import Encoder
    from index.records import Document, Found, Hit, Span
    from index.settings import Settings

Kind = Literal["own", "page", "foreign"]
"""A document answers the question (own), only nearly answers it (page), or is about something else (foreign)."""
KINDS: tuple[Kind, ...] = ("own", "page", "foreign")
OWN: tuple[Kind, ...] = ("own",)
SIZES = {"squad_v2": {1: 45, 8: 8, 50: 3}, "clapnq": {1: 40, 8: 6}, "covidqa": {1: 12, 8: 2}}
"""The number of small libraries of each set, by their number of documents."""
MOST_SMALL = 4
"""The maximum number of questions of a kind for a library of one document; larger libraries get three times as many."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a set."""

    text: str
    document: str
    """The source of the document that answers or nearly answers the question; empty if it is not known."""
    answers: tuple[str, ...] = ()
    answerable: bool = True

    @property
    def name(self) -> str:
        """The article, page or paper, all of whose questions are in the same half; the question if it is not known."""
        return self.document.split("#")[0] or self.text


@dataclass(frozen=True, slots=True)
class Case:
    """A question that a library was asked, and the result."""

    set: str
    size: int
    """The number of documents of the library."""
    kind: Kind
    question: Question
    signals: dict[str, float]
    right: dict[str, bool] = field(default_factory=dict)
    """For an own question, whether the pin and the quotations contain an answer."""
    reciprocal_rank: float = 0.0

    @property
    def fold(self) -> int:
        """The half of the articles, pages and papers that the question belongs to: 0 or 1."""
        return hashlib.sha256(self.question.name.encode()).digest()[1] % 2


def questions(folder: Path) -> list[Question]:
    """Return the held-out questions of a set; all are held out if the set has no names of documents."""
    path = folder / "qa.jsonl"
    if not path.exists():
        lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
        texts = [json.loads(line)["text"] for line in lines]
        return [Question(text, "") for text in texts if folder.name != "scifact" or held_out(text)]
    found = []
    for row in read_rows(path):
        answers = tuple(answer.text("text") for answer in row.rows("answers"))
        question = Question(row.text("question"), row.text("doc_id"), answers, row.boolean("answerable", default=True))
        if held_out(question.name):
            found.append(question)
    return found


def our_questions(folder: Path, files: Path | None) -> list[Question]:
    """Return our held-out questions on free texts; their library in `folder` is made from the collections in `files`.

    A library that exists is used as it is. Questions whose passages it does not have are left out.
    """
    with tempfile.TemporaryDirectory() as temporary, Library.open(folder) as library:
        if not library.stats().documents and files is not None:
            for name in sorted(WITHHELD_TEXTS):
                if (files / name).is_dir():
                    stage(files / name, Path(temporary) / name)
            library.add([Path(temporary)])
        known = {
            digest(row.passage.text): (info.source, row.passage)
            for info in library.documents()
            for row in library.passages(info.id)
        }
    found = []
    for line in asked():
        if line.passage in known and not line.cited:
            source, passage = known[line.passage]
            words = tuple(span.of(passage.text) for span in line.places)
            found.append(Question(line.question, source, words, line.kind not in ("n", "p")))
    return found


def ask_whole_set(
    kept: Path,
    name: str,
    everything: dict[str, list[Question]],
    settings: Settings,
    most: int,
    *,
    kinds: Collection[Kind] = KINDS,
) -> Iterator[Case]:
    """Ask the library that `pincite eval` kept own questions, near misses on its pages, and questions of other sets.

    It asks at most `most` questions of a kind, and a tenth as many of each other set.
    """
    chance = random.Random(name)
    own = [question for question in everything[name] if question.answerable]
    page = [question for question in everything[name] if not question.answerable]
    foreign = [
        question
        for other, some in everything.items()
        if other != name
        for question in _sample([candidate for candidate in some if candidate.answerable], -(-most // 10), chance)
    ]
    wanted: dict[Kind, list[Question]] = {
        "own": _sample(own, most, chance),
        "page": _sample(page, most, chance),
        "foreign": foreign,
    }
    with Library.open(kept / name, settings, create=False) as library:
        size = library.stats().documents
        for kind, chosen in wanted.items():
            yield from (_ask(library, name, size, kind, question) for question in chosen if kind in kinds)


def ask_small_libraries(
    sets: Path, kept: Path, name: str, everything: dict[str, list[Question]], settings: Settings, encoder: Encoder
) -> Iterator[Case]:
    """Ask libraries of few documents the same kinds of questions; make missing libraries beside the others."""
    chance = random.Random(name)
    known = {question.document for question in everything[name]}
    documents = [document for document in read_set(sets / name).documents if document.source in known]
    others = [
        question
        for other, set_questions in everything.items()
        if other != name
        for question in set_questions
        if question.answerable
    ]
    for size, number in SIZES.get(name, {}).items():
        starts = range(0, max(len(documents) - size + 1, 1), size)
        for start in sorted(chance.sample(starts, min(number, len(starts)))):
            chosen = documents[start : start + size]
            with Library.open(kept / f"{name}-{size}" / str(start), settings, encoder=encoder) as library:
                library.add_documents(chosen)
                yield from _ask_few_documents(library, name, chosen, everything[name], others, chance)


def _ask_few_documents(
    library: Library,
    name: str,
    documents: Sequence[Document],
    known: Sequence[Question],
    others: Sequence[Question],
    chance: random.Random,
) -> Iterator[Case]:
    sources = {document.source for document in documents}
    most = MOST_SMALL if len(documents) == 1 else 3 * MOST_SMALL
    on_these = [question for question in known if question.document in sources]
    kinds: dict[Kind, list[Question]] = {
        "own": [question for question in on_these if question.answerable],
        "page": [question for question in on_these if not question.answerable],
        "foreign": list(others),
    }
    for kind, some in kinds.items():
        for question in _sample(some, most, chance):
            yield _ask(library, name, len(documents), kind, question)


def _ask(library: Library, name: str, size: int, kind: Kind, question: Question) -> Case:
    found = library.search(question.text, plain=True)
    right = _answers_found(found, question) if kind == "own" and question.answers else {}
    ranks = (1 / rank for rank, hit in enumerate(found, 1) if hit.document.source == question.document)
    return Case(name, size, kind, question, found.signals, right, next(ranks, 0.0))


def _answers_found(found: Found, question: Question) -> dict[str, bool]:
    words = any_of(question.answers)

    def holds(hit: Hit, span: Span) -> bool:
        return bool(words.search(hit.words(span)))

    quoted = [holds(quote.hit, quote.span) for quote in quotes(read_question(question.text), found.hits)]
    right = [hit for hit in found if hit.document.source == question.document][:1]
    return {
        "pin": any(holds(hit, hit.pin) for hit in found.hits[:1]),
        "pin, right document": any(holds(hit, hit.pin) for hit in right),
        "first quotation": any(quoted[:1]),
        "one of the quotations": any(quoted),
    }


def _sample(everything: Sequence[Question], most: int, chance: random.Random) -> list[Question]:
    return list(everything) if len(everything) <= most else chance.sample(list(everything), most)
