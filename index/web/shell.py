"""What surrounds Gradio's page: our stylesheet and script in its head, security headers, and doors kept shut.

Gradio would insert a `head=` by script, once its configuration has arrived: the page would show unstyled until then;
and it rewrites a `css=`, dropping the rules it does not know. So both go into the HTML on its way out.
"""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

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
_SHUT = re.compile(
    r"/gradio_api/(file[=/]|proxy=|stream/|component_server|custom_component|process_recording|deep_link|vibe-|run)",
    re.IGNORECASE,
)
"""Routes of Gradio that give files, fetch addresses or run what no event of the page does."""
_FOREIGN_META = re.compile(rb"\s*<meta\s+(?:property=\"og:|name=\"twitter:)[^>]*>")
"""What Gradio says of itself to those who show previews of links."""
_BODY = re.compile(rb"<body[^>]*>")


class Shell:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, head: str, body: str) -> None:
        self._app = app
        self._head = head.encode()
        self._body = body.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, rewrite, or pass on with headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _SHUT.search(scope["path"]):
            await PlainTextResponse("Forbidden", status_code=403, headers=HEADERS)(scope, receive, send)
        elif scope["method"] == "GET" and scope["path"] in ("", "/"):
            await self._page(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(scope, send))

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite Gradio's page. It is asked for plain, for Gradio would compress it first, and compressed here."""
        accepts_gzip = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        start: Message = {}
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            if message["type"] != "http.response.body":
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                body = self._dress(b"".join(parts))
                await _finish(start, gzip.compress(body, 6) if accepts_gzip else body, accepts_gzip, send)

        await self._app({**scope, "headers": headers}, receive, collect)

    def _dress(self, page: bytes) -> bytes:
        page = _FOREIGN_META.sub(b"", page)
        page = page.replace(b"</head>", self._head + b"</head>", 1)
        return _BODY.sub(lambda tag: tag[0] + self._body, page, count=1)


async def _finish(start: Message, body: bytes, gzipped: bool, send: Send) -> None:
    headers = MutableHeaders(raw=start["headers"])
    headers.update(HEADERS)
    headers["Content-Length"] = str(len(body))
    headers["Cache-Control"] = "no-cache"
    headers.add_vary_header("Accept-Encoding")
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    await send({**start, "headers": headers.raw})
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
