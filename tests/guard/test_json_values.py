"""Values of a JSON text, counted before it is parsed."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.server.guard.body import JsonValueCounter
from tests.cases import cases

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def counted(*chunks: bytes) -> JsonValueCounter:
    """The count after these."""
    found = JsonValueCounter()
    for chunk in chunks:
        found.add(chunk)
    return found


def values(value: Any) -> int:
    """How many there are, the containers included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(values, inner))


@given(value=VALUES, ascii_only=st.booleans(), cuts=st.lists(st.integers(min_value=1, max_value=20)))
def test_no_value_is_missed_wherever_the_text_is_cut(value: Any, ascii_only: bool, cuts: list[int]) -> None:
    """The count is at least the number of values, and at most two for each of them."""
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    chunks = []
    rest = text
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    found = counted(*chunks, rest)
    assert found.count == counted(text).count
    assert values(value) <= found.count <= 2 * values(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a, [b], {c}"', 1),
        (r'"a \", [b]"', 1),
        (r'["a\\", "b"]', 3),
        (r'"\\\\\", [,,,"', 1),
        ("[[[[", 5),
        ("[],[],", 5),
        ('"open, [', 1),
        ("", 1),
    ],
)
def test_what_stands_in_strings_does_not_count(text: str, expected: int) -> None:
    """Nor does it matter where the chunks begin."""
    data = text.encode()
    assert counted(data).count == expected
    assert counted(*(data[n : n + 1] for n in range(len(data)))).count == expected


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16", "utf-32-be"])
def test_other_encodings_are_told_apart(encoding: str) -> None:
    """In these a quotation mark may be half of another character, and hide what follows it."""
    assert not counted('{"a": ["∢", 1, 2]}'.encode(encoding)).is_utf8
    assert counted('{"a": "∢ü"}'.encode()).is_utf8


@given(text=st.text(alphabet='\\"",[{a', max_size=60), places=st.lists(st.integers(0, 60)))
def test_the_count_is_exact_for_any_bytes_wherever_they_are_cut(text: str, places: list[int]) -> None:
    """As a reader counts who takes one character after the other."""
    data = text.encode()
    marks, in_string, escaped = 0, False, False
    for character in text:
        escaped, was_escaped = character == "\\" and not escaped, escaped
        if character == '"' and not was_escaped:
            in_string = not in_string
        marks += character in ",[{" and not in_string
    chunks = [data[start:end] for start, end in pairwise([0, *sorted(places), len(data)])]
    assert counted(*chunks).count == marks + 1


@cases(
    "pattern",
    [b'"', b"\\", b'\\"', b'"a', b'"abc"', b'\\\\"', b'"\\""', b'"[,{', b"[],", b"a"],
    ids=["quotes", "backslashes", "escaped", "letters", "strings", "pairs", "both", "marks", "lists", "text"],
)
def test_no_bytes_hold_the_loop(pattern: bytes) -> None:
    """64 kB take 0.7 ms at worst; the limit leaves room for a busy machine."""
    chunk = (pattern * 65_536)[:65_536]
    found = JsonValueCounter()
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        found.add(chunk)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.005
