"""What keeps a library sound: its state in numbers, its contradictions, and the proof that its words are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DocumentNotFound
from index.library.reading import Reading
from index.records import Stats

if TYPE_CHECKING:
    from index.exporting import PackFinding
    from index.records import Answer, Document, Problem, ProgressCallback, Recall, Verification


_READ_ONLY = "Its folder is read-only here: it can be asked, and not changed."


class Keeping(Reading):
    """Its state in numbers, its contradictions, and the proof that its words are there."""

    def generation(self) -> int:
        """How many changes the library has seen: another number, another library. Costs next to nothing."""
        return self._store.catalog.generation()

    def stats(self) -> Stats:
        """The library in numbers."""
        catalog = self._store.catalog
        media_types: dict[str, int] = {}
        for info in self.documents():
            media_types[info.media_type] = media_types.get(info.media_type, 0) + 1
        return Stats(
            folder=str(self.folder),
            bytes=self._store.bytes_on_disk(),
            made_with=catalog.fingerprint(),
            generation=catalog.generation(),
            media_types=media_types,
            notes=(*self.readiness().notes, *([_READ_ONLY] if self.read_only else [])),
            **catalog.totals(),
        )

    def recall(self, questions: int = 200) -> Recall:
        """How much of the ten nearest passages is found, against a comparison with all; of a small library, all of it.

        That comparison reads every vector: a few seconds for each 100,000 passages.
        """
        return self._store.recall(questions)

    def problems(self) -> list[Problem]:
        """Where the library contradicts itself, without a look at its sources; each with its remedy."""
        return self._store.problems()

    def verify(self, *, progress: ProgressCallback | None = None) -> Verification:
        """Read every source that is still on disk and prove that every passage and sentence is its text."""
        from index.verification import verify

        return verify(self._store, max_bytes=self._max_bytes, limits=self._limits, progress=progress)

    def pack(self, answer: Answer) -> tuple[bytes, str]:
        """An answer as an evidence pack, which `verify_pack` checks on another copy of the library: as zip, as text."""
        from datetime import UTC, datetime

        from index.exporting import pack, pack_markdown

        facts = {"made with": self._store.catalog.fingerprint(), "bar": str(answer.bar), "writer": answer.writer}
        now = datetime.now(UTC)
        return pack(answer, {}, facts, now), pack_markdown(answer, {}, facts, now)

    def verify_pack(self, path: str | Path) -> list[PackFinding]:
        """What of an evidence pack this library does not bear out; nothing where every quote is there.

        Raises BadPack where the file is none, or was changed.
        """
        from index.exporting import read_pack, verify_pack

        def find(identity: str) -> Document | None:
            try:
                return self.document(identity)
            except DocumentNotFound:
                return None

        return verify_pack(read_pack(Path(path)), find, self._store.catalog.claimed())
