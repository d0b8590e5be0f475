"""The compact index: numbers, postings and vectors survive the packing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.plugins.publish.site_index import IndexedPassages, Sections, distil, varints, write_index
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library.library import Library
    from tests.conftest import Write


TEXT = """# The Harbour Treaty

The king signed the treaty in the harbour. Winter had closed the river, and the river the harbour, for 3 weeks.

## Afterwards

The queen kept a garden and a clock. Nobody remembered the whale of Captain Ahab.
"""


@pytest.fixture
def passages(library: Library, write: Write) -> IndexedPassages:
    """The passages of a small library."""
    library.add([write("treaty.md", TEXT)])
    rows = library.passages("treaty.md")
    return IndexedPassages(rows, [0] * len(rows))


def decoded(data: bytes) -> Iterator[int]:
    """Yield the numbers of LEB128."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


def section(sections: Sections, name: str) -> bytes:
    """Return the bytes of a section."""
    start, length = sections.directory[name]
    return bytes(sections.data[start : start + length])


@pytest.mark.parametrize("numbers", [[], [0], [127, 128], [300, 0, 2**31 - 1]])
def test_varints_are_leb128(numbers: list[int]) -> None:
    """Each number comes back."""
    assert list(decoded(varints(numbers))) == numbers


def test_sections_begin_at_multiples_of_four() -> None:
    """A browser reads floats only there."""
    sections = Sections()
    sections.add("a", b"12345")
    sections.add("b", b"6")
    assert sections.directory == {"a": (0, 5), "b": (8, 1)}
    assert section(sections, "b") == b"6"


def test_postings_hold_every_term_of_every_sentence(passages: IndexedPassages) -> None:
    """From the postings, the terms of all sentences and their counts can be restored."""
    sections = write_index(passages, distil(passages, FakeEncoder()))
    numbers = decoded(section(sections, "postings"))
    restored: list[Counter[str]] = [Counter() for _ in passages.sentences]
    for term in section(sections, "terms").decode().split("\n"):
        sentence = -1
        for _ in range(next(numbers)):
            step = next(numbers)
            sentence += step >> 1
            restored[sentence][term] = next(numbers) if step & 1 else 1
    assert restored == [Counter(terms) for terms in passages.terms]
    assert max(max(counts.values()) for counts in restored) > 1
    assert list(numbers) == []


def test_places_are_the_spans_of_the_passages(passages: IndexedPassages) -> None:
    """Documents and spans of all passages and sentences can be restored."""
    sections = write_index(passages, distil(passages, FakeEncoder()))
    numbers = decoded(section(sections, "passages"))
    pinnable = {}
    for row in passages.rows:
        assert next(numbers) == 0
        start = next(numbers)
        assert (start, start + next(numbers)) == (row.passage.start, row.passage.end)
        assert next(numbers) == len(row.passage.sentences)
        for span in row.passage.sentences:
            gap = next(numbers)
            start += gap >> 1
            assert start == span.start
            pinnable[span] = bool(gap & 1)
            start += next(numbers)
            assert start == span.end
    assert list(numbers) == []
    by_text = dict(zip(passages.sentences, pinnable.values(), strict=True))
    assert not by_text["The Harbour Treaty"]
    assert by_text["The king signed the treaty in the harbour."]


@pytest.mark.parametrize(
    ("name", "attribute"), [("passage-vectors", "vectors"), ("sentence-vectors", "sentence_vectors")]
)
def test_vectors_keep_their_cosines(passages: IndexedPassages, name: str, attribute: str) -> None:
    """The packed vectors have nearly the products that the encoder's vectors have."""
    words = distil(passages, FakeEncoder())
    vectors = getattr(passages, attribute)
    data = section(write_index(passages, words), name)
    factors = np.frombuffer(data[: 4 * len(vectors)], np.float32)
    packed = np.frombuffer(data[4 * len(vectors) :], np.int8).reshape(len(vectors), -1) * factors[:, None]
    assert np.abs(packed @ packed.T - vectors @ vectors.T).max() < 0.02


def test_word_vectors_fit_into_halves_of_bytes(passages: IndexedPassages) -> None:
    """A word's vector comes back within half a step of its sixteen values."""
    words = distil(passages, FakeEncoder())
    data = section(write_index(passages, words), "words")
    factors = np.frombuffer(data[: 4 * len(words.terms)], np.float32)
    halves = np.frombuffer(data[4 * len(words.terms) :], np.uint8).reshape(len(words.terms), -1)
    unpacked = np.stack([halves & 15, halves >> 4], axis=2).reshape(len(words.terms), -1).astype(np.float32) - 8
    assert (np.abs(unpacked * factors[:, None] - words.vectors) <= factors[:, None] / 2 + 1e-6).all()
