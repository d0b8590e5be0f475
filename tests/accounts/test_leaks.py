"""No answer tells somebody without rights whether a library or a document exists.

Three servers get the same requests: one has a secret library with a document, one has it empty, one does not have it.
The answers must be the same to the last byte, apart from times and random ids, on every route that the applications
have, so that a new route is tested without a change here.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from index.page import create_app
from tests.accounts.addresses import address, all_routes
from tests.accounts.conftest import DOCUMENTS, OPEN, SECRET, TREATY, WHALE, Team, fill, running_team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

WORDS = ("whale", "glass", "garden", "secret")
"""Words of the secret document and the name of its library; the library's name occurs in no answer at all."""
UNKNOWN = "f" * 64
REQUEST_ID = "one-id-for-all"
_RANDOM = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\b\d+\.\d+(?:e-?\d+)?\b"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]+"), "TIME"),
    (re.compile(r"pincite_sign_in=[^;]+"), "COOKIE"),
    (re.compile(r'"(?:session_hash|app_id|event_id)": ?"?[\w-]+"?'), "ID"),
)


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Team]]:
    """The three servers. The open library is copied, so that it is the same everywhere to its last time stamp."""
    folder = tmp_path_factory.mktemp("leaks")
    (folder / "first").mkdir()
    fill(folder / "first", DOCUMENTS)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(_copied(folder, name, has_library, has_document))
            for name, has_library, has_document in (
                ("with the document", True, True),
                ("with the empty library", True, False),
                ("without the library", False, False),
            )
        }


def _copied(folder: Path, name: str, has_library: bool, has_document: bool) -> Any:
    """Return a running server with copies of the libraries."""
    libraries = folder / name / "libraries"
    libraries.mkdir(parents=True)
    shutil.copytree(folder / "first" / OPEN, libraries / OPEN)
    if has_document:
        shutil.copytree(folder / "first" / SECRET, libraries / SECRET)
    elif has_library:
        fill(libraries, {SECRET: {}})
    rules = f'[{OPEN}]\nreaders = ["user:reader"]\ncurators = ["user:curator"]\n[{SECRET}]\nreaders = ["user:insider"]\n'
    return running_team(
        folder / name,
        {},
        create_app,
        rules,
        trusted_proxies="127.0.0.1",
        proxy_user="X-Person",
    )


PEOPLE = ("", "reader", "curator", "stranger")


def test_no_answer_depends_on_what_is_secret(teams: dict[str, Team]) -> None:
    """Every route, below every address, for everybody without rights to the secret library."""
    answers = {name: _answers(team, teams["with the document"]) for name, team in teams.items()}
    first, *others = answers.values()
    assert len(first) > 1_500
    for other in others:
        assert {request: answer for request, answer in first.items() if other[request] != answer} == {}
    _require_variety(first)


def _require_variety(answers: dict[Any, tuple[int, str, str]]) -> None:
    """The requests reach what they should: questions are answered, pages are shown, and nothing but the secret is shut."""
    statuses = {status for status, _, _ in answers.values()}
    assert {200, 303, 401, 403, 404, 422} <= statuses
    asked = answers[("reader", "POST", f"/l/{OPEN}/v1/ask", "json")]
    assert asked[0] == 200
    assert "signed" in asked[2]
    assert answers[("reader", "POST", f"/l/{SECRET}/v1/ask", "json")][0] == 404
    assert answers[("reader", "GET", f"/l/{OPEN}/", "html")][0] == 200
    assert answers[("", "GET", f"/l/{SECRET}/", "html")][0] == 303
    assert "treaty.txt" in answers[("reader", "POST", f"/l/{OPEN}/mcp", "search")][2]
    for (_, _, path, kind), (status, headers, body) in answers.items():
        if kind != "echo" and SECRET not in path:
            for word in WORDS:
                assert word not in (body + headers).casefold().replace("what is secret", ""), (path, kind, status)


def _answers(team: Team, model: Team) -> dict[tuple[str, str, str, str], tuple[int, str, str]]:
    """Return the answers to all requests. `model` is the server whose ids and routes they use."""
    client = team.client(client=("127.0.0.1", 50_000))
    found = {}
    for person in PEOPLE:
        for method, path, kind, options in _requests(model):
            headers = {"X-Request-ID": REQUEST_ID, "Sec-Fetch-Mode": "navigate", **options.pop("headers", {})}
            if person:
                headers["X-Person"] = person
            found[person, method, path, kind] = _answer(client, method, path, {**options, "headers": headers})
            client.cookies.clear()
    return found


