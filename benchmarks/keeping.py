"""Measures the maintenance of a library: `python -m benchmarks.keeping --library DIR [--json FILE]`.

The program works on a copy beside the library. The time of the encoder is not included: a fake encoder returns vectors
of the right length. (`pincite rebuild` encodes the passages whose vectors it cannot recover, at the rate that
`benchmarks.ingest` measures.)
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measuring import memory, report_tables, run_in_new_process, temporary_copy
from index import Library
from index.encoders.encoder import Encoded, normalised
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoders.encoder import Draft, Vectors

REMOVED = 4
"""The program removes one document in this many before it compacts the library."""
SHORTER = 120
"""The tokens of a passage in the rebuilt library."""


class StandIn:
    """A fake encoder with the name of the library's encoder, which takes almost no time."""

    max_tokens = 256

    def __init__(self, name: str, dimension: int) -> None:
        self.name = name
        self.dimension = dimension

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Estimate the number of tokens from the number of words."""
        return [int(len(text.split()) * 1.3) + 2 for text in texts]

    def encode(
        self,
        drafts: Sequence[Draft],
        progress: Callable[[int], None] | None = None,  # noqa: ARG002 - part of the protocol
    ) -> list[Encoded]:
        """Return random vectors."""
        return [self._encoded(draft) for draft in drafts]

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """Return random vectors."""
        return self.encode(drafts)

    def encode_question(self, question: str) -> Vectors:  # noqa: ARG002
        """Return the same vector for every question."""
        return normalised(np.ones(self.dimension, dtype=np.float32))

    def _encoded(self, draft: Draft) -> Encoded:
        chance = np.random.default_rng(len(draft.text))
        rows = normalised(chance.standard_normal((1 + len(draft.sentences), self.dimension)).astype(np.float32))
        return Encoded(rows[0], rows[1:])


def measured(folder: Path, beside: Path, operation: str) -> dict[str, Any]:
    """Return the figures of one operation; call this in a new process."""
    with Library.open(folder, create=False) as known:
        made_with, passages = known.stats().made_with, known.stats().passages
        rows = known.parts.store.catalog.database.rows("SELECT length(vector) / 2 FROM vectors LIMIT 1")
    encoder = StandIn(made_with.partition(" | ")[0], rows[0][0])
    backup, carried, small = (beside / name for name in ("backup.zip", "library.zip", "no-vectors.zip"))
    with Library.open(folder, Settings(), encoder=encoder) as library:
        work: dict[str, Callable[[], object]] = {
            "backup": lambda: library.backup(backup),
            "restore": lambda: Library.restore(backup, beside / "restored"),
            "export-library": lambda: library.export_library(carried),
            "export-library --no-vectors": lambda: library.export_library(small, vectors=False),
            "import-library": lambda: library.import_library(carried),
            "compact": library.compact,
            "rebuild": lambda: library.rebuild(passage_tokens=SHORTER),
        }
        began, cpu, before = time.perf_counter(), time.process_time(), library.stats().bytes
        work[operation]()
        figures = {"operation": operation, "passages": passages, "seconds": time.perf_counter() - began}
        figures |= {"CPU seconds": time.process_time() - cpu, "peak RSS MB": memory()["peak RSS MB"]}
        file = {"backup": backup, "export-library": carried, "export-library --no-vectors": small}.get(operation)
        after = file.stat().st_size if file else library.stats().bytes
        return {**figures, "MB before": before / 1e6, "MB of the file or after": after / 1e6}


def thin_out(folder: Path) -> None:
    """Remove one document in `REMOVED`."""
    with Library.open(folder, create=False) as library:
        library.remove(*(info.id for info in library.documents()[::REMOVED]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--json")
    options = parser.parse_args()
    with temporary_copy(options.library) as folder:
        beside = folder.with_name(f"{folder.name}.kept")
        beside.mkdir()
        try:
            rows = [measure_in_new_process(folder, beside, name) for name in ("backup", "restore")]
            rows += [
                measure_in_new_process(folder, beside, f"export-library{option}") for option in ("", " --no-vectors")
            ]
            rows.append(_measure_import_alone(beside))
            run_in_new_process(thin_out, folder)
            rows += [measure_in_new_process(folder, beside, name) for name in ("compact", "rebuild")]
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    notes = [f"One document in {REMOVED} was removed before compact; rebuild makes passages of {SHORTER} tokens."]
    report_tables({"Keeping a library (without the encoder)": rows}, options.json, notes)


def measure_in_new_process(folder: Path, beside: Path, operation: str) -> dict[str, Any]:
    """Run `measured` in a new process."""
    return run_in_new_process(measured, folder, beside, operation)


def _measure_import_alone(beside: Path) -> dict[str, Any]:
    """Measure the import into a library of the same kind that holds one document."""
    empty = beside / "restored"
    run_in_new_process(_empty_but_one, empty)
    return run_in_new_process(_measure_import, empty, beside)


def _empty_but_one(folder: Path) -> None:
    with Library.open(folder, create=False) as library:
        library.remove(*(info.id for info in library.documents()[1:]))  # the first one stays and keeps the fingerprint
        library.compact()


def _measure_import(folder: Path, beside: Path) -> dict[str, Any]:
    began, cpu = time.perf_counter(), time.process_time()
    with Library.open(folder, create=False) as library:
        before = library.stats().bytes
        receipt = library.import_library(beside / "library.zip")
        figures = {"operation": "import-library", "passages": receipt.passages, "seconds": time.perf_counter() - began}
        figures |= {"CPU seconds": time.process_time() - cpu, "peak RSS MB": memory()["peak RSS MB"]}
        return {**figures, "MB before": before / 1e6, "MB of the file or after": library.stats().bytes / 1e6}


if __name__ == "__main__":
    main()
