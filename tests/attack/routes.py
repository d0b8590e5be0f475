"""The routes that an attacker knows: from the OpenAPI document, and from the code of the page and of Gradio."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.attack.visitors import Visitor

UNKNOWN_DOCUMENT = "0" * 64
"""An id that belongs to no document."""
UNKNOWN_JOB = "0" * 32
"""An id that belongs to no job."""
_FILLED = {"/jobs/{id}": f"/jobs/{UNKNOWN_JOB}", "{id}": UNKNOWN_DOCUMENT, "{number}": "1"}

PAGE = (
    ("POST", "/page/batches"),
    ("POST", "/page/check"),
    ("POST", "/page/questions?name=a.txt"),
    ("POST", f"/page/jobs/{UNKNOWN_JOB}/cancel"),
    ("DELETE", f"/page/documents/{UNKNOWN_DOCUMENT}"),
    ("GET", "/page/jobs?mine="),
    ("GET", "/page/batches?mine="),
    ("GET", f"/page/batches/{UNKNOWN_JOB}/rows?begin=0"),
    ("GET", "/page/documents"),
    ("GET", "/page/choices"),
    ("GET", "/page/coverage?q=x"),
    ("GET", "/page/export"),
    ("GET", "/page/state?mine="),
    ("GET", "/page/map"),
)
"""Routes that the page's script requests."""
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


def service_routes(visitor: Visitor) -> list[tuple[str, str]]:
    """Return the method and path of each route in the OpenAPI document, with ids that belong to nothing."""
    routes: list[tuple[str, str]] = []
    for path, methods in visitor.get("/openapi.json").json()["paths"].items():
        path_with_ids = path
        for name, value in _FILLED.items():
            path_with_ids = path_with_ids.replace(name, value)
        routes.extend((method.upper(), path_with_ids) for method in methods)
    return routes


def all_routes(visitor: Visitor) -> list[tuple[str, str]]:
    """Return the method and path of every route."""
    return [*service_routes(visitor), *PAGE, *MCP, *GRADIO]


def body_routes(visitor: Visitor) -> list[str]:
    """Return the paths of the routes that take a body."""
    return list(dict.fromkeys(target for method, target in all_routes(visitor) if method == "POST"))