def _answer(client: TestClient, method: str, path: str, options: dict[str, Any]) -> tuple[int, str, str]:
    response = client.request(method, path, **options)
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(response.headers.multi_items()))
    is_compressed = "content-encoding" in response.headers
    body = response.text if not is_compressed else response.content.decode("utf-8", "replace")
    return response.status_code, _steady(headers), _steady(body)


def _steady(text: str) -> str:
    """Return a text with times and random ids replaced."""
    for pattern, replacement in _RANDOM:
        text = pattern.sub(replacement, text)
    return re.sub(r"content-length: \d+|etag: .*", "", text)


def _requests(model: Team) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield method, address, kind and options of each request."""
    ids = {name: _identity(model, name) for name in (OPEN, SECRET)}
    app = model.library_app(OPEN)
    patterns = sorted(all_routes(app))
    for prefix in ("", f"/l/{OPEN}", f"/l/{SECRET}", f"/l/{SECRET.upper()}", f"/l/{SECRET}/l/{OPEN}", f"/l/{OPEN}/l/{SECRET}"):
        for method, pattern in patterns:
            for identity in (ids[SECRET], UNKNOWN):
                yield method, prefix + address(pattern, identity), "plain", {"headers": {"Accept": "*/*"}}
                if "{" not in pattern:
                    break
            if method == "GET":
                yield method, prefix + address(pattern, ids[SECRET]), "html", {"headers": {"Accept": "text/html"}}
            if method == "POST":
                yield method, prefix + address(pattern, UNKNOWN), "json", {"json": _body(pattern, "")}
                yield method, prefix + address(pattern, UNKNOWN), "named", {"json": _body(pattern, ids[SECRET])}
                yield method, prefix + address(pattern, UNKNOWN), "large", {"json": {"question": "x" * 1_200_000}}
                files = [("files", ("a.exe", b"MZ"))]
                yield method, prefix + address(pattern, UNKNOWN), "files", {"files": files}
        yield from _assistants(prefix, ids)
        yield from _events(prefix, app)
    for path in (f"/l/{SECRET}", f"/l/{SECRET}/..", f"/l/{SECRET}/%2e%2e/{OPEN}/", f"/l/{SECRET}%2f", f"//l/{SECRET}/", "/l/", "/l"):
        yield "GET", path, "trick", {"headers": {"Accept": "application/json"}}
        yield "GET", path, "html", {"headers": {"Accept": "text/html"}}


def _identity(model: Team, name: str) -> str:
    found: str = model.library_app(name).state.service.library.documents()[0].id
    return found


def _body(pattern: str, identity: str) -> dict[str, Any]:
    """Return a valid body for the routes that take questions; others refuse it for its form."""
    documents = {"documents": [identity]} if identity else {}
    question = "What did the king sign?" if not identity else "What swam under the bridge?"
    bodies: dict[str, dict[str, Any]] = {
        "/v1/check": {"text": TREATY if not identity else WHALE},
        "/v1/batch": {"questions": [question]},
    }
    return {**bodies.get(pattern, {"question": question}), **documents}


def _assistants(prefix: str, ids: dict[str, str]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield calls of the tools for assistants."""
    calls = {
        "tools": ("tools/list", {}),
        "search": ("tools/call", {"name": "search", "arguments": {"question": "whale bridge treaty"}}),
        "read": ("tools/call", {"name": "read", "arguments": {"document": ids[SECRET]}}),
        "ask": ("tools/call", {"name": "ask", "arguments": {"question": "What swam?", "documents": ["whale.txt"]}}),
    }
    for kind, (name, parameters) in calls.items():
        message = {"jsonrpc": "2.0", "id": 1, "method": name, "params": parameters}
        headers = {"Accept": "application/json, text/event-stream"}
        # What an error says again, it has from the request.
        yield "POST", f"{prefix}/mcp", "echo" if kind == "ask" else kind, {"json": message, "headers": headers}


def _events(prefix: str, app: Any) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield every event of the page, and the stream of its results."""
    config = json.loads(json.dumps(app.state.blocks_config)) if hasattr(app.state, "blocks_config") else {}
    numbers = [event["id"] for event in config.get("dependencies", [])] or range(12)
    for number in numbers:
        body = {"data": ["What did the king sign?", [], [], "quote"], "fn_index": number, "session_hash": f"leak{number}"}
        yield "POST", f"{prefix}/gradio_api/queue/join", f"event {number}", {"json": body}
