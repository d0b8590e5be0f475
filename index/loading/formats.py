"""Recognises the format of a file by its content; the name decides only between formats that look alike."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.errors import DamagedFile, EmptyDocument, HoldsDocuments, TooLarge
from index.loading import text_formats
from index.loading.content import Content
from index.loading.foreign_formats import (
    BINARY_SUFFIXES,
    EXCEL_97,
    IWORK_PREVIEW,
    MAGIC,
    MESSAGE,
    POWERPOINT_97,
    THEME,
    WORD_97,
    is_iwork,
    ole2_format,
    package_kind,
    packed_kind,
    unsupported,
)
from index.loading.mail.mail_formats import EML, MBOX, MSG, mail_media_type
from index.loading.ole2.compound_file import SIGNATURE
from index.loading.plain_text import Decoded, decode, decode_as
from index.loading.zip_parts import ZipParts
from index.text.structure import DATA, looks_structured, media_type_of

if TYPE_CHECKING:
    from collections.abc import Collection, Container

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
XLS = "application/vnd.ms-excel"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODP = "application/vnd.oasis.opendocument.presentation"
ODG = "application/vnd.oasis.opendocument.graphics"
VSDX = "application/vnd.ms-visio.drawing"
IWORK = "application/vnd.apple.iwork"
_PREVIEW_NOTE = (
    "Read from the preview (PDF) that is saved in the document, which may lack its last changes or pages: then "
    "export it as PDF, and add that."
)
CSV = "text/csv"
TSV = "text/tab-separated-values"
_UNPACKED_LIMIT = 512_000_000
_MAX_RATIO = 200
"""Unpacked size over packed size. No document reaches this; a zip bomb reaches up to a thousand."""
_HARMLESS_SIZE = 20_000_000
"""Unpacked bytes below which even a zip bomb does no harm."""
_MIMETYPE_LENGTH = 100
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_READ_PARTS = {
    "word/document.xml": DOCX,
    "xl/workbook.xml": XLSX,
    "xl/workbook.bin": XLSB,
    "ppt/presentation.xml": PPTX,
    "visio/document.xml": VSDX,
}
"""The media types of packages that are read, by the part that only they have."""
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
RTF = "application/rtf"
_READ_MIMETYPES = {
    **dict.fromkeys((EPUB, "application/x-ibooks+zip"), EPUB),
    **{f"{kind}{role}": kind for kind in (ODT, ODS, ODP, ODG) for role in ("", "-template", "-master", "-web")},
}
"""The media types of packages that state their own."""
_OFFICE = (DOCX, PPTX, XLSX)
_CONTENT_TYPES = "[Content_Types].xml"
_MAIN_PART = re.compile(
    rb"application/vnd\.(?:openxmlformats-officedocument\.)?"
    rb"(?:(wordprocessingml|ms-word)|(presentationml|ms-powerpoint)|(spreadsheetml|ms-excel))\.[\w.]+\.main\+xml"
)
"""The types of the main parts of Office packages: of Word, slides and workbooks."""
_ROOT_TYPE = re.compile(rb"<[^<>]*full-path=\"/\"[^<>]*>")
_ROOT_MEDIA_TYPE = re.compile(rb"media-type=\"([^\"]+)\"")
_LONGEST_LIST = 1_000_000
"""Bytes that are read of the list of an archive's parts."""
PDF = "application/pdf"
WITH_MEMBERS = frozenset({EML, MSG})
"""Documents that can have documents in them."""
DOC = "application/msword"
PPT = "application/vnd.ms-powerpoint"
HTML = "text/html"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
PNG, JPEG, TIFF, WEBP, GIF, BMP = "image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif", "image/bmp"
IMAGES = (PNG, JPEG, TIFF, WEBP, GIF, BMP)
_PICTURES = (
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"GIF8", GIF),
    (0, b"II*\x00", TIFF),
    (0, b"MM\x00*", TIFF),
    (0, b"II+\x00", TIFF),
    (0, b"MM\x00+", TIFF),
    (8, b"WEBP", WEBP),
)
"""Offset, bytes and media type."""
_BMP_HEAD = re.compile(rb"BM.{4}\x00{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00{3}", re.DOTALL)
_BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), MARKDOWN),
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML),
    ".org": text_formats.ORG,
    ".csv": CSV,
    **dict.fromkeys((".tsv", ".tab"), TSV),
}
_OLE2_TYPES = {WORD_97: DOC, POWERPOINT_97: PPT, EXCEL_97: XLS, MESSAGE: MSG}
_HEAD = 4096
_PDF_SLACK = 1024
"""Bytes that may precede a PDF's header by its specification; we allow them only in files named .pdf."""
_CHARSET = re.compile(rb"""(?:<meta[^>]+charset|<\?xml[^>]+encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HTML = re.compile(
    r"(?:\s|<!--(?>.*?-->)|<\?xml(?>.*?\?>))*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
"""Comments match atomically: with backtracking, a head of many comments would take forever."""


def zip_media_type(data: bytes, name: str) -> str:
    """Return the media type of a document that is a zip archive.

    Raises:
        HoldsDocuments: the archive is no document, but has files in it.
        UnsupportedFormat: it is a document or a program of another kind.
        DamagedFile: the archive's directory cannot be read.
        TooLarge: the archive looks like a zip bomb, or unpacks to more than can be read.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            parts = {info.filename.replace("\\", "/") for info in entries}
            stated = _stated_type(archive, parts)
    except _BROKEN as error:
        raise DamagedFile(f"{name} is a zip archive that cannot be opened: {error}.") from error
    read = _package_type(stated, parts)
    if not read:
        kind = package_kind(stated, parts)
        raise unsupported(name, kind) if kind else holds_documents(name, "a zip archive")
    _check_unpacked_size(name, len(data), sum(info.file_size for info in entries))
    return read


def _package_type(stated: str, parts: Collection[str]) -> str:
    """Return the media type of a package that is read; empty for others, and for archives of other files."""
    if stated in _READ_MIMETYPES:
        return _READ_MIMETYPES[stated]
    if not stated and "META-INF/container.xml" in parts:
        return EPUB
    if is_iwork(parts) and any(part.endswith(IWORK_PREVIEW) for part in parts):
        return IWORK
    found = next((_READ_PARTS[part] for part in _READ_PARTS if part in parts), "")
    return found or (stated if stated in _OFFICE and THEME not in parts else "")


def _stated_type(archive: zipfile.ZipFile, parts: Container[str]) -> str:
    """Return the media type that an archive states for itself, in one of the ways of packages; "" if it does not.

    Reads at most a fixed length, because the entry can be huge.
    """
    if "mimetype" in parts:
        return _part(archive, "mimetype", _MIMETYPE_LENGTH).decode("latin-1").strip()
    if _CONTENT_TYPES in parts:
        found = _MAIN_PART.search(_part(archive, _CONTENT_TYPES, _LONGEST_LIST))
        return _OFFICE[found.lastindex - 1] if found and found.lastindex else ""
    if "META-INF/manifest.xml" in parts:
        root = _ROOT_TYPE.search(_part(archive, "META-INF/manifest.xml", _LONGEST_LIST))
        found = _ROOT_MEDIA_TYPE.search(root[0]) if root else None
        return found[1].decode("latin-1") if found else ""
    return ""


def _part(archive: zipfile.ZipFile, name: str, length: int) -> bytes:
    with archive.open(name) as part:
        return part.read(length)


def _check_unpacked_size(name: str, packed: int, unpacked: int) -> None:
    """Raise TooLarge for a zip bomb.

    `unpacked` counts every entry, because two entries can share a name. `zipfile` unpacks no entry beyond its stated
    size.
    """
    if unpacked > _UNPACKED_LIMIT or unpacked > max(_HARMLESS_SIZE, _MAX_RATIO * packed):
        raise TooLarge(
            f"{name} has {packed / 1e6:.3g} megabytes and would unpack to {unpacked / 1e6:,.0f}.",
            "Do not add it unless you trust its source; then split it, or remove the pictures.",
        )


def sniff(data: bytes, source: str) -> Content:
    """Return the file's content with its media type.

    Raises:
        UnsupportedFormat: the format is not supported; the message names it.
        DamagedFile: the content does not match the name.
        EmptyDocument: the file has no bytes.

    """
    suffix = PurePath(source).suffix.lower()
    name = PurePath(source).name
    if not data:
        raise EmptyDocument(f"{name} is empty: it has no bytes.")
    if _is_pdf(data, suffix):
        return Content(data, PDF)
    if picture := _picture_type(data):
        return Content(data, picture)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(data, name)
    if data.startswith(SIGNATURE):
        return Content(data, _OLE2_TYPES[ole2_format(data, name)])
    if kind := packed_kind(data):
        raise holds_documents(name, kind)
    if data.startswith(b"{\\rtf"):
        return Content(data, RTF)
    _refuse_foreign(data, name)
    if suffix not in _BY_SUFFIX and (media_type := mail_media_type(data, suffix)):
        if media_type == MBOX:
            raise holds_documents(name, "a mailbox")
        return Content(data, media_type)
    return _sniff_text(data, suffix, name)


def _package(data: bytes, name: str) -> Content:
    """Return the content of a document that is a zip archive; for one of Apple's programs, that is its preview."""
    media_type = zip_media_type(data, name)
    if media_type != IWORK:
        return Content(data, media_type)
    with ZipParts(data, name) as parts:
        preview = next(part for part in parts.names if part.endswith(IWORK_PREVIEW))
        return Content(parts.read(preview), media_type, notes=(_PREVIEW_NOTE,))


def _is_pdf(data: bytes, suffix: str) -> bool:
    head = data[:_PDF_SLACK]
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in head)


