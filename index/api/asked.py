"""What can be asked for, as requests."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from index.records import Mode, Writer

_NAMES = Field(default=None, min_length=1, max_length=1000)


def _whole(given: object) -> object:
    """JSON knows one kind of number: 3.0 is 3."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Limit = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
Question = Annotated[str, Field(min_length=1)]
Documents = Annotated[list[Annotated[str, Field(min_length=1, max_length=1000)]] | None, _NAMES]


class RequestBody(BaseModel):
    """The body of a request. An unknown name is a mistake, and so is `"1"` for 1."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", strict=True)


class _Question(RequestBody):
    question: Question
    """In your own words, with or without operators (see the section on them above). As long as
    `PINCITE_MAX_QUESTION_CHARACTERS` allows."""
    documents: Documents = None
    """Only these documents, each by its id, the beginning of its id, its file's name or its title; all, where left
    out."""


class SearchRequest(_Question):
    """A search for passages."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "Where did most of the deaths occur?", "limit": 3},
                {"question": '"Broad Street" pump -brewery type:pdf', "mode": "lexical", "explain": True},
            ]
        }
    )

    limit: Limit = 10
    """How many passages, at most; as many as `PINCITE_MAX_HITS` allows."""
    mode: Mode = "hybrid"
    """`dense` finds by meaning, `lexical` by words, `hybrid` by both."""
    explain: bool = False
    """Whether to tell which words of each pin are nearest to the question, which takes a little longer."""
    plain: bool = False
    """Whether operators are taken for the words they are made of."""


class AskRequest(_Question):
    """A question that wants an answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "Where did most of the deaths occur?"},
                {"question": "Who removed the handle of the pump?", "writer": "model", "strict": True},
            ]
        }
    )

    limit: Limit = 10
    """At how many passages to look; as many as `PINCITE_MAX_HITS` allows."""
    writer: Writer = "quote"
    """`quote`: the documents' own words. `model`: the language model that the server's settings name, if any, whose
    every sentence is checked against its source; where that fails, the documents are quoted and a note says why."""
    strict: bool = False
    """Whether to leave out what a model wrote and the documents do not support, instead of marking it."""


class CheckRequest(RequestBody):
    """A text to be compared with the documents."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Most deaths occurred near the pump. The handle stayed."}]}
    )

    text: Annotated[str, Field(min_length=1)]
    """A draft, or an assistant's answer; as long as `PINCITE_MAX_TEXT_CHARACTERS` and `PINCITE_MAX_CHECK_SENTENCES`
    allow."""
    documents: Documents = None
    """Only these documents, each by its id, the beginning of its id, its file's name or its title; all, where left
    out."""


class CoverageRequest(_Question):
    """A question to every document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": "Was the water examined?"}]})


class BatchRequest(RequestBody):
    """Many questions, for a table of answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"questions": ["Where did most of the deaths occur?", "Was the water examined?"]}]
        }
    )

    questions: Annotated[list[Question], Field(min_length=1)]
    """As many as `PINCITE_MAX_BATCH_QUESTIONS` allows; a question that fails has a row that says why."""
    documents: Documents = None
    """Only these documents, each by its id, the beginning of its id, its file's name or its title; all, where left
    out."""
    writer: Writer = "quote"
    """As in `/v1/ask`."""


class FromUrl(RequestBody):
    """An address to add a document from, where the server's settings allow it (`PINCITE_ALLOW_URLS`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.org/report.pdf"}]})

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    """Of the public web, http or https."""


class FromFolder(RequestBody):
    """A folder of the server whose files to add, where its settings allow it (`PINCITE_ALLOW_FOLDERS`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"folder": "/srv/papers"}]})

    folder: Annotated[str, Field(min_length=1, max_length=4000)]
    """Its path, at or below one of the folders that the settings allow."""
