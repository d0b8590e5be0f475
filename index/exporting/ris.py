"""Exports citations as RIS, for EndNote, Zotero, Mendeley and others.

RIS has no escape: a tag at the beginning of a line is a tag. Values have no line breaks, so none can begin a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.exporting.describing import Entry


def write(entries: Sequence[Entry]) -> str:
    """Return a `.ris` file with a record for each citation."""
    return "\n".join(map(_record, entries))


def _record(entry: Entry) -> str:
    lines = "".join(f"{tag}  - {value}\n" for tag, value in _fields(entry) if value)
    return f"{lines}ER  - \n"


def _fields(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "TY", "ELEC" if entry.address else "GEN"
    yield "ID", entry.key
    yield "TI", entry.title
    for name in entry.names:
        yield "AU", name.sorted
    if entry.issued:
        year, *rest = entry.issued
        yield "PY", f"{year:04}"
        yield "DA", "/".join([f"{year:04}", *(f"{part:02}" for part in rest), *[""] * (3 - len(rest))])
    yield "SP", entry.location.page
    yield "SE", entry.location.heading
    yield "UR", entry.link
    yield "N1", entry.note
