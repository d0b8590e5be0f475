"""The number of values in a JSON text, counted before it is parsed."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.server.guard.middleware import JsonValueCounter
from tests.cases import cases

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def count_values(*chunks: bytes) -> JsonValueCounter:
    """Return the counter after these chunks."""
    counter = JsonValueCounter()
    for chunk in chunks:
        counter.add(chunk)
    return counter


def number_of_values(value: Any) -> int:
    """Return the number of values, including the containers."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(number_of_values, inner))


@given(value=VALUES, ascii_only=st.booleans(), cuts=st.lists(st.integers(min_value=1, max_value=20)))
def test_count_is_never_below_the_number_of_values(value: Any, ascii_only: bool, cuts: list[int]) -> None:
    """The count is at most twice the number, and does not depend on the chunks."""
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    chunks = []
    rest = text
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    counter = count_values(*chunks, rest)
    assert counter.count == count_values(text).count
    assert number_of_values(value) <= counter.count <= 2 * number_of_values(value)


@cases(
    ("text", "expected"),
    [
        ('"a, [b], {c}"', 1), (r'"a \", [b]"', 1), (r'["a\\", "b"]', 3), (r'"\\\\\", [,,,"', 1), ("[[[[", 5),
        ("[],[],", 5), ('"open, [', 1), ("", 1),
    ],
)  # fmt: skip
def test_brackets_and_commas_in_strings_are_not_counted(text: str, expected: int) -> None:
    """The result does not depend on the chunks."""
    data = text.encode()
    assert count_values(data).count == expected
    assert count_values(*(data[n : n + 1] for n in range(len(data)))).count == expected


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16", "utf-32-be"])
def test_encodings_other_than_utf_8_are_detected(encoding: str) -> None:
    """In UTF-16 or UTF-32 a byte that looks like a quotation mark may be half of another character."""
    assert not count_values('{"a": ["∢", 1, 2]}'.encode(encoding)).is_utf8
    assert count_values('{"a": "∢ü"}'.encode()).is_utf8


@given(text=st.text(alphabet='\\"",[{a', max_size=60), places=st.lists(st.integers(0, 60)))
def test_count_is_exact_for_any_bytes_and_chunks(text: str, places: list[int]) -> None:
    """The reference counts one character after the other."""
    data = text.encode()
    marks, in_string, escaped = 0, False, False
    for character in text:
        escaped, was_escaped = character == "\\" and not escaped, escaped
        if character == '"' and not was_escaped:
            in_string = not in_string
        marks += character in ",[{" and not in_string
    chunks = [data[start:end] for start, end in pairwise([0, *sorted(places), len(data)])]
    assert count_values(*chunks).count == marks + 1


@cases(
    "pattern",
    [b'"', b"\\", b'\\"', b'"a', b'"abc"', b'\\\\"', b'"\\""', b'"[,{', b"[],", b"a"],
    ids=["quotes", "backslashes", "escaped", "letters", "strings", "pairs", "both", "marks", "lists", "text"],
)
def test_counting_does_not_block_the_event_loop(pattern: bytes) -> None:
    """64 kB take 0.7 ms of processor time at worst; a quadratic scan would take seconds."""
    chunk = (pattern * 65_536)[:65_536]
    counter = JsonValueCounter()
    start = time.thread_time()
    for _ in range(3):
        counter.add(chunk)
    assert time.thread_time() - start < 0.3
