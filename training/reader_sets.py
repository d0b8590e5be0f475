"""Reads the training data of the reader: questions, passages and the sentences that answer.

The public sets in `../shared/eval` are SQuAD 2.0 (development, half of its articles), ClapNQ (development, half),
COVID-QA (half) and the rationales of SciFact's training claims. A quarter of the articles, pages, papers and claims is
held out by a hash of the name: the reader is never trained on their questions, and `benchmarks.confidence` fits and
tests on these. Two more sets have questions about many other articles of Wikipedia, all of them answered: the new
articles of SquadShifts (Miller et al. 2020) and SelQA (Jurczyk et al. 2016), development and test. The reader is
trained on all of these. We wrote our own questions, many of them near misses, about passages of these two sets, of the
pages of ClapNQ that are not held out, and of guides and abstracts (`training.passages`).
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.encoders.answer_reader import follow_up
from index.records import Span
from index.search.readings import row_window
from index.text.sentences import split_sentences
from index.text.words import question_terms, terms
from training.passages import asked, asked_cells, digest, guides, papers, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SHARED = Path(__file__).parents[1].parent / "shared" / "eval"
HELD_OUT = 2
"""The residue (of four) of a name's hash that is held out: five very different ones of SQuAD's 20 articles."""
WITHHELD = "0"
"""Our questions about a passage are held out if its hash begins with this digit, which is true of one in sixteen.
Questions about ClapNQ's pages, which have names and no hashes, are never held out."""
SHIFTS, SELECTIONS, OURS, POLICIES, STORIES = "squadshifts selqa ours policyqa fairytaleqa".split()
MANUALS, CELLS = "manuals", "cells"
GATHERED = f"{MANUALS}/gathered"
"""The collections of single documents of many kinds."""
ALL_ANSWERED = (SHIFTS, SELECTIONS, POLICIES, STORIES, "reddit", "amazon_reviews")
JUDGED = frozenset(
    """Normans Computational_complexity_theory Southern_California Sky_(United_Kingdom) Victoria_(Australia) Huguenot
    Steam_engine Oxygen 1973_oil_crisis European_Union_law Amazon_rainforest Ctenophora Fresno,_California
    Packet_switching Black_Death Geology Pharmacy Civil_disobedience Construction Private_school Harvard_University
    Jacksonville,_Florida Economic_inequality University_of_Chicago Yuan_dynasty Immune_system Kenya
    Intergovernmental_Panel_on_Climate_Change Chloroplast Prime_number Rhine Scottish_Parliament Islamism Imperialism
    Warsaw French_and_Indian_War Force""".split()
)
"""The articles of SQuAD's development set; questions of other sets about them are excluded."""


def held_out(name: str) -> bool:
    """Whether an article, page, paper or claim with this name is held out from training."""
    return hashlib.sha256(name.encode()).digest()[0] % 4 == HELD_OUT


