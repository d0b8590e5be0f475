"""The routes that an attacker knows: the service's from its description, the page's and Gradio's from their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.attack.visitors import Visitor

NOBODY = "0" * 64
"""An id that no document has."""
NOTHING = "0" * 32
"""An id that no job has."""
_FILLED = {"/jobs/{id}": f"/jobs/{NOTHING}", "{id}": NOBODY, "{number}": "1"}

PAGE = (
    ("POST", "/page/batches"),
    ("POST", "/page/check"),
    ("POST", "/page/questions?name=a.txt"),
    ("POST", f"/page/jobs/{NOTHING}/cancel"),
    ("DELETE", f"/page/documents/{NOBODY}"),
    ("GET", "/page/jobs?mine="),
    ("GET", "/page/batches?mine="),
    ("GET", f"/page/batches/{NOTHING}/rows?begin=0"),
    ("GET", "/page/documents"),
    ("GET", "/page/choices"),
    ("GET", "/page/coverage?q=x"),
    ("GET", "/page/export"),
    ("GET", "/page/state?mine="),
    ("GET", "/page/map"),
)
"""Routes that the page's script asks."""
MCP = (("POST", "/mcp"), ("GET", "/mcp"), ("DELETE", "/mcp"))
_GRADIO_POSTS = """
queue/join call/ask call/ask/ call/upload call/v2/ask call/v2/upload run/ask run/predict api/ask api/predict/ cancel
reset reset/ component_server component_server/ stream/x stream/x/close upload process_recording vibe-edit
undo-vibe-edit vibe-code vibe-starter-queries run-history/connect profiling/clear
"""
_GRADIO_GETS = """
info info/ openapi.json app_id token user login_check startup-events queue/status queue/data?session_hash=nobody
call/ask/nothing call/v2/ask/nothing heartbeat/nobody upload_progress?upload_id=nothing file= file=nothing file/nothing
proxy= proxy=http://127.0.0.1/ stream/x/y/1/playlist.m3u8 stream/x/y/z/playlist.m3u8 stream/x/y/1/s.ts
stream/x/y/1/playlist-file custom_component/x/client/y/z.js custom_component/x/other/y/z.js deep_link
deep_link?session_hash=x theme.css runs run-history/buckets run-history/records vibe-code dev/reload profiling/traces
"""
_OTHER_GETS = """
/config /config?deep_link=x /?deep_link=..%2f.. /theme.css /manifest.json /robots.txt /favicon.ico /pwa_icon
/pwa_icon/999999 /pwa_icon/1000000000000000000000 /pwa_icon/0 /pwa_icon/-1 /pwa_icon/x /monitoring /monitoring/x
/monitoring/summary /static/nothing /static/ /static/%00 /assets/nothing /assets/%00 /svelte/nothing /ui/nothing
/ui/%00 /d/nothing /d/%ff%fe /docs /metrics /healthz /openapi.json /
"""
GRADIO = (
    *(("POST", f"/gradio_api/{name}") for name in _GRADIO_POSTS.split()),
    *(("GET", f"/gradio_api/{name}") for name in _GRADIO_GETS.split()),
    *(("GET", target) for target in _OTHER_GETS.split()),
    ("POST", "/login"),
)


def service(visitor: Visitor) -> list[tuple[str, str]]:
    """The service's routes, of its description, with ids that nothing has."""
    routes: list[tuple[str, str]] = []
    for path, methods in visitor.get("/openapi.json").json()["paths"].items():
        filled = path
        for name, value in _FILLED.items():
            filled = filled.replace(name, value)
        routes.extend((method.upper(), filled) for method in methods)
    return routes


def every(visitor: Visitor) -> list[tuple[str, str]]:
    """All routes, each with its method."""
    return [*service(visitor), *PAGE, *MCP, *GRADIO]


def takers(visitor: Visitor) -> list[str]:
    """The routes that take a body."""
    return list(dict.fromkeys(target for method, target in every(visitor) if method == "POST"))