def _picture_type(data: bytes) -> str:
    """Return the media type of a picture; empty for anything else."""
    if _BMP_HEAD.match(data):
        return BMP
    return next((media_type for offset, magic, media_type in _PICTURES if data.startswith(magic, offset)), "")


def holds_documents(name: str, kind: str) -> HoldsDocuments:
    """Return the error for a file that is no document, but holds documents."""
    return HoldsDocuments(f"{name} is {kind}, which is no document itself: the documents are in it.")


def _refuse_foreign(data: bytes, name: str) -> None:
    for magic, format_name in MAGIC:
        if re.match(magic, data, re.DOTALL):
            raise unsupported(name, format_name)


def _sniff_text(data: bytes, suffix: str, name: str) -> Content:
    decoded = _declared(data) or decode(data)
    if decoded is None:
        if suffix in BINARY_SUFFIXES:
            raise _mislabelled(name, suffix, "is damaged, or something else under that name")
        raise unsupported(name, "a binary file of no kind that Pincite knows")
    if suffix in BINARY_SUFFIXES and not _HTML.match(decoded.text[:_HEAD]):
        raise _mislabelled(name, suffix, "holds plain text")
    media_type = _text_media_type(decoded.text, suffix)
    if media_type == PLAIN:
        media_type = media_type_of(suffix) or (DATA if looks_structured(decoded.text) else PLAIN)
    return Content(data, media_type, decoded.text, decoded.notes)


def _mislabelled(name: str, suffix: str, instead: str) -> DamagedFile:
    return DamagedFile(
        f"{name} is called {BINARY_SUFFIXES[suffix]} and {instead}.",
        "Save it again in the program it comes from; if it is plain text, rename it to end in .txt.",
    )


def _declared(data: bytes) -> Decoded | None:
    """Decode by the encoding that a web page or XML file states. A byte-order mark takes precedence."""
    head = data[:_HEAD]
    named = _CHARSET.search(head)
    if not named or b"\x00" in head or head.startswith(b"\xef\xbb\xbf"):
        return None
    return decode_as(data, named.group(1).decode("ascii"))


def _text_media_type(text: str, suffix: str) -> str:
    if _HTML.match(text[:_HEAD]):
        return HTML
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    return text_formats.media_type(text, suffix) or PLAIN
