"""The default encoder in a form that a browser can run: eight bits for its layers, four for the vectors of its tokens.

With it, the browser encodes a question as the server does: the cosine of both vectors was 0.996 to 0.999 for questions
of SQuAD. Only the default encoder is written, because its layers are known; a site of another has word vectors alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoders.pretrained import DEFAULT_NAME, read_default
from index.publish.site.passage_index import Sections, byte_rows, half_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    Floats = np.ndarray[Any, np.dtype[np.float32]]

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
