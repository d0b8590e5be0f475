"""The passages of our own questions and claims, identified by their hashes because we may not copy their texts.

`data/questions.tsv` has a line for each question: the passage (the beginning of its SHA-256, or the name of ClapNQ's),
`a` where it answers and `n` where it does not, the question, and the place of the answer, or of what looks like one.
`data/claims.tsv` has the passage, `s` for what it supports, `c` for the contrary and `n` for what it does not say, the
claim, and the place of the words that the claim rests on.
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
"""Of a passage's SHA-256."""
SHORTEST, LONGEST = 60, 200
"""Words of a passage of a guide; a single paragraph may have up to twice LONGEST."""
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_MARKDOWN = (
    (re.compile(r"<!--.*?-->|\{[{%].*?[}%]\}|<[^>]+>", re.DOTALL), ""),
    (re.compile(r"^\|.*", re.DOTALL | re.MULTILINE), ""),
    (re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?"), r"\1"),
    (re.compile(r"^\s{0,3}#+ .*$|^[-=*_]{3,}$", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:[-*+]|\d+\.) (?=\S)", re.MULTILINE), "• "),
    (re.compile(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}"), ""),
)
"""Marks of Markdown, and what is left of them: headings and comments go, lists keep items, a table ends the text."""
_BROKEN = re.compile(r"\s*\n\s*(?!• )")
"""A line's end inside a paragraph."""


class WrittenLine(NamedTuple):
    """A line of ours: what was written about which passage, of what kind, and the place that it is about."""

    passage: str
    kind: str
    text: str
    place: Span


def written(name: str) -> Iterator[WrittenLine]:
    """The lines of `questions` or `claims`."""
    for line in (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        passage, kind, text, start, end = line.split("\t")
        yield WrittenLine(passage, kind, text, Span(int(start), int(end)))


def digest(text: str) -> str:
    """What a passage is known by."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def guides(sets: Path) -> Iterator[tuple[str, str]]:
    """Of handbooks and policies in Markdown, `SETS/guides`, a file's name and some of its paragraphs."""
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
    """Number and text of the abstracts of PubMedQA."""
    found = json.loads((sets / "pubmedqa" / "ori_pqal.json").read_text(encoding="utf-8"))
    for name, row in found.items():
        yield name, "\n".join([*row["CONTEXTS"], row["LONG_ANSWER"]])


def _passage(name: str, blocks: list[str]) -> Iterator[tuple[str, str]]:
    if SHORTEST <= _length(blocks) <= 2 * LONGEST:
        yield name, "\n\n".join(blocks)


def _length(blocks: list[str]) -> int:
    return sum(len(block.split()) for block in blocks)
