"""Forward passes of a batch of texts, through sentence-transformers or through the model's layers alone."""

from __future__ import annotations

import threading
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from index.encoders.bert import concatenate, mean_pooled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding
    from torch import Tensor

    from index.encoders.bert import Bert

    Floats = np.ndarray[Any, np.dtype[np.float32]]

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
