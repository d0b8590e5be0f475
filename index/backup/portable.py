"""Exports a library as a portable file, and imports such a file, in which nothing is trusted unchecked.

    documents/00001.jsonl   one `DocumentLine` per line: a document, its passages and its other sources
    vectors/00001.f16       one vector per passage, float16, little-endian, in the same order
    sentences/00001.i8      one vector per sentence, int8, in the same order

The manifest gives the fingerprint of the encoder and the dimension. A file without vectors is complete, too.

An import may come from anybody. It reads the file twice: once to check all of it, and once to import it, one document
at a time.
"""

from __future__ import annotations

import re
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from index.backup.archive import ArchiveReader, ArchiveWriter, file_size, require_space
from index.backup.rebuild import EmbeddedDocument, Embedder
from index.errors import FingerprintMismatch, LibraryNotWritable
from index.ingest.add import Claims
from index.ingest.preparation import encoder_draft, key_of
from index.records import Chunk, Document, Failure, Note, Receipt, Table
from index.records.document import adapter_of, from_json
from index.records.report import Exported
from index.storage.tables import PackedVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from index.backup.archive import PartReader
    from index.backup.rebuild import EncodingTools
    from index.records import PageBoxes
    from index.records.report import OperationProgress
    from index.records.table import Cell
    from index.storage.catalog.catalog import Catalog
    from index.storage.catalog.passage_queries import PassageRow
    from index.storage.store import FolderStore

