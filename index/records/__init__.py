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
    from index.records.boxes import PageBoxes as PageBoxes
    from index.records.boxes import WordBox as WordBox
    from index.records.document import CANDIDATES as CANDIDATES
    from index.records.document import CLAIMED as CLAIMED
    from index.records.document import SUPPORTING as SUPPORTING
    from index.records.document import Chunk as Chunk
    from index.records.document import Document as Document
    from index.records.document import DocumentInfo as DocumentInfo
    from index.records.document import ExportForm as ExportForm
    from index.records.document import Landmark as Landmark
    from index.records.document import LandmarkKind as LandmarkKind
    from index.records.document import Location as Location
    from index.records.document import Mode as Mode
    from index.records.document import Passage as Passage
    from index.records.document import Status as Status
    from index.records.document import Verdict as Verdict
    from index.records.document import Writer as Writer
    from index.records.report import Failure as Failure
    from index.records.report import Note as Note
    from index.records.report import Outcome as Outcome
    from index.records.report import Portion as Portion
    from index.records.report import Problem as Problem
    from index.records.report import Progress as Progress
    from index.records.report import ProgressCallback as ProgressCallback
    from index.records.report import Queue as Queue
    from index.records.report import ReadAs as ReadAs
    from index.records.report import Recall as Recall
    from index.records.report import Receipt as Receipt
    from index.records.report import Renamed as Renamed
    from index.records.report import Settled as Settled
    from index.records.report import Stage as Stage
    from index.records.report import Stats as Stats
    from index.records.report import Unconfirmed as Unconfirmed
    from index.records.report import Verification as Verification
    from index.records.results import Answer as Answer
    from index.records.results import CellStatus as CellStatus
    from index.records.results import Check as Check
    from index.records.results import Citation as Citation
    from index.records.results import Coverage as Coverage
    from index.records.results import CoverageReport as CoverageReport
    from index.records.results import Found as Found
    from index.records.results import Hit as Hit
    from index.records.results import Matrix as Matrix
    from index.records.results import MatrixCell as MatrixCell
    from index.records.results import MatrixRow as MatrixRow
    from index.records.results import Row as Row
    from index.records.results import Statement as Statement
    from index.records.results import Why as Why
    from index.records.table import Cell as Cell
    from index.records.table import Reading as Reading
    from index.records.table import Span as Span
    from index.records.table import Table as Table

_MODULES = ("document", "boxes", "table", "results", "report")


def __getattr__(name: str) -> Any:
    if name[0].isupper():  # another name may be a module's, which needs no record
        for module in _MODULES:
            members = vars(import_module(f"{__name__}.{module}"))
            if name in members:
                return globals().setdefault(name, members[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
