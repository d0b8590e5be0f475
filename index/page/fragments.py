"""Fragments of the page as HTML, and its stylesheets and scripts, each bundled into one file.

`static/source.js` loads the content of the dialog from `v1/documents/{id}/view`.

The URL of each bundle contains a hash of its content, so that browsers can cache it forever.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import gradio as gr
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from index.citations.kept import (
    FULL,
    HEAVY,
    MAX_BYTES,
    MAX_ITEMS,
    MAX_LINE_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    MAX_REMOVED,
)
from index.citations.readable import environment
from index.errors import NO_SUCH_LIMIT, AmbiguousDocument, DocumentNotFound, RateLimited
from index.records import CANDIDATES, Location, remarks, texts
from index.records.file_kinds import FORMATS
from index.records.results import match_in_words
from index.server import modes
from index.server.http import problems
from index.server.permissions import READER, Permission
from index.text.query import SYNTAX

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.requests import Request

    from index.citations.export import Form
    from index.errors import PinciteError
    from index.settings import Settings

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of every event: Gradio shows no progress, and does not list the event in its API."""
_log = logging.getLogger(__name__)
_HINTS: dict[type, str] = {
    AmbiguousDocument: "Choose one of them below the question.",
    RateLimited: NO_SUCH_LIMIT,
    DocumentNotFound: "Choose other documents below the question, or search all. The document may have been removed.",
}
"""Hints for the page where an error's own hint names a command or a route."""
_environment = environment(Path(__file__).parent / "templates", Path(problems.__file__).parent / "templates")
_STRENGTHS = ((0.75, "strong"), (0.5, "fair"), (0.0, "weak"))
"""Scores in words, with the least score of each; numbers without a unit tell a reader nothing."""
STATIC = Path(__file__).parent / "static"
PARTS = {
    "page.css": (
        "app.css",
        "waiting.css",
        "taps.css",
        "source.css",
        "shapes.css",
        "page_view.css",
        "library.css",
        "matrix.css",
        "map.css",
        "drop.css",
        "keep.css",
        "thread.css",
        "print.css",
    ),
    "page.js": (
        "app.js",
        "waiting.js",
        "taps.js",
        "copy.js",
        "ask.js",
        "places.js",
        "source_sections.js",
        "page_view.js",
        "cell.js",
        "source.js",
        "sections.js",
        "beginning.js",
        "thread.js",
        "library.js",
        "drop.js",
        "batch.js",
        "matrix.js",
        "kept.js",
        "keep.js",
        "tray.js",
        "countdown.js",
    ),
    "citation.css": ("citation.css", "shapes.css"),
    "citation.js": ("cell.js", "citation.js"),
}
"""Parts of each bundle, in the order of their dependencies."""
FONTS = ("serif.woff2", "sans.woff2")
SECTIONS = {"ask": "Ask", "check": "Check", "library": "Library", "batch": "Questions"}
"""The tabs by their ids."""
STYLES: dict[Form, str] = {"apa": "APA", "mla": "MLA", "chicago": "Chicago"}
"""Styles of references, with their display names."""
_TRAY_FORMS = {"docx": "Word", "markdown": "Markdown", "html": "HTML", "json": "JSON"}
_TYPES = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2"}
_COMMENT = re.compile(r"/\*.*?\*/\n?", re.DOTALL)


def html(value: str, name: str) -> gr.HTML:
    """Return an HTML control without Gradio's templates, styles and scripts."""
    return gr.HTML(value, elem_id=name, apply_default_css=False, js_on_load=None, padding=False)


def head(versions: Mapping[str, str], title: str, settings: Settings) -> str:
    """Return the content of the page's head; `versions` of the static files by name, for permanent caching."""
    parts = [resolve_name(mode.head)(settings) for mode in modes.wanted(settings) if mode.head]
    style = _COMMENT.sub("", _static("shell.css"))
    for name in FONTS:
        style = style.replace(f"url({name})", f"url(ui/{name}?v={versions[name]})")
    icon = f"data:image/svg+xml,{quote(_static('mark.svg').strip())}"
    return render("head.html", versions=versions, title=title, parts=parts, style=style, icon=icon)


def shell(longest: int, title: str) -> str:
    """Return the beginning of the page's body, which works before Gradio has loaded.

    `longest` is the maximum number of characters of a question. `title` stands at the top of every view.
    """
    return render("shell.html", longest=longest, title=title, sections=SECTIONS.items(), script=_static("shell.js"))


