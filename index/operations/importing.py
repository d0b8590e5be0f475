"""Documents from a portable file into a library. The file may come from anybody: nothing in it is believed unseen.

It is read twice, once to check all of it and once to take it in, one document at a time.
"""

from __future__ import annotations

import re
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from index.errors import FingerprintMismatch, LibraryNotWritable
from index.ingestion import Claims, draft_of, key_of
from index.operations.carrying import DOCUMENTS, FORMAT, SENTENCES, VECTORS, VERSION, parsed
from index.operations.embedding import Embedded, Embedder
from index.operations.reading import ArchiveReader
from index.operations.room import demand_room
from index.records import Failure, Note, Receipt
from index.storage.filing import PackedVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.operations.carrying import Line
    from index.operations.embedding import Tools
    from index.operations.reading import Stream
    from index.operations.results import Watch
    from index.records import Document
    from index.storage.store import FolderStore

_INDEX_SECONDS = 2.0
_IDENTITY = re.compile("[0-9a-f]{64}")
_LENGTH = (0.98, 1.02)
"""Between which the length of a vector is one, in float16."""
_MOST_NUMBERS = 1 << 16
_TAKEN = (
    "The library has another document from there, which was read here, and the file says other things of that place."
)
_TAKE_ANYWAY = "Where the file is an export of your own, import it with --trust; else remove your document first."
_READ_FIRST = "The file says itself that this was never read: add the original file, or remove your document first."
_OTHER_WORDS = "The imported file has other words for the same SHA-256; the library's own stay."
_TRUSTED_WORDS = "It was imported before with another {}: what the trusted file says took its place."


def import_library(
    store: FolderStore,
    path: Path,
    tools: Callable[[str], Tools],
    *,
    max_bytes: int,
    trust: bool = False,
    progress: Watch | None = None,
) -> Receipt:
    """Add the documents of a portable file; one that is here already stays as it is.

    Where the library was made with the same encoder and chunking, the vectors of the file are taken, else its texts are
    cut and encoded anew. Nothing is changed before all of the file was checked; stop at any moment, and the next import
    goes on.

    That the file with a document's SHA-256 holds these words is what the portable file says, so it is kept as a claim:
    `add` and `sync` read such a file though they know its hash, its vectors serve no other document, and the places
    where it was found are looked into by nobody. A claim takes the place of another claim from the same source, but not
    of a document that was read here. With `trust`, which is for an export of one's own, what was read where the file
    was made counts as read here, and takes the place of claims; what was only claimed there stays a claim.

    `tools` is called with what the file was made with, whose passages suit a library that has none yet, within what the
    settings allow. `max_bytes` is the most that one document may take. Raises BadArchive, NoRoom, LibraryLocked,
    FingerprintMismatch.
    """
    began = time.monotonic()
    with ArchiveReader(path, FORMAT, VERSION, progress) as archive:
        carrier = _Carrier(archive, max_bytes)
        carrier.check(progress)
        demand_room(store.folder, 2 * sum(archive.size(name) for name in archive.parts))
        with store.writing():
            work = _Merging(store, carrier, tools, progress, trust=trust)
            try:
                work.run()
            except BaseException:
                with suppress(LibraryNotWritable):  # what stopped the work is the error to tell
                    store.index()
                raise
            store.index()
    return work.receipt(time.monotonic() - began)


