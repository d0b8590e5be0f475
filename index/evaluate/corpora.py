"""Converts a set's corpus to documents of a library, and gold offsets in the corpus to offsets in the documents."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import EvaluationError
from index.evaluate.lines import read_rows
from index.records import Document, Landmark, Span

if TYPE_CHECKING:
    from pathlib import Path

_NEWLINE = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


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
