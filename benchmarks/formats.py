"""Measures which files of a folder are read, and how questions on them are pinned: `python -m benchmarks.formats DIR`.

The first table counts the files by ending, the second names each that is not read, with the reason. With `--cases`, all
files are one library, and each question is asked of it: a pin is right if it is in the right file, and holds the words
that the writer of the case named, or lies within them. `--held-out` reads the other half of the cases.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import report_tables
from index import Library, Settings
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.records import Answer, Citation, Hit, Receipt

QUESTIONS = Path(__file__).parent / "data"
_LEAST_SHARE = 0.5
"""A pin within the named words must hold at least this share of them."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question on a file, and the words that answer it."""

    format: str
    file: str
    question: str
    quote: str
    accept: tuple[str, ...] = ()
    also_in: tuple[str, ...] = ()
    """Other files that hold the same words."""

    @classmethod
    def of(cls, line: str) -> Case:
        """Build a case from a line of JSON; further fields are for readers."""
        fields = json.loads(line)
        lists = (tuple(fields.get("accept", ())), tuple(fields.get("also_in", ())))
        return cls(fields["format"], fields["file"], fields["question"], fields["quote"], *lists)

    def is_right(self, source: str, words: str) -> bool:
        """Return whether these words of a file are the answer."""
        name = next((file for file in (self.file, *self.also_in) if f"/{file}" in source), "")
        return bool(name) and any(_agree(_plain(words), _plain(right)) for right in (self.quote, *self.accept))


def _plain(words: str) -> str:
    return one_line(words).casefold().strip(" .…\"'“”‘’")


def _agree(found: str, right: str) -> bool:
    return right in found or (found in right and len(found) >= _LEAST_SHARE * len(right))


@dataclass(frozen=True, slots=True)
class Marks:
    """What was right about one answer."""

    format: str
    answered: bool
    first: bool
    """The first pin, or the first quotation of the answer, is right."""
    among: bool
    """A quotation of the answer, or a pin of its hits, is right."""
    exact: bool
    """Every quotation is the document's text at its span."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, help="a folder of files")
    parser.add_argument("--cases", action="store_true", help="ask the questions, too")
    parser.add_argument("--held-out", action="store_true", help="ask the other half of the questions")
    parser.add_argument("--each", action="store_true", help="print each wrong answer")
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library", Settings()) as library:
        receipt = library.add([options.files])
        tables = {"Files by ending": read_counts(options.files, receipt), "Not read": failures(options.files, receipt)}
        if options.cases or options.held_out:
            file = QUESTIONS / f"formats-{'held-out' if options.held_out else 'development'}.jsonl"
            cases = [Case.of(line) for line in file.read_text("utf-8").splitlines()]
            tables["First pins"] = asked(library, cases, each=options.each)
    report_tables(tables, options.json)


def read_counts(folder: Path, receipt: Receipt) -> list[dict[str, Any]]:
    """Return for each ending how many files there are, and how many were read."""
    failed = {failure.source for failure in receipt.failed}
    files = [path for path in folder.rglob("*") if path.is_file()]
    total = Counter(path.suffix for path in files)
    read = Counter(path.suffix for path in files if str(path) not in failed)
    rows = [{"ending": ending, "files": total[ending], "read": read[ending]} for ending in sorted(total)]
    return [*rows, {"ending": "all", "files": sum(total.values()), "read": sum(read.values())}]


def failures(folder: Path, receipt: Receipt) -> list[dict[str, Any]]:
    """Return each file that was not read, with the reason."""
    return [{"file": failure.source.removeprefix(f"{folder}/"), "reason": failure.reason} for failure in receipt.failed]


def asked(library: Library, cases: Sequence[Case], *, each: bool) -> list[dict[str, Any]]:
    """Ask every question, and return for each format the shares of right pins."""
    marks = [_marks(library, case, each=each) for case in cases]
    formats = sorted({mark.format for mark in marks})
    rows = [_row(name, [mark for mark in marks if mark.format == name]) for name in formats]
    return [*rows, _row("all", marks)]


def _marks(library: Library, case: Case, *, each: bool) -> Marks:
    answer = library.ask(case.question)
    right = [case.is_right(*words) for words in (*_words(answer.citations), *_pins(answer.hits))]
    exact = all(library.document(c.document.id).text[c.start : c.end] == c.quote for c in answer.citations)
    if each and not any(right[:1]):
        print(f"\n{case.format} {case.file}: {case.question}\n  due: {case.quote}\n  {_shown(answer)}")
    return Marks(case.format, answer.status == "answered", any(right[:1]), any(right), exact)


def first_words(answer: Answer) -> list[tuple[str, str]]:
    """Return the source and the words of the first pin, which may be empty, and of each quotation."""
    return [*(_pins(answer.hits[:1]) or [("", "")]), *_words(answer.citations)]


def _words(citations: Iterable[Citation]) -> list[tuple[str, str]]:
    return [(citation.document.source, citation.location.quoted(citation.quote)) for citation in citations]


def _pins(hits: Iterable[Hit]) -> list[tuple[str, str]]:
    return [(hit.document.source, hit.location.quoted(hit.quote)) for hit in hits]


def _shown(answer: Answer) -> str:
    found = [*_words(answer.citations), *_pins(answer.hits)]
    source, words = found[0] if found else ("", "")
    return f"{answer.status}: {Path(source).name}: {one_line(words)[:200]}"


def _row(name: str, marks: Sequence[Marks]) -> dict[str, Any]:
    shares = {field: sum(getattr(mark, field) for mark in marks) for field in ("first", "among", "answered", "exact")}
    return {"format": name, "questions": len(marks), **shares}


if __name__ == "__main__":
    main()
