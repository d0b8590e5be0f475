"""Builds hits: reads passages, scores their sentences, pins the best, groups copies; earlier evidence stays a
candidate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from index.records import Hit, Span, Why
from index.records.table import words_above
from index.search.evidence import LEAST_STRENGTH, disagree, weigh
from index.search.fusion import sort_scores
from index.search.readings import reorder
from index.storage.tables import unpack_sentence_vectors
from index.text.words import words, words_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from index.records import DocumentInfo
    from index.search.evidence import EncodedQuestion, PassageEvidence
    from index.search.fusion import SideScores
    from index.search.readings import CellFound, ReadPassage
    from index.storage.protocol import Scope, Store

    Floats = np.ndarray[Any, np.dtype[np.float32]]


# Earlier evidence: what a thread has already found stays a candidate for its next question.
#
# The answer to a follow-up question often stands close after the earlier answer, contains what is new in the question
# (`and in 2019?`), and is not the sentence that the reader has already seen. The constants were chosen on the dialogues
# of `tests/answers/follow_ups` that are for development; `python -m benchmarks.follow_ups` measures them.
#
# Of 146 follow-ups (`benchmarks.rules --sets dialogues`), 85 have the right pin, and 96 quote what is needed. Without
# all that is added to pin scores, 14 lose and 3 gain what is needed (p = .013); each part alone, and all but the new
# words, are within noise. Without the earlier passages, 3 right pins go and none comes (p = .25).

FAVOUR = 0.02
"""Added to the score of a passage that an earlier answer of the thread cited, and of its neighbours."""
FOCUS_SHARE = 1.2
"""The weight of the question's new words in a pin score."""
OWN_WORDS_SHARE = 1.0
"""The weight of a sentence's cosine with the reader's own words in a pin score: the whole question has the words of the
earlier one, too, which the sentence that answers need not be close to."""
TOLD_LOSS = 0.4
"""Taken from the pin score of a sentence that the newest answer has quoted."""
NEAR_BONUS = 0.2
"""Added to the pin score of a sentence next to such a sentence, and again if it stands after it."""
NEAR = 400.0
"""The distance in characters at which that bonus has fallen to a third."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the earlier turns of a thread add to a search."""

    passages: tuple[int, ...] = ()
    """The ids of the passages that the earlier answers cite, and of their neighbours."""
    known: str = ""
    """The newest earlier question."""
    asked: str = ""
    """The question as the reader put it."""
    cited: str = ""
    """The words that the newest answer has quoted."""
    told: tuple[tuple[int, Span], ...] = ()
    """The quotations of the newest answer: document number and span."""
    own_words: Floats | None = None
    """The question as the reader put it, encoded: shape (dimension,), of length one."""


def candidates(earlier: Earlier, store: Store, scope: Scope | None) -> list[int]:
    """Return the ids of the passages that the thread adds: those that still exist and that the scope admits."""
    ids = list(earlier.passages)
    if scope is not None and (scope.holding is not None or scope.banned):
        ids = [passage for passage in ids if passage not in scope.banned]
        ids = [passage for passage in ids if scope.holding is None or passage in scope.holding]
    numbers = store.numbers(list(ids))
    admitted = set(numbers.values())
    if scope is not None and scope.documents is not None:
        admitted = {document.number for document in scope.documents}
    return [passage for passage in ids if numbers.get(passage) in admitted]


def adjusted(evidence: PassageEvidence, question: EncodedQuestion, earlier: Earlier, store: Store) -> PassageEvidence:
    """Return the evidence with pin scores that prefer what is new, near the newest quotations, and not among them."""
    spans = evidence.row.passage.sentences
    gains = FOCUS_SHARE * _focus(evidence, question, earlier, store)
    if earlier.own_words is not None:
        vectors = unpack_sentence_vectors(evidence.row.sentence_vectors, len(earlier.own_words))
        gains = gains + OWN_WORDS_SHARE * (vectors @ earlier.own_words)
    for number, told in earlier.told:
        if number == evidence.row.number:
            gains = gains + np.array([_nearness(span, told) for span in spans], dtype=np.float32)
    return replace(evidence, claims=evidence.claims + gains, gains=gains)


