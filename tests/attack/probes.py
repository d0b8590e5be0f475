"""Requests to every route of a demo, made from its own descriptions, with words and ids that a visitor tries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.attack.demos import routes_of_demo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.attack.guests import Guest
    from tests.attack.servers import Server

_OWN_FILE = ("files", ("own.md", b"# Own\n\nThe ferry of the visitor left the harbour."))
_QUERY = ("mine", "q", "name", "answer", "documents", "session_hash", "event_id", "upload_id", "cursor", "page")
"""Names of query parameters that the page or Gradio may read; a route ignores those that it does not know."""
_ENDLESS = ("heartbeat", "startup-events")
"""Routes of Gradio that send the same sign of life for ever; they take no part of a library."""
_LAST = ("DELETE /v1/visitor",)
"""What ends the visitor's own library comes last."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One request: over HTTP, or as an event of Gradio if it has a number."""

    method: str
    path: str
    options: dict[str, Any] = field(default_factory=dict)
    event: int = -1

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.event if self.event >= 0 else ''} {self.options}"


def all_probes(server: Server, guest: Guest, values: Sequence[str]) -> list[Probe]:
    """Return the requests to every route with every value, in one order, the same for equal servers."""
    described = guest.get("/openapi.json").json()
    service = list(_service(described, values))
    known = {(probe.method, path) for probe in service for path in described["paths"] if probe.path}
    rest = [one for one in routes_of_demo(server) if one[1] not in described["paths"] or one not in known]
    probes = [*service, *_tools(guest, values), *_events(guest, values), *_others(rest, values)]
    return sorted(probes, key=lambda probe: f"{probe.method} {probe.path}" in _LAST)


def _service(described: dict[str, Any], values: Sequence[str]) -> Iterator[Probe]:
    """Yield the requests that the OpenAPI document describes."""
    schemas = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for value in values:
                parameters = operation.get("parameters", [])
                query = {one["name"]: _sample(one["schema"], schemas, value) for one in parameters if _optional(one)}
                filled = _filled(path, value)
                for options in _bodies(operation, schemas, value):
                    yield Probe(method.upper(), filled, options)
                    if query:
                        yield Probe(method.upper(), filled, {**options, "params": query})


def _optional(parameter: dict[str, Any]) -> bool:
    return bool(parameter["in"] == "query")


def _filled(path: str, value: str) -> str:
    """Fill the parameters of a path: numbers with 1, all others with the value."""
    parts = []
    for part in path.split("/"):
        name = part.partition("{")[2].partition("}")[0]
        number = name.partition(":")[0] in ("number", "size", "run", "component_id")
        parts.append(part.replace(f"{{{name}}}", "1" if number else value) if name else part)
    return "/".join(parts).replace("{extension}", "csv")


def _bodies(operation: dict[str, Any], schemas: dict[str, Any], value: str) -> Iterator[dict[str, Any]]:
    """Yield the bodies of an operation: with what is required, and with everything."""
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        yield {"files": [_OWN_FILE]}
        yield {"files": [("files", (f"{value}.md", b"# Named\n\nA ferry."))]}
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        yield {"json": _sample(schema, schemas, value, whole=False)}
        yield {"json": _sample(schema, schemas, value)}
    if not content:
        yield {}


def _sample(schema: dict[str, Any], schemas: dict[str, Any], value: str, *, whole: bool = True) -> Any:
    """Return a value that a JSON schema allows, with the given text wherever a text may stand."""
    schema = _resolved(schema, schemas)
    if "enum" in schema:
        return schema["enum"][-1] if whole else schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        names = schema["properties"] if whole else schema.get("required", [])
        return {name: _sample(schema["properties"][name], schemas, value, whole=whole) for name in names}
    if kind == "array":
        return [_sample(schema.get("items", {}), schemas, value, whole=whole)]
    return {"integer": int(schema.get("minimum", 1)) or 1, "number": 1.0, "boolean": True}.get(kind or "", value)


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and take the first of several forms."""
    while True:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        elif forms := schema.get("anyOf") or schema.get("oneOf"):
            schema = forms[0]
        else:
            return schema


def _tools(guest: Guest, values: Sequence[str]) -> Iterator[Probe]:
    """Yield calls of every tool for assistants."""
    headers = {"Accept": "application/json, text/event-stream"}
    for method in ("tools/list", "resources/list", "resources/templates/list", "prompts/list", "ping"):
        yield Probe("POST", "/mcp", {"json": {"jsonrpc": "2.0", "id": 1, "method": method}, "headers": headers})
    listed = guest.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers).json()
    for tool in listed["result"]["tools"]:
        schema = tool["inputSchema"]
        for value in values:
            for whole in (False, True):
                arguments = _sample(schema, schema.get("$defs", {}), value, whole=whole)
                call = {"name": tool["name"], "arguments": arguments}
                message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
                yield Probe("POST", "/mcp", {"json": message, "headers": headers})


def _events(guest: Guest, values: Sequence[str]) -> Iterator[Probe]:
    """Yield the events of the page that run on the server, and the calls that Gradio's description names."""
    yield Probe("GET", "/gradio_api/info")
    config = guest.get("/config").json()
    components = {one["id"]: one for one in config["components"]}
    for event in config["dependencies"]:
        if event["backend_fn"]:
            for value in values:
                data = [_control(components[number], value) for number in event["inputs"]]
                yield Probe("EVENT", str(event["api_name"]), {"data": data}, int(event["id"]))


def _control(component: dict[str, Any], value: str) -> Any:
    """Return the value of a control of the page: a text, or what it has at first."""
    if component["type"] in ("textbox", "api"):
        return value
    return component["props"].get("value")


def _others(routes: Sequence[tuple[str, str]], values: Sequence[str]) -> Iterator[Probe]:
    """Yield requests to the routes of the page and of Gradio, which the OpenAPI document leaves out."""
    for method, path in routes:
        if any(part in path for part in _ENDLESS) or path == "/mcp" or path.startswith("/v1/"):
            continue
        for value in values if path.startswith("/page") else values[:3]:
            query = {**dict.fromkeys(_QUERY, value), "form": "markdown", "begin": "0"}
            form = {"questions": value, "text": value, "documents": value, "url": value, "folder": value}
            body = {"data": [value, None], "fn_index": 0, "session_hash": value, "event_id": value}
            filled = _filled(path, value)
            if method == "POST":
                yield Probe(method, filled, {"json": body} if "gradio" in path else {"data": form, "params": query})
            else:
                yield Probe(method, filled, {"params": query})
                yield Probe(method, filled)
