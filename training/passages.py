"""Finds the passages of our questions and claims by their hashes, because we may not copy their texts.

`data/questions.tsv` has a line for each question: the passage (the beginning of its SHA-256, or the name of a page of
ClapNQ), `a` if the passage answers the question and `n` if not, the question, and the position of the answer or of
words that look like one. `data/claims.tsv` has a line for each claim: the passage, `s` if it supports the claim, `c`
if it contradicts the claim and `n` if it does neither, the kind of claim, the positions of the sentences on which the
claim is based, and the claim. A true claim and its false twin stand in successive lines.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).with_name("data")
DIGITS = 10
"""The number of digits of a passage's SHA-256."""
SHORTEST, LONGEST = 60, 200
"""The number of words of a passage of a guide; a single paragraph may have up to twice LONGEST."""
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_MARKDOWN = (
    (re.compile(r"<!--.*?-->|\{[{%].*?[}%]\}|<[^>]+>", re.DOTALL), ""),
    (re.compile(r"^\|.*", re.DOTALL | re.MULTILINE), ""),
    (re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?"), r"\1"),
    (re.compile(r"^\s{0,3}#+ .*$|^[-=*_]{3,}$", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:[-*+]|\d+\.) (?=\S)", re.MULTILINE), "• "),
    (re.compile(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}"), ""),
)
"""Marks of Markdown and their replacements: headings and comments disappear, items stay, a table ends the text."""
_BROKEN = re.compile(r"\s*\n\s*(?!• )")
"""The end of a line inside a paragraph."""


class WrittenLine(NamedTuple):
    """A line of `questions.tsv`: the passage, the kind, the question, and the position in the passage."""

    passage: str
    kind: str
    text: str
    place: Span


def written() -> Iterator[WrittenLine]:
    """Yield the lines of `questions.tsv`."""
    for line in (DATA / "questions.tsv").read_text(encoding="utf-8").splitlines():
        passage, kind, text, start, end = line.split("\t")
        yield WrittenLine(passage, kind, text, Span(int(start), int(end)))


class OwnClaim(NamedTuple):
    """A claim about a passage; `label` as in `claims.tsv`."""

    passage: str
    label: str
    kind: str
    places: tuple[Span, ...]
    """The sentences on which it is based."""
    text: str


def own_claims() -> Iterator[OwnClaim]:
    """Yield the lines of `claims.tsv`."""
    for line in (DATA / "claims.tsv").read_text(encoding="utf-8").splitlines():
        passage, label, kind, places, text = line.split("\t")
        yield OwnClaim(passage, label, kind, _spans(places), text)


def _spans(field: str) -> tuple[Span, ...]:
    return tuple(Span(*map(int, span.split("-"))) for span in field.split(","))


class AskedLine(NamedTuple):
    """A question about a passage: its kind, and the sentences that answer it or deny what it takes for granted.

    Kinds: `a` one sentence answers, `m` several do together, `k` the question is search words, `f` it follows an
    earlier question, `p` the passage denies what it takes for granted, `n` the passage does not answer it, though
    the sentence looks as if it did.
    """

    passage: str
    kind: str
    places: tuple[Span, ...]
    question: str
    before: str = ""
    """The question that was asked before it."""
    cited: tuple[Span, ...] = ()
    """The sentences that answered that question."""


def asked() -> Iterator[AskedLine]:
    """Yield the questions of `asked.tsv`; of a dialogue, the first one, and then the second one with what is before."""
    for line in (DATA / "asked.tsv").read_text(encoding="utf-8").splitlines():
        passage, kind, *rest = line.split("\t")
        half = len(rest) // 2
        places = [_spans(field) for field in rest[:half]]
        yield AskedLine(passage, kind, places[0], rest[half])
        if half == 2:
            yield AskedLine(passage, kind, places[1], rest[3], rest[2], places[0])


class AskedCell(NamedTuple):
    """A question about the rows of a table in a passage, and the cell that answers it."""

    passage: str
    question: str
    row: Span | None
    """The position of the row; None if no cell answers."""
    column: int
    """The number of its column, from 0."""


def asked_cells() -> Iterator[AskedCell]:
    """Yield the questions of `cells.tsv`; for those that no cell answers, a `-` stands for the row and the column."""
    for line in (DATA / "cells.tsv").read_text(encoding="utf-8").splitlines():
        passage, row, column, question = line.split("\t")
        answered = row != "-"
        place = Span(*map(int, row.split("-"))) if answered else None
        yield AskedCell(passage, question, place, int(column) if answered else -1)


def digest(text: str) -> str:
    """Return the hash that identifies a passage."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def guides(sets: Path) -> Iterator[tuple[str, str]]:
    """Yield passages of the handbooks and policies in `SETS/guides` (Markdown), each with the name of its file."""
    for path in sorted((sets / "guides").rglob("*.md")):
        text = _FRONT.sub("", path.read_text(encoding="utf-8"))
        for mark, plain in _MARKDOWN:
            text = mark.sub(plain, text)
        run: list[str] = []
        for block in filter(None, map(str.strip, text.split("\n\n"))):
            if run and _length([*run, block]) > LONGEST:
                yield from _passage(path.stem, run)
                run = []
            run.append(_BROKEN.sub(" ", block))
        yield from _passage(path.stem, run)


def papers(sets: Path) -> Iterator[tuple[str, str]]:
    """Yield the number and the text of each abstract of PubMedQA."""
    found = json.loads((sets / "pubmedqa" / "ori_pqal.json").read_text(encoding="utf-8"))
    for name, row in found.items():
        yield name, "\n".join([*row["CONTEXTS"], row["LONG_ANSWER"]])


def _passage(name: str, blocks: list[str]) -> Iterator[tuple[str, str]]:
    if SHORTEST <= _length(blocks) <= 2 * LONGEST:
        yield name, "\n\n".join(blocks)


def _length(blocks: list[str]) -> int:
    return sum(len(block.split()) for block in blocks)
