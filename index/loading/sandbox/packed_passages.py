"""Passages as numbers, in which a document of many passages is sent quickly."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from index.records import Chunk, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NUMBER = "I"


def packed(chunks: Sequence[Chunk]) -> bytes:
    """Encode passages as numbers: start, end, number of sentences, and the start and end of each sentence."""
    numbers = array(_NUMBER)
    for chunk in chunks:
        numbers.extend((chunk.start, chunk.end, len(chunk.sentences)))
        for span in chunk.sentences:
            numbers.extend(span)
    return numbers.tobytes()


def unpacked(frame: bytes) -> Iterator[Chunk]:
    """Yield the passages that were packed."""
    numbers = array(_NUMBER, frame)
    position = 0
    while position < len(numbers):
        start, end, count = numbers[position : position + 3]
        offsets = numbers[position + 3 : position + 3 + 2 * count]
        yield Chunk(start, end, tuple(map(Span, offsets[::2], offsets[1::2])))
        position += 3 + 2 * count
