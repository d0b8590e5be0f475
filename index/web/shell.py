"""What surrounds Gradio's page: our stylesheet and script in its head, and security headers.

Gradio would insert a `head=` by script, once its configuration has arrived: the page would show unstyled until then;
and it rewrites a `css=`, dropping the rules it does not know. So both go into the HTML on its way out.
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

# Gradio compiles its templates in the browser, hence 'unsafe-eval': this policy cannot stop an injected script, it
# stops what a script could fetch or send. Escaping in `rendering` is the defence.
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
_FOREIGN_META = re.compile(rb"\s*<meta\s+(?:property=\"og:|name=\"twitter:)[^>]*>")
"""What Gradio says of itself to those who show previews of links."""
_BODY = re.compile(rb"<body[^>]*>")
_KEPT = 16
"""Pages that are kept, each for another name of the server: behind a proxy, there are few."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Gradio's page as it goes out."""

    headers: MutableHeaders
    plain: bytes
    gzipped: bytes


class Shell:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, head: str, body: str) -> None:
        self._app = app
        self._head = head.encode()
        self._body = body.encode()
        self._made: OrderedDict[tuple[str, str, str], _Page] = OrderedDict()
        self._making = anyio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite, or pass on with headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "GET" and scope["path"] in ("", "/"):
            await self._page(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(scope, send))

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Gradio's page, rewritten once: it differs only by the name under which the server is asked."""
        headers = Headers(scope=scope)
        key = (scope.get("scheme", ""), headers.get("host", ""), scope.get("root_path", ""))
        if key not in self._made:
            async with self._making:  # each takes Gradio ten milliseconds of processor time
                if key not in self._made:
                    page = await self._rewritten(scope, receive, send)
                    if page is None:
                        return
                    self._made[key] = page
                    if len(self._made) > _KEPT:
                        self._made.popitem(last=False)
        page = self._made[key]
        self._made.move_to_end(key)
        await _finish(page, "gzip" in headers.get("accept-encoding", ""), send)

    async def _rewritten(self, scope: Scope, receive: Receive, send: Send) -> _Page | None:
        """The page as Gradio makes it, plain, for it would compress it otherwise; None where it sent a refusal on."""
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
        page = self._dress(b"".join(parts))
        return _Page(MutableHeaders(raw=start["headers"]), page, gzip.compress(page, 6))

    def _dress(self, page: bytes) -> bytes:
        page = _FOREIGN_META.sub(b"", page)
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
    """Send on, with our headers; what is named by its content may be kept for good."""
    forever = scope["path"].startswith("/ui/") and b"v=" in scope["query_string"]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if forever:
                headers["Cache-Control"] = "public, max-age=31536000, immutable"
        await send(message)

    return sending
