"""The base of all models, and the redaction of records for strangers: no path leaves a server.

A server tells nobody where it keeps its files. Every record that leaves over a network, as JSON, as a page or as an
export, passes through `redacted` first. Redacting twice changes nothing.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from index import records
from index.citations.entries import web_address
from index.records.document import FileState

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance

FARTHEST = 2**31 - 1
"""The largest accepted offset. No document has so many characters, so a larger offset is refused at once."""
Offset = Annotated[int, Field(ge=0, le=FARTHEST)]
"""In code points of the document's text, from 0."""
Share = Annotated[float, Field(ge=0, le=1)]
Record = TypeVar(
    "Record",
    records.Answer,
    records.Check,
    records.Citation,
    records.CoverageReport,
    records.DocumentInfo,
    records.Failure,
    records.Found,
    records.Hit,
    records.MatrixRow,
    records.Receipt,
    FileState,
)
_Failed = TypeVar("_Failed", records.Failure, FileState)


class Schema(BaseModel):
    """A result, or a part of one. It is made from a record of the same attributes, or from a mapping.

    The docstring of each field is its description in OpenAPI and in the tools of MCP.
    """

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


def _round_to_4(value: float) -> float:
    return round(value, 4)


def _round_to_6(value: float) -> float:
    return round(value, 6)


Score = Annotated[Share, AfterValidator(_round_to_6)]
Confidence = Annotated[Share, AfterValidator(_round_to_4)]
Rounded = Annotated[float, AfterValidator(_round_to_6)]
"""A number without a range; as `Score`, with six decimals."""


def plain(record: DataclassInstance, decimals: int | None = None) -> dict[str, Any]:
    """Return a record without a model as JSON; `decimals` rounds the floats at its top level."""
    if decimals is None:
        return asdict(record)
    return {
        name: round(value, decimals) if isinstance(value, float) else value for name, value in asdict(record).items()
    }


def redacted(record: Record) -> Record:
    """Return the record without any path."""
    shown: Record = _REDACTIONS[type(record)](record)
    return shown


def source_name(source: str) -> str:
    """Return the address without a password, or the file's name; surrogates of a broken name become question marks."""
    shown = web_address(source) or PurePath(source).name or source
    return shown.encode("utf-8", "replace").decode()


def _document(info: records.DocumentInfo) -> records.DocumentInfo:
    return replace(info, source=source_name(info.source), reading=_reading(info.reading))


def _reading(reading: records.Reading) -> records.Reading:
    return replace(reading, container=source_name(reading.container)) if reading.container else reading


def _hit(hit: records.Hit) -> records.Hit:
    return replace(hit, document=_document(hit.document), also=tuple(map(_hit, hit.also)))


def _found(found: records.Found) -> records.Found:
    return replace(found, hits=tuple(map(_hit, found.hits)))


def _citation(citation: records.Citation) -> records.Citation:
    return replace(citation, document=_document(citation.document))


def _answer(answer: records.Answer) -> records.Answer:
    return replace(answer, citations=tuple(map(_citation, answer.citations)), hits=tuple(map(_hit, answer.hits)))


def _check(check: records.Check) -> records.Check:
    return replace(check, citations=tuple(map(_citation, check.citations)))


def _coverage(report: records.CoverageReport) -> records.CoverageReport:
    rows = (replace(row, document=_document(row.document), hit=_hit(row.hit) if row.hit else None) for row in report)
    return replace(report, rows=tuple(rows))


def _matrix_row(row: records.MatrixRow) -> records.MatrixRow:
    return replace(row, document=_document(row.document), cells=tuple(map(_cell, row.cells)))


def _cell(cell: records.MatrixCell) -> records.MatrixCell:
    citation, nearest = (_citation(one) if one else None for one in (cell.citation, cell.nearest))
    return replace(cell, citation=citation, nearest=nearest)


def _receipt(receipt: records.Receipt) -> records.Receipt:
    return replace(
        receipt,
        added=_names(receipt.added),
        replaced=_names(receipt.replaced),
        renamed=tuple(
            records.Renamed(source_name(renamed.source), source_name(renamed.before)) for renamed in receipt.renamed
        ),
        unchanged=_names(receipt.unchanged),
        removed=_names(receipt.removed),
        failed=tuple(map(_without_path, receipt.failed)),
        opened=_names(receipt.opened),
        notes=tuple(replace(note, source=source_name(note.source)) for note in receipt.notes),
        read=tuple(map(_read_as, receipt.read)),
    )


def _read_as(read: records.ReadAs) -> records.ReadAs:
    return replace(read, source=source_name(read.source), reading=_reading(read.reading))


def _names(sources: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(source_name, sources))


def _without_path(failed: _Failed) -> _Failed:
    """Return the failure without a path, in its source and in its reason."""
    name = source_name(failed.source)
    reason = failed.reason.replace(failed.source, name) if failed.source else failed.reason
    return replace(failed, source=name, reason=reason)


_REDACTIONS: dict[type, Callable[[Any], Any]] = {
    records.Answer: _answer,
    records.Check: _check,
    records.Citation: _citation,
    records.CoverageReport: _coverage,
    records.DocumentInfo: _document,
    records.Failure: _without_path,
    records.Found: _found,
    records.Hit: _hit,
    records.MatrixRow: _matrix_row,
    records.Receipt: _receipt,
    FileState: _without_path,
}