def _focus(evidence: PassageEvidence, question: EncodedQuestion, earlier: Earlier, store: Store) -> Floats:
    """Return each sentence's share of the new words, by their rarity; zeros if no word is new."""
    known, new = store.terms(earlier.known), store.terms(earlier.asked)
    weights = {term: question.idf.get(term, 0.0) for term in question.words if term in new and term not in known}
    total = sum(weights.values())
    if total <= 0:
        return np.zeros(len(evidence.claims), dtype=np.float32)
    shares = [sum(weight for term, weight in weights.items() if term in terms) / total for terms in evidence.terms]
    return np.array(shares, dtype=np.float32)


def _nearness(span: Span, told: Span) -> float:
    if span.start < told.end and told.start < span.end:
        return -TOLD_LOSS
    after = span.start >= told.end
    distance = span.start - told.end if after else told.start - span.end
    return (1 + after) * NEAR_BONUS * math.exp(-distance / NEAR)


def favour(scores: Mapping[int, float], earlier: Earlier) -> dict[int, float]:
    """Return the scores with earlier evidence a little higher, best first."""
    kept = set(earlier.passages)
    return sort_scores({passage: min(score + FAVOUR * (passage in kept), 1.0) for passage, score in scores.items()})


Item = TypeVar("Item")

LIKENESS = 0.8
"""Two passages are copies of one text if they share at least this part of their terms."""
PASSAGES_PER_BLOCK = 30
"""The least number of passages that are read at once. Copies are searched for among this many of the best passages."""


class TermSet:
    """The terms of a passage, for fast comparison with many others."""

    __slots__ = ("_mask", "_terms")

    def __init__(self, terms: frozenset[str]) -> None:
        self._terms = terms
        self._mask = 0
        for term in terms:
            self._mask |= 1 << (hash(term) & 255)

    def alike(self, other: TermSet) -> bool:
        """Whether both have nearly the same terms, by Jaccard's coefficient.

        A term that only one of the sets has changes at most one bit of the mask. If more bits of the masks differ than
        terms may differ, the sets need not be compared.
        """
        size = len(self._terms) + len(other._terms)
        if not self._terms or (self._mask ^ other._mask).bit_count() > (1 - LIKENESS) * size:
            return False
        shared = len(self._terms & other._terms)
        return shared >= LIKENESS * (size - shared)


def group_copies(
    items: Iterable[Item], same: Callable[[Item, Item], bool], *, limit: int, look: int
) -> list[list[Item]]:
    """Return the first `limit` groups of copies, in the order of their best items.

    When there are enough groups, copies are still searched for among the first `look` items.
    """
    groups: list[list[Item]] = []
    for place, item in enumerate(items, 1):
        group = next((group for group in groups if same(group[0], item)), None)
        if group is not None:
            group.append(item)
        elif len(groups) < limit:
            groups.append([item])
        if len(groups) == limit and place >= look:
            break
    return groups


