"""Passages by words: a tantivy index on disk, caught up from the catalog. The only door to tantivy, with `analysis`."""

from __future__ import annotations

import json
import math
import shutil
import threading
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from index.errors import LibraryNotWritable
from index.storage import analysis
from index.storage.files import NOT_WRITABLE_HINT, Stamp, crc_of, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from index.storage.catalog import Catalog, DocumentRange
    from index.storage.scope import Scope

FORMAT = 2
CONTEXT_SHARE = 0.7
"""Weight of a passage with its two neighbours beside the passage alone. A passage that continues a thought does not
repeat what it is about; its neighbours do."""
_FIELDS = {"text": 1 - CONTEXT_SHARE, "context": CONTEXT_SHARE}
EVERY = 2**31
"""More passages than a library has."""
_MANIFEST = "manifest.json"
_HEAP_BYTES = 50_000_000
_BROKEN = (OSError, ValueError, KeyError, TypeError)


class LexicalIndex:
    """BM25 over terms, and words in their order for what has to be there verbatim.

    Three fields: `text` has a passage's terms, `context` those of its neighbours, too, `words` its words with their
    places. They are indexed as `analysis` gives them, so that a text and a question are taken apart by the same code.

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

    def search(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` passages that hold the query's terms best, best first: id to BM25 score; `scope` restricts them."""
        import tantivy

        terms = analysis.asked_terms(query)
        if self._index is None or not terms or (scope is not None and scope.empty):
            return {}
        clause = self._any_of(terms)
        if scope is not None:
            clause = tantivy.Query.boolean_query([(tantivy.Occur.Must, clause), *self._restricting(scope)])
        return self._found(clause, k)

    def scores(self, query: str, ids: Sequence[int]) -> dict[int, float]:
        """The score of each of these passages; one that holds none of the query's terms is left out."""
        import tantivy

        terms = analysis.asked_terms(query)
        if self._index is None or not terms or not ids:
            return {}
        these = (tantivy.Occur.Must, _silent(self._one_of("id", ids)))
        return self._found(tantivy.Query.boolean_query([(tantivy.Occur.Must, self._any_of(terms)), these]), len(ids))

    def holding(self, phrases: Sequence[str], k: int = EVERY, scope: Scope | None = None) -> list[int]:
        """The ids of passages that hold any of these phrases, word for word but for case and accents; at most `k`."""
        import tantivy

        clauses = [clause for phrase in phrases if (clause := self._verbatim(phrase)) is not None]
        if self._index is None or not clauses or (scope is not None and scope.empty):
            return []
        clause = tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in clauses])
        if scope is not None:
            clause = tantivy.Query.boolean_query([(tantivy.Occur.Must, clause), *self._restricting(scope)])
        return list(self._found(clause, k))

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
        return set(self._found(tantivy.Query.all_query(), EVERY))

    def _found(self, query: Any, k: int) -> dict[int, float]:
        searcher = self._index.searcher()
        hits = searcher.search(query, min(k, max(searcher.num_docs, 1)), count=False).hits
        ids = searcher.fast_field_values("id", [address for _, address in hits]) if hits else []
        return {identity: score for identity, (score, _) in zip(ids, hits, strict=True)}

    def _any_of(self, terms: Sequence[str]) -> Any:
        """Terms in either field, each as often as it is given."""
        import tantivy

        query = tantivy.Query
        return query.boolean_query(
            [
                (tantivy.Occur.Should, query.boost_query(query.term_query(self._index.schema, field, term), share))
                for term in terms
                for field, share in _FIELDS.items()
            ]
        )

    def _one_of(self, field: str, values: Iterable[int]) -> Any:
        import tantivy

        return tantivy.Query.term_set_query(self._index.schema, field, list(values))

    def _verbatim(self, phrase: str) -> Any:
        """Words in this order; None where there are none."""
        import tantivy

        words: list[Any] = analysis.words(phrase)
        if self._index is None or not words:
            return None
        if len(words) == 1:
            return tantivy.Query.term_query(self._index.schema, "words", words[0])
        return tantivy.Query.phrase_query(self._index.schema, "words", words)

    def _restricting(self, scope: Scope) -> Iterator[tuple[Any, Any]]:
        """What else a passage must have or must not, without a say in its score."""
        import tantivy

        if scope.documents is not None:
            yield tantivy.Occur.Must, _silent(self._one_of("document", (each.number for each in scope.documents)))
        for phrase in scope.phrases:
            yield tantivy.Occur.Must, _silent(self._verbatim(phrase) or tantivy.Query.empty_query())
        for phrase in scope.excluded:
            if (clause := self._verbatim(phrase)) is not None:
                yield tantivy.Occur.MustNot, clause

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
        for field, option in (("text", "freq"), ("context", "freq"), ("words", "position")):
            builder.add_text_field(field, tokenizer_name="whitespace", index_option=option)
        self._index = tantivy.Index(builder.build(), path=str(self._folder))
        self._generation = 0

    def _write(self, catalog: Catalog, generation: int) -> None:
        """Add what came, delete what went. Deleting first makes it harmless to do the same twice."""
        added = catalog.added_since(self._generation)
        gone = catalog.removed_since(self._generation)
        try:
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
    for number, passages in groupby(catalog.texts(added), key=itemgetter(1)):
        rows = list(passages)
        terms = [" ".join(analysis.terms(text)) for _, _, text in rows]
        for place, (identity, _, text) in enumerate(rows):
            document = tantivy.Document()
            document.add_integer("id", identity)
            document.add_integer("document", number)
            document.add_text("text", terms[place])
            document.add_text("context", " ".join(terms[max(place - 1, 0) : place + 2]))
            document.add_text("words", " ".join(analysis.words(text)))
            writer.add_document(document)


def _silent(query: Any) -> Any:
    """A condition that adds nothing to the score."""
    import tantivy

    return tantivy.Query.const_score_query(query, 0.0)


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
