"""Static word vectors: a question in other words is near to the passage that means the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.plugins.publish import site_index
from index.plugins.publish.site_index import IndexedPassages, distil
from index.text.words import terms
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from index.library.library import Library
    from index.plugins.publish.site_index import Floats, WordVectors
    from tests.conftest import Write


TEXTS = {
    "ship.txt": "The vessel lay in the harbour. Its horse was on the dock.",
    "oil.txt": "The price of crude fell in summer. Petroleum had no tariff.",
    "queen.txt": "The queen kept a garden. A whale and a comet were seen in winter.",
}


@pytest.fixture
def passages(library: Library, write: Write) -> IndexedPassages:
    """The passages of three documents, in the order of their sources."""
    library.add([write(name, text) for name, text in TEXTS.items()])
    rows = [row for info in library.documents() for row in library.passages(info.id)]
    return IndexedPassages(rows, list(range(len(rows))))


def encode(words: WordVectors, question: str) -> Floats:
    """Return the vector of a question as the browser computes it."""
    numbers = [words.terms.index(term) for term in terms(question) if term in words.terms]
    weights = words.weights[numbers]
    mean = np.asarray((weights[:, None] * words.vectors[numbers]).sum(axis=0) / weights.sum() + words.bias)
    found: Floats = mean / np.linalg.norm(mean)
    return found


def test_synonyms_find_their_passage(passages: IndexedPassages) -> None:
    """No word of the question is in the document; only the encoder's geometry relates them."""
    words = distil(passages, FakeEncoder())
    for question, nearest in (("a boat in the port", "ship.txt"), ("cost of oil", "oil.txt")):
        cosines = passages.vectors @ words.basis @ encode(words, question)
        assert int(cosines.argmax()) == sorted(TEXTS).index(nearest)


def test_words_of_documents_and_frequent_words_have_vectors(passages: IndexedPassages) -> None:
    """A reader may use a word that no document has. The weight is the rarity in English."""
    words = distil(passages, FakeEncoder())
    assert {"comet", "tariff", "monday", "expens"} <= set(words.terms)
    assert len(set(words.terms)) == len(words.terms) == len(words.vectors) == len(words.weights)
    weights = dict(zip(words.terms, words.weights.tolist(), strict=True))
    assert weights["the"] < weights["queen"] < weights["tariff"]


def test_large_libraries_use_a_sample(passages: IndexedPassages, monkeypatch: pytest.MonkeyPatch) -> None:
    """The adjustment takes sentences spread over the whole library."""
    monkeypatch.setattr(site_index, "MOST_SENTENCES", 2)
    encoder = FakeEncoder()
    distil(passages, encoder)
    assert encoder.questions == [passages.sentences[0], passages.sentences[len(passages.sentences) // 2]]
