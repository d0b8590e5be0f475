"""The guard around an application that reads its bodies."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from starlette.exceptions import HTTPException
from starlette.responses import Response

from index.server.guard import connections
from index.server.guard.middleware import Guard
from index.server.guard.origins import Proxies
from index.server.guard.quotas import MOST_UNREAD, PIECE
from index.settings import Settings
from tests.cases import cases

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

JSON, MULTIPART = "application/json", "multipart/form-data; boundary=x"
SETTINGS = Settings(
    max_body_megabytes=2,
    max_upload_megabytes=3,
    max_client_uploads=2,
    max_client_requests=4,
    body_seconds=0.05,
    allow_hosts="docs.example",
)
Body = Sequence[bytes | None]
"""Chunks; None for a client that sends nothing any more."""


class Inner:
    """Reads what it is sent, and answers when it may."""

    def __init__(self) -> None:
        self.bodies: list[int] = []
        self.clients: list[str] = []
        self.gone = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As frameworks do it: of a client that has left, an error of its own is raised."""
        self.clients.append(scope["client"][0])
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone += 1
                raise HTTPException(400, "There was an error parsing the body")
            size += len(message["body"])
            if not message.get("more_body"):
                break
        self.bodies.append(size)
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"read"})


class Told:
    """A response, and what its problem document says."""

    def __init__(self, messages: list[Message]) -> None:
        start, body = messages
        self.status: int = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.problem: dict[str, Any] = {}
        if self.status >= 400 and self.headers["content-type"].startswith("text/plain"):
            self.problem = {"detail": body["body"].decode()}  # where the page shows it as it is
        elif self.status >= 400:
            self.problem = json.loads(body["body"])
            assert self.headers["content-type"] == "application/problem+json"
            assert self.problem["status"] == self.status
            assert self.problem["detail"]
            assert self.problem["hint"]


async def ask(guard: Guard, path: str, kind: str, chunks: Body, **options: Any) -> Told:
    """Send a body in chunks; its length is declared where `declared` says so."""
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
    return Told(messages)


