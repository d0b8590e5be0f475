"""What the page of a citation shows: quotation and context, picture, what it was checked against, references.

Everything is read again for each request, so the page shows nothing that the library no longer holds.
"""

from __future__ import annotations

import io
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import Request  # noqa: TC002 - FastAPI resolves the annotation
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from PIL import Image, ImageDraw, ImageFont

import index
from index.citations.entries import page_path, reference, web_address
from index.citations.export import cite
from index.errors import PinciteError, SpanError
from index.loading.pdf.page_pictures import FINE
from index.page import fragments
from index.page.answer_view import place, without_title
from index.records import Citation, Span
from index.records.document import FARTHEST
from index.records.remarks import recognition
from index.server.http import problems, responses
from index.server.http.document_routes import find_document, marks_of, part_of
from index.server.http.service import ServiceDependency  # noqa: TC001 - FastAPI resolves the annotation
from index.server.permissions import READER, Permission
from index.views.windows import MAX_MARKED_CHARACTERS
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fastapi import FastAPI
    from PIL.ImageFont import FreeTypeFont

    from index.citations.export import Form
    from index.loading.pdf.page_pictures import PageMark, Rectangle
    from index.records import DocumentInfo
    from index.server.http.service import Service
    from index.views.blocks import TextBlock


FILES: dict[Form, str] = {"bibtex": "BibTeX", "ris": "RIS", "csl": "CSL-JSON"}
_AROUND = 1
"""Paragraphs of context on each side of the quotation."""
_LINES_AROUND = 5
"""Lines of context on each side of a line of code."""
_LINES = 4.5
"""What a picture shows above and below the words, in line heights."""
_SHORT = 300
"""Characters of a quotation in the description of a link, and of the first words of a document."""


@dataclass(frozen=True, slots=True)
class PagePicture:
    """The picture of the part of a page that holds the words."""

    number: int
    label: str
    part: str
    """Left, top, right and bottom in thousandths of the page, as the route of pictures takes them."""
    ratio: float
    """Its width, divided by its height."""


@dataclass(frozen=True, slots=True)
class CitationView:
    """A citation as its page shows it."""

    citation: Citation
    blocks: tuple[TextBlock, ...]
    cut_before: bool
    cut_after: bool
    """Whether the document has more text before or after the blocks."""
    pictures: tuple[PagePicture, ...]
    is_equal: bool
    """Whether the marked words of the context are the words of the span, which are read in another way."""
    original: bool
    """Whether the file is still there with the same bytes."""
    added: str
    """The day on which the document was added; empty if it is not known."""
    site: str
    """The address of the server, with a final slash."""

    @property
    def info(self) -> DocumentInfo:
        """The document."""
        return self.citation.document

    @property
    def quote(self) -> str:
        """The quotation; the words of a cell come after its headers."""
        return self.citation.location.quoted(self.citation.quote)

    @property
    def reference(self) -> str:
        """Author, title, date and place in one line."""
        return reference(self.info, without_title(self.info, self.citation.location))

    @property
    def place(self) -> str:
        """The place alone, without the title of the document as first heading."""
        return place(self.info, self.citation.location)

    @property
    def recognition(self) -> str:
        """How the words were recognised in a picture; empty if the file has them as text."""
        return recognition(self.citation.location)

    @property
    def address(self) -> str:
        """The absolute address of this page."""
        return self.site + page_path(self.info.id, self.citation.start, self.citation.end)

    @property
    def web(self) -> str:
        """The address of the web page that the document was read from; empty for a file."""
        return web_address(self.info.source)

    @property
    def summary(self) -> str:
        """The quotation in one line, cut if it is long."""
        return shortened(self.quote)

    def cited(self, forms: dict[Form, str]) -> list[tuple[str, str]]:
        """Return the names of these forms and the citation in each of them."""
        return [(name, cite(self.citation, form, site=self.site).strip()) for form, name in forms.items()]


