"""Gets the vectors of passages: from the catalog, if it has passages with the same words, else from the encoder."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Protocol

from index.ingest.pipeline import portions
from index.ingest.toolbox import LOOKUP_BATCH
from index.records import Portion
from index.storage.tables import PackedVectors, pack_sentence_vectors, pack_vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.ingest.pipeline import VectorBuffer
    from index.ingest.preparation import Prepared
    from index.ingest.toolbox import ToolLoader
    from index.storage.catalog.catalog import Catalog

BATCH_PASSAGES = 128
"""Passages per batch of the encoder, from one or several documents: enough to sort by length, and soon stored."""


class ReportEncoding(Protocol):
    """Receives the progress of encoding."""

    def __call__(self, shares: tuple[Portion, ...], done: int, passages: int, /) -> None:
        """Report that `done` of the `passages` passages, which files share, are encoded."""
        ...


class PassageEncoder:
    """Fills buffers with the vectors of documents."""

    def __init__(self, catalog: Catalog, tool_loader: ToolLoader, report: ReportEncoding) -> None:
        self._catalog = catalog
        self._tool_loader = tool_loader
        self._report = report

    def fill(self, buffer: VectorBuffer, group: Sequence[Prepared], whole: Prepared | None = None) -> int:
        """Put the vectors of a group into the buffer, and return how many had to be encoded.

        If the group is the beginning of a `whole` document, the progress is that of the whole.
        """
        passages = {key: (prepared, n) for prepared in group for n, key in enumerate(prepared.keys)}
        for keys in _slices((key for key in passages if key not in buffer), LOOKUP_BATCH):
            buffer.put(self._catalog.vectors_by_key(keys).values())
        missing = [key for key in passages if key not in buffer]
        shares, before, of = portions(group, missing), 0, len(missing)
        if whole is not None:
            of = len(whole.keys)
            shares, before = (Portion(whole.document.source, of),), len(group[0].keys) - len(missing)
        self._report(shares, before, of)
        for start in range(0, len(missing), BATCH_PASSAGES):
            keys = missing[start : start + BATCH_PASSAGES]

            def report(done: int, before: int = before + start) -> None:
                self._report(shares, before + done, of)

            drafts = [prepared.draft(n) for prepared, n in map(passages.__getitem__, keys)]
            encoded = self._tool_loader.tools().encoder.encode(drafts, report)
            buffer.put(
                PackedVectors(key, pack_vector(embedding.vector), pack_sentence_vectors(embedding.sentences))
                for key, embedding in zip(keys, encoded, strict=True)
            )
        if missing:
            self._catalog.note_precisions([getattr(self._tool_loader.tools().encoder, "precision", "")])
        return len(missing)


def _slices(values: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    remaining = iter(values)
    while part := list(islice(remaining, size)):
        yield part
