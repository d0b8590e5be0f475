"""Forward passes of a batch of texts: through a `SentenceTransformer`, or through its layers alone."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from index.bert import laid_end_to_end, mean_pooled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding
    from torch import Tensor

    from index.bert import Bert

    Floats = np.ndarray[Any, np.dtype[np.float32]]

BATCH_TOKENS = 1024
"""Padded tokens in one forward pass: what stays in the cache of one core beat larger batches by 2.5 times."""


class Pass(Protocol):
    """One way to compute a batch."""

    @property
    def parallel(self) -> bool:
        """Whether several batches may be computed at a time, each on a core of its own."""
        ...

    def __call__(self, batch: Sequence[Encoding]) -> tuple[Floats, list[Floats]]:
        """The texts' vectors, shape (n, dimension), and those of each text's tokens, shape (its length, dimension)."""
        ...


class LightPass:
    """Through the layers of a `PackedTransformer` alone, without the library that it is a module of."""

    parallel = True

    def __init__(self, layers: Bert) -> None:
        self._layers = layers

    def __call__(self, batch: Sequence[Encoding]) -> tuple[Floats, list[Floats]]:
        """See `Pass`."""
        ids, lengths = laid_end_to_end([encoding.ids for encoding in batch])
        return _arrays(*mean_pooled(self._layers(ids, lengths), lengths), batch)


class ModelPass:
    """Through a `SentenceTransformer`, whose first module is a `PackedTransformer`."""

    parallel = True

    def __init__(self, model: SentenceTransformer) -> None:
        self.model = model

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Encoding]) -> tuple[Floats, list[Floats]]:
        """See `Pass`."""
        from index.packed_transformer import features_of

        out = self.model(features_of([encoding.ids for encoding in batch]))
        return _arrays(out["sentence_embedding"], out["token_embeddings"], batch)


class PaddedPass(ModelPass):
    """Through any other `SentenceTransformer`, one batch at a time."""

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
            out = self.model({name: torch.from_numpy(each).to(self._device) for name, each in features.items()})
            return _arrays(out["sentence_embedding"], out["token_embeddings"].float().cpu(), batch)

    def _padded(self, batch: Sequence[Encoding]) -> tuple[np.ndarray[Any, Any], ...]:
        """Tokens, which of them are real, and their types, each of shape (n, length of the longest)."""
        shape = len(batch), max(len(encoding.ids) for encoding in batch)
        ids = np.full(shape, self._pad_id, dtype=np.int64)
        mask, types = np.zeros((2, *shape), dtype=np.int64)
        for row, encoding in enumerate(batch):
            length = len(encoding.ids)
            ids[row, :length], mask[row, :length], types[row, :length] = encoding.ids, 1, encoding.type_ids
        return ids, mask, types


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices by falling length, so that a batch wastes little on padding and memory peaks at once, not at the end."""
    batch: list[int] = []
    longest = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and longest * (len(batch) + 1) > BATCH_TOKENS:
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
    return vectors.float().cpu().numpy(), [row[: len(each.ids)].float().numpy() for row, each in rows]
