"""Records as a stranger may see them: a document is known by its file's name or its address, never by a path.

Where a server keeps its files is nobody's business. Every record that leaves it over a network passes through here
first; what was disclosed once is the same when it is disclosed again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.exporting.linking import web_address

if TYPE_CHECKING:
    from index.records import Answer, Check, Citation, CoverageReport, DocumentInfo, Failure, Found, Hit, Receipt


def source(kept: str) -> str:
    """The address, without a password, or the file's name; half characters of a broken name as question marks."""
    shown = web_address(kept) or PurePath(kept).name or kept
    return shown.encode("utf-8", "replace").decode()


def info(each: DocumentInfo) -> DocumentInfo:
    """A document without its text."""
    return replace(each, source=source(each.source))


def hit(each: Hit) -> Hit:
    """A passage, and its copies."""
    return replace(each, document=info(each.document), also=tuple(map(hit, each.also)))


def found(each: Found) -> Found:
    """What a search brought."""
    return replace(each, hits=tuple(map(hit, each.hits)))


def citation(each: Citation) -> Citation:
    """A reference to exact words."""
    return replace(each, document=info(each.document))


def answer(each: Answer) -> Answer:
    """An answer, with all that it rests on."""
    return replace(each, citations=tuple(map(citation, each.citations)), hits=tuple(map(hit, each.hits)))


def check(each: Check) -> Check:
    """A text that was checked."""
    return replace(each, citations=tuple(map(citation, each.citations)))


def coverage(each: CoverageReport) -> CoverageReport:
    """What each document has to say."""
    rows = (replace(row, document=info(row.document), hit=hit(row.hit) if row.hit else None) for row in each)
    return replace(each, rows=tuple(rows))


def receipt(each: Receipt) -> Receipt:
    """What was done, file by file."""
    return replace(
        each,
        added=tuple(map(source, each.added)),
        replaced=tuple(map(source, each.replaced)),
        renamed=tuple(replace(one, source=source(one.source), before=source(one.before)) for one in each.renamed),
        unchanged=tuple(map(source, each.unchanged)),
        removed=tuple(map(source, each.removed)),
        failed=tuple(map(_failure, each.failed)),
        notes=tuple(replace(note, source=source(note.source)) for note in each.notes),
    )


def _failure(each: Failure) -> Failure:
    """Reasons may name the path, too."""
    shown = source(each.source)
    return replace(each, source=shown, reason=each.reason.replace(each.source, shown) if each.source else each.reason)
