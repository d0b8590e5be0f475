"""The visitors of a public demo: who they are, their private libraries, and what each may do."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

from index.server.modes import ServerMode

_STATIC = Path(__file__).parent / "static"
_MODULE = "index.plugins.demo.visitor_routes"
MODE = ServerMode(
    name="demo",
    is_wanted=attrgetter("demo"),
    attach=f"{_MODULE}:attach",
    head=f"{_MODULE}:head",
    notice=f"{_MODULE}:notice",
    assets=(_STATIC / "demo.css", _STATIC / "demo.js"),
)