DOCUMENTS, VECTORS, SENTENCES = "documents/{:05}.jsonl", "vectors/{:05}.f16", "sentences/{:05}.i8"
_SHARD_BYTES = 16 << 20
"""Bytes that are collected before they are written, so that the memory does not depend on the library's size."""
_MAX_NAME_CHARACTERS = 4096
_MAX_DIMENSION = 1 << 16
_WORD = re.compile(r"\S")
_IDENTITY = re.compile("[0-9a-f]{64}")
_UNIT_LENGTH = (0.98, 1.02)
"""Bounds for the length of a unit vector in float16."""
_BAD_PARTS = "its parts are not those that its manifest names"
_INDEX_SECONDS = 2.0
_TAKEN = "The library has read another document from this source; the imported one differs from it."
_TRUST_HINT = "If the file is your own export, import it with --trust; otherwise, remove your document first."
_READ_FIRST = "The exporting library never read this file: add the original file, or remove your document first."
_OTHER_WORDS = "The imported file has other words for the same SHA-256; the library keeps its own."
_TRUSTED_WORDS = "It was imported before with another {}: the trusted file's has replaced it."


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document in a portable library. Fields with their default value are not written."""

    document: Document
    """The document, with the first of its sources."""
    passages: tuple[Chunk, ...]
    other_sources: tuple[str, ...] = ()
    claimed: bool = False
    """Whether the exporting library had never read its file."""

    @property
    def sources(self) -> list[str]:
        """All sources, in order."""
        return [self.document.source, *self.other_sources]

    def to_json(self) -> bytes:
        """Return the document as one line."""
        return adapter_of(DocumentLine).dump_json(self, exclude_defaults=True) + b"\n"


def parse_line(data: bytes) -> DocumentLine:
    """Parse the output of `to_json` and check all of it. Raises ValueError with the first flaw."""
    line: DocumentLine = from_json(DocumentLine, data)
    if flaw := next(_flaws(line), ""):
        raise ValueError(flaw)
    return line


def _flaws(line: DocumentLine) -> Iterator[str]:
    """Yield the contradictions within a document."""
    text = line.document.text
    if not text or text != text.strip() or "\r" in text:
        yield "its text is empty or not normalised"
    if any(not 0 <= mark.start <= len(text) or mark.level < 0 for mark in line.document.landmarks):
        yield "a landmark lies outside its text"
    names = (line.document.id, *line.sources)
    if any(not name or "\0" in name or len(name) > _MAX_NAME_CHARACTERS for name in names):
        yield "it has no valid id or no valid source"
    yield from _flaws_of_passages(text, line.passages)
    yield from _flaws_of_details(line.document)


def _flaws_of_passages(text: str, passages: tuple[Chunk, ...]) -> Iterator[str]:
    position = 0
    for passage in passages:
        if not position <= passage.start < passage.end <= len(text) or _WORD.search(text, position, passage.start):
            yield f"a passage at {passage.start} is out of place"
        inside = passage.start
        for first, last in passage.sentences:
            if not inside <= first < last <= passage.end or _WORD.search(text, inside, first):
                yield f"a sentence at {first} is out of place"
            inside = last
        if _WORD.search(text, inside, passage.end):
            yield f"the passage at {passage.start} has words outside its sentences"
        position = passage.end
    if not passages or passages[0].start != 0 or position != len(text):
        yield "its passages do not cover its text"


def _flaws_of_details(document: Document) -> Iterator[str]:
    """Yield what is wrong with tables and boxes of words: they must lie in order within the text."""
    rows: list[Sequence[Table | PageBoxes | Cell]] = [document.tables, document.boxes]
    for row in (*rows, *(table.cells for table in document.tables)):
        position = 0
        for part in row:
            if not position <= part.start <= part.end <= len(document.text):
                yield f"a table or a box at {part.start} is out of place"
            position = part.end
    try:
        for table in document.tables:
            Table.of(table.as_lists())
        for part in document.boxes:
            part.rows()
    except ValueError as error:
        yield str(error)


def export_library(
    store: FolderStore,
    path: Path,
    *,
    vectors: bool = True,
    force: bool = False,
    progress: OperationProgress | None = None,
) -> Exported:
    """Write all documents, and with `vectors` their vectors, so that an import need not encode them.

    A document that is only claimed here is marked, so that no import treats it as read. Raises ArchiveExists,
    ArchiveNotWritable, NoRoom, LibraryDamaged.
    """
    began = time.monotonic()
    catalog = store.catalog
    with ArchiveWriter(path, "library", force=force) as archive, catalog.database.snapshot():
        require_space(archive.folder, file_size(catalog.database.path))
        totals = archive.describe_library(catalog)
        shards = _Shards(archive, vectors=vectors)
        numbers = [number for (number,) in catalog.database.rows("SELECT number FROM documents ORDER BY number")]
        for done, number in enumerate(numbers, 1):
            shards.add(catalog, number)
            if progress:
                progress("exporting", done, len(numbers))
        shards.flush()
        archive.describe(vectors=vectors, dimension=shards.dimension, shards=shards.written)
    seconds = time.monotonic() - began
    return Exported(str(path), file_size(path), totals["documents"], totals["passages"], vectors, seconds)


class _Shards:
    """Collects documents, and writes them to the archive in shards."""

    def __init__(self, archive: ArchiveWriter, *, vectors: bool) -> None:
        self._archive = archive
        self._with_vectors = vectors
        self._lines: list[bytes] = []
        self._rows: list[PassageRow] = []
        self._size = 0
        self.written = 0
        self.dimension = 0

    def add(self, catalog: Catalog, number: int) -> None:
        """Add a document. Raises LibraryDamaged if it does not match its checksums."""
        document = catalog.document(number)
        assert document is not None
        rows = [row for row, _ in catalog.rows_of(number)]
        passages = tuple(Chunk(row.passage.start, row.passage.end, row.passage.sentences) for row in rows)
        first, *others = catalog.sources_of(number)
        line = DocumentLine(
            replace(document, source=first), passages, tuple(others), claimed=not catalog.was_read(document.id)
        )
        self._lines.append(line.to_json())
        self._size += len(self._lines[-1])
        if self._with_vectors:
            self._rows += rows
            self._size += sum(len(row.vector) + len(row.sentence_vectors) for row in rows)
            self.dimension = len(rows[0].vector) // 2
        if self._size >= _SHARD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the collected documents as a shard."""
        if not self._lines:
            return
        self.written += 1
        add, rows, number = self._archive.add, self._rows, self.written
        add(DOCUMENTS.format(number), self._lines, compress=True, documents=len(self._lines))
        if self._with_vectors:
            sentences = sum(len(row.passage.sentences) for row in rows)
            add(VECTORS.format(number), [b"".join(row.vector for row in rows)], rows=len(rows))
            add(SENTENCES.format(number), [b"".join(row.sentence_vectors for row in rows)], rows=sentences)
        self._lines, self._rows, self._size = [], [], 0


