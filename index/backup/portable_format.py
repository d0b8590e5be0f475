"""The portable format: documents as JSON Lines with their vectors. Its reader checks every part of a file.

    documents/00001.jsonl   one document per line: its text, sources, landmarks and passages
    vectors/00001.f16       one vector per passage, float16, little-endian, in the same order
    sentences/00001.i8      one vector per sentence, int8, in the same order

The manifest gives the fingerprint of the encoder and the dimension. A file without vectors is complete, too.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from index.ingest.preparation import draft_of, key_of
from index.records import Chunk, Document, Landmark, LandmarkKind, Reading, RecognisedWord, Span, Table
from index.records.table import AS_TEXT
from index.storage.tables import PackedVectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydantic import TypeAdapter

    from index.backup.archive_reader import ArchiveReader, PartReader
    from index.records.report import OperationProgress

FORMAT = "pincite library"
VERSION = 1
DOCUMENTS, VECTORS, SENTENCES = "documents/{:05}.jsonl", "vectors/{:05}.f16", "sentences/{:05}.i8"
_LONGEST_NAME = 4096
_WORD = re.compile(r"\S")
_IDENTITY = re.compile("[0-9a-f]{64}")
_UNIT_LENGTH = (0.98, 1.02)
"""Bounds for the length of a unit vector in float16."""
_LARGEST_DIMENSION = 1 << 16
_BAD_PARTS = "its parts are not those that its manifest names"


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document in the portable format. Offsets count code points; a landmark is kind, start, label, level."""

    id: str
    sources: list[str]
    title: str
    author: str
    date: str
    media_type: str
    notes: list[str]
    text: str
    landmarks: list[tuple[LandmarkKind, int, str, int]]
    passages: list[tuple[int, int, list[tuple[int, int]]]]
    """For each passage: start, end, and the spans of its sentences."""
    claimed: bool = False
    """Whether the exporting library had never read its file. Written only if true, and missing in old files."""
    tables: tuple[Table, ...] = ()
    """Its tables. They, `recognised` and `reading` are written only if they say something."""
    recognised: tuple[RecognisedWord, ...] = ()
    reading: Reading = AS_TEXT

    def to_json(self) -> bytes:
        """Return the document as one line."""
        fields = {name: getattr(self, name) for name in DocumentLine.__slots__}
        fields |= {"tables": [asdict(table) for table in self.tables], "reading": asdict(self.reading)}
        silent = {"claimed": False, "tables": [], "recognised": (), "reading": asdict(AS_TEXT)}
        fields = {name: value for name, value in fields.items() if name not in silent or value != silent[name]}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @property
    def document(self) -> Document:
        """The document, with the first of its sources."""
        landmarks = tuple(Landmark(*landmark) for landmark in self.landmarks)
        metadata = (self.title, self.author, self.date, self.media_type)
        details = (tuple(self.notes), self.tables, self.recognised, self.reading)
        return Document(self.id, self.sources[0], *metadata, self.text, landmarks, *details)

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The document's passages."""
        return tuple(Chunk(start, end, tuple(Span(*span) for span in spans)) for start, end, spans in self.passages)


def line_of(document: Document, sources: Sequence[str], chunks: Iterable[Chunk], *, claimed: bool) -> DocumentLine:
    """Return a document in the portable format."""
    return DocumentLine(
        id=document.id,
        sources=list(sources),
        title=document.title,
        author=document.author,
        date=document.date,
        media_type=document.media_type,
        notes=list(document.notes),
        text=document.text,
        landmarks=[(mark.kind, mark.start, mark.label, mark.level) for mark in document.landmarks],
        passages=[(chunk.start, chunk.end, [(span.start, span.end) for span in chunk.sentences]) for chunk in chunks],
        claimed=claimed,
        tables=document.tables,
        recognised=document.recognised,
        reading=document.reading,
    )


def parse_line(data: bytes) -> DocumentLine:
    """Parse the output of `to_json` and check all of it. Raises ValueError with the first flaw."""
    from pydantic import ValidationError

    try:
        line: DocumentLine = _adapter().validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:4])
        raise ValueError(f"{place} {first['msg']}".strip()) from error
    if flaw := next(_flaws(line), ""):
        raise ValueError(flaw)
    return line


def _flaws(line: DocumentLine) -> Iterator[str]:
    """Yield the contradictions within a document."""
    text = line.text
    if not text or text != text.strip() or "\r" in text:
        yield "its text is empty or not normalised"
    if any(not 0 <= start <= len(text) or level < 0 for _, start, _, level in line.landmarks):
        yield "a landmark lies outside its text"
    if (
        any(not name or "\0" in name or len(name) > _LONGEST_NAME for name in (line.id, *line.sources))
        or not line.sources
    ):
        yield "it has no valid id or no valid source"
    yield from _flaws_of_passages(line)
    yield from _flaws_of_details(line)