WITHHELD_TEXTS = frozenset(
    """anarchism basecamp-policies Legend-Land-Vol.-1Railway._201 postfix-doc sylpheed-doc gramps
    github-choosealicense.com subversion""".split()
)
"""Our questions on these collections of free texts are held out."""


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a document and its sentences."""

    text: str
    sentences: tuple[Span, ...]
    terms: tuple[frozenset[str], ...]
    lengths: tuple[int, ...]
    """The number of words of each sentence."""
    title: str = ""
    """The title of the document, or the name of its file."""
    above: str = ""
    """The headers of the table whose rows the text has."""

    @classmethod
    def of(cls, text: str, title: str = "") -> Text:
        """Split a text into sentences."""
        return cls.with_spans(text, split_sentences(text), title)

    @classmethod
    def with_spans(cls, text: str, sentences: Iterable[Sequence[int]], title: str = "", above: str = "") -> Text:
        """Take a text with sentences that are known."""
        spans = tuple(Span(start, end) for start, end in sentences)
        words = [span.of(text) for span in spans]
        known, lengths = tuple(frozenset(terms(w)) for w in words), tuple(len(w.split()) for w in words)
        return cls(text, spans, known, lengths, title, above)

    @classmethod
    def of_lines(cls, lines: Sequence[str], title: str) -> Text:
        """Take the lines of a row of a table."""
        window = row_window((), lines)
        return cls.with_spans(window.text, window.sentences, title)

    @classmethod
    def from_sentences(cls, sentences: Sequence[str]) -> Text:
        """Join sentences of a set whose text is already split."""
        ends = list(accumulate(len(sentence) + 1 for sentence in sentences))
        spans = tuple(Span(end - len(sentence) - 1, end - 1) for sentence, end in zip(sentences, ends, strict=True))
        lengths = tuple(len(sentence.split()) for sentence in sentences)
        return cls(" ".join(sentences), spans, tuple(frozenset(terms(sentence)) for sentence in sentences), lengths)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its text, and the sentences that answer it; an unanswerable question has none."""

    name: str
    """The article, page, paper or claim, all of whose questions are either held out or trained on."""
    question: str
    document: Text
    gold: frozenset[int]
    """The numbers of the sentences that answer."""
    answers: tuple[Span, ...]
    """The exact words of the answer, if the set has them."""
    exact: bool
    """Whether the set has them."""
    group: str
    """The set and the name."""
    likeness: int | None = None
    """The sentence that looks like an answer to an unanswerable question, if it is known."""
    near: tuple[Text, ...] = ()
    """Passages that a search for the question finds, and that do not answer it."""
    denied: bool = False
    """Whether the text denies what the question takes for granted: its sentences are quoted, but do not answer."""


def questions(folder: str, shared: Path = SHARED) -> Iterator[Question]:
    """Yield all questions of a set in the format of `../shared/eval/README.md`."""
    texts = {row["id"]: row["text"] for row in _rows(shared / folder / "corpus.jsonl")}
    documents: dict[str, Text] = {}
    for row in _rows(shared / folder / "qa.jsonl"):
        identity = str(row["doc_id"])
        if identity not in texts:
            continue
        if identity not in documents:
            documents[identity] = Text.of(texts[identity], identity.split("#")[0] if folder == "squad_v2" else "")
        document = documents[identity]
        answers = [(a["start"], a["text"], a.get("n_occurrences", 1)) for a in row["answers"]]
        spans = _answer_spans(str(row["question"]), document, answers)
        gold = frozenset(_sentences_with(document, spans))
        if gold or not row["answerable"]:
            name = identity.split("#")[0]
            exact = folder != "clapnq"
            yield Question(name, row["question"], document, gold, spans, exact, f"{folder}/{name}")


def withheld(question: Question) -> bool:
    """Whether one of our own questions is held out."""
    collection, _, name = question.group.partition("/")
    return name in WITHHELD_TEXTS if collection == MANUALS else question.name.startswith(WITHHELD)


def claims(shared: Path = SHARED) -> Iterator[Question]:
    """Yield SciFact's claims as questions that the sentences of the rationales answer."""
    texts = {row["id"]: row["text"] for row in _rows(shared / "scifact" / "corpus.jsonl")}
    for row in _rows(shared / "scifact" / "rationales.jsonl"):
        claim, document = str(row["claim"]), Text.of(texts[row["doc_id"]])
        spans = tuple(Span(span["start"], span["start"] + len(span["text"])) for span in row["spans"])
        gold = frozenset(_sentences_with(document, spans))
        if gold:
            yield Question(claim, claim, document, gold, (), False, f"scifact/{claim}")


def shifts(sets: Path) -> Iterator[Question]:
    """Yield the questions about the new articles of SquadShifts, each with the answers of up to four people."""
    yield from _answered(sets / "squadshifts" / "new_wiki_v1.0.json", SHIFTS)


def comments(sets: Path) -> Iterator[Question]:
    """Yield SquadShifts' questions about comments on Reddit and reviews on Amazon, without titles."""
    for part in ("reddit", "amazon_reviews"):
        yield from _answered(sets / "squadshifts" / f"{part}_v1.0.json", part)


