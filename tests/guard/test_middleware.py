"""The guard around an application that reads its request bodies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from starlette.exceptions import HTTPException

from index.server.guard.middleware import Guard
from index.settings import Settings
from tests.cases import cases
from tests.guard.simulated_loop import simulated

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

JSON, MULTIPART = "application/json", "multipart/form-data; boundary=x"
SETTINGS = Settings(
    max_body_megabytes=2,
    max_upload_megabytes=3,
    max_client_uploads=2,
    body_seconds=0.05,
    allow_hosts="docs.example",
)
Body = Sequence[bytes | None]
"""Chunks; None is a client that stops sending."""


class Application:
    """An application that reads its request and answers once it may."""

    def __init__(self) -> None:
        self.bodies: list[int] = []
        self.clients: list[str] = []
        self.disconnects = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raise an error if the client has left, as frameworks do."""
        self.clients.append(scope["client"][0])
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnects += 1
                raise HTTPException(400, "There was an error parsing the body")
            size += len(message["body"])
            if not message.get("more_body"):
                break
        self.bodies.append(size)
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"read"})


class GuardResponse:
    """A response with its parsed problem document."""

    def __init__(self, messages: list[Message]) -> None:
        start, body = messages
        self.status: int = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.problem: dict[str, Any] = {}
        if self.status >= 400 and self.headers["content-type"].startswith("text/plain"):
            self.problem = {"detail": body["body"].decode()}  # the page shows the text unchanged
        elif self.status >= 400:
            self.problem = json.loads(body["body"])
            assert self.headers["content-type"] == "application/problem+json"
            assert self.problem["status"] == self.status
            assert self.problem["detail"]
            assert self.problem["hint"]


async def send_request(guard: Guard, path: str, kind: str, chunks: Body, **options: Any) -> GuardResponse:
    """Send a request with this body in chunks; the option `declared` sets its Content-Length."""
    headers = [(b"host", b"docs.example"), (b"content-type", kind.encode())]
    if (declared := options.get("declared")) is not None:
        headers.append((b"content-length", str(declared).encode()))
    headers += [(name.encode(), value.encode()) for name, value in options.get("headers", ())]
    scope = {
        "type": "http",
        "method": options.get("method", "POST"),
        "path": path,
        "client": (options.get("client", "192.0.2.7"), 5),
        "server": ("127.0.0.1", 7860),
        "scheme": "http",
        "headers": headers,
    }
    rest, messages = list(chunks), []

    async def receive() -> Message:
        if not rest:
            if options.get("stays"):
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        chunk = rest.pop(0)
        if chunk is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunk, "more_body": bool(rest)}

    async def send(message: Message) -> None:
        messages.append(message)

    await guard(scope, receive, send)
    return GuardResponse(messages)


@simulated
async def test_body_with_too_large_a_declared_length_is_not_read() -> None:
    """Every path has a limit: events of the page a smaller one, uploads one of their own."""
    application = Application()
    guard = Guard(application, settings=SETTINGS)
    for path, kind, limit in (
        ("/v1/ask", JSON, 2_000_000),
        ("/mcp", JSON, 2_000_000),
        ("/page/questions", "text/csv", 2_000_000),
        ("/anything", "", 2_000_000),
        ("/v1/documents", JSON, 2_000_000),
        ("/gradio_api/queue/join", JSON, 1_000_000),
        ("/gradio_api/upload/x", MULTIPART, 1_000_000),
        ("/v1/documents", MULTIPART, 3_000_000),
        ("/gradio_api/upload", MULTIPART, 3_000_000),
    ):
        assert (await send_request(guard, path, kind, [b"1"], declared=limit)).status == 200
        calls = len(application.clients)
        for declared in (limit + 1, 10**30):
            response = await send_request(guard, path, kind, [b"1"], declared=declared)
            assert (response.status, "MB" in response.problem["detail"]) == (413, True)
        assert len(application.clients) == calls


