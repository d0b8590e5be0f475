"""Builds the ASGI application of the page: our routes, Gradio mounted at "/", and the middleware around both.

Gradio inserts a `head=` by script after its configuration has loaded, so the page would be unstyled until then; and it
rewrites a `css=` and drops unknown rules. So both are inserted into the HTML of the response.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import anyio
import gradio as gr
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from gradio.context import Context
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Mount

from index.page import fragments
from index.page.asset_cache import AssetCache
from index.page.citation_routes import add_citation_routes
from index.page.forms import add_checks
from index.page.fragments import STATIC, bundles
from index.page.gradio_assets import ASSETS, FrontEnd
from index.page.gradio_routes import GradioGate, PageEvent
from index.page.intake import CheckedBlocks, add_intake
from index.page.kept_routes import add_kept
from index.page.page_events import PageEventsByService
from index.page.page_html import Insertions
from index.page.routes import add_batches, add_fragments, add_keeping
from index.page.tabs import build_page
from index.page.transfers import add_transfers
from index.server import http
from index.server.job_queue import Jobs
from index.server.permissions import permission_of
from index.server.principals import ROLE
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.library.library import Library
    from index.page.gradio_assets import Needs
    from index.page.transfers import PendingUploads
    from index.server.http.service import Service
    from index.settings import Settings

# Gradio compiles templates in the browser, hence 'unsafe-eval'. The policy cannot stop an injected script, only what it
# could fetch or send. The defence against injection is the escaping in `rendering`.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_CACHED_PAGES = 16
"""Cached pages, one per name of the server; behind a proxy there are few names."""
_QUEUED = 200
"""Maximum number of events in Gradio's queue, which is short: Gradio starts events at once."""
_EXPIRY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Page:
    """Gradio's page after rewriting."""

    headers: MutableHeaders
    plain: bytes
    gzipped: bytes


class PageMiddleware:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, insertions: Insertions, origins: Sequence[str] = ()) -> None:
        """`origins` are those of other sites that may show the page in a frame."""
        self._app = app
        policy = " ".join((f"{POLICY}; frame-ancestors 'self'", *origins))
        self._headers = {"Content-Security-Policy": policy, **HEADERS}
        self._insertions = insertions
        self._pages: OrderedDict[tuple[str, ...], _Page] = OrderedDict()
        self._lock = anyio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the page; add headers to all other responses."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD") and scope["path"] in ("", "/"):
            await self._page({**scope, "method": "GET"}, receive, _headed(scope, send))
        else:
            await self._app(scope, receive, _with_headers(scope, send, self._headers))

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send Gradio's page from the cache; it is rewritten once per name of the server."""
        headers = Headers(scope=scope)
        role = scope.get(ROLE, "")
        key = (scope.get("scheme", ""), headers.get("host", ""), scope.get("root_path", ""), role)
        if key not in self._pages:
            async with self._lock:  # rendering takes Gradio ten milliseconds of processor time
                if key not in self._pages:
                    page = await self._rewrite(scope, receive, send)
                    if page is None:
                        return
                    self._pages[key] = page
                    if len(self._pages) > _CACHED_PAGES:
                        self._pages.popitem(last=False)
        page = self._pages[key]
        self._pages.move_to_end(key)
        await _finish(page, "gzip" in headers.get("accept-encoding", ""), send, self._headers)

    async def _rewrite(self, scope: Scope, receive: Receive, send: Send) -> _Page | None:
        """Get the uncompressed page from Gradio and rewrite it; return None if an error was passed on instead."""
        headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        start: Message = {}
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            if start and start["status"] != 200:
                await send(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self._app({**scope, "headers": headers}, receive, collect)
        if start["status"] != 200:
            return None
        assert not Headers(raw=start["headers"]).get("set-cookie")  # the cache would give it to everybody
        page = self._insertions.into(b"".join(parts), scope.get(ROLE, ""))
        return _Page(MutableHeaders(raw=start["headers"]), page, gzip.compress(page, 6))


def _headed(scope: Scope, send: Send) -> Send:
    """Return a `send` that leaves the body out of the response to a HEAD request."""

    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send if scope["method"] == "GET" else send_head


async def _finish(page: _Page, gzipped: bool, send: Send, added: Mapping[str, str]) -> None:
    body = page.gzipped if gzipped else page.plain
    headers = page.headers.mutablecopy()
    headers.update(added)
    headers["Content-Length"] = str(len(body))
    headers["Cache-Control"] = "no-cache"
    headers.add_vary_header("Accept-Encoding")
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})


