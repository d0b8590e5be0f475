"""The compact index of a static site: each sentence's words, place and kind, and all vectors, in one binary file.

The words are those of sentences. From them the browser computes how often a word is in a passage, and in a passage with
its neighbours, so neither the texts nor the two fields of the server's index are needed to rank.

The file is a row of sections; `Sections.directory` says where each begins. Numbers are LEB128 unless stated otherwise:

    terms      the vocabulary, one term a line; the first ones have vectors
    postings   for each term: the number of sentences; for each of these the distance to the one before, times two, plus
               one if the term is there more than once, which its count follows
    passages   for each passage: document, start, length, number of sentences; for each of these the gap to the sentence
               before, times two, plus one if it may be pinned; and its length
    weights    for each term with a vector, its rarity: one byte, RAREST for 255
    words      a 32-bit float for each row, then the rows, two components in a byte, the first in the low half; a
               component is its half minus 8, times the float
    passage-vectors, sentence-vectors
               a 32-bit float for each row, then the rows of signed bytes; their product is the vector
    bias       32-bit floats: the vector of a question without words
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from index.search.evidence import quotable_sentences
from index.storage.tables import unpack_sentence_vectors
from index.text.words import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.publish.site.word_vectors import WordVectors
    from index.storage.catalog.passage_queries import PassageRow

    Floats = np.ndarray[Any, np.dtype[np.float32]]

RAREST = 1.25
"""The rarity that a weight of 255 stands for."""


class Sections:
    """A binary file that is written section by section."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.directory: dict[str, tuple[int, int]] = {}
        """The offset and the length of each section, in bytes."""

    def add(self, name: str, *parts: bytes) -> None:
        """Append a section. It begins at a multiple of four, so that the browser can read floats in place."""
        self.data += bytes(-len(self.data) % 4)
        start = len(self.data)
        for part in parts:
            self.data += part
        self.directory[name] = (start, len(self.data) - start)


@dataclass(frozen=True, slots=True)
class IndexedPassages:
    """The passages of a site in order, with everything that is computed from them once."""

    rows: Sequence[PassageRow]
    documents: Sequence[int]
    """For each passage, its document's place on the site."""
    sentences: list[str] = field(init=False)
    terms: list[list[str]] = field(init=False)
    """For each sentence, its terms with repetition."""
    vectors: Floats = field(init=False)
    """Shape (passages, dimension), of length one."""
    sentence_vectors: Floats = field(init=False)

    def __post_init__(self) -> None:
        dimension = len(self.rows[0].vector) // 2
        texts = [text for row in self.rows for text in _sentence_texts(row)]
        stacked = np.frombuffer(b"".join(row.vector for row in self.rows), np.float16).reshape(-1, dimension)
        packed = b"".join(row.sentence_vectors for row in self.rows)
        object.__setattr__(self, "sentences", texts)
        object.__setattr__(self, "terms", terms_of(texts))
        object.__setattr__(self, "vectors", stacked.astype(np.float32))
        object.__setattr__(self, "sentence_vectors", unpack_sentence_vectors(packed, dimension))


def _sentence_texts(row: PassageRow) -> list[str]:
    passage = row.passage
    return [passage.text[start - passage.start : end - passage.start] for start, end in passage.sentences]


def write_index(passages: IndexedPassages, words: WordVectors) -> Sections:
    """Return the index of these passages."""
    vocabulary = list(dict.fromkeys([*words.terms, *(term for terms in passages.terms for term in terms)]))
    numbers = {term: number for number, term in enumerate(vocabulary)}
    sections = Sections()
    sections.add("terms", "\n".join(vocabulary).encode())
    sections.add("postings", _postings(passages.terms, numbers))
    sections.add("passages", varints(_places(passages)))
    sections.add("weights", np.rint(np.minimum(words.weights / RAREST, 1) * 255).astype(np.uint8).tobytes())
    sections.add("words", *half_rows(words.vectors))
    sections.add("passage-vectors", *byte_rows(passages.vectors @ words.basis))
    sections.add("sentence-vectors", *byte_rows(passages.sentence_vectors @ words.basis))
    sections.add("bias", words.bias.astype("<f4").tobytes())
    return sections


def varints(values: Iterable[int]) -> bytes:
    """Encode numbers in LEB128: seven bits in each byte, the lowest first; the eighth says that more follow."""
    encoded = bytearray()
    for value in values:
        while value > 0x7F:
            encoded.append(value & 0x7F | 0x80)
            value >>= 7
        encoded.append(value)
    return bytes(encoded)


def _postings(sentences: Sequence[Sequence[str]], numbers: dict[str, int]) -> bytes:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for sentence, terms in enumerate(sentences):
        for term, count in Counter(terms).items():
            found[numbers[term]].append((sentence, count))
    return varints(value for number in range(len(numbers)) for value in _posting_list(found.get(number, [])))


def _posting_list(entries: Sequence[tuple[int, int]]) -> Iterable[int]:
    yield len(entries)
    before = -1
    for sentence, count in entries:
        yield 2 * (sentence - before) + (count > 1)
        if count > 1:
            yield count
        before = sentence


def _places(passages: IndexedPassages) -> Iterable[int]:
    for row, document in zip(passages.rows, passages.documents, strict=True):
        passage, pinnable = row.passage, set(quotable_sentences(row))
        yield from (document, passage.start, passage.end - passage.start, len(passage.sentences))
        before = passage.start
        for n, (start, end) in enumerate(passage.sentences):
            yield from (2 * (start - before) + (n in pinnable), end - start)
            before = end


def byte_rows(vectors: Floats) -> tuple[bytes, bytes]:
    """Return a factor for each row, and the rows as signed bytes."""
    factors = np.maximum(np.abs(vectors).max(axis=1, initial=0.0), 1e-9) / 127
    return factors.astype("<f4").tobytes(), np.rint(vectors / factors[:, None]).astype(np.int8).tobytes()


def half_rows(vectors: Floats) -> tuple[bytes, bytes]:
    """Return a factor for each row, and the rows in four bits: a question adds several words, whose errors cancel."""
    factors = np.maximum(np.abs(vectors).max(axis=1, initial=0.0), 1e-9) / 7
    halves = (np.rint(vectors / factors[:, None]) + 8).astype(np.uint8)
    return factors.astype("<f4").tobytes(), (halves[:, ::2] | halves[:, 1::2] << 4).tobytes()
