"""Records for tests: a test states the values that matter, and the others are neutral."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from index.records import Why

_NO_REASON = Why(
    dense=None, dense_rank=None, lexical=None, lexical_rank=None, fused=0.0, evidence=0.0, verbatim=False,
    reranked=None, matched_terms=(), pin_terms=(),
)  # fmt: skip


def why(**stated: Any) -> Why:
    """Return the reasons of a hit."""
    return replace(_NO_REASON, **stated)
