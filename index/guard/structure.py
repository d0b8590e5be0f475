"""How many values a JSON text has, counted as it comes.

A few megabytes of `[],` become gigabytes of objects, and nothing else runs while they are made: the parser holds the
interpreter's lock, in whatever thread it is. So the values are counted first, at the speed of regular expressions.
"""

from __future__ import annotations

import re

_CLOSED = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
"""All up to a string that is still open."""
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_VALUE_MARKS = (b",", b"[", b"{")
"""There is at most one more value than there are of these."""


class Structure:
    """Counts the values of one JSON text in UTF-8."""

    def __init__(self) -> None:
        self.values = 1
        self.is_utf8 = True
        """Parsers take UTF-16 and UTF-32 as well, in which quotation marks are not what they seem here."""
        self._open = b""

    def add(self, chunk: bytes) -> None:
        """Count what has come."""
        if b"\0" in chunk:
            self.is_utf8 = False
            return
        text = self._open + chunk
        match = _CLOSED.match(text)
        end = match.end() if match else 0
        structure = _STRING.sub(b"", text[:end])
        self.values += sum(structure.count(mark) for mark in _VALUE_MARKS)
        self._open = _opened(text[end:])


def _opened(string: bytes) -> bytes:
    """The beginning of an open string that says all about it: that it is open, and whether a backslash is pending."""
    backslashes = len(string) - len(string.rstrip(b"\\"))
    return string[:1] + b"\\" * (backslashes % 2)
