"""The OpenAPI document: what FastAPI collects from the routes, with the limits of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from index.api.asked import FromFolder, FromUrl
from index.querying import SYNTAX
from index.schema.answers import Piece
from index.schema.service import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.settings import Settings

_OPERATORS = "\n".join(f"| `{form}` | {meaning} |" for form, meaning in SYNTAX)
ABOUT = f"""Every statement of an answer has citations: the id of a document, and the span of the quoted words.
For each citation, `document.text[start:end] == quote`. Offsets are Unicode code points.

**Errors** are problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), `application/problem+json`): what is
wrong, and what to do. Each response has the request's id in `X-Request-ID`; if you send an id, the server uses it.

**Documents** are identified by the SHA-256 of their file. Their `source` is the name of the file, or its web address;
paths on the server are never disclosed.

**Operators** in a question:

| Write | To |
|---|---|
{_OPERATORS}
"""
TAGS = [
    {"name": "Questions", "description": "Search, answers, checks, coverage."},
    {"name": "Documents", "description": "The documents of the library."},
    {"name": "Sources", "description": "Views of a document: text, pages, original file."},
    {"name": "Jobs", "description": "The progress of uploads and batches."},
    {"name": "Health", "description": "Monitoring of the server."},
]
_EXTRA_MODELS = (Problem, Piece, FromUrl, FromFolder)
"""Models that the document refers to, but that are no route's body or response."""


def openapi_function(app: FastAPI, settings: Settings) -> Callable[[], dict[str, Any]]:
    """Return a function that returns the OpenAPI document, which is built once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = FastAPI.openapi(app)
            models = schema["components"]["schemas"]
            for model in _EXTRA_MODELS:
                _add(models, model.model_json_schema(ref_template="#/components/schemas/{model}"))
            _limit(models, settings)
        assert app.openapi_schema is not None
        return app.openapi_schema

    return openapi


def _add(models: dict[str, Any], model: dict[str, Any]) -> None:
    models.update(model.pop("$defs", {}))
    models[model["title"]] = model


def _limit(models: dict[str, Any], settings: Settings) -> None:
    """Add the limits, so that clients know them in advance."""
    for name in ("SearchRequest", "AskRequest", "CoverageRequest"):
        models[name]["properties"]["question"]["maxLength"] = settings.max_question_characters
    for name in ("SearchRequest", "AskRequest"):
        models[name]["properties"]["limit"]["maximum"] = settings.max_hits
    models["CheckRequest"]["properties"]["text"]["maxLength"] = settings.max_text_characters
    questions = models["BatchRequest"]["properties"]["questions"]
    questions["maxItems"] = settings.max_batch_questions
