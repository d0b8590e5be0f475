"""No answer tells somebody without rights whether a library or a document exists.

Three servers get the same requests: one has a secret library with a document, one has it empty, one does not have it.
The answers must be the same to the last byte, apart from times and random ids, on every route that the applications
have, so that a new route is tested without a change here.
"""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from index.page import create_app
from index.page.gradio_routes import GradioGate
from index.records.document import UNDER_WAY
from tests.hosted import wait_until
from tests.nightly import is_nightly
from tests.plugins.team.addresses import address, all_routes
from tests.plugins.team.conftest import DOCUMENTS, OPEN, SECRET, TREATY, WHALE, Team, build_team, fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


Request = tuple[str, str, str, dict[str, Any]]
"""Method, address, kind and options."""
WORDS = ("whale", "glass", "garden", SECRET)
"""Words of the secret document, and the name of its library."""
ECHOES = ("named", "ask")
"""Requests that hold such words themselves, which errors and checks repeat."""
UNKNOWN = "f" * 64
REQUEST_ID = "one-id-for-all"
_RANDOM = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\b\d+\.\d+(?:e-?\d+)?\b"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]+"), "TIME"),
    (re.compile(r"pincite_(?:sign_in|browser)=[^;]+"), "COOKIE"),
    (re.compile(r'"[\w-]{22}/'), '"ID/'),
    (re.compile(r'"jobs":"[0-9a-f]{16}"'), "ID"),
    (re.compile(r'"(?:session_hash|app_id|event_id)": ?"?[\w-]+"?'), "ID"),
)


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Team]]:
    """The three servers. The open library is copied, so that it is the same everywhere to its last time stamp."""
    folder = tmp_path_factory.mktemp("leaks")
    (folder / "first").mkdir()
    fill(folder / "first", DOCUMENTS)
    teams = {
        name: _copied(folder, name, has_library, has_document)
        for name, has_library, has_document in (
            ("with the document", True, True),
            ("with the empty library", True, False),
            ("without the library", False, False),
        )
    }
    with ExitStack() as stack:
        for team in teams.values():
            stack.enter_context(team.running)
        yield teams


def _copied(folder: Path, name: str, has_library: bool, has_document: bool) -> Team:
    """Return a server with copies of the libraries."""
    libraries = folder / name / "libraries"
    libraries.mkdir(parents=True)
    shutil.copytree(folder / "first" / OPEN, libraries / OPEN)
    if has_document:
        shutil.copytree(folder / "first" / SECRET, libraries / SECRET)
    elif has_library:
        fill(libraries, {SECRET: {}})
    rules = (
        f'[{OPEN}]\nreaders = ["user:reader"]\ncurators = ["user:curator"]\n[{SECRET}]\nreaders = ["user:insider"]\n'
    )
    return build_team(
        folder / name,
        {},
        create_app,
        rules,
        trusted_proxies="127.0.0.1",
        proxy_user="X-Person",
    )


_LIMITED = ("/v1/ask", "/v1/documents", "/page/links", "/gradio_api/queue/join", "/gradio_api/upload", "/mcp")
"""Routes whose bodies have limits of their own."""
PEOPLE = ("", "reader", "stranger", *(("curator",) if is_nightly() else ()))


def test_no_answer_depends_on_what_is_secret(teams: dict[str, Team]) -> None:
    """Every route, below every address, for everybody without rights to the secret library."""
    answers = {name: _answers(team, teams["with the document"]) for name, team in teams.items()}
    first, *others = answers.values()
    assert len(first) > 1_500
    for other in others:
        differing = [(request, first[request], other[request]) for request in first if other[request] != first[request]]
        assert differing[:1] == []
    _require_variety(first)


def _require_variety(answers: dict[Any, tuple[int, str, str]]) -> None:
    """The requests reach what they should: questions are answered, pages are shown, the secret is shut."""
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
        if kind not in ECHOES and SECRET not in path and not re.search(r"/(?:assets|static|ui)", path):
            assert [word for word in WORDS if word in (body + headers).casefold()] == [], (path, kind, status)


def _answers(team: Team, model: Team) -> dict[tuple[str, str, str, str], tuple[int, str, str]]:
    """Return the answers to all requests. `model` is the server whose ids and routes they use."""
    service = team.library_app(OPEN).state.service
    wait_until(
        lambda: service.library.map().generation == service.library.generation()
    )  # it is drawn in the background
    assert team.running.portal is not None
    answers: dict[Any, tuple[int, str, str]] = team.running.portal.call(_asked, team, model)
    return answers