class _Carrier:
    """The documents of a file, and their vectors where it has any."""

    def __init__(self, archive: ArchiveReader, max_bytes: int) -> None:
        self._archive = archive
        self.bad = archive.bad
        self._max_bytes = max_bytes
        self.made_with: str = archive.fact("made_with", str)
        self.vectors: bool = archive.fact("vectors", bool)
        self.dimension: int = archive.fact("dimension", int)
        self.documents: int = archive.fact("documents", int)
        self._shards: int = archive.fact("shards", int)
        kinds = (DOCUMENTS, VECTORS, SENTENCES) if self.vectors else (DOCUMENTS,)
        if len(archive.parts) != self._shards * len(kinds):
            raise archive.bad("its parts are not those that its manifest names")
        due = {kind.format(shard) for shard in range(1, self._shards + 1) for kind in kinds}
        if set(archive.parts) != due or not 0 <= self.dimension < _MOST_NUMBERS:
            raise archive.bad("its parts are not those that its manifest names")

    def check(self, progress: Watch | None) -> None:
        """Read all of it. Raises BadArchive where any of it cannot be right."""
        identities: set[str] = set()
        passages = sentences = characters = 0
        for line, _ in self.lines(with_vectors=self.vectors):
            if not _IDENTITY.fullmatch(line.id):
                raise self._archive.bad("a document is not named by a SHA-256")
            identities.add(line.id)
            passages += len(line.passages)
            sentences += sum(len(spans) for _, _, spans in line.passages)
            characters += len(line.text)
            if progress:
                progress("reading", len(identities), self.documents)
        found = {"documents": len(identities), "passages": passages, "sentences": sentences, "characters": characters}
        if any(self._archive.fact(name, int) != number for name, number in found.items()):
            raise self._archive.bad("it does not hold what its manifest says, or one document twice")

    def lines(self, *, with_vectors: bool) -> Iterator[tuple[Line, list[PackedVectors]]]:
        """Each document, with the vectors of its passages where these are wanted."""
        for shard in range(1, self._shards + 1):
            with ExitStack() as opened:
                kinds = (DOCUMENTS, VECTORS, SENTENCES) if with_vectors else (DOCUMENTS,)
                streams = [opened.enter_context(self._archive.part(kind.format(shard))) for kind in kinds]
                while data := streams[0].line(self._max_bytes):
                    line = self._parsed(data)
                    yield line, self._vectors(line, *streams[1:]) if with_vectors else []

    def _parsed(self, data: bytes) -> Line:
        if not data.endswith(b"\n"):
            raise self._archive.bad(
                "a document in it is larger than the settings allow", "Raise PINCITE_MAX_FILE_MEGABYTES."
            )
        try:
            return parsed(data)
        except ValueError as error:
            raise self._archive.bad(f"a document in it is not as it should be: {error}") from error

    def _vectors(self, line: Line, vectors: Stream, sentences: Stream) -> list[PackedVectors]:
        counts = [len(spans) for _, _, spans in line.passages]
        whole = vectors.read(len(counts) * self.dimension * 2)
        parts = sentences.read(sum(counts) * self.dimension)
        if len(whole) != len(counts) * self.dimension * 2 or len(parts) != sum(counts) * self.dimension:
            raise self._archive.bad("it has fewer vectors than passages")
        rows = np.frombuffer(whole, dtype="<f2").reshape(len(counts), -1).astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1)
        if not self.dimension or not np.all(
            (lengths > _LENGTH[0]) & (lengths < _LENGTH[1])
        ):  # false for what is no number
            raise self._archive.bad("its vectors are none of an encoder's")
        document, packed, at = line.document, [], 0
        for place, (chunk, count) in enumerate(zip(line.chunks, counts, strict=True)):
            vector = whole[place * self.dimension * 2 : (place + 1) * self.dimension * 2]
            own = parts[at * self.dimension : (at + count) * self.dimension]
            packed.append(PackedVectors(key_of(draft_of(document, chunk)), vector, own))
            at += count
        return packed


@dataclass(frozen=True, slots=True)
class _Place:
    """Under which sources a document is stored, the first of which stands for it, and whether as a claim."""

    sources: list[str]
    claimed: bool


