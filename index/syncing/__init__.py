"""Sync: mirrors folders into a library.

    Syncing(store, ingest, rehearse, max_bytes=512_000_000).run(["notes/"])

A sync scans the folders, compares them with the library, makes a plan, and changes the library: renames first, in one
step; then new and changed files; removals last.
"""

from __future__ import annotations

from index.syncing.running import SuspectFiles, Syncing

__all__ = ["SuspectFiles", "Syncing"]