async def _asked(team: Team, model: Team) -> dict[tuple[str, str, str, str], tuple[int, str, str]]:
    """Ask within the event loop of the server, which takes a third of the time of a client in another thread."""
    transport = httpx.ASGITransport(team.app, client=("127.0.0.1", 50_000))
    jobs = team.library_app(OPEN).state.service.jobs
    found = {}
    for person in PEOPLE:
        for method, path, kind, options in _requests(model):
            headers = {"X-Request-ID": REQUEST_ID, "Sec-Fetch-Mode": "navigate", **options.pop("headers", {})}
            if person:
                headers["X-Person"] = person
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                response = await client.request(method, path, headers=headers, **options)
                while method == "GET" and response.status_code == 202:  # still being made in the background
                    await anyio.sleep(0.01)
                    response = await client.request(method, path, headers=headers, **options)
            found[person, method, path, kind] = _answer(response)
            while any(job.state in UNDER_WAY for job in jobs.recent()):
                await anyio.sleep(0.01)
    return found


def _answer(response: httpx.Response) -> tuple[int, str, str]:
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(response.headers.multi_items()))
    return response.status_code, _steady(headers), _steady(response.text)


def _steady(text: str) -> str:
    """Return a text with times and random ids replaced."""
    for pattern, replacement in _RANDOM:
        text = pattern.sub(replacement, text)
    return re.sub(r"content-length: \d+|etag: .*", "", text)


def _requests(model: Team) -> Iterator[Request]:
    """Yield method, address, kind and options of each request."""
    ids = {name: _identity(model, name) for name in (OPEN, SECRET)}
    app = model.library_app(OPEN)
    patterns = sorted(all_routes(app))
    for prefix in ("", f"/l/{OPEN}", f"/l/{SECRET}"):
        yield from _route_requests(prefix, patterns, ids)
        yield from _assistants(prefix, ids)
        yield from _events(prefix, app)
    for prefix in (f"/l/{SECRET.upper()}", f"/l/{SECRET}/l/{OPEN}", f"/l/{OPEN}/l/{SECRET}"):
        for method, pattern in patterns:
            yield method, prefix + address(pattern, ids[SECRET]), "plain", {"headers": {"Accept": "*/*"}}
    for path in (
        f"/l/{SECRET}",
        f"/l/{SECRET}/..",
        f"/l/{SECRET}/%2e%2e/{OPEN}/",
        f"/l/{SECRET}%2f",
        f"//l/{SECRET}/",
        "/l/",
        "/l",
    ):
        yield "GET", path, "trick", {"headers": {"Accept": "application/json"}}
        yield "GET", path, "html", {"headers": {"Accept": "text/html"}}


def _route_requests(prefix: str, patterns: Sequence[tuple[str, str]], ids: dict[str, str]) -> Iterator[Request]:
    for method, pattern in patterns:
        for identity in (ids[SECRET], UNKNOWN) if "{" in pattern else (UNKNOWN,):
            yield method, prefix + address(pattern, identity), "plain", {"headers": {"Accept": "*/*"}}
        path = prefix + address(pattern, ids[SECRET])
        if method == "GET" and "/static" not in pattern:
            yield method, path, "html", {"headers": {"Accept": "text/html"}}
        if method == "POST":
            yield method, path, "json", {"json": _body(pattern, "")}
            yield method, path, "named", {"json": _body(pattern, ids[SECRET])}
        if method == "POST" and pattern in _LIMITED:
            yield method, path, "large", {"json": {"question": "x" * 1_100_000}}
            yield method, path, "files", {"files": [("files", ("a.exe", b"MZ"))]}


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


def _assistants(prefix: str, ids: dict[str, str]) -> Iterator[Request]:
    """Yield calls of the tools for assistants."""
    calls = {
        "tools": ("tools/list", {}),
        "search": ("tools/call", {"name": "search", "arguments": {"question": "bridge treaty"}}),
        "read": ("tools/call", {"name": "read", "arguments": {"document": ids[SECRET]}}),
        "ask": ("tools/call", {"name": "ask", "arguments": {"question": "What swam?", "documents": ["whale.txt"]}}),
    }
    for kind, (name, parameters) in calls.items():
        message = {"jsonrpc": "2.0", "id": 1, "method": name, "params": parameters}
        headers = {"Accept": "application/json, text/event-stream"}
        yield "POST", f"{prefix}/mcp", kind, {"json": message, "headers": headers}


def _events(prefix: str, app: Any) -> Iterator[Request]:
    """Yield every event of the page, and the stream of its results."""
    gate = next(route.app for route in app.routes if isinstance(getattr(route, "app", None), GradioGate))
    assert len(gate.events) > 3
    for number, event in gate.events.items():
        data = ["What did the king sign?", [], [], "quote", "", ""][: event.inputs]
        body = {"data": data, "fn_index": number, "session_hash": f"leak{number}"}
        yield "POST", f"{prefix}/gradio_api/queue/join", f"event {number}", {"json": body}
