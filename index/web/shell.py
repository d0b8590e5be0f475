"""Middleware that adds our stylesheet, our script and security headers to Gradio's page.

Gradio inserts a `head=` by script after its configuration has loaded, so the page would be unstyled until then; and it
rewrites a `css=` and drops unknown rules. So both are inserted into the HTML of the response.
"""

from __future__ import annotations

import gzip
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
        "frame-ancestors 'self' https://huggingface.co https://*.hf.space",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_GRADIO_META = re.compile(rb"\s*<meta\s+(?:property=\"og:|name=\"twitter:)[^>]*>")
"""Gradio's meta tags for link previews."""
_BODY = re.compile(rb"<body[^>]*>")
_CACHED_PAGES = 16
"""Cached pages, one per name of the server; behind a proxy there are few names."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Gradio's page after rewriting."""

    headers: MutableHeaders
    plain: bytes
    gzipped: bytes


class PageMiddleware:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, head: str, body: str) -> None:
        self._app = app
        self._head = head.encode()
        self._body = body.encode()
        self._pages: OrderedDict[tuple[str, str, str], _Page] = OrderedDict()
        self._lock = anyio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the page; add headers to all other responses."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "GET" and scope["path"] in ("", "/"):
            await self._page(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(scope, send))

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send Gradio's page from the cache; it is rewritten once per name of the server."""
        headers = Headers(scope=scope)
        key = (scope.get("scheme", ""), headers.get("host", ""), scope.get("root_path", ""))
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
        await _finish(page, "gzip" in headers.get("accept-encoding", ""), send)

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
        page = self._insert(b"".join(parts))
        return _Page(MutableHeaders(raw=start["headers"]), page, gzip.compress(page, 6))

    def _insert(self, page: bytes) -> bytes:
        page = _GRADIO_META.sub(b"", page)
        page = page.replace(b"</head>", self._head + b"</head>", 1)
        return _BODY.sub(lambda tag: tag[0] + self._body, page, count=1)


async def _finish(page: _Page, gzipped: bool, send: Send) -> None:
    body = page.gzipped if gzipped else page.plain
    headers = page.headers.mutablecopy()
    headers.update(HEADERS)
    headers["Content-Length"] = str(len(body))
    headers["Cache-Control"] = "no-cache"
    headers.add_vary_header("Accept-Encoding")
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})


def _with_headers(scope: Scope, send: Send) -> Send:
    """Return a `send` that adds our headers; files with a version may be cached forever."""
    forever = scope["path"].startswith("/ui/") and b"v=" in scope["query_string"]

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if forever:
                headers["Cache-Control"] = "public, max-age=31536000, immutable"
        await send(message)

    return send_with_headers