class PortableReader:
    """The documents of a portable library, with their vectors if it has any."""

    def __init__(self, archive: ArchiveReader, max_bytes: int) -> None:
        """`max_bytes` is the limit for one document. Raises BadArchive."""
        self._archive = archive
        self.bad = archive.bad
        self._max_bytes = max_bytes
        self.made_with: str = archive.fact("made_with", str)
        self.vectors: bool = archive.fact("vectors", bool)
        self.dimension: int = archive.fact("dimension", int)
        self.documents: int = archive.fact("documents", int)
        self._shards: int = archive.fact("shards", int)
        kinds = (DOCUMENTS, VECTORS, SENTENCES) if self.vectors else (DOCUMENTS,)
        if len(archive.parts) != self._shards * len(kinds):  # checked first: a forged number of shards may be huge
            raise archive.bad(_BAD_PARTS)
        expected = {kind.format(shard) for shard in range(1, self._shards + 1) for kind in kinds}
        if set(archive.parts) != expected or not 0 <= self.dimension < _MAX_DIMENSION:
            raise archive.bad(_BAD_PARTS)

    def check(self, progress: OperationProgress | None) -> None:
        """Read the whole file. Raises BadArchive if anything in it is wrong."""
        identities: set[str] = set()
        passages = sentences = characters = 0
        for line, _ in self.lines(with_vectors=self.vectors):
            if not _IDENTITY.fullmatch(line.document.id):
                raise self.bad("a document's id is not a SHA-256")
            identities.add(line.document.id)
            passages += len(line.passages)
            sentences += sum(len(passage.sentences) for passage in line.passages)
            characters += len(line.document.text)
            if progress:
                progress("reading", len(identities), self.documents)
        totals = {"documents": len(identities), "passages": passages, "sentences": sentences, "characters": characters}
        if not self._archive.states(totals):
            raise self.bad("its contents do not match its manifest, or a document occurs twice")

    def lines(self, *, with_vectors: bool) -> Iterator[tuple[DocumentLine, list[PackedVectors]]]:
        """Yield each document, with the vectors of its passages if `with_vectors` is set."""
        for shard in range(1, self._shards + 1):
            with ExitStack() as stack:
                kinds = (DOCUMENTS, VECTORS, SENTENCES) if with_vectors else (DOCUMENTS,)
                streams = [stack.enter_context(self._archive.part(kind.format(shard))) for kind in kinds]
                while data := streams[0].line(self._max_bytes):
                    line = self._parse(data)
                    yield line, self._vectors(line, *streams[1:]) if with_vectors else []

    def _parse(self, data: bytes) -> DocumentLine:
        if not data.endswith(b"\n"):
            raise self.bad("a document in it is larger than the settings allow", "Raise PINCITE_MAX_FILE_MEGABYTES.")
        try:
            return parse_line(data)
        except ValueError as error:
            raise self.bad(f"a document in it is invalid: {error}") from error

    def _vectors(self, line: DocumentLine, vectors: PartReader, sentences: PartReader) -> list[PackedVectors]:
        """Read the vectors of a document's passages. Raises BadArchive if a vector is missing or has no unit length."""
        counts = [len(passage.sentences) for passage in line.passages]
        passage_bytes = vectors.read(len(counts) * self.dimension * 2)
        sentence_bytes = sentences.read(sum(counts) * self.dimension)
        complete = len(passage_bytes) == len(counts) * self.dimension * 2
        if not complete or len(sentence_bytes) != sum(counts) * self.dimension:
            raise self.bad("it has fewer vectors than passages")
        if not self.dimension or not _are_unit_vectors(passage_bytes, len(counts)):
            raise self.bad("its vectors are not unit vectors, as an encoder makes them")
        packed, first = [], 0
        for n, (chunk, count) in enumerate(zip(line.passages, counts, strict=True)):
            vector = passage_bytes[n * self.dimension * 2 : (n + 1) * self.dimension * 2]
            own_sentences = sentence_bytes[first * self.dimension : (first + count) * self.dimension]
            packed.append(PackedVectors(key_of(encoder_draft(line.document, chunk)), vector, own_sentences))
            first += count
        return packed


