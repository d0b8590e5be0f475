"""A module for sentence-transformers that computes BERT and its mean without padding.

It replaces a model's `Transformer` and `Pooling`, with the same results: `SentenceTransformer.encode` works as before.
One pass gives the vector of a text and those of its tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import InputModule

from index.encoders.bert import concatenate, mean_pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.encoders.bert import Bert

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
        """Add the embeddings to the features, as the class docstring describes."""
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