def links(versions: Mapping[str, str], styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return the links to the stylesheets, and to the files of Gradio that its first script would ask for later."""
    return render("links.html", versions=versions, styles=styles, scripts=scripts)


def _static(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


def waiting() -> str:
    """Return the place where the page itself says that it searches, or that the connection is lost."""
    return "<div data-own></div>"


def marked(results: Any, mark: str) -> Any:
    """Return the results of a question with the mark that the page gave it; an unchanged output stays unchanged."""
    return results + render("mark.html", mark=mark) if isinstance(results, str) else results


def hero(documents: int | None = None) -> str:
    """Return the introduction above the question; `documents` is None while their number is unknown."""
    return render("hero.html", documents=documents)


def helpers(syntax: Sequence[tuple[str, str]] = SYNTAX) -> str:
    """Return the search syntax and the history of this browser."""
    return render("helpers.html", syntax=syntax)


def panes() -> str:
    """Return the switch between answer and coverage."""
    return render("panes.html")


def rail_heading() -> str:
    """Return the headings of the map, before and after a question."""
    return render("rail_heading.html")


def map_caption() -> str:
    """Return the caption of the map."""
    return render("map_caption.html")


def map_wait(documents: int) -> str:
    """Return the placeholder of the map while it is being drawn."""
    return render("map_wait.html", documents=documents)


def drop_hint(*, read_only: bool) -> str:
    """Return the hint that covers the window while files are dragged over it."""
    return render("drop.html", read_only=read_only)


def keys_dialog() -> str:
    """Return the dialog with the keyboard shortcuts."""
    return render("keys.html")


def beginning(examples: Sequence[str] | None, *, empty: bool = False) -> str:
    """Return the content before the first question: examples, or how to fill an empty library.

    The place of the examples is empty while they are being made (None).
    """
    return render("beginning.html", examples=examples, empty=empty, formats=FORMATS)


def complaint(text: str) -> str:
    """Return a line that says why there is no answer."""
    return render("complaint.html", text=text)


def searching() -> str:
    """Return the placeholder while searching."""
    return render("searching.html")


def problem(error: PinciteError | None) -> str:
    """Return an error with its hint; for an unexpected error (None), only that it was logged.

    An error about the library as a whole contains paths of the server, so its message goes only to the log.
    """
    if error is None:
        return render("problem.html", message="", hint="")
    if not problems.kind_of(error).is_public:
        _log.error("A request of the page failed: %s", error)
    message, hint = problems.public_message(error)
    seconds = error.seconds if isinstance(error, RateLimited) else 0
    return render("problem.html", message=message, hint=_HINTS.get(type(error), hint), seconds=seconds)


def _nearness(rank: int | None, first: str) -> str:
    """Return a rank among the candidates in words: `the closest of all`, `the 3rd closest`."""
    if rank is None:
        return f"not among the {CANDIDATES} {first}"
    return f"the {first} of all" if rank == 1 else f"the {_ordinal(rank)} {first}"


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _strength(score: float) -> str:
    """Return a score in [0, 1] in words."""
    return next(words for least, words in _STRENGTHS if score >= least)


_environment.filters.update(
    nearness=_nearness, strength=_strength, match=match_in_words, parts=remarks.parts, plain=remarks.plain
)


def render(template: str, **values: Any) -> str:
    """Render a template of this package."""
    return _environment.get_template(template).render(**values)


def notices(settings: Settings) -> dict[str, str]:
    """Return what each mode of the server, by its name, says below the tabs; a demo says what happens to documents."""
    return {mode.name: resolve_name(mode.notice)(settings) for mode in modes.wanted(settings) if mode.notice}


def dialog() -> str:
    """Return the empty, closed dialog. The page has one, outside the elements that Gradio patches."""
    return environment(Path(__file__).parent / "templates").get_template("viewer.html").render()


def tray() -> str:
    """Return the tray of kept quotes, empty and closed. The page has one, outside the elements that Gradio patches."""
    recognised = [remarks.recognition(Location(recognised=confidence)) for confidence in (1.0, 0.0)]
    return render(
        "tray.html",
        forms=_TRAY_FORMS,
        styles=STYLES,
        most=MAX_ITEMS,
        bytes=MAX_BYTES,
        removed=MAX_REMOVED,
        line=MAX_LINE_CHARACTERS,
        note=MAX_NOTE_CHARACTERS,
        full=" ".join(FULL),
        heavy=" ".join(HEAVY),
        recognised=recognised,
        low=remarks.LOW_CONFIDENCE,
    )


def bundles(gradio_styles: bytes) -> tuple[Mount, dict[str, str]]:
    """Return the routes below `/ui`, and the version of each file by name."""
    contents = {name: b"\n".join(part.read_bytes() for part in parts) for name, parts in _parts().items()}
    tables = json.dumps({"pinciteTexts": texts.constants(), "pinciteSections": SECTIONS})
    contents["page.js"] = f"Object.assign(window, {tables});\n".encode() + contents["page.js"]
    contents["gradio.css"] = gradio_styles
    fonts = {name: (STATIC / name).read_bytes() for name in FONTS}  # which are compressed already
    versions = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in {**contents, **fonts}.items()}
    compressed = Mount("/", GZipMiddleware(Router(_routes(contents))))
    files = Permission(READER, counts_as="nothing")(Router([*_routes(fonts), compressed]))
    return Mount("/ui", files, name="ui"), versions


def _parts() -> dict[str, list[Path]]:
    """Return the files of each bundle; those of the server's modes are at the end of the page's own."""
    parts = {name: [STATIC / part for part in names] for name, names in PARTS.items()}
    for asset in (asset for mode in modes.modes() for asset in mode.assets):
        parts[f"page{asset.suffix}"].append(asset)
    return parts


def _routes(contents: Mapping[str, bytes]) -> list[Route]:
    return [Route(f"/{name}", _file_endpoint(name, content), methods=["GET"]) for name, content in contents.items()]


def _file_endpoint(name: str, content: bytes) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_: Request) -> Response:
        return Response(content, media_type=_TYPES[Path(name).suffix])

    return serve
