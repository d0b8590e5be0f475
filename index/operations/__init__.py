"""Operations on a whole library: backup, restore, compact, rebuild, export and import."""

from __future__ import annotations

from index.operations.backing_up import back_up
from index.operations.compacting import compact
from index.operations.embedding import Tools
from index.operations.exporting import export_library
from index.operations.importing import import_library
from index.operations.rebuilding import rebuild
from index.operations.restoring import restore
from index.operations.results import BackedUp, Compacted, Exported, Rebuilt, Restored, Watch

__all__ = [
    "BackedUp",
    "Compacted",
    "Exported",
    "Rebuilt",
    "Restored",
    "Tools",
    "Watch",
    "back_up",
    "compact",
    "export_library",
    "import_library",
    "rebuild",
    "restore",
]
