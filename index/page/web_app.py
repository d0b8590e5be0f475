"""Builds the ASGI application of the page: our routes, Gradio mounted at "/", and the middleware around both.

Gradio inserts a `head=` by script after its configuration has loaded, so the page would be unstyled until then; and it
rewrites a `css=` and drops unknown rules. So both are inserted into the HTML of the response.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections import OrderedDict
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import anyio
import brotli
import gradio
import gradio as gr
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from gradio.context import Context
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.routing import Mount

from index.page import fragments
from index.page.ask_events import PageEventsByService
from index.page.citation_page import add_citation_routes
from index.page.forms import add_checks
from index.page.fragments import STATIC, bundles
from index.page.gradio_routes import GradioGate, PageEvent
from index.page.intake import CheckedBlocks, add_intake, add_transfers
from index.page.routes import add_batches, add_fragments, add_keeping, add_kept
from index.page.tabs import build_page
from index.server import http
from index.server.guard.origins import local_path
from index.server.job_queue import Jobs
from index.server.permissions import permission_of
from index.server.principals import ROLE
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from index.library.library import Library
    from index.page.intake import PendingUploads, ReceivedOf, Transfers
    from index.server.http.service import Service
    from index.settings import Settings


# Rewrites Gradio's page: our head, the shell at the beginning of the body, and fewer requests.
#
# Each change is independent: if a later Gradio words its page differently, that change is left out, and the page works.

_META = re.compile(rb"\s*<meta\s+(?:property=\"og:|name=\"twitter:)[^>]*>")
"""Gradio's meta tags for link previews."""
_MANIFEST = re.compile(rb"\s*<link rel=\"manifest\"[^>]*>")
"""There is no manifest at its address."""
_STYLES = re.compile(rb"\s*<link rel=\"stylesheet\"[^>]*href=\"\./assets/[^>]*>")
"""Gradio's stylesheets. In the head, they would delay the shell, which does not need them."""
_BODY = re.compile(rb"<body[^>]*>")
_RESIZER = b"document.head.appendChild(script);"
"""Loads a script that reports the page's height to the page around it."""


@dataclass(frozen=True, slots=True)
class Insertions:
    """What is inserted into every page."""

    head: bytes
    body: bytes
    links: bytes
    """The links to stylesheets, which come after the beginning of the body and after Gradio's own."""

    def into(self, page: bytes, role: str) -> bytes:
        """Return the page with them; the visitor's role, if the server has accounts, decides what it shows."""
        page = _MANIFEST.sub(b"", _META.sub(b"", page))
        page = page.replace(_RESIZER, b"if (window.parent !== window) " + _RESIZER, 1)
        styles = b"".join(_STYLES.findall(page))
        page = _STYLES.sub(b"", page)
        if role:
            page = page.replace(b"<html", f'<html data-role="{role}"'.encode(), 1)
        page = page.replace(b"</head>", self.head + b"</head>", 1)
        return _BODY.sub(lambda tag: tag[0] + self.body + styles + self.links, page, count=1)


# Serves Gradio's scripts from memory, compressed once: Gradio compresses them anew for every request.
#
# Their names contain a hash of their content, so browsers may cache them forever.

_TYPES = {".js": "text/javascript", ".css": "text/css"}
_QUALITY = 6
"""All scripts take 20 milliseconds; quality 9 takes ten times as long and saves half a per cent."""
_PREFIX = "/assets/"


class AssetCache:
    """ASGI middleware around Gradio."""

    def __init__(self, app: ASGIApp, folder: Path, names: Collection[str]) -> None:
        """Only files with these names are served from memory."""
        self.app = app
        self._folder = folder
        self._names = frozenset(names)
        self._responses: dict[tuple[str, str], Response] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a known file; pass everything else on."""
        name = self._name(scope)
        if name not in self._names:
            await self.app(scope, receive, send)
            return
        key = (name, _encoding(Headers(scope=scope)))
        response = self._responses.get(key)
        if response is None:
            response = self._responses[key] = await run_in_threadpool(self._response, *key)
        await response(scope, receive, send)

    @staticmethod
    def _name(scope: Scope) -> str:
        if scope["type"] != "http" or scope["method"] != "GET":
            return ""
        path = local_path(scope)
        return path.removeprefix(_PREFIX) if path.startswith(_PREFIX) else ""

    def _response(self, name: str, encoding: str) -> Response:
        content = (self._folder / name).read_bytes()
        headers: Mapping[str, str] = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
            **({"Content-Encoding": encoding} if encoding else {}),
        }
        body = _packed(content, encoding)
        return Response(body, media_type=_TYPES[PurePosixPath(name).suffix], headers=headers)


def _packed(content: bytes, encoding: str) -> bytes:
    if encoding == "br":
        packed: bytes = brotli.compress(content, quality=_QUALITY)
        return packed
    return gzip.compress(content, 9) if encoding else content


def _encoding(headers: Headers) -> str:
    """Return the best encoding that the client accepts; empty if there is none."""
    accepted = {part.partition(";")[0].strip() for part in headers.get("accept-encoding", "").lower().split(",")}
    return next((encoding for encoding in ("br", "gzip") if encoding in accepted), "")


# Which files of Gradio's front end the page needs: they are requested earlier, and their stylesheets as one file.
#
# Gradio loads its parts in three steps, each of which names the files of the next one. The lists are in its scripts. If
# a later Gradio writes them differently, nothing is found, and the page loads as Gradio loads it.

_FOLDER = Path(gradio.__file__).parent / "templates" / "frontend"
ASSETS = _FOLDER / "assets"
_ENTRY = re.compile(r'src="\./assets/(index-[\w-]+\.js)"')
_FILES = re.compile(r"m\.f=\[([^\]]*)\]")
"""The files that a script may load, in the order of their numbers."""
_IMPORT = re.compile(
    r"(?:(?P<component>\w+):\{)?(?:\w+:)?(?:\(\)=>|\b)\w+\((?:async)?\(\)=>(?:\{let\{default:e\}=await )?"
    r"import\(`\./(?P<script>[\w-]+\.js)`\).{0,40}?,__vite__mapDeps\(\[(?P<numbers>[\d,]*)\]\)"
)
"""The import of a script with the numbers of the files that it needs, and the component that it belongs to."""
_FIRST = ("Index-", "core-", "Blocks-")
"""Scripts that every page loads."""
_LATER = frozenset({"checkboxgroup", "dropdown", "radio"})
"""Components that are shown later, if at all: their stylesheets are included, but not their scripts."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Names of files, in the order in which they are needed."""

    entry: str = ""
    """The first script."""
    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    def stylesheet(self) -> bytes:
        """Return all stylesheets as one."""
        return b"\n".join((ASSETS / name).read_bytes() for name in self.styles)


