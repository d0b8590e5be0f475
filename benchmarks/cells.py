"""Questions that a cell of a table answers: is it pinned, and quoted with its headers?

    python -m benchmarks.cells --cases CASES… [--files FOLDER] [--all] [--library DIR] [--each] [--json FILE]

A case is a line of JSON: `group`, `file` (a path in the folder), `question`, `quote` (the words of the cell), `accept`
(other words that are as right), `row` and `column` (what the cell's headers contain, in a reader's words; empty if it
has none), and perhaps `also` (files with the same table). The library holds all files of the cases, and with `--all`
all files of the folder. The table has for each group the share of questions

- whose first quotation is the right cell, or begins with its words;
- with the right cell among the quotations;
- whose first quotation is the right cell and shows a header of its column or row, of those with headers;
- that were answered with another first quotation, which is the worst error.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import report_tables
from index import Library, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.records import Answer, Citation

FILES = Path(__file__).parents[2] / "shared" / "files"
_WORD = re.compile(r"\w+")
_SIGNS = str.maketrans({"−": "-", "–": "-", "—": "-", "(": "-", ")": None, ",": None})
_MARGIN = 12
"""Characters that a right quotation may have besides the words of the cell, such as a unit or a footnote's mark."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the cell that answers it."""

    group: str
    files: tuple[str, ...]
    question: str
    quotes: tuple[str, ...]
    headers: str

    @classmethod
    def of(cls, line: str) -> Case:
        """Parse a line of JSON."""
        fields = json.loads(line)
        quotes = (fields["quote"], *fields.get("accept", ()))
        headers = f"{fields.get('row', '')} {fields.get('column', '')}"
        return cls(fields["group"], (fields["file"], *fields.get("also", ())), fields["question"], quotes, headers)

    def is_right(self, citation: Citation) -> bool:
        """Whether a citation is the cell, in one of the files."""
        named = any(citation.document.source.endswith(file) for file in self.files)
        return named and any(_same(citation.quote, quote) for quote in self.quotes)

    def shows_headers(self, answer: Answer) -> bool:
        """Whether the first statement has a word of the cell's headers before the cell's words."""
        before = answer.statements[0].text[: -len(answer.citations[0].quote)]
        return bool(set(_words(before)) & set(_words(self.headers)))


def main() -> None:
    """Ask the questions and print a table for each file of cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", type=Path, required=True)
    parser.add_argument("--files", type=Path, default=FILES)
    parser.add_argument("--all", action="store_true", help="add all files of the folder")
    parser.add_argument("--library", type=Path, help="keep the library in this folder and reuse it")
    parser.add_argument("--each", action="store_true", help="print every question with what was quoted")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    cases = {path.stem: [Case.of(line) for line in path.read_text("utf-8").splitlines()] for path in options.cases}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.library or Path(temporary) / "library"
        with Library.open(folder, Settings()) as library:
            files = {options.files / file for group in cases.values() for case in group for file in case.files}
            library.add([options.files] if options.all else sorted(files))
            tables = {name: ask_all(library, group, show_each=options.each) for name, group in cases.items()}
    report_tables(tables, options.json)


def ask_all(library: Library, cases: Sequence[Case], *, show_each: bool = False) -> list[dict[str, Any]]:
    """Return a row for each group, then one for all cases."""
    groups: dict[str, list[dict[str, float | None]]] = defaultdict(list)
    for case in cases:
        answer = library.ask(case.question)
        rated = rate(case, answer)
        groups[case.group].append(rated)
        if show_each:
            shown = answer.statements[0].text if answer.statements else ""
            sign = "+" if rated["first"] else "-"
            print(
                f"{sign} {answer.status} {answer.confidence:.2f} | {case.question} | {case.quotes[0]} | {shown[:150]!r}"
            )
    everything = [rated for group in groups.values() for rated in group]
    return [_row(name, group) for name, group in [*sorted(groups.items()), ("all", everything)]]


def rate(case: Case, answer: Answer) -> dict[str, float | None]:
    """Rate an answer: see the docstring of this module; None where a measure does not apply."""
    right = [case.is_right(citation) for citation in answer.citations]
    first = right[:1] == [True]
    return {
        "first": float(first),
        "anywhere": float(any(right)),
        "with headers": float(first and case.shows_headers(answer)) if _words(case.headers) else None,
        "answered wrong": float(answer.status == "answered" and not first),
    }


def _row(name: str, group: Sequence[dict[str, float | None]]) -> dict[str, Any]:
    def share(measure: str) -> float | None:
        values = [value for rated in group if (value := rated[measure]) is not None]
        return round(100 * fmean(values), 1) if values else None

    return {"group": name, "questions": len(group), **{f"{measure}, %": share(measure) for measure in group[0]}}


def _same(found: str, wanted: str) -> bool:
    """Whether a quotation is the words of a cell, without regard to white space, signs and separators of thousands."""
    one, other = _plain(found), _plain(wanted)
    return one == other or (bool(other) and one.startswith(other) and len(one) <= len(other) + _MARGIN)


def _plain(words: str) -> str:
    text = unicodedata.normalize("NFKC", words).translate(_SIGNS)
    return "".join(text.split()).casefold()


def _words(text: str) -> Iterable[str]:
    return [word.casefold() for word in _WORD.findall(text)]


if __name__ == "__main__":
    main()
