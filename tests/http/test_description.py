"""The service's OpenAPI description is complete and true, and its documentation page loads nothing from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, TypeAdapter

from index import wire
from index.citations.export import FORMS
from index.server.http import ask_routes, requests
from index.server.http.requests import RequestBody
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
    """Yield each operation with its method and path."""
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def test_every_part_of_the_openapi_document_has_a_description(schema: dict[str, Any]) -> None:
    """Operations, parameters, responses and fields are all described, in OpenAPI 3.1."""
    assert schema["openapi"].startswith("3.1.")
    undescribed = [
        name for name, operation in operations(schema) if not (operation["summary"] and operation["description"])
    ]
    for name, operation in operations(schema):
        parameters = operation.get("parameters", ())
        undescribed += [f"{name} {parameter['name']}" for parameter in parameters if not parameter.get("description")]
        undescribed += [
            f"{name} {status}" for status, response in operation["responses"].items() if not response["description"]
        ]
    for model, described in schema["components"]["schemas"].items():
        properties = described["properties"].items()
        undescribed += [f"{model}.{name}" for name, field in properties if not field.get("description")]
    assert undescribed == []


def test_every_error_response_is_described_as_a_problem(schema: dict[str, Any]) -> None:
    """No route describes the framework's own error format."""
    for _, operation in operations(schema):
        for status, response in operation["responses"].items():
            if status >= "400":
                assert response["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_operation_ids_are_single_words(schema: dict[str, Any]) -> None:
    """Generated clients name their methods after them."""
    names = [operation["operationId"] for _, operation in operations(schema)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+", name) for name in names)


def test_limits_of_the_settings_are_in_the_description(service: Service, schema: dict[str, Any]) -> None:
    """Clients know the limits before they meet them."""
    settings, models = service.settings, schema["components"]["schemas"]
    bodies = [models[request.__name__]["properties"] for request in REQUESTS]
    for field, limit, value in (
        ("question", "maxLength", settings.max_question_characters),
        ("questions", "maxItems", settings.max_batch_questions),
        ("limit", "maximum", settings.max_hits),
        ("text", "maxLength", settings.max_text_characters),
    ):
        assert {fields[field][limit] for fields in bodies if field in fields} == {value}


REQUESTS = [
    value
    for name, value in vars(requests).items()
    if isinstance(value, type) and issubclass(value, RequestBody) and value is not RequestBody and name[0] != "_"
]
MODELS = [*REQUESTS, wire.Answer, wire.Citation, wire.Checked, wire.Document, wire.Job]


@cases("model", MODELS, ids=lambda model: model.__name__)
def test_examples_match_their_models(model: type[BaseModel]) -> None:
    """The described examples are what the routes accept and return."""
    examples = model.model_json_schema()["examples"]
    assert examples
    for example in examples:
        TypeAdapter(model).validate_python(example)


def test_example_requests_are_accepted(client: TestClient, schema: dict[str, Any]) -> None:
    """A reader can send every example unchanged."""
    for name, operation in operations(schema):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        model = body.get("$ref", "").rpartition("/")[2]
        for example in schema["components"]["schemas"].get(model, {}).get("examples", ()):
            assert client.post(name.partition(" ")[2], json=example).status_code in (200, 202)


def test_ask_describes_every_export_form(schema: dict[str, Any]) -> None:
    """They are the forms of the command line, and the pack."""
    assert set(ask_routes.FORMATS) == {*FORMS, "pack"}
    content = schema["paths"]["/v1/ask"]["post"]["responses"]["200"]["content"]
    assert content.keys() >= {kind.media_type for kind in ask_routes.KINDS.values()}


def test_documentation_page_loads_nothing_from_other_hosts(client: TestClient) -> None:
    """Nor does it send its description to a validator elsewhere."""
    page = client.get("/docs").text
    assert re.findall(r"https?://[^\"'\s]+", page) == []
    assert '"validatorUrl": null' in page
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert client.get(address).status_code == 200
    assert client.get("/redoc").status_code == 404
