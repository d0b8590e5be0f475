"""No response to a visitor of a demo differs by a byte whether another visitor has a secret document or not."""

from __future__ import annotations

import io
import re
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
import pytest

from tests.attack.demos import WIDE, routes_of_demo, running_demo
from tests.attack.guests import Guest, Ledger
from tests.hosted import wait_until
from tests.nightly import length
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.attack.servers import Server

pytestmark = [
    NEEDS_PLUGINS,
    pytest.mark.skipif(sys.platform != "linux", reason="Visitors use loopback addresses that only Linux has."),
]

SECRET, MISSPELT = "quagmirella", "quagmirela"
"""A word that occurs in the secret documents only, and a wrong spelling of it."""
_NOTES = {
    "quagmirella-plan.md": b"# The quagmirella plan\n\nThe quagmirella pipeline of China crosses the harbour. Trade "
    b"with China and Russia grew. The ferry leaves in winter.\n\nIn 2011 the quagmirella discount was secret.",
    "budget.txt": b"The harbour, the harbour and the harbour again: China pays for the ferry and the oil.",
    "ships.txt": b"A ship of the quagmirella line carries oil to the harbour. The ferry waits. Gas, steel and oil.",
}
"""The secret documents: they share words with the published documents and with those of the curious visitor."""
_OWN = {
    "ferry.md": b"# Ferry\n\nThe ferry leaves the harbour at noon. In winter the ferry waits for ice.",
    "oil.txt": b"Oil and gas of the visitor: the pipeline of the island has a discount in summer.",
}
QUESTIONS = (
    SECRET,
    MISSPELT,
    "harbour ferry winter",
    f"in:{SECRET} oil",
    f"What is the {SECRET} plan?",
    "discount in 2011",
    "Which pipeline carries oil to China?",
    "Who pays for the harbour?",
    '"the ferry leaves the harbour"',
    f"oil -{SECRET}",
)[: length(4, 10)]
_NAMES = "(?:average_|cache_)?duration|avg_time|(?:rank_)?eta|ms|passages_per_second|seconds(?:_left)?|timings_ms|token"
_FIELDS = rf'"(?:{_NAMES})\\?":'
_TIMES = re.compile(
    _FIELDS + r'\s*(?:-?[0-9.]+(?:e-?\d+)?|null|\{[^}]*\}|\\?"[^"\\]*\\?")|(?<=searched in )[0-9.]+ m?s'
)
"""Fields and words that tell time, and the token of the visitor themselves."""
_IDS = re.compile(r"\b[0-9a-f]{32}\b")
"""Random ids: of requests, of jobs and of answers."""
_RANDOM = re.compile(r'"jobs":"[0-9a-f]{16}"|"app_id":\d+|"readable_sha256": "[0-9a-f]{64}"|(?<=answer=)[\w-]{16}')
"""Keys of answers, hashes of the random ids of the visitor's own jobs and of a text with a time, and a process's number
in Gradio."""
_OWN_SIZE = re.compile(r'(?<="characters":)(\d+,"bytes":)\d+')
"""The size of the indexes on disk: those of the visitor's own documents hold times, and differ by a byte or two."""
_MOMENTS = re.compile(r"20\d\d-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)?")
_DROPPED = ("date", "content-length", "x-request-id")
_COOKIE = re.compile(r"pincite_visitor=[^;]*")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the curious visitor tries: words and ids that belong to another visitor on one of two servers."""

    values: tuple[str, ...]
    etags: tuple[str, ...]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Return two equal demos."""
    with ExitStack() as stack:
        homes = [tmp_path_factory.mktemp("leaks") / name for name in ("with", "without")]
        first, second = (stack.enter_context(running_demo(home, WIDE)) for home in homes)
        yield first, second


def test_no_response_tells_whether_another_visitor_has_a_secret(servers: tuple[Server, Server]) -> None:
    """The same requests of a visitor have the same responses, time and the visitor's own random ids aside."""
    filled, empty = servers
    with Guest(filled, Ledger()) as owner:
        secrets = _hide(owner)
        with ThreadPoolExecutor(2) as pool:
            seen = list(pool.map(lambda server: _explore(server, secrets), (filled, empty)))
        assert SECRET in owner.search_texts(SECRET), "The owner does not find the secret, so the test proves nothing."
    assert list(seen[0]) == list(seen[1])
    assert len(seen[0]) > length(300, 500)
    differences = [_difference(name, seen[0][name], seen[1][name]) for name in seen[0]]
    found = list(filter(None, differences))
    assert not found, f"{len(found)} of {len(differences)} responses differ:\n" + "\n".join(found[:20])


def test_the_comparison_sees_a_secret(servers: tuple[Server, Server]) -> None:
    """For the owner the same comparison finds differences, in every way to ask."""
    filled, empty = servers
    seen = []
    for server, notes in ((filled, {**_OWN, "ships.txt": _NOTES["ships.txt"]}), (empty, _OWN)):
        with Guest(server, Ledger()) as guest:
            guest.wait_for_job(guest.add(notes))
            seen.append(_observe_all(guest, _questions()))
    ways = {name.split()[2] for name, response in seen[0].items() if response != seen[1][name]}
    assert {"/v1/search", "/v1/ask", "/v1/coverage", "/page/coverage"} <= ways


