"""The request bodies of the REST API."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from index.records import Mode, Writer

_NAMES = Field(default=None, min_length=1, max_length=1000)


def _integer_if_whole(given: object) -> object:
    """Return 3 for 3.0: JSON has only one type of number."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Limit = Annotated[int, Field(ge=1), BeforeValidator(_integer_if_whole)]
Question = Annotated[str, Field(min_length=1)]
Documents = Annotated[list[Annotated[str, Field(min_length=1, max_length=1000)]] | None, _NAMES]


class RequestBody(BaseModel):
    """The base of request bodies. It rejects unknown names, and values of another type, such as `"1"` for 1."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", strict=True)


class _QuestionRequest(RequestBody):
    question: Question
    """The question, in plain words; operators are optional (see the section on them above). At most
    `PINCITE_MAX_QUESTION_CHARACTERS` long."""
    documents: Documents = None
    """Search only these documents, given by id, beginning of the id, file name or title. Default: all."""


class SearchRequest(_QuestionRequest):
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
    """Maximum number of passages; at most `PINCITE_MAX_HITS`."""
    mode: Mode = "hybrid"
    """`dense` searches by meaning, `lexical` by words, `hybrid` by both."""
    explain: bool = False
    """Whether to return the words of each pin that are nearest to the question, which takes a little longer."""
    plain: bool = False
    """Whether to treat operators as plain words."""


class AskRequest(_QuestionRequest):
    """A question to be answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "Where did most of the deaths occur?"},
                {"question": "Who removed the handle of the pump?", "writer": "model", "strict": True},
            ]
        }
    )

    limit: Limit = 10
    """Number of passages to read for the answer; at most `PINCITE_MAX_HITS`."""
    writer: Writer = "quote"
    """`quote`: the answer consists of quotations. `model`: the language model in the server's settings writes it, and
    every sentence is checked against its source; if the model fails, the answer consists of quotations and a
    note."""
    strict: bool = False
    """Whether to omit a model's sentences that the documents do not support, instead of marking them."""


class CheckRequest(RequestBody):
    """A text to check against the documents."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Most deaths occurred near the pump. The handle stayed."}]}
    )

    text: Annotated[str, Field(min_length=1)]
    """A draft, or an assistant's answer; limited by `PINCITE_MAX_TEXT_CHARACTERS` and `PINCITE_MAX_CHECK_SENTENCES`."""
    documents: Documents = None
    """Search only these documents, given by id, beginning of the id, file name or title. Default: all."""


class CoverageRequest(_QuestionRequest):
    """A question to search for in every document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": "Was the water examined?"}]})


class BatchRequest(RequestBody):
    """Questions to be answered in a table."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"questions": ["Where did most of the deaths occur?", "Was the water examined?"]}]
        }
    )

    questions: Annotated[list[Question], Field(min_length=1)]
    """At most `PINCITE_MAX_BATCH_QUESTIONS` questions; a question that fails gets a row with the reason."""
    documents: Documents = None
    """Search only these documents, given by id, beginning of the id, file name or title. Default: all."""
    writer: Writer = "quote"
    """The same as in `/v1/ask`."""


class FromUrl(RequestBody):
    """The web address of a document to add, if the server's settings allow it (`PINCITE_ALLOW_URLS`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.org/report.pdf"}]})

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    """A public http or https address."""


class FromFolder(RequestBody):
    """A folder of the server whose files to add, if its settings allow it (`PINCITE_ALLOW_FOLDERS`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"folder": "/srv/papers"}]})

    folder: Annotated[str, Field(min_length=1, max_length=4000)]
    """Its path: one of the allowed folders, or a folder or file inside one."""
