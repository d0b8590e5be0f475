"""Proof that a library says what its sources say: every passage, every sentence, every index."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from index.errors import LibraryDamaged, LoadingError, SourceNotFound
from index.loading import load_bytes, read_bytes
from index.records import Problem, Progress, Verification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records import Document, Passage, ProgressCallback
    from index.storage.store import FolderStore

_State = Literal["same", "changed", "missing"]


def verify(store: FolderStore, *, max_bytes: int, progress: ProgressCallback | None = None) -> Verification:
    """Check the catalog in itself and against its indexes, then read every source that is still there and compare.

    Sources that changed or went since they were added are no mismatch: the library still holds what they said.
    """
    mismatches = store.problems()
    states: dict[_State, list[str]] = {"same": [], "changed": [], "missing": []}
    sources = store.catalog.sources()
    for n, (source, identity) in enumerate(sources):
        if progress:
            progress(Progress(source, "reading", n, len(sources), 0, 0))
        state, data = _read(source, identity, max_bytes)
        states[state].append(source)
        if state == "same":
            mismatches.extend(_compare(store, source, identity, data))
    totals = store.catalog.totals()
    return Verification(
        documents=totals["documents"],
        passages=totals["passages"],
        sentences=totals["sentences"],
        sources_checked=len(states["same"]),
        sources_changed=tuple(states["changed"]),
        sources_missing=tuple(states["missing"]),
        mismatches=tuple(mismatches),
    )


def _read(source: str, identity: str, max_bytes: int) -> tuple[_State, bytes]:
    try:
        data = read_bytes(Path(source), max_bytes=max_bytes)
    except SourceNotFound:
        return "missing", b""
    except LoadingError:
        return "changed", b""
    return ("same" if hashlib.sha256(data).hexdigest() == identity else "changed"), data


def _compare(store: FolderStore, source: str, identity: str, data: bytes) -> Iterator[Problem]:
    """What of a document does not agree with its source as it is read now."""
    remedy = f"Remove the document and add it again: {source}"
    number = store.catalog.number_of(identity)
    try:
        stored = store.catalog.document(number) if number is not None else None
        passages = store.catalog.passages_of(number) if number is not None else []
    except LibraryDamaged:
        return  # the catalog's own check has named it
    try:
        fresh = load_bytes(data, source=source)
    except LoadingError as error:
        yield Problem(f"{source} cannot be read any more: {error.message}", remedy)
        return
    if stored is None or stored.text != fresh.text:
        yield Problem(f"{source}: the library's text is not what its file says.", remedy)
        return
    for passage in passages:
        if flaw := _flaw(passage, fresh):
            yield Problem(f"{source}: passage {passage.id} {flaw}.", remedy)


def _flaw(passage: Passage, document: Document) -> str:
    """What is wrong with a passage; empty where nothing is."""
    text = document.text
    if text[passage.start : passage.end] != passage.text:
        return "is not the text at its place"
    at = passage.start
    for span in passage.sentences:
        if span.start < at or span.end > passage.end or text[at : span.start].strip():
            return f"has a sentence out of place at {span.start}"
        at = span.end
    return "has words in no sentence" if text[at : passage.end].strip() else ""
