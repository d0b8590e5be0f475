"""What an index of words is asked. Every query is put together here, none is parsed."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from index.storage import analysis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.storage.scope import Scope

EVERY = 2**31
"""More passages than a library has."""
CONTEXT_SHARE = 0.7
"""Weight of a passage with its two neighbours beside the passage alone. A passage that continues a thought does not
repeat what it is about; its neighbours do."""
ENTRIES = 1_000_000
"""How many entries of the terms' lists are looked through: some ten milliseconds' work. Beyond that, the commonest
terms propose nothing."""
PROPOSED = 150
"""How many passages are then scored by all terms."""
_ENTRIES_A_LOOK = 15
"""Looking up one passage in a term's two lists takes as long as going through so many entries."""
_HANDFUL = 1000
_FIELDS = {"text": 1 - CONTEXT_SHARE, "context": CONTEXT_SHARE}


class Searching:
    """Questions to whatever is open.

    Three fields: `text` has a passage's terms, `context` those of its neighbours, too, `words` its words with their
    places. They are indexed as `analysis` gives them, so that a text and a question are taken apart by the same code.
    """

    def search(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` passages that hold the query's terms best, best first: id to BM25 score; `scope` restricts them.

        In a large index a question of many common words proposes passages by its rarer words and scores them by all.
        """
        searcher, terms = self._searcher(), analysis.asked_terms(query)
        if searcher is None or not terms or (scope is not None and scope.empty):
            return {}
        weighed = _weighed(searcher, terms)
        telling = _telling(weighed) if k <= PROPOSED else weighed
        clause = any_of(telling)
        if scope is not None:
            clause = _all_of(clause, *_restricting(scope))
        if len(telling) == len(weighed):
            return _found(searcher, clause, k)
        proposed = list(_found(searcher, clause, max(PROPOSED, k)))
        return dict(islice(_scored(searcher, weighed, proposed).items(), k))

    def scores(self, query: str, ids: Sequence[int]) -> dict[int, float]:
        """The score of each of these passages; one that holds none of the query's terms is left out."""
        searcher, terms = self._searcher(), analysis.asked_terms(query)
        if searcher is None or not terms or not ids:
            return {}
        return _scored(searcher, _weighed(searcher, terms), ids)

    def holding(self, phrases: Sequence[str], k: int = EVERY, scope: Scope | None = None) -> list[int]:
        """The ids of passages that hold any of these phrases, word for word but for case and accents; at most `k`."""
        import tantivy

        searcher = self._searcher()
        clauses = [clause for phrase in phrases if (clause := _verbatim(phrase)) is not None]
        if searcher is None or not clauses or (scope is not None and scope.empty):
            return []
        clause = tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in clauses])
        if scope is not None:
            clause = _all_of(clause, *_restricting(scope))
        return _ids(searcher, clause) if k >= searcher.num_docs else list(_found(searcher, clause, k))

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """How rare each term is: ln(1 + (N - n + 0.5) / (n + 0.5)), as in BM25."""
        searcher = self._searcher()
        if searcher is None:
            return dict.fromkeys(terms, 0.0)
        total = searcher.num_docs
        counts = {term: min(searcher.doc_freq("text", term), total) for term in terms}
        return {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in counts.items()}

    def ids(self) -> set[int]:
        """The ids of all passages in the index."""
        import tantivy

        searcher = self._searcher()
        return set(_ids(searcher, tantivy.Query.all_query())) if searcher is not None else set()

    def _searcher(self) -> Any:
        """What is open; None where nothing is."""
        raise NotImplementedError


@cache
def schema() -> Any:
    """The fields of every index."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    # Signed, for tantivy-py deletes by term in signed fields only: in unsigned ones it finds nothing, silently.
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_integer_field("document", indexed=True)
    for field, option in (("text", "freq"), ("context", "freq"), ("words", "position")):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option=option)
    return builder.build()


def any_of(terms: Iterable[tuple[int, str, int]]) -> Any:
    """Weighed terms in either field, each as often as it is asked for."""
    import tantivy

    return tantivy.Query.boolean_query([(tantivy.Occur.Should, clause) for clause in _clauses(terms)])


def _clauses(terms: Iterable[tuple[int, str, int]]) -> Iterator[Any]:
    import tantivy

    query = tantivy.Query
    for _, term, times in terms:
        for field, share in _FIELDS.items():
            yield query.boost_query(query.term_query(schema(), field, term), share * times)


def _weighed(searcher: Any, terms: Sequence[str]) -> list[tuple[int, str, int]]:
    """In how many lists' entries each term stands, the term, and how often it is asked for; the rarest first."""
    counted = Counter(terms)
    lengths = {term: sum(searcher.doc_freq(field, term) for field in _FIELDS) for term in counted}
    return sorted(((lengths[term], term, times) for term, times in counted.items()), key=itemgetter(0))


def _telling(weighed: Sequence[tuple[int, str, int]]) -> Sequence[tuple[int, str, int]]:
    """As many of the rarest as are looked through in a moment, and one at least."""
    total = 0
    for n, (length, _, _) in enumerate(weighed):
        total += length
        if n and total > ENTRIES:
            return weighed[:n]
    return weighed


def _scored(searcher: Any, weighed: Sequence[tuple[int, str, int]], ids: Sequence[int]) -> dict[int, float]:
    """The score of each of these passages, best first, by whichever way is shorter."""
    import tantivy

    these = _silent(_one_of("id", ids))
    if len(ids) * len(weighed) * _ENTRIES_A_LOOK > sum(length for length, _, _ in weighed):
        return _found(searcher, _all_of(any_of(weighed), these), len(ids))
    for clause in _clauses(weighed):  # inside each other, each is looked up for these alone
        these = tantivy.Query.boolean_query([(tantivy.Occur.Must, these), (tantivy.Occur.Should, clause)])
    return {each: score for each, score in _found(searcher, these, len(ids)).items() if score > 0}


def _found(searcher: Any, query: Any, k: int) -> dict[int, float]:
    """The best passages of a query: id to score; of equal ones the older first, wherever a merge has put them."""
    hits = searcher.search(query, min(k, max(searcher.num_docs, 1)), count=False).hits
    ids = searcher.fast_field_values("id", [address for _, address in hits]) if hits else []
    found = ((identity, score) for identity, (score, _) in zip(ids, hits, strict=True))
    return dict(sorted(found, key=lambda each: (-each[1], each[0])))


def _ids(searcher: Any, query: Any) -> list[int]:
    """All passages of a query, without a look at how well they fit."""
    hits = searcher.search(_silent(query), max(searcher.num_docs, 1), count=False, order_by_field="id").hits
    return [identity for identity, _ in hits]


def _one_of(field: str, values: Sequence[int]) -> Any:
    """A handful of values are found one by one much sooner than as a set."""
    import tantivy

    if len(values) > _HANDFUL:
        return tantivy.Query.term_set_query(schema(), field, list(values))
    terms = [tantivy.Query.term_query(schema(), field, value, "basic") for value in values]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])


def _all_of(clause: Any, *conditions: Any) -> Any:
    import tantivy

    must = (each if isinstance(each, tuple) else (tantivy.Occur.Must, each) for each in conditions)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, clause), *must])


def _verbatim(phrase: str) -> Any:
    """Words in this order; None where there are none."""
    import tantivy

    words: list[Any] = analysis.words(phrase)
    if not words:
        return None
    if len(words) == 1:
        return tantivy.Query.term_query(schema(), "words", words[0])
    return tantivy.Query.phrase_query(schema(), "words", words)


def _restricting(scope: Scope) -> Iterator[tuple[Any, Any]]:
    """What else a passage must have or must not, without a say in its score."""
    import tantivy

    if scope.documents is not None:
        yield tantivy.Occur.Must, _silent(_one_of("document", [each.number for each in scope.documents]))
    for phrase in scope.phrases:
        yield tantivy.Occur.Must, _silent(_verbatim(phrase) or tantivy.Query.empty_query())
    for phrase in scope.excluded:
        if (clause := _verbatim(phrase)) is not None:
            yield tantivy.Occur.MustNot, clause


def _silent(query: Any) -> Any:
    """A condition that adds nothing to the score."""
    import tantivy

    return tantivy.Query.const_score_query(query, 0.0)
