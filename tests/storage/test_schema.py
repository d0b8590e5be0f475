"""How spans and vectors are packed into the catalog."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from index.records import Span
from index.storage.tables import (
    checksum,
    pack_sentence_vectors,
    pack_spans,
    pack_vector,
    unpack_sentence_vectors,
    unpack_spans,
)

OFFSETS = st.integers(0, 2**31 - 1)
SPANS = st.lists(st.tuples(OFFSETS, OFFSETS).map(sorted).map(lambda pair: Span(*pair)), max_size=20)
VALUES = st.floats(-1, 1, width=32)
ROWS = nps.arrays(np.float32, st.tuples(st.integers(1, 6), st.just(8)), elements=VALUES)


@given(SPANS, OFFSETS)
def test_spans_survive_packing(spans: list[Span], start: int) -> None:
    """Unpacked spans equal the packed ones, whatever offset they are counted from."""
    moved = [Span(span.start + start, span.end + start) for span in spans]
    assert unpack_spans(pack_spans(moved, start), start) == tuple(moved)


def test_a_packed_span_takes_eight_bytes() -> None:
    """The format is two little-endian 32-bit offsets from the passage's beginning."""
    assert pack_spans([Span(101, 103)], 100) == b"\x01\0\0\0\x03\0\0\0"


@given(nps.arrays(np.float32, 16, elements=VALUES))
def test_packed_vector_keeps_its_direction(vector: np.ndarray) -> None:  # type: ignore[type-arg,unused-ignore]
    """Float16 changes no cosine by more than a thousandth."""
    assume(np.linalg.norm(vector) > 0.01)
    vector = vector / np.linalg.norm(vector)
    kept = np.frombuffer(pack_vector(vector), dtype="<f2").astype(np.float32)
    assert float(kept @ vector) == pytest.approx(1.0, abs=1e-3)


@given(ROWS)
def test_packed_sentence_vectors_keep_their_directions(rows: np.ndarray) -> None:  # type: ignore[type-arg,unused-ignore]
    """Int8, scaled row by row, changes no cosine by more than a thousandth, and each unpacked row has length one."""
    lengths = np.linalg.norm(rows, axis=1)
    assume(lengths.min() > 1e-3)
    kept = unpack_sentence_vectors(pack_sentence_vectors(rows), 8)
    assert np.linalg.norm(kept, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (kept * rows).sum(axis=1) / lengths == pytest.approx(1.0, abs=1e-3)


def test_zero_sentence_vector_stays_zero() -> None:
    """A row of zeros is unpacked as zeros, without a division by zero."""
    zeros = np.zeros((2, 8), dtype=np.float32)
    assert not unpack_sentence_vectors(pack_sentence_vectors(zeros), 8).any()


def test_passage_without_sentences_has_an_empty_blob() -> None:
    """The empty blob is unpacked as an empty array."""
    packed = pack_sentence_vectors(np.zeros((0, 8), dtype=np.float32))
    assert packed == b""
    assert unpack_sentence_vectors(packed, 8).shape == (0, 8)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_flipped_bit_changes_the_checksum(blob: bytes, data: st.DataObject) -> None:
    """The checksum detects a change of any single bit, and of the place of the passage."""
    at = data.draw(st.integers(0, len(blob) * 8 - 1))
    flipped = bytearray(blob)
    flipped[at // 8] ^= 1 << at % 8
    assert checksum((0, 1, 2), "text", blob) != checksum((0, 1, 2), "text", bytes(flipped))
    assert checksum((0, 1, 2), "text", blob) != checksum((0, 1, 3), "text", blob)
