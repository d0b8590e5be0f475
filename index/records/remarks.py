"""Words the remarks on an answer: verdicts and notes.

Notes and details may contain words of the question or the text between asterisks: `No passage mentions *Brazil*.`
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.records import Citation, Location, Statement, Verdict

NAMES: dict[Verdict, str] = {
    "verbatim": "Word for word",
    "supported": "Supported",
    "perhaps": "Perhaps",
    "contradicted": "Contradicted",
    "unverified": "Not verified",
}
"""The names of the verdicts for readers."""
UNCHECKED = "Not checked"
"""The name for a sentence that states nothing."""
PROVEN: dict[Verdict, str] = {
    "verbatim": "The source contains these words in this order.",
    "supported": "The cited words say every part of the sentence. This does not prove that the source is right.",
    "perhaps": "The cited words may say this. Compare the two.",
    "contradicted": "The cited words say otherwise. Compare the two.",
    "unverified": "The documents do not seem to say this. It may still be true.",
}
"""What a verdict proves, and no more."""
LOW_CONFIDENCE = 0.5
"""If a word of a passage was recognised with less confidence, the passage says so."""
AS_RECOGNISED = "as recognised"
"""What is said instead of *verbatim*, or beside a verdict, if the words were recognised in a picture."""
_RECOGNISED = "as recognised in a picture of the page"
_DOUBTFUL = "as recognised in a picture of the page, with low confidence: compare the words with the picture"
PROVEN_IN_PICTURE: dict[Verdict, str] = {
    "verbatim": "These words were recognised in a picture, in this order. Recognition may be wrong: see the picture.",
    "supported": "The cited words, as they were recognised in a picture, say every part of the sentence.",
    "perhaps": "The cited words, as they were recognised in a picture, may say this. Compare the two.",
    "contradicted": "The cited words, as they were recognised in a picture, say otherwise. Compare the two.",
    "unverified": PROVEN["unverified"],
}
"""What a verdict proves if words that it rests on were recognised in a picture."""
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")


def recognition(location: Location) -> str:
    """Return how the words of a location were read if they were recognised in a picture; empty for other words."""
    if location.recognised is None:
        return ""
    return _DOUBTFUL if location.recognised < LOW_CONFIDENCE else _RECOGNISED


def is_recognised(statement: Statement, citations: Iterable[Citation]) -> bool:
    """Return whether words that decide the verdict on a statement were recognised in a picture."""
    cited = (citation for citation in citations if citation.marker in statement.markers)
    return any(citation.location.recognised is not None for citation in cited)


def verdict_name(statement: Statement, citations: Iterable[Citation] = ()) -> str:
    """Return the name of the verdict for readers; with the citations, it says whether words were recognised."""
    if not statement.is_claim:
        return UNCHECKED
    name = NAMES[statement.verdict]
    return f"{name}, {AS_RECOGNISED}" if is_recognised(statement, citations) else name


def proven(statement: Statement, citations: Iterable[Citation] = ()) -> str:
    """Return what the verdict on a statement proves; empty for a sentence that states nothing."""
    meanings = PROVEN_IN_PICTURE if is_recognised(statement, citations) else PROVEN
    return meanings[statement.verdict] if statement.is_claim else ""


def reason(statement: Statement) -> str:
    """Return the detail without the prefix `UNCHECKED`; it may contain words between asterisks."""
    return statement.detail if statement.is_claim else statement.detail.removeprefix(f"{UNCHECKED}: ")


def remark(statement: Statement, citations: Iterable[Citation] = ()) -> str:
    """Return verdict and detail in one line, with quotation marks for asterisks; empty for a supported statement.

    With the citations, the line says whether the words that decide the verdict were recognised in a picture.
    """
    if statement.is_supported:
        return AS_RECOGNISED if is_recognised(statement, citations) else ""
    return plain(": ".join(part for part in (verdict_name(statement, citations), reason(statement)) if part))


def parts(note: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a note, each with whether it stood between asterisks; the asterisks are left out."""
    end = 0
    for match in _EMPHASIS.finditer(note):
        if match.start() > end:
            yield note[end : match.start()], False
        yield match.group(1), True
        end = match.end()
    if end < len(note):
        yield note[end:], False


def plain(note: str) -> str:
    """Return a note as plain text: words between asterisks get quotation marks."""
    return "".join(f"“{words}”" if is_emphatic else words for words, is_emphatic in parts(note))
