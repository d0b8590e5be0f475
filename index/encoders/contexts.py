"""The context of a text: words that an encoder reads before it, such as the headers of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Limited(Protocol):
    """An encoder's limit."""

    @property
    def max_tokens(self) -> int:
        """The most tokens of a text, special tokens included."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text."""


def fitting_context(context: str, text: str, encoder: Limited) -> str:
    """Return the line to read before a text: as many words of its context as the encoder's limit allows."""
    words = context.split()
    while words:
        line = f"{' '.join(words)}\n"
        if encoder.count_tokens([line + text])[0] <= encoder.max_tokens:
            return line
        words = words[: len(words) // 2]
    return ""
