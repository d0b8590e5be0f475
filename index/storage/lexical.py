"""Passages by words: a tantivy index on disk, caught up from the catalog. The only door to tantivy."""

from __future__ import annotations

import json
import math
import re
import shutil
import threading
from typing import TYPE_CHECKING, Any

from index.errors import LibraryNotWritable
from index.storage.files import NOT_WRITABLE_HINT, Stamp, crc_of, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.storage.catalog import Catalog, DocumentRange

FORMAT = 1
_MANIFEST = "manifest.json"
_HEAP_BYTES = 50_000_000
_WORD = re.compile(r"\w+(?:[-.'’]\w+)*")
_POSSESSIVE = re.compile(r"['’]s\b")
_IDLE = frozenset(
    "a an and are as at be been but by can could did do does for from had has have how if in into is it its of on or "
    "shall should so such than that the their them then there these they this to was were what when where which who "
    "whom whose why will with would".split()
)
_BROKEN = (OSError, ValueError, KeyError, TypeError)


class LexicalIndex:
    """BM25 over stemmed words.

    The folder carries a manifest: a stamp, and the size and CRC-32 of each file. Whatever does not match it is rebuilt
    from the catalog. Only the holder of the library's lock changes the folder; everybody else opens it again
    when the manifest has changed.
    """

    def __init__(self, folder: Path, library: str) -> None:
        self._folder = folder
        self._library = library
        self._lock = threading.Lock()
        self._index: Any = None
        self._generation = -1
        self._seen: tuple[int, int] = (0, 0)
        self._measured: dict[str, list[int]] = {}
        self._analyzer = _analyzer()

    @property
    def usable(self) -> bool:
        """Whether there is something to search, of this generation or an earlier one."""
        return self._index is not None

    def reload(self, generation: int) -> bool:
        """Open what is on disk where it has changed. Whether it is sound and of this generation."""
        with self._lock:
            seen = _identity(self._folder / _MANIFEST)
            if seen != self._seen and self._open(generation):
                self._seen = seen
            return self._generation == generation

    def catch_up(self, catalog: Catalog) -> None:
        """Make the folder agree with the catalog as it is now. Only the holder of the lock may."""
        generation = catalog.generation()
        if self.reload(generation):
            return
        with self._lock:
            if self._index is None or self._seen != _identity(self._folder / _MANIFEST):
                self._begin()
            self._write(catalog, generation)

    def search(self, query: str, k: int, within: Sequence[DocumentRange] | None) -> dict[int, float]:
        """The `k` passages that hold the query's words best, best first: id to BM25 score; `within` restricts them."""
        import tantivy

        if self._index is None or within == []:
            return {}
        schema = self._index.schema
        terms = [term for word in _telling(query) for term in self._analyzer.analyze(word)]
        if not terms:
            return {}
        # A word that the question repeats counts as often: it is what a long question is about.
        queries = [tantivy.Query.term_query(schema, "text", term) for term in terms]
        clause = tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in queries])
        if within is not None:
            numbers = tantivy.Query.term_set_query(schema, "document", [each.number for each in within])
            restricted = tantivy.Query.const_score_query(numbers, 0.0)
            clause = tantivy.Query.boolean_query([(tantivy.Occur.Must, clause), (tantivy.Occur.Must, restricted)])
        searcher = self._index.searcher()
        hits = searcher.search(clause, k, count=False).hits
        ids = searcher.fast_field_values("id", [address for _, address in hits]) if hits else []
        return {identity: score for identity, (score, _) in zip(ids, hits, strict=True)}

    def terms(self, text: str) -> dict[str, str]:
        """The terms to look for, each with the word it comes from, in order.

        Words that every question has ("how", "the", "did") are left out, unless there are no others.
        """
        return {term: word for word in _telling(text) for term in self._analyzer.analyze(word)}

    def analyze(self, text: str) -> list[str]:
        """The terms of a text, in order, with repetition."""
        return list(self._analyzer.analyze(text))

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """How rare each term is: ln(1 + (N - n + 0.5) / (n + 0.5)), as in BM25."""
        if self._index is None:
            return dict.fromkeys(terms, 0.0)
        searcher = self._index.searcher()
        total = searcher.num_docs
        counts = {term: min(searcher.doc_freq("text", term), total) for term in terms}
        return {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in counts.items()}

    def ids(self) -> set[int]:
        """The ids of all passages in the index."""
        import tantivy

        if self._index is None:
            return set()
        searcher = self._index.searcher()
        hits = searcher.search(tantivy.Query.all_query(), max(searcher.num_docs, 1), count=False).hits
        return set(searcher.fast_field_values("id", [address for _, address in hits])) if hits else set()

    def _open(self, generation: int) -> bool:
        """Open the folder if it is sound; what was open before stays where it is not, as in the midst of a write."""
        import tantivy

        try:
            stamp = self._verified()
            if not stamp.fits(self._library, FORMAT, generation):
                return False
            self._index = tantivy.Index.open(str(self._folder))
        except _BROKEN:
            return False
        self._generation = stamp.generation
        return True

    def _begin(self) -> None:
        """An empty index in place of whatever is there."""
        import tantivy

        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        builder = tantivy.SchemaBuilder()
        # Signed, for tantivy-py deletes by term in signed fields only: in unsigned ones it finds nothing, silently.
        builder.add_integer_field("id", indexed=True, fast=True)
        builder.add_integer_field("document", indexed=True)
        builder.add_text_field("text", tokenizer_name="pincite", index_option="position")
        self._index = tantivy.Index(builder.build(), path=str(self._folder))
        self._generation = 0

    def _write(self, catalog: Catalog, generation: int) -> None:
        """Add what came, delete what went. Deleting first makes it harmless to do the same twice."""
        added = catalog.added_since(self._generation)
        gone = catalog.removed_since(self._generation)
        try:
            self._index.register_tokenizer("pincite", self._analyzer)
            writer = self._index.writer(_HEAP_BYTES, 1)
            try:
                _fill(writer, catalog, gone, added)
                writer.commit()
            finally:
                writer.wait_merging_threads()  # lets go of tantivy's own lock, whatever happened
            self._index.reload()
            stamp = Stamp(self._library, FORMAT, generation)
            manifest = {"stamp": stamp.to_json(), "files": {name: self._measure(name) for name in _names(self._folder)}}
        except (OSError, ValueError, RuntimeError) as error:
            self._seen = (0, 0)  # what is on disk now is nothing to go on from
            raise LibraryNotWritable(
                f"The index {self._folder} cannot be written: {error}.", NOT_WRITABLE_HINT
            ) from error
        write_whole(self._folder / _MANIFEST, json.dumps(manifest).encode())
        self._generation, self._seen = generation, _identity(self._folder / _MANIFEST)

    def _verified(self) -> Stamp:
        """The manifest's stamp. Raises ValueError or OSError where the folder does not match its manifest."""
        manifest = json.loads((self._folder / _MANIFEST).read_bytes())
        if set(manifest["files"]) != set(_names(self._folder)):
            raise ValueError("files are missing or too many")
        for name, measured in manifest["files"].items():
            if self._measure(name) != measured:
                raise ValueError(f"{name} is damaged")
        return Stamp.from_json(manifest["stamp"])

    def _measure(self, name: str) -> list[int]:
        """Size and CRC-32 of a file. All but `meta.json` never change once written, so each is read once."""
        path = self._folder / name
        size = path.stat().st_size
        known = self._measured.get(name)
        if known is None or known[0] != size or name == "meta.json":
            known = self._measured[name] = [size, crc_of(path)]
        return known


