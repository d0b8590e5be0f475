"""Rates answers from 0 to 3 by rules: `python -m benchmarks.answers [--questions FILE …] [--shared FOLDER]`.

The program asks the questions of one library, which holds `../shared/files`, `../shared/seeds` and `seeds/`. The right
answers are stored as positions and hashes, because we may not copy those texts: a passage as its document and its
position there, words as their number and their SHA-256.
`--convert RAW FILE` makes such a file from a file with quotes.

These are the rules. A quotation is *right* if it contains at least half of a passage that answers (`gold`, or the
equally good `also`), or everything that the answer must say (`must`: one wording of each group).

- 3: The first quotation is right. The answer says everything that it must say, contains the context that it needs
  (`context`), and nothing else: no statement is neither gold nor context, and the quotations are not three times as
  long as gold and context.
- 2: The answer would get 3 points, but it contains such filler, lacks the context, contains misleading words
  (`must_not`) outside the first quotation, or has the status "unsure".
- 1: A later quotation is right, but not the first one; or something that the answer must say is missing; or the first
  quotation misleads.
- 0: No quotation is right, or there is no answer.

If the documents do not answer a question, no answer gets 3 points, an answer with the status "unsure" 2, and any other
answer 0. If the question is only a fragment, Pincite should ask back: no answer gets 3 points with a note and 2 without
a note, an answer with the status "unsure" 1, and any other answer 0.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import report_tables
from index import Library, Settings
from index.loading.loader import discover

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.records import Answer, Citation

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
QUESTIONS = ROOT / "benchmarks" / "questions"
RIGHT_SHARE = 0.5
"""The minimum share of a gold passage that a right quotation contains."""
LONGER = 3
"""An answer may be this many times as long as gold and context."""
ALLOWED = 250
"""An answer may have this many more characters."""
DIGITS = 16
"""The digits of a hash that are kept, enough to distinguish the words of a document."""
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Words:
    """Hidden words, of which only the number and the hash are known."""

    number: int
    digest: str

    @classmethod
    def of(cls, text: str) -> Words:
        """Hash the words of a text without regard to case, punctuation and white space."""
        words = _words(text)
        return cls(len(words), _digest(words))

    def among(self, words: Sequence[str]) -> bool:
        """Whether the hidden words occur in `words` as one sequence."""
        starts = range(len(words) - self.number + 1)
        return any(_digest(words[start : start + self.number]) == self.digest for start in starts)


@dataclass(frozen=True, slots=True)
class Place:
    """A passage of a document."""

    document: str
    """SHA-256 of the file."""
    start: int
    end: int
    words: Words

    def share(self, citation: Citation) -> float:
        """Return the share of the passage in a quotation; a copy in another document counts as the passage."""
        if citation.document.id == self.document:
            shared = min(citation.end, self.end) - max(citation.start, self.start)
            return max(0, shared) / (self.end - self.start)
        return float(self.words.among(_words(citation.quote)))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its right answer."""

    id: str
    kind: str
    question: str
    answerable: bool
    gold: tuple[Place, ...]
    also: tuple[Place, ...]
    context: tuple[Place, ...]
    must: tuple[tuple[Words, ...], ...]
    must_not: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Rating:
    """The rating of one answer."""

    points: int
    first_right: bool
    why: str


