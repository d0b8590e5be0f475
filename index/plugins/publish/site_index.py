"""The compact index of a static site, the vectors of words with which a browser encodes, and the encoder itself.

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

from index.encoders.encoder import Draft
from index.encoders.pretrained import DEFAULT_NAME, read_default
from index.search.evidence import quotable_sentences
from index.storage.tables import unpack_sentence_vectors
from index.text.words import frequent_words, rarity, terms, terms_of, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.storage.catalog.passage_queries import PassageRow

    Floats = np.ndarray[Any, np.dtype[np.float32]]
    from collections.abc import Mapping

    from index.encoders.encoder import Encoder


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
    for sentence, held in enumerate(sentences):
        for term, count in Counter(held).items():
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


# Static vectors of words, with which a browser encodes a question: it adds the vectors of the question's words.
#
# They are distilled from the library's encoder. A word's first vector is that of the word alone, as in Model2Vec
# (Tulkens and van Dongen, 2024). Then the words are adjusted so that their weighted means come near the vectors of the
# library's own sentences, each encoded as a question would be: ridge regression, solved in its dual form. Passages and
# sentences keep the encoder's own vectors, so only the question's side is approximate.

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


# The default encoder in a form that a browser can run: eight bits for its layers, four for the vectors of its
# tokens.
#
# With it, the browser encodes a question as the server does: the cosine of both vectors was 0.996 to 0.999 for
# questions of SQuAD. Only the default encoder is written, because its layers are known; a site of another has word
# vectors alone.

GROUP = 32
"""The number of components of a token's vector that have one factor."""
NOTICE = (
    "encoder.bin holds the weights of sentence-transformers/all-MiniLM-L6-v2 (Apache License 2.0), in fewer bits.\n"
)


def is_portable(encoder: str) -> bool:
    """Return whether a browser can run the encoder with this name."""
    return encoder.startswith(DEFAULT_NAME)


def write_encoder(basis: Floats) -> tuple[Sections, dict[str, Any]]:
    """Return the default encoder with a projection to the site's components, and what a browser must know of it."""
    parts = read_default()
    weights = {name: weight.float().numpy() for name, weight in parts.layers.state_dict().items()}
    config, sections = parts.layers.config, Sections()
    tokens = sorted(parts.tokenizer.get_vocab().items(), key=lambda item: item[1])
    sections.add("tokens", "\n".join(token for token, _ in tokens).encode())
    words = weights["embeddings.word_embeddings.weight"]
    sections.add("words", *half_rows(words.reshape(-1, GROUP)))
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    sections.add("places", *byte_rows(places[: parts.limit]))
    _add_norm(sections, weights, "embeddings.LayerNorm")
    for n in range(config.num_hidden_layers):
        _add_layer(sections, weights, f"encoder.layer.{n}")
    sections.add("basis", np.ascontiguousarray(basis.T, dtype="<f4").tobytes())
    return sections, {
        "size": config.hidden_size,
        "heads": config.num_attention_heads,
        "layers": config.num_hidden_layers,
        "wide": config.intermediate_size,
        "epsilon": config.layer_norm_eps,
        "limit": parts.limit,
        "group": GROUP,
        "sections": sections.directory,
    }


def _add_layer(sections: Sections, weights: Mapping[str, Floats], prefix: str) -> None:
    for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
        _add_linear(sections, weights, f"{prefix}.{name}")
    _add_norm(sections, weights, f"{prefix}.attention.output.LayerNorm")
    for name in ("intermediate.dense", "output.dense"):
        _add_linear(sections, weights, f"{prefix}.{name}")
    _add_norm(sections, weights, f"{prefix}.output.LayerNorm")


def _add_linear(sections: Sections, weights: Mapping[str, Floats], name: str) -> None:
    sections.add(f"{name}.weight", *byte_rows(weights[f"{name}.weight"]))
    sections.add(f"{name}.bias", weights[f"{name}.bias"].astype("<f4").tobytes())


def _add_norm(sections: Sections, weights: Mapping[str, Floats], name: str) -> None:
    for part in ("weight", "bias"):
        sections.add(f"{name}.{part}", weights[f"{name}.{part}"].astype("<f4").tobytes())