def policies(sets: Path) -> Iterator[Question]:
    """Yield PolicyQA's questions about privacy policies, each with one answer."""
    for part in ("dev", "test"):
        yield from _answered(sets / "policyqa" / f"{part}.json", POLICIES)


def _answered(path: Path, group: str) -> Iterator[Question]:
    """Yield the answered questions of a file in SQuAD's format."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        name = str(article["title"])
        for paragraph in article["paragraphs"] if name not in JUDGED else ():
            document = Text.of(paragraph["context"], name.replace("_", " ")[:80] if group in (SHIFTS, POLICIES) else "")
            for row in paragraph["qas"]:
                spans = _overlapping_answers(
                    [(answer["answer_start"], answer["text"]) for answer in row["answers"] if answer["text"]]
                )
                gold = frozenset(_sentences_with(document, spans))
                if gold:
                    yield Question(name, row["question"].strip(), document, gold, spans, True, f"{group}/{name}")


def stories(sets: Path) -> Iterator[Question]:
    """Yield FairytaleQA's questions about one section of a story whose answer stands there word for word."""
    folder = sets / "fairytaleqa" / "data-by-train-split"
    for path in sorted(folder.glob("questions/*/*-questions.csv")):
        name = path.name.removesuffix("-questions.csv")
        with (folder / "section-stories" / "all" / f"{name}-story.csv").open(encoding="utf-8", newline="") as lines:
            sections = {row["section"]: Text.of(row["text"], name) for row in csv.DictReader(lines)}
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                document = sections.get(row["cor_section"])
                answer = row["answer1"].strip(" .")
                at = document.text.casefold().find(answer.casefold()) if document and len(answer) > 3 else -1
                if document and at >= 0 and document.text.casefold().count(answer.casefold()) == 1:
                    spans = (Span(at, at + len(answer)),)
                    gold = frozenset(_sentences_with(document, spans))
                    yield Question(name, row["question"], document, gold, spans, True, f"{STORIES}/{name}")


def manuals(sets: Path) -> Iterator[Question]:
    """Yield our questions about manuals, FAQs, laws, tables and other free texts, and about documents of our own.

    `training.manuals` makes the passages, with those that a search finds for each question.
    """
    texts = {row["hash"]: row for row in _rows(sets / "manuals" / "passages.jsonl")}
    documents = {
        name: Text.with_spans(row["text"], row["sentences"], row["title"], row["above"]) for name, row in texts.items()
    }
    found = {(row["passage"], row["question"]): row["near"] for row in _rows(sets / "manuals" / "near.jsonl")}
    for line in asked():
        if line.passage not in documents:
            continue
        document, group = documents[line.passage], f"{MANUALS}/{texts[line.passage]['package']}"
        marked_words = [span.of(document.text) for span in line.places]
        near = tuple(
            documents[name]
            for name in found.get((line.passage, line.question), ())
            if not any(words in documents[name].text for words in marked_words)
        )
        question = line.question
        if line.cited:
            cited = " ".join(span.of(document.text) for span in line.cited)
            question = follow_up(line.question, line.before, cited)
        marked, answered = frozenset(_sentences_with(document, line.places)), line.kind != "n"
        yield Question(
            line.passage,
            question,
            document,
            marked if answered else frozenset(),
            (),
            not answered,
            group,
            None if answered else min(marked, default=None),
            near,
            line.kind == "p",
        )


def cells(sets: Path) -> Iterator[Question]:
    """Yield our questions about cells, each asked of a passage of a table, of its row, and of another row.

    A row is read as the product reads it, as a line for each cell. The other row has most words of the question.
    """
    texts = {row["hash"]: row for row in _rows(sets / "manuals" / "passages.jsonl")}
    for line in asked_cells():
        if (text := texts.get(line.passage)) is None:
            continue
        passage = Text.with_spans(text["text"], text["sentences"], text["title"], text["above"])
        wanted = question_terms(line.question).keys()
        own = [n for n, span in enumerate(passage.sentences) if line.row and span.start == line.row.start]
        if not text["rows"] or (line.row and not own):
            continue
        answered = frozenset(own)
        likely = sorted(text["rows"], key=lambda row: -len(wanted & passage.terms[row["sentence"]]))
        others = [row for row in likely if row["sentence"] not in answered][:1]
        group = f"{CELLS}/{line.passage}"
        likeness = None if own else others[0]["sentence"]
        yield Question(line.passage, line.question, passage, answered, (), bool(not own), group, likeness)
        for row in (*(row for row in likely if row["sentence"] in answered), *others):
            lines = Text.of_lines(row["lines"], text["title"])
            gold = [
                n for n, column in enumerate(row["columns"]) if row["sentence"] in answered and column == line.column
            ]
            yield Question(line.passage, line.question, lines, frozenset(gold), (), not gold, group)