def _are_unit_vectors(data: bytes, number: int) -> bool:
    """Return whether `data` holds `number` float16 vectors of length one; False if any is NaN."""
    rows = np.frombuffer(data, dtype="<f2").reshape(number, -1).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1)
    return bool(np.all((lengths > _UNIT_LENGTH[0]) & (lengths < _UNIT_LENGTH[1])))


def import_library(
    store: FolderStore,
    path: Path,
    tools: Callable[[str], EncodingTools],
    *,
    max_bytes: int,
    trust: bool = False,
    progress: OperationProgress | None = None,
) -> Receipt:
    """Add the documents of a portable file; documents that the library already has stay as they are.

    If the library was made with the same encoder and chunking, the vectors of the file are used; otherwise its texts
    are cut and encoded again. Nothing is changed before the whole file has been checked. A stopped import continues
    when it is run again.

    Only the portable file says that the file with a document's SHA-256 holds these words, so the document is stored as
    a claim: `add` and `sync` read its file although they know the hash, no other document uses its vectors, and nothing
    reads the places that it names as sources. A claim replaces another claim from the same source, but not a document
    that was read here. With `trust`, which is for your own exports, documents that the exporting library had read count
    as read here and replace claims; documents that it had only claimed stay claims.

    `tools` gets the file's fingerprint, because a library without passages may adopt the file's passage length, if the
    settings allow it. `max_bytes` is the limit for one document. Raises BadArchive, NoRoom, LibraryLocked,
    FingerprintMismatch.
    """
    began = time.monotonic()
    with ArchiveReader(path, "library", progress) as archive:
        portable = PortableReader(archive, max_bytes)
        portable.check(progress)
        require_space(store.folder, 2 * archive.unpacked_bytes)
        with store.writing():
            job = _Import(store, portable, tools, progress, trust=trust)
            try:
                job.run()
            except BaseException:
                with suppress(LibraryNotWritable):  # the first error is the one to raise
                    store.index()
                raise
            store.index()
    return job.receipt(time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class _Target:
    """The sources to store a document under, the main one first, and whether it is stored as a claim."""

    sources: list[str]
    claimed: bool


class _Import:
    """One import, document by document. The caller holds the writer lock."""

    def __init__(
        self,
        store: FolderStore,
        portable: PortableReader,
        tools: Callable[[str], EncodingTools],
        progress: OperationProgress | None,
        *,
        trust: bool,
    ) -> None:
        self._trust = trust
        self._store = store
        self._portable = portable
        self._load_tools = tools
        self._progress = progress
        self._done: dict[str, list[str]] = {"added": [], "replaced": [], "unchanged": []}
        self._notes: list[Note] = []
        self._failed: list[Failure] = []
        self._passages = 0
        self._encoded = 0
        self._indexed_at = time.monotonic()

    def run(self) -> None:
        """Import the new documents."""
        if self._fits():
            for line, vectors in self._portable.lines(with_vectors=True):
                if target := self._target(line):
                    document = replace(line.document, source=target.sources[0])
                    self._put(EmbeddedDocument(document, line.passages, vectors), target, self._portable.made_with)
            return
        tools = self._tools
        embedder = Embedder(tools, self._store.catalog.vectors_by_key)
        targets: dict[str, _Target] = {}
        for embedded in embedder.embed(self._new(targets)):
            self._put(embedded, targets.pop(embedded.document.id), tools.fingerprint)
        self._encoded = embedder.encoded
        self._store.catalog.note_precisions(embedder.precisions)

    def receipt(self, seconds: float) -> Receipt:
        """Return the receipt of the import."""
        outcomes = {name: tuple(sources) for name, sources in self._done.items()}
        counts = {"passages": self._passages, "encoded": self._encoded}
        remarks = {"notes": tuple(self._notes), "failed": tuple(self._failed)}
        return Receipt(**outcomes, **counts, **remarks, seconds=seconds)  # type: ignore[arg-type]

    @cached_property
    def _tools(self) -> EncodingTools:
        tools, stored = self._load_tools(self._portable.made_with), self._store.catalog.fingerprint()
        if stored and stored != tools.fingerprint:
            raise FingerprintMismatch(str(self._store.folder), stored, tools.fingerprint)
        return tools

    def _fits(self) -> bool:
        """Return whether the library can use the file's vectors. Raises BadArchive if their dimension is wrong."""
        if not self._portable.vectors:
            return False
        if self._portable.made_with != (self._store.catalog.fingerprint() or self._tools.fingerprint):
            return False
        rows = self._store.catalog.database.rows("SELECT length(vector) / 2 FROM vectors LIMIT 1")
        if self._portable.dimension != (rows[0][0] if rows else self._tools.encoder.dimension):
            raise self._portable.bad("its vectors do not have the dimension of this encoder's vectors")
        return True

    def _new(self, targets: dict[str, _Target]) -> Iterator[Document]:
        """Yield the documents that the library lacks, and put their targets, by id, into `targets`."""
        for line, _ in self._portable.lines(with_vectors=False):
            if target := self._target(line):
                targets[line.document.id] = target
                yield replace(line.document, source=target.sources[0])

    def _trusts(self, line: DocumentLine) -> bool:
        """Return whether a document counts as read here: the exporting library had read its file."""
        return self._trust and not line.claimed

    def _target(self, line: DocumentLine) -> _Target | None:
        """Return where to store a document; None, with a note or failure, if it is not stored."""
        catalog, trusted = self._store.catalog, self._trusts(line)
        number = catalog.number_of(line.document.id)
        if number is not None and not (trusted and not catalog.was_read(line.document.id)):
            self._keep_existing(line, number)
            return None
        sources = line.sources if trusted else self._free_sources(line)
        return _Target(sources, claimed=not trusted) if sources else None

    def _free_sources(self, line: DocumentLine) -> list[str]:
        """Return the sources that a claim may take, and record a failure if there are none."""
        catalog = self._store.catalog
        others = catalog.documents_of(line.sources)
        claimed = catalog.claimed(list(others.values()))
        free = [source for source in line.sources if source not in others or others[source] in claimed]
        if not free:
            self._failed.append(Failure(line.sources[0], _TAKEN, _READ_FIRST if line.claimed else _TRUST_HINT))
            self._report()
        return free

    def _keep_existing(self, line: DocumentLine, number: int) -> None:
        """Keep a document that the library already has, and add a note if the file has other words for it.

        Its free sources are linked, unless the existing document was read here and the import is not trusted.
        """
        catalog = self._store.catalog
        stored = catalog.document(number)
        if stored is not None and stored.text != line.document.text:
            self._notes.append(Note(line.sources[0], _OTHER_WORDS))
        if self._trusts(line) or not catalog.was_read(line.document.id):
            for source in line.sources:
                if not catalog.document_of(source):
                    catalog.link(source, line.document.id)
        self._record("unchanged", line.sources[0])

    def _put(self, embedded: EmbeddedDocument, target: _Target, fingerprint: str) -> None:
        """Store a document, and update the indexes from time to time."""
        catalog, document = self._store.catalog, embedded.document
        claims = Claims.of(catalog, [document])
        stored = catalog.put(document, embedded.chunks, embedded.vectors, fingerprint, claimed=target.claimed)
        outcome = claims.outcome(document.id, stored)
        for source in target.sources[1:]:
            if catalog.document_of(source) != document.id:
                catalog.link(source, document.id)
        self._passages += len(embedded.chunks) if outcome != "unchanged" else 0
        claim_notes = claims.notes(document.id, _TRUSTED_WORDS)
        self._notes += [Note(document.source, note) for note in (*document.notes, *claim_notes)]
        if time.monotonic() - self._indexed_at > _INDEX_SECONDS:
            self._store.index()
            self._indexed_at = time.monotonic()
        self._record(outcome, document.source)

    def _record(self, outcome: str, source: str) -> None:
        self._done[outcome].append(source)
        self._report()

    def _report(self) -> None:
        if self._progress:
            done = sum(map(len, self._done.values())) + len(self._failed)
            self._progress("importing", done, self._portable.documents)