class HitBuilder:
    """Builds the hits for one question, and caches the passages that it has read. Removed passages are left out."""

    def __init__(
        self, store: Store, question: EncodedQuestion, sides: SideScores, earlier: Earlier | None = None
    ) -> None:
        self.question = question
        self.sides = sides
        self.earlier = earlier
        self.evidence: dict[int, PassageEvidence] = {}
        self.verbatim: frozenset[int] = frozenset()
        self.reranked: dict[int, float] = {}
        self._store = store
        self.cell: CellFound | None = None
        """The cell that answers the question, which is the pin of its passage."""
        self._words: dict[int, TermSet] = {}
        self._texts: dict[int, tuple[str, str]] = {}

    def weigh(self, ids: Iterable[int]) -> dict[int, PassageEvidence]:
        """Read and score these passages; return those that still exist, in the given order."""
        wanted = list(ids)
        rows = self._store.passages([passage_id for passage_id in wanted if passage_id not in self.evidence])
        weighed = weigh(self.question, list(rows.values()), self._store)
        if self.earlier is not None:
            weighed = [adjusted(evidence, self.question, self.earlier, self._store) for evidence in weighed]
        self.evidence |= zip(rows, weighed, strict=True)
        return {passage_id: self.evidence[passage_id] for passage_id in wanted if passage_id in self.evidence}

    def hits(self, scores: Mapping[int, float], limit: int) -> tuple[Hit, ...]:
        """Return the best passages that still exist, with copies of one text grouped."""
        groups = group_copies(self._existing(scores, limit), self._are_copies, limit=limit, look=PASSAGES_PER_BLOCK)
        infos = self._store.infos(
            sorted({self.evidence[passage_id].row.number for group in groups for passage_id in group})
        )
        existing = [
            [passage_id for passage_id in group if self.evidence[passage_id].row.number in infos] for group in groups
        ]
        built = self.build({passage_id: scores[passage_id] for group in existing for passage_id in group}, infos)
        return tuple(
            replace(built[best], also=tuple(built[copy] for copy in copies)) for best, *copies in filter(None, existing)
        )

    def apply_reader(self, hits: Sequence[Hit], readings: Mapping[int, ReadPassage]) -> tuple[Hit, ...]:
        """Return the hits with the pins and the order that the reader's verdicts give."""
        for passage_id, reading in readings.items():
            self.evidence[passage_id] = reading.evidence
        before = {hit.passage.id: hit for hit in hits}
        scores = {passage_id: hit.score for passage_id, hit in before.items()}
        if self.question.question.asks:
            scores = reorder(scores, readings, self.verbatim)
        infos = self._store.infos(sorted({self.evidence[passage_id].row.number for passage_id in readings}))
        existing = [passage_id for passage_id in readings if self.evidence[passage_id].row.number in infos]
        built = self.build({passage_id: scores[passage_id] for passage_id in existing}, infos)
        updated = {passage_id: replace(hit, also=before[passage_id].also) for passage_id, hit in built.items()}
        return tuple(updated.get(passage_id, before[passage_id]) for passage_id in scores)

    def pin_cell(self, hits: Sequence[Hit], found: CellFound) -> tuple[Hit, ...]:
        """Return the hits with the passage of this cell first, and the cell as its pin."""
        self.cell = found
        infos = self._store.infos([self.evidence[found.passage].row.number])
        score = max((hit.score for hit in hits), default=1.0)
        first = self.build({found.passage: score}, infos)[found.passage] if infos else None
        others = [hit for hit in hits if hit.passage.id != found.passage]
        also = next((hit.also for hit in hits if hit.passage.id == found.passage), ())
        return (replace(first, also=also), *others) if first else tuple(hits)

    def _existing(self, scores: Mapping[int, float], limit: int) -> Iterator[int]:
        """Yield the candidates that still exist, best first. The first block is always read, more blocks on demand."""
        ids = list(scores)
        for start in range(0, len(ids), max(PASSAGES_PER_BLOCK, limit)):
            block = ids[start : start + max(PASSAGES_PER_BLOCK, limit)]
            yield from self.weigh(block)

    def _are_copies(self, first: int, second: int) -> bool:
        """Whether two passages are copies: nearly the same words, and each contains the other's evidence verbatim.

        Two versions of a contract are not copies if one says that the tenant pays, and the other the landlord, or if
        sentences near the question have other names or numbers, or a denial, and are otherwise much the same.
        """
        if not self._words_of(first).alike(self._words_of(second)):
            return False
        texts, pins = zip(*(self._texts_of(passage_id) for passage_id in (first, second)), strict=True)
        if pins[0] not in texts[1] or pins[1] not in texts[0]:
            return False
        ones, others = (self._sentences_of(passage_id) for passage_id in (first, second))
        return not any(disagree(one, other, self.question.text) for one in ones - others for other in others - ones)

    def _sentences_of(self, passage_id: int) -> frozenset[str]:
        """Return the words of the sentences of a passage that are near the question."""
        evidence = self.evidence[passage_id]
        passage, near = evidence.row.passage, evidence.strengths >= LEAST_STRENGTH
        spans = (span for span, is_near in zip(passage.sentences, near, strict=True) if is_near)
        found = (passage.text[start - passage.start : end - passage.start] for start, end in spans)
        return frozenset(" ".join(words.split()) for words in found)

    def _texts_of(self, passage_id: int) -> tuple[str, str]:
        """Return the words of a passage and of its pin, without punctuation."""
        if passage_id not in self._texts:
            text, pin = self.evidence[passage_id].row.passage.text, self._quote(passage_id)
            self._texts[passage_id] = f" {' '.join(words(text))} ", f" {' '.join(words(pin))} "
        return self._texts[passage_id]

    def _words_of(self, passage_id: int) -> TermSet:
        if passage_id not in self._words:
            self._words[passage_id] = TermSet(self.evidence[passage_id].held)
        return self._words[passage_id]

    def _pin(self, passage_id: int) -> Span:
        """Return the cell that answers, or the sentence with the evidence; the whole passage if it has neither."""
        if self.cell is not None and self.cell.passage == passage_id:
            return self.cell.span
        evidence = self.evidence[passage_id]
        passage, pins = evidence.row.passage, evidence.pins
        return passage.sentences[pins[0]] if pins else Span(passage.start, passage.end)

    def _quote(self, passage_id: int) -> str:
        passage, pin = self.evidence[passage_id].row.passage, self._pin(passage_id)
        return passage.text[pin.start - passage.start : pin.end - passage.start]

    def build(self, scores: Mapping[int, float], infos: Mapping[int, DocumentInfo]) -> dict[int, Hit]:
        """Return these passages as hits, each with its pin, its location, and the reasons why it was found."""
        found = [self.evidence[passage_id] for passage_id in scores]
        pins = [self._pin(passage_id) for passage_id in scores]
        locations = self._store.locate([(evidence.row.number, pin) for evidence, pin in zip(found, pins, strict=True)])
        texts = [terms for evidence in found for terms in (evidence.held, _terms_of_pin(evidence))]
        contained = words_in(self.question.words.values(), texts)
        hits = {}
        for n, (evidence, pin, location) in enumerate(zip(found, pins, locations, strict=True)):
            passage, score = evidence.row.passage, scores[evidence.row.passage.id]
            claims = (float(claim) if n in evidence.pins else float("-inf") for n, claim in enumerate(evidence.claims))
            why, cosines = self._why(evidence, *contained[2 * n : 2 * n + 2]), tuple(evidence.cosines.tolist())
            document = infos[evidence.row.number]
            cell = self.cell if self.cell and self.cell.passage == passage.id else None
            if cell is not None:
                location = replace(location, headers=cell.headers)
            tables = evidence.row.tables
            hits[passage.id] = Hit(
                passage,
                document,
                score,
                pin,
                location,
                why,
                tuple(claims),
                cosines,
                cell=cell.certainty if cell else 0.0,
                above=words_above(tables, Span(passage.start, passage.end), passage.text) if tables else "",
                logits=() if evidence.logits is None else tuple(evidence.logits.tolist()),
            )
        return hits

    def _why(self, evidence: PassageEvidence, in_passage: Set[str], in_pin: Set[str]) -> Why:
        """Return the reasons for a hit, with the question's words in its passage and its pin."""
        passage_id, sides, question = evidence.row.passage.id, self.sides, self.question
        pin_terms = _terms_of_pin(evidence)
        rarest = sorted((term for term in question.words if term in pin_terms), key=lambda term: -question.idf[term])
        return Why(
            dense=sides.dense.get(passage_id) if sides.mode != "lexical" else None,
            dense_rank=sides.dense_ranks.get(passage_id),
            lexical=sides.lexical.get(passage_id, 0.0) if sides.mode != "dense" else None,
            lexical_rank=sides.lexical_ranks.get(passage_id),
            fused=sides.fused[passage_id],
            evidence=evidence.best,
            verbatim=passage_id in self.verbatim,
            reranked=self.reranked.get(passage_id),
            matched_terms=tuple(word for word in dict.fromkeys(question.words.values()) if word in in_passage),
            pin_terms=tuple(word for word in dict.fromkeys(question.words[term] for term in rarest) if word in in_pin),
            relevant=evidence.is_relevant,
        )


def _terms_of_pin(evidence: PassageEvidence) -> frozenset[str]:
    """Return the terms of the sentence with the evidence; of the whole passage if it has none."""
    return evidence.terms[evidence.pins[0]] if evidence.pins else evidence.held
