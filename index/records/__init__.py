"""The records that flow through Pincite: plain values without behaviour of their own, in five modules.

`document` has documents, passages and places; `hit` has what a search finds; `answer` has answers and checks; `receipt`
has what a change did; `report` has what is known about a library as a whole. Every offset is a Unicode code point into
`Document.text`, and every span is half-open: `[start, end)`.
"""

from index.records.answer import SUPPORTING, Answer, Check, Citation, ExportForm, Statement, Status, Verdict, Writer
from index.records.document import (
    CLAIMED,
    Chunk,
    Document,
    DocumentInfo,
    Landmark,
    LandmarkKind,
    Location,
    Passage,
    Span,
)
from index.records.hit import CANDIDATES, Coverage, CoverageReport, Found, Hit, Mode, Why
from index.records.report import (
    Failure,
    Note,
    Outcome,
    Portion,
    Problem,
    Progress,
    ProgressCallback,
    Queue,
    Recall,
    Receipt,
    Renamed,
    Settled,
    Stage,
    Stats,
    Unconfirmed,
    Verification,
)

__all__ = [
    "CANDIDATES",
    "CLAIMED",
    "SUPPORTING",
    "Answer",
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
    "Mode",
    "Note",
    "Outcome",
    "Passage",
    "Portion",
    "Problem",
    "Progress",
    "ProgressCallback",
    "Queue",
    "Recall",
    "Receipt",
    "Renamed",
    "Settled",
    "Span",
    "Stage",
    "Statement",
    "Stats",
    "Status",
    "Unconfirmed",
    "Verdict",
    "Verification",
    "Why",
    "Writer",
]
