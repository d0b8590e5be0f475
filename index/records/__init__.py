"""The records that Pincite's parts exchange: plain values, nearly without behaviour.

`document`: documents, passages and locations, and the values that a user can choose. `table`: tables, words recognised
in pictures, and the headers of rows. `file_kinds`: the formats, in words how a document was read, and the names of
languages. `results`: the results of searches, answers, checks and batches. `report`: the results of changes, and facts
about a library as a whole. `remarks`: the wording of verdicts. `texts`: what readers see in several places.
Every offset is a Unicode code point into `Document.text`, and every span is half-open: `[start, end)`. A record's
module is imported when the record is first used, because `pincite --help` needs no record.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.records.boxes import PageBoxes, WordBox
    from index.records.document import (
        CANDIDATES,
        CLAIMED,
        SUPPORTING,
        Chunk,
        Document,
        DocumentInfo,
        ExportForm,
        Landmark,
        LandmarkKind,
        Location,
        Mode,
        Passage,
        Status,
        Verdict,
        Writer,
    )
    from index.records.report import (
        Failure,
        Note,
        Outcome,
        Portion,
        Problem,
        Progress,
        ProgressCallback,
        Queue,
        ReadAs,
        Recall,
        Receipt,
        Renamed,
        Settled,
        Stage,
        Stats,
        Unconfirmed,
        Verification,
    )
    from index.records.results import (
        Answer,
        CellStatus,
        Check,
        Citation,
        Coverage,
        CoverageReport,
        Found,
        Hit,
        Matrix,
        MatrixCell,
        MatrixRow,
        Row,
        Statement,
        Why,
    )
    from index.records.table import Cell, Reading, Span, Table

__all__ = [
    "CANDIDATES",
    "CLAIMED",
    "SUPPORTING",
    "Answer",
    "Cell",
    "CellStatus",
    "Check",
    "Chunk",
    "Citation",
    "Coverage",
    "CoverageReport",
    "Document",
    "DocumentInfo",
    "ExportForm",
    "Failure",
    "Found",
    "Hit",
    "Landmark",
    "LandmarkKind",
    "Location",
    "Matrix",
    "MatrixCell",
    "MatrixRow",
    "Mode",
    "Note",
    "Outcome",
    "PageBoxes",
    "Passage",
    "Portion",
    "Problem",
    "Progress",
    "ProgressCallback",
    "Queue",
    "ReadAs",
    "Reading",
    "Recall",
    "Receipt",
    "Renamed",
    "Row",
    "Settled",
    "Span",
    "Stage",
    "Statement",
    "Stats",
    "Status",
    "Table",
    "Unconfirmed",
    "Verdict",
    "Verification",
    "Why",
    "WordBox",
    "Writer",
]
_MODULES = ("document", "boxes", "table", "results", "report")


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            members = vars(import_module(f"{__name__}.{module}"))
            if name in members:
                return globals().setdefault(name, members[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
