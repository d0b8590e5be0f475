"""A module of sentence-transformers that computes BERT and its mean without padding.

It takes the places of a model's `Transformer` and `Pooling`, and gives what they give: `SentenceTransformer.encode`
works as before, and a text's vector and those of its tokens come out of one pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import InputModule

from index.bert import laid_end_to_end, mean_pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.bert import Bert

    Features = dict[str, Any]


class PackedTransformer(InputModule):
    """BERT's layers over texts laid end to end, and the mean of each text's tokens.

    Features hold `input_ids`, the tokens of all texts in one row, and `lengths`, how many each text has. The forward
    pass adds `sentence_embedding`, shape (texts, size), and `token_embeddings`, one tensor of shape (length, size) for
    each text.
    """

    def __init__(self, layers: Bert, tokenizer: Any, max_seq_length: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.layers = layers
        self.tokenizer: Any = tokenizer
        self.max_seq_length = max_seq_length

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> Features:
        """The features of texts, each cut at the model's limit."""
        texts = [(prompt or "") + str(text) for text in inputs]
        cut = self.tokenizer(texts, truncation=True, max_length=self.max_seq_length, return_attention_mask=False)
        features = features_of(cut["input_ids"])
        # `encode(output_value="token_embeddings")` looks there for each text's last token.
        features["attention_mask"] = tuple(torch.ones(length) for length in features["lengths"].tolist())
        return features

    def forward(self, features: Features, **_: Any) -> Features:
        """See the class."""
        lengths = features["lengths"].tolist()
        vectors, tokens = mean_pooled(self.layers(features["input_ids"], lengths), lengths)
        return {**features, "sentence_embedding": vectors, "token_embeddings": tokens}

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self.layers.size

    def save(self, output_path: str, *_: Any, **__: Any) -> NoReturn:
        """Not possible: the layers lie as this processor reads them."""
        raise NotImplementedError(f"Nothing was saved in {output_path}: save the model whose layers these are.")


def features_of(texts: Sequence[Sequence[int]]) -> Features:
    """The features of texts that are tokens already."""
    ids, lengths = laid_end_to_end(texts)
    return {"input_ids": ids, "lengths": torch.tensor(lengths)}


def packed(model: SentenceTransformer, layers: Bert) -> SentenceTransformer:
    """The model with these layers in the places of its first two modules, a BERT and its mean."""
    first = PackedTransformer(layers, model.tokenizer, int(model.max_seq_length or 512))
    return SentenceTransformer(
        modules=[first, *list(model)[2:]],
        device="cpu",
        prompts={name: prompt or "" for name, prompt in model.prompts.items()},
        default_prompt_name=model.default_prompt_name,
    ).eval()
