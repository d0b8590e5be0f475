"""The text around a quote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.records import Citation, Hit


@dataclass(frozen=True, slots=True)
class QuoteContext:
    """The characters right before and right after a quote, exactly as in the document's text."""

    before: str = ""
    after: str = ""

    @property
    def before_on_line(self) -> str:
        """The part of `before` on the quote's own line."""
        return self.before.rpartition("\n")[2]

    @property
    def after_on_line(self) -> str:
        """The part of `after` on the quote's own line."""
        return self.after.partition("\n")[0]


def context_in(citation: Citation, hits: Iterable[Hit]) -> QuoteContext:
    """Return the context of a quote in the passages found; empty if none of them contains it."""
    for hit in hits:
        passage = hit.passage
        if hit.document.id == citation.document.id and passage.start <= citation.start <= citation.end <= passage.end:
            cut = citation.start - passage.start, citation.end - passage.start
            return QuoteContext(passage.text[: cut[0]], passage.text[cut[1] :])
    return QuoteContext()
