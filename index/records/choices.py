"""The values that an interface lets its user choose or read: modes, writers, forms, statuses and verdicts.

The command line needs them for `--help`, which must not wait for the import of the records.
"""

from __future__ import annotations

from typing import Literal

Mode = Literal["hybrid", "dense", "lexical"]
"""The indexes that a search uses: both, vectors alone, or words alone."""
CANDIDATES = 50
"""Number of passages that each index proposes."""
Writer = Literal["quote", "model"]
"""The author of an answer: `quote` takes the documents' words, `model` asks the language model of the settings."""
ExportForm = Literal["text", "markdown", "html", "bibtex", "ris", "csl", "apa", "mla", "chicago"]
"""The text forms of an exported answer."""
Status = Literal["answered", "unsure", "abstained"]
"""The outcome of a question: an answer, sentences that may hold an answer, or neither."""
Verdict = Literal["verbatim", "supported", "perhaps", "contradicted", "unverified"]
"""The verdict on a sentence.

`verbatim`: its words are in a source, and their context agrees. `supported`: a source says every part of it.
`perhaps`: a source may say it; a reader should compare the two. `contradicted`: a source says otherwise. `unverified`:
the documents do not seem to say it.
"""
SUPPORTING: tuple[Verdict, ...] = ("verbatim", "supported")
"""The verdicts of sentences that the documents support."""
PART = (
    "Only the first {:,} of {:,} passages have been read. If nothing is being added now, the reading was interrupted: "
    "add the file again."
)
CLAIMED = "It was imported, and nobody here has read its file: add the file, and the words are compared with it."
