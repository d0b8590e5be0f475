"""Files on their way into the library, as the page shows them: `library.add` in a thread, its progress made visible."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from index.library import Library
    from index.records import Progress, Receipt

FRAME_SECONDS = 0.1
"""The page is drawn anew at most this often."""
_PREPARING = "Preparing"


@dataclass(slots=True)
class Job:
    """One file: what is being done to it, and how far that is, in [0, 1]."""

    name: str
    stage: str = "Waiting"
    part: float = 0.0


@dataclass(slots=True)
class Jobs:
    """All files of one upload."""

    files: dict[str, Job]
    """By source."""
    done: int = 0
    saying: str = field(default=_PREPARING)

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Jobs:
        """Before anything has been done."""
        return cls({str(path): Job(path.name) for path in paths})

    def hear(self, moment: Progress) -> None:
        """Take note of a progress record.

        Files are read one by one and encoded several at a time, and a record of the encoding names only the first:
        what it says holds for all that have been read and not yet stored.
        """
        self.done = moment.files_done
        if moment.stage == "reading":
            self._read(moment.source)
        elif moment.stage == "encoding":
            part = moment.passages / max(1, moment.of_passages)
            stage = f"Encoding, {moment.passages} of {moment.of_passages} passages"
            for job in self.files.values():
                if job.stage.startswith(("Read", "Encoding")):
                    job.stage, job.part = stage, 0.2 + 0.8 * part

    def _read(self, source: str) -> None:
        for job in self.files.values():
            if job.stage.startswith("Encoding"):
                job.stage, job.part = "Stored", 1.0
            elif job.stage == "Reading":
                job.stage = "Read"
        if source in self.files:
            self.files[source].stage, self.files[source].part = "Reading", 0.1


def add(library: Library, paths: Sequence[Path], jobs: Jobs) -> Generator[None, None, Receipt]:
    """Add files in a thread; yields whenever `jobs` has changed and is worth drawing, and returns the receipt.

    Raises what `Library.add` raises.
    """
    moments: SimpleQueue[Progress] = SimpleQueue()
    with ThreadPoolExecutor(1, thread_name_prefix="adding") as pool:
        adding = pool.submit(library.add, paths, progress=moments.put)
        while not wait([adding], FRAME_SECONDS).done:
            if moments.empty():
                continue
            while not moments.empty():
                jobs.hear(moments.get())
            yield
    return adding.result()
