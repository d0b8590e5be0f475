"""Ingestion: turns files into passages in the store.

Files are read ahead in processes of their own, passages are encoded in batches, and a document is stored in one step.
"""

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
