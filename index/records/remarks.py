"""Words the remarks on an answer: verdicts and notes.

Notes and details may contain words of the question or the text between asterisks: `No passage mentions *Brazil*.`
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records import Statement, Verdict

NAMES: dict[Verdict, str] = {
    "verbatim": "Word for word",
    "supported": "Supported",
    "contradicted": "Contradicted",
    "unverified": "Not verified",
}
"""The names of the verdicts for readers."""
UNCHECKED = "Not checked"
"""The name for a sentence that states nothing."""
PROVEN: dict[Verdict, str] = {
    "verbatim": "The source contains these words in this order.",
    "supported": "Every part of the sentence is in the cited words. This does not prove that the source is right.",
    "contradicted": "The cited words say otherwise. Compare the two.",
    "unverified": "The documents do not seem to say this. It may still be true.",
}
"""What a verdict proves, and no more."""
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")


def verdict_name(statement: Statement) -> str:
    """Return the name of the verdict for readers."""
    return NAMES[statement.verdict] if statement.is_claim else UNCHECKED


def reason(statement: Statement) -> str:
    """Return the detail without the prefix `UNCHECKED`; it may contain words between asterisks."""
    return statement.detail if statement.is_claim else statement.detail.removeprefix(f"{UNCHECKED}: ")


def remark(statement: Statement) -> str:
    """Return verdict and detail in one line, with quotation marks for asterisks; empty for a supported statement."""
    if statement.is_supported:
        return ""
    return plain(": ".join(part for part in (verdict_name(statement), reason(statement)) if part))


def parts(note: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a note, each with whether it stood between asterisks; the asterisks are left out."""
    end = 0
    for found in _EMPHASIS.finditer(note):
        if found.start() > end:
            yield note[end : found.start()], False
        yield found.group(1), True
        end = found.end()
    if end < len(note):
        yield note[end:], False


def plain(note: str) -> str:
    """Return a note as plain text: words between asterisks get quotation marks."""
    return "".join(f"“{words}”" if is_emphatic else words for words, is_emphatic in parts(note))
