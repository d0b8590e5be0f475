"""What the tools take. Each field's docstring is its description for the assistant."""

from pydantic import BaseModel, ConfigDict, Field

HITS = 6
"""Passages that a search gives where nobody says how many: what an assistant reads is paid for by the word."""
READ = 8000
"""Characters that are read at most in one call, about four pages."""


class Asked(BaseModel):
    """The arguments of a tool: a name that it does not know is a mistake."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")


class Searching(Asked):
    """Of `search`."""

    question: str = Field(min_length=1)
    """What to look for, as a question or in key words. Operators: "exact words", -without, in:title, type:pdf,
    after:2019, before:2020."""
    documents: list[str] | None = None
    """Search only in these documents, each by its id (or the beginning of it), file name or title."""
    limit: int = Field(default=HITS, ge=1)
    """How many passages to give."""


class Asking(Asked):
    """Of `ask`."""

    question: str = Field(min_length=1)
    """One question, in plain words. It may have the operators of `search`."""
    documents: list[str] | None = None
    """Answer only from these documents, each by its id (or the beginning of it), file name or title."""


class Checking(Asked):
    """Of `check`."""

    text: str = Field(min_length=1)
    """The sentences to check, as prose: a draft, an answer, a summary."""
    documents: list[str] | None = None
    """Check only against these documents, each by its id (or the beginning of it), file name or title."""


class Reading(Asked):
    """Of `read`."""

    document: str = Field(min_length=1)
    """Its id (or the beginning of it), as search results and citations give it; or its file name or title."""
    start: int = Field(default=0, ge=0)
    """Where to begin: an offset as search results and citations give it."""
    end: int | None = Field(default=None, ge=0)
    """Where to stop; left out, as much is read as one call gives."""
