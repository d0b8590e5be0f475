"""A static file host for tests: the standard library's server, which knows nothing of the site that it serves."""

from __future__ import annotations

import functools
import http.server
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Write nothing to the terminal."""


@contextmanager
def static_host(site: Path) -> Iterator[str]:
    """Serve the folder above a site, and yield the address of the site, which is in a subfolder there."""
    handler = functools.partial(_Silent, directory=str(site.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{quote(site.name)}/"
        finally:
            server.shutdown()
            thread.join()
