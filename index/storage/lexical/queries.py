"""The queries of the lexical index. They are built from terms, not parsed from text."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from index.text import words as analysis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.storage.protocol import Scope

ALL = 2**31
"""A limit above the number of passages of any library."""
CONTEXT_SHARE = 0.7
"""Weight of a passage together with its two neighbours; the passage alone has the rest of the weight. A passage that
continues a thought often does not repeat the subject, but its neighbours name it."""
ENTRIES = 1_000_000
"""Maximum number of posting list entries to read, about ten milliseconds. Beyond that, the commonest terms propose no
passages."""
PROPOSED = 150
"""Number of proposed passages that are then scored by all terms."""
_ENTRIES_A_LOOK = 15
"""Looking up one passage in a term's two posting lists takes as long as reading this many entries."""
_SET_SIZE = 1000
"""Up to this many values, single term queries are much faster than a set."""
_FIELDS = {"text": 1 - CONTEXT_SHARE, "context": CONTEXT_SHARE}


@dataclass(frozen=True, slots=True)
class View:
    """An opened state of the folder, which later writes do not change."""

    searcher: Any
    generation: int
    certain: bool


class Queries:
    """The queries of an open index.

    There are three fields: `text` has a passage's terms, `context` also those of its neighbours, `words` its words with
    their positions. `analysis` makes all three, so that the same code tokenizes a text and a question.
    """

    def __init__(self) -> None:
        self._view: View | None = None
        """The state that is searched; None if none is open."""

    def search(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
        """Return the `k` passages of `scope` that best match the query's terms, best first: id to BM25 score.

        In a large index, the rarer words of a long question propose passages, and all its words score them.
        """
        searcher, terms = self._searcher(), analysis.repeated_question_terms(query)
        if searcher is None or not terms or (scope is not None and scope.empty):
            return {}
        weighted = _weighted(searcher, terms)
        rare = _rarest(weighted) if k <= PROPOSED else weighted
        clause = any_of(rare)
        if scope is not None:
            clause = _all_of(clause, *_restricting(scope))
        if len(rare) == len(weighted):
            return _found(searcher, clause, k)
        proposed = list(_found(searcher, clause, max(PROPOSED, k)))
        return dict(islice(_scored(searcher, weighted, proposed).items(), k))

    def scores(self, query: str, ids: Sequence[int]) -> dict[int, float]:
        """Return the score of each of these passages, without those that have none of the query's terms."""
        searcher, terms = self._searcher(), analysis.repeated_question_terms(query)
        if searcher is None or not terms or not ids:
            return {}
        return _scored(searcher, _weighted(searcher, terms), ids)

    def holding(self, phrases: Sequence[str], k: int = ALL, scope: Scope | None = None) -> list[int]:
        """Return the ids of at most `k` passages with any of the phrases, word for word except for case and accents."""
        import tantivy

        searcher = self._searcher()
        clauses = [clause for phrase in phrases if (clause := _verbatim(phrase)) is not None]
        if searcher is None or not clauses or (scope is not None and scope.empty):
            return []
        clause = tantivy.Query.boolean_query([(tantivy.Occur.Should, phrase_clause) for phrase_clause in clauses])
        if scope is not None:
            clause = _all_of(clause, *_restricting(scope))
        return _ids(searcher, clause) if k >= searcher.num_docs else list(_found(searcher, clause, k))

    def counts(self, words: Sequence[str]) -> list[int]:
        """Return how many passages have each of these words, removed ones that are still in the index included."""
        searcher = self._searcher()
        return [0 if searcher is None else searcher.doc_freq("words", word) for word in words]

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """Return the inverse document frequency of each term, ln(1 + (N - n + 0.5) / (n + 0.5)), as in BM25."""
        searcher = self._searcher()
        if searcher is None:
            return dict.fromkeys(terms, 0.0)
        total = searcher.num_docs
        counts = {term: min(searcher.doc_freq("text", term), total) for term in terms}
        return {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in counts.items()}

    def ids(self) -> set[int]:
        """Return the ids of all passages in the index."""
        import tantivy

        searcher = self._searcher()
        return set(_ids(searcher, tantivy.Query.all_query())) if searcher is not None else set()

    def _searcher(self) -> Any:
        """Return the open searcher; None if none is open."""
        view = self._view
        return view.searcher if view is not None else None


@cache
def schema() -> Any:
    """Return the fields of an index."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    # Signed, because tantivy-py deletes by term in signed fields only: in unsigned ones it silently finds nothing.
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_integer_field("document", indexed=True)
    for field, option in (("text", "freq"), ("context", "freq"), ("words", "position")):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option=option)
    return builder.build()


def any_of(terms: Iterable[tuple[int, str, int]]) -> Any:
    """Return a query for weighted terms in either field; each term counts as often as it occurs in the question."""
    import tantivy

    return tantivy.Query.boolean_query([(tantivy.Occur.Should, clause) for clause in _clauses(terms)])


def _clauses(terms: Iterable[tuple[int, str, int]]) -> Iterator[Any]:
    import tantivy

    query = tantivy.Query
    for _, term, times in terms:
        for field, share in _FIELDS.items():
            yield query.boost_query(query.term_query(schema(), field, term), share * times)


def _weighted(searcher: Any, terms: Sequence[str]) -> list[tuple[int, str, int]]:
    """Return, for each term, the length of its posting lists, the term, and its count in the question; rarest first."""
    counted = Counter(terms)
    lengths = {term: sum(searcher.doc_freq(field, term) for field in _FIELDS) for term in counted}
    return sorted(((lengths[term], term, times) for term, times in counted.items()), key=itemgetter(0))


def _rarest(weighted: Sequence[tuple[int, str, int]]) -> Sequence[tuple[int, str, int]]:
    """Return as many of the rarest terms as ENTRIES allows, and at least one."""
    total = 0
    for n, (length, _, _) in enumerate(weighted):
        total += length
        if n and total > ENTRIES:
            return weighted[:n]
    return weighted


def _scored(searcher: Any, weighted: Sequence[tuple[int, str, int]], ids: Sequence[int]) -> dict[int, float]:
    """Return the score of each of these passages, best first, by the faster of two ways."""
    import tantivy

    candidates = _silent(_one_of("id", ids))
    if len(ids) * len(weighted) * _ENTRIES_A_LOOK > sum(length for length, _, _ in weighted):
        return _found(searcher, _all_of(any_of(weighted), candidates), len(ids))
    for clause in _clauses(weighted):  # nested, so that each term is looked up in these passages only
        candidates = tantivy.Query.boolean_query([(tantivy.Occur.Must, candidates), (tantivy.Occur.Should, clause)])
    return {identity: score for identity, score in _found(searcher, candidates, len(ids)).items() if score > 0}


def _found(searcher: Any, query: Any, k: int) -> dict[int, float]:
    """Return the best passages of a query: id to score. Of equal ones the older comes first, even after a merge."""
    hits = searcher.search(query, min(k, max(searcher.num_docs, 1)), count=False).hits
    ids = searcher.fast_field_values("id", [address for _, address in hits]) if hits else []
    found = ((identity, score) for identity, (score, _) in zip(ids, hits, strict=True))
    return dict(sorted(found, key=lambda item: (-item[1], item[0])))


def _ids(searcher: Any, query: Any) -> list[int]:
    """Return the ids of all passages of a query, without scoring them."""
    hits = searcher.search(_silent(query), max(searcher.num_docs, 1), count=False, order_by_field="id").hits
    return [identity for identity, _ in hits]


def _one_of(field: str, values: Sequence[int]) -> Any:
    """Return a query for any of these values."""
    import tantivy

    if len(values) > _SET_SIZE:
        return tantivy.Query.term_set_query(schema(), field, list(values))
    terms = [tantivy.Query.term_query(schema(), field, value, "basic") for value in values]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])


def _all_of(clause: Any, *conditions: Any) -> Any:
    import tantivy

    must = (item if isinstance(item, tuple) else (tantivy.Occur.Must, item) for item in conditions)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, clause), *must])


def _verbatim(phrase: str) -> Any:
    """Return a query for the words of a phrase in their order; None if it has no words."""
    import tantivy

    words: list[Any] = analysis.words(phrase)
    if not words:
        return None
    if len(words) == 1:
        return tantivy.Query.term_query(schema(), "words", words[0])
    return tantivy.Query.phrase_query(schema(), "words", words)


def _restricting(scope: Scope) -> Iterator[tuple[Any, Any]]:
    """Yield the conditions of a scope, which do not change a passage's score."""
    import tantivy

    if scope.documents is not None:
        yield tantivy.Occur.Must, _silent(_one_of("document", [document.number for document in scope.documents]))
    for phrase in scope.phrases:
        yield tantivy.Occur.Must, _silent(_verbatim(phrase) or tantivy.Query.empty_query())
    for phrase in scope.excluded:
        if (clause := _verbatim(phrase)) is not None:
            yield tantivy.Occur.MustNot, clause


def _silent(query: Any) -> Any:
    """Return the same condition with a score of 0."""
    import tantivy

    return tantivy.Query.const_score_query(query, 0.0)
