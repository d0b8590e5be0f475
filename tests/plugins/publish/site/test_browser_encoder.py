"""The encoder for browsers: what a browser reads is close to the weights that were trained."""

from __future__ import annotations

import numpy as np
import pytest

from index.encoders.pretrained import read_default
from index.plugins.publish.site_index import GROUP, byte_rows, is_portable, write_encoder

pytestmark = pytest.mark.model


def test_only_the_default_encoder_is_portable() -> None:
    """The layers of another encoder are not known."""
    assert is_portable("all-MiniLM-L6-v2@53aa51172d14")
    assert not is_portable("fake@1")


def test_tokens_and_weights_come_back() -> None:
    """The tokens are in the order of their numbers, and each weight is within half a step of the trained one."""
    parts, basis = read_default(), np.eye(384, 10, dtype=np.float32)
    sections, about = write_encoder(basis)

    def section(name: str) -> bytes:
        start, length = sections.directory[name]
        return bytes(sections.data[start : start + length])

    vocabulary = parts.tokenizer.get_vocab()
    tokens = section("tokens").decode().split("\n")
    assert {token: number for number, token in enumerate(tokens)} == vocabulary
    assert (about["size"], about["layers"], about["group"]) == (384, 6, GROUP)
    weights = parts.layers.state_dict()["encoder.layer.5.output.dense.weight"].float().numpy()
    data = section("encoder.layer.5.output.dense.weight")
    factors = np.frombuffer(data[: 4 * len(weights)], np.float32)[:, None]
    packed = np.frombuffer(data[4 * len(weights) :], np.int8).reshape(weights.shape)
    assert (np.abs(packed * factors - weights) <= factors / 2 + 1e-7).all()
    assert (np.frombuffer(section("basis"), np.float32).reshape(10, 384) == basis.T).all()


def test_rows_of_zeros_stay_zeros() -> None:
    """A row without a largest value has a factor all the same."""
    factors, rows = byte_rows(np.zeros((2, 4), np.float32))
    assert rows == bytes(8)
    assert (np.frombuffer(factors, np.float32) > 0).all()
