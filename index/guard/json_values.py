"""Counts the values of a JSON text while it arrives.

A few megabytes of `[],` become gigabytes of objects, and no other thread runs while they are made, because the parser
holds the interpreter's lock. Therefore the values are counted first, in passes over the bytes that cost less than a
millisecond per 64 kB, whatever the bytes are.
"""

from __future__ import annotations

_VALUE_MARKS = (b",", b"[", b"{")
"""A JSON text has at most one more value than it has of these bytes outside of strings."""


class JsonValueCounter:
    """Counts the values of one JSON text in UTF-8.

    A backslash outside of strings is treated as an escape, too. Such a text is invalid JSON, and parsers stop there.
    """

    def __init__(self) -> None:
        self.count = 1
        self.is_utf8 = True
        """False for UTF-16 and UTF-32: parsers accept them, but their quotation marks cannot be found bytewise."""
        self._in_string = False
        self._pending = b""
        """A trailing backslash whose escaped character has not arrived yet."""

    def add(self, chunk: bytes) -> None:
        """Count the values of the next chunk."""
        if b"\0" in chunk:
            self.is_utf8 = False
            return
        pieces = self._unescaped(chunk).split(b'"')
        outside = b"".join(pieces[self._in_string :: 2])
        self.count += sum(map(outside.count, _VALUE_MARKS))
        self._in_string ^= len(pieces) % 2 == 0

    def _unescaped(self, chunk: bytes) -> bytes:
        """Return the chunk without escapes: every remaining quotation mark begins or ends a string."""
        text = (self._pending + chunk).replace(rb"\\", b"")  # first, so that no two adjacent backslashes remain
        self._pending = b"\\" if text.endswith(b"\\") else b""
        return text.removesuffix(b"\\").replace(rb"\"", b"")
