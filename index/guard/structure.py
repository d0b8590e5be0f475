"""How many values a JSON text has, counted as it comes.

A few megabytes of `[],` become gigabytes of objects, and nothing else runs while they are made: the parser holds the
interpreter's lock, in whatever thread it is. So the values are counted first, at the speed of regular expressions.
"""

from __future__ import annotations

import re

_STRING = re.compile(rb'"(?:[^"\\\0]++|\\[^\0])*+(?:"|(\\?\0))', re.DOTALL)
"""A string to its end, or to the NUL that ends what has come; the group tells which, and if a backslash is pending."""
_ENDS = {b"\0\0": b'"', b"\\\0\\\0": b'"\\'}
"""How the rest ends where a string is still open, and what to put before the next chunk."""
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
        rest = _STRING.sub(rb"\1\1", self._open + chunk + b"\0")
        self.values += sum(map(rest.count, _VALUE_MARKS))
        self._open = next((opened for end, opened in _ENDS.items() if rest.endswith(end)), b"")
