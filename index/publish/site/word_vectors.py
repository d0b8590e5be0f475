"""Static vectors of words, with which a browser encodes a question: it adds the vectors of the question's words.

They are distilled from the library's encoder. A word's first vector is that of the word alone, as in Model2Vec (Tulkens
and van Dongen, 2024). Then the words are adjusted so that their weighted means come near the vectors of the library's
own sentences, each encoded as a question would be: ridge regression, solved in its dual form. Passages and sentences
keep the encoder's own vectors, so only the question's side is approximate.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoders.encoder import Draft
from index.text.words import frequent_words, rarity, terms, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.encoders.encoder import Encoder
    from index.publish.site.passage_index import IndexedPassages

    Floats = np.ndarray[Any, np.dtype[np.float32]]

FREQUENT = 6000
"""The number of frequent English words that get a vector even if no document has them: a reader may ask with them."""
MOST_WORDS = 12_000
"""The largest number of the documents' own words that get a vector, the most frequent first."""
DIMENSIONS = 192
"""The number of principal components that are kept of the encoder's dimensions."""
MOST_SENTENCES = 2500
"""The largest number of sentences that the words are adjusted to, evenly spread over the library."""
PENALTY = 0.2
"""The ridge penalty: words of few sentences stay near the vector of the word alone."""
LEAST_WEIGHT = 0.05
"""The weight of the most frequent word; a word's weight is its rarity in English."""
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class WordVectors:
    """Vectors of terms, in the space of the principal components."""

    terms: Sequence[str]
    vectors: Floats
    """Shape (terms, components)."""
    weights: Floats
    """Shape (terms,): how much each term counts in the mean."""
    bias: Floats
    """Shape (components,): added to the mean."""
    basis: Floats
    """Shape (dimension, components): projects a vector of the encoder."""


def distil(passages: IndexedPassages, encoder: Encoder) -> WordVectors:
    """Return the vectors of the library's words and of the most frequent English ones. Encodes all of them."""
    forms = _forms(passages)
    names = list(forms)
    weights = np.array([max(rarity(form), LEAST_WEIGHT) for form in forms.values()], dtype=np.float32)
    alone = _encoded(list(forms.values()), encoder)
    alone -= alone.mean(axis=0)
    chosen = _spread(len(passages.sentences), MOST_SENTENCES)
    targets = np.stack([encoder.encode_question(passages.sentences[n]) for n in chosen])
    bags = _bags([passages.terms[n] for n in chosen], {name: n for n, name in enumerate(names)}, weights)
    vectors, bias = _adjusted(alone, bags, targets)
    basis = _principal(np.concatenate([passages.vectors, passages.sentence_vectors]))
    return WordVectors(names, vectors @ basis, weights, bias @ basis, basis)


def _forms(passages: IndexedPassages) -> dict[str, str]:
    """Return each term with the most frequent word that it stands for."""
    counts = Counter(word for sentence in passages.sentences for word in words(sentence))
    forms: dict[str, str] = {}
    for word in [*frequent_words(FREQUENT), *(word for word, _ in counts.most_common(MOST_WORDS))]:
        if found := terms(word):
            forms.setdefault(found[0], word)
    return forms


def _encoded(texts: Sequence[str], encoder: Encoder) -> Floats:
    """Return the vector of each text; texts are words, so they fit into any encoder."""
    blocks = (texts[start : start + _BLOCK] for start in range(0, len(texts), _BLOCK))
    return np.stack([encoded.vector for block in blocks for encoded in encoder.encode_quotes([*map(Draft, block)])])


def _spread(number: int, most: int) -> list[int]:
    """Return at most `most` of the numbers below `number`, evenly spread."""
    wanted = min(number, most)
    return [n * number // wanted for n in range(wanted)]


def _bags(sentences: Sequence[Sequence[str]], numbers: Mapping[str, int], weights: Floats) -> Floats:
    """Return the share of each term in each sentence; shape (sentences, terms)."""
    bags = np.zeros((len(sentences), len(numbers)), dtype=np.float32)
    for row, sentence in zip(bags, sentences, strict=True):
        for term in sentence:
            if term in numbers:
                row[numbers[term]] += weights[numbers[term]]
    shares: Floats = bags / np.maximum(bags.sum(axis=1, keepdims=True), 1e-9)
    return shares


def _adjusted(alone: Floats, bags: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Return the vectors of words, adjusted to the sentences, and the bias."""
    used = np.flatnonzero(bags.any(axis=0))
    seen = bags[:, used]
    means = seen @ alone[used]
    scale = float((means * targets).sum() / max(float((means * means).sum()), 1e-9))
    bias = (targets - scale * means).mean(axis=0)
    kernel = seen @ seen.T + PENALTY * np.eye(len(seen), dtype=np.float32)
    vectors = scale * alone
    vectors[used] += seen.T @ np.linalg.solve(kernel, targets - scale * means - bias)
    return vectors, bias


def _principal(vectors: Floats) -> Floats:
    """Return the first principal components, about the origin, because cosines are taken from there."""
    _, components = np.linalg.eigh(vectors.T @ vectors)
    even = min(DIMENSIONS, len(components)) // 2 * 2
    return np.ascontiguousarray(components[:, ::-1][:, :even])
