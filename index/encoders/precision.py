"""Chooses the precision of each model: the fastest on this processor, measured once and remembered.

A processor's features do not tell its speed: where bfloat16 is native it may be twice as fast as float32, or half as
fast. One layer of the default model's size is measured in each precision, with as many tokens as a passage has, and as
a question has. A thread with one core measures, because each pass of a model has one.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
from contextlib import suppress
from functools import lru_cache
from time import thread_time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path

from index.encoders.pretrained import ROUGH, on_one_core

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.encoders.bert import Bert

    Milliseconds = dict[str, dict[str, float]]
    """By workload and precision."""

PASSAGES, QUESTION = "passages", "question"
WORKLOAD_TOKENS = {PASSAGES: 128, QUESTION: 16}
"""Tokens in one pass. The reader and the verifier read about as many as a passage has."""
PRECISIONS_BY_EXACTNESS = ("float32", "float16", "bfloat16", "int8")
LIBRARY_PRECISIONS = ("float32", "bfloat16")
"""What the model library can compute."""
ADVANTAGE = 1.05
"""How much faster a precision must be than a more exact one to be chosen instead."""
LAYERS_VERSION = 4
"""Raise it when the layers become faster or slower in one precision: what is remembered holds for one version."""
ROUNDS, MAX_ROUNDS = 3, 20
"""The first one is slower: oneDNN compiles code for each number of rows."""
AGREEMENT = 1.1
"""How close the two least times of each precision must be before the measurement ends."""
_SIZE, _INNER_SIZE, _HEADS, _WORDS, _POSITIONS = 384, 1536, 12, 64, 128
_CANDIDATES = PRECISIONS_BY_EXACTNESS, (*PRECISIONS_BY_EXACTNESS, ROUGH), LIBRARY_PRECISIONS


def choose_precision(
    requested: str, device: str, workload: str = PASSAGES, *, own: bool = False, rough: bool = False
) -> str:
    """Return the precision; for `auto` the fastest one that is measured for a workload.

    Only our `own` layers have weights in float16, and products of eight bits; these are `rough` for a model whose
    weights were published in eight bits.
    """
    import torch

    if requested != "auto":
        return ROUGH if rough and requested == "int8" else requested
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    if device != "cpu":
        return "float32"
    candidates = PRECISIONS_BY_EXACTNESS if own else LIBRARY_PRECISIONS
    return fastest(measured()[workload], (*candidates, ROUGH) if rough else candidates)


def fastest(milliseconds: dict[str, float], candidates: Sequence[str] = PRECISIONS_BY_EXACTNESS) -> str:
    """Return the fastest candidate; a more exact one is preferred if it is nearly as fast."""
    best = "float32"
    for precision in candidates:
        if milliseconds.get(precision, float("inf")) * ADVANTAGE < milliseconds[best]:
            best = precision
    return best


@lru_cache(maxsize=1)
def measured() -> Milliseconds:
    """Return the milliseconds of one layer, as they are remembered for this processor; else measure them."""
    remembered = _read()
    if (known := remembered.get(_processor())) is not None:
        return known
    return _remember(measure())


def measured_again() -> Milliseconds:
    """Measure once more. Other choices must be confirmed by another measurement before they are remembered."""
    before, now = measured(), measure()
    if _choices(now) != _choices(before) and _choices(measure()) != _choices(now):
        return before
    measured.cache_clear()
    return _remember(now)


def measure() -> Milliseconds:
    """Return the least milliseconds of one layer by workload and precision. It takes 0.1 to 0.2 s."""
    return on_one_core(_measure)


def _measure() -> Milliseconds:
    from index.encoders.bert import Bert, works

    model = _one_layer()
    milliseconds: Milliseconds = {workload: {} for workload in WORKLOAD_TOKENS}
    candidates = filter(works, ("float32", "bfloat16", "int8", ROUGH))
    layers = {precision: Bert(model, precision) for precision in candidates}
    _time(layers, milliseconds)
    if _choices(milliseconds)[0] == "float32" and works("float16"):  # it is faster only where nothing else is
        _time({"float16": Bert(model, "float16")}, milliseconds)
    return milliseconds


def _time(layers: dict[str, Bert], milliseconds: Milliseconds) -> None:
    """Add the least processor time of several rounds, which alternate between the layers, because the speed drifts."""
    import torch

    for workload, tokens in WORKLOAD_TOKENS.items():
        ids = torch.arange(tokens) % _WORDS
        spent: dict[str, list[float]] = {precision: [] for precision in layers}
        for done in range(1, MAX_ROUNDS + 1):
            for precision, layer in layers.items():
                began = thread_time()
                layer(ids, [tokens])
                spent[precision].append(round((thread_time() - began) * 1000, 3))
            if done >= ROUNDS and all(map(_agree, spent.values())):
                break
        milliseconds[workload] |= {precision: min(times) for precision, times in spent.items()}


def _agree(times: Sequence[float]) -> bool:
    """Return whether the two least times are close: on a busy machine a layer may be disturbed several times."""
    least, second = sorted(times)[:2]
    return second < AGREEMENT * least


def _one_layer() -> Any:
    """Return a BERT of one layer, with weights of the usual size."""
    import torch

    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (_WORDS, _SIZE),
        "embeddings.position_embeddings.weight": (_POSITIONS, _SIZE),
        "embeddings.token_type_embeddings.weight": (2, _SIZE),
    }
    for name, rows, columns in (
        *((f"attention.self.{part}", _SIZE, _SIZE) for part in ("query", "key", "value")),
        ("attention.output.dense", _SIZE, _SIZE),
        ("intermediate.dense", _INNER_SIZE, _SIZE),
        ("output.dense", _SIZE, _INNER_SIZE),
    ):
        shapes |= {f"encoder.layer.0.{name}.weight": (rows, columns), f"encoder.layer.0.{name}.bias": (rows,)}
    for name in ("embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"):
        shapes |= {f"{name}.LayerNorm.weight": (_SIZE,), f"{name}.LayerNorm.bias": (_SIZE,)}
    weights = {name: torch.linspace(-0.05, 0.05, math.prod(shape)).view(shape) for name, shape in shapes.items()}
    config = SimpleNamespace(hidden_size=_SIZE, num_attention_heads=_HEADS, layer_norm_eps=1e-12, num_hidden_layers=1)
    return SimpleNamespace(config=config, state_dict=lambda: weights)


def _choices(milliseconds: Milliseconds) -> list[str]:
    return [fastest(milliseconds[workload], candidates) for workload in WORKLOAD_TOKENS for candidates in _CANDIDATES]


def _processor() -> str:
    """Return a key for what the speed depends on: the processor, its features, its cores, torch, and the layers."""
    import torch

    capabilities = dict(getattr(torch.cpu, "get_capabilities", dict)())
    features = hashlib.sha256(json.dumps(capabilities, sort_keys=True).encode()).hexdigest()[:12]
    name = capabilities.get("cpu_name") or platform.processor() or platform.machine()
    return f"{name} {features}, {torch.get_num_threads()} cores, torch {torch.__version__}, layers {LAYERS_VERSION}"


def _file() -> Path:
    return user_cache_path("pincite") / "precision.json"


def _read() -> dict[str, Milliseconds]:
    """Return the figures of each processor that used this folder; none if the file is missing or damaged."""
    try:
        content = json.loads(_file().read_bytes())
        return {
            str(processor): {name: {p: float(ms) for p, ms in times[name].items()} for name in WORKLOAD_TOKENS}
            for processor, times in content.items()
            if all("float32" in times[name] for name in WORKLOAD_TOKENS)
        }
    except (OSError, ValueError, AttributeError, LookupError, TypeError):
        return {}


def _remember(milliseconds: Milliseconds) -> Milliseconds:
    """Write the figures beside those of other processors. Where nothing can be written, each process measures."""
    content = {**_read(), _processor(): milliseconds}
    file = _file()
    part = file.with_name(f"{file.name}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content, indent=1))
        part.replace(file)
    return milliseconds