def _flaws_of_passages(line: DocumentLine) -> Iterator[str]:
    text = line.text
    position = 0
    for start, end, spans in line.passages:
        if not position <= start < end <= len(text) or _WORD.search(text, position, start):
            yield f"a passage at {start} is out of place"
        inside = start
        for first, last in spans:
            if not inside <= first < last <= end or _WORD.search(text, inside, first):
                yield f"a sentence at {first} is out of place"
            inside = last
        if _WORD.search(text, inside, end):
            yield f"the passage at {start} has words outside its sentences"
        position = end
    if not line.passages or line.passages[0][0] != 0 or position != len(text):
        yield "its passages do not cover its text"


def _flaws_of_details(line: DocumentLine) -> Iterator[str]:
    """Yield what is wrong with tables and recognised words: they must lie in order within the text."""
    spans = [[(table.start, table.end) for table in line.tables], [(word.start, word.end) for word in line.recognised]]
    spans += [[(cell.start, cell.end) for cell in table.cells] for table in line.tables]
    for row in spans:
        position = 0
        for start, end in row:
            if not position <= start <= end <= len(line.text):
                yield f"a table or a recognised word at {start} is out of place"
            position = end
    for table in line.tables:
        try:
            Table.of(table.as_lists())
        except ValueError as error:
            yield str(error)


@cache
def _adapter() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(DocumentLine)


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
        if set(archive.parts) != expected or not 0 <= self.dimension < _LARGEST_DIMENSION:
            raise archive.bad(_BAD_PARTS)

    def check(self, progress: OperationProgress | None) -> None:
        """Read the whole file. Raises BadArchive if anything in it is wrong."""
        identities: set[str] = set()
        passages = sentences = characters = 0
        for line, _ in self.lines(with_vectors=self.vectors):
            if not _IDENTITY.fullmatch(line.id):
                raise self._archive.bad("a document's id is not a SHA-256")
            identities.add(line.id)
            passages += len(line.passages)
            sentences += sum(len(spans) for _, _, spans in line.passages)
            characters += len(line.text)
            if progress:
                progress("reading", len(identities), self.documents)
        found = {"documents": len(identities), "passages": passages, "sentences": sentences, "characters": characters}
        if any(self._archive.fact(name, int) != number for name, number in found.items()):
            raise self._archive.bad("its contents do not match its manifest, or a document occurs twice")

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
            raise self._archive.bad(
                "a document in it is larger than the settings allow", "Raise PINCITE_MAX_FILE_MEGABYTES."
            )
        try:
            return parse_line(data)
        except ValueError as error:
            raise self._archive.bad(f"a document in it is invalid: {error}") from error

    def _vectors(self, line: DocumentLine, vectors: PartReader, sentences: PartReader) -> list[PackedVectors]:
        """Read the vectors of a document's passages. Raises BadArchive if there are too few, or if one is no unit
        vector.
        """
        counts = [len(spans) for _, _, spans in line.passages]
        passage_bytes = vectors.read(len(counts) * self.dimension * 2)
        sentence_bytes = sentences.read(sum(counts) * self.dimension)
        complete = len(passage_bytes) == len(counts) * self.dimension * 2
        if not complete or len(sentence_bytes) != sum(counts) * self.dimension:
            raise self._archive.bad("it has fewer vectors than passages")
        if not self.dimension or not _are_unit_vectors(passage_bytes, len(counts)):
            raise self._archive.bad("its vectors are not unit vectors, as an encoder makes them")
        document, packed, first = line.document, [], 0
        for n, (chunk, count) in enumerate(zip(line.chunks, counts, strict=True)):
            vector = passage_bytes[n * self.dimension * 2 : (n + 1) * self.dimension * 2]
            own_sentences = sentence_bytes[first * self.dimension : (first + count) * self.dimension]
            packed.append(PackedVectors(key_of(draft_of(document, chunk)), vector, own_sentences))
            first += count
        return packed


def _are_unit_vectors(data: bytes, number: int) -> bool:
    """Return whether `data` holds `number` float16 vectors of length one; False if any is NaN."""
    rows = np.frombuffer(data, dtype="<f2").reshape(number, -1).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1)
    return bool(np.all((lengths > _UNIT_LENGTH[0]) & (lengths < _UNIT_LENGTH[1])))