@pytest.mark.parametrize("headers", [[], [("transfer-encoding", "chunked"), ("content-length", "1")]])
@pytest.mark.parametrize(
    ("path", "kind", "limit"),
    [("/v1/ask", JSON, 2_000_000), ("/metrics", "", 2_000_000), ("/v1/documents", MULTIPART, 3_000_000)],
)
@simulated
async def test_body_without_a_declared_length_is_counted(
    path: str, kind: str, limit: int, headers: list[tuple[str, str]]
) -> None:
    """The application's error is hidden after a refusal, and chunked encoding overrides a declared length."""
    application = Application()
    guard = Guard(application, settings=SETTINGS)
    chunk = b" " * 100_000
    assert (await send_request(guard, path, kind, [chunk] * (limit // 100_000), headers=headers)).status == 200
    response = await send_request(guard, path, kind, [chunk] * 100, headers=headers)
    assert response.status == 413
    assert application.disconnects == 1
    assert application.bodies == [limit]


@cases(
    "bomb",
    [b"[]," * 10_000, b"{}," * 10_000, b"[" * 10_001, b"1," * 10_001, b'{"a":[' * 5_001, b'"",' * 10_000],
    ids=["lists", "objects", "depth", "numbers", "depth of both", "strings"],
)
@cases("path", ["/v1/ask", "/mcp", "/gradio_api/queue/join", "/gradio_api/upload/x", "/"])
@simulated
async def test_json_with_too_many_values_is_not_parsed(path: str, bomb: bytes) -> None:
    """A few megabytes would become gigabytes of objects, whatever the content type says."""
    application = Application()
    guard = Guard(application, settings=SETTINGS)
    for kind in (JSON, "text/plain", "", "application/x-www-form-urlencoded", MULTIPART):
        response = await send_request(guard, path, kind, [bomb], declared=len(bomb))
        assert response.status == 413
        assert "values" in response.problem["detail"]
        assert "PINCITE_MAX_BATCH_QUESTIONS" in response.problem["hint"]
    assert application.bodies == []


@simulated
async def test_long_string_counts_as_one_value() -> None:
    """Other bodies are not counted, and the limit grows with the number of questions that the settings allow."""
    guard = Guard(Application(), settings=SETTINGS)
    text = json.dumps({"text": "[],{}" * 100_000}).encode()
    assert (await send_request(guard, "/v1/check", JSON, [text])).status == 200
    questions = json.dumps({"questions": ["why?"] * 15_000}).encode()
    assert (await send_request(guard, "/v1/batch", JSON, [questions])).status == 413
    larger = Guard(Application(), settings=SETTINGS.model_copy(update={"max_batch_questions": 15_000}))
    assert (await send_request(larger, "/v1/batch", JSON, [questions])).status == 200
    assert (await send_request(guard, "/page/questions", "text/csv", [b"," * 15_000])).status == 200
    form = b"text=" + b"%D0%B0" * 50_000
    assert (await send_request(guard, "/page/check", "application/x-www-form-urlencoded", [form])).status == 200
    other = await send_request(guard, "/v1/ask", JSON, ["[1]".encode("utf-16")])
    assert (other.status, other.problem["detail"]) == (400, "The JSON of the body is not in UTF-8.")


@pytest.mark.parametrize(("path", "kind"), [("/v1/documents", MULTIPART), ("/v1/ask", JSON), ("/metrics", "")])
@simulated
async def test_stalled_body_is_refused(path: str, kind: str) -> None:
    """The client may stall at once or in the middle, and the connection is closed."""
    application = Application()
    guard = Guard(application, settings=SETTINGS)
    for chunks in ([None], [b"1" * 50_000, None], [b"1", b"1", None]):
        response = await send_request(guard, path, kind, chunks)
        assert (response.status, response.headers["connection"]) == (408, "close")
    assert application.disconnects == 3
    assert application.bodies == []


@simulated
async def test_slow_body_is_refused_below_the_least_rate() -> None:
    """Bytes extend the time only if enough of them arrive."""
    application = Application()
    guard = Guard(application, settings=SETTINGS.model_copy(update={"body_seconds": 0.5}))

    async def send_slowly(size: int, number: int) -> int:
        sent = 0
        statuses: list[int] = []

        async def receive() -> Message:
            nonlocal sent
            await asyncio.sleep(0.05)
            sent += 1
            return {"type": "http.request", "body": b" " * size, "more_body": sent < number}

        async def send(message: Message) -> None:
            statuses.append(message.get("status", 0))

        headers = [(b"host", b"docs.example"), (b"content-type", MULTIPART.encode())]
        scope = {"type": "http", "method": "POST", "path": "/v1/documents", "scheme": "http", "headers": headers}
        await guard({**scope, "client": ("192.0.2.7", 5), "server": ("127.0.0.1", 80)}, receive, send)
        return statuses[0]

    assert await send_slowly(10_000, 20) == 200
    assert await send_slowly(10, 200) == 408


@simulated
async def test_time_limit_ends_with_the_body() -> None:
    """Once the body is complete, the response may take hours, as event streams do."""
    application = Application()
    application.may_answer.clear()
    guard = Guard(application, settings=SETTINGS)

    async def wait_for_more(scope: Scope, receive: Receive, send: Send) -> None:
        assert not (await receive()).get("more_body")
        await asyncio.wait_for(receive(), 0.3)

    with pytest.raises(TimeoutError):  # raised by the application itself
        await send_request(Guard(wait_for_more, settings=SETTINGS), "/gradio_api/queue/data", "", [b""], stays=True)
    pending = asyncio.create_task(send_request(guard, "/v1/ask", JSON, [b"{}"]))
    await asyncio.sleep(0.2)
    assert not pending.done()
    application.may_answer.set()
    assert (await pending).status == 200


@simulated
async def test_uploads_of_one_client_are_limited() -> None:
    """Other clients are not affected, and finished uploads no longer count."""
    application = Application()
    application.may_answer.clear()
    guard = Guard(application, settings=SETTINGS)

    async def upload(client: str, size: int, path: str = "/v1/documents") -> GuardResponse:
        return await send_request(guard, path, MULTIPART, [b"1" * size], declared=size, client=client)

    busy = [asyncio.create_task(upload("192.0.2.7", 1_000_000)) for _ in range(2)]
    await asyncio.sleep(0)
    for path in ("/v1/documents", "/gradio_api/upload"):
        response = await upload("192.0.2.7", 1, path)
        assert response.status == 429
        assert int(response.headers["retry-after"]) > 0
    other = asyncio.create_task(upload("192.0.2.8", 3_000_000))
    await asyncio.sleep(0)
    refused = await upload("192.0.2.8", 1)
    assert (refused.status, "together" in refused.problem["detail"]) == (429, True)
    application.may_answer.set()
    assert [(await task).status for task in (*busy, other)] == [200] * 3
    assert (await upload("192.0.2.7", 3_000_000)).status == 200


@simulated
async def test_clients_without_an_address_share_no_quota() -> None:
    """Behind a Unix socket no client has an address, and limits for each request still apply."""
    application = Application()
    application.may_answer.clear()
    guard = Guard(application, settings=SETTINGS)
    options: dict[str, Any] = {"declared": 2_000_000, "client": ""}
    busy = [asyncio.create_task(send_request(guard, "/v1/documents", MULTIPART, [b"1"], **options)) for _ in range(9)]
    await asyncio.sleep(0)
    too_large = await send_request(guard, "/v1/documents", MULTIPART, [b"1"], declared=3_000_001, client="")
    assert too_large.status == 413
    application.may_answer.set()
    assert {(await task).status for task in busy} == {200}


@simulated
async def test_clients_behind_a_trusted_proxy_are_distinguished() -> None:
    """Behind any other proxy they are one client, whatever headers they send."""
    for proxies, visitors in ((("192.0.2.7",), ["203.0.113.1", "203.0.113.2"]), ((), ["192.0.2.7"] * 2)):
        application = Application()
        guard = Guard(application, settings=SETTINGS.model_copy(update={"trusted_proxies": proxies}))
        for address in ("203.0.113.1", "203.0.113.2"):
            await send_request(guard, "/v1/ask", JSON, [b"{}"], headers=[("x-forwarded-for", address)])
        assert application.clients == visitors


@simulated
async def test_site_that_resolves_to_loopback_cannot_act_as_a_proxy() -> None:
    """It can send forwarded headers but not `Host`; visitors behind a proxy are compared with their own host."""
    settings = SETTINGS.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
    guard = Guard(Application(), settings=settings)
    forged = [("x-forwarded-host", "localhost")]
    local_guard = Guard(Application(), settings=settings.model_copy(update={"allow_hosts": ""}))
    assert (await send_request(local_guard, "/v1/ask", JSON, [], client="127.0.0.1", headers=forged)).status == 421
    public = [("x-forwarded-host", "public.example"), ("origin", "https://public.example")]
    assert (await send_request(guard, "/v1/ask", JSON, [b"{}"], client="127.0.0.1", headers=public)).status == 200
    assert (await send_request(guard, "/v1/ask", JSON, [b"{}"], client="192.0.2.9", headers=public)).status == 403


@simulated
async def test_error_of_the_application_and_the_lifespan_pass_the_guard() -> None:
    """Only after a refusal the application's errors have no meaning; the lifespan is no request of a client."""

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await send_request(Guard(fail, settings=SETTINGS), "/v1/ask", JSON, [b"{}"])
    scope_types = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        scope_types.append(scope["type"])

    async def unexpected(*_: Any) -> Any:
        raise AssertionError

    await Guard(application, settings=SETTINGS)({"type": "lifespan"}, unexpected, unexpected)
    assert scope_types == ["lifespan"]
