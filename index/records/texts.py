"""The texts that readers see in several places (page, static site, exports, terminal), each written once.

Templates get this module as `texts`: `{{ texts.NO_ANSWER }}`. The scripts of the page (`window.pincite.texts`) and of a
static site (`index.texts`) get its constants as an object: `texts.NO_ANSWER`. A text that stands in one place only is
not here.
"""

from __future__ import annotations

PURPOSE = "Ask questions of your own documents; see the exact words that each answer rests on."

# The question
ASK_HERE = "Ask in your own words"
YOUR_QUESTION = "Your question"
ASK_THE_LIBRARY = "Ask the library"
EXAMPLES = "Try one of these"
NEW_QUESTION = "New question"
UNDERSTOOD_AS = "Understood as"
SEARCH_ONLY_IN = "Search only in"
ALL_DOCUMENTS = "All documents"
FIND_A_DOCUMENT = "Find a document"

# What became of it
ANSWER_READY = "Answer ready"
MAY_BE = "This may be it"
UNCLEAR = "The documents do not clearly answer the question"
UNSURE = "Not sure: this may be it"
NO_ANSWER = "No answer in this library"
NOTHING_FOUND = "Nothing found"
NOTHING_SEARCHED = "Nothing was searched"
NO_DOCUMENT_SEARCHED = "No document was searched"
NAME_SOMETHING = "Name a person, a place or a term that the texts use."
RELATED = "Related passages"
BY_MODEL = "Written by a language model; each sentence was checked against the passages."
NO_MENTION = "no mention"
NOT_SURE = "not sure"
"""Precedes words that may be an answer."""
NOT_ANSWERED = "not answered"

# Sources and documents
THE_SOURCE = "The source"
CLOSE_SOURCE = "Close source"
COPY_QUOTE = "Copy quote"
COPY_LINK = "Copy link"
LINK_COPIED = "Link copied"
QUOTE_COPIED = "Quote copied"
NOT_IN_LIBRARY = "This document is not in the library"
OPEN_IN_PINCITE = "Open in Pincite"
ONLY_YOU = "Only you"
"""Marks a document that only its visitor sees."""
MAP_CAPTION = "Each dot is a passage; near dots say similar things."

# The library
ADD_DOCUMENTS = "Add documents"
TOO_LARGE = "Too large to be added"
STORED_HERE = "Stored only in this browser"

# What went wrong
FAILED = "That did not work"
TRY_AGAIN = "Try again"
TRY_LATER = "Try again in a moment."
UNREACHABLE = "The server cannot be reached"
SILENT = "The server does not answer"
MANY_WAITING = "Too many questions are waiting."


def sentence(text: str) -> str:
    """Return a text that begins in the middle of a line as the beginning of one: `not sure` as `Not sure`."""
    return text[:1].upper() + text[1:]


def constants() -> dict[str, str]:
    """Return every text by its name."""
    return {name: text for name, text in globals().items() if name.isupper() and isinstance(text, str)}


def count(number: int, noun: str) -> str:
    """Return `1 passage`, `1,284 passages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
