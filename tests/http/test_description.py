"""The service describes itself: completely, truly, and without asking anybody else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, TypeAdapter

from index.citations.export import FORMS
from index.schema import answer_schema, hit_schema, job_schema
from index.server.http import requests
from index.server.http.requests import (
    AskRequest,
    BatchRequest,
    CheckRequest,
    CoverageRequest,
    FromFolder,
    FromUrl,
    SearchRequest,
)
from index.server.http.routes import ask
from tests.cases import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from tests.http.conftest import Service

METHODS = ("get", "post", "delete", "put", "patch")


@pytest.fixture
def schema(client: TestClient) -> dict[str, Any]:
    """The OpenAPI document."""
    described: dict[str, Any] = client.get("/openapi.json").json()
    return described


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation, by what it does where."""
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def test_everything_is_described(schema: dict[str, Any]) -> None:
    """In OpenAPI 3.1, each operation, parameter, response and field has words."""
    assert schema["openapi"].startswith("3.1.")
    silent = [name for name, each in operations(schema) if not (each["summary"] and each["description"])]
    for name, each in operations(schema):
        silent += [f"{name} {part['name']}" for part in each.get("parameters", ()) if not part.get("description")]
        silent += [f"{name} {status}" for status, answer in each["responses"].items() if not answer["description"]]
    for model, each in schema["components"]["schemas"].items():
        silent += [f"{model}.{name}" for name, field in each["properties"].items() if not field.get("description")]
    assert silent == []


def test_every_problem_is_described_as_one(schema: dict[str, Any]) -> None:
    """No route tells an error in another form; the framework's own forms are gone."""
    for _, each in operations(schema):
        for status, answer in each["responses"].items():
            if status >= "400":
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_operations_have_plain_names(schema: dict[str, Any]) -> None:
    """By which a client that is made from the description calls them."""
    names = [each["operationId"] for _, each in operations(schema)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+", name) for name in names)


def test_limits_are_described(service: Service, schema: dict[str, Any]) -> None:
    """As the settings set them, so that clients know them before they meet them."""
    models, settings = schema["components"]["schemas"], service.settings
    for name in ("SearchRequest", "AskRequest", "CoverageRequest"):
        assert models[name]["properties"]["question"]["maxLength"] == settings.max_question_characters
    assert models["SearchRequest"]["properties"]["limit"]["maximum"] == settings.max_hits
    assert models["CheckRequest"]["properties"]["text"]["maxLength"] == settings.max_text_characters
    assert models["BatchRequest"]["properties"]["questions"]["maxItems"] == settings.max_batch_questions


REQUESTS = (SearchRequest, AskRequest, CheckRequest, CoverageRequest, BatchRequest, FromUrl, FromFolder)
MODELS = [
    *REQUESTS,
    answer_schema.Answer,
    answer_schema.Citation,
    answer_schema.Checked,
    hit_schema.Document,
    job_schema.Job,
]


@cases("model", MODELS, ids=lambda model: model.__name__)
def test_examples_fit(model: type[BaseModel]) -> None:
    """What the description shows is what the routes take and give."""
    examples = model.model_json_schema()["examples"]
    assert examples
    for example in examples:
        TypeAdapter(model).validate_python(example)


def test_every_request_is_an_example(client: TestClient, schema: dict[str, Any]) -> None:
    """A reader may send any of them as it stands."""
    assert {each.__name__ for each in vars(requests).values() if isinstance(each, type)} >= {
        r.__name__ for r in REQUESTS
    }
    for name, each in operations(schema):
        body = each.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        model = body.get("$ref", "").rpartition("/")[2]
        for example in schema["components"]["schemas"].get(model, {}).get("examples", ()):
            assert client.post(name.partition(" ")[2], json=example).status_code in (200, 202)


def test_an_answer_can_be_had_in_every_form(schema: dict[str, Any]) -> None:
    """In which the command line has it, and as a pack."""
    assert set(ask.FORMATS) == {*FORMS, "pack"}
    content = schema["paths"]["/v1/ask"]["post"]["responses"]["200"]["content"]
    assert content.keys() >= {kind.media_type for kind in ask.KINDS.values()}


def test_the_page_of_documentation_asks_nobody_else(client: TestClient) -> None:
    """Whatever it loads is on this server; nor does it have its description judged elsewhere."""
    page = client.get("/docs").text
    assert re.findall(r"https?://[^\"'\s]+", page) == []
    assert '"validatorUrl": null' in page
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert client.get(address).status_code == 200
    assert client.get("/redoc").status_code == 404
