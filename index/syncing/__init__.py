"""One library, made the same as the folders it is about.

    Syncing(store, ingest, rehearse, max_bytes=512_000_000).run(["notes/"])

What is in a folder (`scanning`) is laid beside what the library has from it (`looking`), it is decided what follows
(`planning`), and the library is changed (`running`): names first, in one step; then what is new; what is gone last.
"""

from __future__ import annotations

from index.syncing.running import Suspicion, Syncing

__all__ = ["Suspicion", "Syncing"]