def _with_headers(scope: Scope, send: Send, added: Mapping[str, str]) -> Send:
    """Return a `send` that adds our headers; files with a version may be cached forever."""
    forever = scope["path"].startswith("/ui/") and b"v=" in scope["query_string"]

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
            if forever:
                headers["Cache-Control"] = "public, max-age=31536000, immutable"
        await send(message)

    return send_with_headers


def build(library: Library, settings: Settings, examples: Sequence[str]) -> FastAPI:
    """Build the application. Our routes come before the mount at "/", which matches everything."""
    # Gradio numbers the controls of all pages of a process, and shows the numbers: they would tell of other libraries.
    Context.id = 0
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    app = http.create_app(library, settings, jobs)
    service: Service = app.state.service
    events = PageEventsByService(service, examples)
    _manage_lifespan(app, events.of({}).received, jobs)
    # Without arguments it allows no origin. Its presence keeps Gradio from adding one that allows all origins.
    app.add_middleware(CORSMiddleware)
    app.state.render_problem = fragments.problem
    add_fragments(app, events)
    add_checks(app)
    add_keeping(app, events)
    add_batches(app, events)
    add_kept(app)
    title = settings.demo_title or "Pincite"
    page = CheckedBlocks(events, title=title, fill_width=True, analytics_enabled=False)
    build_page(settings, events, page)
    needs = FrontEnd().needs(sorted({block.get_block_name() for block in page.blocks.values()}))
    mount, versions = bundles(needs)
    app.router.routes.append(mount)
    add_citation_routes(app, versions)
    add_intake(app, events)
    add_transfers(app, lambda scope: events.of(scope).transfers)
    _mount(app, page, events, library, settings)
    _cache_assets(app, needs)
    parts = (
        fragments.head(versions, title, demo=settings.demo),
        fragments.shell(settings.max_question_characters, title),
        fragments.links(versions, needs),
    )
    insertions = Insertions(*[part.encode() for part in parts])
    app.add_middleware(PageMiddleware, insertions=insertions, origins=settings.embed_origins)
    return app


def _manage_lifespan(app: FastAPI, received: PendingUploads, jobs: Jobs) -> None:
    """Delete expired uploads while the server runs, and close the jobs when it stops; stored documents are kept.

    Closing the jobs deletes uploads that were not added.
    """
    inner = app.router.lifespan_context

    async def expire_uploads() -> None:
        while True:
            await anyio.sleep(_EXPIRY_SECONDS)
            await run_in_threadpool(received.expire)

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[Any]:
        task = asyncio.create_task(expire_uploads())
        async with inner(application) as state:
            yield state
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await run_in_threadpool(jobs.close)

    app.router.lifespan_context = lifespan


def _cache_assets(app: FastAPI, needs: Needs) -> None:
    """Let Gradio's gate serve the scripts from memory."""
    mount = app.router.routes[-1]
    assert isinstance(mount, Mount)
    gate = mount.app
    assert isinstance(gate, GradioGate)
    mount.app = replace(gate, app=AssetCache(gate.app, ASSETS, (needs.entry, *needs.scripts)))


def _mount(app: FastAPI, page: gr.Blocks, events: PageEventsByService, library: Library, settings: Settings) -> None:
    # `CheckedBlocks` decides which events run at once: Gradio's queue does not distinguish clients.
    page.queue(max_size=_QUEUED, default_concurrency_limit=None, api_open=False)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=gr.themes.Base(font=[gr.themes.Font("Pincite Sans"), "system-ui"], font_mono=["ui-monospace"]),
        favicon_path=str(STATIC / "mark.svg"),
        max_file_size=settings.max_file_megabytes * 1_000_000,
        app_kwargs={"openapi_url": None},
        blocked_paths=[str(library.folder)],
        show_error=False,
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        enable_monitoring=False,
    )
    mount = app.router.routes[-1]
    assert isinstance(mount, Mount)
    listed = {number: event for number, event in page.fns.items() if event.fn}
    named = {
        number: PageEvent(len(event.inputs), permission_of(event.fn, f"The event {event.api_name}"))
        for number, event in listed.items()
    }
    pending, known = page._queue.pending_event_ids_session, page._queue.pending_messages_per_session
    mount.app = GradioGate(
        mount.app,
        named,
        lambda scope: events.of(scope).received,
        lambda session: bool(pending.get(session)),
        lambda session: session in known,
    )
