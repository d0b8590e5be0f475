"""Defines the verifier for training: the layers of the default encoder in torch, and the head of `Verifier`.

`index.encoders.pairs` lays out the input, as for claims in the product.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from index.encoders.pairs import MARKS, SCALE
from index.encoders.pretrained import default_weights, read_default

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from index.encoders.pairs import Pair

CLASSES = 3


class TrainedVerifier(nn.Module):
    """A model that gives pairs of claim and premise the logits of three classes: supported, contradicted, not said."""

    def __init__(self) -> None:
        super().__init__()
        known = set(BertConfig().to_dict()) - {"transformers_version", "architectures", "dtype", "torch_dtype"}
        config = json.loads((default_weights() / "config.json").read_bytes())
        settings: Any = {name: value for name, value in config.items() if name in known}
        # Dropout in the layers costs a tenth of the time, and with one pass over the data it improved nothing.
        settings |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        # On a CPU plain products are faster than fused attention, whose backward pass is slow with heads this small.
        settings |= {"attn_implementation": "eager"}
        self.bert = BertModel(BertConfig(**settings), add_pooling_layer=False)
        default = {name: weight.float() for name, weight in read_default().layers.state_dict().items()}
        self.bert.load_state_dict(default, strict=False)  # the unused pooler is missing
        size = self.bert.config.hidden_size
        self.marks = nn.Embedding(MARKS, size)
        nn.init.zeros_(self.marks.weight)
        self.head = nn.ModuleDict({"dense": nn.Linear(3 * size, size), "out": nn.Linear(size, CLASSES)})
        for name, weight in self.bert.embeddings.named_parameters():
            weight.requires_grad_(name.startswith("token_type"))

    def forward(self, pairs: Sequence[Pair]) -> Tensor:
        """Return the logits, shape (pairs, 3)."""
        ids, segments, marks, mask, claim = _padded(pairs)
        embedded = self.bert.embeddings.word_embeddings(ids) + self.marks(marks)
        states = self.bert(inputs_embeds=embedded, attention_mask=mask, token_type_ids=segments).last_hidden_state
        inside = claim.unsqueeze(-1)
        mean = (states * inside).sum(1) / inside.sum(1).clamp(min=1)
        most = states.masked_fill(~inside, -1e4).amax(1)
        hidden = functional.gelu(self.head["dense"](torch.cat([states[:, 0], mean, most], -1)))
        logits: Tensor = self.head["out"](functional.dropout(hidden, 0.1, self.training))
        return logits

    def weights(self) -> dict[str, Tensor]:
        """Return all weights except the word embeddings, by the names that `Verifier` reads."""
        return {
            name.removeprefix("bert."): weight.detach().clone()
            for name, weight in self.state_dict().items()
            if "word_embeddings" not in name
        }

    def load(self, weights: dict[str, Tensor]) -> None:
        """Load such weights, to continue a training; ValueError for weights that `rounded` made."""
        if any(weight.dtype == torch.int8 for weight in weights.values()):
            raise ValueError("These weights are rounded. Start from float32 weights, as training.train writes them.")
        own = self.state_dict()
        self.load_state_dict(
            {n: weights.get(n.removeprefix("bert."), own[n]).float() for n in own},
        )


def save(weights: dict[str, Tensor], path: Path) -> None:
    """Write weights as safetensors."""
    from safetensors.torch import save_file

    save_file({name: weight.contiguous() for name, weight in weights.items()}, path)


def rounded(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Round tables to eight bits with a scale for each row, and convert vectors to float32."""
    found: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if weight.ndim < 2:
            found[name] = weight.float()
            continue
        scale = weight.abs().amax(1).clamp(min=1e-12) / 127
        found[name] = (weight / scale.unsqueeze(1)).round().to(torch.int8)
        found[name + SCALE] = scale
    return found


def _padded(pairs: Sequence[Pair]) -> tuple[Tensor, ...]:
    """Return ids, segments, marks, and masks of the real and of the claim's tokens; all of shape (pairs, longest)."""
    longest = max(len(pair.ids) for pair in pairs)
    ids, segments, marks = torch.zeros(3, len(pairs), longest, dtype=torch.long)
    mask = torch.zeros(len(pairs), longest, dtype=torch.long)
    claim = torch.zeros(len(pairs), longest, dtype=torch.bool)
    for row, pair in enumerate(pairs):
        length = len(pair.ids)
        for table, values in ((ids, pair.ids), (segments, pair.segments), (marks, pair.marks)):
            table[row, :length] = torch.tensor(values)
        mask[row, :length] = 1
        claim[row, 1 : pair.first + 1] = True
    return ids, segments, marks, mask, claim
