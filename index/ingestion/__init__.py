"""Files to passages in the store: read ahead in processes of their own, encoded together, each stored in one step."""

from index.ingestion.adding import BATCH_PASSAGES, INDEX_SECONDS, Ingestion
from index.ingestion.claims import Claims
from index.ingestion.preparing import draft_of, key_of
from index.ingestion.rehearsal import Rehearsal

__all__ = [
    "BATCH_PASSAGES",
    "INDEX_SECONDS",
    "Claims",
    "Ingestion",
    "Rehearsal",
    "draft_of",
    "key_of",
]
