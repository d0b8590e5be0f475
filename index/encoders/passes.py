"""Forward passes of a batch of texts, through sentence-transformers or through the model's layers alone.

Threads that share a forward pass wait for the slowest of them after each layer. On a busy machine a question took
thirty times as long for that. `torch.set_num_threads` would keep a pass to one core, but it also sets the number for
the caller's threads. The limit of OpenMP, which torch uses, belongs to the thread that sets it.

It replaces a model's `Transformer` and `Pooling`, with the same results: `SentenceTransformer.encode` works as before.
One pass gives the vector of a text and those of its tokens.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import InputModule

from index.encoders.bert import concatenate, mean_pooled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Encoding
    from torch import Tensor

    from index.encoders.bert import Bert


def one_core_threads(workers: int, name: str) -> ThreadPoolExecutor:
    """Return a pool of threads; torch uses one core in each of them."""
    return ThreadPoolExecutor(workers, name, initializer=_keep_to_one_core)


def _keep_to_one_core() -> None:
    """Limit the calling thread to one core. If torch was built without OpenMP, this does nothing."""
    import torch
    from threadpoolctl import ThreadpoolController

    torch.get_num_threads()  # sets the caller's number in a new thread; the limit must come after it
    ThreadpoolController().select(user_api="openmp").limit(limits=1)


if TYPE_CHECKING:
    Features = dict[str, Any]


class PackedTransformer(InputModule):
    """BERT's layers over concatenated texts, and the mean of each text's tokens.

    Features hold `input_ids`, the tokens of all texts in one row, and `lengths`, their numbers of tokens. The forward
    pass adds `sentence_embedding`, shape (texts, size), and `token_embeddings`, one tensor of shape (length, size) for
    each text.
    """

    def __init__(self, layers: Bert, tokenizer: Any, max_seq_length: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.layers = layers
        self.tokenizer: Any = tokenizer
        self.max_seq_length = max_seq_length

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> Features:
        """Return the features of texts, each cut at the model's limit."""
        texts = [(prompt or "") + str(text) for text in inputs]
        cut = self.tokenizer(texts, truncation=True, max_length=self.max_seq_length, return_attention_mask=False)
        features = make_features(cut["input_ids"])
        # `encode(output_value="token_embeddings")` finds each text's last token by this mask.
        features["attention_mask"] = tuple(torch.ones(length) for length in features["lengths"].tolist())
        return features

    def forward(self, features: Features, **_: Any) -> Features:
        """Add the embeddings to the features, as the class says."""
        lengths = features["lengths"].tolist()
        vectors, tokens = mean_pooled(self.layers(features["input_ids"], lengths), lengths)
        return {**features, "sentence_embedding": vectors, "token_embeddings": tokens}

    def get_embedding_dimension(self) -> int:
        """Return the length of a vector."""
        return self.layers.size

    def save(self, output_path: str, *_: Any, **__: Any) -> NoReturn:
        """Raise NotImplementedError: the weights are in the layout of this processor."""
        raise NotImplementedError(f"Nothing was saved in {output_path}: save the model whose layers these are.")


def make_features(texts: Sequence[Sequence[int]]) -> Features:
    """Return the features of texts that are given as tokens."""
    ids, lengths = concatenate(texts)
    return {"input_ids": ids, "lengths": torch.tensor(lengths)}


def pack(model: SentenceTransformer, layers: Bert) -> SentenceTransformer:
    """Return the model with these layers in place of its first two modules, a BERT and its mean."""
    first = PackedTransformer(layers, model.tokenizer, int(model.max_seq_length or 512))
    return SentenceTransformer(
        modules=[first, *list(model)[2:]],
        device="cpu",
        prompts={name: prompt or "" for name, prompt in model.prompts.items()},
        default_prompt_name=model.default_prompt_name,
    ).eval()


if TYPE_CHECKING:
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


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the indices of each batch, the longest texts first: it saves padding, and memory peaks at the beginning."""
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
    return vectors.float().cpu().numpy(), [row[: len(encoding.ids)].float().numpy() for row, encoding in rows]