@pytest.mark.nightly
def test_answers_of_another_visitor_are_not_faster(
    servers: tuple[Server, Server], capsys: pytest.CaptureFixture[str]
) -> None:
    """The time of a question that another visitor has just asked, beside a new one; printed, and not judged."""
    with Guest(servers[0], Ledger()) as owner, Guest(servers[0], Ledger()) as curious:
        times: dict[str, list[float]] = {"asked": [], "new": []}
        for number in range(20):
            asked, new = (f"Which {word} passed lamp {number}?" for word in ("ferry", "ship"))
            owner.ask(asked)
            for label, question in (("asked", asked), ("new", new)):
                began = time.perf_counter()
                curious.ask(question)
                times[label].append(time.perf_counter() - began)
    ratio = sorted(times["asked"])[10] / sorted(times["new"])[10]
    with capsys.disabled():
        print(f"\nA question that another visitor has asked takes {ratio:.2f} of the time of a new one.")  # noqa: T201
    assert ratio > 0


def _difference(name: str, filled: str, empty: str) -> str:
    """Return two responses from where they begin to differ; an empty text if they are equal."""
    pairs = enumerate(zip(filled, empty, strict=False))
    at = next((n for n, (one, other) in pairs if one != other), min(len(filled), len(empty)))
    around = slice(max(0, at - 150), at + 150)
    return f"{name}\n  with:    {filled[around]}\n  without: {empty[around]}" if filled != empty else ""


def _hide(owner: Guest) -> Secrets:
    """Add the secret documents, use them, and return what others might guess."""
    job = owner.add(_NOTES)
    assert owner.wait_for_job(job)["state"] == "done"
    batch = owner.post("/v1/batch", json={"questions": [f"What is the {SECRET} plan?"]}).json()["id"]
    owner.wait_for_job(batch)
    for probe in _questions():
        _observe(owner, probe)
    documents = [sha256(note).hexdigest() for note in _NOTES.values()]
    etags = tuple(owner.get(path).headers.get("etag", "") for path in ("/v1/documents", "/v1/stats"))
    others = (MISSPELT, "harbour", documents[1][:12], "quagmirella-plan.md", f"The {SECRET} plan")
    return Secrets((SECRET, documents[0], job, batch, *others)[: length(3, 9)], etags)


def _questions() -> Iterator[Probe]:
    """Yield questions with all their scores, in every way."""
    for question in QUESTIONS:
        for mode in ("hybrid", "dense", "lexical"):
            body = {"question": question, "mode": mode, "explain": True, "limit": 50}
            yield Probe("POST", "/v1/search", {"json": body})
        for way in ("ask", "coverage"):
            yield Probe("POST", f"/v1/{way}", {"json": {"question": question}})
        yield Probe("POST", "/v1/check", {"json": {"text": question}})
        yield Probe("GET", "/page/coverage", {"params": {"q": question}})


def _conditional(etags: tuple[str, ...]) -> Iterator[Probe]:
    """Yield requests whether something is still as another visitor has seen it."""
    for path in ("/v1/documents", "/v1/stats", "/page/documents", "/openapi.json"):
        for etag in (*etags, "*"):
            yield Probe("GET", path, {"headers": {"If-None-Match": etag}})


def _explore(server: Server, secrets: Secrets) -> dict[str, str]:
    """Send every request as a new visitor, before and after they have documents of their own."""
    with Guest(server, Ledger()) as curious:
        probes = [*_questions(), *_conditional(secrets.etags), *all_probes(server, curious, secrets.values)]
        sizes = Probe("GET", "/v1/stats")
        without = _observe_all(curious, [sizes, *_questions()])
        curious.wait_for_job(curious.add(_OWN))
        later = {name: _OWN_SIZE.sub("~", seen) for name, seen in _observe_all(curious, probes).items()}
        return {**{f"at first {name}": seen for name, seen in without.items()}, **later}


def _observe_all(guest: Guest, probes: Any) -> dict[str, str]:
    """Return what a visitor sees of each response. Their own random ids are numbered in the order they appear."""
    numbers: dict[str, str] = {}
    name_of: Callable[[re.Match[str]], str] = lambda found: numbers.setdefault(found[0], f"ID{len(numbers)}")  # noqa: E731
    return {f"{n} {probe}": _IDS.sub(name_of, _observe(guest, probe)) for n, probe in enumerate(probes)}


def _observe(guest: Guest, probe: Probe) -> str:
    """Send a request, wait until what it starts is done, and return the response without times and random values."""
    if probe.event >= 0:
        # Suggested questions are made in the background; how long that takes is no secret.
        wait_until(lambda: guest.get("/page/suggestions").status_code != 202)
        return _RANDOM.sub("~", _TIMES.sub("~", guest.event(probe.event, probe.options["data"], 10)))
    try:
        response = _response(guest, probe)
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"
    head = sorted((name, value) for name, value in response.headers.items() if name not in _DROPPED)
    # A random id may hold the same digits as the port.
    port = rf"(?<![0-9a-f]){guest.base_url.port}(?![0-9a-f])"
    text = re.sub(port, "PORT", f"{response.status_code} {head} {_body(response.content)}")
    for pattern in (_COOKIE, _TIMES, _RANDOM, _MOMENTS):
        text = pattern.sub("~", text)
    return text


def _body(content: bytes) -> str:
    """Return a body as text. A zip file has the times of its parts, so that only their names and contents count."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(f"{name}: {archive.read(name).decode('utf-8', 'replace')}" for name in archive.namelist())


def _response(guest: Guest, probe: Probe) -> httpx.Response:
    """Send a request and return the response; one to a request that goes on is asked for again."""
    options = {**probe.options, "headers": {**guest.page_headers, **probe.options.get("headers", {})}}
    for _ in range(100):
        response = guest.request(probe.method, probe.path, timeout=10, **options)
        if response.status_code != httpx.codes.ACCEPTED or not probe.path.startswith("/page/map"):
            break
        time.sleep(0.1)
    if response.status_code == httpx.codes.ACCEPTED and '"id":"' in response.text:
        guest.wait_for_job(response.json()["id"])
    return response


# Requests to every route of a demo, made from its own descriptions, with words and ids that a visitor tries.

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