class _Merging:
    """One import, document by document. The caller holds the store's lock."""

    def __init__(
        self,
        store: FolderStore,
        carrier: _Carrier,
        tools: Callable[[str], Tools],
        progress: Watch | None,
        *,
        trust: bool,
    ) -> None:
        self._trust = trust
        self._store = store
        self._carrier = carrier
        self._load_tools = tools
        self._progress = progress
        self._done: dict[str, list[str]] = {"added": [], "replaced": [], "unchanged": []}
        self._notes: list[Note] = []
        self._failed: list[Failure] = []
        self._passages = 0
        self._encoded = 0
        self._indexed_at = time.monotonic()

    def run(self) -> None:
        """Take in what is new."""
        if self._fits():
            for line, vectors in self._carrier.lines(with_vectors=True):
                if place := self._place(line):
                    document = replace(line.document, source=place.sources[0])
                    self._put(Embedded(document, line.chunks, vectors), place, self._carrier.made_with)
            return
        tools = self._tools
        embedder = Embedder(tools, self._store.catalog.vectors_by_key)
        places: dict[str, _Place] = {}
        for each in embedder.embed(self._new(places)):
            self._put(each, places.pop(each.document.id), tools.fingerprint)
        self._encoded = embedder.encoded

    def receipt(self, seconds: float) -> Receipt:
        """What was done."""
        outcomes = {name: tuple(sources) for name, sources in self._done.items()}
        counts = {"passages": self._passages, "encoded": self._encoded}
        more = {"notes": tuple(self._notes), "failed": tuple(self._failed)}
        return Receipt(**outcomes, **counts, **more, seconds=seconds)  # type: ignore[arg-type]

    @cached_property
    def _tools(self) -> Tools:
        tools, stored = self._load_tools(self._carrier.made_with), self._store.catalog.fingerprint()
        if stored and stored != tools.fingerprint:
            raise FingerprintMismatch(str(self._store.folder), stored, tools.fingerprint)
        return tools

    def _fits(self) -> bool:
        """Whether the file's vectors are such as this library has, or would have."""
        if not self._carrier.vectors:
            return False
        if self._carrier.made_with != (self._store.catalog.fingerprint() or self._tools.fingerprint):
            return False
        rows = self._store.catalog.database.rows("SELECT length(vector) / 2 FROM vectors LIMIT 1")
        if self._carrier.dimension != (rows[0][0] if rows else self._tools.encoder.dimension):
            raise self._carrier.bad("its vectors are not of the length that this encoder's have")
        return True

    def _new(self, places: dict[str, _Place]) -> Iterator[Document]:
        """What the library does not have; notes where each is to be stored."""
        for line, _ in self._carrier.lines(with_vectors=False):
            if place := self._place(line):
                places[line.id] = place
                yield replace(line.document, source=place.sources[0])

    def _trusts(self, line: Line) -> bool:
        """Whether a document counts as read here: its file was read where the portable file was made."""
        return self._trust and not line.claimed

    def _place(self, line: Line) -> _Place | None:
        """Where a document is to be stored; None where it is not, and why is noted."""
        catalog, trusted = self._store.catalog, self._trusts(line)
        number = catalog.number_of(line.id)
        if number is not None and not (trusted and not catalog.was_read(line.id)):
            self._meet(line, number)
            return None
        sources = line.sources if trusted else self._free(line)
        return _Place(sources, claimed=not trusted) if sources else None

    def _free(self, line: Line) -> list[str]:
        """The sources that a claim may take; where there is none, that is noted."""
        catalog = self._store.catalog
        others = catalog.documents_of(line.sources)
        claimed = catalog.claimed(list(others.values()))
        free = [source for source in line.sources if source not in others or others[source] in claimed]
        if not free:
            self._failed.append(Failure(line.sources[0], _TAKEN, _READ_FIRST if line.claimed else _TAKE_ANYWAY))
            self._report()
        return free

    def _meet(self, line: Line, number: int) -> None:
        """What is here already stays, and is told of where the file has other words for it.

        The places where it was found are noted as far as nothing else has them, but not beside those where it was read.
        """
        catalog = self._store.catalog
        stored = catalog.document(number)
        if stored is not None and stored.text != line.text:
            self._notes.append(Note(line.sources[0], _OTHER_WORDS))
        if self._trusts(line) or not catalog.was_read(line.id):
            for source in line.sources:
                if not catalog.document_of(source):
                    catalog.link(source, line.id)
        self._tell("unchanged", line.sources[0])

    def _put(self, each: Embedded, place: _Place, fingerprint: str) -> None:
        """Store a document, and index it now and then."""
        catalog = self._store.catalog
        claims = Claims.of(catalog, [each.document])
        stored = catalog.put(each.document, each.chunks, each.vectors, fingerprint, claimed=place.claimed)
        outcome = claims.outcome(each.document.id, stored)
        for source in place.sources[1:]:
            if catalog.document_of(source) != each.document.id:
                catalog.link(source, each.document.id)
        self._passages += len(each.chunks) if outcome != "unchanged" else 0
        more = claims.notes(each.document.id, _TRUSTED_WORDS)
        self._notes += [Note(each.document.source, note) for note in (*each.document.notes, *more)]
        if time.monotonic() - self._indexed_at > _INDEX_SECONDS:
            self._store.index()
            self._indexed_at = time.monotonic()
        self._tell(outcome, each.document.source)

    def _tell(self, outcome: str, source: str) -> None:
        self._done[outcome].append(source)
        self._report()

    def _report(self) -> None:
        if self._progress:
            done = sum(map(len, self._done.values())) + len(self._failed)
            self._progress("importing", done, self._carrier.documents)