def selections(sets: Path) -> Iterator[Question]:
    """Yield the questions of SelQA, each with the sentences of a section, some of which people chose as the answer."""
    documents: dict[tuple[str, ...], Text] = {}
    for part in ("dev", "test"):
        for row in json.loads((sets / "selqa" / f"selqa-ass-{part}.json").read_text(encoding="utf-8")):
            name, sentences = str(row["article"]).replace(" ", "_"), tuple(map(str, row["candidates"]))
            if name in JUDGED or not row["answers"]:
                continue
            if sentences not in documents:
                documents[sentences] = Text.from_sentences(sentences)
            gold = frozenset(row["answers"])
            yield Question(name, row["question"], documents[sentences], gold, (), False, f"{SELECTIONS}/{name}")


def own(sets: Path, shared: Path = SHARED) -> Iterator[Question]:
    """Yield our questions about passages of `shifts`, `selections`, ClapNQ, guides, abstracts; many have no answer."""
    known = {
        digest(question.document.text): (question.name, question.document)
        for question in (*shifts(sets), *selections(sets))
    }
    known |= {
        question.name: (question.name, question.document)
        for question in questions("clapnq", shared)
        if not held_out(question.name)
    }
    of_guides = {digest(text): (name, text) for name, text in guides(sets)}
    others = of_guides | {digest(text): (name, text) for name, text in papers(sets)}
    for line in written():
        if line.passage in others and line.passage not in known:
            name, text = others[line.passage]
            known[line.passage] = name, Text.of(text)
        name, document = known[line.passage]
        marked_sentences = frozenset(_sentences_with(document, [line.place]))
        gold, answers = (marked_sentences, (line.place,)) if line.kind == "a" else (frozenset[int](), ())
        exact = line.kind == "n" or line.passage not in of_guides  # in guides the marks may cover whole sentences
        likeness = min(marked_sentences, default=None) if line.kind == "n" else None
        yield Question(line.passage, line.text, document, gold, answers, exact, f"{OURS}/{name}", likeness)


def _overlapping_answers(answers: Sequence[tuple[int, str]]) -> tuple[Span, ...]:
    """Return the answers that overlap with another person's answer, or all if none does."""
    spans = [Span(start, start + len(text)) for start, text in answers]
    touched = [
        span
        for n, span in enumerate(spans)
        if any(span.start < other.end and other.start < span.end for m, other in enumerate(spans) if m != n)
    ]
    return tuple(dict.fromkeys(touched or spans))


def _answer_spans(question: str, document: Text, answers: Sequence[tuple[int, str, int]]) -> tuple[Span, ...]:
    """Return the positions of the answers; of repeated words, the sentence with most terms of the question."""
    sure = tuple(Span(start, start + len(text)) for start, text, occurrences in answers if occurrences == 1)
    if sure:
        return sure
    wanted = question_terms(question).keys()
    found = []
    for _, text, _ in answers:
        for n, span in enumerate(document.sentences):
            at = span.of(document.text).find(text)
            if at >= 0:
                found.append(
                    (len(wanted & document.terms[n]), -span.start, Span(span.start + at, span.start + at + len(text)))
                )
    return (max(found)[2],) if found else ()


def _sentences_with(document: Text, spans: Sequence[Span]) -> Iterator[int]:
    for n, sentence in enumerate(document.sentences):
        if any(sentence.start < span.end and span.start < sentence.end for span in spans):
            yield n


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
