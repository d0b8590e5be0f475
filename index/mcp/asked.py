"""The arguments of the tools. The docstring of each field is its description for the assistant.

REST takes similar bodies (`index.api.asked`), but other fields, defaults and limits, and JSON numbers alone.
"""

from pydantic import BaseModel, ConfigDict, Field

HITS = 6
"""The default number of passages of a search: an assistant pays for every word that it reads."""
READ = 8000
"""The most characters that one call reads, about four pages."""


class Arguments(BaseModel):
    """The arguments of a tool. An unknown name is a mistake."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")


class SearchArguments(Arguments):
    """The arguments of `search`."""

    question: str = Field(min_length=1)
    """The question, or key words. Operators: "exact words", -without, in:title, type:pdf, after:2019, before:2020."""
    documents: list[str] | None = None
    """Search only in these documents, each by its id (or the beginning of it), file name or title."""
    limit: int = Field(default=HITS, ge=1)
    """The number of passages to give."""


class AskArguments(Arguments):
    """The arguments of `ask`."""

    question: str = Field(min_length=1)
    """One question, in plain words. It may have the operators of `search`."""
    documents: list[str] | None = None
    """Answer only from these documents, each by its id (or the beginning of it), file name or title."""


class CheckArguments(Arguments):
    """The arguments of `check`."""

    text: str = Field(min_length=1)
    """The sentences to check, as prose: a draft, an answer, a summary."""
    documents: list[str] | None = None
    """Check only against these documents, each by its id (or the beginning of it), file name or title."""


class ReadArguments(Arguments):
    """The arguments of `read`."""

    document: str = Field(min_length=1)
    """Its id (or the beginning of it), as search results and citations give it; or its file name or title."""
    start: int = Field(default=0, ge=0)
    """Where to begin: an offset as search results and citations give it."""
    end: int | None = Field(default=None, ge=0)
    """Where to stop. Without it, one call reads as much as it may."""
