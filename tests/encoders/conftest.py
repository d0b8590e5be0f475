"""Models that several tests read: each is loaded once for all of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from index.encoders.encoder import SentenceTransformerEncoder
from index.encoders.pretrained import default_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    EncoderOf = Callable[[str], SentenceTransformerEncoder]


@pytest.fixture(scope="session")
def encoder_of(real_encoder: SentenceTransformerEncoder) -> EncoderOf:
    """Load the default encoder in a given precision."""

    @cache
    def load(precision: str) -> SentenceTransformerEncoder:
        if precision == "float32":
            return real_encoder
        return SentenceTransformerEncoder(device="cpu", precision=precision)

    return load


@pytest.fixture(scope="session")
def reference() -> Any:
    """Load the same weights through sentence-transformers itself."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(default_weights()), device="cpu", model_kwargs={"dtype": "float32"})
