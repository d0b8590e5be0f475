"""Redacts records for strangers: a document is known by its file's name or its address, never by a path.

A server tells nobody where it keeps its files. Every record that leaves over a network, as JSON, as a page or as an
export, passes through `redacted` first. Redacting twice changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from index import records
from index.exporting.linking import web_address
from index.serving.states import FileState

if TYPE_CHECKING:
    from collections.abc import Callable

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
    records.Receipt,
    FileState,
)


def redacted(record: Record) -> Record:
    """Return the record without any path."""
    shown: Record = _REDACTIONS[type(record)](record)
    return shown


def source_name(source: str) -> str:
    """Return the address without a password, or the file's name; surrogates of a broken name become question marks."""
    shown = web_address(source) or PurePath(source).name or source
    return shown.encode("utf-8", "replace").decode()


def _document(info: records.DocumentInfo) -> records.DocumentInfo:
    return replace(info, source=source_name(info.source))


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
        notes=tuple(replace(note, source=source_name(note.source)) for note in receipt.notes),
    )


def _names(sources: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(source_name, sources))


_Failed = TypeVar("_Failed", records.Failure, FileState)


def _without_path(failed: _Failed) -> _Failed:
    """The reason may name the path, too."""
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
    records.Receipt: _receipt,
    FileState: _without_path,
}