def main() -> None:
    """Ask and rate the questions and print the ratings, or convert a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", nargs="+", type=Path, default=sorted(QUESTIONS.glob("*.jsonl")))
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--library", type=Path, help="keep the library in this folder and reuse it")
    parser.add_argument("--convert", nargs=2, type=Path, metavar=("RAW", "FILE"))
    parser.add_argument("--each", action="store_true", help="print every question with its rating")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    if options.convert:
        raw, file = options.convert
        convert(raw, file, options.library, shared=options.shared)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.library or Path(temporary) / "library"
        with Library.open(folder, Settings()) as library:
            fill(library, options.shared)
            tables = {file.stem: rate_all(library, read(file), show_each=options.each) for file in options.questions}
    report_tables(tables, options.json)


def fill(library: Library, shared: Path) -> None:
    """Add all documents; unchanged ones are skipped."""
    sources = [folder for folder in (shared / "files", shared / "seeds", ROOT / "seeds") if folder.exists()]
    if len(sources) < 3:
        sys.exit(f"{shared} does not contain files/ and seeds/. Name the folder that contains them with --shared.")
    library.add([path for path in discover(sources) if path.suffix != ".jsonl"])  # the seeds' own questions


def read(file: Path) -> list[Asked]:
    """Return the questions of a file."""
    return [_parse_question(json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def rate_all(library: Library, questions: Sequence[Asked], *, show_each: bool = False) -> list[dict[str, Any]]:
    """Return a row for each kind of question, then one for all questions."""
    kinds: dict[str, list[tuple[Asked, Rating]]] = defaultdict(list)
    for asked in questions:
        rating = rate(asked, library.ask(asked.question))
        kinds[asked.kind].append((asked, rating))
        if show_each:
            print(rating.points, asked.id, asked.kind, "|", asked.question, "|", rating.why)
    everything = [pair for pairs in kinds.values() for pair in pairs]
    return [_row(kind, pairs) for kind, pairs in [*sorted(kinds.items()), ("all", everything)]]


def rate(asked: Asked, answer: Answer) -> Rating:
    """Rate an answer by the rules in the docstring of this module."""
    if asked.kind == "fragment":
        points = {"abstained": 3 if answer.notes else 2, "unsure": 1}.get(answer.status, 0)
        return Rating(points, False, answer.status)
    if not asked.answerable:
        return Rating({"abstained": 3, "unsure": 2}.get(answer.status, 0), False, answer.status)
    right = [_is_right(asked, citation) for citation in answer.citations]
    if not any(right):
        return Rating(0, False, "nothing right" if right else answer.status)
    if grave := list(_grave_faults(asked, answer.citations, right)):
        return Rating(1, right[0], "; ".join(grave))
    light = list(_light_faults(asked, answer))
    return Rating(2 if light else 3, right[0], "; ".join(light))


def _grave_faults(asked: Asked, citations: Sequence[Citation], right: Sequence[bool]) -> Iterator[str]:
    quoted_words = [word for citation in citations for word in _words(citation.quote)]
    if not right[0]:
        yield "the first quotation is not right"
    missing = sum(not any(words.among(quoted_words) for words in group) for group in asked.must)
    if missing:
        yield f"{missing} of {len(asked.must)} required statements are missing"
    if not asked.must and any(_covered_share(place, citations) < RIGHT_SHARE for place in asked.gold):
        yield "a part of the answer is missing"
    if any(words.among(_words(citations[0].quote)) for words in asked.must_not):
        yield "the first quotation misleads"


def _light_faults(asked: Asked, answer: Answer) -> Iterator[str]:
    citations = answer.citations
    if answer.status == "unsure":
        yield "unsure"
    if any(words.among(_words(citation.quote)) for words in asked.must_not for citation in citations):
        yield "misleading words"
    if any(_covered_share(place, citations) < RIGHT_SHARE for place in asked.context):
        yield "the context is missing"
    useful = (*asked.gold, *asked.also, *asked.context)
    filler = sum(
        not _is_right(asked, citation) and all(place.share(citation) < RIGHT_SHARE for place in useful)
        for citation in citations
    )
    if filler:
        yield f"{filler} of {len(citations)} quotations are filler"
    needed = sum(place.end - place.start for place in (*asked.gold, *asked.context))
    if sum(citation.end - citation.start for citation in citations) > LONGER * needed + ALLOWED:
        yield "too long"


def _covered_share(place: Place, citations: Sequence[Citation]) -> float:
    """Return the share of a passage in all quotations together."""
    return sum(place.share(citation) for citation in citations)


def _is_right(asked: Asked, citation: Citation) -> bool:
    if any(place.share(citation) >= RIGHT_SHARE for place in (*asked.gold, *asked.also)):
        return True
    words = _words(citation.quote)
    return bool(asked.must) and all(any(wording.among(words) for wording in group) for group in asked.must)


def _row(kind: str, pairs: Sequence[tuple[Asked, Rating]]) -> dict[str, Any]:
    answerable = [rating for asked, rating in pairs if asked.answerable and asked.kind != "fragment"]
    points = [rating.points for _, rating in pairs]
    return {
        "kind": kind,
        "questions": len(pairs),
        "mean points": fmean(points),
        "first right, %": 100 * fmean(rating.first_right for rating in answerable) if answerable else None,
        **{f"{point} points": points.count(point) for point in range(4)},
    }


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _digest(words: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:DIGITS]


def _parse_question(row: Mapping[str, Any]) -> Asked:
    places = {
        name: tuple(Place(fields[0], fields[1], fields[2], Words(fields[3], fields[4])) for fields in row.get(name, ()))
        for name in ("gold", "also", "context")
    }
    must = tuple(tuple(Words(*wording) for wording in group) for group in row.get("must", ()))
    must_not = tuple(Words(*words) for words in row.get("must_not", ()))
    return Asked(row["id"], row["kind"], row["question"], row["answerable"], **places, must=must, must_not=must_not)


def convert(raw: Path, file: Path, kept: Path | None = None, *, shared: Path = SHARED) -> None:
    """Convert a file with quotes to a file with positions and hashes, and print the quotes that were not found.

    A row of `raw` has `id`, `kind`, `question`, `answerable`, `file` (a path in the folder of shared files or in the
    project), `gold`, `also_ok` and `context` (quotes), `must` (groups of wordings) and `must_not`.
    """
    rows = [json.loads(line) for line in raw.read_text("utf-8").splitlines()]
    with (
        tempfile.TemporaryDirectory() as temporary,
        Library.open(kept or Path(temporary) / "library", Settings()) as library,
    ):
        fill(library, shared)
        texts = {info.id: (info.source, library.document(info.id).text) for info in library.documents()}
    with file.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(_convert_row(row, texts), ensure_ascii=False) + "\n")


def _convert_row(row: Mapping[str, Any], texts: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    converted: dict[str, Any] = {name: row[name] for name in ("id", "kind", "question", "answerable")}
    for name, source in (("gold", "gold"), ("also", "also_ok"), ("context", "context")):
        places = (_locate(quote, row.get("file") or "", texts) for quote in row.get(source) or ())
        converted[name] = [place for place in places if place]
        if len(converted[name]) < len(row.get(source) or ()):
            print(f"{row['id']}: a quote of {source} was not found.")
    converted["must"] = [[_number_and_digest(wording) for wording in group] for group in row.get("must") or ()]
    converted["must_not"] = [_number_and_digest(words) for words in row.get("must_not") or ()]
    return converted


def _number_and_digest(text: str) -> list[Any]:
    words = Words.of(text)
    return [words.number, words.digest]


def _locate(quote: str, file: str, texts: Mapping[str, tuple[str, str]]) -> list[Any]:
    """Find a quote in the given file, or else in any, without regard to white space and punctuation."""
    pattern = re.compile(r"[\W_]+".join(map(re.escape, _WORD.findall(quote))), re.IGNORECASE)
    named = sorted(texts, key=lambda identity: not texts[identity][0].endswith(file))
    for identity in named:
        if found := pattern.search(texts[identity][1]):
            return [identity, *found.span(), *_number_and_digest(found[0])]
    return []


if __name__ == "__main__":
    main()