def test_a_body_that_declares_too_much_is_not_read() -> None:
    """On every path; the events of the page have a smaller limit, uploads one of their own."""

    async def run() -> None:
        inner = Inner()
        guard = Guard(inner, settings=SETTINGS)
        for path, kind, most in (
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
            assert (await ask(guard, path, kind, [b"1"], declared=most)).status == 200
            read = len(inner.clients)
            for declared in (most + 1, 10**30):
                told = await ask(guard, path, kind, [b"1"], declared=declared)
                assert (told.status, "MB" in told.problem["detail"]) == (413, True)
            assert len(inner.clients) == read

    asyncio.run(run())


@pytest.mark.parametrize("headers", [[], [("transfer-encoding", "chunked"), ("content-length", "1")]])
@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [("/v1/ask", JSON, 2_000_000), ("/metrics", "", 2_000_000), ("/v1/documents", MULTIPART, 3_000_000)],
)
def test_a_body_that_declares_nothing_is_counted(
    path: str, kind: str, most: int, headers: list[tuple[str, str]]
) -> None:
    """As it comes; what the application says of a client that left is not told. Chunks make a declared length void."""

    async def run() -> None:
        inner = Inner()
        guard = Guard(inner, settings=SETTINGS)
        chunk = b" " * 100_000
        assert (await ask(guard, path, kind, [chunk] * (most // 100_000), headers=headers)).status == 200
        told = await ask(guard, path, kind, [chunk] * 100, headers=headers)
        assert told.status == 413
        assert inner.gone == 1
        assert inner.bodies == [most]

    asyncio.run(run())


@cases(
    "bomb",
    [b"[]," * 10_000, b"{}," * 10_000, b"[" * 10_001, b"1," * 10_001, b'{"a":[' * 5_001, b'"",' * 10_000],
    ids=["lists", "objects", "depth", "numbers", "depth of both", "strings"],
)
@cases("path", ["/v1/ask", "/mcp", "/gradio_api/queue/join", "/gradio_api/upload/x", "/"])
def test_json_of_too_many_values_is_not_parsed(path: str, bomb: bytes) -> None:
    """A few megabytes would be gigabytes of objects; whether it says that it is JSON does not matter."""

    async def run() -> None:
        inner = Inner()
        guard = Guard(inner, settings=SETTINGS)
        for kind in (JSON, "text/plain", "", "application/x-www-form-urlencoded", MULTIPART):
            told = await ask(guard, path, kind, [bomb], declared=len(bomb))
            assert told.status == 413
            assert "values" in told.problem["detail"]
            assert "PINCITE_MAX_BATCH_QUESTIONS" in told.problem["hint"]
        assert inner.bodies == []

    asyncio.run(run())


def test_a_long_text_is_one_value() -> None:
    """Whatever stands in it; and more questions may be sent where the settings allow more."""

    async def run() -> None:
        guard = Guard(Inner(), settings=SETTINGS)
        text = json.dumps({"text": "[],{}" * 100_000}).encode()
        assert (await ask(guard, "/v1/check", JSON, [text])).status == 200
        questions = json.dumps({"questions": ["why?"] * 15_000}).encode()
        assert (await ask(guard, "/v1/batch", JSON, [questions])).status == 413
        more = Guard(Inner(), settings=SETTINGS.model_copy(update={"max_batch_questions": 15_000}))
        assert (await ask(more, "/v1/batch", JSON, [questions])).status == 200
        assert (await ask(guard, "/page/questions", "text/csv", [b"," * 15_000])).status == 200
        form = b"text=" + b"%D0%B0" * 50_000
        assert (await ask(guard, "/page/check", "application/x-www-form-urlencoded", [form])).status == 200
        other = await ask(guard, "/v1/ask", JSON, ["[1]".encode("utf-16")])
        assert (other.status, other.problem["detail"]) == (400, "The JSON of the body is not in UTF-8.")

    asyncio.run(run())


@pytest.mark.parametrize(("path", "kind"), [("/v1/documents", MULTIPART), ("/v1/ask", JSON), ("/metrics", "")])
def test_a_body_that_stalls_is_given_up(path: str, kind: str) -> None:
    """At once or in the middle; the connection is closed."""

    async def run() -> None:
        inner = Inner()
        guard = Guard(inner, settings=SETTINGS)
        for chunks in ([None], [b"1" * 50_000, None], [b"1", b"1", None]):
            told = await ask(guard, path, kind, chunks)
            assert (told.status, told.headers["connection"]) == (408, "close")
        assert inner.gone == 3
        assert inner.bodies == []

    asyncio.run(run())


def test_a_body_that_drips_is_given_up() -> None:
    """Bytes extend the time only when there are enough of them."""

    async def run() -> None:
        inner = Inner()
        guard = Guard(inner, settings=SETTINGS.model_copy(update={"body_seconds": 0.5}))

        async def dripping(size: int, number: int) -> int:
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

        assert await dripping(10_000, 20) == 200
        assert await dripping(10, 200) == 408

    asyncio.run(run())


def test_a_client_that_waits_for_a_long_answer_is_not_cut_off() -> None:
    """Once the body is complete, the time limit is over: event streams last for hours."""

    async def run() -> None:
        inner = Inner()
        inner.may_answer.clear()
        guard = Guard(inner, settings=SETTINGS)

        async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
            assert not (await receive()).get("more_body")
            await asyncio.wait_for(receive(), 0.3)

        with pytest.raises(TimeoutError):  # of the application's own
            await ask(Guard(streaming, settings=SETTINGS), "/gradio_api/queue/data", "", [b""], stays=True)
        asked = asyncio.create_task(ask(guard, "/v1/ask", JSON, [b"{}"]))
        await asyncio.sleep(0.2)
        assert not asked.done()
        inner.may_answer.set()
        assert (await asked).status == 200

    asyncio.run(run())


def test_one_client_has_its_share_of_uploads_and_no_more() -> None:
    """Others are not hindered, and what has ended counts no longer."""

    async def run() -> None:
        inner = Inner()
        inner.may_answer.clear()
        guard = Guard(inner, settings=SETTINGS)

        async def upload(client: str, size: int, path: str = "/v1/documents") -> Told:
            return await ask(guard, path, MULTIPART, [b"1" * size], declared=size, client=client)

        busy = [asyncio.create_task(upload("192.0.2.7", 1_000_000)) for _ in range(2)]
        await asyncio.sleep(0)
        for path in ("/v1/documents", "/gradio_api/upload"):
            told = await upload("192.0.2.7", 1, path)
            assert told.status == 429
            assert int(told.headers["retry-after"]) > 0
        other = asyncio.create_task(upload("192.0.2.8", 3_000_000))
        await asyncio.sleep(0)
        too_much = await upload("192.0.2.8", 1)
        assert (too_much.status, "together" in too_much.problem["detail"]) == (429, True)
        inner.may_answer.set()
        assert [(await each).status for each in (*busy, other)] == [200] * 3
        assert (await upload("192.0.2.7", 3_000_000)).status == 200

    asyncio.run(run())


def test_one_client_has_its_share_of_requests_and_no_more() -> None:
    """Whatever watches over the server is always answered."""

    async def run() -> None:
        inner = Inner()
        inner.may_answer.clear()
        guard = Guard(inner, settings=SETTINGS)
        busy = [asyncio.create_task(ask(guard, "/v1/ask", JSON, [b"{}"])) for _ in range(4)]
        await asyncio.sleep(0)
        assert (await ask(guard, "/v1/ask", JSON, [b"{}"])).status == 429
        others = [
            asyncio.create_task(ask(guard, "/healthz", "", [b""], method="GET")),
            asyncio.create_task(ask(guard, "/v1/ask", JSON, [b"{}"], client="192.0.2.8")),
        ]
        await asyncio.sleep(0.01)
        inner.may_answer.set()
        assert [(await each).status for each in (*busy, *others)] == [200] * 6
        assert (await ask(guard, "/v1/ask", JSON, [b"{}"])).status == 200

    asyncio.run(run())


def test_visitors_without_an_address_are_not_one_client() -> None:
    """As behind a Unix socket: whatever each of them may do, no share of theirs is used up."""

    async def run() -> None:
        inner = Inner()
        inner.may_answer.clear()
        guard = Guard(inner, settings=SETTINGS)
        options: dict[str, Any] = {"declared": 2_000_000, "client": ""}
        busy = [asyncio.create_task(ask(guard, "/v1/documents", MULTIPART, [b"1"], **options)) for _ in range(9)]
        await asyncio.sleep(0)
        too_large = await ask(guard, "/v1/documents", MULTIPART, [b"1"], declared=3_000_001, client="")
        assert too_large.status == 413
        inner.may_answer.set()
        assert {(await each).status for each in busy} == {200}

    asyncio.run(run())
    assert not connections.IdleConnections(1.0, 0, Proxies(), Counter({"": 9})).has_too_many("")


def test_visitors_behind_a_trusted_proxy_are_told_apart() -> None:
    """Behind one that is not named they are one client, whatever they write."""

    async def run() -> None:
        for proxies, visitors in ((("192.0.2.7",), ["203.0.113.1", "203.0.113.2"]), ((), ["192.0.2.7"] * 2)):
            inner = Inner()
            guard = Guard(inner, settings=SETTINGS.model_copy(update={"trusted_proxies": proxies}))
            for address in ("203.0.113.1", "203.0.113.2"):
                await ask(guard, "/v1/ask", JSON, [b"{}"], headers=[("x-forwarded-for", address)])
            assert inner.clients == visitors

    asyncio.run(run())


def test_a_page_whose_name_points_here_cannot_pass_for_a_proxy() -> None:
    """It can write forwarded headers, but not `Host`; and a proxy's visitors are compared with their own address."""

    async def run() -> None:
        settings = SETTINGS.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
        guard = Guard(Inner(), settings=settings)
        forged = [("x-forwarded-host", "localhost")]
        guarded = Guard(Inner(), settings=settings.model_copy(update={"allow_hosts": ""}))
        assert (await ask(guarded, "/v1/ask", JSON, [], client="127.0.0.1", headers=forged)).status == 421
        public = [("x-forwarded-host", "public.example"), ("origin", "https://public.example")]
        assert (await ask(guard, "/v1/ask", JSON, [b"{}"], client="127.0.0.1", headers=public)).status == 200
        assert (await ask(guard, "/v1/ask", JSON, [b"{}"], client="192.0.2.9", headers=public)).status == 403

    asyncio.run(run())


def test_what_a_client_does_not_read_is_bounded() -> None:
    """Large responses are sent in pieces; while these wait, others that would be too much are refused."""

    async def run() -> None:
        reads = asyncio.Event()
        sizes: list[int] = []

        async def inner(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await Response(b"x" * int(scope["path"][1:]))(scope, receive, send)

        async def asked(size: int, client: str) -> int:
            statuses: list[int] = []

            async def receive() -> Message:
                return {"type": "http.request", "body": b""}

            async def send(message: Message) -> None:
                statuses.append(message.get("status", 0))
                sizes.append(len(message.get("body", b"")))
                if sizes[-1] > 1_000:
                    await reads.wait()

            scope = {"type": "http", "method": "GET", "path": f"/{size}", "scheme": "http", "client": (client, 5)}
            await guard({**scope, "headers": [(b"host", b"x")], "server": ("/run/socket", None)}, receive, send)
            return statuses[0]

        guard = Guard(inner, settings=SETTINGS.model_copy(update={"allow_hosts": ""}))
        first = asyncio.create_task(asked(MOST_UNREAD + 5, "192.0.2.7"))
        await asyncio.sleep(0)
        assert await asked(100_000, "192.0.2.7") == 429
        assert await asked(1_000, "192.0.2.7") == 200
        other = asyncio.create_task(asked(100_000, "192.0.2.8"))
        await asyncio.sleep(0)
        reads.set()
        assert [await first, await other, await asked(100_000, "192.0.2.7")] == [200] * 3
        assert max(sizes) == PIECE
        assert sum(sizes) > MOST_UNREAD + 2 * 100_000

    asyncio.run(run())


def test_what_an_application_raises_itself_is_not_hidden() -> None:
    """Only after a refusal its errors have no meaning."""

    async def run() -> None:
        async def failing(scope: Scope, receive: Receive, send: Send) -> None:
            raise RuntimeError("broken")

        with pytest.raises(RuntimeError, match="broken"):
            await ask(Guard(failing, settings=SETTINGS), "/v1/ask", JSON, [b"{}"])

    asyncio.run(run())


def test_other_connections_pass() -> None:
    """The lifespan is nobody's request."""

    async def run() -> None:
        seen = []

        async def inner(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["type"])

        async def nothing(*_: Any) -> Any:
            raise AssertionError

        await Guard(inner, settings=SETTINGS)({"type": "lifespan"}, nothing, nothing)
        assert seen == ["lifespan"]

    asyncio.run(run())