def _fill(writer: Any, catalog: Catalog, gone: Sequence[DocumentRange], added: Sequence[DocumentRange]) -> None:
    import tantivy

    for each in (*gone, *added):
        writer.delete_documents_by_term("document", each.number)
    for identity, number, text in catalog.texts(added):
        document = tantivy.Document()
        document.add_integer("id", identity)
        document.add_integer("document", number)
        document.add_text("text", text)
        writer.add_document(document)


def _telling(text: str) -> list[str]:
    """The words of a question that tell it from others; all of them where none does."""
    words = [match[0] for match in _WORD.finditer(_POSSESSIVE.sub("", text))]
    return [word for word in words if word.casefold() not in _IDLE] or words


def _analyzer() -> Any:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold(), tantivy.Filter.remove_long(100)):
        builder = builder.filter(step)
    return builder.filter(tantivy.Filter.stemmer("english")).build()


def _identity(path: Path) -> tuple[int, int]:
    """What tells one version of a file from the next."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_ino, status.st_mtime_ns)


def _names(folder: Path) -> list[str]:
    """The files that make the index: neither tantivy's own locks and lists nor the manifest."""
    names = (path.name for path in folder.iterdir())
    return sorted(name for name in names if not name.startswith(".") and not name.startswith(_MANIFEST))