def citation_view(service: Service, info: DocumentInfo, span: Span, site: str) -> CitationView:
    """Read a citation. Raises SpanError if the span is not in the document, DocumentNotFound if it was just removed."""
    library = service.library
    seen = library.view(info.id, span)
    words = library.text(info.id, span)
    marks, _ = marks_of(service, info, span)
    blocks, first, last = _near(seen.blocks)
    return CitationView(
        citation=Citation(1, redacted(info), seen.location, span.start, span.end, words),
        blocks=blocks,
        cut_before=seen.before or first > 0,
        cut_after=seen.after or last < len(seen.blocks),
        pictures=tuple(picture for mark in marks for picture in _pictures(mark)),
        is_equal=_is_equal(seen.blocks, words),
        original=library.has_original(info.id),
        added=library.added_at(info.id)[:10],
        site=site,
    )


def shortened(words: str) -> str:
    """Return the beginning of some words in one line."""
    line = " ".join(words[: 2 * _SHORT].split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1].rsplit(" ", 1)[0].rstrip() + "…"


def _is_equal(blocks: Sequence[TextBlock], words: str) -> bool:
    """Return whether the marked parts are the words, apart from white space between blocks; very long ones are cut."""
    shown = "".join(part.text for block in blocks for part in block.parts if part.marked)
    shown, words = "".join(shown.split()), "".join(words.split())
    return bool(shown) and words.startswith(shown) and (shown == words or len(shown) >= MAX_MARKED_CHARACTERS // 2)


def _near(blocks: Sequence[TextBlock]) -> tuple[tuple[TextBlock, ...], int, int]:
    """Return the blocks with marked words and their neighbours, and their range."""
    marked = [number for number, block in enumerate(blocks) if any(part.marked for part in block.parts)]
    if not marked:
        return tuple(blocks[:1]), 0, 1
    around = _LINES_AROUND if blocks[marked[0]].form == "code" else _AROUND
    first, last = max(0, marked[0] - around), min(len(blocks), marked[-1] + around + 1)
    return tuple(blocks[first:last]), first, last


def _pictures(mark: PageMark) -> Iterator[PagePicture]:
    """Yield a picture of each part of the words on a page: their lines, some lines around them, the whole column."""
    for cut in mark.cuts:
        inside = [box for box in mark.rectangles if _overlaps(box, cut)]
        if not inside:
            continue
        line = min(min(box.height, box.width * mark.width / mark.height) for box in inside)
        top = max(cut.top, min(box.top for box in inside) - _LINES * line)
        bottom = min(cut.top + cut.height, max(box.top + box.height for box in inside) + _LINES * line)
        edges = (cut.left, top, cut.left + cut.width, bottom)
        left, upper, right, lower = (round(FINE * edge) for edge in edges)
        ratio = (right - left) * mark.width / max(1e-6, (lower - upper) * mark.height)
        if left < right and upper < lower:
            yield PagePicture(mark.number, mark.label or str(mark.number), f"{left},{upper},{right},{lower}", ratio)


def _overlaps(box: Rectangle, cut: Rectangle) -> bool:
    across = min(box.left + box.width, cut.left + cut.width) - max(box.left, cut.left)
    down = min(box.top + box.height, cut.top + cut.height) - max(box.top, cut.top)
    return across > box.width / 2 and down > box.height / 2


# Draws the picture that other sites show for a link to a citation: quotation and reference, 1200 by 630 pixels.
#
# The typeface has Latin, Greek and Cyrillic letters. If it lacks a letter of the quotation, a picture of the page is
# used, and for a document without pages the words are left out: boxes in place of letters would misquote them.

SIZE = (1200, 630)
_PAPER, _INK, _SOFT, _ACCENT, _MARK = "#FCFBF8", "#21201C", "#5B574F", "#1D5B79", "#FFF3C2"
_EDGE, _TOP, _FOOT = 84, 132, 168
"""Margins: left and right, above the quotation, and the height of the reference below it."""
_LARGEST, _SMALLEST, _STEP = 60, 30, 3
_LEADING = 1.36
_REFERENCE, _REFERENCE_LINES = 29, 2
_MOST = 1_200
"""Characters of a quotation that could fit."""
_MISSING = "\U0010ffff"
_FAMILY = ("fontpkg_source_serif_4", "files", "SourceSerif4[opsz,wght].ttf")
_WEIGHTS = {"text": 400, "title": 600}


def quotation_picture(quote: str, reference: str) -> bytes | None:
    """Return the picture as PNG; None if the typeface lacks a letter of the quotation."""
    quote = " ".join(quote[:_MOST].split())
    if not has_letters(quote):
        return None
    image, draw = _sheet()
    _draw_quote(draw, f"“{quote}”")
    _draw_reference(draw, reference)
    return _png(image)


def page_picture(page: bytes, reference: str) -> bytes:
    """Return the picture of a part of a page, given as PNG, with the reference below."""
    image, draw = _sheet()
    with Image.open(io.BytesIO(page)) as part:
        room = SIZE[0] - 2 * _EDGE, SIZE[1] - _TOP - _FOOT
        scale = min(room[0] / part.width, room[1] / part.height)
        fitted = part.convert("RGB").resize((max(1, int(part.width * scale)), max(1, int(part.height * scale))))
    left, top = (SIZE[0] - fitted.width) // 2, _TOP + (room[1] - fitted.height) // 2
    draw.rectangle((left - 1, top - 1, left + fitted.width, top + fitted.height), outline="#D2CBBD")
    image.paste(fitted, (left, top))
    _draw_reference(draw, reference)
    return _png(image)


def plain_picture(reference: str) -> bytes:
    """Return a picture without the words, which the typeface cannot show."""
    image, draw = _sheet()
    _draw_quote(draw, "A citation, with the exact words in their document.")
    _draw_reference(draw, reference)
    return _png(image)


def has_letters(words: str) -> bool:
    """Return whether the typeface has every visible letter of these words."""
    return all(_has_letter(letter) for letter in set(words) if not letter.isspace())


@lru_cache(maxsize=8_192)
def _has_letter(letter: str) -> bool:
    return letter.isascii() or _shape(letter) not in (_shape(_MISSING), ((0, 0), b""))


def _shape(letter: str) -> tuple[tuple[int, int], bytes]:
    """Return the size and the pixels of a letter; a lone surrogate has none."""
    try:
        mask = _font(_SMALLEST).getmask(letter)
    except UnicodeEncodeError:
        return (0, 0), b""
    return mask.size, bytes(mask)


@lru_cache(maxsize=1)
def _typeface() -> bytes:
    return files(_FAMILY[0]).joinpath(*_FAMILY[1:]).read_bytes()


@lru_cache(maxsize=64)
def _font(size: int, weight: str = "text") -> FreeTypeFont:
    # Without Raqm, whose result would depend on the libraries of the system.
    font = ImageFont.truetype(io.BytesIO(_typeface()), size, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([_WEIGHTS[weight], min(60, max(8, size // 2))])
    return font


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", SIZE, _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((_EDGE, 52), "[1]", font=_font(32, "title"), fill=_ACCENT)
    draw.text((_EDGE + 58, 52), "Pincite", font=_font(32, "title"), fill=_INK)
    return image, draw


def _draw_quote(draw: ImageDraw.ImageDraw, quote: str) -> None:
    """Draw the quotation as large as it fits, in the middle of its room, on the colour of a marker."""
    size, lines = _fitted(quote)
    font, pitch = _font(size), round(size * _LEADING)
    room = SIZE[1] - _TOP - _FOOT
    top = _TOP + max(0, (room - len(lines) * pitch) // 2)
    for number, line in enumerate(lines):
        y = top + number * pitch
        width = font.getlength(line)
        draw.rectangle((_EDGE - 6, y + pitch * 0.08, _EDGE + width + 6, y + pitch * 0.96), fill=_MARK)
        draw.text((_EDGE, y + pitch * 0.78), line, font=font, fill=_INK, anchor="ls")


def _fitted(quote: str) -> tuple[int, list[str]]:
    """Return the largest size at which the quotation fits, and its lines; at the smallest size it is cut."""
    width = SIZE[0] - 2 * _EDGE
    for size in range(_LARGEST, _SMALLEST - 1, -_STEP):
        lines = _wrapped(quote, size, width)
        most = (SIZE[1] - _TOP - _FOOT) // round(size * _LEADING)
        if len(lines) <= most:
            return size, lines
    return size, _cut(lines, most, size, width)


def _draw_reference(draw: ImageDraw.ImageDraw, reference: str) -> None:
    """Draw the reference below a line; letters that the typeface lacks are left out."""
    known = "".join(letter for letter in " ".join(reference.split()) if letter == " " or _has_letter(letter))
    font, width = _font(_REFERENCE), SIZE[0] - 2 * _EDGE
    lines = _cut(_wrapped(known, _REFERENCE, width), _REFERENCE_LINES, _REFERENCE, width)
    top = SIZE[1] - _FOOT + 30
    draw.line((_EDGE, top, SIZE[0] - _EDGE, top), fill="#E6E1D7", width=2)
    for number, line in enumerate(lines):
        draw.text((_EDGE, top + 22 + number * 40), line, font=font, fill=_SOFT)


@lru_cache(maxsize=16_384)
def _width(word: str, size: int) -> float:
    """Return the width of a word in pixels."""
    return _font(size).getlength(word)


def _wrapped(words: str, size: int, width: float) -> list[str]:
    """Divide words into lines of this width at this size; a word that is wider than a line is broken."""
    lines, used, blank = [""], 0.0, _width(" ", size)
    for piece in (piece for word in words.split() for piece in _broken(word, size, width)):
        if lines[-1] and used + blank + _width(piece, size) <= width:
            lines[-1], used = f"{lines[-1]} {piece}", used + blank + _width(piece, size)
        else:
            lines, used = [*filter(None, lines), piece], _width(piece, size)
    return lines


def _broken(word: str, size: int, width: float) -> list[str]:
    """Return the pieces of a word that each fit into a line."""
    if _width(word, size) <= width:
        return [word]
    pieces, used = [""], 0.0
    for letter in word:
        if pieces[-1] and used + _width(letter, size) > width:
            pieces, used = [*pieces, ""], 0.0
        pieces[-1], used = pieces[-1] + letter, used + _width(letter, size)
    return pieces


def _cut(lines: Sequence[str], most: int, size: int, width: float) -> list[str]:
    """Return at most so many lines; if some are left out, the last one ends in an ellipsis."""
    if len(lines) <= most:
        return list(lines)
    last = lines[most - 1]
    while last and _font(size).getlength(f"{last}…") > width:
        last = last[:-1]
    return [*lines[: most - 1], f"{last.rstrip()}…"]


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


# The routes of the pages that need no script: `/d/DOCUMENT`, `/d/DOCUMENT/START-END`, and the picture for previews.
#
# People post these addresses, so each is complete: programs that preview links run no script and send no cookie.
# Whoever may not read a document learns nothing from them: a library finds only what its reader may see.

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; font-src 'self'; script-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_SPAN = re.compile(r"([0-9]{1,10})-([0-9]{1,10})(\.png)?")
_IDENTITY = re.compile(r"[0-9a-f]{6,64}", re.IGNORECASE)
_KEPT = ("q", "in", "write")
"""Query parameters that lead to the page: the question, its documents, and the writer."""
_FIRST_WORDS = 1_200
"""Characters of a document's beginning on its page."""
_NOT_FOUND = 404
_PICTURE_WIDTH = 1_400


@dataclass(frozen=True, slots=True)
class _Pages:
    """Renders the pages; `versions` are those of the static files."""

    versions: Mapping[str, str]

    def html(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page. Its depth says how far above it the address of the library is."""
        content = fragments.render(template, versions=self.versions, **values)
        return HTMLResponse(content.encode("utf-8", "replace"), status, {"Content-Security-Policy": POLICY})

    def problem(self, service: Service, error: PinciteError, identity: str, depth: int) -> HTMLResponse:
        """Return an error as a page, with the document that replaced the missing one, if it is known."""
        kind = problems.kind_of(error)
        newer = _newer(service, identity) if kind.status == _NOT_FOUND else None
        message, hint = problems.public_message(error)
        values = {"missing": kind.status == _NOT_FOUND, "title": kind.title, "message": message, "hint": hint}
        if not isinstance(error, SpanError):
            values["hint"] = ""
        response = self.html("citation_problem.html", int(kind.status), newer=newer, depth=depth, **values)
        response.headers.update({"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})
        return response


def _newer(service: Service, identity: str) -> DocumentInfo | None:
    """Return the document that replaced the one with this id."""
    found = service.library.successor_of(identity) if _IDENTITY.fullmatch(identity) else ""
    try:
        return redacted(service.library.find(found)) if found else None
    except PinciteError:
        return None


def add_citation_routes(app: FastAPI, versions: Mapping[str, str]) -> None:
    """Add the routes below `/d/`."""
    pages = _Pages(versions)

    @Permission(READER, counts_as="request")
    async def document(service: ServiceDependency, request: Request, document: str) -> Response:
        kept = [(name, value) for name in _KEPT if (value := request.query_params.get(name))]
        if kept:  # Browsers keep the #START-END across the redirect, which is relative: a proxy may serve a path.
            return RedirectResponse(f"../?{urlencode([*kept, ('d', document)])}", status_code=302)

        def make() -> Response:
            return _document(pages, service, request, document)

        return await service.run(request, service.renderers, make)

    @Permission(READER, counts_as="request")
    async def citation(service: ServiceDependency, request: Request, document: str, span: str) -> Response:
        def make() -> Response:
            return _citation(pages, service, request, document, span)

        return await service.run(request, service.renderers, make)

    # Programs that preview a link may ask for its headers first.
    app.add_api_route("/d/{document}", document, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/d/{document}/{span}", citation, methods=["GET", "HEAD"], include_in_schema=False)


def _document(pages: _Pages, service: Service, request: Request, identity: str) -> Response:
    """Return the page of a document: what it is, how it begins, and where to read it."""
    try:
        info = find_document(service, identity)
        first = service.library.text(info.id, Span(0, min(info.characters, _FIRST_WORDS)))
        added = service.library.added_at(info.id)[:10]
        original = service.library.has_original(info.id)
    except PinciteError as error:
        return pages.problem(service, error, identity, 1)
    page = pages.html(
        "citation_document.html",
        info=redacted(info),
        first=first.strip(),
        is_cut=info.characters > _FIRST_WORDS,
        summary=shortened(first),
        added=added,
        original=original,
        site=str(request.base_url),
        indexed=_is_public(service, info),
        depth=1,
    )
    return _sent(service, request, info, page)


def _citation(pages: _Pages, service: Service, request: Request, identity: str, text: str) -> Response:
    """Return the page of a citation, or its picture for previews."""
    try:
        span, is_picture = _span(text)
        info = find_document(service, identity)
        view = citation_view(service, info, span, str(request.base_url))
    except PinciteError as error:
        return pages.problem(service, error, identity, 2)
    if is_picture:
        return _sent(service, request, info, lambda: _picture(service, view), view)
    page = pages.html(
        "citation.html",
        view=view,
        styles=view.cited(fragments.STYLES),
        files=view.cited(FILES),
        indexed=_is_public(service, info),
        depth=2,
    )
    return _sent(service, request, info, page)


def _picture(service: Service, view: CitationView) -> Response:
    """Return the picture for previews: the words, or their page if the typeface lacks a letter of them."""
    drawn = quotation_picture(view.quote, view.reference)
    if drawn is None and view.pictures:
        first, span = view.pictures[0], Span(view.citation.start, view.citation.end)
        with suppress(PinciteError):
            part = part_of(first.part)
            page = service.library.page_image(view.info.id, first.number, span, width=_PICTURE_WIDTH, part=part)
            drawn = page_picture(page, view.reference)
    return Response(drawn or plain_picture(view.reference), media_type="image/png")


def _span(text: str) -> tuple[Span, bool]:
    """Parse `START-END` or `START-END.png`. Raises SpanError for anything that is no span of any document."""
    found = _SPAN.fullmatch(text)
    start, end = (int(found[1]), int(found[2])) if found else (0, 0)
    if not found or not start < end <= FARTHEST:
        raise SpanError(
            "This address names no words.", "It ends in the positions of the first and after the last letter: /120-180"
        )
    return Span(start, end), bool(found[3])


def _is_public(service: Service, info: DocumentInfo) -> bool:
    """Return whether search engines may list the page: only of published documents, and if the operator says so."""
    return service.settings.demo and service.settings.demo_indexed and not info.private


def _sent(
    service: Service,
    request: Request,
    info: DocumentInfo,
    response: Response | Callable[[], Response],
    *parts: object,
) -> Response:
    """Return a response with the headers for caches and search engines; a private document's is kept by nobody."""
    if callable(response) and not isinstance(response, Response):
        tag, make = responses.strong_tag(index.__version__, *map(repr, parts)), response
    else:
        assert isinstance(response, Response)
        tag, make = responses.weak_tag(response.body), lambda: response
    sent = make() if info.private else responses.conditional(request, tag, make)
    if info.private:
        sent.headers["Cache-Control"] = "no-store"
    if not _is_public(service, info):
        sent.headers["X-Robots-Tag"] = "noindex"
    return sent
