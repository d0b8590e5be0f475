"""Makes new documents from the passages of a library, and adds them in a background process."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from index import Library
from index.records import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSAGES = 20
"""The approximate number of passages of a new document."""
_WAIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A new document, and a question that only its first sentence answers."""

    document: Document
    question: str


class Writer:
    """Makes documents from the passages of a library, in an order that the encoder has not seen."""

    def __init__(self, library: Library, seed: int = 0) -> None:
        self._library = library
        self._rng = random.Random(seed)
        self._count = 0

    @cached_property
    def _numbers(self) -> list[int]:
        return [document.number for document in self._library.parts.store.catalog.added_since(-1)]

    def new_document(self, source: str = "") -> NewDocument:
        """Return a document of some twenty passages; with `source`, it replaces the document of that source."""
        self._count += 1
        catalog = self._library.parts.store.catalog
        texts: list[str] = []
        while len(texts) < PASSAGES:
            number = self._rng.choice(self._numbers)
            texts += [passage.text.strip() for passage in catalog.passages_of(number)]
        word = "".join(self._rng.choice("bdfgklmnprst") + self._rng.choice("aeiou") for _ in range(5))
        sentence = f"The {word} lighthouse of Cape Quagga is {self._rng.randrange(100, 1000)} feet tall."
        text = "\n\n".join([sentence, *self._rng.sample(texts, PASSAGES)])
        identity = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        name = source or f"fresh-{word}-{self._count}.txt"
        question = f"How tall is the {word} lighthouse of Cape Quagga?"
        return NewDocument(Document(identity, name, word, "", "", "text/plain", text, ()), question)


@dataclass(slots=True)
class Additions:
    """The documents that a background process has added."""

    documents: int = 0
    seconds: list[float] = field(default_factory=list)


@contextmanager
def background_additions(folder: Path) -> Iterator[Additions]:
    """Let another process add documents without a pause during the block, and remove them at its end."""
    context = multiprocessing.get_context("spawn")
    ready, stop, results = context.Event(), context.Event(), context.Queue()
    process = context.Process(target=_add, args=(folder, ready, stop, results))
    process.start()
    try:
        while not ready.wait(1):
            if not process.is_alive():
                raise ChildProcessError("The process that adds documents has ended.")
        added = Additions()
        yield added
        stop.set()
        added.seconds = results.get(timeout=_WAIT_SECONDS)
        added.documents = len(added.seconds)
        process.join(_WAIT_SECONDS)
    finally:
        stop.set()
        process.join(_WAIT_SECONDS)


def _add(folder: Path, ready: Any, stop: Any, results: Any) -> None:
    """Add documents until `stop` is set; this function runs in the other process."""
    with Library.open(folder, create=False) as library:
        writer = Writer(library, seed=1)
        seconds: list[float] = []
        sources: list[str] = []
        while not stop.is_set():
            fresh = writer.new_document()
            receipt = library.add_documents([fresh.document])
            seconds.append(receipt.seconds)
            sources += receipt.added
            ready.set()
        library.remove(*sources)
        results.put(seconds)
