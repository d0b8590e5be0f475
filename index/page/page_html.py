"""Rewrites Gradio's page: our head, the shell at the beginning of the body, and fewer requests.

Each change is independent: if a later Gradio words its page differently, that change is left out, and the page works.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
