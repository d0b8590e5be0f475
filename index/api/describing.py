"""The service's own description: what FastAPI gathers from the routes, and the limits that the settings set."""

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
ABOUT = f"""Every statement of an answer carries its citation: a document's id, and the span of its words.
For each, `document.text[start:end] == quote`. Offsets are Unicode code points.

**Errors** are problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), `application/problem+json`): what
happened, and what to do next. Each response has the request's id in `X-Request-ID`; one that you send is kept.

**Documents** are known by the SHA-256 of their file. Their `source` is the name of the file, or the address that it
came from; where the server keeps it is never told.

**Operators** in a question:

| Write | To |
|---|---|
{_OPERATORS}
"""
TAGS = [
    {"name": "Questions", "description": "Search, answers, checks, coverage."},
    {"name": "Documents", "description": "What the library holds."},
    {"name": "Sources", "description": "A document as it looks."},
    {"name": "Jobs", "description": "What becomes of files and batches that were handed in."},
    {"name": "Health", "description": "For whoever keeps the server running."},
]
_LOOSE = (Problem, Piece, FromUrl, FromFolder)
"""Models that are named in the description, and that no route has as its own."""


def described(app: FastAPI, settings: Settings) -> Callable[[], dict[str, Any]]:
    """A function that gives the OpenAPI document, made once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = FastAPI.openapi(app)
            models = schema["components"]["schemas"]
            for model in _LOOSE:
                _add(models, model.model_json_schema(ref_template="#/components/schemas/{model}"))
            _limit(models, settings)
        assert app.openapi_schema is not None
        return app.openapi_schema

    return openapi


def _add(models: dict[str, Any], model: dict[str, Any]) -> None:
    models.update(model.pop("$defs", {}))
    models[model["title"]] = model


def _limit(models: dict[str, Any], settings: Settings) -> None:
    """State the limits, so that clients know them before they meet them."""
    for name in ("SearchRequest", "AskRequest", "CoverageRequest"):
        models[name]["properties"]["question"]["maxLength"] = settings.max_question_characters
    for name in ("SearchRequest", "AskRequest"):
        models[name]["properties"]["limit"]["maximum"] = settings.max_hits
    models["CheckRequest"]["properties"]["text"]["maxLength"] = settings.max_text_characters
    questions = models["BatchRequest"]["properties"]["questions"]
    questions["maxItems"] = settings.max_batch_questions