class FrontEnd:
    """The front end of the installed Gradio."""

    def needs(self, components: Collection[str]) -> Needs:
        """Return what a page with these components needs."""
        first = [name for script in self._opening for name in script]
        shown = [name for one in components if one not in _LATER for name in self._components.get(one, ())]
        later = [name for one in components if one in _LATER for name in self._components.get(one, ())]
        if not first or not shown:
            return Needs()
        scripts = [name for name in (*first, *shown) if name.endswith(".js") and name != self._entry]
        styles = [name for name in (*first, *shown, *later) if name.endswith(".css") and _is_movable(name)]
        return Needs(self._entry, tuple(dict.fromkeys(scripts)), tuple(dict.fromkeys(styles)))

    @cached_property
    def _entry(self) -> str:
        found = _ENTRY.search((_FOLDER / "index.html").read_text("utf-8"))
        return found[1] if found else ""

    @cached_property
    def _opening(self) -> list[tuple[str, ...]]:
        """The files of the scripts that every page loads."""
        if not self._entry:
            return []
        begun = [files for _, script, files in _imports(self._entry) if script.startswith(_FIRST)]
        inner = [script for files in begun for script in files if script.startswith("Index-")]
        blocks = (one for script in inner if script.endswith(".js") for one in _imports(script))
        return [*begun, *[files for _, script, files in blocks if script.startswith("Blocks-")]]

    @cached_property
    def _components(self) -> dict[str, tuple[str, ...]]:
        """The files of each component by its name."""
        core = next(ASSETS.glob("core-*.js"), None)
        found: dict[str, tuple[str, ...]] = {}
        name = ""
        for component, _, files in _imports(core.name) if core else ():
            name = component or name
            found[name] = (*found.get(name, ()), *files)
        return found


def _imports(script: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each import of a script: its component, if it begins one, the imported script, and its files."""
    text = (ASSETS / script).read_text("utf-8")
    listed = _FILES.search(text)
    names = re.findall(r'"\./([^"]+)"', listed[1]) if listed else []
    for found in _IMPORT.finditer(text):
        numbers = [int(number) for number in found["numbers"].split(",") if number]
        yield found["component"] or "", found["script"], tuple(names[number] for number in numbers)


def _is_movable(name: str) -> bool:
    """Return whether a stylesheet may be served at another address: it refers to no other file."""
    return b"url(" not in (ASSETS / name).read_bytes().replace(b"url(data:", b"").replace(b"url(#", b"")


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

    def received_of(scope: Scope) -> PendingUploads:
        return events.of(scope).received

    def transfers_of(scope: Scope) -> Transfers:
        return events.of(scope).transfers

    _manage_lifespan(app, received_of({}), jobs)
    # Without arguments it allows no origin. Its presence keeps Gradio from adding one that allows all origins.
    app.add_middleware(CORSMiddleware)
    app.state.render_problem = fragments.problem
    add_fragments(app, events)
    add_checks(app)
    add_keeping(app, events)
    add_batches(app, events)
    add_kept(app)
    title = settings.demo_title or "Pincite"
    page = CheckedBlocks(service, received_of, title=title, fill_width=True, analytics_enabled=False)
    build_page(settings, events, page)
    needs = FrontEnd().needs(sorted({block.get_block_name() for block in page.blocks.values()}))
    mount, versions = bundles(needs.stylesheet())
    app.router.routes.append(mount)
    add_citation_routes(app, versions)
    add_intake(app, received_of, transfers_of)
    add_transfers(app, transfers_of)
    _mount(app, page, received_of, library, settings)
    _cache_assets(app, needs)
    parts = (
        fragments.head(versions, title, settings),
        fragments.shell(settings.max_question_characters, title),
        fragments.links(versions, needs.styles, needs.scripts),
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


def _mount(app: FastAPI, page: gr.Blocks, received_of: ReceivedOf, library: Library, settings: Settings) -> None:
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
        received_of,
        lambda session: bool(pending.get(session)),
        lambda session: session in known,
    )
