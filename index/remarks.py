"""What readers are told beside an answer, in words: verdicts, and notes with the words that they are about.

A note or a detail may have words of the question or of the text between asterisks: `No passage mentions *Brazil*.`
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
"""What readers call the verdicts."""
UNCHECKED = "Not checked"
"""What they call that of a sentence that states nothing."""
PROVEN: dict[Verdict, str] = {
    "verbatim": "These words stand in the source, in this order.",
    "supported": "Every part of the sentence was found in the words cited. That the source is right is not proven.",
    "contradicted": "The words cited say otherwise. Compare the two.",
    "unverified": "The documents were not found to say this. It may be true all the same.",
}
"""What a verdict proves, and no more."""
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")


def name(statement: Statement) -> str:
    """The verdict, as readers call it."""
    return NAMES[statement.verdict] if statement.is_claim else UNCHECKED


def reason(statement: Statement) -> str:
    """The detail, without the words that `name` has already; may have words between asterisks."""
    return statement.detail if statement.is_claim else statement.detail.removeprefix(f"{UNCHECKED}: ")


def remark(statement: Statement) -> str:
    """Verdict and detail in one line, the asterisks as quotation marks; empty where the documents bear it out."""
    if statement.is_supported:
        return ""
    return plain(": ".join(part for part in (name(statement), reason(statement)) if part))


def parts(note: str) -> Iterator[tuple[str, bool]]:
    """A note in pieces, each with whether it stands between asterisks, which are left out."""
    end = 0
    for found in _EMPHASIS.finditer(note):
        if found.start() > end:
            yield note[end : found.start()], False
        yield found.group(1), True
        end = found.end()
    if end < len(note):
        yield note[end:], False


def plain(note: str) -> str:
    """A note where there is no emphasis: words between asterisks stand in quotation marks."""
    return "".join(f"“{words}”" if is_emphatic else words for words, is_emphatic in parts(note))
