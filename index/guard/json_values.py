"""How many values a JSON text has, counted as it comes.

A few megabytes of `[],` become gigabytes of objects, and nothing else runs while they are made: the parser holds the
interpreter's lock, in whatever thread it is. So the values are counted first, by passes over the bytes that cost less
than a millisecond for each 64 kB, whatever the bytes are.
"""

from __future__ import annotations

_VALUE_MARKS = (b",", b"[", b"{")
"""There is at most one more value than there are of these."""


class JsonValues:
    """Counts the values of one JSON text in UTF-8.

    A backslash escapes what follows outside of strings, too. There it is no JSON: parsers go no further.
    """

    def __init__(self) -> None:
        self.count = 1
        self.is_utf8 = True
        """Parsers take UTF-16 and UTF-32 as well, in which quotation marks are not what they seem here."""
        self._in_string = False
        self._pending = b""
        """A backslash whose character has not come yet."""

    def add(self, chunk: bytes) -> None:
        """Count what has come."""
        if b"\0" in chunk:
            self.is_utf8 = False
            return
        pieces = self._unescaped(chunk).split(b'"')
        outside = b"".join(pieces[self._in_string :: 2])
        self.count += sum(map(outside.count, _VALUE_MARKS))
        self._in_string ^= len(pieces) % 2 == 0

    def _unescaped(self, chunk: bytes) -> bytes:
        """The chunk without escaped backslashes and quotation marks: each mark that is left begins or ends a string."""
        text = (self._pending + chunk).replace(rb"\\", b"")  # first: of what is left, no two stand side by side
        self._pending = b"\\" if text.endswith(b"\\") else b""
        return text.removesuffix(b"\\").replace(rb"\"", b"")
