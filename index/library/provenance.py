"""What a reader has to know of words that an import brought, and that nobody here has compared with their file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.records import Answer, Check, CoverageReport, DocumentInfo, Found

_NAMED = 3
"""How many files a note names before it says how many more there are."""
_LENGTH = 80
"""Characters of a file's name: an import may say anything of it."""


def of_found(each: Found) -> Found:
    """A search, with a note where a hit's document is a claim."""
    hits = (hit for first in each.hits for hit in (first, *first.also))
    return replace(each, notes=(*each.notes, *_notes(hit.document for hit in hits)))


def of_answer(each: Answer) -> Answer:
    """An answer, with a note where a document that it cites is a claim; where it cites none, one that came nearest."""
    shown = each.citations or each.hits
    more = "The confidence is about the imported text." if each.citations else ""
    return replace(each, notes=(*each.notes, *_notes((one.document for one in shown), more)))


def of_check(each: Check) -> Check:
    """A check, with a note where a verdict rests on a claim."""
    cited = (citation.document for citation in each.citations)
    return replace(each, notes=(*each.notes, *_notes(cited, "The verdicts are about the imported text.")))


def of_coverage(each: CoverageReport) -> CoverageReport:
    """What each document has to say, with a note where one that speaks is a claim."""
    speaking = (row.document for row in each if row.hit)
    return replace(each, notes=(*each.notes, *_notes(speaking)))


def _notes(documents: Iterable[DocumentInfo], more: str = "") -> tuple[str, ...]:
    claimed = {info.id: info for info in documents if info.claimed}
    if not claimed:
        return ()
    names = list(dict.fromkeys(map(_file, claimed.values())))
    listed = [*names[:_NAMED], *([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])]
    files = " and ".join(filter(None, (", ".join(listed[:-1]), listed[-1])))
    originals, them = ("original file", "it") if len(names) == 1 else ("original files", "them")
    note = (
        f"An import brought the text of {files}, and nobody here has read the {originals}: add the {originals}, and "
        f"the text is compared with {them}."
    )
    return (f"{note} {more}".rstrip(),)


def _file(info: DocumentInfo) -> str:
    """The name of its file or its address, as anybody may see it."""
    from index.exporting.linking import web_address
    from index.loading.composing import one_line

    name = one_line(web_address(info.source) or PurePath(info.source).name or info.source)
    return name if len(name) <= _LENGTH else f"{name[: _LENGTH - 1]}…"
